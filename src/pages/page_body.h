/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bodies of requests that act with a session. The session may end while a body arrives, so it
 * is looked up again behind it: what a page does with a session it does after one of these
 * functions.
 */
#ifndef MS_PAGE_BODY_H
#define MS_PAGE_BODY_H

#include <httpd.h>
#include <jansson.h>
#include "core/row.h"

/**
 * Read the form that was sent.
 * @param current  the session in force that the request acts with; NULL: it acts without one
 * @param fields   out: as ms_form_body_read()
 * @return DECLINED: go on; else what the handler returns: the body cannot be read, the session has
 *         ended, or the database could not be queried
 */
int ms_page_body_form(request_rec *r, const ms_row *current, apr_table_t **fields);

/** The same for one JSON object, as ms_json_body_read(). */
int ms_page_body_json(request_rec *r, const ms_row *current, const json_t **object);

#endif
