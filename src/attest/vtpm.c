#include "attest/vtpm.h"

#include <errno.h>
#include <pthread.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tcti_device.h>
#include <unistd.h>
#include "base/clock.h"
#include "crypto/digest.h"
#ifdef TEEREG_DEV_ROOTS
#include <tss2/tss2_tcti_swtpm.h>
#endif

#define WAIT_MS        100
#define NV_CHUNK       512 /* any TPM gives as much at once; TPM2_PT_NV_BUFFER_MAX is mostly 1024 */
#define NV_MAX         8192
#define QUOTE_ATTEMPTS 8
#define NO_SESSIONS    ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE
#define PASSWORD       ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE

struct vtpm {
    TSS2_TCTI_CONTEXT *tcti;
    ESYS_CONTEXT *esys;
    uint64_t deadline_ns;
};

/* What ESYS hands out. */
#define DEFINE_ESYS(type) DEFINE_AUTO(type, Esys_Free)
DEFINE_ESYS(TPM2B_NV_PUBLIC);
DEFINE_ESYS(TPM2B_NAME);
DEFINE_ESYS(TPM2B_MAX_NV_BUFFER);
DEFINE_ESYS(TPML_PCR_SELECTION);
DEFINE_ESYS(TPML_DIGEST);
DEFINE_ESYS(TPM2B_ATTEST);
DEFINE_ESYS(TPMT_SIGNATURE);

/* ---- calls with a deadline ---- */

static bool wait_more(const vtpm *v, TSS2_RC rc)
{
    return (rc & ~(TSS2_RC)TSS2_RC_LAYER_MASK) == TSS2_BASE_RC_TRY_AGAIN &&
           clock_ns(&clock_system) < v->deadline_ns;
}

/* An asynchronous call and its end, which waits WAIT_MS at a time. */
#define CALL(v, ret_rc, begin, end)                                                                \
    do {                                                                                           \
        (ret_rc) = (begin);                                                                        \
        while ((ret_rc) == TSS2_RC_SUCCESS) {                                                      \
            (ret_rc) = (end);                                                                      \
            if (!wait_more((v), (ret_rc)))                                                         \
                break;                                                                             \
            (ret_rc) = TSS2_RC_SUCCESS;                                                            \
        }                                                                                          \
    } while (0)

static enum err_code failed(TSS2_RC rc, const char *what, struct err *e)
{
    TSS2_RC bare = rc & ~(TSS2_RC)TSS2_RC_LAYER_MASK;

    if (bare == TSS2_BASE_RC_TRY_AGAIN)
        return err_set(e, ERR_TIMEOUT, "TPM: %s: no answer in time", what);
    return err_set(e, ERR_IO, "TPM: %s: %s (0x%x)", what, Tss2_RC_Decode(rc), rc);
}

/* ---- the connection ---- */

typedef TSS2_RC (*tcti_init)(TSS2_TCTI_CONTEXT *context, size_t *size, const char *conf);

static enum err_code tcti_open(tcti_init init, const char *conf, TSS2_TCTI_CONTEXT **ret,
                               struct err *e)
{
    TSS2_TCTI_CONTEXT *t;
    size_t size = 0;
    TSS2_RC rc = init(NULL, &size, NULL);

    if (rc != TSS2_RC_SUCCESS)
        return failed(rc, "connection", e);
    t = calloc(1, size);
    if (!t)
        return err_set(e, ERR_NOMEM, "TPM");
    rc = init(t, &size, conf);
    if (rc != TSS2_RC_SUCCESS) {
        free(t);
        return err_set(e, ERR_IO, "%s: %s", conf, Tss2_RC_Decode(rc));
    }
    *ret = t;
    return ERR_OK;
}

static enum err_code tcti_of(const char *device, TSS2_TCTI_CONTEXT **ret, struct err *e)
{
#ifdef TEEREG_DEV_ROOTS
    if (device && strncmp(device, "swtpm:", 6) == 0)
        return tcti_open(Tss2_Tcti_Swtpm_Init, device + 6, ret, e);
#endif
    if (!device)
        device = VTPM_DEVICE;
    if (access(device, R_OK | W_OK) != 0)
        return err_set(e, ERR_IO, "%s: %s (is this machine's vTPM on? run as root)", device,
                       strerror(errno));
    return tcti_open(Tss2_Tcti_Device_Init, device, ret, e);
}

/* The library writes to stderr whatever it meets; errors here carry its words already. */
static void silence(void)
{
    setenv("TSS2_LOG", "all+NONE", 0);
}

enum err_code vtpm_open(const char *device, uint64_t deadline_ns, vtpm **ret, struct err *e)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    AUTO(vtpm) v = calloc(1, sizeof *v);
    TSS2_RC rc;

    if (!v)
        return err_set(e, ERR_NOMEM, "TPM");
    pthread_once(&once, silence);
    v->deadline_ns = deadline_ns;
    TRY(tcti_of(device, &v->tcti, e));
    rc = Esys_Initialize(&v->esys, v->tcti, NULL);
    if (rc == TSS2_RC_SUCCESS)
        rc = Esys_SetTimeout(v->esys, WAIT_MS);
    if (rc != TSS2_RC_SUCCESS)
        return failed(rc, "begin", e);
    *ret = TAKE(v);
    return ERR_OK;
}

void vtpm_free(vtpm *v)
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

/* ---- NV ---- */

/* ERR_NOT_FOUND: nothing has that handle. */
static enum err_code object_of(vtpm *v, uint32_t handle, ESYS_TR *ret, struct err *e)
{
    ESYS_TR object = ESYS_TR_NONE;
    TSS2_RC rc;

    CALL(v, rc, Esys_TR_FromTPMPublic_Async(v->esys, handle, NO_SESSIONS),
         Esys_TR_FromTPMPublic_Finish(v->esys, &object));
    if (rc == (TPM2_RC_HANDLE | TPM2_RC_1))
        return err_set(e, ERR_NOT_FOUND, "TPM: there is nothing at 0x%08x", handle);
    if (rc != TSS2_RC_SUCCESS)
        return failed(rc, "look-up of a handle", e);
    *ret = object;
    return ERR_OK;
}

static enum err_code nv_size(vtpm *v, ESYS_TR object, size_t *ret, struct err *e)
{
    AUTO(TPM2B_NV_PUBLIC) public = NULL;
    AUTO(TPM2B_NAME) name = NULL;
    TSS2_RC rc;

    CALL(v, rc, Esys_NV_ReadPublic_Async(v->esys, object, NO_SESSIONS),
         Esys_NV_ReadPublic_Finish(v->esys, &public, &name));
    if (rc != TSS2_RC_SUCCESS)
        return failed(rc, "size of an NV index", e);
    *ret = public->nvPublic.dataSize;
    return ERR_OK;
}

static enum err_code nv_read_chunk(vtpm *v, ESYS_TR object, uint16_t size, uint16_t offset,
                                   struct buf *ret, struct err *e)
{
    AUTO(TPM2B_MAX_NV_BUFFER) data = NULL;
    TSS2_RC rc;

    CALL(v, rc, Esys_NV_Read_Async(v->esys, ESYS_TR_RH_OWNER, object, PASSWORD, size, offset),
         Esys_NV_Read_Finish(v->esys, &data));
    if (rc != TSS2_RC_SUCCESS)
        return failed(rc, "read of an NV index", e);
    if (data->size != size)
        return err_set(e, ERR_IO, "TPM: %u bytes of an NV index, expected %u", data->size, size);
    buf_put(ret, (struct bytes){data->buffer, data->size});
    return buf_check(ret, e);
}

enum err_code vtpm_nv_read(vtpm *v, uint32_t index, struct buf *ret, struct err *e)
{
    ESYS_TR object;
    size_t size = 0;

    TRY(object_of(v, index, &object, e));
    TRY(nv_size(v, object, &size, e));
    if (size > NV_MAX)
        return err_set(e, ERR_TOO_LARGE, "TPM: NV index 0x%08x of %zu bytes, at most %d", index,
                       size, NV_MAX);
    for (size_t at = 0; at < size; at += NV_CHUNK)
        TRY_IN(e,
               nv_read_chunk(v, object, (uint16_t)(size - at < NV_CHUNK ? size - at : NV_CHUNK),
                             (uint16_t)at, ret, e),
               "0x%08x", index);
    return ERR_OK;
}

static enum err_code nv_define(vtpm *v, uint32_t index, size_t size, ESYS_TR *ret, struct err *e)
{
    const TPM2B_NV_PUBLIC public = {.nvPublic = {
                                        .nvIndex = index,
                                        .nameAlg = TPM2_ALG_SHA256,
                                        .attributes = TPMA_NV_OWNERWRITE | TPMA_NV_OWNERREAD |
                                                      TPMA_NV_AUTHWRITE | TPMA_NV_AUTHREAD,
                                        .dataSize = (UINT16)size,
                                    }};
    const TPM2B_AUTH none = {0};
    ESYS_TR object = ESYS_TR_NONE;
    TSS2_RC rc;

    CALL(v, rc, Esys_NV_DefineSpace_Async(v->esys, ESYS_TR_RH_OWNER, PASSWORD, &none, &public),
         Esys_NV_DefineSpace_Finish(v->esys, &object));
    if (rc != TSS2_RC_SUCCESS)
        return failed(rc, "definition of an NV index", e);
    *ret = object;
    return ERR_OK;
}

enum err_code vtpm_nv_write(vtpm *v, uint32_t index, struct bytes data, struct err *e)
{
    TPM2B_MAX_NV_BUFFER buffer = {.size = (UINT16)data.n};
    ESYS_TR object;
    TSS2_RC rc;

    if (data.n > NV_CHUNK)
        return err_set(e, ERR_TOO_LARGE, "TPM: %zu bytes for an NV index", data.n);
    if (object_of(v, index, &object, e) != ERR_OK) {
        if (e->code != ERR_NOT_FOUND)
            return e->code;
        TRY_IN(e, nv_define(v, index, data.n, &object, e), "0x%08x", index);
    }
    memcpy(buffer.buffer, data.p, data.n);
    CALL(v, rc, Esys_NV_Write_Async(v->esys, ESYS_TR_RH_OWNER, object, PASSWORD, &buffer, 0),
         Esys_NV_Write_Finish(v->esys));
    if (rc != TSS2_RC_SUCCESS) {
        failed(rc, "write of an NV index", e);
        return err_wrap(e, "0x%08x", index);
    }
    return ERR_OK;
}

/* ---- PCRs and quote ---- */

static TPML_PCR_SELECTION all_pcrs(void)
{
    return (TPML_PCR_SELECTION){
        .count = 1,
        .pcrSelections = {{TPM2_ALG_SHA256, 3, {0xff, 0xff, 0xff}}},
    };
}

/* One answer: the TPM gives some of those that are selected, and `left` loses them. */
static enum err_code pcr_read_some(vtpm *v, TPML_PCR_SELECTION *left,
                                   uint8_t ret[static VTPM_PCRS][32], struct err *e)
{
    AUTO(TPML_PCR_SELECTION) got = NULL;
    AUTO(TPML_DIGEST) values = NULL;
    uint32_t counter;
    size_t used = 0;
    TSS2_RC rc;

    CALL(v, rc, Esys_PCR_Read_Async(v->esys, NO_SESSIONS, left),
         Esys_PCR_Read_Finish(v->esys, &counter, &got, &values));
    if (rc != TSS2_RC_SUCCESS)
        return failed(rc, "PCRs", e);
    if (got->count != 1 || got->pcrSelections[0].hash != TPM2_ALG_SHA256 ||
        got->pcrSelections[0].sizeofSelect != 3)
        return err_set(e, ERR_IO, "TPM: PCRs of another bank than SHA-256: is that bank on?");
    for (size_t i = 0; i < VTPM_PCRS; i++) {
        uint8_t bit = (uint8_t)(1 << (i % 8));

        if (!(got->pcrSelections[0].pcrSelect[i / 8] & bit))
            continue;
        if (used >= values->count || values->digests[used].size != 32)
            return err_set(e, ERR_IO, "TPM: PCR %zu without a value of 32 bytes", i);
        memcpy(ret[i], values->digests[used++].buffer, 32);
        left->pcrSelections[0].pcrSelect[i / 8] &= (uint8_t)~bit;
    }
    if (used == 0)
        return err_set(e, ERR_IO, "TPM: no value for PCRs of the SHA-256 bank: is that bank on?");
    return ERR_OK;
}

static enum err_code pcr_read(vtpm *v, uint8_t ret[static VTPM_PCRS][32], struct err *e)
{
    TPML_PCR_SELECTION left = all_pcrs();
    uint8_t *mask = left.pcrSelections[0].pcrSelect;

    for (int i = 0; i < VTPM_PCRS && (mask[0] | mask[1] | mask[2]) != 0; i++)
        TRY(pcr_read_some(v, &left, ret, e));
    return ERR_OK;
}

static enum err_code sign(vtpm *v, ESYS_TR key, struct bytes qualifying, struct buf *ret_attest,
                          struct buf *ret_signature, struct err *e)
{
    const TPMT_SIG_SCHEME scheme = {.scheme = TPM2_ALG_RSASSA,
                                    .details.rsassa.hashAlg = TPM2_ALG_SHA256};
    const TPML_PCR_SELECTION pcrs = all_pcrs();
    TPM2B_DATA nonce = {.size = (UINT16)qualifying.n};
    AUTO(TPM2B_ATTEST) attest = NULL;
    AUTO(TPMT_SIGNATURE) signature = NULL;
    TSS2_RC rc;

    memcpy(nonce.buffer, qualifying.p, qualifying.n);
    CALL(v, rc, Esys_Quote_Async(v->esys, key, PASSWORD, &nonce, &scheme, &pcrs),
         Esys_Quote_Finish(v->esys, &attest, &signature));
    if (rc != TSS2_RC_SUCCESS)
        return failed(rc, "quote", e);
    if (signature->sigAlg != TPM2_ALG_RSASSA || signature->signature.rsassa.hash != TPM2_ALG_SHA256)
        return err_set(e, ERR_IO, "TPM: a quote signed by algorithm 0x%04x, expected RSASSA",
                       signature->sigAlg);
    buf_put(ret_attest, (struct bytes){attest->attestationData, attest->size});
    buf_put(ret_signature, (struct bytes){signature->signature.rsassa.sig.buffer,
                                          signature->signature.rsassa.sig.size});
    TRY(buf_check(ret_attest, e));
    return buf_check(ret_signature, e);
}

/* ERR_BUSY: the quote is over other values. */
static enum err_code check_quote(struct bytes attest, struct bytes qualifying,
                                 const uint8_t pcr[static VTPM_PCRS][32], struct err *e)
{
    TPMS_ATTEST a = {0};
    size_t offset = 0;
    struct hash32 digest;
    TSS2_RC rc = Tss2_MU_TPMS_ATTEST_Unmarshal(attest.p, attest.n, &offset, &a);

    if (rc != TSS2_RC_SUCCESS || offset != attest.n || a.type != TPM2_ST_ATTEST_QUOTE)
        return err_set(e, ERR_IO, "TPM: %zu bytes that are no quote", attest.n);
    if (!bytes_eq((struct bytes){a.extraData.buffer, a.extraData.size}, qualifying))
        return err_set(e, ERR_IO, "TPM: a quote over another nonce");
    sha256((struct bytes){pcr[0], VTPM_PCRS * 32}, &digest);
    if (!bytes_eq(
            (struct bytes){a.attested.quote.pcrDigest.buffer, a.attested.quote.pcrDigest.size},
            BYTES_OF(digest)))
        return err_set(e, ERR_BUSY, "TPM: PCRs are extended again and again");
    return ERR_OK;
}

enum err_code vtpm_quote(vtpm *v, uint32_t handle, struct bytes qualifying, struct buf *ret_attest,
                         struct buf *ret_signature, uint8_t ret_pcr[static VTPM_PCRS][32],
                         struct err *e)
{
    struct buf attest AUTO_CALL(buf_done) = BUF(sizeof(TPMS_ATTEST));
    struct buf signature AUTO_CALL(buf_done) = BUF(TPM2_MAX_RSA_KEY_BYTES);
    uint8_t pcr[VTPM_PCRS][32];
    enum err_code code = ERR_BUSY;
    ESYS_TR key;

    if (qualifying.n > sizeof(TPMU_HA))
        return err_set(e, ERR_INVALID, "a nonce of %zu bytes for a TPM", qualifying.n);
    TRY(object_of(v, handle, &key, e));
    for (int i = 0; i < QUOTE_ATTEMPTS && code == ERR_BUSY; i++) {
        buf_clear(&attest);
        buf_clear(&signature);
        TRY(pcr_read(v, pcr, e));
        TRY(sign(v, key, qualifying, &attest, &signature, e));
        code = check_quote(buf_bytes(&attest), qualifying, pcr, e);
    }
    TRY(code);
    buf_put(ret_attest, buf_bytes(&attest));
    buf_put(ret_signature, buf_bytes(&signature));
    TRY(buf_check(ret_attest, e));
    TRY(buf_check(ret_signature, e));
    memcpy(ret_pcr, pcr, sizeof pcr);
    return ERR_OK;
}
