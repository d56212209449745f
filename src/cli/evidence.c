#include "attest/inspect.h"
#include "attest/provider.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/fs.h"
#include "cli/evidence_log.h"
#include "cli/files.h"
#include "crypto/pem.h"
#include "crypto/x509.h"

/* Evidence as people have it: a raw quote, the JSON object, or a certificate (PEM or DER). */
struct exhibit {
    struct buf quote;
    struct buf payload; /* of the JSON object */
    bool has_payload;
    const char *form;
};

static void exhibit_done(struct exhibit *x)
{
    buf_done(&x->quote);
    buf_done(&x->payload);
}

static enum err_code from_evidence(struct evidence *ev, const char *form, struct exhibit *ret,
                                   struct err *e)
{
    if (strcmp(ev->type, EVIDENCE_TYPE_TDX) != 0)
        return err_set(e, ERR_INVALID, "evidence of type \"%s\", expected %s", ev->type,
                       EVIDENCE_TYPE_TDX);
    ret->quote = ev->quote;
    ret->payload = ev->payload;
    ev->quote = ev->payload = (struct buf){0};
    ret->has_payload = true;
    ret->form = form;
    return ERR_OK;
}

static enum err_code read_exhibit(const char *path, struct exhibit *ret, struct err *e)
{
    static const char pem_begin[] = "-----BEGIN CERTIFICATE-----";
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    struct buf data AUTO_CALL(buf_done) = BUF(EVIDENCE_JSON_MAX);
    struct buf der AUTO_CALL(buf_done) = BUF(X509_DER_MAX);

    TRY(cli_read(path, &data, e));
    if (data.n > 0 && data.p[0] == '{') {
        TRY_IN(e, evidence_decode(buf_bytes(&data), &ev, e), "%s", path);
        return from_evidence(&ev, "evidence", ret, e);
    }
    if (data.n >= sizeof pem_begin && memcmp(data.p, pem_begin, sizeof pem_begin - 1) == 0) {
        TRY_IN(e, pem_decode(buf_bytes(&data), "CERTIFICATE", &der, e), "%s", path);
        TRY_IN(e, evidence_of_certificate(buf_bytes(&der), &ev, e), "%s", path);
        return from_evidence(&ev, "certificate", ret, e);
    }
    if (data.n > 0 && data.p[0] == 0x30) {
        TRY_IN(e, evidence_of_certificate(buf_bytes(&data), &ev, e), "%s", path);
        return from_evidence(&ev, "certificate", ret, e);
    }
    ret->quote = data;
    data = (struct buf){0};
    ret->form = "quote";
    return ERR_OK;
}

/* --root: one certificate, PEM or DER. */
static enum err_code read_root(const struct cli_args *a, struct buf *ret, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(65536);
    const char *path = cli_value(a, "root");

    if (!path)
        return ERR_OK;
    TRY_IN(e, fs_read(path, &text, e), "--root");
    if (text.n > 0 && text.p[0] == '-')
        TRY_IN(e, pem_decode(buf_bytes(&text), "CERTIFICATE", ret, e), "--root %s", path);
    else
        buf_put(ret, buf_bytes(&text));
    return buf_check(ret, e);
}

static enum err_code put_steps(const struct inspected_quote *q, json *result, struct err *e)
{
    AUTO(json) steps = NULL;

    TRY(json_new_object(&steps, e));
    for (int s = 0; s < INSPECT_STEPS; s++) {
        const char *verdict = !q->step[s].done                 ? "not judged"
                              : q->step[s].fault != FAULT_NONE ? q->step[s].why.msg
                                                               : "ok";

        TRY(json_put_str(steps, inspect_step_name((enum inspect_step)s), verdict, e));
    }
    return json_put(result, "steps", TAKE(steps), e);
}

static enum err_code put_quote(const struct inspected_quote *q, json *result, struct err *e)
{
    AUTO(json) m = NULL;

    TRY(json_put_u64(result, "version", q->quote.version, e));
    TRY(json_put_str(result, "td_report", q->quote.body == QUOTE_BODY_TD15 ? "1.5" : "1.0", e));
    TRY(measurements_to_json(&q->measurements, &m, e));
    TRY(json_put(result, "measurements", TAKE(m), e));
    TRY(json_put_hex(result, "report_data", BYTES(q->quote.td.report_data), e));
    TRY(json_put_hex(result, "tee_tcb_svn", BYTES(q->quote.td.tee_tcb_svn), e));
    return json_put_hex(result, "mrseam", BYTES(q->quote.td.mrseam), e);
}

static enum err_code put_pck(const struct inspected_quote *q, json *result, struct err *e)
{
    AUTO(json) pck = NULL;

    TRY(json_new_object(&pck, e));
    TRY(json_put_str(pck, "root", q->root_label, e));
    TRY(json_put_hex(pck, "fmspc", BYTES(q->pck.fmspc), e));
    TRY(json_put_hex(pck, "pceid", BYTES(q->pck.pceid), e));
    TRY(json_put_hex(pck, "ppid", BYTES(q->pck.ppid), e));
    TRY(json_put_hex(pck, "cpusvn", BYTES(q->pck.tcb.cpusvn), e));
    TRY(json_put_u64(pck, "pcesvn", q->pck.tcb.pcesvn, e));
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

static enum err_code inspect(const struct cli_args *a, bool steps, struct err *e)
{
    struct exhibit x AUTO_CALL(exhibit_done) = {0};
    struct buf root AUTO_CALL(buf_done) = BUF(X509_DER_MAX);
    struct inspected_quote q;
    struct report_data expected;
    AUTO(json) result = NULL;
    const char *rd = steps ? cli_value(a, "report-data") : NULL;

    TRY(read_exhibit(a->positional[0], &x, e));
    if (rd)
        TRY_IN(e, hex_decode_0x(bytes_of_str(rd), expected.b, sizeof expected.b, e),
               "--report-data");
    if (steps)
        TRY(read_root(a, &root, e));
    attest_inspect(buf_bytes(&x.quote), buf_bytes(&root), &attest_policy_default,
                   rd ? &expected : NULL, clock_unix(&clock_system), &q);
    if (!q.has_quote)
        return err_set(e, ERR_INVALID, "%s: %s", a->positional[0], q.step[INSPECT_PARSE].why.msg);
    TRY(json_new_object(&result, e));
    TRY(json_put_str(result, "form", x.form, e));
    TRY(put_quote(&q, result, e));
    if (q.has_pck)
        TRY(put_pck(&q, result, e));
    TRY(put_claim(&x, result, e));
    if (steps) {
        TRY(put_steps(&q, result, e));
        TRY(json_put_str(result, "collateral", attest_collateral_name(COLLATERAL_NOT_EVALUATED),
                         e));
        TRY(json_put_bool(result, "ok", q.ok, e));
    }
    TRY(cli_print(a, result, e));
    if (steps && !q.ok)
        return err_set(e, ERR_VERIFY, "the evidence does not hold; \"steps\" says where");
    return ERR_OK;
}

static enum err_code show(const struct cli_args *a, struct err *e)
{
    return inspect(a, false, e);
}

static enum err_code verify(const struct cli_args *a, struct err *e)
{
    return inspect(a, true, e);
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
    TRY(read_exhibit(path, &x, e));
    if (quote_parse(buf_bytes(&x.quote), &quote, &fault, e) != ERR_OK)
        return err_set(e, ERR_INVALID, "%s: neither measurements (%s) nor a quote", path,
                       ignored.msg);
    measurements_of_td(&quote.td, ret);
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

static const struct cli_option verify_options[] = {
    {"root", "FILE", "accept this root certificate instead; the result releases nothing", NULL,
     CLI_OPTIONAL},
    {"report-data", "HEX", "64 bytes that the quote must have been made over", NULL, CLI_OPTIONAL},
    {.name = NULL},
};
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
    {"show", "what a quote, an evidence object or a KMS certificate says; nothing is verified",
     "FILE", 1, NULL, "teereg evidence show quote.bin --json", show},
    {"verify", "verify signatures and policy step by step (collateral: not evaluated)", "FILE", 1,
     verify_options, "teereg evidence verify quote.bin --root root.pem", verify},
    {"identity", "the identity that a contract knows these measurements by", "FILE", 1,
     identity_options,
     "teereg evidence identity image.json --chain-id 31337 --contract 0x5FbDB231...", identity},
    {"log",
     "list an event log, replay it, and compare it with a quote (which is not verified here)",
     "FILE", 1, evidence_log_options,
     "teereg evidence log /sys/firmware/acpi/tables/data/CCEL --quote quote.bin", evidence_log},
    {"log-diff", "what changed between two boots: events added, removed, changed, moved", "OLD NEW",
     2, NULL, "teereg evidence log-diff monday.ccel tuesday.ccel", evidence_log_diff},
    {.name = NULL},
};

const struct cli_noun cli_noun_evidence = {"evidence", "look at quotes and what they prove", verbs};
