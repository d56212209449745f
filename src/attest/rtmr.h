/* rtmr - measurement registers of this TD, by sysfs (Linux 6.16 and later).  Room: attest.
 *
 * RTMR3 says which configuration an image runs with, where a contract asks for it: it is extended
 * once, when it is zero, with SHA-384("teereg-rtmr3-v2\0" || config_hash).  A register that anybody
 * else has extended stays as it is, and the caller stops (SR-11). */
#pragma once
#include "base/buf.h"

#define RTMR_LEN 48
#define RTMR_DIR "/sys/class/misc/tdx_guest/measurements"

/* The way to the registers, so that tests play them: names are "mrtd:sha384", "rtmr3:sha384". */
struct rtmr_files {
    /* The whole of a register, appended. */
    enum err_code (*read)(void *self, const char *name, struct buf *ret, struct err *e);
    /* In one write, which extends. */
    enum err_code (*write)(void *self, const char *name, struct bytes data, struct err *e);
    void *self;
};
/* Those under dir (RTMR_DIR), which must outlive it. */
struct rtmr_files rtmr_sysfs(const char *dir);

struct rtmr_values {
    uint8_t mrtd[RTMR_LEN];
    uint8_t rtmr[4][RTMR_LEN];
};
MUST_CHECK enum err_code rtmr_read(const struct rtmr_files *f, struct rtmr_values *ret,
                                   struct err *e);

/* What is measured there, what RTMR3 is extended with (its SHA-384), and what RTMR3 then is:
 * SHA-384(0[48] || that). */
#define RTMR3_TEXT_LEN 48
void rtmr3_text(const struct hash32 *config_hash, uint8_t ret[static RTMR3_TEXT_LEN]);
void rtmr3_digest(const struct hash32 *config_hash, uint8_t ret[static RTMR_LEN]);
void rtmr3_expected(const struct hash32 *config_hash, uint8_t ret[static RTMR_LEN]);

/* The firmware's log with this event behind it (EV_EVENT_TAG, the text as its data), so that it
 * leads to the registers; appended to ret.  As ccel_log_append. */
MUST_CHECK enum err_code rtmr3_log(struct bytes log, const struct hash32 *config_hash,
                                   struct buf *ret, struct err *e);

/* Extends RTMR3 when it is zero; leaves it when it is as expected already.  ERR_DENIED: it holds
 * something else; ERR_IO: it cannot be read or written, or is not as expected after the write. */
MUST_CHECK enum err_code rtmr3_measure(const struct rtmr_files *f, const struct hash32 *config_hash,
                                       struct err *e);
