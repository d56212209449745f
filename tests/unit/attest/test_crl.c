/* crl: lists that are almost one of Intel's.  Nothing here is signed: that is for who verifies. */
#include "support/dcap.h"
#include "attest/collateral.h"
#include "attest/crl.h"
#include "crypto/der.h"

#define CRITICAL 1

/* One extension of id-ce (2.5.29.n), with a value that its kind may have. */
struct extension {
    uint8_t n;
    bool critical;
};

struct spec {
    struct extension of_list[4];  /* ends with n == 0 */
    struct extension of_entry[2]; /* of the only entry, which is there when this has any */
    uint8_t serial[3];            /* entries with these; 0: no more */
    const char *until;            /* nextUpdate; NULL: one of 2030 */
    bool no_number, version_1, trailing;
};

static void put_extensions(struct buf *out, const struct extension *list, bool number)
{
    static const uint8_t one[] = {0x02, 0x01, 0x01}, yes[] = {0xff};
    struct buf all AUTO_CALL(buf_done) = BUF(1024);

    for (size_t i = 0; i < 5; i++) {
        struct extension x = i > 0 ? list[i - 1] : (struct extension){20, false};
        struct buf inner AUTO_CALL(buf_done) = BUF(128);
        const uint8_t oid[] = {0x55, 0x1d, x.n};

        if (i == 0 && !number)
            continue;
        if (x.n == 0)
            break;
        der_put(&inner, DER_OID, BYTES(oid));
        if (x.critical)
            der_put(&inner, DER_BOOLEAN, BYTES(yes));
        der_put(&inner, DER_OCTET_STRING, BYTES(one));
        der_put(&all, DER_SEQUENCE, buf_bytes(&inner));
    }
    der_put(out, DER_SEQUENCE, buf_bytes(&all));
}

static void put_entries(struct buf *out, const struct spec *s)
{
    struct buf list AUTO_CALL(buf_done) = BUF(1024);

    for (size_t i = 0; i < sizeof s->serial && s->serial[i]; i++) {
        struct buf entry AUTO_CALL(buf_done) = BUF(256);

        der_put(&entry, DER_INTEGER, (struct bytes){&s->serial[i], 1});
        der_put(&entry, DER_UTC_TIME, bytes_of_str("260101000000Z"));
        if (s->of_entry[0].n)
            put_extensions(&entry, s->of_entry, false);
        der_put(&list, DER_SEQUENCE, buf_bytes(&entry));
    }
    if (list.n > 0)
        der_put(out, DER_SEQUENCE, buf_bytes(&list));
}

static void make(const struct spec *s, struct buf *ret)
{
    static const uint8_t v2[] = {1}, v1[] = {0}, bits[] = {0, 0x30, 0};
    static const uint8_t algorithm[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                        0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
    struct buf tbs AUTO_CALL(buf_done) = BUF(4096), whole AUTO_CALL(buf_done) = BUF(4096),
                   tagged AUTO_CALL(buf_done) = BUF(4096);

    der_put(&tbs, DER_INTEGER, s->version_1 ? BYTES(v1) : BYTES(v2));
    buf_put(&tbs, BYTES(algorithm));
    der_put(&tbs, DER_SEQUENCE, (struct bytes){0});
    der_put(&tbs, DER_UTC_TIME, bytes_of_str("260101000000Z"));
    der_put(&tbs, DER_UTC_TIME, bytes_of_str(s->until ? s->until : "300101000000Z"));
    put_entries(&tbs, s);
    put_extensions(&tagged, s->of_list, !s->no_number);
    der_put(&tbs, DER_CONTEXT_0, buf_bytes(&tagged));
    der_put(&whole, DER_SEQUENCE, buf_bytes(&tbs));
    buf_put(&whole, BYTES(algorithm));
    der_put(&whole, DER_BIT_STRING, BYTES(bits));
    der_put(ret, DER_SEQUENCE, buf_bytes(&whole));
    if (s->trailing)
        buf_put_u8(ret, 0);
}

static bool passes(const struct spec *s)
{
    struct buf der AUTO_CALL(buf_done) = BUF(8192);
    struct crl c AUTO_CALL(crl_done) = {0};
    struct err e;

    make(s, &der);
    return crl_parse(buf_bytes(&der), &c, &e) == ERR_OK;
}

static void a_whole_list_passes(void **state)
{
    (void)state;
    assert_true(passes(&(struct spec){0}));
    assert_true(passes(&(struct spec){.serial = {1, 2, 3}}));
    assert_true(passes(&(struct spec){.of_list = {{35, false}}, .serial = {9}}));  /* key id */
    assert_true(passes(&(struct spec){.serial = {9}, .of_entry = {{21, false}}})); /* reason */
}

static void a_list_that_is_not_the_whole_one_is_refused(void **state)
{
    static const uint8_t all[] = {27, 28, 29};

    (void)state;
    for (size_t i = 0; i < sizeof all; i++)
        for (int critical = 0; critical < 2; critical++) {
            struct extension x = {all[i], critical};

            if (passes(&(struct spec){.of_list = {x}}) ||
                passes(&(struct spec){.of_entry = {x}, .serial = {9}}))
                fail_msg("extension %u, critical %d", x.n, critical);
        }
}

static void an_extension_that_must_be_understood_is_refused(void **state)
{
    (void)state;
    assert_false(passes(&(struct spec){.of_list = {{35, CRITICAL}}}));
    assert_false(passes(&(struct spec){.of_list = {{99, CRITICAL}}}));
    assert_false(passes(&(struct spec){.of_entry = {{21, CRITICAL}}, .serial = {9}}));
    assert_true(passes(&(struct spec){.of_list = {{99, false}}}));
}

static void nothing_stands_twice(void **state)
{
    (void)state;
    assert_false(passes(&(struct spec){.of_list = {{35, false}, {35, false}}}));
    assert_false(passes(&(struct spec){.of_list = {{20, false}}})); /* a second CRL number */
    assert_false(passes(&(struct spec){.serial = {7, 8, 7}}));
}

static void what_is_missing_or_too_much_is_refused(void **state)
{
    (void)state;
    assert_false(passes(&(struct spec){.no_number = true}));
    assert_false(passes(&(struct spec){.version_1 = true}));
    assert_false(passes(&(struct spec){.trailing = true}));
    assert_false(passes(&(struct spec){.until = "300132000000Z"}));
    assert_false(passes(&(struct spec){.until = "3001010000Z"}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_list_passes),
        cmocka_unit_test(a_list_that_is_not_the_whole_one_is_refused),
        cmocka_unit_test(an_extension_that_must_be_understood_is_refused),
        cmocka_unit_test(nothing_stands_twice),
        cmocka_unit_test(what_is_missing_or_too_much_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
