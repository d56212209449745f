/* What a simulated TD is: a firmware that all images share, a kernel and its command line. */
#include "crypto/digest.h"
#include "sim_quote.h"

#define MR_LEN 48

/* RTMR = SHA-384(48 zero bytes || SHA-384(what is measured)): one extension of a register. */
static void extended(const char *what, const char *image, uint8_t ret[static MR_LEN])
{
    struct buf text AUTO_CALL(buf_done) = BUF(4096);
    uint8_t step[2 * MR_LEN] = {0};

    buf_printf(&text, "teereg-sim %s %s", what, image);
    sha384(buf_bytes(&text), step + MR_LEN);
    sha384(BYTES(step), ret);
}

void sim_td_of_image(const char *image, struct td_report *ret)
{
    *ret = (struct td_report){
        .tee_tcb_svn = {0x0b, 0x01, 0x04},
        .tee_tcb_svn2 = {0x0d, 0x01, 0x04},
        .td_attributes = {0, 0, 0, 0x10}, /* SEPT_VE_DISABLE */
        .xfam = {0xe7, 0x02, 0x06},
    };
    sha384(bytes_of_str("teereg-sim TDX module 1.5"), ret->mrseam);
    sha384(bytes_of_str("teereg-sim firmware 1"), ret->mrtd);
    extended("firmware settings of", "firmware 1", ret->rtmr[0]);
    extended("kernel of", image, ret->rtmr[1]);
    extended("command line and initrd of", image, ret->rtmr[2]);
}

void sim_td_measured(const struct measurements *m, struct td_report *ret)
{
    sim_td_of_image("", ret);
    memcpy(ret->td_attributes, m->td_attributes, sizeof ret->td_attributes);
    memcpy(ret->xfam, m->xfam, sizeof ret->xfam);
    memcpy(ret->mrtd, m->mrtd, sizeof ret->mrtd);
    memcpy(ret->mrconfigid, m->mrconfigid, sizeof ret->mrconfigid);
    memcpy(ret->mrowner, m->mrowner, sizeof ret->mrowner);
    memcpy(ret->mrownerconfig, m->mrownerconfig, sizeof ret->mrownerconfig);
    memcpy(ret->rtmr, m->rtmr, sizeof ret->rtmr);
}
