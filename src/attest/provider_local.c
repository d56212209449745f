/* This machine's own way to a quote: the one that is asked for, or the first that is there. */
#include <stdio.h>
#include "attest/provider.h"

static const struct {
    const char *name;
    enum quotes_from from;
} names[] = {
    {"auto", QUOTES_AUTO},
    {"configfs-tsm", QUOTES_CONFIGFS},
    {"tdx-guest", QUOTES_TDX_GUEST},
    {"azure-vtpm", QUOTES_AZURE},
};
#define NAMES (sizeof names / sizeof names[0])

enum err_code quotes_from_named(const char *name, enum quotes_from *ret, struct err *e)
{
    for (size_t i = 0; i < NAMES; i++) {
        if (strcmp(name, names[i].name) == 0) {
            *ret = names[i].from;
            return ERR_OK;
        }
    }
    return err_set(e, ERR_USAGE, "\"%.40s\": expected auto, configfs-tsm, tdx-guest or azure-vtpm",
                   name);
}

static enum err_code open_one(const struct provider_local_config *c, enum quotes_from from,
                              quote_provider **ret, struct err *e)
{
    switch (from) {
    case QUOTES_CONFIGFS:
        return provider_configfs(c->tsm_report, ret, e);
    case QUOTES_TDX_GUEST:
        return provider_tdx_guest(c->qgs_port, ret, e);
    case QUOTES_AZURE:
        return provider_azure(&c->azure, ret, e);
    case QUOTES_AUTO:
        break;
    }
    return err_set(e, ERR_INTERNAL, "no such provider of quotes");
}

enum err_code provider_open_local(const struct provider_local_config *c, quote_provider **ret,
                                  struct err *e)
{
    static const enum quotes_from order[] = {QUOTES_CONFIGFS, QUOTES_TDX_GUEST, QUOTES_AZURE};
    struct err tried[sizeof order / sizeof order[0]];

    if (c->from != QUOTES_AUTO)
        return open_one(c, c->from, ret, e);
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (open_one(c, order[i], ret, &tried[i]) == ERR_OK)
            return ERR_OK;
    return err_set(e, ERR_IO,
                   "this machine has no way to make a quote; tried were\n"
                   "  %.280s\n  %.280s\n  %.280s\n"
                   "  to see one of them alone: --quotes-from NAME",
                   tried[0].msg, tried[1].msg, tried[2].msg);
}
