/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table of options. A letter is an option's name in this program only: there are few short
 * options, since what this tool does should be readable in a script.
 */
#include "ctl/options.h"

#include <getopt.h>
#include <stddef.h>
#include <string.h>
#include <apr_file_io.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "config/values.h"
#include "core/address.h"
#include "core/token.h"
#include "core/utf8.h"
#include "ctl/words.h"
#include "db/sql.h"

typedef struct option_row {
    char letter;
    const char *name;
    const char *argument; /* NULL: a flag */
    const char *what;
    size_t offset; /* of its field: const char *, or int for a flag */
} option_row;

#define FIELD(field) offsetof(ms_options, field)
#define NO_FIELD     ((size_t)-1)

static const option_row rows[] = {
    {'u', "user", "NAME", "sessions of this user", FIELD(user)},
    {'i', "ip", "ADDRESS", "sessions that began, or were used last, at this address", FIELD(ip)},
    {'o', "older-than", "TIME", "begun, or for purge ended, that long ago: 30m, 12h, 90d",
     NO_FIELD},
    {'a', "all", NULL, "all sessions of the realm", FIELD(all)},
    {'e', "except", "ID", "but not this session", FIELD(except)},
    {'b', "by", "NAME", "who ends them, for the table; \"administrator\" unless set", FIELD(by)},
    {'E', "ended", NULL, "sessions that have ended, too", FIELD(ended)},
    {'f', "format", "FORMAT", "jsonl (one JSON object a line) or csv", FIELD(format)},
    {'l', "limit", "N", "that many rows at most", NO_FIELD},
    {'n', "dry-run", NULL, "change nothing; print what would be done", FIELD(dry_run)},
    {'y', "yes", NULL, "do not ask; needed if there is no terminal", FIELD(yes)},
    {'j', "json", NULL, "print JSON", FIELD(json)},
    {'r', "realm", "REALM", "the realm (ManagedSessionRealm)", FIELD(realm)},
    {'H', "host", "NAME", "the virtual host with this ServerName or ServerAlias", FIELD(host)},
    {'p', "httpd", "PROGRAM",
     "httpd or its control script; apache2ctl, apachectl, httpd or apache2 if not set",
     FIELD(httpd)},
    {'c', "config", "FILE", "httpd's configuration file, if it is not the usual one",
     FIELD(config)},
    {'D', "define", "NAME", "a name that httpd is started with (-D); may be repeated", NO_FIELD},
    {'d', "driver", "DRIVER", "do not run httpd; DBDriver: sqlite3, pgsql or mysql", FIELD(driver)},
    {'P', "params", "TEXT", "DBDParams; @FILE reads it from a file, for passwords", FIELD(params)},
    {'t', "table", "NAME", "the table; managed_session if not set", FIELD(table)},
    {'h', "help", NULL, "print help, of a command too", FIELD(help)},
    {'V', "version", NULL, "print the version", FIELD(version)},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* letter: one of the table. */
static const option_row *find_row(char letter)
{
    size_t i = 0;

    while (i < ROWS - 1 && rows[i].letter != letter) {
        i++;
    }
    return &rows[i];
}

const char *ms_options_name(char letter)
{
    return find_row(letter)->name;
}

const char *ms_options_help(apr_pool_t *p, const char *letters)
{
    const char *text = "";

    for (; *letters; letters++) {
        const option_row *row = find_row(*letters);
        const char *left =
            row->argument ? apr_pstrcat(p, row->name, " ", row->argument, NULL) : row->name;

        text = apr_psprintf(p, "%s  --%-20s %s\n", text, left, row->what);
    }
    return text;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* A bare number would be of seconds, which a person who means days does not see. */
static int names_unit(const char *duration)
{
    return strcmp(duration, "0") == 0 || !apr_isdigit(duration[strlen(duration) - 1]);
}

/* value: NULL for an option that takes none. */
static void set_field(void *field, const char *value)
{
    if (value) {
        *(const char **)field = value;
    }
    else {
        *(int *)field = 1;
    }
}

static const char *set(apr_pool_t *p, ms_options *options, const option_row *row, const char *value)
{
    char *end;

    options->used = apr_psprintf(p, "%s%c", options->used, row->letter);
    switch (row->letter) {
    case 'o':
        return ms_values_duration(value, &options->older_than) && names_unit(value)
                   ? NULL
                   : apr_psprintf(p,
                                  "--older-than takes a number with s, m, h, d or w, such as 90d, "
                                  "not \"%s\"",
                                  value);
    case 'l':
        options->limit = apr_strtoi64(value, &end, 10);
        return options->limit > 0 && !*end
                   ? NULL
                   : apr_psprintf(p, "--limit takes a number from 1 up, not \"%s\"", value);
    case 'D':
        APR_ARRAY_PUSH(options->defines, const char *) = value;
        return NULL;
    default:
        set_field((char *)options + row->offset, row->argument ? apr_pstrdup(p, value) : NULL);
        return NULL;
    }
}

static void wipe(char *value)
{
    memset(value, 'x', strlen(value));
}

static const char *read_file(apr_pool_t *p, const char *name, const char **text)
{
    apr_file_t *file;
    char buffer[4096];
    apr_size_t n = 0;
    apr_status_t rv = apr_file_open(&file, name, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, p);

    if (rv == APR_SUCCESS) {
        rv = apr_file_read_full(file, buffer, sizeof(buffer) - 1, &n);
        apr_file_close(file);
    }
    if (rv != APR_SUCCESS && !APR_STATUS_IS_EOF(rv)) {
        return apr_psprintf(p, "--params @%s: %s", name, apr_strerror(rv, buffer, sizeof(buffer)));
    }
    buffer[n] = '\0';
    buffer[strcspn(buffer, "\r\n")] = '\0';
    *text = apr_pstrdup(p, buffer);
    return NULL;
}

/* What no command could work with. */
static const char *check(apr_pool_t *p, ms_options *options)
{
    if (options->driver && !ms_sql_dialect(options->driver)) {
        return apr_psprintf(p, "--driver takes %s, not \"%s\"", ms_sql_drivers(p), options->driver);
    }
    if (!options->driver != !options->params) {
        return "--driver and --params go together";
    }
    if (options->table && !ms_values_is_identifier(options->table)) {
        return "--table takes the name of a table: letters, digits and \"_\", 48 at most, no digit "
               "first";
    }
    if (options->user && !ms_utf8_is_user_name(options->user)) {
        return "--user takes a user's name: 1 to 255 characters of UTF-8 without control characters";
    }
    if (options->by && !ms_utf8_is_user_name(options->by)) {
        return "--by takes 1 to 255 characters of UTF-8 without control characters";
    }
    if (options->ip && !(options->ip = ms_address_canonical(p, options->ip))) {
        return "--ip takes an IP address, such as 192.0.2.7 or 2001:db8::7";
    }
    return options->params && options->params[0] == '@'
               ? read_file(p, options->params + 1, &options->params)
               : NULL;
}

static void fill(struct option *table)
{
    for (size_t i = 0; i < ROWS; i++) {
        table[i] = (struct option){rows[i].name, rows[i].argument ? required_argument : no_argument,
                                   NULL, rows[i].letter};
    }
    table[ROWS] = (struct option){0};
}

/* No new id begins so, but those of older sessions may. */
static const char *unknown(apr_pool_t *p, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-' && ms_token_is_id(argv[i], strlen(argv[i]))) {
            return apr_pstrcat(p,
                               "an id that begins with \"-\" is written behind \"--\", after the "
                               "options: -- ",
                               argv[i], NULL);
        }
    }
    if (optopt && strncmp(argv[optind - 1], "--", 2) == 0 && strchr(argv[optind - 1], '=')) {
        return apr_pstrcat(p, ms_words_clean(p, argv[optind - 1]), ": this option takes no value",
                           NULL);
    }
    return optopt
               ? apr_psprintf(p, "there is no option -%c", apr_isprint(optopt) ? optopt : '?')
               : apr_pstrcat(p, "there is no option ", ms_words_clean(p, argv[optind - 1]), NULL);
}

const char *ms_options_read(apr_pool_t *p, int argc, char **argv, ms_options *options)
{
    struct option table[ROWS + 1];
    const char *wrong = NULL;
    int letter;

    *options = (ms_options){.words = apr_array_make(p, 4, sizeof(const char *)),
                            .defines = apr_array_make(p, 2, sizeof(const char *)),
                            .older_than = -1,
                            .used = ""};
    fill(table);
    opterr = 0;
    while (!wrong && (letter = getopt_long(argc, argv, ":hV", table, NULL)) != -1) {
        if (letter == '?') {
            return unknown(p, argc, argv);
        }
        if (letter == ':') {
            return apr_pstrcat(p, ms_words_clean(p, argv[optind - 1]), " needs a value", NULL);
        }
        wrong = set(p, options, find_row((char)letter), optarg);
        if (letter == 'P') {
            wipe(optarg);
        }
    }
    for (int i = optind; i < argc; i++) {
        if (!options->command) {
            options->command = argv[i];
        }
        else {
            APR_ARRAY_PUSH(options->words, const char *) = argv[i];
        }
    }
    return wrong || options->help || options->version ? wrong : check(p, options);
}
