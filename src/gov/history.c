/* history - see history.h. */
#include "gov/history.h"
#include "base/clock.h"
#include "base/codec.h"
#include "chain/abi_text.h"
#include "gov/contracts_gen.h"
#include "gov/registry.h"
#include "gov/write.h"

#define ARGUMENTS_MAX 16

static const struct event {
    const char *signature, *names;
    unsigned topics; /* bit i: argument i is one */
} events[] = {
#define ROW(signature, names, topics) {signature, names, topics},
    GOV_EVENTS(ROW)
#undef ROW
};

const char *gov_kind_name(uint64_t kind)
{
    static const char *const names[] = {
        [GOV_KIND_IDENTITY] = "identity",       [GOV_KIND_OPERATOR] = "operator",
        [GOV_KIND_APPLICATION] = "application", [GOV_KIND_FIRMWARE] = "firmware",
        [GOV_KIND_PARAVISOR] = "paravisor",     [GOV_KIND_VERIFIER] = "verifier",
        [GOV_KIND_CURATOR] = "curator",
    };

    return kind < sizeof names / sizeof names[0] ? names[kind] : NULL;
}

const char *gov_state_name(uint64_t state)
{
    static const char *const names[] = {[GOV_NONE] = "none",
                                        [GOV_ALLOWED] = "allowed",
                                        [GOV_REVOKED] = "revoked",
                                        [GOV_FROZEN] = "frozen"};

    return state < sizeof names / sizeof names[0] ? names[state] : NULL;
}

static const struct event *event_of(const struct node_log *log)
{
    for (size_t i = 0; log->n_topics > 0 && i < sizeof events / sizeof events[0]; i++) {
        struct hash32 topic;

        abi_topic(events[i].signature, &topic);
        if (hash32_eq(&topic, &log->topics[0]))
            return &events[i];
    }
    return NULL;
}

/* ---- arguments ---- */

struct argument {
    char name[32];
    size_t node; /* of the event's type */
    bool topic;
    struct abi_value value;
};
struct arguments {
    struct abi_type type; /* of all */
    size_t n;
    struct argument list[ARGUMENTS_MAX];
    char *data_types;
    abi_tree *tree; /* of those that are no topics */
};

static void arguments_done(struct arguments *a)
{
    free(a->data_types);
    if (a->tree)
        abi_tree_free(a->tree);
}

/* The types of what stands in the data: those of the signature without the topics. */
static enum err_code data_types(const struct event *ev, char **ret, struct err *e)
{
    struct buf out AUTO_CALL(buf_done) = BUF(1024);
    const char *p = strchr(ev->signature, '(') + 1;
    unsigned depth = 0;
    size_t at = 0;

    for (const char *from = p;; p++) {
        if (*p == '(')
            depth++;
        if ((*p == ',' || *p == ')') && depth == 0) {
            if (!(ev->topics >> at & 1U)) {
                if (out.n)
                    buf_put_u8(&out, ',');
                buf_put(&out, (struct bytes){(const uint8_t *)from, (size_t)(p - from)});
            }
            if (*p == ')')
                break;
            at++;
            from = p + 1;
        } else if (*p == ')') {
            depth--;
        }
    }
    buf_put_u8(&out, 0);
    TRY(buf_check(&out, e));
    *ret = strdup((const char *)out.p);
    return *ret ? ERR_OK : err_set(e, ERR_NOMEM, "event");
}

static void name_arguments(const struct event *ev, struct arguments *a)
{
    const char *names = ev->names;
    size_t node = a->type.node[0].child;

    for (a->n = 0; a->n < a->type.node[0].size && a->n < ARGUMENTS_MAX; a->n++) {
        size_t len = strcspn(names, ",");
        struct argument *arg = &a->list[a->n];

        snprintf(arg->name, sizeof arg->name, "%.*s", (int)len, names);
        names += len + (names[len] == ',');
        arg->node = node;
        arg->topic = ev->topics >> a->n & 1U;
        node = a->type.node[node].next;
    }
}

static enum err_code read_arguments(const struct event *ev, const struct node_log *log,
                                    struct arguments *a, struct err *e)
{
    const char *open = strchr(ev->signature, '(') + 1;
    const struct abi_value *values;
    size_t topic = 1, value = 0;

    TRY(abi_type_parse(open, strlen(open) - 1, &a->type, e));
    name_arguments(ev, a);
    TRY(data_types(ev, &a->data_types, e));
    TRY(abi_decode(a->data_types, buf_bytes(&log->data), &a->tree, e));
    values = abi_tree_values(a->tree);
    for (size_t i = 0; i < a->n; i++) {
        struct argument *arg = &a->list[i];

        if (!arg->topic) {
            arg->value = values[value++];
            continue;
        }
        if (topic >= log->n_topics || !abi_word_ok(&a->type.node[arg->node], log->topics[topic].b))
            return err_set(e, ERR_INVALID, "event: topic %zu", topic);
        memcpy(arg->value.word, log->topics[topic++].b, 32);
    }
    return topic == log->n_topics ? ERR_OK : err_set(e, ERR_INVALID, "event: too many topics");
}

/* ---- as text ---- */

static bool is_time(const char *name)
{
    static const char *const times[] = {"activeFrom", "notAfter", "from", "expiry"};

    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        if (strcmp(name, times[i]) == 0)
            return true;
    return false;
}

static const char *role_text(const struct abi_value *v)
{
    for (enum gov_role role = 0; role < GOV_ROLES; role++) {
        struct hash32 hash = gov_role_hash(role);

        if (memcmp(hash.b, v->word, 32) == 0)
            return gov_role_name(role);
    }
    return NULL;
}

/* What a number or hash stands for; false: nothing better than itself is known. */
static bool put_meaning(const struct arguments *a, const struct argument *arg, struct buf *out)
{
    const enum abi_kind kind = a->type.node[arg->node].kind;
    const char *name = NULL;
    struct err ignored;
    uint64_t number;
    char when[21];

    if (strcmp(arg->name, "role") == 0)
        name = role_text(&arg->value);
    if (!name && (kind != ABI_UINT || abi_get_u64(&arg->value, &number, &ignored) != ERR_OK))
        return false;
    if (!name && strcmp(arg->name, "kind") == 0)
        name = gov_kind_name(number);
    if (!name && strcmp(arg->name, "state") == 0)
        name = gov_state_name(number);
    if (!name && strcmp(arg->name, "demands") == 0)
        name = gov_demands_name(number);
    if (!name && is_time(arg->name)) {
        clock_format((int64_t)(number > INT64_MAX ? INT64_MAX : number), when);
        name = number ? when : "none";
    }
    if (name)
        buf_put_str(out, name);
    return name != NULL;
}

static enum err_code put_arguments(const struct arguments *a, json *event, struct err *e)
{
    AUTO(json) list = NULL;

    TRY(json_new_object(&list, e));
    for (size_t i = 0; i < a->n; i++) {
        struct buf text AUTO_CALL(buf_done) = BUF(65536);

        if (!put_meaning(a, &a->list[i], &text))
            abi_text_value(&text, &a->type, a->list[i].node, &a->list[i].value);
        TRY(buf_check(&text, e));
        TRY(json_put_str(list, a->list[i].name, buf_cstr(&text), e));
    }
    return json_put(event, "arguments", TAKE(list), e);
}

static enum err_code put_unknown(const struct node_log *log, json *event, struct err *e)
{
    TRY(json_put_str(event, "event", "unknown", e));
    return log->n_topics ? json_put_hex0x(event, "topic", BYTES_OF(log->topics[0]), e) : ERR_OK;
}

enum err_code gov_event_json(const struct node_log *log, json **ret, struct err *e)
{
    struct arguments a AUTO_CALL(arguments_done) = {.n = 0};
    const struct event *ev = event_of(log);
    AUTO(json) event = NULL;
    struct err ignored;
    char name[64], when[21];

    TRY(json_new_object(&event, e));
    TRY(json_put_u64(event, "block", log->block, e));
    if (log->time) {
        clock_format((int64_t)log->time, when);
        TRY(json_put_str(event, "time", when, e));
    }
    TRY(json_put_hex0x(event, "transaction", BYTES_OF(log->tx), e));
    if (!ev || read_arguments(ev, log, &a, &ignored) != ERR_OK) {
        TRY(put_unknown(log, event, e));
    } else {
        snprintf(name, sizeof name, "%.*s", (int)strcspn(ev->signature, "("), ev->signature);
        TRY(json_put_str(event, "event", name, e));
        TRY(put_arguments(&a, event, e));
    }
    *ret = TAKE(event);
    return ERR_OK;
}
