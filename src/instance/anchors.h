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
    const char *view_mode; /* "trusted", "quorum", "verified" */
    const char *endpoint;  /* URL of the node */
    uint32_t min_delay;    /* seconds that a contract's grants must wait at least; 0: none */
};
MUST_CHECK enum err_code instance_anchors_hash(const struct instance_anchors *a, struct hash32 *ret,
                                               struct err *e);
