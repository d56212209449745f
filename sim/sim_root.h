/* sim_root - the throw-away root that every simulated platform hangs on.  Room: sim.
 *
 * Its private key is public knowledge: it follows from a constant.  Development builds alone take
 * its certificate as a root (attest/roots, TEEREG_DEV_ROOTS).  The bytes are those of
 * tests/vectors/sim/root.json, for ever: SHA-256 of the DER is SIM_ROOT_SHA256. */
#pragma once
#include "crypto/p256.h"

#define SIM_ROOT_SHA256 "cc19068eab0b5564a8c18c9b6849855a3862367714c164181c6f3e7f5c8e2b96"

/* A P-256 key of the simulation: SHA-256("teereg-sim-v1\0" || lp(seed) || lp(purpose)) with its top
 * bit cleared is the scalar.  The root is seed "", purpose "root". */
MUST_CHECK enum err_code sim_key(const char *seed, const char *purpose, EVP_PKEY **ret,
                                 struct err *e);
MUST_CHECK enum err_code sim_root_key(EVP_PKEY **ret, struct err *e);
/* DER of the self-signed certificate, appended. */
MUST_CHECK enum err_code sim_root_certificate(struct buf *ret, struct err *e);
