/* Secrets in version 1's form, for the guarded listener alone. */
#include "base/codec.h"
#include "crypto/pem.h"
#include "kms/msg.h"

enum err_code msg_secrets_v1_request(struct bytes body, struct buf *ret_csr, struct err *e)
{
    struct buf csr AUTO_CALL(buf_done) = BUF(MSG_CSR_MAX);

    if (body.n > MSG_V1_REQUEST_MAX)
        return err_set(e, ERR_TOO_LARGE, "a request of %zu bytes, at most %d", body.n,
                       MSG_V1_REQUEST_MAX);
    TRY_IN(e, pem_decode(body, "CERTIFICATE REQUEST", &csr, e), "certificate request");
    buf_put(ret_csr, buf_bytes(&csr));
    return buf_check(ret_csr, e);
}

static void put_b64(struct buf *out, const char *before, struct bytes b)
{
    buf_put_str(out, before);
    base64_put(out, b);
}

/* By hand: a tree would hold copies of the key. */
enum err_code msg_secrets_v1_encode(const struct msg_secrets_v1 *m, struct buf *ret, struct err *e)
{
    put_b64(ret, "{\"app_privkey\":\"", m->private_pem);
    put_b64(ret, "\",\"tls_cert\":\"", m->certificate_pem);
    buf_put_str(ret, "\",\"operator\":[");
    for (size_t i = 0; i < sizeof m->operator_.b; i++)
        buf_printf(ret, "%s%u", i ? "," : "", m->operator_.b[i]);
    put_b64(ret, "],\"attestation\":\"", m->quote);
    buf_put_str(ret, "\"}\n");
    return buf_check(ret, e);
}
