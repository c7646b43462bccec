/* SPDX-License-Identifier: Apache-2.0 */
/* Origin, Host and forwarded hosts. What is read is written and read again as the same. */
#include "fuzz.h"

#include <string.h>
#include "core/address.h"
#include "core/network.h"
#include "core/peers.h"
#include "core/web_origin.h"

void fuzz_one(apr_pool_t *p, const char *data, apr_size_t len)
{
    const char *text = fuzz_text(p, data, len), *rest;
    ms_web_origin origin, again;

    if (ms_web_origin_parse(p, text, &origin)) {
        FUZZ_CHECK(ms_web_origin_parse(p, ms_web_origin_text(p, &origin), &again));
        FUZZ_CHECK(ms_web_origin_equal(&origin, &again) && origin.port);
        ms_web_origin_is_loopback(&origin);
    }
    if (ms_web_origin_of_host(p, text, 1, &origin)) {
        FUZZ_CHECK(strlen(origin.host) <= len && !strpbrk(origin.host, "/?#@ "));
    }
    if (ms_web_origin_of_url(p, text, &origin, &rest)) {
        FUZZ_CHECK(!*rest || strchr("/?#", *rest));
    }
    ms_peers_add(ms_peers_make(p), text);
    ms_network_name(p, text);
    ms_network_like(p, text);
    FUZZ_CHECK(!ms_network_name(p, text) || ms_network_is_same(p, text, text));
}
