#include <string.h>
#include "base/codec.h"
#include "chain/node_read.h"
#include "cli/gov.h"
#include "cli/node.h"
#include "cli/onchain_evidence.h"
#include "gov/contracts_gen.h"
#include "gov/registry.h"
#include "gov/verifier.h"

/* What a contract lets its verifiers judge: see contracts/VERIFIERS.md. */

#define CALL(a, e, function, ...)                                                                  \
    gov_cli_call(a, function, (struct abi_value[]){__VA_ARGS__},                                   \
                 sizeof((struct abi_value[]){__VA_ARGS__}) / sizeof(struct abi_value), e)

/* ---- what must be shown first ---- */

enum err_code gov_cmd_demands_set(const struct cli_args *a, struct err *e)
{
    uint64_t demands;

    if (gov_demands_named(a->positional[0], &demands, e) != ERR_OK) {
        e->code = ERR_USAGE;
        return e->code;
    }
    return CALL(a, e, GOV_FN_SET_DEMANDS, abi_u64(demands));
}

/* ---- evidence ---- */

/* The verifier's address, the evidence in its form, and the configuration it is told of (zeros:
 * none). */
static enum err_code read_evidence(const struct cli_args *a, struct addr *verifier,
                                   struct onchain_evidence *evidence, struct hash32 *config,
                                   struct err *e)
{
    TRY(cli_addr(a, "verifier", verifier, e));
    TRY_IN(e, onchain_evidence_read(a, cli_value(a, "evidence"), evidence, e), "--evidence");
    *config = (struct hash32){0};
    if (cli_value(a, "config-hash"))
        TRY(cli_hash32(a, "config-hash", config, e));
    return ERR_OK;
}

/* Whoever proposes an identity shows what booted, not when: then the report data may be any. */
static enum err_code read_report_data(const struct cli_args *a, const struct onchain_evidence *v,
                                      struct hash32 ret[2], struct err *e)
{
    const char *text = cli_value(a, "report-data");

    if (text && hex_decode(bytes_of_str(text), (uint8_t *)ret, 64, e) != ERR_OK)
        return err_set(e, ERR_USAGE, "--report-data: expected 128 hex digits");
    if (!text && !v->has_report_data)
        return err_set(e, ERR_USAGE,
                       "--report-data HEX is needed: this evidence does not say what it is over");
    if (!text)
        memcpy(ret, v->report_data, 64);
    return ERR_OK;
}

enum err_code gov_cmd_verify_propose(const struct cli_args *a, struct err *e)
{
    struct onchain_evidence evidence AUTO_CALL(onchain_evidence_done) = {0};
    uint64_t policy_id, not_after = 0;
    struct hash32 config, half[2];
    struct abi_value halves[2];
    struct addr verifier;

    TRY(read_evidence(a, &verifier, &evidence, &config, e));
    TRY(read_report_data(a, &evidence, half, e));
    TRY(cli_u64(a, "policy-id", UINT16_MAX, &policy_id, e));
    TRY(gov_cli_time(a, "not-after", &not_after, e));
    halves[0] = abi_word(&half[0]);
    halves[1] = abi_word(&half[1]);
    return CALL(a, e, GOV_FN_VERIFY_AND_PROPOSE, abi_addr(&verifier),
                abi_bytes(buf_bytes(&evidence.bytes)), abi_list(halves, 2), abi_word(&config),
                abi_u64(policy_id), abi_u64(not_after));
}

enum err_code gov_cmd_attest(const struct cli_args *a, struct err *e)
{
    struct onchain_evidence evidence AUTO_CALL(onchain_evidence_done) = {0};
    struct hash32 config, purpose;
    struct addr verifier;
    uint64_t block;

    TRY(read_evidence(a, &verifier, &evidence, &config, e));
    TRY(cli_hash32(a, "purpose", &purpose, e));
    TRY(cli_u64(a, "block", INT64_MAX, &block, e));
    return CALL(a, e, GOV_FN_ATTEST, abi_addr(&verifier), abi_bytes(buf_bytes(&evidence.bytes)),
                abi_word(&config), abi_word(&purpose), abi_u64(block));
}

enum err_code gov_cmd_attest_report_data(const struct cli_args *a, struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    struct finalized_block block;
    struct addr contract, sender;
    struct report_data data;
    struct hash32 purpose;
    AUTO(json) result = NULL;
    uint64_t number;

    TRY(cli_addr(a, "contract", &contract, e));
    TRY(cli_addr(a, "sender", &sender, e));
    TRY(cli_hash32(a, "purpose", &purpose, e));
    TRY(cli_node_open(a, NODE_READ, &node, e));
    block = node.at;
    if (cli_value(a, "block")) {
        TRY(cli_u64(a, "block", INT64_MAX, &number, e));
        TRY(node_read_block(node.rpc, number, &block, e));
    }
    TRY(gov_attest_report_data(node.chain_id, &contract, &sender, &purpose, &block.ref.hash, &data,
                               e));
    TRY(json_new_object(&result, e));
    TRY(json_put_hex(result, "report_data", BYTES(data.b), e));
    TRY(json_put_u64(result, "block", block.ref.number, e));
    return cli_print(a, result, e);
}
