/* bodies, measured: what is fetched from anywhere counts only when it has the hash that is onchain.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "chain/abi.h"
#include "crypto/digest.h"
#include "gov/contracts_gen.h"
#include "gov/measured.h"
#include "gov/registry.h"
#include "support/eth.h"
#include "support/fake_view.h"

#define CHAIN 31337
static const struct addr app = {{0xa1}};

struct world {
    struct fake_view fake;
    struct chain_view view;
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    w->view = fake_view_of(&w->fake, CHAIN);
    fake_view_code(&w->fake, &app, 1);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    fake_view_done(&w->fake);
    free(w);
    return 0;
}

static void answer(struct world *w, const char *function, const struct abi_value *arg,
                   const char *types, const struct abi_value *values, size_t n)
{
    struct buf call AUTO_CALL(buf_done) = BUF(4096), body AUTO_CALL(buf_done) = BUF(1 << 20);
    struct err e;

    assert_int_equal(abi_call(function, arg, arg ? 1 : 0, &call, &e), ERR_OK);
    assert_int_equal(abi_encode(types, values, n, &body, &e), ERR_OK);
    fake_view_body(&w->fake, buf_bytes(&call), buf_bytes(&body));
}

/* ---- PKI ---- */

static void answer_pki(struct world *w, const char *ca, const char *spki)
{
    struct abi_value parts[] = {abi_str(ca), abi_str(spki), abi_str("evidence")};
    struct abi_value pki = abi_list(parts, 3);

    answer(w, GOV_FN_PKI, NULL, GOV_RET_PKI, &pki, 1);
}

static void a_pki_with_the_hash_that_is_onchain_is_taken(void **state)
{
    struct world *w = *state;
    struct gov_pki pki AUTO_CALL(gov_pki_done) = {0};
    struct hash32 hash;
    struct err e = {0};

    answer_pki(w, "certificate", "key");
    assert_int_equal(gov_pki_hash(bytes_of_str("certificate"), bytes_of_str("key"), &hash, &e),
                     ERR_OK);
    assert_int_equal(gov_registry_pki(&w->view, &w->fake.newest, &app, &hash, &pki, &e), ERR_OK);
    assert_true(bytes_eq(buf_bytes(&pki.ca_der), bytes_of_str("certificate")));
    assert_true(bytes_eq(buf_bytes(&pki.spki_der), bytes_of_str("key")));
}

static void a_pki_that_the_node_changed_is_refused(void **state)
{
    struct world *w = *state;
    struct gov_pki pki AUTO_CALL(gov_pki_done) = {0};
    struct hash32 hash;
    struct err e = {0};

    answer_pki(w, "certificate", "keys");
    assert_int_equal(gov_pki_hash(bytes_of_str("certificate"), bytes_of_str("key"), &hash, &e),
                     ERR_OK);
    assert_int_equal(gov_registry_pki(&w->view, &w->fake.newest, &app, &hash, &pki, &e),
                     ERR_VERIFY);
}

static void a_pki_that_was_never_published_is_not_asked_for(void **state)
{
    struct world *w = *state;
    struct gov_pki pki AUTO_CALL(gov_pki_done) = {0};
    struct err e = {0};

    assert_int_equal(
        gov_registry_pki(&w->view, &w->fake.newest, &app, &(struct hash32){0}, &pki, &e),
        ERR_NOT_FOUND);
    assert_int_equal(w->fake.body_calls, 0);
}

static void a_pki_that_is_no_abi_is_refused(void **state)
{
    struct world *w = *state;
    struct gov_pki pki AUTO_CALL(gov_pki_done) = {0};
    struct buf call AUTO_CALL(buf_done) = BUF(64);
    struct err e = {0};

    assert_int_equal(abi_call(GOV_FN_PKI, NULL, 0, &call, &e), ERR_OK);
    fake_view_body(&w->fake, buf_bytes(&call), bytes_of_str("garbage"));
    assert_int_equal(
        gov_registry_pki(&w->view, &w->fake.newest, &app, &(struct hash32){{1}}, &pki, &e),
        ERR_INVALID);
}

/* The hash of docs/WIRE.md, "Keys", for two bytes each: computed with Python from the ABI's rules.
 */
static void the_hash_of_a_pki_is_that_of_two_byte_strings(void **state)
{
    struct hash32 found, expected;
    struct buf text AUTO_CALL(buf_done) = BUF(1024);
    struct err e;

    (void)state;
    vector_hex("0000000000000000000000000000000000000000000000000000000000000040"
               "0000000000000000000000000000000000000000000000000000000000000080"
               "0000000000000000000000000000000000000000000000000000000000000002"
               "6361000000000000000000000000000000000000000000000000000000000000"
               "0000000000000000000000000000000000000000000000000000000000000003"
               "6b65790000000000000000000000000000000000000000000000000000000000",
               &text);
    keccak256(buf_bytes(&text), &expected);
    assert_int_equal(gov_pki_hash(bytes_of_str("ca"), bytes_of_str("key"), &found, &e), ERR_OK);
    assert_memory_equal(found.b, expected.b, 32);
}

/* ---- backends ---- */

static struct hash32 answer_backends(struct world *w, const char *const *uris, size_t n)
{
    struct buf text AUTO_CALL(buf_done) = BUF(1 << 20);
    struct abi_value items[64], list;
    struct hash32 hash;
    struct err e;

    for (size_t i = 0; i < n; i++)
        items[i] = abi_str(uris[i]);
    list = abi_list(items, n);
    answer(w, GOV_FN_STORAGE_BACKENDS, NULL, "string[]", &list, 1);
    assert_int_equal(abi_encode("string[]", &list, 1, &text, &e), ERR_OK);
    keccak256(buf_bytes(&text), &hash);
    return hash;
}

static void backends_come_in_their_order(void **state)
{
    static const char *const uris[] = {"onchain://", "s3://bucket/prefix"};
    struct world *w = *state;
    struct gov_backends b AUTO_CALL(gov_backends_done) = {0};
    struct hash32 hash = answer_backends(w, uris, 2);
    struct err e = {0};

    assert_int_equal(gov_registry_backends(&w->view, &w->fake.newest, &app, &hash, &b, &e), ERR_OK);
    assert_int_equal(b.n, 2);
    assert_string_equal(b.uri[0], uris[0]);
    assert_string_equal(b.uri[1], uris[1]);
}

static void backends_that_the_node_changed_are_refused(void **state)
{
    static const char *const uris[] = {"onchain://"};
    struct world *w = *state;
    struct gov_backends b AUTO_CALL(gov_backends_done) = {0};
    struct hash32 hash = answer_backends(w, uris, 1);
    struct err e = {0};

    hash.b[0] ^= 1;
    assert_int_equal(gov_registry_backends(&w->view, &w->fake.newest, &app, &hash, &b, &e),
                     ERR_VERIFY);
    assert_int_equal(b.n, 0);
}

static void an_empty_list_of_backends_is_not_asked_for(void **state)
{
    struct world *w = *state;
    struct gov_backends b AUTO_CALL(gov_backends_done) = {.n = 0};
    struct err e = {0};

    assert_int_equal(
        gov_registry_backends(&w->view, &w->fake.newest, &app, &(struct hash32){0}, &b, &e),
        ERR_OK);
    assert_int_equal(b.n, 0);
    assert_int_equal(w->fake.body_calls, 0);
}

static void too_many_backends_are_refused(void **state)
{
    const char *uris[GOV_BACKENDS_MAX + 1];
    struct world *w = *state;
    struct gov_backends b AUTO_CALL(gov_backends_done) = {0};
    struct hash32 hash;
    struct err e = {0};

    for (size_t i = 0; i < GOV_BACKENDS_MAX + 1; i++)
        uris[i] = "onchain://";
    hash = answer_backends(w, uris, GOV_BACKENDS_MAX + 1);
    assert_int_equal(gov_registry_backends(&w->view, &w->fake.newest, &app, &hash, &b, &e),
                     ERR_TOO_LARGE);
}

/* ---- names of instances ---- */

/* The contract's own list leaves `silent` out; one by one it gives all three. */
static struct hash32 answer_names(struct world *w, const char *silent)
{
    static const char *const all[] = {"a.example", "b.example", "c.example"};
    struct abi_value names[3], alive[3], list;
    struct buf encoded AUTO_CALL(buf_done) = BUF(4096);
    struct hash32 hash;
    size_t n = 0;
    struct err e;

    for (size_t i = 0; i < 3; i++) {
        const struct hash32 index = gov_word_u64(i);
        struct abi_value arg = abi_word(&index);

        names[i] = abi_str(all[i]);
        answer(w, GOV_FN_M_INSTANCE_DOMAIN_NAMES, &arg, "string", &names[i], 1);
        if (strcmp(all[i], silent) != 0)
            alive[n++] = names[i];
    }
    list = abi_list(alive, n);
    answer(w, GOV_FN_INSTANCE_DOMAIN_NAMES, NULL, "string[]", &list, 1);
    list = abi_list(names, 3);
    assert_int_equal(abi_encode("string[]", &list, 1, &encoded, &e), ERR_OK);
    keccak256(buf_bytes(&encoded), &hash);
    fake_view_set(&w->fake, &app, gov_slot(GOV_SLOT_DOMAINS), gov_word_u64(3));
    return hash;
}

static enum err_code read_names(struct world *w, const struct hash32 *hash,
                                struct gov_backends *ret)
{
    struct err e = {0};

    return gov_domains(&w->view, &w->fake.newest, &app, hash, ret, &e);
}

static void a_name_that_is_silent_is_among_all_names(void **state)
{
    static const char *const silent[] = {"", "a.example", "c.example"};

    for (size_t i = 0; i < 3; i++) {
        struct world *w = *state;
        struct gov_backends names AUTO_CALL(gov_backends_done) = {0};
        struct hash32 hash = answer_names(w, silent[i]);

        assert_int_equal(read_names(w, &hash, &names), ERR_OK);
        assert_int_equal(names.n, 3);
        assert_string_equal(names.uri[2], "c.example");
        for (size_t k = 0; k < w->fake.n_bodies; k++) {
            buf_done(&w->fake.bodies[k].calldata);
            buf_done(&w->fake.bodies[k].answer);
        }
        w->fake.n_bodies = 0;
    }
}

static void names_that_the_node_changed_are_refused(void **state)
{
    struct world *w = *state;
    struct gov_backends names AUTO_CALL(gov_backends_done) = {0};
    struct hash32 hash = answer_names(w, "b.example");

    hash.b[0] ^= 1;
    assert_int_equal(read_names(w, &hash, &names), ERR_VERIFY);
    hash.b[0] ^= 1;
    fake_view_set(&w->fake, &app, gov_slot(GOV_SLOT_DOMAINS), gov_word_u64(2));
    assert_int_equal(read_names(w, &hash, &names), ERR_VERIFY);
    fake_view_set(&w->fake, &app, gov_slot(GOV_SLOT_DOMAINS), gov_word_u64(GOV_BACKENDS_MAX + 1));
    assert_int_equal(read_names(w, &hash, &names), ERR_TOO_LARGE);
    assert_int_equal(names.n, 0);
}

static void who_registered_a_name_is_read_from_its_word(void **state)
{
    static const char *const names[] = {"a.example", "b.example"};
    struct hash32 key, word = {{[4] = 1, [11] = 9, [12] = 0xab, [31] = 0xcd}};
    struct world *w = *state;
    struct gov_registrar found[2];
    struct err e = {0};

    keccak256(bytes_of_str("a.example"), &key);
    fake_view_set(&w->fake, &app, gov_slot_entry(GOV_SLOT_REGISTRARS, &key, 0), word);
    assert_int_equal(gov_registrars(&w->view, &w->fake.newest, &app, names, 2, found, &e), ERR_OK);
    assert_true(found[0].until == (1ULL << 56) + 9);
    assert_true(found[0].who.b[0] == 0xab && found[0].who.b[19] == 0xcd);
    assert_true(addr_is_zero(&found[1].who) && found[1].until == 0);
    word.b[3] = 1;
    fake_view_set(&w->fake, &app, gov_slot_entry(GOV_SLOT_REGISTRARS, &key, 0), word);
    assert_int_equal(gov_registrars(&w->view, &w->fake.newest, &app, names, 2, found, &e),
                     ERR_INVALID);
}

static void demands_are_a_timed_word(void **state)
{
    struct world *w = *state;
    struct gov_timed t;
    struct err e = {0};

    for (uint64_t i = 0; i < 3; i++)
        fake_view_set(&w->fake, &app, gov_slot(GOV_SLOT_DEMANDS + i), gov_word_u64(3 - i));
    assert_int_equal(gov_demands(&w->view, &w->fake.newest, &app, &t, &e), ERR_OK);
    assert_int_equal(t.current.b[31], 3);
    assert_int_equal(t.next.b[31], 2);
    assert_int_equal(t.next_from, 1);
    assert_string_equal(gov_demands_name(GOV_DEMAND_ONBOARDING), "onboarding");
    assert_null(gov_demands_name(4));
}

/* ---- artifacts ---- */

static struct hash32 answer_artifact(struct world *w, const char *name, const char *body)
{
    struct abi_value arg, value = abi_str(body);
    struct hash32 id;

    sha256(bytes_of_str(name), &id);
    arg = abi_word(&id);
    answer(w, GOV_FN_ARTIFACTS, &arg, "bytes", &value, 1);
    return id;
}

static void an_artifact_is_what_its_id_says(void **state)
{
    struct world *w = *state;
    struct buf body AUTO_CALL(buf_done) = BUF(GOV_ARTIFACT_MAX);
    struct hash32 id = answer_artifact(w, "a template", "a template");
    struct err e = {0};

    assert_int_equal(gov_artifact(&w->view, &w->fake.newest, &app, &id, &body, &e), ERR_OK);
    assert_true(bytes_eq(buf_bytes(&body), bytes_of_str("a template")));
}

static void another_artifact_under_its_id_is_refused(void **state)
{
    struct world *w = *state;
    struct buf body AUTO_CALL(buf_done) = BUF(GOV_ARTIFACT_MAX);
    struct hash32 id = answer_artifact(w, "a template", "b template");
    struct err e = {0};

    assert_int_equal(gov_artifact(&w->view, &w->fake.newest, &app, &id, &body, &e), ERR_VERIFY);
    assert_int_equal(body.n, 0);
}

static void an_artifact_that_is_not_there_is_not_found(void **state)
{
    struct world *w = *state;
    struct buf body AUTO_CALL(buf_done) = BUF(GOV_ARTIFACT_MAX);
    struct hash32 id = answer_artifact(w, "a template", "");
    struct err e = {0};

    assert_int_equal(gov_artifact(&w->view, &w->fake.newest, &app, &id, &body, &e), ERR_NOT_FOUND);
}

/* ---- artifacts told in events ---- */

static struct chain_log *tell(struct world *w, const struct hash32 *id, const char *body)
{
    struct chain_log *log = &w->fake.logs[w->fake.n_logs++];
    struct addr who = {{7}};
    struct err e;

    log->data = BUF(4096);
    log->n_topics = 2;
    abi_topic("ArtifactPublished(bytes32,bytes,address)", &log->topics[0]);
    log->topics[1] = *id;
    assert_int_equal(abi_encode("bytes,address",
                                (struct abi_value[]){abi_str(body), abi_addr(&who)}, 2, &log->data,
                                &e),
                     ERR_OK);
    return log;
}

/* The contract keeps nothing under the id, but names the block it told it in. */
static struct hash32 published_in(struct world *w, const char *name, struct hash32 block)
{
    struct hash32 id = answer_artifact(w, name, "");

    w->fake.newest.ref.number = 90;
    fake_view_set(&w->fake, &app, gov_slot_entry(GOV_SLOT_PUBLISHED, &id, 0), block);
    return id;
}

static enum err_code read_artifact(struct world *w, const struct hash32 *id, struct buf *ret)
{
    struct err e = {0};

    return gov_artifact(&w->view, &w->fake.newest, &app, id, ret, &e);
}

static void an_artifact_told_in_an_event_is_read_from_its_block(void **state)
{
    struct world *w = *state;
    struct buf body AUTO_CALL(buf_done) = BUF(GOV_ARTIFACT_MAX);
    struct hash32 id = published_in(w, "a template", gov_word_u64(77));

    tell(w, &id, "b template"); /* another under its name, a broken one, and the true one */
    tell(w, &id, "a template")->data.p[31] ^= 1;
    tell(w, &id, "a template");
    assert_int_equal(read_artifact(w, &id, &body), ERR_OK);
    assert_true(bytes_eq(buf_bytes(&body), bytes_of_str("a template")));
    assert_int_equal(w->fake.asked.from, 77);
    assert_int_equal(w->fake.asked.until, 77);
}

static void an_event_that_is_hidden_or_changed_gives_nothing(void **state)
{
    struct world *w = *state;
    struct buf body AUTO_CALL(buf_done) = BUF(GOV_ARTIFACT_MAX);
    struct hash32 id = published_in(w, "a template", gov_word_u64(77));

    assert_int_equal(read_artifact(w, &id, &body), ERR_UPSTREAM);
    tell(w, &id, "b template");
    assert_int_equal(read_artifact(w, &id, &body), ERR_UPSTREAM);
    w->fake.shows_all = true; /* a view that does not ask what is wanted */
    assert_int_equal(read_artifact(w, &id, &body), ERR_VERIFY);
    assert_int_equal(body.n, 0);
}

static void an_event_without_the_contracts_word_is_not_looked_for(void **state)
{
    const struct hash32 words[] = {{{0}}, {{[0] = 1, [31] = 77}}, {{[31] = 91}}};
    const enum err_code codes[] = {ERR_NOT_FOUND, ERR_VERIFY, ERR_VERIFY};
    struct world *w = *state;
    struct buf body AUTO_CALL(buf_done) = BUF(GOV_ARTIFACT_MAX);

    for (size_t i = 0; i < 3; i++) {
        struct hash32 id = published_in(w, "a template", words[i]);

        tell(w, &id, "a template");
        assert_int_equal(read_artifact(w, &id, &body), codes[i]);
        assert_null(w->fake.asked.contract);
    }
}

static void an_event_over_the_readers_bound_is_too_large(void **state)
{
    struct world *w = *state;
    struct buf body AUTO_CALL(buf_done) = BUF(4);
    struct hash32 id = published_in(w, "a template", gov_word_u64(77));

    tell(w, &id, "a template");
    assert_int_equal(read_artifact(w, &id, &body), ERR_TOO_LARGE);
}

/* ---- measured identities ---- */

static struct measurements machine(uint8_t rtmr1)
{
    struct measurements m = {.kind = TEE_TDX};

    m.td_attributes[3] = 0x10;
    memset(m.mrtd, 0x3d, sizeof m.mrtd);
    memset(m.rtmr[1], rtmr1, sizeof m.rtmr[1]);
    return m;
}

static struct hash32 add_event(struct world *w, const struct measurements *m, bool honest)
{
    const struct identity_rules rules = {.chain_id = CHAIN, .contract = app};
    struct chain_log *log = &w->fake.logs[w->fake.n_logs++];
    struct buf packed AUTO_CALL(buf_done) = BUF(1024);
    struct hash32 identity;
    struct err e;

    assert_int_equal(measurements_pack(m, 0, &packed, &e), ERR_OK);
    assert_int_equal(identity_v2(m, &rules, &identity, &e), ERR_OK);
    if (!honest)
        identity.b[0] ^= 1;
    log->data = BUF(4096);
    log->n_topics = 2;
    abi_topic("IdentityMeasured(bytes32,uint8,bytes)", &log->topics[0]);
    log->topics[1] = identity;
    assert_int_equal(abi_encode("uint8,bytes",
                                (struct abi_value[]){abi_u64(1), abi_bytes(buf_bytes(&packed))}, 2,
                                &log->data, &e),
                     ERR_OK);
    return identity;
}

static void allow(struct world *w, const struct hash32 *identity, uint8_t state)
{
    fake_view_set(&w->fake, &app, gov_slot_entry(GOV_SLOT_IDENTITIES, identity, 0),
                  gov_word_u64(state));
}

static enum err_code nearest(struct world *w, const struct gov_head *head,
                             const struct measurements *found, struct gov_measured *ret)
{
    struct err e = {0};

    return gov_measured_nearest(&w->view, &w->fake.newest, &app, head, found, ret, &e);
}

static void the_nearest_allowed_identity_names_what_differs(void **state)
{
    struct world *w = *state;
    struct measurements a = machine(1), b = machine(2), c = machine(3);
    struct measurement_difference d[MEASUREMENT_FIELDS_MAX];
    const struct gov_head head = {.scheme = 2};
    struct hash32 of_a, of_b;
    struct gov_measured found;

    memset(b.mrtd, 0x4d, sizeof b.mrtd);
    of_a = add_event(w, &a, true);
    of_b = add_event(w, &b, true);
    allow(w, &of_a, GOV_ALLOWED);
    allow(w, &of_b, GOV_ALLOWED);
    assert_int_equal(nearest(w, &head, &c, &found), ERR_OK);
    assert_true(hash32_eq(&found.identity, &of_a));
    assert_int_equal(measurements_diff(&c, &found.m, NULL, d), 1);
    assert_string_equal(d[0].field, "rtmr1");
    assert_int_equal(d[0].found.p[0], 3);
    assert_int_equal(d[0].expected.p[0], 1);
}

static void a_revoked_identity_is_not_held_up_as_expected(void **state)
{
    struct world *w = *state;
    struct measurements a = machine(1), c = machine(3);
    const struct gov_head head = {.scheme = 2};
    struct hash32 of_a = add_event(w, &a, true);
    struct gov_measured found;

    allow(w, &of_a, GOV_REVOKED);
    assert_int_equal(nearest(w, &head, &c, &found), ERR_NOT_FOUND);
}

static void an_event_that_lies_about_its_identity_is_passed_over(void **state)
{
    struct world *w = *state;
    struct measurements a = machine(1), c = machine(3);
    const struct gov_head head = {.scheme = 2};
    struct hash32 claimed = add_event(w, &a, false);
    struct gov_measured found;

    allow(w, &claimed, GOV_ALLOWED);
    assert_int_equal(nearest(w, &head, &c, &found), ERR_NOT_FOUND);
}

static void an_event_of_garbage_is_passed_over(void **state)
{
    struct world *w = *state;
    struct measurements a = machine(1), c = machine(3);
    const struct gov_head head = {.scheme = 2};
    struct hash32 of_a = add_event(w, &a, true);
    struct gov_measured found;

    allow(w, &of_a, GOV_ALLOWED);
    w->fake.logs[0].data.p[40] ^= 0xff;
    assert_int_equal(nearest(w, &head, &c, &found), ERR_NOT_FOUND);
}

static void an_identity_counts_once_however_often_it_was_allowed(void **state)
{
    struct world *w = *state;
    struct measurements a = machine(1);
    const struct gov_head head = {.scheme = 2};
    struct gov_measured list[GOV_MEASURED_MAX];
    struct err e = {0};
    size_t n;

    add_event(w, &a, true);
    add_event(w, &a, true);
    assert_int_equal(gov_measured_list(&w->view, &w->fake.newest, &app, &head, list, &n, &e),
                     ERR_OK);
    assert_int_equal(n, 1);
}

static void where_principals_are_listed_every_measured_identity_is_shown(void **state)
{
    struct world *w = *state;
    struct measurements a = machine(1), c = machine(3);
    const struct gov_head head = {.scheme = 2, .principal = true};
    struct hash32 of_a = add_event(w, &a, true);
    struct gov_measured found;

    assert_int_equal(nearest(w, &head, &c, &found), ERR_OK);
    assert_true(hash32_eq(&found.identity, &of_a));
}

int main(void)
{
#define IN_WORLD(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_pki_with_the_hash_that_is_onchain_is_taken),
        IN_WORLD(a_pki_that_the_node_changed_is_refused),
        IN_WORLD(a_pki_that_was_never_published_is_not_asked_for),
        IN_WORLD(a_pki_that_is_no_abi_is_refused),
        cmocka_unit_test(the_hash_of_a_pki_is_that_of_two_byte_strings),
        IN_WORLD(backends_come_in_their_order),
        IN_WORLD(backends_that_the_node_changed_are_refused),
        IN_WORLD(an_empty_list_of_backends_is_not_asked_for),
        IN_WORLD(too_many_backends_are_refused),
        IN_WORLD(a_name_that_is_silent_is_among_all_names),
        IN_WORLD(names_that_the_node_changed_are_refused),
        IN_WORLD(who_registered_a_name_is_read_from_its_word),
        IN_WORLD(demands_are_a_timed_word),
        IN_WORLD(an_artifact_is_what_its_id_says),
        IN_WORLD(another_artifact_under_its_id_is_refused),
        IN_WORLD(an_artifact_that_is_not_there_is_not_found),
        IN_WORLD(an_artifact_told_in_an_event_is_read_from_its_block),
        IN_WORLD(an_event_that_is_hidden_or_changed_gives_nothing),
        IN_WORLD(an_event_without_the_contracts_word_is_not_looked_for),
        IN_WORLD(an_event_over_the_readers_bound_is_too_large),
        IN_WORLD(the_nearest_allowed_identity_names_what_differs),
        IN_WORLD(a_revoked_identity_is_not_held_up_as_expected),
        IN_WORLD(an_event_that_lies_about_its_identity_is_passed_over),
        IN_WORLD(an_event_of_garbage_is_passed_over),
        IN_WORLD(an_identity_counts_once_however_often_it_was_allowed),
        IN_WORLD(where_principals_are_listed_every_measured_identity_is_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
