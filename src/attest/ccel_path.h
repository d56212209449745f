/* ccel_path - EFI device paths and strings of event logs as safe text.  Room: attest.
 *
 * Everything here is total: what cannot be read is shown in hex.  Text that leaves is UTF-8 without
 * controls and without what turns direction or hides: those stand as \xNN and \u{N}.
 * Source: UEFI 2.10 §10.3 (nodes), §10.6 (their text). */
#pragma once
#include "base/buf.h"

#define CCEL_TEXT_MAX 2048 /* bytes of source that are shown; the rest is "..." */

void ccel_put_utf8(struct buf *out, struct bytes text);
/* UTF-16LE up to a NUL or the end. */
void ccel_put_utf16(struct buf *out, struct bytes text);
/* At most `max` bytes in hex. */
void ccel_put_hex(struct buf *out, struct bytes b, size_t max);
/* 16 bytes whose first three groups are little endian: 8be4df61-93ca-11d2-aa0d-00e098032b8c. */
void ccel_put_guid(struct buf *out, struct bytes guid);
/* PciRoot(0x0)/Pci(0x1,0x0)/HD(15,GPT,...)/\EFI\BOOT\shim.efi */
void ccel_put_path(struct buf *out, struct bytes path);
