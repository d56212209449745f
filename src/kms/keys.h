/* keys - the root key and everything derived from it.  Room: kms.
 *
 * Every value here is permanent (docs/WIRE.md, "Keys"); golden vectors: tests/vectors/kms/. */
#pragma once
#include "crypto/p256.h"
#include "crypto/secret.h"

#define KMS_ROOT_LEN 32

/* How the keys of one epoch come from the root; goes into the answer with secrets. */
enum key_scheme {
    KEY_SCHEME_V1 = 1, /* SHA-256(master || address || "ca" or "app"): the reference's */
    KEY_SCHEME_V2 = 2, /* HKDF-SHA256 with purpose, root id, application and epoch */
};

/* The root: in locked memory, wiped on free; immutable, so any thread may read it. */
typedef struct kms_root kms_root;

/* A root of ours.  master: 32 bytes, not all zero (ERR_INVALID); root_id: not zero. */
MUST_CHECK enum err_code kms_root_new(struct bytes master, const struct hash32 *root_id,
                                      kms_root **ret, struct err *e);
/* A root born under the reference: root_id = SHA-256("teereg-root-id-v1\0" || master).  Its epoch 0
 * is derived by KEY_SCHEME_V1, so that stored secrets and disks open; later epochs by V2. */
MUST_CHECK enum err_code kms_root_new_v1(struct bytes master, kms_root **ret, struct err *e);
/* Fresh master and root_id. */
MUST_CHECK enum err_code kms_root_generate(kms_root **ret, struct err *e);
void kms_root_free(kms_root *r);
DEFINE_AUTO(kms_root, kms_root_free);

const struct hash32 *kms_root_id(const kms_root *r);
/* SHA-256("teereg-root-commit-v2\0" || root_id || master). */
const struct hash32 *kms_root_commitment(const kms_root *r);
enum key_scheme kms_root_scheme_at(const kms_root *r, uint64_t epoch);

#ifdef TEEREG_DEV_ROOTS
/* One line of text: "v2 ROOT_ID MASTER" or "v1 MASTER", hex, one space between, optional LF at the
 * end.  Such a file exists in development builds alone. */
MUST_CHECK enum err_code kms_root_parse(struct bytes text, kms_root **ret, struct err *e);
MUST_CHECK enum err_code kms_root_text(const kms_root *r, secret **ret, struct err *e);
#endif

/* Purposes of the v2 derivation. */
#define KEY_APP_CA      "app-ca"
#define KEY_APP_ENCRYPT "app-encrypt"
#define KEY_APP_DISK    "app-disk"
#define KEY_CHALLENGE   "challenge"

/* HKDF-SHA256(ikm = master, salt = "teereg-kdf-v2", info = lp(purpose) || lp(root_id) ||
 * lp(app_id) || lp(u64be epoch) || lp(u32be counter), L = 32).  app_id and epoch are zero where
 * there is no application. */
MUST_CHECK enum err_code kms_derive(const kms_root *r, const char *purpose,
                                    const struct addr *app_id, uint64_t epoch, uint32_t counter,
                                    secret **ret, struct err *e);
/* The same as a P-256 scalar: the first counter from 0 whose value is in [1, n-1]. */
MUST_CHECK enum err_code kms_derive_scalar(const kms_root *r, const char *purpose,
                                           const struct addr *app_id, uint64_t epoch, secret **ret,
                                           struct err *e);
/* Version 1: SHA-256(master || app || label) with label "ca" or "app".  A value outside [1, n-1]
 * is ERR_INVALID (the reference emitted a key that nobody could read). */
MUST_CHECK enum err_code kms_derive_v1(const kms_root *r, const struct addr *app, const char *label,
                                       secret **ret, struct err *e);

/* The secrets of one application at one epoch. */
struct kms_app_secrets {
    enum key_scheme scheme;
    secret *ca, *encrypt; /* scalars */
    secret *disk;         /* 32 bytes; empty (n = 0) under V1, whose disks hang on the key's PEM */
};
MUST_CHECK enum err_code kms_app_secrets_derive(const kms_root *r, const struct addr *app_id,
                                                uint64_t epoch, struct kms_app_secrets *ret,
                                                struct err *e);
void kms_app_secrets_done(struct kms_app_secrets *s);
