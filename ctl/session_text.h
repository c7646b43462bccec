/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session as JSON, as a line of CSV and as words. The secret's hash is never among them.
 */
#ifndef MS_SESSION_TEXT_H
#define MS_SESSION_TEXT_H

#include <apr_pools.h>
#include <jansson.h>
#include "core/row.h"

/** "live", "ended" (on purpose) or "expired". */
const char *ms_session_text_state(const ms_row *row, apr_int64_t now);

/** When it ceased to be live: ended_at or expires_at. */
apr_int64_t ms_session_text_end(const ms_row *row);

/** The same fields as the JSON of the list of sessions has, and the end. Owned by the caller. */
json_t *ms_session_text_model(apr_pool_t *p, const ms_row *row, apr_int64_t now);

/** JSON on one line, in ASCII. model is released. */
const char *ms_session_text_json(apr_pool_t *p, json_t *model);

/** The first line of a CSV file, and a session's line, both with their line end (RFC 4180). */
const char *ms_session_text_csv_head(apr_pool_t *p);
const char *ms_session_text_csv(apr_pool_t *p, const ms_row *row, apr_int64_t now);

#endif
