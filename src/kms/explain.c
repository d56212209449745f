/* explain - see explain.h. */
#include "kms/explain.h"
#include <stdarg.h>
#include "base/codec.h"
#include "kms/explain_mend.h"
#include "kms/release_steps.h"

enum row {
    ROW_EVIDENCE,
    ROW_CHAIN,
    ROW_KMS_CONTRACT,
    ROW_KMS,
    ROW_ROOT,
    ROW_APP,
    ROW_APP_CODE,
    ROW_APP_CONTRACT,
    ROW_LINEAGE,
    ROW_PARAVISOR,
    ROW_KIND,
    ROW_FIRMWARE,
    ROW_IDENTITY,
    ROW_OPERATOR,
    ROW_POLICIES,
    ROWS,
};
_Static_assert(ROWS == KMS_CHECKS, "a row for each check");

/* In the order of a release; a test holds it to the decision itself. */
static const struct {
    const char *name, *expected;
    enum kms_reason reasons[5];
} rows[ROWS] = {
    [ROW_EVIDENCE] = {"evidence",
                      "a genuine quote, made for this request, that the node's policy accepts",
                      {KMS_EVIDENCE_MALFORMED, KMS_QUOTE_INVALID, KMS_REPORT_DATA_MISMATCH,
                       KMS_EVIDENCE_NOT_RELEASABLE}},
    [ROW_CHAIN] = {"chain",
                   "a recent final block, and contracts of our layout",
                   {KMS_CHAIN_UNAVAILABLE, KMS_CHAIN_REFUSED}},
    [ROW_KMS_CONTRACT] = {"kms-contract",
                          "not paused, not succeeded, its delay long enough",
                          {KMS_CONTRACT_NOT_LIVE}},
    [ROW_KMS] = {"kms", "this KMS and its configuration are allowed", {KMS_SELF_NOT_ALLOWED}},
    [ROW_ROOT] = {"root",
                  "a root key is committed, and it is this node's",
                  {KMS_ROOT_NOT_COMMITTED}},
    [ROW_APP] = {"application", "the KMS contract allows the application", {KMS_APP_NOT_ALLOWED}},
    [ROW_APP_CODE] = {"application-code",
                      "its contract has the code that was allowed",
                      {KMS_APP_CODE}},
    [ROW_APP_CONTRACT] = {"application-contract",
                          "not paused, not succeeded, its delay long enough",
                          {KMS_APP_NOT_LIVE}},
    [ROW_LINEAGE] = {"lineage",
                     "each contract of the line names the next and the one before",
                     {KMS_LINEAGE}},
    [ROW_PARAVISOR] = {"paravisor",
                       "on Azure: the KMS contract allows the paravisor",
                       {KMS_PARAVISOR_NOT_ALLOWED}},
    [ROW_KIND] = {"identity-kind",
                  "a kind of machine that the contract has identities for",
                  {KMS_IDENTITY_UNKNOWN_KIND}},
    [ROW_FIRMWARE] = {"firmware",
                      "under scheme 1: the KMS contract allows the firmware",
                      {KMS_FIRMWARE_NOT_ALLOWED}},
    [ROW_IDENTITY] = {"identity",
                      "the application's contract allows the identity",
                      {KMS_IDENTITY_NOT_ALLOWED}},
    [ROW_OPERATOR] = {"operator",
                      "an operator whom the application's contract allows vouches",
                      {KMS_OPERATOR_MISSING, KMS_OPERATOR_NOT_ALLOWED}},
    [ROW_POLICIES] = {"policies",
                      "every attestation policy that a contract names accepts it",
                      {KMS_POLICY_UNKNOWN, KMS_POLICY_REFUSED}},
};

const char *kms_check_state_name(enum kms_check_state s)
{
    static const char *const names[] = {
        [KMS_PASSED] = "passed",           [KMS_FAILED] = "failed",
        [KMS_NOT_NEEDED] = "not needed",   [KMS_NOT_ASKED] = "not asked",
        [KMS_NOT_REACHED] = "not reached",
    };

    return names[s];
}

/* ---- the decision, step by step as release.c tells it ---- */

struct asking {
    const struct kms_authority *a;
    const struct kms_question *q;
    struct kms_explanation *x;
    struct kms_app_standing standing;
    struct kms_identity_standing permission;
    bool has_standing, has_permission;
};

static enum err_code derive(struct asking *s, enum kms_reason *why, struct err *e)
{
    const struct kms_question *q = s->q;

    s->x->identity = q->identity;
    if (q->measurements)
        TRY(kms_decide_name(s->a, &q->app, &s->standing, &s->standing.registry.head,
                            q->measurements, &q->config_hash, &s->x->identity, why, e));
    s->x->has_identity = true;
    return ERR_OK;
}

static enum err_code decide(struct asking *s, enum kms_reason *why, struct err *e)
{
    const struct kms_question *q = s->q;

    if (q->evidence != KMS_GRANTED)
        return kms_because(q->evidence, why,
                           err_set(e, ERR_DENIED, "%s", q->evidence_why ? q->evidence_why : ""));
    TRY(kms_decide_app(s->a, &q->app, q->measurements ? q->measurements->mrtd : NULL, &s->standing,
                       why, e));
    s->has_standing = true;
    if (q->measurements)
        TRY(release_paravisor(&s->standing, q->measurements, why, e));
    TRY(derive(s, why, e));

    const struct kms_subject who = {.name = s->x->identity,
                                    .measured = q->measurements,
                                    .config_hash = q->config_hash,
                                    .operator_ = q->operator_};

    TRY(kms_decide_identity(s->a, &q->app, &s->standing, &who, &s->permission, why, e));
    s->has_permission = true;
    if (q->facts)
        TRY(kms_decide_policies(s->a, &s->standing, &s->permission, q->facts, why, e));
    return ERR_OK;
}

/* ---- what was found ---- */

static void found(struct kms_explanation *x, enum row row, const char *fmt, ...) PRINTF_LIKE(3, 4);

static void found(struct kms_explanation *x, enum row row, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(x->check[row].found, sizeof x->check[row].found, fmt, args);
    va_end(args);
}

static void found_word(struct asking *s, enum row row, const struct gov_policy *p)
{
    char from[21], until[21];

    if (p->state != GOV_ALLOWED)
        return;
    clock_format((int64_t)p->active_from, from);
    clock_format((int64_t)p->not_after, until);
    found(s->x, row, "allowed since %s%s%s, policy %u", from, p->not_after ? ", until " : "",
          p->not_after ? until : "", p->policy_id);
}

/* Words for what passed; what failed has its own. */
static void describe(struct asking *s)
{
    struct kms_explanation *x = s->x;
    const struct kms_app_standing *st = &s->standing;
    char hex[HEX_LEN(32) + 1] = {0};

    if (!s->has_standing)
        return;
    found(x, ROW_CHAIN, "block %llu", (unsigned long long)st->at.ref.number);
    found(x, ROW_KMS_CONTRACT, "version %llu, delay %u s", (unsigned long long)st->kms.head.version,
          st->kms.head.delay);
    found_word(s, ROW_KMS, &st->kms.principal);
    hex_encode(BYTES_OF(st->kms.root_id), hex);
    found(x, ROW_ROOT, "root_id %s", hex);
    found_word(s, ROW_APP, &st->kms.app);
    hex_encode(BYTES_OF(st->registry.code_hash), hex);
    found(x, ROW_APP_CODE, "code hash %s", hex);
    found(x, ROW_APP_CONTRACT, "version %llu, delay %u s, epoch %llu",
          (unsigned long long)st->registry.head.version, st->registry.head.delay,
          (unsigned long long)st->epoch);
    hex_encode(BYTES_OF(st->app_id), hex);
    hex[HEX_LEN(20)] = 0;
    found(x, ROW_LINEAGE, "app_id 0x%s", hex);
    found_word(s, ROW_PARAVISOR, &st->kms.paravisor);
    found_word(s, ROW_FIRMWARE, &st->kms.firmware);
    found(x, ROW_KIND, "scheme %u", st->registry.head.scheme);
    if (!s->has_permission)
        return;
    found_word(s, ROW_IDENTITY, &s->permission.identity);
    found_word(s, ROW_OPERATOR, &s->permission.operator_);
    found(x, ROW_POLICIES, "%zu named by contracts", s->permission.demands.n);
}

/* Checks that this question does not have. */
static void mark_absent(struct asking *s)
{
    struct kms_explanation *x = s->x;
    const struct kms_question *q = s->q;
    const struct gov_head *head = &s->standing.registry.head;

    if (!q->has_evidence)
        x->check[ROW_EVIDENCE].state = KMS_NOT_ASKED;
    if (s->a->outsider && hash32_is_zero(&s->a->self))
        x->check[ROW_KMS].state = KMS_NOT_ASKED;
    if (!s->has_standing)
        return;
    if (!q->measurements)
        x->check[ROW_PARAVISOR].state = x->check[ROW_KIND].state = KMS_NOT_ASKED;
    else if (q->measurements->kind != TEE_AZURE_TDX)
        x->check[ROW_PARAVISOR].state = KMS_NOT_NEEDED;
    if (head->scheme == 2)
        x->check[ROW_FIRMWARE].state = KMS_NOT_NEEDED;
    else if (!q->measurements)
        x->check[ROW_FIRMWARE].state = KMS_NOT_ASKED;
    if (!head->operator_required)
        x->check[ROW_OPERATOR].state = KMS_NOT_NEEDED;
    if (!q->facts && x->check[ROW_POLICIES].state == KMS_PASSED)
        x->check[ROW_POLICIES].state = KMS_NOT_ASKED;
}

static enum row row_of(enum kms_reason why)
{
    for (enum row row = 0; row < ROWS; row++)
        for (size_t i = 0; i < sizeof rows[row].reasons / sizeof rows[row].reasons[0]; i++)
            if (rows[row].reasons[i] != KMS_GRANTED && rows[row].reasons[i] == why)
                return row;
    return ROW_CHAIN;
}

/* ---- the nearest image ---- */

static void find_nearest(struct asking *s)
{
    const struct gov_head *head = &s->standing.registry.head;
    struct err ignored;
    struct identity_rules rules;

    if (s->x->why != KMS_IDENTITY_NOT_ALLOWED || !s->q->measurements ||
        gov_measured_nearest(s->a->view, &s->standing.at, &s->q->app, head, s->q->measurements,
                             &s->x->nearest, &ignored) != ERR_OK)
        return;
    rules = gov_identity_rules(s->a->view, &s->q->app, head);
    s->x->n_differences =
        measurements_diff(s->q->measurements, &s->x->nearest.m, &rules, s->x->differences);
}

/* ---- the whole ---- */

/* Which nodes this KMS asks, and what they answered, is nothing that a workload may know: a machine
 * that proves itself is still anybody's. */
static const char *words_for(const struct kms_authority *a, enum kms_reason why,
                             const struct err *e)
{
    const char *text = e->msg;

    if (!a->outsider && (why == KMS_CHAIN_UNAVAILABLE || why == KMS_CHAIN_REFUSED))
        (void)kms_reason_public(why, &text);
    return text;
}

void kms_explain(const struct kms_authority *a, const struct kms_question *q,
                 struct kms_explanation *ret)
{
    struct asking s = {.a = a, .q = q, .x = ret};
    struct buf command AUTO_CALL(buf_done) = BUF(sizeof ret->command - 1);
    struct err e = {0};
    enum row failed = ROWS;

    *ret = (struct kms_explanation){.why = KMS_GRANTED};
    if (decide(&s, &ret->why, &e) != ERR_OK)
        failed = row_of(ret->why);
    for (enum row row = 0; row < ROWS; row++) {
        ret->check[row].name = rows[row].name;
        ret->check[row].expected = rows[row].expected;
        ret->check[row].state = row < failed ? KMS_PASSED : KMS_NOT_REACHED;
    }
    describe(&s);
    mark_absent(&s);
    for (enum row row = 0; row < ROWS; row++)
        if (ret->check[row].state != KMS_PASSED)
            ret->check[row].found[0] = '\0';
    if (failed < ROWS) {
        ret->check[failed].state = KMS_FAILED;
        found(ret, failed, "%s", words_for(a, ret->why, &e));
    }
    ret->at = s.standing.at;
    find_nearest(&s);
    explain_mend(a, q, ret, &command);
    if (command.n > 0 && buf_cstr(&command))
        snprintf(ret->command, sizeof ret->command, "%s", buf_cstr(&command));
}

static enum err_code put_checks(const struct kms_explanation *x, json *root, struct err *e)
{
    AUTO(json) list = NULL;

    TRY(json_new_array(&list, e));
    for (size_t i = 0; i < KMS_CHECKS; i++) {
        AUTO(json) node = NULL;

        TRY(json_new_object(&node, e));
        TRY(json_put_str(node, "check", x->check[i].name, e));
        TRY(json_put_str(node, "state", kms_check_state_name(x->check[i].state), e));
        if (x->check[i].found[0])
            TRY(json_put_str(node, "found", x->check[i].found, e));
        TRY(json_put_str(node, "expected", x->check[i].expected, e));
        TRY(json_append(list, TAKE(node), e));
    }
    return json_put(root, "checks", TAKE(list), e);
}

static enum err_code put_nearest(const struct kms_explanation *x, json *root, struct err *e)
{
    AUTO(json) nearest = NULL;
    AUTO(json) list = NULL;

    if (x->n_differences == 0)
        return ERR_OK;
    TRY(json_new_object(&nearest, e));
    TRY(json_put_hex(nearest, "identity", BYTES_OF(x->nearest.identity), e));
    TRY(json_new_array(&list, e));
    for (size_t i = 0; i < x->n_differences; i++) {
        AUTO(json) node = NULL;

        TRY(json_new_object(&node, e));
        TRY(json_put_str(node, "field", x->differences[i].field, e));
        TRY(json_put_hex(node, "found", x->differences[i].found, e));
        TRY(json_put_hex(node, "expected", x->differences[i].expected, e));
        TRY(json_append(list, TAKE(node), e));
    }
    TRY(json_put(nearest, "differences", TAKE(list), e));
    return json_put(root, "nearest", TAKE(nearest), e);
}

enum err_code kms_explanation_json(const struct kms_explanation *x, json **ret, struct err *e)
{
    AUTO(json) root = NULL;

    TRY(json_new_object(&root, e));
    TRY(json_put_str(root, "decision", x->why == KMS_GRANTED ? "released" : "refused", e));
    if (x->at.timestamp)
        TRY(json_put_u64(root, "block", x->at.ref.number, e));
    if (x->has_identity)
        TRY(json_put_hex(root, "identity", BYTES_OF(x->identity), e));
    TRY(put_checks(x, root, e));
    if (x->why != KMS_GRANTED)
        TRY(json_put_str(root, "first_failed", rows[row_of(x->why)].name, e));
    TRY(put_nearest(x, root, e));
    if (x->command[0])
        TRY(json_put_str(root, "command", x->command, e));
    *ret = TAKE(root);
    return ERR_OK;
}
