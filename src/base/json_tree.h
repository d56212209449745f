/* json_tree - what the files of json share: a node is jansson's under our name.  Room: base.
 *
 * Private to json.c and json_read.c. */
#pragma once
#include "base/json.h" /* first: jansson has macros of some of its names */

#include <jansson.h>

/* jansson's macros of the same names; ours take a struct json. */
#undef json_is_null
#undef json_is_object
#undef json_is_array
#undef json_is_string

static inline json_t *t_of(const json *j)
{
    return (json_t *)(uintptr_t)j;
}

static inline json *j_of(json_t *t)
{
    return (json *)t;
}
