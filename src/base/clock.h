/* clock - time as an interface, so that tests turn it.  Room: base. */
#pragma once
#include <stdint.h>

struct clock {
    int64_t (*unix_now)(void *self);      /* seconds since 1970, the system's clock */
    uint64_t (*monotonic_ns)(void *self); /* never goes back */
    void *self;
};

extern const struct clock clock_system;

static inline int64_t clock_unix(const struct clock *c)
{
    return c->unix_now(c->self);
}
static inline uint64_t clock_ns(const struct clock *c)
{
    return c->monotonic_ns(c->self);
}

/* RFC 3339 "2026-11-23T20:40:01Z"; ret holds 21 chars; outside 1970..9999 it is the nearest end. */
void clock_format(int64_t unix_seconds, char ret[static 21]);
