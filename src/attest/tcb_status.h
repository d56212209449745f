/* tcb_status - how up to date a platform is, in Intel's words.  Room: attest.
 *
 * The closed list of attestation.md of Intel's PCS API (version 4) and what the verifier of TD 1.5
 * adds (TDRelaunchAdvised*).  An unknown word is not a status: the object that has it is refused.
 */
#pragma once
#include "base/bytes.h"
#include "base/err.h"

enum tcb_status {
    TCB_UP_TO_DATE,
    TCB_SW_HARDENING_NEEDED,
    TCB_CONFIGURATION_NEEDED,
    TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED,
    TCB_OUT_OF_DATE,
    TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
    TCB_RELAUNCH_ADVISED,
    TCB_RELAUNCH_ADVISED_CONFIGURATION_NEEDED,
    TCB_REVOKED,
    TCB_STATUS_COUNT,
};

/* "UpToDate", ... */
const char *tcb_status_name(enum tcb_status s);
/* Exactly one of the names; ERR_INVALID. */
MUST_CHECK enum err_code tcb_status_parse(struct bytes name, enum tcb_status *ret, struct err *e);

/* A set of them: bit 1 << status. */
typedef uint16_t tcb_status_set;
#define TCB_STATUS_BIT(s) ((tcb_status_set)(1u << (s)))
/* All but Revoked, which is never acceptable. */
#define TCB_STATUS_ANY ((tcb_status_set)(TCB_STATUS_BIT(TCB_REVOKED) - 1))
/* Names, comma-separated, or "any" (all but Revoked); ERR_INVALID names what is not one, and
 * Revoked. */
MUST_CHECK enum err_code tcb_status_set_parse(const char *list, tcb_status_set *ret, struct err *e);

/* 5.3 of Intel's rules: a platform's status with that of a component (TDX module, quoting enclave)
 * of it.  A component's status other than UpToDate and Revoked counts as OutOfDate. */
enum tcb_status tcb_status_merge(enum tcb_status platform, enum tcb_status component);
/* TD 1.5: the status at launch with that of what runs now.  Revoked is taken from either. */
enum tcb_status tcb_status_relaunch(enum tcb_status launch, enum tcb_status current);
