#include "kms/apps.h"

#include <pthread.h>
#include <stdatomic.h>

#include "gov/registry.h"

#define CA_DER_MAX 4096

struct entry {
    struct kms_app app; /* first: what callers hold is this */
    struct buf ca_der;
    atomic_uint refs;  /* one of them is the cache's */
    uint64_t last_use; /* under the lock */
};
typedef struct entry entry;

struct kms_apps {
    kms_root *root;
    pthread_mutex_t lock;
    size_t n, max;
    uint64_t uses;
    entry **list;
};

static void entry_free(entry *x)
{
    secret_free(x->app.encrypt);
    secret_free(x->app.disk);
    EVP_PKEY_free(x->app.ca_key);
    EVP_PKEY_free(x->app.encrypt_key);
    X509_free(x->app.ca);
    buf_done(&x->ca_der);
    free(x);
}
DEFINE_AUTO(entry, entry_free);

static void entry_put(entry *x)
{
    if (atomic_fetch_sub_explicit(&x->refs, 1, memory_order_acq_rel) == 1)
        entry_free(x);
}

void kms_app_put(const kms_app *app)
{
    entry_put((entry *)(uintptr_t)app);
}

enum err_code kms_apps_new(kms_root **root, size_t max, kms_apps **ret, struct err *e)
{
    AUTO(kms_apps) a = calloc(1, sizeof *a);

    if (!a)
        return err_set(e, ERR_NOMEM, "out of memory for the key cache");
    pthread_mutex_init(&a->lock, NULL);
    a->max = max ? max : KMS_APPS_MAX;
    a->list = calloc(a->max, sizeof(entry *));
    if (!a->list)
        return err_set(e, ERR_NOMEM, "out of memory for the key cache");
    a->root = TAKE(*root);
    *ret = TAKE(a);
    return ERR_OK;
}

void kms_apps_free(kms_apps *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->n; i++)
        entry_put(a->list[i]);
    free(a->list);
    kms_root_free(a->root);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

const kms_root *kms_apps_root(const kms_apps *a)
{
    return a->root;
}

static enum err_code entry_make(const kms_root *root, const struct addr *app_id, uint64_t epoch,
                                entry **ret, struct err *e)
{
    struct kms_app_secrets s AUTO_CALL(kms_app_secrets_done) = {0};
    AUTO(entry) x = calloc(1, sizeof *x);

    if (!x)
        return err_set(e, ERR_NOMEM, "out of memory for the keys of an application");
    x->ca_der.max = CA_DER_MAX;
    x->app.app_id = *app_id;
    x->app.epoch = epoch;
    TRY(kms_app_secrets_derive(root, app_id, epoch, &s, e));
    x->app.scheme = s.scheme;
    TRY(p256_from_scalar(secret_bytes(s.ca), &x->app.ca_key, e));
    TRY(p256_from_scalar(secret_bytes(s.encrypt), &x->app.encrypt_key, e));
    TRY(p256_spki(x->app.encrypt_key, x->app.encrypt_spki, e));
    TRY(ca_certificate(x->app.ca_key, app_id, epoch, &x->ca_der, e));
    x->app.ca_der = buf_bytes(&x->ca_der);
    TRY(x509_parse(x->app.ca_der, &x->app.ca, e));
    TRY(gov_pki_hash(x->app.ca_der, BYTES(x->app.encrypt_spki), &x->app.pki_hash, e));
    x->app.encrypt = TAKE(s.encrypt);
    x->app.disk = TAKE(s.disk);
    atomic_init(&x->refs, 1);
    *ret = TAKE(x);
    return ERR_OK;
}

/* Under the lock; the caller of the cache gets one count. */
static entry *find(kms_apps *a, const struct addr *app_id, uint64_t epoch)
{
    for (size_t i = 0; i < a->n; i++) {
        entry *x = a->list[i];

        if (x->app.epoch == epoch && addr_eq(&x->app.app_id, app_id)) {
            atomic_fetch_add_explicit(&x->refs, 1, memory_order_relaxed);
            x->last_use = ++a->uses;
            return x;
        }
    }
    return NULL;
}

/* Under the lock.  Where the new entry goes: behind the others, or over the one not used for
 * longest, which stays alive for those who still hold it. */
static size_t make_room(kms_apps *a, entry **ret_old)
{
    size_t oldest = 0;

    *ret_old = NULL;
    if (a->n < a->max)
        return a->n++;
    for (size_t i = 1; i < a->n; i++)
        if (a->list[i]->last_use < a->list[oldest]->last_use)
            oldest = i;
    *ret_old = a->list[oldest];
    return oldest;
}

enum err_code kms_apps_get(kms_apps *a, const struct addr *app_id, uint64_t epoch,
                           const kms_app **ret, struct err *e)
{
    AUTO(entry) fresh = NULL;
    entry *found, *old = NULL;

    pthread_mutex_lock(&a->lock);
    found = find(a, app_id, epoch);
    pthread_mutex_unlock(&a->lock);
    if (!found) {
        TRY(entry_make(a->root, app_id, epoch, &fresh, e));
        pthread_mutex_lock(&a->lock);
        found = find(a, app_id, epoch); /* another thread may have been faster */
        if (!found) {
            size_t at = make_room(a, &old);

            found = a->list[at] = TAKE(fresh);
            atomic_fetch_add_explicit(&found->refs, 1, memory_order_relaxed);
            found->last_use = ++a->uses;
        }
        pthread_mutex_unlock(&a->lock);
        if (old)
            entry_put(old);
    }
    *ret = &found->app;
    return ERR_OK;
}
