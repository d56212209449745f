/* One connection: handshake, read, hand to a worker, write, again.  See server.h for who may touch
 * it when. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/server.h"

#define STEPS_MAX 32   /* then other connections have their turn */
#define LINGER_MS 2000 /* for a client to read our last answer while it still sends */

enum step {
    STEP_AGAIN, /* the state has changed: more may be possible at once */
    STEP_WAIT,  /* for c->want */
    STEP_GONE,  /* a worker has it: hands off */
    STEP_DEAD,
};

static void on_event(evutil_socket_t fd, short what, void *self);

/* ---- life ---- */

static bool start_tls(struct http_conn *c)
{
    struct err e;

    if (!c->listener->tls)
        return true;
    return tls_server_session(c->listener->tls, &c->ssl, &e) == ERR_OK &&
           SSL_set_fd(c->ssl, c->fd) == 1;
}

struct http_conn *conn_new(const struct http_listener *listener, struct loop *loop, int fd,
                           const struct sockaddr *peer)
{
    struct http_conn *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->server = listener->server;
    c->loop = loop;
    c->listener = listener;
    c->fd = fd;
    c->born_ns = clock_ns(&clock_system);
    c->rest = BUF(READ_SIZE);
    c->out = BUF(c->server->config.response_max + HTTP_EXTRA_MAX + 16384);
    pthread_mutex_init(&c->lock, NULL);
    http_parser_init(&c->parser);
    net_addr_text(peer, c->peer);
    net_addr_key(peer, c->key);
    event_assign(&c->event_read, loop->base, fd, EV_READ | EV_PERSIST, on_event, c);
    event_assign(&c->event_write, loop->base, fd, EV_WRITE | EV_PERSIST, on_event, c);
    c->request =
        (struct http_request){.head = &c->parser.head,
                              .peer = c->peer,
                              .is_tls = listener->tls != NULL,
                              .is_local = listener->unix_path || net_addr_is_loopback(peer),
                              .request_id = c->request_id,
                              .conn = c};
    if (!start_tls(c)) {
        c->fd = -1; /* the caller's still */
        conn_free(c);
        return NULL;
    }
    return c;
}

static void arm(struct event *event, bool *armed, bool want)
{
    if (*armed == want)
        return;
    *armed = want;
    if (want)
        event_add(event, NULL);
    else
        event_del(event);
}

void conn_free(struct http_conn *c)
{
    if (c->list_at) {
        event_del(&c->event_read); /* it may be active without being armed */
        event_del(&c->event_write);
        *c->list_at = c->list_next;
        if (c->list_next)
            c->list_next->list_at = c->list_at;
    }
    SSL_free(c->ssl);
    if (c->fd >= 0) {
        close(c->fd);
        peers_leave(c);
    }
    http_parser_done(&c->parser);
    buf_done(&c->rest);
    buf_done_wipe(&c->out);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

void conn_set_deadline(struct http_conn *c, unsigned ms)
{
    uint64_t at = clock_ns(&clock_system) + (uint64_t)ms * 1000000;

    pthread_mutex_lock(&c->lock);
    c->deadline_ns = at;
    pthread_mutex_unlock(&c->lock);
}

/* ---- bytes ---- */

/* What an SSL call that did not succeed is waiting for. */
static enum conn_io tls_wait(struct http_conn *c, int result)
{
    switch (SSL_get_error(c->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        c->want = EV_READ;
        return IO_WAIT;
    case SSL_ERROR_WANT_WRITE:
        c->want = EV_WRITE;
        return IO_WAIT;
    default:
        c->broken = true;
        return IO_FAILED;
    }
}

static enum conn_io plain_wait(struct http_conn *c, short want)
{
    if (errno != EAGAIN && errno != EINTR)
        return IO_FAILED;
    c->want = want;
    return IO_WAIT;
}

static enum conn_io conn_read(struct http_conn *c, uint8_t *p, size_t n, size_t *ret_n)
{
    ssize_t got;

    if (c->ssl) {
        ERR_clear_error();
        got = SSL_read(c->ssl, p, (int)n);
        if (got <= 0)
            return tls_wait(c, (int)got);
    } else {
        got = recv(c->fd, p, n, 0);
        if (got < 0)
            return plain_wait(c, EV_READ);
    }
    *ret_n = (size_t)got;
    return got == 0 ? IO_FAILED : IO_DONE;
}

static enum conn_io conn_write(struct http_conn *c, struct bytes b, size_t *ret_n)
{
    ssize_t put;

    if (c->ssl) {
        ERR_clear_error();
        put = SSL_write(c->ssl, b.p, (int)(b.n < 1 << 20 ? b.n : 1 << 20));
        if (put <= 0)
            return tls_wait(c, (int)put);
    } else {
        put = send(c->fd, b.p, b.n, MSG_NOSIGNAL);
        if (put < 0)
            return plain_wait(c, EV_WRITE);
    }
    *ret_n = (size_t)put;
    return IO_DONE;
}

enum conn_io conn_flush(struct http_conn *c)
{
    while (c->out_at < c->out.n) {
        size_t n = 0;
        enum conn_io io =
            conn_write(c, (struct bytes){c->out.p + c->out_at, c->out.n - c->out_at}, &n);

        if (io != IO_DONE)
            return io;
        c->out_at += n;
    }
    if (c->out.n > 0)
        explicit_bzero(c->out.p, c->out.n);
    buf_clear(&c->out);
    c->out_at = 0;
    return IO_DONE;
}

bool conn_has_more(const struct http_conn *c)
{
    return c->rest_at < c->rest.n || (c->ssl && SSL_has_pending(c->ssl));
}

/* Bytes behind the end of a request: they begin the next one. */
static void keep_rest(struct http_conn *c, struct bytes in)
{
    if (c->rest.p && in.p >= c->rest.p && in.p <= c->rest.p + c->rest.n) {
        c->rest_at = (size_t)(in.p - c->rest.p);
    } else if (in.n > 0) {
        buf_clear(&c->rest);
        buf_put(&c->rest, in);
        c->rest_at = 0;
    }
    if (c->rest_at == c->rest.n) {
        buf_done(&c->rest);
        c->rest_at = 0;
    }
}

/* ---- answers of our own ---- */

static bool keep_after(const struct http_conn *c)
{
    uint64_t age = (uint64_t)c->server->config.age_ms * 1000000;

    return c->parser.head.keep_alive && !atomic_load(&c->server->draining) &&
           clock_ns(&clock_system) - c->born_ns < age;
}

bool conn_keeps(const struct http_conn *c, const struct http_response *r)
{
    return keep_after(c) && !r->close;
}

static enum step refuse_with(struct http_conn *c, unsigned status, const char *problem,
                             const char *header, const char *value)
{
    struct http_response r = {.body = BUF(4096), .extra = BUF(HTTP_EXTRA_MAX)};

    response_begin(&r);
    answer_refuse(c, status, problem, &r);
    if (header)
        http_response_header(&r, header, value);
    answer_compose(c, &r, &c->out);
    buf_done(&r.body);
    buf_done(&r.extra);
    answer_observe(c, status);
    c->state = CONN_WRITING;
    conn_set_deadline(c, c->server->config.write_ms);
    return STEP_AGAIN;
}

/* Nothing after this can be trusted, or is wanted. */
static enum step refuse_and_close(struct http_conn *c, unsigned status, const char *problem)
{
    if (!c->began) {
        c->began_ns = clock_ns(&clock_system);
        conn_make_id(c);
    }
    c->keep = false;
    c->linger = true;
    return refuse_with(c, status, problem, NULL, NULL);
}

/* ---- a request ---- */

static bool within_rate(struct http_conn *c, unsigned *ret_retry_s)
{
    if (!c->server->limit || c->listener->unix_path ||
        (c->route && c->route->flags & HTTP_ROUTE_UNLIMITED))
        return true;
    return rate_take(c->server->limit, BYTES(c->key), c->began_ns, ret_retry_s);
}

/* What the listener says of the head alone; 0: nothing against it. */
static unsigned screened(struct http_conn *c, const char **ret_problem)
{
    const struct http_routes *routes = c->listener->routes;

    c->route = NULL;
    c->request.n_params = 0;
    return routes->screen ? routes->screen(routes->self, &c->request, ret_problem) : 0;
}

/* The head is there.  STEP_AGAIN with the state READING: go on with the body. */
static enum step begin_request(struct http_conn *c)
{
    const struct http_head *head = &c->parser.head;
    unsigned status, retry_s = 1;
    const char *problem = NULL;
    char text[64];

    c->began = true;
    c->began_ns = clock_ns(&clock_system);
    conn_make_id(c);
    c->keep = keep_after(c);
    c->linger = head->chunked || head->length > 0;
    status = screened(c, &problem);
    if (status) {
        c->keep = c->keep && !c->linger;
        return refuse_with(c, status, problem, NULL, NULL);
    }
    status = route_find(c, text);
    if (c->linger && status != 200)
        c->keep = false; /* the body is not read */
    if (!within_rate(c, &retry_s)) {
        atomic_fetch_add(&c->server->limited, 1);
        c->keep = c->keep && !c->linger;
        snprintf(text, sizeof text, "%u", retry_s);
        return refuse_with(c, 429, "too many requests from this address", "Retry-After", text);
    }
    if (status == 404)
        return refuse_with(c, 404, "there is nothing at this path", NULL, NULL);
    if (status == 405)
        return refuse_with(c, 405, "this path has no such method", "Allow", text);
    c->parser.body_max = c->route->body_max;
    return STEP_AGAIN;
}

/* A client that waits for leave to send gets it, unless what it announced is refused anyway. */
static void allow_body(struct http_conn *c)
{
    if (c->parser.head.expect_continue && c->parser.head.length <= c->parser.body_max)
        buf_put_str(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
}

static enum step dispatch(struct http_conn *c)
{
    c->request.body = buf_bytes(&c->parser.body);
    atomic_fetch_add(&c->server->requests, 1);
    arm(&c->event_read, &c->reading, true); /* for the time after, if the worker says nothing */
    arm(&c->event_write, &c->writing, false);
    pthread_mutex_lock(&c->lock);
    c->busy = true;
    c->missed = false;
    pthread_mutex_unlock(&c->lock);
    c->state = CONN_RUNNING;
    if (workers_push(c->server, c))
        return STEP_GONE;
    pthread_mutex_lock(&c->lock);
    c->busy = false;
    pthread_mutex_unlock(&c->lock);
    atomic_fetch_add(&c->server->limited, 1);
    c->linger = false;
    return refuse_with(c, 503, "too many requests are waiting", "Retry-After", "1");
}

static enum step consume(struct http_conn *c, struct bytes in)
{
    bool fresh = !http_parser_started(&c->parser), head_now = false;

    for (;;) {
        size_t used = 0;
        enum http_progress progress = http_parser_feed(&c->parser, in, &used);

        in.p += used;
        in.n -= used;
        switch (progress) {
        case HTTP_MORE:
            keep_rest(c, in);
            if (head_now) {
                allow_body(c);
                conn_set_deadline(c, c->server->config.body_ms);
            } else if (fresh) {
                conn_set_deadline(c, c->server->config.header_ms);
            }
            return STEP_AGAIN;
        case HTTP_HEAD:
            head_now = true;
            (void)begin_request(c);
            if (c->state != CONN_READING) {
                keep_rest(c, in);
                return STEP_AGAIN;
            }
            break;
        case HTTP_COMPLETE:
            keep_rest(c, in);
            return dispatch(c);
        case HTTP_BAD:
            atomic_fetch_add(&c->server->bad, 1);
            return refuse_and_close(c, c->parser.status, c->parser.problem);
        }
    }
}

/* ---- states ---- */

static bool is_idle(const struct http_conn *c)
{
    return c->state == CONN_READING && !http_parser_started(&c->parser) && c->rest.n == 0;
}

static enum step step_new(struct http_conn *c)
{
    c->list_next = c->loop->conns;
    c->list_at = &c->loop->conns;
    if (c->list_next)
        c->list_next->list_at = &c->list_next;
    c->loop->conns = c;
    c->state = c->ssl ? CONN_HANDSHAKE : CONN_READING;
    conn_set_deadline(c, c->ssl ? c->server->config.handshake_ms : c->server->config.idle_ms);
    return STEP_AGAIN;
}

static enum step step_handshake(struct http_conn *c)
{
    int result;

    ERR_clear_error();
    result = SSL_accept(c->ssl);
    if (result != 1)
        return tls_wait(c, result) == IO_WAIT ? STEP_WAIT : STEP_DEAD;
    c->state = CONN_READING;
    conn_set_deadline(c, c->server->config.idle_ms);
    return STEP_AGAIN;
}

static enum step step_reading(struct http_conn *c)
{
    enum conn_io io = conn_flush(c); /* 100 Continue */
    size_t n = 0;

    if (io != IO_DONE)
        return io == IO_WAIT ? STEP_WAIT : STEP_DEAD;
    if (c->rest_at < c->rest.n)
        return consume(c, (struct bytes){c->rest.p + c->rest_at, c->rest.n - c->rest_at});
    io = conn_read(c, c->loop->scratch, READ_SIZE, &n);
    if (io == IO_FAILED || (io == IO_WAIT && atomic_load(&c->server->draining) && is_idle(c)))
        return STEP_DEAD;
    return io == IO_WAIT ? STEP_WAIT : consume(c, (struct bytes){c->loop->scratch, n});
}

/* The answer is out. */
static enum step step_answered(struct http_conn *c)
{
    if (c->keep) {
        http_parser_next(&c->parser);
        c->began = false;
        c->state = CONN_READING;
        conn_set_deadline(c, c->server->config.idle_ms);
        return STEP_AGAIN;
    }
    conn_say_goodbye(c);
    if (!c->linger)
        return STEP_DEAD;
    /* Closing now would reset the connection and could take our answer from the client. */
    shutdown(c->fd, SHUT_WR);
    c->state = CONN_LINGER;
    conn_set_deadline(c, LINGER_MS);
    return STEP_AGAIN;
}

static enum step step_writing(struct http_conn *c)
{
    enum conn_io io = conn_flush(c);

    if (io != IO_DONE)
        return io == IO_WAIT ? STEP_WAIT : STEP_DEAD;
    c->state = CONN_ANSWERED;
    return STEP_AGAIN;
}

static enum step step_linger(struct http_conn *c)
{
    ssize_t n = recv(c->fd, c->loop->scratch, READ_SIZE, 0);

    if (n > 0)
        return STEP_AGAIN;
    return n < 0 && plain_wait(c, EV_READ) == IO_WAIT ? STEP_WAIT : STEP_DEAD;
}

static enum step step(struct http_conn *c)
{
    switch (c->state) {
    case CONN_NEW:
        return step_new(c);
    case CONN_HANDSHAKE:
        return step_handshake(c);
    case CONN_READING:
        return step_reading(c);
    case CONN_WRITING:
        return step_writing(c);
    case CONN_ANSWERED:
        return step_answered(c);
    case CONN_LINGER:
        return step_linger(c);
    case CONN_RUNNING:
    case CONN_DEAD:
        break;
    }
    return STEP_DEAD;
}

void conn_step(struct http_conn *c)
{
    enum step next = STEP_AGAIN;

    for (int i = 0; i < STEPS_MAX && next == STEP_AGAIN; i++)
        next = step(c);
    switch (next) {
    case STEP_GONE:
        return;
    case STEP_DEAD:
        conn_free(c);
        return;
    case STEP_AGAIN: /* there is more, but not now */
        event_active(&c->event_read, EV_READ, 1);
        return;
    case STEP_WAIT:
        arm(&c->event_read, &c->reading, c->want == EV_READ);
        arm(&c->event_write, &c->writing, c->want == EV_WRITE);
        return;
    }
}

static void on_event(evutil_socket_t fd, short what, void *self)
{
    struct http_conn *c = self;
    bool busy;

    (void)fd;
    (void)what;
    pthread_mutex_lock(&c->lock);
    busy = c->busy;
    c->missed = c->missed || busy;
    pthread_mutex_unlock(&c->lock);
    if (!busy) {
        conn_step(c);
        return;
    }
    arm(&c->event_read, &c->reading, false);
    arm(&c->event_write, &c->writing, false);
}

void conn_resume(struct http_conn *c)
{
    pthread_mutex_lock(&c->lock);
    c->busy = false;
    pthread_mutex_unlock(&c->lock);
    if (c->state == CONN_WRITING)
        conn_set_deadline(c, c->server->config.write_ms);
    conn_step(c);
}

void conn_say_goodbye(struct http_conn *c)
{
    if (c->ssl && !c->broken && SSL_is_init_finished(c->ssl)) {
        ERR_clear_error();
        (void)SSL_shutdown(c->ssl);
    }
    c->broken = true;
}

void conn_expire(struct http_conn *c)
{
    if (is_idle(c) || c->state == CONN_LINGER) {
        conn_say_goodbye(c);
        conn_free(c);
        return;
    }
    atomic_fetch_add(&c->server->timeouts, 1);
    if (c->state != CONN_READING) {
        conn_free(c);
        return;
    }
    (void)refuse_and_close(c, 408, "the request did not arrive in time");
    conn_step(c);
}

void conn_drain(struct http_conn *c)
{
    if (!is_idle(c))
        return;
    conn_say_goodbye(c);
    conn_free(c);
}
