#include "attest/pck.h"

#include <stdio.h>
#include "base/clock.h"
#include "crypto/digest.h"
#include "crypto/pem.h"

#define KEY_CERT_SIGN 0x0400 /* bit 5 */

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
    struct pck_cert leaf, ca;
    const struct attest_root *root; /* the pinned one, which stands for the chain's third */
};

static void chain_done(struct chain *c)
{
    for (size_t i = 0; i < PCK_CERTS; i++)
        buf_done(&c->der[i]);
}

struct bytes pck_pem_trim(struct bytes pem)
{
    if (pem.n > 0 && pem.p[pem.n - 1] == 0)
        pem.n--;
    if (pem.n > 1 && pem.p[pem.n - 1] == '\n' && pem.p[pem.n - 2] == '\n')
        pem.n--;
    return pem;
}

/* Exactly three blocks. */
static enum err_code split(struct bytes pem, struct chain *c, enum attest_fault *fault,
                           struct err *e)
{
    struct err why;

    pem = pck_pem_trim(pem);
    for (size_t i = 0; i < PCK_CERTS; i++) {
        c->der[i] = BUF(PCK_DER_MAX);
        if (pem_next(&pem, "CERTIFICATE", &c->der[i], &why) != ERR_OK)
            return attest_fail(fault, e, FAULT_PCK_CHAIN, "certificate %zu of %d: %s", i + 1,
                               PCK_CERTS, why.msg);
    }
    if (pem.n != 0)
        return attest_fail(fault, e, FAULT_PCK_CHAIN, "%zu bytes behind the %d certificates", pem.n,
                           PCK_CERTS);
    return ERR_OK;
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
    if (!bytes_eq(c->leaf.issuer, c->ca.subject) || !bytes_eq(c->ca.issuer, c->root->subject))
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

void pck_ca_pair(const struct attest_root *root, struct bytes ca_der, struct hash32 *ret)
{
    SHA256_OF(ret, root->der, ca_der);
}

/* The CA's signature by the root, checked once for each pair of certificates. */
static enum err_code check_ca(const struct chain *c, struct pck_cas *cas, const struct hash32 *seen,
                              enum attest_fault *fault, struct err *e)
{
    struct hash32 pair;
    struct err why;

    pck_ca_pair(c->root, c->ca.der, &pair);
    if ((seen && hash32_eq(seen, &pair)) || (cas && cas_know(cas, &pair)))
        return ERR_OK;
    if (attest_root_signed(c->root, c->ca.tbs, c->ca.signature, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_PCK_CHAIN, "PCK CA certificate: %s", why.msg);
    if (cas)
        cas_learn(cas, &pair);
    return ERR_OK;
}

/* Leading zero bytes are the sign's, not the number's. */
size_t pck_serial_keep(struct bytes serial, uint8_t ret[static PCK_SERIAL_MAX])
{
    while (serial.n > 0 && serial.p[0] == 0) {
        serial.p++;
        serial.n--;
    }
    if (serial.n > PCK_SERIAL_MAX)
        return 0;
    if (serial.n > 0)
        memcpy(ret, serial.p, serial.n);
    return serial.n;
}

void pck_validity_add(struct pck_validity *v, int64_t not_before, int64_t not_after,
                      const char *name)
{
    if (!v->begins_last || not_before > v->not_before) {
        v->not_before = not_before;
        v->begins_last = name;
    }
    if (!v->expires_first || not_after < v->not_after) {
        v->not_after = not_after;
        v->expires_first = name;
    }
}

void pck_ca_id(const struct pck_cert *ca, struct hash32 *ret)
{
    SHA256_OF(ret, ca->subject, ca->key);
}

static enum err_code parse_cert(const struct buf *der, const char *name, struct pck_cert *ret,
                                enum attest_fault *fault, struct err *e)
{
    struct err why;

    if (pck_cert_parse(buf_bytes(der), ret, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_PCK_CHAIN, "%s: %s", name, why.msg);
    return ERR_OK;
}

static enum err_code parse_chain(struct bytes pem, const struct attest_roots *roots,
                                 struct chain *c, enum attest_fault *fault, struct err *e)
{
    TRY(split(pem, c, fault, e));
    c->root = attest_roots_find(roots, buf_bytes(&c->der[2]));
    if (!c->root)
        return attest_fail(fault, e, FAULT_PCK_CHAIN,
                           "the chain ends in an unknown root, expected %s",
                           roots->n ? roots->list[0].label : "none");
    TRY(parse_cert(&c->der[0], "PCK certificate", &c->leaf, fault, e));
    return parse_cert(&c->der[1], "PCK CA certificate", &c->ca, fault, e);
}

static void read_extension(struct bytes sgx, pck_platform *p)
{
    struct err why;

    p->has_ext = pck_extension_parse(sgx, &p->ext, NULL, &why) == ERR_OK;
    if (!p->has_ext) /* without the fault's name, which is said anyway */
        snprintf(p->ext_why, sizeof p->ext_why, "%.159s", why.msg + strcspn(why.msg, ":") + 2);
}

enum err_code pck_extension_check(const pck_platform *p, enum attest_fault *fault, struct err *e)
{
    return p->has_ext ? ERR_OK : attest_fail(fault, e, FAULT_PCK_EXTENSION, "%s", p->ext_why);
}

enum err_code pck_chain_verify(struct bytes pem, const struct attest_roots *roots,
                               struct pck_cas *cas, const struct hash32 *seen, pck_platform **ret,
                               enum attest_fault *fault, struct err *e)
{
    struct chain c AUTO_CALL(chain_done) = {0};
    AUTO(pck_platform) p = calloc(1, sizeof *p);
    struct err why;

    if (!p)
        return attest_fail(fault, e, FAULT_INTERNAL, "out of memory");
    TRY(parse_chain(pem, roots, &c, fault, e));
    p->root = c.root;
    TRY(check_names(&c, &p->ca, fault, e));
    TRY(check_uses(&c, fault, e));
    TRY(check_ca(&c, cas, seen, fault, e));
    TRY(check_signature(&c.leaf, &c.ca, "PCK certificate", fault, e));
    read_extension(c.leaf.sgx, p);
    if (p256_pub_new(c.leaf.key, &p->key, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_PCK_CHAIN, "PCK key: %s", why.msg);
    p->leaf_serial_len = pck_serial_keep(c.leaf.serial, p->leaf_serial);
    p->ca_serial_len = pck_serial_keep(c.ca.serial, p->ca_serial);
    pck_ca_id(&c.ca, &p->ca_id);
    pck_validity_add(&p->validity, c.leaf.not_before, c.leaf.not_after, "PCK certificate");
    pck_validity_add(&p->validity, c.ca.not_before, c.ca.not_after, "PCK CA certificate");
    pck_validity_add(&p->validity, c.root->not_before, c.root->not_after, "root certificate");
    *ret = TAKE(p);
    return ERR_OK;
}

enum err_code pck_validity_check(const struct pck_validity *v, int64_t now,
                                 enum attest_fault *fault, struct err *e)
{
    char when[21], at[21];

    clock_format(now, at);
    if (now < v->not_before) {
        clock_format(v->not_before, when);
        return attest_fail(fault, e, FAULT_PCK_EXPIRED,
                           "the %s begins at %s, it is %s: check the clock", v->begins_last, when,
                           at);
    }
    if (now > v->not_after) {
        clock_format(v->not_after, when);
        return attest_fail(fault, e, FAULT_PCK_EXPIRED, "the %s ended at %s, it is %s",
                           v->expires_first, when, at);
    }
    return ERR_OK;
}
