/* The request parser: whatever comes, however it is split, the result is one and the same.  The
 * first byte of the input says how wide the pieces are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "net/http_parser.h"

#define BODY_MAX 4096

static void expect(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "fuzz_http: %s\n", what);
        abort();
    }
}

/* What a parse came to, in bytes that can be compared. */
struct outcome {
    enum http_progress last;
    unsigned requests, status;
    size_t used;
    struct buf seen; /* heads and bodies, one after the other */
};

static void note(struct outcome *o, const struct http_parser *p)
{
    const struct http_head *h = &p->head;

    buf_printf(&o->seen, "%s %s?%s %d%d%d%d%d %llu\n", h->method, h->path, h->query, h->http_1_0,
               h->keep_alive, h->expect_continue, h->has_length, h->chunked,
               (unsigned long long)h->length);
    for (size_t i = 0; i < h->n_headers; i++)
        buf_printf(&o->seen, "%s: %s\n", h->headers[i].name, h->headers[i].value);
    expect(h->path[0] == '/' && strlen(h->method) <= 16, "a head that should be refused");
    expect(!(h->chunked && h->has_length), "Content-Length with Transfer-Encoding");
}

static struct outcome parse(const uint8_t *data, size_t size, size_t width)
{
    struct outcome o = {.last = HTTP_MORE, .seen = BUF(1 << 20)};
    struct http_parser p;
    size_t at = 0;

    http_parser_init(&p);
    while (o.last != HTTP_BAD && (at < size || o.last == HTTP_HEAD)) {
        size_t n = size - at < width ? size - at : width, used = 0;

        o.last = http_parser_feed(&p, (struct bytes){data + at, n}, &used);
        expect(used <= n, "more was used than there was");
        at += used;
        if (o.last == HTTP_MORE)
            expect(used == n, "bytes were left although more is needed");
        if (o.last == HTTP_HEAD) {
            note(&o, &p);
            p.body_max = BODY_MAX;
        }
        if (o.last == HTTP_COMPLETE) {
            expect(p.body.n <= BODY_MAX, "a body over its maximum");
            buf_put(&o.seen, buf_bytes(&p.body));
            o.requests++;
            http_parser_next(&p);
        }
    }
    o.status = o.last == HTTP_BAD ? p.status : 0;
    o.used = o.last == HTTP_BAD ? 0 : at; /* how much of the last piece was looked at is not said */
    expect(o.last != HTTP_BAD || (p.status >= 400 && p.problem), "refused without a reason");
    http_parser_done(&p);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome whole, cut;
    size_t width;

    if (size == 0)
        return 0;
    width = (size_t)data[0] + 1;
    data++;
    size--;
    whole = parse(data, size, size ? size : 1);
    cut = parse(data, size, width);
    expect(whole.requests == cut.requests && whole.status == cut.status && whole.used == cut.used &&
               bytes_eq(buf_bytes(&whole.seen), buf_bytes(&cut.seen)),
           "the split changes the result");
    expect((whole.last == HTTP_BAD) == (cut.last == HTTP_BAD), "the split changes the verdict");
    buf_done(&whole.seen);
    buf_done(&cut.seen);
    return 0;
}
