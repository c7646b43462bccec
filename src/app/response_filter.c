/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An output filter sees the headers of whatever made the answer (a handler, a proxied application,
 * CGI, an error), whose own headers mod_proxy has put in the place of those set before.
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
#include "app/back_button.h"
#include "app/backend_login.h"
#include "core/cache_headers.h"
#include "config/config.h"
#include "access/environment.h"
#include "access/own_pages.h"
#include "core/log_limit.h"
#include "app/request_headers.h"
#include "session/request.h"
#include "app/upgrade_filter.h"

APLOG_USE_MODULE(managed_session);

#define FILTER_NAME       "MANAGED_SESSION"
#define CACHE_FILTER_NAME "MANAGED_SESSION_CACHE"

/* mod_include's, process-wide, set at start; NULL: it is not loaded. */
static const ap_filter_rec_t *includes;

/* ---- our cookie on the way out --------------------------------------------------------------- */

typedef struct cookie_sieve {
    const char *name;
    apr_array_header_t *others;
    int dropped;
} cookie_sieve;

static int sift_cookie(void *sievev, const char *key, const char *value)
{
    cookie_sieve *sieve = sievev;

    (void)key;
    if (ms_cookie_is_named(value, sieve->name)) {
        sieve->dropped++;
    }
    else {
        APR_ARRAY_PUSH(sieve->others, const char *) = value;
    }
    return 1;
}

static void log_foreign_cookie(request_rec *r, const char *name)
{
    const char *suffix = ms_log_limit_suffix(MS_LOG_FOREIGN_COOKIE, r->pool);

    if (suffix) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "MS0030: the application tried to set the cookie \"%s\", which is the "
                      "session's; that was removed from its response%s",
                      name, suffix);
    }
}

/* Only this module sets and clears the session cookie. */
static void drop_foreign_cookies(request_rec *r, apr_table_t *headers)
{
    cookie_sieve sieve = {ms_server_conf_get(r->server)->cookie.name, NULL, 0};

    if (!apr_table_get(headers, "Set-Cookie")) {
        return;
    }
    sieve.others = apr_array_make(r->pool, 4, sizeof(const char *));
    apr_table_do(sift_cookie, &sieve, headers, "Set-Cookie", NULL);
    if (sieve.dropped) {
        apr_table_unset(headers, "Set-Cookie");
        for (int i = 0; i < sieve.others->nelts; i++) {
            apr_table_addn(headers, "Set-Cookie", APR_ARRAY_IDX(sieve.others, i, const char *));
        }
        log_foreign_cookie(r, sieve.name);
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

/* ---- caches ---------------------------------------------------------------------------------- */

static int depends(const ms_request *request)
{
    return request &&
           (ms_request_dependence(request) != MS_DEPENDS_NOT || ms_request_set_cookie(request));
}

static int depends_entirely(const ms_request *request)
{
    /* If the session could not be looked up, this may not be what the user gets once it can. */
    return request && (ms_request_dependence(request) == MS_DEPENDS_ENTIRELY ||
                       ms_request_set_cookie(request) ||
                       (ms_request_dependence(request) != MS_DEPENDS_NOT &&
                        ms_request_status(request) != APR_SUCCESS));
}

/* Before mod_cache looks at the response. It would store the request without the cookie that "Vary"
 * means: the application's copy. */
static void keep_from_cache(request_rec *r, const ms_request *request)
{
    if (depends(request)) {
        ms_cache_headers_vary(r->pool, r->headers_out, r->err_headers_out);
        r->no_cache = depends_entirely(request) || ms_request_row(request) ? 1 : r->no_cache;
    }
}

/**
 * @param first  what the application, or our own page, said; NULL: nothing
 * @return the Cache-Control that is sent; NULL: what is there stays
 */
static const char *cache_control(request_rec *r, const ms_request *request, const char *first)
{
    const char *said = ms_cache_headers_get(r->pool, r->headers_out, r->err_headers_out);
    const int entirely = depends_entirely(request);

    if (request && ms_request_set_cookie(request)) {
        return "no-store";
    }
    if ((entirely || ms_own_pages_handler(r)) && ms_cache_headers_is_no_store(first)) {
        return ms_cache_headers_private(r->pool, first); /* mod_expires adds max-age to it */
    }
    if (entirely && !ms_request_row(request)) { /* a page of no user: Back may show it */
        return ms_cache_headers_private(r->pool, said);
    }
    if (entirely) {
        return ms_back_button_cache_control(r, ms_cache_headers_private(r->pool, said));
    }
    if (first || !request || !ms_request_row(request) || ms_cache_headers_is_shared(said)) {
        return NULL;
    }
    return ms_back_button_cache_control(r, said && *said ? ms_cache_headers_private(r->pool, said)
                                                         : "private");
}

/*
 * After mod_expires and mod_headers: an administrator decides how long the browser keeps a page.
 * If they run before this, a "no-cache" of ours would undo what they add to it; and what they say
 * to shared caches is taken out here.
 */
static apr_status_t tell_caches(ap_filter_t *f, apr_bucket_brigade *bb)
{
    request_rec *r = f->r;
    const ms_request *request = ms_request_peek(r);
    const char *say = cache_control(r, request, f->ctx);

    if (depends(request)) {
        ms_cache_headers_vary(r->pool, r->headers_out, r->err_headers_out);
    }
    if (say) {
        ms_cache_headers_set(r->headers_out, r->err_headers_out, say);
    }
    ap_remove_output_filter(f);
    return ap_pass_brigade(f->next, bb);
}

static void add_cache_filter(request_rec *r, const ms_request *request)
{
    if (depends(request) || ms_own_pages_handler(r)) {
        const char *said = ms_cache_headers_get(r->pool, r->headers_out, r->err_headers_out);

        ap_add_output_filter(CACHE_FILTER_NAME, said ? apr_pstrdup(r->pool, said) : NULL, r,
                             r->connection);
    }
}

static int is_includes_ahead(const ap_filter_t *f)
{
    for (f = f->next; f && f->frec != includes; f = f->next) {
    }
    return includes && f;
}

/* A public page may include a part that is for one user, which is known only once its
 * headers are out: so a client that presents a session cookie is taken for a user. */
static void expect_includes(ms_request *request)
{
    ms_request_depend(request,
                      ms_request_tokens(request) > 0 ? MS_DEPENDS_ENTIRELY : MS_DEPENDS_OPTIONALLY);
}

/* In place of the application's answer, which must not tell whether the password was right. */
static apr_status_t refuse(request_rec *r, apr_bucket_brigade *bb, int status)
{
    const char *wait = apr_table_get(r->err_headers_out, "Retry-After");

    apr_table_clear(r->headers_out);
    apr_table_clear(r->err_headers_out); /* a CGI program's, too */
    apr_table_setn(r->err_headers_out, "Retry-After", wait);
    apr_table_setn(r->err_headers_out, "Cache-Control", "no-store");
    apr_brigade_cleanup(bb);
    /* Not by an error bucket: the filter that finds it has put our headers among those of the
     * application, and drops them all. */
    ap_die(status, r);
    return AP_FILTER_ERROR;
}

static apr_status_t on_response(ap_filter_t *f, apr_bucket_brigade *bb)
{
    request_rec *r = f->r;
    const ms_request *request;
    int status;

    if (is_includes_ahead(f)) {
        expect_includes(ms_request_get(r));
    }
    status = ms_backend_login(r);
    if (status != OK) {
        ap_remove_output_filter(f);
        return refuse(r, bb, status);
    }
    drop_all_foreign_cookies(r);
    request = ms_request_peek(r);
    if (request) { /* NULL: a request that has nothing to do with sessions */
        ms_request_settle_cookie(r);
        send_cookie(r, request);
        keep_from_cache(r, request);
    }
    add_cache_filter(r, request); /* may change f->next, so f is removed after it */
    ap_remove_output_filter(f);
    return ap_pass_brigade(f->next, bb);
}

/*
 * httpd takes the headers of a page along where it goes on to another by itself (a CGI program's
 * local redirect, an ErrorDocument). What they ask for is for the place they came from to grant.
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

void ms_response_filter_on_insert_error_filter(request_rec *r)
{
    if (!r->main && ms_request_headers_is_ours(r)) {
        ap_add_output_filter(FILTER_NAME, NULL, r, r->connection);
    }
}

void ms_response_filter_on_insert_filter(request_rec *r)
{
    ms_environment_restore_user(r);
    ms_request_headers_set_user(r);
    ms_response_filter_on_insert_error_filter(r);
    if (ms_server_conf_get(r->server)->used) {
        ms_upgrade_filter_watch(r);
    }
}

void ms_response_filter_on_optional_fn_retrieve(void)
{
    includes = ap_get_output_filter_handle("INCLUDES");
}

void ms_response_filter_register(void)
{
    /* Nearest to the handler, before anything could store or rewrite the headers. */
    ap_register_output_filter(FILTER_NAME, on_response, NULL, AP_FTYPE_RESOURCE - 5);
    /* Behind all filters of content: mod_expires, mod_headers, mod_deflate. */
    ap_register_output_filter(CACHE_FILTER_NAME, tell_caches, NULL, AP_FTYPE_PROTOCOL - 1);
}
