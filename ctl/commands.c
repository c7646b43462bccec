/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/commands.h"

const ms_command ms_commands[] = {
    {.name = "list",
     .usage = "[--user NAME | --ip ADDRESS] [--limit N] [--json]",
     .summary = "list live sessions, the newest first",
     .help = "On a terminal, columns that do not fit are cut or left out; --json has everything.\n",
     .takes = "uilj",
     .run = ms_command_list,
     .is_per_realm = 1},
    {.name = "show",
     .usage = "ID [--json]",
     .summary = "show all of one session, live or not",
     .help = "",
     .takes = "j",
     .run = ms_command_show,
     .words_max = 1,
     .is_per_realm = 1},
    {.name = "revoke",
     .usage = "ID... | --user NAME [--except ID] | --ip ADDRESS | --older-than TIME | --all",
     .summary = "end live sessions",
     .help =
         "They are signed out at once on this host's next look-up in the database, and on every\n"
         "host within ManagedSessionCacheTTL. --older-than alone means all sessions that began\n"
         "longer ago than that; with --user or --ip it narrows these down. A user whose account still\n"
         "works can sign in again: close the account first.\n",
     .takes = "uioaebnyj",
     .run = ms_command_revoke,
     .words_max = -1,
     .is_per_realm = 1},
    {.name = "history",
     .usage = "[--user NAME] [--limit N] [--json]",
     .summary = "list sessions that have ended or expired, and why, the newest first",
     .help = "Rows are kept for ManagedSessionHistory.\n",
     .takes = "ulj",
     .run = ms_command_history,
     .is_per_realm = 1},
    {.name = "purge",
     .usage = "[--older-than TIME]",
     .summary = "delete rows that have expired, and those ended longer ago than the history",
     .help =
         "It does what the cleanup of httpd does on its schedule, at once, for all realms of the\n"
         "table. --older-than takes the place of ManagedSessionHistory; an hour is the least.\n",
     .takes = "onyj",
     .run = ms_command_purge},
    {.name = "stats",
     .usage = "[--json]",
     .summary = "count sessions and users",
     .help = "",
     .takes = "j",
     .run = ms_command_stats,
     .is_per_realm = 1},
    {.name = "export",
     .usage = "[--user NAME] [--ended] [--format jsonl|csv]",
     .summary = "print sessions for other programs",
     .help =
         "One JSON object a line (jsonl, the default), or CSV as RFC 4180 has it. A text that a\n"
         "spreadsheet would take for a formula gets a ' in front. No secret is printed.\n",
     .takes = "uEfj",
     .run = ms_command_export,
     .is_per_realm = 1},
    {.name = "erase",
     .usage = "--user NAME",
     .summary = "delete everything about a user: live sessions, history, traces in others' rows",
     .help =
         "For a data-protection request. \"export --user NAME --ended\" prints what there is. Of "
         "a\nsession that ended within the hour a row without anything about the user stays until "
         "the\ncleanup: hosts notice by it that the session has ended. The event log and the "
         "access logs\nof httpd are files of their own: they are left alone.\n",
     .takes = "unyj",
     .run = ms_command_erase,
     .is_per_realm = 1},
    {.name = "upgrade-schema",
     .usage = "[--dry-run]",
     .summary = "give an older table the columns of this version",
     .help =
         "httpd does so at its start unless ManagedSessionCreateTable is Off. Versions before this\n"
         "one work on the new table. Make a copy first.\n",
     .takes = "nj",
     .run = ms_command_upgrade},
    {.name = "check",
     .usage = "[--json]",
     .summary = "read httpd's configuration, connect, and print what is wrong",
     .help = "Changes nothing.\n",
     .takes = "j",
     .run = ms_command_check,
     .finds_targets = 1},
};

const int ms_commands_n = sizeof(ms_commands) / sizeof(ms_commands[0]);
