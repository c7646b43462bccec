/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ManagedSessionLoginLimit: how many sign-ins may fail for one user name, and from one client (an
 * IPv4 address, or an IPv6 /64). Counted on all children of a host together, and from zero after a
 * restart.
 *
 * A user name has several budgets, so that an attacker who uses one up does not lock the user out:
 * one for each live session of the user that a request presents; else one for all clients; and when
 * that is used up, one for each network (a /24 or /64) in which the user has had a session. Each is
 * closed after 100 failures in a row, too.
 *
 * Spellings that ms_name_fold() holds equal share these budgets, since a provider may find one
 * account by all of them. Another provider compares bytes, and "Alice" and "alice" are two users
 * there. So success returns to a budget only what the same spelling has used of it: otherwise Alice
 * could guess alice's password without limit, and sign in as Alice after every few guesses. What
 * other spellings used drains.
 */
#ifndef MS_SIGN_IN_LIMIT_H
#define MS_SIGN_IN_LIMIT_H

#include <httpd.h>
#include "core/throttle.h"

/** At start: the shared memory, if any server uses the module. Without it sign-ins are not limited,
 * which is logged. */
void ms_sign_in_limit_init(apr_pool_t *pconf, server_rec *main_server);

/**
 * A hash under a key of this run of httpd, so that a client cannot choose names that share one.
 * @param kind  keeps the hashes of different uses apart; the realm does, too
 * @return never 0
 */
apr_uint64_t ms_sign_in_limit_hash(request_rec *r, const char *kind, const char *text);

/** One attempt; filled in by ms_sign_in_limit_take(). Each a key of the tables, or 0: not counted.
 */
typedef struct ms_sign_in_ticket {
    apr_uint64_t client;   /* address */
    apr_uint64_t late;     /* the same, to be counted only if it was wrong */
    apr_uint64_t user;     /* the budget of the name for all clients, which success renews */
    apr_uint64_t bucket;   /* the budget that this attempt was counted in */
    apr_uint64_t spelling; /* with the key of a budget: what this spelling has used of it */
    apr_uint64_t name;     /* for ms_sign_in_limit_failures() */
    apr_uint64_t full;     /* if it was refused: the one that was over the limit */
} ms_sign_in_ticket;

/**
 * Before a password is checked: count it as wrong.
 * @param user  as typed; spellings that ms_name_fold() holds equal count as one; NULL: not known,
 *              so that only the client is counted
 * @return 0: go on; else the seconds after which another attempt may succeed, and nothing is
 * counted
 */
apr_int64_t ms_sign_in_limit_take(request_rec *r, const char *user, ms_sign_in_ticket *attempt);

/**
 * The same for a password that another module checks. The client is counted only by
 * ms_sign_in_limit_was_wrong(), since a browser sends the right password with several requests at
 * once.
 */
apr_int64_t ms_sign_in_limit_take_late(request_rec *r, const char *user,
                                       ms_sign_in_ticket *attempt);

/** After ms_sign_in_limit_take_late(): it was wrong. */
void ms_sign_in_limit_was_wrong(request_rec *r, const ms_sign_in_ticket *attempt);

/** It was right: the budgets of the name get back what this spelling has used, and the attempt no
 * longer counts for the client.
 */
void ms_sign_in_limit_was_right(request_rec *r, const ms_sign_in_ticket *attempt);

/** A sign-in with this name has failed; spellings are as above. user: NULL: not known. */
void ms_sign_in_limit_count_failure(request_rec *r, const char *user);

/**
 * How many sign-ins with a user's name have failed since the last one that was right: on this host,
 * since it was started, also with ManagedSessionLoginLimit 0.
 * @param last  out: when the last one failed, in epoch seconds; unchanged if none has
 */
int ms_sign_in_limit_failures(request_rec *r, const char *user, apr_int64_t *last);

/** The result is not known: take the attempt back. */
void ms_sign_in_limit_was_nothing(request_rec *r, const ms_sign_in_ticket *attempt);

/**
 * Before a session begins: sign-ins that succeed are limited, too, to 60 a minute for each user, so
 * that one account cannot fill the table. ManagedSessionLoginLimit 0 switches this off as well.
 * @param user  of the session, byte for byte: another spelling may be another user
 * @param key   out: for ms_sign_in_limit_give_session_back()
 * @return 0: it is counted; else the seconds after which another one may begin
 */
apr_int64_t ms_sign_in_limit_take_session(request_rec *r, const char *user, apr_uint64_t *key);

/** No session began after all. */
void ms_sign_in_limit_give_session_back(apr_uint64_t key);

/**
 * Before the row of an app password is inserted: a user may make 60 a minute, or as many as
 * ManagedSessionAppLimit allows if that is more. A loop that makes and ends them would fill the
 * table with ended rows, and the feed of all hosts. ManagedSessionLoginLimit 0 switches this off as
 * well.
 * @param user  of the session
 * @param key   out: for ms_sign_in_limit_give_app_back()
 * @return 0: it is counted; else the seconds after which another one may be made
 */
apr_int64_t ms_sign_in_limit_take_app(request_rec *r, const char *user, apr_uint64_t *key);

/** It was not inserted. */
void ms_sign_in_limit_give_app_back(request_rec *r, apr_uint64_t key);

/**
 * Whether a log line may be written; counts it.
 * @param what  kind of line
 * @param who   what the rate is for, such as an address; of all together there may be 50 a second
 */
int ms_sign_in_limit_may_log(request_rec *r, const char *what, const char *who,
                             const ms_rate *rate);

#endif
