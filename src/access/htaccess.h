/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions begin, and all of a realm's sessions are shown, only if the server's own configuration
 * says so. The author of an .htaccess file may be a user with a folder, and could otherwise be
 * anybody by a password file of his own.
 */
#ifndef MS_HTACCESS_H
#define MS_HTACCESS_H

#include <httpd.h>

/* What must not come from an .htaccess file; each includes those before it. */
typedef enum {
    MS_OWN_PASSWORDS, /* which passwords are right */
    MS_OWN_AUTH_TYPE, /* how another module finds the user */
    MS_OWN_REQUIRE    /* who may come */
} ms_own;

/**
 * Whether an .htaccess file that was read for this request has a directive on that. <Files>
 * sections count if they are for this file; <If> sections, which come after <Location>, always.
 * @return the name of the module whose directive it is; NULL: none
 */
const char *ms_htaccess_sets(request_rec *r, ms_own what);

/** Whether the handler of this request comes from an .htaccess file. */
int ms_htaccess_gives_handler(request_rec *r);

#endif
