#include "attest/tcb_status.h"

static const char *const names[TCB_STATUS_COUNT] = {
    [TCB_UP_TO_DATE] = "UpToDate",
    [TCB_SW_HARDENING_NEEDED] = "SWHardeningNeeded",
    [TCB_CONFIGURATION_NEEDED] = "ConfigurationNeeded",
    [TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED] = "ConfigurationAndSWHardeningNeeded",
    [TCB_OUT_OF_DATE] = "OutOfDate",
    [TCB_OUT_OF_DATE_CONFIGURATION_NEEDED] = "OutOfDateConfigurationNeeded",
    [TCB_RELAUNCH_ADVISED] = "TDRelaunchAdvised",
    [TCB_RELAUNCH_ADVISED_CONFIGURATION_NEEDED] = "TDRelaunchAdvisedConfigurationNeeded",
    [TCB_REVOKED] = "Revoked",
};

const char *tcb_status_name(enum tcb_status s)
{
    return s < TCB_STATUS_COUNT ? names[s] : "unknown";
}

enum err_code tcb_status_parse(struct bytes name, enum tcb_status *ret, struct err *e)
{
    for (int s = 0; s < TCB_STATUS_COUNT; s++)
        if (bytes_eq(name, bytes_of_str(names[s]))) {
            *ret = (enum tcb_status)s;
            return ERR_OK;
        }
    return err_set(e, ERR_INVALID, "a TCB status that is not in Intel's list");
}

enum err_code tcb_status_set_parse(const char *list, tcb_status_set *ret, struct err *e)
{
    tcb_status_set set = 0;
    enum tcb_status s;

    if (strcmp(list, "any") == 0) {
        *ret = TCB_STATUS_ANY;
        return ERR_OK;
    }
    for (const char *at = list;; at++) {
        size_t n = strcspn(at, ",");
        struct err ignored;

        if (tcb_status_parse((struct bytes){(const uint8_t *)at, n}, &s, &ignored) != ERR_OK)
            return err_set(e, ERR_INVALID,
                           "TCB status '%.*s': expected UpToDate, SWHardeningNeeded, "
                           "ConfigurationNeeded, ConfigurationAndSWHardeningNeeded, OutOfDate, "
                           "OutOfDateConfigurationNeeded, TDRelaunchAdvised, "
                           "TDRelaunchAdvisedConfigurationNeeded, separated by commas, or any",
                           (int)(n < 64 ? n : 64), at);
        if (s == TCB_REVOKED)
            return err_set(e, ERR_INVALID, "TCB status Revoked is never acceptable");
        set |= TCB_STATUS_BIT(s);
        at += n;
        if (*at == 0)
            break;
    }
    *ret = set;
    return ERR_OK;
}

enum tcb_status tcb_status_merge(enum tcb_status platform, enum tcb_status component)
{
    if (component == TCB_REVOKED)
        return TCB_REVOKED;
    if (component == TCB_UP_TO_DATE)
        return platform;
    switch (platform) {
    case TCB_UP_TO_DATE:
    case TCB_SW_HARDENING_NEEDED:
        return TCB_OUT_OF_DATE;
    case TCB_CONFIGURATION_NEEDED:
    case TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED:
        return TCB_OUT_OF_DATE_CONFIGURATION_NEEDED;
    default:
        return platform;
    }
}

static bool needs_configuration(enum tcb_status s)
{
    return s == TCB_CONFIGURATION_NEEDED || s == TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED ||
           s == TCB_OUT_OF_DATE_CONFIGURATION_NEEDED;
}

static bool out_of_date(enum tcb_status s)
{
    return s == TCB_OUT_OF_DATE || s == TCB_OUT_OF_DATE_CONFIGURATION_NEEDED;
}

static bool kept_up(enum tcb_status s)
{
    return s == TCB_UP_TO_DATE || s == TCB_SW_HARDENING_NEEDED || s == TCB_CONFIGURATION_NEEDED ||
           s == TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED;
}

enum tcb_status tcb_status_relaunch(enum tcb_status launch, enum tcb_status current)
{
    if (launch == TCB_REVOKED || current == TCB_REVOKED)
        return TCB_REVOKED;
    if (!out_of_date(launch) || !kept_up(current))
        return launch;
    return needs_configuration(launch) || needs_configuration(current)
               ? TCB_RELAUNCH_ADVISED_CONFIGURATION_NEEDED
               : TCB_RELAUNCH_ADVISED;
}
