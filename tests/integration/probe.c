/* probe - sends a KMS secrets requests that are wrong in one chosen way.  Room: tests.
 *
 *   probe KMS_URL RPC_URL CHAIN_ID KMS APP MEASUREMENTS HOW...
 *
 * Everything but HOW is right: the KMS is judged as an instance judges it, the quote is of an
 * allowed TD (MEASUREMENTS) on a simulated platform.  One line for each HOW: "HOW: released", or
 * "HOW: refused: why".  Exit code 0 when every HOW was tried, whatever the answers. */
#include <inttypes.h>
#include <stdio.h>

#include "base/codec.h"
#include "base/fs.h"
#include "chain/view_trusted.h"
#include "crypto/random.h"
#include "crypto/x509.h"
#include "instance/kms_client.h"
#include "sim_quote.h"
#include "support/sim_source.h"

struct probe {
    uint64_t chain_id;
    struct addr kms, app;
    struct td_report td;
    struct chain_view view;
    kms_client *client;
    uint64_t epoch;
};

/* A request: what it says, and what its quote was made for. */
struct request {
    struct hash32 challenge;
    struct report_binding binding;
    struct evidence evidence;
    EVP_PKEY *key, *hpke_key;
    uint8_t spki[P256_SPKI_LEN];
    struct buf payload;
};

static void request_done(struct request *r)
{
    evidence_done(&r->evidence);
    EVP_PKEY_free(r->key);
    EVP_PKEY_free(r->hpke_key);
    buf_done(&r->payload);
}

static enum err_code put_payload(struct request *r, struct err *e)
{
    struct buf csr AUTO_CALL(buf_done) = BUF(MSG_CSR_MAX);
    uint8_t point[P256_POINT_LEN];
    struct msg_secrets_payload payload = {0};

    buf_done(&r->payload);
    r->payload = BUF(MSG_PAYLOAD_MAX);
    TRY(csr_make(r->key, "instance", &csr, e));
    TRY(p256_point(r->hpke_key, point, e));
    payload.csr = buf_bytes(&csr);
    payload.hpke_key = BYTES(point);
    return msg_secrets_payload_encode(&payload, &r->payload, e);
}

/* Keys, CSR and payload, and the binding that would be right for this challenge. */
static enum err_code begin(const struct probe *p, const struct hash32 *challenge,
                           struct request *ret, struct err *e)
{
    ret->challenge = *challenge;
    TRY(p256_generate(&ret->key, e));
    TRY(p256_generate(&ret->hpke_key, e));
    TRY(p256_spki(ret->key, ret->spki, e));
    TRY(put_payload(ret, e));
    ret->binding = (struct report_binding){
        .purpose = REPORT_SECRETS_REQUEST,
        .chain_id = p->chain_id,
        .kms = p->kms,
        .app = p->app,
        .spki = BYTES(ret->spki),
        .nonce = *challenge,
        .payload = buf_bytes(&ret->payload),
    };
    return ERR_OK;
}

/* The quote for the binding as it stands. */
static enum err_code quote(const struct probe *p, struct request *r, enum sim_fault fault,
                           struct err *e)
{
    struct buf q AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    AUTO(sim_platform) platform = NULL;
    struct report_data rd;

    report_data_v2(&r->binding, &rd);
    TRY(sim_platform_new("probe", fault, &platform, e));
    TRY(sim_quote(platform, SIM_V4, &p->td, &rd, &q, e));
    return evidence_set(&r->evidence, EVIDENCE_TYPE_TDX, buf_bytes(&q), buf_bytes(&r->payload), e);
}

static enum err_code challenge_for(const struct probe *p, const struct addr *app,
                                   const char *purpose, struct hash32 *ret, struct err *e)
{
    struct msg_challenge c;

    TRY(kms_client_challenge(p->client, app, purpose, &c, e));
    *ret = c.challenge;
    return ERR_OK;
}

static enum err_code send_request(const struct probe *p, const struct request *r, struct err *e)
{
    AUTO(secret) answer = NULL;
    struct msg_secrets secrets;

    TRY(kms_client_secrets(p->client, &p->app, p->epoch, &r->challenge, &r->evidence, r->hpke_key,
                           &answer, e));
    return msg_secrets_decode(secret_bytes(answer), &secrets, e);
}

/* ---- the ways of being wrong ---- */

static enum err_code plain(const struct probe *p, struct request *r, struct err *e)
{
    TRY(quote(p, r, SIM_OK, e));
    return send_request(p, r, e);
}

static enum err_code replayed(const struct probe *p, struct request *r, struct err *e)
{
    TRY_IN(e, plain(p, r, e), "NOT TRIED: the first request");
    return send_request(p, r, e);
}

static enum err_code forged_challenge(const struct probe *p, struct request *r, struct err *e)
{
    r->challenge.b[31] ^= 1;
    r->binding.nonce = r->challenge;
    return plain(p, r, e);
}

static enum err_code random_challenge(const struct probe *p, struct request *r, struct err *e)
{
    random_bytes(r->challenge.b, sizeof r->challenge.b);
    r->binding.nonce = r->challenge;
    return plain(p, r, e);
}

static enum err_code challenge_of_other_app(const struct probe *p, struct request *r, struct err *e)
{
    struct addr other = p->app;

    other.b[19] ^= 1;
    TRY_IN(e, challenge_for(p, &other, MSG_PURPOSE_SECRETS, &r->challenge, e), "NOT TRIED");
    r->binding.nonce = r->challenge;
    return plain(p, r, e);
}

static enum err_code challenge_of_other_purpose(const struct probe *p, struct request *r,
                                                struct err *e)
{
    TRY_IN(e, challenge_for(p, &p->app, MSG_PURPOSE_EXPLAIN, &r->challenge, e), "NOT TRIED");
    r->binding.nonce = r->challenge;
    return plain(p, r, e);
}

/* Captured evidence under a challenge of today. */
static enum err_code old_evidence(const struct probe *p, struct request *r, struct err *e)
{
    TRY(quote(p, r, SIM_OK, e));
    TRY_IN(e, challenge_for(p, &p->app, MSG_PURPOSE_SECRETS, &r->challenge, e), "NOT TRIED");
    return send_request(p, r, e);
}

/* The evidence speaks of a key, the request brings another one's CSR. */
static enum err_code other_key(const struct probe *p, struct request *r, struct err *e)
{
    AUTO(EVP_PKEY) other = NULL;

    TRY(p256_generate(&other, e));
    TRY(p256_spki(other, r->spki, e));
    return plain(p, r, e);
}

/* Somebody on the way puts his own key where the answer is to be sealed to. */
static enum err_code other_recipient(const struct probe *p, struct request *r, struct err *e)
{
    struct buf q AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);

    TRY(quote(p, r, SIM_OK, e));
    buf_put(&q, buf_bytes(&r->evidence.quote));
    EVP_PKEY_free(r->hpke_key);
    r->hpke_key = NULL;
    TRY(p256_generate(&r->hpke_key, e));
    TRY(put_payload(r, e));
    TRY(evidence_set(&r->evidence, EVIDENCE_TYPE_TDX, buf_bytes(&q), buf_bytes(&r->payload), e));
    return send_request(p, r, e);
}

static enum err_code other_kms(const struct probe *p, struct request *r, struct err *e)
{
    r->binding.kms.b[0] ^= 1;
    return plain(p, r, e);
}

static enum err_code other_chain(const struct probe *p, struct request *r, struct err *e)
{
    r->binding.chain_id++;
    return plain(p, r, e);
}

static enum err_code other_app(const struct probe *p, struct request *r, struct err *e)
{
    r->binding.app.b[0] ^= 1;
    return plain(p, r, e);
}

static enum err_code other_purpose(const struct probe *p, struct request *r, struct err *e)
{
    r->binding.purpose = REPORT_EXPLAIN;
    return plain(p, r, e);
}

/* ---- */

static const struct {
    const char *name;
    enum err_code (*run)(const struct probe *p, struct request *r, struct err *e);
} ways[] = {
    {"plain", plain},
    {"replayed", replayed},
    {"forged-challenge", forged_challenge},
    {"random-challenge", random_challenge},
    {"challenge-of-other-app", challenge_of_other_app},
    {"challenge-of-other-purpose", challenge_of_other_purpose},
    {"old-evidence", old_evidence},
    {"other-key", other_key},
    {"other-recipient", other_recipient},
    {"other-kms", other_kms},
    {"other-chain", other_chain},
    {"other-app", other_app},
    {"other-purpose", other_purpose},
};

/* A way above, or "fault:" and the name of a simulated fault. */
static enum err_code run_way(const struct probe *p, const char *name, struct request *r,
                             struct err *e)
{
    if (strncmp(name, "fault:", 6) == 0) {
        enum sim_fault fault;

        TRY_IN(e, sim_fault_parse(name + 6, &fault, e), "NOT TRIED");
        TRY(quote(p, r, fault, e));
        return send_request(p, r, e);
    }
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (strcmp(name, ways[i].name) == 0)
            return ways[i].run(p, r, e);
    return err_set(e, ERR_INVALID, "NOT TRIED: no such way");
}

static enum err_code try_way(const struct probe *p, const char *name, struct err *e)
{
    struct request r AUTO_CALL(request_done) = {0};
    struct hash32 challenge;

    TRY_IN(e, challenge_for(p, &p->app, MSG_PURPOSE_SECRETS, &challenge, e), "NOT TRIED");
    TRY_IN(e, begin(p, &challenge, &r, e), "NOT TRIED");
    return run_way(p, name, &r, e);
}

static enum err_code read_td(const char *path, struct td_report *ret, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(65536);
    struct measurements m;
    AUTO(json) j = NULL;

    TRY(fs_read(path, &text, e));
    TRY(json_parse(buf_bytes(&text), text.n, &j, e));
    TRY(measurements_from_json(j, &m, e));
    sim_td_measured(&m, ret);
    return ERR_OK;
}

static enum err_code run(char **argv, struct err *e)
{
    const struct attest_judge judge = {.policy = &attest_policy_default, .source = &sim_source};
    struct probe p = {.chain_id = strtoull(argv[3], NULL, 10)};
    AUTO(rpc) node = NULL;
    struct chain_view view AUTO_CALL(chain_view_done) = {0};
    AUTO(kms_client) client = NULL;
    struct kms_client_pki pki AUTO_CALL(kms_client_pki_done) = {.ca_der = BUF(X509_DER_MAX),
                                                                .spki_der = BUF(P256_SPKI_LEN)};
    const struct rpc_config rpc_config = {
        .url = argv[2], .allow_http = true, .allow_private = true};

    TRY(addr_parse(bytes_of_str(argv[4]), &p.kms, e));
    TRY(addr_parse(bytes_of_str(argv[5]), &p.app, e));
    TRY(read_td(argv[6], &p.td, e));
    TRY(rpc_new(&rpc_config, &node, e));

    const struct view_trusted_config view_config = {
        .node = node, .chain_id = p.chain_id, .clock = &clock_system, .slot_ms = 100};

    TRY(view_trusted_new(&view_config, &view, e));

    const struct kms_client_config config = {.url = argv[1],
                                             .chain_id = p.chain_id,
                                             .kms = p.kms,
                                             .view = &view,
                                             .clock = &clock_system,
                                             .attest = &judge};

    TRY(kms_client_new(&config, &client, e));
    p.client = client;
    TRY(kms_client_pki(client, &p.app, &pki, e));
    p.epoch = pki.epoch;
    for (char **how = argv + 7; *how; how++) {
        struct err why = {0};

        if (try_way(&p, *how, &why) == ERR_OK)
            printf("%s: released\n", *how);
        else
            printf("%s: refused: %s\n", *how, why.msg);
    }
    return ERR_OK;
}

int main(int argc, char **argv)
{
    struct err e = {0};

    json_init();
    if (argc < 8) {
        fputs("usage: probe KMS_URL RPC_URL CHAIN_ID KMS APP MEASUREMENTS HOW...\n", stderr);
        return 2;
    }
    if (secret_memory_init(&e) != ERR_OK || run(argv, &e) != ERR_OK) {
        fprintf(stderr, "probe: %s\n", e.msg);
        return 1;
    }
    return 0;
}
