/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of the event log. Jansson escapes names and User-Agents, which could otherwise forge a
 * line. event_log.c writes the lines to their file or program.
 */
#include "session/events.h"

#include <string.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <jansson.h>
#include <mod_watchdog.h>
#include "core/clock.h"
#include "config/config.h"
#include "config/runtime.h"
#include "http/counters.h"
#include "core/device.h"
#include "session/event_log.h"
#include "core/refusals.h"
#include "core/sha256.h"
#include "core/utf8.h"
#include "core/token.h"
#include "core/version.h"

APLOG_USE_MODULE(managed_session);

#define SCHEMA_VERSION 1
#define AGENT_MAX      256 /* characters */
#define WATCHDOG       "_managed_session_events_"

/* Process-wide, set at start: the table of refusals. NULL: each refusal is written. */
static void *refusals;

ms_event ms_event_of(const char *name, const char *user, const char *id)
{
    const ms_event event = {.name = name, .user = user, .id = id, .count = -1, .new_device = -1};

    return event;
}

/* ---- open -------------------------------------------------------------------------------------
 */

static ms_event_log *find_open(const server_rec *main_server, const server_rec *until,
                               const char *target)
{
    for (const server_rec *s = main_server; s && s != until; s = s->next) {
        ms_event_log *open = ms_runtime_get(s)->events;

        if (open && strcmp(ms_event_log_target(open), target) == 0) {
            return open;
        }
    }
    return NULL;
}

static int open_log_of(apr_pool_t *pconf, const server_rec *main_server, server_rec *s)
{
    const char *target = ms_server_conf_get(s)->event_log;
    ms_event_log **events = &ms_runtime_get(s)->events;
    apr_status_t rv;

    *events = NULL;
    if (!target) {
        return OK;
    }
    *events = find_open(main_server, s, target);
    if (*events) {
        return OK;
    }
    rv = ms_event_log_open(events, pconf, target);
    if (rv != APR_SUCCESS) {
        ap_log_error(
            APLOG_MARK, APLOG_STARTUP | APLOG_ERR, rv, s,
            "mod_managed_session: ManagedSessionEventLog \"%s\" cannot be opened for writing",
            target);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}

int ms_events_open(apr_pool_t *pconf, server_rec *main_server)
{
    for (server_rec *s = main_server; s; s = s->next) {
        const int rv = open_log_of(pconf, main_server, s);

        if (rv != OK) {
            return rv;
        }
    }
    return OK;
}

int ms_events_wanted(const server_rec *s)
{
    return ms_runtime_get(s)->events != NULL;
}

/* ---- write ------------------------------------------------------------------------------------
 */

static void set_text(json_t *line, const char *key, const char *text)
{
    if (text) {
        json_object_set_new(line, key, json_string(text));
    }
}

static json_t *common(server_rec *s, apr_pool_t *p, const ms_event *event)
{
    json_t *line = json_object();

    json_object_set_new(line, "v", json_integer(SCHEMA_VERSION));
    set_text(line, "version", MS_VERSION);
    set_text(line, "time", ms_clock_rfc3339(p, ms_clock_now()));
    set_text(line, "event", event->name);
    set_text(line, "host", s->server_hostname);
    set_text(line, "realm", ms_server_conf_get(s)->realm);
    if (event->user) {
        set_text(line, "user", ms_utf8_storable(p, event->user, 255));
    }
    set_text(line, "session", event->id);
    set_text(line, "method", event->method);
    if (event->by_user) { /* set by another module, so it may be any text */
        set_text(line, "by_user", ms_utf8_storable(p, event->by_user, 255));
    }
    set_text(line, "by_session", event->by_session);
    set_text(line, "scope", event->scope);
    set_text(line, "of_ip", event->of_ip);
    set_text(line, "reason", event->reason);
    if (event->count >= 0) {
        json_object_set_new(line, "count", json_integer(event->count));
    }
    if (event->new_device >= 0) {
        json_object_set_new(line, "new_device", json_boolean(event->new_device));
    }
    return line;
}

static void add_request(json_t *line, request_rec *r)
{
    const char *agent =
        ms_utf8_storable(r->pool, apr_table_get(r->headers_in, "User-Agent"), AGENT_MAX);
    ms_device device;

    ms_device_name(r->pool, agent, &device);
    set_text(line, "ip", r->useragent_ip);
    set_text(line, "user_agent", agent);
    set_text(line, "device", device.name);
}

static char *as_text(apr_pool_t *p, const json_t *line)
{
    char *text = json_dumps(line, JSON_COMPACT), *whole = NULL;

    if (text) {
        whole = apr_pstrcat(p, text, "\n", NULL);
        free(text);
    }
    return whole;
}

/* If the line is too long to be written whole, the User-Agent is left out. */
static void put(server_rec *s, apr_pool_t *p, json_t *line)
{
    const char *text = as_text(p, line);

    if (text && strlen(text) > MS_EVENT_LINE_MAX) {
        json_object_del(line, "user_agent");
        text = as_text(p, line);
    }
    if (text) {
        ms_event_log_write(ms_runtime_get(s)->events, s, text);
    }
    json_decref(line);
}

/* ", label value", or "" if there is no value. */
static const char *phrase(apr_pool_t *p, const char *label, const char *value)
{
    return value ? apr_pstrcat(p, ", ", label, value, NULL) : "";
}

static void log_in_words(request_rec *r, const ms_event *event)
{
    const char *count =
        event->count >= 0 ? apr_psprintf(r->pool, "%" APR_INT64_T_FMT, event->count) : NULL;

    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "%s: user \"%s\"%s%s%s%s%s%s%s", event->name,
                  event->user ? event->user : "", phrase(r->pool, "address ", event->of_ip),
                  phrase(r->pool, "session ", event->id), phrase(r->pool, "method ", event->method),
                  phrase(r->pool, "by user ", event->scope ? event->by_user : NULL),
                  phrase(r->pool, "by session ", event->by_session),
                  phrase(r->pool, "count ", count), phrase(r->pool, "", event->reason));
}

/* ---- summaries --------------------------------------------------------------------------------
 */

static void put_summary(apr_pool_t *p, const ms_refusal *due)
{
    ms_event event = ms_event_of(due->name, due->user, NULL);
    server_rec *s = (server_rec *)due->server;
    json_t *line;

    if (!due->count || !ms_events_wanted(s)) {
        return;
    }
    event.method = *due->method ? due->method : NULL;
    event.reason = due->reason;
    event.count = due->count;
    line = common(s, p, &event);
    set_text(line, "ip", due->ip);
    put(s, p, line);
}

/* Never 0. */
static apr_uint64_t key_of_user(request_rec *r, const ms_event *event)
{
    const char *text = apr_pstrcat(r->pool, ms_server_conf_get(r->server)->realm, "\n",
                                   event->reason, "\n", event->user, NULL);

    return ms_sha256_key(r->pool, &(ms_sha256_part){text, strlen(text)}, 1);
}

/* Whether the event is the first of its key and period. The others are counted. */
static int is_first(request_rec *r, const ms_event *event)
{
    ms_refusal refusal = {.server = r->server, .name = event->name, .reason = event->reason}, due;
    int first;

    if (!event->period || !refusals) {
        return 1;
    }
    apr_cpystrn(refusal.user, event->user ? event->user : "", sizeof(refusal.user));
    apr_cpystrn(refusal.method, event->method ? event->method : "", sizeof(refusal.method));
    apr_cpystrn(refusal.ip, r->useragent_ip, sizeof(refusal.ip));
    first = ms_refusals_is_first(refusals, event->key ? event->key : key_of_user(r, event),
                                 ms_clock_now(), event->period, &refusal, &due);
    put_summary(r->pool, &due);
    return first;
}

/* Always APR_SUCCESS: after an error mod_watchdog does not call again. */
static apr_status_t put_due_summaries(int state, void *unused, apr_pool_t *p)
{
    apr_size_t at = 0;
    ms_refusal due;

    (void)unused;
    while (state == AP_WATCHDOG_STATE_RUNNING &&
           ms_refusals_next_due(refusals, ms_clock_now(), &at, &due)) {
        apr_pool_t *scratch;

        apr_pool_create(&scratch, p);
        put_summary(scratch, &due);
        apr_pool_destroy(scratch);
    }
    return APR_SUCCESS;
}

/* Without mod_watchdog a summary is written before the next refusal of its key. */
static void watch(apr_pool_t *pconf)
{
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) *get =
        APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) *add =
        APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
    ap_watchdog_t *watchdog;

    if (get && add && get(&watchdog, WATCHDOG, 0, 1, pconf) == APR_SUCCESS) {
        add(watchdog, apr_time_from_sec(1), NULL, put_due_summaries);
    }
}

void ms_events_post_config(apr_pool_t *pconf, server_rec *main_server)
{
    apr_shm_t *shm = NULL;
    int wanted = 0;

    for (const server_rec *s = main_server; s; s = s->next) {
        wanted |= ms_events_wanted(s);
    }
    refusals = NULL;
    if (wanted && apr_shm_create(&shm, ms_refusals_size(), NULL, pconf) == APR_SUCCESS) {
        refusals = memset(apr_shm_baseaddr_get(shm), 0, ms_refusals_size());
        watch(pconf);
    }
}

/* ---- events -----------------------------------------------------------------------------------
 */

void ms_event_write(request_rec *r, const ms_event *event)
{
    if (!is_first(r, event)) {
        return;
    }
    log_in_words(r, event);
    if (ms_events_wanted(r->server)) {
        json_t *line = common(r->server, r->pool, event);

        add_request(line, r);
        put(r->server, r->pool, line);
    }
}

void ms_event_write_server(server_rec *s, apr_pool_t *p, const ms_event *event)
{
    if (ms_events_wanted(s)) {
        put(s, p, common(s, p, event));
    }
}
