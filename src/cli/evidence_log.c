#include "cli/evidence_log.h"

#include <sys/stat.h>
#include "attest/ccel_diff.h"
#include "attest/ccel_listing.h"
#include "attest/ccel_text.h"
#include "attest/evidence.h"
#include "base/codec.h"
#include "cli/files.h"

#define FILE_MAX  2097152
#define LINES_MAX (64 * 1024 * 1024)

/* A log as people have it: the bytes of CCEL, the JSON array of dstack, the evidence object with
 * "event_log", or dstack's report {"quote": hex, "event_log": JSON text}; with its quote, if it
 * came with one. */
struct log_file {
    struct buf text; /* the log: what `log` borrows */
    struct buf quote;
    struct ccel_log log;
};

static void log_file_done(struct log_file *f)
{
    ccel_log_done(&f->log);
    buf_done(&f->text);
    buf_done(&f->quote);
}

static enum err_code from_report(struct bytes data, struct log_file *ret, struct err *e)
{
    AUTO(json) tree = NULL;
    const char *log, *quote;

    TRY(json_parse_foreign(data, FILE_MAX, &tree, e));
    if (!json_has(tree, "event_log"))
        return err_set(e, ERR_INVALID, "a JSON object without \"event_log\"");
    TRY(json_get_str(tree, "event_log", CCEL_JSON_MAX, &log, e));
    buf_put_str(&ret->text, log);
    if (json_has(tree, "quote")) {
        TRY(json_get_str(tree, "quote", 2 * QUOTE_MAX, &quote, e));
        TRY_IN(e, hex_decode_buf(bytes_of_str(quote), &ret->quote, e), "quote");
    }
    return buf_check(&ret->text, e);
}

static enum err_code from_object(struct bytes data, struct log_file *ret, struct err *e)
{
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    struct err ignored;

    if (evidence_decode(data, &ev, &ignored) != ERR_OK)
        return from_report(data, ret, e);
    if (ev.event_log.n == 0)
        return err_set(e, ERR_INVALID, "the evidence holds no event log");
    buf_put(&ret->text, buf_bytes(&ev.event_log));
    buf_put(&ret->quote, buf_bytes(&ev.quote));
    return buf_check(&ret->text, e);
}

static enum err_code log_of(struct bytes data, const char *path, struct log_file *ret,
                            struct err *e)
{
    ret->text = BUF(FILE_MAX);
    ret->quote = BUF(QUOTE_MAX);
    if (data.n > 0 && data.p[0] == '{')
        TRY_IN(e, from_object(data, ret, e), "%s", path);
    else
        buf_put(&ret->text, data);
    TRY(buf_check(&ret->text, e));
    TRY(buf_check(&ret->quote, e));
    TRY_IN(e, ccel_log_read(buf_bytes(&ret->text), &ret->log, e), "%s", path);
    return ERR_OK;
}

static enum err_code read_log(const char *path, struct log_file *ret, struct err *e)
{
    struct buf data AUTO_CALL(buf_done) = BUF(FILE_MAX);

    TRY(cli_read(path, &data, e));
    return log_of(buf_bytes(&data), path, ret, e);
}

/* A log, and nothing that is more than one: evidence has its log shown with all else. */
static bool is_log(struct bytes data)
{
    static const char signature[] = "Spec ID Event03"; /* of the first event, behind 32 bytes */
    struct log_file report AUTO_CALL(log_file_done) = {.text = BUF(FILE_MAX),
                                                       .quote = BUF(QUOTE_MAX)};
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    struct err ignored;

    if (data.n > 0 && data.p[0] == '[')
        return true;
    if (data.n > 0 && data.p[0] == '{')
        return evidence_decode(data, &ev, &ignored) != ERR_OK &&
               from_report(data, &report, &ignored) == ERR_OK;
    return data.n >= 32 + sizeof signature && memcmp(data.p + 32, signature, sizeof signature) == 0;
}

/* ---- whose registers ---- */

/* The bytes of a quote in a file: as they are, or in an object. */
static enum err_code read_quote(const char *path, struct buf *ret, struct err *e)
{
    struct buf data AUTO_CALL(buf_done) = BUF(EVIDENCE_JSON_MAX);
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    struct log_file report AUTO_CALL(log_file_done) = {.text = BUF(FILE_MAX),
                                                       .quote = BUF(QUOTE_MAX)};
    struct err ignored;

    TRY(cli_read(path, &data, e));
    if (data.n == 0 || data.p[0] != '{')
        buf_put(ret, buf_bytes(&data));
    else if (evidence_decode(buf_bytes(&data), &ev, &ignored) == ERR_OK)
        buf_put(ret, buf_bytes(&ev.quote));
    else if (from_report(buf_bytes(&data), &report, &ignored) == ERR_OK)
        buf_put(ret, buf_bytes(&report.quote));
    else
        return err_set(e, ERR_INVALID, "%s: JSON that holds no quote", path);
    return buf_check(ret, e);
}

static enum err_code td_of_quote(struct bytes bytes, struct measurements *ret, struct err *e)
{
    enum attest_fault fault;
    struct quote quote;

    TRY(quote_parse(bytes, &quote, &fault, e));
    measurements_of_td(&quote.td, ret);
    return ERR_OK;
}

/* Those of --quote (a quote, or measurements in JSON), else of the quote that came with the log. */
static enum err_code expected(const char *path, const struct log_file *f, struct measurements *ret,
                              bool *ret_any, struct err *e)
{
    struct buf quote AUTO_CALL(buf_done) = BUF(EVIDENCE_JSON_MAX);
    struct err ignored;

    *ret_any = path != NULL || f->quote.n > 0;
    if (!path)
        return f->quote.n > 0 ? td_of_quote(buf_bytes(&f->quote), ret, e) : ERR_OK;
    if (cli_measurements(path, ret, &ignored) == ERR_OK) {
        if (ret->kind == TEE_TDX)
            return ERR_OK;
        return err_set(e, ERR_INVALID, "--quote %s: measurements without RTMRs", path);
    }
    TRY_IN(e, read_quote(path, &quote, e), "--quote");
    TRY_IN(e, td_of_quote(buf_bytes(&quote), ret, e), "--quote %s", path);
    return ERR_OK;
}

static enum err_code put_comparison(const struct ccel_log *log, const struct measurements *m,
                                    json *to, struct err *e)
{
    static const char *const members[CCEL_RTMRS] = {"rtmr0", "rtmr1", "rtmr2", "rtmr3"};
    struct ccel_replay replay;
    bool same[CCEL_RTMRS], all;
    AUTO(json) node = NULL;

    ccel_log_replay(log, &replay);
    all = ccel_replay_matches(&replay, m->rtmr, same);
    TRY(json_new_object(&node, e));
    for (size_t i = 0; i < CCEL_RTMRS; i++)
        TRY(json_put_bool(node, members[i], same[i], e));
    TRY(json_put(to, "quote_matches", TAKE(node), e));
    return json_put_bool(to, "matches", all, e);
}

/* ---- log ---- */

static enum err_code print_lines(const struct buf *lines, struct err *e)
{
    TRY(buf_check(lines, e));
    fwrite(lines->p, 1, lines->n, stdout);
    if (fflush(stdout) != 0)
        return err_set(e, ERR_IO, "the output could not be written");
    return ERR_OK;
}

/* What is shown under the lines: everything but the events. */
static enum err_code put_summary(const struct ccel_log *log, json *to, struct err *e)
{
    static const char *const members[CCEL_RTMRS] = {"rtmr0", "rtmr1", "rtmr2", "rtmr3"};
    struct ccel_finding all[CCEL_FINDINGS_SHOWN];
    struct ccel_replay replay;
    AUTO(json) node = NULL;
    size_t n = ccel_log_findings(log, all, CCEL_FINDINGS_SHOWN);

    ccel_log_replay(log, &replay);
    for (size_t i = 0; i < CCEL_RTMRS; i++)
        TRY(json_put_hex(to, members[i], BYTES(replay.rtmr[i]), e));
    TRY(json_new_object(&node, e));
    for (size_t i = 0; i < n && i < CCEL_FINDINGS_SHOWN; i++) {
        struct buf text AUTO_CALL(buf_done) = BUF(512);
        char name[48];

        snprintf(name, sizeof name, "%zu %s", i + 1, ccel_fault_name(all[i].fault));
        ccel_finding_text(log, &all[i], &text);
        TRY(buf_check(&text, e));
        TRY(json_put_str(node, name, buf_cstr(&text), e));
    }
    return n ? json_put(to, "findings", TAKE(node), e) : ERR_OK;
}

/* quote: a file, or NULL. */
static enum err_code tell(const struct cli_args *a, const struct log_file *f, const char *quote,
                          struct err *e)
{
    struct measurements m;
    AUTO(json) result = NULL;
    bool compare = false;

    TRY(expected(quote, f, &m, &compare, e));
    if (a->json) {
        TRY(ccel_log_listing(&f->log, &result, e));
    } else {
        struct buf lines AUTO_CALL(buf_done) = BUF(LINES_MAX);

        ccel_log_lines(&f->log, &lines);
        TRY(print_lines(&lines, e));
        TRY(json_new_object(&result, e));
        TRY(put_summary(&f->log, result, e));
    }
    if (compare)
        TRY(put_comparison(&f->log, &m, result, e));
    TRY(cli_print(a, result, e));
    return compare ? ccel_log_verify(&f->log, m.rtmr, e) : ERR_OK;
}

enum err_code evidence_log(const struct cli_args *a, struct err *e)
{
    struct log_file f AUTO_CALL(log_file_done) = {0};

    TRY(read_log(a->positional[0], &f, e));
    return tell(a, &f, cli_value(a, "quote"), e);
}

enum err_code evidence_log_show(const struct cli_args *a, bool *ret_shown, struct err *e)
{
    struct log_file f AUTO_CALL(log_file_done) = {0};
    struct buf data AUTO_CALL(buf_done) = BUF(FILE_MAX);
    const char *path = a->positional[0];
    struct err ignored;
    struct stat st;

    *ret_shown = false;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || cli_read(path, &data, &ignored) != ERR_OK ||
        !is_log(buf_bytes(&data)))
        return ERR_OK;
    *ret_shown = true;
    TRY(log_of(buf_bytes(&data), path, &f, e));
    return tell(a, &f, NULL, e);
}

const struct cli_option evidence_log_options[] = {
    {"quote", "FILE",
     "quote, evidence or measurements that the replay must give; then findings refuse", NULL,
     CLI_OPTIONAL},
    {.name = NULL},
};

/* ---- log-diff ---- */

static void put_change_lines(const struct log_file *old, const struct log_file *new,
                             const struct ccel_diff *d, uint32_t index, struct buf *out)
{
    for (size_t i = 0; i < d->n; i++) {
        const struct ccel_change *c = &d->change[i];
        const struct ccel_log *log = c->before != CCEL_NOT_AN_EVENT ? &old->log : &new->log;
        size_t at = c->before != CCEL_NOT_AN_EVENT ? c->before : c->after;

        if (c->index != index)
            continue;
        buf_printf(out, "  %-7s  ", ccel_change_name(c->kind));
        ccel_put_type(out, log->entry[at].type);
        buf_put_str(out, "  ");
        ccel_change_text(&old->log, &new->log, c, out);
        buf_put_u8(out, '\n');
    }
}

static void put_register_lines(const struct log_file *old, const struct log_file *new,
                               const struct ccel_diff *d, uint32_t index, struct buf *out)
{
    size_t before = d->first_before[index], after = d->first_after[index];

    buf_put_str(out, ccel_register_name(index));
    if (before == CCEL_NOT_AN_EVENT && after == CCEL_NOT_AN_EVENT) {
        buf_put_str(out, ": the same\n");
        return;
    }
    buf_put_str(out, ": they part at ");
    if (before == CCEL_NOT_AN_EVENT)
        buf_put_str(out, "the end of the old log");
    else
        buf_printf(out, "event %zu of the old log", before + 1);
    if (after == CCEL_NOT_AN_EVENT)
        buf_put_str(out, ", the end of the new one\n");
    else
        buf_printf(out, ", event %zu of the new one\n", after + 1);
    put_change_lines(old, new, d, index, out);
}

enum err_code evidence_log_diff(const struct cli_args *a, struct err *e)
{
    struct log_file old AUTO_CALL(log_file_done) = {0};
    struct log_file new AUTO_CALL(log_file_done) = {0};
    struct ccel_diff d AUTO_CALL(ccel_diff_done) = {0};
    struct buf lines AUTO_CALL(buf_done) = BUF(LINES_MAX);
    AUTO(json) result = NULL;

    TRY(read_log(a->positional[0], &old, e));
    TRY(read_log(a->positional[1], &new, e));
    if (a->json) {
        TRY(ccel_diff_listing(&old.log, &new.log, &result, e));
        return cli_print(a, result, e);
    }
    TRY(ccel_log_diff(&old.log, &new.log, &d, e));
    for (uint32_t index = 0; index <= CCEL_INDEX_MAX; index++)
        put_register_lines(&old, &new, &d, index, &lines);
    return print_lines(&lines, e);
}
