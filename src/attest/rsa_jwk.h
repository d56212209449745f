/* rsa_jwk - the numbers of an RSA key in a JSON Web Key (RFC 7518, 6.3).  Room: attest, private. */
#pragma once
#include "base/json.h"
#include "crypto/rsa.h"

/* kty must be "RSA"; n and e base64url without padding or leading zeros. */
MUST_CHECK enum err_code rsa_jwk_read(const json *jwk, rsa_pub **ret, struct err *e);
