/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a database can be reached. Each connection that mod_dbd cannot make is logged by it, and
 * no directive limits that. So while a database is away, the children of a host together try to
 * connect once a second: what they share is one word. A child that has a connection uses it all the
 * same, since the database may only have no place for more. Knows apr only.
 */
#ifndef MS_REACH_H
#define MS_REACH_H

#include <apr_pools.h>
#include <apr_time.h>

typedef struct ms_reach ms_reach;

/** Bytes of memory that all children share, all zero at first. */
apr_size_t ms_reach_shared_size(void);

/**
 * A database, in the parent. Each child has its own copy, and they share the memory.
 * @param p       lives as long as the configuration
 * @param shared  ms_reach_shared_size() bytes; NULL: each child is on its own
 */
ms_reach *ms_reach_create(apr_pool_t *p, void *shared);

/** This child has opened a connection, or closed one. */
void ms_reach_opened(ms_reach *reach);
void ms_reach_closed(ms_reach *reach);

/** How many connections this child has closed. */
apr_uint32_t ms_reach_closings(ms_reach *reach);

/** Whether this thread may use a connection, or try to make one: yes if the database is not known
 * to be away, if the child has a connection, and for one thread of the host in each second, or two
 * if there was none in the second before. */
int ms_reach_may_try(ms_reach *reach, apr_time_t now);

/** A connection could not be made: the database is away. */
void ms_reach_lost(ms_reach *reach, apr_time_t now);

/** The database has answered. */
void ms_reach_found(ms_reach *reach);

/** Whether the database is known to be away. */
int ms_reach_is_away(ms_reach *reach);

/** Whether to log that it is: true once in a second, for all children. */
int ms_reach_may_log(ms_reach *reach, apr_time_t now);

#endif
