#include "base/clock.h"
#include "base/codec.h"
#include "cli/files.h"
#include "cli/gov.h"
#include "cli/node.h"
#include "crypto/digest.h"
#include "gov/contracts_gen.h"
#include "gov/registry.h"
#include "gov/write.h"
#include "store/factory.h"
#include "store/store.h"

static enum err_code print_receipt(const struct cli_args *a, struct cli_node *node, json *result,
                                   const struct tx_receipt *r, struct err *e)
{
    TRY(cli_put_receipt(a, node, result, r, e));
    return cli_print(a, result, e);
}

enum err_code gov_cli_call(const struct cli_args *a, const char *function,
                           const struct abi_value *values, size_t n, struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    AUTO(json) result = NULL;
    struct addr contract;
    struct tx_receipt r;

    TRY(cli_addr(a, "contract", &contract, e));
    TRY(cli_node_open(a, NODE_WRITE, &node, e));
    TRY(gov_send(node.writer, &contract, function, values, n, &r, e));
    TRY(json_new_object(&result, e));
    TRY(json_put_hex0x(result, "contract", BYTES_OF(contract), e));
    return print_receipt(a, &node, result, &r, e);
}

enum err_code gov_cli_time(const struct cli_args *a, const char *name, uint64_t *ret, struct err *e)
{
    const char *text = cli_value(a, name);
    int64_t seconds;

    if (!text)
        return ERR_OK;
    if (!clock_parse(text, &seconds) || seconds <= 0)
        return err_set(e, ERR_USAGE,
                       "--%s: found \"%.40s\", expected a time like "
                       "2026-11-23T20:40:01Z",
                       name, text);
    *ret = (uint64_t)seconds;
    return ERR_OK;
}

enum err_code gov_cmd_deploy(const struct cli_args *a, struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    const bool kms = strcmp(a->positional[0], "kms") == 0;
    AUTO(json) result = NULL;
    struct hash32 code_hash;
    struct addr owner;
    struct tx_receipt r;
    uint64_t scheme;

    if (!kms && strcmp(a->positional[0], "app") != 0)
        return err_set(e, ERR_USAGE, "found \"%.40s\", expected kms or app", a->positional[0]);
    TRY(cli_u64(a, "scheme", 2, &scheme, e));
    if (scheme == 0 || (kms && scheme != 2))
        return err_set(e, ERR_USAGE,
                       "--scheme: found %u, expected 2, or 1 for an application of version 1",
                       (unsigned)scheme);
    if (cli_value(a, "owner"))
        TRY(cli_addr(a, "owner", &owner, e));
    TRY(cli_node_open(a, NODE_WRITE, &node, e));
    if (!cli_value(a, "owner"))
        owner = *transactor_address(node.writer);
    TRY(kms ? gov_deploy_kms(node.writer, &owner, &r, e)
            : gov_deploy_registry(node.writer, &owner, (uint8_t)scheme, &r, e));
    TRY(json_new_object(&result, e));
    TRY(json_put_hex0x(result, "contract", BYTES_OF(r.contract), e));
    TRY(json_put_hex0x(result, "owner", BYTES_OF(owner), e));
    if (node.out.how == WRITER_SENDS) {
        TRY(gov_deployed_check(node.rpc, kms, &r, &code_hash, e));
        TRY(json_put_hex(result, "code_hash", BYTES_OF(code_hash), e));
    }
    return print_receipt(a, &node, result, &r, e);
}

enum err_code gov_cmd_app_allow(const struct cli_args *a, struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    AUTO(json) result = NULL;
    struct addr kms, app;
    struct tx_receipt r;

    TRY(cli_addr(a, "kms", &kms, e));
    TRY(cli_addr(a, "app", &app, e));
    TRY(cli_node_open(a, NODE_WRITE, &node, e));
    TRY(gov_allow_application(node.writer, &kms, &app, &r, e));
    TRY(json_new_object(&result, e));
    TRY(json_put_hex0x(result, "app", BYTES_OF(app), e));
    return print_receipt(a, &node, result, &r, e);
}

/* The contract keeps firmware and paravisors by the hash of their MRTD. */
static enum err_code of_mrtd(const struct cli_args *a, const char *name, struct hash32 *ret,
                             struct err *e)
{
    const char *text = cli_value(a, name);
    uint8_t mrtd[48];

    if (hex_decode(bytes_of_str(text), mrtd, sizeof mrtd, e) != ERR_OK)
        return err_set(e, ERR_USAGE, "--%s: expected an MRTD, 96 hex digits", name);
    keccak256(BYTES(mrtd), ret);
    return ERR_OK;
}

/* The one of --identity, --operator, --application, ... that is given. */
static enum err_code subject(const struct cli_args *a, enum gov_kind *ret_kind, struct hash32 *ret,
                             struct err *e)
{
    static const struct {
        const char *name;
        enum gov_kind kind;
    } kinds[] = {
        {"identity", GOV_KIND_IDENTITY},       {"operator", GOV_KIND_OPERATOR},
        {"application", GOV_KIND_APPLICATION}, {"firmware", GOV_KIND_FIRMWARE},
        {"paravisor", GOV_KIND_PARAVISOR},     {"verifier", GOV_KIND_VERIFIER},
        {"curator", GOV_KIND_CURATOR},
    };
    int found = 0;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct addr who;

        if (!cli_value(a, kinds[i].name))
            continue;
        found++;
        *ret_kind = kinds[i].kind;
        if (kinds[i].kind == GOV_KIND_IDENTITY) {
            TRY(cli_hash32(a, kinds[i].name, ret, e));
        } else if (kinds[i].kind == GOV_KIND_FIRMWARE || kinds[i].kind == GOV_KIND_PARAVISOR) {
            TRY(of_mrtd(a, kinds[i].name, ret, e));
        } else {
            TRY(cli_addr(a, kinds[i].name, &who, e));
            *ret = gov_word_addr(&who);
        }
    }
    if (found != 1)
        return err_set(e, ERR_USAGE,
                       "name exactly one of --identity, --operator, --application, --firmware, "
                       "--paravisor, --verifier, --curator");
    return ERR_OK;
}

static enum err_code allow_kms_image(const struct cli_args *a, const struct cli_node *node,
                                     const struct addr *contract, json *result,
                                     struct tx_receipt *ret, struct err *e)
{
    struct measurements measured;
    struct hash32 config_hash;

    TRY(cli_measurements(cli_value(a, "measurements"), &measured, e));
    if (!cli_value(a, "config-hash"))
        return err_set(e, ERR_USAGE,
                       "--measurements needs --config-hash: a KMS image is allowed with its "
                       "configuration only (`teereg kms config-hash` prints it); an application's "
                       "image is allowed by `teereg gov set-config`");
    TRY(cli_hash32(a, "config-hash", &config_hash, e));
    TRY(gov_allow_kms(node->writer, contract, &measured, &config_hash, ret, e));
    return json_put_hex(result, "config_hash", BYTES_OF(config_hash), e);
}

enum err_code gov_cmd_allow(const struct cli_args *a, struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    AUTO(json) result = NULL;
    struct addr contract;
    struct hash32 what;
    enum gov_kind kind;
    uint64_t policy_id, not_after = 0;
    struct tx_receipt r;

    TRY(cli_addr(a, "contract", &contract, e));
    TRY(cli_u64(a, "policy-id", UINT16_MAX, &policy_id, e));
    TRY(gov_cli_time(a, "not-after", &not_after, e));
    TRY(json_new_object(&result, e));
    TRY(json_put_hex0x(result, "contract", BYTES_OF(contract), e));
    TRY(cli_node_open(a, NODE_WRITE, &node, e));
    if (cli_value(a, "measurements")) {
        if (policy_id != 0 || not_after != 0)
            return err_set(e, ERR_USAGE,
                           "--policy-id and --not-after go with --identity, not with "
                           "--measurements (a KMS's own policy is in its configuration)");
        TRY(allow_kms_image(a, &node, &contract, result, &r, e));
    } else {
        TRY(subject(a, &kind, &what, e));
        TRY(gov_allow(node.writer, &contract, kind, &what, (uint16_t)policy_id, not_after, &r, e));
    }
    return print_receipt(a, &node, result, &r, e);
}

static enum err_code deny(const struct cli_args *a,
                          enum err_code (*how)(transactor *, const struct addr *, enum gov_kind,
                                               const struct hash32 *, struct tx_receipt *,
                                               struct err *),
                          struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    AUTO(json) result = NULL;
    struct addr contract;
    struct hash32 what;
    enum gov_kind kind;
    struct tx_receipt r;

    TRY(cli_addr(a, "contract", &contract, e));
    TRY(subject(a, &kind, &what, e));
    TRY(cli_node_open(a, NODE_WRITE, &node, e));
    TRY(how(node.writer, &contract, kind, &what, &r, e));
    TRY(json_new_object(&result, e));
    TRY(json_put_hex0x(result, "contract", BYTES_OF(contract), e));
    return print_receipt(a, &node, result, &r, e);
}

enum err_code gov_cmd_revoke(const struct cli_args *a, struct err *e)
{
    return deny(a, gov_revoke, e);
}

enum err_code gov_cmd_freeze(const struct cli_args *a, struct err *e)
{
    return deny(a, gov_freeze, e);
}

enum err_code gov_cmd_set_config(const struct cli_args *a, struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    const char *measurements = cli_value(a, "measurements");
    AUTO(json) result = NULL;
    struct hash32 template_, identity;
    struct measurements measured;
    struct addr app;
    struct tx_receipt r;

    TRY(cli_addr(a, "app", &app, e));
    TRY(cli_hash32(a, "template", &template_, e));
    if (!measurements == !cli_value(a, "identity"))
        return err_set(e, ERR_USAGE, "name exactly one of --measurements and --identity");
    if (measurements)
        TRY(cli_measurements(measurements, &measured, e));
    else
        TRY(cli_hash32(a, "identity", &identity, e));
    TRY(cli_node_open(a, NODE_WRITE, &node, e));
    TRY(measurements ? gov_set_config_measured(node.writer, &app, &measured, &template_, &r, e)
                     : gov_set_config(node.writer, &app, &identity, &template_, &r, e));
    TRY(json_new_object(&result, e));
    TRY(json_put_hex0x(result, "app", BYTES_OF(app), e));
    TRY(json_put_hex(result, "template", BYTES_OF(template_), e));
    return print_receipt(a, &node, result, &r, e);
}

/* All three at once, as the contract takes them: an option that is left out is off. */
static enum err_code artifact(const struct cli_args *a, const char *function, struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    struct buf data AUTO_CALL(buf_done) = BUF(GOV_ARTIFACT_MAX);
    AUTO(json) result = NULL;
    struct abi_value value;
    struct hash32 id;
    struct addr app;
    struct tx_receipt r;

    TRY(cli_addr(a, "app", &app, e));
    TRY(cli_read(a->positional[0], &data, e));
    TRY(cli_node_open(a, NODE_WRITE, &node, e));
    value = abi_bytes(buf_bytes(&data));
    TRY(gov_send(node.writer, &app, function, &value, 1, &r, e));
    sha256(buf_bytes(&data), &id);
    TRY(json_new_object(&result, e));
    TRY(json_put_hex(result, "id", BYTES_OF(id), e));
    TRY(json_put_u64(result, "bytes", data.n, e));
    return print_receipt(a, &node, result, &r, e);
}

enum err_code gov_cmd_artifact_put(const struct cli_args *a, struct err *e)
{
    return artifact(a, GOV_FN_ADD_ARTIFACT, e);
}

enum err_code gov_cmd_artifact_publish(const struct cli_args *a, struct err *e)
{
    return artifact(a, GOV_FN_PUBLISH_ARTIFACT, e);
}

/* A URI that instances refuse to take from a contract (a file, a password in it) would stop all of
 * them; one of a kind that none knows would help none. */
static enum err_code check_backend(const char *uri, struct err *e)
{
    struct store_backend backend AUTO_CALL(store_backend_done) = {0};
    const struct chain_view none = {0}; /* opening reads nothing */
    const struct store_chain chain = {.view = &none};

    TRY_IN(e, store_backend_open(uri, STORE_FROM_CHAIN, &chain, &backend, e),
           "instances would refuse it");
    return ERR_OK;
}

static enum err_code change_backend(const struct cli_args *a,
                                    enum err_code (*change)(transactor *, const struct addr *,
                                                            const char *, struct tx_receipt *,
                                                            struct err *),
                                    struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    AUTO(json) result = NULL;
    struct addr app;
    struct tx_receipt r;

    TRY(cli_addr(a, "app", &app, e));
    TRY(cli_node_open(a, NODE_WRITE, &node, e));
    TRY(change(node.writer, &app, a->positional[0], &r, e));
    TRY(json_new_object(&result, e));
    TRY(json_put_str(result, "backend", a->positional[0], e));
    return print_receipt(a, &node, result, &r, e);
}

enum err_code gov_cmd_backend_add(const struct cli_args *a, struct err *e)
{
    TRY(check_backend(a->positional[0], e));
    return change_backend(a, gov_add_backend, e);
}

enum err_code gov_cmd_backend_remove(const struct cli_args *a, struct err *e)
{
    return change_backend(a, gov_remove_backend, e);
}
