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

const char *ms_phrases_date(apr_pool_t *p, const ms_language *language, apr_int64_t epoch)
{
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    apr_time_exp_t t;
    const char *words;
    json_t *model;

    apr_time_exp_gmt(&t, apr_time_from_sec(epoch));
    model =
        json_pack("{s:i, s:s, s:i, s:s, s:s}", "day", t.tm_mday, "month",
                  ms_language_text(language, months[t.tm_mon]), "year", t.tm_year + 1900, "hour",
                  apr_psprintf(p, "%02d", t.tm_hour), "minute", apr_psprintf(p, "%02d", t.tm_min));
    words = ms_messages_format(p, language, "[day] [month] [year], [hour]:[minute] UTC", model);
    json_decref(model);
    return words;
}

static const char *counted(apr_pool_t *p, const ms_language *language, const char *one,
                           const char *many, apr_int64_t n)
{
    json_t *model = json_pack("{s:I}", "n", (json_int_t)n);
    const char *words =
        ms_messages_format(p, language, ms_language_plural(language, one, many, n), model);

    json_decref(model);
    return words;
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
    json_t *model = json_object();
    const char *words;

    json_object_set_new(model, "browser", json_string(browser_of(p, device)));
    json_object_set_new(model, "os", json_string(device->os ? device->os : ""));
    words = device->browser && device->os
                ? ms_messages_format(p, language, "[browser] on [os]", model)
            : device->os      ? ms_messages_format(p, language, "Unknown browser on [os]", model)
            : device->browser ? browser_of(p, device)
                              : ms_language_text(language, "Unknown device");
    json_decref(model);
    return words;
}
