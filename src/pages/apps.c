/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The password is in the response to the POST and nowhere else: no redirect carries it, and nothing
 * keeps it for a page after that. Browsers do not store the page either.
 */
#include "pages/apps.h"

#include <string.h>
#include <apr_strings.h>
#include "config/app_places.h"
#include "config/config.h"
#include "core/clock.h"
#include "core/messages.h"
#include "core/percent.h"
#include "core/utf8.h"
#include "http/json_body.h"
#include "http/json_client.h"
#include "http/origin.h"
#include "http/respond.h"
#include "pages/page.h"
#include "pages/page_body.h"
#include "pages/sessions.h"
#include "pages/view.h"
#include "session/app_make.h"
#include "session/own_sessions.h"
#include "session/session_name.h"
#include "session/request.h"

#define FRESH 900 /* seconds; ManagedSessionConfirmAfter may want less */

/* So that the list, and the page of all apps, stay below 30 KB. */
#define SHOWN 4
#define PAGE  20

int ms_apps_is_on(request_rec *r)
{
    return ms_dir_conf_get(r)->app_passwords == 1;
}

static int require_fresh(request_rec *r)
{
    const apr_int64_t after = ms_sessions_confirm_after(r);

    return ms_sessions_require_fresh(r, after > 0 && after < FRESH ? after : FRESH);
}

/* ---- the section, and the page of all of them ----------------------------------------------- */

/* Those from one on, as many as there is room for. */
static void add_part(request_rec *r, json_t *model, const apr_array_header_t *rows, int from,
                     int room)
{
    apr_array_header_t part = *rows;
    json_t *apps;

    part.nelts = rows->nelts - from < room ? rows->nelts - from : room;
    part.elts += from * rows->elt_size;
    apps = ms_sessions_models(r, &part);
    for (int i = 0; i < part.nelts; i++) {
        const ms_row *row = APR_ARRAY_IDX(&part, i, const ms_row *);
        json_t *one = json_array_get(apps, (size_t)i);

        json_object_set_new_nocheck(one, "i", json_integer(i + 1));
        json_object_set_new_nocheck(one, "used", json_boolean(ms_row_is_used(row)));
        ms_view_add_words(r, one, row, ms_clock_now());
    }
    ms_view_add_icons(r->pool, model, apps);
    json_object_set_new_nocheck(model, "apps", apps);
}

void ms_apps_add(request_rec *r, json_t *model, const apr_array_header_t *rows)
{
    add_part(r, model, rows, 0, SHOWN);
    json_object_set_new_nocheck(model, "level", json_integer(3));
    json_object_set_new_nocheck(model, "has_apps", json_boolean(rows->nelts > 0));
    json_object_set_new_nocheck(model, "all_apps",
                                json_integer(rows->nelts > SHOWN ? rows->nelts : 0));
    json_object_set_new_nocheck(model, "apps_on", json_true());
}

static int asks(request_rec *r, const apr_table_t *query, const char *word)
{
    const char *app = apr_table_get(query, "app");

    return app && strcmp(app, word) == 0 && ms_apps_is_on(r);
}

int ms_apps_is_all(request_rec *r, const apr_table_t *query)
{
    return asks(r, query, "all");
}

int ms_apps_send_all(request_rec *r, json_t *model)
{
    const char *asked = ms_view_page_asked(r);
    apr_array_header_t *rows;
    int pages, page = asked ? atoi(asked) : 1;

    if (ms_own_sessions_apps(r, &rows) != APR_SUCCESS) {
        json_decref(model);
        return ms_page_unavailable(r);
    }
    pages = rows->nelts > PAGE ? (rows->nelts - 1) / PAGE + 1 : 1;
    page = page < pages ? page : pages;
    add_part(r, model, rows, (page - 1) * PAGE, PAGE);
    json_object_set_new_nocheck(model, "level", json_integer(2));
    ms_view_add_pages(model, page, pages);
    ms_page_set_heading(r, model, "App passwords");
    return ms_page_send(r, HTTP_OK, "apps_all.html", model);
}

/* ---- the form -------------------------------------------------------------------------------- */

int ms_apps_is_form(request_rec *r, const apr_table_t *query)
{
    return asks(r, query, "new");
}

static json_t *model_of_page(request_rec *r)
{
    json_t *model = ms_page_model(r);

    ms_page_add_home(r, model);
    json_object_set_new_nocheck(model, "user",
                                json_string(ms_request_row(ms_request_get(r))->user));
    return model;
}

/* What was wrong with a form, for the same form again. */
typedef struct ms_app_mistake {
    const char *error; /* translated */
    const char *typed; /* the name */
    int is_of_name;
} ms_app_mistake;

/* mistake: NULL if the form is new. */
static int send_form(request_rec *r, int status, const ms_app_mistake *mistake)
{
    json_t *model = model_of_page(r);

    json_object_set_new_nocheck(model, "csrf", json_string(ms_request_form_token(r)));
    if (mistake) {
        json_object_set_new_nocheck(model, "error", json_string_nocheck(mistake->error));
        json_object_set_new_nocheck(model, "typed", json_string(mistake->typed));
        json_object_set_new_nocheck(model, "wrong", json_boolean(mistake->is_of_name));
    }
    ms_page_set_heading(r, model, "Make an app password");
    return ms_page_send(r, status, "app_new.html", model);
}

int ms_apps_form(request_rec *r)
{
    const int status = require_fresh(r);

    return status == DECLINED ? send_form(r, HTTP_OK, NULL) : status;
}

/* ---- make one -------------------------------------------------------------------------------- */

int ms_apps_is_making(const apr_table_t *fields)
{
    const char *action = apr_table_get(fields, "action");

    return action && strcmp(action, "make-app") == 0;
}

/* As the browser knows it, also behind a proxy. The request is of this origin, which was checked.
 */
static const char *origin_of(request_rec *r)
{
    const char *origin = apr_table_get(r->headers_in, "Origin");

    return origin && strcmp(origin, "null") != 0 ? origin : ms_origin_own(r);
}

static json_t *urls_of(request_rec *r)
{
    const apr_array_header_t *paths = ms_app_places(r);
    json_t *urls = json_array();

    for (int i = 0; i < paths->nelts; i++) {
        const char *url =
            apr_pstrcat(r->pool, origin_of(r),
                        ms_percent_encode(r->pool, APR_ARRAY_IDX(paths, i, const char *)), NULL);

        json_array_append_new(urls, json_pack("{s:i, s:s}", "i", i + 1, "url", url));
    }
    if (paths->nelts == 0) {
        json_array_append_new(urls, json_pack("{s:i, s:s+}", "i", 1, "url", origin_of(r), "/"));
    }
    return urls;
}

static int show_made(request_rec *r, const char *password)
{
    json_t *model = model_of_page(r);

    json_object_set_new_nocheck(model, "password", json_string_nocheck(password));
    json_object_set_new_nocheck(model, "urls", urls_of(r));
    ms_page_set_heading(r, model, "Your new app password");
    return ms_page_send(r, HTTP_OK, "app_made.html", model);
}

static int refuse(request_rec *r, apr_status_t rv, const char *name)
{
    const ms_language *language = ms_page_language(r);
    ms_app_mistake mistake = {.typed = name, .is_of_name = rv == APR_EINVAL || rv == APR_EEXIST};
    int status = HTTP_CONFLICT;

    switch (rv) {
    case APR_EACCES:
        return ms_page_challenge(r);
    case APR_EBUSY:
        return ms_page_refuse(r, MS_PROBLEM_APPS_OFTEN);
    case APR_EINVAL:
        status = HTTP_BAD_REQUEST;
        mistake.error = ms_language_text(language, "Enter a name.");
        break;
    case APR_EEXIST:
        mistake.error =
            ms_language_text(language, "You have an app password of this name already.");
        break;
    case APR_ENOSPC:
        mistake.error =
            ms_language_text(language, "You have too many app passwords. End one of them first.");
        break;
    case APR_ENOTIMPL:
        status = HTTP_NOT_IMPLEMENTED;
        mistake.error =
            ms_language_text(language, "App passwords cannot be made here: the session table "
                                       "is older and must be upgraded first.");
        break;
    default:
        return ms_page_unavailable(r);
    }
    return send_form(r, status, &mistake);
}

static int refuse_json(request_rec *r, apr_status_t rv)
{
    switch (rv) {
    case APR_EACCES:
        return ms_page_challenge(r);
    case APR_EBUSY:
        return ms_page_refuse(r, MS_PROBLEM_APPS_OFTEN);
    case APR_EINVAL:
        return ms_page_refuse(r, MS_PROBLEM_BAD_NAME);
    case APR_EEXIST:
        return ms_page_refuse(r, MS_PROBLEM_APP_NAME);
    case APR_ENOSPC:
        return ms_page_refuse(r, MS_PROBLEM_APP_LIMIT);
    case APR_ENOTIMPL:
        return ms_page_refuse(r, MS_PROBLEM_NO_APPS);
    default:
        return ms_page_unavailable(r);
    }
}

static int send_made(request_rec *r, const ms_row *row, const char *password)
{
    json_t *model = ms_sessions_model(r, row, NULL);

    json_object_set_new(model, "user", json_string(row->user));
    json_object_set_new(model, "password", json_string(password));
    return ms_page_send_json(r, HTTP_CREATED, model);
}

static int answer(request_rec *r, apr_status_t rv, const ms_row *row, const char *password,
                  const char *name)
{
    if (ms_json_client_is(r)) {
        return rv == APR_SUCCESS ? send_made(r, row, password) : refuse_json(r, rv);
    }
    return rv == APR_SUCCESS ? show_made(r, password) : refuse(r, rv, name);
}

int ms_apps_make(request_rec *r, const apr_table_t *fields)
{
    const char *name = apr_table_get(fields, "name"), *password = NULL;
    const ms_row *row;
    apr_status_t rv;
    int status;

    if (!ms_apps_is_on(r)) {
        return ms_page_refuse(r, MS_PROBLEM_APPS_OFF);
    }
    status = require_fresh(r);
    if (status != DECLINED) {
        return status;
    }
    rv = ms_app_make(r, name ? name : "", &row, &password);
    return answer(r, rv, row, password, name ? name : "");
}

/* ---- by a script ----------------------------------------------------------------------------- */

/* "kind", which is "app", and "name", and nothing else. @return the name; NULL: it is something
 * else */
static const char *read_json(const json_t *body)
{
    const char *kind = json_string_value(json_object_get(body, "kind")),
               *name = json_string_value(json_object_get(body, "name"));

    return json_object_size(body) == 2 && kind && strcmp(kind, "app") == 0 ? name : NULL;
}

static int make_by_json(request_rec *r, const ms_row *current)
{
    const char *name, *password;
    const json_t *body;
    const ms_row *row;
    apr_status_t rv;
    const int status = ms_page_body_json(r, current, &body);

    if (status != DECLINED) {
        return status;
    }
    name = read_json(body);
    if (!name) {
        return ms_page_refuse(r, MS_PROBLEM_BAD_JSON);
    }
    rv = ms_utf8_length(name) <= MS_NAME_MAX ? ms_app_make(r, name, &row, &password) : APR_EINVAL;
    return rv == APR_SUCCESS ? send_made(r, row, password) : refuse_json(r, rv);
}

/* What is no JSON was never meant for apps: a form that says it is, for example. */
static int refuse_off(request_rec *r)
{
    const json_t *body;

    return ms_json_body_read(r, &body) == OK ? ms_page_refuse(r, MS_PROBLEM_APPS_OFF)
                                             : ms_page_bad_body(r, HTTP_UNSUPPORTED_MEDIA_TYPE);
}

int ms_apps_make_by_json(request_rec *r, const ms_row *current)
{
    int status;

    if (!ms_apps_is_on(r)) {
        return refuse_off(r);
    }
    status = require_fresh(r);
    if (status != DECLINED) {
        ms_respond_leave_body_unread(r);
        return status;
    }
    return make_by_json(r, current);
}
