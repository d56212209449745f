/* ccel_text - what an event says of itself, in one line.  Room: attest.
 *
 * Total and bounded, safe for a terminal (ccel_path.h).  It is the sender's text unless
 * ccel_digest_check says that the digest is over it. */
#pragma once
#include "attest/ccel_log.h"

#define CCEL_LINE_MAX 16384

/* Appended to ret: `SecureBoot {8be4df61-...} = 01`, `image PciRoot(0x0)/.../\EFI\BOOT\shim.efi`,
 * `kernel_cmdline: ...`, `dstack event "app-id" = 3763...`; what is unknown is hex. */
void ccel_describe(const struct ccel_entry *ev, struct buf *ret);

/* What the event is about, without what it says of it: a variable's name, an image's path, the word
 * before ": ".  Two events of one type about the same thing are one event that changed. */
void ccel_subject(const struct ccel_entry *ev, struct buf *ret);

/* "MRTD", "RTMR0", ... of an index */
const char *ccel_register_name(uint32_t index);
/* The name of a type, or its number: appended. */
void ccel_put_type(struct buf *out, uint32_t type);
