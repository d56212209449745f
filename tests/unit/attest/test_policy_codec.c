/* policy: as people write it and as it is hashed. */
#include "support/dcap.h"
#include "crypto/digest.h"
#include "attest/policy.h"

#define MR                                                                                         \
    "aabb00000000000000000000000000000000000000000000"                                             \
    "000000000000000000000000000000000000000000000000"

static const char full[] =
    "{\"statuses\":[\"UpToDate\",\"OutOfDate\"],\"denied_advisories\":[\"INTEL-SA-00837\","
    "\"INTEL-SA-00106\"],\"tcb_grace_days\":30,\"collateral_grace_seconds\":60,"
    "\"min_evaluation_number\":17,\"td_attributes\":\"0000001000000000\","
    "\"xfam\":\"e702060000000000\",\"mrseam\":[\"" MR
    "\"],\"service_td\":true,\"mrservicetd\":[\"" MR
    "\"],\"mrconfigid\":\"zero\",\"mrowner\":[\"" MR "\"],\"mrownerconfig\":\"any\","
    "\"fmspc\":[\"b0c06f000000\",\"00806f050000\",\"b0c06f000000\"],"
    "\"ppid\":[\"00112233445566778899aabbccddeeff\"],"
    "\"platform_instance\":[\"00112233445566778899aabbccddeeff\"],\"paravisor\":[\"" MR "\"]}";

static enum err_code parse(const char *text, struct attest_policy *ret)
{
    struct err e;

    json_init();
    return attest_policy_decode_json(bytes_of_str(text), ret, &e);
}

static void an_empty_object_is_the_default_whose_encoding_is_empty(void **state)
{
    struct buf tlvs AUTO_CALL(buf_done) = BUF(POLICY_TLVS_MAX);
    struct attest_policy p;
    struct err e;

    (void)state;
    assert_int_equal(parse("{}", &p), ERR_OK);
    need(attest_policy_encode(&p, &tlvs, &e), &e);
    assert_int_equal(tlvs.n, 0);
    assert_int_equal(p.statuses, TCB_STATUS_BIT(TCB_UP_TO_DATE));
}

static void what_was_written_is_read_back_in_both_forms(void **state)
{
    struct buf tlvs AUTO_CALL(buf_done) = BUF(POLICY_TLVS_MAX);
    struct buf again AUTO_CALL(buf_done) = BUF(POLICY_TLVS_MAX);
    struct buf text AUTO_CALL(buf_done) = BUF(65536);
    struct attest_policy p, q, r;
    struct hash32 a, b;
    AUTO(json) j = NULL;
    struct err e;

    (void)state;
    assert_int_equal(parse(full, &p), ERR_OK);
    assert_int_equal(p.n_fmspc, 2); /* in order, each once */
    assert_int_equal(p.fmspc[0].b[1], 0x80);
    assert_string_equal(p.denied_advisories[0].id, "INTEL-SA-00106");
    assert_int_equal(p.tcb_grace_s, 30 * 86400);
    need(attest_policy_encode(&p, &tlvs, &e), &e);
    need(attest_policy_decode(buf_bytes(&tlvs), &q, &e), &e);
    need(attest_policy_to_json(&q, &j, &e), &e);
    need(json_write(j, JSON_COMPACT, &text, &e), &e);
    assert_int_equal(parse(buf_cstr(&text), &r), ERR_OK);
    need(attest_policy_encode(&r, &again, &e), &e);
    assert_int_equal(tlvs.n, again.n);
    assert_memory_equal(tlvs.p, again.p, tlvs.n);
    need(attest_policy_hash(&p, &a, &e), &e);
    need(attest_policy_hash(&r, &b, &e), &e);
    assert_true(hash32_eq(&a, &b));
}

static void the_hash_is_of_the_body(void **state)
{
    struct buf body AUTO_CALL(buf_done) = BUF(POLICY_BODY_MAX);
    struct attest_policy p, q;
    struct hash32 a, b;
    struct err e = {0};

    (void)state;
    assert_int_equal(parse(full, &p), ERR_OK);
    need(attest_policy_body(&p, &body, &e), &e);
    sha256(buf_bytes(&body), &a);
    need(attest_policy_hash(&p, &b, &e), &e);
    assert_true(hash32_eq(&a, &b));
    need(attest_policy_body_decode(buf_bytes(&body), &q, &e), &e);
    assert_int_equal(q.n_fmspc, p.n_fmspc);
    body.p[0] ^= 1; /* another kind of thing */
    assert_int_equal(attest_policy_body_decode(buf_bytes(&body), &q, &e), ERR_INVALID);
    assert_int_equal(attest_policy_body_decode((struct bytes){body.p, 5}, &q, &e), ERR_INVALID);
}

static void what_means_nothing_is_refused(void **state)
{
    static const char *const wrong[] = {
        "[]",
        "{\"colour\":1}",
        "{\"statuses\":[\"Revoked\"]}",
        "{\"statuses\":[\"Splendid\"]}",
        "{\"statuses\":[1]}",
        "{\"td_attributes\":\"00\"}",
        "{\"td_attributes\":\"0000001000000000\",\"td_attributes_allowed\":\"0000001000000000\"}",
        "{\"mrowner\":\"some\"}",
        "{\"mrowner\":[1]}",
        "{\"mrseam\":[\"00\"]}",
        "{\"denied_advisories\":[\"\"]}",
        "{\"tcb_grace_days\":1000000}",
        "{\"fmspc\":[\"01\",\"02\"]}",
    };
    struct attest_policy p;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (parse(wrong[i], &p) == ERR_OK)
            fail_msg("%s", wrong[i]);
}

static void an_encoding_has_one_form(void **state)
{
    static const char *const wrong[] = {
        "000c000000020001",                     /* the default, written out */
        "000c000000020100",                     /* Revoked */
        "000d0000000400000001000c000000020003", /* not ascending */
        "00150000000cb0c06f00000000806f050000", /* a list that is not */
        "001200000001 03",                      /* a rule that is none */
        "00120000000201ff",                     /* a list where the rule has none */
        "000f0000000400000000",                 /* a name without a letter */
        "00630000000101",                       /* an unknown tag */
        "000c0000000300030",                    /* odd */
        "000c00000003000300",                   /* too long */
        "000c0000000200",                       /* cut */
        "00080000002100000000100000000000000050000000000000000000000300000000000600e702",
    };
    struct attest_policy p;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct buf b AUTO_CALL(buf_done) = BUF(256);
        struct err e;

        if (hex_decode_buf(bytes_of_str(wrong[i]), &b, &e) == ERR_OK &&
            attest_policy_decode(buf_bytes(&b), &p, &e) == ERR_OK)
            fail_msg("%s", wrong[i]);
    }
}

static void lists_of_statuses_are_read(void **state)
{
    tcb_status_set set;
    struct err e;

    (void)state;
    need(tcb_status_set_parse("UpToDate,TDRelaunchAdvised", &set, &e), &e);
    assert_int_equal(set, TCB_STATUS_BIT(TCB_UP_TO_DATE) | TCB_STATUS_BIT(TCB_RELAUNCH_ADVISED));
    need(tcb_status_set_parse("any", &set, &e), &e);
    assert_int_equal(set, TCB_STATUS_ANY);
    assert_int_equal(tcb_status_set_parse("Revoked", &set, &e), ERR_INVALID);
    assert_int_equal(tcb_status_set_parse("UpToDate,", &set, &e), ERR_INVALID);
    assert_int_equal(tcb_status_set_parse("", &set, &e), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_object_is_the_default_whose_encoding_is_empty),
        cmocka_unit_test(what_was_written_is_read_back_in_both_forms),
        cmocka_unit_test(the_hash_is_of_the_body),
        cmocka_unit_test(what_means_nothing_is_refused),
        cmocka_unit_test(an_encoding_has_one_form),
        cmocka_unit_test(lists_of_statuses_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
