/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of the list that says which sessions of the user are over, and how they ended.
 */
#ifndef MS_ENDED_H
#define MS_ENDED_H

#include <httpd.h>
#include <jansson.h>
#include <apr_tables.h>

/** The last ones that ended, a few of the last 30 days: an array of const ms_row *. See
 * ms_own_sessions_ended(). */
apr_status_t ms_ended_read(request_rec *r, apr_array_header_t **rows);

/**
 * Add them to the model of the page, and how many sign-ins with the user's name have failed:
 * "over", if there is any.
 * @param rows  of ms_ended_read()
 * @param live  sessions of the user; from one of these others may have been ended
 */
void ms_ended_add(request_rec *r, json_t *model, const apr_array_header_t *rows,
                  const apr_array_header_t *live);

/**
 * What the user knows a session by that has just ended: its name, or the device in words.
 * @param id  from a URL
 * @return NULL: it is none of the user's, or ended long ago
 */
const char *ms_ended_just_now(request_rec *r, const apr_array_header_t *rows, const char *id);

#endif
