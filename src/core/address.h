/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IP addresses as an administrator may type them. Knows apr only.
 */
#ifndef MS_ADDRESS_H
#define MS_ADDRESS_H

#include <apr_pools.h>

/**
 * The spelling that httpd uses for an address: "2001:DB8:0::7" becomes 2001:db8::7 (RFC 5952), and
 * ::ffff:192.0.2.1 becomes 192.0.2.1. A zone (RFC 4007, "fe80::1%eth0") is kept.
 * @return in p; NULL: text is not an address
 */
const char *ms_address_canonical(apr_pool_t *p, const char *text);

#endif
