/* ccel - the event log of a confidential computing platform, record by record.  Room: attest.
 *
 * What firmware leaves in the log area of the ACPI table CCEL: a TCG event log, little endian.
 *   first record:  u32 index | u32 type = 3 | digest[20] = 0 | u32 size | "Spec ID Event03\0" |
 *                  u32 platform class | u8 minor, major, errata, uintn size | u32 number of
 *                  algorithms | (u16 algorithm, u16 digest size) each | u8 vendor size, vendor data
 *   every other:   u32 index | u32 type | u32 count | (u16 algorithm, digest) each |
 *                  u32 size | data
 * It ends at index 0xffffffff, at index and type 0, or with the bytes; the rest is padding and not
 * looked at.  Source: TCG PC Client Platform Firmware Profile 1.05 §10; docs/WIRE.md, "Event log".
 *
 * A log is what somebody says: only a replay that gives the registers of a verified quote makes its
 * digests true, and only a digest over the data makes a description true (ccel_check.h). */
#pragma once
#include "base/err.h"
#include "base/rd.h"

#define CCEL_MAX        262144
#define CCEL_ALG_SHA384 0x000c
#define CCEL_ALGS_MAX   5 /* those that are known, each once */
#define CCEL_INDEX_MAX  4 /* 0: MRTD, 1 to 4: RTMR0 to RTMR3 */

struct ccel_alg {
    uint16_t id, size;
};

struct ccel_event {
    size_t offset; /* of its record in the log */
    uint32_t index, type;
    struct bytes digest; /* SHA-384, 48 bytes */
    struct bytes data;
};

/* A place in a log; borrows it. */
struct ccel {
    struct rd r;
    size_t size;
    size_t offset; /* where the next record begins; at the end: what follows is padding */
    bool ended;
    struct ccel_alg alg[CCEL_ALGS_MAX]; /* what the first record declares, SHA-384 among them */
    size_t n_algs;
};

/* Reads the first record.  Refused: an algorithm that is not known, or declared twice, or with
 * another size than its own; no SHA-384. */
MUST_CHECK enum err_code ccel_begin(struct bytes log, struct ccel *ret, struct err *e);
/* The next event, borrowed; *ret_more is false, and *ret untouched, at the end.  Refused: an index
 * over 4, an algorithm that was not declared, one that is there twice, no SHA-384 digest, a length
 * past the log.  After an error the place is of no further use. */
MUST_CHECK enum err_code ccel_next(struct ccel *c, struct ccel_event *ret, bool *ret_more,
                                   struct err *e);

/* The ACPI table, 56 bytes: where the log is. */
#define CCEL_TABLE_LEN 56
#define CCEL_TYPE_TDX  2
struct ccel_table {
    uint8_t cc_type, cc_subtype;
    uint64_t log_length, log_address;
};
/* Refused: another signature, length or checksum, a platform that is not TDX. */
MUST_CHECK enum err_code ccel_table_parse(struct bytes table, struct ccel_table *ret,
                                          struct err *e);
