/* mpt: the roots of ethereum/tests; proofs of presence and absence in tries made here; and each way
 * in which a proof is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "support/eth.h"
#include "support/trie.h"

#define ENTRIES_MAX 256

/* ---- the roots of ethereum/tests: they also prove the maker of these tests right ---- */

struct book {
    struct trie_entry list[ENTRIES_MAX];
    struct buf value[ENTRIES_MAX];
    size_t n;
};

static void book_done(struct book *b)
{
    for (size_t i = 0; i < ENTRIES_MAX; i++)
        buf_done(&b->value[i]);
}

/* "0x..." is bytes, anything else is itself. */
static void text_bytes(const char *text, struct buf *ret)
{
    if (strncmp(text, "0x", 2) == 0)
        vector_hex(text, ret);
    else
        buf_put_str(ret, text);
}

/* NULL takes the key out. */
static void book_put(struct book *b, const char *key, const char *value)
{
    struct buf k AUTO_CALL(buf_done) = BUF(4096);
    struct hash32 path;
    size_t i = 0;

    text_bytes(key, &k);
    keccak256(buf_bytes(&k), &path);
    while (i < b->n && !hash32_eq(&b->list[i].path, &path))
        i++;
    buf_done(&b->value[i]);
    if (!value) {
        if (i < b->n) {
            b->n--;
            b->list[i] = b->list[b->n];
            b->value[i] = b->value[b->n];
            b->value[b->n] = (struct buf){0};
        }
        return;
    }
    if (i == b->n)
        b->n++;
    b->value[i] = BUF(4096);
    text_bytes(value, &b->value[i]);
    b->list[i] = (struct trie_entry){path, buf_bytes(&b->value[i])};
}

static void fill(struct book *b, const json *in)
{
    const char *name;
    const json *value;

    for (size_t i = 0; json_is_array(in) && i < json_len(in); i++)
        book_put(b, json_str(json_at(json_at(in, i), 0)), json_str(json_at(json_at(in, i), 1)));
    for (size_t i = 0; json_is_object(in) && json_member(in, i, &name, &value); i++)
        book_put(b, name, json_str(value));
}

/* Proves each key, and that one that is not there is not. */
static void prove_all(struct book *b, const struct hash32 *expected)
{
    struct hash32 absent, root;

    keccak256(bytes_of_str("nobody put this here"), &absent);
    for (size_t i = 0; i < b->n + 1; i++) {
        struct trie_proof proof AUTO_CALL(trie_done) = {0};
        struct hash32 path = i < b->n ? b->list[i].path : absent;
        struct bytes value = {0};
        struct err e = {0};
        bool found;

        trie_make(b->list, b->n, &path, &proof, &root);
        assert_true(hash32_eq(&root, expected));
        assert_int_equal(mpt_prove(&root, &path, proof.list, proof.n, &found, &value, &e), ERR_OK);
        assert_int_equal(found, i < b->n);
        if (found) /* making sorted the list */
            for (size_t k = 0; k < b->n; k++)
                if (hash32_eq(&b->list[k].path, &path))
                    assert_true(bytes_eq(value, b->list[k].value));
    }
}

static void roots_of_ethereum_tests(void **state)
{
    const char *const files[] = {
        "tests/vectors/eth/ethereum-tests/trietest_secureTrie.json",
        "tests/vectors/eth/ethereum-tests/trieanyorder_secureTrie.json",
        "tests/vectors/eth/ethereum-tests/hex_encoded_securetrie_test.json",
    };
    size_t seen = 0;

    (void)state;
    for (size_t f = 0; f < 3; f++) {
        AUTO(json) root = vector_json(files[f]);
        const char *name;
        const json *vector;

        for (size_t i = 0; json_member(root, i, &name, &vector); i++) {
            struct book b AUTO_CALL(book_done) = {0};
            struct hash32 expected = vector_hash(vector_str(vector, "root"));

            fill(&b, vector_get(vector, "in"));
            if (b.n == 0)
                assert_true(hash32_eq(&expected, &mpt_empty_root));
            else
                prove_all(&b, &expected);
            seen++;
        }
    }
    assert_true(seen >= 13);
}

/* ---- tries of random paths, long common beginnings, and nodes within nodes ---- */

static uint64_t random_state = 1;

static uint8_t next_random(void)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint8_t)(random_state >> 56);
}

/* Values of one byte at paths that part late make nodes that are shorter than a hash. */
static void make_random(struct trie_entry *list, uint8_t (*values)[40], size_t n, size_t shared)
{
    for (size_t i = 0; i < n; i++) {
        size_t size = shared > 20 ? 1 : 1 + next_random() % 40u;

        for (size_t k = 0; k < 32; k++)
            list[i].path.b[k] = k < shared ? 0x77 : next_random();
        for (size_t k = 0; k < size; k++)
            values[i][k] = (uint8_t)(1 + next_random() % 100u);
        list[i].value = (struct bytes){values[i], size};
    }
}

static void random_tries(void **state)
{
    const size_t shared[] = {0, 1, 5, 28, 30};

    (void)state;
    for (size_t round = 0; round < 200; round++) {
        struct trie_entry list[60];
        uint8_t values[60][40];
        size_t n = 1 + next_random() % 59u, prefix = shared[round % 5];

        if (prefix == 30 && n > 20)
            n = 20; /* two bytes are left: of few paths none are the same */
        make_random(list, values, n, prefix);
        for (size_t i = 0; i < 20; i++) {
            struct trie_proof proof AUTO_CALL(trie_done) = {.with_embedded = i % 2};
            struct hash32 path = list[next_random() % n].path, root;
            struct bytes value = {0};
            struct err e = {0};
            bool found, is_there = i % 4 < 2;

            if (!is_there)
                path.b[next_random() % 32u] ^= 0x10;
            trie_make(list, n, &path, &proof, &root);
            assert_int_equal(mpt_prove(&root, &path, proof.list, proof.n, &found, &value, &e),
                             ERR_OK);
            if (is_there)
                assert_true(found);
            for (size_t k = 0; k < n; k++)
                if (hash32_eq(&list[k].path, &path))
                    assert_true(found && bytes_eq(value, list[k].value));
            if (!is_there && found) { /* the changed path may be another's */
                size_t k = 0;

                while (k < n && !hash32_eq(&list[k].path, &path))
                    k++;
                assert_true(k < n);
            }
        }
    }
}

/* ---- what is no proof ---- */

static enum err_code prove(const struct hash32 *root, const struct hash32 *path,
                           const struct bytes *nodes, size_t n)
{
    struct bytes value;
    struct err e = {0};
    bool found;

    return mpt_prove(root, path, nodes, n, &found, &value, &e);
}

static void every_bit_counts(void **state)
{
    struct trie_proof proof AUTO_CALL(trie_done) = {0};
    struct trie_entry list[40];
    uint8_t values[40][40];
    struct hash32 path, root;

    (void)state;
    make_random(list, values, 40, 0);
    path = list[7].path;
    trie_make(list, 40, &path, &proof, &root);
    for (size_t i = 0; i < proof.n; i++)
        for (size_t bit = 0; bit < 8 * proof.list[i].n; bit++) {
            uint8_t *byte = &proof.node[i].p[bit / 8];

            *byte ^= (uint8_t)(1u << bit % 8);
            assert_int_equal(prove(&root, &path, proof.list, proof.n), ERR_VERIFY);
            *byte ^= (uint8_t)(1u << bit % 8);
        }
    assert_int_equal(prove(&root, &path, proof.list, proof.n), ERR_OK);
}

static void nodes_left_out_doubled_or_added(void **state)
{
    struct trie_proof proof AUTO_CALL(trie_done) = {0};
    struct bytes longer[MPT_NODES_MAX + 1];
    struct trie_entry list[40];
    uint8_t values[40][40];
    struct hash32 path, root;

    (void)state;
    make_random(list, values, 40, 0);
    path = list[3].path;
    trie_make(list, 40, &path, &proof, &root);
    assert_true(proof.n >= 2);
    for (size_t i = 0; i < proof.n; i++)
        assert_int_equal(prove(&root, &path, proof.list, i), ERR_VERIFY);
    assert_int_equal(prove(&root, &path, proof.list + 1, proof.n - 1), ERR_VERIFY);
    memcpy(longer, proof.list, proof.n * sizeof *longer);
    longer[proof.n] = proof.list[proof.n - 1];
    assert_int_equal(prove(&root, &path, longer, proof.n + 1), ERR_VERIFY);
    for (size_t i = 0; i <= MPT_NODES_MAX; i++)
        longer[i] = proof.list[0];
    assert_int_equal(prove(&root, &path, longer, MPT_NODES_MAX + 1), ERR_TOO_LARGE);
}

static void the_proof_of_another_key(void **state)
{
    struct trie_proof proof AUTO_CALL(trie_done) = {0};
    struct trie_entry list[40];
    uint8_t values[40][40];
    struct hash32 root, path;

    (void)state;
    make_random(list, values, 40, 0);
    path = list[0].path;
    trie_make(list, 40, &path, &proof, &root);
    for (size_t i = 0; i < 40; i++)
        if (!hash32_eq(&list[i].path, &path))
            assert_int_equal(prove(&root, &list[i].path, proof.list, proof.n), ERR_VERIFY);
}

static void nothing_is_in_an_empty_trie(void **state)
{
    const uint8_t empty[] = {0x80}, other[] = {0xc0};
    const struct bytes nodes[] = {BYTES(empty), BYTES(other)};
    struct bytes value;
    struct hash32 path = {{1}}, none = {0};
    struct err e = {0};
    bool found = true;

    (void)state;
    assert_int_equal(mpt_prove(&mpt_empty_root, &path, NULL, 0, &found, &value, &e), ERR_OK);
    assert_false(found);
    found = true;
    assert_int_equal(mpt_prove(&mpt_empty_root, &path, nodes, 1, &found, &value, &e), ERR_OK);
    assert_false(found);
    assert_int_equal(prove(&mpt_empty_root, &path, nodes, 2), ERR_VERIFY);
    assert_int_equal(prove(&mpt_empty_root, &path, nodes + 1, 1), ERR_VERIFY);
    assert_int_equal(prove(&none, &path, NULL, 0), ERR_VERIFY);
    assert_int_equal(prove(&none, &path, nodes, 1), ERR_VERIFY);
}

/* A root that hashes right and is malformed: only a strict reading refuses it. */
static enum err_code prove_node(struct bytes items, size_t pad_to)
{
    struct buf node AUTO_CALL(buf_done) = BUF(8192);
    struct hash32 root, path = {{0x12, 0x34}};
    struct bytes list[1];

    rlp_put_list(&node, items);
    if (pad_to > node.n)
        buf_put_zero(&node, pad_to - node.n);
    list[0] = buf_bytes(&node);
    keccak256(list[0], &root);
    return prove(&root, &path, list, 1);
}

static enum err_code prove_short(const uint8_t *prefix, size_t n, const char *value)
{
    struct buf items AUTO_CALL(buf_done) = BUF(4096);

    rlp_put_str(&items, (struct bytes){prefix, n});
    rlp_put_str(&items, bytes_of_str(value));
    return prove_node(buf_bytes(&items), 0);
}

/* A leaf for the path of prove_node. */
static void leaf_prefix(uint8_t ret[33])
{
    memset(ret, 0, 33);
    ret[0] = 0x20;
    ret[1] = 0x12;
    ret[2] = 0x34;
}

static void paths_are_canonical(void **state)
{
    uint8_t p[36] = {0}, shorter[33] = {0x31};

    (void)state;
    leaf_prefix(p);
    assert_int_equal(prove_short(p, 33, "value"), ERR_OK);
    p[0] = 0x21; /* an even path whose second nibble is not zero */
    assert_int_equal(prove_short(p, 33, "value"), ERR_VERIFY);
    p[0] = 0x60; /* flags that there are not */
    assert_int_equal(prove_short(p, 33, "value"), ERR_VERIFY);
    leaf_prefix(p);
    assert_int_equal(prove_short(p, 34, "value"), ERR_VERIFY); /* too long, too short */
    assert_int_equal(prove_short(p, 32, "value"), ERR_VERIFY);
    assert_int_equal(prove_short(shorter, 33, "value"), ERR_VERIFY); /* 65 nibbles */
    assert_int_equal(prove_short(p, 0, "value"), ERR_VERIFY);
    assert_int_equal(prove_short(p, 33, ""), ERR_VERIFY); /* a leaf that holds nothing */
    p[0] = 0x00; /* an extension over the whole path, or over none of it */
    assert_int_equal(prove_short(p, 33, "0123456789abcdef0123456789abcdef"), ERR_VERIFY);
    assert_int_equal(prove_short(p, 1, "0123456789abcdef0123456789abcdef"), ERR_VERIFY);
}

static void branches_are_canonical(void **state)
{
    struct buf items AUTO_CALL(buf_done) = BUF(4096), deep AUTO_CALL(buf_done) = BUF(4096);

    (void)state;
    for (size_t i = 0; i < 17; i++)
        rlp_put_str(&items, (struct bytes){0});
    assert_int_equal(prove_node(buf_bytes(&items), 0), ERR_OK); /* all children absent */
    items.n--;
    assert_int_equal(prove_node(buf_bytes(&items), 0), ERR_VERIFY); /* 16 items */
    rlp_put_str(&items, bytes_of_str("v"));
    assert_int_equal(prove_node(buf_bytes(&items), 0), ERR_VERIFY); /* a value at an inner path */
    items.n--;
    rlp_put_str(&items, (struct bytes){0});
    rlp_put_str(&items, (struct bytes){0});
    assert_int_equal(prove_node(buf_bytes(&items), 0), ERR_VERIFY); /* 18 items */
    buf_clear(&items);
    for (size_t i = 0; i < 17; i++)
        rlp_put_str(&items, i == 1 ? bytes_of_str("no hash") : (struct bytes){0});
    assert_int_equal(prove_node(buf_bytes(&items), 0), ERR_VERIFY); /* a child that is no node */
    buf_clear(&items);
    buf_put_zero(&deep, 40);
    for (size_t i = 0; i < 17; i++)
        if (i == 1)
            rlp_put_list(&items, buf_bytes(&deep)); /* held in place though it has a hash */
        else
            rlp_put_str(&items, (struct bytes){0});
    assert_int_equal(prove_node(buf_bytes(&items), 0), ERR_VERIFY);
}

static void bytes_after_a_node_and_long_nodes(void **state)
{
    struct buf items AUTO_CALL(buf_done) = BUF(8192);
    const uint8_t byte[] = {0x80};
    struct hash32 root, path = {0};
    struct bytes list[1] = {BYTES(byte)};

    (void)state;
    for (size_t i = 0; i < 17; i++)
        rlp_put_str(&items, (struct bytes){0});
    assert_int_equal(prove_node(buf_bytes(&items), 19), ERR_VERIFY);
    assert_int_equal(prove_node(buf_bytes(&items), MPT_NODE_MAX + 1), ERR_TOO_LARGE);
    keccak256(list[0], &root); /* the empty trie's root is the only string */
    list[0] = bytes_of_str("no list");
    keccak256(list[0], &root);
    assert_int_equal(prove(&root, &path, list, 1), ERR_VERIFY);
}

/* ---- accounts and slots ---- */

static enum err_code prove_account(const struct buf *value, struct mpt_account *ret)
{
    struct trie_proof proof AUTO_CALL(trie_done) = {0};
    const struct addr a = {{1, 2, 3}};
    struct trie_entry entry = {.value = buf_bytes(value)};
    struct hash32 root;
    struct err e = {0};

    keccak256(BYTES_OF(a), &entry.path);
    trie_make(&entry, 1, &entry.path, &proof, &root);
    return mpt_prove_account(&root, &a, proof.list, proof.n, ret, &e);
}

static void put_account(struct buf *out, size_t fields, size_t hash_size, bool zero_first)
{
    struct buf items AUTO_CALL(buf_done) = BUF(4096);
    const uint8_t zero_led[] = {0, 200};

    rlp_put_u64(&items, 7);
    rlp_put_str(&items, zero_first ? BYTES(zero_led) : bytes_of_str("\x01\x02"));
    rlp_put_str(&items, (struct bytes){mpt_empty_root.b, hash_size});
    for (size_t i = 3; i < fields; i++)
        rlp_put_str(&items, BYTES_OF(mpt_empty_code));
    buf_clear(out);
    rlp_put_list(out, buf_bytes(&items));
}

static void accounts_have_four_fields(void **state)
{
    struct buf value AUTO_CALL(buf_done) = BUF(4096);
    struct mpt_account a = {0};

    (void)state;
    put_account(&value, 4, 32, false);
    assert_int_equal(prove_account(&value, &a), ERR_OK);
    assert_true(a.exists && a.nonce == 7 && a.balance.b[30] == 1 && a.balance.b[31] == 2);
    assert_true(hash32_eq(&a.code_hash, &mpt_empty_code));
    put_account(&value, 5, 32, false);
    assert_int_equal(prove_account(&value, &a), ERR_VERIFY);
    put_account(&value, 3, 32, false);
    assert_int_equal(prove_account(&value, &a), ERR_VERIFY);
    put_account(&value, 4, 31, false);
    assert_int_equal(prove_account(&value, &a), ERR_VERIFY);
    put_account(&value, 4, 32, true);
    assert_int_equal(prove_account(&value, &a), ERR_VERIFY);
    buf_clear(&value);
    rlp_put_str(&value, bytes_of_str("no account"));
    assert_int_equal(prove_account(&value, &a), ERR_VERIFY);
}

static enum err_code prove_slot(struct bytes value, struct hash32 *ret)
{
    struct trie_proof proof AUTO_CALL(trie_done) = {0};
    const struct hash32 slot = {{9}};
    struct trie_entry entry = {.value = value};
    struct hash32 root;
    struct err e = {0};
    bool found;

    keccak256(BYTES_OF(slot), &entry.path);
    trie_make(&entry, 1, &entry.path, &proof, &root);
    return mpt_prove_slot(&root, &slot, proof.list, proof.n, &found, ret, &e);
}

static void words_are_canonical(void **state)
{
    struct buf value AUTO_CALL(buf_done) = BUF(4096);
    const uint8_t long_word[33] = {1}, zero_led[] = {0x82, 0, 200}, list[] = {0xc1, 5};
    struct hash32 word;

    (void)state;
    rlp_put_u64(&value, 0x1234);
    assert_int_equal(prove_slot(buf_bytes(&value), &word), ERR_OK);
    assert_true(word.b[30] == 0x12 && word.b[31] == 0x34);
    buf_clear(&value);
    rlp_put_str(&value, BYTES(long_word));
    assert_int_equal(prove_slot(buf_bytes(&value), &word), ERR_VERIFY);
    assert_int_equal(prove_slot(BYTES(zero_led), &word), ERR_VERIFY);
    assert_int_equal(prove_slot(BYTES(list), &word), ERR_VERIFY);
    assert_int_equal(prove_slot(bytes_of_str("\x80"), &word), ERR_OK); /* as anvil keeps zero */
    assert_true(hash32_is_zero(&word));
    assert_int_equal(prove_slot(bytes_of_str("\x05\x05"), &word), ERR_VERIFY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_of_ethereum_tests),
        cmocka_unit_test(random_tries),
        cmocka_unit_test(every_bit_counts),
        cmocka_unit_test(nodes_left_out_doubled_or_added),
        cmocka_unit_test(the_proof_of_another_key),
        cmocka_unit_test(nothing_is_in_an_empty_trie),
        cmocka_unit_test(paths_are_canonical),
        cmocka_unit_test(branches_are_canonical),
        cmocka_unit_test(bytes_after_a_node_and_long_nodes),
        cmocka_unit_test(accounts_have_four_fields),
        cmocka_unit_test(words_are_canonical),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
