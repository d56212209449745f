/* json - strict JSON; the one module that knows jansson (json.c, json_read.c).  Room: base.
 *
 * Parsing refuses duplicate members, invalid UTF-8, NUL in strings, trailing data, numbers that are
 * not integers of 64 bits with a sign, depth over 32, objects of more than 4096 members and text
 * over the caller's maximum; its errors never repeat the text.  Getters give ERR_INVALID and name
 * the member.  Trees are confined to one thread.  The allocator wipes freed memory (json_init). */
#pragma once
#include "base/buf.h"

typedef struct json json; /* a node; the root is owned and freed, other nodes borrow from it */

/* Once per process, before any other call: wiping allocator, hash seed. */
void json_init(void);

MUST_CHECK enum err_code json_parse(struct bytes text, size_t max, json **ret, struct err *e);
/* A document of somebody else's, of which only some members are read.  As json_parse, but numbers
 * may be any that JSON has: one that is no integer of 64 bits is a node that no getter takes.  Such
 * a tree is not written. */
MUST_CHECK enum err_code json_parse_foreign(struct bytes text, size_t max, json **ret,
                                            struct err *e);
/* An answer in which strangers' strings stand beside what is read (logs, revert reasons of a
 * chain). As json_parse_foreign, but an escaped NUL in a string is U+FFFD: nobody may write what
 * makes an answer unreadable.  ERR_TOO_LARGE as well where there are over 4096 values that have
 * less than 32 bytes of text each: who answers must not choose how much memory that takes.  Never
 * for what was signed. */
MUST_CHECK enum err_code json_parse_answer(struct bytes text, size_t max, json **ret,
                                           struct err *e);
/* Is it one JSON value of somebody else's?  As json_parse, but numbers may be any that JSON has. */
MUST_CHECK enum err_code json_check(struct bytes text, size_t max, struct err *e);
void json_free(json *j);
DEFINE_AUTO(json, json_free);

/* Only these members (NULL-terminated list) may be present in obj. */
MUST_CHECK enum err_code json_only(const json *obj, const char *const members[], struct err *e);
bool json_has(const json *obj, const char *member);
bool json_is_null(const json *node);
bool json_is_object(const json *node);
bool json_is_array(const json *node);
bool json_is_string(const json *node);

MUST_CHECK enum err_code json_get(const json *obj, const char *member, const json **ret,
                                  struct err *e);
MUST_CHECK enum err_code json_get_object(const json *obj, const char *member, const json **ret,
                                         struct err *e);
MUST_CHECK enum err_code json_get_array(const json *obj, const char *member, const json **ret,
                                        struct err *e);
/* Borrowed, NUL-terminated, at most max bytes. */
MUST_CHECK enum err_code json_get_str(const json *obj, const char *member, size_t max,
                                      const char **ret, struct err *e);
MUST_CHECK enum err_code json_get_u64(const json *obj, const char *member, uint64_t max,
                                      uint64_t *ret, struct err *e);
/* Any integer of 64 bits with a sign (error codes of JSON-RPC). */
MUST_CHECK enum err_code json_get_i64(const json *obj, const char *member, int64_t *ret,
                                      struct err *e);
MUST_CHECK enum err_code json_get_bool(const json *obj, const char *member, bool *ret,
                                       struct err *e);
/* Exactly n bytes of hex without prefix / hex with "0x". */
MUST_CHECK enum err_code json_get_hex(const json *obj, const char *member, uint8_t *ret, size_t n,
                                      struct err *e);
MUST_CHECK enum err_code json_get_hex0x(const json *obj, const char *member, uint8_t *ret, size_t n,
                                        struct err *e);
/* Base64 appended to ret, bounded by its maximum. */
MUST_CHECK enum err_code json_get_b64(const json *obj, const char *member, struct buf *ret,
                                      struct err *e);

size_t json_len(const json *array);
const json *json_at(const json *array, size_t i); /* NULL past the end */
/* The string of a string node (NULL when it is not one). */
const char *json_str(const json *node);
/* The number of an integer node, 0 to max; false when it is not one. */
bool json_u64(const json *node, uint64_t max, uint64_t *ret);
/* Members of an object in order: member name and node of position i; false past the end. */
bool json_member(const json *obj, size_t i, const char **ret_name, const json **ret_node);
size_t json_members(const json *obj);

/* Making: every put copies; json_put and json_append take ownership of v (also on failure). */
MUST_CHECK enum err_code json_new_object(json **ret, struct err *e);
MUST_CHECK enum err_code json_new_array(json **ret, struct err *e);
MUST_CHECK enum err_code json_put(json *obj, const char *member, json *v, struct err *e);
MUST_CHECK enum err_code json_append(json *array, json *v, struct err *e);
MUST_CHECK enum err_code json_append_str(json *array, const char *v, struct err *e);
MUST_CHECK enum err_code json_put_str(json *obj, const char *member, const char *v, struct err *e);
/* At most 2^63-1 (jansson's integers); more is ERR_TOO_LARGE. */
MUST_CHECK enum err_code json_put_u64(json *obj, const char *member, uint64_t v, struct err *e);
MUST_CHECK enum err_code json_put_bool(json *obj, const char *member, bool v, struct err *e);
MUST_CHECK enum err_code json_put_null(json *obj, const char *member, struct err *e);
MUST_CHECK enum err_code json_put_hex(json *obj, const char *member, struct bytes v, struct err *e);
MUST_CHECK enum err_code json_put_hex0x(json *obj, const char *member, struct bytes v,
                                        struct err *e);
MUST_CHECK enum err_code json_put_b64(json *obj, const char *member, struct bytes v, struct err *e);

enum json_form { JSON_COMPACT, JSON_PRETTY };
/* Text in insertion order, appended to out, no final newline. */
MUST_CHECK enum err_code json_write(const json *j, enum json_form form, struct buf *out,
                                    struct err *e);
/* Append a quoted, escaped JSON string: controls (also C1 and those that turn direction) as \uXXXX,
 * bytes that are not UTF-8 as U+FFFD.  A caller to whom each byte matters asks utf8_valid first. */
void json_put_quoted(struct buf *out, struct bytes utf8);
