/* release_support - what the tests of the release share: a world for each, and the one question.
 * Room: tests. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "support/kms_world.h"

static inline int set_up(void **state)
{
    *state = world_new();
    return 0;
}

static inline int tear_down(void **state)
{
    world_free(*state);
    return 0;
}

static inline uint64_t releases(const struct world *w)
{
    struct audit_report r;
    struct err e = {0};

    if (audit_verify(w->log, &r, &e) != ERR_OK)
        fail_msg("%s", e.msg);
    return r.releases;
}

/* Runs it and expects this; a refusal must not be on record as a release. */
static inline void assert_why(struct world *w, const struct ask *a, enum kms_reason expected)
{
    struct client c AUTO_CALL(client_done) = {0};
    uint64_t before = releases(w);
    enum kms_reason why = client_run(w, a, &c);

    if (why != expected)
        fail_msg("found %s, expected %s", kms_reason_name(why), kms_reason_name(expected));
    assert_int_equal(releases(w), before + (expected == KMS_GRANTED));
}

/* Of some operator, and his address. */
static inline secret *operator_key(struct addr *ret)
{
    static const uint8_t raw[32] = {0x46, 0x46};
    secret *key = NULL;
    struct err e = {0};

    world_must(secret_copy(BYTES(raw), &key, &e), &e, "key");
    world_must(secp256k1_address(key, ret, &e), &e, "address");
    return key;
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
