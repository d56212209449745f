/* factory: which URIs become a backend, and which policy refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "store/factory.h"

static const struct chain_view_ops view_ops = {0};
static const struct chain_view view = {.ops = &view_ops, .mode = "fake", .chain_id = 1};
static const struct store_chain chain = {.view = &view};

#define ADDRESS "f39fd6e51aad88f6f4ce6ab8827279cfffb92266"

static void opens_as(const char *uri, enum store_origin origin, const char *name)
{
    struct store_backend b AUTO_CALL(store_backend_done) = {0};
    struct err e = {0};

    if (store_backend_open(uri, origin, &chain, &b, &e) != ERR_OK)
        fail_msg("%s: %s", uri, e.msg);
    assert_string_equal(b.name, name);
}

static struct err refused(const char *uri, enum store_origin origin, enum err_code code)
{
    struct store_backend b AUTO_CALL(store_backend_done) = {0};
    struct err e = {0};

    if (store_backend_open(uri, origin, &chain, &b, &e) != code)
        fail_msg("%s: %s %s", uri, err_name(e.code), e.msg);
    assert_null(b.ops);
    return e;
}

static void the_operator_may_name_a_folder(void **state)
{
    (void)state;
    opens_as("file:///srv/store/", STORE_FROM_OPERATOR, "file /srv/store/");
    opens_as("file:///srv/a%20b", STORE_FROM_OPERATOR, "file /srv/a b");
}

static void a_relative_folder_is_written_as_version_1_wrote_it(void **state)
{
    (void)state;
    opens_as("file://./store/", STORE_FROM_OPERATOR, "file ./store/");
}

static void a_file_uri_of_the_chain_is_refused(void **state)
{
    struct err e;

    (void)state;
    e = refused("file:///etc", STORE_FROM_CHAIN, ERR_DENIED);
    assert_non_null(strstr(e.msg, "--store"));
    refused("FILE:///etc", STORE_FROM_CHAIN, ERR_DENIED);
    refused("file://./etc", STORE_FROM_CHAIN, ERR_DENIED);
}

static void onchain_storage_is_opened_whoever_names_it(void **state)
{
    (void)state;
    opens_as("onchain://0x" ADDRESS, STORE_FROM_CHAIN, "onchain 0x" ADDRESS);
    opens_as("onchain://0x" ADDRESS "/", STORE_FROM_OPERATOR, "onchain 0x" ADDRESS);
    opens_as("onchain://" ADDRESS, STORE_FROM_CHAIN, "onchain 0x" ADDRESS); /* as v1 printed it */
}

static void user_information_is_refused_and_not_repeated(void **state)
{
    static const char *const uris[] = {"s3://AK:secret@bucket/", "onchain://secret@" ADDRESS,
                                       "file://secret@./x", "onchain://@" ADDRESS};

    (void)state;
    for (size_t i = 0; i < sizeof uris / sizeof uris[0]; i++) {
        for (int origin = STORE_FROM_OPERATOR; origin <= STORE_FROM_CHAIN; origin++) {
            struct err e = refused(uris[i], origin, ERR_DENIED);

            assert_null(strstr(e.msg, "secret"));
        }
    }
}

static void an_unknown_scheme_is_named_with_the_known_ones(void **state)
{
    static const char *const uris[] = {"s3://bucket/prefix/", "ipfs://host:5001/", "https://host/x",
                                       "github://owner/repo", "vault://host:8200/mount/path"};
    struct err e;

    (void)state;
    for (size_t i = 0; i < sizeof uris / sizeof uris[0]; i++)
        refused(uris[i], STORE_FROM_CHAIN, ERR_INVALID);
    e = refused("s3://bucket/", STORE_FROM_OPERATOR, ERR_INVALID);
    assert_string_equal(e.msg, "storage scheme s3 is not known here; known are file, onchain");
}

static void uris_that_say_more_than_a_backend_reads_are_refused(void **state)
{
    static const char *const uris[] = {
        "",
        "/srv/store",
        "file:/srv/store",
        "file://host/srv",
        "file://localhost/srv",
        "file://",
        "file://.",
        "file:///srv?mode=0777",
        "file://.:80/srv",
        "onchain://",
        "onchain://0x1234",
        "onchain://0x" ADDRESS "00",
        "onchain://0x" ADDRESS "/path",
        "onchain://0x" ADDRESS "?x=1",
        "onchain://0x" ADDRESS ":80",
    };

    (void)state;
    for (size_t i = 0; i < sizeof uris / sizeof uris[0]; i++)
        refused(uris[i], STORE_FROM_OPERATOR, ERR_INVALID);
}

static void onchain_storage_needs_a_chain(void **state)
{
    struct store_backend b = {0};
    struct err e = {0};

    (void)state;
    assert_int_equal(store_backend_open("onchain://0x" ADDRESS, STORE_FROM_OPERATOR, NULL, &b, &e),
                     ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_operator_may_name_a_folder),
        cmocka_unit_test(a_relative_folder_is_written_as_version_1_wrote_it),
        cmocka_unit_test(a_file_uri_of_the_chain_is_refused),
        cmocka_unit_test(onchain_storage_is_opened_whoever_names_it),
        cmocka_unit_test(user_information_is_refused_and_not_repeated),
        cmocka_unit_test(an_unknown_scheme_is_named_with_the_known_ones),
        cmocka_unit_test(uris_that_say_more_than_a_backend_reads_are_refused),
        cmocka_unit_test(onchain_storage_needs_a_chain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
