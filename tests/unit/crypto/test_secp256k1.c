/* secp256k1: Ethereum's signatures and addresses; SR-32's rules for recovery. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "crypto/digest.h"
#include "crypto/secp256k1.h"
#include "support/json_vectors.h"

static const char order[] = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

static secret *key_of(const char *hex)
{
    JV_BYTES b = jv_unhex(hex);
    secret *key = NULL;
    struct err e;

    assert_int_equal(secret_copy(b, &key, &e), ERR_OK);
    return key;
}

/* a - b, 32 bytes big-endian. */
static void subtract(const uint8_t *a, const uint8_t *b, uint8_t *ret)
{
    unsigned borrow = 0;

    for (size_t i = 32; i-- > 0;) {
        unsigned d = (unsigned)a[i] - b[i] - borrow;

        ret[i] = (uint8_t)d;
        borrow = d >> 31;
    }
}

static void the_operators_signature_of_the_reference_is_made_and_recovered(void **state)
{
    json_t *root = jv_load("tests/vectors/reference/vectors.json");
    const json_t *v = jv_get(root, "operator_signature");
    JV_BYTES want = jv_hex(v, "signature_r_s_v");
    JV_BYTES want_address = jv_hex(v, "operator_address");
    JV_BYTES digest_bytes = jv_hex(v, "hash_sha256_of_pem");
    AUTO(secret) key = key_of(jv_str(v, "operator_privkey"));
    struct eth_signature sig;
    struct hash32 digest;
    struct addr a;
    struct err e;

    (void)state;
    memcpy(digest.b, digest_bytes.p, 32);
    assert_int_equal(secp256k1_sign(key, &digest, &sig, &e), ERR_OK);
    assert_memory_equal(sig.r, want.p, 32);
    assert_memory_equal(sig.s, want.p + 32, 32);
    assert_int_equal(sig.v, want.p[64]);
    assert_int_equal(secp256k1_signer(&digest, &sig, &a, &e), ERR_OK);
    assert_memory_equal(a.b, want_address.p, 20);
    assert_int_equal(secp256k1_address(key, &a, &e), ERR_OK);
    assert_memory_equal(a.b, want_address.p, 20);
    json_decref(root);
}

/* The first account of anvil and hardhat. */
static void the_address_of_a_known_key_is_known(void **state)
{
    AUTO(secret)
    key = key_of("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
    JV_BYTES want = jv_unhex("f39fd6e51aad88f6f4ce6ab8827279cfffb92266");
    struct addr a;
    struct err e;

    (void)state;
    assert_int_equal(secp256k1_address(key, &a, &e), ERR_OK);
    assert_memory_equal(a.b, want.p, 20);
}

static void keys_out_of_range_are_refused(void **state)
{
    static const char *const bad[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",   order,
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",   "01",
        "000000000000000000000000000000000000000000000000000000000000000001",
    };
    struct hash32 digest = {{1}};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(secret) key = key_of(bad[i]);
        struct eth_signature sig;
        struct addr a;
        struct err e;

        assert_int_equal(secp256k1_sign(key, &digest, &sig, &e), ERR_INVALID);
        assert_int_equal(secp256k1_address(key, &a, &e), ERR_INVALID);
    }
}

static void every_signature_made_is_low_and_recovers_to_its_signer(void **state)
{
    AUTO(secret)
    key = key_of("4646464646464646464646464646464646464646464646464646464646464646");
    JV_BYTES half = jv_unhex("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");
    struct addr want, got;
    struct err e;
    size_t ones = 0;

    (void)state;
    assert_int_equal(secp256k1_address(key, &want, &e), ERR_OK);
    for (uint8_t i = 0; i < 100; i++) {
        struct eth_signature sig;
        struct hash32 digest;

        keccak256((struct bytes){&i, 1}, &digest);
        assert_int_equal(secp256k1_sign(key, &digest, &sig, &e), ERR_OK);
        assert_true(memcmp(sig.s, half.p, 32) <= 0);
        assert_int_equal(secp256k1_signer(&digest, &sig, &got, &e), ERR_OK);
        assert_true(addr_eq(&want, &got));
        ones += sig.v;
    }
    assert_true(ones > 0 && ones < 100);
}

struct made {
    struct hash32 digest;
    struct eth_signature sig;
};

static struct made one(void)
{
    AUTO(secret)
    key = key_of("4646464646464646464646464646464646464646464646464646464646464646");
    struct made m;
    struct err e;

    keccak256(bytes_of_str("message"), &m.digest);
    assert_int_equal(secp256k1_sign(key, &m.digest, &m.sig, &e), ERR_OK);
    return m;
}

static void an_s_in_the_upper_half_is_refused(void **state)
{
    struct made m = one();
    JV_BYTES n = jv_unhex(order);
    struct addr a;
    struct err e;

    (void)state;
    subtract(n.p, m.sig.s, m.sig.s);
    m.sig.v ^= 1; /* with this the signature would recover to the same signer */
    assert_int_equal(secp256k1_signer(&m.digest, &m.sig, &a, &e), ERR_INVALID);
}

static void a_v_other_than_0_and_1_is_refused(void **state)
{
    struct made m = one();
    static const uint8_t bad[] = {2, 3, 4, 27, 28, 255};
    struct addr a;
    struct err e;

    (void)state;
    for (size_t i = 0; i < sizeof bad; i++) {
        m.sig.v = bad[i];
        assert_int_equal(secp256k1_signer(&m.digest, &m.sig, &a, &e), ERR_INVALID);
    }
}

static void r_and_s_out_of_range_are_refused(void **state)
{
    JV_BYTES n = jv_unhex(order);
    struct addr a;
    struct err e;

    (void)state;
    for (int which = 0; which < 2; which++) {
        struct made m = one();
        uint8_t *part = which ? m.sig.s : m.sig.r;

        memset(part, 0, 32);
        assert_int_equal(secp256k1_signer(&m.digest, &m.sig, &a, &e), ERR_INVALID);
        memcpy(part, n.p, 32);
        assert_int_equal(secp256k1_signer(&m.digest, &m.sig, &a, &e), ERR_INVALID);
        memset(part, 0xff, 32);
        assert_int_equal(secp256k1_signer(&m.digest, &m.sig, &a, &e), ERR_INVALID);
    }
}

/* x = 5 is on no point of the curve. */
static void an_r_that_is_no_points_x_is_refused(void **state)
{
    struct made m = one();
    struct addr a;
    struct err e;

    (void)state;
    memset(m.sig.r, 0, 32);
    m.sig.r[31] = 5;
    assert_int_equal(secp256k1_signer(&m.digest, &m.sig, &a, &e), ERR_VERIFY);
}

static void another_digest_recovers_to_another_signer(void **state)
{
    struct made m = one();
    struct addr a, b;
    struct err e;

    (void)state;
    assert_int_equal(secp256k1_signer(&m.digest, &m.sig, &a, &e), ERR_OK);
    m.digest.b[0] ^= 1;
    assert_int_equal(secp256k1_signer(&m.digest, &m.sig, &b, &e), ERR_OK);
    assert_false(addr_eq(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_operators_signature_of_the_reference_is_made_and_recovered),
        cmocka_unit_test(the_address_of_a_known_key_is_known),
        cmocka_unit_test(keys_out_of_range_are_refused),
        cmocka_unit_test(every_signature_made_is_low_and_recovers_to_its_signer),
        cmocka_unit_test(an_s_in_the_upper_half_is_refused),
        cmocka_unit_test(a_v_other_than_0_and_1_is_refused),
        cmocka_unit_test(r_and_s_out_of_range_are_refused),
        cmocka_unit_test(an_r_that_is_no_points_x_is_refused),
        cmocka_unit_test(another_digest_recovers_to_another_signer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
