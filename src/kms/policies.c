/* policies - see policies.h. */
#include "kms/policies.h"

#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include "base/fs.h"

#define CHAIN_KEPT 64
#define FILE_MAX   65536
#define NS_PER_S   1000000000u

struct body {
    struct hash32 hash;
    struct attest_policy policy;
};

struct kms_policies {
    char folder[PATH_MAX / 2]; /* empty: none */
    const struct clock *clock;
    pthread_mutex_t lock; /* of what follows; not held while a file or the chain is read */
    uint64_t looked_ns;
    size_t n_files, n_chain, next_chain;
    /* Apart, so that no contract can push out what this node's folder holds. */
    struct body *files[KMS_POLICIES_FILES_MAX], *chain[CHAIN_KEPT];
};

static const struct body *find_in(struct body *const *list, size_t n, const struct hash32 *hash)
{
    for (size_t i = 0; i < n; i++)
        if (hash32_eq(&list[i]->hash, hash))
            return list[i];
    return NULL;
}

/* With the lock. */
static const struct body *find(const kms_policies *p, const struct hash32 *hash)
{
    const struct body *b = find_in(p->files, p->n_files, hash);

    return b ? b : find_in(p->chain, p->n_chain, hash);
}

static bool known(kms_policies *p, const struct hash32 *hash, struct attest_policy *ret)
{
    const struct body *b;

    pthread_mutex_lock(&p->lock);
    b = find(p, hash);
    if (b)
        *ret = b->policy;
    pthread_mutex_unlock(&p->lock);
    return b != NULL;
}

static enum err_code body_new(const struct attest_policy *policy, struct body **ret, struct err *e)
{
    struct hash32 hash;

    TRY(attest_policy_hash(policy, &hash, e));
    *ret = malloc(sizeof **ret);
    if (!*ret)
        return err_set(e, ERR_NOMEM, "attestation policy");
    **ret = (struct body){hash, *policy};
    return ERR_OK;
}

/* ---- the folder ---- */

static bool ends(const char *name, const char *with)
{
    size_t n = strlen(name), m = strlen(with);

    return n > m && strcmp(name + n - m, with) == 0;
}

static enum err_code read_file(const char *path, struct body **ret, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(FILE_MAX);
    struct attest_policy policy;

    TRY(fs_read(path, &text, e));
    TRY(ends(path, ".json") ? attest_policy_decode_json(buf_bytes(&text), &policy, e)
                            : attest_policy_decode(buf_bytes(&text), &policy, e));
    return body_new(&policy, ret, e);
}

static enum err_code take_file(kms_policies *p, const char *name, struct err *e)
{
    char path[sizeof p->folder + NAME_MAX + 2];
    struct body *b = NULL;

    snprintf(path, sizeof path, "%s/%s", p->folder, name);
    TRY_IN(e, read_file(path, &b, e), "%s", path);
    pthread_mutex_lock(&p->lock);
    if (p->n_files < KMS_POLICIES_FILES_MAX && !find_in(p->files, p->n_files, &b->hash))
        p->files[p->n_files++] = TAKE(b);
    pthread_mutex_unlock(&p->lock);
    free(b);
    return ERR_OK;
}

/* Reads them all; the error is that of the first one that is no policy. */
static enum err_code read_folder(kms_policies *p, struct err *e)
{
    DIR *dir = opendir(p->folder);
    const struct dirent *entry;
    enum err_code rc = ERR_OK;
    struct err ignored;
    size_t n = 0;

    if (!dir)
        return err_set(e, ERR_IO, "folder of attestation policies %s: cannot be read", p->folder);
    while ((entry = readdir(dir)) && n < KMS_POLICIES_FILES_MAX) {
        if (*entry->d_name == '.' || !(ends(entry->d_name, ".json") || ends(entry->d_name, ".tlv")))
            continue;
        n++;
        if (rc == ERR_OK)
            rc = take_file(p, entry->d_name, e);
        else
            (void)!take_file(p, entry->d_name, &ignored);
    }
    closedir(dir);
    return rc;
}

/* Is it this caller's turn to look again? */
static bool stale(kms_policies *p)
{
    const uint64_t now = clock_ns(p->clock);
    bool yes;

    pthread_mutex_lock(&p->lock);
    yes = *p->folder && now - p->looked_ns >= (uint64_t)KMS_POLICIES_AGAIN_S * NS_PER_S;
    if (yes)
        p->looked_ns = now;
    pthread_mutex_unlock(&p->lock);
    return yes;
}

/* ---- the chain ---- */

static enum err_code read_artifact(const struct chain_view *v, const struct finalized_block *at,
                                   const struct addr *contract, const struct hash32 *hash,
                                   struct attest_policy *ret, struct err *e)
{
    struct buf body AUTO_CALL(buf_done) = BUF(GOV_ARTIFACT_MAX);

    TRY(gov_artifact(v, at, contract, hash, &body, e)); /* has that hash, or fails */
    return attest_policy_body_decode(buf_bytes(&body), ret, e);
}

static enum err_code keep(kms_policies *p, const struct attest_policy *policy, struct err *e)
{
    struct body *b, *old = NULL;

    TRY(body_new(policy, &b, e));
    pthread_mutex_lock(&p->lock);
    if (find(p, &b->hash)) {
        old = b;
    } else {
        old = p->chain[p->next_chain];
        p->chain[p->next_chain] = b;
        p->next_chain = (p->next_chain + 1) % CHAIN_KEPT;
        if (p->n_chain < CHAIN_KEPT)
            p->n_chain++;
    }
    pthread_mutex_unlock(&p->lock);
    free(old);
    return ERR_OK;
}

/* ---- the whole ---- */

enum err_code kms_policies_get(kms_policies *p, const struct chain_view *v,
                               const struct finalized_block *at, const struct addr *contract,
                               const struct hash32 *hash, struct attest_policy *ret, struct err *e)
{
    struct attest_policy found;
    struct err ignored;
    enum err_code rc;

    if (known(p, hash, ret))
        return ERR_OK;
    if (stale(p)) {
        /* A bad file, or a folder that is gone, takes nothing away; the chain may have it. */
        (void)!read_folder(p, &ignored);
        if (known(p, hash, ret))
            return ERR_OK;
    }
    rc = read_artifact(v, at, contract, hash, &found, e);
    if (rc == ERR_NOT_FOUND || rc == ERR_DENIED)
        return err_set(e, ERR_NOT_FOUND,
                       "its body is neither in the folder of `teereg kms serve --policies` nor "
                       "among the contract's artifacts: `teereg gov policy set` puts it there");
    TRY(rc);
    TRY(keep(p, &found, e));
    *ret = found;
    return ERR_OK;
}

enum err_code kms_policies_new(const char *folder, const struct clock *clock, kms_policies **ret,
                               struct err *e)
{
    AUTO(kms_policies) p = calloc(1, sizeof *p);

    if (!p)
        return err_set(e, ERR_NOMEM, "attestation policies");
    pthread_mutex_init(&p->lock, NULL);
    p->clock = clock;
    p->looked_ns = clock_ns(clock);
    if (folder) {
        if (snprintf(p->folder, sizeof p->folder, "%s", folder) >= (int)sizeof p->folder)
            return err_set(e, ERR_INVALID, "a path of %zu bytes", strlen(folder));
        TRY(read_folder(p, e));
    }
    *ret = TAKE(p);
    return ERR_OK;
}

void kms_policies_free(kms_policies *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n_files; i++)
        free(p->files[i]);
    for (size_t i = 0; i < p->n_chain; i++)
        free(p->chain[i]);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
