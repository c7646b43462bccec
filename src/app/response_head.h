/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of an HTTP/1 response as bytes (RFC 9112): status line, header lines and an empty line.
 */
#ifndef MS_RESPONSE_HEAD_H
#define MS_RESPONSE_HEAD_H

#include <apr_buckets.h>

/** The status of the head that text begins with (RFC 9112, section 4); 0: more bytes are needed;
 * -1: it does not begin with a head. */
int ms_response_head_status(const char *text, apr_size_t len);

/** The length of the head up to the end of its empty line; 0: that has not arrived. */
apr_size_t ms_response_head_length(const char *text, apr_size_t len);

/**
 * Append a head to out, without our headers and without Set-Cookie of our cookie.
 * @param p       for copies; destroyed by the caller
 * @param len     see ms_response_head_length()
 * @param cookie  the name of our cookie
 * @param closes  replace Connection and Keep-Alive by "Connection: close"
 */
void ms_response_head_copy(apr_bucket_brigade *out, apr_pool_t *p, const char *head, apr_size_t len,
                           const char *cookie, int closes);

#endif
