/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ManagedSessionLoginLimit: how many wrong passwords there may be for one user name, and from one
 * client (an IPv4 address, or an IPv6 /64). Counted on all children of a host together, and anew
 * after a restart.
 */
#ifndef MS_LOGIN_LIMIT_H
#define MS_LOGIN_LIMIT_H

#include <httpd.h>

/** At start: the shared memory, if any server uses the module. Without it sign-ins are not limited,
 * which is logged. */
void ms_login_limit_init(apr_pool_t *pconf, server_rec *main_server);

/** One attempt; filled in by ms_login_limit_take(). */
typedef struct ms_attempt {
    apr_uint64_t user;   /* hash of realm and name, or 0 where it is not counted */
    apr_uint64_t client; /* hash of the address, or 0 */
    apr_uint64_t full;   /* the one of these that was over the limit, or 0 */
} ms_attempt;

/**
 * Before a password is checked: count it as wrong.
 * @param user     as typed; spellings that ms_name_fold() holds equal count as one
 * @param current  the user of the live session that this request presents, or NULL: whoever is
 *                 signed in already is not locked out by what others try in her name
 * @return 0: go on; else the seconds after which another attempt may succeed
 */
apr_int64_t ms_login_limit_take(request_rec *r, const char *user, const char *current,
                                ms_attempt *attempt);

/** It was right: the name is forgotten, and the client given back what was counted. */
void ms_login_limit_was_right(request_rec *r, const ms_attempt *attempt);

/** Nobody could say whether it was right: as if it had not been made. */
void ms_login_limit_was_nothing(request_rec *r, const ms_attempt *attempt);

#endif
