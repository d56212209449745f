#include "cli/gov.h"
#include "cli/judge.h"
#include "cli/node.h"
#include "gov/registry.h"
#include "gov/write.h"
#include "instance/kms_client.h"

static enum err_code open_client(const struct cli_args *a, const struct cli_node *node,
                                 struct cli_judge *judge, bool allow_locked, kms_client **ret,
                                 struct err *e)
{
    struct kms_client_config config = {.url = cli_value(a, "kms-url"),
                                       .chain_id = node->chain_id,
                                       .view = &node->view,
                                       .clock = &clock_system,
                                       .attest = &judge->judge,
                                       .allow_locked = allow_locked};

    TRY(cli_judge_open(a, judge, e));
    TRY(cli_addr(a, "kms", &config.kms, e));
    return kms_client_new(&config, ret, e);
}

static void say_caveat(const struct kms_peer *peer)
{
    if (*peer->caveat)
        fprintf(stderr, "warning: %s\n", peer->caveat);
}

enum err_code gov_cmd_pki_publish(const struct cli_args *a, struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    struct cli_judge judge AUTO_CALL(cli_judge_done) = {0};
    struct kms_client_pki pki AUTO_CALL(kms_client_pki_done) = {0};
    AUTO(kms_client) kms = NULL;
    AUTO(json) result = NULL;
    struct kms_peer peer;
    struct hash32 hash;
    struct addr app;
    struct tx_receipt r;

    TRY(cli_addr(a, "app", &app, e));
    TRY(cli_node_open(a, NODE_READ | NODE_WRITE, &node, e));
    TRY(open_client(a, &node, &judge, false, &kms, e));
    TRY(kms_client_session(kms, &peer, e));
    say_caveat(&peer);
    TRY(kms_client_pki(kms, &app, &pki, e));
    TRY(gov_set_pki(node.writer, &app, buf_bytes(&pki.ca_der), buf_bytes(&pki.spki_der), &r, e));
    TRY(gov_pki_hash(buf_bytes(&pki.ca_der), buf_bytes(&pki.spki_der), &hash, e));
    TRY(json_new_object(&result, e));
    TRY(json_put_hex0x(result, "app", BYTES_OF(app), e));
    TRY(json_put_u64(result, "epoch", pki.epoch, e));
    TRY(json_put_hex(result, "pki_hash", BYTES_OF(hash), e));
    TRY(cli_put_receipt(a, &node, result, &r, e));
    return cli_print(a, result, e);
}

enum err_code gov_cmd_root_commit(const struct cli_args *a, struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    struct cli_judge judge AUTO_CALL(cli_judge_done) = {0};
    AUTO(kms_client) kms = NULL;
    AUTO(json) result = NULL;
    struct kms_peer peer;
    struct addr contract;
    struct tx_receipt r;

    TRY(cli_addr(a, "kms", &contract, e));
    TRY(cli_node_open(a, NODE_READ | NODE_WRITE, &node, e));
    TRY(open_client(a, &node, &judge, true, &kms, e));
    TRY(kms_client_session(kms, &peer, e));
    say_caveat(&peer);
    if (hash32_is_zero(&peer.claim.root_id) || hash32_is_zero(&peer.claim.commitment))
        return err_set(e, ERR_LOCKED, "this KMS holds no root key: there is nothing to commit to");
    TRY(gov_commit_root(node.writer, &contract, &peer.claim.root_id, &peer.claim.commitment, &r,
                        e));
    TRY(json_new_object(&result, e));
    TRY(json_put_hex(result, "root_id", BYTES_OF(peer.claim.root_id), e));
    TRY(json_put_hex(result, "commitment", BYTES_OF(peer.claim.commitment), e));
    TRY(cli_put_receipt(a, &node, result, &r, e));
    return cli_print(a, result, e);
}
