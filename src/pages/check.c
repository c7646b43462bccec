/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httpd's Require lines have decided by now. The handler repeats what does not depend on them: a
 * section without Require, or with "Satisfy Any", must let no visitor pass.
 */
#include "pages/check.h"

#include <string.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include "access/challenge.h"
#include "access/forwarded.h"
#include "access/own_pages.h"
#include "access/websocket.h"
#include "config/config.h"
#include "core/percent.h"
#include "http/limited_log.h"
#include "http/respond.h"
#include "session/request.h"

#define USER_HEADER "Remote-User" /* unless ManagedSessionUserHeader has another name */

/* httpd has looked for a file, and it would have answered TRACE itself. */
static int refuse_place(request_rec *r)
{
    ms_limited_log(r, MS_LOG_CHECK_BY_FILE, APLOG_ERR,
                   "MS0263: %s was refused with 403: write \"SetHandler " MS_HANDLER_CHECK
                   "\" in a <Location>; in <Directory>, <Files> and .htaccess it has no effect",
                   r->uri);
    return ms_respond_refuse(r, HTTP_FORBIDDEN, 0);
}

/* Bytes that a header's value cannot carry safely, and the "%" that stands for them. */
static int must_escape(unsigned char byte)
{
    return byte < ' ' || byte >= 0x7f || byte == '%';
}

/* A blank at either end would get lost on the way, and leave another user's name. */
static const char *for_header(apr_pool_t *p, const char *user)
{
    const apr_size_t lead = strspn(user, " ");
    apr_size_t len = strlen(user), trail = 0;
    const char *text = "";

    while (len > lead && user[len - 1] == ' ') {
        len--;
        trail++;
    }
    for (apr_size_t i = 0; i < lead; i++) {
        text = apr_pstrcat(p, text, "%20", NULL);
    }
    text = apr_pstrcat(
        p, text,
        ms_percent_encode_bytes(p, apr_pstrmemdup(p, user + lead, len - lead), must_escape), NULL);
    for (apr_size_t i = 0; i < trail; i++) {
        text = apr_pstrcat(p, text, "%20", NULL);
    }
    return text;
}

static int let_pass(request_rec *r, const ms_row *row)
{
    const char *name = ms_dir_conf_get(r)->user_header;

    name = name ? name : USER_HEADER;
    if (*name) {
        apr_table_setn(r->headers_out, name, for_header(r->pool, row->user));
    }
    apr_table_setn(r->headers_out, "Managed-Session-Id", row->id);
    apr_table_setn(r->headers_out, "Managed-Session-Auth-Time",
                   apr_off_t_toa(r->pool, row->created_at));
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    ms_respond_leave_body_unread(r);
    ap_set_content_length(r, 0);
    return OK;
}

int ms_check_any(request_rec *r)
{
    const ms_row *row;

    if (!ms_own_pages_is_check_by_url(r)) {
        return refuse_place(r);
    }
    if (ms_forwarded_check(r) != DECLINED) {
        return ms_respond_refuse(r, HTTP_FORBIDDEN, 0);
    }
    if (ms_request_session(r, &row) != APR_SUCCESS) {
        return ms_challenge_unavailable(r);
    }
    /* Another AuthType may have let in another user, who has no session. */
    if (!row || (r->user && strcmp(r->user, row->user) != 0)) {
        return ms_challenge(r);
    }
    if (ms_websocket_is_cross_origin(r)) {
        return ms_respond_refuse(r, ms_websocket_refuse(r, row->user), 0);
    }
    return let_pass(r, row);
}
