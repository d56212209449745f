/* utf8 - strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing past U+10FFFF.
 * Room: base. */
#pragma once
#include "base/bytes.h"

/* Length of the well-formed sequence that text begins with, its code point in *ret; 0 when text is
 * empty or begins with none. */
size_t utf8_next(struct bytes text, uint32_t *ret);
bool utf8_valid(struct bytes text);
