/* Bundles: collateral as it travels, a JSON object of texts.  Nothing is verified here. */
#include "attest/collateral.h"

#include "base/codec.h"

#define SIGNATURE_LEN      64
#define SIGNATURE_TEXT_MAX 4096

static const char *const kind_names[COLLATERAL_KINDS] = {
    [COLLATERAL_TCB_INFO] = "TCB info",
    [COLLATERAL_QE_IDENTITY] = "QE identity",
    [COLLATERAL_ROOT_CRL] = "root CRL",
    [COLLATERAL_PCK_CRL] = "PCK CRL",
};

/* Member names of each kind; NULL: it has no such text. */
static const struct {
    const char *body, *signature, *issuer_chain;
} members[COLLATERAL_KINDS] = {
    [COLLATERAL_TCB_INFO] = {"tcb_info", "tcb_info_signature", "tcb_info_issuer_chain"},
    [COLLATERAL_QE_IDENTITY] = {"qe_identity", "qe_identity_signature", "qe_identity_issuer_chain"},
    [COLLATERAL_ROOT_CRL] = {"root_ca_crl", NULL, NULL},
    [COLLATERAL_PCK_CRL] = {"pck_crl", NULL, "pck_crl_issuer_chain"},
};

const char *collateral_kind_name(enum collateral_kind k)
{
    return k < COLLATERAL_KINDS ? kind_names[k] : "unknown";
}

static struct collateral_bundle empty(void)
{
    struct collateral_bundle b;

    for (size_t k = 0; k < COLLATERAL_KINDS; k++)
        b.text[k] = (struct collateral_text){
            .body = BUF(TCB_TEXT_MAX),
            .signature = BUF(SIGNATURE_LEN),
            .issuer_chain = BUF(COLLATERAL_CHAIN_MAX),
        };
    return b;
}

void collateral_bundle_done(struct collateral_bundle *b)
{
    for (size_t k = 0; k < COLLATERAL_KINDS; k++) {
        buf_done(&b->text[k].body);
        buf_done(&b->text[k].signature);
        buf_done(&b->text[k].issuer_chain);
    }
}

static enum err_code get_text(const json *obj, const char *member, struct buf *ret, struct err *e)
{
    const char *text;

    if (!member || !json_has(obj, member))
        return ERR_OK;
    TRY(json_get_str(obj, member, ret->max, &text, e));
    buf_put(ret, bytes_of_str(text));
    return buf_check(ret, e);
}

/* Text that is no CRL in any form is kept as it stands, for the same reason as below. */
static enum err_code get_crl(const json *obj, const char *member, struct buf *ret, struct err *e)
{
    const char *text;
    struct err why;

    if (!json_has(obj, member))
        return ERR_OK;
    TRY(json_get_str(obj, member, COLLATERAL_BUNDLE_MAX, &text, e));
    if (*text == 0)
        return ERR_OK;
    if (crl_to_der(bytes_of_str(text), ret, &why) == ERR_OK)
        return ERR_OK;
    buf_clear(ret);
    buf_put(ret, bytes_of_str(text));
    return buf_check(ret, e);
}

/* What is no signature becomes one of another length: that it does not hold is said by whoever
 * verifies it, by name and beside what else is wrong. */
static enum err_code get_signature(const json *obj, const char *member, struct buf *ret,
                                   struct err *e)
{
    const char *hex;
    struct err why;

    if (!member || !json_has(obj, member))
        return ERR_OK;
    TRY(json_get_str(obj, member, SIGNATURE_TEXT_MAX, &hex, e));
    if (strlen(hex) <= 2 * SIGNATURE_LEN && hex_decode_buf(bytes_of_str(hex), ret, &why) == ERR_OK)
        return ERR_OK;
    buf_clear(ret);
    buf_put_u8(ret, 0);
    return buf_check(ret, e);
}

enum err_code collateral_bundle_decode(struct bytes text, struct collateral_bundle *ret,
                                       struct err *e)
{
    struct collateral_bundle b AUTO_CALL(collateral_bundle_done) = empty();
    AUTO(json) obj = NULL;

    TRY_IN(e, json_parse_foreign(text, COLLATERAL_BUNDLE_MAX, &obj, e), "collateral bundle");
    if (!json_is_object(obj))
        return err_set(e, ERR_INVALID, "collateral bundle: not a JSON object");
    for (size_t k = 0; k < COLLATERAL_KINDS; k++) {
        struct collateral_text *t = &b.text[k];

        if (k == COLLATERAL_ROOT_CRL || k == COLLATERAL_PCK_CRL)
            TRY_IN(e, get_crl(obj, members[k].body, &t->body, e), "collateral bundle");
        else
            TRY_IN(e, get_text(obj, members[k].body, &t->body, e), "collateral bundle");
        TRY_IN(e, get_signature(obj, members[k].signature, &t->signature, e), "collateral bundle");
        TRY_IN(e, get_text(obj, members[k].issuer_chain, &t->issuer_chain, e), "collateral bundle");
    }
    collateral_bundle_done(ret);
    *ret = b;
    b = empty();
    return ERR_OK;
}

static enum err_code put_text(json *obj, const char *member, const struct buf *text, struct err *e)
{
    struct buf copy AUTO_CALL(buf_done) = BUF(COLLATERAL_BUNDLE_MAX);

    if (!member || text->n == 0)
        return ERR_OK;
    buf_put(&copy, buf_bytes(text));
    TRY(buf_check(&copy, e));
    return json_put_str(obj, member, buf_cstr(&copy), e);
}

static enum err_code put_hex(json *obj, const char *member, const struct buf *b, struct err *e)
{
    return member && b->n ? json_put_hex(obj, member, buf_bytes(b), e) : ERR_OK;
}

enum err_code collateral_bundle_encode(const struct collateral_bundle *b, struct buf *ret,
                                       struct err *e)
{
    AUTO(json) obj = NULL;

    TRY(json_new_object(&obj, e));
    for (size_t k = 0; k < COLLATERAL_KINDS; k++) {
        const struct collateral_text *t = &b->text[k];

        if (k == COLLATERAL_ROOT_CRL || k == COLLATERAL_PCK_CRL)
            TRY(put_hex(obj, members[k].body, &t->body, e));
        else
            TRY(put_text(obj, members[k].body, &t->body, e));
        TRY(put_hex(obj, members[k].signature, &t->signature, e));
        TRY(put_text(obj, members[k].issuer_chain, &t->issuer_chain, e));
    }
    return json_write(obj, JSON_COMPACT, ret, e);
}
