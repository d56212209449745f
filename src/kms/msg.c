/* Requests, and the two small answers. */
#include "kms/msg.h"

#include "base/codec.h"
#include "base/rd.h"

/* ---- challenge ---- */

static bool purpose_is_known(const char *purpose)
{
    return strcmp(purpose, MSG_PURPOSE_SECRETS) == 0 || strcmp(purpose, MSG_PURPOSE_EXPLAIN) == 0;
}

static enum err_code check_purpose(const char *purpose, struct err *e)
{
    if (!purpose_is_known(purpose))
        return err_set(e, ERR_INVALID, "no challenge is for \"%.31s\": \"%s\" and \"%s\" exist",
                       purpose, MSG_PURPOSE_SECRETS, MSG_PURPOSE_EXPLAIN);
    return ERR_OK;
}

enum err_code msg_challenge_request_encode(const struct msg_challenge_request *m, struct buf *ret,
                                           struct err *e)
{
    AUTO(json) obj = NULL;

    TRY(check_purpose(m->purpose, e));
    TRY(json_new_object(&obj, e));
    TRY(json_put_str(obj, "purpose", m->purpose, e));
    TRY(json_put_hex0x(obj, "app", BYTES_OF(m->app), e));
    return json_write(obj, JSON_COMPACT, ret, e);
}

enum err_code msg_challenge_request_decode(struct bytes body, struct msg_challenge_request *ret,
                                           struct err *e)
{
    static const char *const members[] = {"purpose", "app", NULL};
    struct msg_challenge_request m = {0};
    AUTO(json) obj = NULL;
    const char *purpose;

    TRY(json_parse(body, MSG_SMALL_MAX, &obj, e));
    TRY(json_only(obj, members, e));
    TRY(json_get_str(obj, "purpose", sizeof m.purpose - 1, &purpose, e));
    TRY(check_purpose(purpose, e));
    memcpy(m.purpose, purpose, strlen(purpose) + 1);
    TRY(json_get_hex0x(obj, "app", m.app.b, sizeof m.app.b, e));
    *ret = m;
    return ERR_OK;
}

enum err_code msg_challenge_encode(const struct msg_challenge *m, struct buf *ret, struct err *e)
{
    AUTO(json) obj = NULL;

    TRY(json_new_object(&obj, e));
    TRY(json_put_hex(obj, "challenge", BYTES_OF(m->challenge), e));
    TRY(json_put_u64(obj, "expires", m->expires, e));
    return json_write(obj, JSON_COMPACT, ret, e);
}

enum err_code msg_challenge_decode(struct bytes body, struct msg_challenge *ret, struct err *e)
{
    static const char *const members[] = {"challenge", "expires", NULL};
    struct msg_challenge m;
    AUTO(json) obj = NULL;

    TRY(json_parse(body, MSG_SMALL_MAX, &obj, e));
    TRY(json_only(obj, members, e));
    TRY(json_get_hex(obj, "challenge", m.challenge.b, sizeof m.challenge.b, e));
    TRY(json_get_u64(obj, "expires", UINT32_MAX, &m.expires, e));
    *ret = m;
    return ERR_OK;
}

/* ---- evidence on demand ---- */

enum err_code msg_evidence_request_encode(const struct msg_evidence_request *m, struct buf *ret,
                                          struct err *e)
{
    AUTO(json) obj = NULL;

    TRY(json_new_object(&obj, e));
    TRY(json_put_hex(obj, "nonce", BYTES_OF(m->nonce), e));
    return json_write(obj, JSON_COMPACT, ret, e);
}

enum err_code msg_evidence_request_decode(struct bytes body, struct msg_evidence_request *ret,
                                          struct err *e)
{
    static const char *const members[] = {"nonce", NULL};
    struct msg_evidence_request m;
    AUTO(json) obj = NULL;

    TRY(json_parse(body, MSG_SMALL_MAX, &obj, e));
    TRY(json_only(obj, members, e));
    TRY(json_get_hex(obj, "nonce", m.nonce.b, sizeof m.nonce.b, e));
    *ret = m;
    return ERR_OK;
}

/* ---- secrets: the request ---- */

void msg_secrets_request_done(struct msg_secrets_request *m)
{
    json_free(m->tree);
    *m = (struct msg_secrets_request){0};
}

enum err_code msg_secrets_request_encode(const struct hash32 *challenge, struct bytes evidence_json,
                                         struct buf *ret, struct err *e)
{
    buf_put_str(ret, "{\"challenge\":\"");
    hex_put(ret, BYTES_OF(*challenge));
    buf_put_str(ret, "\",\"evidence\":");
    buf_put(ret, evidence_json);
    buf_put_str(ret, "}");
    return buf_check(ret, e);
}

enum err_code msg_secrets_request_decode(struct bytes body, struct msg_secrets_request *ret,
                                         struct err *e)
{
    static const char *const members[] = {"challenge", "evidence", NULL};
    struct msg_secrets_request m = {0};
    AUTO(json) obj = NULL;

    TRY(json_parse(body, MSG_REQUEST_MAX, &obj, e));
    TRY(json_only(obj, members, e));
    TRY(json_get_hex(obj, "challenge", m.challenge.b, sizeof m.challenge.b, e));
    TRY(json_get_object(obj, "evidence", &m.evidence, e));
    m.tree = TAKE(obj);
    *ret = m;
    return ERR_OK;
}

/* ---- explain: the request ---- */

void msg_explain_request_done(struct msg_explain_request *m)
{
    json_free(m->tree);
    *m = (struct msg_explain_request){0};
}

enum err_code msg_explain_request_encode(const struct hash32 *challenge, struct bytes spki,
                                         struct bytes evidence_json, struct buf *ret, struct err *e)
{
    buf_put_str(ret, "{\"challenge\":\"");
    hex_put(ret, BYTES_OF(*challenge));
    buf_put_str(ret, "\",\"key\":\"");
    base64_put(ret, spki);
    buf_put_str(ret, "\",\"evidence\":");
    buf_put(ret, evidence_json);
    buf_put_str(ret, "}");
    return buf_check(ret, e);
}

enum err_code msg_explain_request_decode(struct bytes body, struct msg_explain_request *ret,
                                         struct err *e)
{
    static const char *const members[] = {"challenge", "key", "evidence", NULL};
    struct msg_explain_request m = {0};
    struct buf key AUTO_CALL(buf_done) = BUF(P256_SPKI_LEN);
    AUTO(json) obj = NULL;

    TRY(json_parse(body, MSG_REQUEST_MAX, &obj, e));
    TRY(json_only(obj, members, e));
    TRY(json_get_hex(obj, "challenge", m.challenge.b, sizeof m.challenge.b, e));
    TRY(json_get_b64(obj, "key", &key, e));
    if (key.n != P256_SPKI_LEN)
        return err_set(e, ERR_INVALID, "key has %zu bytes, expected %d", key.n, P256_SPKI_LEN);
    memcpy(m.spki, key.p, P256_SPKI_LEN);
    TRY(json_get_object(obj, "evidence", &m.evidence, e));
    m.tree = TAKE(obj);
    *ret = m;
    return ERR_OK;
}

/* ---- secrets: the payload of its evidence ---- */

void msg_authorisation_encode(const struct msg_authorisation *m,
                              uint8_t ret[static MSG_AUTHORISATION_LEN])
{
    uint8_t *p = ret;

    memcpy(p, m->nonce.b, 32);
    for (size_t i = 0; i < 8; i++)
        p[32 + i] = (uint8_t)(m->expiry >> (56 - 8 * i));
    memcpy(p + 40, m->r, 32);
    memcpy(p + 72, m->s, 32);
    p[104] = m->v;
}

enum err_code msg_authorisation_decode(struct bytes b, struct msg_authorisation *ret, struct err *e)
{
    struct rd r = rd_of(b);
    struct msg_authorisation m = {0};

    rd_copy(&r, m.nonce.b, sizeof m.nonce.b);
    m.expiry = rd_u64be(&r);
    rd_copy(&r, m.r, sizeof m.r);
    rd_copy(&r, m.s, sizeof m.s);
    m.v = rd_u8(&r);
    if (!rd_end(&r))
        return err_set(e, ERR_INVALID, "an authorisation has %d bytes, not %zu",
                       MSG_AUTHORISATION_LEN, b.n);
    *ret = m;
    return ERR_OK;
}

enum err_code msg_secrets_payload_encode(const struct msg_secrets_payload *m, struct buf *ret,
                                         struct err *e)
{
    uint8_t auth[MSG_AUTHORISATION_LEN];

    buf_put_lp(ret, m->csr);
    buf_put_lp(ret, m->hpke_key);
    if (m->has_authorisation) {
        msg_authorisation_encode(&m->authorisation, auth);
        buf_put_lp(ret, BYTES(auth));
    } else {
        buf_put_lp(ret, (struct bytes){0});
    }
    buf_put_lp(ret, BYTES_OF(m->config_hash));
    return buf_check(ret, e);
}

enum err_code msg_secrets_payload_decode(struct bytes b, struct msg_secrets_payload *ret,
                                         struct err *e)
{
    struct rd r = rd_of(b);
    struct msg_secrets_payload m = {0};
    struct bytes authorisation, config_hash;

    m.csr = rd_lp(&r, MSG_CSR_MAX);
    m.hpke_key = rd_lp(&r, P256_POINT_LEN);
    authorisation = rd_lp(&r, MSG_AUTHORISATION_LEN);
    config_hash = rd_lp(&r, sizeof m.config_hash.b);
    if (!rd_end(&r))
        return err_set(e, ERR_INVALID,
                       "the payload of a secrets request is four length-prefixed values; these %zu "
                       "bytes are not",
                       b.n);
    if (m.csr.n == 0 || m.hpke_key.n != P256_POINT_LEN || config_hash.n != 32)
        return err_set(e, ERR_INVALID,
                       "payload: CSR of %zu bytes, HPKE key of %zu (expected %d), configuration "
                       "hash of %zu (expected 32)",
                       m.csr.n, m.hpke_key.n, P256_POINT_LEN, config_hash.n);
    m.has_authorisation = authorisation.n > 0;
    if (m.has_authorisation)
        TRY(msg_authorisation_decode(authorisation, &m.authorisation, e));
    memcpy(m.config_hash.b, config_hash.p, 32);
    *ret = m;
    return ERR_OK;
}

/* ---- errors ---- */

enum err_code msg_error_encode(const struct msg_error *m, struct buf *ret, struct err *e)
{
    AUTO(json) obj = NULL;

    TRY(json_new_object(&obj, e));
    TRY(json_put_str(obj, "error", m->error, e));
    TRY(json_put_str(obj, "request_id", m->request_id, e));
    return json_write(obj, JSON_COMPACT, ret, e);
}

enum err_code msg_error_decode(struct bytes body, struct msg_error *ret, struct err *e)
{
    static const char *const members[] = {"error", "request_id", NULL};
    struct msg_error m = {0};
    AUTO(json) obj = NULL;
    const char *error, *request_id;

    TRY(json_parse(body, MSG_SMALL_MAX, &obj, e));
    TRY(json_only(obj, members, e));
    TRY(json_get_str(obj, "error", sizeof m.error - 1, &error, e));
    TRY(json_get_str(obj, "request_id", sizeof m.request_id - 1, &request_id, e));
    memcpy(m.error, error, strlen(error) + 1);
    memcpy(m.request_id, request_id, strlen(request_id) + 1);
    *ret = m;
    return ERR_OK;
}
