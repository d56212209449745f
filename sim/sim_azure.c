#include "sim_azure.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include "base/codec.h"
#include "crypto/digest.h"

#define RSA_BYTES 256

DEFINE_AUTO(EVP_MD_CTX, EVP_MD_CTX_free);
DEFINE_AUTO(BIGNUM, BN_free);

struct sim_azure {
    sim_platform *platform;
    EVP_PKEY *ak, *other;
    uint8_t pcr[AZURE_PCRS][32];
};

void sim_azure_free(sim_azure *m)
{
    if (!m)
        return;
    sim_platform_free(m->platform);
    EVP_PKEY_free(m->ak);
    EVP_PKEY_free(m->other);
    free(m);
}

enum err_code sim_azure_new(const char *image, sim_azure **ret, struct err *e)
{
    AUTO(sim_azure) m = calloc(1, sizeof *m);

    if (!m)
        return err_set(e, ERR_NOMEM, "simulated Azure machine");
    TRY(sim_platform_new("azure", SIM_OK, &m->platform, e));
    m->ak = EVP_RSA_gen(8 * RSA_BYTES);
    m->other = EVP_RSA_gen(8 * RSA_BYTES);
    if (!m->ak || !m->other)
        return err_set(e, ERR_INTERNAL, "keys of a simulated vTPM");
    /* 17 to 22 are all ones until a dynamic launch, 16 and 23 are for anybody. */
    for (uint8_t i = 0; i < AZURE_PCRS; i++) {
        struct hash32 h;

        SHA256_OF(&h, bytes_of_str("teereg-sim pcr "), ((struct bytes){&i, 1}),
                  bytes_of_str(image));
        memset(m->pcr[i], i >= 17 && i < 23 ? 0xff : 0, sizeof m->pcr[i]);
        if (i < 12 && i != 8)
            memcpy(m->pcr[i], h.b, sizeof m->pcr[i]);
    }
    *ret = TAKE(m);
    return ERR_OK;
}

/* ---- HCL report ---- */

static enum err_code put_key(struct buf *out, const char *kid, const char *op, const EVP_PKEY *key,
                             struct err *e)
{
    uint8_t modulus[RSA_BYTES];
    AUTO(BIGNUM) n = NULL;

    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
        BN_bn2binpad(n, modulus, sizeof modulus) != sizeof modulus)
        return err_set(e, ERR_INTERNAL, "key of a simulated vTPM");
    buf_printf(out, "{\"kid\":\"%s\",\"key_ops\":[\"%s\"],\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"",
               kid, op);
    base64url_put(out, BYTES(modulus));
    buf_put_str(out, "\"}");
    return ERR_OK;
}

static enum err_code put_runtime(struct buf *out, const sim_azure *m, const struct report_data *rd,
                                 enum sim_azure_fault fault, struct err *e)
{
    struct report_data shown = *rd;

    shown.b[0] ^= fault == SIM_HCL_USER_DATA;
    buf_put_str(out, "{\"keys\":[");
    if (fault == SIM_HCL_AK_TWICE)
        TRY(put_key(out, "HCLAkPub", "sign", m->other, e));
    if (fault == SIM_HCL_AK_TWICE)
        buf_put_str(out, ",");
    if (fault != SIM_HCL_NO_AK)
        TRY(put_key(out, "HCLAkPub", fault == SIM_HCL_AK_ENCRYPTS ? "encrypt" : "sign", m->ak, e));
    if (fault != SIM_HCL_NO_AK)
        buf_put_str(out, ",");
    TRY(put_key(out, "HCLEkPub", "encrypt", m->other, e));
    buf_put_str(out,
                "],\"vm-configuration\":{\"root-cert-thumbprint\":\"\",\"console-enabled\":true,"
                "\"secure-boot\":true,\"tpm-enabled\":true,\"tpm-persisted\":false,"
                "\"vmUniqueId\":\"5157AAAA-0000-4000-8000-000000000001\"}");
    if (fault != SIM_HCL_NO_USER_DATA) {
        buf_put_str(out, ",\"user-data\":\"");
        hex_put(out, BYTES(shown.b));
        buf_put_str(out, "\"");
    }
    buf_put_str(out, "}");
    return buf_check(out, e);
}

static enum err_code put_hcl(struct buf *out, struct bytes runtime, enum sim_azure_fault fault,
                             struct err *e)
{
    buf_put_str(out, "HCLA");
    buf_put_u32le(out, 2);                               /* version */
    buf_put_u32le(out, 1216 + 20 + (uint32_t)runtime.n); /* size */
    buf_put_u32le(out, 2);                               /* request: attestation */
    buf_put_zero(out, 4 + 12 + 1184); /* status, reserved; nobody reads the TDREPORT */
    buf_put_u32le(out, 20 + (uint32_t)runtime.n);
    buf_put_u32le(out, 1);
    buf_put_u32le(out, fault == SIM_HCL_SNP ? 2 : 4);
    buf_put_u32le(out, 1); /* SHA-256 */
    buf_put_u32le(out, (uint32_t)runtime.n);
    buf_put(out, runtime);
    return buf_check(out, e);
}

static enum err_code put_quote(struct buf *out, const sim_azure *m, struct bytes runtime,
                               enum sim_azure_fault fault, struct err *e)
{
    struct report_data over = {0};
    struct hash32 digest;
    struct td_report td;

    sha256(runtime, &digest);
    memcpy(over.b, digest.b, sizeof digest.b);
    over.b[0] ^= fault == SIM_HCL_HASH;
    over.b[63] = fault == SIM_HCL_TAIL;
    sim_td_of_image("paravisor", &td);
    memset(td.rtmr, 0, sizeof td.rtmr);
    td.rtmr[2][47] = fault == SIM_AZURE_RTMR;
    return sim_quote(m->platform, SIM_V4, &td, &over, out, e);
}

/* ---- vTPM quote ---- */

static void put_selection(struct buf *out, enum sim_azure_fault fault)
{
    const bool two = fault == SIM_TPM_TWO_BANKS;

    buf_put_u32be(out, two ? 2 : 1);
    buf_put_u16be(out, fault == SIM_TPM_SHA1 ? 4 : 11);
    buf_put_u8(out, 3);
    buf_put_u16be(out, 0xffff);
    buf_put_u8(out, fault == SIM_TPM_FEWER_PCRS ? 0x7f : 0xff);
    if (two) {
        buf_put_u16be(out, 4);
        buf_put_u8(out, 3);
        buf_put_zero(out, 3);
    }
}

static enum err_code put_attest(struct buf *out, const sim_azure *m, const struct report_data *rd,
                                enum sim_azure_fault fault, struct err *e)
{
    struct hash32 nonce, digest;

    sha256(BYTES(rd->b), &nonce);
    nonce.b[31] ^= fault == SIM_TPM_EXTRA_DATA;
    sha256(
        (struct bytes){m->pcr[0], fault == SIM_TPM_FEWER_PCRS ? sizeof m->pcr - 32 : sizeof m->pcr},
        &digest);
    buf_put_u32be(out, fault == SIM_TPM_MAGIC ? 0xff544348 : 0xff544347);
    buf_put_u16be(out, fault == SIM_TPM_TYPE ? 0x8017 : 0x8018);
    buf_put_u16be(out, 34);
    buf_put_u16be(out, 11);
    buf_put_zero(out, 32); /* the key's name */
    buf_put_u16be(out, 32);
    buf_put(out, BYTES_OF(nonce));
    buf_put_zero(out, 16); /* clock, resets, restarts */
    buf_put_u8(out, 1);
    buf_put_u64be(out, 0x2020031200120003);
    put_selection(out, fault);
    buf_put_u16be(out, 32);
    buf_put(out, BYTES_OF(digest));
    return buf_check(out, e);
}

static enum err_code sign(struct buf *out, EVP_PKEY *key, struct bytes message, struct err *e)
{
    AUTO(EVP_MD_CTX) ctx = EVP_MD_CTX_new();
    size_t n = RSA_BYTES;

    buf_reserve(out, n);
    TRY(buf_check(out, e));
    if (!ctx || EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(ctx, out->p, &n, message.p, message.n) != 1)
        return err_set(e, ERR_INTERNAL, "signature of a simulated vTPM");
    out->n = n;
    return ERR_OK;
}

enum err_code sim_azure_evidence(const sim_azure *m, const struct report_data *rd,
                                 enum sim_azure_fault fault, enum sim_ak_fault ak_fault,
                                 struct azure_evidence *ret, struct err *e)
{
    struct azure_evidence ev AUTO_CALL(azure_evidence_done) = azure_evidence_empty();
    struct buf runtime AUTO_CALL(buf_done) = BUF(AZURE_HCL_MAX);

    TRY(put_runtime(&runtime, m, rd, fault, e));
    TRY(put_hcl(&ev.hcl_report, buf_bytes(&runtime), fault, e));
    TRY(put_quote(&ev.tdx_quote, m, buf_bytes(&runtime), fault, e));
    TRY(put_attest(&ev.tpms_attest, m, rd, fault, e));
    TRY(sign(&ev.tpm_signature, fault == SIM_TPM_SIG ? m->other : m->ak, buf_bytes(&ev.tpms_attest),
             e));
    TRY(sim_ak_chain(fault == SIM_AZURE_AK_KEY ? m->other : m->ak, ak_fault, &ev.ak_chain, e));
    memcpy(ev.pcr, m->pcr, sizeof ev.pcr);
    ev.pcr[11][0] ^= fault == SIM_TPM_PCR;
    azure_evidence_done(ret);
    *ret = ev;
    ev = (struct azure_evidence){0};
    return ERR_OK;
}
