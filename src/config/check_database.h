/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What mod_dbd must be configured with, so that sessions can be kept.
 */
#ifndef MS_CHECK_DATABASE_H
#define MS_CHECK_DATABASE_H

#include <httpd.h>
#include "db/store.h"

/**
 * Check the database of a server.
 * @param p     scratch
 * @param spec  the server's, with what DBDriver, DBDParams and DBDInitSQL say
 * @return NULL: it is right; else a sentence that says what to write instead, allocated from p
 */
const char *ms_check_database(apr_pool_t *p, const server_rec *s, const ms_store_spec *spec);

#endif
