/* The structure of simulated quotes, read here by offsets (Intel's quote format), not by our
 * parser; that our parser and verifier agree is tests/unit/sim/test_verdict.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <openssl/x509v3.h>

#include "crypto/digest.h"
#include "crypto/pem.h"
#include "crypto/x509.h"
#include "sim_quote.h"
#include "sim_root.h"

enum { HEADER = 48, TD10 = 584, TD15 = 648, SIG_HEAD = 4, QE_REPORT_AT = 134 };

struct made {
    struct buf quote;
    struct td_report td;
    struct report_data rd;
    size_t body_at, signed_len; /* of this form */
    const uint8_t *sig;         /* signature data, behind its length */
    uint32_t sig_len;
};

static struct made make(enum sim_form form, enum sim_fault fault, const char *seed)
{
    struct made m = {.quote = BUF(SIM_QUOTE_MAX)};
    AUTO(sim_platform) p = NULL;
    struct err e;

    sim_td_of_image("an image", &m.td);
    for (size_t i = 0; i < sizeof m.rd.b; i++)
        m.rd.b[i] = (uint8_t)(i + 1);
    assert_int_equal(sim_platform_new(seed, fault, &p, &e), ERR_OK);
    assert_int_equal(sim_quote(p, form, &m.td, &m.rd, &m.quote, &e), ERR_OK);
    m.body_at = form == SIM_V4 ? HEADER : HEADER + 6;
    m.signed_len = m.body_at + (form == SIM_V5_TD15 ? TD15 : TD10);
    memcpy(&m.sig_len, m.quote.p + m.signed_len, sizeof m.sig_len);
    m.sig = m.quote.p + m.signed_len + SIG_HEAD;
    return m;
}

static void made_done(struct made *m)
{
    buf_done(&m->quote);
}

static uint32_t le(const uint8_t *p, size_t n)
{
    uint32_t v = 0;

    for (size_t i = n; i > 0; i--)
        v = v << 8 | p[i - 1];
    return v;
}

static enum err_code verify(const uint8_t *xy, struct bytes msg, const uint8_t *rs)
{
    AUTO(p256_pub) key = NULL;
    struct hash32 digest;
    struct err e;

    assert_int_equal(p256_pub_new((struct bytes){xy, 64}, &key, &e), ERR_OK);
    sha256(msg, &digest);
    return p256_pub_verify_raw(key, &digest, (struct bytes){rs, 64}, &e);
}

static void v4_header_is_intels(void **state)
{
    static const uint8_t head[] = {4,    0,    2,    0,    0x81, 0,    0,    0,    0,    0,
                                   0,    0,    0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                   0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};
    struct made m AUTO_CALL(made_done) = make(SIM_V4, SIM_OK, "p");

    (void)state;
    assert_memory_equal(m.quote.p, head, sizeof head);
}

static void v4_body_holds_the_measurements_at_their_offsets(void **state)
{
    struct made m AUTO_CALL(made_done) = make(SIM_V4, SIM_OK, "p");

    (void)state;
    assert_memory_equal(m.quote.p + 48 + 120, m.td.td_attributes, 8);
    assert_memory_equal(m.quote.p + 48 + 128, m.td.xfam, 8);
    assert_memory_equal(m.quote.p + 184, m.td.mrtd, 48);
    assert_memory_equal(m.quote.p + 376, m.td.rtmr[0], 48);
    assert_memory_equal(m.quote.p + 424, m.td.rtmr[1], 48);
    assert_memory_equal(m.quote.p + 472, m.td.rtmr[2], 48);
    assert_memory_equal(m.quote.p + 520, m.td.rtmr[3], 48);
    assert_memory_equal(m.quote.p + 568, m.rd.b, 64);
}

static void v5_body_says_its_type_and_size(void **state)
{
    struct made a AUTO_CALL(made_done) = make(SIM_V5_TD10, SIM_OK, "p");
    struct made b AUTO_CALL(made_done) = make(SIM_V5_TD15, SIM_OK, "p");

    (void)state;
    assert_int_equal(le(a.quote.p, 2), 5);
    assert_int_equal(le(a.quote.p + 48, 2), 2);
    assert_int_equal(le(a.quote.p + 50, 4), TD10);
    assert_int_equal(le(b.quote.p + 48, 2), 3);
    assert_int_equal(le(b.quote.p + 50, 4), TD15);
    assert_memory_equal(b.quote.p + 54 + TD10, b.td.tee_tcb_svn2, 16);
}

static void lengths_nest_to_the_last_byte(void **state)
{
    static const enum sim_form forms[] = {SIM_V4, SIM_V5_TD10, SIM_V5_TD15};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct made m AUTO_CALL(made_done) = make(forms[i], SIM_OK, "p");
        uint32_t auth = le(m.sig + 582, 2);

        assert_int_equal(m.signed_len + SIG_HEAD + m.sig_len, m.quote.n);
        assert_int_equal(le(m.sig + 128, 2), 6);
        assert_int_equal(le(m.sig + 130, 4), m.sig_len - QE_REPORT_AT);
        assert_int_equal(auth, 32);
        assert_int_equal(le(m.sig + 584 + auth, 2), 5);
        assert_int_equal(590 + auth + le(m.sig + 586 + auth, 4), m.sig_len);
    }
}

static void quote_is_signed_by_the_attestation_key(void **state)
{
    struct made m AUTO_CALL(made_done) = make(SIM_V5_TD15, SIM_OK, "p");

    (void)state;
    assert_int_equal(verify(m.sig + 64, (struct bytes){m.quote.p, m.signed_len}, m.sig), ERR_OK);
}

static void qe_report_binds_the_attestation_key(void **state)
{
    struct made m AUTO_CALL(made_done) = make(SIM_V4, SIM_OK, "p");
    static const uint8_t zero[32];
    struct hash32 h;

    (void)state;
    SHA256_OF(&h, ((struct bytes){m.sig + 64, 64}), ((struct bytes){m.sig + 584, 32}));
    assert_memory_equal(m.sig + QE_REPORT_AT + 320, h.b, 32);
    assert_memory_equal(m.sig + QE_REPORT_AT + 352, zero, 32);
}

/* The three certificates of a quote. */
struct chain {
    X509 *cert[3];
};

static void chain_done(struct chain *c)
{
    for (int i = 0; i < 3; i++)
        X509_free(c->cert[i]);
}

static struct chain chain_of(const struct made *m)
{
    struct bytes pem = {m->sig + 622, m->sig_len - 622};
    struct chain c = {0};

    for (int i = 0; i < 3; i++) {
        struct buf der AUTO_CALL(buf_done) = BUF(8192);
        struct err e;

        assert_int_equal(pem_next(&pem, "CERTIFICATE", &der, &e), ERR_OK);
        assert_int_equal(x509_parse(buf_bytes(&der), &c.cert[i], &e), ERR_OK);
    }
    assert_int_equal(pem.n, 0);
    return c;
}

static void chain_is_leaf_ca_root_each_signed_by_the_next(void **state)
{
    struct made m AUTO_CALL(made_done) = make(SIM_V4, SIM_OK, "p");
    struct chain c AUTO_CALL(chain_done) = chain_of(&m);

    (void)state;
    for (int i = 0; i < 3; i++) {
        X509 *issuer = c.cert[i < 2 ? i + 1 : 2];

        assert_int_equal(X509_verify(c.cert[i], X509_get0_pubkey(issuer)), 1);
        assert_int_equal(X509_check_issued(issuer, c.cert[i]), X509_V_OK);
    }
}

static void chain_ends_in_the_throw_away_root(void **state)
{
    struct made m AUTO_CALL(made_done) = make(SIM_V4, SIM_OK, "p");
    struct chain c AUTO_CALL(chain_done) = chain_of(&m);
    struct buf root AUTO_CALL(buf_done) = BUF(4096);
    struct buf der AUTO_CALL(buf_done) = BUF(4096);
    struct err e;

    (void)state;
    assert_int_equal(sim_root_certificate(&root, &e), ERR_OK);
    assert_int_equal(x509_der(c.cert[2], &der, &e), ERR_OK);
    assert_true(bytes_eq(buf_bytes(&root), buf_bytes(&der)));
}

static void qe_report_is_signed_by_the_pck_key(void **state)
{
    struct made m AUTO_CALL(made_done) = make(SIM_V4, SIM_OK, "p");
    struct chain c AUTO_CALL(chain_done) = chain_of(&m);
    uint8_t point[P256_POINT_LEN];
    struct err e;

    (void)state;
    assert_int_equal(p256_point(X509_get0_pubkey(c.cert[0]), point, &e), ERR_OK);
    assert_int_equal(
        verify(point + 1, (struct bytes){m.sig + QE_REPORT_AT, 384}, m.sig + QE_REPORT_AT + 384),
        ERR_OK);
}

static void every_certificate_says_that_it_is_simulated(void **state)
{
    struct made m AUTO_CALL(made_done) = make(SIM_V4, SIM_OK, "p");
    struct chain c AUTO_CALL(chain_done) = chain_of(&m);

    (void)state;
    for (int i = 0; i < 3; i++) {
        char name[256];

        X509_NAME_oneline(X509_get_subject_name(c.cert[i]), name, sizeof name);
        assert_non_null(strstr(name, "SIMULATED"));
    }
}

static void same_seed_repeats_byte_by_byte(void **state)
{
    struct made a AUTO_CALL(made_done) = make(SIM_V4, SIM_OK, "one machine");
    struct made b AUTO_CALL(made_done) = make(SIM_V4, SIM_OK, "one machine");

    (void)state;
    assert_true(bytes_eq(buf_bytes(&a.quote), buf_bytes(&b.quote)));
}

static void other_seed_is_another_platform(void **state)
{
    AUTO(sim_platform) a = NULL;
    AUTO(sim_platform) b = NULL;
    struct err e;

    (void)state;
    assert_int_equal(sim_platform_new("one", SIM_OK, &a, &e), ERR_OK);
    assert_int_equal(sim_platform_new("two", SIM_OK, &b, &e), ERR_OK);
    assert_memory_not_equal(sim_platform_info(a)->ppid, sim_platform_info(b)->ppid, 16);
    assert_false(bytes_eq(sim_platform_chain(a), sim_platform_chain(b)));
}

static void other_image_has_another_kernel_and_the_same_firmware(void **state)
{
    struct td_report a, b;

    (void)state;
    sim_td_of_image("one", &a);
    sim_td_of_image("two", &b);
    assert_memory_equal(a.mrtd, b.mrtd, 48);
    assert_memory_equal(a.rtmr[0], b.rtmr[0], 48);
    assert_memory_not_equal(a.rtmr[1], b.rtmr[1], 48);
    assert_memory_not_equal(a.rtmr[2], b.rtmr[2], 48);
}

static void fault_names_are_distinct_and_read_back(void **state)
{
    struct err e;

    (void)state;
    for (int f = 0; f < SIM_FAULT_COUNT; f++) {
        enum sim_fault back = SIM_FAULT_COUNT;

        assert_int_equal(sim_fault_parse(sim_fault_name((enum sim_fault)f), &back, &e), ERR_OK);
        assert_int_equal(back, f);
    }
}

static void unknown_fault_is_refused(void **state)
{
    enum sim_fault f = SIM_OK;
    struct err e;

    (void)state;
    assert_int_equal(sim_fault_parse("nonsense", &f, &e), ERR_INVALID);
    assert_non_null(strstr(e.msg, "nonsense"));
}

static void every_fault_changes_the_quote(void **state)
{
    struct made good AUTO_CALL(made_done) = make(SIM_V5_TD15, SIM_OK, "p");

    (void)state;
    for (int f = SIM_OK + 1; f < SIM_FAULT_COUNT; f++) {
        struct made bad AUTO_CALL(made_done) = make(SIM_V5_TD15, (enum sim_fault)f, "p");

        if (bytes_eq(buf_bytes(&good.quote), buf_bytes(&bad.quote)))
            fail_msg("%s changes nothing", sim_fault_name((enum sim_fault)f));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v4_header_is_intels),
        cmocka_unit_test(v4_body_holds_the_measurements_at_their_offsets),
        cmocka_unit_test(v5_body_says_its_type_and_size),
        cmocka_unit_test(lengths_nest_to_the_last_byte),
        cmocka_unit_test(quote_is_signed_by_the_attestation_key),
        cmocka_unit_test(qe_report_binds_the_attestation_key),
        cmocka_unit_test(chain_is_leaf_ca_root_each_signed_by_the_next),
        cmocka_unit_test(chain_ends_in_the_throw_away_root),
        cmocka_unit_test(qe_report_is_signed_by_the_pck_key),
        cmocka_unit_test(every_certificate_says_that_it_is_simulated),
        cmocka_unit_test(same_seed_repeats_byte_by_byte),
        cmocka_unit_test(other_seed_is_another_platform),
        cmocka_unit_test(other_image_has_another_kernel_and_the_same_firmware),
        cmocka_unit_test(fault_names_are_distinct_and_read_back),
        cmocka_unit_test(unknown_fault_is_refused),
        cmocka_unit_test(every_fault_changes_the_quote),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
