/* SPDX-License-Identifier: Apache-2.0 */
/*
 * managed-sessionctl: lists, revokes, exports and deletes the sessions of mod_managed_session, on
 * the module's own store. Reads the command line, finds the database, and runs a command.
 */
#include "ctl/main.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "core/version.h"
#include "ctl/commands.h"
#include "ctl/link.h"
#include "ctl/privileges.h"
#include "ctl/terminal.h"
#include "ctl/words.h"

/* ---- help ------------------------------------------------------------------------------------ */

static void print_help(apr_pool_t *p)
{
    printf("Usage: " MS_TOOL " COMMAND [OPTION...]\n\n"
           "List, revoke, export and delete the sessions of mod_managed_session.\n\nCommands:\n");
    for (int i = 0; i < ms_commands_n; i++) {
        printf("  %-15s %s\n", ms_commands[i].name, ms_commands[i].summary);
    }
    printf("\nWhich database (each command):\n%s\n"
           "\"" MS_TOOL " COMMAND --help\" has the options of a command.\n"
           "Exit status: 0 done, 1 nothing found, 2 usage or configuration, 3 database.\n",
           ms_options_help(p, MS_COMMAND_DATABASE));
}

static void print_command_help(apr_pool_t *p, const ms_command *command)
{
    printf("Usage: " MS_TOOL " %s %s\n\n%s\n%s%s\nOptions:\n%s\nWhich database:\n%s", command->name,
           command->usage, command->summary, *command->help ? "\n" : "", command->help,
           ms_options_help(p, command->takes), ms_options_help(p, MS_COMMAND_DATABASE));
}

/* ---- what is wrong --------------------------------------------------------------------------- */

static const ms_command *find_command(const char *name)
{
    for (int i = 0; i < ms_commands_n; i++) {
        if (strcmp(ms_commands[i].name, name) == 0) {
            return &ms_commands[i];
        }
    }
    return NULL;
}

static const char *unwanted(apr_pool_t *p, const ms_command *command, const ms_options *options)
{
    for (const char *letter = options->used; *letter; letter++) {
        if (!strchr(command->takes, *letter) && !strchr(MS_COMMAND_DATABASE "hV", *letter)) {
            return apr_psprintf(p, "%s takes no --%s", command->name, ms_options_name(*letter));
        }
    }
    if (command->words_max >= 0 && options->words->nelts > command->words_max) {
        return apr_psprintf(
            p, "%s does not take \"%s\"", command->name,
            ms_words_clean(p, APR_ARRAY_IDX(options->words, command->words_max, const char *)));
    }
    if (options->user && options->ip) {
        return "--user and --ip do not go together";
    }
    return command->is_per_realm && options->driver && !options->realm
               ? "with --driver, --realm is needed too"
               : NULL;
}

/* ---- the database ---------------------------------------------------------------------------- */

static ms_store *make_store(apr_pool_t *p, const ms_target *target)
{
    const ms_store_spec spec = {
        .table = target->table,
        .realm = target->realm ? target->realm : "",
        .create = 0,
        .dbd_driver = target->driver,
        .dbd_params = target->params,
        .dbd_init = target->init->nelts ? APR_ARRAY_IDX(target->init, 0, const char *) : NULL};

    return ms_store_create(p, NULL, &spec);
}

const char *ms_main_open(ms_tool *tool, const ms_target *target)
{
    const char *wrong = ms_privileges_drop(tool->p, target, &tool->targets);
    ms_db_ctx ctx;

    tool->target = target;
    tool->schema = 0;
    if (wrong) {
        return wrong;
    }
    ms_link_init(tool->p, target->init);
    tool->store = make_store(tool->p, target);
    ctx = ms_tool_ctx(tool, tool->p);
    ms_link_find_table(&ctx, &tool->schema);
    return NULL;
}

static ms_exit open_and_run(ms_tool *tool, const ms_command *command)
{
    const ms_target *target = NULL;
    const char *wrong = ms_target_find(tool->p, tool->options, &tool->targets);

    if (!wrong) {
        wrong = ms_target_choose(tool->p, tool->options, &tool->targets, command->is_per_realm,
                                 &target);
    }
    if (wrong) {
        ms_tool_complain(wrong);
        return MS_EXIT_USAGE;
    }
    wrong = ms_main_open(tool, target);
    if (wrong) {
        ms_tool_complain(wrong);
        return MS_EXIT_DATABASE;
    }
    return tool->schema ? command->run(tool) : MS_EXIT_DATABASE;
}

/* ---------------------------------------------------------------------------------------------- */

static ms_exit usage(const char *sentence)
{
    ms_tool_complain(sentence);
    fputs("See " MS_TOOL " --help.\n", stderr);
    return MS_EXIT_USAGE;
}

static ms_exit run(apr_pool_t *p, const char *wrong, const ms_options *options)
{
    const ms_command *command = options->command ? find_command(options->command) : NULL;
    ms_tool tool = {.p = p, .options = options};

    if (wrong) {
        return usage(wrong);
    }
    if (options->version) {
        puts(MS_TOOL " " MS_VERSION);
        return MS_EXIT_DONE;
    }
    if (options->command && !command) {
        return usage(
            apr_psprintf(p, "there is no command \"%s\"", ms_words_clean(p, options->command)));
    }
    if (options->help) {
        if (command) {
            print_command_help(p, command);
        }
        else {
            print_help(p);
        }
        return MS_EXIT_DONE;
    }
    if (!command) {
        return usage("a command is needed");
    }
    wrong = unwanted(p, command, options);
    if (wrong) {
        return usage(wrong);
    }
    return command->finds_targets ? command->run(&tool) : open_and_run(&tool, command);
}

int main(int argc, char **argv)
{
    apr_pool_t *p;
    ms_options options;
    const char *wrong;
    ms_exit result;

    setlocale(LC_TIME, "");
    if (apr_app_initialize(&argc, (const char *const **)&argv, NULL) != APR_SUCCESS ||
        apr_pool_create(&p, NULL) != APR_SUCCESS) {
        return MS_EXIT_DATABASE;
    }
    wrong = ms_options_read(p, argc, argv, &options);
    result = run(p, wrong, &options);
    ms_link_close();
    if (fflush(stdout) != 0 || ferror(stdout)) { /* a buffer that cannot be written is dropped */
        ms_tool_complain("the output could not be written");
        result = MS_EXIT_DATABASE;
    }
    apr_terminate();
    return result;
}
