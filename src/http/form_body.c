/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ap_parse_form_data() is not used: it reads a body of any size completely before it rejects it,
 * keeps NUL bytes, and accepts a repeated field.
 */
#include "http/form_body.h"

#include <string.h>
#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include <util_filter.h>
#include "core/form.h"
#include "http/origin.h"
#include "http/respond.h"

APLOG_USE_MODULE(managed_session);

static int refuse(request_rec *r, int status, const char *why)
{
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "form refused with %d: %s", status, why);
    return status;
}

static int has_body(const request_rec *r)
{
    const char *length = apr_table_get(r->headers_in, "Content-Length");

    return apr_table_get(r->headers_in, "Transfer-Encoding") ||
           (length && strcmp(length, "0") != 0) ||
           /* HTTP/2 needs neither header to carry a body */
           (!length && r->proto_num >= HTTP_VERSION(2, 0) &&
            apr_table_get(r->headers_in, "Content-Type"));
}

static int is_form(const request_rec *r)
{
    static const char form[] = "application/x-www-form-urlencoded";
    const char *type = apr_table_get(r->headers_in, "Content-Type");
    const apr_size_t len = sizeof(form) - 1;

    return type && ap_cstr_casecmpn(type, form, len) == 0 &&
           (type[len] == '\0' || type[len] == ';' || type[len] == ' ');
}

static int is_announced_too_long(const request_rec *r)
{
    const char *length = apr_table_get(r->headers_in, "Content-Length");
    apr_off_t announced = 0;

    return length && (!ap_parse_strict_length(&announced, length) || announced > MS_FORM_BODY_MAX);
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
            return refuse(r, HTTP_BAD_REQUEST, "the body could not be read");
        }
        if (n > MS_FORM_BODY_MAX - *len) {
            return refuse(r, HTTP_REQUEST_ENTITY_TOO_LARGE, "the body is too long");
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

static int read_form(request_rec *r, apr_table_t **fields)
{
    char *buffer;
    apr_size_t len = 0;
    const char *why;
    int status;

    if (is_announced_too_long(r)) {
        return refuse(r, HTTP_REQUEST_ENTITY_TOO_LARGE, "Content-Length is over the limit");
    }
    if (!is_form(r)) {
        return refuse(r, HTTP_UNSUPPORTED_MEDIA_TYPE,
                      "Content-Type is not application/x-www-form-urlencoded");
    }
    buffer = apr_palloc(r->pool, MS_FORM_BODY_MAX);
    status = read_all(r, buffer, &len);
    if (status != OK) {
        return status;
    }
    why = ms_form_parse(r->pool, buffer, len, fields);
    return why ? refuse(r, HTTP_BAD_REQUEST, why) : OK;
}

int ms_form_body_read(request_rec *r, apr_table_t **fields)
{
    int status;

    *fields = apr_table_make(r->pool, 4);
    if (!has_body(r)) {
        return OK;
    }
    status = read_form(r, fields);
    if (status != OK) {
        ms_respond_leave_body_unread(r);
    }
    return status;
}
