#include "sim_hcl.h"

#include <openssl/core_names.h>
#include "base/codec.h"
#include "crypto/digest.h"
#include "sim_tdreport.h"

#define RSA_BYTES    256
#define VARIABLE_MAX 4096

DEFINE_AUTO(BIGNUM, BN_free);

void sim_hcl_td(const char *paravisor, enum sim_azure_fault fault, struct td_report *ret)
{
    struct buf text AUTO_CALL(buf_done) = BUF(4096);

    sim_td_of_image("", ret);
    buf_printf(&text, "teereg-sim paravisor %s", paravisor);
    sha384(buf_bytes(&text), ret->mrtd);
    /* What other firmware measures into an RTMR, it leaves to the vTPM. */
    memset(ret->rtmr, 0, sizeof ret->rtmr);
    ret->rtmr[2][47] = fault == SIM_AZURE_RTMR;
}

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

static enum err_code put_keys(struct buf *out, const struct sim_hcl *m, enum sim_azure_fault fault,
                              struct err *e)
{
    const EVP_PKEY *ak = fault == SIM_HCL_AK_OTHER ? m->other : m->ak;
    const char *comma = "";

    buf_put_str(out, "{\"keys\":[");
    if (fault == SIM_HCL_AK_TWICE) {
        TRY(put_key(out, "HCLAkPub", "sign", m->other, e));
        comma = ",";
    }
    if (fault != SIM_HCL_NO_AK) {
        buf_put_str(out, comma);
        TRY(put_key(out, "HCLAkPub", fault == SIM_HCL_AK_ENCRYPTS ? "encrypt" : "sign", ak, e));
        comma = ",";
    }
    if (m->ek) {
        buf_put_str(out, comma);
        TRY(put_key(out, "HCLEkPub", "encrypt", m->ek, e));
    }
    buf_put_str(out, "]");
    return ERR_OK;
}

static enum err_code put_variable(struct buf *out, const struct sim_hcl *m,
                                  const struct report_data *user_data, enum sim_azure_fault fault,
                                  struct err *e)
{
    struct report_data shown = *user_data;

    shown.b[0] ^= fault == SIM_HCL_USER_DATA;
    TRY(put_keys(out, m, fault, e));
    buf_put_str(out,
                ",\"vm-configuration\":{\"root-cert-thumbprint\":\"\",\"console-enabled\":true,"
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

enum err_code sim_hcl_report(const struct sim_hcl *m, const struct report_data *user_data,
                             enum sim_azure_fault fault, struct buf *ret, struct err *e)
{
    struct buf variable AUTO_CALL(buf_done) = BUF(VARIABLE_MAX);
    uint8_t tdreport[SIM_TDREPORT_LEN];
    struct report_data over = {0};
    struct hash32 digest;

    TRY(put_variable(&variable, m, user_data, fault, e));
    sha256(buf_bytes(&variable), &digest);
    memcpy(over.b, digest.b, sizeof digest.b);
    over.b[0] ^= fault == SIM_HCL_HASH;
    over.b[63] = fault == SIM_HCL_TAIL;
    sim_tdreport(&m->td, &over, tdreport);

    buf_put_str(ret, "HCLA");
    buf_put_u32le(ret, 2);                                /* version */
    buf_put_u32le(ret, 1216 + 20 + (uint32_t)variable.n); /* size */
    buf_put_u32le(ret, 2);                                /* request: attestation */
    buf_put_zero(ret, 4 + 12);                            /* status, reserved */
    buf_put(ret, BYTES(tdreport));
    buf_put_zero(ret, 1184 - SIM_TDREPORT_LEN);
    buf_put_u32le(ret, 20 + (uint32_t)variable.n);
    buf_put_u32le(ret, 1);
    buf_put_u32le(ret, fault == SIM_HCL_SNP ? 2 : 4);
    buf_put_u32le(ret, 1); /* SHA-256 */
    buf_put_u32le(ret, (uint32_t)variable.n);
    buf_put(ret, buf_bytes(&variable));
    return buf_check(ret, e);
}
