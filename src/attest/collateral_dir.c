#include "attest/collateral_dir.h"

#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include "base/fs.h"

#define ANSWERS_KEPT 64
#define NS_PER_S     1000000000u

/* What was found for one platform; floors never go down while the process lives. */
struct answer {
    struct collateral_query query;
    struct collateral found;
    uint64_t at_ns;
    uint32_t floor[COLLATERAL_KINDS];
};

struct collateral_dir {
    char path[PATH_MAX / 2];
    const struct attest_roots *roots;
    collateral_cache *cache;
    const struct clock *clock;
    struct collateral_source source;
    pthread_mutex_t lock; /* of what follows; not held while files are read */
    size_t n, next;
    struct answer kept[ANSWERS_KEPT];
};

static bool same_query(const struct collateral_query *a, const struct collateral_query *b)
{
    return a->tee == b->tee && a->ca == b->ca && a->root == b->root &&
           bytes_eq(BYTES(a->fmspc), BYTES(b->fmspc));
}

static void share(const struct collateral *from, struct collateral *ret)
{
    *ret = *from;
    for (size_t k = 0; k < COLLATERAL_KINDS; k++)
        if (ret->part[k])
            collateral_object_ref(ret->part[k]);
}

/* ---- the folder ---- */

static bool is_bundle(const char *name)
{
    size_t n = strlen(name);

    return n > 5 && n < 200 && name[0] != '.' && strcmp(name + n - 5, ".json") == 0;
}

static bool about(const struct collateral *c, const struct collateral_query *q)
{
    const collateral_object *info = c->part[COLLATERAL_TCB_INFO];

    return info && info->root == q->root && info->tcb_info.tee == q->tee &&
           bytes_eq(BYTES(info->tcb_info.fmspc), BYTES(q->fmspc));
}

static bool newer(const struct collateral *a, const struct collateral *b)
{
    const collateral_object *old = b->part[COLLATERAL_TCB_INFO];

    return !old || a->part[COLLATERAL_TCB_INFO]->issued > old->issued;
}

/* One that is no bundle is passed over: others of the folder may still serve. */
static void consider(const collateral_dir *d, const char *name, const struct collateral_query *q,
                     struct collateral *best)
{
    struct collateral_bundle bundle AUTO_CALL(collateral_bundle_done) = {0};
    struct buf text AUTO_CALL(buf_done) = BUF(COLLATERAL_BUNDLE_MAX);
    struct collateral c AUTO_CALL(collateral_done) = {0};
    char path[sizeof d->path + 256];
    struct err ignored;

    snprintf(path, sizeof path, "%s/%s", d->path, name);
    if (fs_read(path, &text, &ignored) != ERR_OK ||
        collateral_bundle_decode(buf_bytes(&text), &bundle, &ignored) != ERR_OK)
        return;
    collateral_of_bundle(&bundle, d->roots, d->cache, &c);
    if (!about(&c, q) || !newer(&c, best))
        return;
    collateral_done(best);
    *best = c;
    c = (struct collateral){0};
}

static bool look(const collateral_dir *d, const struct collateral_query *q, struct collateral *ret)
{
    DIR *dir = opendir(d->path);
    const struct dirent *entry;
    size_t n = 0;

    if (!dir)
        return false;
    while ((entry = readdir(dir)) && n < COLLATERAL_DIR_FILES_MAX)
        if (is_bundle(entry->d_name)) {
            consider(d, entry->d_name, q, ret);
            n++;
        }
    closedir(dir);
    return ret->part[COLLATERAL_TCB_INFO] != NULL;
}

/* ---- what is kept ---- */

static struct answer *find(collateral_dir *d, const struct collateral_query *q)
{
    for (size_t i = 0; i < d->n; i++)
        if (same_query(&d->kept[i].query, q))
            return &d->kept[i];
    return NULL;
}

static void raise(struct answer *a, enum collateral_kind k, uint32_t number)
{
    if (number > a->floor[k])
        a->floor[k] = number;
}

static void keep(collateral_dir *d, const struct collateral_query *q, const struct collateral *c,
                 uint64_t now_ns)
{
    struct collateral old AUTO_CALL(collateral_done) = {0};
    const collateral_object *qe = c->part[COLLATERAL_QE_IDENTITY];
    struct answer *a;

    pthread_mutex_lock(&d->lock);
    a = find(d, q);
    if (!a) {
        a = &d->kept[d->next];
        d->next = (d->next + 1) % ANSWERS_KEPT;
        if (d->n < ANSWERS_KEPT)
            d->n++;
        old = a->found;
        *a = (struct answer){.query = *q};
    } else {
        old = a->found;
    }
    share(c, &a->found);
    a->at_ns = now_ns;
    raise(a, COLLATERAL_TCB_INFO, c->part[COLLATERAL_TCB_INFO]->tcb_info.evaluation_number);
    if (qe)
        raise(a, COLLATERAL_QE_IDENTITY, qe->qe_identity.evaluation_number);
    pthread_mutex_unlock(&d->lock);
}

/* fresh_only: not one that should be looked for again. */
static bool known(collateral_dir *d, const struct collateral_query *q, uint64_t now_ns,
                  bool fresh_only, struct collateral *ret)
{
    const struct answer *a;
    bool yes;

    pthread_mutex_lock(&d->lock);
    a = find(d, q);
    yes = a && (!fresh_only || now_ns - a->at_ns < (uint64_t)COLLATERAL_DIR_AGAIN_S * NS_PER_S);
    if (yes)
        share(&a->found, ret);
    pthread_mutex_unlock(&d->lock);
    return yes;
}

static void get(void *self, const struct collateral_query *q, int64_t now, struct collateral *ret)
{
    collateral_dir *d = self;
    const uint64_t now_ns = clock_ns(d->clock);
    struct collateral found AUTO_CALL(collateral_done) = {0}, had AUTO_CALL(collateral_done) = {0};

    (void)now;
    if (known(d, q, now_ns, true, ret))
        return;
    (void)known(d, q, now_ns, false, &had);
    /* Older than what is held is somebody's mistake, or worse. */
    if (look(d, q, &found) && (!had.part[COLLATERAL_TCB_INFO] || newer(&found, &had)))
        keep(d, q, &found, now_ns);
    else if (had.part[COLLATERAL_TCB_INFO])
        keep(d, q, &had, now_ns);
    if (!known(d, q, now_ns, false, ret))
        *ret = (struct collateral){0};
}

static uint32_t least(void *self, const struct collateral_query *q, enum collateral_kind kind)
{
    collateral_dir *d = self;
    const struct answer *a;
    uint32_t number = 0;

    pthread_mutex_lock(&d->lock);
    a = find(d, q);
    if (a)
        number = a->floor[kind];
    pthread_mutex_unlock(&d->lock);
    return number;
}

enum err_code collateral_dir_new(const char *path, const struct attest_roots *roots,
                                 collateral_cache *cache, const struct clock *clock,
                                 collateral_dir **ret, struct err *e)
{
    AUTO(collateral_dir) d = calloc(1, sizeof *d);
    DIR *dir;

    if (!d)
        return err_set(e, ERR_NOMEM, "collateral");
    pthread_mutex_init(&d->lock, NULL);
    d->roots = roots;
    d->cache = cache;
    d->clock = clock;
    d->source = (struct collateral_source){get, least, d};
    if (snprintf(d->path, sizeof d->path, "%s", path) >= (int)sizeof d->path)
        return err_set(e, ERR_INVALID, "a path of %zu bytes", strlen(path));
    dir = opendir(path);
    if (!dir)
        return err_set(e, ERR_IO, "folder of collateral %s: cannot be read", path);
    closedir(dir);
    *ret = TAKE(d);
    return ERR_OK;
}

void collateral_dir_free(collateral_dir *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->n; i++)
        collateral_done(&d->kept[i].found);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

const struct collateral_source *collateral_dir_source(const collateral_dir *d)
{
    return &d->source;
}
