#include <string.h>
#include "base/codec.h"
#include "cli/files.h"
#include "cli/gov.h"
#include "gov/contracts_gen.h"
#include "gov/registry.h"

/* What a contract lets its verifiers judge: see contracts/VERIFIERS.md. */

#define CALL(a, e, function, ...)                                                                  \
    gov_cli_call(a, function, (struct abi_value[]){__VA_ARGS__},                                   \
                 sizeof((struct abi_value[]){__VA_ARGS__}) / sizeof(struct abi_value), e)

#define EVIDENCE_MAX ((size_t)65536) /* more fits no transaction that nodes take */

/* ---- what must be shown first ---- */

enum err_code gov_cmd_demands_set(const struct cli_args *a, struct err *e)
{
    for (uint64_t demands = 0; gov_demands_name(demands); demands++)
        if (strcmp(a->positional[0], gov_demands_name(demands)) == 0)
            return CALL(a, e, GOV_FN_SET_DEMANDS, abi_u64(demands));
    return err_set(e, ERR_USAGE, "%.60s: expected none, onboarding, names or all",
                   a->positional[0]);
}

/* ---- evidence ---- */

/* The verifier's address, the evidence's bytes, and the configuration it is told of (zeros: none).
 */
static enum err_code read_evidence(const struct cli_args *a, struct addr *verifier,
                                   struct buf *evidence, struct hash32 *config, struct err *e)
{
    TRY(cli_addr(a, "verifier", verifier, e));
    TRY_IN(e, cli_read(cli_value(a, "evidence"), evidence, e), "--evidence");
    *config = (struct hash32){0};
    if (cli_value(a, "config-hash"))
        TRY(cli_hash32(a, "config-hash", config, e));
    return ERR_OK;
}

enum err_code gov_cmd_verify_propose(const struct cli_args *a, struct err *e)
{
    struct buf evidence AUTO_CALL(buf_done) = BUF(EVIDENCE_MAX);
    uint64_t policy_id, not_after = 0;
    struct hash32 config, half[2];
    struct abi_value halves[2];
    struct addr verifier;

    TRY(read_evidence(a, &verifier, &evidence, &config, e));
    if (hex_decode(bytes_of_str(cli_value(a, "report-data")), (uint8_t *)half, sizeof half, e) !=
        ERR_OK)
        return err_set(e, ERR_USAGE, "--report-data: expected 128 hex digits");
    TRY(cli_u64(a, "policy-id", UINT16_MAX, &policy_id, e));
    TRY(gov_cli_time(a, "not-after", &not_after, e));
    halves[0] = abi_word(&half[0]);
    halves[1] = abi_word(&half[1]);
    return CALL(a, e, GOV_FN_VERIFY_AND_PROPOSE, abi_addr(&verifier),
                abi_bytes(buf_bytes(&evidence)), abi_list(halves, 2), abi_word(&config),
                abi_u64(policy_id), abi_u64(not_after));
}

enum err_code gov_cmd_attest(const struct cli_args *a, struct err *e)
{
    struct buf evidence AUTO_CALL(buf_done) = BUF(EVIDENCE_MAX);
    struct hash32 config, purpose;
    struct addr verifier;
    uint64_t block;

    TRY(read_evidence(a, &verifier, &evidence, &config, e));
    TRY(cli_hash32(a, "purpose", &purpose, e));
    TRY(cli_u64(a, "block", INT64_MAX, &block, e));
    return CALL(a, e, GOV_FN_ATTEST, abi_addr(&verifier), abi_bytes(buf_bytes(&evidence)),
                abi_word(&config), abi_word(&purpose), abi_u64(block));
}
