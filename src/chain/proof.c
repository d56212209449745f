/* proof - see proof.h. */
#include "chain/proof.h"
#include "base/codec.h"
#include "chain/rpc.h"

#define PROOF_MAX ((size_t)MPT_NODES_MAX * MPT_NODE_MAX)

/* Surprises in JSON-RPC values are malformed input here: the answer may come from a file. */
static enum err_code malformed(struct err *e, const char *what)
{
    if (e->code == ERR_UPSTREAM || e->code == ERR_NOT_FOUND)
        e->code = ERR_INVALID;
    return err_wrap(e, "proof: %s", what);
}

/* A number of at most 256 bits as nodes write it: "0x38", or with leading zeros. */
static enum err_code read_word(const json *node, struct hash32 *ret, struct err *e)
{
    char digits[HEX_LEN(32)];
    const char *s = json_str(node);
    size_t n;

    if (!s || s[0] != '0' || s[1] != 'x' || !s[2])
        return err_set(e, ERR_INVALID, "expected a number in hex with 0x");
    n = strlen(s + 2);
    if (n > 64)
        return err_set(e, ERR_INVALID, "a number of %zu hex digits, at most 64", n);
    memset(digits, '0', 64 - n);
    memcpy(digits + 64 - n, s + 2, n);
    return hex_decode((struct bytes){(const uint8_t *)digits, 64}, ret->b, sizeof ret->b, e);
}

static enum err_code get_word(const json *obj, const char *name, struct hash32 *ret, struct err *e)
{
    const json *node;

    if (json_get(obj, name, &node, e) != ERR_OK || read_word(node, ret, e) != ERR_OK)
        return malformed(e, name);
    return ERR_OK;
}

static enum err_code get_data(const json *obj, const char *name, uint8_t *ret, size_t n,
                              struct err *e)
{
    const json *node;

    if (json_get(obj, name, &node, e) != ERR_OK || rpc_data(node, ret, n, e) != ERR_OK)
        return malformed(e, name);
    return ERR_OK;
}

/* The nodes of one proof; ret_nodes borrow from data. */
static enum err_code read_nodes(const json *obj, const char *name, struct buf *data,
                                struct bytes ret_nodes[static MPT_NODES_MAX], size_t *ret_n,
                                struct err *e)
{
    size_t ends[MPT_NODES_MAX];
    const json *list;
    size_t n;

    if (json_get_array(obj, name, &list, e) != ERR_OK)
        return malformed(e, name);
    n = json_len(list);
    if (n > MPT_NODES_MAX)
        return err_set(e, ERR_TOO_LARGE, "proof: %s has %zu nodes, at most %d", name, n,
                       MPT_NODES_MAX);
    buf_clear(data);
    for (size_t i = 0; i < n; i++) {
        if (rpc_data_buf(json_at(list, i), data, e) != ERR_OK)
            return malformed(e, name);
        ends[i] = data->n;
        if (data->n == (i ? ends[i - 1] : 0))
            return err_set(e, ERR_INVALID, "proof: %s: an empty node", name);
    }
    for (size_t i = 0, start = 0; i < n; start = ends[i++])
        ret_nodes[i] = (struct bytes){data->p + start, ends[i] - start};
    *ret_n = n;
    return ERR_OK;
}

/* Of an account that never was, nodes name the hashes of what is empty, or zero. */
static bool claim_holds(const struct hash32 *claimed, const struct hash32 *proved, bool exists)
{
    return hash32_eq(claimed, proved) || (!exists && hash32_is_zero(claimed));
}

static enum err_code check_claims(const json *answer, const struct mpt_account *a, struct err *e)
{
    struct hash32 balance, nonce, storage, code, proved_nonce = {0};

    TRY(get_word(answer, "balance", &balance, e));
    TRY(get_word(answer, "nonce", &nonce, e));
    TRY(get_data(answer, "storageHash", storage.b, sizeof storage.b, e));
    TRY(get_data(answer, "codeHash", code.b, sizeof code.b, e));
    for (size_t i = 0; i < 8; i++)
        proved_nonce.b[31 - i] = (uint8_t)(a->nonce >> (8 * i));
    if (!hash32_eq(&balance, &a->balance) || !hash32_eq(&nonce, &proved_nonce))
        return err_set(e, ERR_VERIFY, "proof: the account has another %s than is claimed",
                       hash32_eq(&balance, &a->balance) ? "nonce" : "balance");
    if (!claim_holds(&storage, &a->storage_root, a->exists) ||
        !claim_holds(&code, &a->code_hash, a->exists))
        return err_set(e, ERR_VERIFY, "proof: the account has another %s than is claimed",
                       claim_holds(&code, &a->code_hash, a->exists) ? "storageHash" : "codeHash");
    return ERR_OK;
}

static enum err_code check_slot(const json *entry, const struct hash32 *storage_root,
                                struct buf *data, struct proved_slot *ret, struct err *e)
{
    struct bytes nodes[MPT_NODES_MAX];
    struct hash32 claimed;
    size_t n;

    if (!json_is_object(entry))
        return err_set(e, ERR_INVALID, "proof: a slot that is no object");
    TRY(get_word(entry, "key", &ret->slot, e));
    TRY(get_word(entry, "value", &claimed, e));
    TRY(read_nodes(entry, "proof", data, nodes, &n, e));
    TRY(mpt_prove_slot(storage_root, &ret->slot, nodes, n, &ret->present, &ret->word, e));
    if (!hash32_eq(&claimed, &ret->word))
        return err_set(e, ERR_VERIFY, "proof: a slot has another value than is claimed");
    return ERR_OK;
}

enum err_code proof_check(const json *answer, const struct hash32 *state_root,
                          struct addr *ret_address, struct mpt_account *ret_account,
                          struct proved_slot *ret_slots, size_t max, size_t *ret_n, struct err *e)
{
    struct buf data AUTO_CALL(buf_done) = BUF(PROOF_MAX);
    struct bytes nodes[MPT_NODES_MAX];
    struct mpt_account account;
    struct addr address;
    const json *slots;
    size_t n;

    if (!json_is_object(answer))
        return err_set(e, ERR_INVALID, "proof: expected the answer of eth_getProof");
    TRY(get_data(answer, "address", address.b, sizeof address.b, e));
    TRY(read_nodes(answer, "accountProof", &data, nodes, &n, e));
    TRY(mpt_prove_account(state_root, &address, nodes, n, &account, e));
    TRY(check_claims(answer, &account, e));
    if (json_get_array(answer, "storageProof", &slots, e) != ERR_OK)
        return malformed(e, "storageProof");
    if (json_len(slots) > max)
        return err_set(e, ERR_TOO_LARGE, "proof: %zu slots, at most %zu", json_len(slots), max);
    for (size_t i = 0; i < json_len(slots); i++)
        TRY_IN(e, check_slot(json_at(slots, i), &account.storage_root, &data, &ret_slots[i], e),
               "slot %zu of the answer", i);
    *ret_address = address;
    *ret_account = account;
    *ret_n = json_len(slots);
    return ERR_OK;
}
