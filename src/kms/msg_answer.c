/* The answer with secrets, what it is bound to, and its plaintext. */
#include "base/codec.h"
#include "base/rd.h"
#include "crypto/digest.h"
#include "kms/msg.h"

#define SIGNATURE_MAX 80
#define NODE_MAX      64

/* With their NUL. */
static const char answer_domain[] = "teereg-answer-v2";
static const char secrets_domain[] = "teereg-secrets-v2";

void msg_answer_done(struct msg_answer *m)
{
    buf_done(&m->ct);
    buf_done(&m->signature);
    *m = (struct msg_answer){0};
}

enum err_code msg_answer_encode(const struct msg_answer *m, struct buf *ret, struct err *e)
{
    buf_put_str(ret, "{\"enc\":\"");
    base64_put(ret, BYTES(m->enc));
    buf_put_str(ret, "\",\"ct\":\"");
    base64_put(ret, buf_bytes(&m->ct));
    buf_put_str(ret, "\",\"signature\":\"");
    base64_put(ret, buf_bytes(&m->signature));
    buf_put_str(ret, "\"}");
    return buf_check(ret, e);
}

enum err_code msg_answer_decode(struct bytes body, struct msg_answer *ret, struct err *e)
{
    static const char *const members[] = {"enc", "ct", "signature", NULL};
    struct msg_answer m AUTO_CALL(msg_answer_done) = {
        .ct = BUF(MSG_SECRETS_MAX + HPKE_TAG_LEN),
        .signature = BUF(SIGNATURE_MAX),
    };
    struct buf enc AUTO_CALL(buf_done) = BUF(HPKE_ENC_LEN);
    AUTO(json) obj = NULL;

    TRY(json_parse(body, MSG_ANSWER_MAX, &obj, e));
    TRY(json_only(obj, members, e));
    TRY(json_get_b64(obj, "enc", &enc, e));
    TRY(json_get_b64(obj, "ct", &m.ct, e));
    TRY(json_get_b64(obj, "signature", &m.signature, e));
    if (enc.n != HPKE_ENC_LEN)
        return err_set(e, ERR_INVALID, "enc has %zu bytes, expected %d", enc.n, HPKE_ENC_LEN);
    memcpy(m.enc, enc.p, HPKE_ENC_LEN);
    *ret = m;
    m = (struct msg_answer){0};
    return ERR_OK;
}

static void put_lp_u64(struct buf *out, uint64_t v)
{
    buf_put_u32be(out, sizeof v);
    buf_put_u64be(out, v);
}

void msg_answer_info(const struct msg_answer_context *c, struct buf *ret)
{
    buf_put_lp(ret, bytes_of_str(c->explains ? "explain-answer" : "secrets-answer"));
    put_lp_u64(ret, c->chain_id);
    buf_put_lp(ret, BYTES_OF(c->kms));
    buf_put_lp(ret, BYTES_OF(c->app));
    put_lp_u64(ret, c->epoch);
    buf_put_lp(ret, BYTES_OF(c->nonce));
    buf_put_lp(ret, BYTES_OF(c->request_sha256));
}

void msg_answer_tbs(const struct hash32 *request_sha256, const struct msg_answer *m,
                    struct buf *ret)
{
    buf_put(ret, BYTES(answer_domain));
    buf_put(ret, BYTES_OF(*request_sha256));
    buf_put_lp(ret, BYTES(m->enc));
    buf_put_lp(ret, buf_bytes(&m->ct));
}

#define INFO_MAX 256
#define TBS_MAX  (MSG_SECRETS_MAX + 512)

enum err_code msg_answer_seal(const struct msg_answer_context *c, struct bytes hpke_key,
                              struct bytes plaintext, EVP_PKEY *tls_key, struct msg_answer *ret,
                              struct err *e)
{
    struct buf info AUTO_CALL(buf_done) = BUF(INFO_MAX);
    struct buf tbs AUTO_CALL(buf_done) = BUF(TBS_MAX);
    struct msg_answer m AUTO_CALL(msg_answer_done) = {
        .ct = BUF(MSG_SECRETS_MAX + HPKE_TAG_LEN),
        .signature = BUF(SIGNATURE_MAX),
    };

    msg_answer_info(c, &info);
    TRY(buf_check(&info, e));
    TRY(hpke_seal(hpke_key, buf_bytes(&info), (struct bytes){0}, plaintext, m.enc, &m.ct, e));
    msg_answer_tbs(&c->request_sha256, &m, &tbs);
    TRY(buf_check(&tbs, e));
    TRY(p256_sign(tls_key, buf_bytes(&tbs), &m.signature, e));
    *ret = m;
    m = (struct msg_answer){0};
    return ERR_OK;
}

enum err_code msg_answer_open(const struct msg_answer_context *c, EVP_PKEY *hpke_key,
                              EVP_PKEY *kms_tls_key, const struct msg_answer *m,
                              secret **ret_plaintext, struct err *e)
{
    struct buf info AUTO_CALL(buf_done) = BUF(INFO_MAX);
    struct buf tbs AUTO_CALL(buf_done) = BUF(TBS_MAX);

    msg_answer_tbs(&c->request_sha256, m, &tbs);
    TRY(buf_check(&tbs, e));
    TRY_IN(e, p256_verify(kms_tls_key, buf_bytes(&tbs), buf_bytes(&m->signature), e),
           "the answer is not signed by the attested key");
    msg_answer_info(c, &info);
    TRY(buf_check(&info, e));
    TRY_IN(e,
           hpke_open(hpke_key, BYTES(m->enc), buf_bytes(&info), (struct bytes){0},
                     buf_bytes(&m->ct), ret_plaintext, e),
           "the answer was sealed for another request");
    return ERR_OK;
}

/* ---- plaintext ---- */

/* Writes into memory of exactly the right size, so that no copy of a secret is left behind. */
struct wr {
    uint8_t *p;
};

static void wr_raw(struct wr *w, struct bytes b)
{
    if (b.n)
        memcpy(w->p, b.p, b.n);
    w->p += b.n;
}

static void wr_be(struct wr *w, uint64_t v, size_t width)
{
    for (size_t i = 0; i < width; i++)
        *w->p++ = (uint8_t)(v >> (8 * (width - 1 - i)));
}

static void wr_lp(struct wr *w, struct bytes b)
{
    wr_be(w, b.n, 4);
    wr_raw(w, b);
}

static enum err_code check_secrets(const struct msg_secrets *m, struct err *e)
{
    if (m->key_scheme != 1 && m->key_scheme != 2)
        return err_set(e, ERR_INVALID, "key scheme %u; 1 and 2 exist", m->key_scheme);
    if (m->encrypt_scalar.n != 32 || m->disk.n != (m->key_scheme == 1 ? 0 : 32))
        return err_set(e, ERR_INVALID, "application key of %zu bytes, disk secret of %zu",
                       m->encrypt_scalar.n, m->disk.n);
    if (m->certificate.n == 0 || m->ca.n == 0 || m->node.n == 0 || m->node.n > NODE_MAX)
        return err_set(e, ERR_INVALID, "certificate of %zu bytes, CA of %zu, node id of %zu",
                       m->certificate.n, m->ca.n, m->node.n);
    return ERR_OK;
}

enum err_code msg_secrets_encode(const struct msg_secrets *m, secret **ret, struct err *e)
{
    AUTO(secret) s = NULL;
    struct wr w;
    size_t n = sizeof secrets_domain + 1 + 8 + 5 * 4 + m->encrypt_scalar.n + m->disk.n +
               m->certificate.n + m->ca.n + m->node.n + 8 + 32;

    TRY(check_secrets(m, e));
    if (n > MSG_SECRETS_MAX)
        return err_set(e, ERR_TOO_LARGE, "an answer of %zu bytes: at most %d", n, MSG_SECRETS_MAX);
    TRY(secret_new(n, &s, e));
    w.p = s->p;
    wr_raw(&w, BYTES(secrets_domain));
    wr_be(&w, m->key_scheme, 1);
    wr_be(&w, m->epoch, 8);
    wr_lp(&w, m->encrypt_scalar);
    wr_lp(&w, m->disk);
    wr_lp(&w, m->certificate);
    wr_lp(&w, m->ca);
    wr_lp(&w, m->node);
    wr_be(&w, m->seq, 8);
    wr_raw(&w, BYTES_OF(m->head));
    if (w.p != s->p + n)
        return err_set(e, ERR_INTERNAL, "an answer of another size than its parts");
    *ret = TAKE(s);
    return ERR_OK;
}

enum err_code msg_secrets_decode(struct bytes plaintext, struct msg_secrets *ret, struct err *e)
{
    struct rd r = rd_of(plaintext);
    struct msg_secrets m = {0};
    struct bytes domain = rd_take(&r, sizeof secrets_domain);

    m.key_scheme = rd_u8(&r);
    m.epoch = rd_u64be(&r);
    m.encrypt_scalar = rd_lp(&r, 32);
    m.disk = rd_lp(&r, 32);
    m.certificate = rd_lp(&r, MSG_SECRETS_MAX);
    m.ca = rd_lp(&r, MSG_SECRETS_MAX);
    m.node = rd_lp(&r, NODE_MAX);
    m.seq = rd_u64be(&r);
    rd_copy(&r, m.head.b, sizeof m.head.b);
    if (!rd_end(&r) || !bytes_eq(domain, BYTES(secrets_domain)))
        return err_set(e, ERR_INVALID, "these %zu bytes are no secrets of version 2", plaintext.n);
    TRY(check_secrets(&m, e));
    *ret = m;
    return ERR_OK;
}
