#include <stdio.h>
#include "cli/gov.h"
#include "cli/node.h"
#include "gov/history.h"

/* Events of a contract as a log that people read. */

struct telling {
    const struct cli_args *a;
    json *list; /* with --json */
};

static void print_arguments(const json *event)
{
    const json *arguments, *value;
    const char *name;
    struct err ignored;

    if (json_get_object(event, "arguments", &arguments, &ignored) != ERR_OK)
        return;
    for (size_t i = 0; json_member(arguments, i, &name, &value); i++)
        printf("  %s %s", name, json_str(value));
}

static void print_event(const json *event)
{
    const char *text;
    struct err ignored;
    uint64_t block;

    if (json_get_u64(event, "block", INT64_MAX, &block, &ignored) == ERR_OK)
        printf("%-9llu ", (unsigned long long)block);
    printf("%s ", json_get_str(event, "time", 32, &text, &ignored) == ERR_OK ? text : "-");
    if (json_get_str(event, "event", 64, &text, &ignored) == ERR_OK)
        printf("%s", text);
    print_arguments(event);
    if (json_get_str(event, "transaction", 80, &text, &ignored) == ERR_OK)
        printf("  tx %s", text);
    putchar('\n');
}

static enum err_code tell(void *self, const struct node_log *log, struct err *e)
{
    struct telling *t = self;
    AUTO(json) event = NULL;

    TRY(gov_event_json(log, &event, e));
    if (t->a->json)
        return json_append(t->list, TAKE(event), e);
    print_event(event);
    return ERR_OK;
}

enum err_code gov_cmd_history(const struct cli_args *a, struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    struct telling t = {.a = a};
    AUTO(json) result = NULL;
    AUTO(json) list = NULL;
    struct addr contract;
    uint64_t from, until;

    TRY(cli_addr(a, "contract", &contract, e));
    TRY(cli_u64(a, "from-block", INT64_MAX, &from, e));
    TRY(cli_node_open(a, NODE_READ, &node, e));
    until = node.at.ref.number;
    if (cli_value(a, "to-block"))
        TRY(cli_u64(a, "to-block", INT64_MAX, &until, e));
    TRY(json_new_array(&list, e));
    t.list = list;
    TRY(node_logs_each(node.rpc, &contract, from, until, tell, &t, e));
    if (!a->json)
        return fflush(stdout) == 0 ? ERR_OK : err_set(e, ERR_IO, "the output could not be written");
    TRY(json_new_object(&result, e));
    TRY(json_put_hex0x(result, "contract", BYTES_OF(contract), e));
    TRY(json_put_u64(result, "from_block", from, e));
    TRY(json_put_u64(result, "to_block", until, e));
    TRY(json_put(result, "events", TAKE(list), e));
    return cli_print(a, result, e);
}
