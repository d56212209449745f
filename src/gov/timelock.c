/* timelock - see timelock.h. */
#include "gov/timelock.h"
#include "base/codec.h"
#include "chain/abi.h"
#include "crypto/digest.h"

#define SCHEDULE  "schedule(address,uint256,bytes,bytes32,bytes32,uint256)"
#define EXECUTE   "execute(address,uint256,bytes,bytes32,bytes32)"
#define CANCEL    "cancel(bytes32)"
#define MIN_DELAY "getMinDelay()"
#define CALL_MAX  ((size_t)256 * 1024)

/* target, value, data, predecessor, salt, delay */
static void call_of(const struct gov_timelock *t, const struct addr *to, struct bytes data,
                    struct abi_value ret[static 6])
{
    static const struct hash32 none = {0};

    ret[0] = abi_addr(to);
    ret[1] = abi_u64(0);
    ret[2] = abi_bytes(data);
    ret[3] = abi_word(&none);
    ret[4] = abi_word(&t->salt);
    ret[5] = abi_u64(t->delay);
}

enum err_code gov_timelock_id(const struct gov_timelock *t, const struct addr *to,
                              struct bytes data, struct hash32 *ret, struct err *e)
{
    struct buf encoded AUTO_CALL(buf_done) = BUF(CALL_MAX);
    struct abi_value values[6];

    call_of(t, to, data, values);
    TRY(abi_encode("address,uint256,bytes,bytes32,bytes32", values, 5, &encoded, e));
    keccak256(buf_bytes(&encoded), ret);
    return ERR_OK;
}

static enum err_code wrap(void *self, const struct addr *to, struct bytes data, struct addr *ret_to,
                          struct buf *ret_data, struct err *e)
{
    const struct gov_timelock *t = self;
    struct abi_value values[6], id;
    struct hash32 hash;

    *ret_to = t->at;
    call_of(t, to, data, values);
    switch (t->step) {
    case GOV_TIMELOCK_SCHEDULE:
        return abi_call(SCHEDULE, values, 6, ret_data, e);
    case GOV_TIMELOCK_EXECUTE:
        return abi_call(EXECUTE, values, 5, ret_data, e);
    case GOV_TIMELOCK_CANCEL:
        break;
    }
    TRY(gov_timelock_id(t, to, data, &hash, e));
    id = abi_word(&hash);
    return abi_call(CANCEL, &id, 1, ret_data, e);
}

struct tx_route gov_timelock_route(const struct gov_timelock *t)
{
    return (struct tx_route){.wrap = wrap, .self = (void *)(uintptr_t)t};
}

enum err_code gov_timelock_min_delay(rpc *node, const struct addr *timelock, uint64_t *ret,
                                     struct err *e)
{
    struct buf params AUTO_CALL(buf_done) = BUF(256), answer AUTO_CALL(buf_done) = BUF(64);
    struct buf call AUTO_CALL(buf_done) = BUF(8);
    AUTO(json) tree = NULL;
    AUTO(abi_tree) values = NULL;
    const json *result;

    TRY(abi_call(MIN_DELAY, NULL, 0, &call, e));
    buf_put_str(&params, "[{\"to\":\"0x");
    hex_put(&params, BYTES_OF(*timelock));
    buf_put_str(&params, "\",\"data\":\"0x");
    hex_put(&params, buf_bytes(&call));
    buf_put_str(&params, "\"},\"latest\"]");
    TRY(buf_check(&params, e));
    TRY_IN(e, rpc_one(node, "eth_call", buf_cstr(&params), &tree, &result, e), "timelock");
    TRY_IN(e, rpc_data_buf(result, &answer, e), "timelock at %s", rpc_host(node));
    if (abi_decode("uint256", buf_bytes(&answer), &values, e) != ERR_OK ||
        abi_get_u64(abi_tree_values(values), ret, e) != ERR_OK)
        return err_set(e, ERR_DENIED, "there is no TimelockController at this address");
    return ERR_OK;
}
