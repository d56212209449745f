/* Comparisons of secrets do not branch on them, nor index by them (SR-60).
 *
 * valgrind's memcheck reports each branch and address that depends on undefined memory: secrets are
 * declared undefined, and what is left to report is a leak of time (the method of ctgrind).  The
 * program starts itself again under valgrind.  Without valgrind, without optimisation (the compiler
 * then branches where the source does not) and under a sanitizer it is skipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "crypto/secret.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__has_include) && !defined(SANITIZED) && !defined(__SANITIZE_ADDRESS__) &&             \
    !defined(__SANITIZE_THREAD__) && defined(__OPTIMIZE__)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define CAN_RUN 1
#endif
#endif

#define SKIPPED 77 /* meson's word */

#ifndef CAN_RUN
int main(void)
{
    return SKIPPED;
}
#else

static uint8_t a[64], b[64];

/* Whether memcheck reports something while f runs. */
static bool leaks(void (*f)(void))
{
    unsigned before = VALGRIND_COUNT_ERRORS;

    VALGRIND_MAKE_MEM_UNDEFINED(a, sizeof a);
    VALGRIND_MAKE_MEM_UNDEFINED(b, sizeof b);
    f();
    VALGRIND_MAKE_MEM_DEFINED(a, sizeof a);
    VALGRIND_MAKE_MEM_DEFINED(b, sizeof b);
    return VALGRIND_COUNT_ERRORS != before;
}

static volatile bool answer; /* the answer itself is public */

__attribute__((noinline)) static void by_secret_eq(void)
{
    bool equal = secret_eq(BYTES(a), BYTES(b));

    VALGRIND_MAKE_MEM_DEFINED(&equal, sizeof equal);
    answer = equal;
}

__attribute__((noinline)) static void by_bytes_eq(void)
{
    bool equal = bytes_eq(BYTES(a), BYTES(b));

    VALGRIND_MAKE_MEM_DEFINED(&equal, sizeof equal);
    answer = equal;
}

static void secret_eq_does_not_branch_on_what_it_compares(void **state)
{
    (void)state;
    assert_false(leaks(by_secret_eq));
    b[0] ^= 1;
    assert_false(leaks(by_secret_eq));
    b[0] ^= 1;
    b[63] ^= 1;
    assert_false(leaks(by_secret_eq));
    b[63] ^= 1;
}

/* That the method sees a branch at all. */
static void an_ordinary_comparison_is_caught(void **state)
{
    (void)state;
    assert_true(leaks(by_bytes_eq));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secret_eq_does_not_branch_on_what_it_compares),
        cmocka_unit_test(an_ordinary_comparison_is_caught),
    };

    (void)argc;
    if (!RUNNING_ON_VALGRIND) {
        execlp("valgrind", "valgrind", "--quiet", "--log-file=/dev/null", argv[0], (char *)NULL);
        return SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
