/* quorum - see quorum.h. */
#include "chain/quorum.h"
#include <stdio.h>

#define GRACE_MS  300 /* for the others, once k have answered */
#define HEDGE_MS  400 /* until the next one is asked for a proof, or one in quarantine, too */
#define NS_PER_MS 1000000u

/* ---- evidence ---- */

static void keep(struct quorum *q, size_t i, const char *what, uint64_t block,
                 const struct hash32 *said, const struct hash32 *agreed)
{
    struct quorum_conflict c = {.at = clock_unix(q->clock), .block = block};

    if (endpoints_in_quarantine(q->set, i))
        return; /* known, and said already */
    snprintf(c.endpoint, sizeof c.endpoint, "%.127s", rpc_host(endpoints_rpc(q->set, i)));
    snprintf(c.what, sizeof c.what, "%.*s", ENDPOINT_FAULT_MAX - 1, what);
    if (said)
        c.said = *said;
    if (agreed)
        c.agreed = *agreed;
    pthread_mutex_lock(&q->lock);
    q->conflict[q->n_conflicts++ % CONFLICTS_MAX] = c;
    pthread_mutex_unlock(&q->lock);
    endpoints_quarantine(q->set, i, c.what);
}

static bool is_lie(enum err_code code)
{
    return code == ERR_VERIFY || code == ERR_INVALID;
}

/* ---- rounds ---- */

struct tally {
    size_t asked, ended, answered;
    const void *result[ENDPOINTS_MAX]; /* NULL: no good answer */
    struct err worst;                  /* of those that failed; a lie before a silence */
    size_t lies;
};

static void count(struct quorum *q, endpoint_round *r, struct tally *t)
{
    t->ended = t->answered = t->lies = 0;
    for (size_t i = 0; i < endpoints_count(q->set); i++) {
        struct err e = {0};
        enum endpoint_state state = endpoint_round_state(r, i, &t->result[i], &e);

        if (state != ENDPOINT_ANSWERED)
            t->result[i] = NULL;
        t->answered += state == ENDPOINT_ANSWERED;
        t->ended += state == ENDPOINT_ANSWERED || state == ENDPOINT_FAILED;
        if (state != ENDPOINT_FAILED)
            continue;
        if (t->worst.code == ERR_OK || (is_lie(e.code) && !is_lie(t->worst.code)))
            t->worst = e;
        t->lies += is_lie(e.code);
        if (is_lie(e.code))
            keep(q, i, e.msg, 0, NULL, NULL);
    }
}

static unsigned ms_left(const struct quorum *q, uint64_t begun)
{
    uint64_t ms = (clock_ns(&clock_system) - begun) / NS_PER_MS;

    return ms >= q->deadline_ms ? 0 : (unsigned)(q->deadline_ms - ms);
}

/* Whoever is in quarantine and was left out so far. */
static void ask_the_rest(struct quorum *q, endpoint_round *r, struct tally *t)
{
    for (size_t i = 0; i < endpoints_count(q->set); i++) {
        const void *ignored;
        struct err e;

        if (endpoint_round_state(r, i, &ignored, &e) != ENDPOINT_NOT_ASKED)
            continue;
        endpoint_round_start(r, i);
        t->asked++;
    }
}

/* Until all have ended, or k have answered and a moment has passed, or the time is over.
 * patient: without the moment, for those that the first k did not suffice for.
 * Who is in quarantine is asked when the others are too few or do not suffice: it may be honest by
 * now, and those outside it silent. */
static void wait_enough(struct quorum *q, endpoint_round *r, uint64_t begun, bool patient,
                        struct tally *t)
{
    uint64_t enough_at = 0;

    if (patient)
        ask_the_rest(q, r, t);
    for (;;) {
        unsigned ms = ms_left(q, begun);

        count(q, r, t);
        if (t->answered < q->k && t->asked < endpoints_count(q->set)) {
            unsigned spent = q->deadline_ms - ms;

            if (t->ended >= t->asked || spent >= HEDGE_MS)
                ask_the_rest(q, r, t);
            else
                ms = ms < HEDGE_MS - spent ? ms : HEDGE_MS - spent;
        }
        if (t->ended >= t->asked || ms == 0)
            return;
        if (!patient && t->answered >= q->k) {
            uint64_t now = clock_ns(&clock_system), waited;

            enough_at = enough_at ? enough_at : now;
            waited = (now - enough_at) / NS_PER_MS;
            if (waited >= GRACE_MS)
                return;
            ms = ms < GRACE_MS - waited ? ms : (unsigned)(GRACE_MS - waited);
        }
        endpoint_round_wait(r, t->ended, ms);
    }
}

/* Puts a question to all that are not in quarantine (to all, where that leaves too few);
 * wait_enough puts it to the others, too, when these do not suffice. */
static enum err_code ask_all(struct quorum *q, const struct endpoint_round_kind *kind,
                             const void *question, endpoint_round **ret, struct tally *t,
                             struct err *e)
{
    size_t n = endpoints_count(q->set), free_ones = 0;

    TRY(endpoint_round_new(q->set, kind, question, ret, e));
    for (size_t i = 0; i < n; i++)
        free_ones += !endpoints_in_quarantine(q->set, i);
    for (size_t i = 0; i < n; i++)
        if (free_ones < q->k || !endpoints_in_quarantine(q->set, i)) {
            endpoint_round_start(*ret, i);
            t->asked++;
        }
    return ERR_OK;
}

static enum err_code too_few(const struct quorum *q, const struct tally *t, const char *what,
                             struct err *e)
{
    const size_t n = endpoints_count(q->set);
    const bool lies = t->lies > n - q->k;

    if (t->worst.code == ERR_OK)
        return err_set(e, t->ended < t->asked ? ERR_TIMEOUT : ERR_UPSTREAM,
                       "%s: %zu of %zu endpoints answered, %u must agree", what, t->answered, n,
                       q->k);
    return err_set(e, lies ? ERR_VERIFY : ERR_UPSTREAM,
                   "%s: %zu of %zu endpoints answered, %u must agree; %.600s", what, t->answered, n,
                   q->k, t->worst.msg);
}

/* ---- the finalized block ---- */

/* The heads, and for numbers that others call final, the blocks there. */
struct survey {
    size_t n; /* endpoints */
    const struct heads_answer *heads[ENDPOINTS_MAX];
    struct blocks_question asked;
    const struct blocks_answer *blocks[ENDPOINTS_MAX];
    const struct block_header *accepted;
};

/* The block that an endpoint has, at or below its finalized one, at this number. */
static const struct block_header *block_of(const struct survey *s, size_t i, uint64_t number)
{
    const struct heads_answer *h = s->heads[i];

    if (!h || h->finalized.id.ref.number < number)
        return NULL;
    if (h->finalized.id.ref.number == number)
        return &h->finalized;
    if (s->accepted && s->accepted->id.ref.number == number)
        return h->has_again ? &h->again : NULL;
    for (size_t k = 0; s->blocks[i] && k < s->asked.n; k++)
        if (s->asked.number[k] == number && s->blocks[i]->known[k])
            return &s->blocks[i]->block[k];
    return NULL;
}

/* The header that k endpoints have at this number; NULL: there is none. */
static const struct block_header *agreed_at(const struct survey *s, unsigned k, uint64_t number)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct block_header *mine = block_of(s, i, number);
        unsigned same = 0;

        for (size_t j = 0; mine && j < s->n; j++) {
            const struct block_header *its = block_of(s, j, number);

            same += its && hash32_eq(&its->id.ref.hash, &mine->id.ref.hash);
        }
        if (same >= k)
            return mine;
    }
    return NULL;
}

/* The numbers that may be the newest, highest first: what k endpoints have at or below their
 * finalized block, and not below the one that was accepted. */
static void candidates(struct survey *s, unsigned k)
{
    uint64_t least = s->accepted ? s->accepted->id.ref.number : 0;

    s->asked.n = 0;
    for (size_t i = 0; i < s->n; i++) {
        uint64_t number = s->heads[i] ? s->heads[i]->finalized.id.ref.number : 0;
        unsigned reach = 0;
        size_t at = 0;

        if (!s->heads[i] || number < least || (s->accepted && number == least))
            continue; /* the accepted one was asked for with the heads */
        for (size_t j = 0; j < s->n; j++)
            reach += s->heads[j] && s->heads[j]->finalized.id.ref.number >= number;
        while (at < s->asked.n && s->asked.number[at] > number)
            at++;
        if (reach < k || (at < s->asked.n && s->asked.number[at] == number))
            continue;
        memmove(&s->asked.number[at + 1], &s->asked.number[at],
                (s->asked.n - at) * sizeof s->asked.number[0]);
        s->asked.number[at] = number;
        s->asked.n++;
    }
}

static const struct block_header *best(const struct survey *s, unsigned k)
{
    for (size_t i = 0; i < s->asked.n; i++) {
        const struct block_header *h = agreed_at(s, k, s->asked.number[i]);

        if (h)
            return h;
    }
    return s->accepted ? agreed_at(s, k, s->accepted->id.ref.number) : NULL;
}

/* How many say that what was final is something else now. */
static size_t contradictions(const struct survey *s)
{
    uint64_t number = s->accepted->id.ref.number;
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++) {
        const struct block_header *its = block_of(s, i, number);

        if (s->heads[i] && s->heads[i]->finalized.id.ref.number >= number)
            n += !its || !hash32_eq(&its->id.ref.hash, &s->accepted->id.ref.hash);
    }
    return n;
}

/* Who has another block where k agree lies about one that is final. */
static void judge_others(struct quorum *q, const struct survey *s, const struct block_header *h)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct block_header *its = block_of(s, i, h->id.ref.number);

        if (its && !hash32_eq(&its->id.ref.hash, &h->id.ref.hash))
            keep(q, i, "a finalized block has another hash than the others say", h->id.ref.number,
                 &its->id.ref.hash, &h->id.ref.hash);
        else if (its)
            endpoints_pardon(q->set, i);
    }
}

static bool advances(const struct survey *s, const struct block_header *h)
{
    return h && (!s->accepted || h->id.ref.number > s->accepted->id.ref.number);
}

/* Asks those that are further for the blocks at the candidates, until all have answered or what is
 * known lets the chain go on and a moment has passed. */
static enum err_code ask_blocks(struct quorum *q, struct survey *s, endpoint_round **ret,
                                struct err *e)
{
    uint64_t begun = clock_ns(&clock_system), enough_at = 0;
    struct tally t = {0};

    TRY(endpoint_round_new(q->set, &endpoint_blocks, &s->asked, ret, e));
    for (size_t i = 0; i < s->n; i++)
        if (s->heads[i] && s->asked.n > 0 &&
            s->heads[i]->finalized.id.ref.number > s->asked.number[s->asked.n - 1]) {
            endpoint_round_start(*ret, i);
            t.asked++;
        }
    for (;;) {
        unsigned ms = ms_left(q, begun);
        uint64_t now = clock_ns(&clock_system);

        count(q, *ret, &t);
        for (size_t i = 0; i < s->n; i++)
            s->blocks[i] = t.result[i];
        if (t.ended >= t.asked || ms == 0)
            return ERR_OK;
        if (advances(s, best(s, q->k))) {
            enough_at = enough_at ? enough_at : now;
            if (now - enough_at >= GRACE_MS * (uint64_t)NS_PER_MS)
                return ERR_OK;
            ms = ms < GRACE_MS ? ms : GRACE_MS;
        }
        endpoint_round_wait(*ret, t.ended, ms);
    }
}

/* One look at what has come in; ERR_UPSTREAM: no agreement, or not yet. */
static enum err_code settle(struct quorum *q, const struct tally *heads,
                            const struct block_header *accepted, struct block_header *ret,
                            bool *ret_rewritten, struct err *e)
{
    struct survey s = {.n = endpoints_count(q->set), .accepted = accepted};
    AUTO(endpoint_round) blocks = NULL;
    const struct block_header *h;

    for (size_t i = 0; i < s.n; i++)
        s.heads[i] = heads->result[i];
    candidates(&s, q->k);
    TRY(ask_blocks(q, &s, &blocks, e));
    if (accepted && contradictions(&s) > s.n - q->k) {
        *ret_rewritten = true;
        return err_set(e, ERR_VERIFY,
                       "block %llu was final, and %zu of %zu endpoints have another there now",
                       (unsigned long long)accepted->id.ref.number, contradictions(&s), s.n);
    }
    h = best(&s, q->k);
    if (!h)
        return too_few(q, heads, "finalized block", e);
    if (accepted) {
        const struct block_header *again = agreed_at(&s, q->k, accepted->id.ref.number);

        if (!again || !hash32_eq(&again->id.ref.hash, &accepted->id.ref.hash))
            return err_set(e, ERR_UPSTREAM, "fewer than %u endpoints confirm block %llu", q->k,
                           (unsigned long long)accepted->id.ref.number);
        judge_others(q, &s, again);
    }
    judge_others(q, &s, h);
    *ret = *h;
    return ERR_OK;
}

/* May those who have not answered yet, with those who claim a block after the accepted one, be k?
 */
static bool may_advance(const struct quorum *q, endpoint_round *r,
                        const struct block_header *accepted)
{
    size_t open = 0, further = 0;

    for (size_t i = 0; i < endpoints_count(q->set); i++) {
        const void *result = NULL;
        struct err e;
        enum endpoint_state state = endpoint_round_state(r, i, &result, &e);
        const struct heads_answer *h = result;

        open += state == ENDPOINT_NOT_ASKED || state == ENDPOINT_ASKED;
        further += h && h->finalized.id.ref.number > accepted->id.ref.number;
    }
    return open > 0 && open + further >= q->k;
}

enum err_code quorum_finalized(struct quorum *q, const struct block_header *accepted,
                               struct block_header *ret, bool *ret_rewritten, struct err *e)
{
    const struct heads_question question = {.chain_id = q->chain_id,
                                            .has_again = accepted,
                                            .again = accepted ? accepted->id.ref.number : 0};
    uint64_t begun = clock_ns(&clock_system);
    AUTO(endpoint_round) round = NULL;
    struct tally t = {0};
    enum err_code code;

    *ret_rewritten = false;
    TRY(ask_all(q, &endpoint_heads, &question, &round, &t, e));
    wait_enough(q, round, begun, false, &t);
    for (size_t i = 0; i < endpoints_count(q->set); i++) {
        const struct heads_answer *h = t.result[i];

        if (h)
            endpoints_note_blocks(q->set, i, h->finalized.id.ref.number, h->latest.id.ref.number);
    }
    if (t.answered >= q->k) {
        code = settle(q, &t, accepted, ret, ret_rewritten, e);
        if (*ret_rewritten ||
            (code == ERR_OK && (!accepted || ret->id.ref.number > accepted->id.ref.number ||
                                !may_advance(q, round, accepted))))
            return code;
    }
    /* Those who were fast did not agree, or only on what is known while k others may know more: the
     * slow ones count too, and those in quarantine. */
    wait_enough(q, round, begun, true, &t);
    if (t.answered < q->k)
        return too_few(q, &t, "finalized block", e);
    return settle(q, &t, accepted, ret, ret_rewritten, e);
}

enum err_code quorum_block(struct quorum *q, uint64_t number, struct block_header *ret,
                           struct err *e)
{
    const struct blocks_question question = {.n = 1, .number = {number}};
    uint64_t begun = clock_ns(&clock_system);
    AUTO(endpoint_round) round = NULL;
    struct tally t = {0};

    TRY(ask_all(q, &endpoint_blocks, &question, &round, &t, e));
    for (int patient = 0; patient < 2; patient++) {
        wait_enough(q, round, begun, patient, &t);
        for (size_t i = 0; i < endpoints_count(q->set); i++) {
            const struct blocks_answer *mine = t.result[i];
            unsigned same = 0;

            for (size_t j = 0; mine && mine->known[0] && j < endpoints_count(q->set); j++) {
                const struct blocks_answer *its = t.result[j];

                same += its && its->known[0] &&
                        hash32_eq(&its->block[0].id.ref.hash, &mine->block[0].id.ref.hash);
            }
            if (same >= q->k) {
                *ret = mine->block[0];
                return ERR_OK;
            }
        }
    }
    if (t.answered < q->k)
        return too_few(q, &t, "block", e);
    return err_set(e, ERR_VERIFY, "%u endpoints agree on no block %llu", q->k,
                   (unsigned long long)number);
}

/* ---- proofs ---- */

static enum err_code prove_some(struct quorum *q, const struct block_header *at,
                                const struct fact_key *keys, size_t n, struct hash32 *ret_values,
                                struct err *e)
{
    struct prove_question *question = calloc(1, sizeof *question);
    AUTO(endpoint_round) round = NULL;
    size_t order[ENDPOINTS_MAX], total = endpoints_count(q->set);
    uint64_t begun = clock_ns(&clock_system);
    struct tally t = {0};
    enum err_code code;

    if (!question)
        return err_set(e, ERR_NOMEM, "proofs");
    question->at = *at;
    question->n = n;
    memcpy(question->key, keys, n * sizeof *keys);
    code = endpoint_round_new(q->set, &endpoint_prove, question, &round, e);
    free(question);
    TRY(code);
    endpoints_order(q->set, order);
    while (ms_left(q, begun) > 0) {
        unsigned ms = ms_left(q, begun);

        if (t.asked < total)
            endpoint_round_start(round, order[t.asked++]);
        endpoint_round_wait(round, t.ended, t.asked < total && ms > HEDGE_MS ? HEDGE_MS : ms);
        count(q, round, &t);
        for (size_t i = 0; i < total; i++)
            if (t.result[i]) {
                memcpy(ret_values, ((const struct prove_answer *)t.result[i])->value,
                       n * sizeof *ret_values);
                return ERR_OK;
            }
        if (t.ended == total)
            break;
    }
    return err_set(e, ERR_UPSTREAM,
                   "no endpoint proves the state of block %llu (does it keep proofs that far "
                   "back?): %.600s",
                   (unsigned long long)at->id.ref.number,
                   t.worst.code != ERR_OK ? t.worst.msg : "none answered in time");
}

enum err_code quorum_prove(struct quorum *q, const struct block_header *at,
                           const struct fact_key *keys, size_t n, struct hash32 *ret_values,
                           struct err *e)
{
    for (size_t done = 0; done < n;) {
        size_t some = n - done < PROVE_MAX ? n - done : PROVE_MAX;

        TRY(prove_some(q, at, keys + done, some, ret_values + done, e));
        done += some;
    }
    return ERR_OK;
}

/* One value on which k agree. */
static bool agreed_value(const struct latest_answer *const answers[], size_t n, unsigned k,
                         size_t key, struct hash32 *ret)
{
    for (size_t i = 0; i < n; i++) {
        unsigned same = 0;

        for (size_t j = 0; answers[i] && j < n; j++)
            same += answers[j] && hash32_eq(&answers[j]->value[key], &answers[i]->value[key]);
        if (same >= k) {
            *ret = answers[i]->value[key];
            return true;
        }
    }
    return false;
}

/* As far as one honest endpoint has come: at most n - k lie, so that of the highest n - k + 1
 * numbers one is honest, and nobody who makes up a block far ahead is believed.  What differs from
 * block `from` is after it, whoever says otherwise. */
static uint64_t newest_number(const struct quorum *q, const struct latest_answer *const answers[],
                              uint64_t from)
{
    const size_t n = endpoints_count(q->set), enough = n - q->k + 1;
    uint64_t best = from + 1;

    for (size_t i = 0; i < n; i++) {
        const uint64_t mine = answers[i] ? answers[i]->at.id.ref.number : 0;
        size_t reached = 0;

        for (size_t j = 0; j < n; j++)
            reached += answers[j] && answers[j]->at.id.ref.number >= mine;
        if (reached >= enough && mine > best)
            best = mine;
    }
    return best;
}

/* What k of them have reached.  Fewer than k lie (2k > n), so that one of these k is honest, and
 * nobody is told a time that has not come; k honest ones are enough to reach it. */
static uint64_t agreed_time(const struct latest_answer *const answers[], size_t n, unsigned k)
{
    uint64_t best = 0;

    for (size_t i = 0; i < n; i++) {
        const uint64_t mine = answers[i] ? answers[i]->at.id.timestamp : 0;
        unsigned reached = 0;

        for (size_t j = 0; j < n; j++)
            reached += answers[j] && answers[j]->at.id.timestamp >= mine;
        if (reached >= k && mine > best)
            best = mine;
    }
    return best;
}

enum err_code quorum_latest(struct quorum *q, uint64_t from, const struct fact_key *keys, size_t n,
                            struct quorum_latest *ret, struct err *e)
{
    struct prove_question *question = calloc(1, sizeof *question);
    const struct latest_answer *answers[ENDPOINTS_MAX] = {0};
    uint64_t begun = clock_ns(&clock_system);
    AUTO(endpoint_round) round = NULL;
    struct tally t = {0};
    size_t fit = 0;
    enum err_code code;

    if (!question || n > PROVE_MAX) {
        free(question);
        return err_set(e, question ? ERR_INTERNAL : ERR_NOMEM, "newest proofs");
    }
    question->n = n;
    memcpy(question->key, keys, n * sizeof *keys);
    code = ask_all(q, &endpoint_prove_latest, question, &round, &t, e);
    free(question);
    TRY(code);
    for (int patient = 0; patient < 2; patient++) {
        bool all = true;

        wait_enough(q, round, begun, patient, &t);
        *ret = (struct quorum_latest){0};
        fit = 0;
        for (size_t i = 0; i < endpoints_count(q->set); i++) {
            const struct latest_answer *a = t.result[i];

            if (!a || a->at.id.ref.number < from)
                continue;
            answers[i] = a;
            fit++;
        }
        ret->number = newest_number(q, answers, from);
        ret->time = agreed_time(answers, endpoints_count(q->set), q->k);
        for (size_t key = 0; key < n; key++) {
            ret->agreed[key] =
                agreed_value(answers, endpoints_count(q->set), q->k, key, &ret->value[key]);
            all = all && ret->agreed[key];
        }
        if (fit >= q->k && all)
            return ERR_OK;
    }
    return fit < q->k ? too_few(q, &t, "newest block", e) : ERR_OK;
}

/* ---- bodies ---- */

enum err_code quorum_body(struct quorum *q, const struct body_question *question, struct buf *ret,
                          struct err *e)
{
    uint64_t begun = clock_ns(&clock_system);
    AUTO(endpoint_round) round = NULL;
    struct tally t = {0};

    TRY(ask_all(q, &endpoint_body, question, &round, &t, e));
    for (int patient = 0; patient < 2; patient++) {
        wait_enough(q, round, begun, patient, &t);
        for (size_t i = 0; i < endpoints_count(q->set); i++) {
            const struct body_answer *mine = t.result[i];
            unsigned same = 0;

            for (size_t j = 0; mine && j < endpoints_count(q->set); j++) {
                const struct body_answer *its = t.result[j];

                same += its && bytes_eq(buf_bytes(&its->data), buf_bytes(&mine->data));
            }
            if (same >= q->k) {
                buf_put(ret, buf_bytes(&mine->data));
                return buf_check(ret, e);
            }
        }
    }
    /* A revert is the contract's word, where nobody says otherwise. */
    if (t.answered == 0 && t.worst.code == ERR_DENIED) {
        *e = t.worst;
        return e->code;
    }
    return too_few(q, &t, "a body", e);
}
