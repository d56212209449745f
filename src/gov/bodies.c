/* bodies - what is larger than a word: fetched from anywhere, checked against the slot; registry.h.
 */
#include "chain/abi.h"
#include "crypto/digest.h"
#include "gov/contracts_gen.h"
#include "gov/registry.h"

#define ANSWER_MAX   (3 * GOV_PKI_MAX)
#define EVIDENCE_MAX 65536 /* the third part of a PKI, which we do not look at */
#define LIST_MAX     (GOV_BACKENDS_MAX * 1024)

static enum err_code ask(const struct chain_view *v, const struct finalized_block *at,
                         const struct addr *contract, const char *function,
                         const struct hash32 *argument, struct buf *ret, struct err *e)
{
    struct buf call AUTO_CALL(buf_done) = BUF(128);
    struct abi_value value = argument ? abi_word(argument) : (struct abi_value){0};

    TRY(abi_call(function, &value, argument ? 1 : 0, &call, e));
    return chain_view_body(v, at, contract, buf_bytes(&call), ret, e);
}

/* ---- PKI ---- */

void gov_pki_done(struct gov_pki *p)
{
    buf_done(&p->ca_der);
    buf_done(&p->spki_der);
}

enum err_code gov_pki_hash(struct bytes ca_der, struct bytes spki_der, struct hash32 *ret,
                           struct err *e)
{
    struct buf encoded AUTO_CALL(buf_done) = BUF(2 * GOV_PKI_MAX + 256);

    TRY_IN(e,
           abi_encode("bytes,bytes", (struct abi_value[]){abi_bytes(ca_der), abi_bytes(spki_der)},
                      2, &encoded, e),
           "PKI");
    keccak256(buf_bytes(&encoded), ret);
    return ERR_OK;
}

enum err_code gov_registry_pki(const struct chain_view *v, const struct finalized_block *at,
                               const struct addr *app, const struct hash32 *pki_hash,
                               struct gov_pki *ret, struct err *e)
{
    struct buf answer AUTO_CALL(buf_done) = BUF(ANSWER_MAX + EVIDENCE_MAX);
    struct gov_pki pki AUTO_CALL(gov_pki_done) = {BUF(GOV_PKI_MAX), BUF(GOV_PKI_MAX)};
    AUTO(abi_tree) tree = NULL;
    const struct abi_value *parts;
    struct hash32 found;

    if (hash32_is_zero(pki_hash))
        return err_set(e, ERR_NOT_FOUND, "the contract publishes no PKI yet");
    TRY_IN(e, ask(v, at, app, GOV_FN_PKI, NULL, &answer, e), "PKI");
    TRY_IN(e, abi_decode(GOV_RET_PKI, buf_bytes(&answer), &tree, e), "PKI");
    parts = abi_tree_values(tree)[0].items;
    TRY(gov_pki_hash(parts[0].bytes, parts[1].bytes, &found, e));
    if (!hash32_eq(&found, pki_hash))
        return err_set(e, ERR_VERIFY, "PKI: the answer does not have the hash that is onchain");
    buf_put(&pki.ca_der, parts[0].bytes);
    buf_put(&pki.spki_der, parts[1].bytes);
    TRY(buf_check(&pki.ca_der, e));
    TRY(buf_check(&pki.spki_der, e));
    *ret = pki;
    pki = (struct gov_pki){0};
    return ERR_OK;
}

/* ---- storage backends ---- */

void gov_backends_done(struct gov_backends *b)
{
    while (b->n > 0)
        free(b->uri[--b->n]);
}

static enum err_code copy_uri(struct bytes text, char **ret, struct err *e)
{
    if (memchr(text.p, 0, text.n))
        return err_set(e, ERR_INVALID, "storage backends: a URI with NUL");
    *ret = strndup((const char *)text.p, text.n);
    return *ret ? ERR_OK : err_set(e, ERR_NOMEM, "storage backends");
}

static enum err_code too_long(const char *what, uint64_t n, struct err *e)
{
    return err_set(e, ERR_TOO_LARGE, "%s: %llu, at most %d", what, (unsigned long long)n,
                   GOV_BACKENDS_MAX);
}

/* A list of strings that the contract answers with, whose hash is in a slot. */
static enum err_code read_list(const struct chain_view *v, const struct finalized_block *at,
                               const struct addr *contract, const char *function, const char *what,
                               const struct hash32 *hash, struct gov_backends *ret, struct err *e)
{
    struct gov_backends list AUTO_CALL(gov_backends_done) = {0};
    struct buf answer AUTO_CALL(buf_done) = BUF(LIST_MAX);
    AUTO(abi_tree) tree = NULL;
    const struct abi_value *uris;
    struct hash32 found;

    if (hash32_is_zero(hash)) {
        *ret = list;
        return ERR_OK;
    }
    TRY_IN(e, ask(v, at, contract, function, NULL, &answer, e), "%s", what);
    /* The hash is of abi.encode(string[]), which is what the function returns. */
    keccak256(buf_bytes(&answer), &found);
    if (!hash32_eq(&found, hash))
        return err_set(e, ERR_VERIFY, "%s: the answer does not have the hash that is onchain",
                       what);
    TRY_IN(e, abi_decode("string[]", buf_bytes(&answer), &tree, e), "%s", what);
    uris = abi_tree_values(tree);
    if (uris->n > GOV_BACKENDS_MAX)
        return too_long(what, uris->n, e);
    for (; list.n < uris->n; list.n++)
        TRY(copy_uri(uris->items[list.n].bytes, &list.uri[list.n], e));
    *ret = list;
    list.n = 0;
    return ERR_OK;
}

enum err_code gov_registry_backends(const struct chain_view *v, const struct finalized_block *at,
                                    const struct addr *app, const struct hash32 *backends_hash,
                                    struct gov_backends *ret, struct err *e)
{
    return read_list(v, at, app, GOV_FN_STORAGE_BACKENDS, "storage backends", backends_hash, ret,
                     e);
}

/* ---- names of instances ---- */

#define NAMES "names of instances"

static enum err_code read_name(const struct chain_view *v, const struct finalized_block *at,
                               const struct addr *contract, uint64_t i, char **ret, struct err *e)
{
    const struct hash32 index = gov_word_u64(i);
    struct buf answer AUTO_CALL(buf_done) = BUF(LIST_MAX);
    AUTO(abi_tree) tree = NULL;

    TRY(ask(v, at, contract, GOV_FN_M_INSTANCE_DOMAIN_NAMES, &index, &answer, e));
    TRY(abi_decode(GOV_RET_M_INSTANCE_DOMAIN_NAMES, buf_bytes(&answer), &tree, e));
    return copy_uri(abi_tree_values(tree)->bytes, ret, e);
}

/* One by one, as the contract's list leaves out those whose heartbeat is missing; the hash is of
 * all of them. */
static enum err_code read_names(const struct chain_view *v, const struct finalized_block *at,
                                const struct addr *contract, const struct hash32 *hash,
                                struct gov_backends *ret, struct err *e)
{
    struct gov_backends list AUTO_CALL(gov_backends_done) = {0};
    struct buf encoded AUTO_CALL(buf_done) = BUF(LIST_MAX);
    const struct hash32 slot = gov_slot(GOV_SLOT_DOMAINS);
    struct abi_value names[GOV_BACKENDS_MAX], all;
    struct hash32 word, found;
    uint64_t n;

    TRY(chain_view_read(v, at, contract, &slot, 1, &word, NULL, e));
    TRY(gov_word_to_u64(&word, &n, e));
    if (n > GOV_BACKENDS_MAX)
        return too_long(NAMES, n, e);
    for (; list.n < n; list.n++) {
        TRY(read_name(v, at, contract, list.n, &list.uri[list.n], e));
        names[list.n] = abi_str(list.uri[list.n]);
    }
    all = abi_list(names, list.n);
    TRY(abi_encode("string[]", &all, 1, &encoded, e));
    keccak256(buf_bytes(&encoded), &found);
    if (!hash32_eq(&found, hash))
        return err_set(e, ERR_VERIFY, "the answers do not have the hash that is onchain");
    *ret = list;
    list.n = 0;
    return ERR_OK;
}

enum err_code gov_domains(const struct chain_view *v, const struct finalized_block *at,
                          const struct addr *contract, const struct hash32 *domains_hash,
                          struct gov_backends *ret, struct err *e)
{
    const enum err_code code =
        read_list(v, at, contract, GOV_FN_INSTANCE_DOMAIN_NAMES, NAMES, domains_hash, ret, e);

    if (code != ERR_VERIFY)
        return code;
    TRY_IN(e, read_names(v, at, contract, domains_hash, ret, e), NAMES);
    return ERR_OK;
}

/* ---- artifacts ---- */

/* What an event of this id carries; nothing when it carries anything else. */
static bool is_artifact(const struct chain_log *log, const struct hash32 *id, struct buf *ret)
{
    AUTO(abi_tree) tree = NULL;
    struct hash32 found;
    struct bytes body;
    struct err ignored;

    if (abi_decode(GOV_EV_DATA_ARTIFACT_PUBLISHED, buf_bytes(&log->data), &tree, &ignored) !=
        ERR_OK)
        return false;
    body = abi_tree_values(tree)->bytes;
    sha256(body, &found);
    if (!hash32_eq(&found, id))
        return false;
    if (ret)
        buf_put(ret, body);
    return true;
}

static bool is_wanted(void *self, const struct chain_log *log)
{
    return is_artifact(log, self, NULL);
}

/* The block of its event is a word of the contract, so that one block's logs are asked for. */
static enum err_code published(const struct chain_view *v, const struct finalized_block *at,
                               const struct addr *contract, const struct hash32 *id,
                               struct buf *ret, struct err *e)
{
    const struct hash32 slot = gov_slot_entry(GOV_SLOT_PUBLISHED, id, 0);
    struct hash32 topic, wanted = *id, word;
    struct chain_log_query q = {
        .contract = contract, .topic = {&topic, id}, .wanted = is_wanted, .self = &wanted};
    struct chain_log log AUTO_CALL(chain_log_done) = {.n_topics = 0};
    size_t n;

    TRY_IN(e, chain_view_read(v, at, contract, &slot, 1, &word, NULL, e), "artifact");
    if (hash32_is_zero(&word))
        return err_set(e, ERR_NOT_FOUND, "artifact: the contract has none of this id");
    if (gov_word_to_u64(&word, &q.from, e) != ERR_OK || q.from > at->ref.number)
        return err_set(e, ERR_VERIFY, "artifact: the contract names no block that it was told in");
    q.until = q.from;
    abi_topic(GOV_EV_ARTIFACT_PUBLISHED, &topic);
    TRY_IN(e, chain_view_logs(v, &q, &log, 1, &n, e), "artifact");
    if (n == 0)
        return err_set(e, ERR_UPSTREAM,
                       "artifact: it was told in block %llu, and no node shows that event (does it "
                       "keep logs that old?)",
                       (unsigned long long)q.from);
    if (!is_artifact(&log, id, ret)) /* whatever the view left out, and whatever it did not */
        return err_set(e, ERR_VERIFY, "artifact: the event has another SHA-256");
    return buf_check(ret, e);
}

enum err_code gov_artifact(const struct chain_view *v, const struct finalized_block *at,
                           const struct addr *contract, const struct hash32 *id, struct buf *ret,
                           struct err *e)
{
    struct buf answer AUTO_CALL(buf_done) = BUF(GOV_ARTIFACT_MAX + 128);
    AUTO(abi_tree) tree = NULL;
    struct hash32 found;
    struct bytes body;

    /* `artifacts` answers with nothing where `getArtifact` reverts. */
    TRY_IN(e, ask(v, at, contract, GOV_FN_ARTIFACTS, id, &answer, e), "artifact");
    TRY_IN(e, abi_decode(GOV_RET_ARTIFACTS, buf_bytes(&answer), &tree, e), "artifact");
    body = abi_tree_values(tree)->bytes;
    sha256(body, &found);
    if (!hash32_eq(&found, id))
        return body.n == 0 ? published(v, at, contract, id, ret, e)
                           : err_set(e, ERR_VERIFY, "artifact: the answer has another SHA-256");
    buf_put(ret, body);
    return buf_check(ret, e);
}
