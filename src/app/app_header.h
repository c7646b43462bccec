/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A header of an application's response that is for this module, and never for the client.
 */
#ifndef MS_APP_HEADER_H
#define MS_APP_HEADER_H

#include <httpd.h>

typedef struct ms_app_header {
    const char *name;
    const char *value; /* of the last one; NULL if there is none */
    int n;             /* how often it was sent */
} ms_app_header;

/** Remove the header from the response. Values are in r->pool. */
ms_app_header ms_app_header_take(request_rec *r, const char *name);

/** Log why a header has no effect. */
void ms_app_header_ignore(request_rec *r, const char *name, const char *why);

#endif
