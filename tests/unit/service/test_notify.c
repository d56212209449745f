/* notify: what systemd receives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "service/notify.h"

static int listen_at(const char *name)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    size_t n = strlen(name);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    memcpy(a.sun_path, name, n);
    if (*name == '@')
        a.sun_path[0] = 0;
    assert_int_equal(
        bind(fd, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)),
        0);
    return fd;
}

static void assert_receives(int fd, const char *want)
{
    char got[128] = {0};

    assert_int_equal(recv(fd, got, sizeof got - 1, MSG_DONTWAIT), (ssize_t)strlen(want));
    assert_string_equal(got, want);
}

static void a_socket_with_a_path_gets_the_words(void **state)
{
    char name[64];
    struct err e;
    int fd;

    (void)state;
    snprintf(name, sizeof name, "/tmp/teereg-notify-%d", (int)getpid());
    fd = listen_at(name);
    assert_int_equal(notify_send(name, "READY=1", &e), ERR_OK);
    assert_receives(fd, "READY=1");
    close(fd);
    unlink(name);
}

static void an_abstract_socket_gets_them_from_the_environment(void **state)
{
    char name[64];
    int fd;

    (void)state;
    snprintf(name, sizeof name, "@teereg-notify-%d", (int)getpid());
    fd = listen_at(name);
    setenv("NOTIFY_SOCKET", name, 1);
    notify_systemd("STOPPING=1");
    assert_receives(fd, "STOPPING=1");
    unsetenv("NOTIFY_SOCKET");
    notify_systemd("READY=1");
    assert_int_equal(recv(fd, name, sizeof name, MSG_DONTWAIT), -1);
    close(fd);
}

static void names_that_are_no_socket_are_refused(void **state)
{
    char much[200];
    struct err e;

    (void)state;
    memset(much, 'a', sizeof much - 1);
    much[0] = '/';
    much[sizeof much - 1] = 0;
    assert_int_equal(notify_send("relative", "READY=1", &e), ERR_INVALID);
    assert_int_equal(notify_send("", "READY=1", &e), ERR_INVALID);
    assert_int_equal(notify_send(much, "READY=1", &e), ERR_INVALID);
    assert_int_equal(notify_send("/nonexistent/socket", "READY=1", &e), ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_socket_with_a_path_gets_the_words),
        cmocka_unit_test(an_abstract_socket_gets_them_from_the_environment),
        cmocka_unit_test(names_that_are_no_socket_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
