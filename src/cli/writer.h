/* writer - how a command's transactions leave it.  Room: cli.
 *
 * Signed and sent (--key-file, --key-env); or written down unsigned for who signs elsewhere
 * (--offline) or for a Safe (--safe-batch); each of them directly or through a timelock. */
#pragma once
#include "chain/transactor.h"
#include "cli/cli.h"
#include "gov/timelock.h"

#define CLI_OPT_FINAL                                                                              \
    {                                                                                              \
        "final", NULL, "return when it is final; no KMS counts it before", NULL, CLI_OPTIONAL      \
    }
#define CLI_OPT_WAIT                                                                               \
    {                                                                                              \
        "wait", "SECONDS", "for a block that includes it", "120", CLI_OPTIONAL                     \
    }
#define CLI_OPT_JOURNAL                                                                            \
    {                                                                                              \
        "journal", "FOLDER", "of what is not final yet [$XDG_STATE_HOME/teereg/journal]", NULL,    \
            CLI_OPTIONAL                                                                           \
    }
/* Of every verb that sends transactions (CLI_SENDS). */
extern const struct cli_option cli_write_options[];

enum cli_writing { WRITER_SENDS, WRITER_DRAFTS, WRITER_BATCHES };

/* Begin with {0}; transactor and route point into it, it must not move while it is open. */
struct cli_writer {
    enum cli_writing how;
    secret *key;
    bool has_route;
    struct gov_timelock timelock;
    struct tx_route route;
    transactor *transactor;
};
MUST_CHECK enum err_code cli_writer_open(const struct cli_args *a, rpc *node, uint64_t chain_id,
                                         struct cli_writer *ret, struct err *e);
/* For transactions that `sender` has signed already: no key, and nothing is replaced. */
MUST_CHECK enum err_code cli_writer_open_signed(const struct cli_args *a, rpc *node,
                                                uint64_t chain_id, const struct addr *sender,
                                                struct cli_writer *ret, struct err *e);
void cli_writer_done(struct cli_writer *w);

/* What became of a command's transactions, into result: {"transaction", "block", "gas_used"} of the
 * last, after it is final where --final says so; or "transactions", unsigned; or the batch's file.
 * ERR_TIMEOUT: not final after half an hour. */
MUST_CHECK enum err_code cli_writer_tell(const struct cli_args *a, struct cli_writer *w,
                                         uint64_t chain_id, json *result,
                                         const struct tx_receipt *r, struct err *e);
