#include "sim_vtpm.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tcti_swtpm.h>
#include "crypto/digest.h"

#define CHUNK    1024
#define SESSION  ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE
#define NOBODY   ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE
#define EXPONENT 65537

struct sim_vtpm {
    TSS2_TCTI_CONTEXT *tcti;
    ESYS_CONTEXT *esys;
};

DEFINE_AUTO(TPM2B_PUBLIC, Esys_Free);
DEFINE_AUTO(EVP_PKEY_CTX, EVP_PKEY_CTX_free);
DEFINE_AUTO(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free);
DEFINE_AUTO(OSSL_PARAM, OSSL_PARAM_free);
DEFINE_AUTO(BIGNUM, BN_free);

static enum err_code done(TSS2_RC rc, const char *what, struct err *e)
{
    if (rc == TSS2_RC_SUCCESS)
        return ERR_OK;
    return err_set(e, ERR_IO, "TPM: %s: %s (0x%x)", what, Tss2_RC_Decode(rc), rc);
}

/* ---- the connection ---- */

enum err_code sim_vtpm_open(const char *conf, sim_vtpm **ret, struct err *e)
{
    AUTO(sim_vtpm) v = calloc(1, sizeof *v);
    TSS2_TCTI_CONTEXT *tcti;
    size_t size = 0;

    setenv("TSS2_LOG", "all+NONE", 0); /* errors carry its words already */
    TRY(done(Tss2_Tcti_Swtpm_Init(NULL, &size, NULL), "connection", e));
    tcti = calloc(1, size);
    if (!v || !tcti) {
        free(tcti);
        return err_set(e, ERR_NOMEM, "TPM");
    }
    if (done(Tss2_Tcti_Swtpm_Init(tcti, &size, conf), "connection", e) != ERR_OK) {
        free(tcti);
        return e->code;
    }
    v->tcti = tcti;
    TRY(done(Esys_Initialize(&v->esys, v->tcti, NULL), "begin", e));
    *ret = TAKE(v);
    return ERR_OK;
}

void sim_vtpm_free(sim_vtpm *v)
{
    if (!v)
        return;
    if (v->esys)
        Esys_Finalize(&v->esys);
    if (v->tcti) {
        Tss2_Tcti_Finalize(v->tcti);
        free(v->tcti);
    }
    free(v);
}

/* What is at a handle; ESYS_TR_NONE: nothing. */
static enum err_code find(sim_vtpm *v, uint32_t handle, ESYS_TR *ret, struct err *e)
{
    TSS2_RC rc = Esys_TR_FromTPMPublic(v->esys, handle, NOBODY, ret);

    if (rc == (TPM2_RC_HANDLE | TPM2_RC_1)) {
        *ret = ESYS_TR_NONE;
        return ERR_OK;
    }
    return done(rc, "look-up of a handle", e);
}

/* ---- the AK ---- */

static enum err_code public_key(const TPM2B_PUBLIC *public, EVP_PKEY **ret, struct err *e)
{
    const TPM2B_PUBLIC_KEY_RSA *rsa = &public->publicArea.unique.rsa;
    AUTO(EVP_PKEY_CTX) ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    AUTO(OSSL_PARAM_BLD) builder = OSSL_PARAM_BLD_new();
    AUTO(BIGNUM) n = BN_bin2bn(rsa->buffer, rsa->size, NULL);
    AUTO(OSSL_PARAM) params = NULL;
    EVP_PKEY *key = NULL;

    if (!ctx || !builder || !n || OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
        OSSL_PARAM_BLD_push_uint(builder, OSSL_PKEY_PARAM_RSA_E, EXPONENT) != 1)
        return err_set(e, ERR_NOMEM, "public key of a TPM");
    params = OSSL_PARAM_BLD_to_param(builder);
    if (!params || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        return err_set(e, ERR_INTERNAL, "public key of a TPM");
    *ret = key;
    return ERR_OK;
}

/* At the AK's handle instead of what was there. */
static enum err_code keep(sim_vtpm *v, ESYS_TR key, struct err *e)
{
    ESYS_TR old, ignored;

    TRY(find(v, SIM_VTPM_AK, &old, e));
    if (old != ESYS_TR_NONE)
        TRY(done(Esys_EvictControl(v->esys, ESYS_TR_RH_OWNER, old, SESSION, SIM_VTPM_AK, &ignored),
                 "removal of the old AK", e));
    return done(Esys_EvictControl(v->esys, ESYS_TR_RH_OWNER, key, SESSION, SIM_VTPM_AK, &ignored),
                "keep the AK", e);
}

enum err_code sim_vtpm_make_ak(sim_vtpm *v, EVP_PKEY **ret, struct err *e)
{
    const TPM2B_SENSITIVE_CREATE without_auth = {0};
    const TPM2B_DATA outside = {0};
    const TPML_PCR_SELECTION no_pcrs = {0};
    const TPM2B_PUBLIC template = {
        .publicArea = {
            .type = TPM2_ALG_RSA,
            .nameAlg = TPM2_ALG_SHA256,
            .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                                TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT,
            .parameters.rsaDetail = {.symmetric.algorithm = TPM2_ALG_NULL,
                                     .scheme = {.scheme = TPM2_ALG_RSASSA,
                                                .details.rsassa.hashAlg = TPM2_ALG_SHA256},
                                     .keyBits = 2048},
        }};
    AUTO(TPM2B_PUBLIC) public = NULL;
    ESYS_TR key = ESYS_TR_NONE;
    enum err_code code;

    TRY(done(Esys_CreatePrimary(v->esys, ESYS_TR_RH_ENDORSEMENT, SESSION, &without_auth, &template,
                                &outside, &no_pcrs, &key, &public, NULL, NULL, NULL),
             "a new AK", e));
    code = keep(v, key, e);
    if (Esys_FlushContext(v->esys, key) != TSS2_RC_SUCCESS && code == ERR_OK)
        code = err_set(e, ERR_IO, "TPM: the AK stays loaded");
    TRY(code);
    return public_key(public, ret, e);
}

/* ---- NV and PCRs ---- */

static enum err_code define(sim_vtpm *v, uint32_t index, size_t size, ESYS_TR *ret, struct err *e)
{
    const TPM2B_NV_PUBLIC public = {.nvPublic = {
                                        .nvIndex = index,
                                        .nameAlg = TPM2_ALG_SHA256,
                                        .attributes = TPMA_NV_OWNERWRITE | TPMA_NV_OWNERREAD |
                                                      TPMA_NV_AUTHWRITE | TPMA_NV_AUTHREAD,
                                        .dataSize = (UINT16)size,
                                    }};
    const TPM2B_AUTH none = {0};
    ESYS_TR old;

    TRY(find(v, index, &old, e));
    if (old != ESYS_TR_NONE)
        TRY(done(Esys_NV_UndefineSpace(v->esys, ESYS_TR_RH_OWNER, old, SESSION),
                 "removal of an NV index", e));
    return done(Esys_NV_DefineSpace(v->esys, ESYS_TR_RH_OWNER, SESSION, &none, &public, ret),
                "definition of an NV index", e);
}

enum err_code sim_vtpm_make_nv(sim_vtpm *v, uint32_t index, size_t size, struct bytes data,
                               struct err *e)
{
    uint8_t all[SIM_VTPM_NV_MAX] = {0};
    ESYS_TR object;

    if (size > sizeof all || data.n > size)
        return err_set(e, ERR_TOO_LARGE,
                       "NV 0x%08x: %zu bytes in an index of %zu, which has at most %zu", index,
                       data.n, size, sizeof all);
    memcpy(all, data.p, data.n);
    TRY_IN(e, define(v, index, size, &object, e), "NV 0x%08x", index);
    for (size_t at = 0; at < size; at += CHUNK) {
        TPM2B_MAX_NV_BUFFER part = {.size = (UINT16)(size - at < CHUNK ? size - at : CHUNK)};

        memcpy(part.buffer, all + at, part.size);
        TRY_IN(e,
               done(Esys_NV_Write(v->esys, ESYS_TR_RH_OWNER, object, SESSION, &part, (UINT16)at),
                    "write", e),
               "NV 0x%08x", index);
    }
    return ERR_OK;
}

enum err_code sim_vtpm_extend(sim_vtpm *v, unsigned pcr, const struct hash32 *digest, struct err *e)
{
    TPML_DIGEST_VALUES values = {.count = 1, .digests = {{.hashAlg = TPM2_ALG_SHA256}}};

    memcpy(values.digests[0].digest.sha256, digest->b, sizeof digest->b);
    TRY_IN(e, done(Esys_PCR_Extend(v->esys, ESYS_TR_PCR0 + pcr, SESSION, &values), "extend", e),
           "PCR %u", pcr);
    return ERR_OK;
}

bool sim_vtpm_event(const char *image, unsigned pcr, struct hash32 *ret)
{
    const uint8_t number = (uint8_t)pcr;

    if (pcr >= 12 || pcr == 8)
        return false;
    SHA256_OF(ret, bytes_of_str("teereg-sim pcr "), ((struct bytes){&number, 1}),
              bytes_of_str(image));
    return true;
}
