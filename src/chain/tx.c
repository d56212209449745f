/* tx - see tx.h. */
#include "chain/tx.h"
#include "chain/rlp.h"
#include "crypto/digest.h"
#include "crypto/secp256k1.h"

#define TX_TYPE     0x02
#define TX_DATA_MAX ((size_t)256 * 1024)
#define TX_RAW_MAX  (TX_DATA_MAX + 1024)

static void put_fields(struct buf *items, const struct eth_tx *tx)
{
    rlp_put_u64(items, tx->chain_id);
    rlp_put_u64(items, tx->nonce);
    rlp_put_u64(items, tx->max_priority_fee);
    rlp_put_u64(items, tx->max_fee);
    rlp_put_u64(items, tx->gas);
    rlp_put_str(items, tx->create ? (struct bytes){0} : BYTES_OF(tx->to));
    rlp_put_uint(items, BYTES_OF(tx->value));
    rlp_put_str(items, tx->data);
    rlp_put_list(items, (struct bytes){0}); /* access list */
}

static enum err_code check(const struct eth_tx *tx, struct err *e)
{
    if (tx->chain_id == 0)
        return err_set(e, ERR_INVALID, "transaction: no chain id");
    if (tx->max_fee < tx->max_priority_fee)
        return err_set(e, ERR_INVALID, "transaction: the tip is over the fee");
    if (tx->data.n > TX_DATA_MAX)
        return err_set(e, ERR_TOO_LARGE, "transaction: %zu bytes of data, at most %zu", tx->data.n,
                       TX_DATA_MAX);
    return ERR_OK;
}

/* The type byte and the list of items. */
static void put_envelope(struct buf *out, const struct buf *items)
{
    buf_put_u8(out, TX_TYPE);
    rlp_put_list(out, buf_bytes(items));
}

enum err_code tx_unsigned(const struct eth_tx *tx, struct buf *ret, struct err *e)
{
    struct buf items AUTO_CALL(buf_done) = BUF(TX_RAW_MAX);

    TRY(check(tx, e));
    put_fields(&items, tx);
    put_envelope(ret, &items);
    TRY(buf_check(&items, e));
    return buf_check(ret, e);
}

enum err_code tx_signing_hash(const struct eth_tx *tx, struct hash32 *ret, struct err *e)
{
    struct buf message AUTO_CALL(buf_done) = BUF(TX_RAW_MAX);

    TRY(tx_unsigned(tx, &message, e));
    keccak256(buf_bytes(&message), ret);
    return ERR_OK;
}

enum err_code tx_sign(const struct eth_tx *tx, const secret *key, struct buf *ret_raw,
                      struct hash32 *ret_hash, struct err *e)
{
    struct buf items AUTO_CALL(buf_done) = BUF(TX_RAW_MAX);
    struct buf raw AUTO_CALL(buf_done) = BUF(TX_RAW_MAX);
    struct eth_signature sig;
    struct hash32 digest;

    TRY(tx_signing_hash(tx, &digest, e));
    TRY_IN(e, secp256k1_sign(key, &digest, &sig, e), "transaction");
    put_fields(&items, tx);
    rlp_put_u64(&items, sig.v);
    rlp_put_uint(&items, BYTES(sig.r));
    rlp_put_uint(&items, BYTES(sig.s));
    put_envelope(&raw, &items);
    TRY(buf_check(&items, e));
    TRY(buf_check(&raw, e));
    buf_put(ret_raw, buf_bytes(&raw));
    TRY(buf_check(ret_raw, e));
    keccak256(buf_bytes(&raw), ret_hash);
    return ERR_OK;
}

/* ---- reading ---- */

static enum err_code malformed(const char *field, struct err *e)
{
    return err_set(e, ERR_INVALID, "transaction: %s", field);
}

/* A number of at most 32 bytes, without leading zeros. */
static enum err_code next_word(struct rd *r, const char *field, uint8_t ret[32], struct err *e)
{
    struct rlp_item item;

    if (rlp_next(r, &item, e) != ERR_OK || item.list || item.body.n > 32 ||
        (item.body.n > 0 && item.body.p[0] == 0))
        return malformed(field, e);
    memset(ret, 0, 32);
    if (item.body.n > 0)
        memcpy(ret + 32 - item.body.n, item.body.p, item.body.n);
    return ERR_OK;
}

static enum err_code next_number(struct rd *r, const char *field, uint64_t *ret, struct err *e)
{
    return rlp_next_u64(r, ret, e) == ERR_OK ? ERR_OK : malformed(field, e);
}

static enum err_code read_fields(struct rd *r, struct eth_tx *tx, struct err *e)
{
    struct rlp_item item;

    TRY(next_number(r, "chain id", &tx->chain_id, e));
    TRY(next_number(r, "nonce", &tx->nonce, e));
    TRY(next_number(r, "tip", &tx->max_priority_fee, e));
    TRY(next_number(r, "fee", &tx->max_fee, e));
    TRY(next_number(r, "gas", &tx->gas, e));
    if (rlp_next(r, &item, e) != ERR_OK || item.list || (item.body.n != 0 && item.body.n != 20))
        return malformed("receiver", e);
    tx->create = item.body.n == 0;
    if (!tx->create)
        memcpy(tx->to.b, item.body.p, 20);
    TRY(next_word(r, "value", tx->value.b, e));
    if (rlp_next(r, &item, e) != ERR_OK || item.list)
        return malformed("data", e);
    tx->data = item.body;
    if (rlp_next(r, &item, e) != ERR_OK || !item.list || item.body.n != 0)
        return malformed("access list: expected an empty one", e);
    return check(tx, e);
}

static enum err_code read_signature(struct rd *r, struct eth_signature *ret, struct err *e)
{
    uint64_t v;

    TRY(next_number(r, "parity", &v, e));
    if (v > 1)
        return malformed("parity: expected 0 or 1", e);
    ret->v = (uint8_t)v;
    TRY(next_word(r, "r", ret->r, e));
    return next_word(r, "s", ret->s, e);
}

enum err_code tx_parse(struct bytes raw, struct tx_parsed *ret, struct err *e)
{
    struct tx_parsed p = {0};
    struct eth_signature sig = {0};
    struct rlp_item list;
    struct hash32 digest;
    struct rd r;

    if (raw.n < 2 || raw.p[0] != TX_TYPE)
        return malformed("expected one of type 2", e);
    if (rlp_parse((struct bytes){raw.p + 1, raw.n - 1}, &list, e) != ERR_OK || !list.list)
        return malformed("expected a list", e);
    r = rd_of(list.body);
    TRY(read_fields(&r, &p.tx, e));
    p.is_signed = !rd_end(&r);
    if (p.is_signed) {
        TRY(read_signature(&r, &sig, e));
        TRY(tx_signing_hash(&p.tx, &digest, e));
        if (secp256k1_signer(&digest, &sig, &p.sender, e) != ERR_OK) {
            e->code = ERR_VERIFY;
            return err_wrap(e, "transaction");
        }
        keccak256(raw, &p.hash);
    }
    if (!rd_end(&r))
        return malformed("bytes after the last field", e);
    *ret = p;
    return ERR_OK;
}

void tx_contract_address(const struct addr *sender, uint64_t nonce, struct addr *ret)
{
    /* rlp([address, nonce]) has at most 31 bytes: written in place, so that it cannot fail. */
    uint8_t text[40], be[8];
    size_t n = 0, width = 0;
    struct hash32 h;

    for (uint64_t rest = nonce; rest > 0; rest >>= 8)
        width++;
    for (size_t i = 0; i < width; i++)
        be[i] = (uint8_t)(nonce >> (8 * (width - 1 - i)));
    n = 1;
    text[n++] = 0x94;
    memcpy(text + n, sender->b, sizeof sender->b);
    n += sizeof sender->b;
    if (width != 1 || be[0] >= 0x80)
        text[n++] = (uint8_t)(0x80 + width);
    if (width)
        memcpy(text + n, be, width);
    n += width;
    text[0] = (uint8_t)(0xc0 + n - 1);
    keccak256((struct bytes){text, n}, &h);
    memcpy(ret->b, h.b + 12, sizeof ret->b);
}
