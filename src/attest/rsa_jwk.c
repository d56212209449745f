#include "attest/rsa_jwk.h"

#include "base/codec.h"

static enum err_code read_number(const json *jwk, const char *member, struct buf *ret,
                                 struct err *e)
{
    const char *text;

    TRY(json_get_str(jwk, member, 1024, &text, e));
    TRY_IN(e, base64url_decode(bytes_of_str(text), ret, e), "%s", member);
    return ERR_OK;
}

enum err_code rsa_jwk_read(const json *jwk, rsa_pub **ret, struct err *e)
{
    struct buf n AUTO_CALL(buf_done) = BUF(768);
    struct buf exponent AUTO_CALL(buf_done) = BUF(16);
    const char *kty;

    TRY(json_get_str(jwk, "kty", 16, &kty, e));
    if (strcmp(kty, "RSA") != 0)
        return err_set(e, ERR_INVALID, "kty is not RSA");
    TRY(read_number(jwk, "n", &n, e));
    TRY(read_number(jwk, "e", &exponent, e));
    return rsa_pub_of_numbers(buf_bytes(&n), buf_bytes(&exponent), ret, e);
}
