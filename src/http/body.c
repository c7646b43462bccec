/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ap_parse_form_data() is not used: it reads a body of any size completely before it rejects it.
 */
#include "http/body.h"

#include <string.h>
#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include <util_filter.h>
#include "http/respond.h"

APLOG_USE_MODULE(managed_session);

int ms_body_refuse(request_rec *r, int status, const char *why)
{
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "body refused with %d: %s", status, why);
    return status;
}

int ms_body_is_there(const request_rec *r)
{
    const char *length = apr_table_get(r->headers_in, "Content-Length");

    return apr_table_get(r->headers_in, "Transfer-Encoding") ||
           (length && strcmp(length, "0") != 0) ||
           /* HTTP/2 needs neither header to carry a body */
           (!length && r->proto_num >= HTTP_VERSION(2, 0) &&
            apr_table_get(r->headers_in, "Content-Type"));
}

static int is_announced_too_long(const request_rec *r)
{
    const char *length = apr_table_get(r->headers_in, "Content-Length");
    apr_off_t announced = 0;

    return length && (!ap_parse_strict_length(&announced, length) || announced > MS_BODY_MAX);
}

/* Append the data of a brigade to buffer, at *len. Sets *done at the end of the body. */
static int take_brigade(request_rec *r, apr_bucket_brigade *bb, char *buffer, apr_size_t *len,
                        int *done)
{
    for (apr_bucket *b = APR_BRIGADE_FIRST(bb); b != APR_BRIGADE_SENTINEL(bb);
         b = APR_BUCKET_NEXT(b)) {
        const char *data;
        apr_size_t n;

        if (APR_BUCKET_IS_EOS(b)) {
            *done = 1;
            return OK;
        }
        if (APR_BUCKET_IS_METADATA(b)) {
            continue;
        }
        if (apr_bucket_read(b, &data, &n, APR_BLOCK_READ) != APR_SUCCESS) {
            return ms_body_refuse(r, HTTP_BAD_REQUEST, "the body could not be read");
        }
        if (n > MS_BODY_MAX - *len) {
            return ms_body_refuse(r, HTTP_REQUEST_ENTITY_TOO_LARGE, "the body is too long");
        }
        memcpy(buffer + *len, data, n);
        *len += n;
    }
    return OK;
}

static int read_all(request_rec *r, char *buffer, apr_size_t *len)
{
    apr_bucket_brigade *bb = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    int done = 0, status = OK;

    while (!done && status == OK) {
        const apr_status_t rv =
            ap_get_brigade(r->input_filters, bb, AP_MODE_READBYTES, APR_BLOCK_READ, 8192);

        if (rv != APR_SUCCESS) {
            status = ap_map_http_request_error(rv, HTTP_BAD_REQUEST);
        }
        else {
            status = take_brigade(r, bb, buffer, len, &done);
        }
        apr_brigade_cleanup(bb);
    }
    apr_brigade_destroy(bb);
    return status;
}

int ms_body_read(request_rec *r, char **text, apr_size_t *len)
{
    if (is_announced_too_long(r)) {
        return ms_body_refuse(r, HTTP_REQUEST_ENTITY_TOO_LARGE, "Content-Length is over the limit");
    }
    *text = apr_palloc(r->pool, MS_BODY_MAX);
    *len = 0;
    return read_all(r, *text, len);
}
