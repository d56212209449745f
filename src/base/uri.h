/* uri - scheme://[user@]host[:port][/path][?query], split and percent-decoded.  Room: base.
 *
 * Strict RFC 3986 subset: lower-case known characters, port 1..65535, no fragment, at most 2047
 * bytes; percent-encoding is decoded once in user, path and query values, and must not yield a
 * control character.  Errors never repeat the text.
 * IPv6 hosts stand in brackets and are returned without them. */
#pragma once
#include "base/buf.h"

#define URI_MAX 2048

struct uri {
    char scheme[16];    /* lower case */
    char userinfo[256]; /* decoded, empty when none */
    char host[256];     /* as written, lower case; may be empty (file:///x) */
    bool has_userinfo;
    uint16_t port;       /* 0 when none */
    char path[URI_MAX];  /* decoded, begins with '/' or is empty */
    char query[URI_MAX]; /* raw, without '?' */
};

MUST_CHECK enum err_code uri_parse(struct bytes text, struct uri *ret, struct err *e);
/* Decoded value of a query parameter into ret; ERR_NOT_FOUND when absent, ERR_INVALID when twice.
 */
MUST_CHECK enum err_code uri_param(const struct uri *u, const char *name, char *ret, size_t size,
                                   struct err *e);
