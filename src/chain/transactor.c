/* transactor - see transactor.h.  The node's words are read in transactor_node.c. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "base/codec.h"
#include "chain/journal.h"
#include "chain/node_read.h"
#include "chain/transactor_node.h"
#include "crypto/digest.h"
#include "crypto/secp256k1.h"

#define WAIT_MS     120000
#define REPLACE_MS  60000
#define POLL_MIN_MS 100
#define POLL_MAX_MS 1000
#define NS_PER_MS   1000000u

struct draft {
    struct eth_tx tx;
    struct buf data;
};

struct transactor {
    rpc *node;
    const secret *key;
    const struct clock *clock;
    const struct tx_route *route;
    uint64_t chain_id, max_fee_limit;
    unsigned wait_ms, replace_ms;
    bool batch;
    struct addr address;
    char *journal_dir;
    pthread_mutex_t turn; /* one transaction at a time, from its number to its receipt */
    journal *journal;     /* once the chain's first block is known */
    size_t n_drafts;
    struct draft drafts[TRANSACTOR_DRAFTS_MAX];
};

enum err_code transactor_new(const struct transactor_config *config, transactor **ret,
                             struct err *e)
{
    AUTO(transactor) t = NULL;
    struct addr address = config->from;

    if (config->key)
        TRY_IN(e, secp256k1_address(config->key, &address, e), "signing key");
    t = calloc(1, sizeof *t);
    if (!t)
        return err_set(e, ERR_NOMEM, "transactor");
    pthread_mutex_init(&t->turn, NULL);
    t->node = config->node;
    t->key = config->key;
    t->clock = config->clock;
    t->route = config->route;
    t->chain_id = config->chain_id;
    t->batch = config->batch;
    t->max_fee_limit = config->max_fee_limit ? config->max_fee_limit : FEES_LIMIT;
    t->wait_ms = config->wait_ms ? config->wait_ms : WAIT_MS;
    t->replace_ms = config->replace_ms ? config->replace_ms : REPLACE_MS;
    t->address = address;
    if (config->journal_dir) {
        t->journal_dir = strdup(config->journal_dir);
        if (!t->journal_dir)
            return err_set(e, ERR_NOMEM, "transactor");
    }
    *ret = TAKE(t);
    return ERR_OK;
}

void transactor_free(transactor *t)
{
    if (!t)
        return;
    while (t->n_drafts > 0)
        buf_done(&t->drafts[--t->n_drafts].data);
    if (t->journal)
        journal_free(t->journal);
    free(t->journal_dir);
    pthread_mutex_destroy(&t->turn);
    free(t);
}

const struct addr *transactor_address(const transactor *t)
{
    return &t->address;
}

/* ---- one call on its way ---- */

struct journey {
    struct node_call call;
    struct hash32 what; /* journal_entry.call */
    struct node_terms terms;
    uint64_t nonce;
    struct fees fees;
    size_t n; /* signed forms, as in the journal */
    struct hash32 hashes[JOURNAL_RAWS_MAX];
    bool may_replace;
};

static struct hash32 what_it_does(const struct node_call *call)
{
    const uint8_t creates = call->to == NULL;
    struct hash32 h;

    SHA256_OF(&h, ((struct bytes){&creates, 1}), call->to ? BYTES_OF(*call->to) : (struct bytes){0},
              call->data);
    return h;
}

static enum err_code open_journal(transactor *t, const struct hash32 *genesis, struct err *e)
{
    if (t->journal)
        return ERR_OK;
    return journal_new(t->journal_dir, t->chain_id, genesis, &t->address, &t->journal, e);
}

static struct eth_tx tx_of(const transactor *t, const struct journey *j)
{
    struct eth_tx tx = {.chain_id = t->chain_id,
                        .nonce = j->nonce,
                        .max_priority_fee = j->fees.tip,
                        .max_fee = j->fees.max,
                        .gas = j->terms.gas,
                        .create = j->call.to == NULL,
                        .data = j->call.data};

    if (j->call.to)
        tx.to = *j->call.to;
    return tx;
}

static enum err_code sign(const transactor *t, const struct journey *j, struct buf *ret_raw,
                          struct hash32 *ret_hash, struct err *e)
{
    const struct eth_tx tx = tx_of(t, j);

    return tx_sign(&tx, t->key, ret_raw, ret_hash, e);
}

/* Is the same call the last thing that this account has sent, and is it unknown how it went?  Then
 * whoever sent it was cut off, and this is it again.  When anything was sent after it, the same
 * call means to do it once more. */
static const struct journal_entry *cut_off(const struct journal_entries *list,
                                           const struct journey *j)
{
    const struct journal_entry *last = list->n > 0 ? &list->entry[list->n - 1] : NULL;

    if (!last || last->told || !hash32_eq(&last->call, &j->what) ||
        j->terms.pending > last->nonce + 1)
        return NULL;
    return last;
}

static enum err_code take_up(struct journey *j, const struct journal_entry *entry, struct err *e)
{
    struct tx_parsed last = {0};

    j->nonce = entry->nonce;
    for (size_t i = 0; i < entry->n_raws; i++)
        keccak256(buf_bytes(&entry->raw[i]), &j->hashes[j->n++]);
    TRY_IN(e, tx_parse(buf_bytes(&entry->raw[entry->n_raws - 1]), &last, e), "journal");
    j->fees = (struct fees){last.tx.max_fee, last.tx.max_priority_fee};
    j->terms.gas = last.tx.gas;
    return ERR_OK;
}

/* What stands in the journal and is not in a block: the node may have lost it, and then nothing
 * that comes after is ever included. */
static void send_again(transactor *t, const struct journal_entries *list, uint64_t included)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct journal_entry *entry = &list->entry[i];
        struct bytes raw = buf_bytes(&entry->raw[entry->n_raws - 1]);
        struct hash32 hash;
        struct err ignored;

        if (entry->nonce < included)
            continue;
        keccak256(raw, &hash);
        (void)node_send_raw(t->node, raw, &hash, &ignored);
    }
}

static enum err_code unclear(const struct journey *j, struct err *e)
{
    char hash[HEX_LEN(32) + 1] = {0};

    hex_encode(BYTES_OF(j->hashes[j->n - 1]), hash);
    return err_wrap(e, "transaction %s may have been sent (run the same again: it goes on)", hash);
}

/* Into the journal, then to the node.  Only a plain refusal takes it out of the journal again. */
static enum err_code hand_over(transactor *t, struct journal_entries *list, struct journey *j,
                               struct bytes raw, struct err *e)
{
    TRY(journal_add(list, j->nonce, &j->what, raw, e));
    TRY(journal_save(t->journal, e));
    keccak256(raw, &j->hashes[j->n++]);
    switch (node_send_raw(t->node, raw, &j->hashes[0], e)) {
    case NODE_TOOK_IT:
        return ERR_OK;
    case NODE_REFUSED_IT: {
        const struct err why = *e;

        journal_remove(list, j->nonce);
        TRY(journal_save(t->journal, e));
        *e = why;
        return e->code;
    }
    case NODE_IS_SILENT:
        break;
    }
    return unclear(j, e);
}

static enum err_code would_fail(const transactor *t, const struct node_terms *terms, struct err *e)
{
    const struct rpc_call call = {.method = "eth_estimateGas", .ret_fault = terms->refused};

    TRY_IN(e, rpc_check(t->node, &call, e), "nothing was sent");
    return ERR_OK;
}

static enum err_code begin(transactor *t, struct journal_entries *list, struct journey *j,
                           struct err *e)
{
    const struct journal_entry *old;
    struct buf raw AUTO_CALL(buf_done) = BUF(JOURNAL_RAW_MAX);
    struct hash32 hash;

    journal_forget_told(list, j->terms.final);
    send_again(t, list, j->terms.included);
    old = cut_off(list, j);
    if (old)
        return take_up(j, old, e);
    TRY(would_fail(t, &j->terms, e));
    j->nonce = j->terms.pending;
    if (list->n > 0 && list->entry[list->n - 1].nonce >= j->nonce)
        j->nonce = list->entry[list->n - 1].nonce + 1;
    /* Where room is needed: what is in blocks and was told of, and what is final. */
    while (list->n == JOURNAL_ENTRIES_MAX &&
           list->entry[0].nonce < (list->entry[0].told ? j->terms.included : j->terms.final))
        journal_remove(list, list->entry[0].nonce);
    TRY(sign(t, j, &raw, &hash, e));
    return hand_over(t, list, j, buf_bytes(&raw), e);
}

/* The same again, for more. */
static enum err_code replace(transactor *t, struct journal_entries *list, struct journey *j,
                             struct err *e)
{
    struct journal_entry *entry = journal_find(list, j->nonce);
    struct buf raw AUTO_CALL(buf_done) = BUF(JOURNAL_RAW_MAX);
    struct journey next = *j;
    struct fees now;
    struct hash32 hash;

    if (!entry || entry->n_raws == JOURNAL_RAWS_MAX)
        return ERR_OK;
    TRY(node_ask_fees(t->node, t->max_fee_limit, &now, e));
    TRY(fees_bump(&j->fees, &now, t->max_fee_limit, &next.fees, e));
    TRY(sign(t, &next, &raw, &hash, e));
    TRY(journal_add_raw(entry, buf_bytes(&raw), e));
    TRY(journal_save(t->journal, e));
    next.hashes[next.n++] = hash;
    *j = next;
    /* Refused or not: one of the forms that the journal holds is included, or none. */
    if (node_send_raw(t->node, buf_bytes(&raw), &hash, e) != NODE_TOOK_IT)
        return e->code;
    return ERR_OK;
}

/* ---- the receipt ---- */

static void pause_ms(unsigned ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000,
                                   .tv_nsec = (long)(ms % 1000) * (long)NS_PER_MS};

    nanosleep(&pause, NULL);
}

static uint64_t spent_ms(const transactor *t, uint64_t since)
{
    return (clock_ns(t->clock) - since) / NS_PER_MS;
}

static enum err_code too_late(const transactor *t, const struct journey *j, const struct err *why,
                              struct err *e)
{
    const struct err reason = *why;
    char hash[HEX_LEN(32) + 1] = {0};

    hex_encode(BYTES_OF(j->hashes[j->n - 1]), hash);
    return err_set(e, ERR_TIMEOUT,
                   "transaction %s: sent, not included within %u ms (run the same again: it waits "
                   "on): %s",
                   hash, t->wait_ms, reason.msg);
}

static enum err_code failed_there(const transactor *t, const struct journey *j,
                                  const struct tx_receipt *r, struct err *e)
{
    char hash[HEX_LEN(32) + 1] = {0}, reason[320];

    hex_encode(BYTES_OF(r->tx), hash);
    node_ask_reason(t->node, &j->call, &r->block_hash, reason, sizeof reason);
    return err_set(e, ERR_DENIED, "transaction %s: included in block %llu, and it failed there%s%s",
                   hash, (unsigned long long)r->block, *reason ? ": " : "", reason);
}

/* Under the journal's lock: what became of it is known, or somebody else used its number. */
static enum err_code settle(transactor *t, const struct journey *j, bool included, struct err *e)
{
    struct journal_entries *list;
    struct journal_entry *entry;
    enum err_code rc;

    TRY(journal_take(t->journal, &list, e));
    entry = journal_find(list, j->nonce);
    if (entry && included)
        entry->told = true;
    else if (entry)
        journal_remove(list, j->nonce);
    rc = journal_save(t->journal, e);
    journal_give(t->journal);
    return rc;
}

static enum err_code try_replacing(transactor *t, struct journey *j, struct err *e)
{
    struct journal_entries *list;
    enum err_code rc;

    TRY(journal_take(t->journal, &list, e));
    rc = replace(t, list, j, e);
    journal_give(t->journal);
    return rc;
}

/* Signed forms that another process, which waits for the same, has made since. */
static enum err_code learn(transactor *t, struct journey *j, bool *ret_more, struct err *e)
{
    struct journal_entries *list;
    const struct journal_entry *entry;
    const size_t before = j->n;

    TRY(journal_take(t->journal, &list, e));
    entry = journal_find(list, j->nonce);
    for (j->n = entry ? 0 : before; entry && j->n < entry->n_raws; j->n++)
        keccak256(buf_bytes(&entry->raw[j->n]), &j->hashes[j->n]);
    journal_give(t->journal);
    if (!entry)
        return err_set(e, ERR_DENIED,
                       "number %llu is final, and another process was told how it went: "
                       "`teereg gov history` shows what was done",
                       (unsigned long long)j->nonce);
    *ret_more = j->n > before;
    return ERR_OK;
}

static enum err_code wait_receipt(transactor *t, struct journey *j, struct tx_receipt *ret,
                                  struct err *e)
{
    uint64_t start = clock_ns(t->clock), since = start, status = 0, final = 0;
    unsigned poll = POLL_MIN_MS;
    struct err replacing = {0};
    bool used_up = false, more;

    for (;;) {
        enum err_code code =
            node_ask_receipt(t->node, &t->address, j->hashes, j->n, ret, &status, &final, e);

        if (code == ERR_OK)
            break;
        /* A node that stumbles while we wait does not undo the transaction: ask on. */
        /* Its number is used up for good, and no receipt is ours: looked at once more, because it
         * may have been included between the node's two answers. */
        if (code == ERR_NOT_FOUND && final > j->nonce && used_up) {
            TRY(learn(t, j, &more, e));
            if (more)
                continue;
            TRY(settle(t, j, false, e));
            return err_set(e, ERR_DENIED,
                           "another transaction of this account has number %llu, and it is final: "
                           "nothing of this was done",
                           (unsigned long long)j->nonce);
        }
        used_up = code == ERR_NOT_FOUND && final > j->nonce;
        if (spent_ms(t, start) >= t->wait_ms)
            return too_late(t, j, replacing.code != ERR_OK ? &replacing : e, e);
        if (j->may_replace && spent_ms(t, since) >= t->replace_ms) {
            if (try_replacing(t, j, &replacing) == ERR_OK)
                replacing = (struct err){0};
            since = clock_ns(t->clock);
        }
        pause_ms(poll);
        poll = poll * 2 < POLL_MAX_MS ? poll * 2 : POLL_MAX_MS;
    }
    TRY(settle(t, j, true, e));
    return status == 1 ? ERR_OK : failed_there(t, j, ret, e);
}

/* ---- drafts ---- */

const struct eth_tx *transactor_draft(const transactor *t, size_t i)
{
    return i < t->n_drafts ? &t->drafts[i].tx : NULL;
}

static enum err_code add_draft(transactor *t, struct journey *j, struct err *e)
{
    struct draft *d = &t->drafts[t->n_drafts];

    if (t->n_drafts == TRANSACTOR_DRAFTS_MAX)
        return err_set(e, ERR_TOO_LARGE, "more than %d transactions at once",
                       TRANSACTOR_DRAFTS_MAX);
    /* What comes later in a batch may rest on what comes before. */
    if (!t->batch || t->n_drafts == 0)
        TRY_IN(e, would_fail(t, &j->terms, e), "transaction %zu", t->n_drafts + 1);
    j->nonce = j->terms.pending + t->n_drafts;
    j->fees = j->terms.fees;
    *d = (struct draft){.tx = tx_of(t, j), .data = BUF(JOURNAL_RAW_MAX)};
    buf_put(&d->data, j->call.data);
    TRY_IN(e, buf_check(&d->data, e), "transaction");
    d->tx.data = buf_bytes(&d->data);
    t->n_drafts++;
    return ERR_OK;
}

/* ---- the story ---- */

static enum err_code go(transactor *t, struct journey *j, struct tx_receipt *ret, struct err *e)
{
    struct tx_receipt receipt = {.block = 0};
    struct journal_entries *list;
    enum err_code rc;

    TRY_IN(e, node_ask_terms(t->node, t->chain_id, &j->call, t->max_fee_limit, &j->terms, e),
           "nothing was sent");
    if (!t->key) {
        rc = add_draft(t, j, e);
    } else {
        j->fees = j->terms.fees;
        j->may_replace = true;
        TRY(open_journal(t, &j->terms.genesis, e));
        TRY(journal_take(t->journal, &list, e));
        rc = begin(t, list, j, e);
        journal_give(t->journal);
        if (rc == ERR_OK)
            rc = wait_receipt(t, j, &receipt, e);
    }
    if (rc != ERR_OK)
        return rc;
    if (!j->call.to)
        tx_contract_address(&t->address, j->nonce, &receipt.contract);
    *ret = receipt;
    return ERR_OK;
}

enum err_code transactor_send(transactor *t, const struct addr *to, struct bytes data,
                              struct tx_receipt *ret, struct err *e)
{
    struct buf wrapped AUTO_CALL(buf_done) = BUF(JOURNAL_RAW_MAX);
    struct journey j = {.call = {&t->address, to, data}};
    struct tx_receipt receipt;
    struct addr routed;
    enum err_code code;

    if (t->route && !to)
        return err_set(e, ERR_USAGE,
                       "a new contract cannot be made that way: deploy it with an "
                       "ordinary account and name its owner");
    if (t->route) {
        TRY(t->route->wrap(t->route->self, to, data, &routed, &wrapped, e));
        j.call.to = &routed;
        j.call.data = buf_bytes(&wrapped);
    }
    j.what = what_it_does(&j.call);
    pthread_mutex_lock(&t->turn);
    code = go(t, &j, &receipt, e);
    pthread_mutex_unlock(&t->turn);
    if (code == ERR_OK && ret)
        *ret = receipt;
    return code;
}

/* ---- signed elsewhere ---- */

static enum err_code begin_signed(transactor *t, struct journal_entries *list, struct journey *j,
                                  struct bytes raw, struct err *e)
{
    const struct journal_entry *old = journal_find(list, j->nonce);

    if (old && old->n_raws == 1 && bytes_eq(buf_bytes(&old->raw[0]), raw)) {
        keccak256(raw, &j->hashes[j->n++]);
        send_again(t, list, j->terms.included);
        return ERR_OK;
    }
    if (old)
        return err_set(e, ERR_DENIED, "another transaction with number %llu was sent from here",
                       (unsigned long long)j->nonce);
    if (list->n > 0 && list->entry[list->n - 1].nonce > j->nonce)
        return err_set(e, ERR_DENIED, "number %llu is used already", (unsigned long long)j->nonce);
    return hand_over(t, list, j, raw, e);
}

static enum err_code go_signed(transactor *t, struct journey *j, struct bytes raw,
                               struct tx_receipt *ret, struct err *e)
{
    struct tx_receipt receipt = {.block = 0};
    struct journal_entries *list;
    enum err_code rc;

    TRY_IN(e, node_ask_terms(t->node, t->chain_id, &j->call, UINT64_MAX, &j->terms, e),
           "nothing was sent");
    TRY(open_journal(t, &j->terms.genesis, e));
    TRY(journal_take(t->journal, &list, e));
    journal_forget_told(list, j->terms.final);
    rc = begin_signed(t, list, j, raw, e);
    journal_give(t->journal);
    TRY(rc);
    TRY(wait_receipt(t, j, &receipt, e));
    if (!j->call.to)
        tx_contract_address(&t->address, j->nonce, &receipt.contract);
    *ret = receipt;
    return ERR_OK;
}

enum err_code transactor_send_signed(transactor *t, struct bytes raw, struct tx_receipt *ret,
                                     struct err *e)
{
    struct tx_parsed parsed = {0};
    struct journey j = {.call = {.from = &t->address}};
    struct tx_receipt receipt;
    enum err_code code;

    TRY(tx_parse(raw, &parsed, e));
    if (!parsed.is_signed)
        return err_set(e, ERR_INVALID, "transaction: it is not signed");
    if (parsed.tx.chain_id != t->chain_id)
        return err_set(e, ERR_INVALID, "transaction: of chain %llu, expected %llu",
                       (unsigned long long)parsed.tx.chain_id, (unsigned long long)t->chain_id);
    if (!addr_eq(&parsed.sender, &t->address))
        return err_set(e, ERR_INVALID, "transaction: signed by another account than expected");
    j.call.to = parsed.tx.create ? NULL : &parsed.tx.to;
    j.call.data = parsed.tx.data;
    j.nonce = parsed.tx.nonce;
    j.what = what_it_does(&j.call);
    pthread_mutex_lock(&t->turn);
    code = go_signed(t, &j, raw, &receipt, e);
    pthread_mutex_unlock(&t->turn);
    if (code == ERR_OK && ret)
        *ret = receipt;
    return code;
}

/* ---- finality ---- */

/* The signed forms of what this receipt is of, sent again where no block holds them. */
static enum err_code bring_back(transactor *t, const struct hash32 *hash, struct err *e)
{
    struct journal_entries *list;

    if (!t->journal)
        return ERR_OK;
    TRY(journal_take(t->journal, &list, e));
    for (size_t i = 0; i < list->n; i++)
        for (size_t k = 0; k < list->entry[i].n_raws; k++) {
            struct hash32 found;
            struct err ignored;

            keccak256(buf_bytes(&list->entry[i].raw[k]), &found);
            if (hash32_eq(&found, hash))
                (void)node_send_raw(t->node, buf_bytes(&list->entry[i].raw[k]), hash, &ignored);
        }
    journal_give(t->journal);
    return ERR_OK;
}

/* One look: ERR_OK when final, ERR_NOT_FOUND when not yet. */
static enum err_code look(transactor *t, struct tx_receipt *r, struct err *e)
{
    struct tx_receipt seen = {.block = 0};
    struct finalized_block final, there;
    uint64_t status, count, chain_id;
    enum err_code rc;
    bool known;

    rc = node_ask_receipt(t->node, &t->address, &r->tx, 1, &seen, &status, &count, e);
    if (rc == ERR_NOT_FOUND) {
        TRY(bring_back(t, &r->tx, e));
        return err_set(e, ERR_NOT_FOUND, "its block left the chain, and no other holds it yet");
    }
    TRY(rc);
    seen.contract = r->contract;
    *r = seen;
    if (status != 1)
        return err_set(e, ERR_DENIED,
                       "after a reorganisation it is in block %llu, and failed there",
                       (unsigned long long)r->block);
    TRY(node_read_head(t->node, &r->block, &chain_id, &final, &there, &known, e));
    if (chain_id != t->chain_id)
        return err_set(e, ERR_VERIFY, "the node is on another chain now");
    if (final.ref.number < r->block || !known || !hash32_eq(&there.ref.hash, &r->block_hash))
        return err_set(e, ERR_NOT_FOUND, "block %llu is not final", (unsigned long long)r->block);
    return ERR_OK;
}

enum err_code transactor_wait_final(transactor *t, struct tx_receipt *r, unsigned wait_ms,
                                    struct err *e)
{
    const uint64_t start = clock_ns(t->clock);
    char hash[HEX_LEN(32) + 1] = {0};

    hex_encode(BYTES_OF(r->tx), hash);
    for (;;) {
        enum err_code rc = look(t, r, e);

        if (rc == ERR_OK)
            return ERR_OK;
        if (rc == ERR_DENIED || rc == ERR_VERIFY)
            return err_wrap(e, "transaction %s", hash);
        if (spent_ms(t, start) >= wait_ms) {
            e->code = ERR_TIMEOUT;
            return err_wrap(e, "transaction %s: not final within %u s", hash, wait_ms / 1000);
        }
        pause_ms(POLL_MIN_MS);
    }
}
