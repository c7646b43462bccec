/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands: one list, and a function for each. A command has connected and found the table
 * before its function runs, unless the list says otherwise.
 */
#ifndef MS_COMMANDS_H
#define MS_COMMANDS_H

#include "ctl/tool.h"

typedef ms_exit ms_command_fn(ms_tool *tool);

typedef struct ms_command {
    const char *name;
    const char *usage;   /* what follows the name */
    const char *summary; /* a line */
    const char *help;    /* the rest of what --help prints; lines */
    const char *takes;   /* the letters of its options, apart from those that choose a database */
    ms_command_fn *run;
    int words_max;     /* how many words may follow; -1: any number */
    int is_per_realm;  /* it is about one realm, not about the whole table */
    int finds_targets; /* it looks for the database by itself */
} ms_command;

extern const ms_command ms_commands[];
extern const int ms_commands_n;

/* Letters of the options that choose a database; every command takes them. */
#define MS_COMMAND_DATABASE "rHpcDdPt"

ms_command_fn ms_command_list, ms_command_history;  /* command_list.c */
ms_command_fn ms_command_show;                      /* command_show.c */
ms_command_fn ms_command_revoke;                    /* command_revoke.c */
ms_command_fn ms_command_purge, ms_command_erase;   /* command_delete.c */
ms_command_fn ms_command_stats;                     /* command_stats.c */
ms_command_fn ms_command_export;                    /* command_export.c */
ms_command_fn ms_command_upgrade, ms_command_check; /* command_check.c */

#endif
