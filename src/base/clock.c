#include "base/clock.h"

#include <stdio.h>
#include <string.h>
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

#define NS_PER_S 1000000000L

struct timespec clock_after(unsigned ms)
{
    struct timespec t = {0};

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= NS_PER_S) {
        t.tv_sec++;
        t.tv_nsec -= NS_PER_S;
    }
    return t;
}

/* The last second that the form of four-digit years can say: 9999-12-31T23:59:59Z. */
#define LAST_SECOND 253402300799

void clock_format(int64_t unix_seconds, char ret[static 21])
{
    time_t t = unix_seconds < 0 ? 0 : unix_seconds > LAST_SECOND ? LAST_SECOND : unix_seconds;
    struct tm tm = {0};

    gmtime_r(&t, &tm);
    strftime(ret, 21, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* Days from 1970-01-01 to a date of the Gregorian calendar, year >= 1. */
static int64_t days_of(int64_t y, int64_t m, int64_t d)
{
    int64_t years = m > 2 ? y : y - 1; /* that end in February */
    int64_t in_year = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;

    return years * 365 + years / 4 - years / 100 + years / 400 + in_year - 719468;
}

static int64_t month_days(int64_t y, int64_t m)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

    return days[m - 1] + (m == 2 && leap ? 1 : 0);
}

bool clock_from_date(int64_t year, int64_t month, int64_t day, int64_t hour, int64_t minute,
                     int64_t second, int64_t *ret)
{
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 ||
        day > month_days(year, month) || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 59)
        return false;
    *ret = ((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    return true;
}

bool clock_parse(const char *text, int64_t *ret)
{
    static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
    int64_t v[6] = {0};
    size_t field = 0;

    if (strlen(text) != sizeof form - 1)
        return false;
    for (size_t i = 0; form[i]; i++) {
        if (form[i] != 'd') {
            if (text[i] != form[i])
                return false;
            field++;
        } else if (text[i] < '0' || text[i] > '9') {
            return false;
        } else {
            v[field] = v[field] * 10 + (text[i] - '0');
        }
    }
    return clock_from_date(v[0], v[1], v[2], v[3], v[4], v[5], ret);
}
