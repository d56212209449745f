#include "cli/cli.h"
#include "base/codec.h"
#include "cli/writer.h"

enum cli_exit cli_exit_of(enum err_code code)
{
    switch (code) {
    case ERR_OK:
        return CLI_OK;
    case ERR_USAGE:
        return CLI_USAGE;
    case ERR_DENIED:
        return CLI_DENIED;
    case ERR_NOT_FOUND:
        return CLI_NOT_FOUND;
    case ERR_VERIFY:
        return CLI_VERIFY;
    case ERR_UPSTREAM:
    case ERR_TIMEOUT:
    case ERR_BUSY:
    case ERR_LOCKED:
        return CLI_UPSTREAM;
    default:
        return CLI_FAILED;
    }
}

void cli_env_name(const char *option, char *ret, size_t size)
{
    size_t n = (size_t)snprintf(ret, size, "TEEREG_%s", option);

    for (size_t i = 0; i < n && i < size; i++) {
        if (ret[i] == '-')
            ret[i] = '_';
        else if (ret[i] >= 'a' && ret[i] <= 'z')
            ret[i] = (char)(ret[i] - 'a' + 'A');
    }
}

const struct cli_option *cli_option_at(const struct cli_verb *verb, size_t i)
{
    const struct cli_option *o = verb->options;

    for (; o && (o->name || o->need == CLI_SENDS); o++) {
        if (!o->name)
            o = cli_write_options;
        if (i-- == 0)
            return o;
    }
    return NULL;
}

static const struct cli_option *option_of(const struct cli_args *a, const char *name)
{
    const struct cli_option *o;

    for (size_t i = 0; (o = cli_option_at(a->verb, i)); i++)
        if (strcmp(o->name, name) == 0)
            return o;
    return NULL;
}

const char *cli_value_at(const struct cli_args *a, const char *name, size_t i)
{
    for (size_t k = 0; k < a->n_given; k++) {
        if (strcmp(a->given[k].option->name, name) == 0 && i-- == 0)
            return a->given[k].value;
    }
    return NULL;
}

const char *cli_value(const struct cli_args *a, const char *name)
{
    const struct cli_option *o = option_of(a, name);
    const char *v = cli_value_at(a, name, 0);

    return v || !o ? v : o->preset;
}

bool cli_switch(const struct cli_args *a, const char *name)
{
    return cli_value_at(a, name, 0) != NULL;
}

static enum err_code need(const struct cli_args *a, const char *name, const char **ret,
                          struct err *e)
{
    const struct cli_option *o = option_of(a, name);
    char env[64];

    *ret = cli_value(a, name);
    if (*ret)
        return ERR_OK;
    cli_env_name(name, env, sizeof env);
    return err_set(e, ERR_USAGE, "--%s %s is needed (%s), or %s in the environment", name,
                   o && o->value ? o->value : "VALUE", o ? o->help : "", env);
}

static enum err_code malformed(const char *name, struct err *e)
{
    e->code = ERR_USAGE;
    return err_wrap(e, "--%s", name);
}

enum err_code cli_u64(const struct cli_args *a, const char *name, uint64_t max, uint64_t *ret,
                      struct err *e)
{
    const char *text;
    uint64_t v = 0;

    TRY(need(a, name, &text, e));
    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9')
            return err_set(e, ERR_USAGE, "--%s: found \"%.40s\", expected a decimal number", name,
                           text);
        if (__builtin_mul_overflow(v, 10U, &v) ||
            __builtin_add_overflow(v, (unsigned)(*p - '0'), &v) || v > max)
            return err_set(e, ERR_USAGE, "--%s: found %.40s, the most is %llu", name, text,
                           (unsigned long long)max);
    }
    if (!*text)
        return err_set(e, ERR_USAGE, "--%s: found nothing, expected a decimal number", name);
    *ret = v;
    return ERR_OK;
}

enum err_code cli_addr(const struct cli_args *a, const char *name, struct addr *ret, struct err *e)
{
    const char *text;

    TRY(need(a, name, &text, e));
    return addr_parse(bytes_of_str(text), ret, e) == ERR_OK ? ERR_OK : malformed(name, e);
}

enum err_code cli_hash32(const struct cli_args *a, const char *name, struct hash32 *ret,
                         struct err *e)
{
    const char *text;

    TRY(need(a, name, &text, e));
    return hash32_parse(bytes_of_str(text), ret, e) == ERR_OK ? ERR_OK : malformed(name, e);
}

/* At least 20 columns for names, so that the results of most verbs look alike. */
static int name_width(const json *node, int depth)
{
    const char *name;
    const json *v;
    int width = 20 - depth * 2;

    for (size_t i = 0; json_member(node, i, &name, &v); i++) {
        if (!json_is_object(v) && (int)strlen(name) > width)
            width = (int)strlen(name);
    }
    return width;
}

static enum err_code print_members(const json *node, int depth, struct err *e)
{
    const int width = name_width(node, depth);
    const char *name;
    const json *v;

    for (size_t i = 0; json_member(node, i, &name, &v); i++) {
        struct buf text AUTO_CALL(buf_done) = BUF(4 * 1024 * 1024);

        if (json_is_object(v)) {
            printf("%*s%s\n", depth * 2, "", name);
            TRY(print_members(v, depth + 1, e));
            continue;
        }
        if (json_str(v))
            buf_put_str(&text, json_str(v));
        else
            TRY(json_write(v, JSON_COMPACT, &text, e));
        TRY(buf_check(&text, e));
        printf("%*s%-*s  %.*s\n", depth * 2, "", width, name, (int)text.n, (const char *)text.p);
    }
    return ERR_OK;
}

enum err_code cli_print(const struct cli_args *a, const json *result, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(4 * 1024 * 1024);

    if (a->json) {
        TRY(json_write(result, JSON_PRETTY, &text, e));
        buf_put_u8(&text, '\n');
        TRY(buf_check(&text, e));
        fwrite(text.p, 1, text.n, stdout);
    } else {
        TRY(print_members(result, 0, e));
    }
    if (fflush(stdout) != 0)
        return err_set(e, ERR_IO, "the output could not be written");
    return ERR_OK;
}
