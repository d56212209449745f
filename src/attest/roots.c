#include "attest/roots.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include "attest/pck.h"
#include "attest/root_intel.h"
#include "crypto/digest.h"
#ifdef TEEREG_DEV_ROOTS
#include "attest/root_dev.h"
#endif

static struct attest_root table[] = {
    {
        .label = "Intel SGX Root CA",
        .der = {root_intel_der, sizeof root_intel_der},
    },
#ifdef TEEREG_DEV_ROOTS
    {
        .label = "throw-away root of development builds",
        .development = true,
        .der = {root_dev_der, sizeof root_dev_der},
    },
#endif
};
#define TABLE (sizeof table / sizeof table[0])

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    for (size_t i = 0; i < TABLE; i++) {
        struct attest_root r;
        struct err e;

        if (attest_root_of(table[i].der, table[i].label, &r, &e) != ERR_OK) {
            fprintf(stderr, "teereg: compiled-in root certificate: %s\n", e.msg);
            abort();
        }
        r.development = table[i].development;
        table[i] = r;
    }
}

const struct attest_roots *attest_roots(void)
{
    static const struct attest_roots roots = {table, TABLE};

    pthread_once(&once, load);
    return &roots;
}

/* The certificate's own key signed it. */
static enum err_code check_self_signed(const struct pck_cert *c, const p256_pub *key, struct err *e)
{
    struct hash32 digest;

    if (!bytes_eq(c->issuer, c->subject))
        return err_set(e, ERR_VERIFY, "not a root certificate: another issued it");
    sha256(c->tbs, &digest);
    return p256_pub_verify_der(key, &digest, c->signature, e);
}

enum err_code attest_root_of(struct bytes der, const char *label, struct attest_root *ret,
                             struct err *e)
{
    AUTO(p256_pub) key = NULL;
    struct pck_cert c;

    TRY_IN(e, pck_cert_parse(der, &c, e), "root certificate");
    TRY_IN(e, p256_pub_new(c.key, &key, e), "root certificate");
    TRY_IN(e, check_self_signed(&c, key, e), "root certificate");
    *ret = (struct attest_root){
        .label = label,
        .der = der,
        .subject = c.subject,
        .key = c.key,
        .not_before = c.not_before,
        .not_after = c.not_after,
        .signer = TAKE(key),
    };
    return ERR_OK;
}

void attest_root_done(struct attest_root *r)
{
    p256_pub_free(r->signer);
    *r = (struct attest_root){0};
}

static bool same_root(const struct attest_root *r, struct bytes der)
{
    struct pck_cert c;
    struct err e;

    if (bytes_eq(r->der, der))
        return true;
    return pck_cert_parse(der, &c, &e) == ERR_OK && bytes_eq(c.subject, r->subject) &&
           bytes_eq(c.key, r->key) && c.is_ca && check_self_signed(&c, r->signer, &e) == ERR_OK;
}

const struct attest_root *attest_roots_find(const struct attest_roots *roots, struct bytes der)
{
    for (size_t i = 0; i < roots->n; i++)
        if (same_root(&roots->list[i], der))
            return &roots->list[i];
    return NULL;
}

/* ---- the first root's key, which verifies all day ---- */

#define TABLE_AFTER 1000 /* it costs about as much as these */

static atomic_uint verified;
static p256_pub *with_table;
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void make_table(void)
{
    AUTO(p256_pub) k = NULL;
    struct err e;

    if (p256_pub_new(table[0].key, &k, &e) == ERR_OK && p256_pub_precompute(k, &e) == ERR_OK)
        with_table = TAKE(k);
}

enum err_code attest_root_signed(const struct attest_root *r, struct bytes message,
                                 struct bytes sig_der, struct err *e)
{
    const p256_pub *key = r->signer;
    struct hash32 digest;

    sha256(message, &digest);
    if (r == &table[0] && atomic_fetch_add(&verified, 1) >= TABLE_AFTER) {
        pthread_once(&table_once, make_table);
        if (with_table)
            key = with_table;
    }
    return p256_pub_verify_der(key, &digest, sig_der, e);
}
