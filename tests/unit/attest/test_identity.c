/* identity: permanent bytes of both schemes, and that every bit of scheme 2 counts. */
#include "support/dcap.h"
#include "attest/identity.h"

static void hex_into(const json *obj, const char *member, uint8_t *ret, size_t n)
{
    struct err e;

    need(hex_decode_0x(bytes_of_str(jtext(obj, member)), ret, n, &e), &e);
}

static void hex_item(const json *array, size_t i, uint8_t *ret, size_t n)
{
    struct err e;

    need(hex_decode_0x(bytes_of_str(json_str(json_at(array, i))), ret, n, &e), &e);
}

static void assert_identity(const struct hash32 *found, const json *c, const char *member)
{
    struct hash32 want;

    hex_into(c, member, want.b, sizeof want.b);
    assert_memory_equal(found->b, want.b, sizeof want.b);
}

static void read_common(const json *c, struct measurements *m, struct identity_rules *rules)
{
    rules->chain_id = strtoull(jtext(c, "chain_id"), NULL, 10);
    hex_into(c, "contract", rules->contract.b, sizeof rules->contract.b);
    hex_into(c, "td_attributes", m->td_attributes, 8);
    hex_into(c, "xfam", m->xfam, 8);
    hex_into(c, "mrtd", m->mrtd, 48);
}

static void scheme_1_is_the_references(void **state)
{
    AUTO(json) all = vector_json("tests/vectors/reference/vectors.json");
    const json *dcap = jget(jget(all, "identity"), "dcap");
    const json *maa = jget(jget(all, "identity"), "maa");
    struct measurements tdx = {.kind = TEE_TDX}, azure = {.kind = TEE_AZURE_TDX};
    struct addr contract;
    struct hash32 id;

    (void)state;
    hex_into(dcap, "contract", contract.b, sizeof contract.b);
    hex_into(dcap, "rtmr0", tdx.rtmr[0], 48);
    hex_into(dcap, "rtmr1", tdx.rtmr[1], 48);
    hex_into(dcap, "rtmr2", tdx.rtmr[2], 48);
    identity_v1(&tdx, &contract, &id);
    assert_identity(&id, dcap, "keccak256");
    hex_into(maa, "contract", contract.b, sizeof contract.b);
    hex_into(maa, "pcr4", azure.pcr[4], 32);
    hex_into(maa, "pcr9", azure.pcr[9], 32);
    hex_into(maa, "pcr11", azure.pcr[11], 32);
    identity_v1(&azure, &contract, &id);
    assert_identity(&id, maa, "keccak256");
}

#define VECTORS "tests/vectors/identity-v2.json"

static void scheme_2_of_tdx_is_what_the_contracts_compute(void **state)
{
    AUTO(json) all = vector_json(VECTORS);
    const json *cases = jget(all, "tdx");

    (void)state;
    assert_true(json_len(cases) > 0);
    for (size_t i = 0; i < json_len(cases); i++) {
        const json *c = json_at(cases, i), *rtmr = jget(c, "rtmr");
        struct measurements m = {.kind = TEE_TDX};
        struct identity_rules rules = {0};
        struct hash32 id;
        struct err e;

        read_common(c, &m, &rules);
        hex_into(c, "mrconfigid", m.mrconfigid, 48);
        hex_into(c, "mrowner", m.mrowner, 48);
        hex_into(c, "mrownerconfig", m.mrownerconfig, 48);
        for (size_t r = 0; r < 4; r++)
            hex_item(rtmr, r, m.rtmr[r], 48);
        need(json_get_bool(c, "rtmr3_flag", &rules.rtmr3, &e), &e);
        need(identity_v2(&m, &rules, &id, &e), &e);
        assert_identity(&id, c, "identity");
    }
}

static void scheme_2_of_azure_is_what_the_contracts_compute(void **state)
{
    AUTO(json) all = vector_json(VECTORS);
    const json *cases = jget(all, "azure");

    (void)state;
    assert_true(json_len(cases) > 0);
    for (size_t i = 0; i < json_len(cases); i++) {
        const json *c = json_at(cases, i), *pcrs = jget(c, "pcrs");
        struct measurements m = {.kind = TEE_AZURE_TDX};
        struct identity_rules rules = {.pcr_mask = (uint32_t)jnum(c, "mask")};
        struct hash32 id;
        struct err e;

        read_common(c, &m, &rules);
        for (size_t p = 0; p < 24; p++)
            hex_item(pcrs, p, m.pcr[p], 32);
        need(identity_v2(&m, &rules, &id, &e), &e);
        assert_identity(&id, c, "identity");
    }
}

static void a_principal_is_what_the_contracts_compute(void **state)
{
    AUTO(json) all = vector_json(VECTORS);
    const json *cases = jget(all, "principal");

    (void)state;
    for (size_t i = 0; i < json_len(cases); i++) {
        const json *c = json_at(cases, i);
        struct hash32 id, config, principal;

        hex_into(c, "identity", id.b, sizeof id.b);
        hex_into(c, "config_hash", config.b, sizeof config.b);
        identity_principal(&id, &config, &principal);
        assert_identity(&principal, c, "principal");
    }
}

/* ---- SR-04 ---- */

static struct measurements some(enum tee_kind kind)
{
    struct measurements m = {0};

    for (size_t i = 0; i < sizeof m; i++)
        ((uint8_t *)&m)[i] = (uint8_t)(i * 37 + 11);
    m.kind = kind;
    return m;
}

static struct hash32 identity_of(const struct measurements *m, const struct identity_rules *rules)
{
    struct hash32 id;
    struct err e;

    need(identity_v2(m, rules, &id, &e), &e);
    return id;
}

/* Whether flipping each bit of these bytes changes the identity. */
static void check_bits(struct measurements *m, const struct identity_rules *rules, uint8_t *p,
                       size_t n, bool changes)
{
    struct hash32 before = identity_of(m, rules);

    for (size_t bit = 0; bit < 8 * n; bit++) {
        struct hash32 after;

        p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        after = identity_of(m, rules);
        p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (hash32_eq(&before, &after) == changes)
            fail_msg("bit %zu of field at %td", bit, p - (uint8_t *)m);
    }
}

static void every_bit_of_a_td_changes_its_identity(void **state)
{
    struct identity_rules rules = {.chain_id = 31337, .contract = {{7}}, .rtmr3 = true};
    struct measurements m = some(TEE_TDX);

    (void)state;
    check_bits(&m, &rules, m.td_attributes, 8, true);
    check_bits(&m, &rules, m.xfam, 8, true);
    check_bits(&m, &rules, m.mrtd, 48, true);
    check_bits(&m, &rules, m.mrconfigid, 48, true);
    check_bits(&m, &rules, m.mrowner, 48, true);
    check_bits(&m, &rules, m.mrownerconfig, 48, true);
    check_bits(&m, &rules, m.rtmr[0], sizeof m.rtmr, true);
}

static void rtmr3_counts_only_where_the_contract_says_so(void **state)
{
    struct identity_rules rules = {.chain_id = 31337, .contract = {{7}}};
    struct measurements m = some(TEE_TDX);

    (void)state;
    check_bits(&m, &rules, m.rtmr[0], 3 * 48, true);
    check_bits(&m, &rules, m.rtmr[3], 48, false);
}

static void every_bit_of_chain_and_contract_changes_an_identity(void **state)
{
    struct measurements tdx = some(TEE_TDX), azure = some(TEE_AZURE_TDX);
    struct identity_rules rules = {.chain_id = 31337, .contract = {{7}}, .pcr_mask = 0x10};

    (void)state;
    check_bits(&tdx, &rules, (uint8_t *)&rules.chain_id, sizeof rules.chain_id, true);
    check_bits(&tdx, &rules, rules.contract.b, sizeof rules.contract.b, true);
    check_bits(&azure, &rules, (uint8_t *)&rules.chain_id, sizeof rules.chain_id, true);
    check_bits(&azure, &rules, rules.contract.b, sizeof rules.contract.b, true);
}

static void every_pcr_in_the_mask_counts_and_no_other(void **state)
{
    struct identity_rules rules = {.chain_id = 1, .pcr_mask = 1 << 4 | 1 << 9 | 1 << 11};
    struct measurements m = some(TEE_AZURE_TDX);

    (void)state;
    check_bits(&m, &rules, m.td_attributes, 8, true);
    check_bits(&m, &rules, m.xfam, 8, true);
    check_bits(&m, &rules, m.mrtd, 48, true);
    for (size_t p = 0; p < 24; p++)
        check_bits(&m, &rules, m.pcr[p], 32, rules.pcr_mask >> p & 1);
}

static void the_kind_and_the_mask_change_an_identity(void **state)
{
    struct measurements tdx = some(TEE_TDX), azure = some(TEE_AZURE_TDX);
    struct identity_rules a = {.pcr_mask = 1}, b = {.pcr_mask = 2};
    struct hash32 of_tdx, of_azure, of_other;

    (void)state;
    memcpy(azure.pcr[1], azure.pcr[0], 32); /* so that the mask alone differs */
    of_tdx = identity_of(&tdx, &a);
    of_azure = identity_of(&azure, &a);
    of_other = identity_of(&azure, &b);
    assert_false(hash32_eq(&of_tdx, &of_azure));
    assert_false(hash32_eq(&of_azure, &of_other));
}

static void an_azure_identity_needs_a_mask_of_pcrs(void **state)
{
    static const uint32_t bad[] = {0, 1u << 24, 1u << 31, 0x01000001};
    struct measurements m = some(TEE_AZURE_TDX);
    struct hash32 id;
    struct err e;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct identity_rules rules = {.pcr_mask = bad[i]};

        assert_int_equal(identity_v2(&m, &rules, &id, &e), ERR_DENIED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scheme_1_is_the_references),
        cmocka_unit_test(scheme_2_of_tdx_is_what_the_contracts_compute),
        cmocka_unit_test(scheme_2_of_azure_is_what_the_contracts_compute),
        cmocka_unit_test(a_principal_is_what_the_contracts_compute),
        cmocka_unit_test(every_bit_of_a_td_changes_its_identity),
        cmocka_unit_test(rtmr3_counts_only_where_the_contract_says_so),
        cmocka_unit_test(every_bit_of_chain_and_contract_changes_an_identity),
        cmocka_unit_test(every_pcr_in_the_mask_counts_and_no_other),
        cmocka_unit_test(the_kind_and_the_mask_change_an_identity),
        cmocka_unit_test(an_azure_identity_needs_a_mask_of_pcrs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
