#include "attest/jwks.h"

#include <stdio.h>
#include "attest/rsa_jwk.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/uri.h"
#include "crypto/x509_chain.h"

#define CERTIFICATE_TEXT_MAX 32768

void jwks_done(struct jwks *set)
{
    for (size_t i = 0; i < set->n; i++) {
        rsa_pub_free(set->key[i].key);
        buf_done(&set->key[i].certificate);
    }
    free(set->key);
    *set = (struct jwks){0};
}

bool jwks_is_issuer(const char *text)
{
    struct uri u;
    struct err ignored;

    return uri_parse(bytes_of_str(text), &u, &ignored) == ERR_OK &&
           strcmp(u.scheme, "https") == 0 && u.host[0] && !u.has_userinfo && !u.query[0];
}

static enum err_code read_certificate(const json *jwk, struct jwks_key *k, struct err *e)
{
    AUTO(X509) c = NULL;
    const json *list;
    struct err ignored;

    TRY(json_get_array(jwk, "x5c", &list, e));
    if (!json_is_string(json_at(list, 0)) ||
        strlen(json_str(json_at(list, 0))) > CERTIFICATE_TEXT_MAX)
        return err_set(e, ERR_INVALID, "x5c does not begin with a certificate");
    TRY_IN(e, base64_decode(bytes_of_str(json_str(json_at(list, 0))), &k->certificate, e), "x5c");
    TRY(x509_parse(buf_bytes(&k->certificate), &c, e));
    if (x509_common_name(c, k->issuer, sizeof k->issuer, &ignored) != ERR_OK ||
        !jwks_is_issuer(k->issuer))
        k->issuer[0] = 0;
    return rsa_pub_of_certificate(buf_bytes(&k->certificate), &k->key, e);
}

/* Absent, or exactly this. */
static enum err_code check_word(const json *jwk, const char *member, const char *word,
                                struct err *e)
{
    const char *found;

    if (!json_has(jwk, member))
        return ERR_OK;
    TRY(json_get_str(jwk, member, 64, &found, e));
    if (strcmp(found, word) != 0)
        return err_set(e, ERR_INVALID, "%s is not %s", member, word);
    return ERR_OK;
}

/* Absent, or with "verify" among them. */
static enum err_code check_ops(const json *jwk, struct err *e)
{
    const json *ops;

    if (!json_has(jwk, "key_ops"))
        return ERR_OK;
    TRY(json_get_array(jwk, "key_ops", &ops, e));
    for (size_t i = 0; i < json_len(ops); i++)
        if (json_is_string(json_at(ops, i)) && strcmp(json_str(json_at(ops, i)), "verify") == 0)
            return ERR_OK;
    return err_set(e, ERR_INVALID, "key_ops is without \"verify\"");
}

static enum err_code read_key(const json *jwk, struct jwks_key *k, struct err *e)
{
    AUTO(rsa_pub) numbers = NULL;
    const char *kty;

    TRY(json_get_str(jwk, "kty", 16, &kty, e));
    TRY(check_word(jwk, "kty", "RSA", e));
    TRY(check_word(jwk, "alg", "RS256", e));
    TRY(check_word(jwk, "use", "sig", e));
    TRY(check_ops(jwk, e));
    if (json_has(jwk, "x5c"))
        TRY(read_certificate(jwk, k, e));
    /* 65537 is the exponent of every key that is of use. */
    if (k->key && !json_has(jwk, "n"))
        return check_word(jwk, "e", "AQAB", e);
    TRY(rsa_jwk_read(jwk, &numbers, e));
    if (k->key && !rsa_pub_eq(k->key, numbers))
        return err_set(e, ERR_INVALID, "n is not the key of the certificate");
    if (!k->key)
        k->key = TAKE(numbers);
    return ERR_OK;
}

static void make_useless(struct jwks_key *k, const char *why)
{
    rsa_pub_free(k->key);
    k->key = NULL;
    k->issuer[0] = 0;
    snprintf(k->why, sizeof k->why, "%.159s", why);
}

/* A key that no token can name is nobody's; which of two is meant by a name, nobody knows. */
static enum err_code read_one(const json *jwk, struct jwks *set, struct err *e)
{
    struct jwks_key *k = &set->key[set->n];
    const char *kid;
    struct err why;

    if (json_get_str(jwk, "kid", sizeof k->kid - 1, &kid, &why) != ERR_OK || !kid[0])
        return ERR_OK;
    for (size_t i = 0; i < set->n; i++)
        if (strcmp(set->key[i].kid, kid) == 0) {
            make_useless(&set->key[i], "its kid stands twice in the set");
            return ERR_OK;
        }
    snprintf(k->kid, sizeof k->kid, "%s", kid);
    k->certificate = BUF(X509_DER_MAX);
    set->n++;
    if (read_key(jwk, k, &why) == ERR_OK)
        return ERR_OK;
    if (why.code == ERR_NOMEM) {
        *e = why;
        return why.code;
    }
    make_useless(k, why.msg);
    return ERR_OK;
}

enum err_code jwks_parse(struct bytes text, struct jwks *ret, struct err *e)
{
    struct jwks set AUTO_CALL(jwks_done) = {0};
    AUTO(json) root = NULL;
    const json *keys;

    TRY_IN(e, json_parse_foreign(text, JWKS_MAX, &root, e), "key set");
    TRY_IN(e, json_get_array(root, "keys", &keys, e), "key set");
    if (json_len(keys) == 0 || json_len(keys) > JWKS_KEYS_MAX)
        return err_set(e, json_len(keys) ? ERR_TOO_LARGE : ERR_INVALID,
                       "key set of %zu keys, expected 1 to %d", json_len(keys), JWKS_KEYS_MAX);
    set.key = calloc(json_len(keys), sizeof *set.key);
    if (!set.key)
        return err_set(e, ERR_NOMEM, "key set");
    for (size_t i = 0; i < json_len(keys); i++)
        TRY_IN(e, read_one(json_at(keys, i), &set, e), "key set: key %zu", i);
    if (set.n == 0)
        return err_set(e, ERR_INVALID, "key set: none of its %zu keys has a kid", json_len(keys));
    jwks_done(ret);
    *ret = set;
    set = (struct jwks){0};
    return ERR_OK;
}

const struct jwks_key *jwks_find(const struct jwks *set, const char *kid)
{
    for (size_t i = 0; i < set->n; i++)
        if (strcmp(set->key[i].kid, kid) == 0)
            return &set->key[i];
    return NULL;
}

const char *jwks_issuer(const struct jwks *set, bool *ret_several)
{
    const char *one = NULL;

    *ret_several = false;
    for (size_t i = 0; i < set->n; i++) {
        const char *here = set->key[i].issuer;

        if (here[0] && one && strcmp(here, one) != 0) {
            *ret_several = true;
            return NULL;
        }
        if (here[0])
            one = here;
    }
    return one;
}

void jwks_put(const struct jwks_key *k, struct buf *out)
{
    buf_put_str(out, "{\"kid\":");
    json_put_quoted(out, bytes_of_str(k->kid));
    buf_put_str(out, ",\"kty\":\"RSA\",");
    if (k->certificate.n) {
        buf_put_str(out, "\"x5c\":[\"");
        base64_put(out, buf_bytes(&k->certificate));
        buf_put_str(out, "\"]}");
    } else {
        buf_put_str(out, "\"e\":\"AQAB\",\"n\":\"");
        base64url_put(out, rsa_pub_modulus(k->key));
        buf_put_str(out, "\"}");
    }
}

enum err_code jwks_check_pinned(const struct jwks *pinned, const struct jwks *shown, struct err *e)
{
    for (size_t i = 0; i < shown->n; i++) {
        const struct jwks_key *k = &shown->key[i], *before = jwks_find(pinned, k->kid);

        if (before && before->key && k->key && !rsa_pub_eq(before->key, k->key))
            return err_set(e, ERR_VERIFY,
                           "key %zu of those shown has the name of a pinned one and is another",
                           i + 1);
    }
    return ERR_OK;
}

enum err_code jwks_kid_hash(const struct jwks_key *k, struct hash32 *ret, struct err *e)
{
    static const uint8_t nul[] = {0};
    struct buf text AUTO_CALL(buf_done) = BUF(64);
    struct hash32 h;

    if (!k->key)
        return err_set(e, ERR_INVALID, "%s", k->why);
    TRY(rsa_pub_pem_hash(k->key, BYTES(nul), &h, e));
    base64_put(&text, BYTES_OF(h));
    if (!bytes_eq(buf_bytes(&text), bytes_of_str(k->kid)))
        return err_set(e, ERR_VERIFY, "its kid is not the hash of the key");
    *ret = h;
    return ERR_OK;
}
