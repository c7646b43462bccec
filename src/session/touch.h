/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Record that a session was used: its last use and its idle timeout, in the table.
 */
#ifndef MS_TOUCH_H
#define MS_TOUCH_H

#include <httpd.h>
#include "config/config.h"

/** After the response: write the use of the session in force, if it is due. Never fails. */
void ms_touch(request_rec *r);

/** Whether the use must be written before the response: a download or a WebSocket may take as long
 * as the idle timeout. */
int ms_touch_is_urgent(request_rec *r);

/** When a session that was used now expires if it is not used again.
 * @param max_expires  its absolute end; epoch seconds, as all of these */
apr_int64_t ms_touch_expires(const ms_server_conf *conf, apr_int64_t now, apr_int64_t max_expires);

#endif
