#include "sim_azure.h"

#include <openssl/rsa.h>
#include "crypto/digest.h"
#include "sim_hcl.h"
#include "sim_tdreport.h"
#include "sim_vtpm.h"

#define RSA_BYTES 256

DEFINE_AUTO(EVP_MD_CTX, EVP_MD_CTX_free);

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
    for (unsigned i = 0; i < AZURE_PCRS; i++) {
        struct hash32 event, after;

        memset(m->pcr[i], i >= 17 && i < 23 ? 0xff : 0, sizeof m->pcr[i]);
        if (!sim_vtpm_event(image, i, &event))
            continue;
        SHA256_OF(&after, BYTES(m->pcr[i]), BYTES_OF(event));
        memcpy(m->pcr[i], after.b, sizeof m->pcr[i]);
    }
    *ret = TAKE(m);
    return ERR_OK;
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
    struct sim_hcl hcl = {.ak = m->ak, .other = m->other, .ek = m->other};

    sim_hcl_td("paravisor", fault, &hcl.td);
    TRY(sim_hcl_report(&hcl, rd, fault, &ev.hcl_report, e));
    TRY(sim_tdreport_quote(m->platform, (struct bytes){ev.hcl_report.p + 32, SIM_TDREPORT_LEN},
                           &ev.tdx_quote, e));
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
