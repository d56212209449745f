/* verifier: evidence in the form that verifiers onchain take, which keeps every byte that they look
 * at and none that they do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "attest/quote.h"
#include "base/codec.h"
#include "gov/verifier.h"
#include "support/json_vectors.h"

#define QUOTES   "tests/vectors/dcap/quotes/"
#define EVIDENCE ((size_t)65536)

static const char *const quotes[] = {
    "tdx_v4_b0c06f_phala.bin",   "tdx_v4_00806f05_gcp_sdk.bin",     "tdx_v5_b3_90c06f_google.bin",
    "tdx_azure_a1764662251.bin", "tdx_v4_50806f_google_spr_e4.bin",
};

static uint16_t u16le(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

/* Where the certification data begin, by contracts/VERIFIERS.md alone. */
static size_t end_of(const char *raw)
{
    const uint8_t *q = (const uint8_t *)raw;
    size_t body = q[0] == 5 ? 54 + u16le(q + 50) : 48 + 584;

    return body + 594 + u16le(q + body + 586);
}

static void a_quote_loses_its_certificates_but_the_first(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof quotes / sizeof quotes[0]; i++) {
        struct buf made AUTO_CALL(buf_done) = BUF(EVIDENCE);
        AUTO(abi_tree) tree = NULL;
        const struct abi_value *parts;
        struct err e = {0};
        char path[128], *raw;
        struct pck_cert leaf;
        size_t n, end;

        snprintf(path, sizeof path, QUOTES "%s", quotes[i]);
        raw = vector_read(path, &n);
        if (gov_evidence_tdx((struct bytes){(uint8_t *)raw, n}, &made, &e) != ERR_OK)
            fail_msg("%s: %s", quotes[i], e.msg);
        assert_int_equal(abi_decode("bytes,bytes", buf_bytes(&made), &tree, &e), ERR_OK);
        parts = abi_tree_values(tree);
        end = end_of(raw);
        assert_true(bytes_eq(parts[0].bytes, (struct bytes){(uint8_t *)raw, end}));
        assert_memory_equal(raw + end, "-----BEGIN CERTIFICATE-----", 27);
        assert_int_equal(pck_cert_parse(parts[1].bytes, &leaf, &e), ERR_OK);
        assert_true(bytes_eq(leaf.subject_cn, bytes_of_str("Intel SGX PCK Certificate")));
        free(raw);
    }
}

static void what_is_no_tdx_quote_is_refused(void **state)
{
    struct buf made AUTO_CALL(buf_done) = BUF(EVIDENCE);
    size_t n, sgx_n;
    char *raw = vector_read(QUOTES "tdx_v4_b0c06f_phala.bin", &n);
    char *sgx = vector_read(QUOTES "sgx_v3_00a067_phala.bin", &sgx_n);
    struct err e;

    (void)state;
    assert_int_equal(gov_evidence_tdx((struct bytes){(uint8_t *)sgx, sgx_n}, &made, &e),
                     ERR_INVALID);
    for (size_t cut = 0; cut < end_of(raw); cut += 7)
        assert_int_equal(gov_evidence_tdx((struct bytes){(uint8_t *)raw, cut}, &made, &e),
                         ERR_INVALID);
    assert_int_equal(made.n, 0);
    raw[end_of(raw)] = '+'; /* no PEM any more */
    assert_int_equal(gov_evidence_tdx((struct bytes){(uint8_t *)raw, n}, &made, &e), ERR_INVALID);
    free(raw);
    free(sgx);
}

static void a_token_is_taken_apart(void **state)
{
    struct azure_evidence vtpm AUTO_CALL(azure_evidence_done) = azure_evidence_empty();
    struct buf made AUTO_CALL(buf_done) = BUF(EVIDENCE), text AUTO_CALL(buf_done) = BUF(EVIDENCE);
    AUTO(abi_tree) tree = NULL;
    const struct abi_value *parts;
    struct err e = {0};

    (void)state;
    memset(vtpm.pcr, 0x5a, sizeof vtpm.pcr);
    buf_put_str(&vtpm.tpms_attest, "attest");
    buf_put_str(&vtpm.tpm_signature, "signature");
    base64url_put(&text, bytes_of_str("{\"alg\":\"RS256\"}"));
    buf_put_u8(&text, '.');
    base64url_put(&text, bytes_of_str("{}"));
    buf_put_u8(&text, '.');
    base64url_put(&text, bytes_of_str("\x01\x02"));
    assert_int_equal(gov_evidence_azure(buf_bytes(&text), &vtpm, &made, &e), ERR_OK);
    assert_int_equal(
        abi_decode("(bytes,bytes,bytes,bytes,bytes,bytes)", buf_bytes(&made), &tree, &e), ERR_OK);
    parts = abi_tree_values(tree)->items;
    assert_true(bytes_eq(parts[0].bytes, bytes_of_str("{\"alg\":\"RS256\"}")));
    assert_true(bytes_eq(parts[1].bytes, bytes_of_str("{}")));
    assert_true(bytes_eq(parts[2].bytes, bytes_of_str("\x01\x02")));
    assert_true(bytes_eq(parts[3].bytes, bytes_of_str("attest")));
    assert_true(bytes_eq(parts[4].bytes, bytes_of_str("signature")));
    assert_true(bytes_eq(parts[5].bytes, BYTES(vtpm.pcr)));
    assert_int_equal(parts[5].bytes.n, 24 * 32);
    assert_int_equal(gov_evidence_azure(bytes_of_str("a.b"), &vtpm, &made, &e), ERR_INVALID);
}

static void statuses_are_numbered_as_the_contract_does(void **state)
{
    static const struct {
        const char *names;
        uint16_t bits;
    } sets[] = {
        {"UpToDate", 0x2},
        {"UpToDate,SWHardeningNeeded", 0x6},
        {"ConfigurationNeeded", 0x8},
        {"ConfigurationAndSWHardeningNeeded", 0x10},
        {"OutOfDate,OutOfDateConfigurationNeeded", 0x60},
        {"TDRelaunchAdvised", 0x100},
        {"TDRelaunchAdvisedConfigurationNeeded", 0x200},
        {"any", 0x37e},
    };

    (void)state;
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        tcb_status_set set;
        struct err e = {0};

        assert_int_equal(tcb_status_set_parse(sets[i].names, &set, &e), ERR_OK);
        assert_int_equal(gov_tdx_statuses(set), sets[i].bits);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quote_loses_its_certificates_but_the_first),
        cmocka_unit_test(what_is_no_tdx_quote_is_refused),
        cmocka_unit_test(a_token_is_taken_apart),
        cmocka_unit_test(statuses_are_numbered_as_the_contract_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
