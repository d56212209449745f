/* A folder as an origin.  What belongs to a platform is told by parsing; whether it is authentic is
 * the store's business. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "attest/collateral_origin.h"
#include "attest/collateral_parts.h"
#include "base/fs.h"
#include "crypto/pem.h"

#define ENTRIES_MAX 256
#define AGAIN_S     60

typedef DIR folder;
static void folder_close(folder *d)
{
    closedir(d);
}
DEFINE_AUTO(folder, folder_close);

/* What is looked for, and the best that was found. */
struct search {
    enum collateral_kind kind;
    const struct collateral_query *q;
    int64_t issued;
    struct collateral_text *ret;
    bool found;
    struct err problem; /* of a file that could not be read: said when nothing else was found */
};

/* Does the chain of a text end in that root?  A folder may serve platforms of several. */
static bool ends_in(const struct collateral_text *t, const struct attest_root *root)
{
    const struct attest_roots one = {root, 1};
    struct buf der AUTO_CALL(buf_done) = BUF(PCK_DER_MAX);
    struct bytes rest = buf_bytes(&t->issuer_chain);
    struct err ignored;

    do
        buf_clear(&der);
    while (pem_next(&rest, "CERTIFICATE", &der, &ignored) == ERR_OK && rest.n > 0);
    return attest_roots_find(&one, buf_bytes(&der)) != NULL;
}

/* False: it is not for such a platform, or no such object at all. */
static bool fits(const struct search *s, const struct collateral_text *t, int64_t *ret_issued)
{
    struct tcb_info info AUTO_CALL(tcb_info_done) = {0};
    struct qe_identity qe AUTO_CALL(qe_identity_done) = {0};
    struct crl crl AUTO_CALL(crl_done) = {0};
    struct err ignored;

    switch (s->kind) {
    case COLLATERAL_TCB_INFO:
        if (tcb_info_parse(buf_bytes(&t->body), &info, &ignored) != ERR_OK ||
            info.tee != s->q->tee || !bytes_eq(BYTES(info.fmspc), BYTES(s->q->fmspc)))
            return false;
        *ret_issued = info.issue_date;
        return true;
    case COLLATERAL_QE_IDENTITY:
        if (qe_identity_parse(buf_bytes(&t->body), &qe, &ignored) != ERR_OK || qe.tee != s->q->tee)
            return false;
        *ret_issued = qe.issue_date;
        return true;
    default:
        if (crl_parse(buf_bytes(&t->body), &crl, &ignored) != ERR_OK)
            return false;
        if (s->kind == COLLATERAL_PCK_CRL
                ? !collateral_of_ca(crl.issuer, s->q->ca)
                : attest_root_signed(s->q->root, crl.tbs, crl.signature, &ignored) != ERR_OK)
            return false;
        *ret_issued = crl.this_update;
        return true;
    }
}

static void consider(void *self, const char *path, struct collateral_bundle *b)
{
    struct search *s = self;
    struct collateral_text *t = &b->text[s->kind];
    int64_t issued;

    (void)path;
    if (!t->body.n || (s->kind != COLLATERAL_ROOT_CRL && !ends_in(t, s->q->root)) ||
        !fits(s, t, &issued) || (s->found && issued <= s->issued))
        return;
    collateral_text_done(s->ret);
    *s->ret = *t;
    *t = (struct collateral_text){0};
    s->issued = issued;
    s->found = true;
}

static void remember(void *self, const struct err *problem)
{
    struct search *s = self;

    s->problem = *problem;
}

/* ---- what is in a folder ---- */

static void look_at_file(const struct collateral_visitor *v, const char *path)
{
    struct collateral_bundle b AUTO_CALL(collateral_bundle_done) = {0};
    struct buf text AUTO_CALL(buf_done) = BUF(COLLATERAL_BUNDLE_MAX);
    struct err e = {0};

    if (fs_read(path, &text, &e) == ERR_OK &&
        collateral_bundle_decode(buf_bytes(&text), &b, &e) == ERR_OK) {
        v->bundle(v->self, path, &b);
        return;
    }
    (void)err_wrap(&e, "%s", path);
    v->problem(v->self, &e);
}

static void look_at_parts(const struct collateral_visitor *v, const char *path)
{
    struct collateral_bundle b AUTO_CALL(collateral_bundle_done) = {0};
    struct err e = {0};
    enum err_code rc = collateral_parts_read(path, &b, &e);

    if (rc == ERR_OK)
        v->bundle(v->self, path, &b);
    else if (rc != ERR_NOT_FOUND)
        v->problem(v->self, &e);
}

static bool is_bundle(const char *name)
{
    size_t n = strlen(name);

    return n >= 5 && strcmp(name + n - 5, ".json") == 0 && !collateral_parts_has(name);
}

enum err_code collateral_walk(const char *path, const struct collateral_visitor *v, struct err *e)
{
    AUTO(folder) d = NULL;
    struct stat st;
    size_t n = 0;

    if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
        look_at_file(v, path);
        return ERR_OK;
    }
    d = opendir(path);
    if (!d)
        return err_set(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", path,
                       strerror(errno));
    look_at_parts(v, path);
    for (const struct dirent *x; (x = readdir(d)) != NULL;) {
        char file[4096];

        if (x->d_name[0] == '.')
            continue;
        if (++n > ENTRIES_MAX)
            return err_set(e, ERR_TOO_LARGE, "%s: more than %d entries", path, ENTRIES_MAX);
        snprintf(file, sizeof file, "%s/%s", path, x->d_name);
        if (stat(file, &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode))
            look_at_parts(v, file);
        else if (S_ISREG(st.st_mode) && is_bundle(x->d_name))
            look_at_file(v, file);
    }
    return ERR_OK;
}

static enum err_code get(void *self, enum collateral_kind kind, const struct collateral_query *q,
                         unsigned ms, struct collateral_text *ret, struct err *e)
{
    struct search s = {.kind = kind, .q = q, .ret = ret};
    const struct collateral_visitor v = {consider, remember, &s};

    (void)ms; /* a local disk */
    TRY(collateral_walk(self, &v, e));
    if (s.found)
        return ERR_OK;
    if (s.problem.code != ERR_OK) {
        *e = s.problem;
        return e->code;
    }
    return err_set(e, ERR_NOT_FOUND, "%s: no %s for such a platform", (const char *)self,
                   collateral_kind_name(kind));
}

static enum err_code open_path(const char *path, struct collateral_origin *ret, struct err *e)
{
    char *copy = strdup(path);

    if (!copy)
        return err_set(e, ERR_NOMEM, "folder of collateral");
    *ret = (struct collateral_origin){
        .get = get, .done = free, .refresh_s = AGAIN_S, .self = copy, .name = copy};
    return ERR_OK;
}

enum err_code collateral_origin_dir(const char *path, struct collateral_origin *ret, struct err *e)
{
    struct stat st;

    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return err_set(e, ERR_IO, "folder of collateral %s: there is none that can be read", path);
    return open_path(path, ret, e);
}

enum err_code collateral_origin_path(const char *path, struct collateral_origin *ret, struct err *e)
{
    struct stat st;

    if (stat(path, &st) != 0 || !(S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)))
        return err_set(e, ERR_NOT_FOUND, "collateral %s: no file and no folder", path);
    return open_path(path, ret, e);
}
