#include "attest/evidence.h"

#include "crypto/x509.h"

void evidence_done(struct evidence *ev)
{
    buf_done(&ev->quote);
    buf_done(&ev->payload);
    buf_done(&ev->event_log);
    buf_done(&ev->collateral);
}

static struct evidence empty(void)
{
    return (struct evidence){
        .quote = BUF(EVIDENCE_QUOTE_MAX),
        .payload = BUF(EVIDENCE_PAYLOAD_MAX),
        .event_log = BUF(EVIDENCE_LOG_MAX),
        .collateral = BUF(EVIDENCE_COLLATERAL_MAX),
    };
}

/* A name like "tdx-dcap": letters, digits and '-', none of which a message has to escape. */
static enum err_code check_type(const char *type, struct err *e)
{
    size_t n = strlen(type);

    if (n == 0 || n >= sizeof((struct evidence *)0)->type ||
        strspn(type, "abcdefghijklmnopqrstuvwxyz0123456789-") != n)
        return err_set(e, ERR_INVALID, "evidence of a type that is no name like \"%s\"",
                       EVIDENCE_TYPE_TDX);
    return ERR_OK;
}

/* Moves what was made into *ret. */
static void hand_over(struct evidence *made, struct evidence *ret)
{
    evidence_done(ret);
    *ret = *made;
    *made = empty();
}

enum err_code evidence_set(struct evidence *ret, const char *type, struct bytes quote,
                           struct bytes payload, struct err *e)
{
    struct evidence ev AUTO_CALL(evidence_done) = empty();

    TRY(check_type(type, e));
    memcpy(ev.type, type, strlen(type) + 1);
    buf_put(&ev.quote, quote);
    buf_put(&ev.payload, payload);
    TRY_IN(e, buf_check(&ev.quote, e), "quote");
    TRY_IN(e, buf_check(&ev.payload, e), "payload of a quote");
    hand_over(&ev, ret);
    return ERR_OK;
}

static enum err_code read_optional(const json *obj, const char *member, struct buf *ret,
                                   struct err *e)
{
    return json_has(obj, member) ? json_get_b64(obj, member, ret, e) : ERR_OK;
}

static enum err_code read_object(const json *obj, const char *const members[], struct evidence *ret,
                                 struct err *e)
{
    struct evidence ev AUTO_CALL(evidence_done) = empty();
    const char *type;

    TRY(json_only(obj, members, e));
    TRY(json_get_str(obj, "type", sizeof ev.type - 1, &type, e));
    TRY(check_type(type, e));
    memcpy(ev.type, type, strlen(type) + 1);
    TRY(json_get_b64(obj, "quote", &ev.quote, e));
    TRY(json_get_b64(obj, "payload", &ev.payload, e));
    TRY(read_optional(obj, "event_log", &ev.event_log, e));
    TRY(read_optional(obj, "collateral", &ev.collateral, e));
    if (ev.quote.n == 0)
        return err_set(e, ERR_INVALID, "evidence with an empty quote");
    hand_over(&ev, ret);
    return ERR_OK;
}

enum err_code evidence_from_json(const json *obj, struct evidence *ret, struct err *e)
{
    static const char *const members[] = {"type",      "quote",      "payload",
                                          "event_log", "collateral", NULL};

    return read_object(obj, members, ret, e);
}

static enum err_code write_object(const struct evidence *ev, bool whole, json **ret, struct err *e)
{
    AUTO(json) j = NULL;

    TRY(json_new_object(&j, e));
    TRY(json_put_str(j, "type", ev->type, e));
    TRY(json_put_b64(j, "quote", buf_bytes(&ev->quote), e));
    TRY(json_put_b64(j, "payload", buf_bytes(&ev->payload), e));
    if (whole && ev->event_log.n > 0)
        TRY(json_put_b64(j, "event_log", buf_bytes(&ev->event_log), e));
    if (whole && ev->collateral.n > 0)
        TRY(json_put_b64(j, "collateral", buf_bytes(&ev->collateral), e));
    *ret = TAKE(j);
    return ERR_OK;
}

enum err_code evidence_to_json(const struct evidence *ev, json **ret, struct err *e)
{
    return write_object(ev, true, ret, e);
}

enum err_code evidence_decode(struct bytes text, struct evidence *ret, struct err *e)
{
    AUTO(json) j = NULL;

    TRY_IN(e, json_parse(text, EVIDENCE_JSON_MAX, &j, e), "evidence");
    TRY_IN(e, evidence_from_json(j, ret, e), "evidence");
    return ERR_OK;
}

enum err_code evidence_encode(const struct evidence *ev, struct buf *ret, struct err *e)
{
    AUTO(json) j = NULL;

    TRY(write_object(ev, true, &j, e));
    return json_write(j, JSON_COMPACT, ret, e);
}

/* ---- in a certificate ---- */

enum err_code evidence_extension_encode(const struct evidence *ev, struct buf *ret, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(EVIDENCE_EXTENSION_MAX);
    AUTO(json) j = NULL;

    TRY(write_object(ev, false, &j, e));
    TRY_IN(e, json_write(j, JSON_COMPACT, &text, e), "evidence for a certificate, at most %d bytes",
           EVIDENCE_EXTENSION_MAX);
    buf_put(ret, buf_bytes(&text));
    return buf_check(ret, e);
}

enum err_code evidence_extension_decode(struct bytes contents, struct evidence *ret, struct err *e)
{
    static const char *const members[] = {"type", "quote", "payload", NULL};
    AUTO(json) j = NULL;

    TRY_IN(e, json_parse(contents, EVIDENCE_EXTENSION_MAX, &j, e), "evidence of a certificate");
    TRY_IN(e, read_object(j, members, ret, e), "evidence of a certificate");
    return ERR_OK;
}

enum err_code evidence_of_certificate(struct bytes leaf_der, struct evidence *ret, struct err *e)
{
    AUTO(X509) leaf = NULL;
    struct bytes contents;
    enum err_code code;

    TRY_IN(e, x509_parse(leaf_der, &leaf, e), "certificate with evidence");
    code = x509_extension(leaf, OID_TEEREG_EVIDENCE, &contents, e);
    if (code == ERR_NOT_FOUND)
        return err_set(e, ERR_VERIFY,
                       "the certificate carries no evidence of a TEE: it is not a KMS's");
    TRY_IN(e, code, "certificate with evidence");
    return evidence_extension_decode(contents, ret, e);
}
