/* The public half of an application, for the two public routes. */
#include "crypto/pem.h"
#include "kms/msg.h"

#define PKI_PART_MAX 16384
#define PEM_MAX      32768

void msg_pki_done(struct msg_pki *m)
{
    buf_done(&m->ca_der);
    buf_done(&m->spki_der);
    json_free(m->tree);
    *m = (struct msg_pki){0};
}

enum err_code msg_pki_encode(struct bytes ca_der, struct bytes spki_der, uint64_t epoch,
                             struct bytes evidence_json, struct buf *ret, struct err *e)
{
    AUTO(json) obj = NULL;
    AUTO(json) evidence = NULL;

    TRY(json_parse(evidence_json, MSG_PKI_MAX, &evidence, e));
    if (!json_is_object(evidence))
        return err_set(e, ERR_INVALID, "evidence is a JSON object");
    TRY(json_new_object(&obj, e));
    TRY(json_put_b64(obj, "ca_cert", ca_der, e));
    TRY(json_put_b64(obj, "pubkey", spki_der, e));
    TRY(json_put_u64(obj, "epoch", epoch, e));
    TRY(json_put(obj, "evidence", TAKE(evidence), e));
    return json_write(obj, JSON_COMPACT, ret, e);
}

enum err_code msg_pki_decode(struct bytes body, struct msg_pki *ret, struct err *e)
{
    static const char *const members[] = {"ca_cert", "pubkey", "epoch", "evidence", NULL};
    struct msg_pki m AUTO_CALL(msg_pki_done) = {
        .ca_der = BUF(PKI_PART_MAX),
        .spki_der = BUF(P256_SPKI_LEN),
    };

    TRY(json_parse(body, MSG_PKI_MAX, &m.tree, e));
    TRY(json_only(m.tree, members, e));
    TRY(json_get_b64(m.tree, "ca_cert", &m.ca_der, e));
    TRY(json_get_b64(m.tree, "pubkey", &m.spki_der, e));
    TRY(json_get_u64(m.tree, "epoch", UINT64_MAX, &m.epoch, e));
    TRY(json_get_object(m.tree, "evidence", &m.evidence, e));
    if (m.ca_der.n == 0 || m.spki_der.n != P256_SPKI_LEN)
        return err_set(e, ERR_INVALID,
                       "CA certificate of %zu bytes, public key of %zu (expected %d)", m.ca_der.n,
                       m.spki_der.n, P256_SPKI_LEN);
    *ret = m;
    m = (struct msg_pki){0};
    return ERR_OK;
}

enum err_code msg_pki_v1_encode(struct bytes ca_der, struct bytes spki_der, struct bytes quote,
                                struct buf *ret, struct err *e)
{
    struct buf ca AUTO_CALL(buf_done) = BUF(PEM_MAX);
    struct buf key AUTO_CALL(buf_done) = BUF(PEM_MAX);
    AUTO(json) obj = NULL;

    pem_put(&ca, "CERTIFICATE", ca_der);
    pem_put(&key, "PUBLIC KEY", spki_der);
    TRY(buf_check(&ca, e));
    TRY(buf_check(&key, e));
    TRY(json_new_object(&obj, e));
    TRY(json_put_b64(obj, "ca_cert", buf_bytes(&ca), e));
    TRY(json_put_b64(obj, "app_pubkey", buf_bytes(&key), e));
    TRY(json_put_b64(obj, "attestation", quote, e));
    TRY(json_write(obj, JSON_COMPACT, ret, e));
    buf_put_u8(ret, '\n');
    return buf_check(ret, e);
}
