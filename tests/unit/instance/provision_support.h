/* provision_support - an instance of image A on a simulated machine, and its KMS.  Room: tests. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/stat.h>
#include "attest/azure_evidence.h"
#include "crypto/ecies.h"
#include "crypto/pem.h"
#include "instance/provision.h"
#include "support/fake_kms.h"

#define TEMPLATE "{\"url\": \"pg://app:__SECRET_REF_%s@db\", \"port\": \"__CONFIG_REF_%s\"}"
#define RESOLVED "{\"url\": \"pg://app:p\\\"w$1@db\", \"port\": 5432}"

/* The KMS, and an instance of image A on a machine of the simulated platform. */
struct scene {
    struct fake_kms *k;
    quote_provider quotes;
    const struct td_report *td;
    struct hash32 identity, template_, secret_id;
    struct provision_config config;
    char own_store[80];
    unsigned quotes_made;
};

static inline enum err_code scene_quote(void *self, const struct report_data *rd, struct buf *ret,
                                        struct err *e)
{
    struct scene *s = self;

    s->quotes_made++;
    return sim_quote(s->k->w->platform, SIM_V4, s->td, rd, ret, e);
}

/* Slots of the application's contract: a Timed value that holds now. */
static inline void set_config(struct scene *s, const struct hash32 *template_)
{
    world_set(s->k->w, &s->k->w->app_a, gov_slot_entry(GOV_REGISTRY_SLOT_CONFIGS, &s->identity, 0),
              *template_);
}

static inline const kms_app *keys_of(struct scene *s, const struct addr *app)
{
    const kms_app *keys = NULL;
    struct err e = {0};

    world_must(kms_apps_get(s->k->w->ctx.authority.apps, app, 0, &keys, &e), &e, "keys");
    return keys;
}

static inline void publish_pki(struct scene *s)
{
    const kms_app *keys = keys_of(s, &s->k->w->app_a);

    fake_kms_publish(s->k, &s->k->w->app_a, keys->ca_der, BYTES(keys->encrypt_spki));
    kms_app_put(keys);
}

/* Seals to the key of `app`, and stores it onchain. */
static inline struct hash32 put_secret(struct scene *s, const struct addr *app, const char *text)
{
    struct buf sealed AUTO_CALL(buf_done) = BUF(4096);
    const kms_app *keys = keys_of(s, app);
    struct err e = {0};

    world_must(ecies_seal(keys->encrypt_key, bytes_of_str(text), &sealed, &e), &e, "seal");
    kms_app_put(keys);
    return fake_kms_artifact(s->k, buf_bytes(&sealed));
}

static inline void put_template(struct scene *s, const struct hash32 *secret_id)
{
    const struct hash32 port = fake_kms_artifact(s->k, bytes_of_str("5432"));
    char secret_hex[HEX_LEN(32)], port_hex[HEX_LEN(32)], text[512];

    hex_encode(BYTES_OF(*secret_id), secret_hex);
    hex_encode(BYTES_OF(port), port_hex);
    snprintf(text, sizeof text, TEMPLATE, secret_hex, port_hex);
    s->template_ = fake_kms_artifact(s->k, bytes_of_str(text));
    set_config(s, &s->template_);
}

static inline void set_backends(struct scene *s, const char *first)
{
    static const char onchain[] = "onchain://0x0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a";
    const char *uris[] = {first ? first : onchain, onchain};

    fake_kms_backends(s->k, &s->k->w->app_a, uris, first ? 2 : 1);
}

static inline int set_up(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    struct world *w;
    struct leaf l;

    if (!s)
        return -1;
    s->k = fake_kms_new();
    w = s->k->w;
    s->td = &w->td_a;
    s->quotes = (quote_provider){
        .quote = scene_quote, .self = s, .evidence_type = EVIDENCE_TYPE_TDX, .name = "a test"};
    s->identity = world_identity(w, &w->app_a, &w->td_a, false);
    publish_pki(s);
    set_backends(s, NULL);
    s->secret_id = put_secret(s, &w->app_a, "p\"w$1");
    put_template(s, &s->secret_id);
    l = fake_kms_leaf(s->k);
    fake_kms_listen(s->k, &l);
    s->config = (struct provision_config){.kms_url = s->k->url,
                                          .chain_id = w->config.chain_id,
                                          .kms = w->config.kms,
                                          .app = w->app_a,
                                          .view = &s->k->view,
                                          .clock = &w->clock,
                                          .attest = &w->ctx.judge,
                                          .quotes = &s->quotes};
    *state = s;
    return 0;
}

static inline int tear_down(void **state)
{
    struct scene *s = *state;

    fake_kms_free(s->k);
    free(s);
    return 0;
}

static inline struct err refused(struct scene *s, enum err_code code, const char *says)
{
    struct provisioned p = {0};
    struct err e = {0};
    enum err_code got = provision_fetch(&s->config, NULL, &p, &e);

    if (got != code || !strstr(e.msg, says))
        fail_msg("found %s \"%s\", expected %s and \"%s\"", err_name(got), e.msg, err_name(code),
                 says);
    assert_null(p.key_pem); /* nothing is handed out */
    assert_int_equal(p.config.n, 0);
    return e;
}

#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
