/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other modules keep their settings to themselves, so those of mod_dbd and mod_remoteip are read in
 * the tree that httpd keeps of its configuration.
 */
#include "config/finish.h"

#include <string.h>
#include <apr_strings.h>
#include <http_log.h>
#include "config/check.h"
#include "config/check_context.h"
#include "config/check_cookie_path.h"
#include "config/check_database.h"
#include "config/config.h"
#include "config/runtime.h"
#include "config/directives.h"
#include "config/shared_names.h"
#include "config/tree.h"

APLOG_USE_MODULE(managed_session);

static int refuse(const server_rec *s, const char *sentence)
{
    if (s->is_virtual) {
        ap_log_error(APLOG_MARK, APLOG_ERR | APLOG_STARTUP, 0, s,
                     "mod_managed_session: %s (in the virtual host at %s:%u)", sentence,
                     s->defn_name, s->defn_line_number);
    }
    else {
        ap_log_error(APLOG_MARK, APLOG_ERR | APLOG_STARTUP, 0, s, "mod_managed_session: %s",
                     sentence);
    }
    return HTTP_INTERNAL_SERVER_ERROR;
}

static int finish_cookie(apr_pool_t *p, const server_rec *s, ms_server_conf *conf)
{
    ms_cookie_attrs *cookie = &conf->cookie;
    const char *wrong;

    cookie->domain = conf->cookie_domain;
    cookie->path = conf->cookie_path;
    cookie->secure = conf->cookie_secure;
    cookie->same_site = (ms_samesite)conf->cookie_same_site;
    cookie->name = conf->cookie_name;
    if (!cookie->name) {
        cookie->name = cookie->secure && !cookie->domain && strcmp(cookie->path, "/") == 0
                           ? "__Host-session"
                           : "managed_session";
    }
    wrong = ms_cookie_check(p, cookie);
    if (!wrong && conf->used) {
        wrong = ms_check_cookie_path(p, s, cookie->path);
    }
    return wrong ? refuse(s, wrong) : OK;
}

/* ---- servers without sessions ---------------------------------------------------------------- */

static int is_of_server(const ap_directive_t *at, const server_rec *s)
{
    const ap_directive_t *host = ms_tree_host_around(at);

    return !host || host == ms_tree_host_of(s);
}

static int has_sessions(const ms_check *c, const server_rec *s)
{
    const ms_place any = {NULL, NULL};

    for (const ap_directive_t *at = ap_conftree; at; at = ms_tree_next(at)) {
        if (is_of_server(at, s) && ms_check_uses_sessions(c, at, &any)) {
            return 1;
        }
    }
    return 0;
}

/* Directives outside of all virtual hosts count for the main server and for each virtual host, also
 * if only some virtual hosts have sessions, and a database of their own. The others need none. */
static void unmark_unused(const ms_check *c)
{
    int has_database = 0;

    for (const server_rec *s = c->main_server; s; s = s->next) {
        has_database |= ms_tree_setting(s, "DBDriver") != NULL && has_sessions(c, s);
    }
    for (const server_rec *s = c->main_server; has_database && s; s = s->next) {
        if (!ms_tree_setting(s, "DBDriver") && !has_sessions(c, s)) {
            ms_server_conf_get(s)->used = 0;
        }
    }
}

/* ---- each server ----------------------------------------------------------------------------- */

static int finish_database(apr_pool_t *p, const server_rec *s, const ms_server_conf *conf,
                           ms_store_spec *spec)
{
    const char *mistake;

    spec->table = conf->table;
    spec->create = conf->create_table;
    spec->realm = conf->realm;
    spec->sqlite_mmap = conf->sqlite_mmap;
    spec->dbd_driver = ms_tree_setting_value(p, s, "DBDriver");
    spec->dbd_params = ms_tree_setting_value(p, s, "DBDParams");
    spec->dbd_init = ms_tree_setting_value(p, s, "DBDInitSQL");
    mistake = conf->used ? ms_check_database(p, s, spec) : NULL;
    return mistake ? refuse(s, mistake) : OK;
}

static int finish_server(apr_pool_t *p, server_rec *s)
{
    ms_server_conf *conf = ms_server_conf_get(s);
    ms_store_spec spec = {0};
    int rv;

    ms_directives_set_defaults(p, s);
    conf->realm = conf->realm ? conf->realm : s->server_hostname;
    conf->event_log = conf->event_log && *conf->event_log ? conf->event_log : NULL;
    conf->remoteip_header = ms_tree_setting_value(p, s, "RemoteIPHeader");
    rv = finish_cookie(p, s, conf);
    if (rv == OK) {
        rv = finish_database(p, s, conf, &spec);
    }
    if (rv == OK) {
        conf->runtime = apr_pcalloc(p, sizeof(*conf->runtime));
        conf->runtime->store = ms_store_create(p, s, &spec);
    }
    return rv;
}

/* httpd gives a virtual host without a directive of ours the main server's configuration itself.
 * It needs a copy, since its realm is another one. */
static void part_hosts(apr_pool_t *p, server_rec *main_server)
{
    ms_server_conf *conf = ms_server_conf_get(main_server);

    for (server_rec *s = main_server->next; s; s = s->next) {
        if (ms_server_conf_get(s) == conf) {
            ap_set_module_config(s->module_config, &managed_session_module,
                                 apr_pmemdup(p, conf, sizeof(*conf)));
        }
    }
}

int ms_finish_config(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *main_server)
{
    const ms_check c = {ptemp, main_server};

    part_hosts(pconf, main_server);
    unmark_unused(&c);
    for (server_rec *s = main_server; s; s = s->next) {
        const int rv = finish_server(pconf, s);

        if (rv != OK) {
            return rv;
        }
    }
    ms_check_config(ptemp, main_server);
    return ms_shared_names_finish(pconf, main_server);
}
