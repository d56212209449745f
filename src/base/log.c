#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"

#define VALUE_MAX 1024
#define LINE_MAX_ (64 * 1024)

static struct {
    pthread_mutex_t lock;
    enum log_form form;
    enum log_level least;
    const char *service;
} state = {PTHREAD_MUTEX_INITIALIZER, LOG_TEXT, LOG_INFO, "teereg"};

void log_setup(enum log_form form, enum log_level least, const char *service)
{
    pthread_mutex_lock(&state.lock);
    state.form = form;
    state.least = least;
    state.service = service;
    pthread_mutex_unlock(&state.lock);
}

static const char *level_name(enum log_level level)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};

    return names[level];
}

static struct bytes cut(struct bytes b, size_t max)
{
    return (struct bytes){b.p, b.n < max ? b.n : max};
}

static struct bytes str_of(const char *s)
{
    return cut(bytes_of_str(s ? s : ""), VALUE_MAX);
}

/* In text a value that is one plain word stands without quotes. */
static bool is_word(struct bytes s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '"' || s.p[i] == '\\' || s.p[i] == '=')
            return false;
    }
    return s.n > 0;
}

static void put_value(struct buf *line, enum log_form form, const struct log_field *f)
{
    struct bytes s = f->kind == LOG_F_STR ? str_of(f->s) : (struct bytes){0};
    bool quoted = form == LOG_JSON || (f->kind == LOG_F_STR && !is_word(s));

    if (f->kind == LOG_F_U64) {
        buf_printf(line, "%" PRIu64, f->u);
    } else if (f->kind == LOG_F_HEX) {
        buf_put_str(line, quoted ? "\"" : "");
        hex_put(line, cut(f->h, VALUE_MAX / 2));
        buf_put_str(line, quoted ? "\"" : "");
    } else if (quoted) {
        json_put_quoted(line, s);
    } else {
        buf_put(line, s);
    }
}

static void put_json(struct buf *line, const char *time, enum log_level level, const char *msg,
                     const struct log_field *fields)
{
    buf_printf(line, "{\"time\":\"%s\",\"level\":\"%s\",\"service\":", time, level_name(level));
    json_put_quoted(line, str_of(state.service));
    buf_put_str(line, ",\"msg\":");
    json_put_quoted(line, str_of(msg));
    for (; fields->kind != LOG_F_END; fields++) {
        buf_put_u8(line, ',');
        json_put_quoted(line, str_of(fields->key));
        buf_put_u8(line, ':');
        put_value(line, LOG_JSON, fields);
    }
    buf_put_str(line, "}\n");
}

/* msg without the quotes that json_put_quoted puts around it: the first thing of a text line that a
 * person reads. */
static void put_msg(struct buf *line, const char *msg)
{
    struct buf quoted AUTO_CALL(buf_done) = BUF(8 * VALUE_MAX);

    json_put_quoted(&quoted, str_of(msg));
    if (!quoted.bad)
        buf_put(line, (struct bytes){quoted.p + 1, quoted.n - 2});
}

static void put_text(struct buf *line, const char *time, enum log_level level, const char *msg,
                     const struct log_field *fields)
{
    buf_printf(line, "%s %-5s ", time, level_name(level));
    put_msg(line, msg);
    for (; fields->kind != LOG_F_END; fields++) {
        buf_printf(line, " %s=", fields->key);
        put_value(line, LOG_TEXT, fields);
    }
    buf_put_u8(line, '\n');
}

static void write_line(struct bytes line)
{
    while (line.n > 0) {
        ssize_t put = write(STDERR_FILENO, line.p, line.n);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return; /* there is nowhere left to say it */
        line = (struct bytes){line.p + put, line.n - (size_t)put};
    }
}

void log_write(enum log_level level, const char *msg, const struct log_field *fields)
{
    struct buf line AUTO_CALL(buf_done) = BUF(LINE_MAX_);
    int before = errno; /* a log line between a call and a look at errno changes nothing */
    char time[21];

    clock_format(clock_unix(&clock_system), time);
    pthread_mutex_lock(&state.lock);
    if (level >= state.least) {
        if (state.form == LOG_JSON)
            put_json(&line, time, level, msg, fields);
        else
            put_text(&line, time, level, msg, fields);
        write_line(line.bad ? bytes_of_str("a log line was too long\n") : buf_bytes(&line));
    }
    pthread_mutex_unlock(&state.lock);
    errno = before;
}
