#include "crypto/secret.h"

#include <errno.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* Sizes are rounded up to powers of two by the heap; 4 MiB hold about 120 of the largest. */
#define HEAP_SIZE     ((size_t)4 << 20)
#define HEAP_SMALLEST ((size_t)32)
#define MEMLOCK_NEEDED                                                                             \
    ((rlim_t)HEAP_SIZE + ((rlim_t)1 << 20)) /* and libgcrypt's pool, and slack                     \
                                             */

/* A hard limit that is too low is not an error here: CAP_IPC_LOCK lifts it, and mlock decides. */
static void raise_memlock(void)
{
    struct rlimit lim;

    if (getrlimit(RLIMIT_MEMLOCK, &lim) != 0 || lim.rlim_cur >= MEMLOCK_NEEDED)
        return;
    lim.rlim_cur = lim.rlim_max < MEMLOCK_NEEDED ? lim.rlim_max : MEMLOCK_NEEDED;
    (void)setrlimit(RLIMIT_MEMLOCK, &lim);
}

static enum err_code init(struct err *e)
{
    const struct rlimit no_core = {0, 0};

    if (setrlimit(RLIMIT_CORE, &no_core) != 0)
        return err_set(e, ERR_IO, "turn core dumps off: %s", strerror(errno));
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return err_set(e, ERR_IO, "make the process undumpable: %s", strerror(errno));
    raise_memlock();

    /* 1: all is well; 2: there is a heap, but it is not locked or not guarded. */
    if (CRYPTO_secure_malloc_init(HEAP_SIZE, HEAP_SMALLEST) != 1)
        return err_set(e, ERR_NOMEM,
                       "cannot lock %zu KiB of memory for secrets: RLIMIT_MEMLOCK is too low; "
                       "set it to at least %llu bytes (systemd: LimitMEMLOCK=8M; shell: ulimit -l "
                       "8192)",
                       HEAP_SIZE >> 10, (unsigned long long)MEMLOCK_NEEDED);
    return ERR_OK;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static enum err_code once_code;
static struct err once_err;

static void init_once(void)
{
    once_code = init(&once_err);
}

enum err_code secret_memory_init(struct err *e)
{
    pthread_once(&once, init_once);
    if (once_code != ERR_OK)
        *e = once_err;
    return once_code;
}

enum err_code secret_new(size_t n, secret **ret, struct err *e)
{
    secret *s;

    if (n > SECRET_MAX)
        return err_set(e, ERR_TOO_LARGE, "a secret of %zu bytes: at most %d", n, SECRET_MAX);
    /* Without its heap OpenSSL would quietly hand out ordinary memory. */
    TRY(secret_memory_init(e));
    s = OPENSSL_secure_zalloc(sizeof *s + n);
    if (!s)
        return err_set(e, ERR_NOMEM, "out of locked memory for a secret of %zu bytes", n);
    s->n = n;
    *ret = s;
    return ERR_OK;
}

enum err_code secret_copy(struct bytes from, secret **ret, struct err *e)
{
    secret *s;

    TRY(secret_new(from.n, &s, e));
    if (from.n)
        memcpy(s->p, from.p, from.n);
    *ret = s;
    return ERR_OK;
}

void secret_free(secret *s)
{
    if (s)
        OPENSSL_secure_clear_free(s, sizeof *s + s->n);
}
