/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of sessions as a page: words, pages of fifty, the question before many are ended, and
 * what was done a moment ago. Changes nothing.
 */
#ifndef MS_VIEW_H
#define MS_VIEW_H

#include <httpd.h>
#include <jansson.h>
#include "core/row.h"

/** Send the page for the user who is signed in, or the question that ?confirm= asks for. */
int ms_sessions_view(request_rec *r);

/** Add to the JSON interface's model of a session what only a page says of it: times and the device
 * in words, and what the browser calls itself. */
void ms_sessions_add_words(request_rec *r, json_t *model, const ms_row *row, apr_int64_t now);

/**
 * The query that makes the page say that a device was signed out. It proves that this module wrote
 * it for this session, so that no link can make the page say anything.
 */
const char *ms_sessions_notice_device(request_rec *r, const char *user_agent);

/** The same, for a session that had ended already, or never was. */
const char *ms_sessions_notice_gone(request_rec *r);

/** The same, for so many other devices. */
const char *ms_sessions_notice_others(request_rec *r, apr_int64_t n);

/** Which page of the list the request's query asks for, "2"; NULL: none but the first. */
const char *ms_sessions_page_asked(request_rec *r);

#endif
