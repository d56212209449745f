#include "sim_root.h"

#include "crypto/digest.h"
#include "sim_cert.h"

static const char key_domain[] = "teereg-sim-v1"; /* hashed with its NUL */

enum err_code sim_key(const char *seed, const char *purpose, EVP_PKEY **ret, struct err *e)
{
    struct buf input AUTO_CALL(buf_done) = BUF(4096);
    struct hash32 scalar;

    buf_put(&input, BYTES(key_domain));
    buf_put_lp(&input, bytes_of_str(seed));
    buf_put_lp(&input, bytes_of_str(purpose));
    TRY_IN(e, buf_check(&input, e), "seed of the simulation");
    sha256(buf_bytes(&input), &scalar);
    scalar.b[0] &= 0x7f; /* below the order */
    return p256_from_scalar(BYTES_OF(scalar), ret, e);
}

enum err_code sim_root_key(EVP_PKEY **ret, struct err *e)
{
    return sim_key("", "root", ret, e);
}

enum err_code sim_root_certificate(struct buf *ret, struct err *e)
{
    static const struct sim_cert_spec spec = {
        .subject = SIM_CN_ROOT,
        .issuer = SIM_CN_ROOT,
        .crl = "http://simulated.invalid/root.crl",
        .is_ca = true,
        .path_length = 1,
        .key_usage = 0x06, /* keyCertSign, cRLSign */
        .usage_bits = 1,
    };
    AUTO(EVP_PKEY) key = NULL;

    TRY(sim_root_key(&key, e));
    return sim_cert_make(&spec, key, key, key, ret, e);
}
