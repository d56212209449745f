#include "attest/crl.h"

#include "attest/der.h"
#include "base/codec.h"
#include "crypto/pem.h"

/* AlgorithmIdentifier ecdsa-with-SHA256, without parameters */
static const uint8_t ecdsa_sha256[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                       0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
static const uint8_t oid_crl_number[] = {0x55, 0x1d, 0x14};

#define EXTENSIONS_MAX 16

/* Of id-ce, 2.5.29: what makes a list another thing than the whole list of its issuer. */
static const uint8_t oid_id_ce[] = {0x55, 0x1d};
enum { CE_DELTA = 27, CE_DISTRIBUTION_POINT = 28, CE_CERTIFICATE_ISSUER = 29 };

void crl_done(struct crl *c)
{
    free(c->revoked);
    c->revoked = NULL;
    c->n_revoked = 0;
}

static bool serial_of(struct bytes integer, struct crl_serial *ret)
{
    while (integer.n > 1 && integer.p[0] == 0) {
        integer.p++;
        integer.n--;
    }
    if (integer.n == 0 || integer.n > CRL_SERIAL_MAX)
        return false;
    *ret = (struct crl_serial){.n = (uint8_t)integer.n};
    memcpy(ret->b, integer.p, integer.n);
    return true;
}

static int by_serial(const void *a, const void *b)
{
    const struct crl_serial *x = a, *y = b;

    if (x->n != y->n)
        return x->n < y->n ? -1 : 1;
    return __builtin_memcmp(x->b, y->b, x->n);
}

static enum err_code parse_number(struct bytes value, struct bytes *ret, struct err *e)
{
    struct rd r = rd_of(value);
    struct der number;

    TRY(der_expect(&r, DER_INTEGER, &number, e));
    TRY(der_finish(&r, "the CRL number", e));
    *ret = number.body;
    return ERR_OK;
}

/* RFC 5280 wants them critical; a list that says so otherwise is not a whole one either. */
static bool is_partial(struct bytes oid)
{
    uint8_t last;

    if (oid.n != 3 || !bytes_eq((struct bytes){oid.p, 2}, BYTES(oid_id_ce)))
        return false;
    last = oid.p[2];
    return last == CE_DELTA || last == CE_DISTRIBUTION_POINT || last == CE_CERTIFICATE_ISSUER;
}

/* A list of extensions.  ret_number: contents of the CRL number, empty: none; NULL: not one of the
 * list. */
static enum err_code parse_extensions(struct bytes list, struct bytes *ret_number, struct err *e)
{
    struct bytes seen[EXTENSIONS_MAX];
    struct rd r = rd_of(list);

    for (size_t n = 0; r.left > 0; n++) {
        struct der seq, oid, flag, value;
        bool critical = false;
        struct rd in;

        if (n == EXTENSIONS_MAX)
            return err_set(e, ERR_INVALID, "more than %d extensions", EXTENSIONS_MAX);
        TRY(der_expect(&r, DER_SEQUENCE, &seq, e));
        in = rd_of(seq.body);
        TRY(der_expect(&in, DER_OID, &oid, e));
        TRY(der_optional(&in, DER_BOOLEAN, &flag, e));
        if (flag.tag)
            TRY(der_bool(&flag, &critical, e));
        TRY(der_expect(&in, DER_OCTET_STRING, &value, e));
        TRY(der_finish(&in, "an extension", e));
        if (is_partial(oid.body))
            return err_set(
                e, ERR_INVALID,
                "a delta list, one of some certificates only, or one of another issuer's");
        if (critical)
            return err_set(e, ERR_INVALID, "a critical extension, which none of Intel's has");
        for (size_t i = 0; i < n; i++)
            if (bytes_eq(seen[i], oid.body))
                return err_set(e, ERR_INVALID, "an extension twice");
        seen[n] = oid.body;
        if (ret_number && bytes_eq(oid.body, BYTES(oid_crl_number)))
            TRY(parse_number(value.body, ret_number, e));
    }
    return ERR_OK;
}

static enum err_code parse_entry(struct rd *list, struct crl_serial *ret, struct err *e)
{
    struct der seq, serial, date, extensions;
    struct rd in;
    int64_t when;

    TRY(der_expect(list, DER_SEQUENCE, &seq, e));
    in = rd_of(seq.body);
    TRY(der_expect(&in, DER_INTEGER, &serial, e));
    TRY(der_next(&in, &date, e));
    TRY(der_time(&date, &when, e));
    TRY(der_optional(&in, DER_SEQUENCE, &extensions, e));
    if (extensions.tag)
        TRY(parse_extensions(extensions.body, NULL, e));
    TRY(der_finish(&in, "an entry", e));
    if (!serial_of(serial.body, ret))
        return err_set(e, ERR_INVALID, "a serial number of %zu bytes", serial.body.n);
    return ERR_OK;
}

static enum err_code parse_entries(struct bytes list, struct crl *c, struct err *e)
{
    struct rd r = rd_of(list), count = r;
    size_t n = 0;

    for (struct der entry; count.left > 0; n++) {
        if (n == CRL_ENTRIES_MAX)
            return err_set(e, ERR_INVALID, "more than %d entries", CRL_ENTRIES_MAX);
        TRY(der_next(&count, &entry, e));
    }
    if (n == 0)
        return err_set(e, ERR_INVALID, "a list of entries without entries");
    c->revoked = calloc(n, sizeof *c->revoked);
    if (!c->revoked)
        return err_set(e, ERR_NOMEM, "revocation list");
    for (c->n_revoked = 0; c->n_revoked < n; c->n_revoked++)
        TRY(parse_entry(&r, &c->revoked[c->n_revoked], e));
    qsort(c->revoked, n, sizeof *c->revoked, by_serial);
    for (size_t i = 1; i < n; i++)
        if (by_serial(&c->revoked[i - 1], &c->revoked[i]) == 0)
            return err_set(e, ERR_INVALID, "a serial number twice");
    return ERR_OK;
}

static enum err_code parse_tbs(struct bytes tbs, struct crl *c, struct err *e)
{
    struct der version, algorithm, name, since, until, entries, tagged, extensions;
    struct rd r = rd_of(tbs), in;
    uint64_t n;

    TRY(der_expect(&r, DER_INTEGER, &version, e));
    TRY(der_uint(&version, 1, &n, e));
    if (n != 1)
        return err_set(e, ERR_INVALID, "revocation list version 1, expected 2");
    TRY(der_expect(&r, DER_SEQUENCE, &algorithm, e));
    if (!bytes_eq(algorithm.whole, BYTES(ecdsa_sha256)))
        return err_set(e, ERR_INVALID, "not signed with ECDSA and SHA-256");
    TRY(der_expect(&r, DER_SEQUENCE, &name, e));
    c->issuer = name.whole;
    TRY(der_next(&r, &since, e));
    TRY(der_time(&since, &c->this_update, e));
    TRY(der_next(&r, &until, e));
    TRY(der_time(&until, &c->next_update, e));
    TRY(der_optional(&r, DER_SEQUENCE, &entries, e));
    if (entries.tag)
        TRY(parse_entries(entries.body, c, e));
    TRY(der_expect(&r, DER_CONTEXT_0, &tagged, e));
    TRY(der_finish(&r, "the revocation list", e));
    in = rd_of(tagged.body);
    TRY(der_expect(&in, DER_SEQUENCE, &extensions, e));
    TRY(der_finish(&in, "the extensions", e));
    TRY(parse_extensions(extensions.body, &c->number, e));
    if (c->number.n == 0)
        return err_set(e, ERR_INVALID, "a revocation list without a CRL number");
    return ERR_OK;
}

static enum err_code parse(struct bytes der, struct crl *c, struct err *e)
{
    struct der list, tbs, algorithm, signature;
    struct rd r = rd_of(der), in;

    if (der.n > CRL_DER_MAX)
        return err_set(e, ERR_INVALID, "%zu bytes, a revocation list has at most %d", der.n,
                       CRL_DER_MAX);
    TRY(der_expect(&r, DER_SEQUENCE, &list, e));
    TRY(der_finish(&r, "the revocation list", e));
    in = rd_of(list.body);
    TRY(der_expect(&in, DER_SEQUENCE, &tbs, e));
    TRY(der_expect(&in, DER_SEQUENCE, &algorithm, e));
    if (!bytes_eq(algorithm.whole, BYTES(ecdsa_sha256)))
        return err_set(e, ERR_INVALID, "not signed with ECDSA and SHA-256");
    TRY(der_expect(&in, DER_BIT_STRING, &signature, e));
    TRY(der_bits(&signature, &c->signature, e));
    TRY(der_finish(&in, "the revocation list", e));
    c->tbs = tbs.whole;
    return parse_tbs(tbs.body, c, e);
}

enum err_code crl_parse(struct bytes der, struct crl *ret, struct err *e)
{
    struct crl c AUTO_CALL(crl_done) = {0};

    TRY(parse(der, &c, e));
    *ret = c;
    c.revoked = NULL;
    return ERR_OK;
}

bool crl_has(const struct crl *c, struct bytes serial)
{
    struct crl_serial wanted;

    if (!serial_of(serial, &wanted))
        return true; /* no certificate has such a one: nothing is known of it */
    return c->n_revoked > 0 &&
           bsearch(&wanted, c->revoked, c->n_revoked, sizeof *c->revoked, by_serial) != NULL;
}

/* ---- as served ---- */

static bool all_hex(struct bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if (!((b.p[i] >= '0' && b.p[i] <= '9') || (b.p[i] >= 'a' && b.p[i] <= 'f') ||
              (b.p[i] >= 'A' && b.p[i] <= 'F')))
            return false;
    return b.n > 0 && b.n % 2 == 0;
}

enum err_code crl_to_der(struct bytes served, struct buf *ret, struct err *e)
{
    static const char begin[] = "-----BEGIN ";
    struct buf der AUTO_CALL(buf_done) = BUF(CRL_DER_MAX);

    while (served.n > 0 &&
           (served.p[served.n - 1] == '\n' || served.p[served.n - 1] == '\r' ||
            served.p[served.n - 1] == 0) &&
           served.p[0] != 0x30)
        served.n--;
    if (served.n > 0 && served.p[0] == 0x30 && !all_hex(served)) {
        buf_put(&der, served);
    } else if (served.n >= sizeof begin && memcmp(served.p, begin, sizeof begin - 1) == 0) {
        struct buf text AUTO_CALL(buf_done) = BUF(2 * CRL_DER_MAX);

        buf_put(&text, served);
        buf_put_u8(&text, '\n');
        TRY(buf_check(&text, e));
        TRY(pem_decode(buf_bytes(&text), "X509 CRL", &der, e));
    } else if (all_hex(served)) {
        buf_reserve(&der, served.n / 2);
        TRY(buf_check(&der, e));
        TRY(hex_decode(served, der.p, served.n / 2, e));
        der.n = served.n / 2;
    } else {
        return err_set(e, ERR_INVALID, "a revocation list that is neither DER, PEM nor hex");
    }
    TRY(buf_check(&der, e));
    buf_put(ret, buf_bytes(&der));
    return buf_check(ret, e);
}
