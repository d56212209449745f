/* journal - what an account has sent that is not final yet, on disk.  Room: chain.
 *
 * A transaction stands here before it leaves, so that a crash at any moment neither sends the same
 * thing twice nor leaves a hole in the account's numbers: whoever starts again finds it.  One file
 * for an account on one chain, named by chain id, genesis block and address
 * ("31337-1a2b3c4d-0x..."); it is replaced atomically, mode 0600, and used by one process at a time
 * (a lock file beside it). Its text is JSON:
 * {"teereg_journal":1,"entries":[{"nonce","call","told","raw":["0x..."]}]}. */
#pragma once
#include "base/buf.h"

#define JOURNAL_ENTRIES_MAX 64
#define JOURNAL_RAWS_MAX    8 /* one transaction and those that took its place */
#define JOURNAL_RAW_MAX     ((size_t)256 * 1024)
#define JOURNAL_FILE_MAX    ((size_t)8 * 1024 * 1024)

struct journal_entry {
    uint64_t nonce;
    struct hash32 call; /* what it does: SHA-256 of receiver and data */
    bool told;          /* whoever sent it knows that it was included */
    size_t n_raws;
    struct buf raw[JOURNAL_RAWS_MAX]; /* signed, oldest first */
};
struct journal_entries { /* smallest nonce first, each once */
    size_t n;
    struct journal_entry entry[JOURNAL_ENTRIES_MAX];
};
void journal_entries_done(struct journal_entries *list);
/* ERR_INVALID, ERR_TOO_LARGE. */
MUST_CHECK enum err_code journal_parse(struct bytes text, struct journal_entries *ret,
                                       struct err *e);
MUST_CHECK enum err_code journal_write(const struct journal_entries *list, struct buf *ret,
                                       struct err *e);

typedef struct journal journal;
/* dir NULL: it is in memory alone.  The folder is made (mode 0700) when it is missing. */
MUST_CHECK enum err_code journal_new(const char *dir, uint64_t chain_id,
                                     const struct hash32 *genesis, const struct addr *account,
                                     journal **ret, struct err *e);
void journal_free(journal *j);
DEFINE_AUTO(journal, journal_free);

/* Waits for the lock (ERR_BUSY after 30 s) and reads the file.  Between take and give the list may
 * be changed; only journal_save makes that durable. */
MUST_CHECK enum err_code journal_take(journal *j, struct journal_entries **ret, struct err *e);
MUST_CHECK enum err_code journal_save(journal *j, struct err *e);
void journal_give(journal *j);

/* The entry of this number, NULL when there is none. */
struct journal_entry *journal_find(struct journal_entries *list, uint64_t nonce);
/* A new last entry; its number must be larger than all others.  ERR_BUSY: the list is full. */
MUST_CHECK enum err_code journal_add(struct journal_entries *list, uint64_t nonce,
                                     const struct hash32 *call, struct bytes raw, struct err *e);
/* One more signed form of the same. */
MUST_CHECK enum err_code journal_add_raw(struct journal_entry *entry, struct bytes raw,
                                         struct err *e);
void journal_remove(struct journal_entries *list, uint64_t nonce);
/* Forgets what was told and stands before this number. */
void journal_forget_told(struct journal_entries *list, uint64_t before);
