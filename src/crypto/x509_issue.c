/* Leaves: every field comes from the specification and the caller's key, none from a request. */
#include <openssl/x509v3.h>

#include "crypto/digest.h"
#include "crypto/ossl.h"
#include "crypto/random.h"
#include "crypto/x509.h"

DEFINE_AUTO(ASN1_BIT_STRING, ASN1_BIT_STRING_free);
DEFINE_AUTO(ASN1_INTEGER, ASN1_INTEGER_free);
DEFINE_AUTO(ASN1_OBJECT, ASN1_OBJECT_free);
DEFINE_AUTO(ASN1_OCTET_STRING, ASN1_OCTET_STRING_free);
DEFINE_AUTO(ASN1_TIME, ASN1_TIME_free);
DEFINE_AUTO(AUTHORITY_KEYID, AUTHORITY_KEYID_free);
DEFINE_AUTO(BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free);
DEFINE_AUTO(EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free);
DEFINE_AUTO(GENERAL_NAME, GENERAL_NAME_free);
DEFINE_AUTO(GENERAL_NAMES, GENERAL_NAMES_free);
DEFINE_AUTO(X509_EXTENSION, X509_EXTENSION_free);
DEFINE_AUTO(X509_NAME, X509_NAME_free);

#define NAME_MAX_LEN 2048 /* of one SAN */

static enum err_code failed(struct err *e)
{
    return ossl_err(e, ERR_INTERNAL, "make a certificate");
}

static enum err_code put_serial(X509 *c, struct err *e)
{
    AUTO(BIGNUM) bn = NULL;
    AUTO(ASN1_INTEGER) serial = NULL;
    uint8_t raw[16];

    random_bytes(raw, sizeof raw);
    raw[0] &= 0x7f; /* positive */
    raw[15] |= 1;   /* never zero */
    bn = BN_bin2bn(raw, sizeof raw, NULL);
    serial = bn ? BN_to_ASN1_INTEGER(bn, NULL) : NULL;
    return serial && X509_set_serialNumber(c, serial) ? ERR_OK : failed(e);
}

static enum err_code put_validity(X509 *c, int64_t from, int64_t to, struct err *e)
{
    AUTO(ASN1_TIME) before = ASN1_TIME_set(NULL, (time_t)from);
    AUTO(ASN1_TIME) after = ASN1_TIME_set(NULL, (time_t)to);

    if (from < 0 || to <= from || !before || !after)
        return ossl_err(e, ERR_INVALID, "validity of a certificate");
    return X509_set1_notBefore(c, before) && X509_set1_notAfter(c, after) ? ERR_OK : failed(e);
}

static enum err_code put_subject(X509 *c, const char *common_name, struct err *e)
{
    AUTO(X509_NAME) name = X509_NAME_new();

    if (!name)
        return failed(e);
    if (!X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                    (const uint8_t *)common_name, -1, -1, 0))
        return ossl_err(e, ERR_INVALID, "common name of a certificate");
    return X509_set_subject_name(c, name) ? ERR_OK : failed(e);
}

static enum err_code put_constraints(X509 *c, struct err *e)
{
    AUTO(BASIC_CONSTRAINTS) leaf = BASIC_CONSTRAINTS_new(); /* CA:FALSE is its default */
    AUTO(ASN1_BIT_STRING) usage = ASN1_BIT_STRING_new();

    return leaf && usage && ASN1_BIT_STRING_set_bit(usage, 0, 1) && /* digitalSignature */
                   X509_add1_ext_i2d(c, NID_basic_constraints, leaf, 1, X509V3_ADD_DEFAULT) == 1 &&
                   X509_add1_ext_i2d(c, NID_key_usage, usage, 1, X509V3_ADD_DEFAULT) == 1
               ? ERR_OK
               : failed(e);
}

static enum err_code put_purposes(X509 *c, const struct x509_leaf_spec *spec, struct err *e)
{
    AUTO(EXTENDED_KEY_USAGE) eku = sk_ASN1_OBJECT_new_null();

    if (!spec->server_auth && !spec->client_auth)
        return ERR_OK;
    if (!eku || (spec->server_auth && !sk_ASN1_OBJECT_push(eku, OBJ_nid2obj(NID_server_auth))) ||
        (spec->client_auth && !sk_ASN1_OBJECT_push(eku, OBJ_nid2obj(NID_client_auth))) ||
        X509_add1_ext_i2d(c, NID_ext_key_usage, eku, 0, X509V3_ADD_DEFAULT) != 1)
        return failed(e);
    return ERR_OK;
}

/* Graphic ASCII; a DNS name only what such names are made of. */
static bool name_is_clean(const char *name, int type)
{
    size_t n = strlen(name);

    if (n == 0 || n > (type == GEN_DNS ? 253 : NAME_MAX_LEN))
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = name[i];
        bool dns = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '-' || c == '.' || c == '_' || (c == '*' && i == 0);

        if (type == GEN_DNS ? !dns : c <= ' ' || c > '~')
            return false;
    }
    return true;
}

static enum err_code add_names(GENERAL_NAMES *names, const char *const *list, int type,
                               struct err *e)
{
    for (; list && *list; list++) {
        ASN1_IA5STRING *text;
        AUTO(GENERAL_NAME) name = GENERAL_NAME_new();

        if (!name_is_clean(*list, type))
            return err_set(e, ERR_INVALID, "subject alternative name: \"%.80s\"", *list);
        text = ASN1_IA5STRING_new();
        if (!text || !name || !ASN1_STRING_set(text, *list, -1)) {
            ASN1_IA5STRING_free(text);
            return failed(e);
        }
        GENERAL_NAME_set0_value(name, type, text);
        if (!sk_GENERAL_NAME_push(names, name))
            return failed(e);
        name = NULL;
    }
    return ERR_OK;
}

static enum err_code put_names(X509 *c, const struct x509_leaf_spec *spec, struct err *e)
{
    AUTO(GENERAL_NAMES) names = sk_GENERAL_NAME_new_null();

    if (!names)
        return failed(e);
    TRY(add_names(names, spec->dns_names, GEN_DNS, e));
    TRY(add_names(names, spec->uris, GEN_URI, e));
    if (sk_GENERAL_NAME_num(names) > 0 &&
        X509_add1_ext_i2d(c, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) != 1)
        return failed(e);
    return ERR_OK;
}

static enum err_code put_key_ids(X509 *c, EVP_PKEY *subject_key, const X509 *ca, struct err *e)
{
    AUTO(ASN1_OCTET_STRING) ski = ASN1_OCTET_STRING_new();
    AUTO(AUTHORITY_KEYID) aki = AUTHORITY_KEYID_new();
    const ASN1_OCTET_STRING *of_ca = ca ? X509_get0_subject_key_id((X509 *)ca) : NULL;
    uint8_t point[P256_POINT_LEN];
    struct hash32 h;

    TRY(p256_point(subject_key, point, e));
    sha256(BYTES(point), &h);
    if (!ski || !aki || !ASN1_OCTET_STRING_set(ski, h.b, X509_KEY_ID_LEN) ||
        X509_add1_ext_i2d(c, NID_subject_key_identifier, ski, 0, X509V3_ADD_DEFAULT) != 1)
        return failed(e);
    if (!of_ca)
        return ERR_OK;
    aki->keyid = ASN1_OCTET_STRING_dup(of_ca);
    if (!aki->keyid ||
        X509_add1_ext_i2d(c, NID_authority_key_identifier, aki, 0, X509V3_ADD_DEFAULT) != 1)
        return failed(e);
    return ERR_OK;
}

static enum err_code put_extra(X509 *c, const struct x509_leaf_spec *spec, struct err *e)
{
    AUTO(ASN1_OBJECT) oid = NULL;
    AUTO(ASN1_OCTET_STRING) value = NULL;
    AUTO(X509_EXTENSION) ext = NULL;

    if (!spec->extension_oid)
        return ERR_OK;
    if (spec->extension.n > X509_DER_MAX)
        return err_set(e, ERR_TOO_LARGE, "extension of %zu bytes", spec->extension.n);
    oid = OBJ_txt2obj(spec->extension_oid, 1);
    value = ASN1_OCTET_STRING_new();
    if (!oid || !value || !ASN1_OCTET_STRING_set(value, spec->extension.p, (int)spec->extension.n))
        return failed(e);
    ext = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, value);
    return ext && X509_add_ext(c, ext, -1) ? ERR_OK : failed(e);
}

/* ca is NULL where the certificate signs itself. */
static enum err_code make(EVP_PKEY *signer, const X509 *ca, EVP_PKEY *subject_key,
                          const struct x509_leaf_spec *spec, X509 **ret, struct err *e)
{
    AUTO(X509) c = X509_new();

    if (!p256_is_key(subject_key) || !p256_is_key(signer))
        return err_set(e, ERR_INVALID, "certificates are for P-256 keys only");
    if (!c || !X509_set_version(c, X509_VERSION_3) || !X509_set_pubkey(c, subject_key))
        return failed(e);
    TRY(put_serial(c, e));
    TRY(put_validity(c, spec->not_before, spec->not_after, e));
    TRY(put_subject(c, spec->common_name, e));
    if (!X509_set_issuer_name(c, X509_get_subject_name(ca ? ca : c)))
        return failed(e);
    TRY(put_constraints(c, e));
    TRY(put_purposes(c, spec, e));
    TRY(put_names(c, spec, e));
    TRY(put_key_ids(c, subject_key, ca, e));
    TRY(put_extra(c, spec, e));
    if (!X509_sign(c, signer, EVP_sha256()))
        return failed(e);
    *ret = TAKE(c);
    return ERR_OK;
}

enum err_code x509_issue(EVP_PKEY *ca_key, const X509 *ca, EVP_PKEY *subject_key,
                         const struct x509_leaf_spec *spec, X509 **ret, struct err *e)
{
    if (X509_check_private_key(ca, ca_key) != 1)
        return ossl_err(e, ERR_INVALID, "the CA's key is not that of its certificate");
    return make(ca_key, ca, subject_key, spec, ret, e);
}

enum err_code x509_self_signed(EVP_PKEY *key, const struct x509_leaf_spec *spec, X509 **ret,
                               struct err *e)
{
    return make(key, NULL, key, spec, ret, e);
}
