/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom the tool acts as. root reads the configuration, and then becomes the user whose files the
 * database has: SQLite creates files beside its own, and those of root would lock httpd out.
 */
#ifndef MS_PRIVILEGES_H
#define MS_PRIVILEGES_H

#include <apr_pools.h>
#include "ctl/target.h"

/**
 * Become the user who may use that database, for good.
 * @return NULL; or a sentence that says why the caller may not, and who may
 */
const char *ms_privileges_drop(apr_pool_t *p, const ms_target *target, const ms_targets *targets);

#endif
