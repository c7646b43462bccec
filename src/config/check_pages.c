/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages: a name that the module knows; a page at the URLs that ManagedSessionLoginURL, LogoutURL
 * and ListURL name; for sign-in, a way to check passwords, and no handler of ours at the URL of
 * ManagedSessionLoginPage.
 */
#include "config/check_pages.h"

#include <string.h>
#include <apr_file_info.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include "config/check_context.h"
#include "config/config.h"
#include "config/tree.h"

APLOG_USE_MODULE(managed_session);

/* ---- a sign-in page without a provider ------------------------------------------------------- */

static int is_provider(const ms_check *c, const ap_directive_t *at, const ms_place *where)
{
    return ms_tree_is(at, "ManagedSessionAuthProvider") && ms_check_applies(c, at, where);
}

static int is_other_auth_type(const ms_check *c, const ap_directive_t *at, const ms_place *where)
{
    return ms_tree_is(at, "AuthType") && !ms_check_has_word(c, at, 0, MS_AUTH_TYPE) &&
           !ms_check_has_word(c, at, 0, "None") && ms_check_applies(c, at, where);
}

static int is_sign_in_on(const ms_check *c, const ap_directive_t *at, const ms_place *where)
{
    return ms_tree_is(at, "ManagedSessionSignIn") && ms_check_has_word(c, at, 0, "On") &&
           ms_check_applies(c, at, where);
}

static int can_sign_in(const ms_check *c, const ms_place *here)
{
    return ms_check_exists(c, here, is_provider) ||
           (ms_check_exists(c, here, is_sign_in_on) &&
            (ms_check_exists(c, here, is_other_auth_type) ||
             ms_check_exists(c, here, ms_check_allows_htaccess)));
}

static void check_provider(const ms_check *c, const ap_directive_t *at)
{
    const ms_place here = ms_check_place_of(c, at);

    if (can_sign_in(c, &here)) {
        return;
    }
    ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, c->main_server,
                 "MS0153: SetHandler " MS_HANDLER_LOGIN " at %s without a way to check "
                 "passwords: no user can sign in there; set ManagedSessionAuthProvider beside "
                 "it, for example to \"file\" with an AuthUserFile, or another AuthType with "
                 "ManagedSessionSignIn On",
                 ms_check_where(c, at));
}

/* ---- ManagedSessionLoginURL, LogoutURL, ListURL without a page ------------------------------- */

/* Directives that may map any URL, by rules that are not read here. */
static int maps_by_rules(const char *name)
{
    static const char *const names[] = {"RewriteRule",
                                        "FallbackResource",
                                        "VirtualDocumentRoot",
                                        "VirtualScriptAlias",
                                        "AliasMatch",
                                        "ScriptAliasMatch",
                                        "RedirectMatch",
                                        "ProxyPassMatch",
                                        "WSGI",
                                        "Passenger",
                                        "Jk",
                                        "Lua",
                                        "Perl",
                                        "uWSGI",
                                        NULL};

    return ms_check_begins_with_any(name, names);
}

/* Directives that name the path they map, unless a <Location> names it. */
static int maps_a_path(const char *name)
{
    static const char *const names[] = {"ProxyPass", "Alias", "ScriptAlias", "Redirect", NULL};

    return ms_check_begins_with_any(name, names) && ap_cstr_casecmp(name, "ProxyPassReverse") != 0;
}

static int names_a_path_around(const ms_check *c, const ap_directive_t *at, const char *path)
{
    const char *word;

    for (int i = 0; (word = ms_tree_word(c->p, at, i)); i++) {
        if (word[0] == '/' && ms_tree_is_below(path, word)) {
            return 1;
        }
    }
    return 0;
}

static int may_answer(const ms_check *c, const ap_directive_t *at, const ms_place *where)
{
    if (!ms_check_applies(c, at, where)) {
        return 0;
    }
    if (ms_tree_is(at, "SetHandler")) {
        return !ms_check_has_word(c, at, 0, "None") &&
               !ms_check_has_word(c, at, 0, "default-handler");
    }
    if (ms_tree_is(at, "AddHandler")) {
        return strchr(strrchr(where->path, '/'), '.') != NULL;
    }
    if (ms_tree_is(at, "UserDir")) {
        return where->path[1] == '~';
    }
    if (!maps_by_rules(at->directive) && maps_a_path(at->directive)) {
        return ms_check_is_in_location(at) || names_a_path_around(c, at, where->path);
    }
    return maps_by_rules(at->directive) ||
           (ms_tree_is(at, "ManagedSessionBackendLogin") && ms_check_has_word(c, at, 0, "On"));
}

/* A file of this name, also with an extension that MultiViews would add. */
static int is_file(const ms_check *c, const char *root, const char *path)
{
    const char *whole = apr_pstrcat(c->p, root, path, NULL), *base = strrchr(whole, '/') + 1;
    apr_finfo_t found;
    apr_dir_t *dir;
    int is_there = 0;

    if (apr_dir_open(&dir, apr_pstrmemdup(c->p, whole, (apr_size_t)(base - whole)), c->p) !=
        APR_SUCCESS) {
        return 0;
    }
    while (!is_there && apr_dir_read(&found, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        is_there = strncmp(found.name, base, strlen(base)) == 0;
    }
    apr_dir_close(dir);
    return is_there;
}

static int is_file_of_any_server(const ms_check *c, const char *path)
{
    for (const server_rec *s = c->main_server; s; s = s->next) {
        const core_server_config *core = ap_get_core_module_config(s->module_config);

        if (core->ap_document_root && is_file(c, core->ap_document_root, path)) {
            return 1;
        }
    }
    return 0;
}

static void check_url(const ms_check *c, const ap_directive_t *at, const char *handler)
{
    const char *url = ms_tree_word(c->p, at, 0);
    const ms_place page = {ms_tree_host_around(at),
                           url ? apr_pstrmemdup(c->p, url, strcspn(url, "?#")) : NULL};

    if (!page.path || page.path[0] != '/' || strchr(page.path, '%') ||
        ms_check_exists(c, &page, may_answer) ||
        ms_check_exists(c, &page, ms_check_allows_htaccess) ||
        is_file_of_any_server(c, page.path)) {
        return;
    }
    ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, c->main_server,
                 "MS0152: %s %s at %s: there is no page at this URL; write <Location \"%s\"> with "
                 "SetHandler %s, or correct the URL",
                 at->directive, url, ms_check_where(c, at), page.path, handler);
}

static void check_urls(const ms_check *c, const ap_directive_t *at)
{
    static const struct {
        const char *directive, *handler;
    } urls[] = {
        {"ManagedSessionLoginURL", MS_HANDLER_LOGIN " and ManagedSessionAuthProvider"},
        {"ManagedSessionLogoutURL", MS_HANDLER_LOGOUT},
        {"ManagedSessionListURL", MS_HANDLER_LIST},
    };

    for (apr_size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        if (ms_tree_is(at, urls[i].directive)) {
            check_url(c, at, urls[i].handler);
        }
    }
}

/* ---- ManagedSessionLoginPage at the handler itself ------------------------------------------- */

static int is_form(const ms_check *c, const ap_directive_t *at, const ms_place *where)
{
    return ms_check_is_handler(c, at, MS_HANDLER_LOGIN) && ms_tree_path(c->p, at) &&
           ms_check_applies(c, at, where);
}

/* Whether its section is that of a handler of the page, or around it. */
static int is_around_form(const ms_check *c, const ap_directive_t *other, const ms_place *page)
{
    const char *path = ms_tree_path(c->p, other);

    for (const ap_directive_t *at = ap_conftree; path && at; at = ms_tree_next(at)) {
        if (is_form(c, at, page) && ms_tree_is_below(ms_tree_path(c->p, at), path)) {
            return 1;
        }
    }
    return 0;
}

/* A section that is not around the handler's may give the page back to the files. */
static int is_other_handler(const ms_check *c, const ap_directive_t *at, const ms_place *where)
{
    return ms_tree_is(at, "SetHandler") && !ms_check_is_handler(c, at, MS_HANDLER_LOGIN) &&
           ms_check_applies(c, at, where) && !is_around_form(c, at, where);
}

static void check_own_page(const ms_check *c, const ap_directive_t *at)
{
    const char *url = ms_tree_word(c->p, at, 0);
    const ms_place page = {ms_tree_host_around(at),
                           url ? apr_pstrmemdup(c->p, url, strcspn(url, "?#")) : NULL};

    if (!page.path || page.path[0] != '/' || !ms_check_exists(c, &page, is_form) ||
        ms_check_exists(c, &page, is_other_handler)) {
        return;
    }
    ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, c->main_server,
                 "MS0269: ManagedSessionLoginPage %s at %s lies in the location of the sign-in "
                 "handler, which redirects it to itself without end; move the page to a path "
                 "outside of it, for example /welcome/",
                 url, ms_check_where(c, at));
}

/* ---- a page that there is not ---------------------------------------------------------------- */

/* No other module of httpd has a name that begins so. */
#define LIKE_OURS "managed"

/* An expression may make any name. */
static int is_unknown_page(const char *handler)
{
    static const char *const pages[] = {MS_HANDLER_LOGIN,  MS_HANDLER_LOGOUT, MS_HANDLER_LIST,
                                        MS_HANDLER_ADMIN,  MS_HANDLER_CHECK,  MS_HANDLER_HEALTH,
                                        MS_HANDLER_METRICS};

    if (ap_cstr_casecmpn(handler, LIKE_OURS, sizeof(LIKE_OURS) - 1) != 0 || strchr(handler, '%')) {
        return 0;
    }
    for (apr_size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (ap_cstr_casecmp(handler, pages[i]) == 0) {
            return 0;
        }
    }
    return 1;
}

static void check_name(const ms_check *c, const ap_directive_t *at)
{
    const char *handler = ms_tree_word(c->p, at, 0);

    if (handler && is_unknown_page(handler)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, c->main_server,
                     "MS0158: %s %s at %s: there is no such page; write " MS_HANDLER_LOGIN
                     ", " MS_HANDLER_LOGOUT ", " MS_HANDLER_LIST ", " MS_HANDLER_ADMIN
                     ", " MS_HANDLER_CHECK ", " MS_HANDLER_HEALTH " or " MS_HANDLER_METRICS,
                     at->directive, handler, ms_check_where(c, at));
    }
}

void ms_check_pages(const ms_check *c)
{
    for (const ap_directive_t *at = ap_conftree; at; at = ms_tree_next(at)) {
        if (ms_tree_is(at, "SetHandler") || ms_tree_is(at, "AddHandler")) {
            check_name(c, at);
        }
        if (ms_check_is_handler(c, at, MS_HANDLER_LOGIN)) {
            check_provider(c, at);
        }
        check_urls(c, at);
        if (ms_tree_is(at, "ManagedSessionLoginPage")) {
            check_own_page(c, at);
        }
    }
}
