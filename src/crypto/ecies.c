#include "crypto/ecies.h"

#include "base/rd.h"
#include "crypto/aead.h"
#include "crypto/digest.h"
#include "crypto/random.h"

/* Go's big.Int.Bytes() drops leading zero bytes of X before hashing; stored data depends on it. */
static void key_of_shared(const secret *x, struct hash32 *ret)
{
    struct bytes minimal = secret_bytes(x);

    while (minimal.n > 0 && minimal.p[0] == 0) {
        minimal.p++;
        minimal.n--;
    }
    sha256(minimal, ret);
}

enum err_code ecies_seal_with(EVP_PKEY *recipient, EVP_PKEY *ephemeral, const uint8_t iv[static 12],
                              struct bytes plaintext, struct buf *ret, struct err *e)
{
    AUTO(secret) x = NULL;
    struct hash32 key;
    WIPE_AT_EXIT(key);
    uint8_t point[P256_POINT_LEN];

    TRY(p256_ecdh(ephemeral, recipient, &x, e));
    TRY(p256_point(ephemeral, point, e));
    key_of_shared(x, &key);
    buf_put_u16be(ret, P256_POINT_LEN);
    buf_put(ret, BYTES(point));
    buf_put(ret, (struct bytes){iv, AEAD_NONCE_LEN});
    return aes256gcm_seal(key.b, iv, (struct bytes){0}, plaintext, ret, e);
}

enum err_code ecies_seal(EVP_PKEY *recipient, struct bytes plaintext, struct buf *ret,
                         struct err *e)
{
    AUTO(EVP_PKEY) ephemeral = NULL;
    uint8_t iv[AEAD_NONCE_LEN];

    TRY(p256_generate(&ephemeral, e));
    random_bytes(iv, sizeof iv);
    return ecies_seal_with(recipient, ephemeral, iv, plaintext, ret, e);
}

bool ecies_is_envelope(struct bytes b)
{
    struct rd r = rd_of(b);

    return b.n >= ECIES_OVERHEAD && rd_u16be(&r) == P256_POINT_LEN && rd_u8(&r) == 4 && rd_ok(&r);
}

enum err_code ecies_open(EVP_PKEY *recipient, struct bytes envelope, secret **ret, struct err *e)
{
    AUTO(EVP_PKEY) ephemeral = NULL;
    AUTO(secret) x = NULL;
    struct hash32 key;
    WIPE_AT_EXIT(key);
    struct rd r = rd_of(envelope);
    uint16_t point_len = rd_u16be(&r);
    struct bytes point, iv;

    if (!rd_ok(&r) || point_len != P256_POINT_LEN)
        return err_set(e, ERR_INVALID, "envelope of %zu bytes does not begin with a P-256 point",
                       envelope.n);
    point = rd_take(&r, point_len);
    iv = rd_take(&r, AEAD_NONCE_LEN);
    if (!rd_ok(&r) || r.left < AEAD_TAG_LEN)
        return err_set(e, ERR_INVALID, "envelope cut short at %zu bytes", envelope.n);
    TRY(p256_from_point(point, &ephemeral, e));
    TRY(p256_ecdh(recipient, ephemeral, &x, e));
    key_of_shared(x, &key);
    return aes256gcm_open(key.b, iv.p, (struct bytes){0}, (struct bytes){r.p, r.left}, ret, e);
}
