/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses are compared as numbers, since one IPv6 network has several spellings.
 */
#include "core/network.h"

#include <string.h>
#include <arpa/inet.h>
#include <apr_strings.h>

#define V4_BYTES     3
#define V6_BYTES     8
#define V6_ALL_BYTES 16

/* The bytes of the network's address; 0: ip is not an address. */
static int bytes_of(const char *ip, unsigned char bytes[V6_ALL_BYTES])
{
    return inet_pton(AF_INET, ip, bytes) == 1    ? V4_BYTES
           : inet_pton(AF_INET6, ip, bytes) == 1 ? V6_BYTES
                                                 : 0;
}

const char *ms_network_name(apr_pool_t *p, const char *ip)
{
    unsigned char b[V6_ALL_BYTES];

    switch (bytes_of(ip, b)) {
    case V4_BYTES:
        return apr_psprintf(p, "%d.%d.%d.0/24", b[0], b[1], b[2]);
    case V6_BYTES:
        return apr_psprintf(p, "%02x%02x%02x%02x%02x%02x%02x%02x/64", b[0], b[1], b[2], b[3], b[4],
                            b[5], b[6], b[7]);
    default:
        return NULL;
    }
}

int ms_network_is_same(apr_pool_t *p, const char *a, const char *b)
{
    const char *of_a = ms_network_name(p, a), *of_b = ms_network_name(p, b);

    return of_a && of_b && strcmp(of_a, of_b) == 0;
}

const char *ms_network_like(apr_pool_t *p, const char *ip)
{
    unsigned char b[V6_ALL_BYTES];

    switch (bytes_of(ip, b)) {
    case V4_BYTES:
        return apr_psprintf(p, "%d.%d.%d.%%", b[0], b[1], b[2]);
    case V6_BYTES: /* zeros in front may be left out */
        return b[0] || b[1] ? apr_psprintf(p, "%x:%%", b[0] << 8 | b[1]) : "%:%";
    default:
        return NULL;
    }
}
