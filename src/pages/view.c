/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All state is in the URL: which page of the list, which question, which notice. So "back",
 * "reload" and a second window work, and the server keeps nothing.
 */
#include "pages/view.h"

#include <string.h>
#include <apr_strings.h>
#include "config/config.h"
#include "core/clock.h"
#include "core/form.h"
#include "pages/apps.h"
#include "pages/cards.h"
#include "pages/devices.h"
#include "pages/ended.h"
#include "pages/page.h"
#include "session/own_sessions.h"
#include "session/request.h"
#include "pages/sessions.h"
#include "db/store.h"
#include "core/phrases.h"

/* Sessions on a page, so that it stays below 30 KB in every language. */
#define PAGE_SIZE           10
#define PAGE_SIZE_WITH_APPS 8 /* with the section of app passwords */
#define PAGES_MAX           100 /* with a larger offset the database reads and skips more and more rows */
#define MANY                3 /* other sessions; their button is above the list, too */

static void set_text(json_t *model, const char *name, const char *text)
{
    json_t *value = text ? json_string(text) : NULL;

    json_object_set_new_nocheck(model, name, value ? value : json_null());
}

/* A phrase is UTF-8, since no value in it comes from a row's texts. */
static void set_phrase(json_t *model, const char *name, const char *phrase)
{
    json_object_set_new_nocheck(model, name, json_string_nocheck(phrase));
}

static apr_table_t *query_of(request_rec *r)
{
    apr_table_t *query;

    return r->args && ms_form_parse(r->pool, r->args, strlen(r->args), &query) == 0
               ? query
               : apr_table_make(r->pool, 1);
}

/* ---- what was done --------------------------------------------------------------------------- */

/* Fixed sentences: a link from another site can show one of these, but no text of its own. */
static void add_notice(const apr_table_t *query, json_t *model)
{
    static const char *const notices[][2] = {{MS_VIEW_DONE_ONE, "done_one"},
                                             {MS_VIEW_DONE_OTHERS, "done_others"},
                                             {MS_VIEW_DONE_GONE, "done_gone"},
                                             {MS_VIEW_DONE_NAMED, "done_named"}};
    const char *done = apr_table_get(query, "done");

    for (apr_size_t i = 0; done && i < sizeof(notices) / sizeof(notices[0]); i++) {
        if (strcmp(done, notices[i][0]) == 0) {
            json_object_set_new_nocheck(model, notices[i][1], json_true());
        }
    }
}

/* ---- the list -------------------------------------------------------------------------------- */

/* In src/pages/html/icons.html. */
static const char *const icons[] = {
    [MS_DEVICE_UNKNOWN] = "unknown", [MS_DEVICE_COMPUTER] = "computer",
    [MS_DEVICE_PHONE] = "phone",     [MS_DEVICE_TABLET] = "tablet",
    [MS_DEVICE_BOT] = "bot",         [MS_DEVICE_COMMAND_LINE] = "terminal",
    [MS_DEVICE_TV] = "tv",           [MS_DEVICE_CONSOLE] = "console",
    [MS_DEVICE_WATCH] = "watch",     [MS_DEVICE_CAR] = "car",
    [MS_DEVICE_HEADSET] = "headset",
};

void ms_view_add_words(request_rec *r, json_t *model, const ms_row *row, apr_int64_t now)
{
    const ms_language *language = ms_page_language(r);
    const ms_device *device = ms_devices_get(r, row->user_agent);

    set_text(model, "words", ms_phrases_device(r->pool, language, device));
    set_text(model, "icon", icons[device->kind]);
    set_phrase(model, "created_text", ms_page_date(r, row->created_at));
    set_phrase(model, "seen_text", ms_page_date(r, row->last_seen_at));
    set_phrase(model, "seen_ago", ms_phrases_ago(r->pool, language, row->last_seen_at, now));
    set_phrase(model, "expires_text", ms_page_date(r, row->expires_at));
    set_text(model, "user_agent", row->user_agent);
    json_object_set_new_nocheck(model, "remembered", json_boolean(row->persistent));
    json_object_set_new_nocheck(model, "by_form",
                                json_boolean(strcmp(row->auth_method, "form") == 0));
}

void ms_view_add_icons(apr_pool_t *p, json_t *model, const json_t *sessions)
{
    for (size_t i = 0; i < json_array_size(sessions); i++) {
        const char *icon = json_string_value(json_object_get(json_array_get(sessions, i), "icon"));

        json_object_set_new(model, apr_pstrcat(p, "has_", icon, NULL), json_true());
    }
}

/* At most four digits. */
const char *ms_view_page_asked(request_rec *r)
{
    const char *page = apr_table_get(query_of(r), "page");
    const apr_size_t len = page ? strspn(page, "0123456789") : 0;

    return len > 0 && len < 5 && !page[len] && atoi(page) > 1 ? page : NULL;
}

const char *ms_view_place_asked(request_rec *r)
{
    const char *page = ms_view_page_asked(r);
    const int is_apps = ms_apps_is_all(r, query_of(r));

    page = page ? apr_pstrcat(r->pool, is_apps ? "&" : "", "page=", page, NULL) : "";
    return is_apps ? apr_pstrcat(r->pool, "app=all", page, NULL) : page;
}

/* One page of the list. */
typedef struct shown {
    int size;          /* sessions on a page, at most */
    int page;          /* from 1 */
    int pages;         /* how many there are */
    apr_int64_t total; /* sessions in all */
    apr_array_header_t *rows;
} shown;

/* One row more than a page has shows that there is a next page. */
static apr_status_t read_rows(request_rec *r, shown *list)
{
    const ms_list_part part = {.browsers_only = ms_apps_is_on(r),
                               .limit = list->size + 1,
                               .offset = (apr_int64_t)(list->page - 1) * list->size};

    return ms_own_sessions_list(r, &part, &list->rows);
}

static int pages_of(apr_int64_t total, int size)
{
    const apr_int64_t pages = total > 0 ? (total - 1) / size + 1 : 1;

    return pages < PAGES_MAX ? (int)pages : PAGES_MAX;
}

/* Of those in the list, and of those in the section of apps: without that section they are in the
 * list. */
static apr_status_t count(request_rec *r, apr_int64_t *total, apr_int64_t *apps)
{
    apr_status_t rv = ms_own_sessions_count(r, 0, total);

    *apps = 0;
    if (rv == APR_SUCCESS && ms_apps_is_on(r)) {
        rv = ms_own_sessions_count(r, 1, apps);
    }
    *total -= *apps;
    return rv;
}

/* A list of one page needs one statement; a longer one is counted, too. */
static apr_status_t read_page(request_rec *r, shown *list)
{
    const char *asked = ms_view_page_asked(r);
    apr_int64_t apps;
    apr_status_t rv;

    *list = (shown){.size = ms_apps_is_on(r) ? PAGE_SIZE_WITH_APPS : PAGE_SIZE,
                    .page = asked ? atoi(asked) : 1,
                    .pages = 1};
    rv = read_rows(r, list);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    list->total = list->rows->nelts;
    if (list->page > 1 || list->total > list->size) {
        rv = count(r, &list->total, &apps);
    }
    list->pages = pages_of(list->total, list->size);
    if (rv == APR_SUCCESS && list->page > list->pages) {
        list->page = list->pages;
        rv = read_rows(r, list);
    }
    if (rv == APR_SUCCESS && list->rows->nelts > list->size) {
        list->rows->nelts = list->size;
    }
    return rv;
}

void ms_view_add_pages(json_t *model, int page, int pages)
{
    if (pages > 1) {
        json_object_set_new_nocheck(model, "pages", json_integer(pages));
        json_object_set_new_nocheck(model, "page", json_integer(page));
        json_object_set_new_nocheck(model, "previous", json_integer(page - 1));
        json_object_set_new_nocheck(model, "next", json_integer(page < pages ? page + 1 : 0));
    }
}

static void add_sessions(request_rec *r, json_t *model, const shown *list)
{
    json_t *sessions = ms_sessions_models(r, list->rows);

    for (int i = 0; i < list->rows->nelts; i++) {
        json_t *one = json_array_get(sessions, (size_t)i);

        json_object_set_new_nocheck(one, "i", json_integer((list->page - 1) * list->size + i + 1));
        ms_view_add_words(r, one, APR_ARRAY_IDX(list->rows, i, const ms_row *), ms_clock_now());
    }
    ms_view_add_icons(r->pool, model, sessions);
    json_object_set_new_nocheck(model, "sessions", ms_cards_make(r, sessions, list->rows));
    ms_view_add_pages(model, list->page, list->pages);
}

static void add_total(json_t *model, apr_int64_t total)
{
    json_object_set_new_nocheck(model, "total", json_integer(total));
    json_object_set_new_nocheck(model, "others", json_integer(total > 0 ? total - 1 : 0));
    json_object_set_new_nocheck(model, "many", json_boolean(total - 1 >= MANY));
}

/* ---------------------------------------------------------------------------------------------- */

static int confirm_page(request_rec *r, json_t *model, int others_only, apr_int64_t total)
{
    add_total(model, total);
    json_object_set_new_nocheck(model, others_only ? "confirm_others" : "confirm_all", json_true());
    set_text(model, "action", others_only ? "revoke-others" : "revoke-all");
    ms_page_set_heading(r, model, "Sign out?");
    return ms_page_send(r, HTTP_OK, "confirm.html", model);
}

static void add_password_url(request_rec *r, json_t *model)
{
    const ms_url *url = ms_config_password_url(r);

    if (url) {
        set_text(model, "password_url", url->text);
    }
}

static int show(request_rec *r, json_t *model, const apr_table_t *query)
{
    apr_array_header_t *ended, *apps = NULL;
    shown list;

    if (read_page(r, &list) != APR_SUCCESS || ms_ended_read(r, &ended) != APR_SUCCESS ||
        (ms_apps_is_on(r) && ms_own_sessions_apps(r, &apps) != APR_SUCCESS)) {
        json_decref(model);
        return ms_page_unavailable(r);
    }
    add_total(model, list.total);
    ms_page_set_heading(r, model, "Where you are signed in");
    add_notice(query, model);
    set_text(model, "done_device", ms_ended_just_now(r, ended, apr_table_get(query, "id")));
    if (list.page == 1) {
        ms_ended_add(r, model, ended, list.rows);
    }
    add_password_url(r, model);
    if (ms_apps_is_on(r)) {
        ms_apps_add(r, model, apps);
    }
    add_sessions(r, model, &list);
    return ms_page_send(r, HTTP_OK, "sessions.html", model);
}

static int show_apps(request_rec *r, json_t *model, const apr_table_t *query)
{
    const char *done = apr_table_get(query, "id");
    apr_array_header_t *ended;

    add_notice(query, model);
    add_password_url(r, model);
    if (done) {
        if (ms_ended_read(r, &ended) != APR_SUCCESS) {
            json_decref(model);
            return ms_page_unavailable(r);
        }
        set_text(model, "done_device", ms_ended_just_now(r, ended, done));
    }
    return ms_apps_send_all(r, model);
}

int ms_view_send(request_rec *r)
{
    const apr_table_t *query = query_of(r);
    const char *confirm = apr_table_get(query, "confirm");
    const int others = confirm && strcmp(confirm, "others") == 0,
              all = confirm && strcmp(confirm, "all") == 0;
    apr_int64_t total = 0, apps = 0;
    json_t *model;

    if (others || all) {
        const int status = ms_sessions_confirm(r);

        if (status != DECLINED) {
            return status;
        }
    }
    if (ms_apps_is_form(r, query)) {
        return ms_apps_form(r);
    }
    if ((others || all) && count(r, &total, &apps) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    model = ms_page_model(r);
    ms_page_add_home(r, model);
    json_object_set_new_nocheck(model, "list_style", json_true());
    set_text(model, "csrf", ms_request_form_token(r));
    set_text(model, "user", ms_request_row(ms_request_get(r))->user);
    if (ms_apps_is_all(r, query)) {
        return show_apps(r, model, query);
    }
    json_object_set_new_nocheck(model, "app_count", json_integer(apps));
    if (all || (others && total + apps > 1)) {
        return confirm_page(r, model, others, total);
    }
    return show(r, model, query);
}
