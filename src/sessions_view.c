/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything is in the URL: which page, which question, what was done. So going back, reloading and
 * opening in another window do what one expects, and the server remembers nothing.
 */
#include "sessions_view.h"

#include <string.h>
#include <apr_strings.h>
#include "config.h"
#include "device.h"
#include "form.h"
#include "page.h"
#include "session.h"
#include "store.h"
#include "text.h"
#include "words.h"

#define PAGE_SIZE 50

static const char *csrf_for(request_rec *r, const char *purpose)
{
    const char *realm = ms_server_conf_get(r->server)->realm;

    return ms_csrf_make(r->pool, &ms_request_get(r)->token,
                        *purpose ? apr_pstrcat(r->pool, realm, "\n", purpose, NULL) : realm);
}

static void set_text(json_t *model, const char *name, const char *text)
{
    json_t *value = text ? json_string(text) : NULL;

    json_object_set_new(model, name, value ? value : json_null());
}

static apr_table_t *query_of(request_rec *r)
{
    apr_table_t *query;

    return r->args && ms_form_parse(r->pool, r->args, strlen(r->args), &query) == 0
               ? query
               : apr_table_make(r->pool, 1);
}

/* ---- what was done --------------------------------------------------------------------------- */

static const char *notice(request_rec *r, const char *what, const char *value)
{
    const char *proof = csrf_for(r, apr_pstrcat(r->pool, what, "=", value, NULL));

    return proof ? apr_pstrcat(r->pool, "?", what, "=", ms_text_escape_query(r->pool, value),
                               "&proof=", proof, NULL)
                 : "";
}

const char *ms_sessions_notice_device(request_rec *r, const char *user_agent)
{
    ms_device device;

    ms_device_name(r->pool, user_agent, &device);
    return notice(r, "ended_device", ms_words_device(r->pool, ms_page_language(r), &device));
}

const char *ms_sessions_notice_others(request_rec *r, apr_int64_t n)
{
    return notice(r, "ended_others", apr_off_t_toa(r->pool, n));
}

const char *ms_sessions_notice_gone(request_rec *r)
{
    return notice(r, "gone", "1");
}

static int is_proved(request_rec *r, const apr_table_t *query, const char *what, const char *value)
{
    const char *context =
        apr_pstrcat(r->pool, ms_server_conf_get(r->server)->realm, "\n", what, "=", value, NULL);

    return ms_csrf_check(r->pool, apr_table_get(query, "proof"), &ms_request_get(r)->token,
                         context);
}

static void add_notice(request_rec *r, const apr_table_t *query, json_t *model)
{
    const char *device = apr_table_get(query, "ended_device");
    const char *others = apr_table_get(query, "ended_others");
    const char *gone = apr_table_get(query, "gone");

    if (device && is_proved(r, query, "ended_device", device)) {
        set_text(model, "ended_device", device);
    }
    if (others && is_proved(r, query, "ended_others", others)) {
        json_object_set_new(model, "ended_others", json_integer(apr_atoi64(others)));
    }
    json_object_set_new(model, "gone", json_boolean(gone && is_proved(r, query, "gone", gone)));
}

/* ---- the list -------------------------------------------------------------------------------- */

/* In src/pages/icons.html. */
static const char *const icons[] = {
    [MS_DEVICE_UNKNOWN] = "unknown", [MS_DEVICE_COMPUTER] = "computer",
    [MS_DEVICE_PHONE] = "phone",     [MS_DEVICE_TABLET] = "tablet",
    [MS_DEVICE_BOT] = "bot",         [MS_DEVICE_COMMAND_LINE] = "terminal",
    [MS_DEVICE_TV] = "tv",           [MS_DEVICE_CONSOLE] = "console",
    [MS_DEVICE_WATCH] = "watch",     [MS_DEVICE_CAR] = "car",
    [MS_DEVICE_HEADSET] = "headset",
};

void ms_sessions_add_words(request_rec *r, json_t *model, const ms_row *row, apr_int64_t now)
{
    const ms_language *language = ms_page_language(r);
    ms_device device;

    ms_device_name(r->pool, row->user_agent, &device);
    set_text(model, "words", ms_words_device(r->pool, language, &device));
    set_text(model, "icon", icons[device.kind]);
    set_text(model, "created_text", ms_words_date(r->pool, language, row->created_at));
    set_text(model, "seen_text", ms_words_date(r->pool, language, row->last_seen_at));
    set_text(model, "seen_ago", ms_words_ago(r->pool, language, row->last_seen_at, now));
    set_text(model, "expires_text", ms_words_date(r->pool, language, row->expires_at));
    set_text(model, "user_agent", row->user_agent);
    json_object_set_new(model, "remembered", json_boolean(row->persistent));
    json_object_set_new(model, "by_form", json_boolean(strcmp(row->auth_method, "form") == 0));
}

/* Of a number as large as we would write one, and no larger. */
const char *ms_sessions_page_asked(request_rec *r)
{
    const char *page = apr_table_get(query_of(r), "page");
    const apr_size_t len = page ? strspn(page, "0123456789") : 0;

    return len > 0 && len < 5 && !page[len] && atoi(page) > 1 ? page : NULL;
}

/* The part of the list that is on this page; of its neighbours their numbers. */
static json_t *cut_page(request_rec *r, json_t *model, json_t *all, const apr_array_header_t *rows)
{
    const char *asked = ms_sessions_page_asked(r);
    const int pages = rows->nelts > 0 ? (rows->nelts - 1) / PAGE_SIZE + 1 : 1;
    int page = asked ? atoi(asked) : 1;
    json_t *some = json_array();

    page = page > pages ? pages : page;
    for (int i = (page - 1) * PAGE_SIZE; i < rows->nelts && i < page * PAGE_SIZE; i++) {
        json_t *one = json_array_get(all, (size_t)i);

        json_object_set_new(one, "i", json_integer(i + 1));
        ms_sessions_add_words(r, one, APR_ARRAY_IDX(rows, i, const ms_row *), ms_now());
        json_array_append(some, one);
    }
    if (pages > 1) {
        json_object_set_new(model, "pages", json_integer(pages));
        json_object_set_new(model, "page", json_integer(page));
        json_object_set_new(model, "previous", json_integer(page - 1));
        json_object_set_new(model, "next", json_integer(page < pages ? page + 1 : 0));
    }
    return some;
}

/* ---------------------------------------------------------------------------------------------- */

static int ask(request_rec *r, json_t *model, int others_only)
{
    json_object_set_new(model, others_only ? "confirm_others" : "confirm_all", json_true());
    set_text(model, "action", others_only ? "revoke-others" : "revoke-all");
    ms_page_set_heading(r, model, "Sign out?");
    return ms_page_send(r, HTTP_OK, "confirm.html", model);
}

/* How many there are, of which the list may have the first only. */
static apr_int64_t total_of(request_rec *r, const apr_array_header_t *rows)
{
    apr_int64_t n = rows->nelts;

    if (n == MS_LIST_MAX) {
        ms_session_admin_count(r, ms_request_get(r)->row->user, NULL, &n);
    }
    return n;
}

int ms_sessions_view(request_rec *r, json_t *list, const apr_array_header_t *rows)
{
    const apr_table_t *query = query_of(r);
    const char *confirm = apr_table_get(query, "confirm");
    json_t *model = ms_page_model(r), *all = json_object_get(list, "sessions");
    const apr_int64_t total = total_of(r, rows);

    set_text(model, "csrf", csrf_for(r, ""));
    json_object_set(model, "user", json_object_get(list, "user"));
    json_object_set_new(model, "total", json_integer(total));
    json_object_set_new(model, "others", json_integer(total > 0 ? total - 1 : 0));
    if (confirm && rows->nelts > 1 && strcmp(confirm, "others") == 0) {
        json_decref(list);
        return ask(r, model, 1);
    }
    if (confirm && strcmp(confirm, "all") == 0) {
        json_decref(list);
        return ask(r, model, 0);
    }
    ms_page_set_heading(r, model, "Where you are signed in");
    add_notice(r, query, model);
    json_object_set_new(model, "sessions", cut_page(r, model, all, rows));
    json_decref(list);
    return ms_page_send(r, HTTP_OK, "sessions.html", model);
}
