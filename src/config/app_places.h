/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where app passwords count, as a page shows it to the user who has made one.
 */
#ifndef MS_APP_PLACES_H
#define MS_APP_PLACES_H

#include <httpd.h>

/** The paths (const char *) of the request's host whose <Location> names the provider in
 * AuthBasicProvider; patterns, <Directory> and .htaccess files have none that could be shown. */
apr_array_header_t *ms_app_places(request_rec *r);

#endif
