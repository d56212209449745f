/* decide: what governance says of this KMS, the application, the workload and its operator. */
#include "crypto/pem.h"
#include "kms/pki.h"
#include "kms/release_steps.h"
#include "unit/kms/release_support.h"

/* ---- this KMS ---- */

static void a_node_without_a_root_releases_nothing(void **state)
{
    struct world *w = *state;
    kms_apps *apps = w->ctx.authority.apps;
    struct ask a = world_ask(w);

    w->ctx.authority.apps = NULL;
    assert_why(w, &a, KMS_LOCKED);
    w->ctx.authority.apps = apps;
}

static void a_kms_that_is_not_allowed_any_more_releases_nothing(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    const struct hash32 self = w->ctx.authority.self;

    world_set_identity(w, &w->config.kms, &self, world_policy(GOV_REVOKED, 0, 1, 0));
    assert_why(w, &a, KMS_SELF_NOT_ALLOWED);
    world_set_identity(w, &w->config.kms, &self, world_allowed());
    assert_why(w, &a, KMS_GRANTED);
    w->ctx.authority.self = (struct hash32){0};
    assert_why(w, &a, KMS_SELF_NOT_ALLOWED);
    /* The right identity with another configuration is another principal. */
    identity_principal(&self, &w->ctx.authority.config_hash, &w->ctx.authority.self);
    assert_why(w, &a, KMS_SELF_NOT_ALLOWED);
}

static void a_root_that_is_not_the_committed_one_releases_nothing(void **state)
{
    struct world *w = *state;
    const struct addr *kms = &w->config.kms;
    const kms_root *root = kms_apps_root(w->ctx.authority.apps);
    struct ask a = world_ask(w);

    world_set(w, kms, gov_slot(GOV_KMS_SLOT_COMMITMENT), (struct hash32){0});
    assert_why(w, &a, KMS_ROOT_NOT_COMMITTED);
    world_set(w, kms, gov_slot(GOV_KMS_SLOT_COMMITMENT), (struct hash32){{1}});
    assert_why(w, &a, KMS_ROOT_NOT_COMMITTED);
    world_set(w, kms, gov_slot(GOV_KMS_SLOT_COMMITMENT), *kms_root_commitment(root));
    world_set(w, kms, gov_slot(GOV_KMS_SLOT_ROOT_ID), (struct hash32){{1}});
    assert_why(w, &a, KMS_ROOT_NOT_COMMITTED);
}

static void a_kms_contract_paused_or_followed_by_another_grants_nothing(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct hash32 successor = {{[12] = 1}};

    world_head(w, &w->config.kms, &(struct gov_head){.scheme = 2, .paused = true});
    assert_why(w, &a, KMS_CONTRACT_NOT_LIVE);
    world_head(w, &w->config.kms, &(struct gov_head){.scheme = 2});
    world_set(w, &w->config.kms, gov_slot(GOV_SLOT_SUCCESSOR), successor);
    assert_why(w, &a, KMS_CONTRACT_NOT_LIVE);
}

static void a_contract_with_too_short_a_delay_is_refused(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);

    w->config.min_delay = 3600;
    assert_why(w, &a, KMS_CONTRACT_NOT_LIVE);
    world_head(w, &w->config.kms, &(struct gov_head){.scheme = 2, .delay = 3600});
    assert_why(w, &a, KMS_APP_NOT_LIVE);
    world_head(w, &w->app_a, &(struct gov_head){.scheme = 2, .delay = 3600});
    assert_why(w, &a, KMS_GRANTED);
}

/* ---- the application ---- */

struct word_case {
    struct hash32 word;
    bool good;
};

/* Every state that a policy word can be in (SR-16). */
static size_t word_cases(struct word_case ret[static 9])
{
    const struct word_case all[9] = {
        {world_policy(GOV_NONE, 0, 0, 0), false},
        {world_policy(GOV_REVOKED, 0, 1, 0), false},
        {world_policy(GOV_FROZEN, 0, 1, 0), false},
        {world_policy(GOV_ALLOWED, 0, WORLD_NOW - 11, 0), false}, /* not yet at the block's time */
        {world_policy(GOV_ALLOWED, 0, WORLD_NOW - 12, 0), true},
        {world_policy(GOV_ALLOWED, 0, 1, WORLD_NOW - 1), false}, /* over by the node's clock */
        {world_policy(GOV_ALLOWED, 0, 1, WORLD_NOW + 900), true},
        {{{[0] = 1, [31] = 1}}, false}, /* bits where zeros must be */
        {{{[31] = 9}}, false},          /* a state that does not exist */
    };

    memcpy(ret, all, sizeof all);
    return 9;
}

static void an_application_must_be_allowed_now(void **state)
{
    struct world *w = *state;
    struct word_case cases[9];

    for (size_t i = 0, n = word_cases(cases); i < n; i++) {
        struct ask a = world_ask(w);
        struct client c AUTO_CALL(client_done) = {0};

        world_allow_app(w, &w->app_a, cases[i].word, world_code_of(&w->app_a), 2);
        assert_int_equal(client_run(w, &a, &c) == KMS_GRANTED, cases[i].good);
    }
}

static void an_application_with_other_code_or_layout_is_refused(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);

    world_allow_app(w, &w->app_a, world_allowed(), (struct hash32){{1}}, 2);
    assert_why(w, &a, KMS_APP_CODE);
    world_allow_app(w, &w->app_a, world_allowed(), world_code_of(&w->app_a), 1);
    assert_why(w, &a, KMS_APP_CODE);
    world_allow_app(w, &w->app_a, world_allowed(), world_code_of(&w->app_a), 3);
    assert_why(w, &a, KMS_APP_CODE);
}

static void an_address_without_a_contract_is_refused(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);

    memset(a.app.b, 0x77, 20);
    a.for_app = a.binding.app = a.app;
    assert_why(w, &a, KMS_APP_NOT_ALLOWED);
    world_allow_app(w, &a.app, world_allowed(), (struct hash32){0}, 2);
    assert_why(w, &a, KMS_APP_CODE);
}

static void an_application_paused_or_followed_by_another_is_refused(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct hash32 successor = gov_word_addr(&w->app_b);

    world_head(w, &w->app_a, &(struct gov_head){.scheme = 2, .paused = true});
    assert_why(w, &a, KMS_APP_NOT_LIVE);
    world_head(w, &w->app_a, &(struct gov_head){.scheme = 2});
    world_set(w, &w->app_a, gov_slot(GOV_SLOT_SUCCESSOR), successor);
    assert_why(w, &a, KMS_APP_NOT_LIVE);
}

/* B says that it follows A; A must say so too, or B would get A's keys. */
static void a_lineage_claimed_by_one_side_is_refused(void **state)
{
    struct world *w = *state;
    struct ask b = world_ask(w);

    b.app = b.for_app = b.binding.app = w->app_b;
    b.td = w->td_b;
    assert_why(w, &b, KMS_GRANTED);
    world_set(w, &w->app_b, gov_slot(GOV_SLOT_PREDECESSOR), gov_word_addr(&w->app_a));
    assert_why(w, &b, KMS_LINEAGE);
}

static void a_successor_gets_the_keys_of_the_first_of_its_line(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w), b = world_ask(w);
    struct client first AUTO_CALL(client_done) = {0};
    struct client next AUTO_CALL(client_done) = {0};
    struct err e = {0};

    assert_int_equal(client_run(w, &a, &first), KMS_GRANTED);
    assert_int_equal(client_open(w, &first, 0, &e), ERR_OK);
    world_set(w, &w->app_b, gov_slot(GOV_SLOT_PREDECESSOR), gov_word_addr(&w->app_a));
    world_set(w, &w->app_a, gov_slot(GOV_SLOT_SUCCESSOR), gov_word_addr(&w->app_b));
    b.app = b.for_app = b.binding.app = w->app_b;
    b.td = w->td_b;
    assert_int_equal(client_run(w, &b, &next), KMS_GRANTED);
    assert_int_equal(client_open(w, &next, 0, &e), ERR_OK);
    assert_true(secret_eq(first.secrets.encrypt_scalar, next.secrets.encrypt_scalar));
    assert_true(bytes_eq(first.secrets.ca, next.secrets.ca));
}

static void another_epoch_gives_other_keys(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct client old AUTO_CALL(client_done) = {0};
    struct client new AUTO_CALL(client_done) = {0};
    struct err e = {0};

    assert_int_equal(client_run(w, &a, &old), KMS_GRANTED);
    assert_int_equal(client_open(w, &old, 0, &e), ERR_OK);
    world_head(w, &w->app_a, &(struct gov_head){.scheme = 2, .epoch = 1});
    assert_int_equal(client_run(w, &a, &new), KMS_GRANTED);
    assert_int_equal(client_open(w, &new, 1, &e), ERR_OK);
    assert_false(secret_eq(old.secrets.encrypt_scalar, new.secrets.encrypt_scalar));
    assert_false(secret_eq(old.secrets.disk, new.secrets.disk));
    assert_false(bytes_eq(old.secrets.ca, new.secrets.ca));
}

/* ---- the identity ---- */

static void an_identity_must_be_allowed_now(void **state)
{
    struct world *w = *state;
    struct hash32 id = world_identity(w, &w->app_a, &w->td_a, false);
    struct word_case cases[9];

    for (size_t i = 0, n = word_cases(cases); i < n; i++) {
        struct ask a = world_ask(w);
        struct client c AUTO_CALL(client_done) = {0};

        world_set_identity(w, &w->app_a, &id, cases[i].word);
        assert_int_equal(client_run(w, &a, &c) == KMS_GRANTED, cases[i].good);
    }
}

static void any_other_measurement_is_refused(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 8; i++) {
        struct ask a = world_ask(w);
        uint8_t *const fields[] = {a.td.mrtd,       a.td.rtmr[0], a.td.rtmr[1],       a.td.rtmr[2],
                                   a.td.mrconfigid, a.td.mrowner, a.td.mrownerconfig, a.td.xfam};

        fields[i][i == 7 ? 0 : 40] ^= i == 7 ? 0x04 : 0x01;
        assert_why(w, &a, KMS_IDENTITY_NOT_ALLOWED);
    }
}

static void rtmr3_counts_where_the_contract_says_so(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct hash32 id;

    a.td.rtmr[3][0] = 1;
    assert_why(w, &a, KMS_GRANTED);
    world_head(w, &w->app_a, &(struct gov_head){.scheme = 2, .rtmr3 = true});
    assert_why(w, &a, KMS_IDENTITY_NOT_ALLOWED);
    id = world_identity(w, &w->app_a, &a.td, true);
    world_set_identity(w, &w->app_a, &id, world_allowed());
    assert_why(w, &a, KMS_GRANTED);
}

static void principals_count_where_the_contract_says_so(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct hash32 id = world_identity(w, &w->app_a, &w->td_a, false), principal;

    a.config_hash = (struct hash32){{0xcf}};
    world_head(w, &w->app_a, &(struct gov_head){.scheme = 2, .principal = true});
    assert_why(w, &a, KMS_IDENTITY_NOT_ALLOWED);
    identity_principal(&id, &a.config_hash, &principal);
    world_set_identity(w, &w->app_a, &principal, world_allowed());
    assert_why(w, &a, KMS_GRANTED);
    a.config_hash.b[0]++;
    assert_why(w, &a, KMS_IDENTITY_NOT_ALLOWED);
}

/* SR-05: scheme 1 leaves MRTD out, so the firmware must be on the KMS contract's own list. */
static void scheme_1_also_wants_the_firmware_on_the_list(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct measurements m;
    struct hash32 id, mrtd;

    measurements_of_td(&a.td, &m);
    identity_v1(&m, &w->app_a, &id);
    world_head(w, &w->app_a, &(struct gov_head){.scheme = 1});
    world_set_identity(w, &w->app_a, &id, world_allowed());
    assert_why(w, &a, KMS_FIRMWARE_NOT_ALLOWED);
    keccak256(BYTES(a.td.mrtd), &mrtd);
    world_set(w, &w->config.kms, gov_slot_entry(GOV_KMS_SLOT_FIRMWARE, &mrtd, 0), world_allowed());
    assert_why(w, &a, KMS_GRANTED);
    a.td.mrtd[0] ^= 1;
    assert_why(w, &a, KMS_FIRMWARE_NOT_ALLOWED);
}

/* No identity of Azure's without its paravisor: MRTD is the paravisor's. */
static void an_azure_machine_also_wants_its_paravisor_on_the_list(void **state)
{
    struct kms_app_standing standing = {.time = gov_time_of(1000, 1000)};
    struct measurements m = {.kind = TEE_AZURE_TDX};
    enum kms_reason why = KMS_GRANTED;
    struct err e;

    (void)state;
    assert_int_equal(release_paravisor(&standing, &m, &why, &e), ERR_DENIED);
    assert_int_equal(why, KMS_PARAVISOR_NOT_ALLOWED);
    m.kind = TEE_TDX; /* which has none */
    assert_int_equal(release_paravisor(&standing, &m, &why, &e), ERR_OK);
    m.kind = TEE_AZURE_TDX;
    standing.kms.paravisor.state = GOV_ALLOWED;
    assert_int_equal(release_paravisor(&standing, &m, &why, &e), ERR_OK);
}

static void the_paravisor_is_asked_for_by_its_mrtd(void **state)
{
    struct world *w = *state;
    const uint8_t mrtd[48] = {7};
    struct kms_app_standing standing;
    enum kms_reason why = KMS_GRANTED;
    struct kms_authority a = w->ctx.authority;
    struct hash32 key;
    struct err e;

    keccak256(BYTES(mrtd), &key);
    world_set(w, &w->config.kms, gov_slot_entry(GOV_KMS_SLOT_PARAVISORS, &key, 0), world_allowed());
    assert_int_equal(kms_decide_app(&a, &w->app_a, mrtd, &standing, &why, &e), ERR_OK);
    assert_int_equal(standing.kms.paravisor.state, GOV_ALLOWED);
    assert_int_not_equal(standing.kms.firmware.state, GOV_ALLOWED);
}

static void the_certificate_ends_with_the_permission(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};
    struct hash32 id = world_identity(w, &w->app_a, &w->td_a, false);
    AUTO(X509) leaf = NULL;
    struct tm end;
    struct err e = {0};

    world_set_identity(w, &w->app_a, &id, world_policy(GOV_ALLOWED, 0, 1, WORLD_NOW + 700));
    assert_int_equal(client_run(w, &a, &c), KMS_GRANTED);
    assert_int_equal(client_open(w, &c, 0, &e), ERR_OK);
    assert_int_equal(x509_parse(c.secrets.certificate, &leaf, &e), ERR_OK);
    assert_int_equal(ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &end), 1);
    assert_int_equal(timegm(&end), WORLD_NOW + 700);
}

/* ---- the operator (SR-33) ---- */

static void no_operator_is_needed_where_the_contract_wants_none(void **state)
{
    struct world *w = *state;
    struct addr who;
    AUTO(secret) key = operator_key(&who);
    struct ask a = world_ask(w);

    assert_why(w, &a, KMS_GRANTED);
    a.operator_key = key; /* of an operator who is not allowed: nobody asks */
    assert_why(w, &a, KMS_GRANTED);
    a.authorize.purpose = "onboard-request";
    assert_why(w, &a, KMS_GRANTED);
    a.authorize.expiry = WORLD_NOW + 5;
    w->block.timestamp = WORLD_NOW + 6;
    assert_why(w, &a, KMS_GRANTED);
}

static void an_operator_who_is_wanted_must_vouch(void **state)
{
    struct world *w = *state;
    struct addr who;
    AUTO(secret) key = operator_key(&who);
    struct ask a = world_ask(w);

    world_head(w, &w->app_a, &(struct gov_head){.scheme = 2, .operator_required = true});
    assert_why(w, &a, KMS_OPERATOR_MISSING);
    a.operator_key = key;
    assert_why(w, &a, KMS_OPERATOR_NOT_ALLOWED);
    world_set_operator(w, &w->app_b, &who, world_allowed());
    assert_why(w, &a, KMS_OPERATOR_NOT_ALLOWED); /* another application's */
    world_set_operator(w, &w->app_a, &who, world_allowed());
    assert_why(w, &a, KMS_GRANTED);
    world_set_operator(w, &w->app_a, &who, world_policy(GOV_REVOKED, 0, 1, 0));
    assert_why(w, &a, KMS_OPERATOR_NOT_ALLOWED);
}

/* The zero address must not stand for "nobody vouched" (the reference's trap). */
static void a_zero_operator_that_is_allowed_does_not_let_everybody_in(void **state)
{
    struct world *w = *state;
    const struct addr nobody = {0};
    struct ask a = world_ask(w);

    world_head(w, &w->app_a, &(struct gov_head){.scheme = 2, .operator_required = true});
    world_set_operator(w, &w->app_a, &nobody, world_allowed());
    assert_why(w, &a, KMS_OPERATOR_MISSING);
}

static void an_authorisation_for_anything_else_is_refused(void **state)
{
    struct world *w = *state;
    struct addr who;
    AUTO(secret) key = operator_key(&who);

    world_head(w, &w->app_a, &(struct gov_head){.scheme = 2, .operator_required = true});
    world_set_operator(w, &w->app_a, &who, world_allowed());
    for (int i = 0; i < 5; i++) {
        struct ask a = world_ask(w);

        a.operator_key = key;
        switch (i) {
        case 0:
            a.authorize.purpose = "onboard-request";
            break;
        case 1:
            a.authorize.chain_id++;
            break;
        case 2:
            a.authorize.kms.b[0]++;
            break;
        case 3:
            a.authorize.app = w->app_b;
            break;
        default:
            a.authorize.subject_spki_sha256 = (struct hash32){{1}};
            break;
        }
        assert_why(w, &a, KMS_OPERATOR_NOT_ALLOWED);
    }
}

static void an_expired_authorisation_is_refused(void **state)
{
    struct world *w = *state;
    struct addr who;
    AUTO(secret) key = operator_key(&who);
    struct ask a = world_ask(w);

    world_head(w, &w->app_a, &(struct gov_head){.scheme = 2, .operator_required = true});
    world_set_operator(w, &w->app_a, &who, world_allowed());
    a.operator_key = key;
    a.authorize.expiry = WORLD_NOW + 5;
    w->block.timestamp = WORLD_NOW + 6; /* the chain's time counts where it is later */
    assert_why(w, &a, KMS_OPERATOR_SIGNATURE);
}

/* ---- tenants (SR-37) ---- */

/* Path, challenge, evidence and machine of A or B in all combinations: secrets only where all four
 * agree, and then that application's. */
static void secrets_go_to_their_own_application_in_every_combination(void **state)
{
    struct world *w = *state;
    struct hash32 seen[2] = {0};
    unsigned granted = 0;

    for (unsigned i = 0; i < 16; i++) {
        struct ask a = world_ask(w);
        struct client c AUTO_CALL(client_done) = {0};
        struct err e = {0};

        a.app = i & 1 ? w->app_b : w->app_a;
        a.for_app = i & 2 ? w->app_b : w->app_a;
        a.binding.app = i & 4 ? w->app_b : w->app_a;
        a.td = i & 8 ? w->td_b : w->td_a;
        assert_int_equal(client_run(w, &a, &c) == KMS_GRANTED, i == 0 || i == 15);
        if (c.outcome.why == KMS_GRANTED) {
            const kms_app *keys = NULL;

            assert_int_equal(client_open(w, &c, 0, &e), ERR_OK);
            assert_int_equal(kms_apps_get(w->ctx.authority.apps, &a.app, 0, &keys, &e), ERR_OK);
            assert_true(secret_eq(c.secrets.encrypt_scalar, secret_bytes(keys->encrypt)));
            sha256(c.secrets.encrypt_scalar, &seen[granted++]);
            kms_app_put(keys);
        }
    }
    assert_int_equal(granted, 2);
    assert_false(hash32_eq(&seen[0], &seen[1]));
}

/* ---- the public half (SR-39) ---- */

static void the_public_half_is_that_of_the_secrets(void **state)
{
    struct world *w = *state;
    struct kms_pki p AUTO_CALL(kms_pki_done) = {0};
    struct ask a = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};
    AUTO(EVP_PKEY) key = NULL;
    uint8_t spki[P256_SPKI_LEN];
    struct hash32 hash;
    enum kms_reason why = KMS_GRANTED;
    struct err e = {0};

    assert_int_equal(kms_pki_get(&w->ctx.authority, &w->app_a, &p, &why, &e), ERR_OK);
    assert_int_equal(client_run(w, &a, &c), KMS_GRANTED);
    assert_int_equal(client_open(w, &c, 0, &e), ERR_OK);
    assert_true(bytes_eq(p.app->ca_der, c.secrets.ca));
    assert_int_equal(p256_from_scalar(c.secrets.encrypt_scalar, &key, &e), ERR_OK);
    assert_int_equal(p256_spki(key, spki, &e), ERR_OK);
    assert_memory_equal(spki, p.app->encrypt_spki, sizeof spki);
    assert_int_equal(gov_pki_hash(p.app->ca_der, BYTES(spki), &hash, &e), ERR_OK);
    assert_true(hash32_eq(&hash, &p.pki_hash));
    assert_true(hash32_eq(&p.at.ref.hash, &w->block.ref.hash));
}

static void the_public_half_is_served_for_allowed_applications_alone(void **state)
{
    struct world *w = *state;
    const struct addr stranger = {{0x77}};
    struct kms_pki p = {0};
    enum kms_reason why = KMS_GRANTED;
    kms_apps *apps = w->ctx.authority.apps;
    struct err e = {0};

    assert_int_equal(kms_pki_get(&w->ctx.authority, &stranger, &p, &why, &e), ERR_DENIED);
    assert_int_equal(why, KMS_APP_NOT_ALLOWED);
    assert_int_equal(kms_pki_get(&w->ctx.authority, &w->config.kms, &p, &why, &e), ERR_DENIED);
    world_allow_app(w, &w->app_a, world_policy(GOV_REVOKED, 0, 1, 0), world_code_of(&w->app_a), 2);
    assert_int_equal(kms_pki_get(&w->ctx.authority, &w->app_a, &p, &why, &e), ERR_DENIED);
    w->ctx.authority.apps = NULL;
    assert_int_equal(kms_pki_get(&w->ctx.authority, &w->app_b, &p, &why, &e), ERR_LOCKED);
    assert_int_equal(why, KMS_LOCKED);
    w->ctx.authority.apps = apps;
    assert_null(p.app);
}

static void what_its_quote_is_about_is_k_and_the_hash(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(64);
    const struct hash32 h = {{0xab}};

    (void)state;
    kms_pki_payload(bytes_of_str("K"), &h, &b);
    assert_int_equal(b.n, 33);
    assert_int_equal(b.p[0], 'K');
    assert_memory_equal(b.p + 1, h.b, 32);
}

static void pem_of_version_1_reads_back(void **state)
{
    struct world *w = *state;
    struct kms_pki p AUTO_CALL(kms_pki_done) = {0};
    struct buf ca AUTO_CALL(buf_done) = BUF(8192);
    struct buf key AUTO_CALL(buf_done) = BUF(8192);
    struct buf der AUTO_CALL(buf_done) = BUF(8192);
    AUTO(EVP_PKEY) k = NULL;
    enum kms_reason why;
    struct err e = {0};

    assert_int_equal(kms_pki_get(&w->ctx.authority, &w->app_a, &p, &why, &e), ERR_OK);
    assert_int_equal(kms_pki_v1_pem(&p, &ca, &key, &e), ERR_OK);
    assert_int_equal(pem_decode(buf_bytes(&ca), "CERTIFICATE", &der, &e), ERR_OK);
    assert_true(bytes_eq(buf_bytes(&der), p.app->ca_der));
    assert_int_equal(p256_from_public_pem(buf_bytes(&key), &k, &e), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_node_without_a_root_releases_nothing),
        IN_WORLD(a_kms_that_is_not_allowed_any_more_releases_nothing),
        IN_WORLD(a_root_that_is_not_the_committed_one_releases_nothing),
        IN_WORLD(a_kms_contract_paused_or_followed_by_another_grants_nothing),
        IN_WORLD(a_contract_with_too_short_a_delay_is_refused),
        IN_WORLD(an_application_must_be_allowed_now),
        IN_WORLD(an_application_with_other_code_or_layout_is_refused),
        IN_WORLD(an_address_without_a_contract_is_refused),
        IN_WORLD(an_application_paused_or_followed_by_another_is_refused),
        IN_WORLD(a_lineage_claimed_by_one_side_is_refused),
        IN_WORLD(a_successor_gets_the_keys_of_the_first_of_its_line),
        IN_WORLD(another_epoch_gives_other_keys),
        IN_WORLD(an_identity_must_be_allowed_now),
        IN_WORLD(any_other_measurement_is_refused),
        IN_WORLD(rtmr3_counts_where_the_contract_says_so),
        IN_WORLD(principals_count_where_the_contract_says_so),
        IN_WORLD(scheme_1_also_wants_the_firmware_on_the_list),
        IN_WORLD(an_azure_machine_also_wants_its_paravisor_on_the_list),
        IN_WORLD(the_paravisor_is_asked_for_by_its_mrtd),
        IN_WORLD(the_certificate_ends_with_the_permission),
        IN_WORLD(no_operator_is_needed_where_the_contract_wants_none),
        IN_WORLD(an_operator_who_is_wanted_must_vouch),
        IN_WORLD(a_zero_operator_that_is_allowed_does_not_let_everybody_in),
        IN_WORLD(an_authorisation_for_anything_else_is_refused),
        IN_WORLD(an_expired_authorisation_is_refused),
        IN_WORLD(secrets_go_to_their_own_application_in_every_combination),
        IN_WORLD(the_public_half_is_that_of_the_secrets),
        IN_WORLD(the_public_half_is_served_for_allowed_applications_alone),
        cmocka_unit_test(what_its_quote_is_about_is_k_and_the_hash),
        IN_WORLD(pem_of_version_1_reads_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
