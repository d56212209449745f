#include <errno.h>
#include <stdlib.h>
#include "base/codec.h"
#include "cli/gov.h"
#include "crypto/digest.h"
#include "gov/contracts_gen.h"
#include "gov/write.h"

/* Roles, owner, settings and lineage: one call of the contract each. */

#define CALL(a, e, function, ...)                                                                  \
    gov_cli_call(a, function, (struct abi_value[]){__VA_ARGS__},                                   \
                 sizeof((struct abi_value[]){__VA_ARGS__}) / sizeof(struct abi_value), e)

/* A positional argument that is an address. */
static enum err_code address_at(const struct cli_args *a, size_t i, struct addr *ret, struct err *e)
{
    if (addr_parse(bytes_of_str(a->positional[i]), ret, e) == ERR_OK)
        return ERR_OK;
    e->code = ERR_USAGE;
    return err_wrap(e, "%.60s", a->positional[i]);
}

static enum err_code number_at(const struct cli_args *a, size_t i, uint64_t max, uint64_t *ret,
                               struct err *e)
{
    const char *text = a->positional[i];
    char *end = NULL;

    errno = 0;
    if (*text >= '0' && *text <= '9')
        *ret = strtoull(text, &end, 10);
    if (!end || *end || errno || *ret > max)
        return err_set(e, ERR_USAGE, "found \"%.40s\", expected a number of at most %llu", text,
                       (unsigned long long)max);
    return ERR_OK;
}

static enum err_code yes_or_no(const struct cli_args *a, bool *ret, struct err *e)
{
    const char *text = a->positional[0];

    *ret = strcmp(text, "yes") == 0;
    if (!*ret && strcmp(text, "no") != 0)
        return err_set(e, ERR_USAGE, "found \"%.40s\", expected yes or no", text);
    return ERR_OK;
}

static enum err_code role_at(const struct cli_args *a, struct hash32 *ret, struct err *e)
{
    for (enum gov_role role = 0; role < GOV_ROLES; role++)
        if (strcmp(a->positional[0], gov_role_name(role)) == 0) {
            *ret = gov_role_hash(role);
            return ERR_OK;
        }
    return err_set(e, ERR_USAGE,
                   "found \"%.40s\", expected curator, guardian, operator, metadata or instance",
                   a->positional[0]);
}

/* ---- roles ---- */

static enum err_code change_role(const struct cli_args *a, const char *function, struct err *e)
{
    struct hash32 role;
    struct addr who;

    TRY(role_at(a, &role, e));
    TRY(address_at(a, 1, &who, e));
    return CALL(a, e, function, abi_word(&role), abi_addr(&who));
}

enum err_code gov_cmd_role_grant(const struct cli_args *a, struct err *e)
{
    return change_role(a, GOV_FN_GRANT_ROLE, e);
}

enum err_code gov_cmd_role_revoke(const struct cli_args *a, struct err *e)
{
    return change_role(a, GOV_FN_REVOKE_ROLE, e);
}

/* The contract wants the sender's own address, so that nobody drops a role by a slip. */
enum err_code gov_cmd_role_renounce(const struct cli_args *a, struct err *e)
{
    return change_role(a, GOV_FN_RENOUNCE_ROLE, e);
}

enum err_code gov_cmd_owner_transfer(const struct cli_args *a, struct err *e)
{
    struct addr who;

    TRY(address_at(a, 0, &who, e));
    return CALL(a, e, GOV_FN_TRANSFER_OWNERSHIP, abi_addr(&who));
}

enum err_code gov_cmd_owner_accept(const struct cli_args *a, struct err *e)
{
    return gov_cli_call(a, GOV_FN_ACCEPT_OWNERSHIP, NULL, 0, e);
}

/* ---- settings ---- */

enum err_code gov_cmd_pause(const struct cli_args *a, struct err *e)
{
    return CALL(a, e, GOV_FN_SET_PAUSED, abi_bool(true));
}

enum err_code gov_cmd_unpause(const struct cli_args *a, struct err *e)
{
    return CALL(a, e, GOV_FN_SET_PAUSED, abi_bool(false));
}

enum err_code gov_cmd_delay_set(const struct cli_args *a, struct err *e)
{
    uint64_t seconds = 0;

    TRY(number_at(a, 0, UINT32_MAX, &seconds, e));
    return CALL(a, e, GOV_FN_SET_DELAY, abi_u64(seconds));
}

enum err_code gov_cmd_operator_required(const struct cli_args *a, struct err *e)
{
    bool required;

    TRY(yes_or_no(a, &required, e));
    return CALL(a, e, GOV_FN_SET_OPERATOR_REQUIRED, abi_bool(required));
}

enum err_code gov_cmd_rules_set(const struct cli_args *a, struct err *e)
{
    uint64_t mask;

    TRY(cli_u64(a, "pcr-mask", 0xffffff, &mask, e));
    return CALL(a, e, GOV_FN_SET_IDENTITY_RULES, abi_bool(cli_switch(a, "rtmr3")),
                abi_bool(cli_switch(a, "principal")), abi_u64(mask));
}

enum err_code gov_cmd_epoch_raise(const struct cli_args *a, struct err *e)
{
    return gov_cli_call(a, GOV_FN_RAISE_EPOCH, NULL, 0, e);
}

enum err_code gov_cmd_settings_apply(const struct cli_args *a, struct err *e)
{
    return gov_cli_call(a, GOV_FN_APPLY_SETTINGS, NULL, 0, e);
}

enum err_code gov_cmd_settings_cancel(const struct cli_args *a, struct err *e)
{
    return gov_cli_call(a, GOV_FN_CANCEL_SETTINGS, NULL, 0, e);
}

/* ---- lineage ---- */

enum err_code gov_cmd_predecessor_set(const struct cli_args *a, struct err *e)
{
    struct addr old;

    TRY(address_at(a, 0, &old, e));
    return CALL(a, e, GOV_FN_SET_PREDECESSOR, abi_addr(&old));
}

enum err_code gov_cmd_successor_set(const struct cli_args *a, struct err *e)
{
    struct addr next;

    TRY(address_at(a, 0, &next, e));
    return CALL(a, e, GOV_FN_SET_SUCCESSOR, abi_addr(&next));
}

enum err_code gov_cmd_successor_cancel(const struct cli_args *a, struct err *e)
{
    return gov_cli_call(a, GOV_FN_CANCEL_SUCCESSOR, NULL, 0, e);
}
