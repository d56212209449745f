/* GET {url}/attest/{128 hex}: the way of the reference's remote provider.  Built into development
 * builds alone. */
#include "attest/provider.h"

#include <stdio.h>
#include "attest/evidence.h"
#include "attest/quote.h"
#include "base/codec.h"
#include "base/uri.h"
#include "net/http_client.h"

struct remote {
    char url[URI_MAX];
};

static enum err_code quote(void *self, const struct report_data *rd, struct buf *ret, struct err *e)
{
    static const struct http_client_config config = {
        .allow_http = true,
        .allow_private = true,
        .body_max = QUOTE_MAX,
    };
    const struct remote *r = self;
    struct http_answer answer AUTO_CALL(http_answer_done) = {0};
    AUTO(http_client) client = NULL; /* one per call: a client belongs to one thread */
    char hex[HEX_LEN(64)], url[URI_MAX + 160];

    hex_encode(BYTES(rd->b), hex);
    snprintf(url, sizeof url, "%s/attest/%s", r->url, hex);
    TRY(http_client_new(&config, &client, e));
    TRY(http_client_do(client, &(struct http_call){.url = url}, &answer, e));
    if (answer.status != 200)
        return err_set(e, ERR_UPSTREAM, "%s: status %u, expected 200", r->url, answer.status);
    buf_put(ret, buf_bytes(&answer.body));
    return buf_check(ret, e);
}

enum err_code provider_remote(const char *url, quote_provider **ret, struct err *e)
{
    AUTO(quote_provider) p = calloc(1, sizeof *p);
    struct remote *r = calloc(1, sizeof *r);
    struct uri u;
    size_t n;

    if (p)
        *p = (quote_provider){quote, free, r, EVIDENCE_TYPE_TDX, "remote"};
    if (!p || !r) {
        if (!p)
            free(r);
        return err_set(e, ERR_NOMEM, "provider of quotes");
    }
    TRY_IN(e, uri_parse(bytes_of_str(url), &u, e), "address of the quote provider");
    if ((strcmp(u.scheme, "http") != 0 && strcmp(u.scheme, "https") != 0) || u.query[0])
        return err_set(e, ERR_INVALID,
                       "address of the quote provider: expected http://HOST:PORT, without query");
    n = strlen(url);
    while (n > 0 && url[n - 1] == '/')
        n--;
    memcpy(r->url, url, n); /* shorter than URI_MAX: uri_parse took it */
    *ret = TAKE(p);
    return ERR_OK;
}
