#include <stdio.h>
#include "attest/azure.h"
#include "attest/roots.h"
#include "base/clock.h"
#include "cli/exhibit.h"
#include "cli/files.h"
#include "cli/judge.h"
#include "cli/node.h"
#include "kms/explain.h"

/* Who is asked about, as the command line says it. */
struct asked {
    struct exhibit exhibit;
    verified_quote *quote;
    struct measurements measurements;
    struct addr operator_;
    struct kms_question question;
    char why[1024];
};

static void asked_done(struct asked *q)
{
    exhibit_done(&q->exhibit);
    verified_quote_free(q->quote);
}

/* As a KMS with this policy would; which request it was made for is not known here, so its report
 * data are taken as they are. */
static enum err_code verify(const struct exhibit *x, const struct quote *quote,
                            const struct attest_judge *judge, const struct collateral *collateral,
                            int64_t now, verified_quote **ret, struct err *e)
{
    struct report_data expected;
    enum attest_fault fault;

    if (x->is_azure) {
        TRY(azure_user_data(&x->azure, &expected, &fault, e));
        return attest_verify_azure(judge, &x->azure, collateral, &expected, now, ret, &fault, e);
    }
    memcpy(expected.b, quote->td.report_data, sizeof expected.b);
    return attest_verify(judge, exhibit_quote(x), collateral, &expected, now, ret, &fault, e);
}

static enum err_code judge_evidence(const struct cli_args *a, const struct cli_node *node,
                                    struct asked *q, struct err *e)
{
    struct cli_judge judge AUTO_CALL(cli_judge_done) = {0};
    struct collateral_bundle bundle AUTO_CALL(collateral_bundle_done) = {0};
    struct collateral collateral AUTO_CALL(collateral_done) = {0};
    const int64_t now = (int64_t)gov_time_of(node->at.timestamp, clock_unix(&clock_system)).now;
    struct quote quote;
    struct err why = {0};

    TRY(exhibit_read(cli_value(a, "evidence"), &q->exhibit, e));
    TRY(quote_parse(exhibit_quote(&q->exhibit), &quote, NULL, e));
    exhibit_measurements(&q->exhibit, &quote.td, &q->measurements);
    TRY(cli_judge_open(a, &judge, e));
    if (q->exhibit.collateral.n > 0) {
        TRY(collateral_bundle_decode(buf_bytes(&q->exhibit.collateral), &bundle, e));
        TRY(collateral_complete(&bundle, quote.pck_pem, e));
        collateral_of_bundle(&bundle, attest_roots(), NULL, &collateral);
    }
    q->question.has_evidence = true;
    q->question.measurements = &q->measurements;
    if (verify(&q->exhibit, &quote, &judge.judge, q->exhibit.collateral.n > 0 ? &collateral : NULL,
               now, &q->quote, &why) == ERR_OK) {
        q->question.facts = verified_quote_facts(q->quote);
        if (attest_caveat(q->quote))
            fprintf(stderr, "warning: %s\n", attest_caveat(q->quote));
        return ERR_OK;
    }
    snprintf(q->why, sizeof q->why, "%s", why.msg);
    q->question.evidence = KMS_QUOTE_INVALID;
    q->question.evidence_why = q->why;
    return ERR_OK;
}

static enum err_code read_workload(const struct cli_args *a, const struct cli_node *node,
                                   struct asked *q, struct err *e)
{
    const char *evidence = cli_value(a, "evidence"), *file = cli_value(a, "measurements"),
               *identity = cli_value(a, "identity");

    if (!!evidence + !!file + !!identity != 1)
        return err_set(e, ERR_USAGE,
                       "name exactly one of --evidence, --measurements and --identity");
    if (evidence)
        return judge_evidence(a, node, q, e);
    if (identity)
        return cli_hash32(a, "identity", &q->question.identity, e);
    TRY(cli_measurements(file, &q->measurements, e));
    q->question.measurements = &q->measurements;
    return ERR_OK;
}

static enum err_code read_question(const struct cli_args *a, const struct cli_node *node,
                                   struct asked *q, struct err *e)
{
    TRY(cli_addr(a, "app", &q->question.app, e));
    if (cli_value(a, "config-hash"))
        TRY(cli_hash32(a, "config-hash", &q->question.config_hash, e));
    if (cli_value(a, "operator")) {
        TRY(cli_addr(a, "operator", &q->operator_, e));
        q->question.operator_ = &q->operator_;
    }
    return read_workload(a, node, q, e);
}

/* Found on one line and expected on the next, where there is something to compare. */
static void print_check(const struct kms_explanation *x, size_t i)
{
    static const char marks[] = {[KMS_PASSED] = '+',
                                 [KMS_FAILED] = 'X',
                                 [KMS_NOT_NEEDED] = '-',
                                 [KMS_NOT_ASKED] = '?',
                                 [KMS_NOT_REACHED] = ' '};

    printf("%c %-20s %s%s%s\n", marks[x->check[i].state], x->check[i].name,
           kms_check_state_name(x->check[i].state), x->check[i].found[0] ? ": " : "",
           x->check[i].found);
    if (x->check[i].state == KMS_FAILED)
        printf("  %-20s expected: %s\n", "", x->check[i].expected);
}

static void print_hex(const char *name, struct bytes b)
{
    printf("    %-9s ", name);
    for (size_t i = 0; i < b.n; i++)
        printf("%02x", b.p[i]);
    putchar('\n');
}

static void print_nearest(const struct kms_explanation *x)
{
    if (x->n_differences == 0)
        return;
    puts("\nthe nearest allowed image differs in:");
    for (size_t i = 0; i < x->n_differences; i++) {
        printf("  %s\n", x->differences[i].field);
        print_hex("found", x->differences[i].found);
        print_hex("expected", x->differences[i].expected);
    }
}

static enum err_code print(const struct cli_args *a, const struct kms_explanation *x, struct err *e)
{
    AUTO(json) result = NULL;

    if (a->json) {
        TRY(kms_explanation_json(x, &result, e));
        return cli_print(a, result, e);
    }
    for (size_t i = 0; i < KMS_CHECKS; i++)
        print_check(x, i);
    if (x->has_identity) {
        puts("\nidentity (or principal):");
        print_hex("", BYTES_OF(x->identity));
    }
    print_nearest(x);
    if (x->command[0])
        printf("\nthis would mend the first failure:\n  %s\n", x->command);
    return fflush(stdout) == 0 ? ERR_OK : err_set(e, ERR_IO, "the output could not be written");
}

static enum err_code explain(const struct cli_args *a, struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    struct asked q AUTO_CALL(asked_done) = {.quote = NULL};
    AUTO(kms_policies) policies = NULL;
    struct kms_explanation x;
    struct kms_config config;
    struct kms_authority outside = {.config = &config, .clock = &clock_system, .outsider = true};
    uint64_t min_delay;

    kms_config_init(&config);
    TRY(cli_addr(a, "kms", &config.kms, e));
    TRY(cli_u64(a, "min-delay", UINT32_MAX, &min_delay, e));
    config.min_delay = (uint32_t)min_delay;
    TRY(cli_policy(a, &config.policy, e));
    if (cli_value(a, "kms-principal"))
        TRY(cli_hash32(a, "kms-principal", &outside.self, e));
    TRY(kms_policies_new(cli_value(a, "policies"), &clock_system, &policies, e));
    TRY(cli_node_open(a, NODE_READ, &node, e));
    config.chain_id = node.chain_id;
    outside.view = &node.view;
    outside.policies = policies;
    TRY(read_question(a, &node, &q, e));
    kms_explain(&outside, &q.question, &x);
    TRY(print(a, &x, e));
    if (x.why != KMS_GRANTED)
        return err_set(e, ERR_DENIED, "this would be refused: %s", kms_reason_name(x.why));
    return ERR_OK;
}

/* clang-format off */
static const struct cli_option options[] = {
    CLI_OPT_RPC, CLI_OPT_CHAIN_ID, CLI_OPT_KMS, CLI_OPT_APP,
    {"evidence", "FILE", "a quote or evidence of the workload", NULL, CLI_OPTIONAL},
    {"measurements", "FILE", "or its measurements", NULL, CLI_OPTIONAL},
    {"identity", "HASH", "or its identity (or principal) alone", NULL, CLI_OPTIONAL},
    {"config-hash", "HASH", "the configuration it runs with, where a list holds principals", NULL, CLI_OPTIONAL},
    {"operator", "ADDRESS", "the operator who vouches for it", NULL, CLI_OPTIONAL},
    {"kms-principal", "HASH", "the KMS that would be asked, as `kms status` names it", NULL, CLI_OPTIONAL},
    {"min-delay", "SECONDS", "of the KMS's configuration: contracts with a shorter delay are refused", "0", CLI_OPTIONAL},
    {"policies", "FOLDER", "bodies of policies that contracts name", NULL, CLI_OPTIONAL},
    CLI_OPT_COLLATERAL,
    CLI_OPT_POLICY,
    {.name = NULL},
};

static const struct cli_verb verbs[] = {
    {"", "run the decision of a release without releasing; say what fails and what would mend it", NULL, 0, options,
     "teereg explain --chain-id 31337 --kms 0x... --app 0x... --measurements image.json", explain},
    {.name = NULL},
};
/* clang-format on */

const struct cli_noun cli_noun_explain = {
    "explain", "why a release would be refused, and what would allow it", verbs};
