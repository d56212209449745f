/* cmd - what the commands of teereg-sim share.  Room: sim.
 *
 * A command takes its own argc and argv (argv[0] is its name) and returns an exit code: 0 done,
 * 1 failed, 2 wrong usage. */
#pragma once
#include "net/http_server.h"
#include "sim_quote.h"

enum { SIM_DONE = 0, SIM_FAILED = 1, SIM_USAGE = 2 };

int cmd_serve(int argc, char **argv);
int cmd_quote(int argc, char **argv);
int cmd_measurements(int argc, char **argv);
int cmd_faults(int argc, char **argv);
int cmd_root(int argc, char **argv);
int cmd_collateral(int argc, char **argv);
int cmd_pcs(int argc, char **argv);
int cmd_azure(int argc, char **argv);

/* --name VALUE and --name=VALUE; a name that stands in no option, a value that is missing and an
 * option that is given twice are wrong usage, except where `many` allows more. */
struct sim_option {
    const char *name;  /* without dashes */
    const char *value; /* NULL: not given */
    const char **many; /* room for `max` values, in order; n counts */
    size_t max, n;
};
/* options ends with an entry without a name.  What is wrong is said on stderr. */
bool sim_options(int argc, char **argv, struct sim_option *options);

/* "teereg-sim: error: ..." on stderr; returns SIM_FAILED. */
int sim_fail(const struct err *e);
/* The same, and points to the help; returns SIM_USAGE. */
int sim_usage(const char *command, const char *what);

/* Says on stderr that what was made is simulated. */
void sim_warn(void);

/* The TD of a measurements file ("-" is standard input). */
MUST_CHECK enum err_code sim_td_of_file(const char *path, struct td_report *ret, struct err *e);
/* "v4", "v5", "v5-td15"; NULL is "v4". */
MUST_CHECK enum err_code sim_form_parse(const char *name, enum sim_form *ret, struct err *e);
/* Bytes to a file, or NULL for standard output. */
MUST_CHECK enum err_code sim_output(const char *path, struct bytes data, struct err *e);

/* Answers at 127.0.0.1:PORT or unix:/path until SIGTERM or SIGINT; the first line of output says
 * what is where. */
MUST_CHECK enum err_code sim_serve(const char *address, const char *what,
                                   const struct http_routes *routes, struct err *e);

/* A spec of --at, --days, --fault, --status, --evaluation, --update and --tee, in this order from
 * o[0] on. */
#define SIM_COLLATERAL_OPTIONS                                                                     \
    {.name = "at"}, {.name = "days"}, {.name = "fault"}, {.name = "status"},                       \
        {.name = "evaluation"}, {.name = "update"},                                                \
    {                                                                                              \
        .name = "tee"                                                                              \
    }
struct sim_collateral_spec;
MUST_CHECK enum err_code sim_collateral_options(const struct sim_option *o,
                                                struct sim_collateral_spec *ret, struct err *e);
