/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apr_ipsubnet_create() also accepts the beginning of an address ("192.0") and a mask of any form;
 * the administrator writes a whole address, and the number of its leading bits.
 */
#include "core/peers.h"

#include <string.h>
#include <arpa/inet.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_tables.h>

struct ms_peers {
    apr_pool_t *pool;
    apr_array_header_t *networks; /* apr_ipsubnet_t * */
    int has_unix;
};

ms_peers *ms_peers_make(apr_pool_t *p)
{
    ms_peers *peers = apr_pcalloc(p, sizeof(*peers));

    peers->pool = p;
    peers->networks = apr_array_make(p, 2, sizeof(apr_ipsubnet_t *));
    return peers;
}

static int is_address(const char *text)
{
    unsigned char bytes[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static int is_number(const char *text)
{
    const apr_size_t digits = strspn(text, "0123456789");

    return digits > 0 && digits <= 3 && !text[digits];
}

int ms_peers_add(ms_peers *peers, const char *text)
{
    char *address = apr_pstrdup(peers->pool, text), *bits = strchr(address, '/');
    apr_ipsubnet_t *network;

    if (strcasecmp(text, "unix") == 0) {
        peers->has_unix = 1;
        return 1;
    }
    if (bits) {
        *bits++ = '\0';
    }
    if (!is_address(address) || (bits && !is_number(bits)) ||
        apr_ipsubnet_create(&network, address, bits, peers->pool) != APR_SUCCESS) {
        return 0;
    }
    APR_ARRAY_PUSH(peers->networks, apr_ipsubnet_t *) = network;
    return 1;
}

int ms_peers_has(const ms_peers *peers, apr_sockaddr_t *address)
{
    if (!peers) {
        return 0;
    }
    if (address->family == APR_UNIX) {
        return peers->has_unix;
    }
    for (int i = 0; i < peers->networks->nelts; i++) {
        if (apr_ipsubnet_test(APR_ARRAY_IDX(peers->networks, i, apr_ipsubnet_t *), address)) {
            return 1;
        }
    }
    return 0;
}
