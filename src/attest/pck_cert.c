/* One certificate of a PCK chain: RFC 5280 as Intel uses it. */
#include "attest/der.h"
#include "attest/pck.h"

/* AlgorithmIdentifier ecdsa-with-SHA256, without parameters */
static const uint8_t ecdsa_sha256[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                       0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
/* SubjectPublicKeyInfo of P-256 up to the uncompressed point */
static const uint8_t spki_of_p256[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                       0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                       0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
static const uint8_t oid_common_name[] = {0x55, 0x04, 0x03};
static const uint8_t oid_id_ce[] = {0x55, 0x1d};
static const uint8_t oid_sgx[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};

#define CE_KEY_USAGE   15
#define CE_CONSTRAINTS 19
#define EXTENSIONS_MAX 16

static enum err_code parse_name(struct rd *r, struct bytes *ret_whole, struct bytes *ret_cn,
                                struct err *e)
{
    struct der name, set, pair, oid, value;
    struct rd rdns;

    TRY(der_expect(r, DER_SEQUENCE, &name, e));
    rdns = rd_of(name.body);
    while (rdns.left > 0) {
        struct rd attributes, parts;

        TRY(der_expect(&rdns, DER_SET, &set, e));
        attributes = rd_of(set.body);
        TRY(der_expect(&attributes, DER_SEQUENCE, &pair, e));
        TRY(der_finish(&attributes, "an attribute of a name", e));
        parts = rd_of(pair.body);
        TRY(der_expect(&parts, DER_OID, &oid, e));
        TRY(der_next(&parts, &value, e));
        TRY(der_finish(&parts, "an attribute of a name", e));
        if (ret_cn && bytes_eq(oid.body, BYTES(oid_common_name)))
            *ret_cn = value.body;
    }
    *ret_whole = name.whole;
    return ERR_OK;
}

static enum err_code parse_validity(struct rd *r, struct pck_cert *c, struct err *e)
{
    struct der seq, from, until;
    struct rd in;

    TRY(der_expect(r, DER_SEQUENCE, &seq, e));
    in = rd_of(seq.body);
    TRY(der_next(&in, &from, e));
    TRY(der_next(&in, &until, e));
    TRY(der_finish(&in, "the validity", e));
    TRY(der_time(&from, &c->not_before, e));
    return der_time(&until, &c->not_after, e);
}

static enum err_code parse_key(struct rd *r, struct pck_cert *c, struct err *e)
{
    struct der spki;
    struct rd in;

    TRY(der_expect(r, DER_SEQUENCE, &spki, e));
    in = rd_of(spki.whole);
    if (!bytes_eq(rd_take(&in, sizeof spki_of_p256), BYTES(spki_of_p256)) || in.left != 64)
        return err_set(e, ERR_INVALID, "the key is not an uncompressed point of P-256");
    c->key = rd_take(&in, 64);
    return ERR_OK;
}

static enum err_code parse_constraints(struct bytes value, struct pck_cert *c, struct err *e)
{
    struct rd r = rd_of(value), in;
    struct der seq, ca, path;
    uint64_t length;

    TRY(der_expect(&r, DER_SEQUENCE, &seq, e));
    TRY(der_finish(&r, "the basic constraints", e));
    in = rd_of(seq.body);
    TRY(der_optional(&in, DER_BOOLEAN, &ca, e));
    if (ca.tag)
        TRY(der_bool(&ca, &c->is_ca, e));
    TRY(der_optional(&in, DER_INTEGER, &path, e));
    if (path.tag)
        TRY(der_uint(&path, 255, &length, e));
    return der_finish(&in, "the basic constraints", e);
}

static enum err_code parse_key_usage(struct bytes value, struct pck_cert *c, struct err *e)
{
    struct rd r = rd_of(value);
    struct der bits;

    TRY(der_expect(&r, DER_BIT_STRING, &bits, e));
    TRY(der_finish(&r, "the key usage", e));
    if (bits.body.n < 2 || bits.body.n > 3 || bits.body.p[0] > 7)
        return err_set(e, ERR_INVALID, "key usage of %zu bytes", bits.body.n);
    c->key_usage = (uint16_t)(bits.body.p[1] << 8 | (bits.body.n > 2 ? bits.body.p[2] : 0));
    c->has_key_usage = true;
    return ERR_OK;
}

static enum err_code parse_extension(struct rd *r, struct pck_cert *c, struct bytes *ret_oid,
                                     struct err *e)
{
    struct der seq, oid, flag, value;
    struct rd in;
    bool critical = false;

    TRY(der_expect(r, DER_SEQUENCE, &seq, e));
    in = rd_of(seq.body);
    TRY(der_expect(&in, DER_OID, &oid, e));
    TRY(der_optional(&in, DER_BOOLEAN, &flag, e));
    if (flag.tag)
        TRY(der_bool(&flag, &critical, e));
    TRY(der_expect(&in, DER_OCTET_STRING, &value, e));
    TRY(der_finish(&in, "an extension", e));
    *ret_oid = oid.body;
    if (oid.body.n == 3 && bytes_eq((struct bytes){oid.body.p, 2}, BYTES(oid_id_ce))) {
        if (oid.body.p[2] == CE_CONSTRAINTS)
            return parse_constraints(value.body, c, e);
        if (oid.body.p[2] == CE_KEY_USAGE)
            return parse_key_usage(value.body, c, e);
    }
    if (bytes_eq(oid.body, BYTES(oid_sgx)))
        c->sgx = value.body;
    else if (critical)
        return err_set(e, ERR_INVALID, "an unknown critical extension");
    return ERR_OK;
}

static enum err_code parse_extensions(struct rd *r, struct pck_cert *c, struct err *e)
{
    struct bytes seen[EXTENSIONS_MAX];
    struct der outer, seq;
    struct rd in, list;

    TRY(der_expect(r, DER_CONTEXT_0 + 3, &outer, e));
    in = rd_of(outer.body);
    TRY(der_expect(&in, DER_SEQUENCE, &seq, e));
    TRY(der_finish(&in, "the extensions", e));
    list = rd_of(seq.body);
    for (size_t n = 0; list.left > 0; n++) {
        if (n == EXTENSIONS_MAX)
            return err_set(e, ERR_INVALID, "more than %d extensions", EXTENSIONS_MAX);
        TRY(parse_extension(&list, c, &seen[n], e));
        for (size_t i = 0; i < n; i++)
            if (bytes_eq(seen[i], seen[n]))
                return err_set(e, ERR_INVALID, "an extension twice");
    }
    return ERR_OK;
}

static enum err_code parse_tbs(struct bytes tbs, struct pck_cert *c, struct err *e)
{
    struct rd r = rd_of(tbs), version;
    struct der v, number, serial, algorithm;
    uint64_t n;

    TRY(der_expect(&r, DER_CONTEXT_0, &v, e));
    version = rd_of(v.body);
    TRY(der_expect(&version, DER_INTEGER, &number, e));
    TRY(der_uint(&number, 2, &n, e));
    TRY(der_finish(&version, "the version", e));
    if (n != 2)
        return err_set(e, ERR_INVALID, "certificate version %u, expected 3", (unsigned)n + 1);
    TRY(der_expect(&r, DER_INTEGER, &serial, e));
    if (serial.body.n == 0 || serial.body.n > 21)
        return err_set(e, ERR_INVALID, "serial number of %zu bytes", serial.body.n);
    c->serial = serial.body;
    TRY(der_expect(&r, DER_SEQUENCE, &algorithm, e));
    if (!bytes_eq(algorithm.whole, BYTES(ecdsa_sha256)))
        return err_set(e, ERR_INVALID, "not signed with ECDSA and SHA-256");
    TRY(parse_name(&r, &c->issuer, NULL, e));
    TRY(parse_validity(&r, c, e));
    TRY(parse_name(&r, &c->subject, &c->subject_cn, e));
    TRY(parse_key(&r, c, e));
    TRY(parse_extensions(&r, c, e));
    return der_finish(&r, "the certificate", e);
}

static enum err_code parse(struct bytes der, struct pck_cert *c, struct err *e)
{
    struct rd r = rd_of(der), in;
    struct der cert, tbs, algorithm, signature;

    TRY(der_expect(&r, DER_SEQUENCE, &cert, e));
    TRY(der_finish(&r, "the certificate", e));
    in = rd_of(cert.body);
    TRY(der_expect(&in, DER_SEQUENCE, &tbs, e));
    TRY(der_expect(&in, DER_SEQUENCE, &algorithm, e));
    if (!bytes_eq(algorithm.whole, BYTES(ecdsa_sha256)))
        return err_set(e, ERR_INVALID, "not signed with ECDSA and SHA-256");
    TRY(der_expect(&in, DER_BIT_STRING, &signature, e));
    TRY(der_bits(&signature, &c->signature, e));
    TRY(der_finish(&in, "the certificate", e));
    c->der = der;
    c->tbs = tbs.whole;
    return parse_tbs(tbs.body, c, e);
}

enum err_code pck_cert_parse(struct bytes der, struct pck_cert *ret, struct err *e)
{
    struct pck_cert c = {0};

    if (der.n > PCK_DER_MAX)
        return err_set(e, ERR_INVALID, "%zu bytes, a certificate has at most %d", der.n,
                       PCK_DER_MAX);
    TRY(parse(der, &c, e));
    *ret = c;
    return ERR_OK;
}
