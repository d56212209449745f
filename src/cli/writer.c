/* writer - see writer.h. */
#include "cli/writer.h"
#include <stdio.h>
#include <stdlib.h>
#include <limits.h>
#include "base/clock.h"
#include "base/fs.h"
#include "chain/safe_batch.h"
#include "cli/key.h"

#define GWEI          1000000000u
#define FINAL_WAIT_MS 1800000u

const struct cli_option cli_write_options[] = {
    CLI_OPT_RPC,
    CLI_OPT_CHAIN_ID,
    CLI_OPT_KEYS,
    CLI_OPT_FINAL,
    {"max-fee", "GWEI", "the most that is offered for a unit of gas", "500", CLI_OPTIONAL},
    CLI_OPT_WAIT,
    {"replace-after", "SECONDS", "send it again for an eighth more when no block took it", "60",
     CLI_OPTIONAL},
    CLI_OPT_JOURNAL,
    {"offline", NULL, "sign elsewhere: print the unsigned transaction (`gov send` sends it)", NULL,
     CLI_OPTIONAL},
    {"safe-batch", "FILE", "write it for the Transaction Builder of a Safe instead", NULL,
     CLI_OPTIONAL},
    {"from", "ADDRESS", "with --offline: who will sign; with --safe-batch: the Safe", NULL,
     CLI_OPTIONAL},
    {"timelock", "ADDRESS", "the owner is this TimelockController: let it make the call", NULL,
     CLI_OPTIONAL},
    {"timelock-step", "STEP", "schedule, execute or cancel", "schedule", CLI_OPTIONAL},
    {"timelock-delay", "SECONDS", "of schedule; without: the timelock's shortest", NULL,
     CLI_OPTIONAL},
    {"salt", "HASH", "names one of several equal calls of a timelock", NULL, CLI_OPTIONAL},
    {.name = NULL},
};

/* ---- opening ---- */

/* A verb that has few options of its own (`store put`) has the others' defaults. */
static enum err_code seconds(const struct cli_args *a, const char *name, unsigned *ret_ms,
                             struct err *e)
{
    uint64_t v = 0;

    if (cli_value(a, name))
        TRY(cli_u64(a, name, 86400, &v, e));
    *ret_ms = (unsigned)v * 1000;
    return ERR_OK;
}

static enum err_code journal_dir(const struct cli_args *a, char ret[PATH_MAX], struct err *e)
{
    const char *given = cli_value(a, "journal"), *state = getenv("XDG_STATE_HOME"),
               *home = getenv("HOME");
    int n;

    if (given)
        n = snprintf(ret, PATH_MAX, "%s", given);
    else if (state && *state == '/')
        n = snprintf(ret, PATH_MAX, "%s/teereg/journal", state);
    else if (home && *home == '/')
        n = snprintf(ret, PATH_MAX, "%s/.local/state/teereg/journal", home);
    else
        return err_set(e, ERR_USAGE,
                       "--journal FOLDER is needed: there is no HOME in the environment");
    if (n < 0 || n >= PATH_MAX)
        return err_set(e, ERR_USAGE, "--journal: the name is too long");
    return ERR_OK;
}

static enum err_code open_timelock(const struct cli_args *a, rpc *node, struct cli_writer *w,
                                   struct err *e)
{
    static const struct {
        const char *name;
        enum gov_timelock_step step;
    } steps[] = {{"schedule", GOV_TIMELOCK_SCHEDULE},
                 {"execute", GOV_TIMELOCK_EXECUTE},
                 {"cancel", GOV_TIMELOCK_CANCEL}};
    const char *step = cli_value(a, "timelock-step");
    size_t i = 0;

    if (!cli_value(a, "timelock"))
        return ERR_OK;
    TRY(cli_addr(a, "timelock", &w->timelock.at, e));
    while (i < 3 && strcmp(steps[i].name, step) != 0)
        i++;
    if (i == 3)
        return err_set(e, ERR_USAGE,
                       "--timelock-step: found \"%.40s\", expected schedule, execute or cancel",
                       step);
    w->timelock.step = steps[i].step;
    if (cli_value(a, "salt"))
        TRY(cli_hash32(a, "salt", &w->timelock.salt, e));
    if (w->timelock.step == GOV_TIMELOCK_SCHEDULE) {
        TRY(gov_timelock_min_delay(node, &w->timelock.at, &w->timelock.delay, e));
        if (cli_value(a, "timelock-delay"))
            TRY(cli_u64(a, "timelock-delay", UINT32_MAX, &w->timelock.delay, e));
    }
    w->route = gov_timelock_route(&w->timelock);
    w->has_route = true;
    return ERR_OK;
}

static enum err_code open_key(const struct cli_args *a, struct cli_writer *w,
                              struct transactor_config *config, struct err *e)
{
    const bool offline = cli_switch(a, "offline"), safe = cli_value(a, "safe-batch") != NULL;

    if (offline && safe)
        return err_set(e, ERR_USAGE, "name one of --offline and --safe-batch, not both");
    w->how = offline ? WRITER_DRAFTS : safe ? WRITER_BATCHES : WRITER_SENDS;
    if (w->how != WRITER_SENDS) {
        config->batch = safe;
        return cli_addr(a, "from", &config->from, e);
    }
    TRY(cli_key(a, &w->key, e));
    config->key = w->key;
    return ERR_OK;
}

enum err_code cli_writer_open(const struct cli_args *a, rpc *node, uint64_t chain_id,
                              struct cli_writer *ret, struct err *e)
{
    struct transactor_config config = {.node = node, .chain_id = chain_id, .clock = &clock_system};
    char dir[PATH_MAX];
    uint64_t gwei = 0;

    TRY(open_key(a, ret, &config, e));
    TRY(seconds(a, "wait", &config.wait_ms, e));
    TRY(seconds(a, "replace-after", &config.replace_ms, e));
    if (cli_value(a, "max-fee"))
        TRY(cli_u64(a, "max-fee", 1000000, &gwei, e));
    if (cli_value(a, "max-fee") && gwei == 0)
        return err_set(e, ERR_USAGE, "--max-fee: found 0, nothing is sent for that");
    config.max_fee_limit = gwei * GWEI;
    if (ret->how == WRITER_SENDS) {
        TRY(journal_dir(a, dir, e));
        config.journal_dir = dir;
    }
    TRY(open_timelock(a, node, ret, e));
    if (ret->has_route)
        config.route = &ret->route;
    return transactor_new(&config, &ret->transactor, e);
}

enum err_code cli_writer_open_signed(const struct cli_args *a, rpc *node, uint64_t chain_id,
                                     const struct addr *sender, struct cli_writer *ret,
                                     struct err *e)
{
    struct transactor_config config = {
        .node = node, .chain_id = chain_id, .clock = &clock_system, .from = *sender};
    char dir[PATH_MAX];

    TRY(seconds(a, "wait", &config.wait_ms, e));
    TRY(journal_dir(a, dir, e));
    config.journal_dir = dir;
    ret->how = WRITER_SENDS;
    return transactor_new(&config, &ret->transactor, e);
}

void cli_writer_done(struct cli_writer *w)
{
    if (w->transactor)
        transactor_free(w->transactor);
    secret_free(w->key);
    *w = (struct cli_writer){.how = WRITER_SENDS};
}

/* ---- telling ---- */

static enum err_code new_draft(const struct eth_tx *tx, const struct addr *from, json **ret,
                               struct err *e)
{
    struct buf raw AUTO_CALL(buf_done) = BUF((size_t)512 * 1024);
    AUTO(json) node = NULL;
    struct hash32 hash;

    TRY(tx_unsigned(tx, &raw, e));
    TRY(tx_signing_hash(tx, &hash, e));
    TRY(json_new_object(&node, e));
    TRY(json_put_hex0x(node, "from", BYTES_OF(*from), e));
    if (!tx->create)
        TRY(json_put_hex0x(node, "to", BYTES_OF(tx->to), e));
    TRY(json_put_u64(node, "chain_id", tx->chain_id, e));
    TRY(json_put_u64(node, "nonce", tx->nonce, e));
    TRY(json_put_u64(node, "gas", tx->gas, e));
    TRY(json_put_u64(node, "max_fee", tx->max_fee, e));
    TRY(json_put_u64(node, "max_priority_fee", tx->max_priority_fee, e));
    TRY(json_put_hex0x(node, "data", tx->data, e));
    TRY(json_put_hex0x(node, "signing_hash", BYTES_OF(hash), e));
    TRY(json_put_hex0x(node, "unsigned", buf_bytes(&raw), e));
    *ret = TAKE(node);
    return ERR_OK;
}

static enum err_code tell_drafts(const struct cli_writer *w, json *result, struct err *e)
{
    AUTO(json) list = NULL;
    const struct eth_tx *tx;

    TRY(json_new_array(&list, e));
    for (size_t i = 0; (tx = transactor_draft(w->transactor, i)); i++) {
        json *node = NULL;

        TRY(new_draft(tx, transactor_address(w->transactor), &node, e));
        TRY(json_append(list, node, e));
    }
    return json_put(result, "transactions", TAKE(list), e);
}

static enum err_code tell_batch(const struct cli_args *a, const struct cli_writer *w,
                                uint64_t chain_id, json *result, struct err *e)
{
    const struct eth_tx *txs[TRANSACTOR_DRAFTS_MAX];
    struct buf text AUTO_CALL(buf_done) = BUF((size_t)16 * 1024 * 1024);
    const char *path = cli_value(a, "safe-batch");
    AUTO(json) batch = NULL;
    char name[64];
    size_t n = 0;

    while ((txs[n] = transactor_draft(w->transactor, n)))
        n++;
    snprintf(name, sizeof name, "teereg gov %s", a->verb->name);
    TRY(safe_batch_json(chain_id, transactor_address(w->transactor), name,
                        clock_unix(&clock_system), txs, n, &batch, e));
    TRY(json_write(batch, JSON_PRETTY, &text, e));
    buf_put_u8(&text, '\n');
    TRY(buf_check(&text, e));
    TRY_IN(e, fs_write_atomic(path, buf_bytes(&text), 0644, e), "--safe-batch");
    TRY(json_put_str(result, "safe_batch", path, e));
    return json_put_u64(result, "transactions", n, e);
}

enum err_code cli_writer_tell(const struct cli_args *a, struct cli_writer *w, uint64_t chain_id,
                              json *result, const struct tx_receipt *r, struct err *e)
{
    struct tx_receipt receipt = *r;

    if (w->how == WRITER_DRAFTS)
        return tell_drafts(w, result, e);
    if (w->how == WRITER_BATCHES)
        return tell_batch(a, w, chain_id, result, e);
    if (cli_switch(a, "final"))
        TRY(transactor_wait_final(w->transactor, &receipt, FINAL_WAIT_MS, e));
    TRY(json_put_hex0x(result, "transaction", BYTES_OF(receipt.tx), e));
    TRY(json_put_u64(result, "block", receipt.block, e));
    return json_put_u64(result, "gas_used", receipt.gas_used, e);
}
