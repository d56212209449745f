/* endpoints - several nodes, asked at once; who answers, who is silent, who lies.  Room: chain.
 *
 * A round puts one question to some of them, each in a thread of its own with its own deadline, and
 * whoever began it goes on as soon as enough have answered: the slow ones end by themselves and
 * are heard no more.  All functions may be called from any thread. */
#pragma once
#include "chain/rpc.h"
#include "chain/view.h"

#define ENDPOINTS_MAX      CHAIN_ENDPOINTS_MAX
#define ENDPOINT_FAULT_MAX 200

struct endpoint_config {
    const char *url;     /* https, or plain http to a literal loopback address */
    struct bytes ca_pem; /* empty: the system's authorities */
};

/* Does it name a literal loopback address?  Such a node may be spoken to in the clear. */
bool endpoint_is_loopback(const char *url);

typedef struct endpoints endpoints;
/* deadline_ms: of one question to one of them.  Copies the configurations. */
MUST_CHECK enum err_code endpoints_new(const struct endpoint_config *list, size_t n,
                                       unsigned deadline_ms, const struct clock *clock,
                                       endpoints **ret, struct err *e);
/* Waits for the errands that are still out: a few questions each, with that deadline each. */
void endpoints_free(endpoints *s);
DEFINE_AUTO(endpoints, endpoints_free);
size_t endpoints_count(const endpoints *s);
rpc *endpoints_rpc(const endpoints *s, size_t i);

/* ---- what is known of each ---- */

void endpoints_health(const endpoints *s, size_t i, struct chain_endpoint *ret);
/* Its newest blocks, as it says, for endpoints_health. */
void endpoints_note_blocks(endpoints *s, size_t i, uint64_t finalized, uint64_t latest);
/* It was found to lie: for a minute, twice as long each time, up to an hour, it is asked last, and
 * only when the others are too few or do not agree. */
void endpoints_quarantine(endpoints *s, size_t i, const char *why);
bool endpoints_in_quarantine(const endpoints *s, size_t i);
/* Its lies are behind it: it agreed with the others again. */
void endpoints_pardon(endpoints *s, size_t i);
/* All of them, the best to ask first in front: those that work, then the others, the ones in
 * quarantine last. */
void endpoints_order(const endpoints *s, size_t ret[static ENDPOINTS_MAX]);

/* ---- rounds ---- */

/* Asks one node; question is the round's copy, result its place for this endpoint (zero).  Runs
 * in a thread of its own.  ERR_VERIFY and ERR_INVALID: what came is wrong whatever the others say.
 */
typedef enum err_code endpoint_ask(rpc *node, const void *question, void *result, struct err *e);

typedef struct endpoint_round endpoint_round;
struct endpoint_round_kind {
    endpoint_ask *ask;
    size_t question_size, result_size;
    void (*result_done)(void *result); /* NULL: nothing is owned */
};
MUST_CHECK enum err_code endpoint_round_new(endpoints *s, const struct endpoint_round_kind *kind,
                                            const void *question, endpoint_round **ret,
                                            struct err *e);
/* The round's memory goes when its last thread ends. */
void endpoint_round_free(endpoint_round *r);
DEFINE_AUTO(endpoint_round, endpoint_round_free);
/* Puts the question to this one; one that has too many out already fails at once. */
void endpoint_round_start(endpoint_round *r, size_t i);
/* Waits until more than `seen` have ended or the time is over; how many have. */
size_t endpoint_round_wait(endpoint_round *r, size_t seen, unsigned ms);
enum endpoint_state { ENDPOINT_NOT_ASKED, ENDPOINT_ASKED, ENDPOINT_ANSWERED, ENDPOINT_FAILED };
/* *ret_result is set when it answered (good until the round is freed), *e when it failed. */
enum endpoint_state endpoint_round_state(endpoint_round *r, size_t i, const void **ret_result,
                                         struct err *e);
