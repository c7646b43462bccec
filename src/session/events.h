/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event log: one JSON object a line, in a file or to a program (docs/events.md), and a line at
 * info in the error log for each event, whether or not there is an event log.
 */
#ifndef MS_EVENTS_H
#define MS_EVENTS_H

#include <httpd.h>
#include "db/store.h"

#define MS_EVENT_PERIOD 300 /* seconds, for what has no period of its own */

typedef struct ms_event {
    const char *name;       /* "sign_in", see docs/events.md */
    const char *user;       /* the user of the session; NULL: none */
    const char *id;         /* which session, or NULL */
    const char *method;     /* how the user signed in, or NULL */
    const char *by_user;    /* who did it, if not the session itself; or NULL */
    const char *by_session; /* through which session, or NULL */
    const char *reason;     /* why, or NULL */
    apr_int64_t count;      /* of sessions or rows; negative: does not apply */
    int new_device;         /* 1, 0; negative: does not apply */
    const char *scope;  /* of an administrator's action: "one", "user", "ip", "realm"; or NULL */
    const char *of_ip;  /* the address whose sessions were revoked, or NULL */
    apr_int64_t period; /* seconds: after the first event of a key in a period the others are
                           one line with their count; 0: each event is written */
    apr_uint64_t key;   /* with a period: hash of what was over its limit; 0: of the user */
} ms_event;

/** An event with that name, of a user and session, in which nothing else applies. */
ms_event ms_event_of(const char *name, const char *user, const char *id);

/** Open the logs that servers are configured with; from open_logs. Logs errors.
 * @return OK, or an HTTP status. */
int ms_events_open(apr_pool_t *pconf, server_rec *main_server);

/** From post_config: have summaries written when their period has ended. */
void ms_events_post_config(apr_pool_t *pconf, server_rec *main_server);

/** Write an event of a request: its address, device and host are added. */
void ms_event_write(request_rec *r, const ms_event *event);

/** Write an event that has no request. */
void ms_event_write_server(server_rec *s, apr_pool_t *p, const ms_event *event);

/** Whether this server has an event log. */
int ms_events_wanted(const server_rec *s);

#endif
