/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that read these lines ban addresses, so a client must not be able to write one that
 * names another address: the address comes before the name, and the name has no blank in it.
 */
#include "session/sign_in_log.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <http_log.h>
#include "config/config.h"
#include "http/counters.h"
#include "session/events.h"
#include "core/log_limit.h"
#include "session/sign_in_limit.h"
#include "core/name_fold.h"
#include "core/utf8.h"

APLOG_USE_MODULE(managed_session);

#define NAME_MAX_LOGGED 64 /* characters */

#define APP_REFUSED "app_password_refused"
#define APP         "app password" /* the method, in the log lines */

/* What could end the name or be taken for another part of the line is percent-encoded. */
static const char *name_in_line(apr_pool_t *p, const char *user)
{
    const char *name = ms_utf8_storable(p, user, NAME_MAX_LOGGED);
    char *out = apr_palloc(p, 3 * strlen(name) + 1), *to = out;

    for (; *name; name++) {
        if ((unsigned char)*name >= 0x80 || apr_isalnum(*name) || strchr("._-@+", *name)) {
            *to++ = *name;
        }
        else {
            to += apr_snprintf(to, 4, "%%%02X", (unsigned char)*name);
        }
    }
    *to = '\0';
    return out;
}

static const char *more(apr_pool_t *p, apr_uint32_t skipped)
{
    return skipped ? apr_psprintf(p, " (%u more were not logged)", skipped) : "";
}

static ms_event event_of(const char *name, const char *user, const char *method)
{
    ms_event event = ms_event_of(name, user, NULL);

    event.method = method;
    return event;
}

static void write_failed(request_rec *r, const char *user, const char *method)
{
    static const ms_rate of_address = {10, 10};

    ms_count(MS_COUNT_FAILURES, 1);
    ms_sign_in_limit_count_failure(r, user);
    if (!ms_sign_in_limit_may_log(r, "failed line", r->useragent_ip, &of_address)) {
        ms_log_limit_skip(MS_LOG_FAILED);
        return;
    }
    ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                  "MS0112: failed sign-in from %s as user \"%s\" (%s)%s", r->useragent_ip,
                  name_in_line(r->pool, user), method,
                  more(r->pool, ms_log_limit_skipped(MS_LOG_FAILED)));
}

void ms_sign_in_log_failed(request_rec *r, const char *user, const char *method)
{
    const ms_event event = event_of("sign_in_failed", user, method);

    ms_event_write(r, &event);
    write_failed(r, user, method);
}

void ms_sign_in_log_app_failed(request_rec *r, const char *user, const char *reason)
{
    ms_event event = event_of(APP_REFUSED, user, NULL);

    event.reason = reason;
    ms_event_write(r, &event);
    write_failed(r, user ? user : "", APP);
}

static void write_refused(request_rec *r, const char *user, const char *method, const char *reason,
                          apr_int64_t period)
{
    const ms_rate once = {1, period};
    const char *who = apr_pstrcat(r->pool, r->useragent_ip, " ", ms_name_fold(r->pool, user), NULL);

    if (!ms_sign_in_limit_may_log(r, "refused line", who, &once)) {
        ms_log_limit_skip(MS_LOG_REFUSED);
        return;
    }
    ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                  "MS0113: refused sign-in from %s as user \"%s\" (%s): %s%s", r->useragent_ip,
                  name_in_line(r->pool, user), method, reason,
                  more(r->pool, ms_log_limit_skipped(MS_LOG_REFUSED)));
}

static void log_refused(request_rec *r, ms_event *event, const char *method, apr_uint64_t key)
{
    const ms_rate *limit = &ms_server_conf_get(r->server)->login_limit;

    event->key = key;
    event->period = limit->count > 0 ? limit->period : MS_EVENT_PERIOD;
    ms_event_write(r, event);
    ms_count(MS_COUNT_REFUSALS, 1);
    write_refused(r, event->user ? event->user : "", method, event->reason, event->period);
}

void ms_sign_in_log_refused(request_rec *r, const char *user, const char *method,
                            const char *reason, apr_uint64_t key)
{
    ms_event event = event_of("sign_in_refused", user, method);

    event.reason = reason;
    log_refused(r, &event, method, key);
}

void ms_sign_in_log_app_refused(request_rec *r, const char *user, const char *reason,
                                apr_uint64_t key)
{
    ms_event event = event_of(APP_REFUSED, user ? user : "", NULL);

    event.reason = reason;
    log_refused(r, &event, APP, key);
}
