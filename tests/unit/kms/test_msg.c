/* msg: what is written is read, by the vectors byte for byte; anything else is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "crypto/digest.h"
#include "kms/msg.h"
#include "support/json_vectors.h"

#define Z64 "0000000000000000000000000000000000000000000000000000000000000000"
#define APP "0x1111111111111111111111111111111111111111"

static const struct hash32 some_hash = {{1, 2, 3}};

static json_t *vectors(void)
{
    return jv_load("tests/vectors/kms/v2.json");
}

static void assert_hex(struct bytes found, const json_t *obj, const char *member)
{
    JV_BYTES expected = jv_hex(obj, member);

    assert_int_equal(found.n, expected.n);
    if (found.n)
        assert_memory_equal(found.p, expected.p, found.n);
}

static void assert_text(struct buf *b, const char *expected)
{
    assert_non_null(buf_cstr(b));
    assert_string_equal(buf_cstr(b), expected);
}

/* ---- challenge, evidence, error ---- */

static void a_challenge_request_is_read_as_written(void **state)
{
    struct msg_challenge_request m = {.purpose = "secrets-request"}, again;
    struct buf b AUTO_CALL(buf_done) = BUF(1024);
    struct err e = {0};

    (void)state;
    memset(m.app.b, 0x11, sizeof m.app.b);
    assert_int_equal(msg_challenge_request_encode(&m, &b, &e), ERR_OK);
    assert_text(&b, "{\"purpose\":\"secrets-request\",\"app\":\"" APP "\"}");
    assert_int_equal(msg_challenge_request_decode(buf_bytes(&b), &again, &e), ERR_OK);
    assert_string_equal(again.purpose, m.purpose);
    assert_true(addr_eq(&again.app, &m.app));
}

static void other_challenge_requests_are_refused(void **state)
{
    static const char *const bodies[] = {
        "",
        "{}",
        "[]",
        "{\"purpose\":\"secrets-request\"}",
        "{\"purpose\":\"ceremony\",\"app\":\"" APP "\"}",
        "{\"purpose\":\"secrets-requestsecrets-requestsecrets-request\",\"app\":\"" APP "\"}",
        "{\"purpose\":1,\"app\":\"" APP "\"}",
        "{\"purpose\":\"explain\",\"app\":\"1111111111111111111111111111111111111111\"}",
        "{\"purpose\":\"explain\",\"app\":\"0x11111111111111111111111111111111111111\"}",
        "{\"purpose\":\"explain\",\"app\":\"" APP "\",\"more\":1}",
        "{\"purpose\":\"explain\",\"app\":\"" APP "\",\"app\":\"" APP "\"}",
        "{\"purpose\":\"explain\",\"app\":\"" APP "\"} ,",
    };
    struct msg_challenge_request m;
    struct buf b AUTO_CALL(buf_done) = BUF(1024);

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct err e = {0};

        assert_int_not_equal(msg_challenge_request_decode(bytes_of_str(bodies[i]), &m, &e), ERR_OK);
    }
    m = (struct msg_challenge_request){.purpose = "pki"};
    assert_int_equal(msg_challenge_request_encode(&m, &b, &(struct err){0}), ERR_INVALID);
}

static void a_challenge_is_read_as_written(void **state)
{
    struct msg_challenge m = {.challenge = some_hash, .expires = 1764000000}, again;
    struct buf b AUTO_CALL(buf_done) = BUF(1024);
    struct err e = {0};

    (void)state;
    assert_int_equal(msg_challenge_encode(&m, &b, &e), ERR_OK);
    assert_int_equal(msg_challenge_decode(buf_bytes(&b), &again, &e), ERR_OK);
    assert_true(hash32_eq(&again.challenge, &m.challenge));
    assert_int_equal(again.expires, m.expires);
    assert_int_not_equal(
        msg_challenge_decode(bytes_of_str("{\"challenge\":\"" Z64 "\",\"expires\":-1}"), &m, &e),
        ERR_OK);
    assert_int_not_equal(
        msg_challenge_decode(bytes_of_str("{\"challenge\":\"" Z64 "\",\"expires\":4294967296}"), &m,
                             &e),
        ERR_OK);
    assert_int_not_equal(
        msg_challenge_decode(bytes_of_str("{\"challenge\":\"00\",\"expires\":1}"), &m, &e), ERR_OK);
}

static void an_evidence_request_is_read_as_written(void **state)
{
    struct msg_evidence_request m = {.nonce = some_hash}, again;
    struct buf b AUTO_CALL(buf_done) = BUF(1024);
    struct err e = {0};

    (void)state;
    assert_int_equal(msg_evidence_request_encode(&m, &b, &e), ERR_OK);
    assert_int_equal(msg_evidence_request_decode(buf_bytes(&b), &again, &e), ERR_OK);
    assert_true(hash32_eq(&again.nonce, &m.nonce));
    assert_int_not_equal(msg_evidence_request_decode(bytes_of_str("{\"nonce\":\"00\"}"), &m, &e),
                         ERR_OK);
    assert_int_not_equal(msg_evidence_request_decode(bytes_of_str("{\"nonces\":1}"), &m, &e),
                         ERR_OK);
}

static void an_error_is_read_as_written(void **state)
{
    struct msg_error m = {.error = "not \"allowed\"", .request_id = "r-1"}, again;
    struct buf b AUTO_CALL(buf_done) = BUF(1024);
    struct err e = {0};

    (void)state;
    assert_int_equal(msg_error_encode(&m, &b, &e), ERR_OK);
    assert_text(&b, "{\"error\":\"not \\\"allowed\\\"\",\"request_id\":\"r-1\"}");
    assert_int_equal(msg_error_decode(buf_bytes(&b), &again, &e), ERR_OK);
    assert_string_equal(again.error, m.error);
    assert_string_equal(again.request_id, m.request_id);
    assert_int_not_equal(msg_error_decode(bytes_of_str("{\"error\":\"x\"}"), &again, &e), ERR_OK);
}

/* ---- secrets request ---- */

static void a_secrets_request_is_read_as_written(void **state)
{
    struct msg_secrets_request m AUTO_CALL(msg_secrets_request_done) = {0};
    struct buf b AUTO_CALL(buf_done) = BUF(1024);
    struct err e = {0};

    (void)state;
    assert_int_equal(
        msg_secrets_request_encode(&some_hash, bytes_of_str("{\"type\":\"x\"}"), &b, &e), ERR_OK);
    assert_int_equal(msg_secrets_request_decode(buf_bytes(&b), &m, &e), ERR_OK);
    assert_true(hash32_eq(&m.challenge, &some_hash));
    assert_true(json_has(m.evidence, "type"));
}

static void other_secrets_requests_are_refused(void **state)
{
    static const char *const bodies[] = {
        "",
        "null",
        "{\"challenge\":\"" Z64 "\"}",
        "{\"challenge\":\"" Z64 "\",\"evidence\":[]}",
        "{\"challenge\":\"" Z64 "\",\"evidence\":\"x\"}",
        "{\"challenge\":\"" Z64 "\",\"evidence\":{},\"app\":\"x\"}",
        "{\"challenge\":\"0x" Z64 "\",\"evidence\":{}}",
        "{\"challenge\":\"" Z64 "\",\"evidence\":{}}{}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct msg_secrets_request m = {0};
        struct err e = {0};

        assert_int_equal(msg_secrets_request_decode(bytes_of_str(bodies[i]), &m, &e), ERR_INVALID);
        assert_null(m.tree);
    }
}

static void payloads_are_those_of_the_vectors(void **state)
{
    json_t *all = vectors();
    const json_t *v;
    size_t i;

    (void)state;
    json_array_foreach(jv_get(all, "payloads"), i, v)
    {
        JV_BYTES payload = jv_hex(v, "payload");
        struct buf again AUTO_CALL(buf_done) = BUF(MSG_PAYLOAD_MAX);
        struct msg_secrets_payload m;
        uint8_t auth[MSG_AUTHORISATION_LEN];
        struct err e = {0};

        assert_int_equal(msg_secrets_payload_decode(payload, &m, &e), ERR_OK);
        assert_hex(m.csr, v, "csr");
        assert_hex(m.hpke_key, v, "hpke_key");
        assert_hex(BYTES_OF(m.config_hash), v, "config_hash");
        assert_int_equal(m.has_authorisation, i == 1);
        if (m.has_authorisation) {
            msg_authorisation_encode(&m.authorisation, auth);
            assert_hex(BYTES(auth), v, "authorisation");
            assert_int_equal(m.authorisation.expiry, 1764000000);
        }
        assert_int_equal(msg_secrets_payload_encode(&m, &again, &e), ERR_OK);
        assert_true(bytes_eq(buf_bytes(&again), payload));
    }
    assert_int_equal(i, 2);
    json_decref(all);
}

static void a_payload_cut_or_longer_is_refused(void **state)
{
    json_t *all = vectors();
    JV_BYTES payload = jv_hex(json_array_get(jv_get(all, "payloads"), 1), "payload");
    struct buf b AUTO_CALL(buf_done) = BUF(MSG_PAYLOAD_MAX);
    struct msg_secrets_payload m;
    struct err e = {0};

    (void)state;
    for (size_t cut = 0; cut < payload.n; cut++)
        assert_int_equal(msg_secrets_payload_decode((struct bytes){payload.p, cut}, &m, &e),
                         ERR_INVALID);
    buf_put(&b, payload);
    buf_put_u8(&b, 0);
    assert_int_equal(msg_secrets_payload_decode(buf_bytes(&b), &m, &e), ERR_INVALID);
    json_decref(all);
}

static void a_payload_with_a_part_of_wrong_size_is_refused(void **state)
{
    static const uint8_t key[65] = {4}, hash[32] = {1}, auth[105] = {1}, csr[9000] = {0x30};
    static const struct {
        size_t csr, key, auth, hash;
    } sizes[] = {
        {0, 65, 0, 32},   {1, 64, 0, 32}, {1, 66, 0, 32}, {1, 0, 0, 32},     {1, 65, 1, 32},
        {1, 65, 104, 32}, {1, 65, 0, 31}, {1, 65, 0, 0},  {9000, 65, 0, 32},
    };

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct buf b AUTO_CALL(buf_done) = BUF(MSG_PAYLOAD_MAX);
        struct msg_secrets_payload m;
        struct err e = {0};

        buf_put_lp(&b, (struct bytes){csr, sizes[i].csr});
        if (sizes[i].key > 65) {
            buf_put_u32be(&b, 66);
            buf_put_zero(&b, 66);
        } else {
            buf_put_lp(&b, (struct bytes){key, sizes[i].key});
        }
        buf_put_lp(&b, (struct bytes){auth, sizes[i].auth});
        buf_put_lp(&b, (struct bytes){hash, sizes[i].hash});
        assert_int_equal(msg_secrets_payload_decode(buf_bytes(&b), &m, &e), ERR_INVALID);
    }
}

/* ---- the answer ---- */

static struct msg_answer_context context_of(const json_t *v)
{
    JV_BYTES kms = jv_hex(v, "kms");
    JV_BYTES app = jv_hex(v, "app");
    JV_BYTES nonce = jv_hex(v, "nonce");
    JV_BYTES request = jv_hex(v, "request");
    struct msg_answer_context c = {
        .chain_id = (uint64_t)json_integer_value(jv_get(v, "chain_id")),
        .epoch = (uint64_t)json_integer_value(jv_get(v, "epoch")),
    };

    memcpy(c.kms.b, kms.p, 20);
    memcpy(c.app.b, app.p, 20);
    memcpy(c.nonce.b, nonce.p, 32);
    sha256(request, &c.request_sha256);
    return c;
}

static void what_an_answer_is_bound_to_is_that_of_the_vectors(void **state)
{
    json_t *all = vectors();
    const json_t *v = jv_get(all, "answer");
    JV_BYTES enc = jv_hex(v, "enc");
    JV_BYTES ct = jv_hex(v, "ct");
    struct msg_answer_context c = context_of(v);
    struct msg_answer m AUTO_CALL(msg_answer_done) = {.ct = BUF(64)};
    struct buf info AUTO_CALL(buf_done) = BUF(1024);
    struct buf tbs AUTO_CALL(buf_done) = BUF(1024);
    struct hash32 digest;

    (void)state;
    memcpy(m.enc, enc.p, sizeof m.enc);
    buf_put(&m.ct, ct);
    msg_answer_info(&c, &info);
    assert_hex(buf_bytes(&info), v, "info");
    msg_answer_tbs(&c.request_sha256, &m, &tbs);
    assert_hex(buf_bytes(&tbs), v, "tbs");
    sha256(buf_bytes(&tbs), &digest);
    assert_hex(BYTES_OF(digest), v, "digest");
    json_decref(all);
}

static void plaintexts_are_those_of_the_vectors(void **state)
{
    json_t *all = vectors();
    const json_t *v;
    size_t i;

    (void)state;
    json_array_foreach(jv_get(jv_get(all, "answer"), "secrets"), i, v)
    {
        JV_BYTES plain = jv_hex(v, "plaintext");
        AUTO(secret) again = NULL;
        struct msg_secrets m;
        struct err e = {0};

        assert_int_equal(msg_secrets_decode(plain, &m, &e), ERR_OK);
        assert_int_equal(m.key_scheme, json_integer_value(jv_get(v, "scheme")));
        assert_int_equal(m.epoch, 5);
        assert_hex(m.encrypt_scalar, v, "scalar");
        assert_hex(m.disk, v, "disk");
        assert_hex(m.certificate, v, "certificate");
        assert_hex(m.ca, v, "ca");
        assert_hex(m.node, v, "node");
        assert_int_equal(m.seq, 77);
        assert_hex(BYTES_OF(m.head), v, "head");
        assert_int_equal(msg_secrets_encode(&m, &again, &e), ERR_OK);
        assert_true(secret_eq(secret_bytes(again), plain));
        for (size_t cut = 0; cut < plain.n; cut++)
            assert_int_equal(msg_secrets_decode((struct bytes){plain.p, cut}, &m, &e), ERR_INVALID);
    }
    assert_int_equal(i, 2);
    json_decref(all);
}

static struct msg_secrets some_secrets(void)
{
    static const uint8_t bytes[32] = {1};

    return (struct msg_secrets){
        .key_scheme = 2,
        .encrypt_scalar = BYTES(bytes),
        .disk = BYTES(bytes),
        .certificate = bytes_of_str("certificate"),
        .ca = bytes_of_str("ca"),
        .node = bytes_of_str("node"),
    };
}

static void secrets_that_cannot_be_are_not_written(void **state)
{
    static const uint8_t big[MSG_SECRETS_MAX] = {0};

    (void)state;
    for (int i = 0; i < 9; i++) {
        struct msg_secrets m = some_secrets();
        secret *s = NULL;
        struct err e = {0};

        switch (i) {
        case 0:
            m.key_scheme = 0;
            break;
        case 1:
            m.key_scheme = 3;
            break;
        case 2:
            m.key_scheme = 1; /* with a disk secret */
            break;
        case 3:
            m.encrypt_scalar.n = 31;
            break;
        case 4:
            m.disk.n = 0;
            break;
        case 5:
            m.certificate.n = 0;
            break;
        case 6:
            m.ca.n = 0;
            break;
        case 7:
            m.node.n = 0;
            break;
        default:
            m.certificate = BYTES(big);
            break;
        }
        assert_int_equal(msg_secrets_encode(&m, &s, &e), i == 8 ? ERR_TOO_LARGE : ERR_INVALID);
        assert_null(s);
    }
}

struct parties {
    EVP_PKEY *tls, *other, *client;
    uint8_t point[P256_POINT_LEN];
    struct msg_answer_context context;
    struct msg_answer answer;
};

static void parties_done(struct parties *p)
{
    EVP_PKEY_free(p->tls);
    EVP_PKEY_free(p->other);
    EVP_PKEY_free(p->client);
    msg_answer_done(&p->answer);
}

static void sealed(struct parties *p)
{
    json_t *all = vectors();
    struct err e = {0};

    assert_int_equal(p256_generate(&p->tls, &e), ERR_OK);
    assert_int_equal(p256_generate(&p->other, &e), ERR_OK);
    assert_int_equal(p256_generate(&p->client, &e), ERR_OK);
    assert_int_equal(p256_point(p->client, p->point, &e), ERR_OK);
    p->context = context_of(jv_get(all, "answer"));
    assert_int_equal(msg_answer_seal(&p->context, BYTES(p->point), bytes_of_str("secret"), p->tls,
                                     &p->answer, &e),
                     ERR_OK);
    json_decref(all);
}

static void a_sealed_answer_opens_after_a_trip_as_json(void **state)
{
    struct parties p AUTO_CALL(parties_done) = {0};
    struct msg_answer again AUTO_CALL(msg_answer_done) = {0};
    struct buf b AUTO_CALL(buf_done) = BUF(MSG_ANSWER_MAX);
    AUTO(secret) plain = NULL;
    struct err e = {0};

    (void)state;
    sealed(&p);
    assert_int_equal(msg_answer_encode(&p.answer, &b, &e), ERR_OK);
    assert_int_equal(msg_answer_decode(buf_bytes(&b), &again, &e), ERR_OK);
    assert_int_equal(msg_answer_open(&p.context, p.client, p.tls, &again, &plain, &e), ERR_OK);
    assert_true(secret_eq(secret_bytes(plain), bytes_of_str("secret")));
}

static enum err_code open_with(const struct msg_answer_context *c, EVP_PKEY *client, EVP_PKEY *tls,
                               const struct msg_answer *m)
{
    AUTO(secret) plain = NULL;
    struct err e = {0};
    enum err_code rc = msg_answer_open(c, client, tls, m, &plain, &e);

    assert_true(rc == ERR_OK || !plain);
    return rc;
}

/* SR-73 */
static void an_answer_opens_for_nobody_and_nothing_else(void **state)
{
    struct parties p AUTO_CALL(parties_done) = {0};

    (void)state;
    sealed(&p);
    assert_int_equal(open_with(&p.context, p.client, p.tls, &p.answer), ERR_OK);
    assert_int_equal(open_with(&p.context, p.other, p.tls, &p.answer), ERR_VERIFY);
    assert_int_equal(open_with(&p.context, p.client, p.other, &p.answer), ERR_VERIFY);
    for (int i = 0; i < 6; i++) {
        struct msg_answer_context c = p.context;

        switch (i) {
        case 0:
            c.chain_id++;
            break;
        case 1:
            c.kms.b[0]++;
            break;
        case 2:
            c.app.b[0]++;
            break;
        case 3:
            c.epoch++;
            break;
        case 4:
            c.nonce.b[0]++;
            break;
        default:
            c.request_sha256.b[0]++;
            break;
        }
        assert_int_equal(open_with(&c, p.client, p.tls, &p.answer), ERR_VERIFY);
    }
    p.answer.ct.p[0] ^= 1;
    assert_int_equal(open_with(&p.context, p.client, p.tls, &p.answer), ERR_VERIFY);
}

static void other_answers_are_refused(void **state)
{
    static const char *const bodies[] = {
        "{}",
        "{\"enc\":\"AAAA\",\"ct\":\"\",\"signature\":\"\"}",
        "{\"enc\":\"!\",\"ct\":\"\",\"signature\":\"\"}",
        "{\"enc\":\"\",\"ct\":\"\"}",
        "{\"enc\":\"\",\"ct\":\"\",\"signature\":\"\",\"x\":1}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct msg_answer m = {0};
        struct err e = {0};

        assert_int_not_equal(msg_answer_decode(bytes_of_str(bodies[i]), &m, &e), ERR_OK);
        assert_null(m.ct.p);
    }
}

/* ---- PKI ---- */

static void pki_is_read_as_written(void **state)
{
    json_t *all = vectors();
    const json_t *v = json_array_get(jv_get(all, "certificates"), 2);
    JV_BYTES ca = jv_hex(v, "ca_der");
    JV_BYTES spki = jv_hex(v, "spki");
    struct msg_pki m AUTO_CALL(msg_pki_done) = {0};
    struct buf b AUTO_CALL(buf_done) = BUF(MSG_PKI_MAX);
    struct err e = {0};

    (void)state;
    assert_int_equal(msg_pki_encode(ca, spki, 7, bytes_of_str("{\"type\":\"x\"}"), &b, &e), ERR_OK);
    assert_int_equal(msg_pki_decode(buf_bytes(&b), &m, &e), ERR_OK);
    assert_true(bytes_eq(buf_bytes(&m.ca_der), ca));
    assert_true(bytes_eq(buf_bytes(&m.spki_der), spki));
    assert_int_equal(m.epoch, 7);
    assert_true(json_has(m.evidence, "type"));
    json_decref(all);
}

static void other_pki_is_refused(void **state)
{
    static const char *const bodies[] = {
        "{}",
        "{\"ca_cert\":\"AA==\",\"pubkey\":\"AA==\",\"epoch\":0,\"evidence\":{}}",
        "{\"ca_cert\":\"AA==\",\"pubkey\":\"AA==\",\"epoch\":0,\"evidence\":[]}",
        "{\"ca_cert\":\"AA\",\"pubkey\":\"AA==\",\"epoch\":0,\"evidence\":{}}",
        "{\"ca_cert\":\"AA==\",\"app_pubkey\":\"AA==\",\"attestation\":\"\"}",
    };
    struct buf b AUTO_CALL(buf_done) = BUF(MSG_PKI_MAX);
    struct err e = {0};

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct msg_pki m = {0};

        assert_int_not_equal(msg_pki_decode(bytes_of_str(bodies[i]), &m, &e), ERR_OK);
        assert_null(m.tree);
    }
    assert_int_not_equal(
        msg_pki_encode((struct bytes){0}, (struct bytes){0}, 0, bytes_of_str("[]"), &b, &e),
        ERR_OK);
}

static void pki_of_version_1_has_its_members_in_order_and_a_newline(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(MSG_PKI_MAX);
    struct err e = {0};

    (void)state;
    assert_int_equal(
        msg_pki_v1_encode(bytes_of_str("ca"), bytes_of_str("key"), bytes_of_str("quote"), &b, &e),
        ERR_OK);
    assert_text(
        &b, "{\"ca_cert\":\"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tClkyRT0KLS0tLS1FTkQgQ0VSVElGSUNB"
            "VEUtLS0tLQo=\",\"app_pubkey\":\"LS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS0KYTJWNQotLS0tLUV"
            "ORCBQVUJMSUMgS0VZLS0tLS0K\",\"attestation\":\"cXVvdGU=\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_challenge_request_is_read_as_written),
        cmocka_unit_test(other_challenge_requests_are_refused),
        cmocka_unit_test(a_challenge_is_read_as_written),
        cmocka_unit_test(an_evidence_request_is_read_as_written),
        cmocka_unit_test(an_error_is_read_as_written),
        cmocka_unit_test(a_secrets_request_is_read_as_written),
        cmocka_unit_test(other_secrets_requests_are_refused),
        cmocka_unit_test(payloads_are_those_of_the_vectors),
        cmocka_unit_test(a_payload_cut_or_longer_is_refused),
        cmocka_unit_test(a_payload_with_a_part_of_wrong_size_is_refused),
        cmocka_unit_test(what_an_answer_is_bound_to_is_that_of_the_vectors),
        cmocka_unit_test(plaintexts_are_those_of_the_vectors),
        cmocka_unit_test(secrets_that_cannot_be_are_not_written),
        cmocka_unit_test(a_sealed_answer_opens_after_a_trip_as_json),
        cmocka_unit_test(an_answer_opens_for_nobody_and_nothing_else),
        cmocka_unit_test(other_answers_are_refused),
        cmocka_unit_test(pki_is_read_as_written),
        cmocka_unit_test(other_pki_is_refused),
        cmocka_unit_test(pki_of_version_1_has_its_members_in_order_and_a_newline),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
