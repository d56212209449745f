/* server - what the files of the HTTP server share.  Room: net.
 *
 * Private to http_server.c (life), http_loop.c (threads that read and write), http_conn.c (one
 * connection), http_worker.c (threads that run handlers), http_answer.c and http_route.c.
 *
 * Who may touch a connection: its loop, except from the moment it goes to the workers (busy) until
 * a worker gives it back.  A worker writes the answer itself; only what it cannot finish (a slow
 * reader, a closed connection, further bytes that wait) goes through the loop's queue.  So an
 * exchange over keep-alive costs one wake-up.  busy, missed and deadline_ns are under the
 * connection's lock. */
#pragma once
#include <event2/event.h>
#include <event2/event_struct.h>
#include <openssl/err.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include "base/clock.h"
#include "base/codec.h"
#include "net/addr.h"
#include "net/http_server.h"
#include "net/rate.h"

#define READ_SIZE 16384 /* one read of the socket; the largest TLS record */

struct http_listener {
    http_server *server;
    const struct http_routes *routes;
    tls_server *tls; /* NULL: plain */
    char *unix_path; /* NULL: TCP */
    dev_t unix_dev;  /* which file is ours to remove */
    ino_t unix_ino;
    int fd;
    struct event event;
    bool armed;
    struct http_listener *next;
};

enum conn_state {
    CONN_NEW,
    CONN_HANDSHAKE,
    CONN_READING, /* idle while the parser has not started */
    CONN_RUNNING, /* with the workers */
    CONN_WRITING, /* the rest of an answer */
    CONN_ANSWERED,
    CONN_LINGER, /* the last answer is out: bytes that still come are thrown away */
    CONN_DEAD,
};

struct loop;

struct http_conn {
    http_server *server;
    struct loop *loop;
    const struct http_listener *listener;
    int fd;
    SSL *ssl;
    struct event event_read, event_write;
    bool reading, writing; /* the events are armed */

    pthread_mutex_t lock;
    bool busy, missed;
    uint64_t deadline_ns;

    enum conn_state state;
    short want;  /* EV_READ or EV_WRITE, of the last operation that could not go on */
    bool broken; /* no further TLS record may be sent */
    bool began;  /* began_ns and request_id are of the current request */
    uint64_t born_ns, began_ns; /* of the connection; of the request */
    struct http_parser parser;
    struct buf rest; /* bytes of later requests */
    size_t rest_at;
    struct buf out; /* not yet written */
    size_t out_at;
    const struct http_route *route;
    bool keep;   /* after this answer */
    bool linger; /* the client may still be sending */

    char peer[NET_PEER_LEN];
    uint8_t key[NET_KEY_LEN];
    bool counted; /* under key */
    char request_id[33];
    char params[512]; /* NUL-terminated values of the route's parameters */
    struct http_request request;

    struct http_conn *queue_next;           /* of workers, or of the loop's post */
    struct http_conn *list_next, **list_at; /* of the loop's connections */
};

struct loop {
    http_server *server;
    pthread_t thread;
    bool started;
    struct event_base *base;
    struct event wake, sweep;
    int wake_fd;
    struct http_conn *conns; /* loop's thread only */
    bool draining, cutting;  /* loop's thread: done already */
    uint8_t scratch[READ_SIZE];

    pthread_mutex_t lock;
    struct http_conn *posted, **posted_end;
};

struct peer_count;

struct http_server {
    struct http_server_config config;
    struct http_listener *listeners;
    struct loop *loops;
    unsigned n_loops, next_loop;
    rate *limit;
    bool running;
    atomic_bool draining, cutting, stopping;
    atomic_uint open;
    atomic_uint_fast64_t accepted, refused, requests, limited, timeouts, bad, ids;
    atomic_uint busy; /* handlers that run */
    uint8_t id_prefix[8];

    pthread_mutex_t closed_lock;
    pthread_cond_t closed; /* a connection has gone while draining */

    pthread_mutex_t peers_lock;
    struct peer_count **peers;

    pthread_t *workers;
    unsigned n_workers;
    pthread_mutex_t queue_lock;
    sem_t queue_some; /* how many are queued: a condition would make each worker lock twice */
    struct http_conn *queue, **queue_end;
    unsigned queue_n;
    bool queue_stop;
};

/* ---- http_loop.c ---- */
MUST_CHECK enum err_code loop_init(struct loop *l, http_server *s, struct err *e);
MUST_CHECK enum err_code loop_start(struct loop *l, struct err *e);
void loop_wake(struct loop *l);
/* Hand a connection to its loop; any thread. */
void loop_post(struct http_conn *c);
void loop_join(struct loop *l);
void loop_done(struct loop *l);
/* All signals blocked: they are the main thread's, and EPIPE is an error like others. */
MUST_CHECK enum err_code thread_start(pthread_t *ret, void *(*run)(void *), void *self,
                                      struct err *e);

/* ---- http_conn.c ---- */
struct http_conn *conn_new(const struct http_listener *listener, struct loop *loop, int fd,
                           const struct sockaddr *peer);
void conn_free(struct http_conn *c);
/* Something happened: go as far as it goes.  The loop's thread; c may be freed. */
void conn_step(struct http_conn *c);
/* A worker gave it back. */
void conn_resume(struct http_conn *c);
/* Its deadline has passed. */
void conn_expire(struct http_conn *c);
enum conn_io { IO_DONE, IO_WAIT, IO_FAILED };
/* Write c->out as far as it goes; wiped when done.  Whoever has the connection. */
enum conn_io conn_flush(struct http_conn *c);
void conn_set_deadline(struct http_conn *c, unsigned ms);
/* Bytes of a further request are here already. */
bool conn_has_more(const struct http_conn *c);
/* Whether the connection lives on after this answer. */
bool conn_keeps(const struct http_conn *c, const struct http_response *r);
void conn_say_goodbye(struct http_conn *c); /* close_notify */
/* Close it if it is idle: nothing new may begin. */
void conn_drain(struct http_conn *c);

/* ---- http_peers.c ---- */
MUST_CHECK enum err_code peers_init(http_server *s, struct err *e);
void peers_done(http_server *s);
/* Counts c; false: its address has too many. */
bool peers_enter(struct http_conn *c);
void peers_leave(struct http_conn *c);

/* ---- http_worker.c ---- */
MUST_CHECK enum err_code workers_start(http_server *s, struct err *e);
/* False when too many wait. */
bool workers_push(http_server *s, struct http_conn *c);
/* Lets running handlers end; what waits is not begun. */
void workers_stop(http_server *s);

/* ---- http_answer.c ---- */
void response_begin(struct http_response *r);
/* Head and body into out, in one piece. */
void answer_compose(struct http_conn *c, const struct http_response *r, struct buf *out);
/* The body of an answer of our own. */
void answer_refuse(struct http_conn *c, unsigned status, const char *problem,
                   struct http_response *ret);
void answer_observe(struct http_conn *c, unsigned status);
void conn_make_id(struct http_conn *c);

/* ---- http_route.c ---- */
/* 200 and c->route and its parameters; or 404, or 405 with the allowed methods in ret_allow. */
unsigned route_find(struct http_conn *c, char ret_allow[static 64]);
