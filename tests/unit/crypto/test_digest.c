/* digest: SHA-2, Keccak-256, HMAC and HKDF against published values and OpenSSL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include "crypto/digest.h"
#include "support/json_vectors.h"

static void assert_hex(const uint8_t *p, size_t n, const char *hex)
{
    JV_BYTES want = jv_unhex(hex);

    assert_int_equal(n, want.n);
    assert_memory_equal(p, want.p, n);
}

static void sha256_of_abc_is_that_of_fips_180(void **state)
{
    struct hash32 h;

    (void)state;
    sha256(bytes_of_str("abc"), &h);
    assert_hex(h.b, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256((struct bytes){0}, &h);
    assert_hex(h.b, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void sha384_of_abc_is_that_of_fips_180(void **state)
{
    uint8_t h[48];

    (void)state;
    sha384(bytes_of_str("abc"), h);
    assert_hex(h, 48,
               "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
               "8086072ba1e7cc2358baeca134c825a7");
}

static void parts_are_hashed_as_their_concatenation(void **state)
{
    struct hash32 whole, parts;

    (void)state;
    sha256(bytes_of_str("teereg"), &whole);
    SHA256_OF(&parts, bytes_of_str("tee"), ((struct bytes){0}), bytes_of_str("reg"));
    assert_true(hash32_eq(&whole, &parts));
    keccak256(bytes_of_str("teereg"), &whole);
    KECCAK256_OF(&parts, bytes_of_str("tee"), ((struct bytes){0}), bytes_of_str("reg"));
    assert_true(hash32_eq(&whole, &parts));
}

static void keccak256_is_ethereums(void **state)
{
    struct hash32 h;

    (void)state;
    keccak256((struct bytes){0}, &h);
    assert_hex(h.b, 32, "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    keccak256(bytes_of_str("abc"), &h);
    assert_hex(h.b, 32, "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    keccak256(bytes_of_str("transfer(address,uint256)"), &h);
    assert_hex(h.b, 4, "a9059cbb");
}

/* With the other padding byte the sponge is SHA3-256, so that all of it but one constant has an
 * oracle: every length around the rate of 136 bytes, cut in two at every few places. */
static void the_sponge_with_padding_6_is_openssls_sha3_at_every_length(void **state)
{
    uint8_t data[600], want[32];

    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 131 + i / 256);
    for (size_t n = 0; n <= sizeof data; n++) {
        assert_int_equal(EVP_Digest(data, n, want, NULL, EVP_sha3_256(), NULL), 1);
        for (size_t cut = 0; cut <= n; cut += 97) {
            const struct bytes parts[] = {{data, cut}, {data + cut, n - cut}};
            struct hash32 got;

            keccak_sponge256(parts, 2, 0x06, &got);
            assert_memory_equal(got.b, want, 32);
        }
    }
}

/* RFC 4231, cases 1, 2 and 6 (a key longer than a block). */
static void hmac_gives_the_values_of_rfc_4231(void **state)
{
    uint8_t key[131];
    struct hash32 h;

    (void)state;
    memset(key, 0x0b, 20);
    hmac_sha256((struct bytes){key, 20}, bytes_of_str("Hi There"), &h);
    assert_hex(h.b, 32, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    hmac_sha256(bytes_of_str("Jefe"), bytes_of_str("what do ya want for nothing?"), &h);
    assert_hex(h.b, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    hmac_sha256(BYTES(key), bytes_of_str("Test Using Larger Than Block-Size Key - Hash Key First"),
                &h);
    assert_hex(h.b, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void hkdf_gives_the_values_of_rfc_5869(void **state)
{
    json_t *root = jv_load("tests/vectors/rfc/rfc5869.json");
    const json_t *v;
    size_t i;

    (void)state;
    json_array_foreach(jv_get(root, "vectors"), i, v)
    {
        JV_BYTES ikm = jv_hex(v, "ikm");
        JV_BYTES salt = jv_hex(v, "salt");
        JV_BYTES info = jv_hex(v, "info");
        JV_BYTES want_prk = jv_hex(v, "prk");
        JV_BYTES want = jv_hex(v, "okm");
        struct hash32 prk;
        struct err e;
        uint8_t okm[128];

        hkdf_sha256_extract(salt, ikm, &prk);
        assert_memory_equal(prk.b, want_prk.p, 32);
        assert_int_equal(hkdf_sha256(ikm, salt, info, okm, want.n, &e), ERR_OK);
        assert_memory_equal(okm, want.p, want.n);
    }
    assert_int_equal(i, 3);
    json_decref(root);
}

static void hkdf_gives_at_most_255_blocks(void **state)
{
    static uint8_t out[255 * 32 + 1];
    struct err e;

    (void)state;
    assert_int_equal(
        hkdf_sha256(bytes_of_str("k"), (struct bytes){0}, (struct bytes){0}, out, 255 * 32, &e),
        ERR_OK);
    assert_int_equal(
        hkdf_sha256(bytes_of_str("k"), (struct bytes){0}, (struct bytes){0}, out, sizeof out, &e),
        ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_abc_is_that_of_fips_180),
        cmocka_unit_test(sha384_of_abc_is_that_of_fips_180),
        cmocka_unit_test(parts_are_hashed_as_their_concatenation),
        cmocka_unit_test(keccak256_is_ethereums),
        cmocka_unit_test(the_sponge_with_padding_6_is_openssls_sha3_at_every_length),
        cmocka_unit_test(hmac_gives_the_values_of_rfc_4231),
        cmocka_unit_test(hkdf_gives_the_values_of_rfc_5869),
        cmocka_unit_test(hkdf_gives_at_most_255_blocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
