/* config: one encoding per configuration, and the hash that governance allows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "kms/config.h"
#include "support/json_vectors.h"

static const struct hash32 a_key = {{7}};

static void set_least(struct kms_config *c)
{
    struct err e = {0};

    kms_config_init(c);
    c->chain_id = 1;
    memset(c->kms.b, 0xaa, sizeof c->kms.b);
    c->view_mode = KMS_VIEW_QUORUM;
    assert_int_equal(kms_config_add_endpoint(c, "https://a.example/", NULL, 0, &e), ERR_OK);
}

static struct hash32 hash_of(const struct kms_config *c)
{
    struct hash32 h;
    struct err e = {0};

    assert_int_equal(kms_config_hash(c, &h, &e), ERR_OK);
    return h;
}

static enum err_code decode(const uint8_t *p, size_t n)
{
    struct kms_config c;
    struct err e = {0};

    return kms_config_decode((struct bytes){p, n}, &c, &e);
}

static void encoding_and_hashes_are_those_of_the_vectors(void **state)
{
    json_t *all = jv_load("tests/vectors/kms/v2.json");
    const json_t *v;
    size_t i;

    (void)state;
    json_array_foreach(jv_get(all, "configurations"), i, v)
    {
        JV_BYTES tlvs = jv_hex(v, "tlvs");
        JV_BYTES hash = jv_hex(v, "hash");
        JV_BYTES policy_hash = jv_hex(v, "policy_hash");
        struct buf again AUTO_CALL(buf_done) = BUF(KMS_CONFIG_MAX);
        struct kms_config c;
        struct hash32 h;
        struct err e = {0};

        assert_int_equal(kms_config_decode(tlvs, &c, &e), ERR_OK);
        assert_int_equal(kms_config_encode(&c, &again, &e), ERR_OK);
        assert_true(bytes_eq(buf_bytes(&again), tlvs));
        h = hash_of(&c);
        assert_memory_equal(h.b, hash.p, 32);
        assert_int_equal(kms_config_policy_hash(&c, &h, &e), ERR_OK);
        assert_memory_equal(h.b, policy_hash.p, 32);
    }
    assert_int_equal(i, 2);
    json_decref(all);
}

static void the_full_vector_has_the_values_it_was_made_of(void **state)
{
    json_t *all = jv_load("tests/vectors/kms/v2.json");
    JV_BYTES tlvs = jv_hex(json_array_get(jv_get(all, "configurations"), 1), "tlvs");
    struct kms_config c;
    struct err e = {0};

    (void)state;
    assert_int_equal(kms_config_decode(tlvs, &c, &e), ERR_OK);
    assert_int_equal(c.chain_id, 31337);
    assert_int_equal(c.view_mode, KMS_VIEW_VERIFIED);
    assert_int_equal(c.n_endpoints, 2);
    assert_string_equal(c.endpoints[1].url, "https://b.example/");
    assert_int_equal(c.endpoints[1].n_ca_keys, 3);
    assert_int_equal(c.quorum, 2);
    assert_int_equal(c.min_delay, 86400);
    assert_int_equal(c.max_block_age, 1800);
    assert_int_equal(c.policy.xfam_allowed, 0x602e7);
    assert_true(c.policy.service_td);
    assert_int_equal(c.policy.collateral_grace_s, 3600);
    assert_int_equal(c.listeners, 1);
    assert_int_equal(c.compat, 3);
    json_decref(all);
}

/* SR-11: whatever is changed shows in the hash. */
static void every_field_changes_the_hash(void **state)
{
    struct kms_config base;
    struct hash32 seen[16];
    struct err e = {0};

    (void)state;
    set_least(&base);
    assert_int_equal(kms_config_add_endpoint(&base, "https://b.example/", &a_key, 1, &e), ERR_OK);
    base.quorum = 2;
    for (size_t i = 0; i < 16; i++) {
        struct kms_config c = base;

        switch (i) {
        case 0:
            break;
        case 1:
            c.chain_id++;
            break;
        case 2:
            c.kms.b[19]++;
            break;
        case 3:
            c.view_mode = KMS_VIEW_VERIFIED;
            break;
        case 4:
            c.endpoints[1].url[8] = 'c';
            break;
        case 5:
            c.endpoints[1].ca_keys[0].b[31]++;
            break;
        case 6:
            c.endpoints[1].n_ca_keys = 2;
            break;
        case 7:
            c.view_mode = KMS_VIEW_VERIFIED;
            c.quorum = 1;
            break;
        case 8:
            c.min_delay = 1;
            break;
        case 9:
            c.max_block_age = 1;
            break;
        case 10:
            c.policy.attributes_allowed ^= TD_KL;
            break;
        case 11:
            c.policy.service_td = true;
            break;
        case 12:
            c.policy.collateral_grace_s = 1;
            break;
        case 13:
            c.listeners = KMS_LISTEN_METRICS_TCP;
            break;
        case 14:
            c.compat = KMS_COMPAT_V1_SECRETS;
            break;
        default:
            c.compat = KMS_COMPAT_PROXY_HEADERS;
            break;
        }
        seen[i] = hash_of(&c);
        for (size_t k = 0; k < i; k++)
            assert_false(hash32_eq(&seen[k], &seen[i]));
    }
}

static void endpoints_are_sorted_whatever_order_they_came_in(void **state)
{
    struct kms_config a, b;
    struct hash32 ha, hb;
    struct err e = {0};

    (void)state;
    set_least(&a);
    kms_config_init(&b);
    b.chain_id = a.chain_id;
    b.kms = a.kms;
    b.view_mode = a.view_mode;
    assert_int_equal(kms_config_add_endpoint(&b, "https://b.example/", &a_key, 1, &e), ERR_OK);
    assert_int_equal(kms_config_add_endpoint(&b, "https://a.example/", NULL, 0, &e), ERR_OK);
    assert_int_equal(kms_config_add_endpoint(&a, "https://b.example/", &a_key, 1, &e), ERR_OK);
    a.quorum = b.quorum = 2;
    ha = hash_of(&a);
    hb = hash_of(&b);
    assert_true(hash32_eq(&ha, &hb));
    assert_int_equal(kms_config_add_endpoint(&a, "https://b.example/", &a_key, 1, &e), ERR_INVALID);
}

static void a_quorum_without_a_majority_is_refused(void **state)
{
    struct buf out AUTO_CALL(buf_done) = BUF(KMS_CONFIG_MAX);
    struct kms_config c;
    struct err e = {0};

    (void)state;
    set_least(&c);
    assert_int_equal(kms_config_add_endpoint(&c, "https://b.example/", &a_key, 1, &e), ERR_OK);
    c.quorum = 1;
    assert_int_equal(kms_config_encode(&c, &out, &e), ERR_INVALID);
    c.quorum = 3;
    assert_int_equal(kms_config_encode(&c, &out, &e), ERR_INVALID);
    c.quorum = 0;
    assert_int_equal(kms_config_encode(&c, &out, &e), ERR_INVALID);
    assert_int_equal(out.n, 0);
}

static void what_cannot_be_is_refused_before_it_is_encoded(void **state)
{
    struct err e = {0};

    (void)state;
    for (int i = 0; i < 12; i++) {
        struct buf out AUTO_CALL(buf_done) = BUF(KMS_CONFIG_MAX);
        struct kms_config c;

        set_least(&c);
        switch (i) {
        case 0:
            c.chain_id = 0;
            break;
        case 1:
            c.kms = (struct addr){0};
            break;
        case 2:
            c.view_mode = 0;
            break;
        case 3:
            c.view_mode = 4;
            break;
        case 4:
            c.n_endpoints = 0;
            break;
        case 5:
            c.n_endpoints = KMS_ENDPOINTS_MAX + 1;
            break;
        case 6:
            c.max_block_age = 0;
            break;
        case 7:
            c.listeners = KMS_LISTEN_ALL + 1;
            break;
        case 8:
            c.compat = KMS_COMPAT_ALL + 1;
            break;
        case 9:
            c.endpoints[0].url[3] = ' ';
            break;
        case 10:
            c.endpoints[0].url[0] = 0;
            break;
        default:
            c.endpoints[0].n_ca_keys = KMS_ENDPOINT_KEYS_MAX + 1;
            break;
        }
        assert_int_equal(kms_config_encode(&c, &out, &e), ERR_INVALID);
    }
}

static void endpoints_past_the_bounds_are_refused(void **state)
{
    char url[KMS_ENDPOINT_URL_MAX + 2];
    struct kms_config c;
    struct err e = {0};

    (void)state;
    set_least(&c);
    memset(url, 'a', sizeof url - 1);
    url[sizeof url - 1] = 0;
    assert_int_equal(kms_config_add_endpoint(&c, url, NULL, 0, &e), ERR_INVALID);
    assert_int_equal(kms_config_add_endpoint(&c, "", NULL, 0, &e), ERR_INVALID);
    assert_int_equal(kms_config_add_endpoint(&c, "x", &a_key, KMS_ENDPOINT_KEYS_MAX + 1, &e),
                     ERR_TOO_LARGE);
    for (int i = 1; i < KMS_ENDPOINTS_MAX; i++) {
        snprintf(url, sizeof url, "https://%02d.example/", i);
        assert_int_equal(kms_config_add_endpoint(&c, url, NULL, 0, &e), ERR_OK);
    }
    assert_int_equal(kms_config_add_endpoint(&c, "x", NULL, 0, &e), ERR_TOO_LARGE);
}

/* Bytes of the least configuration with one change. */
static void other_bytes_are_refused(void **state)
{
    struct buf good AUTO_CALL(buf_done) = BUF(KMS_CONFIG_MAX);
    struct kms_config c;
    struct err e = {0};
    static const uint8_t unknown[] = {0, 99, 0, 0, 0, 0};
    static const uint8_t default_quorum[] = {0, 5, 0, 0, 0, 2, 0, 1};
    static const uint8_t longer_quorum[] = {0, 5, 0, 0, 0, 3, 0, 2, 0};
    static const uint8_t tag_again[] = {0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1};
    static const uint8_t odd_switch[] = {0, 8, 0, 0, 0, 33, 0, 0, 0, 0, 0, 0, 0,
                                         0, 0, 0, 0, 0, 0,  0, 0, 0, 0, 0, 0, 0,
                                         0, 0, 0, 0, 0, 0,  0, 0, 0, 0, 0, 0, 2};
    const struct bytes tails[] = {BYTES(unknown),       BYTES(default_quorum),
                                  BYTES(longer_quorum), BYTES(tag_again),
                                  BYTES(odd_switch),    {(const uint8_t *)"\0", 1}};

    (void)state;
    set_least(&c);
    assert_int_equal(kms_config_encode(&c, &good, &e), ERR_OK);
    assert_int_equal(decode(good.p, good.n), ERR_OK);
    for (size_t cut = 0; cut < good.n; cut++)
        assert_int_not_equal(decode(good.p, cut), ERR_OK);
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        struct buf b AUTO_CALL(buf_done) = BUF(KMS_CONFIG_MAX);

        buf_put(&b, buf_bytes(&good));
        buf_put(&b, tails[i]);
        assert_int_equal(decode(b.p, b.n), ERR_INVALID);
    }
}

static void endpoints_in_another_order_or_with_a_nul_are_refused(void **state)
{
    struct err e = {0};

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct buf good AUTO_CALL(buf_done) = BUF(KMS_CONFIG_MAX);
        struct kms_config c;
        uint8_t *at;

        set_least(&c);
        assert_int_equal(kms_config_add_endpoint(&c, "https://b.example/", &a_key, 1, &e), ERR_OK);
        c.quorum = 2;
        assert_int_equal(kms_config_encode(&c, &good, &e), ERR_OK);
        at = memmem(good.p, good.n, "a.example", 9);
        assert_non_null(at);
        *at = i == 0 ? 'z' : i == 1 ? 'b' : 0;
        assert_int_equal(decode(good.p, good.n), ERR_INVALID);
    }
}

#ifdef TEEREG_DEV_ROOTS
static void one_believed_node_exists_in_development_builds(void **state)
{
    struct kms_config c;

    (void)state;
    set_least(&c);
    c.view_mode = KMS_VIEW_TRUSTED;
    (void)hash_of(&c);
    assert_string_equal(kms_view_mode_name(c.view_mode), "trusted");
}
#else
static void one_believed_node_exists_in_development_builds(void **state)
{
    struct buf out AUTO_CALL(buf_done) = BUF(KMS_CONFIG_MAX);
    struct kms_config c;
    struct err e = {0};

    (void)state;
    set_least(&c);
    c.view_mode = KMS_VIEW_TRUSTED;
    assert_int_equal(kms_config_encode(&c, &out, &e), ERR_INVALID);
    assert_string_equal(kms_view_mode_name(c.view_mode), "unknown");
}
#endif

static void view_modes_have_names(void **state)
{
    (void)state;
    assert_string_equal(kms_view_mode_name(KMS_VIEW_QUORUM), "quorum");
    assert_string_equal(kms_view_mode_name(KMS_VIEW_VERIFIED), "verified");
    assert_string_equal(kms_view_mode_name(9), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encoding_and_hashes_are_those_of_the_vectors),
        cmocka_unit_test(the_full_vector_has_the_values_it_was_made_of),
        cmocka_unit_test(every_field_changes_the_hash),
        cmocka_unit_test(endpoints_are_sorted_whatever_order_they_came_in),
        cmocka_unit_test(a_quorum_without_a_majority_is_refused),
        cmocka_unit_test(what_cannot_be_is_refused_before_it_is_encoded),
        cmocka_unit_test(endpoints_past_the_bounds_are_refused),
        cmocka_unit_test(other_bytes_are_refused),
        cmocka_unit_test(endpoints_in_another_order_or_with_a_nul_are_refused),
        cmocka_unit_test(one_believed_node_exists_in_development_builds),
        cmocka_unit_test(view_modes_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
