/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each directive accepts. A setter also runs without a file being read, for the default of the
 * table; cmd->directive is NULL then.
 */
#include "config/setters.h"

#include <string.h>
#include <ap_provider.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include "config/config.h"
#include "config/directives.h"
#include "core/clock.h"
#include "core/header_name.h"
#include "core/utf8.h"
#include "config/values.h"

APLOG_USE_MODULE(managed_session);

#define LOGIN_PERIOD_MAX (7 * 86400)

/* Within <Limit> a directive would apply to some methods only, and leave the others unprotected.
 * AllowOverrideList can admit to .htaccess what belongs in the server's own configuration. */
static const char *check_place(cmd_parms *cmd)
{
    const unsigned for_htaccess = cmd->cmd->req_override & OR_ALL;
    const char *wrong;

    if (!cmd->directive) {
        return NULL;
    }
    wrong = ap_check_cmd_context(cmd, NOT_IN_LIMIT | (for_htaccess ? 0 : NOT_IN_HTACCESS));
    if (!wrong && !ap_check_cmd_context(cmd, NOT_IN_HTACCESS)) {
        ms_server_conf_get(cmd->server)->used = 1;
    }
    return wrong;
}

static void *field_of(const cmd_parms *cmd, void *conf)
{
    const ms_directive *directive = cmd->info;

    return (char *)conf + directive->offset;
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

/* The author of an .htaccess file must not receive the tokens of visitors. */
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

const char *ms_set_time_zone(cmd_parms *cmd, void *dir, const char *arg)
{
    const char *wrong = check_place(cmd); /* first: in .htaccess other threads would see its TZ */
    const ms_zone *zone;

    if (wrong) {
        return wrong;
    }
    zone = ms_zone_load(cmd->pool, arg, ms_clock_now());
    if (!zone) {
        return needs(
            cmd,
            "the name of a time zone that this system has (package tzdata), such as UTC or "
            "Europe/Berlin",
            arg);
    }
    *(const ms_zone **)field_of(cmd, dir) = zone;
    return NULL;
}

const char *ms_set_dir_url_or_none(cmd_parms *cmd, void *dir, const char *arg)
{
    if (ap_cstr_casecmp(arg, "none") != 0) {
        return ms_set_dir_url(cmd, dir, arg);
    }
    *(const ms_url **)field_of(cmd, dir) = &ms_url_none;
    return check_place(cmd);
}

/* A location whose sign-in page is that location itself would redirect without end. */
const char *ms_set_login_page(cmd_parms *cmd, void *dir, const char *arg)
{
    const apr_size_t len = strcspn(arg, "?#");

    if (cmd->path && strlen(cmd->path) == len && strncmp(cmd->path, arg, len) == 0) {
        return needs(cmd,
                     "the URL of a page outside the location that it is set in, whose form posts "
                     "to that location",
                     arg);
    }
    return ms_set_dir_url(cmd, dir, arg);
}

#define FIELD_MAX 64

static int is_field_name(const char *text)
{
    static const char *const taken[] = {"remember", "form"}; /* fields whose names are fixed */

    if (!*text || strlen(text) > FIELD_MAX) {
        return 0;
    }
    for (const char *c = text; *c; c++) {
        if (!apr_isalnum(*c) && !strchr("_-.:[]", *c)) {
            return 0;
        }
    }
    for (apr_size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        if (ap_cstr_casecmp(text, taken[i]) == 0) {
            return 0;
        }
    }
    return 1;
}

const char *ms_set_form_fields(cmd_parms *cmd, void *dir, const char *user, const char *password,
                               const char *back)
{
    const char *const names[] = {user, password, back};
    ms_form_fields *fields = apr_palloc(cmd->pool, sizeof(*fields));

    for (int i = 0; i < 3; i++) {
        /* The reader of forms does not distinguish letter case. */
        if (!is_field_name(names[i]) || ap_cstr_casecmp(names[i], names[(i + 1) % 3]) == 0) {
            return needs(cmd,
                         "three different names of fields: for the user, the password and the way "
                         "back, each 1 to 64 of letters, digits and \"_-.:[]\", and neither "
                         "\"remember\" nor \"form\"",
                         names[i]);
        }
    }
    *fields = (ms_form_fields){user, password, back};
    *(const ms_form_fields **)field_of(cmd, dir) = fields;
    return check_place(cmd);
}

const char *ms_set_dir_text(cmd_parms *cmd, void *dir, const char *arg)
{
    if (!*arg || !ms_utf8_is_clean(arg)) {
        return needs(cmd, "some text in UTF-8 without control characters", arg);
    }
    *(const char **)field_of(cmd, dir) = arg;
    return check_place(cmd);
}

const char *ms_set_check_answer(cmd_parms *cmd, void *dir, const char *arg)
{
    int *redirects = field_of(cmd, dir);

    if (ap_cstr_casecmp(arg, "redirect") == 0) {
        *redirects = 1;
    }
    else if (ap_cstr_casecmp(arg, "status") == 0) {
        *redirects = 0;
    }
    else {
        return needs(cmd, "status or redirect", arg);
    }
    return check_place(cmd);
}

const char *ms_set_check_peer(cmd_parms *cmd, void *dir, const char *arg)
{
    ms_dir_conf *conf = dir;

    if (!conf->check_peers) {
        conf->check_peers = ms_peers_make(cmd->pool);
    }
    if (!ms_peers_add(conf->check_peers, arg)) {
        return needs(cmd,
                     "addresses and networks of the servers that may query this handler, such as "
                     "127.0.0.1, ::1 or 10.0.0.0/8, or \"unix\"; no host names",
                     arg);
    }
    conf->check_section = cmd->path;
    return check_place(cmd);
}

#define A_HEADER "the name of a header, such as X-Remote-User, or \"none\""

const char *ms_set_user_header(cmd_parms *cmd, void *dir, const char *arg)
{
    int named = 0;

    if (ap_cstr_casecmp(arg, "none") == 0) {
        arg = "";
    }
    if (ap_cstr_casecmp(arg, "On") == 0 || ap_cstr_casecmp(arg, "Off") == 0) {
        return needs(cmd, A_HEADER, arg);
    }
    for (const char *c = arg; *c; c++) {
        if (!apr_isalnum(*c) && *c != '-' && *c != '_') {
            return needs(cmd, A_HEADER, arg);
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

    if (strcmp(arg, MS_AUTHN_PROVIDER) == 0) {
        return apr_psprintf(cmd->pool,
                            "%s: \"%s\" is for app passwords, which begin no session: write it "
                            "after AuthBasicProvider where apps sign in",
                            cmd->cmd->name, arg);
    }
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

const char *ms_set_cookie_domain(cmd_parms *cmd, void *dir, const char *arg)
{
    if (ap_cstr_casecmp(arg, "none") == 0) {
        return apr_psprintf(cmd->pool,
                            "%s: \"%s\" would be a domain of that name; remove the line, and "
                            "browsers send the cookie to this host only",
                            cmd->cmd->name, arg);
    }
    if (!ms_cookie_is_domain(arg)) {
        return needs(cmd,
                     "the name of a domain, such as example.org: letters, digits, \"-\" and \".\", "
                     "without scheme, port or \"*\"",
                     arg);
    }
    return ms_set_server_text(cmd, dir, arg);
}

#define FROM_1S "a time from 1s to 400d (a number with s, m, h, d or w), such as 30d"
#define OR_OFF  "0 for off, or a time up to 400d (a number with s, m, h, d or w), such as 30m"
#define HISTORY \
    "a time up to 400d (a number with s, m, h, d or w), such as 30d; 0 keeps rows for an hour"

/* conf: where the field is. what: such a time, in words. */
static const char *set_duration(cmd_parms *cmd, void *conf, const char *arg, apr_int64_t least,
                                const char *what)
{
    apr_int64_t seconds;

    if (!ms_values_duration(arg, &seconds) || seconds < least || seconds > MS_COOKIE_MAX_S) {
        return needs(cmd, what, arg);
    }
    *(apr_int64_t *)field_of(cmd, conf) = seconds;
    return check_place(cmd);
}

const char *ms_set_server_duration(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    return set_duration(cmd, ms_server_conf_get(cmd->server), arg, 1, FROM_1S);
}

const char *ms_set_server_duration_or_0(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    return set_duration(cmd, ms_server_conf_get(cmd->server), arg, 0, OR_OFF);
}

const char *ms_set_history(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    return set_duration(cmd, ms_server_conf_get(cmd->server), arg, 0, HISTORY);
}

const char *ms_set_dir_duration_or_0(cmd_parms *cmd, void *dir, const char *arg)
{
    return set_duration(cmd, dir, arg, 0, OR_OFF);
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

/* A whole number from least to most. Returns 0 if text is not one. */
static int read_count(const char *text, apr_int64_t least, apr_int64_t most, int *count)
{
    char *end;
    const apr_int64_t n = apr_strtoi64(text, &end, 10);

    if (!apr_isdigit(text[0]) || *end || n < least || n > most) {
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

#define MMAP_MIN 65536 /* less is a number without its unit */

const char *ms_set_sqlite_mmap(cmd_parms *cmd, void *dir, const char *arg)
{
    apr_int64_t bytes;

    (void)dir;
    if (!ms_values_size(arg, &bytes) || (bytes > 0 && bytes < MMAP_MIN)) {
        return needs(cmd,
                     "0 for off, or a size from 64K to 1024G (a number with K, M or G), such as 2G",
                     arg);
    }
    ms_server_conf_get(cmd->server)->sqlite_mmap = bytes;
    return check_place(cmd);
}

#define CACHE_TTL_MAX 3600 /* seconds; a revocation on another host takes effect that late */

const char *ms_set_cache_ttl(cmd_parms *cmd, void *dir, const char *arg)
{
    apr_int64_t seconds;

    (void)dir;
    if (!ms_values_duration(arg, &seconds) || seconds > CACHE_TTL_MAX) {
        return needs(cmd, "0 for off, or a time up to 1h (a number with s, m or h), such as 1s",
                     arg);
    }
    ms_server_conf_get(cmd->server)->cache_ttl = seconds;
    return NULL; /* it does not show that the server uses sessions */
}

#define CACHE_ENTRIES_MIN 64
#define CACHE_ENTRIES_MAX 4194304 /* a gigabyte */

#define CACHE_LIFE_MAX 86400

const char *ms_set_cache_life(cmd_parms *cmd, void *dir, const char *arg)
{
    apr_int64_t seconds;

    (void)dir;
    if (!ms_values_duration(arg, &seconds) || seconds > CACHE_LIFE_MAX) {
        return needs(cmd, "0 for off, or a time up to 1d (a number with s, m, h or d), such as 5m",
                     arg);
    }
    ms_server_conf_get(cmd->server)->cache_life = seconds;
    return NULL; /* it does not show that the server uses sessions */
}

const char *ms_set_cache_entries(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    if (cmd->directive && (cmd->server->is_virtual || ap_check_cmd_context(cmd, GLOBAL_ONLY))) {
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
        return needs(cmd, "a file, \"|program\" or none", arg);
    }
    ms_server_conf_get(cmd->server)->event_log = ap_cstr_casecmp(arg, "none") == 0 ? "" : arg;
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
    if ((rate->count > 0 || period) &&
        (!period || !ms_values_duration(period, &rate->period) || rate->period > LOGIN_PERIOD_MAX ||
         (rate->count > 0 && rate->period < 1))) {
        return needs(cmd, "a time from 1s to 7d after the number, such as 5m",
                     period ? period : "");
    }
    return check_place(cmd);
}

/* mod_auth_basic has read the name too, or will; it reports what is wrong with it. */
const char *ms_note_basic_provider(cmd_parms *cmd, void *dir, const char *name)
{
    ms_dir_conf *conf = dir;
    const int is_ours = strcmp(name, MS_AUTHN_PROVIDER) == 0;

    if (!ap_find_linked_module("mod_auth_basic.c")) {
        return "AuthBasicProvider needs mod_auth_basic: load it";
    }
    if (conf->basic == MS_UNSET) {
        conf->basic = is_ours ? MS_BASIC_APPS : MS_BASIC_OTHERS;
    }
    else if (is_ours || conf->basic == MS_BASIC_APPS) {
        conf->basic = MS_BASIC_APPS_AND_OTHERS;
    }
    if (is_ours && !ap_check_cmd_context(cmd, NOT_IN_HTACCESS)) {
        ms_server_conf_get(cmd->server)->used = 1;
    }
    return NULL;
}

const char *ms_set_user_name(cmd_parms *cmd, void *dir, const char *arg)
{
    const char *wrong = ms_set_dir_expr(cmd, dir, arg);

    if (!wrong) {
        ms_server_conf_get(cmd->server)->folds_names = 1;
    }
    return wrong;
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

const char *ms_set_app_limit(cmd_parms *cmd, void *dir, const char *n)
{
    (void)dir;
    if (!read_count(n, 0, LIMIT_MAX, &ms_server_conf_get(cmd->server)->app_limit)) {
        return needs(cmd, "a number of app passwords from 0 (any number) to 10000", n);
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
