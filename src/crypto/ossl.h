/* ossl - what this room's files share about OpenSSL: scope cleanup, errors.  Room: crypto.
 *
 * Private to src/crypto. */
#pragma once
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include "base/err.h"
#include "base/mem.h"

DEFINE_AUTO(BIGNUM, BN_clear_free);
DEFINE_AUTO(ECDSA_SIG, ECDSA_SIG_free);
DEFINE_AUTO(EC_POINT, EC_POINT_clear_free);
DEFINE_AUTO(EVP_CIPHER_CTX, EVP_CIPHER_CTX_free);
DEFINE_AUTO(EVP_MD_CTX, EVP_MD_CTX_free);
DEFINE_AUTO(EVP_PKEY_CTX, EVP_PKEY_CTX_free);
DEFINE_AUTO(OSSL_PARAM, OSSL_PARAM_free);
DEFINE_AUTO(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free);

/* "what: OpenSSL's reason"; empties OpenSSL's error queue.  Returns code. */
enum err_code ossl_err(struct err *e, enum err_code code, const char *what);
/* Empties the queue: after a failure that is an answer (a signature that does not hold). */
void ossl_forget(void);

/* Failure is a bug or a broken installation; nothing may go on. */
__attribute__((noreturn)) void ossl_die(const char *what);
/* The group of P-256; shared, never freed, never written. */
const EC_GROUP *ossl_p256(void);
