/* SPDX-License-Identifier: Apache-2.0 */
/*
 * managed-session-list: a user's own sessions, as a page and as JSON, and their end.
 */
#ifndef MS_SESSIONS_H
#define MS_SESSIONS_H

#include <httpd.h>
#include <jansson.h>
#include "db/store.h"

/* See router.c. */
int ms_sessions_get(request_rec *r);
int ms_sessions_post(request_rec *r);
int ms_sessions_delete(request_rec *r);

/** A session as JSON has it. current: the one that asks, or NULL. Owned by the caller. */
json_t *ms_session_model(request_rec *r, const ms_row *row, const ms_row *current);

/** Several of them as an array, for the user who is signed in. Owned by the caller. */
json_t *ms_session_models(request_rec *r, const apr_array_header_t *rows);

#endif
