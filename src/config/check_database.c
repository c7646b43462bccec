/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mod_dbd does not check its configuration before it connects, in each child. So what cannot work
 * is rejected here.
 */
#include "config/check_database.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "config/tree.h"
#include "db/sql.h"

static int pool_number(apr_pool_t *p, const server_rec *s, const char *name, int unset)
{
    const char *set = ms_tree_setting_value(p, s, name);

    return set ? atoi(set) : unset;
}

/* If these do not ascend, mod_dbd creates no pool and logs only "failed to initialise". */
static int is_pool_possible(apr_pool_t *p, const server_rec *s)
{
    const int keep = pool_number(p, s, "DBDKeep", 2);

    return pool_number(p, s, "DBDMin", 1) <= keep && keep <= pool_number(p, s, "DBDMax", 10);
}

/* With a temporary database, each connection would have sessions of its own. */
static const char *sqlite_mistake(apr_pool_t *p, const char *path)
{
    if (!path || !*path) {
        return "DBDriver sqlite3 without DBDParams keeps sessions in a temporary database of each "
               "connection; set DBDParams to a file, for example DBDParams "
               "\"/var/lib/managed-session/sessions.db\"";
    }
    if (path[0] != '/') {
        return apr_psprintf(
            p,
            "DBDParams takes the absolute path of a file with DBDriver sqlite3, not "
            "\"%s\"; for example \"/var/lib/managed-session/sessions.db\"",
            path);
    }
    if (ap_is_directory(p, path) || path[strlen(path) - 1] == '/') {
        return apr_psprintf(p,
                            "DBDParams takes a file with DBDriver sqlite3, and \"%s\" is a "
                            "directory; name a file in it, for example sessions.db",
                            path);
    }
    return NULL;
}

const char *ms_check_database(apr_pool_t *p, const server_rec *s, const ms_store_spec *spec)
{
    const char *mistake;

    if (!ms_store_is_available()) {
        return "mod_dbd is not loaded, and sessions are kept in a database; load it (LoadModule "
               "dbd_module modules/mod_dbd.so)";
    }
    if (!spec->dbd_driver) {
        return "no database is configured for sessions; set DBDriver and DBDParams, for example "
               "DBDriver sqlite3 and DBDParams \"/var/lib/managed-session/sessions.db\"";
    }
    if (!ms_sql_dialect(spec->dbd_driver)) {
        return apr_psprintf(p, "sessions cannot be kept with DBDriver %s; use one of: %s",
                            spec->dbd_driver, ms_sql_drivers(p));
    }
    mistake = strcmp(spec->dbd_driver, "sqlite3") == 0 ? sqlite_mistake(p, spec->dbd_params) : NULL;
    if (mistake) {
        return mistake;
    }
    if (spec->sqlite_mmap && strcmp(spec->dbd_driver, "sqlite3") != 0) {
        return apr_psprintf(p,
                            "ManagedSessionSQLiteMmap is for DBDriver sqlite3, and this server has "
                            "DBDriver %s; remove it, or set it to 0 for this server",
                            spec->dbd_driver);
    }
    return is_pool_possible(p, s)
               ? NULL
               : "mod_dbd has no connections at all with these values; set DBDMin, DBDKeep and DBDMax "
                 "(by default 1, 2 and 10) so that none is less than the one before";
}
