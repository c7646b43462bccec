/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual host inherits the pages of the main server, unless it has a page of the same kind.
 */
#include "config/check_cookie_path.h"

#include <string.h>
#include <apr_strings.h>
#include "config/config.h"
#include "config/tree.h"

static const char *const handlers[] = {MS_HANDLER_LOGIN, MS_HANDLER_LOGOUT, MS_HANDLER_LIST,
                                       MS_HANDLER_ADMIN};

/* Whether browsers send a cookie of that path to a URL path (RFC 6265, 5.1.4). */
static int covers(const char *cookie_path, const char *path)
{
    const apr_size_t len = strlen(cookie_path), path_len = strcspn(path, "?#");

    if (path_len < len || strncmp(path, cookie_path, len) != 0) {
        return 0;
    }
    return path_len == len || cookie_path[len - 1] == '/' || path[len] == '/';
}

static const char *complain(apr_pool_t *p, const char *cookie_path, const char *path,
                            const char *what)
{
    const char *below = cookie_path[strlen(cookie_path) - 1] == '/' ? "" : "/";

    return apr_psprintf(p,
                        "ManagedSessionCookiePath %s: browsers do not send the cookie to %s (%s), "
                        "so no session would be found or ended there; move that page below %s, for "
                        "example to %s%s%s, or set ManagedSessionCookiePath /",
                        cookie_path, path, what, cookie_path, cookie_path, below,
                        path[0] == '/' ? path + 1 : path);
}

/* ---- SetHandler ------------------------------------------------------------------------------ */

static int has_word(apr_pool_t *p, const ap_directive_t *at, const char *word)
{
    const char *found = ms_tree_word(p, at, 0);

    return found && ap_cstr_casecmp(found, word) == 0;
}

/* The administrators' page may do without the cookie, if another AuthType is beside it. */
static int needs_cookie(apr_pool_t *p, const ap_directive_t *at, const char *handler)
{
    if (strcmp(handler, MS_HANDLER_ADMIN) != 0) {
        return 1;
    }
    for (at = at->parent ? at->parent->first_child : NULL; at; at = at->next) {
        if (ms_tree_is(at, "AuthType")) {
            return has_word(p, at, MS_AUTH_TYPE);
        }
    }
    return 0;
}

static int is_page(apr_pool_t *p, const ap_directive_t *at, const ap_directive_t *host,
                   const char *handler)
{
    return ms_tree_is(at, "SetHandler") && has_word(p, at, handler) &&
           ms_tree_host_around(at) == host;
}

/* The first page of that handler, in a host's own block, that the cookie is not sent to. */
static const char *find_page(apr_pool_t *p, const ap_directive_t *host, const char *handler,
                             const char *cookie_path, int *has_any)
{
    *has_any = 0;
    for (const ap_directive_t *at = ap_conftree; at; at = ms_tree_next(at)) {
        const char *path;

        if (!is_page(p, at, host, handler)) {
            continue;
        }
        *has_any = 1;
        path = ms_tree_path(p, at);
        if (path && needs_cookie(p, at, handler) && !covers(cookie_path, path)) {
            return complain(p, cookie_path, path, apr_pstrcat(p, "SetHandler ", handler, NULL));
        }
    }
    return NULL;
}

static const char *check_handlers(apr_pool_t *p, const server_rec *s, const char *cookie_path)
{
    const ap_directive_t *host = ms_tree_host_of(s);
    const char *wrong = NULL;

    for (apr_size_t i = 0; !wrong && i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        int has_own;

        wrong = find_page(p, host, handlers[i], cookie_path, &has_own);
        if (host && !has_own) {
            wrong = find_page(p, NULL, handlers[i], cookie_path, &has_own);
        }
    }
    return wrong;
}

/* ---- ManagedSessionLoginURL, LogoutURL, ListURL ---------------------------------------------- */

static const char *check_url(apr_pool_t *p, const char *cookie_path, const char *name,
                             const ms_url *url)
{
    /* A whole URL may be another host's, which has a cookie of its own. */
    return url && !url->origin && !covers(cookie_path, url->path)
               ? complain(p, cookie_path, url->text, name)
               : NULL;
}

static int is_in_section(const ap_directive_t *at)
{
    return at->parent && !ms_tree_is(at->parent, "<VirtualHost");
}

/* Those of the server as a whole are merged already; those within sections are read here. */
static const char *check_urls(apr_pool_t *p, const server_rec *s, const char *cookie_path)
{
    const ms_dir_conf *conf = ap_get_module_config(s->lookup_defaults, &managed_session_module);
    const struct {
        const char *name;
        const ms_url *url;
    } urls[] = {{"ManagedSessionLoginURL", ms_url_set(conf->login_url_or_none)},
                {"ManagedSessionLogoutURL", ms_url_set(conf->logout_url_or_none)},
                {"ManagedSessionListURL", ms_url_set(conf->list_url_or_none)}};
    const char *wrong = NULL;

    for (apr_size_t i = 0; !wrong && i < sizeof(urls) / sizeof(urls[0]); i++) {
        wrong = check_url(p, cookie_path, urls[i].name, urls[i].url);
        for (const ap_directive_t *at = ap_conftree; at && !wrong; at = ms_tree_next(at)) {
            if (ms_tree_is(at, urls[i].name) && is_in_section(at) &&
                ms_tree_host_around(at) == ms_tree_host_of(s)) {
                wrong = check_url(p, cookie_path, urls[i].name,
                                  ms_url_parse(p, ms_tree_word(p, at, 0)));
            }
        }
    }
    return wrong;
}

const char *ms_check_cookie_path(apr_pool_t *p, const server_rec *s, const char *cookie_path)
{
    const char *wrong;

    if (strcmp(cookie_path, "/") == 0) {
        return NULL;
    }
    wrong = check_handlers(p, s, cookie_path);
    return wrong ? wrong : check_urls(p, s, cookie_path);
}
