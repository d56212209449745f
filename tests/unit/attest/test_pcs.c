/* pcs: what is asked of a PCS or PCCS, what is taken from its answers, and what is refused. */
#include "support/fake_pcs.h"
#include "attest/collateral_store.h"
#include "attest/pcs.h"
#include "crypto/pem.h"

#define JUNE "collateral/flashbots_azure_2026-06.json"

enum crl_form { CRL_DER, CRL_PEM, CRL_HEX };

struct stage {
    struct fake_pcs server;
    struct collateral_bundle bundle;
    pcs *client;
    /* how the server behaves */
    const char *status, *tcb_header;
    enum crl_form form;
    size_t body_n; /* a body of so many bytes instead */
    bool silent, no_chain;
};

static void put_crl(const struct stage *st, struct bytes der, struct buf *ret)
{
    if (st->form == CRL_PEM)
        pem_put(ret, "X509 CRL", der);
    else if (st->form == CRL_HEX)
        hex_put(ret, der);
    else
        buf_put(ret, der);
}

static void put_json(const char *member, const struct collateral_text *t, struct buf *ret)
{
    pcs_body_put(ret, member, buf_bytes(&t->body), buf_bytes(&t->signature));
}

static void answer(void *self, const char *target, struct buf *out)
{
    struct buf body AUTO_CALL(buf_done) = BUF(1 << 20);
    const struct stage *st = self;
    const struct collateral_text *t = st->bundle.text;
    const char *chain = NULL;
    size_t k;

    if (st->silent)
        return;
    fake_pcs_head(out, st->status);
    if (strstr(target, "/tcb?")) {
        k = COLLATERAL_TCB_INFO;
        put_json("tcbInfo", &t[k], &body);
        chain = st->tcb_header;
    } else if (strstr(target, "/qe/identity")) {
        k = COLLATERAL_QE_IDENTITY;
        put_json("enclaveIdentity", &t[k], &body);
        chain = "SGX-Enclave-Identity-Issuer-Chain";
    } else if (strstr(target, "/pckcrl")) {
        k = COLLATERAL_PCK_CRL;
        put_crl(st, buf_bytes(&t[k].body), &body);
        chain = "SGX-PCK-CRL-Issuer-Chain";
    } else {
        k = COLLATERAL_ROOT_CRL;
        put_crl(st, buf_bytes(&t[k].body), &body);
    }
    if (st->body_n) {
        buf_clear(&body);
        buf_put_zero(&body, st->body_n);
    }
    if (chain && !st->no_chain)
        fake_pcs_chain(out, chain, buf_bytes(&t[k].issuer_chain));
    if (st->status[0] == '3')
        buf_put_str(out, "Location: /elsewhere\r\n");
    fake_pcs_body(out, buf_bytes(&body));
}

static int setup(void **state)
{
    struct stage *st = calloc(1, sizeof *st);
    struct bytes text = dcap_file(JUNE);
    struct err e;
    char url[64];

    json_init();
    need(collateral_bundle_decode(text, &st->bundle, &e), &e);
    dcap_free(&text);
    st->status = "200 OK";
    st->tcb_header = "TCB-Info-Issuer-Chain";
    st->server.answer = answer;
    st->server.self = st;
    fake_pcs_start(&st->server);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/sgx/certification/v4/", st->server.port);
    need(pcs_new(&(struct pcs_config){.url = url}, &st->client, &e), &e);
    *state = st;
    return 0;
}

static int teardown(void **state)
{
    struct stage *st = *state;

    pcs_free(st->client);
    fake_pcs_stop(&st->server);
    collateral_bundle_done(&st->bundle);
    free(st);
    return 0;
}

static const struct pcs_ask platform = {
    .tee = QUOTE_TEE_TDX, .fmspc = {0x90, 0xc0, 0x6f}, .ca = PCK_CA_PLATFORM};

static enum err_code get(struct stage *st, enum collateral_kind kind, const struct pcs_ask *ask,
                         struct err *e)
{
    struct collateral_text t AUTO_CALL(collateral_text_done) = {0};
    enum err_code rc = pcs_get(st->client, kind, ask, 300, &t, e);

    if (rc == ERR_OK) {
        const struct collateral_text *x = &st->bundle.text[kind];

        assert_true(bytes_eq(buf_bytes(&t.body), buf_bytes(&x->body)));
        assert_true(bytes_eq(buf_bytes(&t.signature), buf_bytes(&x->signature)));
        assert_true(bytes_eq(buf_bytes(&t.issuer_chain), buf_bytes(&x->issuer_chain)));
    } else {
        assert_null(t.body.p);
    }
    return rc;
}

static void gets(struct stage *st, enum collateral_kind kind, const struct pcs_ask *ask,
                 const char *target)
{
    struct err e;

    need(get(st, kind, ask, &e), &e);
    assert_string_equal(st->server.target, target);
}

static void refuses(struct stage *st, enum err_code code, const char *words)
{
    struct err e;

    assert_int_equal(get(st, COLLATERAL_TCB_INFO, &platform, &e), code);
    if (!strstr(e.msg, words))
        fail_msg("\"%s\" does not say \"%s\"", e.msg, words);
    assert_non_null(strstr(e.msg, "127.0.0.1"));
    assert_non_null(strstr(e.msg, "TCB info"));
}

static void each_object_has_its_address(void **state)
{
    gets(*state, COLLATERAL_TCB_INFO, &platform,
         "/tdx/certification/v4/tcb?fmspc=90c06f000000&update=standard");
    gets(*state, COLLATERAL_QE_IDENTITY, &platform,
         "/tdx/certification/v4/qe/identity?update=standard");
    gets(*state, COLLATERAL_PCK_CRL, &platform,
         "/sgx/certification/v4/pckcrl?ca=platform&encoding=der");
    gets(*state, COLLATERAL_ROOT_CRL, &platform, "/sgx/certification/v4/rootcacrl");
}

static void sgx_early_and_numbered_collateral_have_their_own(void **state)
{
    struct pcs_ask ask = platform;

    ask.update = PCS_EARLY;
    gets(*state, COLLATERAL_TCB_INFO, &ask,
         "/tdx/certification/v4/tcb?fmspc=90c06f000000&update=early");
    ask.tee = QUOTE_TEE_SGX;
    ask.evaluation_number = 17;
    gets(*state, COLLATERAL_QE_IDENTITY, &ask,
         "/sgx/certification/v4/qe/identity?tcbEvaluationDataNumber=17");
    ask.ca = PCK_CA_PROCESSOR;
    gets(*state, COLLATERAL_PCK_CRL, &ask,
         "/sgx/certification/v4/pckcrl?ca=processor&encoding=der");
}

static void the_old_name_of_the_chains_header_is_known(void **state)
{
    struct stage *st = *state;
    struct err e;

    st->tcb_header = "SGX-TCB-Info-Issuer-Chain";
    need(get(st, COLLATERAL_TCB_INFO, &platform, &e), &e);
}

static void lists_may_be_pem_or_hex(void **state)
{
    struct stage *st = *state;
    struct err e;

    for (enum crl_form f = CRL_DER; f <= CRL_HEX; f++) {
        st->form = f;
        need(get(st, COLLATERAL_PCK_CRL, &platform, &e), &e);
        need(get(st, COLLATERAL_ROOT_CRL, &platform, &e), &e);
    }
}

static void a_bundle_is_all_four(void **state)
{
    struct stage *st = *state;
    struct collateral_bundle b AUTO_CALL(collateral_bundle_done) = {0};
    struct err e;

    need(pcs_bundle(st->client, &platform, 2000, &b, &e), &e);
    for (size_t k = 0; k < COLLATERAL_KINDS; k++)
        assert_true(bytes_eq(buf_bytes(&b.text[k].body), buf_bytes(&st->bundle.text[k].body)));
}

static void an_answer_without_the_chain_is_refused(void **state)
{
    ((struct stage *)*state)->no_chain = true;
    refuses(*state, ERR_UPSTREAM, "no header tcb-info-issuer-chain");
}

static void silence_ends_at_the_deadline(void **state)
{
    ((struct stage *)*state)->silent = true;
    refuses(*state, ERR_TIMEOUT, "");
}

static void a_huge_body_is_refused(void **state)
{
    ((struct stage *)*state)->body_n = 1 << 19;
    refuses(*state, ERR_TOO_LARGE, "");
}

static void a_body_of_something_else_is_refused(void **state)
{
    ((struct stage *)*state)->body_n = 10;
    refuses(*state, ERR_INVALID, "body");
}

static void statuses_say_what_to_do(void **state)
{
    struct stage *st = *state;

    st->status = "404 Not Found";
    refuses(st, ERR_NOT_FOUND, "check FMSPC");
    st->status = "410 Gone";
    refuses(st, ERR_NOT_FOUND, "ask for a newer one");
    st->status = "429 Too Many";
    refuses(st, ERR_BUSY, "try again later");
    st->status = "500 Oops";
    refuses(st, ERR_UPSTREAM, "expected 200");
}

static void redirects_are_not_followed(void **state)
{
    struct stage *st = *state;

    st->status = "302 Found";
    refuses(st, ERR_UPSTREAM, "redirects are not followed");
    assert_int_equal(st->server.calls, 1);
}

static void plain_http_is_for_loopback_alone(void **state)
{
    static const char *const bad[] = {"http://192.0.2.1",         "http://pccs.example",
                                      "ftp://127.0.0.1",          "https://user@pccs.example",
                                      "https://pccs.example?x=1", ""};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pcs *p = NULL;
        struct err e;

        assert_int_equal(pcs_new(&(struct pcs_config){.url = bad[i]}, &p, &e), ERR_INVALID);
    }
}

static void a_store_gets_what_it_needs_from_it(void **state)
{
    struct stage *st = *state;
    struct collateral c AUTO_CALL(collateral_done) = {0};
    const struct collateral_store_config config = {.clock = &clock_system};
    struct collateral_query q = {
        .tee = QUOTE_TEE_TDX, .fmspc = {0x90, 0xc0, 0x6f}, .root = &attest_roots()->list[0]};
    struct collateral_origin origin = {0};
    AUTO(collateral_store) store = NULL;
    char url[64];
    struct err e;

    snprintf(url, sizeof url, "http://127.0.0.1:%u", st->server.port);
    need(collateral_store_new(&config, &store, &e), &e);
    need(collateral_origin_pcs(&(struct pcs_config){.url = url}, PCS_STANDARD, &origin, &e), &e);
    need(collateral_store_add(store, &origin, &e), &e);

    const struct collateral_source *s = collateral_store_source(store);

    s->get(s->self, &q, 0, &c);
    for (size_t k = 0; k < COLLATERAL_KINDS; k++)
        assert_non_null(c.part[k]);
    assert_int_equal(st->server.calls, 4);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(each_object_has_its_address),
        T(sgx_early_and_numbered_collateral_have_their_own),
        T(the_old_name_of_the_chains_header_is_known),
        T(lists_may_be_pem_or_hex),
        T(a_bundle_is_all_four),
        T(an_answer_without_the_chain_is_refused),
        T(silence_ends_at_the_deadline),
        T(a_huge_body_is_refused),
        T(a_body_of_something_else_is_refused),
        T(statuses_say_what_to_do),
        T(redirects_are_not_followed),
        cmocka_unit_test(plain_http_is_for_loopback_alone),
        T(a_store_gets_what_it_needs_from_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
