/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of servers and of directories, and their merge. The directives that set them are in
 * directives.h.
 */
#ifndef MS_CONFIG_H
#define MS_CONFIG_H

#include <httpd.h>
#include <ap_expr.h>
#include <http_config.h>
#include <mod_auth.h>
#include "config/url.h"
#include "core/cookie.h"
#include "core/peers.h"
#include "db/store.h"
#include "core/web_origin.h"
#include "core/throttle.h"
#include "core/zone.h"

extern module AP_MODULE_DECLARE_DATA managed_session_module;

#define MS_AUTH_TYPE       "ManagedSession"
#define MS_AUTHN_PROVIDER  "managed-session"
#define MS_HANDLERS        "managed-session-" /* how the names of our handlers begin */
#define MS_HANDLER_LOGIN   "managed-session-login"
#define MS_HANDLER_LOGOUT  "managed-session-logout"
#define MS_HANDLER_LIST    "managed-session-list"
#define MS_HANDLER_ADMIN   "managed-session-admin"
#define MS_HANDLER_HEALTH  "managed-session-health"
#define MS_HANDLER_METRICS "managed-session-metrics"
#define MS_HANDLER_CHECK   "managed-session-check"

#define MS_UNSET        (-1)
#define MS_COOKIE_MAX_S 34560000 /* 400d: browsers keep no cookie longer (RFC 6265bis, 5.5) */

typedef enum { MS_REMEMBER_OFF, MS_REMEMBER_ON, MS_REMEMBER_ASK } ms_remember;

typedef struct ms_server_conf {
    /* As configured; MS_UNSET or NULL: not set. */
    const char *cookie_name;
    const char *cookie_domain;
    const char *cookie_path;
    int cookie_same_site;
    int cookie_secure;
    apr_int64_t lifetime; /* seconds, as all times here */
    apr_int64_t transient_lifetime;
    apr_int64_t idle_timeout; /* 0: off */
    apr_int64_t touch_interval;
    int remember; /* an ms_remember */
    int limit;    /* live sessions a user may have; 0: any number */
    int limit_refuses;
    apr_int64_t app_lifetime;     /* of app passwords */
    int app_limit;                /* app passwords a user may have; 0: any number */
    int folds_names;              /* some ManagedSessionUserName applies to this server */
    ms_rate login_limit;          /* failed sign-ins; count 0: any number */
    apr_int64_t cleanup_interval; /* 0: off */
    int cleanup_batch;            /* rows */
    apr_int64_t history;          /* how long ended rows are kept; 0: as short as can be */
    apr_int64_t cache_ttl;        /* 0: off */
    apr_int64_t sqlite_mmap;      /* bytes; 0: off */
    apr_int64_t cache_life;       /* 0: as cache_ttl */
    int cache_entries;            /* of the main server only */
    const char *event_log;        /* a file, or "|program"; "" is none, for the merge only */
    apr_array_header_t *origins;  /* ms_web_origin: further ones of this site; NULL: none */
    const char *realm;
    const char *table;
    int create_table;
    apr_array_header_t
        *user_headers; /* const char *: every ManagedSessionUserHeader of this server */
    int used;          /* some directive of ours applies to this server */

    /* Set by ms_finish_config(). */
    const char *remoteip_header; /* mod_remoteip's RemoteIPHeader; NULL: not set */
    ms_cookie_attrs cookie;
    const apr_array_header_t *removed_headers; /* const char *: user headers of all servers */
    const apr_array_header_t *hidden_cookies;  /* const char *: names of all servers' cookies */
    struct ms_runtime *runtime;                /* see runtime.h */
} ms_server_conf;

typedef struct ms_provider {
    const char *name;
    const authn_provider *provider;
    struct ms_provider *next;
} ms_provider;

/* The names of the sign-in form's fields. */
typedef struct ms_form_fields {
    const char *user;
    const char *password;
    const char *back;
} ms_form_fields;

/* What AuthBasicProvider names: MS_UNSET, or these together. */
enum { MS_BASIC_OTHERS = 0, MS_BASIC_APPS = 1, MS_BASIC_APPS_AND_OTHERS = 2 };

typedef struct ms_dir_conf {
    int on;
    int app_passwords; /* they are made on the list here */
    int app_bearer;    /* they count as Bearer tokens */
    int basic;         /* AuthBasicProvider, see above */
    int hide_cookie;
    int backend_login;
    int cut_connections;
    int sign_in;                       /* sessions may begin here; unset: if there are providers */
    const ms_url *login_url_or_none;   /* to be read with the functions below, as all ..._or_none */
    const ms_url *login_page;          /* the site's own, in place of the built-in form */
    const ms_form_fields *form_fields; /* NULL: as ms_config_form_fields() has them */
    const ms_url *logout_url_or_none;
    const ms_url *list_url_or_none;
    const ms_url *password_url_or_none;
    const ms_url *help_url_or_none;
    const ms_url *landing_url; /* NULL: as ms_config_landing() has it */
    apr_int64_t confirm_after; /* seconds; unset or 0: off */
    int script;
    const ms_zone *time_zone; /* NULL: UTC */
    const char *title;
    const ms_url *stylesheet_or_none;
    const ap_expr_info_t *label;     /* for new sessions */
    const ap_expr_info_t *user_name; /* of new sessions; NULL: as authenticated */
    const char *user_header;         /* "": the section has "none" */
    ms_provider *providers;
    int check_redirects;       /* the handler managed-session-check redirects as the gate does */
    ms_peers *check_peers;     /* which servers may query it; NULL: none */
    const char *check_section; /* the path of the section that has check_peers */
} ms_dir_conf;

void *ms_server_conf_create(apr_pool_t *p, server_rec *s);
void *ms_server_conf_merge(apr_pool_t *p, void *base, void *add);
void *ms_dir_conf_create(apr_pool_t *p, char *dir);
void *ms_dir_conf_merge(apr_pool_t *p, void *base, void *add);

/** Whether a directive of ours applies to any server. */
int ms_config_is_used(const server_rec *main_server);

static inline ms_server_conf *ms_server_conf_get(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &managed_session_module);
}

static inline ms_dir_conf *ms_dir_conf_get(const request_rec *r)
{
    return ap_get_module_config(r->per_dir_config, &managed_session_module);
}

/* URLs where the request is; NULL: none is set, or "none" is. */
static inline const ms_url *ms_config_login_url(const request_rec *r)
{
    return ms_url_set(ms_dir_conf_get(r)->login_url_or_none);
}

static inline const ms_url *ms_config_list_url(const request_rec *r)
{
    return ms_url_set(ms_dir_conf_get(r)->list_url_or_none);
}

static inline const ms_url *ms_config_logout_url(const request_rec *r)
{
    return ms_url_set(ms_dir_conf_get(r)->logout_url_or_none);
}

static inline const ms_url *ms_config_password_url(const request_rec *r)
{
    return ms_url_set(ms_dir_conf_get(r)->password_url_or_none);
}

static inline const ms_url *ms_config_help_url(const request_rec *r)
{
    return ms_url_set(ms_dir_conf_get(r)->help_url_or_none);
}

static inline const ms_url *ms_config_stylesheet(const request_rec *r)
{
    return ms_url_set(ms_dir_conf_get(r)->stylesheet_or_none);
}

/** ManagedSessionFormFields where the request is, or the default; never NULL. */
const ms_form_fields *ms_config_form_fields(const request_rec *r);

/** ManagedSessionLandingURL where the request is, or the root of the site; never NULL. */
const char *ms_config_landing(const request_rec *r);

/** ManagedSessionOrigin of the request's server: an array of ms_web_origin, or NULL. */
const apr_array_header_t *ms_config_origins(const request_rec *r);

/** Whether this is the last pass over the configuration: httpd reads it twice at start. Warnings
 * are logged in the last pass only. */
int ms_config_is_last_pass(void);

#endif
