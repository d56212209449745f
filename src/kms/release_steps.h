/* release_steps - what the two stories of a release have in common.  Room: kms.
 *
 * Private to release.c (version 2), release_v1.c and explain*.c.  Each notes its reason when it
 * refuses. */
#pragma once
#include "attest/identity.h"
#include "kms/audit.h"
#include "kms/ca.h"
#include "kms/decide.h"

/* A host that turns the clock back must not bring an expired platform to life: the chain's time
 * counts where it is later.  Without a block the next steps refuse anyway. */
int64_t release_time_for_evidence(const struct kms_authority *a);

/* On Azure a paravisor owns the TD, and only it makes the vTPM's word worth anything: its MRTD must
 * be on the KMS contract's list.  Other machines have none. */
MUST_CHECK enum err_code release_paravisor(const struct kms_app_standing *standing,
                                           const struct measurements *m, enum kms_reason *why,
                                           struct err *e);

/* Who gets it and why, as both stories found out. */
struct release_to {
    const struct addr *app; /* the contract that was asked for */
    EVP_PKEY *subject_key;  /* of the CSR */
    const struct kms_app_standing *standing;
    const struct hash32 *identity; /* or principal */
    const struct addr *operator_;  /* zero: none */
    int64_t not_after;             /* end of the permission; 0: none */
};

/* The application's keys (to be given back with kms_app_put) and a certificate for the subject. */
MUST_CHECK enum err_code release_issue(const struct kms_authority *a, const struct release_to *to,
                                       const kms_app **ret_keys, struct ca_issued *ret_certificate,
                                       enum kms_reason *why, struct err *e);

#define RELEASE_FIELDS_MAX 16
/* Durable when this returns: what was given to whom can be seen even if the power goes now.  more:
 * what one story alone has to tell. */
MUST_CHECK enum err_code release_record(audit *log, const char *event, const struct release_to *to,
                                        const struct ca_issued *certificate,
                                        const struct audit_field *more, size_t n_more,
                                        struct audit_receipt *ret, enum kms_reason *why,
                                        struct err *e);
