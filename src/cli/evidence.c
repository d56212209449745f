#include "attest/ccel_listing.h"
#include "base/clock.h"
#include "base/codec.h"
#include "cli/evidence_log.h"
#include "cli/evidence_maa_token.h"
#include "cli/exhibit.h"
#include "cli/files.h"
#include "cli/judge.h"
#include "cli/onchain_evidence.h"

static enum err_code put_quote(const struct attest_examination *q, json *result, struct err *e)
{
    AUTO(json) m = NULL;

    TRY(json_put_u64(result, "version", q->version, e));
    TRY(json_put_str(result, "td_report", q->version == 5 ? "1.5" : "1.0", e));
    TRY(measurements_to_json(&q->facts.measurements, &m, e));
    TRY(json_put(result, "measurements", TAKE(m), e));
    TRY(json_put_hex(result, "report_data", BYTES(q->facts.td.report_data), e));
    TRY(json_put_hex(result, "tee_tcb_svn", BYTES(q->facts.td.tee_tcb_svn), e));
    return json_put_hex(result, "mrseam", BYTES(q->facts.td.mrseam), e);
}

static enum err_code put_pck(const struct attest_examination *q, json *result, struct err *e)
{
    AUTO(json) pck = NULL;

    TRY(json_new_object(&pck, e));
    TRY(json_put_str(pck, "root", q->facts.root->label, e));
    TRY(json_put_hex(pck, "fmspc", BYTES(q->facts.pck.fmspc), e));
    TRY(json_put_hex(pck, "pceid", BYTES(q->facts.pck.pceid), e));
    TRY(json_put_hex(pck, "ppid", BYTES(q->facts.pck.ppid), e));
    TRY(json_put_hex(pck, "cpusvn", BYTES(q->facts.pck.tcb.cpusvn), e));
    TRY(json_put_u64(pck, "pcesvn", q->facts.pck.tcb.pcesvn, e));
    return json_put(result, "platform", TAKE(pck), e);
}

static enum err_code put_claim(const struct exhibit *x, json *result, struct err *e)
{
    struct kms_claim k;
    AUTO(json) node = NULL;
    struct bytes rest;
    struct err ignored;

    if (!x->has_payload)
        return ERR_OK;
    TRY(json_put_u64(result, "payload_bytes", x->payload.n, e));
    /* A KMS's payload begins with its claim, an instance's does not; only a certificate tells. */
    if (strcmp(x->form, "certificate") != 0 ||
        kms_claim_parse(buf_bytes(&x->payload), &k, &rest, &ignored) != ERR_OK)
        return ERR_OK;
    TRY(json_new_object(&node, e));
    TRY(json_put_hex(node, "config_hash", BYTES_OF(k.config_hash), e));
    TRY(json_put_u64(node, "block", k.block, e));
    TRY(json_put_hex0x(node, "block_hash", BYTES_OF(k.block_hash), e));
    TRY(json_put_hex(node, "root_id", BYTES_OF(k.root_id), e));
    TRY(json_put_hex(node, "commitment", BYTES_OF(k.commitment), e));
    return json_put(result, "kms_claim", TAKE(node), e);
}

/* What the machine says it booted; it counts only when it leads to the quote's registers. */
static enum err_code put_event_log(const struct exhibit *x, const struct attest_examination *q,
                                   json *result, struct err *e)
{
    const struct bytes bytes = buf_bytes(&x->event_log);
    struct ccel_log log AUTO_CALL(ccel_log_done) = {0};
    enum attest_fault fault;
    AUTO(json) listing = NULL;
    struct err why;

    if (bytes.n == 0)
        return ERR_OK;
    if (ccel_log_read(bytes, &log, &why) == ERR_OK) {
        TRY(ccel_log_listing(&log, &listing, e));
        TRY(ccel_put_matches(&log, q->facts.td.rtmr, listing, e));
        TRY(json_put(result, "event_log", TAKE(listing), e));
    } else {
        TRY(json_put_null(result, "event_log", e));
    }
    return json_put_str(result, "event_log_verdict",
                        ccel_verify(bytes, q->facts.td.rtmr, &fault, &why) == ERR_OK
                            ? CCEL_VERDICT_MATCHES
                            : why.msg,
                        e);
}

static enum err_code show(const struct cli_args *a, struct err *e)
{
    struct exhibit x AUTO_CALL(exhibit_done) = {0};
    struct attest_examination q;
    AUTO(json) result = NULL;
    bool is_log;

    TRY(evidence_log_show(a, &is_log, e));
    if (is_log)
        return ERR_OK;
    TRY(exhibit_read(a->positional[0], &x, e));
    const struct attest_question question = {
        .quote = exhibit_quote(&x),
        .tee = QUOTE_TEE_TDX,
        .roots = attest_roots(),
        .policy = &attest_policy_default,
        .now = clock_unix(&clock_system),
    };

    attest_examine(&question, &q);
    if (!q.has_quote)
        return err_set(e, ERR_INVALID, "%s: %s: %s", a->positional[0], attest_fault_name(q.fault),
                       q.check[CHECK_FORMAT].detail);
    TRY(json_new_object(&result, e));
    TRY(json_put_str(result, "form", x.form, e));
    exhibit_measurements(&x, &q.facts.td, &q.facts.measurements);
    TRY(put_quote(&q, result, e));
    if (q.has_platform)
        TRY(put_pck(&q, result, e));
    TRY(put_claim(&x, result, e));
    TRY(put_event_log(&x, &q, result, e));
    return cli_print(a, result, e);
}

/* Measurements out of a JSON file of them, or out of a quote. */
static enum err_code measurements_of(const char *path, struct measurements *ret, struct err *e)
{
    struct exhibit x AUTO_CALL(exhibit_done) = {0};
    enum attest_fault fault;
    struct quote quote;
    struct err ignored;

    if (cli_measurements(path, ret, &ignored) == ERR_OK)
        return ERR_OK;
    TRY(exhibit_read(path, &x, e));
    if (quote_parse(exhibit_quote(&x), &quote, &fault, e) != ERR_OK)
        return err_set(e, ERR_INVALID, "%s: neither measurements (%s) nor a quote", path,
                       ignored.msg);
    exhibit_measurements(&x, &quote.td, ret);
    return ERR_OK;
}

static enum err_code identity(const struct cli_args *a, struct err *e)
{
    struct identity_rules rules = {.rtmr3 = cli_switch(a, "rtmr3")};
    struct hash32 id, config_hash, principal;
    struct measurements m;
    AUTO(json) result = NULL;
    uint64_t scheme, mask;

    TRY(cli_u64(a, "scheme", 2, &scheme, e));
    TRY(cli_u64(a, "pcr-mask", 0xffffff, &mask, e));
    TRY(cli_u64(a, "chain-id", UINT64_MAX, &rules.chain_id, e));
    TRY(cli_addr(a, "contract", &rules.contract, e));
    rules.pcr_mask = (uint32_t)mask;
    TRY(measurements_of(a->positional[0], &m, e));
    if (scheme == 2)
        TRY(identity_v2(&m, &rules, &id, e));
    else if (scheme == 1)
        identity_v1(&m, &rules.contract, &id);
    else
        return err_set(e, ERR_USAGE, "--scheme: found 0, expected 1 or 2");
    TRY(json_new_object(&result, e));
    TRY(json_put_hex(result, "identity", BYTES_OF(id), e));
    if (cli_value(a, "config-hash")) {
        TRY(cli_hash32(a, "config-hash", &config_hash, e));
        identity_principal(&id, &config_hash, &principal);
        TRY(json_put_hex(result, "principal", BYTES_OF(principal), e));
    }
    return cli_print(a, result, e);
}

static enum err_code policy_hash(const struct cli_args *a, struct err *e)
{
    struct buf tlvs AUTO_CALL(buf_done) = BUF(POLICY_TLVS_MAX);
    struct attest_policy policy;
    struct hash32 hash;
    AUTO(json) result = NULL;

    TRY(cli_policy_file(a->positional[0], &policy, e));
    TRY(attest_policy_encode(&policy, &tlvs, e));
    TRY(attest_policy_hash(&policy, &hash, e));
    TRY(json_new_object(&result, e));
    TRY(json_put_hex(result, "policy_hash", BYTES_OF(hash), e));
    TRY(json_put_hex(result, "tlvs", buf_bytes(&tlvs), e));
    return cli_print(a, result, e);
}

static const struct cli_option identity_options[] = {
    CLI_OPT_CHAIN_ID,
    {"contract", "ADDRESS", "whose allow-list is asked", NULL, CLI_REQUIRED},
    {"scheme", "N", "the contract's identityScheme(): 1 or 2", "2", CLI_OPTIONAL},
    {"rtmr3", NULL, "the contract counts RTMR3", NULL, CLI_OPTIONAL},
    {"pcr-mask", "N", "the contract's PCR mask, for Azure", "0", CLI_OPTIONAL},
    {"config-hash", "HASH", "also print the principal with this configuration", NULL, CLI_OPTIONAL},
    {.name = NULL},
};

static const struct cli_verb verbs[] = {
    {"show",
     "what a quote, evidence with its event log, a KMS certificate or a log alone says; nothing is "
     "verified",
     "FILE", 1, NULL, "teereg evidence show quote.bin --json", show},
    {"verify", "judge evidence, every check of it, under a policy", NULL, 0,
     evidence_verify_options,
     "teereg evidence verify --type tdx-dcap --file quote.bin --collateral bundle.json --json",
     evidence_verify},
    {"maa-token",
     "obtain a token about this machine from Azure's attestation service, judged before it is told",
     NULL, 0, evidence_maa_token_options,
     "teereg evidence maa-token --endpoint https://shareduks.uks.attest.azure.net --out token.jwt",
     evidence_maa_token},
    {"maa-keys", "the keys that an instance of that service signs with, judged, to pin them", NULL,
     0, evidence_maa_keys_options,
     "teereg evidence maa-keys --endpoint https://shareduks.uks.attest.azure.net --out keys.json",
     evidence_maa_keys},
    {"identity", "the identity that a contract knows these measurements by", "FILE", 1,
     identity_options,
     "teereg evidence identity image.json --chain-id 31337 --contract 0x5FbDB231...", identity},
    {"onchain",
     "make of a quote or evidence what a verifier onchain takes (`gov attest` does so by itself)",
     "FILE", 1, evidence_onchain_options,
     "teereg evidence onchain quote.bin --verifier-kind tdx --out evidence.bin", evidence_onchain},
    {"policy-hash", "the hash that a contract names an attestation policy by, and its encoding",
     "POLICY.json", 1, NULL, "teereg evidence policy-hash policy.json", policy_hash},
    {"log",
     "list an event log, replay it, and compare it with a quote (which is not verified here)",
     "FILE", 1, evidence_log_options,
     "teereg evidence log /sys/firmware/acpi/tables/data/CCEL --quote quote.bin", evidence_log},
    {"log-diff", "what changed between two boots: events added, removed, changed, moved", "OLD NEW",
     2, NULL, "teereg evidence log-diff monday.ccel tuesday.ccel", evidence_log_diff},
    {.name = NULL},
};

const struct cli_noun cli_noun_evidence = {"evidence", "look at quotes and what they prove", verbs};
