/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A provider that does not find a user answers sooner than one that has to hash a password. How
 * long hashing takes here is learned from the checks of users who are there, and spent on the
 * others too.
 */
#include "password.h"

#include <apr_atomic.h>
#include <apr_md5.h>
#include <apr_strings.h>
#include <http_log.h>
#include "config.h"
#include "log_limit.h"

APLOG_USE_MODULE(managed_session);

#define COST_MAX  apr_time_from_sec(2)
#define COST_ZERO 2000 /* microseconds, until something was learned: about one bcrypt of cost 5 */

/* A hash that no password has: "apr1" with a salt, costing some hundred microseconds to check. */
static const char unit_of_work[] = "$apr1$........$......................";

static void learn_cost(ms_server_conf *conf, apr_interval_time_t took)
{
    const apr_uint32_t old = apr_atomic_read32(&conf->password_cost);
    const apr_uint32_t now = (apr_uint32_t)(took < COST_MAX ? took : COST_MAX);

    apr_atomic_set32(&conf->password_cost, old ? old - old / 4 + now / 4 : now);
}

static void spend_cost(ms_server_conf *conf, const char *password, apr_time_t since)
{
    const apr_uint32_t learned = apr_atomic_read32(&conf->password_cost);
    const apr_interval_time_t cost = learned ? learned : COST_ZERO;
    apr_interval_time_t spent;

    do {
        (void)apr_password_validate(password, unit_of_work);
        spent = apr_time_now() - since;
    } while (spent >= 0 && spent < cost);
}

static authn_status ask_providers(request_rec *r, const ms_provider *providers, const char *user,
                                  const char *password)
{
    authn_status status = AUTH_USER_NOT_FOUND;

    for (; providers && status == AUTH_USER_NOT_FOUND; providers = providers->next) {
        /* An AuthnProviderAlias finds itself by this note. */
        r->user = apr_pstrdup(r->pool, user); /* some providers read it there, some write it */
        apr_table_setn(r->notes, AUTHN_PROVIDER_NAME_NOTE, providers->name);
        status = providers->provider->check_password(r, user, password);
        apr_table_unset(r->notes, AUTHN_PROVIDER_NAME_NOTE);
    }
    return status;
}

static void log_no_provider(request_rec *r)
{
    const char *suffix = ms_log_limit_suffix(MS_LOG_NO_PROVIDER, r->pool);

    if (suffix) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "MS0040: nobody can sign in at %s: set ManagedSessionAuthProvider there, for "
                      "example to \"file\" beside an AuthUserFile%s",
                      r->uri, suffix);
    }
}

static void log_unsure_provider(request_rec *r)
{
    const char *suffix = ms_log_limit_suffix(MS_LOG_UNSURE_PROVIDER, r->pool);

    if (suffix) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "MS0041: the authentication provider could not say whether the password is "
                      "right; what it logged itself tells why%s",
                      suffix);
    }
}

ms_password_answer ms_password_check(request_rec *r, const char *user, const char *password,
                                     const char **as_user)
{
    const ms_provider *providers = ms_dir_conf_get(r)->providers;
    ms_server_conf *conf = ms_server_conf_get(r->server);
    char *before = r->user;
    const apr_time_t start = apr_time_now();
    authn_status status;

    if (!providers) {
        log_no_provider(r);
        return MS_PASSWORD_UNKNOWN;
    }
    status = ask_providers(r, providers, user, password);
    *as_user = r->user;
    r->user = before;
    switch (status) {
    case AUTH_GRANTED:
        learn_cost(conf, apr_time_now() - start);
        return MS_PASSWORD_RIGHT;
    case AUTH_DENIED:
        learn_cost(conf, apr_time_now() - start);
        return MS_PASSWORD_WRONG;
    case AUTH_USER_NOT_FOUND:
    case AUTH_USER_FOUND:
        spend_cost(conf, password, start);
        return MS_PASSWORD_WRONG;
    default:
        log_unsure_provider(r);
        return MS_PASSWORD_UNKNOWN;
    }
}
