/* ask_why - a machine asks its KMS why it would be refused; see provision.h. */
#include "attest/provider.h"
#include "attest/report_data.h"
#include "crypto/p256.h"
#include "instance/kms_client.h"
#include "instance/provision.h"

static enum err_code make_evidence(const struct provision_config *c, const struct hash32 *challenge,
                                   EVP_PKEY *key, struct evidence *ret, struct err *e)
{
    struct buf payload AUTO_CALL(buf_done) = BUF(64);
    struct buf quote AUTO_CALL(buf_done) = BUF(EVIDENCE_QUOTE_MAX);
    uint8_t spki[P256_SPKI_LEN];
    struct report_data rd;

    TRY(p256_spki(key, spki, e));
    buf_put_lp(&payload, BYTES_OF(c->config_hash));
    TRY(buf_check(&payload, e));

    const struct report_binding binding = {.purpose = REPORT_EXPLAIN,
                                           .chain_id = c->chain_id,
                                           .kms = c->kms,
                                           .app = c->app,
                                           .spki = BYTES(spki),
                                           .nonce = *challenge,
                                           .payload = buf_bytes(&payload)};

    report_data_v2(&binding, &rd);
    TRY(quote_provider_quote(c->quotes, &rd, &quote, e));
    TRY(evidence_set(ret, c->quotes->evidence_type, buf_bytes(&quote), buf_bytes(&payload), e));
    if (!c->collateral)
        return ERR_OK;
    ret->collateral = BUF(EVIDENCE_COLLATERAL_MAX);
    return c->collateral(c->collateral_self, buf_bytes(&ret->quote), &ret->collateral, e);
}

enum err_code provision_ask_why(const struct provision_config *config, struct buf *ret,
                                struct err *e)
{
    struct evidence evidence AUTO_CALL(evidence_done) = {0};
    AUTO(kms_client) kms = NULL;
    AUTO(EVP_PKEY) key = NULL;
    struct msg_challenge challenge;

    TRY(p256_generate(&key, e));
    TRY(provision_kms_client(config, &kms, e));
    TRY(kms_client_challenge(kms, &config->app, MSG_PURPOSE_EXPLAIN, &challenge, e));
    TRY(make_evidence(config, &challenge.challenge, key, &evidence, e));
    return kms_client_explain(kms, &config->app, &challenge.challenge, &evidence, key, ret, e);
}
