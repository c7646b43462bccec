/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of ManagedSessionCookieDomain: browsers reject a cookie whose domain is not that of the
 * host that sends it.
 */
#ifndef MS_CHECK_COOKIE_DOMAIN_H
#define MS_CHECK_COOKIE_DOMAIN_H

#include "config/check_context.h"

/** Warn of each ManagedSessionCookieDomain that no host it is for belongs to. */
void ms_check_cookie_domains(const ms_check *c);

#endif
