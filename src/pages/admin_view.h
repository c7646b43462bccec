/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The administrators' page as HTML: a table of live or of ended sessions.
 */
#ifndef MS_ADMIN_VIEW_H
#define MS_ADMIN_VIEW_H

#include <httpd.h>
#include <jansson.h>
#include "pages/admin_search.h"

/**
 * Send the page. It has fewer rows than were found if they would make it too large; its link to the
 * next page begins after its last one.
 * @param sessions  the rows as JSON; released
 * @param rows      const ms_row *; it is made shorter
 * @param next      as ms_admin_search_run() returns it
 */
int ms_admin_view_send(request_rec *r, const ms_admin_search *q, json_t *sessions,
                       apr_array_header_t *rows, const char *next);

/** Make the title of the model say that it is the administrators' page, and link it to the site. */
void ms_admin_view_add_title(request_rec *r, json_t *model);

/** Add the token of forms, if the administrator has a session to derive it from. */
void ms_admin_view_add_token(request_rec *r, json_t *model);

#endif
