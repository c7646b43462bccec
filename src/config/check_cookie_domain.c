/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line may be for many virtual hosts. It is reported if no name of any of them fits; a host
 * without a configured name may have any.
 */
#include "config/check_cookie_domain.h"

#include <string.h>
#include <apr_strings.h>
#include <http_log.h>
#include "config/config.h"
#include "config/tree.h"
#include "core/address.h"

APLOG_USE_MODULE(managed_session);

#define DIRECTIVE "ManagedSessionCookieDomain"

static int ends_with(const char *text, const char *end)
{
    const apr_size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && ap_cstr_casecmp(text + len - end_len, end) == 0;
}

/* RFC 6265, 5.1.3. Browsers take one without a dot, such as "org", from a host of that name only.
 */
static int is_domain_of(const ms_check *c, const char *domain, const char *host)
{
    return ap_cstr_casecmp(host, domain) == 0 ||
           (strchr(domain, '.') && ends_with(host, apr_pstrcat(c->p, ".", domain, NULL)));
}

/* The names that *.example.org may stand for are known by their end alone. */
static int may_be_domain_of(const ms_check *c, const char *domain, const char *pattern)
{
    const char *end = pattern, *dotted = apr_pstrcat(c->p, ".", domain, NULL);

    for (const char *at; (at = strpbrk(end, "*?"));) {
        end = at + 1;
    }
    return ends_with(end, dotted) || ends_with(dotted, end);
}

static int fits_origin(const ms_check *c, const char *domain, const ms_server_conf *conf)
{
    for (int i = 0; conf->origins && i < conf->origins->nelts; i++) {
        if (is_domain_of(c, domain, APR_ARRAY_IDX(conf->origins, i, ms_web_origin).host)) {
            return 1;
        }
    }
    return 0;
}

static int fits_name(const ms_check *c, const char *domain, const server_rec *s)
{
    int fits = is_domain_of(c, domain, s->server_hostname);

    for (int i = 0; !fits && s->names && i < s->names->nelts; i++) {
        fits = is_domain_of(c, domain, APR_ARRAY_IDX(s->names, i, const char *));
    }
    for (int i = 0; !fits && s->wild_names && i < s->wild_names->nelts; i++) {
        fits = may_be_domain_of(c, domain, APR_ARRAY_IDX(s->wild_names, i, const char *));
    }
    return fits;
}

/* The ServerName outside of virtual hosts is often a placeholder that only stops a message of
 * httpd's. */
static int is_placeholder(const ms_check *c, const server_rec *s)
{
    const char *host = s->server_hostname;

    return ap_cstr_casecmp(host, "localhost") == 0 ||
           ap_cstr_casecmp(host, "localhost.localdomain") == 0 || ms_address_canonical(c->p, host);
}

/* Whether the server has a name of its own: a virtual host may have that of the main server. */
static int is_named(const ms_check *c, const server_rec *s)
{
    const ap_directive_t *name = ms_tree_setting(s, "ServerName");

    return name && ms_tree_host_around(name) == ms_tree_host_of(s) && !is_placeholder(c, s);
}

/* Beside virtual hosts the main server seldom gets requests. */
static int may_fit(const ms_check *c, const char *domain, const server_rec *s)
{
    if (!is_named(c, s)) {
        return s->is_virtual || !s->next;
    }
    return fits_name(c, domain, s) || fits_origin(c, domain, ms_server_conf_get(s));
}

static void check_domain(const ms_check *c, const ap_directive_t *at, const server_rec *example)
{
    const char *text = ms_tree_word(c->p, at, 0), *domain = text ? text + (text[0] == '.') : "";

    for (const server_rec *s = c->main_server; s; s = s->next) {
        if (ms_tree_setting(s, DIRECTIVE) == at && may_fit(c, domain, s)) {
            return;
        }
    }
    ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, example,
                 "MS0268: " DIRECTIVE " %s at %s: no ServerName or ServerAlias, such as %s, is "
                 "this domain or below it, so browsers reject the cookie and no user stays signed "
                 "in; correct the domain, or remove the line if one host is enough",
                 text, ms_check_where(c, at), example->server_hostname);
}

void ms_check_cookie_domains(const ms_check *c)
{
    const ap_directive_t *checked = NULL;

    for (const server_rec *s = c->main_server; s; s = s->next) {
        const ap_directive_t *at = ms_tree_setting(s, DIRECTIVE);

        /* A line outside of all virtual hosts is first met with the main server. */
        if (at && at != checked && (s == c->main_server || ms_tree_host_around(at))) {
            check_domain(c, at, s);
            checked = at;
        }
    }
}
