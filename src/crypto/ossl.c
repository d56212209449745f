#include "crypto/ossl.h"

#include <openssl/err.h>
#include <pthread.h>
#include <stdio.h>

enum err_code ossl_err(struct err *e, enum err_code code, const char *what)
{
    unsigned long first = ERR_get_error();
    const char *reason = first ? ERR_reason_error_string(first) : NULL;

    ERR_clear_error();
    return err_set(e, code, "%s: %s", what, reason ? reason : "refused by OpenSSL");
}

void ossl_forget(void)
{
    ERR_clear_error();
}

void ossl_die(const char *what)
{
    fprintf(stderr, "teereg: %s\n", what);
    abort();
}

static EC_GROUP *p256;
static pthread_once_t p256_once = PTHREAD_ONCE_INIT;

static void p256_load(void)
{
    p256 = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    if (!p256)
        ossl_die("OpenSSL has no P-256");
}

const EC_GROUP *ossl_p256(void)
{
    pthread_once(&p256_once, p256_load);
    return p256;
}
