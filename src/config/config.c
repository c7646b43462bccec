/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings: created unset, merged field by field, checked as a whole once everything is read.
 */
#include "config/config.h"

#include <string.h>
#include <ap_provider.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include "config/check.h"
#include "config/tree.h"
#include "config/cookie_path.h"
#include "db/sql.h"
#include "core/header_name.h"
#include "config/shared_names.h"
#include "core/utf8.h"
#include "config/values.h"
#include "session/user_name.h"

APLOG_USE_MODULE(managed_session);

#define DEFAULT_TRANSIENT_LIFETIME 43200 /* 12h */
#define DEFAULT_TOUCH_INTERVAL     60
#define DEFAULT_CLEANUP_INTERVAL   600
#define DEFAULT_CLEANUP_BATCH      1000
#define DEFAULT_CACHE_TTL          1
#define DEFAULT_CACHE_ENTRIES      8192
#define DEFAULT_LIMIT              100
#define DEFAULT_LOGIN_LIMIT        10
#define DEFAULT_LOGIN_PERIOD       300
#define LOGIN_PERIOD_MAX           (7 * 86400)
#define DEFAULT_TABLE              "managed_session"

/* ---- create and merge ------------------------------------------------------------------------ */

void *ms_server_conf_create(apr_pool_t *p, server_rec *s)
{
    ms_server_conf *conf = apr_pcalloc(p, sizeof(*conf));

    (void)s;
    conf->cookie_same_site = MS_UNSET;
    conf->cookie_secure = MS_UNSET;
    conf->lifetime = MS_UNSET;
    conf->transient_lifetime = MS_UNSET;
    conf->idle_timeout = MS_UNSET;
    conf->touch_interval = MS_UNSET;
    conf->remember = MS_UNSET;
    conf->limit = MS_UNSET;
    conf->login_limit.count = MS_UNSET;
    conf->cleanup_interval = MS_UNSET;
    conf->cleanup_batch = MS_UNSET;
    conf->cache_ttl = MS_UNSET;
    conf->cache_entries = MS_UNSET;
    conf->create_table = MS_UNSET;
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
    PICK(cleanup_interval, MS_UNSET);
    PICK(cleanup_batch, MS_UNSET);
    PICK(cache_ttl, MS_UNSET);
    PICK(cache_entries, MS_UNSET);
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
    conf->on = MS_UNSET;
    conf->hide_cookie = MS_UNSET;
    conf->backend_login = MS_UNSET;
    conf->sign_in = MS_UNSET;
    return conf;
}

void *ms_dir_conf_merge(apr_pool_t *p, void *basev, void *addv)
{
    const ms_dir_conf *base = basev, *add = addv;
    ms_dir_conf *out = apr_palloc(p, sizeof(*out));

    PICK(on, MS_UNSET);
    PICK(hide_cookie, MS_UNSET);
    PICK(backend_login, MS_UNSET);
    PICK(sign_in, MS_UNSET);
    PICK(login_url, NULL);
    PICK(login_page, NULL);
    PICK(logout_url, NULL);
    PICK(list_url, NULL);
    PICK(landing_url, NULL);
    PICK(title, NULL);
    PICK(stylesheet, NULL);
    PICK(label, NULL);
    PICK(user_name, NULL);
    PICK(user_header, NULL);
    PICK(providers, NULL);
    return out;
}

ms_server_conf *ms_server_conf_get(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &managed_session_module);
}

int ms_config_is_used(const server_rec *main_server)
{
    const server_rec *s = main_server;

    while (s && !ms_server_conf_get(s)->used) {
        s = s->next;
    }
    return s != NULL;
}

ms_dir_conf *ms_dir_conf_get(const request_rec *r)
{
    return ap_get_module_config(r->per_dir_config, &managed_session_module);
}

const apr_array_header_t *ms_config_origins(const request_rec *r)
{
    return ms_server_conf_get(r->server)->origins;
}

/* ---- setters --------------------------------------------------------------------------------- */

/* A directive within <Limit> would hold for some methods only, and let the others through.
 * AllowOverrideList could bring into .htaccess what is for the server's own configuration. */
static const char *check_place(cmd_parms *cmd)
{
    const unsigned for_htaccess = cmd->cmd->req_override & OR_ALL;
    const char *wrong =
        ap_check_cmd_context(cmd, NOT_IN_LIMIT | (for_htaccess ? 0 : NOT_IN_HTACCESS));

    if (!wrong && !ap_check_cmd_context(cmd, NOT_IN_HTACCESS)) {
        ms_server_conf_get(cmd->server)->used = 1;
    }
    return wrong;
}

static void *field_of(const cmd_parms *cmd, void *conf)
{
    return (char *)conf + (apr_size_t)cmd->info;
}

static const char *needs(cmd_parms *cmd, const char *what, const char *arg)
{
    return apr_psprintf(cmd->pool, "%s takes %s, not \"%s\"", cmd->cmd->name, what, arg);
}

const char *ms_set_dir_flag(cmd_parms *cmd, void *dir, int on)
{
    *(int *)field_of(cmd, dir) = on;
    return check_place(cmd);
}

/* The author of an .htaccess file must not see the secrets of those who visit. */
const char *ms_set_hide_cookie(cmd_parms *cmd, void *dir, int on)
{
    if (!on && ap_check_cmd_context(cmd, NOT_IN_HTACCESS)) {
        return apr_psprintf(cmd->pool,
                            "%s Off is not allowed in .htaccess; write it into the "
                            "server's own configuration",
                            cmd->cmd->name);
    }
    return ms_set_dir_flag(cmd, dir, on);
}

const char *ms_set_dir_url(cmd_parms *cmd, void *dir, const char *arg)
{
    const ms_url *url = ms_url_parse(cmd->pool, arg);

    if (!url) {
        return needs(cmd, "a path on this host that begins with one \"/\", or a whole http(s) URL",
                     arg);
    }
    *(const ms_url **)field_of(cmd, dir) = url;
    return check_place(cmd);
}

/* A page that is its own sign-in page would send visitors round in a circle. */
const char *ms_set_login_page(cmd_parms *cmd, void *dir, const char *arg)
{
    const apr_size_t len = strcspn(arg, "?#");

    if (cmd->path && strlen(cmd->path) == len && strncmp(cmd->path, arg, len) == 0) {
        return needs(cmd,
                     "another page than the location that it stands in, with a form that posts "
                     "to that location",
                     arg);
    }
    return ms_set_dir_url(cmd, dir, arg);
}

const char *ms_set_dir_text(cmd_parms *cmd, void *dir, const char *arg)
{
    if (!*arg || !ms_utf8_is_clean(arg)) {
        return needs(cmd, "some text in UTF-8 without control characters", arg);
    }
    *(const char **)field_of(cmd, dir) = arg;
    return check_place(cmd);
}

const char *ms_set_user_header(cmd_parms *cmd, void *dir, const char *arg)
{
    int named = 0;

    if (ap_cstr_casecmp(arg, "none") == 0) {
        arg = "";
    }
    for (const char *c = arg; *c; c++) {
        if (!apr_isalnum(*c) && *c != '-' && *c != '_') {
            return needs(cmd, "the name of a header, such as X-Remote-User, or \"none\"", arg);
        }
        named |= apr_isalnum(*c);
    }
    if (*arg && (!named || ms_header_name_is_reserved(arg))) {
        return needs(cmd,
                     "a header that has no meaning of its own in HTTP or for proxies, such as "
                     "X-Remote-User",
                     arg);
    }
    ((ms_dir_conf *)dir)->user_header = arg;
    if (*arg && !ap_check_cmd_context(cmd, NOT_IN_HTACCESS)) {
        APR_ARRAY_PUSH(ms_server_conf_get(cmd->server)->user_headers, const char *) = arg;
    }
    return check_place(cmd);
}

const char *ms_set_provider(cmd_parms *cmd, void *dir, const char *arg)
{
    ms_dir_conf *conf = dir;
    ms_provider *added = apr_pcalloc(cmd->pool, sizeof(*added)), **end = &conf->providers;

    added->name = arg;
    added->provider = ap_lookup_provider(AUTHN_PROVIDER_GROUP, arg, AUTHN_PROVIDER_VERSION);
    if (!added->provider) {
        return apr_psprintf(cmd->pool,
                            "%s: there is no authentication provider \"%s\"; load its module (for "
                            "\"file\" that is mod_authn_file), and define an alias above its use",
                            cmd->cmd->name, arg);
    }
    if (!added->provider->check_password) {
        return apr_psprintf(cmd->pool, "%s: the provider \"%s\" cannot check a password",
                            cmd->cmd->name, arg);
    }
    while (*end) {
        end = &(*end)->next;
    }
    *end = added;
    return check_place(cmd);
}

const char *ms_set_server_flag(cmd_parms *cmd, void *dir, int on)
{
    (void)dir;
    *(int *)field_of(cmd, ms_server_conf_get(cmd->server)) = on;
    return check_place(cmd);
}

const char *ms_set_server_text(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    if (!*arg || !ms_utf8_is_clean(arg) || ms_utf8_length(arg) > 255) {
        return needs(cmd, "1 to 255 characters of UTF-8 without control characters", arg);
    }
    *(const char **)field_of(cmd, ms_server_conf_get(cmd->server)) = arg;
    return check_place(cmd);
}

static const char *set_duration(cmd_parms *cmd, const char *arg, apr_int64_t least)
{
    apr_int64_t seconds;

    if (!ms_values_duration(arg, &seconds) || seconds < least || seconds > MS_COOKIE_MAX_S) {
        return needs(
            cmd,
            least ? "a time from 1s to 400d (a number with s, m, h, d or w), such as 30d"
                  : "0 for off, or a time up to 400d (a number with s, m, h, d or w), such as "
                    "30m",
            arg);
    }
    *(apr_int64_t *)field_of(cmd, ms_server_conf_get(cmd->server)) = seconds;
    return check_place(cmd);
}

const char *ms_set_server_duration(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    return set_duration(cmd, arg, 1);
}

const char *ms_set_server_duration_or_0(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    return set_duration(cmd, arg, 0);
}

const char *ms_set_remember(cmd_parms *cmd, void *dir, const char *arg)
{
    ms_server_conf *conf = ms_server_conf_get(cmd->server);

    (void)dir;
    if (ap_cstr_casecmp(arg, "On") == 0) {
        conf->remember = MS_REMEMBER_ON;
    }
    else if (ap_cstr_casecmp(arg, "Off") == 0) {
        conf->remember = MS_REMEMBER_OFF;
    }
    else if (ap_cstr_casecmp(arg, "Ask") == 0) {
        conf->remember = MS_REMEMBER_ASK;
    }
    else {
        return needs(cmd, "On, Off or Ask", arg);
    }
    return check_place(cmd);
}

/* A whole number of a range; 0 where text is something else. */
static int read_count(const char *text, apr_int64_t least, apr_int64_t most, int *count)
{
    char *end;
    const apr_int64_t n = apr_strtoi64(text, &end, 10);

    if (end == text || *end || n < least || n > most) {
        return 0;
    }
    *count = (int)n;
    return 1;
}

#define BATCH_MAX 100000

const char *ms_set_batch(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    if (!read_count(arg, 1, BATCH_MAX, &ms_server_conf_get(cmd->server)->cleanup_batch)) {
        return needs(cmd, "a number of rows from 1 to 100000", arg);
    }
    return check_place(cmd);
}

#define CACHE_TTL_MAX 3600 /* seconds; a revocation on another host may take that long */

const char *ms_set_cache_ttl(cmd_parms *cmd, void *dir, const char *arg)
{
    apr_int64_t seconds;

    (void)dir;
    if (!ms_values_duration(arg, &seconds) || seconds > CACHE_TTL_MAX) {
        return needs(cmd, "0 for off, or a time up to 1h (a number with s, m or h), such as 1s",
                     arg);
    }
    ms_server_conf_get(cmd->server)->cache_ttl = seconds;
    return NULL; /* by itself it makes no use of sessions */
}

#define CACHE_ENTRIES_MIN 64
#define CACHE_ENTRIES_MAX 4194304 /* a gigabyte */

const char *ms_set_cache_entries(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    if (cmd->server->is_virtual || ap_check_cmd_context(cmd, GLOBAL_ONLY)) {
        return apr_psprintf(cmd->pool,
                            "%s is for all virtual hosts together; write it outside of every "
                            "section",
                            cmd->cmd->name);
    }
    if (!read_count(arg, CACHE_ENTRIES_MIN, CACHE_ENTRIES_MAX,
                    &ms_server_conf_get(cmd->server)->cache_entries)) {
        return needs(cmd, "a number of sessions from 64 to 4194304", arg);
    }
    return NULL;
}

const char *ms_set_event_log(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    if (!*arg || (arg[0] == '|' && !arg[1])) {
        return needs(cmd, "a file, or \"|program\"", arg);
    }
    ms_server_conf_get(cmd->server)->event_log = arg;
    return check_place(cmd);
}

const char *ms_set_origin(cmd_parms *cmd, void *dir, const char *arg)
{
    ms_server_conf *conf = ms_server_conf_get(cmd->server);
    ms_web_origin origin;

    (void)dir;
    if (!ms_web_origin_parse(cmd->pool, arg, &origin)) {
        return needs(cmd,
                     "origins, each a scheme (http or https), a host and, if it is not the "
                     "scheme's own, a port, without a path, such as https://www.example.org",
                     arg);
    }
    if (!conf->origins) {
        conf->origins = apr_array_make(cmd->pool, 2, sizeof(ms_web_origin));
    }
    APR_ARRAY_PUSH(conf->origins, ms_web_origin) = origin;
    return check_place(cmd);
}

#define LIMIT_MAX 10000

const char *ms_set_login_limit(cmd_parms *cmd, void *dir, const char *n, const char *period)
{
    ms_rate *rate = &ms_server_conf_get(cmd->server)->login_limit;

    (void)dir;
    if (!read_count(n, 0, LIMIT_MAX, &rate->count)) {
        return needs(cmd,
                     "a number of failed sign-ins from 1 to 10000 and a time, such as 10 5m, "
                     "or 0 for any number",
                     n);
    }
    if (rate->count > 0 && (!period || !ms_values_duration(period, &rate->period) ||
                            rate->period < 1 || rate->period > LOGIN_PERIOD_MAX)) {
        return needs(cmd, "a time from 1s to 7d after the number, such as 5m",
                     period ? period : "");
    }
    return check_place(cmd);
}

const char *ms_set_dir_expr(cmd_parms *cmd, void *dir, const char *arg)
{
    const char *error = NULL;

    *(const ap_expr_info_t **)field_of(cmd, dir) = ap_expr_parse_cmd(
        cmd, arg, AP_EXPR_FLAG_STRING_RESULT | AP_EXPR_FLAG_DONT_VARY, &error, NULL);
    if (error) {
        return apr_psprintf(cmd->pool,
                            "%s takes a string expression, such as %%{tolower:%%{REMOTE_USER}} or "
                            "%%{env:NAME}: %s",
                            cmd->cmd->name, error);
    }
    return check_place(cmd);
}

const char *ms_set_limit(cmd_parms *cmd, void *dir, const char *n, const char *policy)
{
    ms_server_conf *conf = ms_server_conf_get(cmd->server);

    (void)dir;
    if (!read_count(n, 0, LIMIT_MAX, &conf->limit)) {
        return needs(cmd, "a number of sessions from 0 (any number) to 10000", n);
    }
    if (policy && ap_cstr_casecmp(policy, "evict") != 0 && ap_cstr_casecmp(policy, "refuse") != 0) {
        return needs(cmd, "\"evict\" or \"refuse\" after the number", policy);
    }
    conf->limit_refuses = policy && ap_cstr_casecmp(policy, "refuse") == 0;
    return check_place(cmd);
}

const char *ms_set_same_site(cmd_parms *cmd, void *dir, const char *arg)
{
    ms_server_conf *conf = ms_server_conf_get(cmd->server);

    (void)dir;
    if (ap_cstr_casecmp(arg, "Lax") == 0) {
        conf->cookie_same_site = MS_SAMESITE_LAX;
    }
    else if (ap_cstr_casecmp(arg, "Strict") == 0) {
        conf->cookie_same_site = MS_SAMESITE_STRICT;
    }
    else if (ap_cstr_casecmp(arg, "None") == 0) {
        conf->cookie_same_site = MS_SAMESITE_NONE;
    }
    else {
        return needs(cmd, "Lax, Strict or None", arg);
    }
    return check_place(cmd);
}

const char *ms_set_table(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    if (!ms_values_is_identifier(arg)) {
        return needs(
            cmd, "the name of a table: letters, digits and \"_\", 48 at most, no digit first", arg);
    }
    ms_server_conf_get(cmd->server)->table = arg;
    return check_place(cmd);
}

/* ---- the configuration as a whole ------------------------------------------------------------ */

/* Other modules keep their settings to themselves, so they are read where the administrator wrote
 * them. */
static const char *setting_of(apr_pool_t *p, const server_rec *s, const char *name)
{
    const ap_directive_t *found = ms_tree_setting(s, name);

    return found ? ms_tree_word(p, found, 0) : NULL;
}

int ms_config_is_last_pass(void)
{
    return ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST ||
           ap_state_query(AP_SQ_MAIN_STATE) != AP_SQ_MS_CREATE_PRE_CONFIG;
}

static int refuse(const server_rec *s, const char *sentence)
{
    ap_log_error(APLOG_MARK, APLOG_ERR | APLOG_STARTUP, 0, s, "mod_managed_session: %s", sentence);
    return HTTP_INTERNAL_SERVER_ERROR;
}

static int finish_cookie(apr_pool_t *p, const server_rec *s, ms_server_conf *conf)
{
    ms_cookie_attrs *cookie = &conf->cookie;
    const char *wrong;

    cookie->domain = conf->cookie_domain;
    cookie->path = conf->cookie_path ? conf->cookie_path : "/";
    cookie->secure = conf->cookie_secure != 0;
    cookie->same_site =
        conf->cookie_same_site == MS_UNSET ? MS_SAMESITE_LAX : (ms_samesite)conf->cookie_same_site;
    cookie->name = conf->cookie_name;
    if (!cookie->name) {
        cookie->name = cookie->secure && !cookie->domain && strcmp(cookie->path, "/") == 0
                           ? "__Host-session"
                           : "managed_session";
    }
    wrong = ms_cookie_check(p, cookie);
    if (!wrong && conf->used) {
        wrong = ms_cookie_path_check(p, s, cookie->path);
    }
    return wrong ? refuse(s, wrong) : OK;
}

static int pool_number(apr_pool_t *p, const server_rec *s, const char *name, int unset)
{
    const char *set = setting_of(p, s, name);

    return set ? atoi(set) : unset;
}

/* Where these do not go up, mod_dbd makes no pool at all and only says "failed to initialise". */
static int is_pool_possible(apr_pool_t *p, const server_rec *s)
{
    const int keep = pool_number(p, s, "DBDKeep", 2);

    return pool_number(p, s, "DBDMin", 1) <= keep && keep <= pool_number(p, s, "DBDMax", 10);
}

/* Each connection would have a database of its own, so that sessions come and go. */
static const char *sqlite_mistake(apr_pool_t *p, const char *path)
{
    if (!path || !*path) {
        return "DBDriver sqlite3 without DBDParams keeps sessions in a temporary database of each "
               "connection; set DBDParams to a file, for example DBDParams "
               "\"/var/lib/managed-session/sessions.db\"";
    }
    if (path[0] != '/') {
        return apr_psprintf(
            p,
            "DBDParams takes the absolute path of a file with DBDriver sqlite3, not "
            "\"%s\"; for example \"/var/lib/managed-session/sessions.db\"",
            path);
    }
    if (ap_is_directory(p, path) || path[strlen(path) - 1] == '/') {
        return apr_psprintf(p,
                            "DBDParams takes a file with DBDriver sqlite3, and \"%s\" is a "
                            "directory; name a file in it, for example sessions.db",
                            path);
    }
    return NULL;
}

static int finish_database(apr_pool_t *p, server_rec *s, ms_server_conf *conf, ms_store_spec *spec)
{
    const char *mistake;

    spec->dbd_driver = setting_of(p, s, "DBDriver");
    spec->dbd_params = setting_of(p, s, "DBDParams");
    spec->dbd_init = setting_of(p, s, "DBDInitSQL");
    if (!conf->used) {
        return OK;
    }
    if (!ms_store_is_available()) {
        return refuse(s, "mod_dbd is not loaded, and sessions are kept in a database; load it "
                         "(LoadModule dbd_module modules/mod_dbd.so)");
    }
    if (!spec->dbd_driver) {
        return refuse(s, "no database is configured for sessions; set DBDriver and DBDParams, for "
                         "example DBDriver sqlite3 and DBDParams "
                         "\"/var/lib/managed-session/sessions.db\"");
    }
    if (!ms_sql_dialect(spec->dbd_driver)) {
        return refuse(s, apr_psprintf(p, "sessions cannot be kept with DBDriver %s; use one of: %s",
                                      spec->dbd_driver, ms_sql_drivers(p)));
    }
    mistake = strcmp(spec->dbd_driver, "sqlite3") == 0 ? sqlite_mistake(p, spec->dbd_params) : NULL;
    if (mistake) {
        return refuse(s, mistake);
    }
    if (!is_pool_possible(p, s)) {
        return refuse(s, "mod_dbd has no connections at all unless DBDMin (1 unless set) is not "
                         "above DBDKeep (2 unless set), nor that above DBDMax (10 unless set)");
    }
    return OK;
}

static void fill_in(ms_server_conf *conf)
{
    const struct {
        apr_int64_t *field;
        apr_int64_t value;
    } defaults[] = {{&conf->lifetime, MS_DEFAULT_LIFETIME},
                    {&conf->transient_lifetime, DEFAULT_TRANSIENT_LIFETIME},
                    {&conf->idle_timeout, 0},
                    {&conf->touch_interval, DEFAULT_TOUCH_INTERVAL},
                    {&conf->cleanup_interval, DEFAULT_CLEANUP_INTERVAL},
                    {&conf->cache_ttl, DEFAULT_CACHE_TTL}};

    for (apr_size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
        if (*defaults[i].field == MS_UNSET) {
            *defaults[i].field = defaults[i].value;
        }
    }
    if (conf->remember == MS_UNSET) {
        conf->remember = MS_REMEMBER_ASK;
    }
    if (conf->limit == MS_UNSET) {
        conf->limit = DEFAULT_LIMIT;
    }
    if (conf->login_limit.count == MS_UNSET) {
        conf->login_limit = (ms_rate){DEFAULT_LOGIN_LIMIT, DEFAULT_LOGIN_PERIOD};
    }
    if (conf->cleanup_batch == MS_UNSET) {
        conf->cleanup_batch = DEFAULT_CLEANUP_BATCH;
    }
    if (conf->cache_entries == MS_UNSET) {
        conf->cache_entries = DEFAULT_CACHE_ENTRIES;
    }
}

static int finish_server(apr_pool_t *p, server_rec *s)
{
    ms_server_conf *conf = ms_server_conf_get(s);
    ms_store_spec spec = {0};
    int rv;

    fill_in(conf);
    spec.table = conf->table ? conf->table : DEFAULT_TABLE;
    spec.create = conf->create_table != 0;
    spec.realm = conf->realm ? conf->realm : s->server_hostname;
    rv = finish_cookie(p, s, conf);
    if (rv == OK) {
        rv = finish_database(p, s, conf, &spec);
    }
    if (rv != OK) {
        return rv;
    }
    conf->realm = spec.realm;
    conf->remoteip_header = setting_of(p, s, "RemoteIPHeader");
    conf->store = ms_store_create(p, s, &spec);
    return OK;
}

/* A virtual host with no directive of ours has been given the main server's configuration itself,
 * where it needs a copy: its realm is another one. */
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

int ms_config_finish(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *main_server)
{
    part_hosts(pconf, main_server);
    ms_config_check_times(ptemp, main_server);
    for (server_rec *s = main_server; s; s = s->next) {
        const int rv = finish_server(pconf, s);

        if (rv != OK) {
            return rv;
        }
    }
    ms_user_name_check(ptemp, main_server);
    ms_config_check(ptemp, main_server);
    return ms_shared_names_finish(pconf, main_server);
}
