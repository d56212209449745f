/* tx: transactions that ethers signed and anvil accepted, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "chain/tx.h"
#include "crypto/digest.h"
#include "crypto/secp256k1.h"
#include "support/eth.h"

#define MAX ((size_t)1 << 20)

/* A number as the vectors write it: JSON integer, decimal or hex string; big-endian. */
static struct hash32 number(const json *node)
{
    struct buf text AUTO_CALL(buf_done) = BUF(128);
    struct hash32 v = {0};
    const char *s = json_str(node);
    unsigned base = 10;
    struct err e;

    if (!s) {
        assert_int_equal(json_write(node, JSON_COMPACT, &text, &e), ERR_OK);
        s = buf_cstr(&text);
    }
    if (s[0] == '0' && s[1] == 'x') {
        base = 16;
        s += 2;
    }
    for (; *s; s++) {
        unsigned carry = (unsigned)(*s <= '9' ? *s - '0' : (*s | 0x20) - 'a' + 10);

        for (size_t i = 32; i-- > 0;) {
            unsigned x = v.b[i] * base + carry;

            v.b[i] = (uint8_t)x;
            carry = x >> 8;
        }
    }
    return v;
}

static uint64_t number64(const json *obj, const char *member)
{
    struct hash32 v = number(vector_get(obj, member));
    uint64_t n = 0;

    assert_true(bytes_all_zero((struct bytes){v.b, 24}));
    for (size_t i = 24; i < 32; i++)
        n = n << 8 | v.b[i];
    return n;
}

static struct eth_tx read_tx(const json *t, struct buf *data)
{
    struct eth_tx tx = {
        .chain_id = number64(t, "chainId"),
        .nonce = number64(t, "nonce"),
        .max_priority_fee = number64(t, "maxPriorityFeePerGas"),
        .max_fee = number64(t, "maxFeePerGas"),
        .gas = number64(t, "gasLimit"),
        .create = !json_has(t, "to") || json_is_null(vector_get(t, "to")),
    };

    tx.value = json_has(t, "value") ? number(vector_get(t, "value")) : (struct hash32){0};
    if (!tx.create)
        tx.to = vector_addr(vector_str(t, "to"));
    if (json_has(t, "data"))
        vector_hex(vector_str(t, "data"), data);
    tx.data = buf_bytes(data);
    return tx;
}

static secret *read_key(const char *hex)
{
    struct hash32 h = vector_hash(hex);
    secret *key = NULL;
    struct err e;

    assert_int_equal(secret_copy(BYTES_OF(h), &key, &e), ERR_OK);
    return key;
}

/* Both forms read as the fields that they were made of. */
static void check_read_back(const struct eth_tx *tx, const secret *key, struct bytes raw,
                            const struct hash32 *hash)
{
    struct buf plain AUTO_CALL(buf_done) = BUF(MAX);
    struct tx_parsed p;
    struct addr sender;
    struct err e = {0};

    assert_int_equal(secp256k1_address(key, &sender, &e), ERR_OK);
    assert_int_equal(tx_parse(raw, &p, &e), ERR_OK);
    assert_true(p.is_signed && addr_eq(&p.sender, &sender) && hash32_eq(&p.hash, hash));
    assert_int_equal(tx_unsigned(tx, &plain, &e), ERR_OK);
    assert_int_equal(tx_parse(buf_bytes(&plain), &p, &e), ERR_OK);
    assert_true(!p.is_signed && p.tx.chain_id == tx->chain_id && p.tx.nonce == tx->nonce);
    assert_true(p.tx.max_fee == tx->max_fee && p.tx.max_priority_fee == tx->max_priority_fee);
    assert_true(p.tx.gas == tx->gas && p.tx.create == tx->create && addr_eq(&p.tx.to, &tx->to));
    assert_true(hash32_eq(&p.tx.value, &tx->value) && bytes_eq(p.tx.data, tx->data));
}

static void check_signed(const json *vector, const json *t, const char *raw_hex,
                         const char *hash_hex)
{
    AUTO(secret) key = read_key(vector_str(vector, "privateKey"));
    struct buf data AUTO_CALL(buf_done) = BUF(MAX), raw AUTO_CALL(buf_done) = BUF(MAX);
    struct buf expected AUTO_CALL(buf_done) = BUF(MAX);
    struct eth_tx tx = read_tx(t, &data);
    struct hash32 hash, again;
    struct err e = {0};

    if (tx_sign(&tx, key, &raw, &hash, &e) != ERR_OK)
        fail_msg("%s", e.msg);
    vector_hex(raw_hex, &expected);
    assert_int_equal(raw.n, expected.n);
    assert_memory_equal(raw.p, expected.p, raw.n);
    if (hash_hex)
        again = vector_hash(hash_hex);
    else
        keccak256(buf_bytes(&expected), &again);
    assert_memory_equal(hash.b, again.b, 32);
    check_read_back(&tx, key, buf_bytes(&raw), &hash);
}

static void transactions_of_the_reference_come_out_byte_for_byte(void **state)
{
    AUTO(json) root = vector_json("tests/vectors/eth/registry/eip1559_signed.json");

    (void)state;
    assert_true(json_len(root) >= 4);
    for (size_t i = 0; i < json_len(root); i++) {
        const json *v = json_at(root, i);

        check_signed(v, vector_get(v, "tx"), vector_str(v, "raw"), vector_str(v, "hash"));
    }
}

static void transactions_of_ethers_come_out_byte_for_byte(void **state)
{
    AUTO(json) root = vector_json("tests/vectors/eth/ethers/transactions_eip1559.json");

    (void)state;
    assert_true(json_len(root) >= 15);
    for (size_t i = 0; i < json_len(root); i++) {
        const json *v = json_at(root, i);

        check_signed(v, vector_get(v, "transaction"), vector_str(v, "signedLondon"), NULL);
    }
}

static void what_is_signed_is_the_hash_of_the_unsigned_transaction(void **state)
{
    AUTO(json) root = vector_json("tests/vectors/eth/ethers/transactions_eip1559.json");

    (void)state;
    for (size_t i = 0; i < json_len(root); i++) {
        const json *v = json_at(root, i);
        struct buf data AUTO_CALL(buf_done) = BUF(MAX), unsigned_ AUTO_CALL(buf_done) = BUF(MAX);
        struct eth_tx tx = read_tx(vector_get(v, "transaction"), &data);
        struct hash32 found, expected;
        struct err e;

        vector_hex(vector_str(v, "unsignedLondon"), &unsigned_);
        keccak256(buf_bytes(&unsigned_), &expected);
        assert_int_equal(tx_signing_hash(&tx, &found, &e), ERR_OK);
        assert_memory_equal(found.b, expected.b, 32);
    }
}

static void contracts_are_where_ethers_says(void **state)
{
    AUTO(json) root = vector_json("tests/vectors/eth/ethers/create.json");
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < json_len(root); i++) {
        const json *v = json_at(root, i), *list = vector_get(v, "creates");
        struct addr sender = vector_addr(vector_str(v, "sender"));

        for (size_t k = 0; k < json_len(list); k++, n++) {
            const json *c = json_at(list, k);
            struct addr expected = vector_addr(vector_str(c, "address")), found;

            tx_contract_address(&sender, number64(c, "nonce"), &found);
            assert_memory_equal(found.b, expected.b, 20);
        }
    }
    assert_true(n > 50);
}

static struct eth_tx simple(void)
{
    return (struct eth_tx){.chain_id = 1, .max_fee = 2, .max_priority_fee = 1, .gas = 21000};
}

static void a_transaction_for_no_chain_is_refused(void **state)
{
    struct eth_tx tx = simple();
    struct hash32 h;
    struct err e;

    (void)state;
    assert_int_equal(tx_signing_hash(&tx, &h, &e), ERR_OK);
    tx.chain_id = 0;
    assert_int_equal(tx_signing_hash(&tx, &h, &e), ERR_INVALID);
}

static void a_tip_over_the_fee_is_refused(void **state)
{
    struct eth_tx tx = simple();
    struct hash32 h;
    struct err e;

    (void)state;
    tx.max_priority_fee = 3;
    assert_int_equal(tx_signing_hash(&tx, &h, &e), ERR_INVALID);
}

static void data_beyond_the_bound_is_refused(void **state)
{
    size_t n = 256 * 1024 + 1;
    uint8_t *data = calloc(1, n);
    struct eth_tx tx = simple();
    struct hash32 h;
    struct err e;

    (void)state;
    tx.data = (struct bytes){data, n};
    assert_int_equal(tx_signing_hash(&tx, &h, &e), ERR_TOO_LARGE);
    free(data);
}

/* 0x02 || rlp([1, 0, 1, 2, 21000, "", 0, "", []]), whose items begin at byte 2. */
static const uint8_t plain[] = {2, 0xcb, 1, 0x80, 1, 2, 0x82, 0x52, 0x08, 0x80, 0x80, 0x80, 0xc0};

static void a_text_that_is_no_transaction_is_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t byte;
    } wrong[] = {
        {0, 1},     /* type */
        {1, 0x8b},  /* no list */
        {1, 0xca},  /* a byte too many */
        {2, 0x80},  /* no chain */
        {3, 0x00},  /* a zero that is written out */
        {4, 0x03},  /* a tip over the fee */
        {9, 0x01},  /* a receiver of one byte */
        {10, 0x00}, /* a value with a leading zero */
        {11, 0xc0}, /* data that is a list */
        {12, 0x80}, /* no access list */
    };
    struct tx_parsed p;
    struct err e = {0};

    (void)state;
    assert_int_equal(tx_parse(BYTES(plain), &p, &e), ERR_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint8_t text[sizeof plain];

        memcpy(text, plain, sizeof text);
        text[wrong[i].at] = wrong[i].byte;
        if (tx_parse(BYTES(text), &p, &e) == ERR_OK)
            fail_msg("byte %zu may be %02x", wrong[i].at, wrong[i].byte);
    }
    for (size_t n = 0; n < sizeof plain; n++)
        assert_int_not_equal(tx_parse((struct bytes){plain, n}, &p, &e), ERR_OK);
}

static void a_signature_that_nobody_made_is_refused(void **state)
{
    AUTO(secret) key =
        read_key("0x0000000000000000000000000000000000000000000000000000000000000001");
    struct buf raw AUTO_CALL(buf_done) = BUF(4096);
    struct eth_tx tx = simple();
    struct tx_parsed p;
    struct hash32 hash;
    struct addr sender;
    struct err e = {0};

    (void)state;
    assert_int_equal(tx_sign(&tx, key, &raw, &hash, &e), ERR_OK);
    assert_int_equal(tx_parse(buf_bytes(&raw), &p, &e), ERR_OK);
    sender = p.sender;
    memset(raw.p + raw.n - 32, 0xff, 32); /* s over the group's order */
    assert_int_equal(tx_parse(buf_bytes(&raw), &p, &e), ERR_VERIFY);
    buf_clear(&raw);
    assert_int_equal(tx_sign(&tx, key, &raw, &hash, &e), ERR_OK);
    raw.p[4] ^= 4; /* another tip: then it was somebody else */
    if (tx_parse(buf_bytes(&raw), &p, &e) == ERR_OK)
        assert_false(addr_eq(&p.sender, &sender));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transactions_of_the_reference_come_out_byte_for_byte),
        cmocka_unit_test(transactions_of_ethers_come_out_byte_for_byte),
        cmocka_unit_test(what_is_signed_is_the_hash_of_the_unsigned_transaction),
        cmocka_unit_test(contracts_are_where_ethers_says),
        cmocka_unit_test(a_transaction_for_no_chain_is_refused),
        cmocka_unit_test(a_tip_over_the_fee_is_refused),
        cmocka_unit_test(data_beyond_the_bound_is_refused),
        cmocka_unit_test(a_text_that_is_no_transaction_is_refused),
        cmocka_unit_test(a_signature_that_nobody_made_is_refused),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
