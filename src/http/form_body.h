/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the form in a request's body, up to a limit.
 */
#ifndef MS_FORM_BODY_H
#define MS_FORM_BODY_H

#include <httpd.h>

/**
 * Read and parse an application/x-www-form-urlencoded body. A request without a body has no fields.
 * @param fields  name to value, in r->pool
 * @return OK; else the status to answer with: 413 over MS_BODY_MAX (refused unread where
 *         Content-Length says so), 415 for another type, 400 for what form.h refuses. Where the
 * body was not read to its end the connection will close after the answer.
 */
int ms_form_body_read(request_rec *r, apr_table_t **fields);

/** Whether Content-Type is that of such a body. */
int ms_form_body_is_sent(const request_rec *r);

#endif
