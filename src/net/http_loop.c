/* The threads that wait for sockets: accept, wake, deadlines. */
#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "net/server.h"

#define ACCEPT_MAX 64 /* of one listener, then others have their turn */

enum err_code thread_start(pthread_t *ret, void *(*run)(void *), void *self, struct err *e)
{
    sigset_t all, was;
    int failed;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &was);
    failed = pthread_create(ret, NULL, run, self);
    pthread_sigmask(SIG_SETMASK, &was, NULL);
    return failed ? err_set(e, ERR_IO, "start a thread: %s", strerror(failed)) : ERR_OK;
}

/* ---- accept ---- */

static void admit(struct http_listener *l, int fd, const struct sockaddr *peer)
{
    http_server *s = l->server;
    struct loop *loop = &s->loops[s->next_loop++ % s->n_loops];
    struct http_conn *c = NULL;

    if (atomic_load(&s->open) < s->config.connections_max && !atomic_load(&s->draining))
        c = conn_new(l, loop, fd, peer);
    if (c && !peers_enter(c)) {
        c->fd = -1;
        conn_free(c);
        c = NULL;
    }
    if (!c) {
        atomic_fetch_add(&s->refused, 1);
        close(fd);
        return;
    }
    atomic_fetch_add(&s->accepted, 1);
    if (loop == &s->loops[0])
        conn_step(c);
    else
        loop_post(c);
}

static void on_accept(evutil_socket_t listening, short what, void *self)
{
    struct http_listener *l = self;

    (void)what;
    for (int i = 0; i < ACCEPT_MAX; i++) {
        struct sockaddr_storage peer = {0};
        socklen_t n = sizeof peer;
        int fd = accept4(listening, (struct sockaddr *)&peer, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            admit(l, fd, (struct sockaddr *)&peer);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            event_del(&l->event); /* until the next sweep: it would call us without end */
            l->armed = false;
            return;
        } else if (errno != ECONNABORTED && errno != EINTR) {
            return;
        }
    }
}

static void arm_listeners(http_server *s, bool want)
{
    for (struct http_listener *l = s->listeners; l; l = l->next) {
        if (l->armed == want)
            continue;
        l->armed = want;
        if (want)
            event_add(&l->event, NULL);
        else
            event_del(&l->event);
    }
}

/* ---- wake ---- */

void loop_wake(struct loop *l)
{
    uint64_t one = 1;

    (void)!write(l->wake_fd, &one, sizeof one);
}

void loop_post(struct http_conn *c)
{
    struct loop *l = c->loop;
    bool first;

    c->queue_next = NULL;
    pthread_mutex_lock(&l->lock);
    first = l->posted == NULL;
    *l->posted_end = c;
    l->posted_end = &c->queue_next;
    pthread_mutex_unlock(&l->lock);
    if (first)
        loop_wake(l);
}

static struct http_conn *take_posted(struct loop *l)
{
    struct http_conn *c;

    pthread_mutex_lock(&l->lock);
    c = l->posted;
    l->posted = NULL;
    l->posted_end = &l->posted;
    pthread_mutex_unlock(&l->lock);
    return c;
}

static bool is_busy(struct http_conn *c)
{
    bool busy;

    pthread_mutex_lock(&c->lock);
    busy = c->busy;
    pthread_mutex_unlock(&c->lock);
    return busy;
}

static void drain(struct loop *l)
{
    struct http_conn *next;

    if (l == &l->server->loops[0])
        arm_listeners(l->server, false);
    for (struct http_conn *c = l->conns; c; c = next) {
        next = c->list_next;
        if (!is_busy(c))
            conn_drain(c);
    }
}

static void cut(struct loop *l)
{
    struct http_conn *next;

    for (struct http_conn *c = l->conns; c; c = next) {
        next = c->list_next;
        if (is_busy(c))
            shutdown(c->fd, SHUT_RDWR); /* its worker finds out, and gives it back */
        else
            conn_free(c);
    }
}

static void on_wake(evutil_socket_t fd, short what, void *self)
{
    struct loop *l = self;
    struct http_conn *next;
    uint64_t n;

    (void)what;
    (void)!read(fd, &n, sizeof n);
    for (struct http_conn *c = take_posted(l); c; c = next) {
        next = c->queue_next;
        conn_resume(c);
    }
    if (atomic_load(&l->server->draining) && !l->draining) {
        l->draining = true;
        drain(l);
    }
    if (atomic_load(&l->server->cutting) && !l->cutting) {
        l->cutting = true;
        cut(l);
    }
    if (atomic_load(&l->server->stopping))
        event_base_loopbreak(l->base);
}

/* ---- deadlines ---- */

/* One look at every connection now and then costs less than a timer for each request. */
static void on_sweep(evutil_socket_t fd, short what, void *self)
{
    struct loop *l = self;
    uint64_t now = clock_ns(&clock_system);
    struct http_conn *next;

    (void)fd;
    (void)what;
    for (struct http_conn *c = l->conns; c; c = next) {
        bool late;

        next = c->list_next;
        pthread_mutex_lock(&c->lock);
        late = !c->busy && now > c->deadline_ns;
        pthread_mutex_unlock(&c->lock);
        if (late)
            conn_expire(c);
    }
    if (l == &l->server->loops[0] && !atomic_load(&l->server->draining))
        arm_listeners(l->server, true);
}

static struct timeval sweep_period(const struct http_server_config *c)
{
    unsigned of[] = {c->handshake_ms, c->header_ms, c->body_ms, c->idle_ms, c->write_ms}, ms = 2500;

    for (size_t i = 0; i < sizeof of / sizeof *of; i++)
        ms = of[i] < ms ? of[i] : ms;
    ms = ms / 10 < 5 ? 5 : ms / 10;
    return (struct timeval){.tv_usec = ms * 1000};
}

/* ---- life ---- */

enum err_code loop_init(struct loop *l, http_server *s, struct err *e)
{
    struct event_config *config = event_config_new();

    l->server = s;
    l->posted_end = &l->posted;
    pthread_mutex_init(&l->lock, NULL);
    l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (config) {
        /* Only the loop's own thread touches its base. */
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
        l->base = event_base_new_with_config(config);
        event_config_free(config);
    }
    if (!l->base || l->wake_fd < 0)
        return err_set(e, ERR_IO, "event loop: %s", strerror(errno));
    event_assign(&l->wake, l->base, l->wake_fd, EV_READ | EV_PERSIST, on_wake, l);
    event_assign(&l->sweep, l->base, -1, EV_PERSIST, on_sweep, l);
    return ERR_OK;
}

static void *loop_run(void *self)
{
    struct loop *l = self;

    event_base_dispatch(l->base);
    return NULL;
}

enum err_code loop_start(struct loop *l, struct err *e)
{
    struct timeval period = sweep_period(&l->server->config);

    event_add(&l->wake, NULL);
    event_add(&l->sweep, &period);
    if (l == &l->server->loops[0]) {
        for (struct http_listener *at = l->server->listeners; at; at = at->next)
            event_assign(&at->event, l->base, at->fd, EV_READ | EV_PERSIST, on_accept, at);
        arm_listeners(l->server, true);
    }
    TRY(thread_start(&l->thread, loop_run, l, e));
    l->started = true;
    return ERR_OK;
}

void loop_join(struct loop *l)
{
    if (l->started)
        pthread_join(l->thread, NULL);
    l->started = false;
}

void loop_done(struct loop *l)
{
    struct http_conn *c;

    while ((c = take_posted(l))) {
        struct http_conn *next;

        for (; c; c = next) { /* those that no loop has seen; others are in the list too */
            next = c->queue_next;
            if (!c->list_at)
                conn_free(c);
        }
    }
    while (l->conns)
        conn_free(l->conns);
    if (l->base)
        event_base_free(l->base);
    if (l->wake_fd >= 0)
        close(l->wake_fd);
    pthread_mutex_destroy(&l->lock);
}
