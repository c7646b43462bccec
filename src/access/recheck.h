/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decisions that need to know what httpd's Require lines would decide: these functions run httpd's
 * own access hooks again, from inside a hook.
 */
#ifndef MS_RECHECK_H
#define MS_RECHECK_H

#include <httpd.h>

/**
 * Whether r->user is set because the configuration lets no request in without a user. False if an
 * optional session merely gives a user, and if "Satisfy Any" opens another way in.
 */
int ms_recheck_user_is_required(request_rec *r);

/* Hooks, named for their phase. */
int ms_recheck_on_access_checker_ex(request_rec *r);
int ms_recheck_on_auth_checker(request_rec *r);
int ms_recheck_on_fixups(request_rec *r);

#endif
