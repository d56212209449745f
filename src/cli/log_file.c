#include "cli/log_file.h"

#include <ctype.h>
#include "base/codec.h"
#include "cli/exhibit.h"
#include "cli/files.h"

#define WRAPPED_MAX 3 /* a JSON string of base64 of an array is the most that was met */

void log_file_done(struct log_file *f)
{
    ccel_log_done(&f->log);
    buf_done(&f->text);
    buf_done(&f->quote);
}

/* ---- text that stands for bytes ---- */

/* Lines of `base64` and of hex dumps are one text. */
static void put_unspaced(struct bytes data, struct buf *out)
{
    for (size_t i = 0; i < data.n; i++)
        if (!data.p[i] || !strchr(" \t\r\n", data.p[i]))
            buf_put_u8(out, data.p[i]);
}

static bool all_of(struct bytes text, const char *more, int (*is)(int))
{
    for (size_t i = 0; i < text.n; i++)
        if (!is(text.p[i]) && (!text.p[i] || !strchr(more, text.p[i])))
            return false;
    return text.n > 0;
}

static enum err_code from_hex_or_base64(struct bytes text, struct buf *ret, struct err *e)
{
    if (text.n > 2 && text.p[0] == '0' && text.p[1] == 'x')
        text = (struct bytes){text.p + 2, text.n - 2};
    if (all_of(text, "", isxdigit))
        return hex_decode_buf(text, ret, e);
    if (all_of(text, "+/=", isalnum))
        return base64_decode(text, ret, e);
    if (all_of(text, "-_", isalnum))
        return base64url_decode(text, ret, e);
    return err_set(e, ERR_NOT_FOUND, "no hex and no base64");
}

/* What a layer of text around a log holds; ERR_NOT_FOUND: there is none. */
static enum err_code unwrap_once(struct bytes data, struct buf *ret, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(LOG_FILE_MAX);
    AUTO(json) tree = NULL;

    if (cli_first_byte(data) == '"') {
        TRY(json_parse_foreign(data, LOG_FILE_MAX, &tree, e));
        buf_put_str(ret, json_str(tree));
        return buf_check(ret, e);
    }
    put_unspaced(data, &text);
    TRY(buf_check(&text, e));
    return from_hex_or_base64(buf_bytes(&text), ret, e);
}

static bool begins_tcg(struct bytes data)
{
    static const char signature[] = "Spec ID Event03"; /* of the first event, behind 32 bytes */

    return data.n >= 32 + sizeof signature && memcmp(data.p + 32, signature, sizeof signature) == 0;
}

static bool begins_log(struct bytes data)
{
    return begins_tcg(data) || cli_first_byte(data) == '[';
}

/* data or what it holds under layers of text, in ret. */
static enum err_code unwrap(struct bytes data, struct buf *ret, struct err *e)
{
    buf_clear(ret);
    buf_put(ret, data);
    for (size_t i = 0; i < WRAPPED_MAX && !begins_log(buf_bytes(ret)); i++) {
        struct buf inner AUTO_CALL(buf_done) = BUF(LOG_FILE_MAX);
        enum err_code code = unwrap_once(buf_bytes(ret), &inner, e);

        if (code == ERR_NOT_FOUND)
            break;
        TRY(code);
        buf_clear(ret);
        buf_put(ret, buf_bytes(&inner));
    }
    return buf_check(ret, e);
}

/* What is often taken for a log has a name of its own. */
static enum err_code refuse_others(struct bytes data, struct err *e)
{
    static const uint8_t marks[][2] = {{0xef, 0xbb}, {0xff, 0xfe}, {0xfe, 0xff}};
    static const char table[] = {'C', 'C', 'E', 'L'};

    if (cli_first_byte(data) == 0 && bytes_all_zero(data))
        return err_set(e, ERR_INVALID, "an event log without a byte in it");
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (data.n > 3 && memcmp(data.p, marks[i], 2) == 0)
            return err_set(e, ERR_INVALID,
                           "it begins with a byte order mark; save it as UTF-8 without one");
    if (data.n > sizeof table && memcmp(data.p, table, sizeof table) == 0)
        return err_set(e, ERR_INVALID,
                       "the ACPI table CCEL, which says where the log is; the log itself is in "
                       "/sys/firmware/acpi/tables/data/CCEL");
    return ERR_OK;
}

/* ---- objects ---- */

static enum err_code put_member(const json *tree, struct buf *ret, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(CCEL_JSON_MAX);
    const json *node = NULL;

    TRY(json_get(tree, "event_log", &node, e));
    if (json_is_array(node))
        return json_write(node, JSON_COMPACT, ret, e);
    if (!json_str(node))
        return err_set(e, ERR_INVALID, "event_log: expected text or an array of events");
    buf_put_str(&text, json_str(node));
    TRY(buf_check(&text, e));
    TRY_IN(e, unwrap(buf_bytes(&text), ret, e), "event_log");
    return ERR_OK;
}

static enum err_code from_report(struct bytes data, struct log_file *ret, struct err *e)
{
    AUTO(json) tree = NULL;
    const char *quote;

    TRY(json_parse_foreign(data, LOG_FILE_MAX, &tree, e));
    if (!json_has(tree, "event_log"))
        return err_set(e, ERR_INVALID, "a JSON object without \"event_log\"");
    TRY(put_member(tree, &ret->text, e));
    if (json_has(tree, "quote")) {
        TRY(json_get_str(tree, "quote", 2 * QUOTE_MAX + 2, &quote, e));
        if (strncmp(quote, "0x", 2) == 0)
            quote += 2;
        TRY_IN(e, hex_decode_buf(bytes_of_str(quote), &ret->quote, e), "quote");
    }
    return buf_check(&ret->quote, e);
}

static bool is_evidence(struct bytes data, struct exhibit *ret)
{
    struct err ignored;

    return exhibit_of(data, "evidence", ret, &ignored) == ERR_OK;
}

static enum err_code from_object(struct bytes data, struct log_file *ret, struct err *e)
{
    struct exhibit x AUTO_CALL(exhibit_done) = {0};

    if (!is_evidence(data, &x))
        return from_report(data, ret, e);
    if (x.event_log.n == 0)
        return err_set(e, ERR_INVALID, "the evidence holds no event log");
    buf_put(&ret->text, buf_bytes(&x.event_log));
    buf_put(&ret->quote, exhibit_quote(&x));
    return buf_check(&ret->quote, e);
}

/* ---- the whole ---- */

static enum err_code read_bytes(struct bytes data, struct log_file *ret, struct err *e)
{
    ret->text = BUF(LOG_FILE_MAX);
    ret->quote = BUF(QUOTE_MAX);
    TRY(refuse_others(data, e));
    if (cli_first_byte(data) == '{')
        TRY(from_object(data, ret, e));
    else
        TRY(unwrap(data, &ret->text, e));
    TRY(buf_check(&ret->text, e));
    return refuse_others(buf_bytes(&ret->text), e);
}

enum err_code log_file_of(struct bytes data, const char *path, struct log_file *ret, struct err *e)
{
    TRY_IN(e, read_bytes(data, ret, e), "%s", path);
    TRY_IN(e, ccel_log_read(buf_bytes(&ret->text), &ret->log, e), "%s", path);
    return ERR_OK;
}

enum err_code log_file_read(const char *path, struct log_file *ret, struct err *e)
{
    struct buf data AUTO_CALL(buf_done) = BUF(LOG_FILE_MAX);

    TRY(cli_read(path, &data, e));
    return log_file_of(buf_bytes(&data), path, ret, e);
}

bool log_file_is_log(struct bytes data)
{
    struct log_file f AUTO_CALL(log_file_done) = {0};
    struct exhibit x AUTO_CALL(exhibit_done) = {0};
    struct err ignored;

    if (cli_first_byte(data) == '{' && is_evidence(data, &x))
        return false;
    return read_bytes(data, &f, &ignored) == ERR_OK && begins_log(buf_bytes(&f.text));
}

enum err_code log_file_bytes(const char *path, struct buf *ret, struct err *e)
{
    struct buf data AUTO_CALL(buf_done) = BUF(LOG_FILE_MAX);
    struct log_file f AUTO_CALL(log_file_done) = {0};
    struct err ignored;

    TRY(cli_read(path, &data, e));
    if (read_bytes(buf_bytes(&data), &f, &ignored) == ERR_OK)
        buf_put(ret, buf_bytes(&f.text));
    else
        buf_put(ret, buf_bytes(&data));
    return buf_check(ret, e);
}

enum err_code log_file_quote(const char *path, struct buf *ret, struct err *e)
{
    struct buf data AUTO_CALL(buf_done) = BUF(LOG_FILE_MAX);
    struct log_file report AUTO_CALL(log_file_done) = {.text = BUF(LOG_FILE_MAX),
                                                       .quote = BUF(QUOTE_MAX)};
    struct exhibit x AUTO_CALL(exhibit_done) = {0};
    struct err ignored;

    TRY(cli_read(path, &data, e));
    if (is_evidence(buf_bytes(&data), &x))
        buf_put(ret, exhibit_quote(&x));
    else if (from_report(buf_bytes(&data), &report, &ignored) == ERR_OK && report.quote.n > 0)
        buf_put(ret, buf_bytes(&report.quote));
    else
        return err_set(e, ERR_INVALID, "%s: no quote is in it", path);
    return buf_check(ret, e);
}
