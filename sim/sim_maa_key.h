/* sim_maa_key - the signing key of a simulated attestation service.  Room: sim, private. */
#pragma once
#include "crypto/p256.h"
#include "sim_maa.h"

struct sim_maa_key {
    EVP_PKEY *key, *other;
    char kid[64];
    struct buf key_set; /* JSON, as the instance shows it */
};
void sim_maa_key_done(struct sim_maa_key *k);
/* One of the two keys of this process, which take a moment the first time.  What ret held is freed,
 * on success only. */
MUST_CHECK enum err_code sim_maa_key_make(const struct sim_maa_spec *spec, struct sim_maa_key *ret,
                                          struct err *e);
