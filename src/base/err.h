/* err - one error value that travels up with its story.  Room: base.
 *
 * A function that can fail returns an err_code and takes, last, a struct err on the caller's stack.
 * Outputs are written only on success.  A message may name what was found and what was expected;
 * it never holds a secret.  service/http_status maps codes to HTTP, cli/exit_code to exit codes. */
#pragma once
#include <stdarg.h>
#include <stddef.h>

enum err_code {
    ERR_OK = 0,
    ERR_NOMEM,     /* out of memory or of secure memory */
    ERR_INVALID,   /* the bytes or arguments are malformed */
    ERR_TOO_LARGE, /* a bound on size, count or depth was passed */
    ERR_DENIED,    /* well formed and verified, but policy says no */
    ERR_NOT_FOUND,
    ERR_LOCKED,   /* this node holds no root key (yet), or is not ready */
    ERR_BUSY,     /* a rate or queue limit: try again later */
    ERR_VERIFY,   /* a signature, hash, proof or binding does not hold */
    ERR_UPSTREAM, /* a node, storage or peer answered wrongly or not at all */
    ERR_TIMEOUT,  /* a deadline passed */
    ERR_IO,       /* the local system: files, sockets, entropy */
    ERR_USAGE,    /* the command line asks for nothing that can be done; nothing was done */
    ERR_INTERNAL, /* a bug here */
};

struct err {
    enum err_code code;
    char msg[1024];
};

#define MUST_CHECK        __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* Set and return the code, so that a failure is one line: return err_set(e, ERR_INVALID, "..."); */
enum err_code err_set(struct err *e, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Put context in front of what is already there ("fetch quote: connect: timed out"). */
enum err_code err_wrap(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A short constant name of a code, for logs and JSON: "denied", "timeout", ... */
const char *err_name(enum err_code code);

/* Propagate.  Legal only because every owned local is AUTO(...), so return == clean up. */
#define TRY(expr)                                                                                  \
    do {                                                                                           \
        enum err_code try_ = (expr);                                                               \
        if (try_ != ERR_OK)                                                                        \
            return try_;                                                                           \
    } while (0)

/* Propagate with context in front. */
#define TRY_IN(e, expr, ...)                                                                       \
    do {                                                                                           \
        if ((expr) != ERR_OK)                                                                      \
            return err_wrap(e, __VA_ARGS__);                                                       \
    } while (0)
