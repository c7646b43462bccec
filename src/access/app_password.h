/* SPDX-License-Identifier: Apache-2.0 */
/*
 * App passwords as httpd's authentication knows them: the authn provider "managed-session" for
 * AuthBasicProvider, and Authorization: Bearer where ManagedSessionAppBearer is On. They open no
 * page of ours; managed-session-check lets apps in to another server's pages.
 */
#ifndef MS_APP_PASSWORD_H
#define MS_APP_PASSWORD_H

#include <httpd.h>

/** From register_hooks. */
void ms_app_password_register(apr_pool_t *p);

/** Whether the request's place names the provider in AuthBasicProvider. A browser's session counts
 * there, too, unless ManagedSession is Off. */
int ms_app_password_is_here(request_rec *r);

/** Whether the credentials of this request are for the other providers of such a place: they have
 * not the form of an app password. */
int ms_app_password_leaves_to_others(request_rec *r);

/**
 * Identify the client by its Bearer token, if that counts here and no session is in force. What is
 * wrong with it is kept for ms_app_password_refused().
 */
void ms_app_password_identify(request_rec *r);

/** The answer to a Bearer token that was refused, with its challenge; DECLINED: there was none. */
int ms_app_password_refused(request_rec *r);

/** AuthType Basic: the form for navigations, the answer to a wrong app password. Before
 * mod_auth_basic. */
int ms_app_password_on_check_authn(request_rec *r);

#endif
