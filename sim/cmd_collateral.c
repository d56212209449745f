/* teereg-sim collateral: the bundle of a platform. */
#include <stdio.h>

#include "base/clock.h"
#include "cmd.h"
#include "sim_collateral.h"

/* The collateral takes no time after 2039, so ten digits are enough. */
static enum err_code number(const char *option, const char *text, int64_t *ret, struct err *e)
{
    int64_t v = 0;
    size_t n = strspn(text, "0123456789");

    if (n == 0 || n > 10 || text[n])
        return err_set(e, ERR_INVALID, "--%s '%.32s' is no number of at most ten digits", option,
                       text);
    for (; *text; text++)
        v = v * 10 + (*text - '0');
    *ret = v;
    return ERR_OK;
}

static enum err_code make(const char *platform, const struct sim_option *at,
                          const struct sim_option *days, const char *fault, const char *status,
                          struct buf *ret, struct err *e)
{
    struct sim_collateral_spec spec = {.now = clock_unix(&clock_system), .status = status};
    AUTO(sim_platform) p = NULL;
    int64_t n = 0;

    if (at->value)
        TRY(number(at->name, at->value, &spec.now, e));
    if (days->value) {
        TRY(number(days->name, days->value, &n, e));
        if (n == 0 || n > SIM_COLLATERAL_DAYS_MAX)
            return err_set(e, ERR_INVALID, "--days %s: 1 .. %d", days->value,
                           SIM_COLLATERAL_DAYS_MAX);
        spec.days = (unsigned)n;
    }
    if (fault)
        TRY(sim_collateral_fault_parse(fault, &spec.fault, e));
    TRY(sim_platform_new(platform ? platform : "default", SIM_OK, &p, e));
    return sim_collateral(p, &spec, ret, e);
}

int cmd_collateral(int argc, char **argv)
{
    enum { PLATFORM, AT, DAYS, FAULT, STATUS, OUT };
    struct sim_option o[] = {
        [PLATFORM] = {.name = "platform"},
        [AT] = {.name = "at"},
        [DAYS] = {.name = "days"},
        [FAULT] = {.name = "fault"},
        [STATUS] = {.name = "status"},
        [OUT] = {.name = "out"},
        {0},
    };
    struct buf bundle AUTO_CALL(buf_done) = BUF(SIM_COLLATERAL_MAX);
    struct err e;

    if (!sim_options(argc, argv, o))
        return SIM_USAGE;
    if (make(o[PLATFORM].value, &o[AT], &o[DAYS], o[FAULT].value, o[STATUS].value, &bundle, &e) !=
            ERR_OK ||
        sim_output(o[OUT].value, buf_bytes(&bundle), &e) != ERR_OK)
        return sim_fail(&e);
    fputs("teereg-sim: SIMULATED: this proves nothing\n", stderr);
    return SIM_DONE;
}
