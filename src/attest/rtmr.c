#include "attest/rtmr.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include "attest/ccel_log.h"
#include "base/codec.h"
#include "base/fs.h"
#include "crypto/digest.h"

#define RTMR3  "rtmr3:sha384"
#define DOMAIN "teereg-rtmr3-v2" /* with its NUL */

/* ---- sysfs ---- */

static enum err_code path_of(const char *dir, const char *name, char ret[static PATH_MAX],
                             struct err *e)
{
    if (snprintf(ret, PATH_MAX, "%s/%s", dir, name) >= PATH_MAX)
        return err_set(e, ERR_INVALID, "a path of %zu bytes", strlen(dir));
    return ERR_OK;
}

static enum err_code sysfs_read(void *self, const char *name, struct buf *ret, struct err *e)
{
    enum err_code code;
    char path[PATH_MAX];

    TRY(path_of(self, name, path, e));
    code = fs_read(path, ret, e);
    if (code == ERR_NOT_FOUND)
        return err_set(e, ERR_IO,
                       "%s is not there (this must be a TDX guest with Linux 6.16 or "
                       "later: modprobe tdx_guest)",
                       path);
    return code;
}

static enum err_code sysfs_write(void *self, const char *name, struct bytes data, struct err *e)
{
    int fd AUTO_CALL(fd_close) = -1;
    char path[PATH_MAX];
    ssize_t n;

    TRY(path_of(self, name, path, e));
    fd = open(path, O_WRONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : write(fd, data.p, data.n);
    if (n < 0)
        return err_set(e, ERR_IO, "%s: %s", path, strerror(errno));
    if ((size_t)n != data.n)
        return err_set(e, ERR_IO, "%s: %zd of %zu bytes written", path, n, data.n);
    return ERR_OK;
}

struct rtmr_files rtmr_sysfs(const char *dir)
{
    return (struct rtmr_files){sysfs_read, sysfs_write, (void *)(uintptr_t)dir};
}

/* ---- registers ---- */

static enum err_code read_one(const struct rtmr_files *f, const char *name,
                              uint8_t ret[static RTMR_LEN], struct err *e)
{
    struct buf value AUTO_CALL(buf_done) = BUF(RTMR_LEN);

    TRY(f->read(f->self, name, &value, e));
    if (value.n != RTMR_LEN)
        return err_set(e, ERR_IO, "%s: %zu bytes, expected %d", name, value.n, RTMR_LEN);
    memcpy(ret, value.p, RTMR_LEN);
    return ERR_OK;
}

enum err_code rtmr_read(const struct rtmr_files *f, struct rtmr_values *ret, struct err *e)
{
    static const char *const names[] = {"rtmr0:sha384", "rtmr1:sha384", "rtmr2:sha384", RTMR3};
    struct rtmr_values v;

    TRY(read_one(f, "mrtd:sha384", v.mrtd, e));
    for (int i = 0; i < 4; i++)
        TRY(read_one(f, names[i], v.rtmr[i], e));
    *ret = v;
    return ERR_OK;
}

_Static_assert(sizeof DOMAIN + sizeof(struct hash32) == RTMR3_TEXT_LEN, "one text, one length");

void rtmr3_text(const struct hash32 *config_hash, uint8_t ret[static RTMR3_TEXT_LEN])
{
    memcpy(ret, DOMAIN, sizeof DOMAIN);
    memcpy(ret + sizeof DOMAIN, config_hash->b, sizeof config_hash->b);
}

void rtmr3_digest(const struct hash32 *config_hash, uint8_t ret[static RTMR_LEN])
{
    uint8_t text[RTMR3_TEXT_LEN];

    rtmr3_text(config_hash, text);
    sha384(BYTES(text), ret);
}

enum err_code rtmr3_log(struct bytes log, const struct hash32 *config_hash, struct buf *ret,
                        struct err *e)
{
    uint8_t text[RTMR3_TEXT_LEN];
    struct ccel_entry ev = {.index = 4, .type = EV_EVENT_TAG, .data = BYTES(text)};

    rtmr3_text(config_hash, text);
    rtmr3_digest(config_hash, ev.digest);
    return ccel_log_append(log, &ev, ret, e);
}

void rtmr3_expected(const struct hash32 *config_hash, uint8_t ret[static RTMR_LEN])
{
    uint8_t text[2 * RTMR_LEN] = {0};

    rtmr3_digest(config_hash, text + RTMR_LEN);
    sha384(BYTES(text), ret);
}

static enum err_code refuse(enum err_code code, const char *what,
                            const uint8_t found[static RTMR_LEN],
                            const uint8_t expected[static RTMR_LEN], struct err *e)
{
    char f[HEX_LEN(RTMR_LEN)], x[HEX_LEN(RTMR_LEN)];

    hex_encode((struct bytes){found, RTMR_LEN}, f);
    hex_encode((struct bytes){expected, RTMR_LEN}, x);
    return err_set(e, code, "RTMR3 %s: found %s, expected zero or %s", what, f, x);
}

enum err_code rtmr3_measure(const struct rtmr_files *f, const struct hash32 *config_hash,
                            struct err *e)
{
    uint8_t value[RTMR_LEN], expected[RTMR_LEN], digest[RTMR_LEN];

    rtmr3_digest(config_hash, digest);
    rtmr3_expected(config_hash, expected);
    TRY_IN(e, read_one(f, RTMR3, value, e), "RTMR3");
    if (bytes_eq(BYTES(value), BYTES(expected)))
        return ERR_OK;
    if (!bytes_all_zero(BYTES(value)))
        return refuse(ERR_DENIED,
                      "was extended by somebody else, or for another configuration; only a "
                      "reboot makes it zero",
                      value, expected, e);
    TRY_IN(e, f->write(f->self, RTMR3, BYTES(digest), e), "extend RTMR3");
    TRY_IN(e, read_one(f, RTMR3, value, e), "RTMR3");
    if (!bytes_eq(BYTES(value), BYTES(expected)))
        return refuse(ERR_IO, "is not as expected after it was extended", value, expected, e);
    return ERR_OK;
}
