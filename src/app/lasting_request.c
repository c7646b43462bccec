/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An application may be silent for minutes before it sends the first byte of its response, and no
 * filter is called meanwhile. So a request that a handler other than httpd's own for files answers
 * is entered before the handler runs.
 */
#include "app/lasting_request.h"

#include <string.h>
#include <apr_buckets.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include "access/own_pages.h"
#include "app/upgrade_filter.h"
#include "session/lifeline.h"

#define FILTER_NAME "MANAGED_SESSION_LASTING"
#define SHORT       65536 /* bytes: a response up to this length is in the kernel's buffers at once */

/* ---- before the handler ---------------------------------------------------------------------- */

/* Without one, no session is in force: most requests of a server that protects a part of it. */
static int has_user(const request_rec *r)
{
    return r->ap_auth_type != NULL;
}

static int has_body(const request_rec *r)
{
    const char *length = apr_table_get(r->headers_in, "Content-Length");

    return (length && strcmp(length, "0") != 0) ||
           apr_table_get(r->headers_in, "Transfer-Encoding");
}

/* Files have no handler yet in this phase, or their type's. */
static int is_for_application(const request_rec *r)
{
    return r->handler && strcmp(r->handler, AP_DEFAULT_HANDLER_NAME) != 0;
}

/* The handler before an internal redirect, to an error page for example, has given the
 * application's connection back. That of a subrequest had none: the page that includes it has. */
void ms_lasting_request_enter(request_rec *r)
{
    if (r->prev && !r->main) {
        ms_lifeline_forget_application(r);
    }
    if (has_user(r) && (is_for_application(r) || has_body(r)) && !ms_own_pages_is_set(r)) {
        ms_lifeline_enter(r);
    }
}

/* mod_proxy has sent the request, or its head, to an HTTP application, and is about to wait for the
 * response. */
int ms_lasting_request_on_proxy_create_req(request_rec *r, request_rec *to_application)
{
    if (ms_lifeline_set_application(r, ap_get_conn_socket(to_application->connection), 0)) {
        ms_upgrade_filter_set_application(r, to_application->connection);
    }
    return OK;
}

/* ---- the response ---------------------------------------------------------------------------- */

typedef struct seen {
    int parts;
} seen;

/* What is known without reading: a bucket of unknown length is long. */
static int is_short(const apr_bucket_brigade *bb)
{
    apr_off_t length = 0;

    for (const apr_bucket *b = APR_BRIGADE_FIRST(bb); b != APR_BRIGADE_SENTINEL(bb);
         b = APR_BUCKET_NEXT(b)) {
        if (b->length == (apr_size_t)-1 || (length += (apr_off_t)b->length) > SHORT) {
            return 0;
        }
    }
    return 1;
}

static int is_whole(const apr_bucket_brigade *bb)
{
    return !APR_BRIGADE_EMPTY(bb) && APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(bb));
}

static int has_flush(const apr_bucket_brigade *bb)
{
    return !APR_BRIGADE_EMPTY(bb) && APR_BUCKET_IS_FLUSH(APR_BRIGADE_LAST(bb));
}

/* mod_proxy has given the connection of a whole response back, and another request may have it. */
static void end_use_of_application(request_rec *r, const apr_bucket_brigade *bb)
{
    if (is_whole(bb)) {
        ms_lifeline_forget_application(r);
    }
}

static apr_status_t end_before_head(request_rec *r)
{
    r->connection->aborted = 1;
    return APR_ECONNABORTED;
}

/* As mod_proxy ends a response whose application is gone: mod_http2 resets the stream then. */
static apr_status_t end_in_body(ap_filter_t *f, apr_bucket_brigade *bb)
{
    apr_brigade_cleanup(bb);
    APR_BRIGADE_INSERT_TAIL(
        bb, ap_bucket_error_create(HTTP_BAD_GATEWAY, NULL, f->r->pool, f->c->bucket_alloc));
    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_eos_create(f->c->bucket_alloc));
    ap_pass_brigade(f->next, bb);
    f->c->aborted = 1;
    return APR_ECONNABORTED;
}

static apr_status_t filter_parts(ap_filter_t *f, apr_bucket_brigade *bb)
{
    seen *s = f->ctx;

    if (ms_lifeline_is_cut(f->r)) {
        return end_in_body(f, bb);
    }
    if (s->parts++ > 0 || has_flush(bb) || !is_short(bb)) {
        ms_lifeline_enter(f->r);
    }
    end_use_of_application(f->r, bb);
    if (s->parts > 1 && !ms_lifeline_is_entered(f->r)) {
        ap_remove_output_filter(f);
    }
    return ap_pass_brigade(f->next, bb);
}

apr_status_t ms_lasting_request_begin(request_rec *r, const apr_bucket_brigade *bb)
{
    if (ms_lifeline_is_cut(r)) {
        return end_before_head(r);
    }
    end_use_of_application(r, bb);
    if (has_user(r) && !ms_own_pages_is_set(r) && (!is_whole(bb) || !is_short(bb))) {
        ap_add_output_filter(FILTER_NAME, apr_pcalloc(r->pool, sizeof(seen)), r, r->connection);
    }
    return APR_SUCCESS;
}

void ms_lasting_request_register(void)
{
    /* Behind MANAGED_SESSION, which adds it. */
    ap_register_output_filter(FILTER_NAME, filter_parts, NULL, AP_FTYPE_RESOURCE - 4);
}
