#include "base/codec.h"
#include "chain/fees.h"
#include "cli/files.h"
#include "cli/gov.h"
#include "cli/key.h"
#include "cli/node.h"
#include "gov/calls.h"
#include "gov/write.h"

/* Transactions that are signed on one machine and sent from another. */

#define FILE_MAX ((size_t)4 * 1024 * 1024)
#define RAW_MAX  ((size_t)512 * 1024)
#define TXS_MAX  TRANSACTOR_DRAFTS_MAX

/* A file of --offline --json or of `gov sign --json`, or bare transactions, one on a line. */
struct txs {
    size_t n;
    struct buf raw[TXS_MAX];
};

static void txs_done(struct txs *t)
{
    while (t->n > 0)
        buf_done(&t->raw[--t->n]);
}

static enum err_code add(struct txs *t, struct bytes text, struct err *e)
{
    if (t->n == TXS_MAX)
        return err_set(e, ERR_TOO_LARGE, "more than %d transactions", TXS_MAX);
    if (text.n < 2 || memcmp(text.p, "0x", 2) != 0)
        return err_set(e, ERR_INVALID, "expected transactions that begin with 0x");
    t->raw[t->n] = BUF(RAW_MAX);
    return hex_decode_buf((struct bytes){text.p + 2, text.n - 2}, &t->raw[t->n++], e);
}

static enum err_code of_json(struct bytes text, const char *member, struct txs *ret, struct err *e)
{
    AUTO(json) root = NULL;
    const json *list;

    TRY(json_parse(text, FILE_MAX, &root, e));
    TRY(json_get_array(root, "transactions", &list, e));
    for (size_t i = 0; i < json_len(list); i++) {
        const char *raw;

        TRY_IN(e, json_get_str(json_at(list, i), member, FILE_MAX, &raw, e), "transaction %zu",
               i + 1);
        TRY(add(ret, bytes_of_str(raw), e));
    }
    return ERR_OK;
}

static enum err_code of_lines(struct bytes text, struct txs *ret, struct err *e)
{
    const uint8_t *p = text.p, *end = text.p + text.n;

    while (p < end) {
        const uint8_t *line = memchr(p, '\n', (size_t)(end - p));
        size_t n = line ? (size_t)(line - p) : (size_t)(end - p);

        if (n > 0)
            TRY(add(ret, (struct bytes){p, n}, e));
        p += n + (line != NULL);
    }
    return ERR_OK;
}

/* member: what holds the transaction in JSON: "unsigned" or "signed". */
static enum err_code read_file(const struct cli_args *a, const char *member, struct txs *ret,
                               struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(FILE_MAX);
    const char *path = a->positional[0];

    TRY(cli_read(path, &text, e));
    TRY_IN(e,
           text.n > 0 && text.p[0] == '{' ? of_json(buf_bytes(&text), member, ret, e)
                                          : of_lines(buf_bytes(&text), ret, e),
           "%s", path);
    if (ret->n == 0)
        return err_set(e, ERR_INVALID, "%s: no transaction", path);
    return ERR_OK;
}

static enum err_code put_call(json *node, const struct eth_tx *tx, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(65536);

    if (tx->create) {
        gov_init_code_text(tx->data, &text);
    } else {
        gov_call_text(tx->data, &text);
        TRY(json_put_hex0x(node, "to", BYTES_OF(tx->to), e));
    }
    TRY(buf_check(&text, e));
    TRY(json_put_str(node, "call", buf_cstr(&text), e));
    TRY(json_put_u64(node, "chain_id", tx->chain_id, e));
    TRY(json_put_u64(node, "gas", tx->gas, e));
    TRY(json_put_u64(node, "max_fee", tx->max_fee, e));
    return json_put_u64(node, "nonce", tx->nonce, e);
}

/* Who wrote the file may be somebody else than who signs: what it may cost is bounded here, and
 * nothing that teereg writes sends ether. */
static enum err_code check_costs(const struct cli_args *a, const struct eth_tx *tx, struct err *e)
{
    uint64_t gwei, limit;

    TRY(cli_u64(a, "max-fee", 1000000, &gwei, e));
    limit = gwei * 1000000000u;
    if (!hash32_is_zero(&tx->value))
        return err_set(e, ERR_VERIFY, "transaction: it sends ether along: not signed");
    if (tx->gas > TX_GAS_MAX || tx->max_fee > limit || tx->max_priority_fee > fees_tip_max(limit))
        return err_set(
            e, ERR_VERIFY,
            "transaction: it offers %llu wei for each of %llu units of gas, of them %llu "
            "as a tip; --max-fee allows %llu, and %llu: not signed",
            (unsigned long long)tx->max_fee, (unsigned long long)tx->gas,
            (unsigned long long)tx->max_priority_fee, (unsigned long long)limit,
            (unsigned long long)fees_tip_max(limit));
    return ERR_OK;
}

static enum err_code sign_one(const struct cli_args *a, const secret *key, const struct buf *raw,
                              json **ret, struct err *e)
{
    struct buf made AUTO_CALL(buf_done) = BUF(RAW_MAX);
    AUTO(json) node = NULL;
    struct tx_parsed parsed;
    struct hash32 hash;
    uint64_t chain_id;

    TRY(tx_parse(buf_bytes(raw), &parsed, e));
    if (parsed.is_signed)
        return err_set(e, ERR_INVALID, "transaction: it is signed already");
    TRY(cli_u64(a, "chain-id", UINT64_MAX, &chain_id, e));
    if (parsed.tx.chain_id != chain_id)
        return err_set(e, ERR_VERIFY, "transaction: of chain %llu, expected %llu: not signed",
                       (unsigned long long)parsed.tx.chain_id, (unsigned long long)chain_id);
    TRY(check_costs(a, &parsed.tx, e));
    TRY(tx_sign(&parsed.tx, key, &made, &hash, e));
    TRY(json_new_object(&node, e));
    TRY(put_call(node, &parsed.tx, e));
    TRY(json_put_hex0x(node, "hash", BYTES_OF(hash), e));
    TRY(json_put_hex0x(node, "signed", buf_bytes(&made), e));
    *ret = TAKE(node);
    return ERR_OK;
}

enum err_code gov_cmd_sign(const struct cli_args *a, struct err *e)
{
    struct txs txs AUTO_CALL(txs_done) = {0};
    AUTO(secret) key = NULL;
    AUTO(json) result = NULL;
    AUTO(json) list = NULL;

    TRY(read_file(a, "unsigned", &txs, e));
    TRY(cli_key(a, &key, e));
    TRY(json_new_object(&result, e));
    TRY(json_new_array(&list, e));
    for (size_t i = 0; i < txs.n; i++) {
        json *node = NULL;

        TRY(sign_one(a, key, &txs.raw[i], &node, e));
        TRY(json_append(list, node, e));
    }
    TRY(json_put(result, "transactions", TAKE(list), e));
    return cli_print(a, result, e);
}

/* From whoever signed it; each after the one before it is included. */
static enum err_code send_one(const struct cli_args *a, struct cli_node *node,
                              const struct buf *raw, json *list, struct err *e)
{
    AUTO(json) told = NULL;
    struct hash32 code_hash;
    struct tx_parsed parsed;
    struct tx_receipt r;
    bool kms;

    TRY(tx_parse(buf_bytes(raw), &parsed, e));
    if (!parsed.is_signed)
        return err_set(e, ERR_INVALID, "transaction: it is not signed; `teereg gov sign` signs it");
    TRY(cli_writer_open_signed(a, node->rpc, node->chain_id, &parsed.sender, &node->out, e));
    TRY(transactor_send_signed(node->out.transactor, buf_bytes(raw), &r, e));
    TRY(json_new_object(&told, e));
    TRY(put_call(told, &parsed.tx, e));
    if (parsed.tx.create)
        TRY(json_put_hex0x(told, "contract", BYTES_OF(r.contract), e));
    if (parsed.tx.create && gov_init_code_is_ours(parsed.tx.data, &kms)) {
        TRY(gov_deployed_check(node->rpc, kms, &r, &code_hash, e));
        TRY(json_put_hex(told, "code_hash", BYTES_OF(code_hash), e));
    }
    TRY(cli_writer_tell(a, &node->out, node->chain_id, told, &r, e));
    cli_writer_done(&node->out);
    return json_append(list, TAKE(told), e);
}

enum err_code gov_cmd_send(const struct cli_args *a, struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    struct txs txs AUTO_CALL(txs_done) = {0};
    AUTO(json) result = NULL;
    AUTO(json) list = NULL;

    TRY(read_file(a, "signed", &txs, e));
    TRY(cli_node_open(a, 0, &node, e));
    TRY(json_new_object(&result, e));
    TRY(json_new_array(&list, e));
    for (size_t i = 0; i < txs.n; i++)
        TRY_IN(e, send_one(a, &node, &txs.raw[i], list, e), "transaction %zu of %zu", i + 1, txs.n);
    TRY(json_put(result, "transactions", TAKE(list), e));
    return cli_print(a, result, e);
}
