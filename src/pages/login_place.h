/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where sessions may begin.
 */
#ifndef MS_LOGIN_PLACE_H
#define MS_LOGIN_PLACE_H

#include <httpd.h>
#include "access/htaccess.h"

/** Whether a session may begin at this URL. how: how users are known there. If not, this is logged.
 */
int ms_login_place_allows(request_rec *r, ms_own how);

/** 403 with a page that says so. */
int ms_login_place_refuse(request_rec *r);

#endif
