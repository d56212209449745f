#include "crypto/random.h"

#include <limits.h>
#include <openssl/rand.h>

#include "crypto/ossl.h"

void random_bytes(uint8_t *ret, size_t n)
{
    while (n > 0) {
        int step = n > INT_MAX ? INT_MAX : (int)n;

        if (RAND_bytes(ret, step) != 1)
            ossl_die("the random generator failed; nothing here may go on without randomness");
        ret += step;
        n -= (size_t)step;
    }
}
