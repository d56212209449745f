/* operator: what a wallet signs, and who signed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "kms/operator.h"
#include "support/json_vectors.h"

#define NOW 1764000000

static secret *key_of(uint8_t byte)
{
    uint8_t raw[32];
    secret *s = NULL;
    struct err e = {0};

    memset(raw, byte, sizeof raw);
    assert_int_equal(secret_copy(BYTES(raw), &s, &e), ERR_OK);
    return s;
}

static struct operator_authorize some(void)
{
    return (struct operator_authorize){
        .purpose = "secrets-request",
        .chain_id = 1,
        .kms = {{1}},
        .app = {{2}},
        .subject_spki_sha256 = {{3}},
        .nonce = {{4}},
        .expiry = NOW + 600,
    };
}

static struct msg_authorisation signed_by(const secret *key, const struct operator_authorize *a)
{
    struct msg_authorisation auth;
    struct err e = {0};

    assert_int_equal(operator_sign(key, a, NOW, &auth, &e), ERR_OK);
    return auth;
}

static void digests_are_those_of_the_vectors(void **state)
{
    json_t *all = jv_load("tests/vectors/kms/v2.json");
    const json_t *v;
    size_t i;

    (void)state;
    json_array_foreach(jv_get(all, "authorisations"), i, v)
    {
        JV_BYTES kms = jv_hex(v, "kms");
        JV_BYTES app = jv_hex(v, "app");
        JV_BYTES subject = jv_hex(v, "subject_spki_sha256");
        JV_BYTES nonce = jv_hex(v, "nonce");
        JV_BYTES digest = jv_hex(v, "digest");
        struct operator_authorize a = {
            .purpose = jv_str(v, "purpose"),
            .chain_id = strtoull(jv_str(v, "chain_id"), NULL, 10),
            .expiry = (uint64_t)json_integer_value(jv_get(v, "expiry")),
        };
        struct hash32 found;

        memcpy(a.kms.b, kms.p, 20);
        memcpy(a.app.b, app.p, 20);
        memcpy(a.subject_spki_sha256.b, subject.p, 32);
        memcpy(a.nonce.b, nonce.p, 32);
        operator_digest(&a, &found);
        assert_memory_equal(found.b, digest.p, 32);
    }
    assert_int_equal(i, 3);
    json_decref(all);
}

static void the_signer_is_found(void **state)
{
    AUTO(secret) key = key_of(0x46);
    struct operator_authorize a = some();
    struct msg_authorisation auth = signed_by(key, &a);
    struct addr who, expected;
    struct err e = {0};

    (void)state;
    assert_int_equal(secp256k1_address(key, &expected, &e), ERR_OK);
    assert_int_equal(operator_verify(&auth, &a, NOW, &who, &e), ERR_OK);
    assert_true(addr_eq(&who, &expected));
}

/* A signature over other fields names somebody else, or nobody. */
static void a_changed_field_names_another_signer(void **state)
{
    AUTO(secret) key = key_of(0x46);
    const struct operator_authorize a = some();
    const struct msg_authorisation auth = signed_by(key, &a);
    struct addr expected;
    struct err e = {0};

    (void)state;
    assert_int_equal(secp256k1_address(key, &expected, &e), ERR_OK);
    for (int i = 0; i < 7; i++) {
        struct operator_authorize other = a;
        struct msg_authorisation moved = auth;
        struct addr who = {0};

        switch (i) {
        case 0:
            other.purpose = "onboard-request";
            break;
        case 1:
            other.chain_id++;
            break;
        case 2:
            other.kms.b[19]++;
            break;
        case 3:
            other.app.b[19]++;
            break;
        case 4:
            other.subject_spki_sha256.b[0]++;
            break;
        case 5:
            moved.nonce.b[0]++;
            break;
        default:
            moved.expiry++;
            break;
        }
        if (operator_verify(&moved, &other, NOW, &who, &e) == ERR_OK)
            assert_false(addr_eq(&who, &expected));
    }
}

static void an_expired_one_is_refused(void **state)
{
    AUTO(secret) key = key_of(0x46);
    struct operator_authorize a = some();
    struct msg_authorisation auth = signed_by(key, &a);
    struct addr who;
    struct err e = {0};

    (void)state;
    assert_int_equal(operator_verify(&auth, &a, NOW + 600, &who, &e), ERR_OK);
    assert_int_equal(operator_verify(&auth, &a, NOW + 601, &who, &e), ERR_TIMEOUT);
    assert_int_equal(operator_verify(&auth, &a, -1, &who, &e), ERR_TIMEOUT);
}

static void one_good_for_more_than_a_day_is_neither_made_nor_accepted(void **state)
{
    AUTO(secret) key = key_of(0x46);
    struct operator_authorize a = some();
    struct msg_authorisation auth;
    struct addr who;
    struct err e = {0};

    (void)state;
    a.expiry = NOW + OPERATOR_EXPIRY_MAX_S + 1;
    assert_int_equal(operator_sign(key, &a, NOW, &auth, &e), ERR_TIMEOUT);
    auth = (struct msg_authorisation){.expiry = UINT64_MAX};
    assert_int_equal(operator_verify(&auth, &a, NOW, &who, &e), ERR_TIMEOUT);
    a.expiry = NOW - 1;
    assert_int_equal(operator_sign(key, &a, NOW, &auth, &e), ERR_TIMEOUT);
}

/* SR-32 */
static void r_s_and_v_out_of_range_are_refused(void **state)
{
    static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
                                      0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b,
                                      0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};
    AUTO(secret) key = key_of(0x46);
    struct operator_authorize a = some();
    const struct msg_authorisation good = signed_by(key, &a);
    struct addr who;
    struct err e = {0};

    (void)state;
    for (int i = 0; i < 7; i++) {
        struct msg_authorisation bad = good;
        unsigned borrow = 0;

        switch (i) {
        case 0:
            bad.v = 2;
            break;
        case 1:
            bad.v = 27;
            break;
        case 2:
            memset(bad.r, 0, 32);
            break;
        case 3:
            memset(bad.s, 0, 32);
            break;
        case 4:
            memcpy(bad.r, order, 32);
            break;
        case 5:
            memcpy(bad.s, order, 32);
            break;
        default: /* the high twin: n - s, other v */
            for (size_t k = 32; k > 0; k--) {
                unsigned d = (unsigned)order[k - 1] - good.s[k - 1] - borrow;

                bad.s[k - 1] = (uint8_t)d;
                borrow = d >> 31;
            }
            bad.v ^= 1;
            break;
        }
        assert_int_not_equal(operator_verify(&bad, &a, NOW, &who, &e), ERR_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_those_of_the_vectors),
        cmocka_unit_test(the_signer_is_found),
        cmocka_unit_test(a_changed_field_names_another_signer),
        cmocka_unit_test(an_expired_one_is_refused),
        cmocka_unit_test(one_good_for_more_than_a_day_is_neither_made_nor_accepted),
        cmocka_unit_test(r_s_and_v_out_of_range_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
