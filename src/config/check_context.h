/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the checks of the configuration share: places, and whether some directive applies there. A
 * check warns only if no directive can answer it: sections whose requests are not known here,
 * modules that map URLs by rules of their own and .htaccess files count as an answer.
 */
#ifndef MS_CHECK_CONTEXT_H
#define MS_CHECK_CONTEXT_H

#include <httpd.h>
#include <http_config.h>

typedef struct ms_check {
    apr_pool_t *p; /* scratch; what the functions return is allocated from it */
    const server_rec *main_server;
} ms_check;

/* A place of the configuration. */
typedef struct ms_place {
    const ap_directive_t *host; /* its <VirtualHost>; NULL: any */
    const char *path;           /* a URL path; NULL: any */
} ms_place;

/* Whether a directive is what a check looks for at a place. */
typedef int ms_check_fn(const ms_check *c, const ap_directive_t *at, const ms_place *where);

/** The place that a directive applies to. */
ms_place ms_check_place_of(const ms_check *c, const ap_directive_t *at);

/** "file:line" of a directive, for messages. */
const char *ms_check_where(const ms_check *c, const ap_directive_t *at);

/** Whether any directive of the configuration passes the test. */
int ms_check_exists(const ms_check *c, const ms_place *where, ms_check_fn *test);

/** Whether a directive may apply to requests for the place (ms_tree_may_apply()). */
int ms_check_applies(const ms_check *c, const ap_directive_t *at, const ms_place *where);

/** The same for the place and all paths below it. */
int ms_check_touches(const ms_check *c, const ap_directive_t *at, const ms_place *where);

/** Whether the argument of that number, from 0, is a word; letter case does not matter. */
int ms_check_has_word(const ms_check *c, const ap_directive_t *at, int n, const char *word);

/** Whether a name begins with one of these, which end with NULL; letter case does not matter. */
int ms_check_begins_with_any(const char *name, const char *const *beginnings);

/** Whether a directive stands in a <Location>. */
int ms_check_is_in_location(const ap_directive_t *at);

/** Whether it is AuthType ManagedSession. */
int ms_check_is_our_auth_type(const ms_check *c, const ap_directive_t *at);

/** Whether a directive may apply to a request. */
int ms_check_is_for_request(const ms_check *c, const request_rec *r, const ap_directive_t *at);

/** Whether it is SetHandler with that handler. */
int ms_check_is_handler(const ms_check *c, const ap_directive_t *at, const char *handler);

/** Whether a section is a sign-in or sign-out page; NULL is not. */
int ms_check_is_own_page(const ms_check *c, const ap_directive_t *section);

/* Tests for ms_check_exists(). */

/** Whether it allows .htaccess files, which may hold what is missing in the configuration. */
ms_check_fn ms_check_allows_htaccess;

/** Whether it makes requests of the place use sessions. */
ms_check_fn ms_check_uses_sessions;

#endif
