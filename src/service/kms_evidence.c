/* Quotes of this node: over its TLS key, for its certificate, for sessions and for the PKI. */
#include "attest/evidence.h"
#include "gov/kms.h"
#include "service/kms_node.h"

#define CERTIFICATE_BACKDATE_S 300
#define CERTIFICATE_LIFETIME_S                                                                     \
    86400 /* clients judge the evidence in it, which is good for less                              \
           */

enum err_code node_claim(kms_service *s, struct buf *ret, struct block_ref *ret_block,
                         struct err *e)
{
    struct finalized_block at;
    struct kms_claim k = {
        .config_hash = s->config_hash, .root_id = s->root_id, .commitment = s->commitment};

    TRY_IN(e, chain_view_finalized(s->config.view, &at, e), "the block that evidence names");
    k.block = at.ref.number;
    k.block_hash = at.ref.hash;
    kms_claim_put(ret, &k);
    if (ret_block)
        *ret_block = at.ref;
    return buf_check(ret, e);
}

static struct report_binding binding_of(const kms_service *s, enum report_purpose purpose,
                                        const struct addr *app, const struct hash32 *nonce,
                                        struct bytes payload)
{
    struct report_binding b = {
        .purpose = purpose,
        .chain_id = s->config.security.chain_id,
        .kms = s->config.security.kms,
        .spki = BYTES(s->tls_spki),
        .payload = payload,
    };

    if (app)
        b.app = *app;
    if (nonce)
        b.nonce = *nonce;
    return b;
}

enum err_code node_evidence(kms_service *s, enum report_purpose purpose, const struct addr *app,
                            const struct hash32 *nonce, struct bytes payload, struct evidence *ret,
                            struct err *e)
{
    const struct report_binding b = binding_of(s, purpose, app, nonce, payload);
    struct buf quote AUTO_CALL(buf_done) = BUF(EVIDENCE_QUOTE_MAX);
    struct report_data rd;

    report_data_v2(&b, &rd);
    TRY_IN(e, quote_provider_quote(s->config.quotes, &rd, &quote, e), "quote by %s",
           s->config.quotes->name);
    return evidence_set(ret, s->config.quotes->evidence_type, buf_bytes(&quote), payload, e);
}

enum err_code node_certificate(kms_service *s, struct bytes extension, X509 **ret, struct err *e)
{
    int64_t now = clock_unix(s->config.clock);
    const struct x509_leaf_spec spec = {
        .common_name = "teereg-kms",
        .not_before = now - CERTIFICATE_BACKDATE_S,
        .not_after = now + CERTIFICATE_LIFETIME_S,
        .server_auth = true,
        .extension_oid = extension.n ? OID_TEEREG_EVIDENCE : NULL,
        .extension = extension,
    };

    return x509_self_signed(s->tls_key, &spec, ret, e);
}

/* What a client will do with it: a node whose own evidence does not verify must not serve. */
static enum err_code verify_own(kms_service *s, const struct evidence *ev, int64_t now,
                                struct measurements *ret, char ret_caveat[static 256],
                                struct err *e)
{
    const struct report_binding b =
        binding_of(s, REPORT_KMS_TLS, NULL, NULL, buf_bytes(&ev->payload));
    AUTO(verified_quote) quote = NULL;
    enum attest_fault fault;
    const char *caveat;

    TRY_IN(e, attest_verify_evidence(&s->judge, ev, &b, now, &quote, &fault, e), "own evidence");
    node_collateral_own(s, verified_quote_facts(quote));
    *ret = *verified_quote_measurements(quote);
    caveat = attest_caveat(quote);
    snprintf(ret_caveat, 256, "%s", caveat ? caveat : "");
    return ERR_OK;
}

enum err_code node_attest(kms_service *s, struct err *e)
{
    struct buf k AUTO_CALL(buf_done) = BUF(KMS_CLAIM_LEN);
    struct buf extension AUTO_CALL(buf_done) = BUF(EVIDENCE_EXTENSION_MAX);
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    int64_t now = clock_unix(s->config.clock);
    uint64_t made_ns = clock_ns(s->config.clock);
    AUTO(X509) cert = NULL;
    struct measurements own;
    struct block_ref block;
    char caveat[256];

    TRY(node_claim(s, &k, &block, e));
    TRY(node_evidence(s, REPORT_KMS_TLS, NULL, NULL, buf_bytes(&k), &ev, e));
    TRY(verify_own(s, &ev, now, &own, caveat, e));
    TRY(node_forecast_quote(s, &ev, e));
    TRY(evidence_extension_encode(&ev, &extension, e));
    TRY(node_certificate(s, buf_bytes(&extension), &cert, e));
    TRY(tls_server_set_certificate(s->tls, s->tls_key, cert, e));

    pthread_mutex_lock(&s->lock);
    s->own = own;
    s->evidence_at = now;
    s->evidence_ns = made_ns;
    s->evidence_block = block;
    memcpy(s->caveat, caveat, sizeof s->caveat);
    pthread_mutex_unlock(&s->lock);
    return ERR_OK;
}

enum err_code node_identify(kms_service *s, struct err *e)
{
    const struct kms_config *c = &s->config.security;
    const struct gov_kms_query nothing_more = {0};
    struct identity_rules rules = {.chain_id = c->chain_id, .contract = c->kms};
    struct finalized_block at;
    struct gov_kms_facts facts;
    struct measurements own;
    struct hash32 identity, self;

    TRY(chain_view_finalized(s->config.view, &at, e));
    TRY(gov_kms_read(s->config.view, &at, &c->kms, &nothing_more, &facts, e));
    rules.rtmr3 = facts.head.rtmr3;
    rules.pcr_mask = facts.head.pcr_mask;
    pthread_mutex_lock(&s->lock);
    own = s->own;
    pthread_mutex_unlock(&s->lock);
    TRY_IN(e, identity_v2(&own, &rules, &identity, e), "own identity");
    identity_principal(&identity, &s->config_hash, &self);
    pthread_mutex_lock(&s->lock);
    s->identity = identity;
    s->self = self;
    pthread_mutex_unlock(&s->lock);
    return ERR_OK;
}
