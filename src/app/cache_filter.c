/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An administrator decides by mod_expires and mod_headers how long browsers keep a page. If those
 * ran after our header was set, they would add to it or undo it. So the header is set by a filter
 * that runs after them, and that removes what they allow shared caches.
 */
#include "app/cache_filter.h"

#include <apr_strings.h>
#include <http_protocol.h>
#include "access/own_pages.h"
#include "app/back_button.h"
#include "core/cache_headers.h"
#include "core/header_kinds.h"
#include "session/request.h"

/* Filters, process-wide, set at start. Those of mod_include and mod_cache: NULL if the module is
 * not loaded. */
static ap_filter_rec_t *cache_filter;
static const ap_filter_rec_t *includes, *cache_save;

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

int ms_cache_filter_kinds(const request_rec *r)
{
    return ms_header_kinds(r->headers_out) | ms_header_kinds(r->err_headers_out);
}

static void vary(request_rec *r, int kinds)
{
    if (kinds & MS_HEADER_VARY) {
        ms_cache_headers_vary(r->pool, r->headers_out, r->err_headers_out);
    }
    else {
        apr_table_addn(r->headers_out, "Vary", "Cookie");
    }
}

static const char *current_cache_control(const request_rec *r, int kinds)
{
    return kinds & MS_HEADER_CACHING
               ? ms_cache_headers_get(r->pool, r->headers_out, r->err_headers_out)
               : NULL;
}

/* Before mod_cache sees the response: with it, mod_cache stores the request's headers for "Vary",
 * and the cookie has been removed from those by now. Without mod_cache, r->no_cache would only make
 * httpd add Expires. */
static void keep_out_of_cache(request_rec *r, const ms_request *request, int kinds)
{
    if (depends(request)) {
        vary(r, kinds);
        if (cache_save && (depends_entirely(request) || ms_request_row(request))) {
            r->no_cache = 1;
        }
    }
}

/**
 * @param first    the Cache-Control of the application or of our own page; NULL: there was none
 * @param current  that of the response now
 * @return the Cache-Control to send; NULL: leave it as it is
 */
static const char *cache_control(request_rec *r, const ms_request *request, const char *first,
                                 const char *current)
{
    const int entirely = depends_entirely(request);

    if (request && ms_request_set_cookie(request)) {
        return "no-store";
    }
    if ((entirely || ms_own_pages_handler(r)) && ms_cache_headers_is_no_store(first)) {
        return ms_cache_headers_private(r->pool,
                                        first); /* without the max-age that mod_expires adds */
    }
    if (entirely && !ms_request_row(request)) { /* a page of no user: Back may show it */
        return ms_cache_headers_private(r->pool, current);
    }
    if (entirely) {
        return ms_back_button_cache_control(r, ms_cache_headers_private(r->pool, current));
    }
    if (first || !request || !ms_request_row(request) || ms_cache_headers_is_shared(current)) {
        return NULL;
    }
    return ms_back_button_cache_control(
        r, current && *current ? ms_cache_headers_private(r->pool, current) : "private");
}

static void set_cache_control(request_rec *r, const ms_request *request, int kinds,
                              const char *first, const char *current)
{
    const char *value = cache_control(r, request, first, current);

    if (value && kinds & MS_HEADER_CACHING) {
        ms_cache_headers_set(r->headers_out, r->err_headers_out, value);
    }
    else if (value) {
        apr_table_addn(r->headers_out, "Cache-Control", value);
    }
}

/* The filter that runs after mod_expires and mod_headers. */
static apr_status_t set_cache_headers(ap_filter_t *f, apr_bucket_brigade *bb)
{
    request_rec *r = f->r;
    const ms_request *request = ms_request_peek(r);
    const int kinds = ms_cache_filter_kinds(r);

    if (depends(request)) {
        vary(r, kinds);
    }
    set_cache_control(r, request, kinds, f->ctx, current_cache_control(r, kinds));
    ap_remove_output_filter(f);
    return ap_pass_brigade(f->next, bb);
}

/* Filters are in the order of their types: whether httpd's own, which send the headers, are all
 * that comes after this one. */
static int is_last_of_content(const ap_filter_t *f)
{
    return f->next && f->next->frec->ftype >= AP_FTYPE_PROTOCOL;
}

void ms_cache_filter_begin(const ap_filter_t *f, int kinds)
{
    request_rec *r = f->r;
    const ms_request *request = ms_request_peek(r);
    const char *first;

    if (request) {
        keep_out_of_cache(r, request, kinds);
    }
    if (!depends(request) && !ms_own_pages_handler(r)) {
        return;
    }
    first = current_cache_control(r, kinds);
    if (is_last_of_content(f)) {
        set_cache_control(r, request, kinds, first, first);
        return;
    }
    ap_add_output_filter_handle(cache_filter, first ? apr_pstrdup(r->pool, first) : NULL, r,
                                r->connection);
}

static int is_includes_ahead(const ap_filter_t *f)
{
    for (f = f->next; f && f->frec != includes; f = f->next) {
    }
    return includes && f;
}

/* A public page may include a part for one user, and that is known only after its headers are sent.
 * So a client that presents a session cookie is treated as a user. */
static void expect_includes(ms_request *request)
{
    ms_request_depend(request,
                      ms_request_tokens(request) > 0 ? MS_DEPENDS_ENTIRELY : MS_DEPENDS_OPTIONALLY);
}

void ms_cache_filter_expect_includes(const ap_filter_t *f)
{
    if (is_includes_ahead(f)) {
        expect_includes(ms_request_get(f->r));
    }
}

void ms_cache_filter_on_optional_fn_retrieve(void)
{
    includes = ap_get_output_filter_handle("INCLUDES");
    cache_save = ap_get_output_filter_handle("CACHE_SAVE");
}

void ms_cache_filter_register(void)
{
    /* Behind all filters of content: mod_expires, mod_headers, mod_deflate. */
    cache_filter = ap_register_output_filter("MANAGED_SESSION_CACHE", set_cache_headers, NULL,
                                             AP_FTYPE_PROTOCOL - 1);
}
