/* Audit lines, and a whole log made of the input. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct audit_line l;
    struct err e;

    if (audit_line_decode((struct bytes){data, size}, &l, &e) == ERR_OK && size > AUDIT_LINE_MAX)
        abort();
    whole_log(data, size);
    return 0;
}
