#include "base/codec.h"
#include "cli/gov.h"
#include "cli/judge.h"
#include "cli/node.h"
#include "gov/write.h"

static enum err_code write_hash(const struct cli_args *a, struct cli_node *node,
                                const struct addr *contract, const struct hash32 *hash,
                                struct err *e)
{
    AUTO(json) result = NULL;
    struct tx_receipt r;
    uint64_t id;

    TRY(cli_u64(a, "id", UINT16_MAX, &id, e));
    TRY(gov_set_policy_hash(node->writer, contract, (uint16_t)id, hash, &r, e));
    TRY(json_new_object(&result, e));
    TRY(json_put_hex0x(result, "contract", BYTES_OF(*contract), e));
    TRY(json_put_u64(result, "policy", id, e));
    TRY(json_put_hex(result, "policy_hash", BYTES_OF(*hash), e));
    TRY(cli_put_receipt(a, node, result, &r, e));
    return cli_print(a, result, e);
}

/* The body first: from its hash on, nothing is released without it. */
enum err_code gov_cmd_policy_set(const struct cli_args *a, struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    struct buf body AUTO_CALL(buf_done) = BUF(POLICY_BODY_MAX);
    struct attest_policy policy;
    struct hash32 hash;
    struct addr contract;

    TRY(cli_addr(a, "contract", &contract, e));
    TRY(cli_policy_file(cli_value(a, "file"), &policy, e));
    TRY(attest_policy_hash(&policy, &hash, e));
    TRY(attest_policy_body(&policy, &body, e));
    TRY(cli_node_open(a, NODE_WRITE, &node, e));
    if (!cli_switch(a, "hash-only"))
        TRY(gov_add_artifact(node.writer, &contract, buf_bytes(&body), NULL, e));
    return write_hash(a, &node, &contract, &hash, e);
}

enum err_code gov_cmd_policy_clear(const struct cli_args *a, struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    const struct hash32 none = {0};
    struct addr contract;

    TRY(cli_addr(a, "contract", &contract, e));
    TRY(cli_node_open(a, NODE_WRITE, &node, e));
    return write_hash(a, &node, &contract, &none, e);
}
