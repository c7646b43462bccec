/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sign-in page answers, whether a password was checked or another AuthType let the user
 * in. Functions that return int return what a content handler returns.
 */
#ifndef MS_LOGIN_FORM_H
#define MS_LOGIN_FORM_H

#include <httpd.h>

/* What the visitor typed; "" if nothing was. */
typedef struct ms_login_typed {
    const char *user;
    const char *password;
    const char *back; /* checked, see return_url.h; or NULL */
    int remember;
    const char *shown_form; /* see shown_form.h; not checked, or NULL */
} ms_login_typed;

/* Why the user was not signed in. */
typedef enum ms_login_failure {
    MS_LOGIN_WRONG,
    MS_LOGIN_LIMITED,
    MS_LOGIN_UNAVAILABLE,
    MS_LOGIN_BAD_NAME,
    MS_LOGIN_TOO_MANY_DEVICES,
    MS_LOGIN_BAD_FORM,
    MS_LOGIN_PLAIN_HTTP,
    MS_LOGIN_BUSY,
    MS_LOGIN_TOO_OFTEN
} ms_login_failure;

/** A value in the request's query; NULL: none, or the query cannot be read. */
const char *ms_login_form_query(request_rec *r, const char *name);

/** The checked "return" of the query, or NULL. */
const char *ms_login_form_back(request_rec *r);

/** A URL with one more parameter, escaped, in p. */
const char *ms_login_form_add_query(apr_pool_t *p, const char *url, const char *name,
                                    const char *value);

/** The sign-in page's URL with "return". As the page of an error it stands at another address. */
const char *ms_login_form_own_url(request_rec *r, const char *back);

/** Show the form. typed: what it repeats. */
int ms_login_form_show(request_rec *r, const ms_login_typed *typed);

/** Redirect to the site's own page. error: the word of docs/pages.md; NULL: none. */
int ms_login_form_go_to_own_page(request_rec *r, const char *error, const char *back);

/** Answer with the reason: the form, a message, or the site's own page. */
int ms_login_form_fail(request_rec *r, ms_login_failure why, const ms_login_typed *typed);

/** Begin the session of a user who was let in, and lead on; or answer with the reason. */
int ms_login_form_finish(request_rec *r, const ms_login_typed *who, const char *method);

#endif
