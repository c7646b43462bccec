/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each server as a whole: TLS for its Secure cookie, times that contradict each other, its name.
 */
#include "config/check_server.h"

#include <string.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include "config/check_context.h"
#include "config/config.h"
#include "config/tree.h"

APLOG_USE_MODULE(managed_session);

/* ---- a Secure cookie without TLS ------------------------------------------------------------- */

/* TLS of this httpd, of a proxy in front of it, or a redirect to a host that has it. */
static int indicates_tls(const ms_check *c, const ap_directive_t *at, const ms_place *where)
{
    static const char *const modules[] = {"GnuTLS",   "NSS",      "TLSEngine", "MDomain",
                                          "<MDomain", "RemoteIP", NULL};

    if (!ms_check_applies(c, at, where)) {
        return 0;
    }
    return (ms_tree_is(at, "SSLEngine") && !ms_check_has_word(c, at, 0, "Off")) ||
           ms_check_begins_with_any(at->directive, modules) ||
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

static void check_tls(const ms_check *c, const server_rec *s)
{
    const ms_server_conf *conf = ms_server_conf_get(s);
    const ms_place host = {ms_tree_host_of(s), NULL};

    if (!host.host || !conf->used || !conf->cookie.secure || is_for_tls_or_loopback(s) ||
        !ms_check_exists(c, &host, ms_check_uses_sessions) ||
        ms_check_exists(c, &host, indicates_tls)) {
        return;
    }
    ap_log_error(
        APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, s,
        "MS0154: the virtual host at %s has no TLS, and its session cookie is Secure: over "
        "plain http browsers do not keep it. If a proxy in front of httpd has TLS, write "
        "ServerName https://%s. If not, set up TLS, or ManagedSessionCookieSecure Off on a "
        "network that you trust",
        ms_check_where(c, host.host), s->server_hostname);
}

/* ---- times ----------------------------------------------------------------------------------- */

static const char *name_of(apr_pool_t *p, const server_rec *s)
{
    return s->is_virtual
               ? apr_psprintf(p, "the virtual host at %s:%u", s->defn_name, s->defn_line_number)
               : "the main server";
}

static void check_time(const ms_check *c, const server_rec *s, const char *directive,
                       apr_int64_t seconds)
{
    const apr_int64_t lifetime = ms_server_conf_get(s)->lifetime;

    if (seconds > lifetime && ms_tree_setting(s, directive)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, s,
                     "MS0155: in %s, %s (%" APR_INT64_T_FMT "s) is above ManagedSessionLifetime "
                     "(%" APR_INT64_T_FMT "s) and has no effect; make it shorter, or the lifetime "
                     "longer",
                     name_of(c->p, s), directive, seconds, lifetime);
    }
}

/* A virtual host with the times of the main server was reported with the main server. */
static int has_times_of(const server_rec *s, const server_rec *main_server)
{
    const ms_server_conf *conf = ms_server_conf_get(s), *base = ms_server_conf_get(main_server);

    return s != main_server && base->used && conf->lifetime == base->lifetime &&
           conf->idle_timeout == base->idle_timeout &&
           conf->transient_lifetime == base->transient_lifetime;
}

static void check_times(const ms_check *c, const server_rec *s)
{
    const ms_server_conf *conf = ms_server_conf_get(s);

    if (conf->used && !has_times_of(s, c->main_server)) {
        check_time(c, s, "ManagedSessionIdleTimeout", conf->idle_timeout);
        check_time(c, s, "ManagedSessionTransientLifetime", conf->transient_lifetime);
    }
}

/* ---- the name of a server -------------------------------------------------------------------- */

/* A ServerName outside of all virtual hosts is the name of each of them that has none. */
static void check_name(const ms_check *c, const server_rec *s)
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

void ms_check_servers(const ms_check *c)
{
    for (const server_rec *s = c->main_server; s; s = s->next) {
        check_times(c, s);
        check_tls(c, s);
        check_name(c, s);
    }
}
