#include "kms/pki.h"

#include "crypto/pem.h"

void kms_pki_done(struct kms_pki *p)
{
    if (p->app)
        kms_app_put(p->app);
    *p = (struct kms_pki){0};
}

enum err_code kms_pki_get(const struct kms_authority *a, const struct addr *app,
                          struct kms_pki *ret, enum kms_reason *ret_why, struct err *e)
{
    struct kms_app_standing s;
    const kms_app *keys;

    TRY(kms_decide_app(a, app, NULL, &s, ret_why, e));
    TRY(kms_because(KMS_ISSUE_FAILED, ret_why,
                    kms_apps_get(a->apps, &s.app_id, s.epoch, &keys, e)));
    *ret = (struct kms_pki){.app = keys, .pki_hash = keys->pki_hash, .epoch = s.epoch, .at = s.at};
    return ERR_OK;
}

void kms_pki_payload(struct bytes k, const struct hash32 *pki_hash, struct buf *ret)
{
    buf_put(ret, k);
    buf_put(ret, BYTES_OF(*pki_hash));
}

enum err_code kms_pki_v1_pem(const struct kms_pki *p, struct buf *ret_ca, struct buf *ret_key,
                             struct err *e)
{
    pem_put(ret_ca, "CERTIFICATE", p->app->ca_der);
    pem_put(ret_key, "PUBLIC KEY", BYTES(p->app->encrypt_spki));
    TRY(buf_check(ret_ca, e));
    return buf_check(ret_key, e);
}
