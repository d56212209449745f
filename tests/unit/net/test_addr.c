/* addr: which addresses may be asked at all (SR-46), and how they are counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "net/addr.h"

static struct sockaddr_storage address(const char *host)
{
    struct sockaddr_storage a;
    socklen_t n;
    char text[80];
    struct err e;

    snprintf(text, sizeof text, strchr(host, ':') ? "[%s]:1" : "%s:1", host);
    if (net_addr_read(text, &a, &n, &e) != ERR_OK)
        fail_msg("%s", e.msg);
    return a;
}

static void assert_global(const char *host, bool wanted)
{
    struct sockaddr_storage a = address(host);

    if (net_addr_is_global((struct sockaddr *)&a) != wanted)
        fail_msg("%s is %sglobal", host, wanted ? "not " : "");
}

static void special_addresses_are_not_global(void **state)
{
    static const char *const special[] = {"0.0.0.0",
                                          "0.1.2.3",
                                          "10.0.0.1",
                                          "100.64.0.1",
                                          "100.127.255.255",
                                          "127.0.0.1",
                                          "127.255.255.255",
                                          "169.254.169.254",
                                          "172.16.0.1",
                                          "172.31.255.255",
                                          "192.0.0.1",
                                          "192.0.2.1",
                                          "192.88.99.1",
                                          "192.168.1.1",
                                          "198.18.0.1",
                                          "198.19.255.255",
                                          "198.51.100.1",
                                          "203.0.113.1",
                                          "224.0.0.1",
                                          "239.255.255.255",
                                          "240.0.0.1",
                                          "255.255.255.255",
                                          "::",
                                          "::1",
                                          "::ffff:127.0.0.1",
                                          "::ffff:10.0.0.1",
                                          "::127.0.0.1",
                                          "64:ff9b::10.0.0.1",
                                          "64:ff9b:1::1",
                                          "100::1",
                                          "2001::1",
                                          "2001:db8::1",
                                          "2002:7f00:1::",
                                          "2002:a00:1::",
                                          "3fff::1",
                                          "2620:4f:8000::1",
                                          "fc00::1",
                                          "fd12::1",
                                          "fe80::1",
                                          "fec0::1",
                                          "ff02::1"};

    (void)state;
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        assert_global(special[i], false);
}

static void other_addresses_are_global(void **state)
{
    static const char *const global[] = {
        "1.1.1.1",         "9.255.255.255",   "11.0.0.0",
        "100.63.255.255",  "100.128.0.0",     "126.0.0.1",
        "128.0.0.1",       "169.253.0.1",     "172.15.255.255",
        "172.32.0.0",      "192.0.1.1",       "198.17.255.255",
        "198.20.0.0",      "223.255.255.255", "2001:4860:4860::8888",
        "2606:4700::1111", "::ffff:1.1.1.1",  "64:ff9b::1.1.1.1",
        "2002:101:101::"};

    (void)state;
    for (size_t i = 0; i < sizeof global / sizeof *global; i++)
        assert_global(global[i], true);
}

static void a_socket_without_an_address_is_not_global(void **state)
{
    struct sockaddr_storage a = {.ss_family = AF_UNIX};
    char text[NET_PEER_LEN];

    (void)state;
    assert_false(net_addr_is_global((struct sockaddr *)&a));
    assert_false(net_addr_is_loopback((struct sockaddr *)&a));
    net_addr_text((struct sockaddr *)&a, text);
    assert_string_equal(text, "unix");
}

static void loopback_is_known_in_every_form(void **state)
{
    static const char *const yes[] = {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"};
    static const char *const no[] = {"128.0.0.1", "0.0.0.0", "::", "::2", "::ffff:10.0.0.1"};

    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        struct sockaddr_storage a = address(yes[i]);

        assert_true(net_addr_is_loopback((struct sockaddr *)&a));
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        struct sockaddr_storage a = address(no[i]);

        assert_false(net_addr_is_loopback((struct sockaddr *)&a));
    }
}

static bool same_key(const char *x, const char *y)
{
    struct sockaddr_storage a = address(x), b = address(y);
    uint8_t ka[NET_KEY_LEN], kb[NET_KEY_LEN];

    net_addr_key((struct sockaddr *)&a, ka);
    net_addr_key((struct sockaddr *)&b, kb);
    return memcmp(ka, kb, NET_KEY_LEN) == 0;
}

static void limits_count_by_address_and_by_64_bits_of_ipv6(void **state)
{
    (void)state;
    assert_false(same_key("1.1.1.1", "1.1.1.2"));
    assert_true(same_key("1.1.1.1", "::ffff:1.1.1.1"));
    assert_true(same_key("2001:db8:0:1::1", "2001:db8:0:1:ffff::9"));
    assert_false(same_key("2001:db8:0:1::1", "2001:db8:0:2::1"));
}

static void a_mapped_address_reads_as_ipv4(void **state)
{
    struct sockaddr_storage a = address("::ffff:1.2.3.4");
    char text[NET_PEER_LEN];

    (void)state;
    net_addr_text((struct sockaddr *)&a, text);
    assert_string_equal(text, "1.2.3.4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(special_addresses_are_not_global),
        cmocka_unit_test(other_addresses_are_global),
        cmocka_unit_test(a_socket_without_an_address_is_not_global),
        cmocka_unit_test(loopback_is_known_in_every_form),
        cmocka_unit_test(limits_count_by_address_and_by_64_bits_of_ipv6),
        cmocka_unit_test(a_mapped_address_reads_as_ipv4),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
