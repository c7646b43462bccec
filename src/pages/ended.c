/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is shown is in the rows that ended sessions leave, and in the tally of failed sign-ins. Rows
 * that expired are shown until the cleanup deletes them.
 */
#include "pages/ended.h"

#include <string.h>
#include "config/config.h"
#include "core/clock.h"
#include "core/messages.h"
#include "core/phrases.h"
#include "pages/devices.h"
#include "pages/page.h"
#include "session/enders.h"
#include "session/own_sessions.h"
#include "session/request.h"
#include "session/sign_in_limit.h"

#define DAY           86400
#define SHOWN_DAYS    30
#define SHOWN_MAX     10
#define JUST_NOW      600 /* seconds */
#define REVOKED       "revoked"
#define MESSAGE(text) (text)

apr_status_t ms_ended_read(request_rec *r, apr_array_header_t **rows)
{
    const ms_ended_part part = {.since = ms_clock_now() - SHOWN_DAYS * DAY, .limit = SHOWN_MAX};

    return ms_own_sessions_ended(r, &part, rows);
}

static const char *words_of(request_rec *r, const ms_row *row)
{
    const ms_language *language = ms_page_language(r);

    if (row->kind == MS_KIND_APP && !*row->user_agent) {
        return ms_language_text(language, "App password"); /* it was never used */
    }
    return ms_phrases_device(r->pool, language, ms_devices_get(r, row->user_agent));
}

/* ---- from which session ---------------------------------------------------------------------- */

/* Looks for a session that was there at that time and has ended others then. *n: how many; two of
 * one moment cannot be told apart. */
static const ms_row *find_ender(request_rec *r, const apr_array_header_t *among,
                                const ms_row *ended, int *n)
{
    const ms_row *ender = NULL;

    for (int i = 0; i < among->nelts; i++) {
        const ms_row *row = APR_ARRAY_IDX(among, i, const ms_row *);

        if (row->created_at <= ended->expires_at && row->expires_at >= ended->expires_at &&
            ms_enders_has(r, row->id, ended->expires_at)) {
            ender = row;
            (*n)++;
        }
    }
    return ender;
}

/* NULL: it is not known, or it has neither a name nor a device to name it by. */
static const char *ender_of(request_rec *r, const ms_row *ended, const apr_array_header_t *rows,
                            const apr_array_header_t *live)
{
    int n = 0;
    const ms_row *of_live = find_ender(r, live, ended, &n),
                 *of_ended = find_ender(r, rows, ended, &n), *ender = of_live ? of_live : of_ended;
    const ms_device *device;

    if (n != 1 || strcmp(ender->id, ended->id) == 0) {
        return NULL;
    }
    device = ms_devices_get(r, ender->user_agent);
    return ender->name ? ender->name : device->browser || device->os ? words_of(r, ender) : NULL;
}

/* ---- how ------------------------------------------------------------------------------------- */

static const char *ended_by(request_rec *r, const char *user)
{
    const ms_language *language = ms_page_language(r);
    const ms_message_value values[] = {{"by", user}, {NULL, NULL}};
    apr_pool_t *p = r->pool;

    return ms_messages_format(p, language, "ended by [by]", values);
}

static const char *ended_from(request_rec *r, const char *device)
{
    const ms_language *language = ms_page_language(r);
    const ms_message_value values[] = {{"device", device}, {NULL, NULL}};
    apr_pool_t *p = r->pool;

    return ms_messages_format(p, language, "ended from [device]", values);
}

/* The words of docs/events.md; a program of the site may have written others. */
static const char *reason_of(request_rec *r, const ms_row *row)
{
    static const char *const words[][2] = {
        {REVOKED, MESSAGE("ended from another of your sessions")},
        {"signed_out", MESSAGE("signed out")},
        {"replaced", MESSAGE("replaced by a new sign-in")},
        {"reauthenticated", MESSAGE("replaced by a new sign-in")},
        {"evicted", MESSAGE("ended because there were too many sessions")}};
    const ms_language *language = ms_page_language(r);

    for (apr_size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(row->end_reason, words[i][0]) == 0) {
            return ms_language_text(language, words[i][1]);
        }
    }
    return ms_language_text(language, "ended");
}

static const char *how(request_rec *r, const ms_row *row, const apr_array_header_t *rows,
                       const apr_array_header_t *live)
{
    const ms_language *language = ms_page_language(r);
    const char *ender;

    if (!row->end_reason) {
        return ms_language_text(language, "expired");
    }
    if (row->ended_by) {
        return ended_by(r, row->ended_by);
    }
    ender = strcmp(row->end_reason, REVOKED) == 0 ? ender_of(r, row, rows, live) : NULL;
    return ender ? ended_from(r, ender) : reason_of(r, row);
}

/* ---- the model ------------------------------------------------------------------------------- */

static void set_text(json_t *model, const char *name, const char *text)
{
    json_t *value = text ? json_string(text) : NULL;

    json_object_set_new_nocheck(model, name, value ? value : json_null());
}

static json_t *model_of(request_rec *r, const ms_row *row, const char *how)
{
    json_t *model = json_object();

    set_text(model, "name", row->name);
    set_text(model, "words", words_of(r, row));
    set_text(model, "place", row->label ? row->label : row->last_ip);
    set_text(model, "how", how);
    set_text(model, "ended_at", ms_clock_rfc3339(r->pool, row->expires_at));
    set_text(model, "ended_text", ms_page_date(r, row->expires_at));
    return model;
}

/* How many days the site keeps an ended row, of those that are shown. */
static int days_kept(request_rec *r)
{
    const apr_int64_t days = ms_server_conf_get(r->server)->history / DAY;

    return days < SHOWN_DAYS ? (int)days : SHOWN_DAYS;
}

static json_t *models_of(request_rec *r, const apr_array_header_t *rows,
                         const apr_array_header_t *live)
{
    json_t *ended = json_array();

    for (int i = 0; i < rows->nelts; i++) {
        const ms_row *row = APR_ARRAY_IDX(rows, i, const ms_row *);

        json_array_append_new(ended, model_of(r, row, how(r, row, rows, live)));
    }
    return ended;
}

void ms_ended_add(request_rec *r, json_t *model, const apr_array_header_t *rows,
                  const apr_array_header_t *live)
{
    const char *user = ms_request_row(ms_request_get(r))->user;
    apr_int64_t last = 0;
    const int failed = ms_sign_in_limit_failures(r, user, &last);
    json_t *over;

    if (rows->nelts == 0 && !failed) {
        return;
    }
    over = json_pack("{s:o, s:i, s:i}", "ended", models_of(r, rows, live), "days_kept",
                     days_kept(r), "failed", failed);
    set_text(over, "failed_at", ms_clock_rfc3339(r->pool, last));
    set_text(over, "failed_text", ms_page_date(r, last));
    json_object_set_new_nocheck(model, "over", over);
}

const char *ms_ended_just_now(request_rec *r, const apr_array_header_t *rows, const char *id)
{
    for (int i = 0; id && i < rows->nelts; i++) {
        const ms_row *row = APR_ARRAY_IDX(rows, i, const ms_row *);

        if (strcmp(row->id, id) == 0 && ms_clock_now() - row->expires_at < JUST_NOW) {
            return row->name ? row->name : words_of(r, row);
        }
    }
    return NULL;
}
