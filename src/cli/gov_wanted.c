#include <stdio.h>
#include "cli/files.h"
#include "cli/gov.h"
#include "cli/node.h"
#include "gov/wanted.h"

/* A contract as a file, and a file as a contract. */

static enum err_code read_contract(const struct cli_args *a, const struct cli_node *node,
                                   const struct addr *contract, bool kms, gov_contract **ret,
                                   struct err *e)
{
    uint64_t from;

    TRY(cli_u64(a, "from-block", INT64_MAX, &from, e));
    return gov_contract_read(&node->view, node->rpc, &node->at, contract, kms, from, ret, e);
}

enum err_code gov_cmd_export(const struct cli_args *a, struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    struct buf text AUTO_CALL(buf_done) = BUF(GOV_WANTED_TEXT_MAX);
    const bool kms = strcmp(a->positional[0], "kms") == 0;
    AUTO(gov_contract) c = NULL;
    AUTO(json) wanted = NULL;
    struct addr contract;

    if (!kms && strcmp(a->positional[0], "app") != 0)
        return err_set(e, ERR_USAGE, "found \"%.40s\", expected kms or app", a->positional[0]);
    TRY(cli_addr(a, "contract", &contract, e));
    TRY(cli_node_open(a, NODE_READ, &node, e));
    TRY(read_contract(a, &node, &contract, kms, &c, e));
    TRY(gov_contract_wanted(c, node.chain_id, &wanted, e));
    TRY(json_write(wanted, JSON_PRETTY, &text, e));
    buf_put_u8(&text, '\n');
    TRY(buf_check(&text, e));
    fwrite(text.p, 1, text.n, stdout);
    return fflush(stdout) == 0 ? ERR_OK : err_set(e, ERR_IO, "the output could not be written");
}

/* What is wanted, what is, and what lies between. */
struct work {
    struct cli_node node;
    gov_wanted *wanted;
    gov_contract *contract;
    gov_actions *actions;
};

static void work_done(struct work *w)
{
    if (w->actions)
        gov_actions_free(w->actions);
    if (w->contract)
        gov_contract_free(w->contract);
    if (w->wanted)
        gov_wanted_free(w->wanted);
    cli_node_done(&w->node);
}

static enum err_code open_work(const struct cli_args *a, unsigned use, struct work *w,
                               struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(GOV_WANTED_TEXT_MAX);

    TRY(cli_read(a->positional[0], &text, e));
    TRY_IN(e, gov_wanted_parse(buf_bytes(&text), &w->wanted, e), "%s", a->positional[0]);
    TRY(cli_node_open(a, use, &w->node, e));
    if (w->wanted->chain_id != w->node.chain_id)
        return err_set(e, ERR_INVALID, "%s is about chain %llu, --chain-id is %llu",
                       a->positional[0], (unsigned long long)w->wanted->chain_id,
                       (unsigned long long)w->node.chain_id);
    TRY(read_contract(a, &w->node, &w->wanted->contract, w->wanted->kms, &w->contract, e));
    return gov_wanted_diff(w->wanted, w->contract, &w->actions, e);
}

static enum err_code put_actions(const struct work *w, json *result, size_t *ret_calls,
                                 struct err *e)
{
    AUTO(json) list = NULL;
    const struct gov_action *action;

    *ret_calls = 0;
    TRY(json_new_array(&list, e));
    for (size_t i = 0; (action = gov_action_at(w->actions, i)); i++) {
        TRY(json_append_str(list, action->text, e));
        *ret_calls += !action->waits;
    }
    return json_put(result, "differences", TAKE(list), e);
}

/* One on a line for people; the whole for programs. */
static enum err_code print_actions(const struct cli_args *a, const struct work *w, json *result,
                                   struct err *e)
{
    const struct gov_action *action;

    if (a->json)
        return cli_print(a, result, e);
    for (size_t i = 0; (action = gov_action_at(w->actions, i)); i++)
        printf("%s %s\n", action->waits ? "waits" : "  do ", action->text);
    if (!gov_action_at(w->actions, 0))
        puts("the contract is as the file says");
    return fflush(stdout) == 0 ? ERR_OK : err_set(e, ERR_IO, "the output could not be written");
}

enum err_code gov_cmd_diff(const struct cli_args *a, struct err *e)
{
    struct work w AUTO_CALL(work_done) = {0};
    AUTO(json) result = NULL;
    size_t calls;

    TRY(open_work(a, NODE_READ, &w, e));
    TRY(json_new_object(&result, e));
    TRY(json_put_hex0x(result, "contract", BYTES_OF(w.wanted->contract), e));
    TRY(json_put_u64(result, "block", w.node.at.ref.number, e));
    TRY(put_actions(&w, result, &calls, e));
    TRY(print_actions(a, &w, result, e));
    if (calls > 0)
        return err_set(e, ERR_DENIED, "%zu calls lie between the contract and the file", calls);
    return ERR_OK;
}

/* Each is included before the next is sent; the last is final before this returns, because the next
 * run compares with what is final. */
static enum err_code send_all(struct work *w, struct tx_receipt *ret, struct err *e)
{
    const struct gov_action *action;

    for (size_t i = 0; (action = gov_action_at(w->actions, i)); i++) {
        if (action->waits)
            continue;
        TRY_IN(e,
               gov_send(w->node.writer, &w->wanted->contract, action->function, action->values,
                        action->n, ret, e),
               "%s (what stood before it is done; run the same again to go on)", action->text);
        if (w->node.out.how == WRITER_SENDS)
            fprintf(stderr, "done: %s\n", action->text);
    }
    return ERR_OK;
}

#define FINAL_WAIT_MS 1800000u

enum err_code gov_cmd_apply(const struct cli_args *a, struct err *e)
{
    struct work w AUTO_CALL(work_done) = {0};
    const bool dry = cli_switch(a, "dry-run");
    AUTO(json) result = NULL;
    struct tx_receipt r = {0};
    size_t calls;

    TRY(open_work(a, dry ? NODE_READ : NODE_READ | NODE_WRITE, &w, e));
    TRY(json_new_object(&result, e));
    TRY(json_put_hex0x(result, "contract", BYTES_OF(w.wanted->contract), e));
    TRY(put_actions(&w, result, &calls, e));
    if (dry || calls == 0)
        return print_actions(a, &w, result, e);
    TRY(send_all(&w, &r, e));
    if (w.node.out.how == WRITER_SENDS)
        TRY(transactor_wait_final(w.node.writer, &r, FINAL_WAIT_MS, e));
    TRY(cli_put_receipt(a, &w.node, result, &r, e));
    return cli_print(a, result, e);
}
