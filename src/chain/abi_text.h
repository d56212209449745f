/* abi_text - values of the ABI as one writes them in a message.  Room: chain.
 *
 * Numbers in decimal (hexadecimal over 64 bits), addresses and bytes in hexadecimal, strings in
 * quotes as printable ASCII, lists in brackets, tuples in parentheses; strings and bytes of
 * strangers are cut. */
#pragma once
#include "chain/abi_type.h"

void abi_text_value(struct buf *out, const struct abi_type *type, size_t node,
                    const struct abi_value *v);
/* "Name(value, ...)" of data that is the encoding of this signature's types; names (of the
 * arguments, comma-separated, or NULL): "Name(owner=value, ...)".  False, and nothing put, when it
 * is not. */
bool abi_text_call(struct buf *out, const char *signature, const char *names,
                   struct bytes arguments);
