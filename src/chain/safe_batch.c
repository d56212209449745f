/* safe_batch - see safe_batch.h. */
#include "chain/safe_batch.h"
#include <stdio.h>
#include "base/codec.h"
#include "crypto/digest.h"

#define MEMBERS_MAX 16
#define TEXT_MAX    ((size_t)16 * 1024 * 1024)

struct member {
    const char *name;
    const json *value;
};

static enum err_code sorted(const json *object, struct member *ret, size_t *ret_n, struct err *e)
{
    size_t n = 0;
    struct member m;

    if (json_members(object) > MEMBERS_MAX)
        return err_set(e, ERR_TOO_LARGE, "batch: an object of more than %d members", MEMBERS_MAX);
    while (json_member(object, n, &m.name, &m.value)) {
        size_t at = n++;

        for (; at > 0 && strcmp(ret[at - 1].name, m.name) > 0; at--)
            ret[at] = ret[at - 1];
        ret[at] = m;
    }
    *ret_n = n;
    return ERR_OK;
}

static enum err_code put_value(const json *node, bool is_meta, struct buf *out, struct err *e);

static enum err_code put_object(const json *node, bool is_meta, struct buf *out, struct err *e)
{
    struct member members[MEMBERS_MAX];
    size_t n;

    TRY(sorted(node, members, &n, e));
    buf_put_str(out, "{[");
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_put_u8(out, ',');
        json_put_quoted(out, bytes_of_str(members[i].name));
    }
    buf_put_u8(out, ']');
    for (size_t i = 0; i < n; i++) {
        if (is_meta && strcmp(members[i].name, "name") == 0)
            buf_put_str(out, "null");
        else
            TRY(put_value(members[i].value, !is_meta && strcmp(members[i].name, "meta") == 0, out,
                          e));
        buf_put_u8(out, ',');
    }
    buf_put_u8(out, '}');
    return ERR_OK;
}

static enum err_code put_value(const json *node, bool is_meta, struct buf *out, struct err *e)
{
    if (json_is_object(node))
        return put_object(node, is_meta, out, e);
    if (!json_is_array(node))
        return json_write(node, JSON_COMPACT, out, e);
    buf_put_u8(out, '[');
    for (size_t i = 0; i < json_len(node); i++) {
        if (i)
            buf_put_u8(out, ',');
        TRY(put_value(json_at(node, i), false, out, e));
    }
    buf_put_u8(out, ']');
    return ERR_OK;
}

enum err_code safe_batch_checksum(const json *batch, struct hash32 *ret, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(TEXT_MAX);

    TRY(put_value(batch, false, &text, e));
    TRY_IN(e, buf_check(&text, e), "batch");
    keccak256(buf_bytes(&text), ret);
    return ERR_OK;
}

static enum err_code new_transaction(const struct eth_tx *tx, json **ret, struct err *e)
{
    AUTO(json) node = NULL;

    if (tx->create)
        return err_set(e, ERR_USAGE,
                       "a Safe's batch cannot make a contract: deploy it with an ordinary account, "
                       "`--owner` naming the Safe");
    TRY(json_new_object(&node, e));
    TRY(json_put_hex0x(node, "to", BYTES_OF(tx->to), e));
    TRY(json_put_str(node, "value", "0", e));
    TRY(json_put_hex0x(node, "data", tx->data, e));
    TRY(json_put_null(node, "contractMethod", e));
    TRY(json_put_null(node, "contractInputsValues", e));
    *ret = TAKE(node);
    return ERR_OK;
}

static enum err_code new_meta(const struct addr *safe, const char *name, json **ret, struct err *e)
{
    AUTO(json) meta = NULL;

    TRY(json_new_object(&meta, e));
    TRY(json_put_str(meta, "name", name, e));
    TRY(json_put_str(meta, "description", "made by teereg " TEEREG_VERSION, e));
    TRY(json_put_str(meta, "txBuilderVersion", "1.18.0", e));
    TRY(json_put_hex0x(meta, "createdFromSafeAddress", BYTES_OF(*safe), e));
    TRY(json_put_str(meta, "createdFromOwnerAddress", "", e));
    *ret = TAKE(meta);
    return ERR_OK;
}

/* The checksum is of all the rest, and goes into meta. */
static enum err_code seal(json *batch, json *meta, struct err *e)
{
    struct hash32 checksum;

    TRY(safe_batch_checksum(batch, &checksum, e));
    return json_put_hex0x(meta, "checksum", BYTES_OF(checksum), e);
}

enum err_code safe_batch_json(uint64_t chain_id, const struct addr *safe, const char *name,
                              int64_t created, const struct eth_tx *const txs[], size_t n,
                              json **ret, struct err *e)
{
    AUTO(json) batch = NULL;
    AUTO(json) list = NULL;
    json *meta = NULL; /* lives in batch */
    char chain[24];

    TRY(json_new_object(&batch, e));
    TRY(json_put_str(batch, "version", "1.0", e));
    snprintf(chain, sizeof chain, "%llu", (unsigned long long)chain_id);
    TRY(json_put_str(batch, "chainId", chain, e));
    TRY(json_put_u64(batch, "createdAt", created > 0 ? (uint64_t)created * 1000 : 0, e));
    TRY(new_meta(safe, name, &meta, e));
    TRY(json_put(batch, "meta", meta, e));
    TRY(json_new_array(&list, e));
    for (size_t i = 0; i < n; i++) {
        json *tx = NULL;

        TRY(new_transaction(txs[i], &tx, e));
        TRY(json_append(list, tx, e));
    }
    TRY(json_put(batch, "transactions", TAKE(list), e));
    TRY(seal(batch, meta, e));
    *ret = TAKE(batch);
    return ERR_OK;
}
