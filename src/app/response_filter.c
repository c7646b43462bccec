/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An output filter sees the final headers of the response, from a handler, a proxied application, a
 * CGI program or an error. A hook before the handler is too early: mod_proxy replaces headers_out.
 */
#include "app/response_filter.h"

#include <string.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <http_log.h>
#include <util_filter.h>
#include "access/script_refusal.h"
#include "app/back_button.h"
#include "app/backend_login.h"
#include "app/cache_filter.h"
#include "app/lasting_request.h"
#include "config/config.h"
#include "core/header_kinds.h"
#include "core/log_limit.h"
#include "app/request_headers.h"
#include "session/request.h"

APLOG_USE_MODULE(managed_session);

/* Process-wide, set at start. httpd would look it up by name for each request. */
static ap_filter_rec_t *response_filter;

/* ---- our cookie on the way out --------------------------------------------------------------- */

typedef struct cookie_filter {
    const char *name;
    apr_array_header_t *others;
    int dropped;
} cookie_filter;

static int divide_cookies(void *filterv, const char *key, const char *value)
{
    cookie_filter *filter = filterv;

    (void)key;
    if (ms_cookie_is_named(value, filter->name)) {
        filter->dropped++;
    }
    else {
        APR_ARRAY_PUSH(filter->others, const char *) = value;
    }
    return 1;
}

static void log_foreign_cookie(request_rec *r, const char *name)
{
    const char *suffix = ms_log_limit_suffix(MS_LOG_FOREIGN_COOKIE, r->pool);

    if (suffix) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "MS0030: the application tried to set the cookie \"%s\", which is the "
                      "session's; it was removed from the response%s",
                      name, suffix);
    }
}

/* Only this module sets and clears the session cookie. */
static void drop_foreign_cookies(request_rec *r, apr_table_t *headers)
{
    cookie_filter filter = {ms_server_conf_get(r->server)->cookie.name, NULL, 0};

    if (!apr_table_get(headers, "Set-Cookie")) {
        return;
    }
    filter.others = apr_array_make(r->pool, 4, sizeof(const char *));
    apr_table_do(divide_cookies, &filter, headers, "Set-Cookie", NULL);
    if (filter.dropped) {
        apr_table_unset(headers, "Set-Cookie");
        for (int i = 0; i < filter.others->nelts; i++) {
            apr_table_addn(headers, "Set-Cookie", APR_ARRAY_IDX(filter.others, i, const char *));
        }
        log_foreign_cookie(r, filter.name);
    }
}

static void drop_all_foreign_cookies(request_rec *r)
{
    drop_foreign_cookies(r, r->headers_out);
    drop_foreign_cookies(r, r->err_headers_out);
}

static void send_cookie(request_rec *r, const ms_request *request)
{
    if (ms_request_set_cookie(request)) {
        apr_table_addn(r->err_headers_out, "Set-Cookie", ms_request_set_cookie(request));
    }
    if (ms_request_forgets_pages(request)) {
        ms_back_button_forget(r);
    }
}

/* In place of the application's response, which must not reveal whether the password was right. */
static apr_status_t refuse(request_rec *r, apr_bucket_brigade *bb, int status)
{
    const char *wait = apr_table_get(r->err_headers_out, "Retry-After");

    apr_table_clear(r->headers_out);
    apr_table_clear(r->err_headers_out); /* where CGI's headers are */
    apr_table_setn(r->err_headers_out, "Retry-After", wait);
    apr_table_setn(r->err_headers_out, "Cache-Control", "no-store");
    apr_brigade_cleanup(bb);
    /* Not by an error bucket: httpd's filter for it drops our headers together with those of the
     * application. */
    ap_die(status, r);
    return AP_FILTER_ERROR;
}

static apr_status_t filter_response(ap_filter_t *f, apr_bucket_brigade *bb)
{
    request_rec *r = f->r;
    const ms_request *request;
    int kinds = ms_cache_filter_kinds(r), status = OK;

    ms_cache_filter_expect_includes(f);
    if (kinds & MS_HEADER_MANAGED) {
        status = ms_backend_login(r);
        kinds = ms_cache_filter_kinds(r);
    }
    if (status != OK) {
        ap_remove_output_filter(f);
        return refuse(r, bb, status);
    }
    if (kinds & MS_HEADER_SET_COOKIE) {
        drop_all_foreign_cookies(r);
    }
    request = ms_request_peek(r);
    if (request) { /* NULL: the request has nothing to do with sessions */
        ms_script_refusal_set_type(r);
        ms_request_settle_cookie(r, request);
        send_cookie(r, request);
    }
    if (request && ms_lasting_request_begin(r, bb) != APR_SUCCESS) {
        apr_brigade_cleanup(bb);
        return APR_ECONNABORTED;
    }
    ms_cache_filter_begin(f, kinds); /* may change f->next, so f is removed after it */
    ap_remove_output_filter(f);
    return ap_pass_brigade(f->next, bb);
}

/*
 * An internal redirect (a CGI program's local redirect, an ErrorDocument) keeps the headers of the
 * response that caused it. Whether they may sign in or out depends on the location of that
 * response.
 */
int ms_response_filter_on_translate_name(request_rec *r)
{
    if (r->prev && !r->main && ms_server_conf_get(r->server)->used) {
        const int status = ms_backend_login(r->prev);

        return status == OK ? DECLINED : status;
    }
    return DECLINED;
}

/* ---- hooks and filters ------------------------------------------------------------------------
 */

void ms_response_filter_add(request_rec *r)
{
    if (!r->main && ms_request_headers_is_ours(r)) {
        ap_add_output_filter_handle(response_filter, NULL, r, r->connection);
    }
}

void ms_response_filter_register(void)
{
    /* Nearest to the handler, before anything could store or rewrite the headers. */
    response_filter =
        ap_register_output_filter("MANAGED_SESSION", filter_response, NULL, AP_FTYPE_RESOURCE - 5);
}
