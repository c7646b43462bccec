/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table, and what follows from it for fields that are not set. What a directive accepts is in
 * setters.c.
 */
#include "config/directives.h"

#include "config/config.h"
#include "config/setters.h"

/* Where a directive may stand: for a server as a whole, or for directories and .htaccess files too.
 */
#define SERVER        RSRC_CONF
#define SERVER_DIR    (RSRC_CONF | OR_AUTHCFG)
#define SERVER_OR_DIR (RSRC_CONF | ACCESS_CONF) /* SERVER_DIR, but not in .htaccess */
#define DIR           (ACCESS_CONF | OR_AUTHCFG)
#define DIR_ONLY      ACCESS_CONF /* not in .htaccess */
#define GLOBAL        RSRC_CONF   /* and not in <VirtualHost>, which the setter rejects */

/* clang-format off */
#define TYPE_OF(conf, field)                                                                       \
    _Generic(((conf *)0)->field,                                                                   \
             int: MS_FIELD_INT, apr_int64_t: MS_FIELD_INT64, default: MS_FIELD_POINTER)
/* clang-format on */
#define SERVER_FIELD(field) APR_OFFSETOF(ms_server_conf, field), TYPE_OF(ms_server_conf, field), 1
#define DIR_FIELD(field)    APR_OFFSETOF(ms_dir_conf, field), TYPE_OF(ms_dir_conf, field), 0

/* A row: how httpd passes the arguments, name, argument (for the documentation), setter, field,
 * context, default, description. The default is a value that the setter reads. */
#define DIRECTIVE(how, name, argument, set, field, context, fallback, what) \
    ROW(how, name, set, context, what " (default: " fallback ")", fallback, field)
/* The same if the default is not a value: it is described, and the code that uses the field knows
 * it. */
#define DIRECTIVE_IN_WORDS(how, name, argument, set, field, context, fallback, what) \
    ROW(how, name, set, context, what " (default: " fallback ")", NULL, field)
#define ROW(how, name, set, context, what, fallback, ...) \
    AP_INIT_##how(name, set, (void *)&((const ms_directive){__VA_ARGS__, fallback}), context, what)

const command_rec ms_directives[] = {
    DIRECTIVE_IN_WORDS(
        FLAG, "ManagedSession", "On|Off", ms_set_dir_flag, DIR_FIELD(on), SERVER_DIR, "Off",
        "resolve the session of a request without requiring one; AuthType ManagedSession, "
        "AuthBasicProvider managed-session and the module's handlers imply On"),
    DIRECTIVE_IN_WORDS(
        TAKE1, "ManagedSessionCookieName", "name", ms_set_server_text, SERVER_FIELD(cookie_name),
        SERVER,
        "__Host-session if Secure is on, the path is / and no domain is set, otherwise managed_session",
        "name of the session cookie"),
    DIRECTIVE_IN_WORDS(TAKE1, "ManagedSessionCookieDomain", "domain", ms_set_cookie_domain,
                       SERVER_FIELD(cookie_domain), SERVER,
                       "none, so that browsers send it to this host only", "Domain of the cookie"),
    DIRECTIVE(TAKE1, "ManagedSessionCookiePath", "path", ms_set_server_text,
              SERVER_FIELD(cookie_path), SERVER, "/",
              "Path of the cookie; our own pages must lie below it"),
    DIRECTIVE(TAKE1, "ManagedSessionCookieSameSite", "Lax|Strict|None", ms_set_same_site,
              SERVER_FIELD(cookie_same_site), SERVER, "Lax",
              "SameSite of the cookie: Lax, Strict or None; None needs Secure"),
    DIRECTIVE(FLAG, "ManagedSessionCookieSecure", "On|Off", ms_set_server_flag,
              SERVER_FIELD(cookie_secure), SERVER, "On",
              "whether the cookie is Secure; Off is for plain http on a trusted network, since "
              "browsers drop a Secure cookie there"),
    DIRECTIVE(TAKE1, "ManagedSessionLifetime", "duration", ms_set_server_duration,
              SERVER_FIELD(lifetime), SERVER, "30d",
              "maximum lifetime of a session, at most 400d; the cookie's Max-Age follows it"),
    DIRECTIVE(TAKE1, "ManagedSessionIdleTimeout", "duration", ms_set_server_duration_or_0,
              SERVER_FIELD(idle_timeout), SERVER, "0",
              "a session that was not used for this long expires; 0 is off"),
    DIRECTIVE(TAKE1, "ManagedSessionTouchInterval", "duration", ms_set_server_duration,
              SERVER_FIELD(touch_interval), SERVER, "60s",
              "the time of last use is written at most once in this interval, within two seconds"),
    DIRECTIVE(
        TAKE1, "ManagedSessionConfirmAfter", "duration", ms_set_dir_duration_or_0,
        DIR_FIELD(confirm_after), SERVER_OR_DIR, "0",
        "to end other sessions in the list, or to name one, the user must have signed in this "
        "long ago at most, and otherwise signs in again; 0 is off"),
    DIRECTIVE(TAKE1, "ManagedSessionRemember", "On|Off|Ask", ms_set_remember,
              SERVER_FIELD(remember), SERVER, "Ask",
              "whether a session outlives the browser: On, Off, or Ask, which adds a checkbox to "
              "the sign-in form"),
    DIRECTIVE(TAKE1, "ManagedSessionTransientLifetime", "duration", ms_set_server_duration,
              SERVER_FIELD(transient_lifetime), SERVER, "12h",
              "maximum lifetime of a session that is not remembered"),
    DIRECTIVE(TAKE12, "ManagedSessionLimit", "count [evict|refuse]", ms_set_limit,
              SERVER_FIELD(limit), SERVER, "100 evict",
              "live sessions that a user may have, 0 for any number; above it, evict ends the "
              "session unused for longest, refuse rejects the new one"),
    DIRECTIVE(FLAG, "ManagedSessionAppPasswords", "On|Off", ms_set_dir_flag,
              DIR_FIELD(app_passwords), DIR, "Off",
              "on the list of sessions, users make passwords for apps that cannot use the sign-in "
              "form; they count where AuthBasicProvider names managed-session, see "
              "docs/app-passwords.md"),
    DIRECTIVE(FLAG, "ManagedSessionAppBearer", "On|Off", ms_set_dir_flag, DIR_FIELD(app_bearer),
              DIR, "Off",
              "app passwords count as Authorization: Bearer, too, without a user name: for clients "
              "of an API"),
    DIRECTIVE(TAKE1, "ManagedSessionAppLifetime", "duration", ms_set_server_duration,
              SERVER_FIELD(app_lifetime), SERVER, "400d",
              "lifetime of an app password; ManagedSessionIdleTimeout does not end it"),
    DIRECTIVE(TAKE1, "ManagedSessionAppLimit", "count", ms_set_app_limit, SERVER_FIELD(app_limit),
              SERVER, "20",
              "app passwords that a user may have, 0 for any number; ManagedSessionLimit does not "
              "count them"),
    DIRECTIVE(TAKE12, "ManagedSessionLoginLimit", "count duration", ms_set_login_limit,
              SERVER_FIELD(login_limit.count), SERVER, "10 5m",
              "failed sign-ins that one user name, and one client (a /64 of IPv6), may make at "
              "once or spread over this time; then 429; 0 is any number"),
    DIRECTIVE(TAKE1, "ManagedSessionCleanupInterval", "duration", ms_set_server_duration_or_0,
              SERVER_FIELD(cleanup_interval), SERVER, "10m",
              "how often expired rows are deleted; 0 is off"),
    DIRECTIVE(TAKE1, "ManagedSessionCleanupBatch", "count", ms_set_batch,
              SERVER_FIELD(cleanup_batch), SERVER, "1000",
              "rows that one statement of the cleanup deletes at most"),
    DIRECTIVE(TAKE1, "ManagedSessionHistory", "duration", ms_set_history, SERVER_FIELD(history),
              SERVER, "30d",
              "how long the row of a session that was ended is kept, with the time, the reason and "
              "the user who ended it; an hour at least, also with 0"),
    DIRECTIVE(TAKE1, "ManagedSessionCacheTTL", "duration", ms_set_cache_ttl,
              SERVER_FIELD(cache_ttl), SERVER, "1s",
              "how long a look-up may be answered from shared memory, at most 1h; a session that "
              "another host revoked may stay valid here for that long; 0 is off"),
    DIRECTIVE(
        TAKE1, "ManagedSessionCacheLife", "duration", ms_set_cache_life, SERVER_FIELD(cache_life),
        SERVER, "5m",
        "the same while the feed of ended sessions is read, at most 1d; what other hosts "
        "revoked is over within ManagedSessionCacheTTL all the same, what was deleted by hand "
        "from the table within this time; 0 is off: no feed is read"),
    DIRECTIVE(TAKE1, "ManagedSessionCacheEntries", "count", ms_set_cache_entries,
              SERVER_FIELD(cache_entries), GLOBAL, "65536",
              "sessions that the shared memory has room for, 256 bytes each; for all virtual hosts "
              "together; at least 2.5 times those at work on this host"),
    DIRECTIVE(TAKE1, "ManagedSessionSQLiteMmap", "size", ms_set_sqlite_mmap,
              SERVER_FIELD(sqlite_mmap), SERVER, "0",
              "how much of a SQLite database is mapped into memory, such as 2G: faster if it has "
              "millions of sessions, but a file that is cut short then ends the process that reads "
              "it, see docs/performance.md; 0 is off"),
    DIRECTIVE_IN_WORDS(
        TAKE1, "ManagedSessionEventLog", "file|\"|program\"|none", ms_set_event_log,
        SERVER_FIELD(event_log), SERVER, "none",
        "a file, or \"|program\", that receives one JSON object per line for each sign-in, "
        "sign-out and other event, see docs/events.md"),
    DIRECTIVE_IN_WORDS(
        ITERATE, "ManagedSessionOrigin", "origin...", ms_set_origin, SERVER_FIELD(origins), SERVER,
        "none",
        "further origins of this site, such as https://www.example.org: like the virtual "
        "host's own, their pages may post forms, use the JSON interface with the user's cookie "
        "(CORS, docs/api.md) and open WebSockets here, and sign-in may return to them"),
    DIRECTIVE_IN_WORDS(
        TAKE1, "ManagedSessionRealm", "name", ms_set_server_text, SERVER_FIELD(realm), SERVER,
        "the virtual host's ServerName",
        "sessions are valid within one realm only; set it if several sites share sign-in"),
    DIRECTIVE(TAKE1, "ManagedSessionTable", "identifier", ms_set_table, SERVER_FIELD(table), SERVER,
              "managed_session", "name of the table"),
    DIRECTIVE(FLAG, "ManagedSessionCreateTable", "On|Off", ms_set_server_flag,
              SERVER_FIELD(create_table), SERVER, "On", "create the table if it does not exist"),
    DIRECTIVE_IN_WORDS(
        ITERATE, "ManagedSessionAuthProvider", "provider...", ms_set_provider, DIR_FIELD(providers),
        DIR_ONLY, "none",
        "providers that check the passwords of the sign-in form (file, dbd, ldap, ...), as "
        "in AuthBasicProvider"),
    DIRECTIVE_IN_WORDS(
        FLAG, "ManagedSessionSignIn", "On|Off", ms_set_dir_flag, DIR_FIELD(sign_in), DIR_ONLY,
        "On if ManagedSessionAuthProvider is set, otherwise Off",
        "whether sessions may begin here; needed if another AuthType protects the sign-in "
        "page"),
    DIRECTIVE_IN_WORDS(
        TAKE1, "ManagedSessionUserName", "expr", ms_set_user_name, DIR_FIELD(user_name), DIR_ONLY,
        "%{REMOTE_USER}",
        "expression whose value is the user of a new session after authentication, such as "
        "%{tolower:%{REMOTE_USER}} or %{env:AUTHENTICATE_NAME}, a column that "
        "mod_authn_dbd's query returns; if it has no value, the sign-in fails"),
    DIRECTIVE_IN_WORDS(
        TAKE1, "ManagedSessionLabel", "expr", ms_set_dir_expr, DIR_FIELD(label), SERVER_DIR, "none",
        "expression whose value is stored with a new session and shown in the list, such as "
        "a place: %{env:MM_CITY_NAME}"),
    DIRECTIVE_IN_WORDS(TAKE1, "ManagedSessionLoginURL", "URL|none", ms_set_dir_url_or_none,
                       DIR_FIELD(login_url_or_none), SERVER_DIR, "none",
                       "URL of the sign-in page, for challenges and links; none "
                       "takes an inherited one back"),
    DIRECTIVE_IN_WORDS(TAKE1, "ManagedSessionLogoutURL", "URL|none", ms_set_dir_url_or_none,
                       DIR_FIELD(logout_url_or_none), SERVER_DIR, "none",
                       "URL of the sign-out page, for links"),
    DIRECTIVE_IN_WORDS(TAKE1, "ManagedSessionListURL", "URL|none", ms_set_dir_url_or_none,
                       DIR_FIELD(list_url_or_none), SERVER_DIR, "none",
                       "URL of the list of sessions, for links"),
    DIRECTIVE_IN_WORDS(
        TAKE1, "ManagedSessionPasswordURL", "URL|none", ms_set_dir_url_or_none,
        DIR_FIELD(password_url_or_none), SERVER_DIR, "none",
        "page of the site where users change their password; the list of sessions links to it"),
    DIRECTIVE_IN_WORDS(
        TAKE1, "ManagedSessionHelpURL", "URL|none", ms_set_dir_url_or_none,
        DIR_FIELD(help_url_or_none), SERVER_DIR, "none",
        "page of the site for users who have forgotten their password; the sign-in form links to "
        "it"),
    DIRECTIVE_IN_WORDS(
        TAKE1, "ManagedSessionLandingURL", "URL", ms_set_dir_url, DIR_FIELD(landing_url),
        SERVER_DIR, "/ after sign-in, and after sign-out a page that confirms it",
        "URL to go to after sign-in without a return path, and after sign-out; pages link to it"),
    DIRECTIVE_IN_WORDS(
        TAKE1, "ManagedSessionLoginPage", "URL", ms_set_login_page, DIR_FIELD(login_page), DIR,
        "none",
        "page of the site's own that replaces the built-in form: GET is redirected there, a "
        "failed POST is redirected there with ?error=..., see docs/pages.md"),
    DIRECTIVE_IN_WORDS(
        TAKE3, "ManagedSessionFormFields", "user password return", ms_set_form_fields,
        DIR_FIELD(form_fields), DIR, "username password return",
        "names of the sign-in form's fields, in the built-in form too; for forms written for "
        "another module: httpd_username httpd_password httpd_location is mod_auth_form's"),
    DIRECTIVE_IN_WORDS(
        TAKE1, "ManagedSessionUserHeader", "header|none", ms_set_user_header,
        DIR_FIELD(user_header), DIR, "none",
        "request header that carries the user to an application; every spelling of it that a "
        "client sent is removed first, on all virtual hosts"),
    DIRECTIVE(FLAG, "ManagedSessionHideCookie", "On|Off", ms_set_hide_cookie,
              DIR_FIELD(hide_cookie), DIR, "On",
              "remove the session cookie from the request before an application receives it; Off "
              "is not allowed in .htaccess"),
    DIRECTIVE(FLAG, "ManagedSessionCutConnections", "On|Off", ms_set_dir_flag,
              DIR_FIELD(cut_connections), DIR, "On",
              "when a session ends, end its WebSockets, streams, downloads and uploads that are "
              "still open"),
    DIRECTIVE(FLAG, "ManagedSessionBackendLogin", "On|Off", ms_set_dir_flag,
              DIR_FIELD(backend_login), DIR_ONLY, "Off",
              "let the application sign users in and out with the response headers "
              "Managed-Session-User (of a 2xx or 3xx response) and Managed-Session-End, and report "
              "failures with Managed-Session-Failed"),
    DIRECTIVE(TAKE1, "ManagedSessionCheckAnswer", "status|redirect", ms_set_check_answer,
              DIR_FIELD(check_redirects), DIR, "status",
              "what the handler managed-session-check sends for a client that is not signed in: "
              "status is 401 (nginx, HAProxy), redirect leads a navigation to the sign-in page "
              "(Caddy, Traefik, Envoy), see docs/forward-auth.md"),
    DIRECTIVE_IN_WORDS(
        ITERATE, "ManagedSessionCheckPeers", "address|network|unix...", ms_set_check_peer,
        DIR_FIELD(check_peers), DIR, "none",
        "the servers that may query the handler managed-session-check, by the address that they "
        "connect from; it returns 403 to all others"),
    DIRECTIVE_IN_WORDS(TAKE1, "ManagedSessionTitle", "text", ms_set_dir_text, DIR_FIELD(title),
                       SERVER_DIR, "the site's ServerName", "title of the built-in pages"),
    DIRECTIVE_IN_WORDS(TAKE1, "ManagedSessionStylesheet", "URL|none", ms_set_dir_url_or_none,
                       DIR_FIELD(stylesheet_or_none), SERVER_DIR, "none",
                       "style sheet that the built-in pages load after their own"),
    DIRECTIVE_IN_WORDS(
        TAKE1, "ManagedSessionTimeZone", "zone", ms_set_time_zone, DIR_FIELD(time_zone),
        SERVER_OR_DIR, "UTC",
        "time zone of the dates on the built-in pages, such as Europe/Berlin, as this "
        "system's time zone database has it"),
    DIRECTIVE(
        FLAG, "ManagedSessionScript", "On|Off", ms_set_dir_flag, DIR_FIELD(script), SERVER_DIR,
        "Off",
        "let the built-in pages load a small script of the module's own, which shows dates in "
        "the browser's time zone; they are complete without it"),
    /* mod_auth_basic's own directive. httpd calls each module that has a row of that name: where
     * app passwords count is known to both. */
    ROW(ITERATE, "AuthBasicProvider", ms_note_basic_provider, OR_AUTHCFG,
        "see mod_auth_basic, which must be loaded", NULL, DIR_FIELD(basic)),
    {NULL, {NULL}, NULL, 0, RAW_ARGS, NULL}};

/* ---- fields that are not set ----------------------------------------------------------------- */

static void unset(void *conf, const ms_directive *directive)
{
    void *field = (char *)conf + directive->offset;

    switch (directive->type) {
    case MS_FIELD_INT:
        *(int *)field = MS_UNSET;
        break;
    case MS_FIELD_INT64:
        *(apr_int64_t *)field = MS_UNSET;
        break;
    default:
        *(void **)field = NULL;
    }
}

static int is_unset(const void *conf, const ms_directive *directive)
{
    const void *field = (const char *)conf + directive->offset;

    switch (directive->type) {
    case MS_FIELD_INT:
        return *(const int *)field == MS_UNSET;
    case MS_FIELD_INT64:
        return *(const apr_int64_t *)field == MS_UNSET;
    default:
        return *(void *const *)field == NULL;
    }
}

void ms_directives_unset(void *conf, int is_server)
{
    for (const command_rec *row = ms_directives; row->name; row++) {
        const ms_directive *directive = row->cmd_data;

        if (directive->is_server == is_server) {
            unset(conf, directive);
        }
    }
}

/* Call the setter as httpd would for "Name default". */
static void set_default(apr_pool_t *p, server_rec *s, const command_rec *row, void *dir)
{
    const ms_directive *directive = row->cmd_data;
    const char *words = directive->fallback, *first = ap_getword_conf(p, &words);
    cmd_parms cmd = {0};

    cmd.pool = p;
    cmd.server = s;
    cmd.cmd = row;
    cmd.info = row->cmd_data;
    cmd.limited = -1;
    switch (row->args_how) {
    case FLAG:
        row->AP_FLAG(&cmd, dir, ap_cstr_casecmp(first, "On") == 0);
        break;
    case TAKE12:
        row->AP_TAKE2(&cmd, dir, first, ap_getword_conf(p, &words));
        break;
    default:
        row->AP_TAKE1(&cmd, dir, first);
    }
}

void ms_directives_set_defaults(apr_pool_t *p, server_rec *s)
{
    void *dir = ap_get_module_config(s->lookup_defaults, &managed_session_module);

    for (const command_rec *row = ms_directives; row->name; row++) {
        const ms_directive *directive = row->cmd_data;
        const void *conf = directive->is_server ? ms_server_conf_get(s) : dir;

        if (directive->fallback && is_unset(conf, directive)) {
            set_default(p, s, row, dir);
        }
    }
}
