/* Options, files and errors of the commands. */
#include <stdio.h>

#include "base/fs.h"
#include "cmd.h"

#define MEASUREMENTS_MAX 65536

static struct sim_option *find(struct sim_option *options, const char *name, size_t n)
{
    for (; options->name; options++)
        if (strlen(options->name) == n && strncmp(options->name, name, n) == 0)
            return options;
    return NULL;
}

static bool store(struct sim_option *o, const char *value)
{
    if (o->many) {
        if (o->n == o->max)
            return false;
        o->many[o->n++] = value;
        return true;
    }
    if (o->value)
        return false;
    o->value = value;
    return true;
}

bool sim_options(int argc, char **argv, struct sim_option *options)
{
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i], *value = strchr(arg, '=');
        size_t n = value ? (size_t)(value - arg) : strlen(arg);
        struct sim_option *o = strncmp(arg, "--", 2) == 0 ? find(options, arg + 2, n - 2) : NULL;

        if (!o) {
            fprintf(stderr, "teereg-sim %s: no option '%.*s'; see `teereg-sim --help`\n", argv[0],
                    (int)n, arg);
            return false;
        }
        if (!value && i + 1 == argc) {
            fprintf(stderr, "teereg-sim %s: --%s wants a value\n", argv[0], o->name);
            return false;
        }
        if (!store(o, value ? value + 1 : argv[++i])) {
            fprintf(stderr, "teereg-sim %s: --%s is given too often\n", argv[0], o->name);
            return false;
        }
    }
    return true;
}

void sim_warn(void)
{
    fputs("teereg-sim: SIMULATED: this proves nothing\n", stderr);
}

int sim_fail(const struct err *e)
{
    fprintf(stderr, "teereg-sim: error: %s\n", e->msg);
    return SIM_FAILED;
}

int sim_usage(const char *command, const char *what)
{
    fprintf(stderr, "teereg-sim %s: %s; see `teereg-sim --help`\n", command, what);
    return SIM_USAGE;
}

enum err_code sim_td_of_file(const char *path, struct td_report *ret, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(MEASUREMENTS_MAX);
    struct measurements m;
    AUTO(json) j = NULL;

    TRY(strcmp(path, "-") == 0 ? fs_read_fd(STDIN_FILENO, &text, e) : fs_read(path, &text, e));
    TRY_IN(e, json_parse(buf_bytes(&text), MEASUREMENTS_MAX, &j, e), "%s", path);
    TRY_IN(e, measurements_from_json(j, &m, e), "%s", path);
    if (m.kind != TEE_TDX)
        return err_set(e, ERR_INVALID, "%s: only TDX measurements can be simulated", path);
    sim_td_measured(&m, ret);
    return ERR_OK;
}

enum err_code sim_form_parse(const char *name, enum sim_form *ret, struct err *e)
{
    if (!name || strcmp(name, "v4") == 0)
        *ret = SIM_V4;
    else if (strcmp(name, "v5") == 0)
        *ret = SIM_V5_TD10;
    else if (strcmp(name, "v5-td15") == 0)
        *ret = SIM_V5_TD15;
    else
        return err_set(e, ERR_INVALID, "form '%s' is none of v4, v5, v5-td15", name);
    return ERR_OK;
}

enum err_code sim_output(const char *path, struct bytes data, struct err *e)
{
    if (path)
        return fs_write_atomic(path, data, 0644, e);
    if (fwrite(data.p, 1, data.n, stdout) != data.n || fflush(stdout) != 0)
        return err_set(e, ERR_IO, "standard output does not take what was made");
    return ERR_OK;
}
