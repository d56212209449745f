/* rpc_answer - what a node answered, matched with what it was asked; see rpc.h. */
#include <stdio.h>
#include "base/codec.h"
#include "chain/rpc.h"

#define MESSAGE_MAX 160 /* of a node's own words in an error */
#define REVERT_MAX  8192
#define REVERTED    3 /* error code of a revert with data: geth, anvil */

/* A stranger's text on our terminal: printable ASCII, bounded. */
static void put_foreign(const char *text, char *ret, size_t size)
{
    size_t n = 0;

    while (text[n] && n + 1 < size && n < MESSAGE_MAX) {
        ret[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
        n++;
    }
    ret[n] = '\0';
}

/* Where nodes put the revert data: "data", "data.data" or "data.originalError.data". */
static const char *revert_hex(const json *error)
{
    const json *data, *inner;
    struct err ignored;

    if (json_get(error, "data", &data, &ignored) != ERR_OK)
        return NULL;
    if (json_is_string(data))
        return json_str(data);
    if (!json_is_object(data))
        return NULL;
    if (json_get_object(data, "originalError", &inner, &ignored) == ERR_OK)
        data = inner;
    if (json_get(data, "data", &inner, &ignored) != ERR_OK)
        return NULL;
    return json_str(inner);
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static enum err_code read_fault(const json *error, struct rpc_fault *ret, struct err *e)
{
    struct buf data AUTO_CALL(buf_done) = BUF(REVERT_MAX);
    const char *message, *hex;
    struct err ignored;

    if (!json_is_object(error))
        return err_set(e, ERR_UPSTREAM, "an error that is no object");
    TRY(json_get_i64(error, "code", &ret->number, e));
    if (json_get_str(error, "message", 1024 * 1024, &message, &ignored) != ERR_OK)
        message = "(no message)";
    ret->code = ERR_UPSTREAM;
    put_foreign(message, ret->text, sizeof ret->text);
    if (ret->number != REVERTED && !begins(message, "execution reverted"))
        return ERR_OK;
    ret->code = ERR_DENIED;
    hex = revert_hex(error);
    if (hex && begins(hex, "0x") &&
        hex_decode_buf(bytes_of_str(hex + 2), &data, &ignored) == ERR_OK && data.n > 0)
        rpc_revert_text(buf_bytes(&data), ret->text, sizeof ret->text);
    return ERR_OK;
}

/* One answer of the batch, to the call that it names. */
static enum err_code read_item(const json *item, struct rpc_call *calls, size_t n,
                               bool seen[static RPC_BATCH_MAX], struct err *e)
{
    const json *result = NULL, *error = NULL;
    const char *version;
    struct rpc_call *call;
    uint64_t id;

    if (!json_is_object(item))
        return err_set(e, ERR_UPSTREAM, "an answer that is no object");
    TRY(json_get_str(item, "jsonrpc", 8, &version, e));
    if (strcmp(version, "2.0") != 0)
        return err_set(e, ERR_UPSTREAM, "jsonrpc: expected 2.0");
    if (json_has(item, "result"))
        TRY(json_get(item, "result", &result, e));
    if (json_has(item, "error"))
        TRY(json_get(item, "error", &error, e));
    if (!result == !error)
        return err_set(e, ERR_UPSTREAM, "an answer with %s result and error",
                       result ? "both" : "neither");
    if (json_get_u64(item, "id", UINT64_MAX, &id, e) != ERR_OK) {
        struct rpc_fault all = {0};

        /* A node that could not read the question, or is tired of us, names no id. */
        if (error && read_fault(error, &all, e) == ERR_OK)
            return err_set(e, ERR_UPSTREAM, "the node says %lld to the whole request: %s",
                           (long long)all.number, all.text);
        return err_set(e, ERR_UPSTREAM, "an answer without an id");
    }
    if (id == 0 || id > n)
        return err_set(e, ERR_UPSTREAM, "an answer to question %llu, asked were 1 to %zu",
                       (unsigned long long)id, n);
    if (seen[id - 1])
        return err_set(e, ERR_UPSTREAM, "two answers to question %llu", (unsigned long long)id);
    seen[id - 1] = true;
    call = &calls[id - 1];
    if (error)
        return read_fault(error, &call->ret_fault, e);
    call->ret_result = result;
    return ERR_OK;
}

static enum err_code read_all(const json *root, struct rpc_call *calls, size_t n, struct err *e)
{
    bool seen[RPC_BATCH_MAX] = {false};

    if (json_is_array(root)) {
        if (n == 1 || json_len(root) > n)
            return err_set(e, ERR_UPSTREAM, "%zu answers to %zu questions", json_len(root), n);
        for (size_t i = 0; i < json_len(root); i++)
            TRY(read_item(json_at(root, i), calls, n, seen, e));
    } else {
        TRY(read_item(root, calls, n, seen, e));
    }
    for (size_t i = 0; i < n; i++)
        if (!seen[i])
            return err_set(e, ERR_UPSTREAM, "no answer to question %zu (%s)", i + 1,
                           calls[i].method);
    return ERR_OK;
}

enum err_code rpc_answer_parse(const char *host, struct bytes text, size_t max,
                               struct rpc_call *calls, size_t n, json **ret, struct err *e)
{
    AUTO(json) root = NULL;
    enum err_code code;

    if (n == 0 || n > RPC_BATCH_MAX)
        return err_set(e, ERR_INTERNAL, "%zu calls in a batch, expected 1 to %d", n, RPC_BATCH_MAX);
    for (size_t i = 0; i < n; i++) {
        calls[i].ret_result = NULL;
        calls[i].ret_fault = (struct rpc_fault){0};
    }
    /* eth_feeHistory holds fractions; nobody reads them. */
    code = json_parse_answer(text, max, &root, e);
    if (code == ERR_OK)
        code = read_all(root, calls, n, e);
    if (code != ERR_OK) {
        /* Nothing of a spoilt batch is used. */
        for (size_t i = 0; i < n; i++)
            calls[i].ret_result = NULL;
        e->code = code == ERR_NOMEM || code == ERR_TOO_LARGE ? code : ERR_UPSTREAM;
        return err_wrap(e, "%s at %s", calls[0].method, host);
    }
    *ret = TAKE(root);
    return ERR_OK;
}

/* ---- values ---- */

static enum err_code hex_of(const json *node, struct bytes *ret, struct err *e)
{
    const char *s = node ? json_str(node) : NULL;

    if (!s || !begins(s, "0x"))
        return err_set(e, ERR_UPSTREAM, "expected a string that begins with 0x");
    *ret = bytes_of_str(s + 2);
    return ERR_OK;
}

enum err_code rpc_quantity(const json *node, uint64_t *ret, struct err *e)
{
    struct bytes hex;
    uint64_t v = 0;

    TRY(hex_of(node, &hex, e));
    if (hex.n == 0 || (hex.n > 1 && hex.p[0] == '0'))
        return err_set(e, ERR_UPSTREAM, "expected a quantity without leading zeros");
    if (hex.n > 16)
        return err_set(e, ERR_UPSTREAM, "expected a quantity of at most 64 bits");
    for (size_t i = 0; i < hex.n; i++) {
        uint8_t c = hex.p[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;

        if (digit < 0)
            return err_set(e, ERR_UPSTREAM, "expected a quantity in hexadecimal");
        v = v << 4 | (uint64_t)digit;
    }
    *ret = v;
    return ERR_OK;
}

enum err_code rpc_data(const json *node, uint8_t *ret, size_t n, struct err *e)
{
    struct bytes hex;

    TRY(hex_of(node, &hex, e));
    if (hex_decode(hex, ret, n, e) != ERR_OK)
        return err_set(e, ERR_UPSTREAM, "expected %zu bytes of data in hexadecimal", n);
    return ERR_OK;
}

enum err_code rpc_data_buf(const json *node, struct buf *ret, struct err *e)
{
    struct bytes hex;
    enum err_code code;

    TRY(hex_of(node, &hex, e));
    code = hex_decode_buf(hex, ret, e);
    if (code == ERR_INVALID)
        return err_set(e, ERR_UPSTREAM, "expected data in hexadecimal");
    return code;
}
