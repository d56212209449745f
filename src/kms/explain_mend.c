/* explain_mend - see explain_mend.h. */
#include "kms/explain_mend.h"
#include "base/codec.h"

struct mending {
    const struct kms_authority *a;
    const struct kms_question *q;
    const struct kms_explanation *x;
    struct finalized_block at;
    struct gov_time time;
    struct buf *out;
};

static void put_hex(struct buf *out, const char *before, struct bytes b)
{
    buf_put_str(out, before);
    hex_put(out, b);
}

/* ---- words of policy ---- */

static bool time_mends(const struct mending *m, const struct gov_policy *now)
{
    return gov_policy_active(now, &m->time) == GOV_NOT_YET;
}

/* Allowing again keeps the policy that the word names, revoked or ended as it may be: without it
 * the default one would come in its place, which demands less or nothing. */
static void put_allow(const struct mending *m, const struct addr *contract, const char *option,
                      struct bytes subject, const struct gov_policy *now)
{
    put_hex(m->out, "teereg gov allow --contract 0x", BYTES_OF(*contract));
    put_hex(m->out, option, subject);
    if (now->policy_id != 0)
        buf_printf(m->out, " --policy-id %u", now->policy_id);
}

static void mend_application(const struct mending *m, const struct gov_policy *now)
{
    const struct addr *kms = &m->a->config->kms, *app = &m->q->app;

    /* Other code is another grant, whatever the word says. */
    if (m->x->why == KMS_APP_NOT_ALLOWED && time_mends(m, now))
        return;
    if (now->policy_id != 0) {
        put_allow(m, kms, " --application 0x", BYTES_OF(*app), now);
        return;
    }
    put_hex(m->out, "teereg gov app allow --kms 0x", BYTES_OF(*kms));
    put_hex(m->out, " --app 0x", BYTES_OF(*app));
}

static void mend_word(const struct mending *m, const struct addr *contract, const char *option,
                      struct bytes subject, const struct gov_policy *now)
{
    if (!time_mends(m, now))
        put_allow(m, contract, option, subject, now);
}

/* ---- settings ---- */

/* Asking for the end of a pause once more would let it wait from the beginning. */
static void mend_pause(const struct mending *m, const struct addr *contract)
{
    const struct hash32 slot = gov_slot(GOV_SLOT_PENDING);
    struct gov_pending pending;
    struct hash32 word;
    struct err ignored;

    if (chain_view_read(m->a->view, &m->at, contract, &slot, 1, &word, NULL, &ignored) != ERR_OK ||
        gov_pending_decode(&word, &pending, &ignored) != ERR_OK)
        return;
    if (pending.from == 0 || pending.paused)
        put_hex(m->out, "teereg gov unpause --contract 0x", BYTES_OF(*contract));
    else if (pending.from <= m->at.timestamp)
        put_hex(m->out, "teereg gov settings apply --contract 0x", BYTES_OF(*contract));
}

static void mend_contract(const struct mending *m, const struct addr *contract,
                          const struct gov_head *head, const struct gov_line *line)
{
    const uint32_t least = m->a->config->min_delay;

    if (gov_line_ended(line, m->at.timestamp))
        return;
    if (head->paused) {
        mend_pause(m, contract);
    } else if (head->delay < least) {
        buf_printf(m->out, "teereg gov delay set %u", least);
        put_hex(m->out, " --contract 0x", BYTES_OF(*contract));
    }
}

/* ---- identities ---- */

/* What the identity was given before, else what the nearest image has. */
static void put_template(const struct mending *m, const struct hash32 *own)
{
    const struct gov_registry_query query = {.identity = &m->x->nearest.identity};
    struct gov_registry_facts facts;
    struct err ignored;

    buf_put_str(m->out, " --template ");
    if (!hash32_is_zero(own))
        hex_put(m->out, BYTES_OF(*own));
    else if (m->x->n_differences > 0 &&
             gov_registry_read(m->a->view, &m->at, &m->q->app, &query, &facts, &ignored) ==
                 ERR_OK &&
             !hash32_is_zero(&facts.config))
        hex_put(m->out, BYTES_OF(facts.config));
    else
        buf_put_str(m->out, "ID");
}

static void mend_identity(const struct mending *m, const struct gov_registry_facts *facts)
{
    if (time_mends(m, &facts->identity))
        return;
    put_hex(m->out, "teereg gov set-config --app 0x", BYTES_OF(m->q->app));
    put_hex(m->out, " --identity ", BYTES_OF(m->x->identity));
    put_template(m, &facts->config);
}

/* ---- by contract ---- */

static void mend_in_kms_contract(const struct mending *m)
{
    const struct addr *kms = &m->a->config->kms;
    const uint8_t *mrtd = m->q->measurements ? m->q->measurements->mrtd : NULL;
    const struct hash32 *self = hash32_is_zero(&m->a->self) ? NULL : &m->a->self;
    const struct gov_kms_query query = {
        .app = &m->q->app, .principal = self, .firmware_mrtd = mrtd, .paravisor_mrtd = mrtd};
    struct gov_kms_facts facts;
    struct err ignored;

    if (gov_kms_read(m->a->view, &m->at, kms, &query, &facts, &ignored) != ERR_OK)
        return;
    if (m->x->why == KMS_CONTRACT_NOT_LIVE)
        mend_contract(m, kms, &facts.head, &facts.line);
    else if (m->x->why == KMS_SELF_NOT_ALLOWED && self)
        mend_word(m, kms, " --identity ", BYTES_OF(*self), &facts.principal);
    else if (m->x->why == KMS_APP_NOT_ALLOWED || m->x->why == KMS_APP_CODE)
        mend_application(m, &facts.app);
    else if (m->x->why == KMS_PARAVISOR_NOT_ALLOWED && mrtd)
        mend_word(m, kms, " --paravisor ", (struct bytes){mrtd, 48}, &facts.paravisor);
    else if (m->x->why == KMS_FIRMWARE_NOT_ALLOWED && mrtd)
        mend_word(m, kms, " --firmware ", (struct bytes){mrtd, 48}, &facts.firmware);
}

static void mend_in_application(const struct mending *m)
{
    const struct gov_registry_query query = {
        .identity = m->x->has_identity ? &m->x->identity : NULL, .operator_ = m->q->operator_};
    struct gov_registry_facts facts;
    struct err ignored;

    if (gov_registry_read(m->a->view, &m->at, &m->q->app, &query, &facts, &ignored) != ERR_OK)
        return;
    if (m->x->why == KMS_APP_NOT_LIVE)
        mend_contract(m, &m->q->app, &facts.head, &facts.line);
    else if (m->x->why == KMS_IDENTITY_NOT_ALLOWED)
        mend_identity(m, &facts);
    else if (m->x->why == KMS_OPERATOR_NOT_ALLOWED && m->q->operator_)
        mend_word(m, &m->q->app, " --operator 0x", BYTES_OF(*m->q->operator_), &facts.operator_);
}

void explain_mend(const struct kms_authority *a, const struct kms_question *q,
                  const struct kms_explanation *x, struct buf *out)
{
    struct mending m = {.a = a, .q = q, .x = x, .at = x->at, .out = out};
    struct err ignored;

    if (x->why == KMS_GRANTED)
        return;
    if (m.at.timestamp == 0 && chain_view_finalized(a->view, &m.at, &ignored) != ERR_OK)
        return;
    m.time = gov_time_of(m.at.timestamp, clock_unix(a->clock));
    switch (x->why) {
    case KMS_ROOT_NOT_COMMITTED:
        put_hex(out, "teereg gov root commit --kms 0x", BYTES_OF(a->config->kms));
        buf_put_str(out, " --kms-url URL");
        return;
    case KMS_CONTRACT_NOT_LIVE:
    case KMS_SELF_NOT_ALLOWED:
    case KMS_APP_NOT_ALLOWED:
    case KMS_APP_CODE:
    case KMS_PARAVISOR_NOT_ALLOWED:
    case KMS_FIRMWARE_NOT_ALLOWED:
        mend_in_kms_contract(&m);
        return;
    case KMS_APP_NOT_LIVE:
    case KMS_IDENTITY_NOT_ALLOWED:
    case KMS_OPERATOR_NOT_ALLOWED:
        mend_in_application(&m);
        return;
    default:
        return;
    }
}
