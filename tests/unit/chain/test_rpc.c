/* rpc: what a node can do to its client over the wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include "chain/rpc.h"
#include "chain/view.h"
#include "support/fake_node.h"

/* What the node does with its answers, one after the other. */
struct script {
    struct fake_node *node;
    unsigned said;
    unsigned status[8]; /* of the first answers; 0: as `then` */
    unsigned then;
    unsigned delay_ms, drip_ms;
    size_t padding; /* white space before the answer */
    const char *result;
    unsigned batch_max; /* most calls that came in one request */
};

static void answer(void *self, const json *request, struct fake_reply *reply)
{
    struct script *s = self;
    size_t n = json_is_array(request) ? json_len(request) : 1;

    if (n > s->batch_max)
        s->batch_max = (unsigned)n;
    reply->status = s->said < 8 && s->status[s->said] ? s->status[s->said] : s->then;
    s->said++;
    if (reply->status == 1) /* hang up */
        reply->status = 0;
    reply->delay_ms = s->delay_ms;
    reply->drip_ms = s->drip_ms;
    for (size_t i = 0; i < s->padding; i++)
        buf_put_u8(&reply->body, ' ');
    if (n > 1)
        buf_put_u8(&reply->body, '[');
    for (size_t i = 0; i < n; i++)
        buf_printf(&reply->body, "%s{\"jsonrpc\":\"2.0\",\"id\":%zu,\"result\":%s}", i ? "," : "",
                   n - i, s->result);
    if (n > 1)
        buf_put_u8(&reply->body, ']');
}

static int set_up(void **state)
{
    struct script *s = calloc(1, sizeof *s);

    assert_non_null(s);
    s->then = 200;
    s->result = "\"0x7a69\"";
    s->node = fake_node_start(answer, s);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct script *s = *state;

    if (s->node)
        fake_node_stop(s->node);
    free(s);
    return 0;
}

static rpc *client_of(const char *url, unsigned total_ms, unsigned retries, size_t body_max)
{
    const struct rpc_config config = {.url = url,
                                      .allow_http = true,
                                      .allow_private = true,
                                      .total_ms = total_ms,
                                      .retries = retries,
                                      .body_max = body_max};
    struct err e = {0};
    rpc *r = NULL;

    if (rpc_new(&config, &r, &e) != ERR_OK)
        fail_msg("%s", e.msg);
    return r;
}

static enum err_code chain_id(rpc *r, uint64_t *ret, struct err *e)
{
    AUTO(json) text = NULL;
    const json *result;

    TRY(rpc_one(r, "eth_chainId", "[]", &text, &result, e));
    return rpc_quantity(result, ret, e);
}

static uint64_t now_ms(void)
{
    return clock_ns(&clock_system) / 1000000;
}

static void a_call_brings_its_result(void **state)
{
    struct script *s = *state;
    AUTO(rpc) r = client_of(s->node->url, 0, 0, 0);
    uint64_t id;
    struct err e = {0};

    assert_int_equal(chain_id(r, &id, &e), ERR_OK);
    assert_true(id == 31337);
}

static void a_batch_is_one_request(void **state)
{
    struct rpc_call calls[RPC_BATCH_MAX];
    struct script *s = *state;
    AUTO(rpc) r = client_of(s->node->url, 0, 0, 0);
    AUTO(json) text = NULL;
    struct err e = {0};

    for (size_t i = 0; i < RPC_BATCH_MAX; i++)
        calls[i] = (struct rpc_call){.method = "eth_chainId", .params = "[]"};
    assert_int_equal(rpc_do(r, calls, RPC_BATCH_MAX, &text, &e), ERR_OK);
    assert_int_equal(atomic_load(&s->node->requests), 1);
    assert_int_equal(s->batch_max, RPC_BATCH_MAX);
}

static void a_batch_of_none_or_too_many_is_our_own_fault(void **state)
{
    struct rpc_call calls[RPC_BATCH_MAX + 1] = {0};
    struct script *s = *state;
    AUTO(rpc) r = client_of(s->node->url, 0, 0, 0);
    AUTO(json) text = NULL;
    struct err e = {0};

    assert_int_equal(rpc_do(r, calls, 0, &text, &e), ERR_INTERNAL);
    assert_int_equal(rpc_do(r, calls, RPC_BATCH_MAX + 1, &text, &e), ERR_INTERNAL);
    assert_int_equal(atomic_load(&s->node->requests), 0);
}

static void calls_share_a_connection(void **state)
{
    struct script *s = *state;
    AUTO(rpc) r = client_of(s->node->url, 0, 0, 0);
    uint64_t id;
    struct err e = {0};

    for (int i = 0; i < 10; i++)
        assert_int_equal(chain_id(r, &id, &e), ERR_OK);
    assert_int_equal(atomic_load(&s->node->connections), 1);
}

static void an_unreachable_node_is_an_upstream_error(void **state)
{
    struct script *s = *state;
    AUTO(rpc) r = client_of(s->node->url, 2000, 0, 0);
    uint64_t id;
    struct err e = {0};

    fake_node_stop(s->node);
    s->node = NULL;
    assert_int_equal(chain_id(r, &id, &e), ERR_UPSTREAM);
    assert_non_null(strstr(e.msg, "eth_chainId at 127.0.0.1:"));
}

static void a_node_that_stalls_is_a_timeout_in_time(void **state)
{
    struct script *s = *state;
    AUTO(rpc) r = client_of(s->node->url, 300, 3, 0);
    uint64_t id, start = now_ms();
    struct err e = {0};

    s->delay_ms = 5000;
    assert_int_equal(chain_id(r, &id, &e), ERR_TIMEOUT);
    assert_true(now_ms() - start < 2000);
}

static void a_node_that_drips_is_a_timeout_in_time(void **state)
{
    struct script *s = *state;
    AUTO(rpc) r = client_of(s->node->url, 300, 0, 0);
    uint64_t id, start = now_ms();
    struct err e = {0};

    s->drip_ms = 50;
    assert_int_equal(chain_id(r, &id, &e), ERR_TIMEOUT);
    assert_true(now_ms() - start < 2000);
}

static void retries_end_with_the_deadline_of_the_whole_call(void **state)
{
    struct script *s = *state;
    AUTO(rpc) r = client_of(s->node->url, 400, 1000, 0);
    uint64_t id, start = now_ms();
    struct err e = {0};

    s->then = 503;
    assert_int_not_equal(chain_id(r, &id, &e), ERR_OK);
    assert_true(now_ms() - start < 2000);
}

static void an_answer_over_the_bound_is_too_large(void **state)
{
    struct script *s = *state;
    AUTO(rpc) r = client_of(s->node->url, 0, 0, 4096);
    uint64_t id;
    struct err e = {0};

    s->padding = 4096;
    assert_int_equal(chain_id(r, &id, &e), ERR_TOO_LARGE);
}

static void a_question_bounds_its_answer(void **state)
{
    struct script *s = *state;
    AUTO(rpc) r = client_of(s->node->url, 0, 0, 0);
    struct rpc_call call = {.method = "eth_chainId", .params = "[]"};
    AUTO(json) answer = NULL;
    struct err e = {0};

    s->padding = 4096;
    assert_int_equal(rpc_do_within(r, 4096, &call, 1, &answer, &e), ERR_TOO_LARGE);
    assert_int_equal(rpc_do_within(r, 8192, &call, 1, &answer, &e), ERR_OK);
}

static void a_tired_node_is_asked_again(void **state)
{
    struct script *s = *state;
    AUTO(rpc) r = client_of(s->node->url, 0, 3, 0);
    uint64_t id;
    struct err e = {0};

    s->status[0] = 429;
    s->status[1] = 503;
    s->status[2] = 1; /* hangs up */
    assert_int_equal(chain_id(r, &id, &e), ERR_OK);
    assert_int_equal(s->said, 4);
}

static void a_node_that_refuses_is_not_asked_again(void **state)
{
    struct script *s = *state;
    AUTO(rpc) r = client_of(s->node->url, 0, 3, 0);
    uint64_t id;
    struct err e = {0};

    s->then = 403;
    assert_int_equal(chain_id(r, &id, &e), ERR_UPSTREAM);
    assert_int_equal(s->said, 1);
    assert_non_null(strstr(e.msg, "HTTP status 403"));
}

static void a_transaction_is_never_sent_twice(void **state)
{
    struct script *s = *state;
    AUTO(rpc) r = client_of(s->node->url, 0, 3, 0);
    AUTO(json) text = NULL;
    const json *result;
    struct err e = {0};

    s->then = 503;
    assert_int_equal(rpc_one(r, "eth_sendRawTransaction", "[\"0x00\"]", &text, &result, &e),
                     ERR_UPSTREAM);
    assert_int_equal(s->said, 1);
}

static void retries_are_bounded(void **state)
{
    struct script *s = *state;
    AUTO(rpc) r = client_of(s->node->url, 0, 2, 0);
    uint64_t id;
    struct err e = {0};

    s->then = 503;
    assert_int_equal(chain_id(r, &id, &e), ERR_UPSTREAM);
    assert_int_equal(s->said, 3);
}

static void errors_never_show_what_is_secret_in_the_address(void **state)
{
    struct script *s = *state;
    char url[256];
    struct err e = {0};
    uint64_t id;
    rpc *r;

    snprintf(url, sizeof url, "http://user:password@127.0.0.1:%u/v3/apikey?token=abc",
             s->node->port);
    r = client_of(url, 0, 0, 0);
    s->then = 403;
    assert_int_equal(chain_id(r, &id, &e), ERR_UPSTREAM);
    assert_null(strstr(e.msg, "password"));
    assert_null(strstr(e.msg, "apikey"));
    assert_null(strstr(e.msg, "abc"));
    assert_null(strstr(rpc_host(r), "password"));
    fake_node_stop(s->node);
    s->node = NULL;
    assert_int_equal(chain_id(r, &id, &e), ERR_UPSTREAM);
    assert_null(strstr(e.msg, "password"));
    assert_null(strstr(e.msg, "apikey"));
    rpc_free(r);
}

static void refuses_address(const char *url, bool allow_http)
{
    const struct rpc_config config = {.url = url, .allow_http = allow_http};
    struct err e = {0};
    rpc *r = NULL;

    if (rpc_new(&config, &r, &e) != ERR_INVALID)
        fail_msg("%s was taken", url);
    assert_null(r);
}

static void addresses_that_are_no_node_are_refused(void **state)
{
    (void)state;
    refuses_address("http://127.0.0.1:8545", false);
    refuses_address("ftp://127.0.0.1", true);
    refuses_address("127.0.0.1:8545", true);
    refuses_address("https:///path", true);
    refuses_address("", true);
}

static void hosts_are_named_with_their_port(void **state)
{
    rpc *r;

    (void)state;
    r = client_of("https://node.example/key", 0, 0, 0);
    assert_string_equal(rpc_host(r), "node.example:443");
    rpc_free(r);
    r = client_of("http://[::1]:8545", 0, 0, 0);
    assert_string_equal(rpc_host(r), "[::1]:8545");
    rpc_free(r);
}

struct user {
    rpc *r;
    unsigned good;
};

static void *use(void *arg)
{
    struct user *u = arg;

    for (int i = 0; i < 25; i++) {
        uint64_t id = 0;
        struct err e;

        if (chain_id(u->r, &id, &e) == ERR_OK && id == 31337)
            u->good++;
    }
    return NULL;
}

static void threads_may_share_a_client(void **state)
{
    struct script *s = *state;
    AUTO(rpc) r = client_of(s->node->url, 0, 0, 0);
    struct user users[8];
    pthread_t threads[8];

    for (size_t i = 0; i < 8; i++) {
        users[i] = (struct user){.r = r};
        assert_int_equal(pthread_create(&threads[i], NULL, use, &users[i]), 0);
    }
    for (size_t i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(users[i].good, 25);
    }
}

static void a_body_is_what_the_contract_answered(void **state)
{
    struct script *s = *state;
    AUTO(rpc) r = client_of(s->node->url, 0, 0, 0);
    struct buf body AUTO_CALL(buf_done) = BUF(16);
    const struct block_ref at = {.number = 1};
    const struct addr contract = {{1}};
    struct err e = {0};

    s->result = "\"0xc0ffee\"";
    assert_int_equal(chain_body_call(r, &at, &contract, bytes_of_str("call"), &body, &e), ERR_OK);
    assert_int_equal(body.n, 3);
    assert_int_equal(body.p[0], 0xc0);
}

static void a_body_over_its_bound_is_too_large(void **state)
{
    struct script *s = *state;
    AUTO(rpc) r = client_of(s->node->url, 0, 0, 0);
    struct buf body AUTO_CALL(buf_done) = BUF(2);
    const struct block_ref at = {.number = 1};
    const struct addr contract = {{1}};
    struct err e = {0};

    s->result = "\"0xc0ffee\"";
    assert_int_equal(chain_body_call(r, &at, &contract, bytes_of_str("call"), &body, &e),
                     ERR_TOO_LARGE);
}

int main(void)
{
#define WITH_NODE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_NODE(a_call_brings_its_result),
        WITH_NODE(a_batch_is_one_request),
        WITH_NODE(a_batch_of_none_or_too_many_is_our_own_fault),
        WITH_NODE(calls_share_a_connection),
        WITH_NODE(an_unreachable_node_is_an_upstream_error),
        WITH_NODE(a_node_that_stalls_is_a_timeout_in_time),
        WITH_NODE(a_node_that_drips_is_a_timeout_in_time),
        WITH_NODE(retries_end_with_the_deadline_of_the_whole_call),
        WITH_NODE(an_answer_over_the_bound_is_too_large),
        WITH_NODE(a_question_bounds_its_answer),
        WITH_NODE(a_tired_node_is_asked_again),
        WITH_NODE(a_node_that_refuses_is_not_asked_again),
        WITH_NODE(a_transaction_is_never_sent_twice),
        WITH_NODE(retries_are_bounded),
        WITH_NODE(errors_never_show_what_is_secret_in_the_address),
        cmocka_unit_test(addresses_that_are_no_node_are_refused),
        cmocka_unit_test(hosts_are_named_with_their_port),
        WITH_NODE(threads_may_share_a_client),
        WITH_NODE(a_body_is_what_the_contract_answered),
        WITH_NODE(a_body_over_its_bound_is_too_large),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
