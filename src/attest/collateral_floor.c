#include "attest/collateral_floor.h"

#include <pthread.h>

#include "base/fs.h"

#define STATE_MAX (COLLATERAL_FLOORS_MAX * 256)
#define VERSION   1

struct floor {
    const struct attest_root *root;
    enum collateral_kind kind;
    enum quote_tee tee;
    uint8_t fmspc[6]; /* zero for the QE identity, which is one for all platforms */
    uint32_t number;
};

struct collateral_floors {
    pthread_mutex_t lock;
    char *path;
    struct floor list[COLLATERAL_FLOORS_MAX];
    size_t n;
    bool saving, changed; /* somebody writes the file; it is old again */
    struct err saved;
};

/* ---- the table ---- */

static bool has_numbers(enum collateral_kind kind)
{
    return kind == COLLATERAL_TCB_INFO || kind == COLLATERAL_QE_IDENTITY;
}

static struct floor key_of(const struct collateral_query *q, enum collateral_kind kind)
{
    struct floor key = {.root = q->root, .kind = kind, .tee = q->tee};

    if (kind == COLLATERAL_TCB_INFO)
        memcpy(key.fmspc, q->fmspc, sizeof key.fmspc);
    return key;
}

static struct floor *find(collateral_floors *f, const struct floor *key)
{
    for (size_t i = 0; i < f->n; i++) {
        struct floor *x = &f->list[i];

        if (x->root == key->root && x->kind == key->kind && x->tee == key->tee &&
            bytes_eq(BYTES(x->fmspc), BYTES(key->fmspc)))
            return x;
    }
    return NULL;
}

uint32_t collateral_floor(collateral_floors *f, const struct collateral_query *q,
                          enum collateral_kind kind)
{
    const struct floor key = key_of(q, kind);
    const struct floor *x;
    uint32_t number;

    if (!has_numbers(kind))
        return 0;
    pthread_mutex_lock(&f->lock);
    x = find(f, &key);
    number = x ? x->number : 0;
    pthread_mutex_unlock(&f->lock);
    return number;
}

/* With the lock held. */
static enum err_code raise_one(collateral_floors *f, const struct floor *key, struct err *e)
{
    struct floor *x = find(f, key);

    if (!x && f->n == COLLATERAL_FLOORS_MAX)
        return err_set(e, ERR_TOO_LARGE, "evaluation numbers of %d platforms are known already",
                       COLLATERAL_FLOORS_MAX);
    if (!x) {
        x = &f->list[f->n++];
        *x = *key;
        f->changed = true;
    } else if (key->number > x->number) {
        x->number = key->number;
        f->changed = true;
    }
    return ERR_OK;
}

/* ---- the state file ---- */

static const char *kind_word(enum collateral_kind kind)
{
    return kind == COLLATERAL_TCB_INFO ? "tcb_info" : "qe_identity";
}

static enum err_code encode_one(const struct floor *x, json *list, struct err *e)
{
    AUTO(json) o = NULL;

    TRY(json_new_object(&o, e));
    TRY(json_put_str(o, "root", x->root->label, e));
    TRY(json_put_str(o, "kind", kind_word(x->kind), e));
    TRY(json_put_str(o, "tee", x->tee == QUOTE_TEE_TDX ? "tdx" : "sgx", e));
    TRY(json_put_hex(o, "fmspc", BYTES(x->fmspc), e));
    TRY(json_put_u64(o, "number", x->number, e));
    return json_append(list, TAKE(o), e);
}

static enum err_code encode(const struct floor *list, size_t n, struct buf *ret, struct err *e)
{
    AUTO(json) floors = NULL;
    AUTO(json) o = NULL;

    TRY(json_new_object(&o, e));
    TRY(json_put_u64(o, "version", VERSION, e));
    TRY(json_new_array(&floors, e));
    for (size_t i = 0; i < n; i++)
        TRY(encode_one(&list[i], floors, e));
    TRY(json_put(o, "floors", TAKE(floors), e));
    return json_write(o, JSON_PRETTY, ret, e);
}

static enum err_code one_of(const json *o, const char *member, const char *a, const char *b,
                            bool *ret_is_a, struct err *e)
{
    const char *word;

    TRY(json_get_str(o, member, 32, &word, e));
    if (strcmp(word, a) != 0 && strcmp(word, b) != 0)
        return err_set(e, ERR_INVALID, "member \"%s\": expected \"%s\" or \"%s\"", member, a, b);
    *ret_is_a = strcmp(word, a) == 0;
    return ERR_OK;
}

static enum err_code decode_one(collateral_floors *f, const json *o,
                                const struct attest_roots *roots, struct err *e)
{
    static const char *const members[] = {"root", "kind", "tee", "fmspc", "number", NULL};
    struct floor key = {0};
    const char *label;
    uint64_t number;
    bool info, tdx;

    TRY(json_only(o, members, e));
    TRY(json_get_str(o, "root", 256, &label, e));
    TRY(one_of(o, "kind", "tcb_info", "qe_identity", &info, e));
    TRY(one_of(o, "tee", "tdx", "sgx", &tdx, e));
    TRY(json_get_hex(o, "fmspc", key.fmspc, sizeof key.fmspc, e));
    TRY(json_get_u64(o, "number", UINT32_MAX, &number, e));
    key.kind = info ? COLLATERAL_TCB_INFO : COLLATERAL_QE_IDENTITY;
    key.tee = tdx ? QUOTE_TEE_TDX : QUOTE_TEE_SGX;
    key.number = (uint32_t)number;
    for (size_t i = 0; i < roots->n; i++)
        if (strcmp(roots->list[i].label, label) == 0)
            key.root = &roots->list[i];
    return key.root ? raise_one(f, &key, e) : ERR_OK; /* of a root that another build has */
}

static enum err_code decode(collateral_floors *f, struct bytes text,
                            const struct attest_roots *roots, struct err *e)
{
    AUTO(json) o = NULL;
    const json *list;
    uint64_t version;

    TRY(json_parse(text, STATE_MAX, &o, e));
    TRY(json_get_u64(o, "version", UINT32_MAX, &version, e));
    if (version != VERSION)
        return err_set(e, ERR_INVALID, "version %llu, expected %d", (unsigned long long)version,
                       VERSION);
    TRY(json_get_array(o, "floors", &list, e));
    for (size_t i = 0; i < json_len(list); i++)
        TRY(decode_one(f, json_at(list, i), roots, e));
    return ERR_OK;
}

/* One writer at a time, and without the lock: who comes meanwhile leaves `changed`. */
static void save(collateral_floors *f)
{
    struct floor *copy = NULL;

    pthread_mutex_lock(&f->lock);
    while (f->path && f->changed && !f->saving) {
        struct buf text AUTO_CALL(buf_done) = BUF(STATE_MAX);
        struct err e = {0};
        size_t n = f->n;

        f->saving = true;
        f->changed = false;
        copy = malloc((n + 1) * sizeof *copy);
        if (copy)
            memcpy(copy, f->list, n * sizeof *copy);
        pthread_mutex_unlock(&f->lock);
        if (!copy)
            err_set(&e, ERR_NOMEM, "evaluation numbers");
        else if (encode(copy, n, &text, &e) == ERR_OK &&
                 fs_write_atomic(f->path, buf_bytes(&text), 0600, &e) == ERR_OK)
            e = (struct err){0};
        free(copy);
        pthread_mutex_lock(&f->lock);
        f->saving = false;
        f->saved = e;
        if (e.code != ERR_OK) {
            f->changed = true; /* the next one tries again */
            break;
        }
    }
    pthread_mutex_unlock(&f->lock);
}

enum err_code collateral_floor_raise(collateral_floors *f, const struct collateral_query *q,
                                     enum collateral_kind kind, uint32_t number, struct err *e)
{
    struct floor key = key_of(q, kind);
    enum err_code rc;

    if (!has_numbers(kind))
        return ERR_OK;
    key.number = number;
    pthread_mutex_lock(&f->lock);
    rc = raise_one(f, &key, e);
    pthread_mutex_unlock(&f->lock);
    save(f);
    return rc;
}

enum err_code collateral_floors_saved(collateral_floors *f, struct err *e)
{
    struct err saved;

    pthread_mutex_lock(&f->lock);
    saved = f->saved;
    pthread_mutex_unlock(&f->lock);
    if (saved.code != ERR_OK)
        *e = saved;
    return saved.code;
}

/* ---- life ---- */

enum err_code collateral_floors_new(const char *path, const struct attest_roots *roots,
                                    collateral_floors **ret, struct err *e)
{
    AUTO(collateral_floors) f = calloc(1, sizeof *f);
    struct buf text AUTO_CALL(buf_done) = BUF(STATE_MAX);
    enum err_code rc;

    if (!f)
        return err_set(e, ERR_NOMEM, "evaluation numbers");
    pthread_mutex_init(&f->lock, NULL);
    if (path) {
        f->path = strdup(path);
        if (!f->path)
            return err_set(e, ERR_NOMEM, "evaluation numbers");
        rc = fs_read(path, &text, e);
        if (rc == ERR_OK)
            rc = decode(f, buf_bytes(&text), roots, e);
        if (rc != ERR_OK && rc != ERR_NOT_FOUND)
            return err_wrap(e, "%s (evaluation numbers seen so far; deleting it forgets them)",
                            path);
        f->changed = false;
    }
    *ret = TAKE(f);
    return ERR_OK;
}

void collateral_floors_free(collateral_floors *f)
{
    pthread_mutex_destroy(&f->lock);
    free(f->path);
    free(f);
}
