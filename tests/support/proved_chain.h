/* proved_chain - nodes of a made-up chain whose headers and proofs are right, until a test makes
 * one of them lie.  Room: tests.
 *
 * One contract at {0xcc...}, and no other: slot 1 holds 1 up to the block `changes`, 2 from there
 * on; slot 3 holds the block's number as a version.  Block n has the time 1790000000 + n. */
#pragma once
#include <stdatomic.h>
#include "base/clock.h"
#include "base/codec.h"
#include "support/fake_node.h"
#include "support/trie.h"

#define CHAIN_TIME 1790000000

struct proved_node {
    struct fake_node *http;
    struct proved_world *world;
    /* how it lies; zero: it does not */
    atomic_uint chain_id, forks_from, silent, wrong_proof, wrong_claim, latest_word, wrong_root;
    atomic_uint version_is, says_old, ahead; /* ahead: of the others, its latest block */
    atomic_uint padding;                     /* bytes of white space in each answer */
    atomic_uint has_none;                    /* no lie: it has no final block yet */
    const char *logs;                        /* answer to eth_getLogs, in JSON; NULL: none */
};
struct proved_world {
    atomic_uint finalized, latest, latest_said, changes; /* latest_said: 0, or not latest */
    _Atomic int64_t now;
    atomic_uint_fast64_t ns;
    struct proved_node node[5];
    size_t n;
};

static inline int64_t proved_unix(void *self)
{
    return ((struct proved_world *)self)->now;
}
static inline uint64_t proved_ns(void *self)
{
    return ((struct proved_world *)self)->ns;
}

static const struct addr proved_contract = {{0xcc, 0xcc}};

/* What slot 1 and 3 hold in this node's block. */
static inline void proved_words(struct proved_node *n, uint64_t block, struct hash32 words[2])
{
    words[0] = (struct hash32){{[31] = block >= n->world->changes ? 2 : 1}};
    if (n->latest_word && block > n->world->finalized)
        words[0].b[31] = (uint8_t)n->latest_word;
    words[1] = (struct hash32){{[30] = (uint8_t)(block >> 8), [31] = (uint8_t)block}};
    if (n->version_is && block > 105)
        words[1] = (struct hash32){{[31] = (uint8_t)n->version_is}};
}

struct proved_state {
    struct hash32 root, storage;
    struct buf value[2], account;
    struct trie_entry slot[2], accounts[1];
};
static inline void proved_state_done(struct proved_state *s)
{
    buf_done(&s->value[0]);
    buf_done(&s->value[1]);
    buf_done(&s->account);
}

static inline void proved_make(struct proved_node *n, uint64_t block, struct proved_state *s)
{
    struct trie_proof none AUTO_CALL(trie_done) = {0}, none_either AUTO_CALL(trie_done) = {0};
    struct buf items AUTO_CALL(buf_done) = BUF(4096);
    struct hash32 words[2], slots[2] = {{{[31] = 1}}, {{[31] = 3}}}, path;

    proved_words(n, block, words);
    for (size_t i = 0; i < 2; i++) {
        s->value[i] = BUF(64);
        rlp_put_uint(&s->value[i], BYTES_OF(words[i]));
        keccak256(BYTES_OF(slots[i]), &s->slot[i].path);
        s->slot[i].value = buf_bytes(&s->value[i]);
    }
    trie_make(s->slot, 2, NULL, &none, &s->storage);
    rlp_put_u64(&items, 1);
    rlp_put_u64(&items, 0);
    rlp_put_str(&items, BYTES_OF(s->storage));
    rlp_put_str(&items, bytes_of_str("0123456789abcdef0123456789abcdef"));
    s->account = BUF(4096);
    rlp_put_list(&s->account, buf_bytes(&items));
    keccak256(BYTES_OF(proved_contract), &path);
    s->accounts[0] = (struct trie_entry){path, buf_bytes(&s->account)};
    trie_make(s->accounts, 1, NULL, &none_either, &s->root);
}

/* The header of a block in this node's eyes, as JSON, and its hash. */
static inline void proved_block(struct proved_node *n, uint64_t number, struct buf *out,
                                struct hash32 *ret_hash)
{
    static const uint8_t zeros[256];
    struct proved_state s AUTO_CALL(proved_state_done) = {0};
    struct buf items AUTO_CALL(buf_done) = BUF(4096), whole AUTO_CALL(buf_done) = BUF(4096);
    uint8_t extra = n->forks_from && number >= n->forks_from ? 0x66 : 0x11;
    char root[HEX_LEN(32)], hash[HEX_LEN(32)], bloom[HEX_LEN(256)];
    const struct bytes z32 = {zeros, 32};

    proved_make(n, number, &s);
    rlp_put_str(&items, z32);
    rlp_put_str(&items, z32);
    rlp_put_str(&items, (struct bytes){zeros, 20});
    rlp_put_str(&items, BYTES_OF(s.root));
    rlp_put_str(&items, z32);
    rlp_put_str(&items, z32);
    rlp_put_str(&items, BYTES(zeros));
    rlp_put_u64(&items, 0);
    rlp_put_u64(&items, number);
    rlp_put_u64(&items, 0);
    rlp_put_u64(&items, 0);
    rlp_put_u64(&items, CHAIN_TIME + number);
    rlp_put_str(&items, (struct bytes){&extra, 1});
    rlp_put_str(&items, z32);
    rlp_put_str(&items, (struct bytes){zeros, 8});
    rlp_put_list(&whole, buf_bytes(&items));
    keccak256(buf_bytes(&whole), ret_hash);
    if (!out)
        return;
    if (n->wrong_root)
        s.root.b[0] ^= 1;
    hex_encode(BYTES_OF(s.root), root);
    hex_encode(BYTES_OF(*ret_hash), hash);
    hex_encode(BYTES(zeros), bloom);
    buf_printf(out,
               "{\"parentHash\":\"0x%.64s\",\"sha3Uncles\":\"0x%.64s\",\"miner\":\"0x%.40s\","
               "\"stateRoot\":\"0x%s\",\"transactionsRoot\":\"0x%.64s\",\"receiptsRoot\":\"0x%.64s"
               "\",\"logsBloom\":\"0x%s\",\"difficulty\":\"0x0\",\"number\":\"0x%llx\","
               "\"gasLimit\":\"0x0\",\"gasUsed\":\"0x0\",\"timestamp\":\"0x%llx\",\"extraData\":"
               "\"0x%02x\",\"mixHash\":\"0x%.64s\",\"nonce\":\"0x%.16s\",\"hash\":\"0x%s\"}",
               bloom, bloom, bloom, root, bloom, bloom, bloom, (unsigned long long)number,
               (unsigned long long)(CHAIN_TIME + number), extra, bloom, bloom, hash);
}

static inline void proved_put_nodes(struct buf *out, const struct trie_proof *p, bool wrong)
{
    buf_put_str(out, "[");
    for (size_t i = 0; i < p->n; i++) {
        buf_put_str(out, i ? ",\"0x" : "\"0x");
        hex_put(out, p->list[i]);
        if (wrong && i == p->n - 1)
            out->p[out->n - 1] = out->p[out->n - 1] == '1' ? '2' : '1';
        buf_put_u8(out, '"');
    }
    buf_put_str(out, "]");
}

static inline void proved_proof(struct proved_node *n, const json *params, struct buf *out)
{
    struct proved_state s AUTO_CALL(proved_state_done) = {0};
    struct trie_proof account AUTO_CALL(trie_done) = {0};
    struct hash32 at, hash, path, ignored;
    uint64_t block = n->world->latest + n->ahead + 1;
    char storage[HEX_LEN(32)], code[HEX_LEN(32)];
    const json *slots = json_at(params, 1);
    const char *address = json_str(json_at(params, 0));
    const bool exists = strcmp(address, "0xcccc000000000000000000000000000000000000") == 0;
    struct addr contract;
    struct err e;

    if (json_get_hex0x(json_at(params, 2), "blockHash", at.b, 32, &e) != ERR_OK)
        abort();
    do
        proved_block(n, --block, NULL, &hash);
    while (!hash32_eq(&hash, &at) && block > 1);
    proved_make(n, block, &s);
    if (addr_parse(bytes_of_str(address + 2), &contract, &e) != ERR_OK)
        abort();
    keccak256(BYTES_OF(contract), &path);
    trie_make(s.accounts, 1, &path, &account, &ignored);
    hex_encode(exists ? BYTES_OF(s.storage) : BYTES_OF(mpt_empty_root), storage);
    hex_encode(exists ? bytes_of_str("0123456789abcdef0123456789abcdef") : BYTES_OF(mpt_empty_code),
               code);
    buf_printf(out, "{\"address\":\"%s\",\"balance\":\"0x0\",\"nonce\":\"0x%d\",", address, exists);
    buf_printf(out, "\"storageHash\":\"0x%s\",\"codeHash\":\"0x%s\",\"accountProof\":", storage,
               code);
    proved_put_nodes(out, &account, n->wrong_proof);
    buf_put_str(out, ",\"storageProof\":[");
    for (size_t i = 0; i < json_len(slots); i++) {
        struct trie_proof proof AUTO_CALL(trie_done) = {0};
        struct hash32 slot, words[2];
        unsigned word;

        if (hash32_parse(bytes_of_str(json_str(json_at(slots, i)) + 2), &slot, &e) != ERR_OK)
            abort();
        keccak256(BYTES_OF(slot), &path);
        trie_make(s.slot, 2, &path, &proof, &ignored);
        proved_words(n, block, words);
        word = slot.b[31] == 1   ? words[0].b[31]
               : slot.b[31] == 3 ? (unsigned)(words[1].b[30] << 8 | words[1].b[31])
                                 : 0;
        buf_printf(out, "%s{\"key\":\"%s\",\"value\":\"0x%x\",\"proof\":", i ? "," : "",
                   json_str(json_at(slots, i)), word ^ (n->wrong_claim ? 1 : 0));
        proved_put_nodes(out, &proof, false);
        buf_put_u8(out, '}');
    }
    buf_put_str(out, "]}");
}

static inline void proved_result(struct proved_node *n, const json *call, struct buf *out)
{
    struct proved_world *w = n->world;
    const char *method, *tag;
    const json *params;
    struct hash32 hash;
    struct err e;
    uint64_t number;

    if (json_get_str(call, "method", 64, &method, &e) != ERR_OK ||
        json_get_array(call, "params", &params, &e) != ERR_OK)
        abort();
    if (strcmp(method, "eth_chainId") == 0) {
        buf_printf(out, "\"0x%x\"", n->chain_id ? n->chain_id : 7);
    } else if (strcmp(method, "eth_getProof") == 0) {
        proved_proof(n, params, out);
    } else if (strcmp(method, "eth_getBlockByNumber") == 0) {
        tag = json_str(json_at(params, 0));
        number = strcmp(tag, "finalized") == 0 ? w->finalized
                 : strcmp(tag, "latest") == 0
                     ? (w->latest_said ? w->latest_said : w->latest + n->ahead)
                     : strtoul(tag + 2, NULL, 16);
        if (n->says_old && number > n->says_old && strncmp(tag, "0x", 2) != 0)
            number = n->says_old;
        if (number > w->latest + n->ahead || (n->has_none && strcmp(tag, "finalized") == 0))
            buf_put_str(out, "null");
        else
            proved_block(n, number, out, &hash);
    } else if (strcmp(method, "eth_getLogs") == 0) {
        buf_put_str(out, n->logs ? n->logs : "[]");
    } else { /* a call: a byte at the newest block, none before */
        buf_put_str(out, json_str(json_at(params, 1)) ? "\"0x01\"" : "\"0x\"");
    }
}

static inline void proved_answer(void *self, const json *request, struct fake_reply *reply)
{
    struct proved_node *n = self;
    const bool batch = json_is_array(request);
    size_t count = batch ? json_len(request) : 1;

    if (n->silent) {
        reply->delay_ms = 60000;
        return;
    }
    for (size_t i = 0; i < n->padding; i++)
        buf_put_u8(&reply->body, ' ');
    if (batch)
        buf_put_u8(&reply->body, '[');
    for (size_t i = 0; i < count; i++) {
        const json *call = batch ? json_at(request, i) : request;
        uint64_t id;
        struct err e;

        if (json_get_u64(call, "id", UINT64_MAX, &id, &e) != ERR_OK)
            abort();
        buf_printf(&reply->body, "%s{\"jsonrpc\":\"2.0\",\"id\":%llu,\"result\":", i ? "," : "",
                   (unsigned long long)id);
        proved_result(n, call, &reply->body);
        buf_put_u8(&reply->body, '}');
    }
    if (batch)
        buf_put_u8(&reply->body, ']');
}

static inline void proved_start(struct proved_world *w, size_t n)
{
    w->n = n;
    w->finalized = 100;
    w->latest = 102;
    w->changes = 1000;
    w->now = CHAIN_TIME + 110;
    w->ns = 1000000000000;
    for (size_t i = 0; i < n; i++) {
        w->node[i].world = w;
        w->node[i].http = fake_node_start(proved_answer, &w->node[i]);
    }
}

static inline void proved_stop(struct proved_world *w)
{
    for (size_t i = 0; i < w->n; i++)
        fake_node_stop(w->node[i].http);
}
