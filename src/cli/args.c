#include "cli/args.h"
#include "base/fs.h"

#define CONFIG_FILE_MAX 65536

static const struct cli_option *option_named(const struct cli_verb *verb, const char *name,
                                             size_t len)
{
    const struct cli_option *o;

    for (size_t i = 0; (o = cli_option_at(verb, i)); i++)
        if (strlen(o->name) == len && memcmp(o->name, name, len) == 0)
            return o;
    return NULL;
}

static bool given(const struct cli_args *a, const struct cli_option *o)
{
    for (size_t i = 0; i < a->n_given; i++) {
        if (a->given[i].option == o)
            return true;
    }
    return false;
}

static enum err_code add(struct cli_args *a, const struct cli_option *o, const char *value,
                         struct err *e)
{
    if (o->need != CLI_MANY && given(a, o))
        return err_set(e, ERR_INVALID, "--%s is given twice", o->name);
    if (a->n_given == CLI_VALUES_MAX)
        return err_set(e, ERR_TOO_LARGE, "more than %d options", CLI_VALUES_MAX);
    a->given[a->n_given].option = o;
    a->given[a->n_given++].value = value;
    return ERR_OK;
}

/* One word that begins with two dashes; *i moves over its value. */
static enum err_code long_option(struct cli_args *a, int argc, char *const argv[], int *i,
                                 const char **config, struct err *e)
{
    const char *word = argv[*i] + 2, *eq = strchr(word, '=');
    const size_t len = eq ? (size_t)(eq - word) : strlen(word);
    const struct cli_option *o = option_named(a->verb, word, len);
    const bool is_config = len == 6 && memcmp(word, "config", 6) == 0;

    if (len == 4 && memcmp(word, "json", 4) == 0 && !eq) {
        a->json = true;
        return ERR_OK;
    }
    if (!o && !is_config)
        return err_set(e, ERR_INVALID, "no option --%.*s; --help lists them", (int)len, word);
    if (o && !o->value) {
        if (eq)
            return err_set(e, ERR_INVALID, "--%s takes no value", o->name);
        return add(a, o, "", e);
    }
    if (!eq && *i + 1 >= argc)
        return err_set(e, ERR_INVALID, "--%.*s needs a value", (int)len, word);

    const char *value = eq ? eq + 1 : argv[++*i];

    if (o)
        return add(a, o, value, e);
    *config = value;
    return ERR_OK;
}

static enum err_code from_environment(struct cli_args *a, char *(*getenv_)(const char *name),
                                      struct err *e)
{
    const struct cli_option *o;

    for (size_t i = 0; (o = cli_option_at(a->verb, i)); i++) {
        char name[64];
        const char *value;

        if (given(a, o))
            continue;
        cli_env_name(o->name, name, sizeof name);
        value = getenv_(name);
        if (value && (o->value || strcmp(value, "1") == 0))
            TRY(add(a, o, o->value ? value : "", e));
        else if (value && strcmp(value, "0") != 0)
            return err_set(e, ERR_INVALID, "%s: a switch is 1 or 0", name);
    }
    return ERR_OK;
}

static char *trim(char *s)
{
    char *end;

    while (*s == ' ' || *s == '\t')
        s++;
    end = s + strlen(s);
    while (end > s && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        *--end = '\0';
    return s;
}

static bool known_anywhere(const struct cli_noun *const nouns[], const char *name)
{
    for (; *nouns; nouns++) {
        for (const struct cli_verb *v = (*nouns)->verbs; v->name; v++) {
            if (option_named(v, name, strlen(name)))
                return true;
        }
    }
    return false;
}

static size_t place_of(const struct cli_verb *verb, const struct cli_option *option)
{
    size_t i = 0;

    while (cli_option_at(verb, i) != option)
        i++;
    return i;
}

/* Lines `name = value`, `#` begins a comment line.  The file may hold options of other verbs. */
static enum err_code from_file(struct cli_args *a, const struct cli_noun *const nouns[],
                               const char *path, struct err *e)
{
    bool had[CLI_OPTIONS_MAX] = {false};
    const struct cli_option *o;
    unsigned line_no = 0;

    TRY_IN(e, fs_read(path, &a->config, e), "--config");
    for (size_t i = 0; (o = cli_option_at(a->verb, i)); i++)
        had[i] = given(a, o);
    if (memchr(a->config.p, 0, a->config.n))
        return err_set(e, ERR_INVALID, "%s: holds a NUL byte", path);
    buf_put_u8(&a->config, 0);
    TRY(buf_check(&a->config, e));

    for (char *line = (char *)a->config.p, *next; line; line = next) {
        char *eq, *name, *value;

        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        line_no++;
        name = trim(line);
        if (!*name || *name == '#')
            continue;
        eq = strchr(name, '=');
        if (!eq)
            return err_set(e, ERR_INVALID, "%s:%u: expected `name = value`", path, line_no);
        *eq = '\0';
        name = trim(name);
        value = trim(eq + 1);

        o = option_named(a->verb, name, strlen(name));
        if (!o && !known_anywhere(nouns, name))
            return err_set(e, ERR_INVALID, "%s:%u: no command has an option \"%.40s\"", path,
                           line_no, name);
        if (!o || had[place_of(a->verb, o)])
            continue;
        if (o->value)
            TRY_IN(e, add(a, o, value, e), "%s:%u", path, line_no);
        else if (strcmp(value, "1") == 0)
            TRY_IN(e, add(a, o, "", e), "%s:%u", path, line_no);
        else if (strcmp(value, "0") != 0)
            return err_set(e, ERR_INVALID, "%s:%u: a switch is 1 or 0", path, line_no);
    }
    return ERR_OK;
}

enum err_code args_read(const struct cli_verb *verb, int argc, char *const argv[],
                        char *(*getenv_)(const char *name), const struct cli_noun *const nouns[],
                        struct cli_args *ret, struct err *e)
{
    const struct cli_option *o;
    const char *config = NULL;
    bool only_positional = false;

    *ret = (struct cli_args){.verb = verb, .config = BUF(CONFIG_FILE_MAX)};
    for (int i = 0; i < argc; i++) {
        if (!only_positional && strcmp(argv[i], "--") == 0) {
            only_positional = true;
        } else if (!only_positional && strncmp(argv[i], "--", 2) == 0) {
            TRY(long_option(ret, argc, argv, &i, &config, e));
        } else if (!only_positional && argv[i][0] == '-' && argv[i][1]) {
            return err_set(e, ERR_INVALID, "no option %.40s; options begin with two dashes",
                           argv[i]);
        } else if (ret->n_positional == verb->n_positional) {
            return err_set(e, ERR_INVALID, "\"%.80s\" is one argument too many", argv[i]);
        } else {
            ret->positional[ret->n_positional++] = argv[i];
        }
    }
    TRY(from_environment(ret, getenv_, e));
    if (!config)
        config = getenv_("TEEREG_CONFIG");
    if (config)
        TRY(from_file(ret, nouns, config, e));
    if (ret->n_positional < verb->n_positional)
        return err_set(e, ERR_INVALID, "%s is missing", verb->positional);
    for (size_t i = 0; (o = cli_option_at(verb, i)); i++) {
        char name[64];

        if (o->need != CLI_REQUIRED || given(ret, o))
            continue;
        cli_env_name(o->name, name, sizeof name);
        return err_set(e, ERR_INVALID, "--%s %s is needed (%s), or %s in the environment", o->name,
                       o->value, o->help, name);
    }
    return ERR_OK;
}

void args_done(struct cli_args *a)
{
    buf_done(&a->config);
}

/* How many words of `name` ("artifact put") begin argv; 0: it does not match. */
static int words_matched(const char *name, int argc, char *const argv[])
{
    int n = 0;

    while (*name) {
        const size_t len = strcspn(name, " ");

        if (n == argc || strlen(argv[n]) != len || memcmp(argv[n], name, len) != 0)
            return 0;
        n++;
        name += len + (name[len] == ' ');
    }
    return n;
}

const struct cli_verb *args_verb(const struct cli_noun *noun, int argc, char *const argv[],
                                 int *ret_words)
{
    const struct cli_verb *best = NULL;

    *ret_words = 0;
    for (const struct cli_verb *v = noun->verbs; v->name; v++) {
        const int n = words_matched(v->name, argc, argv);

        if (n > *ret_words) {
            best = v;
            *ret_words = n;
        }
    }
    return best;
}
