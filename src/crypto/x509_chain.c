#include "crypto/x509_chain.h"

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include "base/rd.h"
#include "base/utf8.h"
#include "crypto/der.h"
#include "crypto/ossl.h"
#include "crypto/pem.h"
#include "crypto/digest.h"

DEFINE_AUTO(ASN1_OBJECT, ASN1_OBJECT_free);
DEFINE_AUTO(BIO, BIO_free_all);
DEFINE_AUTO(EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free);
DEFINE_AUTO(X509_STORE, X509_STORE_free);
DEFINE_AUTO(X509_STORE_CTX, X509_STORE_CTX_free);

#define SECURITY_LEVEL 2 /* 112 bits */

typedef STACK_OF(X509) x509_stack;
static void x509_stack_free(x509_stack *s)
{
    sk_X509_pop_free(s, X509_free);
}
DEFINE_AUTO(x509_stack, x509_stack_free);

/* The first certificate of *rest, whose length takes two bytes, as those of all real ones do. */
static enum err_code cut(struct bytes *rest, struct bytes *ret, struct err *e)
{
    struct rd r = rd_of(*rest);
    uint8_t tag = rd_u8(&r), form = rd_u8(&r);
    uint16_t n = rd_u16be(&r);

    rd_take(&r, n);
    if (!rd_ok(&r) || tag != DER_SEQUENCE || form != 0x82)
        return err_set(e, ERR_INVALID, "not a certificate in DER");
    *ret = (struct bytes){rest->p, rest->n - r.left};
    *rest = (struct bytes){r.p, r.left};
    return ERR_OK;
}

enum err_code x509_chain_leaf(struct bytes chain, struct bytes *ret, struct err *e)
{
    return cut(&chain, ret, e);
}

static enum err_code push(x509_stack *to, struct bytes der, struct err *e)
{
    AUTO(X509) c = NULL;

    TRY(x509_parse(der, &c, e));
    if (sk_X509_push(to, c) <= 0)
        return err_set(e, ERR_NOMEM, "certificate chain");
    c = NULL; /* the stack owns it */
    return ERR_OK;
}

static enum err_code read_chain(struct bytes chain, x509_stack *ret, struct err *e)
{
    if (chain.n == 0)
        return err_set(e, ERR_INVALID, "there is no certificate");
    for (int i = 0; chain.n > 0; i++) {
        struct bytes der;

        if (i == X509_CHAIN_MAX)
            return err_set(e, ERR_TOO_LARGE, "more than %d certificates", X509_CHAIN_MAX);
        TRY_IN(e, cut(&chain, &der, e), "certificate %d", i + 1);
        TRY_IN(e, push(ret, der, e), "certificate %d", i + 1);
    }
    return ERR_OK;
}

static enum err_code make_store(const struct bytes *roots, size_t n, X509_STORE **ret,
                                struct err *e)
{
    AUTO(X509_STORE) store = X509_STORE_new();

    for (size_t i = 0; store && i < n; i++) {
        AUTO(X509) root = NULL;

        TRY_IN(e, x509_parse(roots[i], &root, e), "root certificate");
        if (X509_STORE_add_cert(store, root) != 1)
            return ossl_err(e, ERR_NOMEM, "certificate chain");
    }
    if (!store)
        return ossl_err(e, ERR_NOMEM, "certificate chain");
    *ret = TAKE(store);
    return ERR_OK;
}

static enum err_code check_purpose(const X509 *leaf, const char *oid, struct err *e)
{
    AUTO(EXTENDED_KEY_USAGE) usages = X509_get_ext_d2i(leaf, NID_ext_key_usage, NULL, NULL);
    AUTO(ASN1_OBJECT) wanted = OBJ_txt2obj(oid, 1);

    if (X509_check_ca((X509 *)leaf) != 0)
        return err_set(e, ERR_VERIFY, "the first certificate is a CA's");
    for (int i = 0; wanted && i < sk_ASN1_OBJECT_num(usages); i++)
        if (OBJ_cmp(sk_ASN1_OBJECT_value(usages, i), wanted) == 0)
            return ERR_OK;
    ossl_forget();
    return err_set(e, ERR_VERIFY, "the first certificate is not for purpose %s", oid);
}

/* RFC 2253 escapes whatever is not plain text. */
static void name_text(const X509_NAME *name, char *ret, size_t size)
{
    AUTO(BIO) out = BIO_new(BIO_s_mem());
    int n = -1;

    if (out && X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253) >= 0)
        n = BIO_read(out, ret, (int)size - 1);
    ret[n > 0 ? n : 0] = 0;
    ossl_forget();
}

static enum err_code explain(X509_STORE_CTX *ctx, enum x509_chain_problem *problem, struct err *e)
{
    const X509 *at = X509_STORE_CTX_get_current_cert(ctx);
    int why = X509_STORE_CTX_get_error(ctx);
    char subject[200] = "", issuer[200] = "";

    ossl_forget();
    if (at) {
        name_text(X509_get_subject_name(at), subject, sizeof subject);
        name_text(X509_get_issuer_name(at), issuer, sizeof issuer);
    }
    switch (why) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        *problem = X509_CHAIN_ISSUER_MISSING;
        return err_set(e, ERR_VERIFY,
                       "the certificate of \"%s\", which issued that of \"%s\", is missing", issuer,
                       subject);
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
        *problem = X509_CHAIN_EXPIRED;
        break;
    default:
        *problem = X509_CHAIN_BROKEN;
    }
    return err_set(e, ERR_VERIFY, "certificate of \"%s\": %s", subject,
                   X509_verify_cert_error_string(why));
}

enum err_code x509_chain_verify(struct bytes chain, const struct bytes *roots, size_t n_roots,
                                const char *purpose, int64_t now,
                                enum x509_chain_problem *ret_problem, struct err *e)
{
    AUTO(x509_stack) sent = sk_X509_new_null();
    AUTO(X509_STORE) store = NULL;
    AUTO(X509_STORE_CTX) ctx = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *param;

    *ret_problem = X509_CHAIN_FORM;
    if (!sent || !ctx)
        return ossl_err(e, ERR_NOMEM, "certificate chain");
    TRY(read_chain(chain, sent, e));
    *ret_problem = X509_CHAIN_BROKEN;
    TRY(make_store(roots, n_roots, &store, e));
    if (X509_STORE_CTX_init(ctx, store, sk_X509_value(sent, 0), sent) != 1)
        return ossl_err(e, ERR_NOMEM, "certificate chain");
    param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
    X509_VERIFY_PARAM_set_depth(param, X509_CHAIN_MAX);
    X509_VERIFY_PARAM_set_time(param, (time_t)now);
    if (X509_verify_cert(ctx) != 1)
        return explain(ctx, ret_problem, e);
    *ret_problem = X509_CHAIN_PURPOSE;
    TRY(check_purpose(sk_X509_value(sent, 0), purpose, e));
    *ret_problem = X509_CHAIN_HOLDS;
    return ERR_OK;
}

enum err_code x509_common_name(const X509 *c, char *ret, size_t size, struct err *e)
{
    const X509_NAME *name = X509_get_subject_name(c);
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    uint8_t *text = NULL;
    enum err_code code = ERR_OK;
    int n;

    if (at < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, at) >= 0)
        return err_set(e, ERR_NOT_FOUND, "the certificate has no common name, or several");
    n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (n <= 0 || (size_t)n >= size || memchr(text, 0, (size_t)n) ||
        !utf8_valid((struct bytes){text, (size_t)n}))
        code = err_set(e, ERR_NOT_FOUND, "the certificate's common name is of no use");
    else
        snprintf(ret, size, "%.*s", n, (const char *)text);
    if (n >= 0)
        OPENSSL_free(text);
    ossl_forget();
    return code;
}

enum err_code x509_check_self_signed(const X509 *c, struct err *e)
{
    EVP_PKEY *key = X509_get0_pubkey(c);
    X509 *same = (X509 *)c; /* the signature check caches, and changes nothing */

    if (X509_NAME_cmp(X509_get_subject_name(c), X509_get_issuer_name(c)) != 0)
        return err_set(e, ERR_VERIFY, "the certificate is not self-signed: another issued it");
    if (!key || X509_verify(same, key) != 1) {
        ossl_forget();
        return err_set(e, ERR_VERIFY, "the certificate's own key did not sign it");
    }
    return ERR_OK;
}

static enum err_code key_hash(struct bytes der, struct hash32 *ret, struct err *e)
{
    AUTO(X509) c = NULL;
    uint8_t *spki = NULL;
    int n;

    TRY(x509_parse(der, &c, e));
    n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(c), &spki);
    if (n <= 0)
        return ossl_err(e, ERR_INVALID, "key of the certificate");
    sha256((struct bytes){spki, (size_t)n}, ret);
    OPENSSL_free(spki);
    return ERR_OK;
}

enum err_code x509_authority_keys(struct bytes pem, struct hash32 *ret, size_t max, size_t *ret_n,
                                  struct err *e)
{
    struct bytes rest = pem;
    size_t n = 0;

    while (rest.n > 0) {
        struct buf der AUTO_CALL(buf_done) = BUF(X509_DER_MAX);
        struct hash32 key;
        size_t at = 0;

        TRY(pem_next(&rest, "CERTIFICATE", &der, e));
        TRY(key_hash(buf_bytes(&der), &key, e));
        while (at < n && __builtin_memcmp(ret[at].b, key.b, sizeof key.b) < 0)
            at++;
        if (at < n && hash32_eq(&ret[at], &key))
            continue;
        if (n == max)
            return err_set(e, ERR_TOO_LARGE, "keys of over %zu authorities", max);
        memmove(&ret[at + 1], &ret[at], (n - at) * sizeof *ret);
        ret[at] = key;
        n++;
    }
    if (n == 0)
        return err_set(e, ERR_INVALID, "no certificate of an authority");
    *ret_n = n;
    return ERR_OK;
}
