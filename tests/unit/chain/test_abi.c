/* abi: the calls of the reference, the random types of ethers, and what only a strict reader
 * refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "chain/abi.h"
#include "chain/abi_type.h"
#include "support/eth.h"

#define MAX ABI_BYTES_MAX

/* ---- values of JSON as values of the ABI; all memory of one test lives until its end ---- */

static void *kept[20000];
static size_t n_kept;

static void *keep(size_t n)
{
    assert_true(n_kept < sizeof kept / sizeof kept[0]);
    kept[n_kept] = calloc(1, n ? n : 1);
    assert_non_null(kept[n_kept]);
    return kept[n_kept++];
}

static int forget(void **state)
{
    (void)state;
    while (n_kept > 0)
        free(kept[--n_kept]);
    return 0;
}

static void number_word(const json *node, uint8_t word[32])
{
    struct buf text AUTO_CALL(buf_done) = BUF(128);
    const char *s = json_str(node);
    bool minus = false;
    unsigned base = 10;
    struct err e;

    if (!s) {
        assert_int_equal(json_write(node, JSON_COMPACT, &text, &e), ERR_OK);
        s = buf_cstr(&text);
    }
    if (*s == '-') {
        minus = true;
        s++;
    }
    if (s[0] == '0' && s[1] == 'x') {
        base = 16;
        s += 2;
    }
    for (; *s; s++) {
        unsigned carry = (unsigned)(*s <= '9' ? *s - '0' : (*s | 0x20) - 'a' + 10);

        for (size_t i = 32; i-- > 0;) {
            unsigned x = word[i] * base + carry;

            word[i] = (uint8_t)x;
            carry = x >> 8;
        }
    }
    if (minus) {
        unsigned carry = 1;

        for (size_t i = 32; i-- > 0;) {
            unsigned x = (uint8_t)~word[i] + carry;

            word[i] = (uint8_t)x;
            carry = x >> 8;
        }
    }
}

static struct bytes hex_bytes(const char *hex)
{
    struct buf b AUTO_CALL(buf_done) = BUF(MAX);
    uint8_t *p;

    vector_hex(hex, &b);
    p = keep(b.n);
    if (b.n)
        memcpy(p, b.p, b.n);
    return (struct bytes){p, b.n};
}

static struct abi_value value_of(const struct abi_type *t, size_t at, const json *node);

static struct abi_value list_of(const struct abi_type *t, const struct abi_node *n,
                                const json *node)
{
    size_t len = json_len(node), child = n->child;
    struct abi_value *items = keep(len * sizeof *items);

    for (size_t i = 0; i < len; i++) {
        items[i] = value_of(t, child, json_at(node, i));
        if (n->kind == ABI_TUPLE)
            child = t->node[child].next;
    }
    return abi_list(items, len);
}

static struct abi_value value_of(const struct abi_type *t, size_t at, const json *node)
{
    const struct abi_node *n = &t->node[at];
    struct abi_value v = {0};
    struct addr a;

    switch (n->kind) {
    case ABI_UINT:
    case ABI_INT:
        number_word(node, v.word);
        return v;
    case ABI_BOOLEAN: {
        struct buf text AUTO_CALL(buf_done) = BUF(16);
        struct err e;

        assert_int_equal(json_write(node, JSON_COMPACT, &text, &e), ERR_OK);
        return abi_bool(strcmp(buf_cstr(&text), "true") == 0);
    }
    case ABI_ADDR:
        a = vector_addr(json_str(node));
        return abi_addr(&a);
    case ABI_FIXED:
        return strncmp(json_str(node), "0x", 2) == 0 ? abi_fixed(hex_bytes(json_str(node)))
                                                     : abi_fixed(bytes_of_str(json_str(node)));
    case ABI_BYTES:
        return strncmp(json_str(node), "0x", 2) == 0 ? abi_bytes(hex_bytes(json_str(node)))
                                                     : abi_str(json_str(node));
    case ABI_STRING:
        return abi_str(json_str(node));
    case ABI_ARRAY:
    case ABI_TUPLE:
        return list_of(t, n, node);
    }
    fail();
    return v;
}

/* The values encode to the hex, and what decodes from it encodes to the same again. */
static void check_both_ways(const char *types, const json *values, const char *hex)
{
    struct buf made AUTO_CALL(buf_done) = BUF(MAX), again AUTO_CALL(buf_done) = BUF(MAX);
    struct bytes expected = hex_bytes(hex);
    AUTO(abi_tree) tree = NULL;
    struct abi_type t;
    struct abi_value all;
    struct err e = {0};

    if (abi_type_parse(types, strlen(types), &t, &e) != ERR_OK)
        fail_msg("%s: %s", types, e.msg);
    all = value_of(&t, 0, values);
    if (abi_encode(types, all.items, all.n, &made, &e) != ERR_OK)
        fail_msg("%s: %s", types, e.msg);
    if (!bytes_eq(buf_bytes(&made), expected))
        fail_msg("%s: encodes to something else", types);
    if (abi_decode(types, expected, &tree, &e) != ERR_OK)
        fail_msg("%s: %s", types, e.msg);
    assert_int_equal(abi_encode(types, abi_tree_values(tree), all.n, &again, &e), ERR_OK);
    if (!bytes_eq(buf_bytes(&again), expected))
        fail_msg("%s: does not come back as it was", types);
}

/* ---- vectors ---- */

/* The selector, and the arguments if the vector has some (then 1). */
static size_t check_call(const json *v, const char *signature)
{
    struct bytes selector = hex_bytes(vector_str(v, "selector"));
    size_t name = strcspn(signature, "(");
    char types[512];
    uint8_t found[4];

    abi_selector(signature, found);
    assert_memory_equal(found, selector.p, 4);
    if (!json_has(v, "args"))
        return 0;
    snprintf(types, sizeof types, "%.*s", (int)(strlen(signature) - name - 2),
             signature + name + 1);
    check_both_ways(types, vector_get(v, "args"), vector_str(v, "calldata") + 2 + 8);
    return 1;
}

static void calls_of_the_reference_encode_and_decode(void **state)
{
    AUTO(json) root = vector_json("tests/vectors/eth/registry/abi_calls.json");
    size_t with_args = 0;

    (void)state;
    assert_int_equal(json_len(root), 49);
    for (size_t i = 0; i < json_len(root); i++)
        with_args += check_call(json_at(root, i), vector_str(json_at(root, i), "signature"));
    assert_true(with_args >= 30);
}

/* A call is its selector and its arguments. */
static void a_call_begins_with_the_selector(void **state)
{
    struct addr a = vector_addr("0x70997970C51812dc3A010C7d01b50e0d17dc79C8");
    struct buf out AUTO_CALL(buf_done) = BUF(MAX);
    struct bytes expected = hex_bytes("0xfb2e19ec0000000000000000000000007099797"
                                      "0c51812dc3a010c7d01b50e0d17dc79c8");
    struct err e;

    (void)state;
    assert_int_equal(
        abi_call("AllowApplication(address)", (struct abi_value[]){abi_addr(&a)}, 1, &out, &e),
        ERR_OK);
    assert_true(bytes_eq(buf_bytes(&out), expected));
}

static void answers_of_the_reference_decode(void **state)
{
    static const struct {
        const char *function, *types;
    } returns[] = {
        {"DCAPIdentity(", "bytes32"},
        {"fetchOnboardRequest(", "(bytes,int256,address,bytes)"},
        {"IdentityAllowed(", "bool"},
        {"InstanceDomainNames(", "string[]"},
        {"owner(", "address"},
        {"PKI(", "(bytes,bytes,bytes)"},
        {"ConfigForIdentity(", "bytes32"},
        {"getArtifact(", "bytes"},
        {"StorageBackends(", "string[]"},
    };
    AUTO(json) root = vector_json("tests/vectors/eth/registry/abi_returns.json");
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < json_len(root); i++)
        for (size_t k = 0; k < sizeof returns / sizeof returns[0]; k++) {
            const json *v = json_at(root, i);
            const char *f = returns[k].function;

            if (strncmp(vector_str(v, "signature"), f, strlen(f)) != 0)
                continue;
            check_both_ways(returns[k].types, vector_get(v, "values"), vector_str(v, "data"));
            n++;
        }
    assert_int_equal(n, 9);
}

/* "int" and "uint" are short for int256 and uint256, which is how signatures name them. */
static void whole_names(const char *type, char ret[2048])
{
    size_t n = 0;

    for (; *type; type++) {
        assert_true(n < 2000);
        ret[n++] = *type;
        if (n >= 3 && memcmp(ret + n - 3, "int", 3) == 0 && !(type[1] >= '0' && type[1] <= '9')) {
            memcpy(ret + n, "256", 3);
            n += 3;
        }
    }
    ret[n] = 0;
}

static void random_types_of_ethers_encode_and_decode(void **state)
{
    AUTO(json) root = vector_json("tests/vectors/eth/ethers/abi_subset.json");

    (void)state;
    assert_int_equal(json_len(root), 242);
    for (size_t i = 0; i < json_len(root); i++) {
        const json *v = json_at(root, i);
        AUTO(json) values = NULL;
        struct buf text AUTO_CALL(buf_done) = BUF(MAX);
        char types[2048];
        struct err e;

        /* One value of one type: our list of it has one member. */
        buf_put_u8(&text, '[');
        assert_int_equal(json_write(vector_get(v, "value"), JSON_COMPACT, &text, &e), ERR_OK);
        buf_put_u8(&text, ']');
        assert_int_equal(json_parse(buf_bytes(&text), MAX, &values, &e), ERR_OK);
        whole_names(vector_str(v, "type"), types);
        check_both_ways(types, values, vector_str(v, "encoded"));
        forget(NULL);
    }
}

static void ethereum_tests_encode_and_decode(void **state)
{
    AUTO(json) root = vector_json("tests/vectors/eth/ethereum-tests/basic_abi_tests.json");
    const char *name;
    const json *v;
    size_t n = 0;

    (void)state;
    for (; json_member(root, n, &name, &v); n++) {
        const json *list = vector_get(v, "types");
        char types[256] = "";

        for (size_t k = 0; k < json_len(list); k++)
            snprintf(types + strlen(types), sizeof types - strlen(types), "%s%s", k ? "," : "",
                     json_str(json_at(list, k)));
        check_both_ways(types, vector_get(v, "args"), vector_str(v, "result"));
    }
    assert_int_equal(n, 3);
}

static void selectors_of_errors_are_those_of_the_vectors(void **state)
{
    AUTO(json) root = vector_json("tests/vectors/eth/registry/errors.json");

    (void)state;
    assert_int_equal(json_len(root), 7);
    for (size_t i = 0; i < json_len(root); i++) {
        struct bytes expected = hex_bytes(vector_str(json_at(root, i), "selector"));
        uint8_t found[4];

        abi_selector(vector_str(json_at(root, i), "signature"), found);
        assert_memory_equal(found, expected.p, 4);
    }
}

static void topics_of_events_are_those_of_the_vectors(void **state)
{
    AUTO(json) root = vector_json("tests/vectors/eth/registry/events.json");

    (void)state;
    assert_int_equal(json_len(root), 11);
    for (size_t i = 0; i < json_len(root); i++) {
        const char *s = vector_str(json_at(root, i), "signature") + strlen("event ");
        struct hash32 expected = vector_hash(vector_str(json_at(root, i), "topic0")), found;
        char plain[256];
        size_t n = 0;

        /* "Name(type indexed name, (type name) name)" without the names. */
        for (bool name = false; *s; s++) {
            if (strchr("(),", *s))
                name = false;
            else if (*s == ' ' && plain[n - 1] != ',')
                name = true;
            if (!name && *s != ' ')
                plain[n++] = *s;
        }
        plain[n] = 0;
        abi_topic(plain, &found);
        if (!hash32_eq(&found, &expected))
            fail_msg("%s", plain);
    }
}

/* ---- strictness ---- */

#define W0   "0000000000000000000000000000000000000000000000000000000000000000"
#define W1   "0000000000000000000000000000000000000000000000000000000000000001"
#define W2   "0000000000000000000000000000000000000000000000000000000000000002"
#define W20  "0000000000000000000000000000000000000000000000000000000000000020"
#define W40  "0000000000000000000000000000000000000000000000000000000000000040"
#define W60  "0000000000000000000000000000000000000000000000000000000000000060"
#define WALL "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define WAB  "6162000000000000000000000000000000000000000000000000000000000000"

static void refused_as(const char *types, const char *hex, enum err_code code)
{
    AUTO(abi_tree) tree = NULL;
    struct err e = {0};
    enum err_code found = abi_decode(types, hex_bytes(hex), &tree, &e);

    if (found != code)
        fail_msg("%s: %s, expected %s", types, err_name(found), err_name(code));
}

static void a_bool_of_two_is_refused(void **state)
{
    (void)state;
    refused_as("bool", W1, ERR_OK);
    refused_as("bool", W2, ERR_INVALID);
}

static void an_address_with_upper_bits_is_refused(void **state)
{
    (void)state;
    refused_as("address", W1, ERR_OK);
    refused_as("address", WALL, ERR_INVALID);
}

static void a_number_beyond_its_type_is_refused(void **state)
{
    (void)state;
    refused_as("uint256", WALL, ERR_OK);
    refused_as("uint32", WALL, ERR_INVALID);
    refused_as("int8", WALL, ERR_OK); /* -1 */
    refused_as("int8", "00000000000000000000000000000000000000000000000000000000000000ff",
               ERR_INVALID);
}

static void a_fixed_string_with_a_tail_is_refused(void **state)
{
    (void)state;
    refused_as("bytes2", WAB, ERR_OK);
    refused_as("bytes1", WAB, ERR_INVALID);
}

static void padding_that_is_not_zero_is_refused(void **state)
{
    (void)state;
    refused_as("bytes", W20 W2 WAB, ERR_OK);
    refused_as("bytes", W20 W1 WAB, ERR_INVALID);
}

static void an_offset_backwards_is_refused(void **state)
{
    (void)state;
    refused_as("bytes", W0, ERR_INVALID);
}

static void two_strings_in_one_place_are_refused(void **state)
{
    (void)state;
    refused_as("bytes,bytes", W40 W60 W0 W0, ERR_OK);
    refused_as("bytes,bytes", W40 W40 W0, ERR_INVALID);
}

static void a_gap_between_values_is_refused(void **state)
{
    (void)state;
    refused_as("bytes", W40 W0 W0, ERR_INVALID);
}

static void bytes_after_the_last_value_are_refused(void **state)
{
    (void)state;
    refused_as("uint256", W1 W1, ERR_INVALID);
}

static void a_length_beyond_the_data_is_refused(void **state)
{
    (void)state;
    refused_as("bytes", W20 WALL, ERR_INVALID);
    refused_as("uint256[]", W20 WALL, ERR_INVALID);
}

static void a_string_that_is_not_utf8_is_refused(void **state)
{
    (void)state;
    refused_as("string", W20 W1 "ff00000000000000000000000000000000000000000000000000000000000000",
               ERR_INVALID);
}

static void an_array_of_too_many_values_is_refused(void **state)
{
    struct buf hex AUTO_CALL(buf_done) = BUF(MAX);

    (void)state;
    buf_put_str(&hex, W20 "0000000000000000000000000000000000000000000000000000000000001001");
    for (int i = 0; i < 4097; i++)
        buf_put_str(&hex, W1);
    refused_as("uint256[]", buf_cstr(&hex), ERR_TOO_LARGE);
}

static void types_that_do_not_parse_are_our_own_fault(void **state)
{
    static const char *const types[] = {"uint",   "uint7",   "uint264", "bytes33",   "bytes0",
                                        "foo",    "uint8[0", "uint8[",  "(uint8",    "uint8)",
                                        "uint8,", ",uint8",  "()",      "uint8[00]", "int0"};

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        refused_as(types[i], W1, ERR_INTERNAL);
}

static void a_list_with_the_wrong_number_of_values_is_not_encoded(void **state)
{
    struct buf out AUTO_CALL(buf_done) = BUF(MAX);
    struct abi_value one[] = {abi_u64(1)};
    struct err e;

    (void)state;
    assert_int_equal(abi_encode("uint256,uint256", one, 1, &out, &e), ERR_INTERNAL);
}

static void a_word_beyond_64_bits_is_no_u64(void **state)
{
    struct abi_value v = {.word = {[23] = 1}};
    struct err e;
    uint64_t n;

    (void)state;
    assert_int_equal(abi_get_u64(&v, &n, &e), ERR_INVALID);
    v = abi_u64(UINT64_MAX);
    assert_int_equal(abi_get_u64(&v, &n, &e), ERR_OK);
    assert_true(n == UINT64_MAX);
}

int main(void)
{
#define WITH_MEMORY(f) cmocka_unit_test_teardown(f, forget)
    const struct CMUnitTest tests[] = {
        WITH_MEMORY(calls_of_the_reference_encode_and_decode),
        WITH_MEMORY(a_call_begins_with_the_selector),
        WITH_MEMORY(answers_of_the_reference_decode),
        WITH_MEMORY(random_types_of_ethers_encode_and_decode),
        WITH_MEMORY(ethereum_tests_encode_and_decode),
        WITH_MEMORY(selectors_of_errors_are_those_of_the_vectors),
        WITH_MEMORY(topics_of_events_are_those_of_the_vectors),
        WITH_MEMORY(a_bool_of_two_is_refused),
        WITH_MEMORY(an_address_with_upper_bits_is_refused),
        WITH_MEMORY(a_number_beyond_its_type_is_refused),
        WITH_MEMORY(a_fixed_string_with_a_tail_is_refused),
        WITH_MEMORY(padding_that_is_not_zero_is_refused),
        WITH_MEMORY(an_offset_backwards_is_refused),
        WITH_MEMORY(two_strings_in_one_place_are_refused),
        WITH_MEMORY(a_gap_between_values_is_refused),
        WITH_MEMORY(bytes_after_the_last_value_are_refused),
        WITH_MEMORY(a_length_beyond_the_data_is_refused),
        WITH_MEMORY(a_string_that_is_not_utf8_is_refused),
        WITH_MEMORY(an_array_of_too_many_values_is_refused),
        WITH_MEMORY(types_that_do_not_parse_are_our_own_fault),
        WITH_MEMORY(a_list_with_the_wrong_number_of_values_is_not_encoded),
        WITH_MEMORY(a_word_beyond_64_bits_is_no_u64),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
