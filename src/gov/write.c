/* write - see write.h. */
#include "gov/write.h"
#include "base/codec.h"
#include "chain/abi.h"
#include "chain/node_read.h"
#include "crypto/digest.h"
#include "gov/contracts_gen.h"
#include "gov/kms_code_gen.h"
#include "gov/registry.h"
#include "gov/registry_code_gen.h"

#define CALL_MAX ((size_t)128 * 1024)

#define VALUES(...)                                                                                \
    (struct abi_value[]){__VA_ARGS__},                                                             \
        sizeof((struct abi_value[]){__VA_ARGS__}) / sizeof(struct abi_value)

static const char *const role_names[GOV_ROLES] = {
    [GOV_ROLE_OPERATOR] = "operator", [GOV_ROLE_METADATA] = "metadata",
    [GOV_ROLE_CURATOR] = "curator",   [GOV_ROLE_GUARDIAN] = "guardian",
    [GOV_ROLE_INSTANCE] = "instance",
};

const char *gov_role_name(enum gov_role role)
{
    return role_names[role];
}

struct hash32 gov_role_hash(enum gov_role role)
{
    static const char *const names[GOV_ROLES] = {
        [GOV_ROLE_OPERATOR] = "ROLE_OPERATOR", [GOV_ROLE_METADATA] = "ROLE_METADATA",
        [GOV_ROLE_CURATOR] = "ROLE_CURATOR",   [GOV_ROLE_GUARDIAN] = "ROLE_GUARDIAN",
        [GOV_ROLE_INSTANCE] = "ROLE_INSTANCE",
    };
    struct hash32 h;

    keccak256(bytes_of_str(names[role]), &h);
    return h;
}

/* The contract names roles by their hash. */
static enum err_code explain_role(struct err *e)
{
    for (enum gov_role role = 0; role < GOV_ROLES; role++) {
        struct hash32 hash = gov_role_hash(role);
        char hex[HEX_LEN(32) + 1] = {0};

        hex_encode(BYTES_OF(hash), hex);
        if (strstr(e->msg, hex))
            return err_wrap(e, "the sender has not the role \"%s\" that may do this",
                            role_names[role]);
    }
    /* DEFAULT_ADMIN_ROLE, 32 zeros, is the owner's other name. */
    if (strstr(e->msg, "OwnableUnauthorizedAccount(") ||
        (strstr(e->msg, "AccessControlUnauthorizedAccount(") &&
         strstr(e->msg, ", 0x0000000000000000000000000000000000000000000000000000000000000000)")))
        return err_wrap(e, "only the contract's owner may do this, the sender is not");
    return e->code;
}

enum err_code gov_send(transactor *t, const struct addr *to, const char *function,
                       const struct abi_value *values, size_t n, struct tx_receipt *ret,
                       struct err *e)
{
    struct buf data AUTO_CALL(buf_done) = BUF(CALL_MAX);
    size_t name = strcspn(function, "(");

    TRY_IN(e, abi_call(function, values, n, &data, e), "%.*s", (int)name, function);
    if (transactor_send(t, to, buf_bytes(&data), ret, e) != ERR_OK) {
        explain_role(e);
        return err_wrap(e, "%.*s", (int)name, function);
    }
    return ERR_OK;
}

/* ---- deployment ---- */

enum err_code gov_deploy(transactor *t, const char *what, const char *code_hex, const char *types,
                         const struct abi_value *args, size_t n, struct tx_receipt *ret,
                         struct err *e)
{
    struct buf data AUTO_CALL(buf_done) = BUF(CALL_MAX);

    TRY_IN(e, hex_decode_buf(bytes_of_str(code_hex), &data, e), "deploy the %s", what);
    TRY(abi_encode(types, args, n, &data, e));
    TRY_IN(e, transactor_send(t, NULL, buf_bytes(&data), ret, e), "deploy the %s", what);
    return ERR_OK;
}

enum err_code gov_deploy_kms(transactor *t, const struct addr *owner, struct tx_receipt *ret,
                             struct err *e)
{
    return gov_deploy(t, "KMS contract", gov_kms_init_code, GOV_KMS_ARGS,
                      VALUES(abi_addr(owner ? owner : transactor_address(t)), abi_u64(2)), ret, e);
}

enum err_code gov_deploy_registry(transactor *t, const struct addr *owner, uint8_t scheme,
                                  struct tx_receipt *ret, struct err *e)
{
    return gov_deploy(t, "application contract", gov_registry_init_code, GOV_REGISTRY_ARGS,
                      VALUES(abi_addr(owner ? owner : transactor_address(t)), abi_u64(scheme)), ret,
                      e);
}

#define ARGUMENTS_LEN 64 /* owner and scheme, a word each */

static bool is_code(struct bytes init, const char *code_hex)
{
    struct buf code AUTO_CALL(buf_done) = BUF(CALL_MAX);
    struct err ignored;

    return hex_decode_buf(bytes_of_str(code_hex), &code, &ignored) == ERR_OK &&
           init.n == code.n + ARGUMENTS_LEN && memcmp(init.p, code.p, code.n) == 0;
}

bool gov_init_code_is_ours(struct bytes init, bool *ret_kms)
{
    *ret_kms = is_code(init, gov_kms_init_code);
    return *ret_kms || is_code(init, gov_registry_init_code);
}

void gov_init_code_text(struct bytes init, struct buf *out)
{
    AUTO(abi_tree) tree = NULL;
    struct hash32 hash;
    struct addr owner;
    struct err ignored;
    uint64_t scheme;
    bool kms;

    if (gov_init_code_is_ours(init, &kms) &&
        abi_decode("address,uint8", (struct bytes){init.p + init.n - ARGUMENTS_LEN, ARGUMENTS_LEN},
                   &tree, &ignored) == ERR_OK &&
        abi_get_u64(&abi_tree_values(tree)[1], &scheme, &ignored) == ERR_OK) {
        abi_get_addr(&abi_tree_values(tree)[0], &owner);
        buf_printf(out, "deploy %s (owner=0x",
                   kms ? "the KMS contract" : "an application's contract");
        hex_put(out, BYTES_OF(owner));
        buf_printf(out, ", scheme=%u)", (unsigned)scheme);
        return;
    }
    keccak256(init, &hash);
    buf_put_str(out, "a new contract that is neither the KMS contract nor an application's: its "
                     "init code has keccak256 0x");
    hex_put(out, BYTES_OF(hash));
}

enum err_code gov_deployed_check(rpc *node, bool kms, const struct tx_receipt *r,
                                 struct hash32 *ret_code_hash, struct err *e)
{
    const char *expected_hex = kms ? GOV_KMS_CODE_HASH : GOV_REGISTRY_CODE_HASH;
    const struct block_ref at = {r->block, r->block_hash};
    const struct fact_key code = {.contract = r->contract, .code = true};
    struct hash32 found, expected;
    char hex[HEX_LEN(32) + 1] = {0};

    TRY(hex_decode(bytes_of_str(expected_hex), expected.b, sizeof expected.b, e));
    TRY_IN(e, node_read_facts(node, &at, &code, 1, &found, e), "code of the new contract");
    hex_encode(BYTES_OF(found), hex);
    if (!hash32_eq(&found, &expected))
        return err_set(e, ERR_VERIFY,
                       "the new contract's code has hash %s, expected %s: do not use it", hex,
                       expected_hex);
    *ret_code_hash = found;
    return ERR_OK;
}

/* ---- measurements as the contracts take them ---- */

/* DCAPReport: (mrTd, RTMRs[4], mrOwner, mrConfigId, mrConfigOwner) */
struct report {
    struct abi_value rtmr[4], part[5];
};

static struct abi_value tdx_report(const struct measurements *m, struct report *r)
{
    for (size_t i = 0; i < 4; i++)
        r->rtmr[i] = abi_bytes(BYTES(m->rtmr[i]));
    r->part[0] = abi_bytes(BYTES(m->mrtd));
    r->part[1] = abi_list(r->rtmr, 4);
    r->part[2] = abi_bytes(BYTES(m->mrowner));
    r->part[3] = abi_bytes(BYTES(m->mrconfigid));
    r->part[4] = abi_bytes(BYTES(m->mrownerconfig));
    return abi_list(r->part, 5);
}

/* MAAReport: (PCRs[24]) */
struct azure_report {
    struct abi_value pcr[24], part[1];
};

static struct abi_value azure_report(const struct measurements *m, struct azure_report *r)
{
    for (size_t i = 0; i < 24; i++)
        r->pcr[i] = abi_fixed(BYTES(m->pcr[i]));
    r->part[0] = abi_list(r->pcr, 24);
    return abi_list(r->part, 1);
}

/* function(report, tdAttributes, xfam, word) or its Azure twin. */
static enum err_code send_measured(transactor *t, const struct addr *to, const char *tdx_function,
                                   const char *azure_function, const struct measurements *m,
                                   const struct hash32 *word, struct tx_receipt *ret, struct err *e)
{
    struct abi_value attributes = abi_fixed(BYTES(m->td_attributes)),
                     xfam = abi_fixed(BYTES(m->xfam));
    struct azure_report azure;
    struct report tdx;

    if (m->kind == TEE_AZURE_TDX)
        return gov_send(t, to, azure_function,
                        VALUES(abi_bytes(BYTES(m->mrtd)), azure_report(m, &azure), attributes, xfam,
                               abi_word(word)),
                        ret, e);
    return gov_send(t, to, tdx_function,
                    VALUES(tdx_report(m, &tdx), attributes, xfam, abi_word(word)), ret, e);
}

/* ---- KMS contract ---- */

enum err_code gov_allow_application(transactor *t, const struct addr *kms, const struct addr *app,
                                    struct tx_receipt *ret, struct err *e)
{
    return gov_send(t, kms, GOV_FN_ALLOW_APPLICATION, VALUES(abi_addr(app)), ret, e);
}

enum err_code gov_allow_kms(transactor *t, const struct addr *kms, const struct measurements *m,
                            const struct hash32 *config_hash, struct tx_receipt *ret, struct err *e)
{
    return send_measured(t, kms, GOV_FN_ALLOWLIST_DCAP_V2, GOV_FN_ALLOWLIST_AZURE_V2, m,
                         config_hash, ret, e);
}

enum err_code gov_commit_root(transactor *t, const struct addr *kms, const struct hash32 *root_id,
                              const struct hash32 *commitment, struct tx_receipt *ret,
                              struct err *e)
{
    return gov_send(t, kms, GOV_FN_COMMIT_ROOT, VALUES(abi_word(root_id), abi_word(commitment)),
                    ret, e);
}

/* ---- application contract ---- */

enum err_code gov_set_config_measured(transactor *t, const struct addr *app,
                                      const struct measurements *m, const struct hash32 *config,
                                      struct tx_receipt *ret, struct err *e)
{
    return send_measured(t, app, GOV_FN_SET_CONFIG_FOR_DCAP_V2, GOV_FN_SET_CONFIG_FOR_AZURE_V2, m,
                         config, ret, e);
}

enum err_code gov_set_config(transactor *t, const struct addr *app, const struct hash32 *identity,
                             const struct hash32 *config, struct tx_receipt *ret, struct err *e)
{
    return gov_send(t, app, GOV_FN_SET_CONFIG_FOR_IDENTITY,
                    VALUES(abi_word(identity), abi_word(config)), ret, e);
}

enum err_code gov_add_backend(transactor *t, const struct addr *app, const char *uri,
                              struct tx_receipt *ret, struct err *e)
{
    return gov_send(t, app, GOV_FN_SET_STORAGE_BACKEND, VALUES(abi_str(uri)), ret, e);
}

enum err_code gov_remove_backend(transactor *t, const struct addr *app, const char *uri,
                                 struct tx_receipt *ret, struct err *e)
{
    return gov_send(t, app, GOV_FN_REMOVE_STORAGE_BACKEND, VALUES(abi_str(uri)), ret, e);
}

enum err_code gov_add_artifact(transactor *t, const struct addr *contract, struct bytes data,
                               struct tx_receipt *ret, struct err *e)
{
    if (data.n > GOV_ARTIFACT_MAX)
        return err_set(e, ERR_TOO_LARGE, "artifact: %zu bytes, at most %d", data.n,
                       GOV_ARTIFACT_MAX);
    return gov_send(t, contract, GOV_FN_ADD_ARTIFACT, VALUES(abi_bytes(data)), ret, e);
}

enum err_code gov_set_policy_hash(transactor *t, const struct addr *contract, uint16_t id,
                                  const struct hash32 *hash, struct tx_receipt *ret, struct err *e)
{
    return gov_send(t, contract, GOV_FN_SET_POLICY_HASH, VALUES(abi_u64(id), abi_word(hash)), ret,
                    e);
}

enum err_code gov_set_pki(transactor *t, const struct addr *contract, struct bytes ca_der,
                          struct bytes spki_der, struct tx_receipt *ret, struct err *e)
{
    return gov_send(t, contract, GOV_FN_SET_PKI_V2, VALUES(abi_bytes(ca_der), abi_bytes(spki_der)),
                    ret, e);
}

/* ---- both ---- */

enum err_code gov_revoke(transactor *t, const struct addr *contract, enum gov_kind kind,
                         const struct hash32 *subject, struct tx_receipt *ret, struct err *e)
{
    return gov_send(t, contract, GOV_FN_REVOKE, VALUES(abi_u64(kind), abi_word(subject)), ret, e);
}

enum err_code gov_freeze(transactor *t, const struct addr *contract, enum gov_kind kind,
                         const struct hash32 *subject, struct tx_receipt *ret, struct err *e)
{
    return gov_send(t, contract, GOV_FN_FREEZE, VALUES(abi_u64(kind), abi_word(subject)), ret, e);
}

enum err_code gov_allow(transactor *t, const struct addr *contract, enum gov_kind kind,
                        const struct hash32 *subject, uint16_t policy_id, uint64_t not_after,
                        struct tx_receipt *ret, struct err *e)
{
    return gov_send(
        t, contract, GOV_FN_ALLOW,
        VALUES(abi_u64(kind), abi_word(subject), abi_u64(policy_id), abi_u64(not_after)), ret, e);
}

static struct abi_value role_word(enum gov_role role)
{
    const struct hash32 h = gov_role_hash(role);

    return abi_word(&h);
}

enum err_code gov_grant_role(transactor *t, const struct addr *contract, enum gov_role role,
                             const struct addr *who, struct tx_receipt *ret, struct err *e)
{
    return gov_send(t, contract, GOV_FN_GRANT_ROLE, VALUES(role_word(role), abi_addr(who)), ret, e);
}

enum err_code gov_revoke_role(transactor *t, const struct addr *contract, enum gov_role role,
                              const struct addr *who, struct tx_receipt *ret, struct err *e)
{
    return gov_send(t, contract, GOV_FN_REVOKE_ROLE, VALUES(role_word(role), abi_addr(who)), ret,
                    e);
}

enum err_code gov_set_paused(transactor *t, const struct addr *contract, bool paused,
                             struct tx_receipt *ret, struct err *e)
{
    return gov_send(t, contract, GOV_FN_SET_PAUSED, VALUES(abi_bool(paused)), ret, e);
}

enum err_code gov_set_operator_required(transactor *t, const struct addr *contract, bool required,
                                        struct tx_receipt *ret, struct err *e)
{
    return gov_send(t, contract, GOV_FN_SET_OPERATOR_REQUIRED, VALUES(abi_bool(required)), ret, e);
}

enum err_code gov_set_delay(transactor *t, const struct addr *contract, uint32_t seconds,
                            struct tx_receipt *ret, struct err *e)
{
    return gov_send(t, contract, GOV_FN_SET_DELAY, VALUES(abi_u64(seconds)), ret, e);
}

enum err_code gov_apply_settings(transactor *t, const struct addr *contract, struct tx_receipt *ret,
                                 struct err *e)
{
    return gov_send(t, contract, GOV_FN_APPLY_SETTINGS, NULL, 0, ret, e);
}

enum err_code gov_set_predecessor(transactor *t, const struct addr *contract,
                                  const struct addr *old, struct tx_receipt *ret, struct err *e)
{
    return gov_send(t, contract, GOV_FN_SET_PREDECESSOR, VALUES(abi_addr(old)), ret, e);
}

enum err_code gov_set_successor(transactor *t, const struct addr *contract, const struct addr *next,
                                struct tx_receipt *ret, struct err *e)
{
    return gov_send(t, contract, GOV_FN_SET_SUCCESSOR, VALUES(abi_addr(next)), ret, e);
}
