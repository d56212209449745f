#include "net/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

struct block {
    uint8_t prefix[16];
    unsigned bits;
};

/* IANA IPv4 special-purpose address registry: what is not globally reachable, and multicast. */
static const struct block v4_special[] = {
    {{0}, 8},
    {{10}, 8},
    {{100, 64}, 10},
    {{127}, 8},
    {{169, 254}, 16},
    {{172, 16}, 12},
    {{192, 0, 0}, 24},
    {{192, 0, 2}, 24},
    {{192, 88, 99}, 24},
    {{192, 168}, 16},
    {{198, 18}, 15},
    {{198, 51, 100}, 24},
    {{203, 0, 113}, 24},
    {{224}, 4},
    {{240}, 4},
};

/* Of IPv6 only 2000::/3 is global, less these; 64:ff9b::/96 and 2002::/16 carry IPv4. */
static const struct block v6_special[] = {
    {{0x20, 0x01, 0x00}, 23},             /* protocol assignments, Teredo, ORCHID */
    {{0x20, 0x01, 0x0d, 0xb8}, 32},       /* documentation */
    {{0x3f, 0xff, 0x00}, 20},             /* documentation */
    {{0x26, 0x20, 0x00, 0x4f, 0x80}, 48}, /* AS112 direct delegation: answers from anywhere */
};

static const struct block v6_global = {{0x20}, 3};
static const struct block v6_mapped = {{[10] = 0xff, [11] = 0xff}, 96};
static const struct block v6_nat64 = {{0x00, 0x64, 0xff, 0x9b}, 96};
static const struct block v6_6to4 = {{0x20, 0x02}, 16};

static bool within(const uint8_t *a, const struct block *b)
{
    unsigned whole = b->bits / 8, rest = b->bits % 8;

    if (memcmp(a, b->prefix, whole) != 0)
        return false;
    return rest == 0 || ((a[whole] ^ b->prefix[whole]) & (0xff << (8 - rest)) & 0xff) == 0;
}

static bool v4_is_global(const uint8_t *a)
{
    for (size_t i = 0; i < sizeof v4_special / sizeof *v4_special; i++)
        if (within(a, &v4_special[i]))
            return false;
    return true;
}

static bool v6_is_global(const uint8_t *a)
{
    if (within(a, &v6_mapped) || within(a, &v6_nat64))
        return v4_is_global(a + 12);
    if (within(a, &v6_6to4))
        return v4_is_global(a + 2);
    for (size_t i = 0; i < sizeof v6_special / sizeof *v6_special; i++)
        if (within(a, &v6_special[i]))
            return false;
    return within(a, &v6_global);
}

/* The bytes of the address: 4, 16 or (another family) 0 of them.  Mapped IPv4 is IPv4. */
static struct bytes raw_of(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET)
        return (struct bytes){(const uint8_t *)&((const struct sockaddr_in *)a)->sin_addr, 4};
    if (a->sa_family == AF_INET6) {
        const uint8_t *p = ((const struct sockaddr_in6 *)a)->sin6_addr.s6_addr;

        if (within(p, &v6_mapped))
            return (struct bytes){p + 12, 4};
        return (struct bytes){p, 16};
    }
    return (struct bytes){0};
}

void net_addr_text(const struct sockaddr *a, char ret[static NET_PEER_LEN])
{
    struct bytes raw = raw_of(a);

    if (raw.n == 0 || !inet_ntop(raw.n == 4 ? AF_INET : AF_INET6, raw.p, ret, NET_PEER_LEN))
        snprintf(ret, NET_PEER_LEN, "unix");
}

void net_addr_key(const struct sockaddr *a, uint8_t ret[static NET_KEY_LEN])
{
    struct bytes raw = raw_of(a);

    memset(ret, 0, NET_KEY_LEN);
    if (raw.n == 4) {
        memcpy(ret, v6_mapped.prefix, 12);
        memcpy(ret + 12, raw.p, 4);
    } else if (raw.n == 16) {
        memcpy(ret, raw.p, 8);
    }
}

bool net_addr_is_loopback(const struct sockaddr *a)
{
    static const uint8_t one[16] = {[15] = 1};
    struct bytes raw = raw_of(a);

    return raw.n == 4 ? raw.p[0] == 127 : raw.n == 16 && memcmp(raw.p, one, 16) == 0;
}

bool net_addr_is_global(const struct sockaddr *a)
{
    struct bytes raw = raw_of(a);

    return raw.n == 4 ? v4_is_global(raw.p) : raw.n == 16 && v6_is_global(raw.p);
}

/* One decimal port after the last colon. */
static bool read_port(const char *s, uint16_t *ret)
{
    unsigned v = 0;
    size_t n = strlen(s);

    if (n < 1 || n > 5)
        return false;
    for (; *s; s++) {
        if (*s < '0' || *s > '9')
            return false;
        v = v * 10 + (unsigned)(*s - '0');
    }
    *ret = htons((uint16_t)v);
    return v <= UINT16_MAX;
}

enum err_code net_addr_read(const char *text, struct sockaddr_storage *ret, socklen_t *ret_len,
                            struct err *e)
{
    struct sockaddr_storage out = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out;
    const char *colon = strrchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : 0;
    char host[NET_PEER_LEN] = "";
    bool fine = false;

    if (n > 2 && n < sizeof host && text[0] == '[' && text[n - 1] == ']') {
        memcpy(host, text + 1, n - 2);
        v6->sin6_family = AF_INET6;
        fine =
            inet_pton(AF_INET6, host, &v6->sin6_addr) == 1 && read_port(colon + 1, &v6->sin6_port);
        *ret_len = sizeof *v6;
    } else if (n > 0 && n < sizeof host) {
        memcpy(host, text, n);
        v4->sin_family = AF_INET;
        fine = inet_pton(AF_INET, host, &v4->sin_addr) == 1 && read_port(colon + 1, &v4->sin_port);
        *ret_len = sizeof *v4;
    }
    if (!fine)
        return err_set(
            e, ERR_INVALID,
            "address \"%.80s\": expected a numeric address and a port, as 0.0.0.0:8443 or [::]:8443",
            text);
    *ret = out;
    return ERR_OK;
}
