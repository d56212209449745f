/* TCB info, QE identity and evaluation numbers: the texts that are signed. */
#include "base/clock.h"
#include "base/codec.h"
#include "sim_vendor.h"

#define ZERO48                                                                                     \
    "000000000000000000000000000000000000000000000000"                                             \
    "000000000000000000000000000000000000000000000000"
#define TD_QE_SIGNER "DC9E2A7C6F948F17474E34A7FC43ED030F7C1563F1BABDDF6340C82E0E54A8C5"
#define QE_SIGNER    "8C4F5775D796503E96137F77C68A829A0056AC8DED70140B081B094490C57BFF"

/* tcbDate of the levels: what is good now, what will be good by the early data, what was. */
#define DATE_NOW   "2026-02-11T00:00:00Z"
#define DATE_EARLY "2026-08-12T00:00:00Z"
#define DATE_OLD   "2024-03-13T00:00:00Z"

static void put_dates(struct buf *out, const struct sim_vendor *v, bool tcb_info)
{
    const enum sim_collateral_fault fault = v->spec->fault;
    int64_t issued = v->issued, until = v->until;
    char from[21], to[21];

    if (fault == SIM_NOT_YET_ISSUED)
        issued += 2 * SIM_DAY_S;
    if (fault == SIM_TCB_INFO_EXPIRED && tcb_info) {
        until = issued;
        issued -= 30 * SIM_DAY_S;
    }
    clock_format(issued, from);
    clock_format(until, to);
    buf_printf(out, "\"issueDate\":\"%s\",\"nextUpdate\":\"%s\"", from, to);
}

static void put_components(struct buf *out, const char *member, const unsigned svn[static 16])
{
    buf_printf(out, "\"%s\":[", member);
    for (size_t i = 0; i < 16; i++)
        buf_printf(out, "%s{\"svn\":%u}", i ? "," : "", svn[i]);
    buf_put_str(out, "]");
}

struct level {
    unsigned sgx[16], tdx[16], pcesvn;
    const char *date, *status, *advisory; /* advisory may be NULL */
};

static void put_level(struct buf *out, const struct sim_vendor *v, const struct level *l)
{
    buf_put_str(out, "{\"tcb\":{");
    put_components(out, "sgxtcbcomponents", l->sgx);
    buf_printf(out, ",\"pcesvn\":%u", l->pcesvn);
    if (!v->spec->sgx) {
        buf_put_str(out, ",");
        put_components(out, "tdxtcbcomponents", l->tdx);
    }
    buf_printf(out, "},\"tcbDate\":\"%s\",\"tcbStatus\":\"%s\"", l->date, l->status);
    if (l->advisory)
        buf_printf(out, ",\"advisoryIDs\":[\"%s\"]", l->advisory);
    buf_put_str(out, "}");
}

static void put_levels(struct buf *out, const struct sim_vendor *v,
                       const struct sim_platform_info *info)
{
    const enum sim_collateral_fault fault = v->spec->fault;
    const bool early = v->spec->early;
    struct level met = {.tdx = {5, 0, 4}, .pcesvn = info->pcesvn, .date = DATE_NOW};
    struct level old = {.sgx = {2, 2, 2, 2, 3, 1, 0, 3},
                        .tdx = {3},
                        .pcesvn = 5,
                        .date = DATE_OLD,
                        .status = "OutOfDate",
                        .advisory = "INTEL-SA-00837"};
    struct level coming;

    for (size_t i = 0; i < 16; i++)
        met.sgx[i] = info->tcb_components[i];
    coming = met;
    coming.sgx[0]++; /* microcode that no simulated platform has */
    coming.date = DATE_EARLY;
    coming.status = "UpToDate";
    met.status = v->spec->status ? v->spec->status : early ? "OutOfDate" : "UpToDate";
    met.advisory = early ? "INTEL-SA-99999" : NULL;
    if (fault == SIM_BAD_STATUS)
        met.status = "Splendid";
    if (fault == SIM_NO_LEVEL) {
        met.tdx[2] = old.tdx[2] = 200;
        met.sgx[0] = old.sgx[0] = 200;
    }
    if (fault == SIM_SVN_300)
        met.sgx[15] = 300;
    buf_put_str(out, "\"tcbLevels\":[");
    if (early) {
        put_level(out, v, &coming);
        buf_put_str(out, ",");
    }
    put_level(out, v, &met);
    buf_put_str(out, ",");
    put_level(out, v, &old);
    buf_put_str(out, "]");
}

static void put_module(struct buf *out, const struct sim_vendor *v)
{
    buf_put_str(out, "\"tdxModule\":{\"mrsigner\":\"" ZERO48 "\",\"attributes\":"
                     "\"0000000000000000\",\"attributesMask\":\"FFFFFFFFFFFFFFFF\"},");
    buf_printf(out,
               "\"tdxModuleIdentities\":[{\"id\":\"TDX_%s\",\"mrsigner\":\"" ZERO48
               "\",\"attributes\":\"0000000000000000\",\"attributesMask\":\"FFFFFFFFFFFFFFFF\","
               "\"tcbLevels\":[{\"tcb\":{\"isvsvn\":5},\"tcbDate\":\"" DATE_NOW
               "\",\"tcbStatus\":\"%s\"},{\"tcb\":{\"isvsvn\":2},"
               "\"tcbDate\":\"2023-08-09T00:00:00Z\",\"tcbStatus\":\"OutOfDate\"}]}],",
               v->spec->fault == SIM_MODULE_MISSING ? "03" : "01",
               v->spec->fault == SIM_MODULE_REVOKED ? "Revoked" : "UpToDate");
}

void sim_tcb_info(const struct sim_vendor *v, const struct sim_platform_info *info, struct buf *out)
{
    const enum sim_collateral_fault fault = v->spec->fault;
    uint8_t fmspc[6], pceid[2];
    char hex[HEX_LEN(6)], pce[HEX_LEN(2)];

    memcpy(fmspc, info->fmspc, sizeof fmspc);
    memcpy(pceid, info->pceid, sizeof pceid);
    fmspc[5] ^= fault == SIM_OTHER_FMSPC;
    pceid[1] ^= fault == SIM_OTHER_PCEID;
    hex_encode(BYTES(fmspc), hex);
    hex_encode(BYTES(pceid), pce);
    buf_printf(out, "{\"id\":\"%s\",\"version\":3,", v->spec->sgx ? "SGX" : "TDX");
    put_dates(out, v, true);
    buf_printf(out,
               ",\"fmspc\":\"%s\",\"pceId\":\"%s\",\"tcbType\":0,\"tcbEvaluationDataNumber\":%u,",
               hex, pce, sim_vendor_number(v));
    if (fault == SIM_MEMBER_TWICE)
        buf_put_str(out, "\"tcbType\":0,");
    if (!v->spec->sgx)
        put_module(out, v);
    put_levels(out, v, info);
    buf_put_str(out, "}");
}

void sim_qe_identity(const struct sim_vendor *v, struct buf *out)
{
    const enum sim_collateral_fault fault = v->spec->fault;
    const bool td = !v->spec->sgx, other = fault == SIM_QE_OTHER_SIGNER;

    buf_printf(out, "{\"id\":\"%s\",\"version\":2,", td ? "TD_QE" : "QE");
    put_dates(out, v, false);
    buf_printf(
        out,
        ",\"tcbEvaluationDataNumber\":%u,\"miscselect\":\"00000000\","
        "\"miscselectMask\":\"FFFFFFFF\",\"attributes\":\"11000000000000000000000000000000\","
        "\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\",\"mrsigner\":\"%s\","
        "\"isvprodid\":%d,\"tcbLevels\":[{\"tcb\":{\"isvsvn\":%u},\"tcbDate\":\"" DATE_NOW
        "\",\"tcbStatus\":\"%s\"}]}",
        sim_vendor_number(v), td != other ? TD_QE_SIGNER : QE_SIGNER, td ? 2 : 1,
        fault == SIM_QE_TOO_OLD ? 9 : 4, fault == SIM_QE_REVOKED ? "Revoked" : "UpToDate");
}

void sim_evaluation_numbers(const struct sim_vendor *v, struct buf *out)
{
    const unsigned n = sim_vendor_number(v);

    buf_printf(out, "{\"id\":\"%s\",\"version\":1,", v->spec->sgx ? "SGX" : "TDX");
    put_dates(out, v, false);
    buf_printf(out,
               ",\"tcbEvalNumbers\":[{\"tcbEvaluationDataNumber\":%u,\"tcbRecoveryEventDate\":"
               "\"" DATE_EARLY "\",\"tcbDate\":\"" DATE_EARLY "\"},"
               "{\"tcbEvaluationDataNumber\":%u,\"tcbRecoveryEventDate\":\"" DATE_NOW
               "\",\"tcbDate\":\"" DATE_NOW "\"}]}",
               n + 1, n);
}
