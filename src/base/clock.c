#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t system_unix(void *self)
{
    struct timespec now = {0};

    (void)self;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

static uint64_t system_monotonic(void *self)
{
    struct timespec now = {0};

    (void)self;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

const struct clock clock_system = {system_unix, system_monotonic, NULL};

/* The last second that the form of four-digit years can say: 9999-12-31T23:59:59Z. */
#define LAST_SECOND 253402300799

void clock_format(int64_t unix_seconds, char ret[static 21])
{
    time_t t = unix_seconds < 0 ? 0 : unix_seconds > LAST_SECOND ? LAST_SECOND : unix_seconds;
    struct tm tm = {0};

    gmtime_r(&t, &tm);
    strftime(ret, 21, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
