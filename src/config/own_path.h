/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the configuration has placed a page: httpd does not tell a handler the path of the
 * <Location> that it stands in.
 */
#ifndef MS_OWN_PATH_H
#define MS_OWN_PATH_H

#include <httpd.h>

/**
 * The path of the <Location> that gives this request that handler, the longest one if there are
 * several, as it is written. r->uri is that path or below it.
 * @return in r->pool; NULL: another section does, or a pattern
 */
const char *ms_own_path(request_rec *r, const char *handler);

/**
 * The path of the first <Location> that gives requests to this server that handler, as it is
 * written: without the slash at its end, if it has one, it would be another place.
 * @return NULL: no <Location> does, or only those with a pattern
 */
const char *ms_own_path_elsewhere(request_rec *r, const char *handler);

#endif
