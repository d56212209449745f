/* teereg-sim collateral: what the simulated vendor says about simulated platforms. */
#include "base/clock.h"
#include "cmd.h"
#include "sim_collateral.h"

/* A decimal number of at most max. */
static enum err_code sim_number(const char *option, const char *text, uint64_t max, uint64_t *ret,
                                struct err *e)
{
    uint64_t v = 0;

    if (*text == 0)
        return err_set(e, ERR_INVALID, "%s: expected a number", option);
    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9' || v > max / 10)
            return err_set(e, ERR_INVALID, "%s: expected a number of at most %llu", option,
                           (unsigned long long)max);
        v = v * 10 + (uint64_t)(*p - '0');
    }
    if (v > max)
        return err_set(e, ERR_INVALID, "%s: expected a number of at most %llu", option,
                       (unsigned long long)max);
    *ret = v;
    return ERR_OK;
}

enum err_code sim_collateral_options(const struct sim_option *o, struct sim_collateral_spec *ret,
                                     struct err *e)
{
    enum { AT, DAYS, FAULT, STATUS, EVALUATION, UPDATE, TEE };
    const char *update = o[UPDATE].value, *tee = o[TEE].value;
    struct sim_collateral_spec spec = {.status = o[STATUS].value};
    uint64_t n;

    if (o[AT].value) {
        TRY(sim_number("--at", o[AT].value, (uint64_t)1 << 32, &n, e));
        spec.now = (int64_t)n;
    }
    if (o[DAYS].value) {
        TRY(sim_number("--days", o[DAYS].value, 3650, &n, e));
        spec.days = (unsigned)n;
    }
    if (o[EVALUATION].value) {
        TRY(sim_number("--evaluation", o[EVALUATION].value, 1000000, &n, e));
        spec.evaluation_number = (unsigned)n;
    }
    if (o[FAULT].value)
        TRY(sim_collateral_fault_parse(o[FAULT].value, &spec.fault, e));
    if (update && strcmp(update, "standard") != 0 && strcmp(update, "early") != 0)
        return err_set(e, ERR_INVALID, "--update: expected standard or early");
    if (tee && strcmp(tee, "tdx") != 0 && strcmp(tee, "sgx") != 0)
        return err_set(e, ERR_INVALID, "--tee: expected tdx or sgx");
    spec.early = update && strcmp(update, "early") == 0;
    spec.sgx = tee && strcmp(tee, "sgx") == 0;
    *ret = spec;
    return ERR_OK;
}

enum { OUT, PLATFORM, REST };

static enum err_code make_collateral(const struct sim_option *o, struct buf *ret, struct err *e)
{
    struct sim_collateral_spec spec;
    AUTO(sim_platform) p = NULL;

    TRY(sim_collateral_options(o + REST, &spec, e));
    if (spec.now == 0)
        spec.now = clock_unix(&clock_system);
    TRY(sim_platform_new(o[PLATFORM].value ? o[PLATFORM].value : "default", SIM_OK, &p, e));
    return sim_collateral(p, &spec, ret, e);
}

int cmd_collateral(int argc, char **argv)
{
    struct sim_option o[] = {
        [OUT] = {.name = "out"},
        [PLATFORM] = {.name = "platform"},
        [REST] = SIM_COLLATERAL_OPTIONS,
        {0},
    };
    struct buf text AUTO_CALL(buf_done) = BUF(SIM_COLLATERAL_MAX);
    struct err e;

    if (!sim_options(argc, argv, o))
        return SIM_USAGE;
    if (make_collateral(o, &text, &e) != ERR_OK ||
        sim_output(o[OUT].value, buf_bytes(&text), &e) != ERR_OK)
        return sim_fail(&e);
    sim_warn();
    return SIM_DONE;
}
