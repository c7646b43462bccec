/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which other servers may connect: a list of addresses and networks. Knows apr only.
 */
#ifndef MS_PEERS_H
#define MS_PEERS_H

#include <apr_network_io.h>
#include <apr_pools.h>

typedef struct ms_peers ms_peers;

/** An empty list, allocated from p. */
ms_peers *ms_peers_make(apr_pool_t *p);

/**
 * Add to the list.
 * @param text  an IPv4 or IPv6 address, a network (192.0.2.0/24, 2001:db8::/32), or "unix" for
 *              connections through a socket of the file system
 * @return 0 if text is none of these; a host name is none
 */
int ms_peers_add(ms_peers *peers, const char *text);

/** Whether the other end of a connection is in the list; NULL is an empty list. */
int ms_peers_has(const ms_peers *peers, apr_sockaddr_t *address);

#endif
