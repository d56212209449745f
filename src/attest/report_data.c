#include "attest/report_data.h"

#include "crypto/digest.h"

static const char domain[] = "teereg-report-v2"; /* hashed with its NUL */

static const char *const purposes[REPORT_PURPOSES] = {
    [REPORT_KMS_TLS] = "kms-tls",
    [REPORT_KMS_SESSION] = "kms-session",
    [REPORT_PKI] = "pki",
    [REPORT_CEREMONY] = "ceremony",
    [REPORT_ONBOARD_REQUEST] = "onboard-request",
    [REPORT_ONBOARD_SEED] = "onboard-seed",
    [REPORT_SECRETS_REQUEST] = "secrets-request",
    [REPORT_EXPLAIN] = "explain",
};

const char *report_purpose_name(enum report_purpose p)
{
    return p < REPORT_PURPOSES ? purposes[p] : "unknown";
}

enum err_code report_purpose_parse(struct bytes name, enum report_purpose *ret, struct err *e)
{
    for (enum report_purpose p = 0; p < REPORT_PURPOSES; p++)
        if (bytes_eq(name, bytes_of_str(purposes[p]))) {
            *ret = p;
            return ERR_OK;
        }
    return err_set(e, ERR_INVALID,
                   "unknown purpose of report data, expected kms-tls, kms-session, "
                   "pki, ceremony, onboard-request, onboard-seed, "
                   "secrets-request or explain");
}

void report_data_v2(const struct report_binding *b, struct report_data *ret)
{
    struct bytes purpose = bytes_of_str(report_purpose_name(b->purpose));
    struct hash32 spki, payload, digest;
    uint8_t len = (uint8_t)purpose.n, chain[8];

    for (size_t i = 0; i < sizeof chain; i++)
        chain[i] = (uint8_t)(b->chain_id >> (56 - 8 * i));
    sha256(b->spki, &spki);
    sha256(b->payload, &payload);
    SHA256_OF(&digest, BYTES(domain), ((struct bytes){&len, 1}), purpose, BYTES(chain),
              BYTES_OF(b->kms), BYTES_OF(b->app), BYTES_OF(spki), BYTES_OF(b->nonce),
              BYTES_OF(payload));
    *ret = (struct report_data){0};
    memcpy(ret->b, digest.b, sizeof digest.b);
}

/* ---- version 1 ---- */

static void v1(const struct addr *address, const struct hash32 *digest, struct report_data *ret)
{
    *ret = (struct report_data){0};
    memcpy(ret->b, address->b, sizeof address->b);
    memcpy(ret->b + sizeof address->b, digest->b, sizeof digest->b);
}

void report_data_v1_pki(const struct addr *app, struct bytes ca_pem, struct bytes pubkey_pem,
                        struct report_data *ret)
{
    struct hash32 digest;

    SHA256_OF(&digest, ca_pem, pubkey_pem);
    v1(app, &digest, ret);
}

void report_data_v1_secrets(const struct addr *app, const struct addr *sender,
                            struct bytes tls_cert_pem, struct bytes app_privkey_pem,
                            struct report_data *ret)
{
    struct hash32 digest;

    SHA256_OF(&digest, BYTES_OF(*sender), tls_cert_pem, app_privkey_pem);
    v1(app, &digest, ret);
}

/* ---- K ---- */

void kms_claim_put(struct buf *out, const struct kms_claim *k)
{
    buf_put(out, BYTES_OF(k->config_hash));
    buf_put_u64be(out, k->block);
    buf_put(out, BYTES_OF(k->block_hash));
    buf_put(out, BYTES_OF(k->root_id));
    buf_put(out, BYTES_OF(k->commitment));
}

void kms_claim_read(struct rd *r, struct kms_claim *ret)
{
    struct kms_claim k = {0};

    rd_copy(r, k.config_hash.b, sizeof k.config_hash.b);
    k.block = rd_u64be(r);
    rd_copy(r, k.block_hash.b, sizeof k.block_hash.b);
    rd_copy(r, k.root_id.b, sizeof k.root_id.b);
    rd_copy(r, k.commitment.b, sizeof k.commitment.b);
    if (rd_ok(r))
        *ret = k;
}

enum err_code kms_claim_parse(struct bytes payload, struct kms_claim *ret, struct bytes *ret_rest,
                              struct err *e)
{
    struct rd r = rd_of(payload);

    kms_claim_read(&r, ret);
    if (!rd_ok(&r))
        return err_set(e, ERR_INVALID, "a KMS's payload has %zu bytes, expected at least %d",
                       payload.n, KMS_CLAIM_LEN);
    *ret_rest = (struct bytes){r.p, r.left};
    return ERR_OK;
}
