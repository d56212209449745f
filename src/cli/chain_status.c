/* teereg chain status, watch: what the nodes agree on, and how each of them fares. */
#include <signal.h>
#include <time.h>
#include "chain/view_quorum.h"
#include "cli/chain.h"
#include "cli/view.h"

#define NS_PER_MS 1000000u

static enum err_code put_endpoint(json *list, const struct chain_endpoint *p, struct err *e)
{
    AUTO(json) node = NULL;

    TRY(json_new_object(&node, e));
    TRY(json_put_str(node, "endpoint", p->host, e));
    TRY(json_put_bool(node, "working", p->working, e));
    TRY(json_put_u64(node, "quarantine_s", p->quarantine_s, e));
    TRY(json_put_u64(node, "finalized", p->finalized, e));
    TRY(json_put_u64(node, "latest", p->latest, e));
    TRY(json_put_u64(node, "answer_ms", p->answer_ns / NS_PER_MS, e));
    TRY(json_put_u64(node, "answers", p->answers, e));
    TRY(json_put_u64(node, "failures", p->failures, e));
    TRY(json_put_u64(node, "lies", p->lies, e));
    if (p->fault[0])
        TRY(json_put_str(node, "fault", p->fault, e));
    return json_append(list, TAKE(node), e);
}

static enum err_code put_endpoints(json *result, const struct chain_health *h, struct err *e)
{
    AUTO(json) list = NULL;

    TRY(json_new_array(&list, e));
    for (size_t i = 0; i < h->n_endpoints; i++)
        TRY(put_endpoint(list, &h->endpoint[i], e));
    return json_put(result, "endpoints", TAKE(list), e);
}

static void print_endpoints(const struct chain_health *h)
{
    for (size_t i = 0; i < h->n_endpoints; i++) {
        const struct chain_endpoint *p = &h->endpoint[i];

        printf("%s\n  %-18s  %s\n", p->host, "working",
               p->quarantine_s ? "no: in quarantine"
               : p->working    ? "yes"
                               : "no");
        printf("  %-18s  %llu, newest %llu\n  %-18s  %llu ms\n", "finalized",
               (unsigned long long)p->finalized, (unsigned long long)p->latest, "answered in",
               (unsigned long long)(p->answer_ns / NS_PER_MS));
        if (p->fault[0])
            printf("  %-18s  %s\n", "fault", p->fault);
    }
}

static enum err_code tell(const struct cli_args *a, const struct chain_health *h,
                          const struct err *why, struct err *e)
{
    AUTO(json) result = NULL;

    TRY(json_new_object(&result, e));
    TRY(json_put_bool(result, "agreed", why->code == ERR_OK, e));
    TRY(json_put_u64(result, "quorum", h->quorum, e));
    TRY(json_put_u64(result, "nodes", h->n_endpoints, e));
    if (why->code == ERR_OK) {
        TRY(json_put_u64(result, "block", h->block.ref.number, e));
        TRY(json_put_hex0x(result, "block_hash", BYTES_OF(h->block.ref.hash), e));
        TRY(json_put_u64(result, "block_time", h->block.timestamp, e));
        TRY(json_put_u64(result, "lag_s", h->lag_s, e));
    } else {
        TRY(json_put_str(result, "error", why->msg, e));
    }
    TRY(json_put_u64(result, "conflicts", h->conflicts, e));
    if (a->json)
        TRY(put_endpoints(result, h, e));
    TRY(cli_print(a, result, e));
    if (!a->json)
        print_endpoints(h);
    return ERR_OK;
}

/* Whatever the build: proved, never believed. */
static enum err_code open_quorum(const struct cli_args *a, unsigned slot_ms, struct chain_view *ret,
                                 struct chain_health *ret_health, struct err *e)
{
    struct cli_nodes nodes AUTO_CALL(cli_nodes_done) = {0};
    struct cli_view_config config = {.slot_ms = slot_ms, .report = ret_health};
    rpc *none = NULL;

    TRY(cli_u64(a, "chain-id", UINT64_MAX, &config.chain_id, e));
    TRY(cli_u64(a, "max-block-age", UINT32_MAX, &config.max_age_s, e));
    TRY(cli_nodes_of(a, &nodes, e));
    config.state_path = cli_value(a, "chain-state");
    nodes.mode = "quorum";
    nodes.k = nodes.k > nodes.n / 2 ? nodes.k : (uint16_t)(nodes.n / 2 + 1);
    return cli_view_open(&nodes, &config, &none, ret, e);
}

enum err_code chain_status_verb(const struct cli_args *a, struct err *e)
{
    struct chain_view view AUTO_CALL(chain_view_done) = {0};
    struct chain_health h = {0};
    struct err why = {0};
    enum err_code code = open_quorum(a, 0, &view, &h, &why);

    if (code == ERR_USAGE || code == ERR_NOMEM || h.n_endpoints == 0) {
        *e = why;
        return code;
    }
    if (code == ERR_OK)
        why = (struct err){0};
    TRY(tell(a, &h, &why, e));
    if (code != ERR_OK)
        *e = why;
    return code;
}

/* ---- watch ---- */

static volatile sig_atomic_t ended;

static void end(int signal)
{
    (void)signal;
    ended = 1;
}

static bool changed(const struct chain_health *before, const struct chain_health *now)
{
    bool is = before->block.ref.number != now->block.ref.number ||
              before->fault.code != now->fault.code || before->doubts != now->doubts ||
              before->conflicts != now->conflicts;

    for (size_t i = 0; i < now->n_endpoints; i++)
        is = is || before->endpoint[i].working != now->endpoint[i].working;
    return is;
}

static enum err_code say(const struct cli_args *a, const struct chain_health *h, struct err *e)
{
    struct buf line AUTO_CALL(buf_done) = BUF(65536);
    AUTO(json) result = NULL;
    size_t working = 0;

    for (size_t i = 0; i < h->n_endpoints; i++)
        working += h->endpoint[i].working;
    if (!a->json) {
        printf("block %llu, %llu s old, %zu of %zu nodes work, %u changes not final%s%s\n",
               (unsigned long long)h->block.ref.number, (unsigned long long)h->lag_s, working,
               h->n_endpoints, h->doubts, h->fault.code ? ": " : "", h->fault.msg);
        fflush(stdout);
        return ERR_OK;
    }
    TRY(json_new_object(&result, e));
    TRY(json_put_u64(result, "block", h->block.ref.number, e));
    TRY(json_put_hex0x(result, "block_hash", BYTES_OF(h->block.ref.hash), e));
    TRY(json_put_u64(result, "lag_s", h->lag_s, e));
    TRY(json_put_u64(result, "doubts", h->doubts, e));
    TRY(json_put_u64(result, "conflicts", h->conflicts, e));
    if (h->fault.code != ERR_OK)
        TRY(json_put_str(result, "error", h->fault.msg, e));
    TRY(put_endpoints(result, h, e));
    TRY(json_write(result, JSON_COMPACT, &line, e));
    buf_put_u8(&line, '\n');
    TRY(buf_check(&line, e));
    fwrite(line.p, 1, line.n, stdout);
    return fflush(stdout) == 0 ? ERR_OK : err_set(e, ERR_IO, "the output could not be written");
}

enum err_code chain_watch_verb(const struct cli_args *a, struct err *e)
{
    struct chain_view view AUTO_CALL(chain_view_done) = {0};
    struct chain_health before = {0}, now = {0};
    const struct sigaction on_end = {.sa_handler = end};
    const struct timespec pause = {.tv_nsec = 100 * (long)NS_PER_MS};
    uint64_t every, lines, said = 0;

    TRY(cli_u64(a, "every-ms", 3600000, &every, e));
    TRY(cli_u64(a, "lines", UINT32_MAX, &lines, e));
    TRY(open_quorum(a, (unsigned)every, &view, &now, e));
    sigaction(SIGINT, &on_end, NULL);
    sigaction(SIGTERM, &on_end, NULL);
    while (!ended && (lines == 0 || said < lines)) {
        if (said == 0 || changed(&before, &now)) {
            TRY(say(a, &now, e));
            said++;
        }
        before = now;
        nanosleep(&pause, NULL);
        (void)chain_view_health(&view, &now);
    }
    return ERR_OK;
}

#define OPTIONS                                                                                    \
    CLI_OPT_RPC, CLI_OPT_CHAIN_ID,                                                                 \
        {"chain-state", "FILE", "remember what was final; nodes must confirm it the next time",    \
         NULL, CLI_OPTIONAL},                                                                      \
    {                                                                                              \
        "max-block-age", "SECONDS", "the oldest finalized block that is accepted", "3600",         \
            CLI_OPTIONAL                                                                           \
    }

const struct cli_option chain_status_options[] = {OPTIONS, {.name = NULL}};
const struct cli_option chain_watch_options[] = {
    OPTIONS,
    {"every-ms", "N", "time between two looks", "12000", CLI_OPTIONAL},
    {"lines", "N", "end after so many; 0: at an interrupt", "0", CLI_OPTIONAL},
    {.name = NULL},
};
