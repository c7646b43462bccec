/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The output filter reads the heads that are sent first, and removes our cookie and our headers.
 * The filters are added to the connection and not to the request: the request's own response passes
 * the response filter, and enters the connection's filters behind this one.
 *
 * A raw tunnel connects the client to the application before the application has agreed to change
 * protocols. Then a client could send further requests, with a user header of its own, and no
 * filter would see the responses. So nothing of the client passes until a 101 has passed.
 */
#include "app/upgrade_filter.h"

#include <string.h>
#include <apr_buckets.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_connection.h>
#include <http_core.h>
#include <http_log.h>
#include <util_filter.h>
#include "app/close_frame.h"
#include "app/response_head.h"
#include "config/config.h"
#include "core/log_limit.h"
#include "session/lifeline.h"

APLOG_USE_MODULE(managed_session);

#define OUTPUT_FILTER "MANAGED_SESSION_UPGRADE"
#define INPUT_FILTER  "MANAGED_SESSION_UPGRADE_IN"
#define HEAD_MAX      65536 /* bytes */

typedef enum {
    IDLE,     /* everything passes */
    HEAD_DUE, /* the next bytes to the client begin a head */
    REFUSED,  /* a raw tunnel's application did not agree: nothing more of the client passes */
    CLOSED    /* nothing passes */
} watch_state;

/* One per connection. */
typedef struct watch {
    conn_rec *c;
    request_rec *r;        /* the request that is watched; NULL when idle */
    conn_rec *application; /* of that request; NULL: it is not known */
    watch_state state;
    apr_bucket_brigade *held; /* the part of a head that has arrived */
} watch;

/* ---- towards the client ---------------------------------------------------------------------- */

/* A raw tunnel has removed the HTTP filters from the request. */
static int is_raw(const watch *w)
{
    return w->r->proto_output_filters == w->c->output_filters;
}

/* Its session has ended, and nothing but what passes here ends it, if its connection carries
 * requests of others. */
static int is_cut(const watch *w)
{
    return w->r && w->state == IDLE && is_raw(w) && ms_lifeline_is_cut(w->r);
}

static int has_data(const apr_bucket_brigade *bb)
{
    for (const apr_bucket *b = APR_BRIGADE_FIRST(bb); b != APR_BRIGADE_SENTINEL(bb);
         b = APR_BUCKET_NEXT(b)) {
        if (!APR_BUCKET_IS_METADATA(b)) {
            return 1;
        }
    }
    return 0;
}

static apr_status_t close_connection(watch *w, const char *why)
{
    const char *suffix = ms_log_limit_suffix(MS_LOG_CLOSED_TUNNEL, w->r->pool);

    if (suffix) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, w->r, "MS0120: the connection was closed: %s%s",
                      why, suffix);
    }
    w->state = CLOSED;
    w->c->aborted = 1;
    if (!w->c->master) { /* not the connection of all HTTP/2 streams */
        apr_socket_shutdown(ap_get_conn_socket(w->c), APR_SHUTDOWN_READWRITE);
    }
    return APR_ECONNABORTED;
}

/* Move the data out of the brigade, which keeps its metadata buckets. With a NUL at the end; NULL:
 * it cannot be read. */
static char *take_text(apr_bucket_brigade *bb, apr_pool_t *p, apr_size_t *len)
{
    char *text = NULL;
    apr_bucket *b, *next;

    if (apr_brigade_pflatten(bb, &text, len, p) != APR_SUCCESS) {
        return NULL;
    }
    for (b = APR_BRIGADE_FIRST(bb); b != APR_BRIGADE_SENTINEL(bb); b = next) {
        next = APR_BUCKET_NEXT(b);
        if (!APR_BUCKET_IS_METADATA(b)) {
            apr_bucket_delete(b);
        }
    }
    return apr_pstrmemdup(p, text, *len);
}

/**
 * Read one head.
 * @param out   what may be sent is appended to it
 * @param used  out: how many bytes were read; 0: more are needed, or the state is no longer
 * HEAD_DUE
 * @return why the connection must be closed; NULL: it need not
 */
static const char *read_head(watch *w, apr_pool_t *p, apr_bucket_brigade *out, const char *text,
                             apr_size_t len, apr_size_t *used)
{
    const int status = ms_response_head_status(text, len), raw = is_raw(w), final = status >= 200;
    apr_size_t head;

    *used = 0;
    if (!raw && (status < 0 || final)) {
        w->state =
            IDLE; /* the response itself, on a connection that had a watched request before */
        return NULL;
    }
    if (status < 0) {
        return "an application sent something other than HTTP/1 in a tunnel";
    }
    head = status ? ms_response_head_length(text, len) : 0;
    if (head > HEAD_MAX || (!head && len >= HEAD_MAX)) {
        return "the head of an application's response is longer than 64 KB";
    }
    if (head) {
        ms_response_head_copy(out, p, text, head, ms_server_conf_get(w->r->server)->cookie.name,
                              final);
        w->state = status == HTTP_SWITCHING_PROTOCOLS ? IDLE : final ? REFUSED : HEAD_DUE;
        if (status == HTTP_SWITCHING_PROTOCOLS && w->application) {
            ms_close_frame_begin(w->r, w->application);
        }
    }
    *used = head;
    return NULL;
}

/* Divide the text into what is sent now and what is held. */
static const char *read_heads(watch *w, apr_pool_t *p, apr_bucket_brigade *out, const char *text,
                              apr_size_t len)
{
    const char *wrong = NULL;
    apr_size_t used = 1;

    while (len > 0 && w->state == HEAD_DUE && used && !wrong) {
        wrong = read_head(w, p, out, text, len, &used);
        text += used;
        len -= used;
    }
    if (len > 0 && !wrong) {
        apr_brigade_write(w->state == HEAD_DUE ? w->held : out, NULL, NULL, text, len);
    }
    return wrong;
}

static apr_status_t read_response(watch *w, apr_pool_t *p, apr_bucket_brigade *bb)
{
    apr_bucket_brigade *out = apr_brigade_create(p, w->c->bucket_alloc);
    const char *wrong;
    apr_size_t len;
    char *text;

    APR_BRIGADE_PREPEND(bb, w->held);
    text = take_text(bb, p, &len);
    wrong = text ? read_heads(w, p, out, text, len) : "an application's response cannot be read";
    if (wrong) {
        apr_brigade_cleanup(bb);
        return close_connection(w, wrong);
    }
    APR_BRIGADE_PREPEND(bb, out);
    return APR_SUCCESS;
}

static apr_status_t filter_output(ap_filter_t *f, apr_bucket_brigade *bb)
{
    watch *w = f->ctx;
    apr_status_t rv = APR_SUCCESS;
    apr_pool_t *p;

    if (w->state == HEAD_DUE && has_data(bb)) {
        apr_pool_create(&p, f->c->pool);
        rv = read_response(w, p, bb);
        apr_pool_destroy(p);
    }
    else if ((w->state == CLOSED || is_cut(w)) && has_data(bb)) {
        apr_brigade_cleanup(bb);
        rv = APR_ECONNABORTED;
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    return APR_BRIGADE_EMPTY(bb) ? APR_SUCCESS : ap_pass_brigade(f->next, bb);
}

/* ---- from the client ------------------------------------------------------------------------- */

static apr_status_t filter_input(ap_filter_t *f, apr_bucket_brigade *bb, ap_input_mode_t mode,
                                 apr_read_type_e block, apr_off_t bytes)
{
    watch *w = f->ctx;
    const apr_status_t rv = ap_get_brigade(f->next, bb, mode, block, bytes);

    if (rv != APR_SUCCESS || (w->state == IDLE && !is_cut(w)) ||
        (w->state == HEAD_DUE && !is_raw(w)) || !has_data(bb)) {
        return rv;
    }
    apr_brigade_cleanup(bb);
    return w->state == CLOSED || w->state == IDLE
               ? APR_ECONNABORTED
               : close_connection(w, "a client sent data into a tunnel that the application had "
                                     "not opened");
}

/* ---- one request ----------------------------------------------------------------------------- */

static apr_status_t forget_request(void *rv)
{
    const request_rec *r = rv;
    watch *w = ap_get_module_config(r->connection->conn_config, &managed_session_module);

    if (w->r == r) { /* another one may be watched by now */
        apr_brigade_cleanup(w->held);
        w->r = NULL;
        w->state = w->state == CLOSED ? CLOSED : IDLE;
    }
    return APR_SUCCESS;
}

static watch *watch_of(conn_rec *c)
{
    watch *w = ap_get_module_config(c->conn_config, &managed_session_module);

    if (!w) {
        w = apr_pcalloc(c->pool, sizeof(*w));
        w->c = c;
        w->held = apr_brigade_create(c->pool, c->bucket_alloc);
        ap_set_module_config(c->conn_config, &managed_session_module, w);
        ap_add_output_filter(OUTPUT_FILTER, w, NULL, c);
        ap_add_input_filter(INPUT_FILTER, w, NULL, c);
    }
    return w;
}

void ms_upgrade_filter_watch(request_rec *r)
{
    watch *w;

    if (!ms_server_conf_get(r->server)->used ||
        (!r->proxyreq && !(r->handler && strncmp(r->handler, "proxy:", 6) == 0))) {
        return;
    }
    w = watch_of(r->connection);
    if (w->state != CLOSED) {
        w->r = r;
        w->application = NULL;
        w->state = HEAD_DUE;
        apr_brigade_cleanup(w->held);
        apr_pool_cleanup_register(r->pool, r, forget_request, apr_pool_cleanup_null);
    }
}

void ms_upgrade_filter_set_application(request_rec *r, conn_rec *application)
{
    watch *w = ap_get_module_config(r->connection->conn_config, &managed_session_module);

    if (w && w->r == r) {
        w->application = application;
    }
}

void ms_upgrade_filter_register(void)
{
    ap_register_output_filter(OUTPUT_FILTER, filter_output, NULL, AP_FTYPE_CONNECTION);
    ap_register_input_filter(INPUT_FILTER, filter_input, NULL, AP_FTYPE_CONNECTION);
}
