/* qgs - messages of Intel's Quote Generation Service on the host, and an exchange of them.  Room:
 * attest, private.
 *
 * On a stream: u32be length || message.  A message is little endian and begins with a header of 16
 * bytes: u16 major = 1 | u16 minor | u32 type | u32 size of the whole message | u32 error.
 *   request (type 0):  header | u32 report size | u32 size of a list of ids | report | list
 *   answer (type 1):   header | u32 size of an id | u32 quote size | id | quote
 * Only the major version is compared: services of 1.0 and 1.1 are about.  Source: Intel's
 * QuoteGeneration/quote_wrapper/qgs_msg_lib/inc/qgs_msg_lib.h. */
#pragma once
#include "base/buf.h"

#define TDREPORT_LEN   1024
#define QGS_ID_MAX     256
#define QGS_ANSWER_MAX (24 + QGS_ID_MAX + 32768)

/* The length and the message. */
void qgs_request_put(struct buf *out, struct bytes tdreport);
/* A message without its length; the quote is borrowed and not empty.  ERR_UPSTREAM with the error
 * of the service in words. */
MUST_CHECK enum err_code qgs_answer_parse(struct bytes message, struct bytes *ret_quote,
                                          struct err *e);
/* Request and answer over a connected non-blocking socket, all of it before deadline_ns of
 * clock_system; the quote is appended to ret.  ERR_TIMEOUT, ERR_UPSTREAM. */
MUST_CHECK enum err_code qgs_exchange(int fd, struct bytes tdreport, uint64_t deadline_ns,
                                      struct buf *ret, struct err *e);
