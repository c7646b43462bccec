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

/* Values of ?done=, which makes the page say what was done. */
#define MS_SESSIONS_DONE_ONE    "one"    /* a device was signed out */
#define MS_SESSIONS_DONE_OTHERS "others" /* the other devices were */
#define MS_SESSIONS_DONE_GONE   "gone"   /* the device was signed out before */

/** Which page of the list the request's query asks for, "2"; NULL: none but the first. */
const char *ms_sessions_page_asked(request_rec *r);

#endif
