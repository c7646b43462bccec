/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of sessions as HTML: pages of a few, what has ended, the confirmation before many are
 * revoked, and the notice of what was done. Changes nothing.
 */
#ifndef MS_VIEW_H
#define MS_VIEW_H

#include <httpd.h>
#include <jansson.h>
#include "core/row.h"

/** Send the page for the user who is signed in, or the confirmation that ?confirm= names. */
int ms_view_send(request_rec *r);

/** Add to a session's model what only the page shows: times and the device in words, and the
 * browser string. */
void ms_view_add_words(request_rec *r, json_t *model, const ms_row *row, apr_int64_t now);

/** Note in the page's model which icons its sessions need: the page has no others. */
void ms_view_add_icons(apr_pool_t *p, json_t *model, const json_t *sessions);

/** Add links to the page before and the page after, if there are several. */
void ms_view_add_pages(json_t *model, int page, int pages);

/* Values of ?done=, which selects the notice of what was done. */
#define MS_VIEW_DONE_ONE    "one"    /* a device was signed out: that of the session ?id= */
#define MS_VIEW_DONE_OTHERS "others" /* the other devices were */
#define MS_VIEW_DONE_GONE   "gone"   /* the device was signed out before */
#define MS_VIEW_DONE_NAMED  "named"  /* a session was given a name, or lost it */

/** The page of the list that the query names, such as "2"; NULL: the first one. */
const char *ms_view_page_asked(request_rec *r);

/** The list that the query names and its page, as a query: "app=all&page=2", for example. "" is the
 * first page of the sessions. */
const char *ms_view_place_asked(request_rec *r);

#endif
