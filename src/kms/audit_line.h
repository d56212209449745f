/* audit_line - the bytes of one audit record.  Room: kms.  Private to the audit files. */
#pragma once
#include "kms/audit.h"

/* Appends the record with its LF; ret_hash: what `hash` says. */
MUST_CHECK enum err_code audit_line_encode(uint64_t seq, int64_t now,
                                           const uint8_t node[static AUDIT_NODE_LEN],
                                           const struct hash32 *prev, const char *event,
                                           const struct audit_field *fields, size_t n,
                                           struct buf *ret, struct hash32 *ret_hash, struct err *e);
/* From where fd stands to its end. */
MUST_CHECK enum err_code audit_verify_fd(int fd, struct audit_report *ret, struct err *e);
