/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cursor is the place of the last session of a part in the order of the list, so a part does not
 * move when sessions before it begin or end.
 */
#include "pages/list_json.h"

#include <string.h>
#include <apr_encode.h>
#include <apr_strings.h>
#include "core/clock.h"
#include "core/form.h"
#include "core/percent.h"
#include "core/token.h"
#include "core/utf8.h"
#include "pages/page.h"
#include "pages/page_body.h"
#include "pages/sessions.h"
#include "session/own_sessions.h"

#define LIMIT     100 /* sessions in one answer, unless ?limit= names another number */
#define LIMIT_MAX 200

typedef struct query {
    int ended;         /* ?state=ended */
    apr_int64_t limit; /* rows */
    /* Where the part before ended; after is NULL for the first part. */
    apr_int64_t at, created;
    const char *after;
} query;

/* ---- cursors --------------------------------------------------------------------------------- */

static const char *write_cursor(apr_pool_t *p, const query *q, apr_int64_t at, apr_int64_t created,
                                const char *id)
{
    const char *text = apr_psprintf(p, "%d.%" APR_INT64_T_FMT ".%" APR_INT64_T_FMT ".%s", q->ended,
                                    at, created, id);

    return apr_pencode_base64(p, text, APR_ENCODE_STRING, APR_ENCODE_BASE64URL, NULL);
}

/* A number and a dot. @return what follows; NULL: there is none */
static const char *read_number(const char *text, apr_int64_t *n)
{
    char *end;

    if (!text || *text < '0' || *text > '9') {
        return NULL;
    }
    *n = apr_strtoi64(text, &end, 10);
    return *end == '.' ? end + 1 : NULL;
}

static int read_cursor(apr_pool_t *p, const char *text, query *q)
{
    apr_size_t len = 0;
    apr_int64_t ended = 0;

    text = apr_pdecode_base64(p, text, APR_ENCODE_STRING, APR_ENCODE_NONE, &len);
    if (!text || strlen(text) != len) {
        return 0;
    }
    q->after = read_number(read_number(read_number(text, &ended), &q->at), &q->created);
    return q->after && ended == q->ended && ms_token_is_id(q->after, strlen(q->after));
}

/* ---- the query ------------------------------------------------------------------------------- */

static int read_state(const char *state, query *q)
{
    q->ended = state && strcmp(state, "ended") == 0;
    return !state || q->ended || strcmp(state, "live") == 0;
}

/* Digits only: strtol would also read blanks and a sign. */
static int read_limit(const char *limit, query *q)
{
    const apr_size_t digits = limit ? strspn(limit, "0123456789") : 0;

    if (!limit) {
        return 1;
    }
    q->limit = apr_atoi64(limit);
    return digits > 0 && !limit[digits] && q->limit >= 1 && q->limit <= LIMIT_MAX;
}

static int read_query(request_rec *r, query *q)
{
    const char *args = r->args ? r->args : "", *cursor;
    apr_table_t *fields;

    *q = (query){.limit = LIMIT};
    if (ms_form_parse(r->pool, args, strlen(args), &fields)) {
        return 0;
    }
    cursor = apr_table_get(fields, "cursor");
    return read_state(apr_table_get(fields, "state"), q) &&
           read_limit(apr_table_get(fields, "limit"), q) &&
           (!cursor || read_cursor(r->pool, cursor, q));
}

/* ---- a part ---------------------------------------------------------------------------------- */

/* One row more than wanted, which tells that there is another part. */
static apr_status_t read_rows(request_rec *r, const query *q, apr_array_header_t **rows)
{
    const ms_list_part live = {
        .limit = q->limit + 1, .after = q->after, .seen = q->at, .created = q->created};
    const ms_ended_part ended = {.limit = q->limit + 1, .before = q->at, .before_id = q->after};

    return q->ended ? ms_own_sessions_ended(r, &ended, rows) : ms_own_sessions_list(r, &live, rows);
}

/* The current session is first and outside the order of the list: if it is the only row, the next
 * part begins at the top. */
static const char *cursor_after(request_rec *r, const query *q, const ms_row *last,
                                const ms_row *current)
{
    static const char before_all[] = "----------------------";

    if (q->ended) {
        return write_cursor(r->pool, q, last->expires_at, 0, last->id);
    }
    return strcmp(last->id, current->id) == 0
               ? write_cursor(r->pool, q, APR_INT64_MAX, APR_INT64_MAX, before_all)
               : write_cursor(r->pool, q, last->last_seen_at, last->created_at, last->id);
}

static const char *next_url(request_rec *r, const query *q, const char *list, const char *cursor)
{
    return apr_psprintf(r->pool, "%s?%slimit=%" APR_INT64_T_FMT "&cursor=%s",
                        ms_percent_encode(r->pool, list), q->ended ? "state=ended&" : "", q->limit,
                        cursor);
}

int ms_list_json_send(request_rec *r, const ms_row *current, const ms_list_path *path)
{
    const char *cursor = NULL;
    apr_array_header_t *rows;
    json_t *list;
    query q;

    if (!read_query(r, &q)) {
        return ms_page_bad_query(r);
    }
    if (read_rows(r, &q, &rows) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    if (rows->nelts > q.limit) {
        rows->nelts = (int)q.limit;
        cursor = cursor_after(r, &q, APR_ARRAY_IDX(rows, rows->nelts - 1, const ms_row *), current);
    }
    list = json_pack("{s:s, s:o}", "user", current->user, "sessions",
                     q.ended ? ms_sessions_ended_models(r, rows) : ms_sessions_models(r, rows));
    if (cursor) {
        json_object_set_new(list, "next", json_string(next_url(r, &q, path->list, cursor)));
    }
    return ms_page_send_json_tagged(r, list);
}

/* ---- one ------------------------------------------------------------------------------------- */

int ms_list_json_send_one(request_rec *r, const ms_row *current, const ms_list_path *path)
{
    const ms_row *row;
    json_t *model;

    if (ms_own_sessions_show(r, path->id, &row) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    if (!row) {
        return ms_page_refuse(r, MS_PROBLEM_NOT_FOUND);
    }
    model = ms_sessions_model(r, row, current);
    json_object_set_new(model, "user", json_string(row->user));
    return ms_page_send_json_tagged(r, model);
}

/* "name", and nothing else. @return whether it is a name, or null, which is "" */
static int read_name(const json_t *body, const char **name)
{
    const json_t *value = json_object_get(body, "name");

    *name = json_is_string(value) ? json_string_value(value) : "";
    return json_object_size(body) == 1 && (json_is_string(value) || json_is_null(value)) &&
           ms_utf8_length(*name) <= MS_NAME_MAX;
}

int ms_list_json_rename(request_rec *r, const ms_row *current, const ms_list_path *path)
{
    const json_t *body;
    const char *name;
    const int status = ms_page_body_json(r, current, &body);
    int renamed;
    apr_status_t rv;

    if (status != DECLINED) {
        return status;
    }
    if (!read_name(body, &name)) {
        return ms_page_refuse(r, MS_PROBLEM_BAD_NAME);
    }
    rv = ms_own_sessions_rename(r, path->id, name, &renamed);
    if (rv != APR_SUCCESS) {
        return ms_sessions_refuse_name(r, rv);
    }
    return renamed ? ms_list_json_send_one(r, current, path)
                   : ms_page_refuse(r, MS_PROBLEM_NOT_FOUND);
}
