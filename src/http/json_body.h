/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the JSON object in a request's body, up to the limit of body.h.
 */
#ifndef MS_JSON_BODY_H
#define MS_JSON_BODY_H

#include <httpd.h>
#include <jansson.h>

/**
 * Read one JSON object. A member that is there twice, a NUL and bad UTF-8 are refused.
 * @param object  out: released with r->pool
 * @return OK; else the status to answer with: 413, 415 for another type, 400 for anything but one
 *         object. If the body was not read to its end, the connection will close after the response
 */
int ms_json_body_read(request_rec *r, const json_t **object);

/**
 * Read the fields of a form, or of a JSON object if Content-Type says so: its strings, and its
 * booleans, which become "1" and "0". Members that are null are left out.
 * @param fields  name to value, in r->pool
 * @return as ms_form_body_read() and ms_json_body_read(); 400 for a member of another type, and for
 *         more than MS_FORM_FIELDS_MAX of them, too
 */
int ms_json_body_read_fields(request_rec *r, apr_table_t **fields);

#endif
