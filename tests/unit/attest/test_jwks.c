/* jwks: key sets as attestation services publish them, and wrong ones. */
#include "support/dcap.h"
#include "attest/jwks.h"

/* A good key: that of tests/vectors/dcap/maa/sharedeus2_J0pAPd_jwks.json. */
static json *good;

static int read_good(void **state)
{
    AUTO(json) set = vector_json(DCAP "maa/sharedeus2_J0pAPd_jwks.json");

    (void)state;
    good = set;
    set = NULL;
    return 0;
}

static int free_good(void **state)
{
    (void)state;
    json_free(good);
    return 0;
}

static const char *n_of_good(void)
{
    return jtext(json_at(jget(good, "keys"), 0), "n");
}

static enum err_code parse(const char *text, struct jwks *ret)
{
    struct err e;

    return jwks_parse(bytes_of_str(text), ret, &e);
}

/* A set of one key with these members beside kid, e and n; why it is of no use ("" when it is). */
static void assert_use(const char *members, const char *why)
{
    struct jwks set AUTO_CALL(jwks_done) = {0};
    char text[2048];

    snprintf(text, sizeof text, "{\"keys\":[{\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"%s\"%s}]}",
             n_of_good(), members);
    assert_int_equal(parse(text, &set), ERR_OK);
    if ((set.key[0].key != NULL) != (why[0] == 0) || !strstr(set.key[0].why, why))
        fail_msg("%s: %s", members, set.key[0].why);
}

static void a_key_in_numbers_is_read(void **state)
{
    (void)state;
    assert_use(",\"kty\":\"RSA\"", "");
    assert_use(",\"kty\":\"RSA\",\"alg\":\"RS256\",\"use\":\"sig\"", "");
    assert_use(",\"kty\":\"RSA\",\"key_ops\":[7,\"verify\"]", "");
}

static void a_key_for_something_else_is_of_no_use(void **state)
{
    (void)state;
    assert_use(",\"kty\":\"EC\"", "kty");
    assert_use("", "kty");
    assert_use(",\"kty\":\"RSA\",\"alg\":\"PS256\"", "alg");
    assert_use(",\"kty\":\"RSA\",\"use\":\"enc\"", "use");
    assert_use(",\"kty\":\"RSA\",\"use\":7", "use");
    assert_use(",\"kty\":\"RSA\",\"key_ops\":[\"sign\"]", "key_ops");
    assert_use(",\"kty\":\"RSA\",\"key_ops\":[]", "key_ops");
    assert_use(",\"kty\":\"RSA\",\"key_ops\":\"verify\"", "key_ops");
}

static void a_broken_certificate_makes_its_key_useless(void **state)
{
    (void)state;
    assert_use(",\"kty\":\"RSA\",\"x5c\":[]", "x5c");
    assert_use(",\"kty\":\"RSA\",\"x5c\":[7]", "x5c");
    assert_use(",\"kty\":\"RSA\",\"x5c\":[\"MII\"]", "x5c");
    assert_use(",\"kty\":\"RSA\",\"x5c\":[\"MIIB\"]", "certificate");
}

static void numbers_have_one_spelling(void **state)
{
    static const char *const all[] = {
        "{\"keys\":[{\"kid\":\"k\",\"kty\":\"RSA\",\"e\":\"AAEAAQ\",\"n\":\"%s\"}]}",
        "{\"keys\":[{\"kid\":\"k\",\"kty\":\"RSA\",\"e\":\"AQAB=\",\"n\":\"%s\"}]}",
        "{\"keys\":[{\"kid\":\"k\",\"kty\":\"RSA\",\"e\":\"Aw\",\"n\":\"%s\"}]}",
        "{\"keys\":[{\"kid\":\"k\",\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"AA%s\"}]}",
        "{\"keys\":[{\"kid\":\"k\",\"kty\":\"RSA\",\"e\":\"AQAB\",\"N\":\"%s\"}]}",
    };
    char text[2048];

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct jwks set AUTO_CALL(jwks_done) = {0};
        struct buf out AUTO_CALL(buf_done) = BUF(2048);
        const char *hole = strstr(all[i], "%s");

        buf_put(&out, (struct bytes){(const uint8_t *)all[i], (size_t)(hole - all[i])});
        buf_put_str(&out, n_of_good());
        buf_put_str(&out, hole + 2);
        snprintf(text, sizeof text, "%s", buf_cstr(&out));
        assert_int_equal(parse(text, &set), ERR_OK);
        if (set.key[0].key)
            fail_msg("%s", all[i]);
    }
}

static void two_keys_of_one_name_are_both_of_no_use(void **state)
{
    struct jwks set AUTO_CALL(jwks_done) = {0};
    char text[2048];

    (void)state;
    snprintf(text, sizeof text,
             "{\"keys\":[{\"kid\":\"k\",\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"%s\"},"
             "{\"kid\":\"k\",\"kty\":\"EC\"}]}",
             n_of_good());
    assert_int_equal(parse(text, &set), ERR_OK);
    assert_int_equal(set.n, 1);
    assert_null(set.key[0].key);
    assert_non_null(strstr(set.key[0].why, "twice"));
}

static void keys_without_a_name_are_left_out(void **state)
{
    struct jwks set AUTO_CALL(jwks_done) = {0};

    (void)state;
    assert_int_equal(parse("{\"keys\":[{},{\"kid\":7},7,{\"kid\":\"\"},{\"kid\":\"k\"}]}", &set),
                     ERR_OK);
    assert_int_equal(set.n, 1);
    assert_string_equal(set.key[0].kid, "k");
}

static void an_exponent_beside_a_certificate_must_be_its(void **state)
{
    struct bytes text AUTO_CALL(dcap_free) = dcap_file("maa/teaclave_sharedeus_jwks_2023-09.json");
    static const char *const e_of[] = {"", "\"e\":\"AQAB\",", "\"e\":\"Aw\",", "\"e\":65537,"};
    AUTO(json) tree = NULL;
    const json *keys, *x5c;
    struct buf one AUTO_CALL(buf_done) = BUF(65536);
    struct err e;

    (void)state;
    need(json_parse(text, text.n, &tree, &e), &e);
    need(json_get_array(tree, "keys", &keys, &e), &e);
    need(json_get_array(json_at(keys, 0), "x5c", &x5c, &e), &e);
    for (size_t i = 0; i < sizeof e_of / sizeof e_of[0]; i++) {
        struct jwks set AUTO_CALL(jwks_done) = {0};

        buf_done(&one);
        one = BUF(65536);
        buf_printf(&one, "{\"keys\":[{\"kid\":\"k\",\"kty\":\"RSA\",%s\"x5c\":[\"%s\"]}]}", e_of[i],
                   json_str(json_at(x5c, 0)));
        need(jwks_parse(buf_bytes(&one), &set, &e), &e);
        if ((set.key[0].key != NULL) != (i < 2))
            fail_msg("%s %s", e_of[i], set.key[0].why);
    }
}

static void what_is_no_set_is_refused(void **state)
{
    static const char *const all[] = {"",
                                      "[]",
                                      "{}",
                                      "{\"keys\":{}}",
                                      "{\"keys\":[]}",
                                      "{\"keys\":[7]}",
                                      "{\"keys\":[{}]}",
                                      "{\"keys\":[{\"kid\":\"\"}]}",
                                      "{\"keys\":[{\"kid\":\"k\"}]}x"};

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct jwks set AUTO_CALL(jwks_done) = {0};

        if (parse(all[i], &set) != ERR_INVALID)
            fail_msg("%s", all[i]);
    }
}

static void a_set_has_a_bound(void **state)
{
    struct buf text AUTO_CALL(buf_done) = BUF(65536);
    struct jwks set AUTO_CALL(jwks_done) = {0};

    (void)state;
    buf_put_str(&text, "{\"keys\":[{\"kid\":\"k\"}");
    for (int i = 0; i < JWKS_KEYS_MAX; i++)
        buf_printf(&text, ",{\"kid\":\"%d\"}", i);
    buf_put_str(&text, "]}");
    assert_int_equal(parse(buf_cstr(&text), &set), ERR_TOO_LARGE);
}

static void the_real_set_of_a_service_is_read(void **state)
{
    struct bytes text AUTO_CALL(dcap_free) = dcap_file("maa/teaclave_sharedeus_jwks_2023-09.json");
    struct jwks set AUTO_CALL(jwks_done) = {0};
    bool several;
    struct err e;

    (void)state;
    need(jwks_parse(text, &set, &e), &e);
    assert_int_equal(set.n, 3);
    assert_non_null(set.key[0].key);
    assert_string_equal(set.key[0].issuer, "https://sharedeus.eus.attest.azure.net");
    assert_non_null(set.key[1].key);
    assert_string_equal(set.key[1].issuer, ""); /* of a public authority */
    assert_null(set.key[2].key);                /* 1024 bits */
    assert_string_equal(jwks_issuer(&set, &several), "https://sharedeus.eus.attest.azure.net");
    assert_false(several);
}

static void a_key_is_found_by_its_whole_name(void **state)
{
    struct bytes text AUTO_CALL(dcap_free) = dcap_file("maa/teaclave_sharedeus_jwks_2023-09.json");
    struct jwks set AUTO_CALL(jwks_done) = {0};
    struct err e;

    (void)state;
    need(jwks_parse(text, &set, &e), &e);
    assert_ptr_equal(jwks_find(&set, "dSsaF5uUxZO_LRycmQ4KJu3ctMc"), &set.key[1]);
    assert_null(jwks_find(&set, "dSsaF5uUxZO_LRycmQ4KJu3ctM"));
    assert_null(jwks_find(&set, ""));
}

static void only_a_name_of_the_service_is_an_issuer(void **state)
{
    (void)state;
    assert_true(jwks_is_issuer("https://sharedeus.eus.attest.azure.net"));
    assert_false(jwks_is_issuer("http://sharedeus.eus.attest.azure.net"));
    assert_false(jwks_is_issuer("https://user@sharedeus.eus.attest.azure.net"));
    assert_false(jwks_is_issuer("https://sharedeus.eus.attest.azure.net?x=1"));
    assert_false(jwks_is_issuer("Microsoft Azure Attestation 2020"));
    assert_false(jwks_is_issuer(""));
}

/* ---- pinning ---- */

/* Written and read again, each key of use is the same one. */
static void assert_written(const struct jwks *set)
{
    struct jwks again AUTO_CALL(jwks_done) = {0};
    struct buf text AUTO_CALL(buf_done) = BUF(JWKS_MAX);
    size_t n = 0;
    struct err e;

    buf_put_str(&text, "{\"keys\":[");
    for (size_t i = 0; i < set->n; i++) {
        if (!set->key[i].key)
            continue;
        if (n++ > 0)
            buf_put_str(&text, ",");
        jwks_put(&set->key[i], &text);
    }
    buf_put_str(&text, "]}");
    need(buf_check(&text, &e), &e);
    need(jwks_parse(buf_bytes(&text), &again, &e), &e);
    assert_int_equal(again.n, n);
    for (size_t i = 0; i < set->n; i++) {
        const struct jwks_key *k = &set->key[i], *found = jwks_find(&again, k->kid);

        if (!k->key)
            continue;
        assert_non_null(found);
        assert_true(rsa_pub_eq(found->key, k->key));
        assert_string_equal(found->issuer, k->issuer);
        assert_true(bytes_eq(buf_bytes(&found->certificate), buf_bytes(&k->certificate)));
    }
    need(jwks_check_pinned(&again, set, &e), &e);
}

static void a_set_that_was_written_is_read_again(void **state)
{
    static const char *const files[] = {"maa/teaclave_sharedeus_jwks_2023-09.json",
                                        "maa/sharedeus2_J0pAPd_jwks.json"};

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct bytes text AUTO_CALL(dcap_free) = dcap_file(files[i]);
        struct jwks set AUTO_CALL(jwks_done) = {0};
        struct err e;

        need(jwks_parse(text, &set, &e), &e);
        assert_written(&set);
    }
}

static void a_pinned_name_never_means_another_key(void **state)
{
    struct bytes real AUTO_CALL(dcap_free) = dcap_file("maa/teaclave_sharedeus_jwks_2023-09.json");
    struct buf text AUTO_CALL(buf_done) = BUF(65536);
    struct jwks pinned AUTO_CALL(jwks_done) = {0};
    struct jwks shown AUTO_CALL(jwks_done) = {0};
    struct err e;

    (void)state;
    need(jwks_parse(real, &shown, &e), &e);
    buf_printf(&text, "{\"keys\":[{\"kid\":\"%s\",\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"%s\"}]}",
               shown.key[1].kid, n_of_good());
    need(jwks_parse(buf_bytes(&text), &pinned, &e), &e);
    assert_int_equal(jwks_check_pinned(&pinned, &shown, &e), ERR_VERIFY);
    snprintf(pinned.key[0].kid, sizeof pinned.key[0].kid, "a name that is shown no more");
    need(jwks_check_pinned(&pinned, &shown, &e), &e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_in_numbers_is_read),
        cmocka_unit_test(a_key_for_something_else_is_of_no_use),
        cmocka_unit_test(a_broken_certificate_makes_its_key_useless),
        cmocka_unit_test(numbers_have_one_spelling),
        cmocka_unit_test(two_keys_of_one_name_are_both_of_no_use),
        cmocka_unit_test(keys_without_a_name_are_left_out),
        cmocka_unit_test(an_exponent_beside_a_certificate_must_be_its),
        cmocka_unit_test(what_is_no_set_is_refused),
        cmocka_unit_test(a_set_has_a_bound),
        cmocka_unit_test(the_real_set_of_a_service_is_read),
        cmocka_unit_test(a_key_is_found_by_its_whole_name),
        cmocka_unit_test(only_a_name_of_the_service_is_an_issuer),
        cmocka_unit_test(a_set_that_was_written_is_read_again),
        cmocka_unit_test(a_pinned_name_never_means_another_key),
    };

    return cmocka_run_group_tests(tests, read_good, free_good);
}
