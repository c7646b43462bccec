/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An attempt is counted before its password is checked and taken back where that was right, so that
 * a hundred attempts at the same moment are no way around the limit.
 */
#include "login_limit.h"

#include <string.h>
#include <apr_random.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <http_log.h>
#include "config.h"
#include "name_fold.h"
#include "throttle.h"

APLOG_USE_MODULE(managed_session);

#define SHA256_BYTES 32
#define KEY_BYTES    32

/* Process-wide, set at start. The key keeps anybody from choosing names that share a slot. */
static void *memory;
static unsigned char hash_key[KEY_BYTES];

void ms_login_limit_init(apr_pool_t *pconf, server_rec *s)
{
    apr_shm_t *shm = NULL;
    apr_status_t rv;

    memory = NULL;
    if (!ms_config_is_used(s)) {
        return;
    }
    rv = apr_shm_create(&shm, MS_THROTTLE_SIZE, NULL, pconf);
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
    memset(memory, 0, MS_THROTTLE_SIZE);
}

/* Never 0. */
static apr_uint64_t hash(request_rec *r, const char *kind, const char *text)
{
    const char *realm = ms_server_conf_get(r->server)->realm;
    apr_crypto_hash_t *sha = apr_crypto_sha256_new(r->pool);
    unsigned char digest[SHA256_BYTES];
    apr_uint64_t word;

    sha->init(sha);
    sha->add(sha, hash_key, sizeof(hash_key));
    sha->add(sha, kind, strlen(kind) + 1);
    sha->add(sha, realm, strlen(realm) + 1);
    sha->add(sha, text, strlen(text));
    sha->finish(sha, digest);
    memcpy(&word, digest, sizeof(word));
    return word ? word : 1;
}

/* The network that one customer of a provider has: all of an IPv4 address, or the first half. */
static const char *same_client(request_rec *r)
{
    const apr_sockaddr_t *addr = r->useragent_addr;

#if APR_HAVE_IPV6
    if (addr && addr->family == APR_INET6 &&
        !IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)addr->ipaddr_ptr)) {
        const unsigned char *half = addr->ipaddr_ptr;

        return apr_psprintf(r->pool, "%02x%02x%02x%02x%02x%02x%02x%02x", half[0], half[1], half[2],
                            half[3], half[4], half[5], half[6], half[7]);
    }
#endif
    return addr ? r->useragent_ip : "";
}

apr_int64_t ms_login_limit_take(request_rec *r, const char *user, const char *current,
                                ms_attempt *attempt)
{
    const ms_rate *rate = &ms_server_conf_get(r->server)->login_limit;
    const apr_time_t now = apr_time_now();
    apr_int64_t wait;

    attempt->user = attempt->client = attempt->full = 0;
    if (!memory || !rate->count) {
        return 0;
    }
    attempt->client = hash(r, "client", same_client(r));
    wait = ms_throttle_take(memory, attempt->client, now, rate);
    if (wait) {
        attempt->full = attempt->client;
        attempt->client = 0;
    }
    else if (!current || strcmp(current, user) != 0) {
        attempt->user = hash(r, "user", ms_name_fold(r->pool, user));
        wait = ms_throttle_take(memory, attempt->user, now, rate);
        if (wait) {
            attempt->full = attempt->user;
            attempt->user = 0;
            ms_login_limit_was_nothing(r, attempt);
        }
    }
    return wait;
}

static void give_back(request_rec *r, apr_uint64_t key)
{
    if (key) {
        ms_throttle_give_back(memory, key, apr_time_now(),
                              &ms_server_conf_get(r->server)->login_limit);
    }
}

void ms_login_limit_was_right(request_rec *r, const ms_attempt *attempt)
{
    give_back(r, attempt->client);
    if (attempt->user) {
        ms_throttle_forget(memory, attempt->user);
    }
}

void ms_login_limit_was_nothing(request_rec *r, const ms_attempt *attempt)
{
    give_back(r, attempt->client);
    give_back(r, attempt->user);
}
