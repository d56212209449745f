#include "sim_tdreport.h"

#include "base/rd.h"
#include "crypto/digest.h"

#define MAC_AT      224
#define TCB_INFO_AT 256
#define TDINFO_AT   512
#define MR          48

static void put(uint8_t **at, const uint8_t *from, size_t n)
{
    memcpy(*at, from, n);
    *at += n;
}

static void mac_of(const uint8_t report[static SIM_TDREPORT_LEN], struct hash32 *ret)
{
    hmac_sha256(bytes_of_str("teereg-sim reports of the TDX module"),
                (struct bytes){report, MAC_AT}, ret);
}

static void hash_parts(uint8_t report[static SIM_TDREPORT_LEN])
{
    sha384((struct bytes){report + TCB_INFO_AT, 239}, report + 32);
    sha384((struct bytes){report + TDINFO_AT, 512}, report + 32 + MR);
}

void sim_tdreport(const struct td_report *td, const struct report_data *rd,
                  uint8_t ret[static SIM_TDREPORT_LEN])
{
    uint8_t *at = ret + TCB_INFO_AT + 8;
    struct hash32 mac;

    memset(ret, 0, SIM_TDREPORT_LEN);
    ret[0] = 0x81;
    memcpy(ret + 128, rd->b, sizeof rd->b);
    put(&at, td->tee_tcb_svn, sizeof td->tee_tcb_svn);
    put(&at, td->mrseam, MR);
    put(&at, td->mrsignerseam, MR);
    put(&at, td->seam_attributes, sizeof td->seam_attributes);
    put(&at, td->tee_tcb_svn2, sizeof td->tee_tcb_svn2);
    at = ret + TDINFO_AT;
    put(&at, td->td_attributes, sizeof td->td_attributes);
    put(&at, td->xfam, sizeof td->xfam);
    put(&at, td->mrtd, MR);
    put(&at, td->mrconfigid, MR);
    put(&at, td->mrowner, MR);
    put(&at, td->mrownerconfig, MR);
    put(&at, td->rtmr[0], sizeof td->rtmr);
    put(&at, td->mrservicetd, MR);
    hash_parts(ret);
    mac_of(ret, &mac);
    memcpy(ret + MAC_AT, mac.b, sizeof mac.b);
}

/* Whole and unchanged, as the processor's own check of a report. */
static enum err_code check(struct bytes report, struct err *e)
{
    uint8_t again[SIM_TDREPORT_LEN];
    struct hash32 mac;

    if (report.n != SIM_TDREPORT_LEN)
        return err_set(e, ERR_VERIFY, "a TDREPORT of %zu bytes, expected %d", report.n,
                       SIM_TDREPORT_LEN);
    memcpy(again, report.p, sizeof again);
    hash_parts(again);
    mac_of(again, &mac);
    if (!bytes_eq(BYTES(again), report) ||
        !bytes_eq(BYTES_OF(mac), (struct bytes){report.p + MAC_AT, sizeof mac.b}))
        return err_set(e, ERR_VERIFY, "the TDX module of this machine made no such TDREPORT");
    return ERR_OK;
}

enum err_code sim_tdreport_check(struct bytes report, struct td_report *ret,
                                 struct report_data *ret_data, struct err *e)
{
    struct td_report td = {0};
    struct rd r = rd_of(report);

    TRY(check(report, e));
    rd_take(&r, 128);
    rd_copy(&r, ret_data->b, sizeof ret_data->b);
    rd_take(&r, TCB_INFO_AT + 8 - 128 - 64);
    rd_copy(&r, td.tee_tcb_svn, sizeof td.tee_tcb_svn);
    rd_copy(&r, td.mrseam, MR);
    rd_copy(&r, td.mrsignerseam, MR);
    rd_copy(&r, td.seam_attributes, sizeof td.seam_attributes);
    rd_copy(&r, td.tee_tcb_svn2, sizeof td.tee_tcb_svn2);
    rd_take(&r, TDINFO_AT - TCB_INFO_AT - 8 - 16 - 2 * MR - 8 - 16);
    rd_copy(&r, td.td_attributes, sizeof td.td_attributes);
    rd_copy(&r, td.xfam, sizeof td.xfam);
    rd_copy(&r, td.mrtd, MR);
    rd_copy(&r, td.mrconfigid, MR);
    rd_copy(&r, td.mrowner, MR);
    rd_copy(&r, td.mrownerconfig, MR);
    rd_copy(&r, td.rtmr[0], sizeof td.rtmr);
    rd_copy(&r, td.mrservicetd, MR);
    *ret = td;
    return ERR_OK;
}

enum err_code sim_tdreport_quote(const sim_platform *p, struct bytes report, struct buf *ret,
                                 struct err *e)
{
    struct report_data rd;
    struct td_report td;

    TRY(sim_tdreport_check(report, &td, &rd, e));
    return sim_quote(p, SIM_V4, &td, &rd, ret, e);
}
