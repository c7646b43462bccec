/* SPDX-License-Identifier: Apache-2.0 */
/*
 * managed-session-list: lists and revokes the sessions of the user, as a page and as JSON.
 */
#ifndef MS_SESSIONS_H
#define MS_SESSIONS_H

#include <httpd.h>
#include <jansson.h>
#include "db/store.h"

/* See router.c. */
int ms_sessions_get(request_rec *r);
int ms_sessions_post(request_rec *r);
int ms_sessions_patch(request_rec *r);
int ms_sessions_delete(request_rec *r);

/**
 * Before other sessions are ended or one is named: ManagedSessionConfirmAfter.
 * @return DECLINED: the sign-in is young enough; else the answer, which leads to another one
 */
int ms_sessions_confirm(request_rec *r);

/** The same for a sign-in of any age. after: seconds; 0: any is young enough. */
int ms_sessions_require_fresh(request_rec *r, apr_int64_t after);

/** ManagedSessionConfirmAfter where the request is, in seconds; 0: off. */
apr_int64_t ms_sessions_confirm_after(const request_rec *r);

/** The answer if ms_own_sessions_rename() returned other than APR_SUCCESS. */
int ms_sessions_refuse_name(request_rec *r, apr_status_t rv);

/** A session as JSON. current: the session of the request, or NULL. Owned by the caller. */
json_t *ms_sessions_model(request_rec *r, const ms_row *row, const ms_row *current);

/** Several of them as an array, for the user who is signed in. Owned by the caller. */
json_t *ms_sessions_models(request_rec *r, const apr_array_header_t *rows);

/** The same for sessions that are over: when and how each ended. */
json_t *ms_sessions_ended_models(request_rec *r, const apr_array_header_t *rows);

#endif
