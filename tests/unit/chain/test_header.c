/* header: blocks of every fork, and of mainnet, have the hash they are known by; no field of them
 * can be another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "chain/header.h"
#include "support/eth.h"

static const char *const files[] = {"genesis", "london", "merge",  "shanghai",
                                    "cancun",  "prague", "latest", "mainnet-24784163"};
#define FILES (sizeof files / sizeof files[0])

static char *read_file(const char *name)
{
    char path[128];

    snprintf(path, sizeof path, "tests/vectors/eth/headers/%s.json", name);
    return vector_read(path, NULL);
}

static enum err_code parse(const char *text, struct block_header *ret)
{
    AUTO(json) root = NULL;
    struct err e = {0};

    assert_int_equal(json_parse(bytes_of_str(text), 1 << 20, &root, &e), ERR_OK);
    return header_parse(root, ret, &e);
}

static void every_fork(void **state)
{
    const uint64_t numbers[FILES] = {0, 0x1b, 0x24, 0x27, 0x2a, 0x2d, 0x36, 24784163};

    (void)state;
    for (size_t i = 0; i < FILES; i++) {
        AUTO(heap_str) text = read_file(files[i]);
        struct block_header h;

        assert_int_equal(parse(text, &h), ERR_OK);
        assert_int_equal(h.id.ref.number, numbers[i]);
    }
}

static void what_is_read_of_it(void **state)
{
    AUTO(heap_str) text = read_file("mainnet-24784163");
    const struct hash32 hash = vector_hash(
                            "b5d55a8a5dcb2261af14ae514e21d67573a57b11ead11b8e77c6be92933c98d0"),
                        root = vector_hash(
                            "a9f2a53b59b64a891f12cdc1d1112ce29b659cbf9dc4b6def940e288e00ee4ef"),
                        parent = vector_hash(
                            "6c05936934d212e09a0bfa283b719bfa3f43d266e989ed23a575e7999f559aaa");
    struct block_header h;

    (void)state;
    assert_int_equal(parse(text, &h), ERR_OK);
    assert_true(hash32_eq(&h.id.ref.hash, &hash) && hash32_eq(&h.state_root, &root) &&
                hash32_eq(&h.parent, &parent));
    assert_int_equal(h.id.timestamp, 0x69ccf3d7);
}

/* Where the next calls will have their variables. */
static __attribute__((noinline)) void soil_the_stack(void)
{
    volatile uint8_t left[65536];

    for (size_t i = 0; i < sizeof left; i++)
        left[i] = 0x5a;
}

/* What is left on the stack must not become a doubt: then the newest words would pass for final. */
static void a_block_is_in_no_doubt(void **state)
{
    AUTO(heap_str) text = read_file("latest");
    AUTO(json) root = NULL;
    struct block_header h;
    struct err e = {0};

    (void)state;
    assert_int_equal(json_parse(bytes_of_str(text), 1 << 20, &root, &e), ERR_OK);
    soil_the_stack();
    assert_int_equal(header_parse(root, &h, &e), ERR_OK);
    assert_int_equal(h.id.doubt, 0);
    assert_int_equal(h.id.newest, 0);
}

static void no_field_can_be_another(void **state)
{
    const char *const members[] = {"parentHash",
                                   "sha3Uncles",
                                   "miner",
                                   "stateRoot",
                                   "transactionsRoot",
                                   "receiptsRoot",
                                   "logsBloom",
                                   "difficulty",
                                   "number",
                                   "gasLimit",
                                   "gasUsed",
                                   "timestamp",
                                   "extraData",
                                   "mixHash",
                                   "nonce",
                                   "baseFeePerGas",
                                   "withdrawalsRoot",
                                   "blobGasUsed",
                                   "excessBlobGas",
                                   "hash",
                                   "parentBeaconBlockRoot",
                                   "requestsHash"};
    AUTO(heap_str) whole = read_file("mainnet-24784163");
    struct block_header h;

    (void)state;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        AUTO(heap_str) text = strdup(whole);
        char name[64], *at, *end;

        snprintf(name, sizeof name, "\"%s\":\"", members[i]);
        at = strstr(text, name);
        assert_non_null(at);
        end = strchr(at + strlen(name), '"');
        end[-1] = end[-1] == '1' ? '2' : '1';
        assert_int_equal(parse(text, &h), ERR_VERIFY);
        at[1] = 'X'; /* another name: the member is missing */
        assert_true(parse(text, &h) != ERR_OK);
    }
}

static void null_is_no_field(void **state)
{
    AUTO(json) root = vector_json("tests/vectors/eth/headers/london.json");
    struct block_header h;
    struct err e = {0};

    (void)state;
    assert_int_equal(json_put_null(root, "withdrawalsRoot", &e), ERR_OK);
    assert_int_equal(json_put_null(root, "requestsHash", &e), ERR_OK);
    assert_int_equal(header_parse(root, &h, &e), ERR_OK);
}

/* A field of a later fork makes those of the forks before it needed. */
static void forks_come_in_order(void **state)
{
    AUTO(json) root = vector_json("tests/vectors/eth/headers/london.json");
    const struct hash32 any = {{1}};
    struct block_header h;
    struct err e = {0};

    (void)state;
    assert_int_equal(json_put_hex0x(root, "requestsHash", BYTES_OF(any), &e), ERR_OK);
    assert_int_equal(header_parse(root, &h, &e), ERR_INVALID);
    assert_non_null(strstr(e.msg, "withdrawalsRoot"));
}

static void what_is_no_block(void **state)
{
    const char *const texts[] = {"null", "[]", "{}", "{\"hash\":1}"};
    struct block_header h;

    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(parse(texts[i], &h), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fork),
        cmocka_unit_test(what_is_read_of_it),
        cmocka_unit_test(a_block_is_in_no_doubt),
        cmocka_unit_test(no_field_can_be_another),
        cmocka_unit_test(null_is_no_field),
        cmocka_unit_test(forks_come_in_order),
        cmocka_unit_test(what_is_no_block),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
