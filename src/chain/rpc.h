/* rpc - JSON-RPC 2.0 to one Ethereum node.  Room: chain.
 *
 * The node may be hostile: every answer is bounded in bytes and time, batches are matched by id,
 * an answer that is missing, doubled or unknown spoils the batch.  Errors name the method and the
 * node's host and port, never credentials, path or query of its URL.  A client may be used by
 * several threads. */
#pragma once
#include "base/clock.h"
#include "base/json.h"
#include "net/http_client.h"

#define RPC_BATCH_MAX 128

typedef struct rpc rpc;

struct rpc_config {
    const char *url;     /* http:// is refused unless allow_http */
    struct bytes ca_pem; /* empty: the system's authorities */
    bool allow_http, allow_private;
    unsigned total_ms; /* a whole call with its retries; 0: 10 000 */
    size_t body_max;   /* 0: 1 MiB */
    unsigned retries;  /* of calls that change nothing, on 429, 5xx and lost connections */
};
MUST_CHECK enum err_code rpc_new(const struct rpc_config *config, rpc **ret, struct err *e);
void rpc_free(rpc *r);
DEFINE_AUTO(rpc, rpc_free);
/* "host:port", for messages and logs. */
const char *rpc_host(const rpc *r);

/* What a node says against one call.  ERR_OK: nothing. */
struct rpc_fault {
    enum err_code code; /* ERR_DENIED: the contract reverted; ERR_UPSTREAM: anything else */
    int64_t number;     /* the node's own */
    char text[320]; /* revert reason decoded: "NotAllowed()", the string of Error(string), ... */
};

struct rpc_call {
    const char *method;
    const char *params;     /* JSON text of the parameter array */
    const json *ret_result; /* NULL when ret_fault says why */
    struct rpc_fault ret_fault;
};

/* One HTTP request for n calls (1..RPC_BATCH_MAX).  Success means that every call was answered, be
 * it with a fault; results borrow from *ret. */
MUST_CHECK enum err_code rpc_do(rpc *r, struct rpc_call *calls, size_t n, json **ret,
                                struct err *e);
/* The same, where an honest answer has at most so many bytes. */
MUST_CHECK enum err_code rpc_do_within(rpc *r, size_t max, struct rpc_call *calls, size_t n,
                                       json **ret, struct err *e);
/* One call whose fault is the error; *ret_result borrows from *ret. */
MUST_CHECK enum err_code rpc_one(rpc *r, const char *method, const char *params, json **ret,
                                 const json **ret_result, struct err *e);
/* The fault of a call of rpc_do as an error: "eth_call at host:port: reverted: NotAllowed()". */
MUST_CHECK enum err_code rpc_check(const rpc *r, const struct rpc_call *call, struct err *e);

/* ---- values of JSON-RPC; node may be NULL, which is ERR_UPSTREAM like every other surprise ----
 */

/* QUANTITY "0x1a": no leading zeros, fits 64 bits. */
MUST_CHECK enum err_code rpc_quantity(const json *node, uint64_t *ret, struct err *e);
/* Exactly n bytes of DATA. */
MUST_CHECK enum err_code rpc_data(const json *node, uint8_t *ret, size_t n, struct err *e);
/* DATA of any length, within ret's maximum. */
MUST_CHECK enum err_code rpc_data_buf(const json *node, struct buf *ret, struct err *e);

/* ---- parts that tests and fuzzers meet alone ---- */

/* Matches the answer's text with the calls; host names the node in errors. */
MUST_CHECK enum err_code rpc_answer_parse(const char *host, struct bytes text, size_t max,
                                          struct rpc_call *calls, size_t n, json **ret,
                                          struct err *e);
/* Revert data as text: Error(string), Panic(uint256), the custom errors of our contracts and of
 * OpenZeppelin by name with simple arguments, else "unknown error 0x12345678". */
void rpc_revert_text(struct bytes data, char *ret, size_t size);

/* eth_call at one block, by hash, or at the node's newest (NULL): UNTRUSTED bytes, which the caller
 * must check against a hash that was read from a slot.  Never the base of a decision by themselves.
 */
struct block_ref;
MUST_CHECK enum err_code chain_body_call(rpc *r, const struct block_ref *at,
                                         const struct addr *contract, struct bytes calldata,
                                         struct buf *ret, struct err *e);
