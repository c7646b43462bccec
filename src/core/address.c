/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the one spelling of an address. inet_pton() reads no zone, so that is checked here.
 */
#include "core/address.h"

#include <string.h>
#include <arpa/inet.h>
#include <apr_strings.h>

/* The interface of a link-local address: the "eth0" of fe80::1%eth0. */
static int is_zone(const char *text)
{
    const apr_size_t len =
        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    return len > 0 && len <= 15 && !text[len];
}

const char *ms_address_canonical(apr_pool_t *p, const char *text)
{
    const char *zone = strchr(text, '%');
    const char *bare = zone ? apr_pstrmemdup(p, text, (apr_size_t)(zone - text)) : text;
    char out[INET6_ADDRSTRLEN];
    struct in6_addr v6;
    struct in_addr v4;

    if (zone && !is_zone(zone + 1)) {
        return NULL;
    }
    if (inet_pton(AF_INET6, bare, &v6) == 1) {
        if (!IN6_IS_ADDR_V4MAPPED(&v6)) {
            inet_ntop(AF_INET6, &v6, out, sizeof(out));
            return apr_pstrcat(p, out, zone, NULL);
        }
        memcpy(&v4, v6.s6_addr + 12, sizeof(v4));
    }
    else if (inet_pton(AF_INET, bare, &v4) != 1) {
        return NULL;
    }
    if (zone) {
        return NULL;
    }
    inet_ntop(AF_INET, &v4, out, sizeof(out));
    return apr_pstrdup(p, out);
}
