/* hello_server - our HTTP server with one trivial route, for foreign clients and for load.
 *
 * Usage: hello_server [LOOPS [WORKERS]].  Its certificate carries 4 KiB of evidence under our OID.
 * Prints "PORT PLAIN_PORT" (TLS, and plain on the loopback) and runs until SIGTERM or
 * SIGINT. */
#include <signal.h>
#include <stdio.h>
#include "base/clock.h"
#include "crypto/x509.h"
#include "net/http_server.h"

static void hello(void *self, const struct http_request *req, struct http_response *ret)
{
    (void)self;
    (void)req;
    ret->status = 200;
    buf_put_str(&ret->body, "{\"hello\":\"world\"}\n");
}

static enum err_code certificate(EVP_PKEY **ret_key, X509 **ret_cert, struct err *e)
{
    static const char *const names[] = {"localhost", NULL};
    struct buf evidence AUTO_CALL(buf_done) = BUF(8192);
    int64_t now = clock_unix(&clock_system);
    struct x509_leaf_spec spec = {.common_name = "hello_server",
                                  .dns_names = names,
                                  .not_before = now - 60,
                                  .not_after = now + 3600,
                                  .server_auth = true,
                                  .extension_oid = OID_TEEREG_EVIDENCE};

    buf_printf(&evidence, "{\"type\":\"none\",\"quote\":\"%04096d\",\"payload\":\"\"}", 0);
    TRY(buf_check(&evidence, e));
    spec.extension = buf_bytes(&evidence);
    TRY(p256_generate(ret_key, e));
    return x509_self_signed(*ret_key, &spec, ret_cert, e);
}

static enum err_code serve(unsigned loops, unsigned workers, struct err *e)
{
    static const struct http_route list[] = {{"GET", "/hello", hello, 0, 0}};
    static const struct http_routes routes = {.list = list, .n = 1};
    struct http_server_config config = http_server_defaults;
    AUTO(EVP_PKEY) key = NULL;
    AUTO(X509) cert = NULL;
    AUTO(tls_server) tls = NULL;
    AUTO(http_server) server = NULL;
    uint16_t port, plain_port;
    sigset_t ends;
    int which;

    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    config.loops = loops;
    config.workers = workers;
    TRY(certificate(&key, &cert, e));
    TRY(tls_server_new(key, cert, &tls, e));
    TRY(http_server_new(&config, &server, e));
    TRY(http_server_listen_tls(server, "127.0.0.1:0", tls, &routes, &port, e));
    TRY(http_server_listen_plain(server, "127.0.0.1:0", &routes, &plain_port, e));
    TRY(http_server_start(server, e));
    printf("%u %u\n", port, plain_port);
    fflush(stdout);
    sigwait(&ends, &which);
    return http_server_drain(server, 2000, e);
}

int main(int argc, char **argv)
{
    unsigned loops = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1;
    unsigned workers = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 2;
    struct err e;

    if (serve(loops, workers, &e) == ERR_OK)
        return 0;
    fprintf(stderr, "hello_server: %s\n", e.msg);
    return 1;
}
