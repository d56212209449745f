/* random - bytes from OpenSSL's DRBG, seeded by getrandom.  Room: crypto.
 *
 * Failure of the generator ends the process: nothing here may go on without randomness (SR-61). */
#pragma once
#include <stddef.h>
#include <stdint.h>

void random_bytes(uint8_t *ret, size_t n);
