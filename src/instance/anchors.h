/* anchors - what an instance believes in before it has asked anybody, and its hash.
 * Room: instance.
 *
 * They come from the measured image or the kernel command line alone.  Their hash stands in every
 * secrets request, so that a contract whose allow-list holds principals decides about image and
 * anchors together: SHA-256("teereg-config-v2\0" || TLVs), the TLVs of the KMS's configuration
 * where they mean the same, and tag 64 for the application.  Source: docs/WIRE.md, "Security
 * configuration". */
#pragma once
#include "base/bytes.h"
#include "base/err.h"

struct instance_anchors {
    uint64_t chain_id;
    struct addr kms, app;
    const char *view_mode;    /* "trusted", "quorum", "verified" */
    const char *endpoint[16]; /* URLs of the nodes, ascending */
    size_t n_endpoints;
    struct hash32 ca_key[4]; /* of each of them: SHA-256 of SPKIs; none: the image's authorities */
    size_t n_ca_keys;
    uint16_t quorum;    /* so many of them agree; 1 is the default */
    uint32_t min_delay; /* seconds that a contract's grants must wait at least; 0: none */
};
MUST_CHECK enum err_code instance_anchors_hash(const struct instance_anchors *a, struct hash32 *ret,
                                               struct err *e);
