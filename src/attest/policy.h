/* policy - what must hold for a TD and its platform, in one value.  Room: attest.
 *
 * Read from a file (JSON), written to and read from the canonical encoding that a KMS's security
 * configuration and a contract's policyHash are hashes of (docs/WIRE.md, "Security configuration").
 * Defaults are the strictest that an ordinary, well-kept platform passes. */
#pragma once
#include "attest/tcb_status.h"
#include "base/json.h"

#define POLICY_LIST_MAX     32
#define POLICY_ADVISORY_LEN 64 /* with a NUL, as in collateral: what has a name can be denied */
#define POLICY_TLVS_MAX     16384
#define POLICY_BODY_MAX     (POLICY_TLVS_MAX + 32)

struct policy_bytes48 {
    uint8_t b[48];
};
struct policy_bytes16 {
    uint8_t b[16];
};
struct policy_fmspc {
    uint8_t b[6];
};
struct policy_advisory {
    char id[POLICY_ADVISORY_LEN];
};

/* MRCONFIGID, MROWNER and MROWNERCONFIG, which the host chooses. */
enum policy_rule {
    POLICY_ANY,    /* it is in the identity that contracts allow; the default */
    POLICY_ZERO,   /* zero */
    POLICY_LISTED, /* zero is listed too where it may be zero */
};
struct policy_mr {
    enum policy_rule rule;
    size_t n;
    struct policy_bytes48 listed[POLICY_LIST_MAX];
};

/* Bits count as in the little endian number of the field.  A list with n == 0 does not restrict. */
struct attest_policy {
    uint64_t attributes_required; /* TDATTRIBUTES that must be 1 */
    uint64_t attributes_allowed;  /* TDATTRIBUTES that may be 1; bits outside TD_ATTRIBUTES_KNOWN
                                     (DEBUG and all of byte 0 among them) never may */
    uint64_t xfam_required;
    uint64_t xfam_allowed; /* bits outside XFAM_KNOWN never may be 1 */
    bool service_td;       /* MRSERVICETD may be other than zero */

    uint32_t collateral_grace_s; /* how long past nextUpdate collateral still counts; default 0 */
    tcb_status_set statuses;     /* accepted; default UpToDate alone; Revoked never is */
    uint32_t tcb_grace_s; /* OutOfDate*: also accepted until this long after tcbDate; default 0 */
    uint32_t min_evaluation_number; /* of TCB info and QE identity; default 0 */
    size_t n_denied_advisories;     /* a TCB that one of them concerns is refused */
    struct policy_advisory denied_advisories[POLICY_LIST_MAX];
    size_t n_mrseam;
    struct policy_bytes48 mrseam[POLICY_LIST_MAX];
    size_t n_mrservicetd; /* with service_td: only these */
    struct policy_bytes48 mrservicetd[POLICY_LIST_MAX];
    struct policy_mr mrconfigid, mrowner, mrownerconfig;
    size_t n_fmspc;
    struct policy_fmspc fmspc[POLICY_LIST_MAX];
    size_t n_ppid;
    struct policy_bytes16 ppid[POLICY_LIST_MAX];
    size_t n_instance; /* platform instance ids; a platform without one is refused then */
    struct policy_bytes16 instance[POLICY_LIST_MAX];
    /* Azure: MRTD of the paravisor; the KMS contract has a list too, and a release needs both. */
    size_t n_paravisor;
    struct policy_bytes48 paravisor[POLICY_LIST_MAX];
};

#define TD_SEPT_VE_DISABLE  ((uint64_t)1 << 28)
#define TD_MIGRATABLE       ((uint64_t)1 << 29)
#define TD_PKS              ((uint64_t)1 << 30)
#define TD_KL               ((uint64_t)1 << 31)
#define TD_PERFMON          ((uint64_t)1 << 63)
#define TD_ATTRIBUTES_KNOWN (TD_SEPT_VE_DISABLE | TD_MIGRATABLE | TD_PKS | TD_KL | TD_PERFMON)
#define XFAM_FIXED          ((uint64_t)0x3)
#define XFAM_KNOWN          ((uint64_t)0x6dbe7)

/* SEPT_VE_DISABLE required, PKS allowed; XFAM_FIXED required, XFAM_KNOWN allowed; no service TD;
 * UpToDate alone. */
extern const struct attest_policy attest_policy_default;

/* JSON object; every member is optional and stands for its default when missing:
 * {"statuses": ["UpToDate", ...], "tcb_grace_days", "collateral_grace_seconds",
 *  "min_evaluation_number", "denied_advisories": [...], "td_attributes": 16 hex digits (exactly
 *  these) or "td_attributes_required"/"td_attributes_allowed", "xfam" or "xfam_required"/
 *  "xfam_allowed" (byte order of the quote), "mrseam": [...], "service_td": bool,
 *  "mrservicetd": [...], "mrconfigid", "mrowner", "mrownerconfig": "any" | "zero" | [...],
 *  "fmspc": [...], "ppid": [...], "platform_instance": [...], "paravisor": [...]} */
MUST_CHECK enum err_code attest_policy_from_json(const json *obj, struct attest_policy *ret,
                                                 struct err *e);
MUST_CHECK enum err_code attest_policy_decode_json(struct bytes text, struct attest_policy *ret,
                                                   struct err *e);
MUST_CHECK enum err_code attest_policy_to_json(const struct attest_policy *p, json **ret,
                                               struct err *e);

/* TLVs (u16be tag || lp(value)), ascending, defaults omitted: what a KMS's configuration holds in
 * its own sequence, tags POLICY_TAG_STATUSES to POLICY_TAG_LAST and two older ones.  Appends those
 * of p with tag >= from and <= to. */
enum policy_tag {
    POLICY_TAG_TD =
        8, /* u64be x 4 (required and allowed of attributes, of XFAM) || u8 service_td */
    POLICY_TAG_COLLATERAL_GRACE = 9,   /* u32be seconds */
    POLICY_TAG_STATUSES = 12,          /* u16be bits */
    POLICY_TAG_TCB_GRACE = 13,         /* u32be seconds */
    POLICY_TAG_MIN_EVALUATION = 14,    /* u32be */
    POLICY_TAG_DENIED_ADVISORIES = 15, /* lists: the entries, ascending; text as lp */
    POLICY_TAG_MRSEAM = 16,
    POLICY_TAG_MRSERVICETD = 17,
    POLICY_TAG_MRCONFIGID = 18, /* u8 rule || entries */
    POLICY_TAG_MROWNER = 19,
    POLICY_TAG_MROWNERCONFIG = 20,
    POLICY_TAG_FMSPC = 21,
    POLICY_TAG_PPID = 22,
    POLICY_TAG_INSTANCE = 23,
    POLICY_TAG_PARAVISOR = 24,
    POLICY_TAG_LAST = POLICY_TAG_PARAVISOR,
};
bool attest_policy_has_tag(unsigned tag);
void attest_policy_put(const struct attest_policy *p, unsigned from, unsigned to, struct buf *ret);
/* One field; ERR_INVALID for a value that put would not write. */
MUST_CHECK enum err_code attest_policy_read(struct attest_policy *p, unsigned tag,
                                            struct bytes value, struct err *e);
/* The whole alone: what policyHash[id] of a contract is the hash of.  decode takes exactly what
 * encode writes. */
MUST_CHECK enum err_code attest_policy_encode(const struct attest_policy *p, struct buf *ret,
                                              struct err *e);
MUST_CHECK enum err_code attest_policy_decode(struct bytes tlvs, struct attest_policy *ret,
                                              struct err *e);
/* Puts lists in order, each entry once, as the encoding wants them: after filling them by hand. */
void attest_policy_sort(struct attest_policy *p);
/* SHA-256("teereg-policy-v2\0" || TLVs) */
MUST_CHECK enum err_code attest_policy_hash(const struct attest_policy *p, struct hash32 *ret,
                                            struct err *e);
/* Its body, what that is the SHA-256 of: as an artifact of a contract it has the policy's hash for
 * its id. */
MUST_CHECK enum err_code attest_policy_body(const struct attest_policy *p, struct buf *ret,
                                            struct err *e);
MUST_CHECK enum err_code attest_policy_body_decode(struct bytes body, struct attest_policy *ret,
                                                   struct err *e);
