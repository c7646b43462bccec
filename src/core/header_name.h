/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of request headers as applications read them. CGI, WSGI, PHP and others turn a name into a
 * variable (RFC 3875, 4.1.18), so that X-Remote-User, x_remote_user and X.Remote.User are one.
 * Knows apr only.
 */
#ifndef MS_HEADER_NAME_H
#define MS_HEADER_NAME_H

/**
 * Whether two names may be one to an application: letters and digits are compared without case, and
 * each run of other characters counts as one separator, at both ends as no separator.
 */
int ms_header_name_is_same(const char *a, const char *b);

/**
 * Whether the name belongs to HTTP itself or to the way a request takes: framing, routing, the
 * connection, conditions, credentials, cookies, and facts about the browser. A user name in
 * such a header would change what the request means, and clients need these headers for themselves.
 */
int ms_header_name_is_reserved(const char *name);

#endif
