/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ap_parse_form_data() is not used: it keeps NUL bytes, and accepts a repeated field.
 */
#include "http/form_body.h"

#include "core/form.h"
#include "http/body.h"
#include "http/respond.h"

int ms_form_body_is_sent(const request_rec *r)
{
    static const char form[] = "application/x-www-form-urlencoded";
    const char *type = apr_table_get(r->headers_in, "Content-Type");
    const apr_size_t len = sizeof(form) - 1;

    return type && ap_cstr_casecmpn(type, form, len) == 0 &&
           (type[len] == '\0' || type[len] == ';' || type[len] == ' ');
}

static int read_form(request_rec *r, apr_table_t **fields)
{
    char *text;
    apr_size_t len;
    const char *why;
    int status;

    if (!ms_form_body_is_sent(r)) {
        return ms_body_refuse(r, HTTP_UNSUPPORTED_MEDIA_TYPE,
                              "Content-Type is not application/x-www-form-urlencoded");
    }
    status = ms_body_read(r, &text, &len);
    if (status != OK) {
        return status;
    }
    why = ms_form_parse(r->pool, text, len, fields);
    return why ? ms_body_refuse(r, HTTP_BAD_REQUEST, why) : OK;
}

int ms_form_body_read(request_rec *r, apr_table_t **fields)
{
    int status;

    *fields = apr_table_make(r->pool, 4);
    if (!ms_body_is_there(r)) {
        return OK;
    }
    status = read_form(r, fields);
    if (status != OK) {
        ms_respond_leave_body_unread(r);
    }
    return status;
}
