#include "kms/keys.h"

#include "base/codec.h"
#include "crypto/digest.h"
#include "crypto/random.h"

/* Hashed with their NUL. */
static const char commit_domain[] = "teereg-root-commit-v2";
static const char v1_id_domain[] = "teereg-root-id-v1";
/* HKDF salt: 13 bytes, no NUL. */
static const char kdf_salt[] = "teereg-kdf-v2";

#define INFO_MAX 256
#define COUNTER_MAX                                                                                \
    64 /* a scalar is out of range once in 2^32: this many tries never end in vain */

struct kms_root {
    bool v1;
    struct hash32 id, commitment;
    secret *master;
};

static enum err_code root_make(struct bytes master, const struct hash32 *id, bool v1,
                               kms_root **ret, struct err *e)
{
    AUTO(kms_root) r = NULL;

    if (master.n != KMS_ROOT_LEN)
        return err_set(e, ERR_INVALID, "a root key has %d bytes, not %zu", KMS_ROOT_LEN, master.n);
    if (bytes_all_zero(master))
        return err_set(e, ERR_INVALID, "a root key of zeros is no key");
    r = calloc(1, sizeof *r);
    if (!r)
        return err_set(e, ERR_NOMEM, "out of memory for the root key");
    r->v1 = v1;
    TRY(secret_copy(master, &r->master, e));
    if (v1)
        SHA256_OF(&r->id, BYTES(v1_id_domain), master);
    else
        r->id = *id;
    SHA256_OF(&r->commitment, BYTES(commit_domain), BYTES_OF(r->id), master);
    *ret = TAKE(r);
    return ERR_OK;
}

enum err_code kms_root_new(struct bytes master, const struct hash32 *root_id, kms_root **ret,
                           struct err *e)
{
    if (hash32_is_zero(root_id))
        return err_set(e, ERR_INVALID, "a root id of zeros means that there is none");
    return root_make(master, root_id, false, ret, e);
}

enum err_code kms_root_new_v1(struct bytes master, kms_root **ret, struct err *e)
{
    return root_make(master, NULL, true, ret, e);
}

enum err_code kms_root_generate(kms_root **ret, struct err *e)
{
    AUTO(secret) master = NULL;
    struct hash32 id;

    TRY(secret_new(KMS_ROOT_LEN, &master, e));
    random_bytes(master->p, master->n);
    random_bytes(id.b, sizeof id.b);
    return kms_root_new(secret_bytes(master), &id, ret, e);
}

void kms_root_free(kms_root *r)
{
    if (!r)
        return;
    secret_free(r->master);
    free(r);
}

const struct hash32 *kms_root_id(const kms_root *r)
{
    return &r->id;
}

const struct hash32 *kms_root_commitment(const kms_root *r)
{
    return &r->commitment;
}

enum key_scheme kms_root_scheme_at(const kms_root *r, uint64_t epoch)
{
    return r->v1 && epoch == 0 ? KEY_SCHEME_V1 : KEY_SCHEME_V2;
}

#ifdef TEEREG_DEV_ROOTS
static enum err_code not_a_root_line(struct err *e)
{
    return err_set(e, ERR_INVALID,
                   "root key: expected one line \"v2 ROOT_ID MASTER\" or \"v1 MASTER\", each value "
                   "64 hex digits");
}

enum err_code kms_root_parse(struct bytes text, kms_root **ret, struct err *e)
{
    AUTO(secret) master = NULL;
    struct hash32 id;
    struct err why = {0};
    const char *s = (const char *)text.p;
    size_t n = text.n;

    if (n > 0 && s[n - 1] == '\n')
        n--;
    TRY(secret_new(KMS_ROOT_LEN, &master, e));
    if (n == 67 && bytes_eq((struct bytes){text.p, 3}, bytes_of_str("v1 "))) {
        if (hex_decode((struct bytes){text.p + 3, 64}, master->p, master->n, &why) != ERR_OK)
            return not_a_root_line(e);
        return kms_root_new_v1(secret_bytes(master), ret, e);
    }
    if (n == 132 && bytes_eq((struct bytes){text.p, 3}, bytes_of_str("v2 ")) && s[67] == ' ') {
        if (hex_decode((struct bytes){text.p + 3, 64}, id.b, sizeof id.b, &why) != ERR_OK ||
            hex_decode((struct bytes){text.p + 68, 64}, master->p, master->n, &why) != ERR_OK)
            return not_a_root_line(e);
        return kms_root_new(secret_bytes(master), &id, ret, e);
    }
    return not_a_root_line(e);
}

enum err_code kms_root_text(const kms_root *r, secret **ret, struct err *e)
{
    AUTO(secret) line = NULL;
    char *at;

    TRY(secret_new(r->v1 ? 68 : 133, &line, e));
    at = (char *)line->p;
    memcpy(at, r->v1 ? "v1 " : "v2 ", 3);
    at += 3;
    if (!r->v1) {
        hex_encode(BYTES_OF(r->id), at);
        at[64] = ' ';
        at += 65;
    }
    hex_encode(secret_bytes(r->master), at); /* its NUL stands where the LF goes */
    at[64] = '\n';
    *ret = TAKE(line);
    return ERR_OK;
}
#endif

enum err_code kms_derive(const kms_root *r, const char *purpose, const struct addr *app_id,
                         uint64_t epoch, uint32_t counter, secret **ret, struct err *e)
{
    struct buf info AUTO_CALL(buf_done) = BUF(INFO_MAX);
    AUTO(secret) key = NULL;

    buf_put_lp(&info, bytes_of_str(purpose));
    buf_put_lp(&info, BYTES_OF(r->id));
    buf_put_lp(&info, BYTES_OF(*app_id));
    buf_put_u32be(&info, sizeof epoch);
    buf_put_u64be(&info, epoch);
    buf_put_u32be(&info, sizeof counter);
    buf_put_u32be(&info, counter);
    TRY(buf_check(&info, e));
    TRY(secret_new(32, &key, e));
    TRY(hkdf_sha256(secret_bytes(r->master), bytes_of_str(kdf_salt), buf_bytes(&info), key->p,
                    key->n, e));
    *ret = TAKE(key);
    return ERR_OK;
}

/* Is it in [1, n-1]?  p256_from_scalar is the one place that knows. */
static bool is_scalar(const secret *s)
{
    AUTO(EVP_PKEY) key = NULL;
    struct err why = {0};

    return p256_from_scalar(secret_bytes(s), &key, &why) == ERR_OK;
}

enum err_code kms_derive_scalar(const kms_root *r, const char *purpose, const struct addr *app_id,
                                uint64_t epoch, secret **ret, struct err *e)
{
    for (uint32_t counter = 0; counter < COUNTER_MAX; counter++) {
        AUTO(secret) s = NULL;

        TRY(kms_derive(r, purpose, app_id, epoch, counter, &s, e));
        if (is_scalar(s)) {
            *ret = TAKE(s);
            return ERR_OK;
        }
    }
    return err_set(e, ERR_INTERNAL, "no key of purpose %s in %d tries", purpose, COUNTER_MAX);
}

enum err_code kms_derive_v1(const kms_root *r, const struct addr *app, const char *label,
                            secret **ret, struct err *e)
{
    AUTO(secret) s = NULL;
    struct hash32 h;
    WIPE_AT_EXIT(h);

    SHA256_OF(&h, secret_bytes(r->master), BYTES_OF(*app), bytes_of_str(label));
    TRY(secret_copy(BYTES_OF(h), &s, e));
    if (!is_scalar(s))
        return err_set(e, ERR_INVALID,
                       "the version 1 key \"%s\" of this application is no key of "
                       "P-256: it cannot have existed",
                       label);
    *ret = TAKE(s);
    return ERR_OK;
}

void kms_app_secrets_done(struct kms_app_secrets *s)
{
    secret_free(s->ca);
    secret_free(s->encrypt);
    secret_free(s->disk);
    *s = (struct kms_app_secrets){0};
}

enum err_code kms_app_secrets_derive(const kms_root *r, const struct addr *app_id, uint64_t epoch,
                                     struct kms_app_secrets *ret, struct err *e)
{
    struct kms_app_secrets s AUTO_CALL(kms_app_secrets_done) = {0};

    s.scheme = kms_root_scheme_at(r, epoch);
    if (s.scheme == KEY_SCHEME_V1) {
        TRY(kms_derive_v1(r, app_id, "ca", &s.ca, e));
        TRY(kms_derive_v1(r, app_id, "app", &s.encrypt, e));
        TRY(secret_new(0, &s.disk, e));
    } else {
        TRY(kms_derive_scalar(r, KEY_APP_CA, app_id, epoch, &s.ca, e));
        TRY(kms_derive_scalar(r, KEY_APP_ENCRYPT, app_id, epoch, &s.encrypt, e));
        TRY(kms_derive(r, KEY_APP_DISK, app_id, epoch, 0, &s.disk, e));
    }
    *ret = s;
    s = (struct kms_app_secrets){0};
    return ERR_OK;
}
