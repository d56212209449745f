/* A quote: header, TD report body, and the signature over both (Intel's quote format). */
#include "sim_quote.h"

#include "sim_platform.h"

enum { TYPE_SGX = 0, TYPE_TDX = 0x81 };
enum { KEY_P256 = 2, KEY_P384 = 3 };
enum { VERSION_SGX = 3 };
enum { BODY_TD10 = 2, BODY_TD15 = 3, BODY_TD15_EXTENDED = 4 };
enum { TD10_LEN = 584, TD15_LEN = 648, TD15_EXTENDED_LEN = 885 };

static const uint8_t intel_vendor[16] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                         0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

static void put_header(struct buf *out, const struct sim_platform *p, uint16_t version)
{
    const bool sgx = version == VERSION_SGX;
    uint8_t vendor[16];

    memcpy(vendor, intel_vendor, sizeof vendor);
    if (p->fault == SIM_VENDOR)
        vendor[0] ^= 1;
    buf_put_u16le(out, p->fault == SIM_VERSION ? 6 : version);
    buf_put_u16le(out, p->fault == SIM_ATT_KEY_TYPE ? KEY_P384 : KEY_P256);
    buf_put_u32le(out, p->fault == SIM_TEE_TYPE || sgx ? TYPE_SGX : TYPE_TDX);
    buf_put_u16le(out, sgx ? 7 : 0); /* QE SVN */
    buf_put_u16le(out, sgx ? p->info.pcesvn : 0);
    buf_put(out, BYTES(vendor));
    buf_put(out, BYTES(p->qe_id));
    buf_put_u32le(out, 0);
}

static void set_bit(uint8_t le[static 8], unsigned bit, bool value)
{
    uint8_t mask = (uint8_t)(1u << bit % 8);

    le[bit / 8] = (uint8_t)(value ? le[bit / 8] | mask : le[bit / 8] & ~mask);
}

/* The TD as the fault makes it. */
static struct td_report with_fault(const struct td_report *td, enum sim_fault fault)
{
    struct td_report t = *td;

    switch (fault) {
    case SIM_TD_DEBUG:
        set_bit(t.td_attributes, 0, true);
        break;
    case SIM_TD_PROFILED:
        set_bit(t.td_attributes, 5, true);
        break;
    case SIM_TD_MIGRATABLE:
        set_bit(t.td_attributes, 29, true);
        break;
    case SIM_TD_RESERVED:
        set_bit(t.td_attributes, 40, true);
        break;
    case SIM_TD_NO_SEPT_VE:
        set_bit(t.td_attributes, 28, false);
        break;
    case SIM_XFAM_NO_SSE:
        set_bit(t.xfam, 1, false);
        break;
    case SIM_XFAM_UNKNOWN:
        set_bit(t.xfam, 40, true);
        break;
    case SIM_SEAM_SIGNER:
        t.mrsignerseam[0] = 1;
        break;
    case SIM_SEAM_ATTRIBUTES:
        t.seam_attributes[0] = 1;
        break;
    case SIM_SERVICE_TD:
        t.mrservicetd[0] = 1;
        break;
    default:
        break;
    }
    return t;
}

static void put_td10(struct buf *out, const struct td_report *t, const struct report_data *rd)
{
    buf_put(out, BYTES(t->tee_tcb_svn));
    buf_put(out, BYTES(t->mrseam));
    buf_put(out, BYTES(t->mrsignerseam));
    buf_put(out, BYTES(t->seam_attributes));
    buf_put(out, BYTES(t->td_attributes));
    buf_put(out, BYTES(t->xfam));
    buf_put(out, BYTES(t->mrtd));
    buf_put(out, BYTES(t->mrconfigid));
    buf_put(out, BYTES(t->mrowner));
    buf_put(out, BYTES(t->mrownerconfig));
    for (int i = 0; i < 4; i++)
        buf_put(out, BYTES(t->rtmr[i]));
    buf_put(out, BYTES(rd->b));
}

static void put_body(struct buf *out, const struct sim_platform *p, enum sim_form form,
                     const struct td_report *td, const struct report_data *rd)
{
    struct td_report t = with_fault(td, p->fault);
    bool extended = form != SIM_V4 && p->fault == SIM_BODY_TYPE;
    bool td15 = form == SIM_V5_TD15 || extended;

    if (form != SIM_V4) {
        buf_put_u16le(out, extended ? BODY_TD15_EXTENDED : td15 ? BODY_TD15 : BODY_TD10);
        buf_put_u32le(out, extended ? TD15_EXTENDED_LEN : td15 ? TD15_LEN : TD10_LEN);
    }
    put_td10(out, &t, rd);
    if (td15) {
        buf_put(out, BYTES(t.tee_tcb_svn2));
        buf_put(out, BYTES(t.mrservicetd));
    }
    if (extended)
        buf_put_zero(out, TD15_EXTENDED_LEN - TD15_LEN);
}

/* Adds the signature over what stands in quote, and what goes with it; the whole goes to ret. */
static enum err_code finish(const struct sim_platform *p, struct buf *quote, const struct buf *tail,
                            struct buf *ret, struct err *e)
{
    uint8_t signature[SIM_RAW_SIG_LEN];

    TRY(buf_check(quote, e));
    TRY(sim_sign_raw(p->signer, buf_bytes(quote), signature, e));
    buf_put_u32le(quote, (uint32_t)(sizeof signature + tail->n));
    buf_put(quote, BYTES(signature));
    buf_put(quote, buf_bytes(tail));
    TRY(buf_check(quote, e));
    buf_put(ret, buf_bytes(quote));
    return buf_check(ret, e);
}

enum err_code sim_quote(const sim_platform *p, enum sim_form form, const struct td_report *td,
                        const struct report_data *rd, struct buf *ret, struct err *e)
{
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);

    put_header(&quote, p, form == SIM_V4 ? 4 : 5);
    put_body(&quote, p, form, td, rd);
    return finish(p, &quote, &p->tail, ret, e);
}

enum err_code sim_quote_sgx(const sim_platform *p, const struct sgx_report *enclave,
                            struct buf *ret, struct err *e)
{
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);

    put_header(&quote, p, VERSION_SGX);
    buf_put(&quote, BYTES(enclave->cpusvn));
    buf_put(&quote, BYTES(enclave->miscselect));
    buf_put_zero(&quote, 28);
    buf_put(&quote, BYTES(enclave->attributes));
    buf_put(&quote, BYTES(enclave->mrenclave));
    buf_put_zero(&quote, 32);
    buf_put(&quote, BYTES(enclave->mrsigner));
    buf_put_zero(&quote, 96);
    buf_put_u16le(&quote, enclave->isvprodid);
    buf_put_u16le(&quote, enclave->isvsvn);
    buf_put_zero(&quote, 60);
    buf_put(&quote, BYTES(enclave->report_data));
    return finish(p, &quote, &p->sgx_tail, ret, e);
}
