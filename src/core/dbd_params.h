/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DBDParams, which may have a password in it. Knows apr only.
 */
#ifndef MS_DBD_PARAMS_H
#define MS_DBD_PARAMS_H

#include <apr_pools.h>

/**
 * What of DBDParams may be shown: SQLite's path; of a server host, port, database and user. All
 * else is left out, since a text that is read wrongly might show a part of a password.
 * @param driver  of apr_dbd; NULL: unknown
 * @param params  NULL: none
 * @return "host=db.example.org dbname=app", not cleaned for a terminal; "" if nothing may be shown
 */
const char *ms_dbd_params_shown(apr_pool_t *p, const char *driver, const char *params);

/** Whether DBDParams of a server is a list of name=value. Error messages of drivers repeat words of
 * a text that is none. SQLite's path counts as one. */
int ms_dbd_params_is_list(const char *driver, const char *params);

#endif
