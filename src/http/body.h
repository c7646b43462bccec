/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a request, up to a limit. form_body.h and json_body.h read what is in it.
 */
#ifndef MS_BODY_H
#define MS_BODY_H

#include <httpd.h>

#define MS_BODY_MAX 16384

/** Whether the request has a body. */
int ms_body_is_there(const request_rec *r);

/**
 * Read a body.
 * @param text  out: not NUL-terminated, in r->pool
 * @return OK; else the status to answer with: 413 over MS_BODY_MAX (refused unread if
 *         Content-Length is), 400 if it could not be read
 */
int ms_body_read(request_rec *r, char **text, apr_size_t *len);

/** Log why a body is refused. @return status */
int ms_body_refuse(request_rec *r, int status, const char *why);

#endif
