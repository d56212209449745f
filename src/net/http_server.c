#include "net/http_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fs.h"
#include "crypto/random.h"
#include "net/server.h"

#define BACKLOG   1024
#define RATE_KEYS 16384

const struct http_server_config http_server_defaults = {
    .loops = 1,
    .workers = 32,
    .queue_max = 1024,
    .connections_max = 4096,
    .connections_peer = 256,
    .response_max = 4 << 20,
    .handshake_ms = 10000,
    .header_ms = 10000,
    .body_ms = 30000,
    .idle_ms = 60000,
    .write_ms = 30000,
    .age_ms = 600000,
};

/* ---- life ---- */

static void init_locks(http_server *s)
{
    pthread_condattr_t monotonic;

    pthread_mutex_init(&s->closed_lock, NULL);
    pthread_mutex_init(&s->peers_lock, NULL);
    pthread_mutex_init(&s->queue_lock, NULL);
    sem_init(&s->queue_some, 0, 0);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->closed, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static enum err_code check_config(const struct http_server_config *c, struct err *e)
{
    if (c->loops < 1 || c->loops > 64 || c->workers < 1 || c->workers > 1024 || c->queue_max < 1 ||
        c->connections_max < 1 || c->connections_peer < 1 || c->response_max < 1024 ||
        !c->handshake_ms || !c->header_ms || !c->body_ms || !c->idle_ms || !c->write_ms ||
        !c->age_ms)
        return err_set(e, ERR_INVALID, "server: every limit and deadline must be set");
    return ERR_OK;
}

enum err_code http_server_new(const struct http_server_config *config, http_server **ret,
                              struct err *e)
{
    AUTO(http_server) s = NULL;

    TRY(check_config(config, e));
    s = calloc(1, sizeof *s);
    if (!s)
        return err_set(e, ERR_NOMEM, "server");
    s->config = *config;
    s->queue_end = &s->queue;
    init_locks(s);
    random_bytes(s->id_prefix, sizeof s->id_prefix);
    TRY(peers_init(s, e));
    if (config->rate > 0)
        TRY(rate_new(config->rate, config->rate_burst, RATE_KEYS, &s->limit, e));
    s->loops = calloc(config->loops, sizeof *s->loops);
    if (!s->loops)
        return err_set(e, ERR_NOMEM, "server");
    for (; s->n_loops < config->loops; s->n_loops++)
        TRY(loop_init(&s->loops[s->n_loops], s, e));
    *ret = TAKE(s);
    return ERR_OK;
}

enum err_code http_server_start(http_server *s, struct err *e)
{
    s->running = true;
    TRY(workers_start(s, e));
    /* Loop 0 accepts, so the others run before it. */
    for (unsigned i = s->n_loops; i > 0; i--)
        TRY(loop_start(&s->loops[i - 1], e));
    return ERR_OK;
}

static void wake_all(http_server *s)
{
    for (unsigned i = 0; i < s->n_loops; i++)
        loop_wake(&s->loops[i]);
}

/* Until no connection is open, or the time is up. */
static bool wait_closed(http_server *s, unsigned timeout_ms)
{
    uint64_t until = clock_ns(&clock_system) + (uint64_t)timeout_ms * 1000000;
    struct timespec at = {(time_t)(until / 1000000000), (long)(until % 1000000000)};
    int failed = 0;

    pthread_mutex_lock(&s->closed_lock);
    while (atomic_load(&s->open) > 0 && failed == 0)
        failed = pthread_cond_timedwait(&s->closed, &s->closed_lock, &at);
    pthread_mutex_unlock(&s->closed_lock);
    return atomic_load(&s->open) == 0;
}

enum err_code http_server_drain(http_server *s, unsigned timeout_ms, struct err *e)
{
    unsigned left;

    atomic_store(&s->draining, true);
    if (!s->running)
        return ERR_OK;
    wake_all(s);
    if (wait_closed(s, timeout_ms))
        return ERR_OK;
    left = atomic_load(&s->open);
    atomic_store(&s->cutting, true);
    wake_all(s);
    return err_set(e, ERR_TIMEOUT, "%u connections were not finished after %u ms and are cut", left,
                   timeout_ms);
}

static void listener_free(struct http_listener *l)
{
    struct stat st;

    if (l->unix_path && lstat(l->unix_path, &st) == 0 && st.st_dev == l->unix_dev &&
        st.st_ino == l->unix_ino)
        unlink(l->unix_path);
    if (l->fd >= 0)
        close(l->fd);
    free(l->unix_path);
    free(l);
}

void http_server_free(http_server *s)
{
    if (!s)
        return;
    workers_stop(s);
    atomic_store(&s->stopping, true);
    wake_all(s);
    for (unsigned i = 0; i < s->n_loops; i++)
        loop_join(&s->loops[i]);
    for (unsigned i = 0; i < s->n_loops; i++)
        loop_done(&s->loops[i]);
    free(s->loops);
    while (s->listeners) {
        struct http_listener *l = s->listeners;

        s->listeners = l->next;
        listener_free(l);
    }
    peers_done(s);
    rate_free(s->limit);
    pthread_mutex_destroy(&s->closed_lock);
    pthread_mutex_destroy(&s->peers_lock);
    pthread_mutex_destroy(&s->queue_lock);
    sem_destroy(&s->queue_some);
    pthread_cond_destroy(&s->closed);
    free(s);
}

void http_server_stats(const http_server *s, struct http_server_stats *ret)
{
    http_server *own = (http_server *)(uintptr_t)s; /* for the lock alone */

    *ret = (struct http_server_stats){
        .accepted = atomic_load(&s->accepted),
        .refused = atomic_load(&s->refused),
        .requests = atomic_load(&s->requests),
        .limited = atomic_load(&s->limited),
        .timeouts = atomic_load(&s->timeouts),
        .bad = atomic_load(&s->bad),
        .open = atomic_load(&s->open),
        .running = atomic_load(&s->busy),
    };
    pthread_mutex_lock(&own->queue_lock);
    ret->waiting = s->queue_n;
    pthread_mutex_unlock(&own->queue_lock);
}

/* ---- listeners ---- */

/* Takes fd whatever happens. */
static enum err_code add_listener(http_server *s, int fd, tls_server *tls,
                                  const struct http_routes *routes, const char *unix_path,
                                  struct err *e)
{
    struct http_listener *l = NULL;
    struct stat st = {0};

    if (s->running) { /* nobody would accept there */
        close(fd);
        return err_set(e, ERR_INVALID, "the server runs already: listen first, then start");
    }
    l = calloc(1, sizeof *l);
    if (l && unix_path)
        l->unix_path = strdup(unix_path);
    if (!l || (unix_path && (!l->unix_path || lstat(unix_path, &st) != 0))) {
        close(fd);
        free(l);
        return err_set(e, ERR_NOMEM, "listener");
    }
    l->server = s;
    l->routes = routes;
    l->tls = tls;
    l->fd = fd;
    l->unix_dev = st.st_dev;
    l->unix_ino = st.st_ino;
    l->next = s->listeners;
    s->listeners = l;
    return ERR_OK;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage a = {0};
    socklen_t n = sizeof a;

    if (getsockname(fd, (struct sockaddr *)&a, &n) != 0)
        return 0;
    return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port
                                         : ((struct sockaddr_in *)&a)->sin_port);
}

static enum err_code listen_tcp(http_server *s, const char *address, tls_server *tls,
                                const struct http_routes *routes, uint16_t *ret_port, struct err *e)
{
    struct sockaddr_storage a;
    socklen_t n = 0;
    int fd AUTO_CALL(fd_close) = -1, one = 1, taken;
    uint16_t port;

    TRY(net_addr_read(address, &a, &n, e));
    if (!tls && !net_addr_is_loopback((struct sockaddr *)&a))
        return err_set(e, ERR_DENIED,
                       "plain HTTP on %s: only loopback addresses may be without TLS", address);
    fd = socket(a.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    /* Accepted sockets inherit TCP_NODELAY: answers leave at once. */
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0 ||
        bind(fd, (struct sockaddr *)&a, n) != 0 || listen(fd, BACKLOG) != 0)
        return err_set(e, ERR_IO, "listen on %s: %s", address, strerror(errno));
    port = port_of(fd);
    taken = fd;
    fd = -1;
    TRY(add_listener(s, taken, tls, routes, NULL, e));
    if (ret_port)
        *ret_port = port;
    return ERR_OK;
}

enum err_code http_server_listen_tls(http_server *s, const char *address, tls_server *tls,
                                     const struct http_routes *routes, uint16_t *ret_port,
                                     struct err *e)
{
    return listen_tcp(s, address, tls, routes, ret_port, e);
}

enum err_code http_server_listen_plain(http_server *s, const char *address,
                                       const struct http_routes *routes, uint16_t *ret_port,
                                       struct err *e)
{
    return listen_tcp(s, address, NULL, routes, ret_port, e);
}

/* A socket that nobody listens on any more gives way; anything else stays. */
static enum err_code clear_path(const struct sockaddr_un *a, struct err *e)
{
    int fd AUTO_CALL(fd_close) = -1;
    struct stat st;

    if (lstat(a->sun_path, &st) != 0)
        return errno == ENOENT ? ERR_OK
                               : err_set(e, ERR_IO, "%s: %s", a->sun_path, strerror(errno));
    if (!S_ISSOCK(st.st_mode))
        return err_set(e, ERR_IO, "%s: exists and is not a socket", a->sun_path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_set(e, ERR_IO, "%s: %s", a->sun_path, strerror(errno));
    if (connect(fd, (const struct sockaddr *)a, sizeof *a) == 0 || errno != ECONNREFUSED)
        return err_set(e, ERR_IO, "%s: another process listens there", a->sun_path);
    return unlink(a->sun_path) == 0 ? ERR_OK
                                    : err_set(e, ERR_IO, "%s: %s", a->sun_path, strerror(errno));
}

enum err_code http_server_listen_unix(http_server *s, const char *path,
                                      const struct http_routes *routes, struct err *e)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd AUTO_CALL(fd_close) = -1, taken;

    if (strlen(path) >= sizeof a.sun_path)
        return err_set(e, ERR_INVALID, "socket path of %zu bytes; at most %zu", strlen(path),
                       sizeof a.sun_path - 1);
    memcpy(a.sun_path, path, strlen(path));
    TRY(clear_path(&a, e));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    /* The mode of the socket before bind is that of its file: there is no moment of another. */
    if (fd < 0 || fchmod(fd, 0600) != 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 ||
        chmod(path, 0600) != 0 || listen(fd, BACKLOG) != 0)
        return err_set(e, ERR_IO, "listen on %s: %s", path, strerror(errno));
    taken = fd;
    fd = -1;
    return add_listener(s, taken, NULL, routes, path, e);
}
