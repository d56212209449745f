/* clock - time as an interface, so that tests turn it.  Room: base. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

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

/* The moment `ms` from now on CLOCK_MONOTONIC, for pthread_cond_timedwait with a condition of that
 * clock. */
struct timespec clock_after(unsigned ms);

/* RFC 3339 "2026-11-23T20:40:01Z"; ret holds 21 chars; outside 1970..9999 it is the nearest end. */
void clock_format(int64_t unix_seconds, char ret[static 21]);
/* Its inverse: exactly those 20 characters, years from 1 on; false for anything else. */
bool clock_parse(const char *text, int64_t *ret);
/* A moment of the Gregorian calendar, year 1 to 9999; false for one that does not exist (nor do
 * leap seconds). */
bool clock_from_date(int64_t year, int64_t month, int64_t day, int64_t hour, int64_t minute,
                     int64_t second, int64_t *ret);
