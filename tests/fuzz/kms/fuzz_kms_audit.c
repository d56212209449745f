/* Audit lines, and a whole log made of the input. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/codec.h"
#include "crypto/digest.h"
#include "kms/audit_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void whole_log(const uint8_t *data, size_t size)
{
    struct audit_report r;
    struct err e;
    int fd = memfd_create("log", MFD_CLOEXEC);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)
        abort();
    if (audit_verify_fd(fd, &r, &e) == ERR_OK && r.good_bytes + r.torn_bytes != size)
        abort();
    close(fd);
}

/* The input with its right hash behind it, which it would never find by itself. */
static void hashed(struct bytes body)
{
    static const char domain[] = "teereg-audit-v2";
    struct buf line AUTO_CALL(buf_done) = BUF(AUDIT_LINE_MAX);
    struct audit_line l;
    struct hash32 hash;
    struct err e;

    SHA256_OF(&hash, BYTES(domain), body);
    buf_put(&line, body);
    buf_put_str(&line, ",\"hash\":\"");
    hex_put(&line, BYTES_OF(hash));
    buf_put_str(&line, "\"}");
    if (!line.bad && audit_line_decode(buf_bytes(&line), &l, &e) == ERR_OK &&
        !hash32_eq(&l.hash, &hash))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct audit_line l;
    struct err e;

    if (audit_line_decode((struct bytes){data, size}, &l, &e) == ERR_OK && size > AUDIT_LINE_MAX)
        abort();
    hashed((struct bytes){data, size});
    whole_log(data, size);
    return 0;
}
