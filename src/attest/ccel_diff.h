/* ccel_diff - what changed between two boots: two event logs compared, register by register.
 * Room: attest.
 *
 * Events of a register are aligned by type and digest (longest common subsequence).  What is left
 * over between two that agree is paired when type and subject are the same ("changed"); an event
 * that is on both sides elsewhere has "moved"; the rest was "added" or "removed".  EV_NO_ACTION
 * extends nothing and is left out. */
#pragma once
#include "attest/ccel_log.h"
#include "base/json.h"

enum ccel_change_kind {
    CCEL_REMOVED,
    CCEL_ADDED,
    CCEL_CHANGED,
    CCEL_MOVED,
};
const char *ccel_change_name(enum ccel_change_kind k); /* "removed", ... */

struct ccel_change {
    enum ccel_change_kind kind;
    uint32_t index;       /* the register */
    size_t before, after; /* positions in the logs; CCEL_NOT_AN_EVENT where there is none */
};

/* Begin with `struct ccel_diff d AUTO_CALL(ccel_diff_done) = {0};` */
struct ccel_diff {
    struct ccel_change *change; /* owned; by register, each in the order of the logs */
    size_t n;
    /* The first event of each index in which the logs part; CCEL_NOT_AN_EVENT: that log ended, or
     * (both) they do not part. */
    size_t first_before[CCEL_INDEX_MAX + 1], first_after[CCEL_INDEX_MAX + 1];
};
void ccel_diff_done(struct ccel_diff *d);

/* Work and memory are bounded: where the middle of two registers that differ is more than about
 * 2000 by 2000 events it is not aligned, and all of it is removed and added. */
MUST_CHECK enum err_code ccel_log_diff(const struct ccel_log *before, const struct ccel_log *after,
                                       struct ccel_diff *ret, struct err *e);

/* One line: `image \EFI\BOOT\shim.efi: another file (digest ab12... -> cd34...)`; appended. */
void ccel_change_text(const struct ccel_log *before, const struct ccel_log *after,
                      const struct ccel_change *change, struct buf *ret);
/* What is behind it, in lines that begin with `indent`, appended: the digests whole, with what they
 * say of the descriptions; the words of a text in which the two differ; where their data part. */
void ccel_change_details(const struct ccel_log *before, const struct ccel_log *after,
                         const struct ccel_change *change, const char *indent, struct buf *ret);
/* {"same", "registers": [{"register", "same", "before", "after" (replayed values; MRTD has none),
 *  "first_difference": null or {"before": event number or null, "after"},
 *  "changes": [{"change", "before", "after" (event numbers or null), "type", "explanation", "was",
 *  "is" (null or {"digest", "digest_check", "description", "data_bytes"}), "words" (null or {"was",
 *  "is"}: in which two texts differ), "first_different_byte" (of the data, from 0; or null)}]}]} */
MUST_CHECK enum err_code ccel_diff_listing(const struct ccel_log *before,
                                           const struct ccel_log *after, json **ret, struct err *e);
