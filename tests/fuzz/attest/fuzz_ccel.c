/* An event log in either form, from its bytes to all that is said of it; and the ACPI table. */
#include "attest/ccel_diff.h"
#include "attest/ccel_listing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is listed can be written: text that JSON can hold, and within its bounds. */
static void list(const struct ccel_log *log)
{
    struct buf lines AUTO_CALL(buf_done) = BUF(64 * 1024 * 1024);
    struct buf text AUTO_CALL(buf_done) = BUF(64 * 1024 * 1024);
    AUTO(json) j = NULL;
    struct err e;

    ccel_log_lines(log, &lines);
    if (buf_check(&lines, &e) != ERR_OK || ccel_log_listing(log, &j, &e) != ERR_OK ||
        json_write(j, JSON_COMPACT, &text, &e) != ERR_OK)
        abort();
    for (size_t i = 0; i < lines.n; i++)
        if (lines.p[i] < 0x20 && lines.p[i] != '\n')
            abort();
}

/* The log against itself is the same; against what is left of it, it is not. */
static void compare(const struct ccel_log *log)
{
    struct ccel_log less = *log; /* borrows */
    struct ccel_diff d AUTO_CALL(ccel_diff_done) = {0};
    struct ccel_diff other AUTO_CALL(ccel_diff_done) = {0};
    struct buf lines AUTO_CALL(buf_done) = BUF(64 * 1024 * 1024);
    AUTO(json) j = NULL;
    struct err e;

    if (ccel_log_diff(log, log, &d, &e) != ERR_OK || d.n != 0)
        abort();
    if (less.n == 0)
        return;
    less.entry += less.n / 2;
    less.n -= less.n / 2;
    if (ccel_diff_listing(log, &less, &j, &e) != ERR_OK ||
        ccel_log_diff(log, &less, &other, &e) != ERR_OK)
        abort();
    for (size_t i = 0; i < other.n; i++)
        ccel_change_details(log, &less, &other.change[i], "", &lines);
    for (size_t i = 0; i < lines.n; i++)
        if (lines.p[i] < 0x20 && lines.p[i] != '\n')
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ccel_log log AUTO_CALL(ccel_log_done) = {0};
    struct bytes text = {data, size};
    struct ccel_table table;
    struct err e;

    if (ccel_table_parse(text, &table, &e) == ERR_OK && table.cc_type != CCEL_TYPE_TDX)
        abort();
    if (ccel_log_read(text, &log, &e) != ERR_OK)
        return 0;
    if (log.form == CCEL_FORM_TCG && log.end_offset > size)
        abort();
    list(&log);
    compare(&log);
    return 0;
}
