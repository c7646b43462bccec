/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A visitor is let in before the handler phase, when it is not yet certain that our page answers.
 * So the request is marked, and refused if another handler would answer it.
 */
#include "access/visitors.h"

#include <http_config.h>
#include "access/own_pages.h"
#include "access/script_refusal.h"
#include "config/config.h"
#include "http/limited_log.h"
#include "http/respond.h"
#include "session/request.h"

#define NOTE_LET_IN "managed-session-open"

int ms_visitors_may_enter(request_rec *r)
{
    const ms_own_page *page;

    for (const request_rec *at = r; at; at = at->main) {
        if (at->method_number != M_GET && at->method_number != M_POST) {
            return 0;
        }
    }
    page = ms_own_pages_configured(r);
    return page && page->is_open;
}

void ms_visitors_let_in(request_rec *r)
{
    ms_request_get(r); /* see was_let_in() */
    apr_table_setn(r->notes, NOTE_LET_IN, "1");
}

/* The request whose access decision this one inherited. httpd does not check access again after an
 * internal redirect or in a subrequest if the configuration is the same
 * (ap_process_request_internal). */
static const request_rec *inherited_from(const request_rec *r)
{
    if (r->prev && r->prev->per_dir_config == r->per_dir_config) {
        return r->prev;
    }
    return r->main && r->main->per_dir_config == r->per_dir_config ? r->main : NULL;
}

static int was_let_in(request_rec *first)
{
    const request_rec *r = ms_request_peek(first) ? first : NULL; /* no state: not let in */

    while (r && !apr_table_get(r->notes, NOTE_LET_IN)) {
        r = inherited_from(r);
    }
    return r != NULL;
}

int ms_visitors_refuse(request_rec *r)
{
    if (r->user || !was_let_in(r)) {
        return DECLINED;
    }
    ms_limited_log(r, MS_LOG_OPEN_DOOR, APLOG_WARNING,
                   "MS0100: refused %s %s: this location is open to visitors for the sign-in "
                   "and sign-out pages only, and the handler \"%s\" would have answered; put "
                   "what visitors may see in a location of its own",
                   r->method, r->uri, r->handler ? r->handler : "");
    ms_respond_leave_body_unread(r);
    ms_script_refusal_note(r, MS_PROBLEM_FORBIDDEN);
    return ms_respond_status(r, HTTP_FORBIDDEN);
}
