/* http_parser - HTTP/1.1 requests, byte by byte, strictly.  Room: net.
 *
 * Source: RFC 9112 and 9110; where those let a server choose, it refuses.  Total: any input at any
 * split gives the same result.  Refused with 400 unless noted:
 *   - a version other than HTTP/1.1 and HTTP/1.0 (505), a method that is not 1..16 upper-case
 * letters
 *   - a target that is not in origin form; in the path: anything but RFC 3986 pchar without '%',
 *     an empty segment before the last, '.' and '..' segments; in the query a bad %-escape, or %00
 *   - a line that ends in LF alone, CR elsewhere than before LF, NUL, control characters (TAB is a
 *     blank in values), bytes >= 0x80, folded lines, blanks before the colon, empty names
 *   - not exactly one Host, or one with other bytes than a host and port have
 *   - Content-Length that is no plain number, or twice; Transfer-Encoding other than one `chunked`,
 *     together with Content-Length, or in HTTP/1.0
 *   - chunk sizes that are not 1..8 hex digits; chunk extensions; trailers
 *   - a head over 16 KiB or 100 header lines (431); a body over body_max (413); Expect other than
 *     100-continue (417) */
#pragma once
#include "base/buf.h"

#define HTTP_HEAD_MAX    16384
#define HTTP_HEADERS_MAX 100

struct http_header {
    const char *name, *value;
};

/* NUL-terminated views into the parser's memory; none holds a NUL of its own. */
struct http_head {
    const char *method;
    const char *path;                             /* begins with '/', nothing to decode */
    const char *query;                            /* raw, without '?'; empty when none */
    struct http_header headers[HTTP_HEADERS_MAX]; /* names as sent: compare without case */
    size_t n_headers;
    bool http_1_0;
    bool keep_alive;      /* what the client wants */
    bool expect_continue; /* wants "100 Continue" before it sends the body */
    bool has_length, chunked;
    uint64_t length; /* Content-Length */
};

enum http_progress {
    HTTP_MORE,     /* all was used; more is needed */
    HTTP_HEAD,     /* once per request: head is valid; the caller may set body_max; go on feeding */
    HTTP_COMPLETE, /* head and body are valid until http_parser_next; the rest was not used */
    HTTP_BAD,      /* answer status and close: nothing after this can be trusted */
};

struct http_parser {
    struct http_head head;
    struct buf body;
    size_t body_max;     /* in force from HTTP_HEAD on */
    unsigned status;     /* HTTP_BAD: 400, 413, 417, 431, 505, or 503 for want of memory */
    const char *problem; /* HTTP_BAD: one constant sentence */
    /* own */
    struct buf text; /* the head as it came, later with NULs for the ends of names and values */
    size_t line;     /* where the current line of text begins */
    size_t lines;    /* that have ended */
    uint64_t left;   /* of the body or of the chunk */
    unsigned state, digits;
    bool any;
};

void http_parser_init(struct http_parser *p);
void http_parser_done(struct http_parser *p); /* frees */
/* Forget the finished request. */
void http_parser_next(struct http_parser *p);
/* Whether a byte of a request has been seen (an idle connection has none). */
static inline bool http_parser_started(const struct http_parser *p)
{
    return p->any;
}
/* Uses the first *ret_used bytes of in. */
enum http_progress http_parser_feed(struct http_parser *p, struct bytes in, size_t *ret_used);

/* NULL when there is none; of several, the first.  Prefer http_request_header, which refuses two.
 */
const char *http_head_find(const struct http_head *h, const char *name);
