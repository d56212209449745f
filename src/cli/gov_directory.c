#include "base/codec.h"
#include "base/fs.h"
#include "cli/files.h"
#include "cli/gov.h"
#include "cli/node.h"
#include "crypto/digest.h"
#include "gov/contracts_gen.h"
#include "gov/registry.h"
#include "gov/write.h"

/* What others find in a contract: configurations, names, PKI, artifacts, onboarding requests. */

#define CALL(a, e, function, ...)                                                                  \
    gov_cli_call(a, function, (struct abi_value[]){__VA_ARGS__},                                   \
                 sizeof((struct abi_value[]){__VA_ARGS__}) / sizeof(struct abi_value), e)

#define PART_MAX ((size_t)65536)

static enum err_code hash_at(const struct cli_args *a, struct hash32 *ret, struct err *e)
{
    if (hash32_parse(bytes_of_str(a->positional[0]), ret, e) == ERR_OK)
        return ERR_OK;
    e->code = ERR_USAGE;
    return err_wrap(e, "%.80s", a->positional[0]);
}

enum err_code gov_cmd_config_remove(const struct cli_args *a, struct err *e)
{
    struct hash32 identity;

    TRY(cli_hash32(a, "identity", &identity, e));
    return CALL(a, e, GOV_FN_REMOVE_CONFIG_MAP_FOR_IDENTITY, abi_word(&identity));
}

enum err_code gov_cmd_domain_add(const struct cli_args *a, struct err *e)
{
    return CALL(a, e, GOV_FN_REGISTER_INSTANCE_DOMAIN_NAME, abi_str(a->positional[0]));
}

/* Registering again is the heartbeat; a slip must not register another's name, or a new one. */
enum err_code gov_cmd_domain_renew(const struct cli_args *a, struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    const char *name = a->positional[0];
    const struct abi_value value = abi_str(name);
    struct gov_registrar r;
    AUTO(json) result = NULL;
    struct addr contract, sender;
    struct tx_receipt receipt;
    uint64_t left, rest;
    char who[HEX_LEN(20)];

    TRY(cli_addr(a, "contract", &contract, e));
    TRY(cli_u64(a, "when-left", UINT32_MAX, &left, e));
    TRY(cli_node_open(a, NODE_READ | NODE_WRITE, &node, e));
    sender = node.out.has_route ? node.out.timelock.at : *transactor_address(node.writer);
    TRY(gov_registrars(&node.view, &node.at, &contract, &name, 1, &r, e));
    hex_encode(BYTES_OF(r.who), who);
    if (addr_is_zero(&r.who))
        return err_set(e, ERR_NOT_FOUND,
                       "%.80s is not registered: `teereg gov domain add` registers it", name);
    if (!addr_eq(&r.who, &sender))
        return err_set(e, ERR_DENIED, "%.80s was registered by 0x%s, not by the sender", name, who);
    rest = r.until > node.at.timestamp ? r.until - node.at.timestamp : 0;
    TRY(json_new_object(&result, e));
    TRY(json_put_str(result, "name", name, e));
    if (rest > left) {
        TRY(json_put_u64(result, "seconds_left", rest, e));
        return cli_print(a, result, e);
    }
    TRY(gov_send(node.writer, &contract, GOV_FN_REGISTER_INSTANCE_DOMAIN_NAME, &value, 1, &receipt,
                 e));
    TRY(cli_put_receipt(a, &node, result, &receipt, e));
    return cli_print(a, result, e);
}

enum err_code gov_cmd_domain_remove(const struct cli_args *a, struct err *e)
{
    return CALL(a, e, GOV_FN_REMOVE_INSTANCE_DOMAIN_NAME, abi_str(a->positional[0]));
}

enum err_code gov_cmd_artifact_get(const struct cli_args *a, struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    struct buf body AUTO_CALL(buf_done) = BUF(GOV_ARTIFACT_MAX);
    AUTO(json) result = NULL;
    struct addr contract;
    struct hash32 id;

    TRY(hash_at(a, &id, e));
    TRY(cli_addr(a, "contract", &contract, e));
    TRY(cli_node_open(a, NODE_READ, &node, e));
    TRY(gov_artifact(&node.view, &node.at, &contract, &id, &body, e));
    TRY(fs_write_atomic(cli_value(a, "out"), buf_bytes(&body), 0644, e));
    TRY(json_new_object(&result, e));
    TRY(json_put_hex(result, "id", BYTES_OF(id), e));
    TRY(json_put_str(result, "file", cli_value(a, "out"), e));
    TRY(json_put_u64(result, "bytes", body.n, e));
    return cli_print(a, result, e);
}

/* ---- PKI ---- */

/* From files: what another tool made, or clients of version 1 want beside it. */
enum err_code gov_cmd_pki_set(const struct cli_args *a, struct err *e)
{
    struct buf ca AUTO_CALL(buf_done) = BUF(PART_MAX), key AUTO_CALL(buf_done) = BUF(PART_MAX);
    struct buf attestation AUTO_CALL(buf_done) = BUF(PART_MAX);
    struct abi_value parts[3], pki;

    TRY_IN(e, cli_read(cli_value(a, "ca"), &ca, e), "--ca");
    TRY_IN(e, cli_read(cli_value(a, "pubkey"), &key, e), "--pubkey");
    if (!cli_value(a, "attestation"))
        return CALL(a, e, GOV_FN_SET_PKI_V2, abi_bytes(buf_bytes(&ca)), abi_bytes(buf_bytes(&key)));
    TRY_IN(e, cli_read(cli_value(a, "attestation"), &attestation, e), "--attestation");
    parts[0] = abi_bytes(buf_bytes(&ca));
    parts[1] = abi_bytes(buf_bytes(&key));
    parts[2] = abi_bytes(buf_bytes(&attestation));
    pki = abi_list(parts, 3);
    return gov_cli_call(a, GOV_FN_SET_PKI, &pki, 1, e);
}

enum err_code gov_cmd_pki_apply(const struct cli_args *a, struct err *e)
{
    return gov_cli_call(a, GOV_FN_APPLY_PKI, NULL, 0, e);
}

enum err_code gov_cmd_pki_cancel(const struct cli_args *a, struct err *e)
{
    return gov_cli_call(a, GOV_FN_CANCEL_PKI, NULL, 0, e);
}

/* ---- onboarding of KMS nodes ---- */

enum err_code gov_cmd_onboard_request(const struct cli_args *a, struct err *e)
{
    struct buf key AUTO_CALL(buf_done) = BUF(PART_MAX), proof AUTO_CALL(buf_done) = BUF(PART_MAX);
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    struct buf encoded AUTO_CALL(buf_done) = BUF(4 * PART_MAX);
    AUTO(json) result = NULL;
    struct abi_value parts[4], request;
    struct hash32 id;
    struct addr contract;
    struct tx_receipt r;
    uint64_t nonce;

    TRY(cli_addr(a, "contract", &contract, e));
    TRY(cli_u64(a, "nonce", INT64_MAX, &nonce, e));
    TRY_IN(e, cli_read(cli_value(a, "pubkey"), &key, e), "--pubkey");
    TRY_IN(e, cli_read(cli_value(a, "attestation"), &proof, e), "--attestation");
    TRY(cli_node_open(a, NODE_WRITE, &node, e));
    parts[0] = abi_bytes(buf_bytes(&key));
    parts[1] = abi_u64(nonce);
    /* The contract takes a request from its operator alone: through a timelock that is it. */
    parts[2] =
        abi_addr(node.out.has_route ? &node.out.timelock.at : transactor_address(node.writer));
    parts[3] = abi_bytes(buf_bytes(&proof));
    request = abi_list(parts, 4);
    TRY(gov_send(node.writer, &contract, GOV_FN_REQUEST_ONBOARD, &request, 1, &r, e));
    TRY(abi_encode("bytes,int256,address,bytes", parts, 4, &encoded, e));
    keccak256(buf_bytes(&encoded), &id);
    TRY(json_new_object(&result, e));
    TRY(json_put_hex0x(result, "contract", BYTES_OF(contract), e));
    TRY(json_put_hex(result, "request", BYTES_OF(id), e));
    TRY(cli_put_receipt(a, &node, result, &r, e));
    return cli_print(a, result, e);
}

enum err_code gov_cmd_onboard_close(const struct cli_args *a, struct err *e)
{
    struct hash32 id;

    TRY(hash_at(a, &id, e));
    return CALL(a, e, GOV_FN_CLOSE_ONBOARD_REQUEST, abi_word(&id));
}
