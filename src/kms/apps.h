/* apps - keys and CA of each application and epoch, derived once and kept.  Room: kms.
 *
 * A bounded cache over keys and ca.  An entry is counted, immutable and shared by threads; the
 * oldest unused one leaves when the cache is full.  Nothing is derived under the lock. */
#pragma once
#include "kms/keys.h"
#include "kms/ca.h"

struct kms_app {
    struct addr app_id;
    uint64_t epoch;
    enum key_scheme scheme;
    EVP_PKEY *ca_key, *encrypt_key;
    X509 *ca;
    struct bytes ca_der; /* owned by the entry */
    uint8_t encrypt_spki[P256_SPKI_LEN];
    secret *encrypt, *disk; /* as in struct kms_app_secrets */
    struct hash32 pki_hash; /* keccak256(abi.encode(ca_der, encrypt_spki)) */
};
typedef struct kms_app kms_app;

#define KMS_APPS_MAX 256 /* entries kept by default */

typedef struct kms_apps kms_apps;
/* Takes root on success.  max 0: KMS_APPS_MAX. */
MUST_CHECK enum err_code kms_apps_new(kms_root **root, size_t max, kms_apps **ret, struct err *e);
void kms_apps_free(kms_apps *a);
DEFINE_AUTO(kms_apps, kms_apps_free);
const kms_root *kms_apps_root(const kms_apps *a);

/* The caller gives the entry back with kms_app_put. */
MUST_CHECK enum err_code kms_apps_get(kms_apps *a, const struct addr *app_id, uint64_t epoch,
                                      const kms_app **ret, struct err *e);
void kms_app_put(const kms_app *app);
static inline void kms_app_put_auto(const kms_app **app)
{
    if (*app)
        kms_app_put(*app);
}
