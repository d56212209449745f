/* The PCS as an origin: clients belong to one thread at a time, so idle ones are lent. */
#include "attest/collateral_origin.h"

#include <pthread.h>

#define IDLE_MAX 2

struct service {
    pthread_mutex_t lock;
    pcs *idle[IDLE_MAX];
    char *url;
    struct buf ca_pem;
    enum pcs_update update;
};

static pcs *borrow(struct service *s)
{
    pcs *p = NULL;

    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < IDLE_MAX && !p; i++)
        p = TAKE(s->idle[i]);
    pthread_mutex_unlock(&s->lock);
    return p;
}

static void give_back(struct service *s, pcs *p)
{
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < IDLE_MAX && p; i++)
        if (!s->idle[i])
            s->idle[i] = TAKE(p);
    pthread_mutex_unlock(&s->lock);
    if (p)
        pcs_free(p);
}

static enum err_code get(void *self, enum collateral_kind kind, const struct collateral_query *q,
                         unsigned ms, struct collateral_text *ret, struct err *e)
{
    struct service *s = self;
    const struct pcs_config config = {.url = s->url, .ca_pem = buf_bytes(&s->ca_pem)};
    struct pcs_ask ask = {.tee = q->tee, .ca = q->ca, .update = s->update};
    pcs *p = borrow(s);
    enum err_code rc;

    memcpy(ask.fmspc, q->fmspc, sizeof ask.fmspc);
    if (!p)
        TRY(pcs_new(&config, &p, e));
    rc = pcs_get(p, kind, &ask, ms, ret, e);
    give_back(s, p);
    return rc;
}

static void service_free(struct service *s)
{
    for (size_t i = 0; i < IDLE_MAX; i++)
        if (s->idle[i])
            pcs_free(s->idle[i]);
    pthread_mutex_destroy(&s->lock);
    buf_done(&s->ca_pem);
    free(s->url);
    free(s);
}
typedef struct service service;
DEFINE_AUTO(service, service_free);

static void done(void *self)
{
    service_free(self);
}

enum err_code collateral_origin_pcs(const struct pcs_config *config, enum pcs_update update,
                                    struct collateral_origin *ret, struct err *e)
{
    AUTO(service) s = calloc(1, sizeof *s);

    if (!s)
        return err_set(e, ERR_NOMEM, "collateral service");
    pthread_mutex_init(&s->lock, NULL);
    s->update = update;
    s->ca_pem = BUF(1 << 20);
    buf_put(&s->ca_pem, config->ca_pem);
    TRY(buf_check(&s->ca_pem, e));
    s->url = strdup(config->url ? config->url : PCS_URL);
    if (!s->url)
        return err_set(e, ERR_NOMEM, "collateral service");
    TRY(pcs_new(config, &s->idle[0], e)); /* a wrong address is refused at the start */
    *ret = (struct collateral_origin){.get = get, .done = done, .name = s->url};
    ret->self = TAKE(s);
    return ERR_OK;
}
