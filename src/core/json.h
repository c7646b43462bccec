/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON for answers. Knows apr and Jansson only.
 */
#ifndef MS_JSON_H
#define MS_JSON_H

#include <apr_pools.h>
#include <jansson.h>

/**
 * JSON that is harmless even if a client takes it for HTML: ASCII, with < > & ' escaped.
 * @return NUL-terminated, in p; NULL: out of memory
 */
const char *ms_json_dump(apr_pool_t *p, const json_t *model);

#endif
