/* log - one line per event, JSON or text, to stderr.  Room: base; called only by service, cli, sim.
 *
 * Thread-safe.  Values are escaped (no control characters reach the terminal) and cut at 1 KiB.
 * There is no way to pass a secret or raw key bytes. */
#pragma once
#include "base/bytes.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_form { LOG_TEXT, LOG_JSON };

/* service goes into every JSON line. */
void log_setup(enum log_form form, enum log_level least, const char *service);

struct log_field {
    const char *key;
    enum { LOG_F_END, LOG_F_STR, LOG_F_U64, LOG_F_HEX } kind;
    const char *s;
    uint64_t u;
    struct bytes h;
};
#define LOG_STR(k, v) ((struct log_field){.key = (k), .kind = LOG_F_STR, .s = (v)})
#define LOG_U64(k, v) ((struct log_field){.key = (k), .kind = LOG_F_U64, .u = (v)})
#define LOG_HEX(k, v) ((struct log_field){.key = (k), .kind = LOG_F_HEX, .h = (v)})

void log_write(enum log_level level, const char *msg, const struct log_field *fields);
/* log_info("released", LOG_HEX("app", BYTES_OF(app)), LOG_U64("block", n)); */
#define log_fields_(...)    ((const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){.kind = LOG_F_END}})
#define log_debug(msg, ...) log_write(LOG_DEBUG, msg, log_fields_(__VA_ARGS__))
#define log_info(msg, ...)  log_write(LOG_INFO, msg, log_fields_(__VA_ARGS__))
#define log_warn(msg, ...)  log_write(LOG_WARN, msg, log_fields_(__VA_ARGS__))
#define log_error(msg, ...) log_write(LOG_ERROR, msg, log_fields_(__VA_ARGS__))
