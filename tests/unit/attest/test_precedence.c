/* examine: several things wrong at once.  Each is reported; the first in Intel's order decides. */
#include "support/dcap.h"
#include "attest/examine.h"
#include "sim_collateral.h"

#define NOW  1795500000 /* 2026-11-24 */
#define LATE 4000000000 /* 2096: every certificate has ended */

struct wrongs {
    enum sim_fault platform;
    enum sim_collateral_fault collateral;
    enum sim_collateral_fault pck_crl; /* of the PCK CRL alone; SIM_COLLATERAL_OK: the one above */
    int64_t now;                       /* 0: NOW */
    bool through_a_cache;
    bool forged; /* TCB info and QE identity: signed by another key than their chain says */
};

static void swap_text(struct collateral_bundle *a, struct collateral_bundle *b,
                      enum collateral_kind k)
{
    const struct collateral_text t = a->text[k];

    a->text[k] = b->text[k];
    b->text[k] = t;
}

static void examine(const struct wrongs *wrong, struct attest_examination *ret)
{
    const struct sim_collateral_spec all = {.now = NOW, .fault = wrong->collateral},
                                     crl = {.now = NOW, .fault = wrong->pck_crl};
    static const struct {
        enum collateral_kind text;
        enum sim_collateral_fault fault;
    } forged[] = {{COLLATERAL_TCB_INFO, SIM_TCB_INFO_SIG},
                  {COLLATERAL_QE_IDENTITY, SIM_QE_IDENTITY_SIG}};
    struct collateral_bundle bundle AUTO_CALL(collateral_bundle_done) = {0},
                                    other AUTO_CALL(collateral_bundle_done) = {0};
    struct collateral c AUTO_CALL(collateral_done) = {0};
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    AUTO(platform_cache) cache = NULL;
    AUTO(sim_platform) p = NULL;
    struct report_data rd = {0};
    struct td_report td;
    struct err e;

    json_init();
    sim_td_of_image("an image", &td);
    need(platform_cache_new(4, &cache, &e), &e);
    need(sim_platform_new("a machine", wrong->platform, &p, &e), &e);
    need(sim_quote(p, SIM_V4, &td, &rd, &quote, &e), &e);
    need(sim_collateral_parts(p, &all, &bundle, &e), &e);
    for (size_t k = 0; k < 2 && wrong->forged; k++) {
        const struct sim_collateral_spec bad = {.now = NOW, .fault = forged[k].fault};

        need(sim_collateral_parts(p, &bad, &other, &e), &e);
        swap_text(&bundle, &other, forged[k].text);
    }
    if (wrong->pck_crl != SIM_COLLATERAL_OK) {
        need(sim_collateral_parts(p, &crl, &other, &e), &e);
        swap_text(&bundle, &other, COLLATERAL_PCK_CRL);
    }
    collateral_of_bundle(&bundle, attest_roots(), NULL, &c);

    const struct attest_question question = {
        .quote = buf_bytes(&quote),
        .tee = QUOTE_TEE_TDX,
        .roots = attest_roots(),
        .policy = &attest_policy_default,
        .collateral = &c,
        .now = wrong->now ? wrong->now : NOW,
        .cache = wrong->through_a_cache ? cache : NULL,
    };

    attest_examine(&question, ret);
    if (wrong->through_a_cache) /* what is kept says the same */
        attest_examine(&question, ret);
}

/* These faults and no others, the first of them deciding. */
static void assert_wrong(const struct wrongs *wrong, const enum attest_check *checks,
                         const enum attest_fault *faults, size_t n)
{
    struct attest_examination x;

    examine(wrong, &x);
    assert_false(x.ok);
    for (enum attest_check c = 0; c < CHECKS; c++) {
        enum attest_fault expected = FAULT_NONE;

        for (size_t i = 0; i < n; i++)
            if (checks[i] == c)
                expected = faults[i];
        if (x.check[c].fault != expected)
            fail_msg("%s: %s, expected %s", attest_check_name(c),
                     attest_fault_name(x.check[c].fault), attest_fault_name(expected));
    }
    assert_int_equal(x.first, checks[0]);
    assert_int_equal(x.fault, faults[0]);
}

static void an_extension_that_cannot_be_read_is_told_alone(void **state)
{
    static const enum sim_fault all[] = {SIM_SGX_MISSING, SIM_FMSPC_MISSING, SIM_FMSPC_TWICE,
                                         SIM_TCB_SHORT};
    static const enum attest_check check[] = {CHECK_PCK_EXTENSION};
    static const enum attest_fault fault[] = {FAULT_PCK_EXTENSION};

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_wrong(&(struct wrongs){.platform = all[i]}, check, fault, 1);
        assert_wrong(&(struct wrongs){.platform = all[i], .through_a_cache = true}, check, fault,
                     1);
    }
}

static void an_extension_does_not_hide_that_its_certificate_is_revoked(void **state)
{
    static const enum attest_check checks[] = {CHECK_PCK_REVOCATION, CHECK_PCK_EXTENSION};
    static const enum attest_fault faults[] = {FAULT_PCK_REVOKED, FAULT_PCK_EXTENSION};

    (void)state;
    assert_wrong(&(struct wrongs){.platform = SIM_TCB_SHORT, .collateral = SIM_LEAF_REVOKED},
                 checks, faults, 2);
    assert_wrong(&(struct wrongs){.platform = SIM_SGX_MISSING, .collateral = SIM_CA_REVOKED},
                 checks, faults, 2);
}

static void an_extension_does_not_hide_that_its_certificate_has_ended(void **state)
{
    static const enum attest_check checks[] = {CHECK_FRESHNESS, CHECK_PCK_VALIDITY,
                                               CHECK_PCK_EXTENSION};
    static const enum attest_fault faults[] = {FAULT_COLLATERAL_EXPIRED, FAULT_PCK_EXPIRED,
                                               FAULT_PCK_EXTENSION};

    (void)state;
    assert_wrong(&(struct wrongs){.platform = SIM_TCB_SHORT, .now = LATE}, checks, faults, 3);
}

static void revocation_is_told_before_expiry(void **state)
{
    static const enum attest_check checks[] = {CHECK_PCK_REVOCATION, CHECK_PCK_VALIDITY};
    static const enum attest_fault faults[] = {FAULT_PCK_REVOKED, FAULT_PCK_EXPIRED};

    (void)state;
    assert_wrong(&(struct wrongs){.platform = SIM_LEAF_EXPIRED, .collateral = SIM_LEAF_REVOKED},
                 checks, faults, 2);
}

/* Neither list needs the other to say that somebody is revoked. */
static void a_list_that_does_not_hold_hides_no_revocation_by_the_other(void **state)
{
    static const enum attest_check ca[] = {CHECK_PCK_CRL, CHECK_PCK_REVOCATION};
    static const enum attest_fault of_ca[] = {FAULT_PCK_CRL, FAULT_PCK_REVOKED};
    static const enum attest_check leaf[] = {CHECK_ROOT_CRL, CHECK_PCK_REVOCATION};
    static const enum attest_fault of_leaf[] = {FAULT_ROOT_CRL, FAULT_PCK_REVOKED};

    (void)state;
    assert_wrong(&(struct wrongs){.collateral = SIM_CA_REVOKED, .pck_crl = SIM_PCK_CRL_SIG}, ca,
                 of_ca, 2);
    assert_wrong(&(struct wrongs){.collateral = SIM_ROOT_CRL_SIG, .pck_crl = SIM_LEAF_REVOKED},
                 leaf, of_leaf, 2);
}

/* Without one of them nobody can say that nobody is revoked. */
static void a_list_that_does_not_hold_leaves_revocation_open(void **state)
{
    struct attest_examination x;

    (void)state;
    examine(&(struct wrongs){.collateral = SIM_PCK_CRL_SIG}, &x);
    assert_false(x.ok);
    assert_false(x.check[CHECK_PCK_REVOCATION].judged);
    examine(&(struct wrongs){.collateral = SIM_ROOT_CRL_SIG}, &x);
    assert_false(x.check[CHECK_PCK_REVOCATION].judged);
}

/* What somebody forged in the name of a signer whose key got out says so. */
static void a_bad_signature_does_not_hide_that_its_signer_is_revoked(void **state)
{
    static const enum attest_check checks[] = {CHECK_TCB_INFO, CHECK_QE_IDENTITY, CHECK_SIGNERS};
    static const enum attest_fault faults[] = {FAULT_TCB_INFO_SIG, FAULT_QE_IDENTITY_SIG,
                                               FAULT_TCB_SIGNER_REVOKED};

    (void)state;
    assert_wrong(&(struct wrongs){.collateral = SIM_SIGNER_REVOKED, .forged = true}, checks, faults,
                 3);
    assert_wrong(&(struct wrongs){.forged = true}, checks, faults, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_extension_that_cannot_be_read_is_told_alone),
        cmocka_unit_test(an_extension_does_not_hide_that_its_certificate_is_revoked),
        cmocka_unit_test(an_extension_does_not_hide_that_its_certificate_has_ended),
        cmocka_unit_test(revocation_is_told_before_expiry),
        cmocka_unit_test(a_list_that_does_not_hold_hides_no_revocation_by_the_other),
        cmocka_unit_test(a_list_that_does_not_hold_leaves_revocation_open),
        cmocka_unit_test(a_bad_signature_does_not_hide_that_its_signer_is_revoked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
