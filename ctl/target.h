/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which table of which database is meant, and which realm of it: as httpd has it in effect, or as
 * options name it.
 */
#ifndef MS_TARGET_H
#define MS_TARGET_H

#include <apr_pools.h>
#include <apr_tables.h>
#include "ctl/options.h"

typedef struct ms_target {
    const char *host;            /* ServerName; NULL: options named the database */
    apr_array_header_t *aliases; /* const char * */
    const char *driver;
    const char *params;
    apr_array_header_t *init; /* const char *: DBDInitSQL */
    const char *table;
    const char *realm;     /* NULL: none was named */
    int create;            /* ManagedSessionCreateTable */
    apr_int64_t cache_ttl; /* seconds */
    apr_int64_t history;   /* seconds */
} ms_target;

/* All that there are, and whom httpd's children run as. */
typedef struct ms_targets {
    apr_array_header_t *all; /* ms_target */
    const char *httpd;       /* the program that was run; NULL: none was */
    long uid, gid;           /* -1: not known */
} ms_targets;

/**
 * Find them: from the options, or else from httpd, which is run with -t -D DUMP_MANAGED_SESSION.
 * @return NULL; or a sentence that says why there are none
 */
const char *ms_target_find(apr_pool_t *p, const ms_options *options, ms_targets *targets);

/**
 * The one that the options choose.
 * @param is_per_realm  0: realms that share a table are one
 * @return NULL; or a sentence that says why there is not exactly one
 */
const char *ms_target_choose(apr_pool_t *p, const ms_options *options, const ms_targets *targets,
                             int is_per_realm, const ms_target **target);

/** Those left by --host, --realm and, if is_per_realm is 0, one of each table: const ms_target *.
 */
apr_array_header_t *ms_target_filter(apr_pool_t *p, const ms_options *options,
                                     const ms_targets *targets, int is_per_realm);

#endif
