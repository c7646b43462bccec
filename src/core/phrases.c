/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole phrases are messages, so that a translator can put their parts in any order.
 */
#include "core/phrases.h"

#include <apr_strings.h>
#include <apr_time.h>
#include "core/messages.h"

#define MINUTE 60
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static const char *two_digits(apr_pool_t *p, int n)
{
    const char digits[] = {(char)('0' + n / 10), (char)('0' + n % 10)};

    return apr_pstrmemdup(p, digits, sizeof(digits));
}

const char *ms_phrases_date(apr_pool_t *p, const ms_language *language, apr_int64_t epoch,
                            const ms_zone *zone)
{
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    apr_time_exp_t t;

    apr_time_exp_gmt(&t, apr_time_from_sec(epoch + ms_zone_offset(zone, epoch)));
    {
        const ms_message_value values[] = {{"day", apr_itoa(p, t.tm_mday)},
                                           {"month", ms_language_text(language, months[t.tm_mon])},
                                           {"year", apr_itoa(p, t.tm_year + 1900)},
                                           {"hour", two_digits(p, t.tm_hour)},
                                           {"minute", two_digits(p, t.tm_min)},
                                           {"zone", ms_zone_abbreviation(zone, epoch)},
                                           {NULL, NULL}};

        return ms_messages_format(p, language, "[day] [month] [year], [hour]:[minute] [zone]",
                                  values);
    }
}

static const char *counted(apr_pool_t *p, const ms_language *language, const char *one,
                           const char *many, apr_int64_t n)
{
    const ms_message_value values[] = {{"n", apr_off_t_toa(p, n)}, {NULL, NULL}};

    return ms_messages_format(p, language, ms_language_plural(language, one, many, n), values);
}

const char *ms_phrases_ago(apr_pool_t *p, const ms_language *language, apr_int64_t epoch,
                           apr_int64_t now)
{
    const apr_int64_t seconds = now - epoch;

    if (seconds < MINUTE) {
        return ms_language_text(language, "just now");
    }
    if (seconds < HOUR) {
        return counted(p, language, "one minute ago", "[n] minutes ago", seconds / MINUTE);
    }
    if (seconds < DAY) {
        return counted(p, language, "one hour ago", "[n] hours ago", seconds / HOUR);
    }
    return counted(p, language, "one day ago", "[n] days ago", seconds / DAY);
}

static const char *browser_of(apr_pool_t *p, const ms_device *device)
{
    return !device->browser  ? ""
           : device->version ? apr_pstrcat(p, device->browser, " ", device->version, NULL)
                             : device->browser;
}

const char *ms_phrases_device(apr_pool_t *p, const ms_language *language, const ms_device *device)
{
    const ms_message_value values[] = {
        {"browser", browser_of(p, device)}, {"os", device->os ? device->os : ""}, {NULL, NULL}};

    return device->browser && device->os
               ? ms_messages_format(p, language, "[browser] on [os]", values)
           : device->os      ? ms_messages_format(p, language, "Unknown browser on [os]", values)
           : device->browser ? browser_of(p, device)
                             : ms_language_text(language, "Unknown device");
}
