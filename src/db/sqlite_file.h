/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a SQLite database: their mode, so that only httpd's user can read them, and what is
 * wrong if that user cannot write them. Knows apr only.
 */
#ifndef MS_SQLITE_FILE_H
#define MS_SQLITE_FILE_H

#include <apr_pools.h>

/**
 * Create the database's file with mode 0600 if it is not there, and take the rights of others away
 * from the files that are there (also -wal, -shm, -journal). SQLite creates those with the mode of
 * the main file. Files of another owner are left as they are.
 * @param path absolute
 * @return the first mode that was changed, such as 0644; 0 if none was
 */
int ms_sqlite_file_protect(apr_pool_t *p, const char *path);

/**
 * What keeps the user of this process from writing the database, with a command that corrects it.
 * The command creates a directory that is not there, or one that is by its name for sessions alone;
 * it changes no other directory.
 * @param path absolute
 * @return sentences that begin with ". ", allocated from p; "" if nothing is wrong with the files
 */
const char *ms_sqlite_file_hint(apr_pool_t *p, const char *path);

#endif
