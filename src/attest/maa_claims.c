#include "attest/maa_claims.h"

#include <stddef.h>
#include "base/codec.h"

enum err_code maa_read_common(const json *root, struct maa_claims *ret, struct err *e)
{
    const char *issuer;

    TRY(json_get_str(root, "iss", sizeof ret->issuer - 1, &issuer, e));
    TRY(json_get_i64(root, "iat", &ret->issued, e));
    TRY(json_get_i64(root, "nbf", &ret->not_before, e));
    TRY(json_get_i64(root, "exp", &ret->expires, e));
    snprintf(ret->issuer, sizeof ret->issuer, "%s", issuer);
    return ERR_OK;
}

enum err_code maa_machine(const json *root, bool is_guest, const json **ret, struct err *e)
{
    if (is_guest)
        return json_get_object(root, "x-ms-isolation-tee", ret, e);
    *ret = root;
    return ERR_OK;
}

bool maa_type_is(const json *obj, const char *word)
{
    const char *type;
    struct err ignored;

    return json_get_str(obj, "x-ms-attestation-type", 64, &type, &ignored) == ERR_OK &&
           strcmp(type, word) == 0;
}

/* The claims about a TD, and where each stands in a TD report. */
static const struct td_claim {
    const char *name;
    size_t at, n;
} td_claims[] = {
#define TD_CLAIM(name, field)                                                                      \
    {                                                                                              \
        name, offsetof(struct td_report, field), sizeof((struct td_report *)0)->field              \
    }
    TD_CLAIM("tdx_tee_tcb_svn", tee_tcb_svn),
    TD_CLAIM("tdx_mrseam", mrseam),
    TD_CLAIM("tdx_mrsignerseam", mrsignerseam),
    TD_CLAIM("tdx_seam_attributes", seam_attributes),
    TD_CLAIM("tdx_td_attributes", td_attributes),
    TD_CLAIM("tdx_xfam", xfam),
    TD_CLAIM("tdx_mrtd", mrtd),
    TD_CLAIM("tdx_mrconfigid", mrconfigid),
    TD_CLAIM("tdx_mrowner", mrowner),
    TD_CLAIM("tdx_mrownerconfig", mrownerconfig),
    TD_CLAIM("tdx_rtmr0", rtmr[0]),
    TD_CLAIM("tdx_rtmr1", rtmr[1]),
    TD_CLAIM("tdx_rtmr2", rtmr[2]),
    TD_CLAIM("tdx_rtmr3", rtmr[3]),
    TD_CLAIM("tdx_report_data", report_data),
#undef TD_CLAIM
};
#define TD_CLAIMS (sizeof td_claims / sizeof td_claims[0])

enum err_code maa_read_td(const json *machine, struct td_report *ret, struct err *e)
{
    struct td_report td = {0};

    for (size_t i = 0; i < TD_CLAIMS; i++)
        TRY(json_get_hex(machine, td_claims[i].name, (uint8_t *)&td + td_claims[i].at,
                         td_claims[i].n, e));
    *ret = td;
    return ERR_OK;
}

const char *maa_td_differs(const struct td_report *a, const struct td_report *b)
{
    for (size_t i = 0; i < TD_CLAIMS; i++) {
        const struct td_claim *c = &td_claims[i];

        if (!bytes_eq((struct bytes){(const uint8_t *)a + c->at, c->n},
                      (struct bytes){(const uint8_t *)b + c->at, c->n}))
            return c->name;
    }
    return NULL;
}

/* dbgstat of this object, if it has one. */
static enum err_code check_state(const json *obj, struct err *e)
{
    const char *state = "disabled";

    if (json_has(obj, "dbgstat"))
        TRY(json_get_str(obj, "dbgstat", 64, &state, e));
    if (strcmp(state, "disabled") != 0)
        return err_set(e, ERR_DENIED, "dbgstat is not disabled");
    return ERR_OK;
}

enum err_code maa_check_debug(const json *root, const json *machine, struct err *e)
{
    static const char *const of_guest[] = {
        "x-ms-azurevm-bootdebug-enabled",
        "x-ms-azurevm-kerneldebug-enabled",
        "x-ms-azurevm-hypervisordebug-enabled",
    };
    bool debug, disabled = true;
    struct td_report td;

    TRY(json_get_bool(machine, "tdx_td_attributes_debug", &debug, e));
    TRY(maa_read_td(machine, &td, e));
    /* All of byte 0 is for TDs under test ("TUD"), bit 0 the DEBUG of today. */
    if (debug || td.td_attributes[0] != 0)
        return err_set(e, ERR_DENIED, "a DEBUG TD: its host reads its memory");
    TRY(check_state(machine, e));
    TRY(check_state(root, e));
    if (json_has(root, "x-ms-azurevm-debuggersdisabled"))
        TRY(json_get_bool(root, "x-ms-azurevm-debuggersdisabled", &disabled, e));
    if (!disabled)
        return err_set(e, ERR_DENIED, "x-ms-azurevm-debuggersdisabled is false");
    for (size_t i = 0; i < sizeof of_guest / sizeof of_guest[0]; i++) {
        debug = false;
        if (json_has(root, of_guest[i]))
            TRY(json_get_bool(root, of_guest[i], &debug, e));
        if (debug)
            return err_set(e, ERR_DENIED, "%s", of_guest[i]);
    }
    return ERR_OK;
}

/* Of a machine's token it stands there as it was sent, of a guest's in base64. */
enum err_code maa_check_nonce(const json *root, bool is_guest, const char *nonce, struct err *e)
{
    struct buf wanted AUTO_CALL(buf_done) = BUF(8192);
    const json *runtime, *holder = root;
    const char *found;

    if (is_guest) {
        TRY(json_get_object(root, "x-ms-runtime", &runtime, e));
        TRY(json_get_object(runtime, "client-payload", &holder, e));
        base64_put(&wanted, bytes_of_str(nonce));
    } else {
        buf_put_str(&wanted, nonce);
    }
    TRY(buf_check(&wanted, e));
    TRY(json_get_str(holder, "nonce", 8192, &found, e));
    if (!bytes_eq(bytes_of_str(found), buf_bytes(&wanted)))
        return err_set(e, ERR_VERIFY, "another nonce than was sent");
    return ERR_OK;
}
