#include "instance/provision.h"
#include "attest/azure_evidence.h"
#include "base/codec.h"
#include "crypto/ecies.h"
#include "crypto/pem.h"
#include "crypto/x509.h"
#include "gov/kms.h"
#include "gov/registry.h"
#include "instance/explain.h"
#include "instance/template.h"
#include "store/factory.h"
#include "store/store.h"

void provisioned_done(struct provisioned *p)
{
    buf_done(&p->certificate_pem);
    buf_done(&p->ca_pem);
    buf_done_wipe(&p->config);
    buf_done(&p->receipt_node);
    secret_free(p->key_pem);
    p->key_pem = NULL;
}

/* What the request was made of. */
struct request {
    EVP_PKEY *key, *hpke_key;
    uint8_t spki[P256_SPKI_LEN];
    struct evidence evidence;
    struct measurements own;
};

static void request_done(struct request *r)
{
    EVP_PKEY_free(r->key);
    EVP_PKEY_free(r->hpke_key);
    evidence_done(&r->evidence);
}

static void tell(const struct provision_progress *p, const char *what)
{
    if (p)
        p->step(p->self, what);
}

static enum err_code own_measurements(const char *type, struct bytes quote_bytes,
                                      struct measurements *ret, struct err *e)
{
    struct azure_evidence azure AUTO_CALL(azure_evidence_done) = {0};
    const bool is_azure = strcmp(type, EVIDENCE_TYPE_AZURE_VTPM) == 0;
    struct quote quote;
    enum attest_fault fault;

    if (is_azure) {
        TRY_IN(e, azure_evidence_decode(quote_bytes, &azure, e), "the evidence of this machine");
        quote_bytes = buf_bytes(&azure.tdx_quote);
    }
    TRY_IN(e, quote_parse(quote_bytes, &quote, &fault, e), "the quote of this machine");
    if (is_azure)
        measurements_of_azure(&quote.td, azure.pcr, ret);
    else
        measurements_of_td(&quote.td, ret);
    return ERR_OK;
}

/* The event log explains and decides nothing: one that would not fit into the request stays here.
 */
static enum err_code attach_event_log(struct bytes log, struct evidence *ev, struct err *e)
{
    const size_t room = (MSG_REQUEST_MAX - 4096) / 4 * 3; /* base64, and the JSON around it */

    if (ev->quote.n + ev->payload.n + log.n > room)
        return ERR_OK;
    buf_put(&ev->event_log, log);
    return buf_check(&ev->event_log, e);
}

/* Key, CSR and one-use key, and evidence over all of them and the challenge. */
static enum err_code make_request(const struct provision_config *c, const struct hash32 *challenge,
                                  struct request *ret, struct err *e)
{
    struct buf csr AUTO_CALL(buf_done) = BUF(MSG_CSR_MAX);
    struct buf payload AUTO_CALL(buf_done) = BUF(MSG_PAYLOAD_MAX);
    struct buf quote AUTO_CALL(buf_done) = BUF(EVIDENCE_QUOTE_MAX);
    uint8_t point[P256_POINT_LEN];
    struct report_data rd;
    char app_hex[HEX_LEN(20)], name[64];

    TRY(p256_generate(&ret->key, e));
    TRY(p256_generate(&ret->hpke_key, e));
    TRY(p256_spki(ret->key, ret->spki, e));
    TRY(p256_point(ret->hpke_key, point, e));
    hex_encode(BYTES_OF(c->app), app_hex);
    snprintf(name, sizeof name, "%s.app", app_hex);
    TRY(csr_make(ret->key, name, &csr, e));

    const struct msg_secrets_payload parts = {
        .csr = buf_bytes(&csr), .hpke_key = BYTES(point), .config_hash = c->config_hash};

    TRY(msg_secrets_payload_encode(&parts, &payload, e));

    const struct report_binding binding = {.purpose = REPORT_SECRETS_REQUEST,
                                           .chain_id = c->chain_id,
                                           .kms = c->kms,
                                           .app = c->app,
                                           .spki = BYTES(ret->spki),
                                           .nonce = *challenge,
                                           .payload = buf_bytes(&payload)};

    report_data_v2(&binding, &rd);
    TRY(quote_provider_quote(c->quotes, &rd, &quote, e));
    TRY(own_measurements(c->quotes->evidence_type, buf_bytes(&quote), &ret->own, e));
    TRY(evidence_set(&ret->evidence, c->quotes->evidence_type, buf_bytes(&quote),
                     buf_bytes(&payload), e));
    TRY(attach_event_log(c->event_log, &ret->evidence, e));
    if (!c->collateral)
        return ERR_OK;
    ret->evidence.collateral = BUF(EVIDENCE_COLLATERAL_MAX);
    return c->collateral(c->collateral_self, buf_bytes(&ret->evidence.quote),
                         &ret->evidence.collateral, e);
}

/* What the application's contract says about us. */
struct standing {
    struct finalized_block at;
    struct gov_registry_facts facts;
    struct hash32 identity; /* or principal */
};

/* What would make the secrets useless is found before they are asked for, and go on record. */
static enum err_code check_standing(const struct provision_config *c, const struct standing *s,
                                    struct err *e)
{
    const struct gov_time time = gov_time_of(s->at.timestamp, clock_unix(c->clock));

    TRY(gov_contract_live(&s->facts.head, &s->facts.line, &time, c->min_delay,
                          "the application's contract", e));
    if (gov_policy_active(&s->facts.identity, &time) == GOV_ACTIVE &&
        hash32_is_zero(&s->facts.config))
        return err_set(e, ERR_NOT_FOUND,
                       "the contract names no configuration for this image yet "
                       "(`teereg gov set-config` sets one)");
    return ERR_OK;
}

/* At the block, or in the doubt, that *ret has already. */
static enum err_code ask_contract_at(const struct provision_config *c,
                                     const struct measurements *own, struct standing *ret,
                                     struct err *e)
{
    struct gov_registry_query query = {0};

    TRY_IN(e, gov_registry_read(c->view, &ret->at, &c->app, &query, &ret->facts, e),
           "application contract");

    TRY(explain_identity(c->view, &c->app, &ret->facts.head, own, &c->config_hash, &ret->identity,
                         e));
    query.identity = &ret->identity;
    TRY(gov_registry_read(c->view, &ret->at, &c->app, &query, &ret->facts, e));
    return check_standing(c, ret, e);
}

/* What the newest blocks deny (a pause, a configuration taken away) stops us before it is final;
 * what they grant is not used. */
static enum err_code ask_contract(const struct provision_config *c, const struct measurements *own,
                                  struct standing *ret, struct err *e)
{
    TRY(chain_view_finalized(c->view, &ret->at, e));
    TRY(ask_contract_at(c, own, ret, e));
    for (unsigned doubt = chain_view_doubts(c->view, &ret->at); doubt > 0; doubt--) {
        struct standing again = {.at = chain_view_doubt(&ret->at, doubt)};

        TRY_IN(e, ask_contract_at(c, own, &again, e), CHAIN_DOUBT);
    }
    return ERR_OK;
}

/* Appends what would mend it, unless time does. */
static void put_mending(struct err *why, enum gov_refusal refusal, const char *command)
{
    const size_t n = strlen(why->msg);

    if (refusal != GOV_NOT_YET)
        snprintf(why->msg + n, sizeof why->msg - n, "\n  to allow it: teereg gov %s", command);
}

/* Why a KMS serves nobody of this application, or nobody on this kind of machine; false: it does,
 * or nothing is known. */
static bool unserved(const struct provision_config *c, const struct finalized_block *at,
                     const struct measurements *own, struct err *why)
{
    const bool azure = own->kind == TEE_AZURE_TDX;
    const struct gov_kms_query query = {.app = &c->app, .paravisor_mrtd = azure ? own->mrtd : NULL};
    char kms[HEX_LEN(20)], app[HEX_LEN(20)], mrtd[HEX_LEN(48)], command[256];
    struct gov_kms_facts facts;
    struct gov_time time;

    if (gov_kms_read(c->view, at, &c->kms, &query, &facts, why) != ERR_OK)
        return false;
    time = gov_time_of(at->timestamp, clock_unix(c->clock));
    hex_encode(BYTES_OF(c->kms), kms);
    if (gov_policy_check(&facts.app, &time, "this application in the KMS contract", why) !=
        ERR_OK) {
        hex_encode(BYTES_OF(c->app), app);
        snprintf(command, sizeof command, "app allow --kms 0x%s --app 0x%s", kms, app);
        put_mending(why, gov_policy_active(&facts.app, &time), command);
        return true;
    }
    if (azure && gov_policy_check(&facts.paravisor, &time,
                                  "this machine's paravisor (its MRTD in the KMS contract)",
                                  why) != ERR_OK) {
        hex_encode(BYTES(own->mrtd), mrtd);
        snprintf(command, sizeof command, "allow --contract 0x%s --paravisor %s", kms, mrtd);
        put_mending(why, gov_policy_active(&facts.paravisor, &time), command);
        return true;
    }
    return false;
}

/* What the contracts say against us at this block or in this doubt, after what the KMS said; false:
 * nothing. */
static bool refused_at(const struct provision_config *c, const struct measurements *own,
                       const struct finalized_block *at, const struct err *kms_said, struct err *e)
{
    const char *doubt = at->doubt ? CHAIN_DOUBT ": " : "";
    struct explained why;
    struct err found;
    size_t room;

    if (unserved(c, at, own, &found)) {
        err_set(e, ERR_DENIED, "%.400s\n%s%.500s", kms_said->msg, doubt, found.msg);
        return true;
    }
    if (explain_measurements(c->view, at, &c->app, own, &c->config_hash, c->clock, &why, &found) !=
            ERR_OK ||
        why.allowed)
        return false;
    /* The explanation is what helps: the other sentence gets the room that is left. */
    room = sizeof e->msg - 2 - strlen(why.text) - strlen(doubt);
    err_set(e, ERR_DENIED, "%.*s\n%s%s", (int)room, kms_said->msg, doubt, why.text);
    return true;
}

/* The KMS said no without a reason; the contracts are public and may know one. */
static enum err_code refused(const struct provision_config *c, const struct measurements *own,
                             struct err *e)
{
    const struct err kms_said = *e;
    struct finalized_block at, then;
    struct err ignored;

    if (chain_view_finalized(c->view, &at, &ignored) != ERR_OK ||
        refused_at(c, own, &at, &kms_said, e))
        return e->code;
    for (unsigned doubt = chain_view_doubts(c->view, &at); doubt > 0; doubt--) {
        then = chain_view_doubt(&at, doubt);
        if (refused_at(c, own, &then, &kms_said, e))
            return e->code;
    }
    return e->code;
}

/* The KMS's word about keys counts only where governance published the same (SR-74). */
static enum err_code compare_with_chain(const struct provision_config *c, const struct standing *s,
                                        const struct msg_secrets *secrets, EVP_PKEY *encrypt_key,
                                        struct err *e)
{
    struct gov_pki pki AUTO_CALL(gov_pki_done) = {0};
    uint8_t spki[P256_SPKI_LEN];

    TRY_IN(e, gov_registry_pki(c->view, &s->at, &c->app, &s->facts.pki_hash, &pki, e),
           "the application's PKI (`teereg gov pki publish` publishes it)");
    if (!bytes_eq(buf_bytes(&pki.ca_der), secrets->ca))
        return err_set(e, ERR_VERIFY, "the KMS gave another CA than the contract publishes");
    TRY(p256_spki(encrypt_key, spki, e));
    if (!bytes_eq(buf_bytes(&pki.spki_der), BYTES(spki)))
        return err_set(e, ERR_VERIFY,
                       "the KMS gave another application key than the contract publishes");
    return ERR_OK;
}

static enum err_code take_certificate(const struct provision_config *c, const struct request *r,
                                      const struct msg_secrets *secrets, struct provisioned *ret,
                                      struct err *e)
{
    AUTO(X509) leaf = NULL;
    AUTO(X509) ca = NULL;
    uint8_t spki[P256_SPKI_LEN];

    TRY_IN(e, x509_parse(secrets->certificate, &leaf, e), "certificate from the KMS");
    TRY_IN(e, x509_parse(secrets->ca, &ca, e), "CA from the KMS");
    TRY_IN(e, x509_verify_leaf(leaf, ca, clock_unix(c->clock), e), "certificate from the KMS");
    TRY(x509_spki(leaf, spki, e));
    if (!bytes_eq(BYTES(spki), BYTES(r->spki)))
        return err_set(e, ERR_VERIFY, "the KMS certified another key than ours");
    ret->certificate_pem = BUF(2 * X509_DER_MAX);
    ret->ca_pem = BUF(2 * X509_DER_MAX);
    pem_put(&ret->certificate_pem, "CERTIFICATE", secrets->certificate);
    pem_put(&ret->ca_pem, "CERTIFICATE", secrets->ca);
    TRY(buf_check(&ret->certificate_pem, e));
    TRY(buf_check(&ret->ca_pem, e));
    return p256_private_pem(r->key, &ret->key_pem, e);
}

static enum err_code take_receipt(const struct msg_secrets *secrets, struct provisioned *ret,
                                  struct err *e)
{
    ret->receipt_node = BUF(64);
    buf_put(&ret->receipt_node, secrets->node);
    ret->receipt_seq = secrets->seq;
    ret->receipt_head = secrets->head;
    ret->epoch = secrets->epoch;
    return buf_check(&ret->receipt_node, e);
}

/* ---- configuration ---- */

struct contents {
    store *store;
    EVP_PKEY *encrypt_key;
    struct buf passed_over; /* storage of the contract that this build cannot open */
};

static void contents_done(struct contents *c)
{
    if (c->store)
        store_free(c->store);
    buf_done(&c->passed_over);
}

/* Storage that cannot be opened is worth a word only when the rest does not have the content. */
static enum err_code fetch(struct contents *c, enum store_kind kind, const struct hash32 *id,
                           struct buf *ret, struct err *e)
{
    const enum err_code code = store_fetch(c->store, kind, id, ret, e);

    if (code == ERR_OK || c->passed_over.n == 0)
        return code;

    const struct err why = *e;

    return err_set(e, code, "%.300s; not asked: %.190s", why.msg, buf_cstr(&c->passed_over));
}

static enum err_code content_config(void *self, const struct hash32 *id, struct buf *ret,
                                    struct err *e)
{
    struct contents *c = self;

    return fetch(c, STORE_CONFIG, id, ret, e);
}

static enum err_code content_secret(void *self, const struct hash32 *id, secret **ret,
                                    struct err *e)
{
    struct contents *c = self;
    struct buf sealed AUTO_CALL(buf_done) = BUF(SECRET_MAX + ECIES_OVERHEAD);

    TRY(fetch(c, STORE_SECRET, id, &sealed, e));
    TRY_IN(e, ecies_open(c->encrypt_key, buf_bytes(&sealed), ret, e),
           "it is not sealed to this application's key (`teereg secret seal --app ...`)");
    return ERR_OK;
}

/* One storage of the contract.  A kind that this build does not have, or a malformed URI, is passed
 * over: the others may have all that is needed (SR-71).  What policy forbids stops, because
 * somebody put it there who should be asked why (SR-46). */
static enum err_code add_backend(struct contents *c, const struct store_chain *chain,
                                 const char *uri, size_t i, struct err *e)
{
    struct store_backend b AUTO_CALL(store_backend_done) = {0};
    const enum err_code code = store_backend_open(uri, STORE_FROM_CHAIN, chain, &b, e);

    if (code == ERR_OK)
        return store_add(c->store, &b, e);
    if (code != ERR_INVALID)
        return err_wrap(e, "storage backend %zu of the application's contract", i);
    buf_printf(&c->passed_over, "%sbackend %zu of the contract (%s)", c->passed_over.n ? ", " : "",
               i, e->msg);
    return buf_check(&c->passed_over, e);
}

/* Adds the operator's own storage first, then the contract's. */
static enum err_code open_contents(const struct provision_config *c, const struct standing *s,
                                   struct contents *ret, struct err *e)
{
    struct gov_backends backends AUTO_CALL(gov_backends_done) = {0};
    const struct store_chain chain = {.view = c->view, .at = s->at};

    TRY(store_new(NULL, c->clock, &ret->store, e));
    if (c->own_store_uri) {
        struct store_backend b AUTO_CALL(store_backend_done) = {0};

        TRY_IN(e, store_backend_open(c->own_store_uri, STORE_FROM_OPERATOR, &chain, &b, e),
               "--store");
        TRY(store_add(ret->store, &b, e));
    }
    TRY_IN(e,
           gov_registry_backends(c->view, &s->at, &c->app, &s->facts.backends_hash, &backends, e),
           "storage backends of the application");
    for (size_t i = 0; i < backends.n; i++)
        TRY(add_backend(ret, &chain, backends.uri[i], i, e));
    return ERR_OK;
}

static enum err_code resolve_config(const struct provision_config *c, const struct standing *s,
                                    EVP_PKEY *encrypt_key, struct provisioned *ret, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(TEMPLATE_CONTENT_MAX);
    struct contents contents AUTO_CALL(contents_done) = {.encrypt_key = encrypt_key,
                                                         .passed_over = BUF(32768)};
    const struct template_source source = {content_config, content_secret, &contents};
    char hex[HEX_LEN(32)];

    TRY(open_contents(c, s, &contents, e));
    ret->template_ = s->facts.config;
    hex_encode(BYTES_OF(ret->template_), hex);
    TRY_IN(e, fetch(&contents, STORE_CONFIG, &ret->template_, &text, e), "template %s", hex);
    ret->config = BUF(TEMPLATE_RESULT_MAX);
    TRY_IN(e, template_resolve(buf_bytes(&text), &source, &ret->config, e), "template %s", hex);
    return ERR_OK;
}

static enum err_code use_secrets(const struct provision_config *c, const struct request *r,
                                 const struct standing *s, struct bytes plaintext,
                                 struct provisioned *ret, struct err *e)
{
    AUTO(EVP_PKEY) encrypt_key = NULL;
    struct msg_secrets secrets;

    TRY(msg_secrets_decode(plaintext, &secrets, e));
    if (secrets.epoch != s->facts.head.epoch)
        return err_set(e, ERR_VERIFY, "the KMS gave keys of epoch %llu, the contract is at %llu",
                       (unsigned long long)secrets.epoch, (unsigned long long)s->facts.head.epoch);
    TRY(p256_from_scalar(secrets.encrypt_scalar, &encrypt_key, e));
    TRY(compare_with_chain(c, s, &secrets, encrypt_key, e));
    TRY(take_certificate(c, r, &secrets, ret, e));
    TRY(take_receipt(&secrets, ret, e));
    return resolve_config(c, s, encrypt_key, ret, e);
}

enum err_code provision_kms_client(const struct provision_config *config, kms_client **ret,
                                   struct err *e)
{
    const struct kms_client_config client = {.url = config->kms_url,
                                             .chain_id = config->chain_id,
                                             .kms = config->kms,
                                             .view = config->view,
                                             .clock = config->clock,
                                             .attest = config->attest,
                                             .min_delay = config->min_delay};

    return kms_client_new(&client, ret, e);
}

enum err_code provision_fetch(const struct provision_config *config,
                              const struct provision_progress *progress, struct provisioned *ret,
                              struct err *e)
{
    struct provisioned result AUTO_CALL(provisioned_done) = {0};
    struct request request AUTO_CALL(request_done) = {0};
    struct msg_challenge challenge;
    struct standing standing;
    AUTO(kms_client) kms = NULL;
    AUTO(secret) plaintext = NULL;

    tell(progress, "verifying the KMS against its contract");
    TRY(provision_kms_client(config, &kms, e));
    TRY(kms_client_peer(kms, &result.kms, e));

    tell(progress, "making a key and a quote over it");
    TRY(kms_client_challenge(kms, &config->app, MSG_PURPOSE_SECRETS, &challenge, e));
    TRY(make_request(config, &challenge.challenge, &request, e));
    TRY(ask_contract(config, &request.own, &standing, e));

    tell(progress, "asking the KMS for certificate and secrets");
    if (kms_client_secrets(kms, &config->app, standing.facts.head.epoch, &challenge.challenge,
                           &request.evidence, request.hpke_key, &plaintext, e) != ERR_OK)
        return e->code == ERR_DENIED ? refused(config, &request.own, e) : e->code;
    /* The KMS may have seen a newer block than we have. */
    if (hash32_is_zero(&standing.facts.config))
        return err_set(
            e, ERR_NOT_FOUND,
            "the contract names no configuration for this image at block %llu; ask again",
            (unsigned long long)standing.at.ref.number);

    tell(progress, "resolving the configuration");
    TRY(use_secrets(config, &request, &standing, secret_bytes(plaintext), &result, e));
    result.identity = standing.identity;
    result.at = standing.at;
    *ret = result;
    result = (struct provisioned){0};
    return ERR_OK;
}
