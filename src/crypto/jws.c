#include "crypto/jws.h"

#include <stdio.h>
#include "base/codec.h"
#include "base/json.h"
#include "crypto/digest.h"

void jws_done(struct jws *t)
{
    buf_done(&t->header);
    buf_done(&t->payload);
    buf_done(&t->signature);
}

/* What stands before the next dot; *rest is moved behind that.  Without a dot: all of it. */
static struct bytes segment(struct bytes *rest, bool *ret_dot)
{
    struct bytes s = *rest;

    for (s.n = 0; s.n < rest->n && rest->p[s.n] != '.'; s.n++)
        ;
    *ret_dot = s.n < rest->n;
    rest->n -= s.n + *ret_dot;
    rest->p += s.n + *ret_dot;
    return s;
}

enum err_code jws_split(struct bytes token, struct jws *ret, struct err *e)
{
    static const char *const names[3] = {"header", "payload", "signature"};
    struct jws t AUTO_CALL(jws_done) = {
        .header = BUF(JWS_MAX), .payload = BUF(JWS_MAX), .signature = BUF(JWS_MAX)};
    struct buf *const parts[3] = {&t.header, &t.payload, &t.signature};
    struct bytes rest = token;

    if (token.n > JWS_MAX)
        return err_set(e, ERR_TOO_LARGE, "a token of %zu bytes, at most %d", token.n, JWS_MAX);
    for (size_t i = 0; i < 3; i++) {
        bool dot;
        struct bytes text = segment(&rest, &dot);

        if (dot != (i < 2))
            return err_set(e, ERR_INVALID, "a token has three segments, this one has %s",
                           dot ? "more" : "fewer");
        if (text.n == 0)
            return err_set(e, ERR_INVALID, "the %s is empty", names[i]);
        TRY_IN(e, base64url_decode(text, parts[i], e), "%s", names[i]);
        if (i == 1)
            t.signed_part = (struct bytes){token.p, (size_t)(text.p + text.n - token.p)};
    }
    jws_done(ret);
    *ret = t;
    t = (struct jws){0};
    return ERR_OK;
}

enum err_code jws_header_read(struct bytes header, struct jws_header *ret, struct err *e)
{
    const char *alg, *kid = "", *typ = "JWT";
    AUTO(json) h = NULL;

    TRY_IN(e, json_parse_foreign(header, JWS_MAX, &h, e), "header");
    if (!json_is_object(h))
        return err_set(e, ERR_INVALID, "the header is not an object");
    if (json_has(h, "crit"))
        return err_set(e, ERR_INVALID, "the header has crit: extensions that nobody here knows");
    TRY_IN(e, json_get_str(h, "alg", sizeof ret->alg - 1, &alg, e), "header");
    if (json_has(h, "kid"))
        TRY_IN(e, json_get_str(h, "kid", JWS_KID_MAX, &kid, e), "header");
    if (json_has(h, "typ"))
        TRY_IN(e, json_get_str(h, "typ", 16, &typ, e), "header");
    if (strcmp(typ, "JWT") != 0)
        return err_set(e, ERR_INVALID, "the header's typ is not JWT");
    snprintf(ret->alg, sizeof ret->alg, "%s", alg);
    snprintf(ret->kid, sizeof ret->kid, "%s", kid);
    return ERR_OK;
}

enum err_code jws_check_alg(const struct jws_header *h, struct err *e)
{
    if (strcmp(h->alg, "RS256") != 0)
        return err_set(e, ERR_VERIFY, "the token's algorithm is not RS256");
    return ERR_OK;
}

enum err_code jws_verify(const struct jws *t, const rsa_pub *key, struct err *e)
{
    struct hash32 digest;

    sha256(t->signed_part, &digest);
    return rsa_pub_verify(key, &digest, buf_bytes(&t->signature), e);
}
