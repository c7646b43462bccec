/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A spreadsheet takes a field that begins with =, +, - or @ for a formula, and names and browsers
 * are chosen by those who sign in: such a field begins with an apostrophe, which spreadsheets
 * do not show.
 */
#include "pages/admin_export.h"

#include <string.h>
#include <http_protocol.h>
#include "core/accept.h"
#include "core/clock.h"
#include "core/device.h"
#include "pages/page.h"

#define ROWS_MAX 100000

#define COLUMNS "id,user,name,device,ip,last_ip,label,method,created_at,last_seen_at,"

static const char head[] = COLUMNS "expires_at\r\n",
                  head_of_ended[] = COLUMNS "ended_at,end_reason,ended_by\r\n";

int ms_admin_export_is_wanted(request_rec *r, const ms_admin_search *q)
{
    const char *accept = apr_table_get(r->headers_in, "Accept");

    return q->is_csv || (ms_accept_prefers(accept, "text/csv", "text/html") &&
                         ms_accept_prefers(accept, "text/csv", "application/json"));
}

/* Also as the wide characters of East Asian keyboards, U+FF1D, FF0B, FF0D and FF20. */
static int begins_formula(const char *text)
{
    static const char *const wide[] = {"\xEF\xBC\x9D", "\xEF\xBC\x8B", "\xEF\xBC\x8D",
                                       "\xEF\xBC\xA0"};

    for (apr_size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
        if (strncmp(text, wide[i], 3) == 0) {
            return 1;
        }
    }
    return *text && strchr("=+-@\t\r\n", *text);
}

/* A field in quotes. */
static void put(request_rec *r, const char *text, const char *after)
{
    text = text ? text : "";
    ap_rputs(begins_formula(text) ? "\"'" : "\"", r);
    for (const char *quote; (quote = strchr(text, '"')) != NULL; text = quote + 1) {
        ap_rwrite(text, (int)(quote - text), r);
        ap_rputs("\"\"", r);
    }
    ap_rvputs(r, text, "\"", after, NULL);
}

static void put_row(request_rec *r, apr_pool_t *p, const ms_admin_search *q, const ms_row *row)
{
    ms_device device;
    const char *fields[] = {row->id,
                            row->user,
                            row->name,
                            NULL,
                            row->created_ip,
                            row->last_ip,
                            row->label,
                            row->auth_method,
                            ms_clock_rfc3339(p, row->created_at),
                            ms_clock_rfc3339(p, row->last_seen_at),
                            ms_clock_rfc3339(p, row->expires_at),
                            row->end_reason,
                            row->ended_by};
    const apr_size_t n = sizeof(fields) / sizeof(fields[0]) - (q->is_ended ? 0 : 2);

    ms_device_name(p, row->user_agent, &device);
    fields[3] = device.name;
    for (apr_size_t i = 0; i < n; i++) {
        put(r, fields[i], i + 1 < n ? "," : "\r\n");
    }
}

static void begin(request_rec *r, const ms_admin_search *q)
{
    ms_page_begin(r, "text/csv; charset=utf-8; header=present");
    apr_table_setn(r->headers_out, "Content-Disposition",
                   q->is_ended ? "attachment; filename=\"ended-sessions.csv\""
                               : "attachment; filename=\"sessions.csv\"");
    if (!r->header_only) {
        ap_rputs(q->is_ended ? head_of_ended : head, r);
    }
}

/* Let the client see that the file is not complete. If the head were not sent yet, the client would
 * get an error page of a proxy. */
static void break_off(request_rec *r)
{
    apr_bucket_brigade *bb = apr_brigade_create(r->pool, r->connection->bucket_alloc);

    ap_rflush(r);
    APR_BRIGADE_INSERT_TAIL(
        bb, ap_bucket_error_create(HTTP_BAD_GATEWAY, NULL, r->pool, bb->bucket_alloc));
    r->connection->keepalive = AP_CONN_CLOSE;
    ap_pass_brigade(r->output_filters, bb);
}

int ms_admin_export_send(request_rec *r, const ms_admin_search *q)
{
    static const ms_admin_visitor visitor = {begin, put_row};
    int began;
    const apr_status_t rv =
        ms_admin_search_each(r, q, r->header_only ? 0 : ROWS_MAX, &visitor, &began);

    if (!began) {
        return ms_page_unavailable(r);
    }
    if (rv != APR_SUCCESS) {
        break_off(r);
    }
    return OK;
}
