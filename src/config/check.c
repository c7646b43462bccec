/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each check looks for a directive that needs another one, and for anything that might stand in for
 * that. A check passes if something in the configuration may answer it: a section whose requests
 * are not known here, a module that maps URLs by rules of its own, an .htaccess file.
 */
#include "config/check.h"

#include <string.h>
#include <apr_file_info.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include "config/config.h"
#include "config/tree.h"

APLOG_USE_MODULE(managed_session);

/* What every check needs. */
typedef struct check {
    apr_pool_t *p;
    const server_rec *main_server;
} check;

/* A place of the configuration: a URL path, or any (NULL), of a virtual host, or any (NULL). */
typedef struct place {
    const ap_directive_t *host;
    const char *path;
} place;

static place place_of(const check *c, const ap_directive_t *at)
{
    const place found = {ms_tree_host_around(at), ms_tree_path(c->p, at)};

    return found;
}

static int has_word(const check *c, const ap_directive_t *at, int n, const char *word)
{
    const char *found = ms_tree_word(c->p, at, n);

    return found && ap_cstr_casecmp(found, word) == 0;
}

static const char *where(const check *c, const ap_directive_t *at)
{
    return apr_psprintf(c->p, "%s:%d", at->filename, at->line_num);
}

/* Whether a directive is one that is looked for. */
typedef int test_fn(const check *c, const ap_directive_t *at, const place *where);

static int exists(const check *c, const place *where, test_fn *test)
{
    for (const ap_directive_t *at = ap_conftree; at; at = ms_tree_next(at)) {
        if (test(c, at, where)) {
            return 1;
        }
    }
    return 0;
}

static int applies(const check *c, const ap_directive_t *at, const place *where)
{
    return ms_tree_may_apply(c->p, at, where->host, where->path);
}

static int touches(const check *c, const ap_directive_t *at, const place *where)
{
    return ms_tree_may_touch(c->p, at, where->host, where->path);
}

static int is_our_auth_type(const check *c, const ap_directive_t *at)
{
    return ms_tree_is(at, "AuthType") && has_word(c, at, 0, MS_AUTH_TYPE);
}

static int is_handler(const check *c, const ap_directive_t *at, const char *handler)
{
    return ms_tree_is(at, "SetHandler") && has_word(c, at, 0, handler);
}

/* .htaccess files may hold what is missing here. */
static int allows_htaccess(const check *c, const ap_directive_t *at, const place *where)
{
    (void)where;
    return (ms_tree_is(at, "AllowOverride") || ms_tree_is(at, "AllowOverrideList")) &&
           !has_word(c, at, 0, "None");
}

/* ---- AuthType ManagedSession without ManagedSessionLoginURL ---------------------------------- */

static int leads_to_sign_in(const check *c, const ap_directive_t *at, const place *where)
{
    const int is_one = ms_tree_is(at, "ManagedSessionLoginURL") ||
                       (ms_tree_is(at, "ManagedSessionBackendLogin") && has_word(c, at, 0, "On")) ||
                       (ms_tree_is(at, "ErrorDocument") && has_word(c, at, 0, "401"));

    return is_one && touches(c, at, where);
}

static int is_own_page(const check *c, const ap_directive_t *section)
{
    for (const ap_directive_t *at = section ? section->first_child : NULL; at; at = at->next) {
        if (is_handler(c, at, MS_HANDLER_LOGIN) || is_handler(c, at, MS_HANDLER_LOGOUT)) {
            return 1;
        }
    }
    return 0;
}

static int is_without_sign_in(const check *c, const ap_directive_t *at)
{
    const place here = place_of(c, at);

    return is_our_auth_type(c, at) && !is_own_page(c, at->parent) &&
           !exists(c, &here, leads_to_sign_in) && !exists(c, &here, allows_htaccess);
}

/* One line mends them all, so the first place is enough. */
static void check_login_urls(const check *c)
{
    const ap_directive_t *at = ap_conftree;

    while (at && !is_without_sign_in(c, at)) {
        at = ms_tree_next(at);
    }
    if (at) {
        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, c->main_server,
                     "MS0151: AuthType " MS_AUTH_TYPE " at %s without ManagedSessionLoginURL: "
                     "signed-out visitors get 401 and no page to sign in; set "
                     "ManagedSessionLoginURL, for example to /login",
                     where(c, at));
    }
}

/* ---- AuthType ManagedSession without Require ------------------------------------------------- */

static int is_in_location(const ap_directive_t *at)
{
    for (at = at->parent; at; at = at->parent) {
        if (strncasecmp(at->directive, "<Location", 9) == 0) {
            return 1;
        }
    }
    return 0;
}

/* "Require all" of a folder is about its files as such: Debian has it for / and /var/www. */
static int is_about_users(const check *c, const ap_directive_t *at)
{
    return ms_tree_is(at, "Require") && (!has_word(c, at, 0, "all") || is_in_location(at));
}

static int is_required(const check *c, const ap_directive_t *at, const place *where)
{
    return is_about_users(c, at) && touches(c, at, where);
}

/* The line of the same section always counts: it was written beside the AuthType. */
static int has_require(const ap_directive_t *section)
{
    for (const ap_directive_t *at = section ? section->first_child : NULL; at; at = at->next) {
        if (ms_tree_is(at, "Require")) {
            return 1;
        }
    }
    return 0;
}

static void check_require(const check *c, const ap_directive_t *at)
{
    const place here = place_of(c, at);

    if (!has_require(at->parent) && !exists(c, &here, is_required) &&
        !exists(c, &here, allows_htaccess)) {
        ap_log_error(
            APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, c->main_server,
            "MS0156: AuthType " MS_AUTH_TYPE " at %s without a Require line: httpd "
            "lets every visitor in, or answers 500; write \"Require valid-user\" beside it",
            where(c, at));
    }
}

/* ---- a sign-in page without a provider ------------------------------------------------------- */

static int is_provider(const check *c, const ap_directive_t *at, const place *where)
{
    return ms_tree_is(at, "ManagedSessionAuthProvider") && applies(c, at, where);
}

static int is_other_auth_type(const check *c, const ap_directive_t *at, const place *where)
{
    return ms_tree_is(at, "AuthType") && !has_word(c, at, 0, MS_AUTH_TYPE) &&
           !has_word(c, at, 0, "None") && applies(c, at, where);
}

static int is_sign_in_on(const check *c, const ap_directive_t *at, const place *where)
{
    return ms_tree_is(at, "ManagedSessionSignIn") && has_word(c, at, 0, "On") &&
           applies(c, at, where);
}

static int can_sign_in(const check *c, const place *here)
{
    return exists(c, here, is_provider) ||
           (exists(c, here, is_sign_in_on) &&
            (exists(c, here, is_other_auth_type) || exists(c, here, allows_htaccess)));
}

static void check_provider(const check *c, const ap_directive_t *at)
{
    const place here = place_of(c, at);

    if (!can_sign_in(c, &here)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, c->main_server,
                     "MS0153: SetHandler " MS_HANDLER_LOGIN " at %s without a way to check "
                     "passwords: no user can sign in there; set ManagedSessionAuthProvider beside "
                     "it, for example to \"file\" with an AuthUserFile, or another AuthType with "
                     "ManagedSessionSignIn On",
                     where(c, at));
    }
}

/* ---- ManagedSessionLoginURL where nothing answers -------------------------------------------- */

static int begins_with_any(const char *name, const char *const *beginnings)
{
    for (; *beginnings; beginnings++) {
        if (strncasecmp(name, *beginnings, strlen(*beginnings)) == 0) {
            return 1;
        }
    }
    return 0;
}

/* These may answer for any URL, by rules that are not read here. */
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

    return begins_with_any(name, names);
}

/* These name the path that they are for, unless a <Location> does. */
static int maps_a_path(const char *name)
{
    static const char *const names[] = {"ProxyPass", "Alias", "ScriptAlias", "Redirect", NULL};

    return begins_with_any(name, names) && ap_cstr_casecmp(name, "ProxyPassReverse") != 0;
}

static int names_a_path_around(const check *c, const ap_directive_t *at, const char *path)
{
    const char *word;

    for (int i = 0; (word = ms_tree_word(c->p, at, i)); i++) {
        if (word[0] == '/' && ms_tree_is_below(path, word)) {
            return 1;
        }
    }
    return 0;
}

static int may_answer(const check *c, const ap_directive_t *at, const place *where)
{
    if (!applies(c, at, where)) {
        return 0;
    }
    if (ms_tree_is(at, "SetHandler")) {
        return !has_word(c, at, 0, "None") && !has_word(c, at, 0, "default-handler");
    }
    if (ms_tree_is(at, "AddHandler")) {
        return strchr(strrchr(where->path, '/'), '.') != NULL;
    }
    if (ms_tree_is(at, "UserDir")) {
        return where->path[1] == '~';
    }
    if (!maps_by_rules(at->directive) && maps_a_path(at->directive)) {
        return is_in_location(at) || names_a_path_around(c, at, where->path);
    }
    return maps_by_rules(at->directive) ||
           (ms_tree_is(at, "ManagedSessionBackendLogin") && has_word(c, at, 0, "On"));
}

/* A file of this name, also with an extension that MultiViews would add. */
static int is_file(const check *c, const char *root, const char *path)
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

static int is_file_of_any_server(const check *c, const char *path)
{
    for (const server_rec *s = c->main_server; s; s = s->next) {
        const core_server_config *core = ap_get_core_module_config(s->module_config);

        if (core->ap_document_root && is_file(c, core->ap_document_root, path)) {
            return 1;
        }
    }
    return 0;
}

static void check_login_page(const check *c, const ap_directive_t *at)
{
    const char *url = ms_tree_word(c->p, at, 0);
    const place page = {ms_tree_host_around(at),
                        url ? apr_pstrmemdup(c->p, url, strcspn(url, "?#")) : NULL};

    if (!page.path || page.path[0] != '/' || strchr(page.path, '%') ||
        exists(c, &page, may_answer) || exists(c, &page, allows_htaccess) ||
        is_file_of_any_server(c, page.path)) {
        return;
    }
    ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, c->main_server,
                 "MS0152: ManagedSessionLoginURL %s at %s: there is no page; write <Location "
                 "\"%s\"> with SetHandler " MS_HANDLER_LOGIN
                 " and ManagedSessionAuthProvider, or correct the URL",
                 url, where(c, at), page.path);
}

/* ---- a Secure cookie without TLS ------------------------------------------------------------- */

static int uses_sessions(const check *c, const ap_directive_t *at, const place *where)
{
    const int is_one = is_our_auth_type(c, at) || is_handler(c, at, MS_HANDLER_LOGIN) ||
                       is_handler(c, at, MS_HANDLER_LIST) ||
                       (ms_tree_is(at, "ManagedSession") && has_word(c, at, 0, "On"));

    return is_one && applies(c, at, where);
}

/* TLS of this httpd, of a proxy in front of it, or a redirect to a host that has it. */
static int tells_of_tls(const check *c, const ap_directive_t *at, const place *where)
{
    static const char *const modules[] = {"GnuTLS",   "NSS",      "TLSEngine", "MDomain",
                                          "<MDomain", "RemoteIP", NULL};

    if (!applies(c, at, where)) {
        return 0;
    }
    return (ms_tree_is(at, "SSLEngine") && !has_word(c, at, 0, "Off")) ||
           begins_with_any(at->directive, modules) ||
           (at->directive[0] != '<' && ap_strcasestr(at->args, "https"));
}

static int is_for_tls_or_loopback(const server_rec *s)
{
    for (const server_addr_rec *addr = s->addrs; addr; addr = addr->next) {
        if (addr->host_port == 443 || strncmp(addr->virthost, "127.", 4) == 0 ||
            strncmp(addr->virthost, "[::1]", 5) == 0 ||
            strncmp(addr->virthost, "localhost", 9) == 0) {
            return 1;
        }
    }
    return s->server_scheme && strcmp(s->server_scheme, "https") == 0;
}

static void check_tls(const check *c, const server_rec *s)
{
    const ms_server_conf *conf = ms_server_conf_get(s);
    const place host = {ms_tree_host_of(s), NULL};

    if (!host.host || !conf->used || !conf->cookie.secure || is_for_tls_or_loopback(s) ||
        !exists(c, &host, uses_sessions) || exists(c, &host, tells_of_tls)) {
        return;
    }
    ap_log_error(
        APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, s,
        "MS0154: the virtual host at %s has no TLS, and its session cookie is Secure: over "
        "plain http browsers do not keep it. If a proxy in front of httpd has TLS, write "
        "ServerName https://%s. If not, set up TLS, or ManagedSessionCookieSecure Off on a "
        "network that you trust",
        where(c, host.host), s->server_hostname);
}

/* ---- times ----------------------------------------------------------------------------------- */

static const char *name_of(apr_pool_t *p, const server_rec *s)
{
    return s->is_virtual
               ? apr_psprintf(p, "the virtual host at %s:%u", s->defn_name, s->defn_line_number)
               : "the main server";
}

static void check_time(apr_pool_t *p, const server_rec *s, const char *directive,
                       apr_int64_t seconds)
{
    const apr_int64_t set = ms_server_conf_get(s)->lifetime,
                      lifetime = set == MS_UNSET ? MS_DEFAULT_LIFETIME : set;

    if (seconds > lifetime) {
        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, s,
                     "MS0155: in %s, %s (%" APR_INT64_T_FMT "s) is above ManagedSessionLifetime "
                     "(%" APR_INT64_T_FMT "s) and has no effect; make it shorter, or the lifetime "
                     "longer",
                     name_of(p, s), directive, seconds, lifetime);
    }
}

/* A virtual host with the times of the main server has been reported with that. */
static int has_times_of(const server_rec *s, const server_rec *main_server)
{
    const ms_server_conf *conf = ms_server_conf_get(s), *base = ms_server_conf_get(main_server);

    return s != main_server && base->used && conf->lifetime == base->lifetime &&
           conf->idle_timeout == base->idle_timeout &&
           conf->transient_lifetime == base->transient_lifetime;
}

void ms_config_check_times(apr_pool_t *ptemp, const server_rec *main_server)
{
    for (const server_rec *s = main_server; s && ms_config_is_last_pass(); s = s->next) {
        const ms_server_conf *conf = ms_server_conf_get(s);

        if (conf->used && !has_times_of(s, main_server)) {
            check_time(ptemp, s, "ManagedSessionIdleTimeout", conf->idle_timeout);
            check_time(ptemp, s, "ManagedSessionTransientLifetime", conf->transient_lifetime);
        }
    }
}

/* ---- the name of a server -------------------------------------------------------------------- */

/* A ServerName outside of all virtual hosts is the name of each of them that has none. */
static void check_name(const check *c, const server_rec *s)
{
    if (ms_server_conf_get(s)->used && !ms_tree_setting(s, "ServerName") &&
        !ms_tree_setting(s, "ManagedSessionRealm")) {
        ap_log_error(
            APLOG_MARK, APLOG_NOTICE | APLOG_STARTUP, 0, s,
            "MS0157: %s has no ServerName, so its sessions belong to the realm \"%s\" that "
            "httpd guessed; set ServerName or ManagedSessionRealm",
            name_of(c->p, s), s->server_hostname);
    }
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void check_directive(const check *c, const ap_directive_t *at)
{
    if (is_our_auth_type(c, at) && !is_own_page(c, at->parent)) {
        check_require(c, at);
    }
    if (is_handler(c, at, MS_HANDLER_LOGIN)) {
        check_provider(c, at);
    }
    if (ms_tree_is(at, "ManagedSessionLoginURL")) {
        check_login_page(c, at);
    }
}

void ms_config_check(apr_pool_t *ptemp, const server_rec *main_server)
{
    const check c = {ptemp, main_server};

    if (!ms_config_is_last_pass()) {
        return;
    }
    check_login_urls(&c);
    for (const ap_directive_t *at = ap_conftree; at; at = ms_tree_next(at)) {
        check_directive(&c, at);
    }
    for (const server_rec *s = main_server; s; s = s->next) {
        check_tls(&c, s);
        check_name(&c, s);
    }
}
