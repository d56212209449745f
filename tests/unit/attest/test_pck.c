/* pck: certificates edited byte by byte, and the SGX extension in every wrong form.
 *
 * Signatures are not looked at here: test_negative and the simulator's verdicts do that. */
#include "support/dcap.h"
#include "attest/pck.h"
#include "attest/quote.h"
#include "crypto/der.h"
#include "crypto/pem.h"

/* The leaf of a real chain. */
static struct buf real_leaf(void)
{
    struct bytes q AUTO_CALL(dcap_free) = dcap_file("quotes/tdx_v4_b0c06f_phala.bin");
    struct buf der = BUF(PCK_DER_MAX);
    struct quote quote;
    struct err e;

    need(quote_parse(q, &quote, NULL, &e), &e);
    need(pem_next(&quote.pck_pem, "CERTIFICATE", &der, &e), &e);
    return der;
}

static void a_real_leaf_has_the_names_and_uses_of_one(void **state)
{
    struct buf der AUTO_CALL(buf_done) = real_leaf();
    struct pck_cert c;
    struct err e;

    (void)state;
    need(pck_cert_parse(buf_bytes(&der), &c, &e), &e);
    assert_true(bytes_eq(c.subject_cn, bytes_of_str("Intel SGX PCK Certificate")));
    assert_false(c.is_ca);
    assert_int_equal(c.key_usage, 0xc000);
    assert_int_equal(c.not_before, 1738884351); /* Feb  6 23:25:51 2025, by openssl x509 */
    assert_int_equal(c.not_after, 1959722751);  /* Feb  6 23:25:51 2032 */
    assert_int_equal(c.serial.n, 20);
    assert_int_equal(c.serial.p[0], 0x3c);
}

static void a_certificate_cut_or_longer_is_refused(void **state)
{
    struct buf der AUTO_CALL(buf_done) = real_leaf();
    struct pck_cert c;
    struct err e;

    (void)state;
    for (size_t n = 0; n < der.n; n++)
        assert_int_equal(pck_cert_parse((struct bytes){der.p, n}, &c, &e), ERR_INVALID);
    buf_put_u8(&der, 0);
    assert_int_equal(pck_cert_parse(buf_bytes(&der), &c, &e), ERR_INVALID);
}

static void a_certificate_over_4_kib_is_refused(void **state)
{
    static const uint8_t big[PCK_DER_MAX + 1] = {0x30, 0x82, 0x0f, 0xfd};
    struct pck_cert c;
    struct err e;

    (void)state;
    assert_int_equal(pck_cert_parse(BYTES(big), &c, &e), ERR_INVALID);
    assert_non_null(strstr(e.msg, "4097"));
}

/* The first place of `find` in the leaf is overwritten by `put`, of the same length. */
static enum err_code edited(struct bytes find, struct bytes put)
{
    struct buf der AUTO_CALL(buf_done) = real_leaf();
    uint8_t *at = memmem(der.p, der.n, find.p, find.n);
    struct pck_cert c;
    struct err e;

    assert_non_null(at);
    assert_int_equal(find.n, put.n);
    memcpy(at, put.p, put.n);
    return pck_cert_parse(buf_bytes(&der), &c, &e);
}

#define B(...) BYTES(((const uint8_t[]){__VA_ARGS__}))

static void a_certificate_of_another_make_is_refused(void **state)
{
    (void)state;
    /* version 2, ecdsa-with-SHA384, P-521, a compressed point, CA neither true nor false */
    assert_int_equal(edited(B(0xa0, 3, 2, 1, 2), B(0xa0, 3, 2, 1, 1)), ERR_INVALID);
    assert_int_equal(edited(B(0xce, 0x3d, 4, 3, 2), B(0xce, 0x3d, 4, 3, 3)), ERR_INVALID);
    assert_int_equal(edited(B(0xce, 0x3d, 3, 1, 7), B(0xce, 0x3d, 3, 1, 6)), ERR_INVALID);
    assert_int_equal(edited(B(0x03, 0x42, 0x00, 0x04), B(0x03, 0x42, 0x00, 0x02)), ERR_INVALID);
    assert_int_equal(edited(B(0x55, 0x1d, 0x13, 1, 1, 0xff), B(0x55, 0x1d, 0x13, 1, 1, 0x01)),
                     ERR_INVALID);
}

static void an_unknown_critical_extension_is_refused(void **state)
{
    (void)state;
    /* keyUsage and basicConstraints, both critical, become extensions that nobody knows */
    assert_int_equal(edited(B(0x55, 0x1d, 0x0f, 1, 1, 0xff), B(0x55, 0x1d, 0x7e, 1, 1, 0xff)),
                     ERR_INVALID);
    assert_int_equal(edited(B(0x55, 0x1d, 0x13, 1, 1, 0xff), B(0x55, 0x1e, 0x13, 1, 1, 0xff)),
                     ERR_INVALID);
}

static void an_extension_twice_is_refused(void **state)
{
    (void)state;
    /* the subject key identifier becomes a second authority key identifier */
    assert_int_equal(edited(B(0x06, 3, 0x55, 0x1d, 0x0e), B(0x06, 3, 0x55, 0x1d, 0x23)),
                     ERR_INVALID);
}

/* ---- the SGX extension ---- */

static const uint8_t base[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};

/* SEQUENCE {OID base.sub[.n], value} */
static void put_member(struct buf *out, unsigned a, unsigned b, uint8_t tag, struct bytes value)
{
    struct buf oid AUTO_CALL(buf_done) = BUF(32);
    struct buf seq AUTO_CALL(buf_done) = BUF(2048);

    buf_put(&oid, BYTES(base));
    buf_put_u8(&oid, (uint8_t)a);
    if (b)
        buf_put_u8(&oid, (uint8_t)b);
    der_put(&seq, DER_OID, buf_bytes(&oid));
    der_put(&seq, tag, value);
    der_put(out, DER_SEQUENCE, buf_bytes(&seq));
}

enum flaw {
    SOUND,
    NO_PPID,
    NO_TCB,
    NO_PCEID,
    NO_FMSPC,
    NO_TYPE,
    TWICE,
    UNKNOWN,
    FOREIGN,
    LONG_OID,
    NO_COMPONENT,
    COMPONENT_TWICE,
    COMPONENT_300,
    COMPONENT_TEXT,
    NO_CPUSVN,
    TCB_NO_SEQUENCE,
    SHORT_FMSPC,
    TYPE_3,
    TYPE_INTEGER,
    CONFIGURATION_FOUR,
    CONFIGURATION_NO_SEQUENCE,
    CONFIGURATION_NO_BOOLEAN,
    MEMBER_TOO_LONG,
    TRAILING,
    FLAWS,
};

static void put_tcb(struct buf *out, enum flaw flaw)
{
    static const uint8_t cpusvn[16] = {1, 2, 3};
    struct buf list AUTO_CALL(buf_done) = BUF(2048);

    for (unsigned n = 16; n >= 1; n--) { /* in another order than Intel's, on purpose */
        uint8_t svn = (uint8_t)(n * 2);

        if (flaw == NO_COMPONENT && n == 7)
            continue;
        if (flaw == COMPONENT_300 && n == 3)
            put_member(&list, 2, n, DER_INTEGER, B(1, 44));
        else
            put_member(&list, 2, n, flaw == COMPONENT_TEXT ? DER_OCTET_STRING : DER_INTEGER,
                       (struct bytes){&svn, 1});
        if (flaw == COMPONENT_TWICE && n == 5)
            put_member(&list, 2, n, DER_INTEGER, B(1));
    }
    put_member(&list, 2, 17, DER_INTEGER, B(0x01, 0x02));
    if (flaw != NO_CPUSVN)
        put_member(&list, 2, 18, DER_OCTET_STRING, BYTES(cpusvn));
    put_member(out, 2, 0, flaw == TCB_NO_SEQUENCE ? DER_SET : DER_SEQUENCE, buf_bytes(&list));
}

static void put_configuration(struct buf *out, enum flaw flaw)
{
    struct buf list AUTO_CALL(buf_done) = BUF(512);

    put_member(&list, 7, 1, DER_BOOLEAN, B(0xff));
    put_member(&list, 7, 2, DER_BOOLEAN, B(0));
    put_member(&list, 7, flaw == CONFIGURATION_FOUR ? 4 : 3,
               flaw == CONFIGURATION_NO_BOOLEAN ? DER_INTEGER : DER_BOOLEAN, B(0xff));
    put_member(out, 7, 0, flaw == CONFIGURATION_NO_SEQUENCE ? DER_SET : DER_SEQUENCE,
               buf_bytes(&list));
}

static void put_flawed_member(struct buf *out, enum flaw flaw)
{
    if (flaw == TWICE)
        put_member(out, 3, 0, DER_OCTET_STRING, B(0, 0));
    if (flaw == UNKNOWN)
        put_member(out, 8, 0, DER_OCTET_STRING, B(0));
    if (flaw == LONG_OID)
        put_member(out, 6, 1, DER_OCTET_STRING, B(0));
    if (flaw == FOREIGN)
        der_put(out, DER_SEQUENCE, B(0x06, 0x03, 0x55, 0x04, 0x03, 0x04, 0x00));
    if (flaw == MEMBER_TOO_LONG)
        der_put(out, DER_SEQUENCE,
                B(0x06, 0x0a, 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01, 0x06, 0x01,
                  0x01, 0xff, 0x05, 0x00));
}

static struct buf extension(enum flaw flaw)
{
    static const uint8_t ppid[16] = {9}, instance[16] = {8};
    struct buf list AUTO_CALL(buf_done) = BUF(4096);
    struct buf out = BUF(4096);

    put_configuration(&list, flaw);
    put_member(&list, 6, 0, DER_OCTET_STRING, BYTES(instance));
    if (flaw != NO_TYPE)
        put_member(&list, 5, 0, flaw == TYPE_INTEGER ? DER_INTEGER : DER_ENUMERATED,
                   flaw == TYPE_3 ? B(3) : B(2));
    if (flaw != NO_FMSPC)
        put_member(&list, 4, 0, DER_OCTET_STRING,
                   flaw == SHORT_FMSPC ? B(1, 2, 3, 4, 5) : B(1, 2, 3, 4, 5, 6));
    if (flaw != NO_PCEID)
        put_member(&list, 3, 0, DER_OCTET_STRING, B(0, 7));
    if (flaw != NO_TCB)
        put_tcb(&list, flaw);
    if (flaw != NO_PPID)
        put_member(&list, 1, 0, DER_OCTET_STRING, BYTES(ppid));
    put_flawed_member(&list, flaw);
    der_put(&out, DER_SEQUENCE, buf_bytes(&list));
    if (flaw == TRAILING)
        buf_put_u8(&out, 0);
    return out;
}

static void members_may_stand_in_any_order(void **state)
{
    struct buf sgx AUTO_CALL(buf_done) = extension(SOUND);
    struct pck_extension x;
    struct err e;

    (void)state;
    need(pck_extension_parse(buf_bytes(&sgx), &x, NULL, &e), &e);
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(x.tcb.comp[i], (i + 1) * 2);
    assert_int_equal(x.tcb.pcesvn, 0x102);
    assert_int_equal(x.tcb.cpusvn[2], 3);
    assert_int_equal(x.ppid[0], 9);
    assert_int_equal(x.pceid[1], 7);
    assert_memory_equal(x.fmspc, ((const uint8_t[]){1, 2, 3, 4, 5, 6}), 6);
    assert_int_equal(x.sgx_type, PCK_SGX_SCALABLE_INTEGRITY);
    assert_true(x.has_instance && x.platform_instance_id[0] == 8);
    assert_true(x.has_configuration && x.dynamic_platform && !x.cached_keys && x.smt_enabled);
}

static void each_flaw_of_the_extension_is_refused(void **state)
{
    (void)state;
    for (enum flaw flaw = SOUND + 1; flaw < FLAWS; flaw++) {
        struct buf sgx AUTO_CALL(buf_done) = extension(flaw);
        enum attest_fault fault = FAULT_NONE;
        struct pck_extension x;
        struct err e;

        if (pck_extension_parse(buf_bytes(&sgx), &x, &fault, &e) == ERR_OK)
            fail_msg("flaw %d was accepted", flaw);
        assert_int_equal(fault, FAULT_PCK_EXTENSION);
    }
}

/* ---- the PEM around a chain ---- */

static enum attest_fault chain_fault(struct bytes pem)
{
    enum attest_fault fault = FAULT_NONE;
    AUTO(pck_platform) p = NULL;
    struct err e;

    return pck_chain_verify(pem, attest_roots(), NULL, NULL, &p, &fault, &e) == ERR_OK ? FAULT_NONE
                                                                                       : fault;
}

static void a_chain_is_three_certificates_and_at_most_a_nul(void **state)
{
    struct bytes q AUTO_CALL(dcap_free) = dcap_file("quotes/tdx_v4_b0c06f_phala.bin");
    struct buf pem AUTO_CALL(buf_done) = BUF(32768);
    struct quote quote;
    struct err e;
    size_t text;

    (void)state;
    need(quote_parse(q, &quote, NULL, &e), &e);
    text = quote.pck_pem.n;
    while (quote.pck_pem.p[text - 1] == 0)
        text--;
    buf_put(&pem, (struct bytes){quote.pck_pem.p, text});
    assert_int_equal(chain_fault(buf_bytes(&pem)), FAULT_NONE);
    buf_put_u8(&pem, 0);
    assert_int_equal(chain_fault(buf_bytes(&pem)), FAULT_NONE);
    buf_put_u8(&pem, 0);
    assert_int_equal(chain_fault(buf_bytes(&pem)), FAULT_PCK_CHAIN);
    pem.n = text;
    buf_put_str(&pem, "x");
    assert_int_equal(chain_fault(buf_bytes(&pem)), FAULT_PCK_CHAIN);
    assert_int_equal(chain_fault((struct bytes){0}), FAULT_PCK_CHAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_real_leaf_has_the_names_and_uses_of_one),
        cmocka_unit_test(a_certificate_cut_or_longer_is_refused),
        cmocka_unit_test(a_certificate_over_4_kib_is_refused),
        cmocka_unit_test(a_certificate_of_another_make_is_refused),
        cmocka_unit_test(an_unknown_critical_extension_is_refused),
        cmocka_unit_test(an_extension_twice_is_refused),
        cmocka_unit_test(members_may_stand_in_any_order),
        cmocka_unit_test(each_flaw_of_the_extension_is_refused),
        cmocka_unit_test(a_chain_is_three_certificates_and_at_most_a_nul),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
