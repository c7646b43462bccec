/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An attempt is counted before its password is checked, and taken back if it was right: otherwise a
 * hundred attempts at the same moment would get around the limit.
 */
#include "session/sign_in_limit.h"

#include <string.h>
#include <apr_atomic.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <http_log.h>
#include "config/config.h"
#include "config/runtime.h"
#include "core/clock.h"
#include "core/name_fold.h"
#include "core/network.h"
#include "core/sha256.h"
#include "core/tally.h"
#include "session/request.h"
#include "core/throttle.h"
#include "session/user_name.h"

APLOG_USE_MODULE(managed_session);

#define KEY_BYTES 32
#define OVERDRAFT 4 /* times the limit, that failures at once may count for */

/*
 * Three tables in one piece of memory, so that a flood of one kind does not push out another:
 * failures by the configured rate, failures in a row, and what was logged recently. A tally of the
 * failures that users are told of follows them.
 */
enum { RATES, STREAKS, LOGGED, TABLES };

/* NIST SP 800-63B-4, 3.2.2: no more than 100 consecutive failures. One a day is forgotten, since
 * an administrator cannot unlock each account that is attacked. */
static const ms_rate in_a_row = {100, (apr_int64_t)100 * 86400};

/* Process-wide, set at start. With the key a client cannot choose names that share a slot. */
static void *memory;
static unsigned char hash_key[KEY_BYTES];
static volatile apr_uint32_t *noticed; /* shared: the notice about a proxy was logged */

static void *table(int which)
{
    return (char *)memory + (apr_size_t)which * MS_THROTTLE_SIZE;
}

static void *failures(void)
{
    return table(TABLES);
}

void ms_sign_in_limit_init(apr_pool_t *pconf, server_rec *s)
{
    const apr_size_t size = TABLES * MS_THROTTLE_SIZE + MS_TALLY_SIZE + sizeof(*noticed);
    apr_shm_t *shm = NULL;
    apr_status_t rv;

    memory = NULL;
    if (!ms_config_is_used(s)) {
        return;
    }
    rv = apr_shm_create(&shm, size, NULL, pconf);
    if (rv == APR_SUCCESS) {
        rv = apr_generate_random_bytes(hash_key, sizeof(hash_key));
    }
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, rv, s,
                     "MS0062: no shared memory for failed sign-ins: ManagedSessionLoginLimit does "
                     "not work");
        return;
    }
    memory = apr_shm_baseaddr_get(shm);
    memset(memory, 0, size);
    noticed = (volatile apr_uint32_t *)(void *)((char *)failures() + MS_TALLY_SIZE);
}

apr_uint64_t ms_sign_in_limit_hash(request_rec *r, const char *kind, const char *text)
{
    const char *realm = ms_server_conf_get(r->server)->realm;
    const ms_sha256_part parts[] = {{hash_key, sizeof(hash_key)},
                                    {kind, strlen(kind) + 1},
                                    {realm, strlen(realm) + 1},
                                    {text, strlen(text)}};

    return ms_sha256_key(r->pool, parts, sizeof(parts) / sizeof(parts[0]));
}

/* ---- clients ----------------------------------------------------------------------------------
 */

/* The header that a proxy puts the client's address in, if it still has to be read: all visitors
 * behind that proxy have one address here. NULL: the address is the client's. */
static const char *unread_header(request_rec *r)
{
    static const char *const headers[] = {"X-Forwarded-For", "Forwarded"};
    const char *known = ms_server_conf_get(r->server)->remoteip_header, *arrived = NULL;

    for (int i = 0; i < 2; i++) {
        /* mod_remoteip reads this header from its proxies, and this client is not one of them. */
        if (known && ap_cstr_casecmp(known, headers[i]) == 0) {
            return NULL;
        }
        arrived = !arrived && apr_table_get(r->headers_in, headers[i]) ? headers[i] : arrived;
    }
    return r->useragent_addr == r->connection->client_addr ? arrived : NULL;
}

static void notice_proxy(request_rec *r, const char *header)
{
    if (apr_atomic_cas32(noticed, 1, 0) == 0) {
        ap_log_rerror(
            APLOG_MARK, APLOG_NOTICE, 0, r,
            "MS0111: the header %s arrived from %s, and mod_remoteip has not taken the client's "
            "address from it: failed sign-ins are limited by user name, but not by client. If that "
            "is a proxy of yours, load mod_remoteip and write RemoteIPHeader X-Forwarded-For and "
            "RemoteIPInternalProxy %s. If clients connect directly, write RequestHeader unset %s "
            "early, since they could avoid the limit with it",
            header, r->useragent_ip, r->useragent_ip, header);
    }
}

/* What a provider gives one customer: an IPv4 address, or an IPv6 /64. NULL: the client is not
 * known. */
static const char *client_of(request_rec *r)
{
    const char *header = unread_header(r);

    if (header) {
        notice_proxy(r, header);
        return NULL;
    }
    return strchr(r->useragent_ip, ':') ? ms_network_name(r->pool, r->useragent_ip)
                                        : r->useragent_ip;
}

/* ---- buckets ----------------------------------------------------------------------------------
 */

static const ms_rate *rate_of(request_rec *r)
{
    return &ms_server_conf_get(r->server)->login_limit;
}

static apr_int64_t take_client(request_rec *r, int is_late, ms_sign_in_ticket *attempt)
{
    const char *client = client_of(r);
    const apr_uint64_t key = client ? ms_sign_in_limit_hash(r, "client", client) : 0;
    const apr_time_t now = apr_time_now();
    const apr_int64_t wait = !key      ? 0
                             : is_late ? ms_throttle_peek(table(RATES), key, now, rate_of(r))
                                       : ms_throttle_take(table(RATES), key, now, rate_of(r));

    *(is_late ? &attempt->late : &attempt->client) = wait ? 0 : key;
    attempt->full = wait ? key : 0;
    return wait;
}

/* What the attempt's spelling has used of a budget. */
static apr_uint64_t share_of(const ms_sign_in_ticket *attempt, apr_uint64_t bucket)
{
    return bucket ^ attempt->spelling;
}

/* A share is never more than its budget: it is counted later, taken off earlier, and drains as
 * fast, beside all other shares. So what it returns to the budget is its own. */
static void count_in_share(request_rec *r, apr_uint64_t share, apr_time_t now)
{
    ms_throttle_take(table(RATES), share, now, rate_of(r));
    ms_throttle_take(table(STREAKS), share, now, &in_a_row);
}

static apr_int64_t take_bucket(request_rec *r, apr_uint64_t key, ms_sign_in_ticket *attempt)
{
    const apr_time_t now = apr_time_now();
    apr_int64_t wait = ms_throttle_take(table(RATES), key, now, rate_of(r));

    if (!wait) {
        wait = ms_throttle_take(table(STREAKS), key, now, &in_a_row);
        if (wait) {
            ms_throttle_give_back(table(RATES), key, now, rate_of(r));
        }
    }
    if (!wait) {
        count_in_share(r, share_of(attempt, key), now);
    }
    attempt->bucket = wait ? 0 : key;
    attempt->full = wait ? key : 0;
    return wait;
}

/* The name that the session would have. Before the password is checked, the expression of
 * ManagedSessionUserName may have one value for all names: then it is the name as typed. */
static const char *spelling_of(request_rec *r, const char *user, const char *folded)
{
    const char *guess = ms_user_name_guess(r, user);

    return strcmp(ms_name_fold(r->pool, guess), folded) == 0 ? guess : user;
}

/* The id of the live session that this request presents, if it is this user's. */
static const char *own_session(request_rec *r, const char *spelling)
{
    const ms_row *row;

    return ms_request_session(r, &row) == APR_SUCCESS && row && strcmp(row->user, spelling) == 0
               ? row->id
               : NULL;
}

/* Whether the user has had a session in the client's network. */
static int is_known_network(request_rec *r, const char *user)
{
    const ms_db_ctx ctx = ms_store_ctx(ms_runtime_get(r->server)->store, r, r->pool);
    int has = 0;

    ms_store_has_place(&ctx, user, ms_user_name_guess(r, user), r->useragent_ip, &has);
    return has;
}

static apr_int64_t take_user(request_rec *r, const char *user, ms_sign_in_ticket *attempt)
{
    const char *folded = ms_name_fold(r->pool, user), *spelling = spelling_of(r, user, folded),
               *own = own_session(r, spelling), *network;
    apr_int64_t wait;

    attempt->spelling = ms_sign_in_limit_hash(r, "spelling", spelling);
    attempt->user = ms_sign_in_limit_hash(r, "user", folded);
    if (own) {
        return take_bucket(
            r, ms_sign_in_limit_hash(r, "device", apr_pstrcat(r->pool, own, " ", folded, NULL)),
            attempt);
    }
    wait = take_bucket(r, attempt->user, attempt);
    network = wait ? ms_network_name(r->pool, r->useragent_ip) : NULL;
    if (network && is_known_network(r, user)) {
        wait = take_bucket(
            r,
            ms_sign_in_limit_hash(r, "network", apr_pstrcat(r->pool, network, " ", folded, NULL)),
            attempt);
    }
    return wait;
}

static apr_uint64_t name_key(request_rec *r, const char *user)
{
    return ms_sign_in_limit_hash(r, "failures", ms_name_fold(r->pool, user));
}

static apr_int64_t take(request_rec *r, const char *user, int is_late, ms_sign_in_ticket *attempt)
{
    apr_int64_t wait;

    memset(attempt, 0, sizeof(*attempt));
    if (memory && user) {
        attempt->name = name_key(r, ms_user_name_guess(r, user));
    }
    if (!memory || !rate_of(r)->count) {
        return 0;
    }
    wait = take_client(r, is_late, attempt);
    if (!wait && user) {
        wait = take_user(r, user, attempt);
    }
    if (wait) {
        ms_sign_in_limit_was_nothing(r, attempt);
    }
    return wait;
}

apr_int64_t ms_sign_in_limit_take(request_rec *r, const char *user, ms_sign_in_ticket *attempt)
{
    return take(r, user, 0, attempt);
}

apr_int64_t ms_sign_in_limit_take_late(request_rec *r, const char *user, ms_sign_in_ticket *attempt)
{
    return take(r, user, 1, attempt);
}

/* Many attempts at once may pass the check: all are counted, and the next one waits longer. */
void ms_sign_in_limit_was_wrong(request_rec *r, const ms_sign_in_ticket *attempt)
{
    const ms_rate *rate = rate_of(r);
    const ms_rate overdrawn = {rate->count * OVERDRAFT, rate->period * OVERDRAFT};

    if (attempt->late) {
        ms_throttle_take(table(RATES), attempt->late, apr_time_now(), &overdrawn);
    }
}

void ms_sign_in_limit_count_failure(request_rec *r, const char *user)
{
    if (memory && user) {
        ms_tally_add(failures(), name_key(r, ms_user_name_guess(r, user)), ms_clock_now());
    }
}

int ms_sign_in_limit_failures(request_rec *r, const char *user, apr_int64_t *last)
{
    return memory ? ms_tally_get(failures(), name_key(r, user), last) : 0;
}

static void give_back(request_rec *r, apr_uint64_t key)
{
    if (key) {
        ms_throttle_give_back(table(RATES), key, apr_time_now(), rate_of(r));
    }
}

typedef apr_int64_t lower_fn(void *memory, apr_uint64_t key, apr_int64_t now, const ms_rate *rate);

static void return_share_in(void *counts, const ms_rate *rate, const ms_sign_in_ticket *attempt,
                            apr_uint64_t bucket, lower_fn *lower)
{
    const apr_time_t now = apr_time_now();

    ms_throttle_lower(counts, bucket, now, rate,
                      lower(counts, share_of(attempt, bucket), now, rate));
}

/* One attempt, or all of the share. */
static void return_share(request_rec *r, const ms_sign_in_ticket *attempt, apr_uint64_t bucket,
                         lower_fn *lower)
{
    if (bucket) {
        return_share_in(table(RATES), rate_of(r), attempt, bucket, lower);
        return_share_in(table(STREAKS), &in_a_row, attempt, bucket, lower);
    }
}

/* Of failures in a row under other spellings, which may have been an attacker's who wants to keep
 * this user out: a tenth of what is allowed with each success, ten times a day. So the owner of
 * another spelling has 100 more guesses a day, and no more. */
static void forgive_others(request_rec *r, apr_uint64_t bucket)
{
    static const ms_rate a_day = {10, 86400};
    const apr_time_t now = apr_time_now();

    if (!bucket || !ms_throttle_give_back(table(STREAKS), bucket, now, &in_a_row)) {
        return; /* there is nothing to forgive, so this is none of the ten */
    }
    if (ms_throttle_take(table(RATES), bucket ^ ms_sign_in_limit_hash(r, "forgiven", ""), now,
                         &a_day)) {
        ms_throttle_take(table(STREAKS), bucket, now, &in_a_row);
        return;
    }
    for (int i = 1; i < in_a_row.count / a_day.count; i++) {
        ms_throttle_give_back(table(STREAKS), bucket, now, &in_a_row);
    }
}

void ms_sign_in_limit_was_right(request_rec *r, const ms_sign_in_ticket *attempt)
{
    give_back(r, attempt->client);
    return_share(r, attempt, attempt->user, ms_throttle_forget);
    return_share(r, attempt, attempt->bucket, ms_throttle_forget);
    forgive_others(r, attempt->user);
    if (attempt->name) {
        ms_tally_forget(failures(), attempt->name);
    }
}

void ms_sign_in_limit_was_nothing(request_rec *r, const ms_sign_in_ticket *attempt)
{
    give_back(r, attempt->client);
    return_share(r, attempt, attempt->bucket, ms_throttle_give_back);
}

/* ---- sign-ins that succeed --------------------------------------------------------------------
 */

static const ms_rate sessions = {60, 60};

#define SPELLINGS 5 /* times the limit of one, for all that a provider may take for one account */

/* Another spelling may be another user, who must not use up this one's. */
static apr_int64_t take_success(request_rec *r, const char *kind, const char *user,
                                const ms_rate *rate, apr_uint64_t *key)
{
    const ms_rate of_all = {SPELLINGS * rate->count, rate->period};
    const apr_time_t now = apr_time_now();
    apr_int64_t wait;

    *key = 0;
    if (!memory || !rate_of(r)->count) {
        return 0;
    }
    *key = ms_sign_in_limit_hash(r, kind, user);
    wait = ms_throttle_take(table(RATES), *key, now, rate);
    if (!wait) {
        const char *of_name = apr_pstrcat(r->pool, kind, " of all spellings", NULL);

        wait = ms_throttle_take(table(RATES),
                                ms_sign_in_limit_hash(r, of_name, ms_name_fold(r->pool, user)), now,
                                &of_all);
    }
    return wait;
}

apr_int64_t ms_sign_in_limit_take_session(request_rec *r, const char *user, apr_uint64_t *key)
{
    return take_success(r, "session", user, &sessions, key);
}

void ms_sign_in_limit_give_session_back(apr_uint64_t key)
{
    if (key) {
        ms_throttle_give_back(table(RATES), key, apr_time_now(), &sessions);
    }
}

/* ---- app passwords ----------------------------------------------------------------------------
 */

/* A limit that allows a user more of them wants them made. */
static ms_rate rate_of_apps(request_rec *r)
{
    const int limit = ms_server_conf_get(r->server)->app_limit;

    return (ms_rate){limit > sessions.count ? limit : sessions.count, sessions.period};
}

apr_int64_t ms_sign_in_limit_take_app(request_rec *r, const char *user, apr_uint64_t *key)
{
    const ms_rate rate = rate_of_apps(r);

    return take_success(r, "app", user, &rate, key);
}

void ms_sign_in_limit_give_app_back(request_rec *r, apr_uint64_t key)
{
    const ms_rate rate = rate_of_apps(r);

    if (key) {
        ms_throttle_give_back(table(RATES), key, apr_time_now(), &rate);
    }
}

/* ---- log lines --------------------------------------------------------------------------------
 */

int ms_sign_in_limit_may_log(request_rec *r, const char *what, const char *who, const ms_rate *rate)
{
    static const ms_rate in_all = {500, 10};
    const apr_time_t now = apr_time_now();

    return !memory ||
           (!ms_throttle_take(table(LOGGED), ms_sign_in_limit_hash(r, what, who), now, rate) &&
            !ms_throttle_take(table(LOGGED), ms_sign_in_limit_hash(r, what, ""), now, &in_all));
}
