/* random: a generator that fails ends the process (SR-61). */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "crypto/ecies.h"
#include "crypto/hpke.h"
#include "crypto/p256.h"
#include "crypto/random.h"

static int fails(unsigned char *buf, int n)
{
    (void)buf;
    (void)n;
    return 0;
}

static const RAND_METHOD broken = {.bytes = fails, .pseudorand = fails};

/* How a child ends that calls f with a broken generator; 0 is a plain exit. */
static int end_of(void (*f)(void))
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        close(STDERR_FILENO);
        signal(SIGABRT, SIG_DFL); /* cmocka catches it */
        RAND_set_rand_method(&broken);
        f();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

static void draw(void)
{
    uint8_t b[32];

    random_bytes(b, sizeof b);
}

static void draw_nothing(void)
{
    random_bytes(NULL, 0);
}

/* A key is made or not made; a number that is not random is not among the outcomes. */
static void make_key(void)
{
    EVP_PKEY *key = NULL;
    struct err e;

    _exit(p256_generate(&key, &e) != ERR_OK && !key ? 0 : 1);
}

static void seal(void)
{
    static const uint8_t g[P256_POINT_LEN] = {
        0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5,
        0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4,
        0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a,
        0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33,
        0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5};
    struct buf ct = BUF(64);
    uint8_t enc[HPKE_ENC_LEN];
    struct err e;

    _exit(hpke_seal(BYTES(g), (struct bytes){0}, (struct bytes){0}, bytes_of_str("m"), enc, &ct,
                    &e) != ERR_OK &&
                  ct.n == 0
              ? 0
              : 1);
}

static void a_generator_that_fails_ends_the_process(void **state)
{
    (void)state;
    assert_int_equal(end_of(draw), SIGABRT);
}

static void drawing_no_bytes_does_not_ask_the_generator(void **state)
{
    (void)state;
    assert_int_equal(end_of(draw_nothing), 0);
}

static void without_a_generator_no_key_is_made(void **state)
{
    (void)state;
    assert_int_equal(end_of(make_key), 0);
}

static void without_a_generator_nothing_is_sealed(void **state)
{
    (void)state;
    assert_int_equal(end_of(seal), 0);
}

static void two_draws_differ_and_fill_all_bytes(void **state)
{
    uint8_t a[1000] = {0}, b[1000] = {0}, any[1000] = {0};

    (void)state;
    for (int times = 0; times < 16; times++) {
        random_bytes(a, sizeof a);
        random_bytes(b, sizeof b);
        assert_memory_not_equal(a, b, sizeof a);
        for (size_t i = 0; i < sizeof a; i++)
            any[i] |= a[i];
    }
    for (size_t i = 0; i < sizeof any; i++)
        assert_int_not_equal(any[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_generator_that_fails_ends_the_process),
        cmocka_unit_test(drawing_no_bytes_does_not_ask_the_generator),
        cmocka_unit_test(without_a_generator_no_key_is_made),
        cmocka_unit_test(without_a_generator_nothing_is_sealed),
        cmocka_unit_test(two_draws_differ_and_fill_all_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
