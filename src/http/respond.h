/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that need no page and no configuration: a status, a redirect, and the headers that keep
 * an answer out of caches and frames. Functions that return int return what a hook or a content
 * handler returns to httpd. The built-in pages (pages/page.h) send the same headers.
 */
#ifndef MS_RESPOND_H
#define MS_RESPOND_H

#include <httpd.h>

#define MS_RETRY_AFTER 5 /* seconds, for Retry-After while the database does not respond */

/** Set Retry-After (RFC 9110, 10.2.3) on the response, also if httpd makes it an error page. */
void ms_respond_retry_after(request_rec *r, apr_int64_t seconds);

/** Let no cache keep the response, also if httpd makes it an error page. */
void ms_respond_no_store(request_rec *r);

/** If the request has a body, close the connection after the response. Otherwise httpd reads the
 * whole body first, to find the next request behind it. */
void ms_respond_leave_body_unread(request_rec *r);

/**
 * Reject a request whose body was not read; no cache keeps the response.
 * @param wait  seconds for Retry-After; 0: without that header
 * @return status
 */
int ms_respond_refuse(request_rec *r, int status, apr_int64_t wait);

/** 303 (RFC 9110, 15.4.4), which no cache keeps. The caller has checked the URL. */
int ms_respond_redirect(request_rec *r, const char *url);

/**
 * Set the headers of a page of our own: no cache, no frame, no sniffing, no compression (a
 * compressed page would reveal its form's token, BREACH).
 * @param t       r->headers_out or, for a response that httpd makes from a status,
 *                r->err_headers_out; they are removed from the other one
 * @param policy  the Content-Security-Policy
 * @param opener  the Cross-Origin-Opener-Policy; NULL: without that header
 */
void ms_respond_set_headers(request_rec *r, apr_table_t *t, const char *policy, const char *opener);

/** A status of a page of our own, with the headers above and without any content of ours. */
int ms_respond_status(request_rec *r, int status);

#endif
