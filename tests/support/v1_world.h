/* v1_world - an application of version 1 in the world of kms_world.h, and what a proxy says of its
 * instances.  Room: tests. */
#pragma once
#include "attest/proxy_headers.h"
#include "base/codec.h"
#include "crypto/pem.h"
#include "support/kms_world.h"

#define V1_TEXT_MAX 8192

/* In the KMS contract: a firmware that a TD begins with. */
static inline void v1_allow_firmware(struct world *w, const uint8_t mrtd[static 48])
{
    struct hash32 key;

    keccak256((struct bytes){mrtd, 48}, &key);
    world_set(w, &w->config.kms, gov_slot_entry(GOV_KMS_SLOT_FIRMWARE, &key, 0), world_allowed());
}

static inline struct hash32 v1_identity(const struct measurements *m, const struct addr *app)
{
    struct hash32 id;

    identity_v1(m, app, &id);
    return id;
}

/* Application A is of scheme 1, and what runs as its image A is allowed with its firmware. */
static inline void v1_make_app(struct world *w)
{
    struct measurements m;
    struct hash32 id;

    measurements_of_td(&w->td_a, &m);
    id = v1_identity(&m, &w->app_a);
    world_head(w, &w->app_a, &(struct gov_head){.scheme = 1});
    world_set_identity(w, &w->app_a, &id, world_allowed());
    v1_allow_firmware(w, w->td_a.mrtd);
}

/* X-Flashbots-Measurement of a TD; ret holds V1_TEXT_MAX. */
static inline void v1_tdx_header(const struct td_report *td, char *ret)
{
    char hex[5][HEX_LEN(48)];

    hex_encode(BYTES(td->mrtd), hex[0]);
    for (size_t i = 0; i < 4; i++)
        hex_encode(BYTES(td->rtmr[i]), hex[1 + i]);
    snprintf(ret, V1_TEXT_MAX, "{\"0\":\"%s\",\"1\":\"%s\",\"2\":\"%s\",\"3\":\"%s\",\"4\":\"%s\"}",
             hex[0], hex[1], hex[2], hex[3], hex[4]);
}

/* The PCRs of the vectors of scheme 1 (5, 10, 12), as a header. */
static inline void v1_azure_header(char *ret)
{
    snprintf(ret, V1_TEXT_MAX, "{\"4\":\"%064x\",\"9\":\"%064x\",\"11\":\"%064x\"}", 5, 10, 12);
}

/* A CSR in PEM for a fresh key. */
static inline void v1_csr(EVP_PKEY **ret_key, char *ret)
{
    struct buf der AUTO_CALL(buf_done) = BUF(4096);
    struct buf pem AUTO_CALL(buf_done) = BUF(V1_TEXT_MAX);
    struct err e = {0};

    world_must(p256_generate(ret_key, &e), &e, "key");
    world_must(csr_make(*ret_key, "0a.app", &der, &e), &e, "CSR");
    pem_put(&pem, "CERTIFICATE REQUEST", buf_bytes(&der));
    snprintf(ret, V1_TEXT_MAX, "%s", buf_cstr(&pem));
}

/* What an answer of version 1 holds: PEM, and the bytes of the quote. */
struct v1_answer {
    struct buf key_pem, certificate_pem, quote;
    struct addr operator_;
};
static inline void v1_answer_done(struct v1_answer *a)
{
    buf_done_wipe(&a->key_pem);
    buf_done(&a->certificate_pem);
    buf_done(&a->quote);
}

static inline void v1_answer_read(struct bytes text, struct v1_answer *ret)
{
    static const char *const members[] = {"app_privkey", "tls_cert", "operator", "attestation",
                                          NULL};
    AUTO(json) tree = NULL;
    const json *list;
    struct err e = {0};

    ret->key_pem = ret->certificate_pem = ret->quote = BUF(65536);
    world_must(json_parse(text, 65536, &tree, &e), &e, "answer");
    world_must(json_only(tree, members, &e), &e, "answer");
    world_must(json_get_b64(tree, "app_privkey", &ret->key_pem, &e), &e, "key");
    world_must(json_get_b64(tree, "tls_cert", &ret->certificate_pem, &e), &e, "certificate");
    world_must(json_get_b64(tree, "attestation", &ret->quote, &e), &e, "quote");
    world_must(json_get_array(tree, "operator", &list, &e), &e, "operator");
    if (json_len(list) != 20)
        abort();
}
