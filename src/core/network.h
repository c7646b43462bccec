/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network that an address belongs to: a /24 of IPv4, a /64 of IPv6. Knows apr only.
 */
#ifndef MS_NETWORK_H
#define MS_NETWORK_H

#include <apr_pools.h>

/**
 * A network's name, the same for all its addresses: "192.0.2.0/24", or "20010db800010002/64" in
 * hexadecimal digits, since the text of an IPv6 address (RFC 5952) has no fixed places.
 * @param ip  an address as httpd writes it
 * @return the name, in p; NULL: ip is no address
 */
const char *ms_network_name(apr_pool_t *p, const char *ip);

/** Whether two addresses, as httpd writes them, are in the same network. */
int ms_network_is_same(apr_pool_t *p, const char *a, const char *b);

/**
 * A pattern for SQL's LIKE that matches each address of ip's network, and others too.
 * @return the pattern, in p; NULL: ip is no address
 */
const char *ms_network_like(apr_pool_t *p, const char *ip);

#endif
