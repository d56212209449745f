/* tcb_info - TCB info and QE identity of Intel's PCS, version 4, as parsed values.  Room: attest.
 *
 * Nothing here is verified: collateral.h checks the signature over the very bytes first.  Parsing
 * is strict: known members and types, numbers in range, exactly 16 components, a status of the
 * closed list, at least one level, no two levels alike.  Values are immutable once parsed. */
#pragma once
#include "attest/quote.h"
#include "attest/tcb_status.h"

#define TCB_TEXT_MAX       65536
#define TCB_LEVELS_MAX     256
#define TCB_MODULES_MAX    32
#define TCB_ADVISORY_LEN   64 /* with a NUL; "INTEL-SA-00828" is what there is today */
#define TCB_ADVISORIES_MAX 4096

/* What a level says, whichever kind of level it is. */
struct tcb_verdict {
    enum tcb_status status;
    int64_t date;                          /* tcbDate, unix seconds */
    uint16_t first_advisory, n_advisories; /* of the object's list */
};

struct tcb_level {
    uint8_t sgx[16];
    uint8_t tdx[16]; /* zero in an SGX TCB info */
    uint16_t pcesvn;
    struct tcb_verdict verdict;
};

struct isv_level {
    uint16_t isvsvn;
    struct tcb_verdict verdict;
};

struct tdx_module {
    uint8_t version; /* of TEE_TCB_SVN[1]; 0: the module that TCB info calls "tdxModule" */
    uint8_t mrsigner[48];
    uint8_t attributes[8], attributes_mask[8];
    struct isv_level *levels; /* descending by isvsvn; none for version 0 */
    size_t n_levels;
};

struct tcb_advisory {
    char id[TCB_ADVISORY_LEN];
};

struct tcb_info {
    enum quote_tee tee; /* id "TDX" or "SGX" */
    int64_t issue_date, next_update;
    uint8_t fmspc[6], pceid[2];
    uint32_t evaluation_number;
    struct tdx_module *modules; /* TDX: [0] is version 0 */
    size_t n_modules;
    struct tcb_level *levels; /* descending by (sgx, pcesvn, tdx) */
    size_t n_levels;
    struct tcb_advisory *advisories;
    size_t n_advisories;
};

struct qe_identity {
    enum quote_tee tee; /* id "TD_QE" or "QE" */
    int64_t issue_date, next_update;
    uint32_t evaluation_number;
    uint8_t miscselect[4], miscselect_mask[4];
    uint8_t attributes[16], attributes_mask[16];
    uint8_t mrsigner[32];
    uint16_t isvprodid;
    struct isv_level *levels; /* descending by isvsvn */
    size_t n_levels;
    struct tcb_advisory *advisories;
    size_t n_advisories;
};

/* text: the inner object ("tcbInfo", "enclaveIdentity") as served.  ERR_INVALID.  What ret held is
 * not freed; begin with {0} and end with the _done. */
MUST_CHECK enum err_code tcb_info_parse(struct bytes text, struct tcb_info *ret, struct err *e);
void tcb_info_done(struct tcb_info *t);
MUST_CHECK enum err_code qe_identity_parse(struct bytes text, struct qe_identity *ret,
                                           struct err *e);
void qe_identity_done(struct qe_identity *q);
