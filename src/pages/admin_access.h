/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the administrator's page may be used at all where it is: only if the server's own
 * configuration requires a user there.
 */
#ifndef MS_ADMIN_ACCESS_H
#define MS_ADMIN_ACCESS_H

#include <httpd.h>

/** Before any function of the page, see router.c. DECLINED: go on; else the answer, 403. */
int ms_admin_access_check(request_rec *r);

#endif
