#include "crypto/aead.h"

#include <limits.h>

#include "crypto/ossl.h"

enum err_code aes256gcm_seal(const uint8_t key[static AEAD_KEY_LEN],
                             const uint8_t nonce[static AEAD_NONCE_LEN], struct bytes aad,
                             struct bytes plaintext, struct buf *ret, struct err *e)
{
    AUTO(EVP_CIPHER_CTX) ctx = EVP_CIPHER_CTX_new();
    uint8_t tag[AEAD_TAG_LEN];
    int n = 0;

    if (plaintext.n > INT_MAX - AEAD_TAG_LEN || aad.n > INT_MAX)
        return err_set(e, ERR_TOO_LARGE, "%zu bytes to encrypt", plaintext.n);
    buf_reserve(ret, plaintext.n + AEAD_TAG_LEN);
    TRY(buf_check(ret, e));
    if (!ctx || EVP_EncryptInit_ex2(ctx, EVP_aes_256_gcm(), key, nonce, NULL) != 1 ||
        (aad.n && EVP_EncryptUpdate(ctx, NULL, &n, aad.p, (int)aad.n) != 1) ||
        (plaintext.n &&
         EVP_EncryptUpdate(ctx, ret->p + ret->n, &n, plaintext.p, (int)plaintext.n) != 1) ||
        EVP_EncryptFinal_ex(ctx, tag, &n) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_LEN, tag) != 1)
        return ossl_err(e, ERR_INTERNAL, "AES-256-GCM");
    ret->n += plaintext.n;
    buf_put(ret, BYTES(tag));
    return buf_check(ret, e);
}

enum err_code aes256gcm_open(const uint8_t key[static AEAD_KEY_LEN],
                             const uint8_t nonce[static AEAD_NONCE_LEN], struct bytes aad,
                             struct bytes ct, secret **ret, struct err *e)
{
    AUTO(EVP_CIPHER_CTX) ctx = EVP_CIPHER_CTX_new();
    AUTO(secret) plain = NULL;
    uint8_t tag[AEAD_TAG_LEN], none[1];
    size_t n;
    int got = 0;

    if (ct.n < AEAD_TAG_LEN)
        return err_set(e, ERR_INVALID, "ciphertext of %zu bytes is shorter than its tag", ct.n);
    n = ct.n - AEAD_TAG_LEN;
    if (aad.n > INT_MAX)
        return err_set(e, ERR_TOO_LARGE, "%zu bytes of associated data", aad.n);
    TRY(secret_new(n, &plain, e));
    memcpy(tag, ct.p + n, sizeof tag);
    if (!ctx || EVP_DecryptInit_ex2(ctx, EVP_aes_256_gcm(), key, nonce, NULL) != 1 ||
        (aad.n && EVP_DecryptUpdate(ctx, NULL, &got, aad.p, (int)aad.n) != 1) ||
        (n && EVP_DecryptUpdate(ctx, plain->p, &got, ct.p, (int)n) != 1) ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) != 1)
        return ossl_err(e, ERR_INTERNAL, "AES-256-GCM");
    if (EVP_DecryptFinal_ex(ctx, none, &got) != 1) {
        ossl_forget();
        return err_set(e, ERR_VERIFY, "it was not encrypted to this key, or was changed");
    }
    *ret = TAKE(plain);
    return ERR_OK;
}
