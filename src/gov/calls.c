/* calls - see calls.h. */
#include "gov/calls.h"
#include "base/codec.h"
#include "chain/abi_text.h"
#include "gov/contracts_gen.h"

struct call {
    const char *signature, *names;
};

static const struct call calls[] = {
#define ROW(signature, names) {signature, names},
    GOV_CALLS(ROW)
#undef ROW
    /* OpenZeppelin TimelockController (gov/timelock.c) */
    {"schedule(address,uint256,bytes,bytes32,bytes32,uint256)",
     "target,value,data,predecessor,salt,delay"},
    {"execute(address,uint256,bytes,bytes32,bytes32)", "target,value,payload,predecessor,salt"},
    {"cancel(bytes32)", "id"},
};

static void put_call(struct bytes data, unsigned depth, struct buf *out);

/* The call that a timelock's call carries: its third argument. */
static void put_inner(struct bytes arguments, size_t n_types, unsigned depth, struct buf *out)
{
    static const char *const types[] = {"address,uint256,bytes,bytes32,bytes32",
                                        "address,uint256,bytes,bytes32,bytes32,uint256"};
    AUTO(abi_tree) tree = NULL;
    struct err ignored;

    if (abi_decode(types[n_types - 5], arguments, &tree, &ignored) != ERR_OK)
        return;
    buf_put_str(out, ", which calls ");
    put_call(abi_tree_values(tree)[2].bytes, depth - 1, out);
}

static bool is_timelock(const char *signature, size_t *ret_types)
{
    *ret_types = strncmp(signature, "schedule(", 9) == 0 ? 6 : 5;
    return *ret_types == 6 || strncmp(signature, "execute(", 8) == 0;
}

static void put_call(struct bytes data, unsigned depth, struct buf *out)
{
    if (data.n < 4) {
        buf_put_str(out, "no call");
        return;
    }
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        struct bytes arguments = {data.p + 4, data.n - 4};
        uint8_t selector[4];
        size_t n_types;

        abi_selector(calls[i].signature, selector);
        if (memcmp(selector, data.p, 4) != 0 ||
            !abi_text_call(out, calls[i].signature, calls[i].names, arguments))
            continue;
        if (depth > 0 && is_timelock(calls[i].signature, &n_types))
            put_inner(arguments, n_types, depth, out);
        return;
    }
    buf_put_str(out, "unknown call 0x");
    hex_put(out, (struct bytes){data.p, 4});
}

void gov_call_text(struct bytes data, struct buf *out)
{
    put_call(data, 1, out);
}
