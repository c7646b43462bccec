/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Create, merge and find the configuration. What a directive accepts is in setters.c, and what is
 * derived once all directives are read in finish.c.
 */
#include "config/config.h"

#include <http_core.h>
#include "config/directives.h"

void *ms_server_conf_create(apr_pool_t *p, server_rec *s)
{
    ms_server_conf *conf = apr_pcalloc(p, sizeof(*conf));

    (void)s;
    ms_directives_unset(conf, 1);
    conf->user_headers = apr_array_make(p, 0, sizeof(const char *));
    return conf;
}

#define PICK(field, unset) out->field = add->field != (unset) ? add->field : base->field

void *ms_server_conf_merge(apr_pool_t *p, void *basev, void *addv)
{
    const ms_server_conf *base = basev, *add = addv;
    ms_server_conf *out = apr_pcalloc(p, sizeof(*out));

    PICK(cookie_name, NULL);
    PICK(cookie_domain, NULL);
    PICK(cookie_path, NULL);
    PICK(cookie_same_site, MS_UNSET);
    PICK(cookie_secure, MS_UNSET);
    PICK(lifetime, MS_UNSET);
    PICK(transient_lifetime, MS_UNSET);
    PICK(idle_timeout, MS_UNSET);
    PICK(touch_interval, MS_UNSET);
    PICK(remember, MS_UNSET);
    PICK(limit, MS_UNSET);
    PICK(app_lifetime, MS_UNSET);
    PICK(app_limit, MS_UNSET);
    out->folds_names = base->folds_names || add->folds_names;
    PICK(cleanup_interval, MS_UNSET);
    PICK(cleanup_batch, MS_UNSET);
    PICK(history, MS_UNSET);
    PICK(cache_ttl, MS_UNSET);
    PICK(cache_life, MS_UNSET);
    PICK(cache_entries, MS_UNSET);
    PICK(sqlite_mmap, MS_UNSET);
    PICK(event_log, NULL);
    PICK(origins, NULL);
    out->limit_refuses = add->limit != MS_UNSET ? add->limit_refuses : base->limit_refuses;
    out->login_limit = add->login_limit.count != MS_UNSET ? add->login_limit : base->login_limit;
    PICK(realm, NULL);
    PICK(table, NULL);
    PICK(create_table, MS_UNSET);
    out->user_headers = apr_array_append(p, base->user_headers, add->user_headers);
    out->used = base->used || add->used;
    return out;
}

void *ms_dir_conf_create(apr_pool_t *p, char *dir)
{
    ms_dir_conf *conf = apr_pcalloc(p, sizeof(*conf));

    (void)dir;
    ms_directives_unset(conf, 0);
    return conf;
}

void *ms_dir_conf_merge(apr_pool_t *p, void *basev, void *addv)
{
    const ms_dir_conf *base = basev, *add = addv;
    ms_dir_conf *out = apr_palloc(p, sizeof(*out));

    PICK(on, MS_UNSET);
    PICK(app_passwords, MS_UNSET);
    PICK(app_bearer, MS_UNSET);
    PICK(basic, MS_UNSET);
    PICK(hide_cookie, MS_UNSET);
    PICK(backend_login, MS_UNSET);
    PICK(cut_connections, MS_UNSET);
    PICK(sign_in, MS_UNSET);
    PICK(login_url_or_none, NULL);
    PICK(login_page, NULL);
    PICK(form_fields, NULL);
    PICK(logout_url_or_none, NULL);
    PICK(list_url_or_none, NULL);
    PICK(password_url_or_none, NULL);
    PICK(help_url_or_none, NULL);
    PICK(landing_url, NULL);
    PICK(confirm_after, MS_UNSET);
    PICK(script, MS_UNSET);
    PICK(time_zone, NULL);
    PICK(title, NULL);
    PICK(stylesheet_or_none, NULL);
    PICK(label, NULL);
    PICK(user_name, NULL);
    PICK(user_header, NULL);
    PICK(providers, NULL);
    PICK(check_redirects, MS_UNSET);
    PICK(check_peers, NULL);
    PICK(check_section, NULL);
    return out;
}

int ms_config_is_used(const server_rec *main_server)
{
    const server_rec *s = main_server;

    while (s && !ms_server_conf_get(s)->used) {
        s = s->next;
    }
    return s != NULL;
}

const ms_form_fields *ms_config_form_fields(const request_rec *r)
{
    static const ms_form_fields built_in = {"username", "password", "return"};
    const ms_form_fields *fields = ms_dir_conf_get(r)->form_fields;

    return fields ? fields : &built_in;
}

const char *ms_config_landing(const request_rec *r)
{
    const ms_url *url = ms_dir_conf_get(r)->landing_url;

    return url ? url->text : "/";
}

const apr_array_header_t *ms_config_origins(const request_rec *r)
{
    return ms_server_conf_get(r->server)->origins;
}

int ms_config_is_last_pass(void)
{
    return ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST ||
           ap_state_query(AP_SQ_MAIN_STATE) != AP_SQ_MS_CREATE_PRE_CONFIG;
}
