/* node_logs - see node_logs.h. */
#include "chain/node_logs.h"
#include "base/codec.h"

struct walk {
    const struct addr *contract;
    uint64_t from, until; /* of this question */
    bool any;             /* an event came already: the next stands behind it */
    uint64_t block, index;
};

static enum err_code number_of(const json *obj, const char *member, uint64_t *ret, struct err *e)
{
    const json *field;

    TRY(json_get(obj, member, &field, e));
    TRY_IN(e, rpc_quantity(field, ret, e), "%s", member);
    return ERR_OK;
}

static enum err_code read_topics(const json *obj, struct node_log *ret, struct err *e)
{
    const json *list;

    TRY(json_get_array(obj, "topics", &list, e));
    if (json_len(list) > 4)
        return err_set(e, ERR_UPSTREAM, "an event with %zu topics", json_len(list));
    for (size_t i = 0; i < json_len(list); i++)
        TRY_IN(e, rpc_data(json_at(list, i), ret->topics[i].b, 32, e), "topic");
    ret->n_topics = json_len(list);
    return ERR_OK;
}

static enum err_code read_log(const json *obj, const struct walk *w, struct node_log *ret,
                              struct err *e)
{
    const json *field;
    struct addr from;
    struct err ignored;

    if (!json_is_object(obj))
        return err_set(e, ERR_UPSTREAM, "an event that is no object");
    TRY(json_get(obj, "address", &field, e));
    TRY_IN(e, rpc_data(field, from.b, sizeof from.b, e), "address");
    TRY(number_of(obj, "blockNumber", &ret->block, e));
    TRY(number_of(obj, "logIndex", &ret->index, e));
    TRY(json_get(obj, "transactionHash", &field, e));
    TRY_IN(e, rpc_data(field, ret->tx.b, sizeof ret->tx.b, e), "transactionHash");
    TRY(read_topics(obj, ret, e));
    TRY(json_get(obj, "data", &field, e));
    TRY_IN(e, rpc_data_buf(field, &ret->data, e), "data");
    if (number_of(obj, "blockTimestamp", &ret->time, &ignored) != ERR_OK)
        ret->time = 0;
    if (!addr_eq(&from, w->contract) || ret->block < w->from || ret->block > w->until)
        return err_set(e, ERR_UPSTREAM, "an event that was not asked for");
    if (w->any && (ret->block < w->block || (ret->block == w->block && ret->index <= w->index)))
        return err_set(e, ERR_UPSTREAM, "events out of order");
    return ERR_OK;
}

static enum err_code ask(rpc *node, const struct walk *w, json **ret, const json **ret_list,
                         struct err *e)
{
    struct buf params AUTO_CALL(buf_done) = BUF(512);

    buf_put_str(&params, "[{\"address\":\"0x");
    hex_put(&params, BYTES_OF(*w->contract));
    buf_printf(&params, "\",\"fromBlock\":\"0x%llx\",\"toBlock\":\"0x%llx\"}]",
               (unsigned long long)w->from, (unsigned long long)w->until);
    TRY(buf_check(&params, e));
    TRY(rpc_one(node, "eth_getLogs", buf_cstr(&params), ret, ret_list, e));
    if (!json_is_array(*ret_list))
        return err_set(e, ERR_UPSTREAM, "eth_getLogs at %s: expected a list", rpc_host(node));
    return ERR_OK;
}

typedef enum err_code (*each_fn)(void *self, const struct node_log *log, struct err *e);

static enum err_code tell(rpc *node, const json *list, struct walk *w, each_fn each, void *self,
                          struct err *e)
{
    for (size_t i = 0; i < json_len(list); i++) {
        struct node_log log = {.data = BUF(NODE_LOG_DATA_MAX)};
        enum err_code rc = read_log(json_at(list, i), w, &log, e);

        if (rc != ERR_OK) {
            e->code = rc = ERR_UPSTREAM;
            err_wrap(e, "eth_getLogs at %s", rpc_host(node));
        } else {
            w->any = true;
            w->block = log.block;
            w->index = log.index;
            rc = each(self, &log, e);
        }
        buf_done(&log.data);
        if (rc != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

enum err_code node_logs_each(rpc *node, const struct addr *contract, uint64_t from, uint64_t until,
                             each_fn each, void *self, struct err *e)
{
    struct walk w = {.contract = contract, .from = from};
    uint64_t range = NODE_LOGS_RANGE;

    while (w.from <= until) {
        AUTO(json) answer = NULL;
        const json *list;

        w.until = until - w.from < range ? until : w.from + range - 1;
        if (ask(node, &w, &answer, &list, e) != ERR_OK) {
            /* Too many blocks or events for this node, or it stumbled: a smaller question. */
            if (range == 1)
                return e->code;
            range /= 2;
            continue;
        }
        TRY(tell(node, list, &w, each, self, e));
        if (w.until == until)
            break;
        w.from = w.until + 1;
        range = range * 2 < NODE_LOGS_RANGE ? range * 2 : NODE_LOGS_RANGE;
    }
    return ERR_OK;
}
