/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A module with a race, for tests: it counts requests, and its threads do not wait for each other.
 */
#include <httpd.h>
#include <http_config.h>
#include <http_protocol.h>

static int requests;

static int count(request_rec *r)
{
    (void)r;
    requests++;
    return DECLINED;
}

static void register_hooks(apr_pool_t *p)
{
    (void)p;
    ap_hook_log_transaction(count, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(race) = {STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks,
                           AP_MODULE_FLAG_NONE};
