/* How many connections there are, in all and from each address. */
#include "net/server.h"

#define SLOTS 1024

struct peer_count {
    uint8_t key[NET_KEY_LEN];
    unsigned n;
    struct peer_count *next;
};

enum err_code peers_init(http_server *s, struct err *e)
{
    s->peers = calloc(SLOTS, sizeof *s->peers);
    return s->peers ? ERR_OK : err_set(e, ERR_NOMEM, "table of peers");
}

/* Every entry stands for a connection, so chains are short as long as those are few. */
static struct peer_count **find(http_server *s, const uint8_t *key)
{
    struct peer_count **at;
    uint64_t h = 0;

    for (size_t i = 0; i < NET_KEY_LEN; i++)
        h = (h ^ key[i] ^ s->id_prefix[i % sizeof s->id_prefix]) * 0x9e3779b97f4a7c15u;
    for (at = &s->peers[(h >> 32) % SLOTS]; *at; at = &(*at)->next)
        if (memcmp((*at)->key, key, NET_KEY_LEN) == 0)
            break;
    return at;
}

static bool count(http_server *s, const uint8_t *key)
{
    struct peer_count **at = find(s, key);

    if (!*at) {
        *at = calloc(1, sizeof **at);
        if (!*at)
            return false;
        memcpy((*at)->key, key, NET_KEY_LEN);
    }
    if ((*at)->n >= s->config.connections_peer)
        return false;
    (*at)->n++;
    return true;
}

bool peers_enter(struct http_conn *c)
{
    http_server *s = c->server;
    bool fine = true;

    if (!c->listener->unix_path) {
        pthread_mutex_lock(&s->peers_lock);
        fine = count(s, c->key);
        pthread_mutex_unlock(&s->peers_lock);
        c->counted = fine;
    }
    if (fine)
        atomic_fetch_add(&s->open, 1);
    return fine;
}

void peers_leave(struct http_conn *c)
{
    http_server *s = c->server;
    struct peer_count **at, *gone;

    if (c->counted) {
        pthread_mutex_lock(&s->peers_lock);
        at = find(s, c->key);
        gone = *at;
        if (gone && --gone->n == 0) {
            *at = gone->next;
            free(gone);
        }
        pthread_mutex_unlock(&s->peers_lock);
    }
    if (atomic_fetch_sub(&s->open, 1) == 1 && atomic_load(&s->draining)) {
        pthread_mutex_lock(&s->closed_lock);
        pthread_cond_broadcast(&s->closed);
        pthread_mutex_unlock(&s->closed_lock);
    }
}

void peers_done(http_server *s)
{
    free(s->peers); /* all connections are gone, and with them the entries */
    s->peers = NULL;
}
