/* eth_random - random values, encoded by us, and how cast is asked to encode the same.  Run by
 * eth_random.sh.
 *
 * usage: eth_random SEED COUNT.  Each line: what cast is called with, separated by tabs, and last
 * our bytes in hexadecimal. */
#include <stdio.h>
#include <stdlib.h>
#include "base/codec.h"
#include "base/json.h"
#include "chain/abi.h"
#include "chain/rlp.h"
#include "chain/tx.h"

#define TEXT ((size_t)1 << 20)

static uint64_t state;

/* splitmix64 */
static uint64_t next(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static unsigned below(unsigned n)
{
    return (unsigned)(next() % n);
}

static void fill(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)next();
}

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void print_hex(struct bytes b)
{
    struct buf text AUTO_CALL(buf_done) = BUF(TEXT);

    hex_put(&text, b);
    printf("0x%s", text.n ? buf_cstr(&text) : "");
}

/* ---- ABI: a type, a value of it, and both as cast reads them ---- */

#define POOL 4096
static uint8_t pool[POOL * 64];
static size_t pooled;
static struct abi_value items[POOL];
static size_t n_items;

static struct bytes some_bytes(size_t n)
{
    struct bytes b = {pool + pooled, n};

    must(pooled + n <= sizeof pool);
    fill(pool + pooled, n);
    pooled += n;
    return b;
}

static struct abi_value make(unsigned depth, struct buf *type, struct buf *text, uint64_t recipe);

static struct abi_value make_list(unsigned depth, uint64_t inner, bool tuple, size_t n, bool fixed,
                                  struct buf *type, struct buf *text)
{
    struct abi_value *list = items + n_items;
    struct buf unused AUTO_CALL(buf_done) = BUF(TEXT);

    must(n_items + n <= POOL);
    n_items += n;
    if (tuple)
        buf_put_u8(type, '(');
    buf_put_u8(text, tuple ? '(' : '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_put_u8(text, ',');
        if (tuple && i)
            buf_put_u8(type, ',');
        list[i] = make(depth - 1, tuple || i == 0 ? type : &unused, text,
                       tuple ? inner + 0x9e3779b97f4a7c15 * i : inner);
    }
    buf_put_u8(text, tuple ? ')' : ']');
    if (tuple)
        buf_put_u8(type, ')');
    else if (fixed)
        buf_printf(type, "[%zu]", n);
    else
        buf_put_str(type, "[]");
    return abi_list(list, n);
}

/* What a recipe says of the types within. */
static uint64_t mixed(uint64_t recipe)
{
    recipe = (recipe ^ recipe >> 31) * 0xbf58476d1ce4e5b9;
    return recipe ^ recipe >> 29;
}

/* recipe: decides the type alone; the value is random. */
static struct abi_value make(unsigned depth, struct buf *type, struct buf *text, uint64_t recipe)
{
    const unsigned kind = (unsigned)(recipe % (depth > 0 ? 10 : 7));
    const unsigned size = (unsigned)(recipe >> 8) % 32 + 1;
    struct abi_value v = {.n = 0};
    struct bytes b;

    switch (kind) {
    case 0:
        buf_printf(type, "uint%u", size * 8);
        fill(v.word + 32 - size, size);
        buf_put_str(text, "0x");
        hex_put(text, BYTES(v.word));
        return v;
    case 1:
        buf_printf(type, "int%u", size * 8);
        v.word[31] = (uint8_t)below(128);
        if (below(2)) { /* minus (v + 1) */
            buf_printf(text, "-%u", v.word[31] + 1U);
            for (size_t i = 0; i < 32; i++)
                v.word[i] = (uint8_t)~v.word[i];
        } else {
            buf_printf(text, "%u", v.word[31]);
        }
        return v;
    case 2:
        buf_put_str(type, "address");
        fill(v.word + 12, 20);
        buf_put_str(text, "0x");
        hex_put(text, (struct bytes){v.word + 12, 20});
        return v;
    case 3:
        buf_put_str(type, "bool");
        v.word[31] = (uint8_t)below(2);
        buf_put_str(text, v.word[31] ? "true" : "false");
        return v;
    case 4:
        buf_printf(type, "bytes%u", size);
        fill(v.word, size);
        buf_put_str(text, "0x");
        hex_put(text, (struct bytes){v.word, size});
        return v;
    case 5:
        buf_put_str(type, "bytes");
        b = some_bytes(below(70));
        buf_put_str(text, "0x");
        hex_put(text, b);
        return abi_bytes(b);
    case 6:
        buf_put_str(type, "string");
        b = some_bytes(1 + below(70));
        for (size_t i = 0; i < b.n; i++)
            pool[b.p - pool + (long)i] = (uint8_t)('a' + below(26));
        buf_put(text, b);
        return abi_bytes(b);
    case 7:
        return make_list(depth, mixed(recipe), false, 1 + below(3), false, type, text);
    case 8:
        return make_list(depth, mixed(recipe), false, 1 + size % 3, true, type, text);
    default:
        return make_list(depth, mixed(recipe), true, 1 + size % 3, false, type, text);
    }
}

static void one_call(void)
{
    struct buf type AUTO_CALL(buf_done) = BUF(TEXT), text AUTO_CALL(buf_done) = BUF(TEXT);
    struct buf made AUTO_CALL(buf_done) = BUF(TEXT), again AUTO_CALL(buf_done) = BUF(TEXT);
    struct abi_value values[4];
    AUTO(abi_tree) tree = NULL;
    const size_t n = 1 + below(4);
    const char *signature;
    struct err e = {0};
    size_t open;

    pooled = n_items = 0;
    buf_put_str(&type, "f(");
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_put_u8(&type, ',');
        buf_put_u8(&text, '\t');
        values[i] = make(2, &type, &text, next());
    }
    buf_put_u8(&type, ')');
    signature = buf_cstr(&type);
    if (abi_call(signature, values, n, &made, &e) != ERR_OK) {
        fprintf(stderr, "%s: %s\n", signature, e.msg);
        abort();
    }
    printf("calldata\t%s%s\t", signature, buf_cstr(&text));
    print_hex(buf_bytes(&made));
    putchar('\n');
    /* Reading gives what writing took. */
    open = 2;
    type.p[type.n - 1] = 0;
    must(abi_decode((char *)type.p + open, (struct bytes){made.p + 4, made.n - 4}, &tree, &e) ==
         ERR_OK);
    must(abi_encode((char *)type.p + open, abi_tree_values(tree), n, &again, &e) == ERR_OK);
    must(bytes_eq(buf_bytes(&again), (struct bytes){made.p + 4, made.n - 4}));
}

/* ---- RLP ---- */

static void rlp_item(unsigned depth, struct buf *text, struct buf *made)
{
    struct buf inner AUTO_CALL(buf_done) = BUF(TEXT);
    uint8_t b[300];
    size_t n;

    if (depth > 0 && below(3) == 0) {
        buf_put_u8(text, '[');
        n = below(5);
        for (size_t i = 0; i < n; i++) {
            if (i)
                buf_put_u8(text, ',');
            rlp_item(depth - 1, text, &inner);
        }
        buf_put_u8(text, ']');
        rlp_put_list(made, buf_bytes(&inner));
        return;
    }
    n = below(4) == 0 ? below(300) : below(4);
    fill(b, n);
    buf_put_str(text, "\"0x");
    hex_put(text, (struct bytes){b, n});
    buf_put_u8(text, '"');
    rlp_put_str(made, (struct bytes){b, n});
}

static void one_rlp(void)
{
    struct buf text AUTO_CALL(buf_done) = BUF(TEXT), made AUTO_CALL(buf_done) = BUF(TEXT);
    struct buf list AUTO_CALL(buf_done) = BUF(TEXT);
    struct err e = {0};
    size_t n = 1 + below(4);

    buf_put_u8(&text, '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_put_u8(&text, ',');
        rlp_item(3, &text, &list);
    }
    buf_put_u8(&text, ']');
    rlp_put_list(&made, buf_bytes(&list));
    must(rlp_check(buf_bytes(&made), 8, &e) == ERR_OK);
    printf("to-rlp\t%s\t", buf_cstr(&text));
    print_hex(buf_bytes(&made));
    putchar('\n');
}

/* ---- transactions ---- */

static void one_tx(void)
{
    struct buf made AUTO_CALL(buf_done) = BUF(TEXT);
    /* cast signs in the old form for some chains that it knows by number: of those only two that
     * have fees per gas, and numbers that are nobody's. */
    static const uint64_t known[] = {1, 31337};
    struct eth_tx tx = {.nonce = next() >> (8 + below(50))};
    AUTO(secret) key = NULL;
    struct tx_parsed parsed;
    struct hash32 hash;
    struct err e = {0};
    uint8_t data[200];

    must(secret_new(32, &key, &e) == ERR_OK);
    fill(key->p, 32);
    key->p[0] &= 0x7f;
    tx.chain_id =
        below(4) ? ((uint64_t)1 << 40 | next() >> below(24)) & INT64_MAX : known[below(2)];
    tx.max_fee = next() >> (4 + below(40));
    tx.max_priority_fee = tx.max_fee >> below(8);
    tx.gas = 21000 + below(10000000);
    fill(tx.to.b, 20);
    fill(tx.value.b + 24, 1 + below(8));
    tx.data = (struct bytes){data, 1 + below(200)};
    fill(data, tx.data.n);
    must(tx_sign(&tx, key, &made, &hash, &e) == ERR_OK);
    must(tx_parse(buf_bytes(&made), &parsed, &e) == ERR_OK && parsed.is_signed);
    printf("mktx\t--private-key\t");
    print_hex(secret_bytes(key));
    printf("\t--chain\t%llu\t--nonce\t%llu\t--gas-limit\t%llu\t--gas-price\t%llu\t"
           "--priority-gas-price\t%llu\t--value\t",
           (unsigned long long)tx.chain_id, (unsigned long long)tx.nonce,
           (unsigned long long)tx.gas, (unsigned long long)tx.max_fee,
           (unsigned long long)tx.max_priority_fee);
    print_hex(BYTES_OF(tx.value));
    putchar('\t');
    print_hex(BYTES_OF(tx.to));
    putchar('\t');
    print_hex(tx.data);
    putchar('\t');
    print_hex(buf_bytes(&made));
    putchar('\n');
}

int main(int argc, char **argv)
{
    must(argc == 3);
    state = strtoull(argv[1], NULL, 10);
    json_init();
    for (int i = atoi(argv[2]); i > 0; i--) {
        one_call();
        one_rlp();
        one_tx();
    }
    return 0;
}
