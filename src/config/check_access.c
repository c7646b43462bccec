/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protected locations: a way to sign in, a Require line, and app passwords that are looked at.
 */
#include "config/check_access.h"

#include <string.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include "config/check_context.h"
#include "config/config.h"
#include "config/tree.h"

APLOG_USE_MODULE(managed_session);

/* ---- AuthType ManagedSession without ManagedSessionLoginURL ---------------------------------- */

static int leads_to_sign_in(const ms_check *c, const ap_directive_t *at, const ms_place *where)
{
    const int is_one =
        (ms_tree_is(at, "ManagedSessionLoginURL") && !ms_check_has_word(c, at, 0, "none")) ||
        (ms_tree_is(at, "ManagedSessionBackendLogin") && ms_check_has_word(c, at, 0, "On")) ||
        (ms_tree_is(at, "ErrorDocument") && ms_check_has_word(c, at, 0, "401"));

    return is_one && ms_check_touches(c, at, where);
}

static int is_without_sign_in(const ms_check *c, const ap_directive_t *at)
{
    const ms_place here = ms_check_place_of(c, at);

    return ms_check_is_our_auth_type(c, at) && !ms_check_is_own_page(c, at->parent) &&
           !ms_check_exists(c, &here, leads_to_sign_in) &&
           !ms_check_exists(c, &here, ms_check_allows_htaccess);
}

/* One line corrects all of them, so the first place is enough. */
static void check_login_urls(const ms_check *c)
{
    const ap_directive_t *at = ap_conftree;

    while (at && !is_without_sign_in(c, at)) {
        at = ms_tree_next(at);
    }
    if (at) {
        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, c->main_server,
                     "MS0151: AuthType " MS_AUTH_TYPE " at %s without ManagedSessionLoginURL: "
                     "signed-out visitors get 401 and no sign-in page; set "
                     "ManagedSessionLoginURL, for example to /login",
                     ms_check_where(c, at));
    }
}

/* ---- AuthType ManagedSession without Require ------------------------------------------------- */

/* "Require all" of a directory is about files, not users: Debian has it for / and /var/www. */
static int is_about_users(const ms_check *c, const ap_directive_t *at)
{
    return ms_tree_is(at, "Require") &&
           (!ms_check_has_word(c, at, 0, "all") || ms_check_is_in_location(at));
}

static int is_required(const ms_check *c, const ap_directive_t *at, const ms_place *where)
{
    return is_about_users(c, at) && ms_check_touches(c, at, where);
}

/* A Require line of the same section always counts. */
static int has_require(const ap_directive_t *section)
{
    for (const ap_directive_t *at = section ? section->first_child : NULL; at; at = at->next) {
        if (ms_tree_is(at, "Require")) {
            return 1;
        }
    }
    return 0;
}

static void check_require(const ms_check *c, const ap_directive_t *at)
{
    const ms_place here = ms_check_place_of(c, at);

    if (!has_require(at->parent) && !ms_check_exists(c, &here, is_required) &&
        !ms_check_exists(c, &here, ms_check_allows_htaccess)) {
        ap_log_error(
            APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, c->main_server,
            "MS0156: AuthType " MS_AUTH_TYPE " at %s without a Require line: httpd "
            "lets every visitor in, or responds with 500; write \"Require valid-user\" beside it",
            ms_check_where(c, at));
    }
}

/* ---- AuthBasicProvider with another provider before ours ------------------------------------- */

/* The lines of a section add to each other. */
static const char *first_provider(const ms_check *c, const ap_directive_t *section)
{
    const ap_directive_t *at = section ? section->first_child : NULL;

    while (at && !ms_tree_is(at, "AuthBasicProvider")) {
        at = at->next;
    }
    return at ? ms_tree_word(c->p, at, 0) : NULL;
}

static void check_provider_order(const ms_check *c, const ap_directive_t *at)
{
    const char *first = first_provider(c, at->parent), *word;

    for (int i = 0;
         first && strcmp(first, MS_AUTHN_PROVIDER) != 0 && (word = ms_tree_word(c->p, at, i));
         i++) {
        if (strcmp(word, MS_AUTHN_PROVIDER) == 0) {
            ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, c->main_server,
                         "MS0270: AuthBasicProvider at %s names " MS_AUTHN_PROVIDER
                         " after %s: that provider rejects the app passwords of its own users "
                         "before they are looked up; name " MS_AUTHN_PROVIDER " first",
                         ms_check_where(c, at), first);
            return;
        }
    }
}

void ms_check_access(const ms_check *c)
{
    check_login_urls(c);
    for (const ap_directive_t *at = ap_conftree; at; at = ms_tree_next(at)) {
        if (ms_check_is_our_auth_type(c, at) && !ms_check_is_own_page(c, at->parent)) {
            check_require(c, at);
        }
        if (ms_tree_is(at, "AuthBasicProvider")) {
            check_provider_order(c, at);
        }
    }
}
