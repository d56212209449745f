/* What the commands that answer requests share: one listener, until SIGTERM or SIGINT. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include "cmd.h"

#define DRAIN_MS 2000

static enum err_code listen_at(http_server *server, const char *address, const char *what,
                               const struct http_routes *routes, struct err *e)
{
    uint16_t port = 0;

    if (strncmp(address, "unix:", 5) == 0) {
        TRY(http_server_listen_unix(server, address + 5, routes, e));
        TRY(http_server_start(server, e));
        printf("SIMULATED %s at %s: what it says proves nothing\n", what, address);
    } else {
        const char *colon = strrchr(address, ':');

        TRY(http_server_listen_plain(server, address, routes, &port, e));
        TRY(http_server_start(server, e));
        printf("SIMULATED %s at http://%.*s:%u: what it says proves nothing\n", what,
               colon ? (int)(colon - address) : 0, address, port);
    }
    fflush(stdout);
    return ERR_OK;
}

enum err_code sim_serve(const char *address, const char *what, const struct http_routes *routes,
                        struct err *e)
{
    struct http_server_config config = http_server_defaults;
    AUTO(http_server) server = NULL;
    sigset_t ends;
    int got = 0;

    /* Before the threads begin, so that they inherit it. */
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);

    config.workers = 2;
    config.rate = 0;
    TRY(http_server_new(&config, &server, e));
    TRY(listen_at(server, address, what, routes, e));
    sigwait(&ends, &got);
    return http_server_drain(server, DRAIN_MS, e);
}
