#include "instance/explain.h"
#include "base/codec.h"
#include "gov/measured.h"

enum err_code explain_identity(const struct chain_view *view, const struct addr *app,
                               const struct gov_head *head, const struct measurements *own,
                               const struct hash32 *config_hash, struct hash32 *ret, struct err *e)
{
    const struct identity_rules rules = gov_identity_rules(view, app, head);
    struct hash32 identity;

    if (head->scheme == 1)
        identity_v1(own, app, &identity);
    else
        TRY(identity_v2(own, &rules, &identity, e));
    if (head->principal)
        identity_principal(&identity, config_hash, ret);
    else
        *ret = identity;
    return ERR_OK;
}

/* What is asked about, and what the contract says. */
struct question {
    const struct chain_view *view;
    const struct finalized_block *at;
    const struct addr *app;
    const struct measurements *own;
    struct gov_head head;
    struct hash32 identity; /* or principal */
};

/* A command that can be run as it stands, where the template is known; by identity, because the
 * measurements of the machine that was refused are on that machine. */
static void put_mending(const struct question *q, const struct hash32 *template_, struct buf *out)
{
    buf_put_str(out, "\n  to allow it: teereg gov set-config --app 0x");
    hex_put(out, BYTES_OF(*q->app));
    buf_put_str(out, " --identity ");
    hex_put(out, BYTES_OF(q->identity));
    buf_put_str(out, " --template ");
    if (template_ && !hash32_is_zero(template_))
        hex_put(out, BYTES_OF(*template_));
    else
        buf_put_str(out, "ID");
}

/* The template of another identity; NULL when there is none. */
static const struct hash32 *template_of(const struct question *q, const struct hash32 *identity,
                                        struct gov_registry_facts *facts)
{
    const struct gov_registry_query query = {.identity = identity};
    struct err why;

    if (q->head.principal ||
        gov_registry_read(q->view, q->at, q->app, &query, facts, &why) != ERR_OK)
        return NULL;
    return &facts->config;
}

/* Says what differs first; how much else comes last, because it may be cut off. */
static void put_difference(const struct question *q, const struct hash32 *nearest,
                           const struct measurement_difference *d, size_t n, struct buf *out)
{
    struct gov_registry_facts facts;

    buf_printf(out, "%s differs from the nearest allowed image:", d[0].field);
    if (d[0].found.n > 0) { /* two kinds of TEE have no values to compare */
        buf_put_str(out, "\n  found    ");
        hex_put(out, d[0].found);
        buf_put_str(out, "\n  expected ");
        hex_put(out, d[0].expected);
    }
    put_mending(q, template_of(q, nearest, &facts), out);
    for (size_t i = 1; i < n && i < 6; i++)
        buf_printf(out, "%s%s", i == 1 ? "\n  also different: " : ", ", d[i].field);
    if (n > 6)
        buf_printf(out, " and %zu more", n - 6);
}

/* The word was never set: which image would have been right?  Logs are a node's word alone; without
 * them the contract's answer is still known. */
static void put_unknown_image(const struct question *q, struct buf *out)
{
    const struct identity_rules rules = gov_identity_rules(q->view, q->app, &q->head);
    struct measurement_difference d[MEASUREMENT_FIELDS_MAX];
    struct gov_measured nearest;
    enum err_code code;
    struct err why;
    size_t n;

    code = gov_measured_nearest(q->view, q->at, q->app, &q->head, q->own, &nearest, &why);
    if (code == ERR_OK && (n = measurements_diff(q->own, &nearest.m, &rules, d)) > 0) {
        put_difference(q, &nearest.identity, d, n, out);
        return;
    }
    if (code == ERR_OK)
        buf_put_str(out, "this image is allowed, but not with the configuration it runs with");
    else if (code == ERR_NOT_FOUND)
        buf_put_str(out, "this image is not allowed, and no allowed one has its measurements on "
                         "record");
    else
        buf_put_str(out, "this image is not allowed; which ones are, the node does not tell");
    put_mending(q, NULL, out);
}

enum err_code explain_measurements(const struct chain_view *view, const struct finalized_block *at,
                                   const struct addr *app, const struct measurements *own,
                                   const struct hash32 *config_hash, const struct clock *clock,
                                   struct explained *ret, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(4096);
    struct question q = {.view = view, .at = at, .app = app, .own = own};
    struct explained result = {0};
    struct gov_registry_query query = {0};
    struct gov_registry_facts facts;
    struct gov_time time;
    enum gov_refusal refusal;
    struct err why;

    TRY(gov_registry_read(view, at, app, &query, &facts, e));
    TRY(explain_identity(view, app, &facts.head, own, config_hash, &result.identity, e));
    query.identity = &result.identity;
    TRY(gov_registry_read(view, at, app, &query, &facts, e));
    time = gov_time_of(at->timestamp, clock_unix(clock));
    refusal = gov_policy_active(&facts.identity, &time);
    result.allowed = refusal == GOV_ACTIVE;
    q.head = facts.head;
    q.identity = result.identity;
    if (refusal == GOV_NEVER_SET) {
        put_unknown_image(&q, &text);
    } else if (gov_policy_check(&facts.identity, &time, "this image", &why) != ERR_OK) {
        buf_put_str(&text, why.msg);
        if (refusal != GOV_NOT_YET) /* time mends that one */
            put_mending(&q, &facts.config, &text);
    }
    TRY(buf_check(&text, e));
    if (text.n > 0)
        snprintf(result.text, sizeof result.text, "%s", buf_cstr(&text));
    *ret = result;
    return ERR_OK;
}
