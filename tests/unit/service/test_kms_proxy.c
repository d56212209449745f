/* The guarded listener of version 1, and what its headers get everywhere else (SR-08, SR-68). */
#include "kms_stage.h"

#include "service/kms_node.h"
#include "support/v1_world.h"

#define TOKEN "6fa1c0de39b2d4e57788190a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e"

/* ---- a service with the listener ---- */

struct proxied {
    struct stage *st;
    secret *token;
    http_client *client;
    char base[64], path[128], socket[128];
    char measurements[V1_TEXT_MAX], csr[V1_TEXT_MAX];
    EVP_PKEY *key;
};

static void allow_this_configuration(struct stage *st)
{
    struct world *w = st->w;
    struct hash32 config, id = world_identity(w, &w->config.kms, &st->td, false), self;
    struct err e = {0};

    world_must(kms_config_hash(&st->config.security, &config, &e), &e, "config");
    identity_principal(&id, &config, &self);
    world_set_identity(w, &w->config.kms, &self, world_allowed());
}

/* Not yet started. */
static struct proxied *proxied_new(const char *listen)
{
    struct proxied *p = calloc(1, sizeof *p);
    char app[HEX_LEN(20)];
    struct err e = {0};

    if (!p)
        abort();
    p->st = stage_new();
    v1_make_app(p->st->w);
    world_must(kms_proxy_token(bytes_of_str(TOKEN "\n"), &p->token, &e), &e, "token");
    p->st->config.security.compat = KMS_PROXY_COMPAT;
    p->st->config.proxy_listen = listen;
    p->st->config.proxy_token = &p->token;
    allow_this_configuration(p->st);
    hex_encode(BYTES_OF(p->st->w->app_a), app);
    snprintf(p->path, sizeof p->path, "/api/attested/secrets/%s", app);
    v1_tdx_header(&p->st->w->td_a, p->measurements);
    v1_csr(&p->key, p->csr);
    return p;
}

static struct proxied *proxied_start(struct proxied *p)
{
    struct http_client_config c = {.allow_http = true, .allow_private = true, .total_ms = 10000};
    struct err e = {0};

    stage_start(p->st);
    if (kms_service_proxy_port(p->st->service)) {
        snprintf(p->base, sizeof p->base, "http://127.0.0.1:%u",
                 kms_service_proxy_port(p->st->service));
    } else {
        snprintf(p->base, sizeof p->base, "http://localhost");
        c.unix_socket = p->socket;
    }
    world_must(http_client_new(&c, &p->client, &e), &e, "proxy");
    return p;
}

static void proxied_free(struct proxied **at)
{
    struct proxied *p = *at;

    if (!p)
        return;
    if (p->client)
        http_client_free(p->client);
    stage_free(p->st);
    secret_free(p->token);
    EVP_PKEY_free(p->key);
    unlink(p->socket);
    free(p);
}
#define PROXIED __attribute__((cleanup(proxied_free))) struct proxied *

/* The headers of an honest proxy, and room for one more. */
struct said {
    struct http_header h[4];
    size_t n;
};

static struct said honest(const struct proxied *p)
{
    return (struct said){.h = {{PROXY_HEADER_TYPE, "qemu-tdx"},
                               {PROXY_HEADER_MEASUREMENT, p->measurements},
                               {KMS_PROXY_HEADER_TOKEN, TOKEN}},
                         .n = 3};
}

static struct http_answer *send_to(http_client *c, const char *base, const char *path,
                                   const struct said *said, const char *body)
{
    static struct http_answer a;
    char url[256];
    struct http_call call = {.url = url, .headers = said->h, .n_headers = said->n};
    struct err e = {0};

    snprintf(url, sizeof url, "%s%s", base, path);
    if (body) {
        call.content_type = "application/octet-stream";
        call.body = bytes_of_str(body);
    }
    world_must(http_client_do(c, &call, &a, &e), &e, path);
    return &a;
}

static struct http_answer *ask(struct proxied *p, const struct said *said)
{
    return send_to(p->client, p->base, p->path, said, p->csr);
}

/* Counted, and not nothing (counters are the process's: other tests count too). */
static void assert_counted(struct stage *st, const char *metric)
{
    const char *text = stage_admin(st, "GET", "/metrics", 200);
    const char *at = strstr(text, metric);

    assert_non_null(at);
    assert_true(strtoul(at + strlen(metric), NULL, 10) > 0);
}

/* ---- granted ---- */

static void assert_served(struct proxied *p)
{
    struct v1_answer got AUTO_CALL(v1_answer_done) = {0};
    const struct said said = honest(p);
    struct http_answer *a = ask(p, &said);
    AUTO(EVP_PKEY) key = NULL;
    struct err e = {0};

    assert_int_equal(a->status, 200);
    assert_string_equal(a->content_type, "application/json");
    v1_answer_read(buf_bytes(&a->body), &got);
    assert_int_equal(p256_from_private_pem(buf_bytes(&got.key_pem), &key, &e), ERR_OK);
}

static void a_proxy_on_loopback_gets_the_secrets(void **state)
{
    PROXIED p = proxied_start(proxied_new("127.0.0.1:0"));

    (void)state;
    assert_served(p);
}

static void a_proxy_on_a_unix_socket_gets_the_secrets(void **state)
{
    PROXIED p = proxied_new(NULL);
    char listen[160];

    (void)state;
    snprintf(p->socket, sizeof p->socket, "%s/proxy.sock", p->st->w->dir);
    snprintf(listen, sizeof listen, "unix:%s", p->socket);
    p->st->config.proxy_listen = listen;
    proxied_start(p);
    assert_served(p);
}

static void health_needs_no_token(void **state)
{
    PROXIED p = proxied_start(proxied_new("127.0.0.1:0"));
    const struct said nothing = {.n = 0};

    (void)state;
    assert_int_equal(send_to(p->client, p->base, "/livez", &nothing, NULL)->status, 200);
    assert_int_equal(send_to(p->client, p->base, "/readyz", &nothing, NULL)->status, 200);
}

/* ---- the token ---- */

static void without_the_right_token_it_is_401(void **state)
{
    static const char *const wrong[] = {
        "x", TOKEN "0", "6FA1C0DE39B2D4E57788190A2B3C4D5E6F708192A3B4C5D6E7F8091A2B3C4D5E",
        "6fa1c0de39b2d4e57788190a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5f"};
    PROXIED p = proxied_start(proxied_new("127.0.0.1:0"));
    struct said said = honest(p);

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        said.h[2].value = wrong[i];
        assert_int_equal(ask(p, &said)->status, 401);
    }
    said.n = 2; /* none at all */
    assert_int_equal(ask(p, &said)->status, 401);
}

static void a_401_says_nothing_and_is_counted(void **state)
{
    PROXIED p = proxied_start(proxied_new("127.0.0.1:0"));
    struct said said = honest(p);
    struct http_answer *a;

    (void)state;
    said.n = 2;
    a = ask(p, &said);
    assert_has(buf_cstr(&a->body), "{\"error\":\"not allowed\",\"request_id\":");
    assert_counted(p->st, "\nteereg_proxy_refusals_total{reason=\"token\"} ");
}

static void a_token_is_32_random_bytes_in_hex_or_base64(void **state)
{
    static const char *const good[] = {TOKEN, TOKEN "\n",
                                       "b6HA3jmy1OV3iBkKKzxNXm9wgZKjtMXW5/gJGis8TV4="};
    static const char two_ends[] = TOKEN "\n\n", odd[] = TOKEN "f", blank[] = " " TOKEN;
    static const char *const bad[] = {
        "",
        "\n",
        "secret",
        "6fa1c0de39b2d4e5",
        two_ends,
        odd,
        blank,
        "0000000000000000000000000000000000000000000000000000000000000000",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="};
    struct err e;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        AUTO(secret) token = NULL;

        assert_int_equal(kms_proxy_token(bytes_of_str(good[i]), &token, &e), ERR_OK);
        assert_null(memchr(token->p, '\n', token->n));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(secret) token = NULL;

        assert_int_equal(kms_proxy_token(bytes_of_str(bad[i]), &token, &e), ERR_INVALID);
        assert_null(token);
    }
}

/* ---- headers sent twice, or from elsewhere ---- */

static void each_header_sent_twice_is_400(void **state)
{
    PROXIED p = proxied_start(proxied_new("127.0.0.1:0"));

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct said said = honest(p);

        said.h[said.n++] = said.h[i];
        assert_int_equal(ask(p, &said)->status, 400);
        said.h[3].name = i == 0   ? "x-flashbots-attestation-type"
                         : i == 1 ? "X-FLASHBOTS-MEASUREMENT"
                                  : "x-teereg-proxy-token";
        assert_int_equal(ask(p, &said)->status, 400);
    }
}

static void a_peer_that_is_not_local_is_403(void **state)
{
    PROXIED p = proxied_start(proxied_new("127.0.0.1:0"));
    struct http_head head = {.method = "POST",
                             .path = p->path,
                             .headers = {{KMS_PROXY_HEADER_TOKEN, TOKEN}},
                             .n_headers = 1};
    struct http_request req = {
        .head = &head, .peer = "203.0.113.7", .request_id = "0", .is_local = false};
    const struct http_routes *routes = &p->st->service->proxy;
    const char *problem = NULL;

    (void)state;
    assert_int_equal(routes->screen(routes->self, &req, &problem), 403);
    req.is_local = true;
    assert_int_equal(routes->screen(routes->self, &req, &problem), 0);
}

static void assert_refused_on(struct stage *st, http_client *c, const char *base)
{
#define APP "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"
    static const char v2[] = "/api/v2/secrets/" APP, v1[] = "/api/attested/secrets/" APP;
    static const char *const paths[] = {v2, v1, "/livez", "/nothing"};
    static const struct http_header each[] = {{PROXY_HEADER_TYPE, "qemu-tdx"},
                                              {PROXY_HEADER_MEASUREMENT, "{}"},
                                              {KMS_PROXY_HEADER_TOKEN, TOKEN}};

    (void)st;
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < sizeof paths / sizeof *paths; k++) {
            const struct said said = {.h = {each[i]}, .n = 1};

            assert_int_equal(send_to(c, base, paths[k], &said, k < 2 ? "{}" : NULL)->status, 403);
        }
}

static void other_listeners_refuse_the_headers_with_the_switch_off(void **state)
{
    STAGE st = stage_start(stage_new());

    (void)state;
    assert_refused_on(st, st->tls, st->url);
    assert_refused_on(st, st->unix_, "http://localhost");
}

static void other_listeners_refuse_the_headers_with_the_switch_on(void **state)
{
    PROXIED p = proxied_start(proxied_new("127.0.0.1:0"));

    (void)state;
    assert_refused_on(p->st, p->st->tls, p->st->url);
    assert_refused_on(p->st, p->st->unix_, "http://localhost");
    assert_counted(p->st, "\nteereg_proxy_refusals_total{reason=\"headers-elsewhere\"} ");
}

/* Identity from headers never reaches version 2, nor version 2's routes the guarded listener. */
static void version_2_is_not_on_the_guarded_listener(void **state)
{
    PROXIED p = proxied_start(proxied_new("127.0.0.1:0"));
    const struct said said = honest(p);

    (void)state;
    assert_int_equal(send_to(p->client, p->base, "/api/v2/challenge", &said, "{}")->status, 404);
    assert_int_equal(send_to(p->client, p->base, "/status", &said, NULL)->status, 404);
}

static void version_1s_secrets_are_not_on_the_tls_listener(void **state)
{
    PROXIED p = proxied_start(proxied_new("127.0.0.1:0"));
    const struct said nothing = {.n = 0};

    (void)state;
    assert_int_equal(send_to(p->st->tls, p->st->url, p->path, &nothing, p->csr)->status, 404);
}

/* ---- refused by governance ---- */

static void a_contract_of_scheme_2_is_403(void **state)
{
    PROXIED p = proxied_start(proxied_new("127.0.0.1:0"));
    const struct said said = honest(p);
    char app[HEX_LEN(20)], path[128];

    (void)state;
    hex_encode(BYTES_OF(p->st->w->app_b), app);
    snprintf(path, sizeof path, "/api/attested/secrets/%s", app);
    assert_int_equal(send_to(p->client, p->base, path, &said, p->csr)->status, 403);
}

static void an_unknown_mrtd_is_403(void **state)
{
    PROXIED p = proxied_start(proxied_new("127.0.0.1:0"));
    struct td_report td = p->st->w->td_a;
    const struct said said = honest(p);

    (void)state;
    td.mrtd[7] ^= 1;
    v1_tdx_header(&td, p->measurements);
    assert_int_equal(ask(p, &said)->status, 403);
}

static void headers_that_are_missing_are_400(void **state)
{
    PROXIED p = proxied_start(proxied_new("127.0.0.1:0"));
    const struct said whole = honest(p);

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct said half = {.h = {whole.h[i], whole.h[2]}, .n = 2};

        assert_int_equal(ask(p, &half)->status, 400);
    }
}

static void an_address_that_is_none_is_400(void **state)
{
    PROXIED p = proxied_start(proxied_new("127.0.0.1:0"));
    const struct said said = honest(p);

    (void)state;
    assert_int_equal(send_to(p->client, p->base, "/api/attested/secrets/0a", &said, p->csr)->status,
                     400);
}

/* ---- the switch ---- */

static void the_switch_is_in_status_and_metrics(void **state)
{
    PROXIED p = proxied_start(proxied_new("127.0.0.1:0"));

    (void)state;
    assert_has(stage_admin(p->st, "GET", "/status", 200),
               "\"compat\":[\"v1-secrets\",\"proxy-headers\"],"
               "\"proxy_listener\":\"127.0.0.1:0\"");
    assert_has(stage_admin(p->st, "GET", "/metrics", 200), "\nteereg_compat_switches 3\n");
    assert_served(p);
    assert_counted(p->st, "\nteereg_releases_v1_total ");
}

static void the_switch_changes_the_configurations_hash(void **state)
{
    PROXIED p = proxied_new("127.0.0.1:0");
    struct hash32 on, off;
    struct err e;

    (void)state;
    assert_int_equal(kms_config_hash(&p->st->config.security, &on, &e), ERR_OK);
    assert_int_equal(kms_config_hash(&p->st->w->config, &off, &e), ERR_OK);
    assert_false(hash32_eq(&on, &off));
}

static void assert_no_start(struct stage *st, enum err_code want, const char *says)
{
    struct err e = {0};

    assert_int_equal(stage_try(st, &e), want);
    assert_null(st->service);
    assert_has(e.msg, says);
}

static void an_address_that_others_reach_is_no_start(void **state)
{
    static const char *const addresses[] = {"0.0.0.0:0", "192.0.2.1:8082", "[::]:0"};

    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        PROXIED p = proxied_new(addresses[i]);

        assert_no_start(p->st, ERR_DENIED, "loopback");
    }
}

static void without_a_token_there_is_no_start(void **state)
{
    PROXIED p = proxied_new("127.0.0.1:0");

    (void)state;
    p->st->config.proxy_token = NULL;
    assert_no_start(p->st, ERR_INVALID, "token");
}

static void a_listener_and_a_configuration_that_differ_are_no_start(void **state)
{
    static const uint32_t compats[] = {0, KMS_COMPAT_V1_SECRETS, KMS_COMPAT_PROXY_HEADERS};

    (void)state;
    for (size_t i = 0; i < sizeof compats / sizeof *compats; i++) {
        PROXIED p = proxied_new("127.0.0.1:0");

        p->st->config.security.compat = compats[i];
        assert_no_start(p->st, ERR_INVALID, "agree");
    }
}

static void a_switch_without_its_listener_is_no_start(void **state)
{
    STAGE st = stage_new();

    (void)state;
    st->config.security.compat = KMS_COMPAT_V1_SECRETS;
    assert_no_start(st, ERR_INVALID, "agree");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_proxy_on_loopback_gets_the_secrets),
        cmocka_unit_test(a_proxy_on_a_unix_socket_gets_the_secrets),
        cmocka_unit_test(health_needs_no_token),
        cmocka_unit_test(without_the_right_token_it_is_401),
        cmocka_unit_test(a_401_says_nothing_and_is_counted),
        cmocka_unit_test(a_token_is_32_random_bytes_in_hex_or_base64),
        cmocka_unit_test(each_header_sent_twice_is_400),
        cmocka_unit_test(a_peer_that_is_not_local_is_403),
        cmocka_unit_test(other_listeners_refuse_the_headers_with_the_switch_off),
        cmocka_unit_test(other_listeners_refuse_the_headers_with_the_switch_on),
        cmocka_unit_test(version_2_is_not_on_the_guarded_listener),
        cmocka_unit_test(version_1s_secrets_are_not_on_the_tls_listener),
        cmocka_unit_test(a_contract_of_scheme_2_is_403),
        cmocka_unit_test(an_unknown_mrtd_is_403),
        cmocka_unit_test(headers_that_are_missing_are_400),
        cmocka_unit_test(an_address_that_is_none_is_400),
        cmocka_unit_test(the_switch_is_in_status_and_metrics),
        cmocka_unit_test(the_switch_changes_the_configurations_hash),
        cmocka_unit_test(an_address_that_others_reach_is_no_start),
        cmocka_unit_test(without_a_token_there_is_no_start),
        cmocka_unit_test(a_listener_and_a_configuration_that_differ_are_no_start),
        cmocka_unit_test(a_switch_without_its_listener_is_no_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
