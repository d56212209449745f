/* ccel_log - a whole event log, in either of the forms that there are, and its replay.
 * Room: attest.
 *
 * Forms: the bytes of ccel.h, or the JSON array of dstack: objects {"imr": 0 to 3, "event_type",
 * "digest": hex, "event": name, "event_payload": hex}, in newer ones also "version" and "preimage".
 * There an event of type 0x08000001 is made at run time and has a name; its digest may be left out
 * and is then computed; the data of other events may be left out. */
#pragma once
#include "attest/ccel.h"
#include "attest/ccel_types.h"
#include "base/buf.h"

#define CCEL_EVENTS_MAX 4096
#define CCEL_JSON_MAX   1048576
#define CCEL_RTMRS      4

#define CCEL_DSTACK_NAME  256 /* bytes of a name */
#define CCEL_NOT_AN_EVENT SIZE_MAX

struct ccel_entry {
    uint32_t index, type;
    uint8_t digest[48];
    struct bytes data;
    struct bytes name; /* JSON alone: UTF-8, as given */
    bool no_data;      /* JSON alone: the data was left out */
    bool v2;           /* dstack event: its digest is that of version 2 */
};

enum ccel_form {
    CCEL_FORM_TCG,
    CCEL_FORM_JSON,
};

/* Begin with `struct ccel_log log AUTO_CALL(ccel_log_done) = {0};` */
struct ccel_log {
    enum ccel_form form;
    struct ccel_entry *entry; /* owned; without the first record of a TCG log */
    size_t n;
    struct buf held;   /* what a JSON log's entries borrow */
    size_t end_offset; /* TCG: where padding begins */
    bool not_padding;  /* TCG: something else than 0x00 or 0xff follows */
    struct ccel_alg alg[CCEL_ALGS_MAX];
    size_t n_algs;
};
void ccel_log_done(struct ccel_log *log);

/* Entries of a TCG log borrow from text. */
MUST_CHECK enum err_code ccel_log_read(struct bytes text, struct ccel_log *ret, struct err *e);
/* The same for the JSON form alone (ccel_log_read tells them apart by the first byte). */
MUST_CHECK enum err_code ccel_log_from_json(struct bytes text, struct ccel_log *ret, struct err *e);

/* The log with one more event behind its last, instead of padding; appended to ret.  ERR_INVALID:
 * it is none in bytes, or declares other algorithms besides SHA-384; ERR_TOO_LARGE. */
MUST_CHECK enum err_code ccel_log_append(struct bytes log, const struct ccel_entry *ev,
                                         struct buf *ret, struct err *e);

/* What the registers must be if the log is true: RTMR = SHA384(RTMR || digest), from zeros, for
 * every event but EV_NO_ACTION. */
struct ccel_replay {
    uint8_t rtmr[CCEL_RTMRS][48];
    size_t extends[CCEL_RTMRS];
    size_t mrtd; /* events of index 0: nothing extends MRTD after launch, so they prove nothing */
};
void ccel_log_replay(const struct ccel_log *log, struct ccel_replay *ret);

/* Which registers of a quote the replay gives; true: all. */
bool ccel_replay_matches(const struct ccel_replay *replay,
                         const uint8_t rtmr[static CCEL_RTMRS][48], bool ret[static CCEL_RTMRS]);

/* The bytes that the digest of a dstack event is over, appended to ret.  Version 1: u32le type,
 * ":", name, ":", payload; version 2: canonical JSON (RFC 8785) of name, payload and type. */
void ccel_dstack_preimage(const struct ccel_entry *ev, bool v2, struct buf *ret);
