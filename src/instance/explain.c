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

static void mending(const struct addr *app, struct buf *out)
{
    buf_put_str(out, "\n  to allow it: teereg gov set-config --app 0x");
    hex_put(out, BYTES_OF(*app));
    buf_put_str(out, " --measurements FILE --template ID");
}

static void put_difference(const struct measurements *own, const struct gov_measured *nearest,
                           const struct identity_rules *rules, struct buf *out)
{
    struct measurement_difference d[MEASUREMENT_FIELDS_MAX];
    const size_t n = measurements_diff(own, &nearest->m, rules, d);

    if (n == 0)
        return; /* the principal's configuration differs then, which no measurement shows */
    buf_printf(out, "%s differs from the nearest allowed image:\n  found    ", d[0].field);
    hex_put(out, d[0].found);
    buf_put_str(out, "\n  expected ");
    hex_put(out, d[0].expected);
    for (size_t i = 1; i < n && i < 6; i++)
        buf_printf(out, "%s%s", i == 1 ? "\n  also different: " : ", ", d[i].field);
    if (n > 6)
        buf_printf(out, " and %zu more", n - 6);
}

/* The word was never set: which image would have been right? */
static enum err_code unknown_image(const struct chain_view *view, const struct finalized_block *at,
                                   const struct addr *app, const struct gov_head *head,
                                   const struct measurements *own, struct buf *out, struct err *e)
{
    const struct identity_rules rules = gov_identity_rules(view, app, head);
    struct gov_measured nearest;
    enum err_code code;

    code = gov_measured_nearest(view, at, app, head, own, &nearest, e);
    if (code == ERR_NOT_FOUND)
        buf_put_str(out, "no image is allowed for this application yet");
    else if (code != ERR_OK)
        return code;
    else
        put_difference(own, &nearest, &rules, out);
    if (out->n == 0)
        buf_put_str(out, "this image is allowed, but not with the configuration it runs with");
    return ERR_OK;
}

enum err_code explain_measurements(const struct chain_view *view, const struct finalized_block *at,
                                   const struct addr *app, const struct measurements *own,
                                   const struct hash32 *config_hash, const struct clock *clock,
                                   struct explained *ret, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(4096);
    struct explained result = {0};
    struct gov_registry_query query = {0};
    struct gov_registry_facts facts;
    struct gov_time time;
    enum gov_refusal refusal;

    TRY(gov_registry_read(view, at, app, &query, &facts, e));
    TRY(explain_identity(view, app, &facts.head, own, config_hash, &result.identity, e));
    query.identity = &result.identity;
    TRY(gov_registry_read(view, at, app, &query, &facts, e));
    time = gov_time_of(at->timestamp, clock_unix(clock));
    refusal = gov_policy_active(&facts.identity, &time);
    result.allowed = refusal == GOV_ACTIVE;
    if (!result.allowed) {
        if (refusal == GOV_NEVER_SET)
            TRY(unknown_image(view, at, app, &facts.head, own, &text, e));
        else
            buf_printf(&text, "governance has this image as %s", gov_refusal_name(refusal));
        mending(app, &text);
        TRY(buf_check(&text, e));
        snprintf(result.text, sizeof result.text, "%s", buf_cstr(&text));
    }
    *ret = result;
    return ERR_OK;
}
