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
#include "session/request.h"

/* Filters, process-wide, set at start. mod_include's: NULL if it is not loaded. */
static ap_filter_rec_t *cache_filter;
static const ap_filter_rec_t *includes;

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

/* Before mod_cache sees the response: with it, mod_cache stores the request's headers for "Vary",
 * and the cookie has been removed from those by now. */
static void keep_out_of_cache(request_rec *r, const ms_request *request)
{
    if (depends(request)) {
        ms_cache_headers_vary(r->pool, r->headers_out, r->err_headers_out);
        r->no_cache = depends_entirely(request) || ms_request_row(request) ? 1 : r->no_cache;
    }
}

/**
 * @param first  the Cache-Control of the application or of our own page; NULL: there was none
 * @return the Cache-Control to send; NULL: leave it as it is
 */
static const char *cache_control(request_rec *r, const ms_request *request, const char *first)
{
    const char *current = ms_cache_headers_get(r->pool, r->headers_out, r->err_headers_out);
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

/* The filter that runs after mod_expires and mod_headers. */
static apr_status_t set_cache_headers(ap_filter_t *f, apr_bucket_brigade *bb)
{
    request_rec *r = f->r;
    const ms_request *request = ms_request_peek(r);
    const char *value = cache_control(r, request, f->ctx);

    if (depends(request)) {
        ms_cache_headers_vary(r->pool, r->headers_out, r->err_headers_out);
    }
    if (value) {
        ms_cache_headers_set(r->headers_out, r->err_headers_out, value);
    }
    ap_remove_output_filter(f);
    return ap_pass_brigade(f->next, bb);
}

static void add_filter(request_rec *r, const ms_request *request)
{
    if (depends(request) || ms_own_pages_handler(r)) {
        const char *first = ms_cache_headers_get(r->pool, r->headers_out, r->err_headers_out);

        ap_add_output_filter_handle(cache_filter, first ? apr_pstrdup(r->pool, first) : NULL, r,
                                    r->connection);
    }
}

void ms_cache_filter_begin(request_rec *r)
{
    const ms_request *request = ms_request_peek(r);

    if (request) {
        keep_out_of_cache(r, request);
    }
    add_filter(r, request);
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
}

void ms_cache_filter_register(void)
{
    /* Behind all filters of content: mod_expires, mod_headers, mod_deflate. */
    cache_filter = ap_register_output_filter("MANAGED_SESSION_CACHE", set_cache_headers, NULL,
                                             AP_FTYPE_PROTOCOL - 1);
}
