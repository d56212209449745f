#include "attest/pck.h"

#include "crypto/digest.h"
#include "crypto/pem.h"

#define KEY_CERT_SIGN 0x0400 /* bit 5 */
#define SERIAL_MAX    20

static const char cn_leaf[] = "Intel SGX PCK Certificate";
static const char *const cn_ca[] = {
    [PCK_CA_PLATFORM] = "Intel SGX PCK Platform CA",
    [PCK_CA_PROCESSOR] = "Intel SGX PCK Processor CA",
};

void pck_platform_free(pck_platform *p)
{
    if (p)
        p256_pub_free(p->key);
    free(p);
}

struct chain {
    struct buf der[PCK_CERTS];
    struct pck_cert leaf, ca, root;
};

static void chain_done(struct chain *c)
{
    for (size_t i = 0; i < PCK_CERTS; i++)
        buf_done(&c->der[i]);
}

/* Exactly three blocks; the C string's NUL behind them belongs to what quoting libraries write. */
static enum err_code split(struct bytes pem, struct chain *c, enum attest_fault *fault,
                           struct err *e)
{
    struct err why;

    if (pem.n > 0 && pem.p[pem.n - 1] == 0)
        pem.n--;
    for (size_t i = 0; i < PCK_CERTS; i++) {
        c->der[i] = BUF(PCK_DER_MAX);
        if (pem_next(&pem, "CERTIFICATE", &c->der[i], &why) != ERR_OK)
            return attest_fail(fault, e, FAULT_PCK_PEM, "certificate %zu of %d: %s", i + 1,
                               PCK_CERTS, why.msg);
    }
    if (pem.n != 0)
        return attest_fail(fault, e, FAULT_PCK_PEM, "%zu bytes behind the %d certificates", pem.n,
                           PCK_CERTS);
    return ERR_OK;
}

static const struct attest_root *find_root(const struct attest_roots *roots, struct bytes der)
{
    for (size_t i = 0; i < roots->n; i++)
        if (bytes_eq(roots->list[i].der, der))
            return &roots->list[i];
    return NULL;
}

static bool cn_is(const struct pck_cert *c, const char *cn)
{
    return bytes_eq(c->subject_cn, bytes_of_str(cn));
}

static enum err_code check_names(const struct chain *c, enum pck_ca *ret_ca,
                                 enum attest_fault *fault, struct err *e)
{
    if (!cn_is(&c->leaf, cn_leaf))
        return attest_fail(fault, e, FAULT_PCK_CHAIN, "the first certificate is not \"%s\"",
                           cn_leaf);
    if (cn_is(&c->ca, cn_ca[PCK_CA_PLATFORM]))
        *ret_ca = PCK_CA_PLATFORM;
    else if (cn_is(&c->ca, cn_ca[PCK_CA_PROCESSOR]))
        *ret_ca = PCK_CA_PROCESSOR;
    else
        return attest_fail(fault, e, FAULT_PCK_CHAIN,
                           "the second certificate is neither \"%s\" nor \"%s\"",
                           cn_ca[PCK_CA_PLATFORM], cn_ca[PCK_CA_PROCESSOR]);
    if (!bytes_eq(c->leaf.issuer, c->ca.subject) || !bytes_eq(c->ca.issuer, c->root.subject))
        return attest_fail(fault, e, FAULT_PCK_CHAIN, "an issuer is not the next one's subject");
    return ERR_OK;
}

static enum err_code check_uses(const struct chain *c, enum attest_fault *fault, struct err *e)
{
    if (!c->ca.is_ca || !c->ca.has_key_usage || !(c->ca.key_usage & KEY_CERT_SIGN))
        return attest_fail(fault, e, FAULT_PCK_CHAIN,
                           "the second certificate may not sign certificates");
    if (c->leaf.is_ca)
        return attest_fail(fault, e, FAULT_PCK_CHAIN, "the PCK certificate is an authority");
    return ERR_OK;
}

/* subject was signed by the key of issuer. */
static enum err_code check_signature(const struct pck_cert *subject, const struct pck_cert *issuer,
                                     const char *name, enum attest_fault *fault, struct err *e)
{
    AUTO(p256_pub) key = NULL;
    struct hash32 digest;
    struct err why;

    if (p256_pub_new(issuer->key, &key, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_PCK_CHAIN, "key of the issuer of %s: %s", name, why.msg);
    sha256(subject->tbs, &digest);
    if (p256_pub_verify_der(key, &digest, subject->signature, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_PCK_CHAIN, "%s: %s", name, why.msg);
    return ERR_OK;
}

static bool cas_know(struct pck_cas *cas, const struct hash32 *ca)
{
    bool known = false;

    pthread_mutex_lock(&cas->lock);
    for (size_t i = 0; i < cas->n; i++)
        known |= hash32_eq(&cas->seen[i], ca);
    pthread_mutex_unlock(&cas->lock);
    return known;
}

static void cas_learn(struct pck_cas *cas, const struct hash32 *ca)
{
    pthread_mutex_lock(&cas->lock);
    cas->seen[cas->next] = *ca;
    cas->next = (cas->next + 1) % PCK_CAS_KEPT;
    if (cas->n < PCK_CAS_KEPT)
        cas->n++;
    pthread_mutex_unlock(&cas->lock);
}

/* The CA's signature by the root, checked once for each pair of certificates. */
static enum err_code check_ca(const struct chain *c, struct pck_cas *cas, enum attest_fault *fault,
                              struct err *e)
{
    struct hash32 pair;

    SHA256_OF(&pair, c->root.der, c->ca.der);
    if (cas && cas_know(cas, &pair))
        return ERR_OK;
    TRY(check_signature(&c->ca, &c->root, "PCK CA certificate", fault, e));
    if (cas)
        cas_learn(cas, &pair);
    return ERR_OK;
}

/* Leading zero bytes are the sign's, not the number's. */
static size_t keep_serial(struct bytes serial, uint8_t ret[static SERIAL_MAX])
{
    while (serial.n > 0 && (serial.n > SERIAL_MAX || serial.p[0] == 0)) {
        serial.p++;
        serial.n--;
    }
    if (serial.n > 0)
        memcpy(ret, serial.p, serial.n);
    return serial.n;
}

static void keep_validity(pck_platform *p, const struct chain *c)
{
    const struct {
        const struct pck_cert *cert;
        const char *name;
    } all[] = {
        {&c->leaf, "PCK certificate"},
        {&c->ca, "PCK CA certificate"},
        {&c->root, "root certificate"},
    };

    p->not_before = INT64_MIN;
    p->not_after = INT64_MAX;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i].cert->not_before > p->not_before) {
            p->not_before = all[i].cert->not_before;
            p->begins_last = all[i].name;
        }
        if (all[i].cert->not_after < p->not_after) {
            p->not_after = all[i].cert->not_after;
            p->expires_first = all[i].name;
        }
    }
}

static enum err_code parse_cert(const struct buf *der, const char *name, struct pck_cert *ret,
                                enum attest_fault *fault, struct err *e)
{
    struct err why;

    if (pck_cert_parse(buf_bytes(der), ret, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_PCK_CERT, "%s: %s", name, why.msg);
    return ERR_OK;
}

static enum err_code parse_chain(struct bytes pem, const struct attest_roots *roots,
                                 struct chain *c, const struct attest_root **ret_root,
                                 enum attest_fault *fault, struct err *e)
{
    TRY(split(pem, c, fault, e));
    *ret_root = find_root(roots, buf_bytes(&c->der[2]));
    if (!*ret_root)
        return attest_fail(fault, e, FAULT_PCK_CHAIN, "the chain ends in an unknown root");
    TRY(parse_cert(&c->der[0], "PCK certificate", &c->leaf, fault, e));
    TRY(parse_cert(&c->der[1], "PCK CA certificate", &c->ca, fault, e));
    return parse_cert(&c->der[2], "root certificate", &c->root, fault, e);
}

enum err_code pck_chain_verify(struct bytes pem, const struct attest_roots *roots,
                               struct pck_cas *cas, pck_platform **ret, enum attest_fault *fault,
                               struct err *e)
{
    struct chain c AUTO_CALL(chain_done) = {0};
    AUTO(pck_platform) p = calloc(1, sizeof *p);
    struct err why;

    if (!p)
        return attest_fail(fault, e, FAULT_INTERNAL, "out of memory");
    TRY(parse_chain(pem, roots, &c, &p->root, fault, e));
    TRY(check_names(&c, &p->ca, fault, e));
    TRY(check_uses(&c, fault, e));
    TRY(check_ca(&c, cas, fault, e));
    TRY(check_signature(&c.leaf, &c.ca, "PCK certificate", fault, e));
    TRY(pck_extension_parse(c.leaf.sgx, &p->ext, fault, e));
    if (p256_pub_new(c.leaf.key, &p->key, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_PCK_CHAIN, "PCK key: %s", why.msg);
    p->leaf_serial_len = keep_serial(c.leaf.serial, p->leaf_serial);
    p->ca_serial_len = keep_serial(c.ca.serial, p->ca_serial);
    keep_validity(p, &c);
    *ret = TAKE(p);
    return ERR_OK;
}

enum err_code pck_platform_valid(const pck_platform *p, int64_t now, enum attest_fault *fault,
                                 struct err *e)
{
    if (now < p->not_before)
        return attest_fail(fault, e, FAULT_PCK_EXPIRED,
                           "the %s begins at unix time %lld, it is %lld: check the clock",
                           p->begins_last, (long long)p->not_before, (long long)now);
    if (now > p->not_after)
        return attest_fail(fault, e, FAULT_PCK_EXPIRED,
                           "the %s ended at unix time %lld, it is %lld", p->expires_first,
                           (long long)p->not_after, (long long)now);
    return ERR_OK;
}
