/* provision - an instance gets its certificate, keys and configuration.  Room: instance.
 *
 * provision_fetch asks, verifies and computes, and changes nothing on disk; provision_write then
 * puts all files in place at once.  In between everything is in memory that is wiped.
 *
 *   key and CSR -> the KMS is judged (instance/kms_client.h) -> challenge -> evidence over key,
 *   challenge and request -> secrets, compared with the PKI that governance published -> the
 *   template that governance names for this identity -> contents by hash -> configuration */
#pragma once
#include "attest/provider.h"
#include "instance/kms_client.h"

struct provision_config {
    const char *kms_url;
    uint64_t chain_id;
    struct addr kms, app; /* contracts */
    const struct chain_view *view;
    const struct clock *clock;
    const struct attest_judge *attest;
    const quote_provider *quotes;
    struct bytes event_log; /* of the firmware, goes with the evidence; empty: none */
    /* Collateral for a quote, a bundle in JSON, to go with the evidence; NULL: none is sent. */
    enum err_code (*collateral)(void *self, struct bytes quote, struct buf *ret, struct err *e);
    void *collateral_self;
    struct hash32 config_hash; /* of this instance's anchors (instance/anchors.h) */
    uint32_t min_delay;
    const char *own_store_uri; /* the operator's own storage, asked first; NULL: none */
};

struct provisioned {
    struct buf certificate_pem, ca_pem;
    secret *key_pem;         /* of the certificate */
    struct buf config;       /* resolved; wiped */
    struct hash32 identity;  /* what the application's contract allowed (or its principal) */
    struct hash32 template_; /* content id of the template */
    struct finalized_block at;
    uint64_t epoch;
    struct buf receipt_node; /* audit receipt: the KMS's node, sequence and head */
    uint64_t receipt_seq;
    struct hash32 receipt_head;
    struct kms_peer kms;
};
void provisioned_done(struct provisioned *p);

/* What stage is being worked on, for progress on a terminal; NULL: nobody wants to know. */
struct provision_progress {
    void (*step)(void *self, const char *what);
    void *self;
};

/* Of this room: the client for the KMS that config names; config outlives it. */
MUST_CHECK enum err_code provision_kms_client(const struct provision_config *config,
                                              kms_client **ret, struct err *e);

/* ERR_DENIED names the measurement that differs from the nearest allowed one, found and expected,
 * and the command that would allow it (instance/explain.h). */
MUST_CHECK enum err_code provision_fetch(const struct provision_config *config,
                                         const struct provision_progress *progress,
                                         struct provisioned *ret, struct err *e);

/* Asks the KMS why it would refuse this machine, or not, and gets nothing else (POST
 * /api/v2/explain): the JSON text of its answer. */
MUST_CHECK enum err_code provision_ask_why(const struct provision_config *config, struct buf *ret,
                                           struct err *e);

/* The files, in a folder that is made or replaced as a whole: key.pem 0600, cert.pem 0644,
 * cacert.pem 0644, config 0600 (SR-57).  ERR_INVALID when dir is something else than a folder that
 * holds these files at most. */
MUST_CHECK enum err_code provision_write(const struct provisioned *p, const char *dir,
                                         struct err *e);
/* Whether provision_write would take this folder: to be asked before anything is released. */
MUST_CHECK enum err_code provision_may_write(const char *dir, struct err *e);
