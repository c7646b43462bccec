/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reset takes all that is on a connection. HTTP/1.1 has one request at a time on it. An HTTP/2
 * connection has the requests of one browser, or, if a proxy made it, of many: then the client's
 * address is not the connection's (mod_remoteip), and only the request itself is ended.
 */
#include "session/lifeline.h"

#include <string.h>
#include <apr_strings.h>
#include <http_connection.h>
#include <http_core.h>
#include <http_log.h>
#include "config/runtime.h"
#include "core/clock.h"
#include "http/limited_log.h"
#include "db/cached_store.h"
#include "http/counters.h"
#include "http/request_chain.h"
#include "session/events.h"
#include "session/open_requests.h"
#include "session/request_state.h"

APLOG_USE_MODULE(managed_session);

#define VERIFY_EVERY_MS 5000 /* if shared memory does not have all endings, of other hosts too */

/* ---- for the thread -------------------------------------------------------------------------- */

static apr_uint64_t endings(void *place, const char *id, const char *user)
{
    (void)place;
    return ms_cached_store_endings(id, user);
}

static apr_int64_t verify_every(void *place)
{
    const ms_server_conf *conf = ms_server_conf_get(place);
    const apr_int64_t limit =
        ms_cached_store_age_limit(ms_runtime_get(place)->store, conf->cache_ttl, conf->cache_life);

    return limit > conf->cache_ttl * 1000 ? limit : VERIFY_EVERY_MS; /* the feed is fresh */
}

static apr_int64_t expiry_in(const apr_array_header_t *rows, const char *id)
{
    for (int i = 0; i < rows->nelts; i++) {
        const ms_row *row = APR_ARRAY_IDX(rows, i, const ms_row *);

        if (strcmp(row->id, id) == 0) {
            return row->expires_at;
        }
    }
    return 0;
}

static apr_status_t look_up(void *place, ms_open_question *questions, int n, apr_pool_t *p)
{
    const ms_db_ctx ctx = {ms_runtime_get(place)->store, p, NULL, 1, 0};
    const char *ids[MS_OPEN_ASK_MAX];
    apr_array_header_t *rows;
    apr_status_t rv;

    for (int i = 0; i < n; i++) {
        ids[i] = questions[i].id;
    }
    rv = ms_store_find_any(&ctx, ids, n, ms_clock_now(), &rows);
    for (int i = 0; rv == APR_SUCCESS && i < n; i++) {
        questions[i].expires_at = expiry_in(rows, questions[i].id);
    }
    return rv;
}

static void notify(void *place, const char *id, const char *user, int n, apr_pool_t *p)
{
    server_rec *s = place;
    ms_event event = ms_event_of("connections_cut", user, id);

    event.count = n;
    ms_count(MS_COUNT_CUTS, n);
    ap_log_error(APLOG_MARK, APLOG_INFO, 0, s, "connections_cut: user \"%s\", session %s, count %d",
                 user, id, n);
    ms_event_write_server(s, p, &event);
}

_Static_assert(MS_OPEN_ASK_MAX <= MS_FIND_MANY_MAX, "one statement looks them all up");

static const ms_open_functions functions = {endings, verify_every, look_up, notify};

void ms_lifeline_child_init(apr_pool_t *pchild, server_rec *s)
{
    const apr_status_t rv = ms_open_requests_child_init(pchild, &functions);

    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, s,
                     "MS0215: cannot start the thread that cuts open connections: WebSockets, "
                     "streams, downloads and uploads outlive their session in this process");
    }
}

/* ---- requests -------------------------------------------------------------------------------- */

static conn_rec *client_connection(const request_rec *r)
{
    return r->connection->master ? r->connection->master : r->connection;
}

static int is_of_many_clients(const request_rec *r)
{
    return r->connection->master && strcmp(r->connection->client_ip, r->useragent_ip) != 0;
}

/* Whether the end of another request may reset this one's connection. */
static int may_be_reset(const request_rec *r)
{
    return r->connection->master && !is_of_many_clients(r);
}

static apr_status_t leave(void *open)
{
    ms_open_requests_leave(open);
    return APR_SUCCESS;
}

static apr_status_t release(void *requestv)
{
    const ms_request *request = requestv;

    ms_open_requests_release(request->held, request);
    return APR_SUCCESS;
}

static apr_status_t duplicate_client(request_rec *r, int *client)
{
    apr_status_t rv;

    *client = MS_NO_DUPLICATE;
    if (is_of_many_clients(r)) {
        return APR_SUCCESS;
    }
    rv = ms_duplicate_make(ap_get_conn_socket(client_connection(r)), client);
    if (rv != APR_SUCCESS) {
        char reason[120];

        ms_limited_log(r, MS_LOG_NO_DUPLICATE, APLOG_WARNING,
                       "MS0214: a request cannot be watched (%s): it stays open if its session "
                       "ends; if files are too many, raise the limit (ulimit -n)",
                       apr_strerror(rv, reason, sizeof(reason)));
    }
    return rv;
}

static apr_uint64_t endings_before(const ms_request *request)
{
    return request->row == request->found.row ? ms_cached_store_endings_before(&request->found) : 0;
}

static void enter(request_rec *r, ms_request *request, int client)
{
    request_rec *first = ms_request_chain_first(r);
    ms_open_request *open = apr_pcalloc(first->pool, sizeof(*open));

    open->place = first->server;
    open->shared = r->connection->master;
    open->id = request->row->id;
    open->user = request->row->user;
    open->expires_at = request->row->expires_at;
    open->endings = endings_before(request);
    open->client = client;
    open->application = MS_NO_DUPLICATE;
    request->open = open;
    ms_open_requests_enter(open);
    apr_pool_cleanup_register(first->pool, open, leave, apr_pool_cleanup_null);
}

void ms_lifeline_enter(request_rec *r)
{
    ms_request *request = ms_request_peek(r);
    int client;

    if (!request || request->open || ms_dir_conf_get(r)->cut_connections != 1 ||
        !ms_open_requests_are_watched() || !ms_request_session_of_user(r)) {
        return;
    }
    if (duplicate_client(r, &client) == APR_SUCCESS) {
        enter(r, request, client);
    }
}

void ms_lifeline_leave(request_rec *r)
{
    ms_request *request = ms_request_get(r);

    if (request->open) {
        apr_pool_cleanup_run(request->pool, request->open, leave);
        request->open = NULL;
    }
    if (!request->held && may_be_reset(r) && ms_open_requests_are_watched()) {
        request->held = r->connection->master;
        ms_open_requests_hold(request->held, request);
        apr_pool_cleanup_register(request->pool, request, release, apr_pool_cleanup_null);
    }
}

int ms_lifeline_is_entered(request_rec *r)
{
    const ms_request *request = ms_request_peek(r);

    return request && request->open;
}

static int is_in_state(request_rec *r, ms_open_state state)
{
    const ms_request *request = ms_request_peek(r);

    return request && request->open && ms_open_requests_state(request->open) == state;
}

int ms_lifeline_is_cut(request_rec *r)
{
    return is_in_state(r, MS_OPEN_CUT);
}

int ms_lifeline_is_closing(request_rec *r)
{
    return is_in_state(r, MS_OPEN_CLOSING);
}

int ms_lifeline_set_application(request_rec *r, apr_socket_t *socket, int closes)
{
    const ms_request *request = ms_request_peek(r);
    int application;

    if (!request || !request->open) {
        return 0;
    }
    if (ms_duplicate_make(socket, &application) == APR_SUCCESS) {
        ms_open_requests_set_application(request->open, application, closes);
    }
    return 1;
}

void ms_lifeline_forget_application(request_rec *r)
{
    const ms_request *request = ms_request_peek(r);

    if (request && request->open) {
        ms_open_requests_forget_application(request->open);
    }
}
