/* provision: from a machine with a TEE to certificate, key and configuration; and everything that
 * must stop it.  The KMS is real (kms_release behind a TLS listener), the platform simulated. */
#include "unit/instance/provision_support.h"

/* ---- success ---- */

static void an_allowed_image_gets_certificate_key_and_configuration(void **state)
{
    struct scene *s = *state;
    struct provisioned p AUTO_CALL(provisioned_done) = {0};
    struct buf leaf_der AUTO_CALL(buf_done) = BUF(X509_DER_MAX);
    struct buf ca_der AUTO_CALL(buf_done) = BUF(X509_DER_MAX);
    AUTO(EVP_PKEY) key = NULL;
    AUTO(X509) leaf = NULL;
    AUTO(X509) ca = NULL;
    struct audit_receipt receipt = {0};
    struct err e = {0};

    if (provision_fetch(&s->config, NULL, &p, &e) != ERR_OK)
        fail_msg("%s", e.msg);
    assert_string_equal(buf_cstr(&p.config), RESOLVED);
    assert_int_equal(pem_decode(buf_bytes(&p.certificate_pem), "CERTIFICATE", &leaf_der, &e),
                     ERR_OK);
    assert_int_equal(pem_decode(buf_bytes(&p.ca_pem), "CERTIFICATE", &ca_der, &e), ERR_OK);
    assert_int_equal(x509_parse(buf_bytes(&leaf_der), &leaf, &e), ERR_OK);
    assert_int_equal(x509_parse(buf_bytes(&ca_der), &ca, &e), ERR_OK);
    assert_int_equal(x509_verify_leaf(leaf, ca, WORLD_NOW, &e), ERR_OK);
    assert_int_equal(p256_from_private_pem(secret_bytes(p.key_pem), &key, &e), ERR_OK);
    assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(leaf), key), 1);
    assert_memory_equal(p.identity.b, s->identity.b, 32);
    assert_memory_equal(p.template_.b, s->template_.b, 32);
    assert_memory_equal(p.kms.principal.b, s->k->w->ctx.authority.self.b, 32);

    /* The receipt is of the KMS's own record. */
    assert_int_equal(p.receipt_node.n, sizeof receipt.node);
    memcpy(receipt.node, p.receipt_node.p, sizeof receipt.node);
    receipt.seq = p.receipt_seq;
    receipt.head = p.receipt_head;
    assert_int_equal(audit_find(s->k->w->log, &receipt, &e), ERR_OK);
}

static unsigned steps;

static void count_step(void *self, const char *what)
{
    (void)self;
    steps += *what != '\0';
}

static void each_stage_is_told_to_who_wants_to_know(void **state)
{
    struct scene *s = *state;
    const struct provision_progress progress = {.step = count_step};
    struct provisioned p AUTO_CALL(provisioned_done) = {0};
    struct err e = {0};

    steps = 0;
    assert_int_equal(provision_fetch(&s->config, &progress, &p, &e), ERR_OK);
    assert_int_equal(steps, 4);
}

static void provision_with_log(struct scene *s, size_t n)
{
    struct provisioned p AUTO_CALL(provisioned_done) = {0};
    struct buf log AUTO_CALL(buf_done) = BUF(EVIDENCE_LOG_MAX);
    struct err e = {0};

    while (log.n < n)
        buf_put_str(&log, "log");
    s->config.event_log = buf_bytes(&log);
    if (provision_fetch(&s->config, NULL, &p, &e) != ERR_OK)
        fail_msg("%s", e.msg);
}

static void the_event_log_of_the_firmware_goes_with_the_evidence(void **state)
{
    struct scene *s = *state;

    provision_with_log(s, 6);
    assert_non_null(strstr(buf_cstr(&s->k->last_request), "\"event_log\":\"bG9nbG9n\""));
}

static void an_event_log_that_does_not_fit_stays_here(void **state)
{
    struct scene *s = *state;

    provision_with_log(s, EVIDENCE_LOG_MAX - 3);
    assert_null(strstr(buf_cstr(&s->k->last_request), "event_log"));
}

/* ---- refusals ---- */

static void a_kms_that_is_not_allowed_is_asked_for_nothing(void **state)
{
    struct scene *s = *state;

    world_set_identity(s->k->w, &s->config.kms, &s->k->w->ctx.authority.self,
                       world_policy(GOV_REVOKED, 0, 1, 0));
    (void)refused(s, ERR_DENIED, "this KMS (its image with its configuration): revoked");
    assert_int_equal(s->quotes_made, 0);
    assert_true(fake_kms_stop(s->k) == 0);
}

static void another_image_is_refused_with_the_field_that_differs(void **state)
{
    struct scene *s = *state;
    struct td_report changed = s->k->w->td_a;
    char found[97], expected[97];
    struct err e;

    (void)fake_kms_measured(s->k, &s->config.app, &s->k->w->td_a, true);
    changed.rtmr[1][7] ^= 0x5a;
    s->td = &changed;
    e = refused(s, ERR_DENIED, "not allowed (request ");
    hex_encode((struct bytes){changed.rtmr[1], 48}, found);
    hex_encode((struct bytes){s->k->w->td_a.rtmr[1], 48}, expected);
    assert_non_null(strstr(e.msg, "rtmr1 differs from the nearest allowed image"));
    assert_non_null(strstr(e.msg, found));
    assert_non_null(strstr(e.msg, expected));
    assert_non_null(strstr(e.msg,
                           "teereg gov set-config --app 0x0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0"
                           "a0a0a --identity "));
}

static void a_revoked_image_is_told_so(void **state)
{
    struct scene *s = *state;

    world_set_identity(s->k->w, &s->config.app, &s->identity, world_policy(GOV_REVOKED, 0, 1, 0));
    (void)refused(s, ERR_DENIED, "this image: revoked");
}

static void a_contract_that_grants_nothing_costs_no_release(void **state)
{
    struct scene *s = *state;

    world_head(s->k->w, &s->config.app, &(struct gov_head){.scheme = 2, .paused = true});
    (void)refused(s, ERR_DENIED, "paused");
    assert_int_equal(s->k->secrets_requests, 0);
}

static void an_image_without_a_configuration_costs_no_release(void **state)
{
    struct scene *s = *state;

    set_config(s, &(struct hash32){0});
    (void)refused(s, ERR_NOT_FOUND, "teereg gov set-config");
    assert_int_equal(s->k->secrets_requests, 0);
}

/* ---- what the KMS gives is compared with the chain (SR-74) ---- */

static void a_ca_other_than_the_published_one_is_refused(void **state)
{
    struct scene *s = *state;
    const kms_app *keys = keys_of(s, &s->config.app), *other = keys_of(s, &s->k->w->app_b);

    fake_kms_publish(s->k, &s->config.app, other->ca_der, BYTES(keys->encrypt_spki));
    (void)refused(s, ERR_VERIFY, "another CA than the contract publishes");
    kms_app_put(keys);
    kms_app_put(other);
}

static void an_application_key_other_than_the_published_one_is_refused(void **state)
{
    struct scene *s = *state;
    const kms_app *keys = keys_of(s, &s->config.app), *other = keys_of(s, &s->k->w->app_b);

    fake_kms_publish(s->k, &s->config.app, keys->ca_der, BYTES(other->encrypt_spki));
    (void)refused(s, ERR_VERIFY, "another application key than the contract publishes");
    kms_app_put(keys);
    kms_app_put(other);
}

static void a_pki_that_was_never_published_stops_with_the_command(void **state)
{
    struct scene *s = *state;

    world_set(s->k->w, &s->config.app, gov_slot(GOV_SLOT_PKI_HASH), (struct hash32){0});
    (void)refused(s, ERR_NOT_FOUND, "teereg gov pki publish");
}

static void a_pki_that_the_node_made_up_is_refused(void **state)
{
    struct scene *s = *state;

    world_set(s->k->w, &s->config.app, gov_slot(GOV_SLOT_PKI_HASH), (struct hash32){{1}});
    (void)refused(s, ERR_VERIFY, "the hash that is onchain");
}

static void forge(struct scene *s,
                  void (*how)(struct fake_kms *, const kms_app *, struct msg_secrets *))
{
    s->k->forge = how;
    fake_kms_twist(s->k, TWIST_FORGE);
}

static void keep_right(struct fake_kms *k, const kms_app *keys, struct msg_secrets *m)
{
    (void)k;
    (void)keys;
    (void)m;
}

/* What the following tests make wrong is right before. */
static void a_forgery_that_changes_nothing_passes(void **state)
{
    struct scene *s = *state;
    struct provisioned p AUTO_CALL(provisioned_done) = {0};
    struct err e = {0};

    forge(s, keep_right);
    if (provision_fetch(&s->config, NULL, &p, &e) != ERR_OK)
        fail_msg("%s", e.msg);
}

static void certify(struct fake_kms *k, const kms_app *keys, EVP_PKEY *subject, int64_t now)
{
    struct ca_issued cert AUTO_CALL(ca_issued_done) = {0};
    const struct ca_policy policy = {.app = k->w->app_a, .now = now};
    struct err e = {0};

    world_must(ca_issue(keys->ca_key, keys->ca, subject, &policy, &cert, &e), &e, "issue");
    buf_clear(&k->forged);
    buf_put(&k->forged, buf_bytes(&cert.der));
}

static void certify_another_key(struct fake_kms *k, const kms_app *keys, struct msg_secrets *m)
{
    certify(k, keys, k->w->ctx.tls_key, k->w->now);
    m->certificate = buf_bytes(&k->forged);
}

static void a_certificate_over_another_key_is_refused(void **state)
{
    struct scene *s = *state;

    forge(s, certify_another_key);
    (void)refused(s, ERR_VERIFY, "certified another key than ours");
}

static void certify_by_another_ca(struct fake_kms *k, const kms_app *keys, struct msg_secrets *m)
{
    const kms_app *other = NULL;
    struct err e = {0};

    (void)keys;
    world_must(kms_apps_get(k->w->ctx.authority.apps, &k->w->app_b, 0, &other, &e), &e, "keys");
    certify(k, other, k->w->ctx.tls_key, k->w->now);
    m->certificate = buf_bytes(&k->forged);
    kms_app_put(other);
}

static void a_certificate_of_another_ca_is_refused(void **state)
{
    struct scene *s = *state;

    forge(s, certify_by_another_ca);
    (void)refused(s, ERR_VERIFY, "certificate from the KMS");
}

static void certify_the_past(struct fake_kms *k, const kms_app *keys, struct msg_secrets *m)
{
    certify(k, keys, k->w->ctx.tls_key, k->w->now - 2 * CA_LIFETIME_S);
    m->certificate = buf_bytes(&k->forged);
}

static void a_certificate_that_has_ended_is_refused(void **state)
{
    struct scene *s = *state;

    forge(s, certify_the_past);
    (void)refused(s, ERR_VERIFY, "certificate from the KMS");
}

static void next_epoch(struct fake_kms *k, const kms_app *keys, struct msg_secrets *m)
{
    (void)k;
    (void)keys;
    m->epoch = 1;
}

static void keys_of_another_epoch_are_refused(void **state)
{
    struct scene *s = *state;

    forge(s, next_epoch);
    (void)refused(s, ERR_VERIFY, "keys of epoch 1, the contract is at 0");
}

static void other_scalar(struct fake_kms *k, const kms_app *keys, struct msg_secrets *m)
{
    static const uint8_t two[32] = {[31] = 2};

    (void)k;
    (void)keys;
    m->encrypt_scalar = BYTES(two);
}

static void a_key_that_does_not_match_the_published_one_is_refused(void **state)
{
    struct scene *s = *state;

    forge(s, other_scalar);
    (void)refused(s, ERR_VERIFY, "another application key");
}

/* ---- contents ---- */

static void a_template_that_nobody_has_is_named(void **state)
{
    static const struct hash32 missing = {{0xab, 0xcd}};
    struct scene *s = *state;

    set_config(s, &missing);
    (void)refused(s, ERR_UPSTREAM, "template abcd0000");
}

/* SR-37: a secret of another application does not open, and its text is nowhere. */
static void a_secret_sealed_to_another_application_is_refused(void **state)
{
    struct scene *s = *state;
    const struct hash32 theirs = put_secret(s, &s->k->w->app_b, "hunter2");
    struct err e;

    put_template(s, &theirs);
    e = refused(s, ERR_VERIFY, "not sealed to this application's key");
    assert_null(strstr(e.msg, "hunter2"));
}

static void a_template_that_is_not_json_is_refused(void **state)
{
    struct scene *s = *state;

    s->template_ = fake_kms_artifact(s->k, bytes_of_str("{\"a\": }"));
    set_config(s, &s->template_);
    (void)refused(s, ERR_INVALID, "template");
}

/* ---- storage (SR-46, SR-71) ---- */

static void a_file_uri_from_the_chain_is_refused(void **state)
{
    struct scene *s = *state;

    set_backends(s, "file:///etc");
    (void)refused(s, ERR_DENIED, "storage backend 0 of the application's contract");
}

static void user_information_from_the_chain_is_refused_and_not_repeated(void **state)
{
    struct scene *s = *state;
    struct err e;

    set_backends(s, "s3://me:hunter2@bucket/x");
    e = refused(s, ERR_DENIED, "user information");
    assert_null(strstr(e.msg, "hunter2"));
}

static void storage_that_this_build_cannot_open_is_passed_over(void **state)
{
    struct scene *s = *state;
    struct provisioned p AUTO_CALL(provisioned_done) = {0};
    struct err e = {0};

    set_backends(s, "gopher://old/attic");
    if (provision_fetch(&s->config, NULL, &p, &e) != ERR_OK)
        fail_msg("%s", e.msg);
    assert_string_equal(buf_cstr(&p.config), RESOLVED);
}

static void storage_that_was_passed_over_is_named_when_content_is_missing(void **state)
{
    static const struct hash32 missing = {{0xab, 0xcd}};
    struct scene *s = *state;

    set_backends(s, "gopher://old/attic");
    set_config(s, &missing);
    (void)refused(s, ERR_UPSTREAM,
                  "not asked: backend 0 of the contract (storage scheme gopher is not known");
}

/* The operator's own folder may hold what the chain does not. */
static void the_operators_own_storage_is_asked_first(void **state)
{
    struct scene *s = *state;
    struct provisioned p AUTO_CALL(provisioned_done) = {0};
    char dir[] = "/tmp/teereg-own-XXXXXX", path[160], hex[HEX_LEN(32)];
    const char *text = "{\"mine\": true}";
    struct hash32 id;
    FILE *f;
    struct err e = {0};

    assert_non_null(mkdtemp(dir));
    sha256(bytes_of_str(text), &id);
    set_config(s, &id);
    hex_encode(BYTES_OF(id), hex);
    snprintf(path, sizeof path, "%s/configs", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/configs/%s", dir, hex);
    f = fopen(path, "we");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
    snprintf(s->own_store, sizeof s->own_store, "file://%s", dir);
    s->config.own_store_uri = s->own_store;
    if (provision_fetch(&s->config, NULL, &p, &e) != ERR_OK)
        fail_msg("%s", e.msg);
    assert_string_equal(buf_cstr(&p.config), text);
    unlink(path);
    snprintf(path, sizeof path, "%s/configs", dir);
    rmdir(path);
    rmdir(dir);
}

/* ---- evidence of the request (SR-07, SR-73) ---- */

static struct report_data seen[8];
static unsigned n_seen;

static enum err_code note_quote(void *self, const struct report_data *rd, struct buf *ret,
                                struct err *e)
{
    if (n_seen < 8)
        seen[n_seen++] = *rd;
    return scene_quote(self, rd, ret, e);
}

static void every_request_has_evidence_of_its_own(void **state)
{
    struct scene *s = *state;
    struct err e = {0};

    n_seen = 0;
    s->quotes.quote = note_quote;
    for (int i = 0; i < 2; i++) {
        struct provisioned p AUTO_CALL(provisioned_done) = {0};

        assert_int_equal(provision_fetch(&s->config, NULL, &p, &e), ERR_OK);
    }
    assert_int_equal(n_seen, 2);
    assert_memory_not_equal(seen[0].b, seen[1].b, 64);
}

static struct buf first_quote = {.max = SIM_QUOTE_MAX};

/* A host that hands out the quote it recorded. */
static enum err_code old_quote(void *self, const struct report_data *rd, struct buf *ret,
                               struct err *e)
{
    if (first_quote.n == 0)
        TRY(scene_quote(self, rd, &first_quote, e));
    buf_put(ret, buf_bytes(&first_quote));
    return buf_check(ret, e);
}

static void a_recorded_quote_is_not_even_sent(void **state)
{
    struct scene *s = *state;
    struct provisioned p AUTO_CALL(provisioned_done) = {0};
    struct err e = {0};

    s->quotes.quote = old_quote;
    assert_int_equal(provision_fetch(&s->config, NULL, &p, &e), ERR_OK);
    (void)refused(s, ERR_UPSTREAM, "made for other report data");
    assert_int_equal(s->k->secrets_requests, 1);
    buf_done(&first_quote);
}

static enum err_code no_quote(void *self, const struct report_data *rd, struct buf *ret,
                              struct err *e)
{
    (void)self;
    (void)rd;
    (void)ret;
    return err_set(e, ERR_IO, "no such device");
}

static void a_machine_without_quotes_is_told_where_they_were_to_come_from(void **state)
{
    struct scene *s = *state;

    s->quotes.quote = no_quote;
    (void)refused(s, ERR_IO, "quote from a test: no such device");
    assert_int_equal(s->k->secrets_requests, 0);
}

static enum err_code azure_quote(void *self, const struct report_data *rd, struct buf *ret,
                                 struct err *e)
{
    struct azure_evidence ev AUTO_CALL(azure_evidence_done) = azure_evidence_empty();

    TRY(scene_quote(self, rd, &ev.tdx_quote, e));
    buf_put_str(&ev.hcl_report, "HCLA");
    buf_put_str(&ev.tpms_attest, "attest");
    buf_put_str(&ev.tpm_signature, "signature");
    return azure_evidence_encode(&ev, ret, e);
}

static void an_azure_machine_is_judged_by_its_pcrs(void **state)
{
    struct scene *s = *state;

    s->quotes.quote = azure_quote, s->quotes.evidence_type = EVIDENCE_TYPE_AZURE_VTPM;
    (void)refused(s, ERR_DENIED, "an Azure identity needs some of PCRs 0 to 23");
}

static void a_machine_whose_evidence_is_malformed_asks_for_nothing(void **state)
{
    struct scene *s = *state;

    s->quotes.evidence_type = EVIDENCE_TYPE_AZURE_VTPM; /* and a bare quote */
    (void)refused(s, ERR_UPSTREAM, "Azure evidence");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCENE(an_allowed_image_gets_certificate_key_and_configuration),
        IN_SCENE(each_stage_is_told_to_who_wants_to_know),
        IN_SCENE(the_event_log_of_the_firmware_goes_with_the_evidence),
        IN_SCENE(an_event_log_that_does_not_fit_stays_here),
        IN_SCENE(a_kms_that_is_not_allowed_is_asked_for_nothing),
        IN_SCENE(another_image_is_refused_with_the_field_that_differs),
        IN_SCENE(a_revoked_image_is_told_so),
        IN_SCENE(a_contract_that_grants_nothing_costs_no_release),
        IN_SCENE(an_image_without_a_configuration_costs_no_release),
        IN_SCENE(a_ca_other_than_the_published_one_is_refused),
        IN_SCENE(an_application_key_other_than_the_published_one_is_refused),
        IN_SCENE(a_pki_that_was_never_published_stops_with_the_command),
        IN_SCENE(a_pki_that_the_node_made_up_is_refused),
        IN_SCENE(a_forgery_that_changes_nothing_passes),
        IN_SCENE(a_certificate_over_another_key_is_refused),
        IN_SCENE(a_certificate_of_another_ca_is_refused),
        IN_SCENE(a_certificate_that_has_ended_is_refused),
        IN_SCENE(keys_of_another_epoch_are_refused),
        IN_SCENE(a_key_that_does_not_match_the_published_one_is_refused),
        IN_SCENE(a_template_that_nobody_has_is_named),
        IN_SCENE(a_secret_sealed_to_another_application_is_refused),
        IN_SCENE(a_template_that_is_not_json_is_refused),
        IN_SCENE(a_file_uri_from_the_chain_is_refused),
        IN_SCENE(user_information_from_the_chain_is_refused_and_not_repeated),
        IN_SCENE(storage_that_this_build_cannot_open_is_passed_over),
        IN_SCENE(storage_that_was_passed_over_is_named_when_content_is_missing),
        IN_SCENE(the_operators_own_storage_is_asked_first),
        IN_SCENE(every_request_has_evidence_of_its_own),
        IN_SCENE(a_recorded_quote_is_not_even_sent),
        IN_SCENE(a_machine_without_quotes_is_told_where_they_were_to_come_from),
        IN_SCENE(an_azure_machine_is_judged_by_its_pcrs),
        IN_SCENE(a_machine_whose_evidence_is_malformed_asks_for_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
