/* Where the head ends, and the body.  The head is gathered first: each byte is judged as it comes
 * (so that a bare LF is refused at once and not awaited for ever), the lines when all are there. */
#include "net/http_parser.h"

#include "net/http_head.h"

enum {
    IN_LINE, /* of the head */
    AFTER_CR,
    BODY_BEGIN, /* the caller has seen HTTP_HEAD */
    BODY_LENGTH,
    CHUNK_SIZE,
    CHUNK_SIZE_LF,
    CHUNK_DATA,
    CHUNK_END_CR,
    CHUNK_END_LF,
    LAST_CR, /* after the chunk of size 0: no trailers */
    LAST_LF,
    COMPLETE,
    BAD,
};

#define KEEP_MAX 16384 /* memory of a body that is kept for the next one */

enum { IS_BAD, IS_TEXT, IS_CR };

/* What may stand in a head at all: visible ASCII, blank, TAB; CR before LF is seen to below. */
static const uint8_t kind_of[256] = {
    ['\t'] = IS_TEXT,
    ['\r'] = IS_CR,
    [' ' ... '~'] = IS_TEXT,
};

void http_parser_init(struct http_parser *p)
{
    memset(p, 0, sizeof *p);
    p->text = BUF(HTTP_HEAD_MAX);
    http_head_clear(&p->head);
}

void http_parser_done(struct http_parser *p)
{
    buf_done(&p->text);
    buf_done(&p->body);
}

void http_parser_next(struct http_parser *p)
{
    if (p->body.cap > KEEP_MAX)
        buf_done(&p->body);
    http_head_clear(&p->head);
    buf_clear(&p->text);
    buf_clear(&p->body);
    p->line = p->lines = 0;
    p->left = 0;
    p->body_max = 0;
    p->state = IN_LINE;
    p->digits = 0;
    p->any = false;
    p->status = 0;
    p->problem = NULL;
}

static bool refuse(struct http_parser *p, unsigned status, const char *problem)
{
    p->state = BAD;
    return http_refuse(p, status, problem);
}

/* How many bytes of in belong to the head; false when refused.  *ret_end: the head is whole. */
static bool scan_head(struct http_parser *p, struct bytes in, size_t *ret_n, bool *ret_end)
{
    size_t at = p->text.n; /* of the byte, in text */

    *ret_end = false;
    for (size_t i = 0; i < in.n; i++, at++) {
        uint8_t c = in.p[i];

        if (at == HTTP_HEAD_MAX)
            return refuse(p, 431, "the head is larger than 16 KiB");
        if (p->state == IN_LINE) {
            if (kind_of[c] == IS_TEXT)
                continue;
            if (kind_of[c] != IS_CR)
                return refuse(p, 400, "a byte that no head may hold, or LF without CR");
            p->state = AFTER_CR;
            continue;
        }
        if (c != '\n')
            return refuse(p, 400, "CR without LF");
        p->state = IN_LINE;
        if (at + 1 == p->line + 2) { /* an empty line */
            if (p->lines == 0)
                return refuse(p, 400, "an empty line in front of the request");
            *ret_n = i + 1;
            *ret_end = true;
            return true;
        }
        p->line = at + 1;
        if (++p->lines > HTTP_HEADERS_MAX + 1)
            return refuse(p, 431, "more than 100 header lines");
    }
    *ret_n = in.n;
    return true;
}

static bool store(struct http_parser *p, struct buf *b, struct bytes x)
{
    buf_put(b, x);
    return !b->bad || refuse(p, 503, "out of memory");
}

static bool feed_head(struct http_parser *p, struct bytes in, size_t *ret_n, bool *ret_end)
{
    if (!scan_head(p, in, ret_n, ret_end) || !store(p, &p->text, (struct bytes){in.p, *ret_n}))
        return false;
    if (*ret_end) {
        if (!http_head_read(p, (char *)p->text.p, p->text.n - 2))
            return refuse(p, p->status, p->problem);
        p->state = BODY_BEGIN;
    }
    return true;
}

static bool begin_body(struct http_parser *p)
{
    p->body.max = p->body_max;
    if (p->head.chunked) {
        p->state = CHUNK_SIZE;
        return true;
    }
    if (p->head.length > p->body_max)
        return refuse(p, 413, "the body is larger than this resource takes");
    p->left = p->head.length;
    p->state = p->left ? BODY_LENGTH : COMPLETE;
    return true;
}

static struct bytes take(struct bytes in, uint64_t most)
{
    return (struct bytes){in.p, in.n < most ? in.n : (size_t)most};
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool chunk_size(struct http_parser *p, uint8_t c)
{
    int digit = hex_digit(c);

    if (c == '\r' && p->digits > 0) {
        p->state = CHUNK_SIZE_LF;
        return true;
    }
    if (digit < 0 || p->digits == 8)
        return refuse(p, 400, "a chunk size is not 1 to 8 hexadecimal digits and CRLF");
    p->left = p->left << 4 | (uint64_t)digit;
    p->digits++;
    return true;
}

static bool expect(struct http_parser *p, uint8_t c, char wanted, unsigned next)
{
    if (c != wanted)
        return refuse(p, 400, "a chunk does not end where its size says, or a trailer follows");
    p->state = next;
    return true;
}

static bool chunk_begins(struct http_parser *p, uint8_t c)
{
    if (!expect(p, c, '\n', p->left ? CHUNK_DATA : LAST_CR))
        return false;
    p->digits = 0;
    if (p->left > p->body_max - p->body.n)
        return refuse(p, 413, "the body is larger than this resource takes");
    return true;
}

/* One step of the body: uses *ret_n bytes of in, which is not empty. */
static bool feed_body(struct http_parser *p, struct bytes in, size_t *ret_n)
{
    struct bytes part;
    uint8_t c = in.p[0];

    *ret_n = 1;
    switch (p->state) {
    case BODY_LENGTH:
    case CHUNK_DATA:
        part = take(in, p->left);
        *ret_n = part.n;
        p->left -= part.n;
        if (p->left == 0)
            p->state = p->state == CHUNK_DATA ? CHUNK_END_CR : COMPLETE;
        return store(p, &p->body, part);
    case CHUNK_SIZE:
        return chunk_size(p, c);
    case CHUNK_SIZE_LF:
        return chunk_begins(p, c);
    case CHUNK_END_CR:
        return expect(p, c, '\r', CHUNK_END_LF);
    case CHUNK_END_LF:
        return expect(p, c, '\n', CHUNK_SIZE);
    case LAST_CR:
        return expect(p, c, '\r', LAST_LF);
    default:
        return expect(p, c, '\n', COMPLETE);
    }
}

enum http_progress http_parser_feed(struct http_parser *p, struct bytes in, size_t *ret_used)
{
    size_t used = 0, n = 0;
    bool end = false, fine = true;

    *ret_used = 0;
    if (p->state == BAD)
        return HTTP_BAD;
    if (p->state <= AFTER_CR) {
        if (in.n == 0)
            return HTTP_MORE;
        p->any = true;
        if (!feed_head(p, in, ret_used, &end))
            return HTTP_BAD;
        return end ? HTTP_HEAD : HTTP_MORE;
    }
    if (p->state == BODY_BEGIN)
        fine = begin_body(p);
    while (fine && p->state != COMPLETE && used < in.n) {
        fine = feed_body(p, (struct bytes){in.p + used, in.n - used}, &n);
        used += n;
    }
    *ret_used = used;
    if (!fine)
        return HTTP_BAD;
    return p->state == COMPLETE ? HTTP_COMPLETE : HTTP_MORE;
}
