/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which session of a user has ended others of that user. The row of an ended session has no column
 * for it, so it is known for what this host has ended since httpd started, in memory of fixed size:
 * if that is full, the oldest is forgotten.
 */
#ifndef MS_ENDERS_H
#define MS_ENDERS_H

#include <httpd.h>

/** At start: the shared memory, if any server uses the module. */
void ms_enders_init(apr_pool_t *pconf, server_rec *main_server);

/**
 * Note that a session has just ended others.
 * @param id     of the session that ended them
 * @param since  epoch seconds, when that began
 */
void ms_enders_note(request_rec *r, const char *id, apr_int64_t since);

/** Whether a session has ended others at that time (epoch seconds), a second sooner or later. */
int ms_enders_has(request_rec *r, const char *id, apr_int64_t when);

#endif
