/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines are written whole, by one write each, to a file opened for appending or to httpd's own
 * piped log, so that children do not mix theirs. A program that does not read makes the writer
 * wait: an event is never dropped. Jansson escapes whatever a name or a User-Agent might forge a
 * line with.
 */
#include "events.h"

#include <string.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <jansson.h>
#include "config.h"
#include "counters.h"
#include "device.h"
#include "session.h"
#include "text.h"

APLOG_USE_MODULE(managed_session);

#define SCHEMA_VERSION 1
#define AGENT_MAX      256 /* characters: with all else a line stays below what a pipe takes whole */

struct ms_event_log {
    const char *target;
    apr_file_t *file;
};

ms_event ms_event_of(const char *name, const char *user, const char *id)
{
    const ms_event event = {name, user, id, NULL, NULL, NULL, NULL, -1, -1, NULL, NULL};

    return event;
}

/* ---- open -------------------------------------------------------------------------------------
 */

static apr_file_t *open_target(apr_pool_t *p, server_rec *s, const char *target)
{
    const char *path;
    apr_file_t *file = NULL;
    apr_status_t rv;

    if (target[0] == '|') {
        piped_log *pipe = ap_open_piped_log(p, target + 1);

        return pipe ? ap_piped_log_write_fd(pipe) : NULL;
    }
    path = ap_server_root_relative(p, target);
    rv = path ? apr_file_open(&file, path, APR_WRITE | APR_APPEND | APR_CREATE | APR_LARGEFILE,
                              APR_UREAD | APR_UWRITE | APR_GREAD, p)
              : APR_EBADPATH;
    if (rv != APR_SUCCESS) {
        ap_log_error(
            APLOG_MARK, APLOG_STARTUP | APLOG_ERR, rv, s,
            "mod_managed_session: ManagedSessionEventLog \"%s\" cannot be opened for writing",
            target);
        return NULL;
    }
    return file;
}

static ms_event_log *find_open(const server_rec *main_server, const server_rec *until,
                               const char *target)
{
    for (const server_rec *s = main_server; s && s != until; s = s->next) {
        const ms_server_conf *conf = ms_server_conf_get(s);

        if (conf->events && strcmp(conf->events->target, target) == 0) {
            return conf->events;
        }
    }
    return NULL;
}

int ms_events_open(apr_pool_t *pconf, server_rec *main_server)
{
    for (server_rec *s = main_server; s; s = s->next) {
        ms_server_conf *conf = ms_server_conf_get(s);

        conf->events = NULL;
        if (!conf->event_log) {
            continue;
        }
        conf->events = find_open(main_server, s, conf->event_log);
        if (!conf->events) {
            ms_event_log *log = apr_pcalloc(pconf, sizeof(*log));

            log->target = conf->event_log;
            log->file = open_target(pconf, s, conf->event_log);
            if (!log->file) {
                return HTTP_INTERNAL_SERVER_ERROR;
            }
            conf->events = log;
        }
    }
    return OK;
}

int ms_events_wanted(const server_rec *s)
{
    return ms_server_conf_get(s)->events != NULL;
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
    set_text(line, "time", ms_text_time(p, ms_now()));
    set_text(line, "event", event->name);
    set_text(line, "host", s->server_hostname);
    set_text(line, "realm", ms_server_conf_get(s)->realm);
    if (event->user) {
        set_text(line, "user", ms_text_storable(p, event->user, 255));
    }
    set_text(line, "session", event->id);
    set_text(line, "method", event->method);
    if (event->by_user) { /* another module's word, so it may be anything */
        set_text(line, "by_user", ms_text_storable(p, event->by_user, 255));
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
        ms_text_storable(r->pool, apr_table_get(r->headers_in, "User-Agent"), AGENT_MAX);
    ms_device device;

    ms_device_name(r->pool, agent, &device);
    set_text(line, "ip", r->useragent_ip);
    set_text(line, "user_agent", agent);
    set_text(line, "device", device.name);
}

static void put(server_rec *s, apr_pool_t *p, json_t *line)
{
    char *text = json_dumps(line, JSON_COMPACT);
    apr_status_t rv = APR_ENOMEM;

    if (text) {
        const char *whole = apr_pstrcat(p, text, "\n", NULL);

        rv = apr_file_write_full(ms_server_conf_get(s)->events->file, whole, strlen(whole), NULL);
        free(text);
    }
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, s, "MS0061: an event could not be written to %s",
                     ms_server_conf_get(s)->events->target);
    }
    json_decref(line);
}

/* ", label value", or nothing where there is no value. */
static const char *phrase(apr_pool_t *p, const char *label, const char *value)
{
    return value ? apr_pstrcat(p, ", ", label, value, NULL) : "";
}

void ms_event_write(request_rec *r, const ms_event *event)
{
    const char *count =
        event->count >= 0 ? apr_psprintf(r->pool, "%" APR_INT64_T_FMT, event->count) : NULL;

    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "%s: user \"%s\"%s%s%s%s%s%s%s", event->name,
                  event->user ? event->user : "", phrase(r->pool, "address ", event->of_ip),
                  phrase(r->pool, "session ", event->id), phrase(r->pool, "method ", event->method),
                  phrase(r->pool, "by user ", event->scope ? event->by_user : NULL),
                  phrase(r->pool, "by session ", event->by_session),
                  phrase(r->pool, "count ", count), phrase(r->pool, "", event->reason));
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
