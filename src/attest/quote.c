#include "attest/quote.h"

#include "base/rd.h"

#define HEADER_LEN 48
#define TD10_LEN   584
#define TD15_LEN   648
#define SGX_LEN    384
#define SIG_KEY    128 /* signature and attestation key */
#define SIG_FIXED  134 /* the same with type and size before the QE report data */
#define CERT_QE    6   /* "QE report certification data" */
#define CERT_CHAIN 5   /* "concatenated PCK certificate chain" */
#define KEY_P256   2

static const uint8_t intel_qe_vendor[16] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                            0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

static enum err_code parse_header(struct rd *r, struct quote *q, enum attest_fault *fault,
                                  struct err *e)
{
    uint16_t version = rd_u16le(r), key_type = rd_u16le(r);
    uint32_t tee = rd_u32le(r);
    struct bytes vendor;

    rd_take(r, 4); /* reserved: SVNs in version 3 */
    vendor = rd_take(r, 16);
    rd_copy(r, q->user_data, sizeof q->user_data);
    if (!rd_ok(r))
        return attest_fail(fault, e, FAULT_PARSE_SIZE, "a quote's header has %d bytes", HEADER_LEN);
    if (q->tee == QUOTE_TEE_TDX && version != 4 && version != 5)
        return attest_fail(fault, e, FAULT_VERSION, "quote version %u, expected 4 or 5", version);
    if (q->tee == QUOTE_TEE_SGX && version != 3)
        return attest_fail(fault, e, FAULT_VERSION, "quote version %u, expected 3", version);
    if (key_type != KEY_P256)
        return attest_fail(fault, e, FAULT_ATT_KEY_TYPE,
                           "attestation key type %u, expected 2 (ECDSA P-256)", key_type);
    if (tee != (uint32_t)q->tee)
        return attest_fail(fault, e, FAULT_TEE_TYPE, "TEE type 0x%x, expected 0x%x (%s)", tee,
                           (unsigned)q->tee, q->tee == QUOTE_TEE_TDX ? "TDX" : "SGX");
    if (!bytes_eq(vendor, BYTES(intel_qe_vendor)))
        return attest_fail(fault, e, FAULT_VENDOR, "the quoting enclave is not Intel's");
    q->version = version;
    return ERR_OK;
}

static enum err_code parse_body_type(struct rd *r, struct quote *q, enum attest_fault *fault,
                                     struct err *e)
{
    uint16_t type;
    uint32_t size;

    q->body = q->tee == QUOTE_TEE_SGX ? QUOTE_BODY_SGX : QUOTE_BODY_TD10;
    if (q->version != 5)
        return ERR_OK;
    type = rd_u16le(r);
    size = rd_u32le(r);
    if (!rd_ok(r))
        return attest_fail(fault, e, FAULT_PARSE_SIZE, "the quote ends before its body");
    if (type != QUOTE_BODY_TD10 && type != QUOTE_BODY_TD15)
        return attest_fail(fault, e, FAULT_BODY_TYPE,
                           "body type %u%s, expected 2 (TD report 1.0) or 3 (TD report 1.5)", type,
                           type == 1   ? " (an SGX report)"
                           : type == 4 ? " (an extended TD report 1.5)"
                                       : "");
    q->body = type;
    if (size != (type == QUOTE_BODY_TD10 ? TD10_LEN : TD15_LEN))
        return attest_fail(fault, e, FAULT_BODY_TYPE, "body type %u of %u bytes, expected %d", type,
                           size, type == QUOTE_BODY_TD10 ? TD10_LEN : TD15_LEN);
    return ERR_OK;
}

static void read_td(struct rd *r, enum quote_body body, struct td_report *td)
{
    rd_copy(r, td->tee_tcb_svn, sizeof td->tee_tcb_svn);
    rd_copy(r, td->mrseam, sizeof td->mrseam);
    rd_copy(r, td->mrsignerseam, sizeof td->mrsignerseam);
    rd_copy(r, td->seam_attributes, sizeof td->seam_attributes);
    rd_copy(r, td->td_attributes, sizeof td->td_attributes);
    rd_copy(r, td->xfam, sizeof td->xfam);
    rd_copy(r, td->mrtd, sizeof td->mrtd);
    rd_copy(r, td->mrconfigid, sizeof td->mrconfigid);
    rd_copy(r, td->mrowner, sizeof td->mrowner);
    rd_copy(r, td->mrownerconfig, sizeof td->mrownerconfig);
    for (size_t i = 0; i < 4; i++)
        rd_copy(r, td->rtmr[i], sizeof td->rtmr[i]);
    rd_copy(r, td->report_data, sizeof td->report_data);
    if (body == QUOTE_BODY_TD15) {
        rd_copy(r, td->tee_tcb_svn2, sizeof td->tee_tcb_svn2);
        rd_copy(r, td->mrservicetd, sizeof td->mrservicetd);
    }
}

static void read_sgx(struct rd *r, struct sgx_report *qe)
{
    rd_copy(r, qe->cpusvn, sizeof qe->cpusvn);
    rd_copy(r, qe->miscselect, sizeof qe->miscselect);
    rd_take(r, 28);
    rd_copy(r, qe->attributes, sizeof qe->attributes);
    rd_copy(r, qe->mrenclave, sizeof qe->mrenclave);
    rd_take(r, 32);
    rd_copy(r, qe->mrsigner, sizeof qe->mrsigner);
    rd_take(r, 96);
    qe->isvprodid = rd_u16le(r);
    qe->isvsvn = rd_u16le(r);
    rd_take(r, 60);
    rd_copy(r, qe->report_data, sizeof qe->report_data);
}

/* The contents of certification data 6: the QE report and, in it, the PCK chain. */
static enum err_code parse_qe(struct bytes outer, struct quote *q, enum attest_fault *fault,
                              struct err *e)
{
    struct rd r = rd_of(outer), qe;
    uint16_t auth_len, type;
    uint32_t size;

    q->qe_report = rd_take(&r, 384);
    q->qe_signature = rd_take(&r, 64);
    auth_len = rd_u16le(&r);
    if (auth_len > QUOTE_AUTH_MAX)
        return attest_fail(fault, e, FAULT_PARSE_LENGTH, "QE authentication data of %u bytes",
                           auth_len);
    q->qe_auth = rd_take(&r, auth_len);
    type = rd_u16le(&r);
    size = rd_u32le(&r);
    if (!rd_ok(&r))
        return attest_fail(fault, e, FAULT_PARSE_LENGTH,
                           "certification data end inside the QE report data");
    if (type != CERT_CHAIN)
        return attest_fail(fault, e, FAULT_CERT_TYPE,
                           "inner certification data of type %u, expected 5 (PCK chain): "
                           "let the platform's quote service be provisioned with a PCK chain",
                           type);
    if (size != r.left || size > QUOTE_CHAIN_MAX)
        return attest_fail(fault, e, FAULT_PARSE_LENGTH, "PCK chain of %u bytes where %zu are left",
                           size, r.left);
    q->pck_pem = rd_take(&r, size);
    qe = rd_of(q->qe_report);
    read_sgx(&qe, &q->qe);
    return ERR_OK;
}

static enum err_code parse_signature(struct rd *r, struct quote *q, enum attest_fault *fault,
                                     struct err *e)
{
    uint32_t len = rd_u32le(r), size;
    uint16_t type;
    struct rd sig;
    struct bytes outer;

    if (!rd_ok(r))
        return attest_fail(fault, e, FAULT_PARSE_SIZE, "the quote ends before its signature");
    if (len > r->left || len < (q->tee == QUOTE_TEE_SGX ? SIG_KEY : SIG_FIXED))
        return attest_fail(fault, e, FAULT_PARSE_LENGTH,
                           "signature data of %u bytes where %zu are left", len, r->left);
    sig = rd_of(rd_take(r, len));
    q->signature = rd_take(&sig, 64);
    q->attestation_key = rd_take(&sig, 64);
    if (q->tee == QUOTE_TEE_SGX)
        return parse_qe(rd_take(&sig, sig.left), q, fault, e);
    type = rd_u16le(&sig);
    size = rd_u32le(&sig);
    if (type != CERT_QE)
        return attest_fail(fault, e, FAULT_CERT_TYPE,
                           "certification data of type %u, expected 6 (QE report)", type);
    if (size != sig.left)
        return attest_fail(fault, e, FAULT_PARSE_LENGTH,
                           "certification data of %u bytes where %zu are left", size, sig.left);
    outer = rd_take(&sig, size);
    return parse_qe(outer, q, fault, e);
}

static size_t body_len(enum quote_body body)
{
    return body == QUOTE_BODY_SGX ? SGX_LEN : body == QUOTE_BODY_TD10 ? TD10_LEN : TD15_LEN;
}

static enum err_code parse(struct bytes input, enum quote_tee tee, struct quote *ret,
                           enum attest_fault *fault, struct err *e)
{
    struct quote q = {.tee = tee};
    struct rd r = rd_of(input), body;

    if (input.n > QUOTE_MAX)
        return attest_fail(fault, e, FAULT_PARSE_SIZE, "%zu bytes, a quote has at most %d", input.n,
                           QUOTE_MAX);
    TRY(parse_header(&r, &q, fault, e));
    TRY(parse_body_type(&r, &q, fault, e));
    body = rd_of(rd_take(&r, body_len(q.body)));
    if (!rd_ok(&r))
        return attest_fail(fault, e, FAULT_PARSE_SIZE, "the quote ends inside the report");
    if (tee == QUOTE_TEE_SGX)
        read_sgx(&body, &q.enclave);
    else
        read_td(&body, q.body, &q.td);
    q.signed_part = (struct bytes){input.p, input.n - r.left};
    TRY(parse_signature(&r, &q, fault, e));
    q.used = input.n - r.left;
    *ret = q;
    return ERR_OK;
}

enum err_code quote_parse(struct bytes input, struct quote *ret, enum attest_fault *fault,
                          struct err *e)
{
    return parse(input, QUOTE_TEE_TDX, ret, fault, e);
}

enum err_code quote_parse_sgx(struct bytes input, struct quote *ret, enum attest_fault *fault,
                              struct err *e)
{
    return parse(input, QUOTE_TEE_SGX, ret, fault, e);
}
