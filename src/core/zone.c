/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C library knows the files of the database and their rules, but only for the one TZ of the
 * process. So the moments at which clocks change are looked for once, and kept.
 */
#include "core/zone.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_tables.h>

#define DAY           86400
#define YEAR          (366 * DAY)
#define BEFORE        (3 * (apr_int64_t)YEAR)
#define AFTER         (40 * (apr_int64_t)YEAR)
#define ZONE_NAME_MAX 64
#define DATABASE      "/usr/share/zoneinfo"
#define MAGIC         "TZif" /* RFC 8536, 3.1 */
#define MAGIC_LEN     4

/* From a moment on. */
typedef struct period {
    apr_int64_t from;
    int offset;
    const char *abbreviation;
} period;

struct ms_zone {
    apr_array_header_t *periods; /* the first has all that is before the second */
};

/* ---- the names that the system knows --------------------------------------------------------- */

/* No path leads out of the database. */
static int is_name(const char *name)
{
    const apr_size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        "0123456789_+-/");

    return len > 0 && len <= ZONE_NAME_MAX && !name[len] && name[0] != '/' && name[len - 1] != '/';
}

static int is_known(apr_pool_t *p, const char *name)
{
    const char *folder = getenv("TZDIR");
    const char *path = apr_pstrcat(p, folder ? folder : DATABASE, "/", name, NULL);
    char magic[MAGIC_LEN];
    apr_file_t *file;
    apr_size_t n;

    if (apr_file_open(&file, path, APR_READ | APR_BINARY, 0, p) != APR_SUCCESS) {
        return 0;
    }
    n = apr_file_read_full(file, magic, sizeof(magic), NULL) == APR_SUCCESS ? sizeof(magic) : 0;
    apr_file_close(file);
    return n && memcmp(magic, MAGIC, sizeof(magic)) == 0;
}

/* ---- when clocks change ---------------------------------------------------------------------- */

static period period_at(apr_pool_t *p, apr_int64_t epoch)
{
    const time_t seconds = (time_t)epoch;
    period found = {epoch, 0, "UTC"};
    struct tm t;

    if (localtime_r(&seconds, &t)) {
        found.offset = (int)t.tm_gmtoff;
        found.abbreviation = apr_pstrdup(p, t.tm_zone);
    }
    return found;
}

static int is_same(const period *a, const period *b)
{
    return a->offset == b->offset && strcmp(a->abbreviation, b->abbreviation) == 0;
}

/* The first second of the period that b is in. a is in the one before. */
static period first_of(apr_pool_t *p, period a, period b)
{
    while (b.from - a.from > 1) {
        const period middle = period_at(p, a.from + (b.from - a.from) / 2);

        if (is_same(&middle, &a)) {
            a.from = middle.from;
        }
        else {
            b = middle;
        }
    }
    return b;
}

static void find_periods(apr_array_header_t *periods, apr_pool_t *scratch, apr_int64_t now)
{
    period last = period_at(periods->pool, now - BEFORE);

    APR_ARRAY_PUSH(periods, period) = last;
    for (apr_int64_t at = now - BEFORE + DAY; at < now + AFTER; at += DAY) {
        period next = period_at(scratch, at);

        if (!is_same(&next, &last)) {
            next = first_of(scratch, last, next);
            next.abbreviation = apr_pstrdup(periods->pool, next.abbreviation);
            APR_ARRAY_PUSH(periods, period) = next;
        }
        last = next;
        last.from = at;
        apr_pool_clear(scratch);
        last.abbreviation = APR_ARRAY_IDX(periods, periods->nelts - 1, period).abbreviation;
    }
}

static void set_tz(const char *value)
{
    if (value) {
        setenv("TZ", value, 1);
    }
    else {
        unsetenv("TZ");
    }
    tzset();
}

const ms_zone *ms_zone_load(apr_pool_t *p, const char *name, apr_int64_t now)
{
    const char *before = getenv("TZ");
    ms_zone *zone = apr_palloc(p, sizeof(*zone));
    apr_pool_t *scratch;

    if (!is_name(name) || !is_known(p, name)) {
        return NULL;
    }
    before = before ? apr_pstrdup(p, before) : NULL;
    zone->periods = apr_array_make(p, 90, sizeof(period));
    apr_pool_create(&scratch, p);
    set_tz(name);
    find_periods(zone->periods, scratch, now);
    set_tz(before);
    apr_pool_destroy(scratch);
    return zone;
}

/* ---- at a moment ----------------------------------------------------------------------------- */

static const period *find(const ms_zone *zone, apr_int64_t epoch)
{
    int i = zone->periods->nelts - 1;

    while (i > 0 && APR_ARRAY_IDX(zone->periods, i, period).from > epoch) {
        i--;
    }
    return &APR_ARRAY_IDX(zone->periods, i, period);
}

int ms_zone_offset(const ms_zone *zone, apr_int64_t epoch)
{
    return zone ? find(zone, epoch)->offset : 0;
}

const char *ms_zone_abbreviation(const ms_zone *zone, apr_int64_t epoch)
{
    return zone ? find(zone, epoch)->abbreviation : "UTC";
}
