/* store: content is what its hash says, whoever gives it; bounds; falling through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <stdio.h>
#include "store/store.h"

/* A backend that answers as it is told. */
struct fake {
    struct bytes gives;
    enum err_code fails; /* before it gives anything */
    uint64_t takes_ns;   /* of fake time */
    int fetched, put, freed;
    struct hash32 put_id;
};

static uint64_t now_ns;

static uint64_t fake_ns(void *self)
{
    (void)self;
    return now_ns;
}

static const struct clock fake_clock = {.monotonic_ns = fake_ns};

static enum err_code fake_fetch(void *self, enum store_kind kind, const struct hash32 *id,
                                struct buf *ret, struct err *e)
{
    struct fake *f = self;

    (void)kind;
    (void)id;
    f->fetched++;
    now_ns += f->takes_ns;
    if (f->fails)
        return err_set(e, f->fails, "told to fail");
    buf_put(ret, f->gives);
    return buf_check(ret, e);
}

static enum err_code fake_put(void *self, enum store_kind kind, const struct hash32 *id,
                              struct bytes data, struct err *e)
{
    struct fake *f = self;

    (void)kind;
    (void)data;
    f->put++;
    f->put_id = *id;
    return f->fails ? err_set(e, f->fails, "told to fail") : ERR_OK;
}

static void fake_free(void *self)
{
    ((struct fake *)self)->freed++;
}

static const struct store_backend_ops fake_ops = {fake_fetch, fake_put, fake_free};
static const struct store_backend_ops read_only_ops = {fake_fetch, NULL, fake_free};

static struct store_backend backend_of(struct fake *f, const char *name)
{
    struct store_backend b = {.ops = &fake_ops, .self = f};

    snprintf(b.name, sizeof b.name, "%s", name);
    return b;
}

static store *store_of(const struct store_limits *limits, struct fake *fakes, size_t n)
{
    store *s = NULL;
    struct err e = {0};

    assert_int_equal(store_new(limits, &fake_clock, &s, &e), ERR_OK);
    for (size_t i = 0; i < n; i++) {
        char name[32];
        struct store_backend b;

        snprintf(name, sizeof name, "fake %zu", i + 1);
        b = backend_of(&fakes[i], name);
        assert_int_equal(store_add(s, &b, &e), ERR_OK);
        assert_null(b.ops);
    }
    return s;
}

#define HELLO   ((struct bytes){(const uint8_t *)"hello", 5})
#define GOODBYE ((struct bytes){(const uint8_t *)"goodbye", 7})

static struct hash32 id_of(struct bytes content)
{
    struct hash32 id;

    store_id_of(content, &id);
    return id;
}

static void the_id_is_the_sha_256_of_the_raw_bytes(void **state)
{
    /* FIPS 180-4 example "abc" */
    static const uint8_t want[32] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
                                     0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
                                     0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
                                     0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    struct hash32 id = id_of(bytes_of_str("abc"));

    (void)state;
    assert_memory_equal(id.b, want, 32);
}

static void content_with_its_hash_is_appended(void **state)
{
    struct fake f = {.gives = HELLO};
    AUTO(store) s = store_of(NULL, &f, 1);
    struct buf got AUTO_CALL(buf_done) = BUF(100);
    struct hash32 id = id_of(HELLO);
    struct err e = {0};

    (void)state;
    buf_put_str(&got, "> ");
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_OK);
    assert_string_equal(buf_cstr(&got), "> hello");
}

static void other_content_is_refused_and_not_given(void **state)
{
    struct fake f = {.gives = GOODBYE};
    AUTO(store) s = store_of(NULL, &f, 1);
    struct buf got AUTO_CALL(buf_done) = BUF(100);
    struct hash32 id = id_of(HELLO);
    struct err e = {0};

    (void)state;
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_VERIFY);
    assert_int_equal(got.n, 0);
    assert_non_null(strstr(e.msg, "fake 1: gave other content"));
}

static void one_changed_bit_is_noticed(void **state)
{
    uint8_t changed[5] = "hello";
    struct fake f = {.gives = BYTES(changed)};
    AUTO(store) s = store_of(NULL, &f, 1);
    struct buf got AUTO_CALL(buf_done) = BUF(100);
    struct hash32 id = id_of(HELLO);
    struct err e = {0};

    (void)state;
    for (size_t bit = 0; bit < 40; bit++) {
        changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_VERIFY);
        changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    f.gives.n = 4;
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_VERIFY);
    f.gives.n = 0;
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_VERIFY);
}

static void the_next_backend_is_asked_when_one_lies_or_fails(void **state)
{
    struct fake f[4] = {
        {.gives = GOODBYE}, {.fails = ERR_UPSTREAM}, {.fails = ERR_NOT_FOUND}, {.gives = HELLO}};
    AUTO(store) s = store_of(NULL, f, 4);
    struct buf got AUTO_CALL(buf_done) = BUF(100);
    struct hash32 id = id_of(HELLO);
    struct err e = {0};

    (void)state;
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_OK);
    assert_string_equal(buf_cstr(&got), "hello");
}

static void backends_are_asked_in_order_and_no_more_than_needed(void **state)
{
    struct fake f[2] = {{.gives = HELLO}, {.gives = HELLO}};
    AUTO(store) s = store_of(NULL, f, 2);
    struct buf got AUTO_CALL(buf_done) = BUF(100);
    struct hash32 id = id_of(HELLO);
    struct err e = {0};

    (void)state;
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_OK);
    assert_int_equal(f[0].fetched, 1);
    assert_int_equal(f[1].fetched, 0);
}

static void content_that_nobody_has_is_not_found(void **state)
{
    struct fake f[2] = {{.fails = ERR_NOT_FOUND}, {.fails = ERR_NOT_FOUND}};
    AUTO(store) s = store_of(NULL, f, 2);
    struct buf got AUTO_CALL(buf_done) = BUF(100);
    struct hash32 id = id_of(HELLO);
    struct err e = {0};

    (void)state;
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_NOT_FOUND);
    assert_string_equal(e.msg, "no storage gives content "
                               "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 "
                               "(fake 1: not there; fake 2: not there)");
}

static void each_backends_reason_is_told(void **state)
{
    struct fake f[2] = {{.fails = ERR_TIMEOUT}, {.fails = ERR_NOT_FOUND}};
    AUTO(store) s = store_of(NULL, f, 2);
    struct buf got AUTO_CALL(buf_done) = BUF(100);
    struct hash32 id = id_of(HELLO);
    struct err e = {0};

    (void)state;
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_UPSTREAM);
    assert_non_null(strstr(e.msg, "(fake 1: told to fail; fake 2: not there)"));
}

static void a_store_without_backends_says_how_to_name_one(void **state)
{
    AUTO(store) s = store_of(NULL, NULL, 0);
    struct buf got AUTO_CALL(buf_done) = BUF(100);
    struct hash32 id = id_of(HELLO);
    struct err e = {0};

    (void)state;
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_NOT_FOUND);
    assert_non_null(strstr(e.msg, "--store"));
    assert_int_equal(store_put(s, STORE_CONFIG, HELLO, &id, &e), ERR_NOT_FOUND);
}

static void an_object_over_its_limit_is_refused(void **state)
{
    struct store_limits limits = {.object_max = 4};
    struct fake f = {.gives = HELLO};
    AUTO(store) s = store_of(&limits, &f, 1);
    struct buf got AUTO_CALL(buf_done) = BUF(100);
    struct hash32 id = id_of(HELLO);
    struct err e = {0};

    (void)state;
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_TOO_LARGE);
    assert_int_equal(store_put(s, STORE_CONFIG, HELLO, &id, &e), ERR_TOO_LARGE);
}

static void all_objects_together_are_bounded(void **state)
{
    struct store_limits limits = {.total_max = 12};
    struct fake f = {.gives = HELLO};
    AUTO(store) s = store_of(&limits, &f, 1);
    struct buf got AUTO_CALL(buf_done) = BUF(100);
    struct hash32 id = id_of(HELLO);
    struct err e = {0};

    (void)state;
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_OK);
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_OK);
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_TOO_LARGE);
}

static void the_number_of_objects_is_bounded(void **state)
{
    struct store_limits limits = {.count_max = 2};
    struct fake f = {.gives = HELLO};
    AUTO(store) s = store_of(&limits, &f, 1);
    struct buf got AUTO_CALL(buf_done) = BUF(100);
    struct hash32 id = id_of(HELLO);
    struct err e = {0};

    (void)state;
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_OK);
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_OK);
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_TOO_LARGE);
    assert_int_equal(f.fetched, 2);
}

static void the_time_of_a_store_is_bounded(void **state)
{
    struct store_limits limits = {.total_ms = 1000};
    struct fake f[2] = {{.fails = ERR_TIMEOUT, .takes_ns = 1000000000}, {.gives = HELLO}};
    AUTO(store) s = store_of(&limits, f, 2);
    struct buf got AUTO_CALL(buf_done) = BUF(100);
    struct hash32 id = id_of(HELLO);
    struct err e = {0};

    (void)state;
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_TIMEOUT);
    assert_int_equal(f[1].fetched, 0);
}

static void content_larger_than_the_callers_buffer_is_refused_whole(void **state)
{
    struct fake f = {.gives = HELLO};
    AUTO(store) s = store_of(NULL, &f, 1);
    struct buf got AUTO_CALL(buf_done) = BUF(4);
    struct hash32 id = id_of(HELLO);
    struct err e = {0};

    (void)state;
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_TOO_LARGE);
    assert_int_equal(got.n, 0);
}

static void empty_content_is_content(void **state)
{
    struct fake f = {0};
    AUTO(store) s = store_of(NULL, &f, 1);
    struct buf got AUTO_CALL(buf_done) = BUF(4);
    struct hash32 id = id_of((struct bytes){0});
    struct err e = {0};

    (void)state;
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_OK);
    assert_int_equal(got.n, 0);
}

static void content_is_put_everywhere_under_its_hash(void **state)
{
    struct fake f[3] = {{.fails = ERR_IO}};
    AUTO(store) s = store_of(NULL, f, 3);
    struct hash32 id, want = id_of(HELLO);
    struct err e = {0};

    (void)state;
    assert_int_equal(store_put(s, STORE_SECRET, HELLO, &id, &e), ERR_OK);
    assert_true(hash32_eq(&id, &want));
    assert_true(hash32_eq(&f[2].put_id, &want));
    assert_int_equal(f[0].put + f[1].put + f[2].put, 3);
}

static void a_put_that_nobody_takes_is_an_error_with_every_reason(void **state)
{
    struct fake f[2] = {{.fails = ERR_IO}};
    struct store_backend b = {.ops = &read_only_ops, .self = &f[1], .name = "fake 2"};
    AUTO(store) s = store_of(NULL, f, 1);
    struct hash32 id = {0};
    struct err e = {0};

    (void)state;
    assert_int_equal(store_add(s, &b, &e), ERR_OK);
    assert_int_equal(store_put(s, STORE_SECRET, HELLO, &id, &e), ERR_UPSTREAM);
    assert_non_null(strstr(e.msg, "(fake 1: told to fail; fake 2: read-only)"));
    assert_true(hash32_is_zero(&id));
}

static void backends_are_freed_with_their_store_and_when_too_many(void **state)
{
    struct fake f[STORE_BACKENDS_MAX + 1] = {0};
    store *s = store_of(NULL, f, STORE_BACKENDS_MAX);
    struct store_backend b = backend_of(&f[STORE_BACKENDS_MAX], "one too many");
    struct err e = {0};

    (void)state;
    assert_int_equal(store_add(s, &b, &e), ERR_TOO_LARGE);
    assert_null(b.ops);
    assert_int_equal(f[STORE_BACKENDS_MAX].freed, 1);
    store_free(s);
    for (size_t i = 0; i < STORE_BACKENDS_MAX; i++)
        assert_int_equal(f[i].freed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_id_is_the_sha_256_of_the_raw_bytes),
        cmocka_unit_test(content_with_its_hash_is_appended),
        cmocka_unit_test(other_content_is_refused_and_not_given),
        cmocka_unit_test(one_changed_bit_is_noticed),
        cmocka_unit_test(the_next_backend_is_asked_when_one_lies_or_fails),
        cmocka_unit_test(backends_are_asked_in_order_and_no_more_than_needed),
        cmocka_unit_test(content_that_nobody_has_is_not_found),
        cmocka_unit_test(each_backends_reason_is_told),
        cmocka_unit_test(a_store_without_backends_says_how_to_name_one),
        cmocka_unit_test(an_object_over_its_limit_is_refused),
        cmocka_unit_test(all_objects_together_are_bounded),
        cmocka_unit_test(the_number_of_objects_is_bounded),
        cmocka_unit_test(the_time_of_a_store_is_bounded),
        cmocka_unit_test(content_larger_than_the_callers_buffer_is_refused_whole),
        cmocka_unit_test(empty_content_is_content),
        cmocka_unit_test(content_is_put_everywhere_under_its_hash),
        cmocka_unit_test(a_put_that_nobody_takes_is_an_error_with_every_reason),
        cmocka_unit_test(backends_are_freed_with_their_store_and_when_too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
