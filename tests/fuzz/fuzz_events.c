/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of the event log: the texts of an event, one on each line, then a User-Agent. Each line is
 * one object of JSON, and fits where it is written as a whole.
 */
#include "fuzz.h"

#include <string.h>
#include <httpd.h>

#include <http_log.h>
#include <jansson.h>
#include "config/config.h"
#include "config/runtime.h"
#include "http/counters.h"
#include "session/event_log.h"
#include "session/events.h"

/* What httpd and the rest of the module do for events.c. */
module AP_MODULE_DECLARE_DATA managed_session_module;
static ms_runtime runtime;
static ms_server_conf conf = {.realm = "app.test"};
static void *configs[1];

ms_runtime *ms_runtime_get(const server_rec *s)
{
    (void)s;
    return &runtime;
}

void ms_count(ms_counter which, apr_int64_t n)
{
    (void)which, (void)n;
}

apr_status_t ms_event_log_open(ms_event_log **log, apr_pool_t *pconf, const char *target)
{
    (void)log, (void)pconf, (void)target;
    return APR_ENOTIMPL;
}

const char *ms_event_log_target(const ms_event_log *log)
{
    (void)log;
    return "";
}

/* The oracle. */
void ms_event_log_write(ms_event_log *log, const server_rec *s, const char *line)
{
    const apr_size_t len = strlen(line);
    json_t *read = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

    (void)log, (void)s;
    FUZZ_CHECK(json_is_object(read) && json_string_value(json_object_get(read, "event")));
    FUZZ_CHECK(len > 0 && strchr(line, '\n') == line + len - 1);
    FUZZ_CHECK(len <= MS_EVENT_LINE_MAX);
    json_decref(read);
}

void fuzz_one(apr_pool_t *p, const char *data, apr_size_t len)
{
    server_rec server = {.module_config = (ap_conf_vector_t *)configs, .server_hostname = "a.test"};
    conn_rec connection = {.pool = p};
    request_rec r = {
        .pool = p, .server = &server, .connection = &connection, .useragent_ip = "192.0.2.1"};
    ms_event event = ms_event_of("signed_in", NULL, NULL);
    const char *agent;

    configs[0] = &conf;
    runtime.events = (ms_event_log *)&runtime;
    event.user = fuzz_line(p, &data, &len);
    event.by_user = fuzz_line(p, &data, &len);
    event.method = fuzz_line(p, &data, &len);
    event.method = event.method && strlen(event.method) <= 32 ? event.method : "form";
    agent = fuzz_line(p, &data, &len);
    r.headers_in = apr_table_make(p, 1);
    apr_table_setn(r.headers_in, "User-Agent", agent ? agent : "");
    ms_event_write(&r, &event);
}
