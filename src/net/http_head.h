/* http_head - the head of a request, once all its lines are there.  Room: net.
 *
 * Private to the parser: http_parser.c finds the end of the head and has refused every byte that no
 * head may hold; this reads the lines.  The rules are those of http_parser.h. */
#pragma once
#include "net/http_parser.h"

/* text[0..n) is the head without its empty line; every line of it ends in CRLF.  Puts NULs into it
 * and fills p->head with views.  False: p->status and p->problem say why.
 */
bool http_head_read(struct http_parser *p, char *text, size_t n);

void http_head_clear(struct http_head *h);

/* Refuse: sets status and problem, returns false. */
static inline bool http_refuse(struct http_parser *p, unsigned status, const char *problem)
{
    p->status = status;
    p->problem = problem;
    return false;
}
