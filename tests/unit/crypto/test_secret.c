/* secret: where secrets live, and what is left of them (SR-59), read from /proc/self. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "crypto/hpke.h"
#include "crypto/p256.h"
#include "crypto/random.h"
#include "crypto/secret.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

struct area {
    uintptr_t from, to;
    bool readable, writable, locked, not_dumped;
};

/* The next mapping of /proc/self/smaps; its flags are those of proc(5): lo is locked, dd is left
 * out of core dumps. */
static bool next_area(FILE *smaps, struct area *ret)
{
    char line[512], perms[8];
    uintptr_t from, to;

    while (fgets(line, sizeof line, smaps)) {
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s", &from, &to, perms) == 3) {
            ret->from = from;
            ret->to = to;
            ret->readable = perms[0] == 'r';
            ret->writable = perms[1] == 'w';
        } else if (strncmp(line, "VmFlags:", 8) == 0) {
            ret->locked = strstr(line, " lo") != NULL;
            ret->not_dumped = strstr(line, " dd") != NULL;
            return true;
        }
    }
    return false;
}

static struct area area_of(const void *p)
{
    FILE *smaps = fopen("/proc/self/smaps", "r");
    struct area a, found = {0};

    assert_non_null(smaps);
    while (next_area(smaps, &a))
        if (a.from <= (uintptr_t)p && (uintptr_t)p < a.to)
            found = a;
    fclose(smaps);
    return found;
}

static void a_secret_is_locked_and_left_out_of_dumps(void **state)
{
    AUTO(secret) s = NULL;
    struct area a;
    struct err e;

    (void)state;
    assert_int_equal(secret_new(32, &s, &e), ERR_OK);
    a = area_of(s->p);
    assert_true(a.readable && a.writable);
    assert_true(a.locked);
    assert_true(a.not_dumped);
}

static void the_pages_around_the_secrets_cannot_be_touched(void **state)
{
    AUTO(secret) s = NULL;
    struct area a, before, after;
    struct err e;

    (void)state;
    assert_int_equal(secret_new(32, &s, &e), ERR_OK);
    a = area_of(s->p);
    before = area_of((const uint8_t *)a.from - 1);
    after = area_of((const uint8_t *)a.to);
    assert_true(before.to == a.from && !before.readable && !before.writable);
    assert_true(after.from == a.to && !after.readable && !after.writable);
}

static void reading_past_the_last_secret_kills_the_process(void **state)
{
    AUTO(secret) s = NULL;
    struct err e;
    int status;
    pid_t pid;

    (void)state;
    assert_int_equal(secret_new(32, &s, &e), ERR_OK);
    pid = fork();
    if (pid == 0) {
        volatile const uint8_t *p = (const uint8_t *)area_of(s->p).to;

        signal(SIGSEGV, SIG_DFL); /* cmocka catches it */
        _exit(p[0] == 1 ? 1 : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
}

static void the_process_makes_no_cores_and_cannot_be_dumped(void **state)
{
    struct rlimit lim;
    struct err e;

    (void)state;
    assert_int_equal(secret_memory_init(&e), ERR_OK);
    assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
    assert_int_equal(getrlimit(RLIMIT_CORE, &lim), 0);
    assert_int_equal(lim.rlim_cur, 0);
    assert_int_equal(lim.rlim_max, 0);
}

static void memory_is_wiped_when_a_secret_is_freed(void **state)
{
    secret *s = NULL;
    const uint8_t *p;
    uint8_t was[200];
    struct iovec local = {was, sizeof was}, remote;
    struct err e;

    (void)state;
    assert_int_equal(secret_new(sizeof was, &s, &e), ERR_OK);
    memset(s->p, 0x5a, s->n);
    p = s->p;
    secret_free(s);
    remote = (struct iovec){(void *)p, sizeof was};
    assert_int_equal(process_vm_readv(getpid(), &local, 1, &remote, 1, 0), sizeof was);
    /* The allocator's list of free blocks may use the first words. */
    for (size_t i = 0; i < sizeof was; i++)
        assert_int_not_equal(was[i], 0x5a);
}

static void a_stack_copy_is_wiped_at_the_end_of_its_scope(void **state)
{
    uint8_t copy[32];

    (void)state;
    memset(copy, 0x5a, sizeof copy);
    {
        struct wipe w __attribute__((cleanup(wipe_))) = {copy, sizeof copy};

        (void)w;
    }
    assert_true(bytes_all_zero(BYTES(copy)));
}

static void a_secret_has_a_greatest_size(void **state)
{
    AUTO(secret) s = NULL;
    struct err e;

    (void)state;
    assert_int_equal(secret_new(SECRET_MAX + 1, &s, &e), ERR_TOO_LARGE);
    assert_int_equal(secret_new(SIZE_MAX, &s, &e), ERR_TOO_LARGE);
    assert_int_equal(secret_new(SECRET_MAX, &s, &e), ERR_OK);
    assert_true(bytes_all_zero(secret_bytes(s)));
}

static void when_locked_memory_runs_out_there_is_an_error_and_no_ordinary_memory(void **state)
{
    static secret *all[2048];
    size_t n = 0;
    struct err e;
    enum err_code code = ERR_OK;

    (void)state;
    while (n < sizeof all / sizeof *all && (code = secret_new(SECRET_MAX, &all[n], &e)) == ERR_OK)
        n++;
    assert_int_equal(code, ERR_NOMEM);
    assert_true(n > 100);
    assert_true(area_of(all[n - 1]).locked);
    while (n > 0)
        secret_free(all[--n]);
    assert_int_equal(secret_new(SECRET_MAX, &all[0], &e), ERR_OK);
    secret_free(all[0]);
}

static void where_memory_cannot_be_locked_nothing_starts(void **state)
{
    int status;
    pid_t pid;

    (void)state;
    pid = fork();
    if (pid == 0) {
        /* As nobody, without CAP_IPC_LOCK; a new program, because this one has its heap already. */
        const struct rlimit none = {0, 0};

        if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || (getuid() == 0 && setuid(65534) != 0))
            _exit(9);
        execl("/proc/self/exe", "test_secret", "cannot-lock", (char *)NULL);
        _exit(8);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 42);
}

/* The other program of the test above. */
static int cannot_lock(void)
{
    AUTO(secret) s = NULL;
    struct err e = {0};

    if (secret_memory_init(&e) != ERR_NOMEM || !strstr(e.msg, "RLIMIT_MEMLOCK"))
        return 1;
    if (secret_new(32, &s, &e) != ERR_NOMEM || s)
        return 2;
    return 42;
}

/* How often the 16 bytes at want stand in memory that is not locked, and how often in all. */
__attribute__((unused)) static size_t copies(const uint8_t *want, size_t *ret_all)
{
    FILE *smaps = fopen("/proc/self/smaps", "r");
    static uint8_t page[1 << 16];
    size_t unlocked = 0;
    struct area a;

    *ret_all = 0;
    assert_non_null(smaps);
    while (next_area(smaps, &a)) {
        if (!a.readable || !a.writable)
            continue;
        for (uintptr_t at = a.from; at < a.to; at += sizeof page) {
            size_t n = a.to - at < sizeof page ? a.to - at : sizeof page;
            struct iovec local = {page, n}, remote = {(void *)at, n};

            if (at <= (uintptr_t)page + sizeof page && (uintptr_t)page < at + n)
                continue; /* the window itself */
            if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != (ssize_t)n)
                continue;
            for (const uint8_t *p = page; (p = memmem(p, (size_t)(page + n - p), want, 16)); p++) {
                (*ret_all)++;
                unlocked += !a.locked;
            }
        }
    }
    memset(page, 0, sizeof page);
    fclose(smaps);
    return unlocked;
}

/* Everything this room does with a private key, and then: is any half of its scalar, in either byte
 * order, in memory that could be swapped or dumped?  What is searched for is kept as its
 * complement. */
static void no_use_of_a_key_leaves_its_scalar_outside_locked_memory(void **state)
{
#ifdef SANITIZED
    (void)state;
    skip(); /* the sanitizer keeps freed memory and copies of its own */
#else
    uint8_t inverse[4][16], want[16];
    size_t all = 0, found = 0;
    struct err e;

    (void)state;
    {
        AUTO(EVP_PKEY) key = NULL;
        AUTO(EVP_PKEY) again = NULL;
        AUTO(secret) d = NULL;
        AUTO(secret) pem = NULL;
        AUTO(secret) x = NULL;
        struct buf sig AUTO_CALL(buf_done) = BUF(256);

        assert_int_equal(p256_generate(&key, &e), ERR_OK);
        assert_int_equal(p256_scalar(key, &d, &e), ERR_OK);
        for (size_t i = 0; i < 16; i++) {
            inverse[0][i] = (uint8_t)~d->p[i];
            inverse[1][i] = (uint8_t)~d->p[16 + i];
            inverse[2][i] = (uint8_t)~d->p[31 - i];
            inverse[3][i] = (uint8_t)~d->p[15 - i];
        }
        assert_int_equal(p256_from_scalar(secret_bytes(d), &again, &e), ERR_OK);
        assert_int_equal(p256_sign(again, bytes_of_str("m"), &sig, &e), ERR_OK);
        assert_int_equal(p256_sign_deterministic(again, bytes_of_str("m"), &sig, &e), ERR_OK);
        assert_int_equal(p256_private_pem(again, &pem, &e), ERR_OK);
        assert_int_equal(p256_ecdh(again, key, &x, &e), ERR_OK);

        for (size_t k = 0; k < 4; k++) {
            for (size_t i = 0; i < 16; i++)
                want[i] = (uint8_t)~inverse[k][i];
            /* want itself stands on the stack, which is not locked */
            assert_int_equal(copies(want, &all), 1);
            found += all - 1;
        }
        assert_true(found > 0); /* the search does find the locked copies */
    }
    for (size_t k = 0; k < 4; k++) {
        for (size_t i = 0; i < 16; i++)
            want[i] = (uint8_t)~inverse[k][i];
        assert_int_equal(copies(want, &all), 1);
        assert_int_equal(all, 1); /* and when the keys are gone there is none at all */
    }
#endif
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_is_locked_and_left_out_of_dumps),
        cmocka_unit_test(the_pages_around_the_secrets_cannot_be_touched),
        cmocka_unit_test(reading_past_the_last_secret_kills_the_process),
        cmocka_unit_test(the_process_makes_no_cores_and_cannot_be_dumped),
        cmocka_unit_test(memory_is_wiped_when_a_secret_is_freed),
        cmocka_unit_test(a_stack_copy_is_wiped_at_the_end_of_its_scope),
        cmocka_unit_test(a_secret_has_a_greatest_size),
        cmocka_unit_test(when_locked_memory_runs_out_there_is_an_error_and_no_ordinary_memory),
        cmocka_unit_test(where_memory_cannot_be_locked_nothing_starts),
        cmocka_unit_test(no_use_of_a_key_leaves_its_scalar_outside_locked_memory),
    };

    if (argc == 2 && strcmp(argv[1], "cannot-lock") == 0)
        return cannot_lock();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
