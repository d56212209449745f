/* All messages: the first byte says which.  What decodes must encode to the same value again. */
#include <stdlib.h>
#include "base/json.h"
#include "kms/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void challenge_request(struct bytes in)
{
    struct buf b AUTO_CALL(buf_done) = BUF(MSG_SMALL_MAX);
    struct msg_challenge_request m, again;
    struct err e;

    if (msg_challenge_request_decode(in, &m, &e) != ERR_OK)
        return;
    must(msg_challenge_request_encode(&m, &b, &e) == ERR_OK);
    must(msg_challenge_request_decode(buf_bytes(&b), &again, &e) == ERR_OK);
    must(addr_eq(&m.app, &again.app) && strcmp(m.purpose, again.purpose) == 0);
}

static void challenge(struct bytes in)
{
    struct buf b AUTO_CALL(buf_done) = BUF(MSG_SMALL_MAX);
    struct msg_challenge m, again;
    struct err e;

    if (msg_challenge_decode(in, &m, &e) != ERR_OK)
        return;
    must(msg_challenge_encode(&m, &b, &e) == ERR_OK);
    must(msg_challenge_decode(buf_bytes(&b), &again, &e) == ERR_OK);
    must(hash32_eq(&m.challenge, &again.challenge) && m.expires == again.expires);
}

static void evidence_request(struct bytes in)
{
    struct msg_evidence_request m;
    struct err e;

    (void)!msg_evidence_request_decode(in, &m, &e);
}

static void secrets_request(struct bytes in)
{
    struct msg_secrets_request m AUTO_CALL(msg_secrets_request_done) = {0};
    struct err e;

    if (msg_secrets_request_decode(in, &m, &e) == ERR_OK)
        must(json_is_object(m.evidence));
}

static void explain_request(struct bytes in)
{
    struct msg_explain_request m AUTO_CALL(msg_explain_request_done) = {0};
    struct err e;

    if (msg_explain_request_decode(in, &m, &e) == ERR_OK)
        must(json_is_object(m.evidence));
}

static void payload(struct bytes in)
{
    struct buf b AUTO_CALL(buf_done) = BUF(MSG_PAYLOAD_MAX);
    struct msg_secrets_payload m;
    struct err e;

    if (msg_secrets_payload_decode(in, &m, &e) != ERR_OK)
        return;
    must(msg_secrets_payload_encode(&m, &b, &e) == ERR_OK);
    must(bytes_eq(buf_bytes(&b), in));
}

static void answer(struct bytes in)
{
    struct buf b AUTO_CALL(buf_done) = BUF(MSG_ANSWER_MAX);
    struct msg_answer m AUTO_CALL(msg_answer_done) = {0};
    struct msg_answer again AUTO_CALL(msg_answer_done) = {0};
    struct err e;

    if (msg_answer_decode(in, &m, &e) != ERR_OK)
        return;
    must(msg_answer_encode(&m, &b, &e) == ERR_OK);
    must(msg_answer_decode(buf_bytes(&b), &again, &e) == ERR_OK);
    must(bytes_eq(buf_bytes(&m.ct), buf_bytes(&again.ct)));
}

static void secrets(struct bytes in)
{
    AUTO(secret) again = NULL;
    struct msg_secrets m;
    struct err e;

    if (msg_secrets_decode(in, &m, &e) != ERR_OK)
        return;
    must(msg_secrets_encode(&m, &again, &e) == ERR_OK);
    must(secret_eq(secret_bytes(again), in));
}

static void pki(struct bytes in)
{
    struct msg_pki m AUTO_CALL(msg_pki_done) = {0};
    struct err e;

    if (msg_pki_decode(in, &m, &e) == ERR_OK)
        must(m.spki_der.n == P256_SPKI_LEN && json_is_object(m.evidence));
}

static void error(struct bytes in)
{
    struct msg_error m;
    struct err e;

    (void)!msg_error_decode(in, &m, &e);
}

static void secrets_v1(struct bytes in)
{
    struct buf csr AUTO_CALL(buf_done) = BUF(MSG_CSR_MAX);
    struct err e;

    if (msg_secrets_v1_request(in, &csr, &e) == ERR_OK)
        must(csr.n > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const kinds[])(struct bytes) = {challenge_request,
                                                  challenge,
                                                  evidence_request,
                                                  secrets_request,
                                                  payload,
                                                  answer,
                                                  secrets,
                                                  pki,
                                                  error,
                                                  secrets_v1,
                                                  explain_request};

    if (size > 0 && size <= 1 + MSG_SECRETS_MAX)
        kinds[data[0] % (sizeof kinds / sizeof *kinds)]((struct bytes){data + 1, size - 1});
    return 0;
}
