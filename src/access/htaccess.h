/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only the server's own configuration may allow sign-in, or show all sessions of a realm. The
 * author of an .htaccess file may be a user with a folder, who could otherwise become any user by
 * means of another password file.
 */
#ifndef MS_HTACCESS_H
#define MS_HTACCESS_H

#include <httpd.h>

/* What must not come from an .htaccess file; each includes those before it. */
typedef enum {
    MS_OWN_PASSWORDS, /* which passwords are right */
    MS_OWN_AUTH_TYPE, /* how another module finds the user */
    MS_OWN_REQUIRE    /* which users may enter */
} ms_own;

/**
 * Whether an .htaccess file that was read for this request has a directive about that. <Files>
 * sections count if they are for this file; <If> sections, which come after <Location>, always.
 * @return the name of the module whose directive it is; NULL: none
 */
const char *ms_htaccess_sets(request_rec *r, ms_own what);

/** Whether the handler of this request comes from an .htaccess file. */
int ms_htaccess_gives_handler(request_rec *r);

#endif
