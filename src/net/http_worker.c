/* Threads that run handlers.  A handler's answer is written by its own worker. */
#include "net/server.h"

#define KEEP_MAX 65536 /* memory that a worker keeps for the next answer */

struct worker {
    http_server *server;
    struct http_response answer;
    struct buf out;
};

static struct http_conn *pop(http_server *s)
{
    struct http_conn *c;

    while (sem_wait(&s->queue_some) != 0)
        ; /* a signal */
    pthread_mutex_lock(&s->queue_lock);
    c = s->queue_stop ? NULL : s->queue;
    if (c) {
        s->queue = c->queue_next;
        if (!s->queue)
            s->queue_end = &s->queue;
        s->queue_n--;
    }
    pthread_mutex_unlock(&s->queue_lock);
    return c;
}

bool workers_push(http_server *s, struct http_conn *c)
{
    bool fits;

    pthread_mutex_lock(&s->queue_lock);
    fits = s->queue_n < s->config.queue_max;
    if (fits) {
        c->queue_next = NULL;
        *s->queue_end = c;
        s->queue_end = &c->queue_next;
        s->queue_n++;
    }
    pthread_mutex_unlock(&s->queue_lock);
    if (fits)
        sem_post(&s->queue_some);
    return fits;
}

static void swap(struct buf *a, struct buf *b)
{
    struct buf was = *a;

    *a = *b;
    *b = was;
}

static void wipe(struct buf *b)
{
    if (b->cap > KEEP_MAX)
        buf_done_wipe(b);
    else if (b->p)
        explicit_bzero(b->p, b->n);
    buf_clear(b);
}

/* Back to idle without a word to the loop, when there is nothing left to do. */
static void give_back(struct http_conn *c, enum conn_io io)
{
    uint64_t deadline = clock_ns(&clock_system) + (uint64_t)c->server->config.idle_ms * 1000000;
    bool quiet = io == IO_DONE && c->keep && !conn_has_more(c);

    c->state = io == IO_DONE ? CONN_ANSWERED : io == IO_WAIT ? CONN_WRITING : CONN_DEAD;
    if (quiet) {
        http_parser_next(&c->parser);
        c->began = false;
        c->state = CONN_READING;
    }
    pthread_mutex_lock(&c->lock);
    quiet = quiet && !c->missed && !atomic_load(&c->server->draining);
    if (quiet) {
        c->deadline_ns = deadline;
        c->busy = false;
    }
    pthread_mutex_unlock(&c->lock);
    if (!quiet)
        loop_post(c);
}

static void run(struct worker *w, struct http_conn *c)
{
    const struct http_routes *routes = c->listener->routes;
    struct http_response *r = &w->answer;
    enum conn_io io;
    unsigned status;

    atomic_fetch_add(&w->server->busy, 1);
    response_begin(r);
    c->route->handler(routes->self, &c->request, r);
    if (r->body.bad) {
        response_begin(r);
        answer_refuse(c, 500, "the answer is too large", r);
    }
    status = r->status;
    c->keep = conn_keeps(c, r);
    c->linger = false;
    if (c->out.n == 0)
        swap(&c->out, &w->out);
    answer_compose(c, r, &c->out);
    wipe(&r->body);
    io = c->out.bad ? IO_FAILED : conn_flush(c);
    answer_observe(c, status);
    if (io == IO_DONE) {
        swap(&c->out, &w->out);
        wipe(&w->out);
    }
    atomic_fetch_sub(&w->server->busy, 1);
    give_back(c, io);
}

static void *work(void *self)
{
    http_server *s = self;
    size_t most = s->config.response_max;
    struct worker w = {.server = s,
                       .answer = {.body = BUF(most), .extra = BUF(HTTP_EXTRA_MAX)},
                       .out = BUF(most + HTTP_EXTRA_MAX + 16384)};
    struct http_conn *c;

    while ((c = pop(s)))
        run(&w, c);
    buf_done_wipe(&w.answer.body);
    buf_done(&w.answer.extra);
    buf_done_wipe(&w.out);
    return NULL;
}

enum err_code workers_start(http_server *s, struct err *e)
{
    s->workers = calloc(s->config.workers, sizeof *s->workers);
    if (!s->workers)
        return err_set(e, ERR_NOMEM, "workers");
    for (; s->n_workers < s->config.workers; s->n_workers++)
        TRY(thread_start(&s->workers[s->n_workers], work, s, e));
    return ERR_OK;
}

void workers_stop(http_server *s)
{
    pthread_mutex_lock(&s->queue_lock);
    s->queue_stop = true;
    pthread_mutex_unlock(&s->queue_lock);
    for (unsigned i = 0; i < s->n_workers; i++)
        sem_post(&s->queue_some);
    for (unsigned i = 0; i < s->n_workers; i++)
        pthread_join(s->workers[i], NULL);
    free(s->workers);
    s->workers = NULL;
    s->n_workers = 0;
}
