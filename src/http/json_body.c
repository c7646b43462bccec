/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jansson refuses an escaped NUL, bad UTF-8 and nesting that is too deep by itself.
 */
#include "http/json_body.h"

#include <apr_strings.h>
#include "core/form.h"
#include "http/body.h"
#include "http/form_body.h"
#include "http/json_client.h"
#include "http/respond.h"

static apr_status_t release(void *object)
{
    json_decref(object);
    return APR_SUCCESS;
}

static int read_object(request_rec *r, const json_t **object)
{
    json_t *found;
    char *text;
    apr_size_t len;
    int status;

    if (!ms_json_client_sends(r)) {
        return ms_body_refuse(r, HTTP_UNSUPPORTED_MEDIA_TYPE,
                              "Content-Type is not application/json");
    }
    status = ms_body_read(r, &text, &len);
    if (status != OK) {
        return status;
    }
    found = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(found)) {
        json_decref(found);
        return ms_body_refuse(r, HTTP_BAD_REQUEST, "the body is not one JSON object");
    }
    apr_pool_cleanup_register(r->pool, found, release, apr_pool_cleanup_null);
    *object = found;
    return OK;
}

int ms_json_body_read(request_rec *r, const json_t **object)
{
    const int status = read_object(r, object);

    if (status != OK) {
        ms_respond_leave_body_unread(r);
    }
    return status;
}

/* NULL: a value that no field of a form has. */
static const char *text_of(apr_pool_t *p, const json_t *value)
{
    if (json_is_boolean(value)) {
        return json_is_true(value) ? "1" : "0";
    }
    return json_is_string(value) ? apr_pstrdup(p, json_string_value(value)) : NULL;
}

static int read_fields(request_rec *r, apr_table_t **fields)
{
    const json_t *object = NULL;
    const int status = ms_json_body_read(r, &object);

    *fields = apr_table_make(r->pool, 4);
    if (status != OK) {
        return status;
    }
    if (json_object_size(object) > MS_FORM_FIELDS_MAX) {
        return ms_body_refuse(r, HTTP_BAD_REQUEST, "there are too many members");
    }
    for (void *at = json_object_iter((json_t *)object); at;
         at = json_object_iter_next((json_t *)object, at)) {
        const json_t *value = json_object_iter_value(at);
        const char *text = text_of(r->pool, value);

        if (apr_table_get(*fields, json_object_iter_key(at)) || (!text && !json_is_null(value))) {
            return ms_body_refuse(r, HTTP_BAD_REQUEST,
                                  "a member has the wrong type, or is there twice");
        }
        if (text) {
            apr_table_setn(*fields, apr_pstrdup(r->pool, json_object_iter_key(at)), text);
        }
    }
    return OK;
}

int ms_json_body_read_fields(request_rec *r, apr_table_t **fields)
{
    return ms_body_is_there(r) && ms_json_client_sends(r) ? read_fields(r, fields)
                                                          : ms_form_body_read(r, fields);
}
