/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A provider that does not find a user returns sooner than one that hashes a password, so the time
 * would reveal which users exist. The time of hashing is learned from checks of existing users, and
 * the same time is spent for others.
 */
#include "access/password.h"

#include <string.h>
#include <apr_md5.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include "config/config.h"
#include "config/runtime.h"
#include "core/costs.h"
#include "http/limited_log.h"
#include "session/sign_in_limit.h"
#include "core/name_fold.h"
#include "access/password_share.h"

#define COST_MAX  apr_time_from_sec(2)
#define COST_ZERO 2000 /* microseconds, before the first check: about one bcrypt of cost 5 */

#define COARSE 1000 /* microseconds: with less time left, the smaller piece of work is done */

/* Hashes that no password has. Checking "apr1" takes some hundred microseconds, SHA-1 about one. */
static const char larger_work[] = "$apr1$........$......................";
static const char smaller_work[] = "{SHA}...........................=";

static apr_uint32_t bounded(apr_interval_time_t took)
{
    return (apr_uint32_t)(took < 0 ? 0 : took < COST_MAX ? took : COST_MAX);
}

void ms_password_init(apr_pool_t *pconf, server_rec *main_server)
{
    apr_size_t servers = 0;
    apr_shm_t *shm = NULL;
    char *memory = NULL;

    for (const server_rec *s = main_server; s; s = s->next) {
        servers++;
    }
    if (ms_config_is_used(main_server) &&
        apr_shm_create(&shm, servers * ms_costs_size(), NULL, pconf) == APR_SUCCESS) {
        memory = apr_shm_baseaddr_get(shm);
        memset(memory, 0, servers * ms_costs_size());
    }
    for (server_rec *s = main_server; s; s = s->next) {
        ms_runtime_get(s)->costs = (ms_costs *)(void *)memory;
        memory += memory ? ms_costs_size() : 0;
    }
}

apr_interval_time_t ms_password_expected_cost(const server_rec *s)
{
    const ms_costs *costs = ms_runtime_get(s)->costs;
    const apr_uint32_t mean = costs ? ms_costs_mean(costs) : 0;

    return mean ? mean : COST_ZERO;
}

static void learn_cost(request_rec *r, apr_time_t since)
{
    ms_costs *costs = ms_runtime_get(r->server)->costs;

    if (costs) {
        ms_costs_learn(costs, bounded(apr_time_now() - since));
    }
}

/* Users may have hashes of several kinds. An unknown name always gets the cost of the same kind. */
static apr_interval_time_t cost_of(request_rec *r, const char *user)
{
    const ms_costs *costs = ms_runtime_get(r->server)->costs;
    const apr_uint64_t hash = ms_sign_in_limit_hash(r, "cost", ms_name_fold(r->pool, user));
    const apr_uint32_t cost = costs ? ms_costs_pick(costs, (apr_uint32_t)hash) : 0;

    return cost ? cost : COST_ZERO;
}

static void spend_cost(request_rec *r, const char *user, const char *password, apr_time_t since)
{
    const apr_interval_time_t cost = cost_of(r, user);
    apr_interval_time_t spent = apr_time_now() - since;

    while (spent >= 0 && spent < cost) {
        (void)apr_password_validate(password, cost - spent > COARSE ? larger_work : smaller_work);
        spent = apr_time_now() - since;
    }
}

static authn_status run_providers(request_rec *r, const ms_provider *providers, const char *user,
                                  const char *password)
{
    authn_status status = AUTH_USER_NOT_FOUND;

    for (; providers && status == AUTH_USER_NOT_FOUND; providers = providers->next) {
        /* An AuthnProviderAlias finds its configuration by this note. */
        r->user = apr_pstrdup(r->pool, user); /* some providers read r->user, some set it */
        apr_table_setn(r->notes, AUTHN_PROVIDER_NAME_NOTE, providers->name);
        status = providers->provider->check_password(r, user, password);
        apr_table_unset(r->notes, AUTHN_PROVIDER_NAME_NOTE);
    }
    return status;
}

static void log_no_provider(request_rec *r)
{
    ms_limited_log(r, MS_LOG_NO_PROVIDER, APLOG_ERR,
                   "MS0040: no user can sign in at %s: set ManagedSessionAuthProvider there, for "
                   "example to \"file\" beside an AuthUserFile",
                   r->uri);
}

static void log_unsure_provider(request_rec *r)
{
    ms_limited_log(r, MS_LOG_UNSURE_PROVIDER, APLOG_ERR,
                   "MS0041: the authentication provider could not check a password; see its own "
                   "line above for the reason");
}

static ms_password_answer check(request_rec *r, const char *user, const char *password,
                                const char **as_user)
{
    const ms_provider *providers = ms_dir_conf_get(r)->providers;
    char *before = r->user;
    const apr_time_t start = apr_time_now();
    authn_status status;

    if (!providers) {
        log_no_provider(r);
        return MS_PASSWORD_NO_PROVIDER;
    }
    status = run_providers(r, providers, user, password);
    *as_user = r->user;
    r->user = before;
    switch (status) {
    case AUTH_GRANTED:
        learn_cost(r, start);
        return MS_PASSWORD_RIGHT;
    case AUTH_DENIED:
        learn_cost(r, start);
        return MS_PASSWORD_WRONG;
    case AUTH_USER_NOT_FOUND:
    case AUTH_USER_FOUND:
        spend_cost(r, user, password, start);
        return MS_PASSWORD_WRONG;
    default:
        log_unsure_provider(r);
        return MS_PASSWORD_UNKNOWN;
    }
}

ms_password_answer ms_password_check(request_rec *r, const char *user, const char *password,
                                     const char **as_user)
{
    ms_password_answer answer;
    int number;

    if (ms_password_share_enter(r, &number) != OK) {
        return MS_PASSWORD_BUSY;
    }
    answer = check(r, user, password, as_user);
    ms_password_share_leave(number);
    return answer;
}
