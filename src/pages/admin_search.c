/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page of results is what one statement returns, less one row: that one shows whether there is
 * a next page.
 */
#include "pages/admin_search.h"

#include <string.h>
#include <apr_strings.h>
#include "core/address.h"
#include "core/form.h"
#include "core/percent.h"
#include "core/token.h"
#include "core/utf8.h"
#include "session/all_sessions.h"

#define PAGE     (MS_NEWEST_MAX - 1)
#define TIME_MAX 12 /* digits */

/* "<created_at>.<id>" of the last session of the page before. */
static int read_before(ms_admin_search *q, const char *text)
{
    const apr_size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > TIME_MAX || text[digits] != '.' ||
        !ms_token_is_id(text + digits + 1, strlen(text + digits + 1))) {
        return 0;
    }
    q->before = apr_atoi64(text);
    q->before_id = text + digits + 1;
    return 1;
}

/* 0 if the field has another word. */
static int read_word(const apr_table_t *fields, const char *name, const char *word, int *is_set)
{
    const char *value = ms_form_field(fields, name);

    *is_set = value && strcmp(value, word) == 0;
    return !value || *is_set;
}

/* As in the user's own list. */
static int read_state(const apr_table_t *fields, int *is_ended)
{
    int is_live;

    return read_word(fields, "state", "ended", is_ended) ||
           read_word(fields, "state", "live", &is_live);
}

int ms_admin_search_read(request_rec *r, ms_admin_search *q)
{
    const char *args = r->args ? r->args : "", *before;
    apr_table_t *fields;

    memset(q, 0, sizeof(*q));
    if (ms_form_parse(r->pool, args, strlen(args), &fields)) {
        return 0;
    }
    q->user = ms_form_field(fields, "user");
    q->ip = ms_form_field(fields, "ip");
    q->id = ms_form_field(fields, "id");
    q->confirm = ms_form_field(fields, "confirm");
    before = ms_form_field(fields, "before");
    return !!q->user + !!q->ip + !!q->id <= 1 && (!before || read_before(q, before)) &&
           read_state(fields, &q->is_ended) && read_word(fields, "format", "csv", &q->is_csv) &&
           (!q->is_ended || (!q->ip && !q->id));
}

const char *ms_admin_search_parameter(request_rec *r, const char *name, const char *value)
{
    return value ? apr_pstrcat(r->pool, name, "=", ms_percent_encode(r->pool, value), NULL) : "";
}

const char *ms_admin_search_args(request_rec *r, const ms_admin_search *q)
{
    return apr_pstrcat(r->pool, ms_admin_search_parameter(r, "user", q->user),
                       ms_admin_search_parameter(r, "ip", q->ip),
                       ms_admin_search_parameter(r, "id", q->id), NULL);
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* A name or an address that cannot be; a database might reject the text. */
static int is_impossible(const ms_admin_search *q, const char *ip)
{
    return (q->user && !ms_utf8_is_user_name(q->user)) || (q->ip && !ip);
}

static apr_status_t find_one(request_rec *r, const ms_admin_search *q, apr_array_header_t *rows)
{
    const ms_row *row;
    const apr_status_t rv = ms_all_sessions_find(r, q->id, &row);

    if (row) {
        APR_ARRAY_PUSH(rows, const ms_row *) = row;
    }
    return rv;
}

static apr_status_t find(request_rec *r, apr_pool_t *p, const ms_admin_search *q,
                         apr_array_header_t **rows)
{
    const ms_search live = {q->user, q->ip ? ms_address_canonical(p, q->ip) : NULL, q->before,
                            q->before_id};
    const ms_ended_part ended = {.limit = PAGE + 1, .before = q->before, .before_id = q->before_id};

    *rows = apr_array_make(p, 1, sizeof(const ms_row *));
    if (q->id) {
        return find_one(r, q, *rows);
    }
    if (is_impossible(q, live.ip)) {
        return APR_SUCCESS;
    }
    return q->is_ended ? ms_all_sessions_ended(r, p, q->user, &ended, rows)
                       : ms_all_sessions_search(r, p, &live, rows);
}

/* Take away the row that shows that there is a next page. The last row of this one; NULL: there is
 * no next page. */
static const ms_row *cut(apr_array_header_t *rows)
{
    if (rows->nelts <= PAGE) {
        return NULL;
    }
    rows->nelts = PAGE;
    return APR_ARRAY_IDX(rows, PAGE - 1, const ms_row *);
}

/* The time by which rows are in order. */
static apr_int64_t time_of(const ms_admin_search *q, const ms_row *row)
{
    return q->is_ended ? row->expires_at : row->created_at;
}

static const char *args_before(request_rec *r, const ms_admin_search *q, apr_int64_t before,
                               const char *id)
{
    const char *same = ms_admin_search_args(r, q);

    return apr_psprintf(r->pool, "%s%s%sbefore=%" APR_INT64_T_FMT ".%s", same, *same ? "&" : "",
                        q->is_ended ? "state=ended&" : "", before, id);
}

const char *ms_admin_search_after(request_rec *r, const ms_admin_search *q, const ms_row *last)
{
    return args_before(r, q, time_of(q, last), last->id);
}

const char *ms_admin_search_here(request_rec *r, const ms_admin_search *q)
{
    return q->before_id ? args_before(r, q, q->before, q->before_id) : ms_admin_search_args(r, q);
}

apr_status_t ms_admin_search_run(request_rec *r, const ms_admin_search *q,
                                 apr_array_header_t **rows, const char **next)
{
    const apr_status_t rv = find(r, r->pool, q, rows);
    const ms_row *last = rv == APR_SUCCESS ? cut(*rows) : NULL;

    *next = last ? ms_admin_search_after(r, q, last) : NULL;
    return rv;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* Where the next page begins; the row is gone by then. */
static void go_on(ms_admin_search *at, const ms_row *last, char *id)
{
    at->before = time_of(at, last);
    apr_cpystrn(id, last->id, MS_ID_LEN + 1);
    at->before_id = id;
}

apr_status_t ms_admin_search_each(request_rec *r, const ms_admin_search *q, int most,
                                  const ms_admin_visitor *visitor, int *began)
{
    ms_admin_search at = *q;
    char before_id[MS_ID_LEN + 1];
    const ms_row *last;
    apr_array_header_t *rows;
    apr_pool_t *p;
    apr_status_t rv;

    *began = 0;
    apr_pool_create(&p, r->pool);
    do {
        apr_pool_clear(p);
        rv = find(r, p, &at, &rows);
        last = rv == APR_SUCCESS ? cut(rows) : NULL;
        if (rv == APR_SUCCESS && !*began) {
            *began = 1;
            visitor->begin(r, q);
        }
        for (int i = 0; rv == APR_SUCCESS && i < rows->nelts && most > 0; i++, most--) {
            visitor->row(r, p, q, APR_ARRAY_IDX(rows, i, const ms_row *));
        }
        if (last) {
            go_on(&at, last, before_id);
        }
    } while (last && most > 0 && !r->connection->aborted);
    apr_pool_destroy(p);
    return rv;
}
