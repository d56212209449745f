/* vtpm: the device's connection with a TPM that is slow, wrong or not there.  What a TPM that works
 * gives is shown with a real one, in integration/azure_vtpm.  The device is a terminal of ours. */
#include "support/dcap.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>
#include "attest/vtpm.h"
#include "base/clock.h"

/* ---- a device of our own: it answers the library's probe and then what it is given ---- */

struct device {
    int master, slave;
    char path[64];
    struct bytes answers[4]; /* one a command; empty: silence from there on */
    pthread_t thread;
};

static void *serve(void *arg)
{
    static const uint8_t probe[] = {0x80, 0x01, 0, 0, 0, 19, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    struct device *d = arg;
    uint8_t command[4096];

    if (read(d->master, command, sizeof command) <= 0 ||
        write(d->master, probe, sizeof probe) != (ssize_t)sizeof probe)
        return NULL;
    for (size_t i = 0; i < 4 && d->answers[i].n > 0; i++)
        if (read(d->master, command, sizeof command) <= 0 ||
            write(d->master, d->answers[i].p, d->answers[i].n) < 0)
            break;
    return NULL;
}

static void device_start(struct device *d)
{
    struct termios raw;

    d->master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(d->master >= 0);
    assert_int_equal(grantpt(d->master), 0);
    assert_int_equal(unlockpt(d->master), 0);
    assert_int_equal(ptsname_r(d->master, d->path, sizeof d->path), 0);
    d->slave = open(d->path, O_RDWR | O_NOCTTY); /* held, so that it stays raw */
    assert_true(d->slave >= 0);
    assert_int_equal(tcgetattr(d->slave, &raw), 0);
    cfmakeraw(&raw);
    assert_int_equal(tcsetattr(d->slave, TCSANOW, &raw), 0);
    assert_int_equal(pthread_create(&d->thread, NULL, serve, d), 0);
}

static void device_stop(struct device *d)
{
    pthread_join(d->thread, NULL);
    close(d->slave);
    close(d->master);
}

/* Opens the device, and asks for an index. */
static enum err_code ask(struct device *d, unsigned deadline_ms, struct err *e)
{
    struct buf out AUTO_CALL(buf_done) = BUF(8192);
    uint64_t deadline = clock_ns(&clock_system) + (uint64_t)deadline_ms * 1000000;
    AUTO(vtpm) v = NULL;
    enum err_code code;

    device_start(d);
    code = vtpm_open(d->path, deadline, &v, e);
    if (code == ERR_OK)
        code = vtpm_nv_read(v, 0x01400001, &out, e);
    device_stop(d);
    assert_int_equal(out.n, 0);
    return code;
}

/* ---- */

static void a_machine_without_a_vtpm_is_told_so(void **state)
{
    AUTO(vtpm) v = NULL;
    struct err e;

    (void)state;
    assert_int_equal(vtpm_open("/nonexistent/tpmrm0", UINT64_MAX, &v, &e), ERR_IO);
    assert_non_null(strstr(e.msg, "/nonexistent/tpmrm0: No such file"));
    assert_null(v);
}

static void silence_ends_at_the_deadline(void **state)
{
    struct device d = {0};
    uint64_t start = clock_ns(&clock_system);
    struct err e;

    (void)state;
    assert_int_equal(ask(&d, 300, &e), ERR_TIMEOUT);
    assert_non_null(strstr(e.msg, "no answer in time"));
    assert_true(clock_ns(&clock_system) - start < (uint64_t)5000000000);
}

static void an_index_that_is_not_defined_is_not_found(void **state)
{
    static const uint8_t none[] = {0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x01, 0x8b};
    struct device d = {.answers = {BYTES(none)}};
    struct err e;

    (void)state;
    assert_int_equal(ask(&d, 5000, &e), ERR_NOT_FOUND);
    assert_non_null(strstr(e.msg, "0x01400001"));
}

static void the_tpms_error_is_told_in_words(void **state)
{
    static const uint8_t failure[] = {0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x01, 0x01};
    struct device d = {.answers = {BYTES(failure)}};
    struct err e;

    (void)state;
    assert_int_equal(ask(&d, 5000, &e), ERR_IO);
    assert_non_null(strstr(e.msg, "(0x101)"));
}

static void an_answer_that_is_none_is_refused(void **state)
{
    static const uint8_t nonsense[] = {0x80, 0x01, 0, 0, 0, 12, 0, 0, 0, 0, 0xff, 0xff};
    struct device d = {.answers = {BYTES(nonsense)}};
    struct err e;

    (void)state;
    assert_int_equal(ask(&d, 5000, &e), ERR_IO);
}

static void what_is_too_large_for_an_index_is_not_sent(void **state)
{
    struct device d = {0};
    uint8_t data[1025] = {0};
    AUTO(vtpm) v = NULL;
    struct err e;

    (void)state;
    device_start(&d);
    need(vtpm_open(d.path, clock_ns(&clock_system) + 1000000000, &v, &e), &e);
    assert_int_equal(vtpm_nv_write(v, 0x01400002, BYTES(data), &e), ERR_TOO_LARGE);
    device_stop(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_without_a_vtpm_is_told_so),
        cmocka_unit_test(silence_ends_at_the_deadline),
        cmocka_unit_test(an_index_that_is_not_defined_is_not_found),
        cmocka_unit_test(the_tpms_error_is_told_in_words),
        cmocka_unit_test(an_answer_that_is_none_is_refused),
        cmocka_unit_test(what_is_too_large_for_an_index_is_not_sent),
    };

    /* The library may make our terminal that of this process, whose end would then be its end. */
    signal(SIGHUP, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
