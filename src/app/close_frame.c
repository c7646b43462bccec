/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the session ends, the lifeline's thread ends the reading side of the application's
 * connection. mod_proxy's tunnel wakes up and reads the end of file through this filter, which
 * returns a close frame first. Over HTTP/1.1 the client's own close frame still reaches the
 * application. If the tunnel does not end in time, the lifeline's thread cuts both connections.
 */
#include "app/close_frame.h"

#include <apr_buckets.h>
#include <http_connection.h>
#include <http_core.h>
#include <http_protocol.h>
#include <util_filter.h>
#include "core/websocket_frames.h"
#include "session/lifeline.h"

#define FILTER_NAME "MANAGED_SESSION_CLOSE_FRAME"

typedef struct from_application {
    request_rec *r;
    ms_websocket_frames frames;
} from_application;

static apr_status_t follow(from_application *from, apr_bucket_brigade *bb)
{
    for (apr_bucket *b = APR_BRIGADE_FIRST(bb); b != APR_BRIGADE_SENTINEL(bb);
         b = APR_BUCKET_NEXT(b)) {
        const char *data = "";
        apr_size_t len = 0;
        const apr_status_t rv = APR_BUCKET_IS_METADATA(b)
                                    ? APR_SUCCESS
                                    : apr_bucket_read(b, &data, &len, APR_BLOCK_READ);

        if (rv != APR_SUCCESS) {
            return rv;
        }
        ms_websocket_frames_pass(&from->frames, data, len);
    }
    return APR_SUCCESS;
}

static void close_properly(from_application *from, apr_bucket_brigade *bb)
{
    char frame[MS_WEBSOCKET_CLOSE_LEN];

    ms_websocket_frames_make_close(MS_WEBSOCKET_POLICY_VIOLATION, frame);
    apr_brigade_write(bb, NULL, NULL, frame, sizeof(frame));
    from->frames.has_closed = 1;
}

/* After an end of file the tunnel waits until the client has ended its stream, too, and to cut the
 * connection then would take all other requests on it. An error ends the stream alone. */
static int is_stream(const request_rec *r)
{
    return r->connection->master != NULL;
}

static apr_status_t filter_input(ap_filter_t *f, apr_bucket_brigade *bb, ap_input_mode_t mode,
                                 apr_read_type_e block, apr_off_t bytes)
{
    from_application *from = f->ctx;
    const apr_status_t rv = ap_get_brigade(f->next, bb, mode, block, bytes);

    if (rv == APR_SUCCESS && mode != AP_MODE_SPECULATIVE) {
        return follow(from, bb);
    }
    if (!APR_STATUS_IS_EOF(rv) || !ms_lifeline_is_closing(from->r)) {
        return rv;
    }
    if (ms_websocket_frames_may_close(&from->frames)) {
        close_properly(from, bb);
        return APR_SUCCESS;
    }
    return is_stream(from->r) ? APR_ECONNABORTED : rv;
}

static int is_web_socket(request_rec *r)
{
    const char *upgrade = apr_table_get(r->headers_in, "Upgrade");

    return upgrade && ap_find_token(r->pool, upgrade, "websocket");
}

void ms_close_frame_begin(request_rec *r, conn_rec *application)
{
    from_application *from;

    if (!ms_lifeline_is_entered(r) || !is_web_socket(r)) {
        return;
    }
    from = apr_pcalloc(r->pool, sizeof(*from));
    from->r = r;
    ap_add_input_filter(FILTER_NAME, from, NULL, application);
    ms_lifeline_set_application(r, ap_get_conn_socket(application), 1);
}

void ms_close_frame_register(void)
{
    ap_register_input_filter(FILTER_NAME, filter_input, NULL, AP_FTYPE_CONNECTION);
}
