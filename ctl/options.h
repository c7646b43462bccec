/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line. Which options a command takes is in the list of commands (commands.c).
 */
#ifndef MS_OPTIONS_H
#define MS_OPTIONS_H

#include <apr_pools.h>
#include <apr_tables.h>

/* Results of the process, for scripts. */
typedef enum ms_exit {
    MS_EXIT_DONE = 0,
    MS_EXIT_NOTHING = 1, /* no such session, user or row */
    MS_EXIT_USAGE = 2,   /* the command line, or httpd's configuration */
    MS_EXIT_DATABASE = 3 /* the database cannot be used */
} ms_exit;

typedef struct ms_options {
    const char *command;       /* NULL: none was named */
    apr_array_header_t *words; /* const char *: what follows the command */
    const char *httpd, *config;
    apr_array_header_t *defines; /* const char * */
    const char *driver, *params, *table, *realm, *host;
    const char *user, *ip, *by, *except, *format;
    apr_int64_t older_than; /* seconds; -1: not set */
    apr_int64_t limit;      /* rows; 0: all */
    int all, ended, yes, dry_run, json, help, version;
    const char *used; /* a letter for each option that was given, as in the table */
} ms_options;

/**
 * Read the command line. The value of --params is wiped from it, since other users can see it.
 * @return NULL; or a sentence that says what is wrong
 */
const char *ms_options_read(apr_pool_t *p, int argc, char **argv, ms_options *options);

/** The long name of an option, "user", by its letter. */
const char *ms_options_name(char letter);

/** The options with these letters, a line each. */
const char *ms_options_help(apr_pool_t *p, const char *letters);

#endif
