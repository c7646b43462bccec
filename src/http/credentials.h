/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Authorization header of a request (RFC 9110, section 11.6.2).
 */
#ifndef MS_CREDENTIALS_H
#define MS_CREDENTIALS_H

#include <httpd.h>

/** What follows the name of the scheme; NULL: it is another scheme. credentials may be NULL. */
const char *ms_credentials_of_scheme(const char *credentials, const char *scheme);

/**
 * User and password of "Basic" (RFC 7617, section 2).
 * @param encoded   what follows "Basic"
 * @param user      out, in p
 * @param password  out, in p; NULL: there is no ":"
 */
void ms_credentials_decode_basic(apr_pool_t *p, const char *encoded, const char **user,
                                 const char **password);

#endif
