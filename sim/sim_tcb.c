/* TDX TCB info and TD QE identity (Intel PCS API version 4). */
#include "sim_tcb.h"

#include "base/clock.h"
#include "base/codec.h"
#include "sim_platform.h"

#define DAY  86400
#define HOUR 3600

#define DATE_NEW "2024-03-13T00:00:00Z"
#define DATE_OLD "2018-01-04T00:00:00Z"
#define ADVISORY "INTEL-SA-00837"

#define ZERO48                                                                                     \
    "000000000000000000000000000000000000000000000000"                                             \
    "000000000000000000000000000000000000000000000000"
#define ZERO8 "0000000000000000"
#define ONES8 "FFFFFFFFFFFFFFFF"

static void put_hex(struct buf *out, const char *member, struct bytes b)
{
    buf_printf(out, "\"%s\":\"", member);
    hex_put(out, b);
    buf_put_str(out, "\",");
}

static void put_dates(struct buf *out, const struct sim_collateral_spec *spec, bool is_tcb_info)
{
    enum sim_collateral_fault fault = is_tcb_info ? spec->fault : SIM_COLLATERAL_OK;
    int64_t issued = spec->now - DAY, next = spec->now + (int64_t)spec->days * DAY;
    char text[21];

    if (fault == SIM_COLLATERAL_NOT_YET_ISSUED) {
        issued += 2 * (int64_t)DAY;
        next += 2 * (int64_t)DAY;
    }
    if (fault == SIM_COLLATERAL_TCB_INFO_EXPIRED)
        next = spec->now - HOUR;
    clock_format(issued, text);
    buf_printf(out, "\"issueDate\":\"%s\",", text);
    clock_format(next, text);
    buf_printf(out, "\"nextUpdate\":\"%s\",", text);
}

/* What follows "tcb" in every level; all but UpToDate name an advisory. */
static void put_verdict(struct buf *out, const char *date, const char *status)
{
    buf_printf(out, ",\"tcbDate\":\"%s\",\"tcbStatus\":\"%s\"", date, status);
    if (strcmp(status, "UpToDate") != 0)
        buf_put_str(out, ",\"advisoryIDs\":[\"" ADVISORY "\"]");
    buf_put_str(out, "}");
}

static void put_isvsvn_level(struct buf *out, unsigned isvsvn, const char *date, const char *status)
{
    buf_printf(out, "{\"tcb\":{\"isvsvn\":%u}", isvsvn);
    put_verdict(out, date, status);
}

static void put_components(struct buf *out, const char *member, const unsigned svn[static 16])
{
    buf_printf(out, "\"%s\":[", member);
    for (int i = 0; i < 16; i++)
        buf_printf(out, "%s{\"svn\":%u}", i > 0 ? "," : "", svn[i]);
    buf_put_str(out, "]");
}

struct level {
    unsigned sgx[16], tdx[16];
    unsigned pcesvn;
    const char *date, *status;
};

static void put_level(struct buf *out, const struct level *l)
{
    buf_put_str(out, "{\"tcb\":{");
    put_components(out, "sgxtcbcomponents", l->sgx);
    buf_printf(out, ",\"pcesvn\":%u,", l->pcesvn);
    put_components(out, "tdxtcbcomponents", l->tdx);
    buf_put_str(out, "}");
    put_verdict(out, l->date, l->status);
}

/* The level that the platform meets, and an older one. */
static void put_levels(struct buf *out, const struct sim_platform_info *info,
                       const struct td_report *td, const struct sim_collateral_spec *spec)
{
    struct level met = {.pcesvn = info->pcesvn, .date = DATE_NEW, .status = spec->status};
    struct level old;

    for (int i = 0; i < 16; i++) {
        met.sgx[i] = info->tcb_components[i];
        met.tdx[i] = td->tee_tcb_svn[i];
    }
    met.tdx[1] = 0; /* as Intel's: 0 and 1 are of module 1.0, later ones have their identity */
    if (spec->fault == SIM_COLLATERAL_BAD_STATUS)
        met.status = "Splendid";

    old = met;
    old.sgx[0]--;
    old.tdx[2]--;
    old.pcesvn = 5;
    old.date = DATE_OLD;
    old.status = "OutOfDate";
    if (spec->fault == SIM_COLLATERAL_SVN_300)
        old.sgx[15] = 300;
    if (spec->fault == SIM_COLLATERAL_NO_LEVEL)
        met.pcesvn = old.pcesvn = info->pcesvn + 1u;

    buf_put_str(out, "\"tcbLevels\":[");
    put_level(out, &met);
    buf_put_str(out, ",");
    put_level(out, &old);
    buf_put_str(out, "]");
}

static void put_module(struct buf *out, unsigned version, unsigned isvsvn, const char *status)
{
    buf_printf(out,
               "{\"id\":\"TDX_%02X\",\"mrsigner\":\"" ZERO48 "\",\"attributes\":\"" ZERO8
               "\",\"attributesMask\":\"" ONES8 "\",\"tcbLevels\":[",
               version);
    put_isvsvn_level(out, isvsvn, DATE_NEW, status);
    buf_put_str(out, ",");
    put_isvsvn_level(out, 1, DATE_OLD, "OutOfDate");
    buf_put_str(out, "]}");
}

static void put_modules(struct buf *out, const struct td_report *td,
                        enum sim_collateral_fault fault)
{
    buf_put_str(out, "\"tdxModule\":{\"mrsigner\":\"" ZERO48 "\",\"attributes\":\"" ZERO8
                     "\",\"attributesMask\":\"" ONES8 "\"},\"tdxModuleIdentities\":[");
    put_module(out, 3, 3, "UpToDate");
    if (fault != SIM_COLLATERAL_MODULE_MISSING) {
        buf_put_str(out, ",");
        put_module(out, td->tee_tcb_svn[1], td->tee_tcb_svn[0],
                   fault == SIM_COLLATERAL_MODULE_REVOKED ? "Revoked" : "UpToDate");
    }
    buf_put_str(out, "],");
}

enum err_code sim_tcb_info(const sim_platform *p, const struct sim_collateral_spec *spec,
                           struct buf *ret, struct err *e)
{
    struct sim_platform_info info = *sim_platform_info(p);
    struct td_report td;

    sim_td_of_image("", &td);
    if (spec->fault == SIM_COLLATERAL_OTHER_FMSPC)
        info.fmspc[5] ^= 1;
    if (spec->fault == SIM_COLLATERAL_OTHER_PCEID)
        info.pceid[1] ^= 1;
    buf_put_str(ret, "{\"id\":\"TDX\",\"version\":3,");
    put_dates(ret, spec, true);
    put_hex(ret, "fmspc", BYTES(info.fmspc));
    if (spec->fault == SIM_COLLATERAL_DUPLICATE_MEMBER)
        put_hex(ret, "fmspc", BYTES(info.fmspc));
    put_hex(ret, "pceId", BYTES(info.pceid));
    buf_printf(ret, "\"tcbType\":0,\"tcbEvaluationDataNumber\":%u,", spec->evaluation_number);
    put_modules(ret, &td, spec->fault);
    put_levels(ret, &info, &td, spec);
    buf_put_str(ret, "}");
    return buf_check(ret, e);
}

enum err_code sim_qe_identity(const struct sim_collateral_spec *spec, struct buf *ret,
                              struct err *e)
{
    bool too_old = spec->fault == SIM_COLLATERAL_QE_TOO_OLD;
    uint8_t signer[sizeof sim_qe_signer];

    memcpy(signer, sim_qe_signer, sizeof signer);
    if (spec->fault == SIM_COLLATERAL_QE_SIGNER)
        signer[0] ^= 1;
    buf_put_str(ret, "{\"id\":\"TD_QE\",\"version\":2,");
    put_dates(ret, spec, false);
    buf_printf(ret, "\"tcbEvaluationDataNumber\":%u,", spec->evaluation_number);
    /* The mask leaves out bit 2 (64 bit) and XFRM: INIT and PROVISION_KEY must be set,
     * DEBUG must not. */
    buf_put_str(ret, "\"miscselect\":\"00000000\",\"miscselectMask\":\"FFFFFFFF\","
                     "\"attributes\":\"1100000000000000" ZERO8 "\","
                     "\"attributesMask\":\"FBFFFFFFFFFFFFFF" ZERO8 "\",");
    put_hex(ret, "mrsigner", BYTES(signer));
    buf_printf(ret, "\"isvprodid\":%u,\"tcbLevels\":[", SIM_QE_PROD_ID);
    put_isvsvn_level(ret, too_old ? SIM_QE_SVN + 1 : SIM_QE_SVN, DATE_NEW,
                     spec->fault == SIM_COLLATERAL_QE_REVOKED ? "Revoked" : "UpToDate");
    buf_put_str(ret, ",");
    put_isvsvn_level(ret, 4, DATE_OLD, "OutOfDate");
    buf_put_str(ret, "]}");
    return buf_check(ret, e);
}
