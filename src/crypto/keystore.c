/* keystore - see keystore.h. */
#include "crypto/keystore.h"
#include <openssl/evp.h>
#include <string.h>
#include "base/codec.h"
#include "base/json.h"
#include "crypto/digest.h"
#include "crypto/ossl.h"
#include "crypto/secp256k1.h"

#define DERIVED_LEN 32

static enum err_code is_text(const json *obj, const char *member, const char *expected,
                             struct err *e)
{
    const char *text;

    TRY(json_get_str(obj, member, 32, &text, e));
    if (strcmp(text, expected) != 0)
        return err_set(e, ERR_INVALID, "%s: found \"%s\", expected \"%s\"", member, text, expected);
    return ERR_OK;
}

static enum err_code get_salt(const json *params, struct keystore *k, struct err *e)
{
    const char *text;
    size_t n;

    TRY(json_get_str(params, "salt", 2 * KEYSTORE_SALT_MAX, &text, e));
    n = strlen(text);
    if (n == 0 || n % 2 != 0)
        return err_set(e, ERR_INVALID, "salt: expected hexadecimal of 1 to %d bytes",
                       KEYSTORE_SALT_MAX);
    TRY_IN(e, hex_decode(bytes_of_str(text), k->salt, n / 2, e), "salt");
    k->salt_len = n / 2;
    return ERR_OK;
}

static enum err_code get_scrypt(const json *params, struct keystore *k, struct err *e)
{
    TRY(json_get_u64(params, "n", UINT32_MAX, &k->n, e));
    TRY(json_get_u64(params, "r", UINT32_MAX, &k->r, e));
    TRY(json_get_u64(params, "p", UINT32_MAX, &k->p, e));
    if (k->n < 2 || (k->n & (k->n - 1)) != 0 || k->r == 0 || k->p == 0)
        return err_set(e, ERR_INVALID,
                       "scrypt: expected n to be a power of two, r and p not to be 0");
    /* RFC 7914, section 2; wallets of 2015 broke it (n 262144, r 1), and OpenSSL holds to it. */
    if (k->r < 4 && k->n >> (16 * k->r) != 0)
        return err_set(e, ERR_INVALID, "scrypt: n %llu is too large for r %llu (RFC 7914)",
                       (unsigned long long)k->n, (unsigned long long)k->r);
    /* Each factor has 32 bits: no product of two overflows. */
    if (k->n * k->r > KEYSTORE_SCRYPT_MEMORY / 128 || k->n * k->r > KEYSTORE_SCRYPT_WORK / k->p)
        return err_set(e, ERR_TOO_LARGE,
                       "scrypt: n %llu, r %llu, p %llu would take more memory or time than is "
                       "spent on a key file",
                       (unsigned long long)k->n, (unsigned long long)k->r,
                       (unsigned long long)k->p);
    return ERR_OK;
}

static enum err_code get_pbkdf2(const json *params, struct keystore *k, struct err *e)
{
    TRY(is_text(params, "prf", "hmac-sha256", e));
    TRY(json_get_u64(params, "c", UINT32_MAX, &k->iterations, e));
    if (k->iterations == 0)
        return err_set(e, ERR_INVALID, "c: found 0 iterations");
    if (k->iterations > KEYSTORE_PBKDF2_MAX)
        return err_set(e, ERR_TOO_LARGE, "c: found %llu iterations, at most %d",
                       (unsigned long long)k->iterations, KEYSTORE_PBKDF2_MAX);
    return ERR_OK;
}

static enum err_code get_kdf(const json *crypto, struct keystore *k, struct err *e)
{
    const json *params;
    const char *name;
    uint64_t length;

    TRY(json_get_str(crypto, "kdf", 32, &name, e));
    TRY(json_get_object(crypto, "kdfparams", &params, e));
    TRY(json_get_u64(params, "dklen", UINT32_MAX, &length, e));
    if (length != DERIVED_LEN)
        return err_set(e, ERR_INVALID, "dklen: found %llu, expected %d", (unsigned long long)length,
                       DERIVED_LEN);
    TRY(get_salt(params, k, e));
    k->scrypt = strcmp(name, "scrypt") == 0;
    if (k->scrypt)
        return get_scrypt(params, k, e);
    if (strcmp(name, "pbkdf2") == 0)
        return get_pbkdf2(params, k, e);
    return err_set(e, ERR_INVALID, "kdf: found \"%s\", expected \"scrypt\" or \"pbkdf2\"", name);
}

static enum err_code get_address(const json *root, struct keystore *k, struct err *e)
{
    const char *text;

    if (!json_has(root, "address"))
        return ERR_OK;
    TRY(json_get_str(root, "address", 42, &text, e));
    if (!*text)
        return ERR_OK;
    TRY_IN(e, hex_decode_0x(bytes_of_str(text), k->address.b, sizeof k->address.b, e), "address");
    k->has_address = true;
    return ERR_OK;
}

static enum err_code read_all(const json *root, struct keystore *k, struct err *e)
{
    const json *crypto, *cipher;
    uint64_t version;

    if (!json_is_object(root))
        return err_set(e, ERR_INVALID, "expected an object");
    TRY(json_get_u64(root, "version", UINT32_MAX, &version, e));
    if (version != 3)
        return err_set(e, ERR_INVALID, "version: found %llu, expected 3",
                       (unsigned long long)version);
    /* Old wallets wrote it with a capital. */
    TRY(json_get_object(root, json_has(root, "Crypto") ? "Crypto" : "crypto", &crypto, e));
    TRY(is_text(crypto, "cipher", "aes-128-ctr", e));
    TRY(json_get_object(crypto, "cipherparams", &cipher, e));
    TRY(json_get_hex(cipher, "iv", k->iv, sizeof k->iv, e));
    TRY(json_get_hex(crypto, "ciphertext", k->ciphertext, sizeof k->ciphertext, e));
    TRY(json_get_hex(crypto, "mac", k->mac, sizeof k->mac, e));
    TRY(get_kdf(crypto, k, e));
    return get_address(root, k, e);
}

enum err_code keystore_parse(struct bytes text, struct keystore *ret, struct err *e)
{
    AUTO(json) root = NULL;
    struct keystore k = {0};

    TRY_IN(e, json_parse(text, KEYSTORE_TEXT_MAX, &root, e), "keystore");
    TRY_IN(e, read_all(root, &k, e), "keystore");
    *ret = k;
    return ERR_OK;
}

static enum err_code derive(const struct keystore *k, struct bytes password, secret *ret,
                            struct err *e)
{
    const char *text = password.n ? (const char *)password.p : "";
    int ok;

    if (k->scrypt)
        /* OpenSSL counts its own blocks too: 128 * r * p, and some. */
        ok = EVP_PBE_scrypt(text, password.n, k->salt, k->salt_len, k->n, k->r, k->p,
                            2 * KEYSTORE_SCRYPT_MEMORY, ret->p, DERIVED_LEN);
    else
        ok = PKCS5_PBKDF2_HMAC(text, (int)password.n, k->salt, (int)k->salt_len, (int)k->iterations,
                               EVP_sha256(), DERIVED_LEN, ret->p);
    return ok == 1 ? ERR_OK : ossl_err(e, ERR_INTERNAL, "keystore: key derivation");
}

static enum err_code decrypt(const struct keystore *k, const secret *derived, secret *ret,
                             struct err *e)
{
    AUTO(EVP_CIPHER_CTX) ctx = EVP_CIPHER_CTX_new();
    int n = 0;

    if (!ctx || EVP_DecryptInit_ex(ctx, EVP_aes_128_ctr(), NULL, derived->p, k->iv) != 1 ||
        EVP_DecryptUpdate(ctx, ret->p, &n, k->ciphertext, sizeof k->ciphertext) != 1 ||
        n != (int)sizeof k->ciphertext)
        return ossl_err(e, ERR_INTERNAL, "keystore: AES-128-CTR");
    return ERR_OK;
}

enum err_code keystore_open(const struct keystore *k, struct bytes password, secret **ret,
                            struct err *e)
{
    AUTO(secret) derived = NULL;
    AUTO(secret) key = NULL;
    struct hash32 mac;
    struct addr address;

    if (password.n > KEYSTORE_PASSWORD_MAX)
        return err_set(e, ERR_TOO_LARGE, "keystore: a password of more than %d bytes",
                       KEYSTORE_PASSWORD_MAX);
    TRY(secret_new(DERIVED_LEN, &derived, e));
    TRY(secret_new(sizeof k->ciphertext, &key, e));
    TRY(derive(k, password, derived, e));
    KECCAK256_OF(&mac, ((struct bytes){derived->p + 16, 16}), BYTES(k->ciphertext));
    if (!secret_eq(BYTES_OF(mac), BYTES(k->mac)))
        return err_set(e, ERR_VERIFY,
                       "keystore: the password is not the one it was made with, or the file was "
                       "changed");
    TRY(decrypt(k, derived, key, e));
    TRY_IN(e, secp256k1_address(key, &address, e), "keystore");
    if (k->has_address && !addr_eq(&address, &k->address))
        return err_set(e, ERR_VERIFY, "keystore: its key has another address than it names");
    *ret = TAKE(key);
    return ERR_OK;
}
