/* RFC 9180; section numbers are its. */
#include "crypto/hpke.h"

#include "crypto/aead.h"
#include "crypto/digest.h"

static const uint8_t kem_id[5] = {'K', 'E', 'M', 0x00, 0x10};
static const uint8_t suite_id[10] = {'H', 'P', 'K', 'E', 0x00, 0x10, 0x00, 0x01, 0x00, 0x02};

/* Longest info here: label and contexts of fixed size, or the point pair of the KEM. */
#define LABELED_MAX 256

/* §4: LabeledExtract(salt, label, ikm) */
static enum err_code labeled_extract(struct bytes suite, struct bytes salt, const char *label,
                                     struct bytes ikm, struct hash32 *ret, struct err *e)
{
    struct buf in AUTO_CALL(buf_done_wipe) = BUF(ikm.n + LABELED_MAX);

    buf_reserve(&in, in.max);
    buf_put_str(&in, "HPKE-v1");
    buf_put(&in, suite);
    buf_put_str(&in, label);
    buf_put(&in, ikm);
    TRY(buf_check(&in, e));
    hkdf_sha256_extract(salt, buf_bytes(&in), ret);
    return ERR_OK;
}

/* §4: LabeledExpand(prk, label, info, L) */
static enum err_code labeled_expand(struct bytes suite, const struct hash32 *prk, const char *label,
                                    struct bytes info, uint8_t *ret, uint16_t n, struct err *e)
{
    struct buf in AUTO_CALL(buf_done) = BUF(LABELED_MAX);

    buf_put_u16be(&in, n);
    buf_put_str(&in, "HPKE-v1");
    buf_put(&in, suite);
    buf_put_str(&in, label);
    buf_put(&in, info);
    TRY(buf_check(&in, e));
    return hkdf_sha256_expand(prk, buf_bytes(&in), ret, n, e);
}

/* §7.1.3 */
enum err_code hpke_derive_key(struct bytes ikm, EVP_PKEY **ret, struct err *e)
{
    struct hash32 prk;
    WIPE_AT_EXIT(prk);
    uint8_t scalar[32];
    WIPE_AT_EXIT(scalar);

    TRY(labeled_extract(BYTES(kem_id), (struct bytes){0}, "dkp_prk", ikm, &prk, e));
    for (unsigned counter = 0; counter < 256; counter++) {
        uint8_t i = (uint8_t)counter;

        TRY(labeled_expand(BYTES(kem_id), &prk, "candidate", (struct bytes){&i, 1}, scalar,
                           sizeof scalar, e));
        if (p256_from_scalar(BYTES(scalar), ret, e) == ERR_OK)
            return ERR_OK;
        if (e->code != ERR_INVALID) /* out of range: the next one */
            return e->code;
    }
    return err_set(e, ERR_INTERNAL, "no key from 256 candidates");
}

/* §4.1: the shared secret from the Diffie-Hellman value, bound to both points. */
static enum err_code extract_and_expand(const secret *dh, const uint8_t enc[static HPKE_ENC_LEN],
                                        const uint8_t pk_r[static P256_POINT_LEN],
                                        struct hash32 *ret, struct err *e)
{
    struct hash32 prk;
    WIPE_AT_EXIT(prk);
    uint8_t context[HPKE_ENC_LEN + P256_POINT_LEN];

    memcpy(context, enc, HPKE_ENC_LEN);
    memcpy(context + HPKE_ENC_LEN, pk_r, P256_POINT_LEN);
    TRY(labeled_extract(BYTES(kem_id), (struct bytes){0}, "eae_prk", secret_bytes(dh), &prk, e));
    return labeled_expand(BYTES(kem_id), &prk, "shared_secret", BYTES(context), ret->b,
                          sizeof ret->b, e);
}

struct schedule {
    uint8_t key[AEAD_KEY_LEN], nonce[AEAD_NONCE_LEN];
};

/* §5.1: base mode, no psk; the nonce of sequence number 0 is base_nonce itself. */
static enum err_code key_schedule(const struct hash32 *shared, struct bytes info,
                                  struct schedule *ret, struct err *e)
{
    struct hash32 psk_hash, info_hash, prk;
    WIPE_AT_EXIT(prk);
    uint8_t context[1 + 32 + 32] = {0};

    TRY(labeled_extract(BYTES(suite_id), (struct bytes){0}, "psk_id_hash", (struct bytes){0},
                        &psk_hash, e));
    TRY(labeled_extract(BYTES(suite_id), (struct bytes){0}, "info_hash", info, &info_hash, e));
    memcpy(context + 1, psk_hash.b, 32);
    memcpy(context + 33, info_hash.b, 32);
    TRY(labeled_extract(BYTES(suite_id), BYTES_OF(*shared), "secret", (struct bytes){0}, &prk, e));
    TRY(labeled_expand(BYTES(suite_id), &prk, "key", BYTES(context), ret->key, sizeof ret->key, e));
    return labeled_expand(BYTES(suite_id), &prk, "base_nonce", BYTES(context), ret->nonce,
                          sizeof ret->nonce, e);
}

static enum err_code seal_from(EVP_PKEY *ephemeral, struct bytes recipient_point65,
                               struct bytes info, struct bytes aad, struct bytes plaintext,
                               uint8_t ret_enc[static HPKE_ENC_LEN], struct buf *ret_ct,
                               struct err *e)
{
    AUTO(EVP_PKEY) peer = NULL;
    AUTO(secret) dh = NULL;
    struct hash32 shared;
    WIPE_AT_EXIT(shared);
    struct schedule ks;
    WIPE_AT_EXIT(ks);
    uint8_t enc[HPKE_ENC_LEN];

    TRY(p256_from_point(recipient_point65, &peer, e));
    TRY(p256_ecdh(ephemeral, peer, &dh, e));
    TRY(p256_point(ephemeral, enc, e));
    TRY(extract_and_expand(dh, enc, recipient_point65.p, &shared, e));
    TRY(key_schedule(&shared, info, &ks, e));
    TRY(aes256gcm_seal(ks.key, ks.nonce, aad, plaintext, ret_ct, e));
    memcpy(ret_enc, enc, sizeof enc);
    return ERR_OK;
}

enum err_code hpke_seal(struct bytes recipient_point65, struct bytes info, struct bytes aad,
                        struct bytes plaintext, uint8_t ret_enc[static HPKE_ENC_LEN],
                        struct buf *ret_ct, struct err *e)
{
    AUTO(EVP_PKEY) ephemeral = NULL;

    TRY(p256_generate(&ephemeral, e));
    return seal_from(ephemeral, recipient_point65, info, aad, plaintext, ret_enc, ret_ct, e);
}

enum err_code hpke_seal_with_ikm(struct bytes recipient_point65, struct bytes ikm_e,
                                 struct bytes info, struct bytes aad, struct bytes plaintext,
                                 uint8_t ret_enc[static HPKE_ENC_LEN], struct buf *ret_ct,
                                 struct err *e)
{
    AUTO(EVP_PKEY) ephemeral = NULL;

    TRY(hpke_derive_key(ikm_e, &ephemeral, e));
    return seal_from(ephemeral, recipient_point65, info, aad, plaintext, ret_enc, ret_ct, e);
}

enum err_code hpke_open(EVP_PKEY *recipient, struct bytes enc, struct bytes info, struct bytes aad,
                        struct bytes ct, secret **ret, struct err *e)
{
    AUTO(EVP_PKEY) ephemeral = NULL;
    AUTO(secret) dh = NULL;
    struct hash32 shared;
    WIPE_AT_EXIT(shared);
    struct schedule ks;
    WIPE_AT_EXIT(ks);
    uint8_t own[P256_POINT_LEN];

    TRY(p256_from_point(enc, &ephemeral, e));
    TRY(p256_ecdh(recipient, ephemeral, &dh, e));
    TRY(p256_point(recipient, own, e));
    TRY(extract_and_expand(dh, enc.p, own, &shared, e));
    TRY(key_schedule(&shared, info, &ks, e));
    return aes256gcm_open(ks.key, ks.nonce, aad, ct, ret, e);
}
