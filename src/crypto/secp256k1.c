#include "crypto/secp256k1.h"

#include <pthread.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include "crypto/digest.h"
#include "crypto/ossl.h"
#include "crypto/random.h"

/* One context, blinded once; after that it is only read and safe in several threads. */
static secp256k1_context *ctx;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* The default callback aborts: a KMS that dies loses its root.  The call then returns 0. */
static void on_illegal_argument(const char *message, void *data)
{
    (void)message;
    (void)data;
}

static void load(void)
{
    uint8_t seed[32];
    WIPE_AT_EXIT(seed);

    ctx = secp256k1_context_create(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY);
    secp256k1_context_set_illegal_callback(ctx, on_illegal_argument, NULL);
    random_bytes(seed, sizeof seed);
    if (!secp256k1_context_randomize(ctx, seed))
        ossl_die("libsecp256k1 cannot be randomised");
}

static enum err_code check_key(const secret *key, struct err *e)
{
    pthread_once(&once, load);
    if (key->n != 32)
        return err_set(e, ERR_INVALID, "a secp256k1 key has 32 bytes, not %zu", key->n);
    if (!secp256k1_ec_seckey_verify(ctx, key->p))
        return err_set(e, ERR_INVALID, "a secp256k1 key must be at least 1 and below the order");
    return ERR_OK;
}

/* The last 20 bytes of Keccak-256(X || Y). */
static enum err_code address_of(const secp256k1_pubkey *pub, struct addr *ret, struct err *e)
{
    uint8_t point[65];
    size_t n = sizeof point;
    struct hash32 h;

    if (!secp256k1_ec_pubkey_serialize(ctx, point, &n, pub, SECP256K1_EC_UNCOMPRESSED) ||
        n != sizeof point)
        return err_set(e, ERR_INTERNAL, "secp256k1 public key");
    keccak256((struct bytes){point + 1, 64}, &h);
    memcpy(ret->b, h.b + 12, sizeof ret->b);
    return ERR_OK;
}

enum err_code secp256k1_sign(const secret *key, const struct hash32 *digest,
                             struct eth_signature *ret, struct err *e)
{
    secp256k1_ecdsa_recoverable_signature sig;
    uint8_t rs[64];
    int v = -1;

    TRY(check_key(key, e));
    if (!secp256k1_ecdsa_sign_recoverable(ctx, &sig, digest->b, key->p, NULL, NULL) ||
        !secp256k1_ecdsa_recoverable_signature_serialize_compact(ctx, rs, &v, &sig) || v < 0 ||
        v > 1) /* 2 and 3: r over the order, which Ethereum cannot say; about 2^-127 */
        return err_set(e, ERR_INTERNAL, "secp256k1 signature");
    memcpy(ret->r, rs, 32);
    memcpy(ret->s, rs + 32, 32);
    ret->v = (uint8_t)v;
    return ERR_OK;
}

enum err_code secp256k1_signer(const struct hash32 *digest, const struct eth_signature *sig,
                               struct addr *ret, struct err *e)
{
    secp256k1_ecdsa_recoverable_signature rec;
    secp256k1_ecdsa_signature plain;
    secp256k1_pubkey pub;
    uint8_t rs[64];

    pthread_once(&once, load);
    if (sig->v > 1)
        return err_set(e, ERR_INVALID, "recovery byte %u: must be 0 or 1", sig->v);
    memcpy(rs, sig->r, 32);
    memcpy(rs + 32, sig->s, 32);
    if (bytes_all_zero(BYTES(sig->r)) || bytes_all_zero(BYTES(sig->s)) ||
        !secp256k1_ecdsa_recoverable_signature_parse_compact(ctx, &rec, rs, sig->v))
        return err_set(e, ERR_INVALID, "r and s must be at least 1 and below the order");
    if (!secp256k1_ecdsa_recoverable_signature_convert(ctx, &plain, &rec))
        return err_set(e, ERR_INTERNAL, "secp256k1 signature");
    if (secp256k1_ecdsa_signature_normalize(ctx, NULL, &plain)) /* 1: it was high */
        return err_set(e, ERR_INVALID, "s is in the upper half of the order");
    if (!secp256k1_ecdsa_recover(ctx, &pub, &rec, digest->b))
        return err_set(e, ERR_VERIFY, "no key made this signature");
    return address_of(&pub, ret, e);
}

enum err_code secp256k1_address(const secret *key, struct addr *ret, struct err *e)
{
    secp256k1_pubkey pub;

    TRY(check_key(key, e));
    if (!secp256k1_ec_pubkey_create(ctx, &pub, key->p))
        return err_set(e, ERR_INTERNAL, "secp256k1 public key");
    return address_of(&pub, ret, e);
}
