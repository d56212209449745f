/* journal - see journal.h. */
#include "chain/journal.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "base/codec.h"
#include "base/fs.h"
#include "base/json.h"

#define VERSION      1
#define LOCK_WAIT_MS 30000

struct journal {
    char path[PATH_MAX], lock_path[PATH_MAX]; /* empty: in memory */
    int lock;
    struct journal_entries list;
};

/* ---- the list ---- */

static void entry_done(struct journal_entry *entry)
{
    while (entry->n_raws > 0)
        buf_done(&entry->raw[--entry->n_raws]);
}

void journal_entries_done(struct journal_entries *list)
{
    while (list->n > 0)
        entry_done(&list->entry[--list->n]);
}

struct journal_entry *journal_find(struct journal_entries *list, uint64_t nonce)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->entry[i].nonce == nonce)
            return &list->entry[i];
    return NULL;
}

enum err_code journal_add_raw(struct journal_entry *entry, struct bytes raw, struct err *e)
{
    struct buf copy AUTO_CALL(buf_done) = BUF(JOURNAL_RAW_MAX);

    if (entry->n_raws == JOURNAL_RAWS_MAX)
        return err_set(e, ERR_BUSY, "journal: transaction %llu was replaced %d times already",
                       (unsigned long long)entry->nonce, JOURNAL_RAWS_MAX - 1);
    buf_put(&copy, raw);
    TRY_IN(e, buf_check(&copy, e), "journal");
    entry->raw[entry->n_raws++] = copy;
    copy = (struct buf){0};
    return ERR_OK;
}

enum err_code journal_add(struct journal_entries *list, uint64_t nonce, const struct hash32 *call,
                          struct bytes raw, struct err *e)
{
    struct journal_entry entry = {.nonce = nonce, .call = *call};

    if (list->n == JOURNAL_ENTRIES_MAX)
        return err_set(e, ERR_BUSY, "journal: %d transactions of this account wait already",
                       JOURNAL_ENTRIES_MAX);
    if (list->n > 0 && list->entry[list->n - 1].nonce >= nonce)
        return err_set(e, ERR_INTERNAL, "journal: transaction %llu after %llu",
                       (unsigned long long)nonce,
                       (unsigned long long)list->entry[list->n - 1].nonce);
    TRY(journal_add_raw(&entry, raw, e));
    list->entry[list->n++] = entry;
    return ERR_OK;
}

static void remove_at(struct journal_entries *list, size_t at)
{
    entry_done(&list->entry[at]);
    list->n--;
    for (; at < list->n; at++)
        list->entry[at] = list->entry[at + 1];
}

void journal_remove(struct journal_entries *list, uint64_t nonce)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->entry[i].nonce == nonce) {
            remove_at(list, i);
            return;
        }
}

void journal_forget_told(struct journal_entries *list, uint64_t before)
{
    for (size_t i = list->n; i-- > 0;)
        if (list->entry[i].told && list->entry[i].nonce < before)
            remove_at(list, i);
}

/* ---- as text ---- */

static enum err_code read_raws(const json *list, struct journal_entry *entry, struct err *e)
{
    if (json_len(list) == 0 || json_len(list) > JOURNAL_RAWS_MAX)
        return err_set(e, ERR_INVALID, "raw: %zu transactions, expected 1 to %d", json_len(list),
                       JOURNAL_RAWS_MAX);
    for (size_t i = 0; i < json_len(list); i++) {
        struct buf raw AUTO_CALL(buf_done) = BUF(JOURNAL_RAW_MAX);
        const char *text = json_str(json_at(list, i));

        if (!text || strncmp(text, "0x", 2) != 0)
            return err_set(e, ERR_INVALID, "raw: expected strings that begin with 0x");
        TRY_IN(e, hex_decode_buf(bytes_of_str(text + 2), &raw, e), "raw");
        TRY(journal_add_raw(entry, buf_bytes(&raw), e));
    }
    return ERR_OK;
}

static enum err_code read_entry(const json *node, struct journal_entry *ret, struct err *e)
{
    static const char *const members[] = {"nonce", "call", "told", "raw", NULL};
    const json *raws;

    if (!json_is_object(node))
        return err_set(e, ERR_INVALID, "an entry that is no object");
    TRY(json_only(node, members, e));
    TRY(json_get_u64(node, "nonce", INT64_MAX, &ret->nonce, e));
    TRY(json_get_hex(node, "call", ret->call.b, sizeof ret->call.b, e));
    TRY(json_get_bool(node, "told", &ret->told, e));
    TRY(json_get_array(node, "raw", &raws, e));
    return read_raws(raws, ret, e);
}

static enum err_code read_all(const json *root, struct journal_entries *list, struct err *e)
{
    static const char *const members[] = {"teereg_journal", "entries", NULL};
    const json *entries;
    uint64_t version;

    if (!json_is_object(root))
        return err_set(e, ERR_INVALID, "expected an object");
    TRY(json_only(root, members, e));
    TRY(json_get_u64(root, "teereg_journal", UINT32_MAX, &version, e));
    if (version != VERSION)
        return err_set(e, ERR_INVALID, "version %llu, expected %d", (unsigned long long)version,
                       VERSION);
    TRY(json_get_array(root, "entries", &entries, e));
    if (json_len(entries) > JOURNAL_ENTRIES_MAX)
        return err_set(e, ERR_TOO_LARGE, "%zu entries, at most %d", json_len(entries),
                       JOURNAL_ENTRIES_MAX);
    for (size_t i = 0; i < json_len(entries); i++) {
        /* Counted before it is read: what a bad entry holds already is freed with the list. */
        struct journal_entry *entry = &list->entry[list->n++];

        *entry = (struct journal_entry){0};
        TRY_IN(e, read_entry(json_at(entries, i), entry, e), "entry %zu", i);
        if (i > 0 && list->entry[i - 1].nonce >= entry->nonce)
            return err_set(e, ERR_INVALID, "entry %zu: nonces do not ascend", i);
    }
    return ERR_OK;
}

typedef struct journal_entries entries_heap;
DEFINE_AUTO(entries_heap, free);

enum err_code journal_parse(struct bytes text, struct journal_entries *ret, struct err *e)
{
    AUTO(entries_heap) list = calloc(1, sizeof *list);
    AUTO(json) root = NULL;
    enum err_code rc;

    if (!list)
        return err_set(e, ERR_NOMEM, "journal");
    TRY_IN(e, json_parse(text, JOURNAL_FILE_MAX, &root, e), "journal");
    rc = read_all(root, list, e);
    if (rc != ERR_OK) {
        journal_entries_done(list);
        return err_wrap(e, "journal");
    }
    *ret = *list;
    return ERR_OK;
}

static enum err_code write_entry(const struct journal_entry *entry, json **ret, struct err *e)
{
    AUTO(json) node = NULL;
    AUTO(json) raws = NULL;

    TRY(json_new_object(&node, e));
    TRY(json_put_u64(node, "nonce", entry->nonce, e));
    TRY(json_put_hex(node, "call", BYTES_OF(entry->call), e));
    TRY(json_put_bool(node, "told", entry->told, e));
    TRY(json_new_array(&raws, e));
    for (size_t i = 0; i < entry->n_raws; i++) {
        struct buf text AUTO_CALL(buf_done) = BUF(2 * JOURNAL_RAW_MAX + 4);

        buf_put_str(&text, "0x");
        hex_put(&text, buf_bytes(&entry->raw[i]));
        TRY(buf_check(&text, e));
        TRY(json_append_str(raws, buf_cstr(&text), e));
    }
    TRY(json_put(node, "raw", TAKE(raws), e));
    *ret = TAKE(node);
    return ERR_OK;
}

enum err_code journal_write(const struct journal_entries *list, struct buf *ret, struct err *e)
{
    AUTO(json) root = NULL;
    AUTO(json) entries = NULL;

    TRY(json_new_object(&root, e));
    TRY(json_put_u64(root, "teereg_journal", VERSION, e));
    TRY(json_new_array(&entries, e));
    for (size_t i = 0; i < list->n; i++) {
        json *entry = NULL;

        TRY(write_entry(&list->entry[i], &entry, e));
        TRY(json_append(entries, entry, e));
    }
    TRY(json_put(root, "entries", TAKE(entries), e));
    TRY(json_write(root, JSON_COMPACT, ret, e));
    return buf_check(ret, e);
}

/* ---- the file ---- */

static enum err_code name_files(journal *j, const char *dir, uint64_t chain_id,
                                const struct hash32 *genesis, const struct addr *account,
                                struct err *e)
{
    char who[HEX_LEN(20) + 1] = {0}, chain[HEX_LEN(4) + 1] = {0};
    int n;

    hex_encode(BYTES_OF(*account), who);
    hex_encode((struct bytes){genesis->b, 4}, chain);
    n = snprintf(j->path, sizeof j->path, "%s/%llu-%s-0x%s", dir, (unsigned long long)chain_id,
                 chain, who);
    if (n < 0 || (size_t)n + sizeof ".lock" > sizeof j->path)
        return err_set(e, ERR_INVALID, "journal: the folder's name is too long");
    memcpy(j->lock_path, j->path, (size_t)n);
    memcpy(j->lock_path + n, ".lock", sizeof ".lock");
    memcpy(j->path + n, ".json", sizeof ".json");
    return ERR_OK;
}

enum err_code journal_new(const char *dir, uint64_t chain_id, const struct hash32 *genesis,
                          const struct addr *account, journal **ret, struct err *e)
{
    AUTO(journal) j = calloc(1, sizeof *j);

    if (!j)
        return err_set(e, ERR_NOMEM, "journal");
    j->lock = -1;
    if (dir) {
        TRY(name_files(j, dir, chain_id, genesis, account, e));
        TRY_IN(e, fs_mkdirs(dir, 0700, e), "journal");
    }
    *ret = TAKE(j);
    return ERR_OK;
}

void journal_free(journal *j)
{
    if (!j)
        return;
    journal_give(j);
    journal_entries_done(&j->list);
    free(j);
}

static enum err_code lock(journal *j, struct err *e)
{
    enum err_code code = fs_lock(j->lock_path, LOCK_WAIT_MS, &j->lock, e);

    if (code == ERR_OK)
        return ERR_OK;
    return err_wrap(e, code == ERR_BUSY ? "another process sends from this account right now"
                                        : "journal");
}

enum err_code journal_take(journal *j, struct journal_entries **ret, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(JOURNAL_FILE_MAX);
    enum err_code rc;

    if (j->path[0]) {
        TRY(lock(j, e));
        journal_entries_done(&j->list);
        rc = fs_read(j->path, &text, e);
        if (rc == ERR_OK) {
            rc = journal_parse(buf_bytes(&text), &j->list, e);
            if (rc != ERR_OK)
                err_wrap(e, "%s", j->path);
        }
        if (rc != ERR_OK && rc != ERR_NOT_FOUND) {
            journal_give(j);
            return rc;
        }
    }
    *ret = &j->list;
    return ERR_OK;
}

enum err_code journal_save(journal *j, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(JOURNAL_FILE_MAX);

    if (!j->path[0])
        return ERR_OK;
    TRY(journal_write(&j->list, &text, e));
    TRY_IN(e, fs_write_atomic(j->path, buf_bytes(&text), 0600, e), "journal");
    return ERR_OK;
}

void journal_give(journal *j)
{
    fd_close(&j->lock);
    j->lock = -1;
}
