/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which headers a response has that this module may have to read or change. Most responses have
 * none of them, and one pass over the table is cheaper than a search for each name.
 */
#ifndef MS_HEADER_KINDS_H
#define MS_HEADER_KINDS_H

#include <apr_tables.h>

enum {
    MS_HEADER_MANAGED = 1,    /* Managed-Session-... */
    MS_HEADER_SET_COOKIE = 2, /* Set-Cookie */
    MS_HEADER_VARY = 4,       /* Vary */
    MS_HEADER_CACHING = 8     /* Cache-Control and what is like it, see core/cache_headers.c */
};

/**
 * The kinds that are in the table, as a sum. Names are told by their first two letters, in any
 * case, so a kind may be reported for another header; none that is there is left out.
 */
int ms_header_kinds(const apr_table_t *headers);

#endif
