/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of a configuration are not read here: Include, Define, <IfModule> and macros are httpd's
 * affair. It runs as the caller, so it prints nothing that the caller could not read.
 */
#include "ctl/target.h"

#include <string.h>
#include <unistd.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <jansson.h>
#include "ctl/words.h"

#define MARK      "{\"managed_session\":" /* how the line begins that httpd prints for us */
#define TABLE     "managed_session"
#define SAID_MAX  2000 /* bytes of httpd's own messages that are repeated */
#define CACHE_TTL 1
#define HISTORY   (30 * 86400)
#define DIRECTORIES \
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/apache2/bin"

/* ---- run httpd ------------------------------------------------------------------------------- */

static const char *find_program(apr_pool_t *p)
{
    const char *const names[] = {"apache2ctl", "apachectl", "httpd", "apache2", NULL};

    for (const char *const *name = names; *name; name++) {
        char *dirs = apr_pstrdup(p, DIRECTORIES), *rest;

        for (char *dir = apr_strtok(dirs, ":", &rest); dir; dir = apr_strtok(NULL, ":", &rest)) {
            const char *path = apr_pstrcat(p, dir, "/", *name, NULL);

            if (access(path, X_OK) == 0) {
                return path;
            }
        }
    }
    return NULL;
}

static const char *const *arguments(apr_pool_t *p, const char *program, const ms_options *options)
{
    apr_array_header_t *args = apr_array_make(p, 8, sizeof(const char *));

    APR_ARRAY_PUSH(args, const char *) = program;
    for (int i = 0; i < options->defines->nelts; i++) {
        APR_ARRAY_PUSH(args, const char *) = "-D";
        APR_ARRAY_PUSH(args, const char *) = APR_ARRAY_IDX(options->defines, i, const char *);
    }
    if (options->config) {
        APR_ARRAY_PUSH(args, const char *) = "-f";
        APR_ARRAY_PUSH(args, const char *) = options->config;
    }
    APR_ARRAY_PUSH(args, const char *) = "-t";
    APR_ARRAY_PUSH(args, const char *) = "-D";
    APR_ARRAY_PUSH(args, const char *) = "DUMP_MANAGED_SESSION";
    APR_ARRAY_PUSH(args, const char *) = NULL;
    return (const char *const *)(void *)args->elts;
}

static const char *read_all(apr_pool_t *p, apr_file_t *file)
{
    apr_array_header_t *parts = apr_array_make(p, 8, sizeof(const char *));
    char buffer[8192];
    apr_size_t n = sizeof(buffer);

    while (apr_file_read(file, buffer, &n) == APR_SUCCESS && n > 0) {
        APR_ARRAY_PUSH(parts, const char *) = apr_pstrmemdup(p, buffer, n);
        n = sizeof(buffer);
    }
    return apr_array_pstrcat(p, parts, '\0');
}

/* What it prints on standard error goes to a file, so that it never waits for this process. */
static apr_status_t run(apr_pool_t *p, const char *program, const char *const *args,
                        const char **out, const char **err)
{
    apr_procattr_t *attributes;
    apr_file_t *said = NULL;
    apr_off_t start = 0;
    apr_proc_t process;
    const char *folder;
    apr_status_t rv = apr_temp_dir_get(&folder, p);

    if (rv == APR_SUCCESS) {
        rv = apr_file_mktemp(&said, apr_pstrcat(p, folder, "/managed-sessionctl.XXXXXX", NULL),
                             APR_FOPEN_CREATE | APR_FOPEN_READ | APR_FOPEN_WRITE | APR_FOPEN_EXCL |
                                 APR_FOPEN_DELONCLOSE,
                             p);
    }
    if (rv != APR_SUCCESS || (rv = apr_procattr_create(&attributes, p)) != APR_SUCCESS) {
        return rv;
    }
    apr_procattr_io_set(attributes, APR_NO_PIPE, APR_FULL_BLOCK, APR_NO_PIPE);
    apr_procattr_child_err_set(attributes, said, NULL);
    apr_procattr_cmdtype_set(attributes, APR_PROGRAM_ENV);
    rv = apr_proc_create(&process, program, args, NULL, attributes, p);
    if (rv == APR_SUCCESS) {
        *out = read_all(p, process.out);
        apr_proc_wait(&process, NULL, NULL, APR_WAIT);
        apr_file_seek(said, APR_SET, &start);
        *err = read_all(p, said);
    }
    apr_file_close(said);
    return rv;
}

/* ---- what it printed ------------------------------------------------------------------------- */

static const char *text_of(apr_pool_t *p, const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? apr_pstrdup(p, text) : NULL;
}

static apr_array_header_t *texts_of(apr_pool_t *p, const json_t *object, const char *name)
{
    const json_t *list = json_object_get(object, name);
    apr_array_header_t *texts = apr_array_make(p, 2, sizeof(const char *));

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));

        if (text) {
            APR_ARRAY_PUSH(texts, const char *) = apr_pstrdup(p, text);
        }
    }
    return texts;
}

/* As mod_dbd has it, DBDParams that are not set are "". */
static ms_target read_target(apr_pool_t *p, const json_t *server)
{
    const char *params = text_of(p, server, "params");

    return (ms_target){.host = text_of(p, server, "host"),
                       .aliases = texts_of(p, server, "aliases"),
                       .driver = text_of(p, server, "driver"),
                       .params = params ? params : "",
                       .init = texts_of(p, server, "init"),
                       .table = text_of(p, server, "table"),
                       .realm = text_of(p, server, "realm"),
                       .create = json_is_true(json_object_get(server, "create")),
                       .cache_ttl = json_integer_value(json_object_get(server, "cache_ttl")),
                       .history = json_integer_value(json_object_get(server, "history"))};
}

static void read_dump(apr_pool_t *p, const json_t *dump, ms_targets *targets)
{
    const json_t *servers = json_object_get(dump, "servers"), *uid = json_object_get(dump, "uid"),
                 *gid = json_object_get(dump, "gid");

    targets->uid = uid ? (long)json_integer_value(uid) : -1;
    targets->gid = gid ? (long)json_integer_value(gid) : -1;
    for (size_t i = 0; i < json_array_size(servers); i++) {
        APR_ARRAY_PUSH(targets->all, ms_target) = read_target(p, json_array_get(servers, i));
    }
}

/* Our line, wherever in the output it is. */
static json_t *parse(const char *out)
{
    const char *line = strncmp(out, MARK, sizeof(MARK) - 1) == 0 ? out : strstr(out, "\n" MARK);

    return line ? json_loads(line, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
}

static const char *complain(apr_pool_t *p, const char *program, const char *said)
{
    const apr_size_t len = strlen(said);

    said = len > SAID_MAX ? apr_pstrmemdup(p, said, SAID_MAX) : said;
    return apr_psprintf(
        p,
        "the configuration could not be read with \"%s -t\"%s%s\nRun this as a user "
        "who may read the configuration (root), name the program with --httpd or "
        "the file with --config, or name the database with --driver, --params and "
        "--realm",
        program, *said ? ", which said:\n" : "", said);
}

static const char *ask_httpd(apr_pool_t *p, const ms_options *options, ms_targets *targets)
{
    const char *program = options->httpd ? options->httpd : find_program(p), *out, *err;
    apr_status_t rv;
    char reason[128];
    json_t *dump;

    if (!program) {
        return "no apache2ctl, apachectl, httpd or apache2 was found; name the program with --httpd, "
               "or the database with --driver, --params and --realm";
    }
    targets->httpd = program;
    rv = run(p, program, arguments(p, program, options), &out, &err);
    if (rv != APR_SUCCESS) {
        return complain(p, program, apr_strerror(rv, reason, sizeof(reason)));
    }
    dump = parse(out);
    if (!dump) {
        return complain(p, program, err);
    }
    read_dump(p, json_object_get(dump, "managed_session"), targets);
    json_decref(dump);
    return targets->all->nelts > 0
               ? NULL
               : apr_psprintf(p, "no virtual host of %s's configuration has sessions", program);
}

const char *ms_target_find(apr_pool_t *p, const ms_options *options, ms_targets *targets)
{
    *targets = (ms_targets){.all = apr_array_make(p, 4, sizeof(ms_target)), .uid = -1, .gid = -1};
    if (!options->driver) {
        return ask_httpd(p, options, targets);
    }
    APR_ARRAY_PUSH(targets->all, ms_target) =
        (ms_target){.aliases = apr_array_make(p, 1, sizeof(const char *)),
                    .driver = options->driver,
                    .params = options->params,
                    .init = apr_array_make(p, 1, sizeof(const char *)),
                    .table = options->table ? options->table : TABLE,
                    .realm = options->realm,
                    .create = 1,
                    .cache_ttl = CACHE_TTL,
                    .history = HISTORY};
    return NULL;
}

/* ---- which of them --------------------------------------------------------------------------- */

static int is_same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static int is_same_table(const ms_target *a, const ms_target *b)
{
    return is_same_text(a->driver, b->driver) && is_same_text(a->params, b->params) &&
           is_same_text(a->table, b->table);
}

static int has_name(const ms_target *target, const char *host)
{
    int found = target->host && strcasecmp(target->host, host) == 0;

    for (int i = 0; i < target->aliases->nelts && !found; i++) {
        found = strcasecmp(APR_ARRAY_IDX(target->aliases, i, const char *), host) == 0;
    }
    return found;
}

static int is_meant(const ms_options *options, const ms_target *target)
{
    return (!options->realm || is_same_text(options->realm, target->realm)) &&
           (!options->table || is_same_text(options->table, target->table)) &&
           (!options->host || has_name(target, options->host));
}

apr_array_header_t *ms_target_filter(apr_pool_t *p, const ms_options *options,
                                     const ms_targets *targets, int is_per_realm)
{
    apr_array_header_t *found = apr_array_make(p, 4, sizeof(const ms_target *));

    for (int i = 0; i < targets->all->nelts; i++) {
        const ms_target *target = &APR_ARRAY_IDX(targets->all, i, ms_target);
        int is_new = is_meant(options, target);

        for (int j = 0; j < found->nelts && is_new; j++) {
            const ms_target *other = APR_ARRAY_IDX(found, j, const ms_target *);

            is_new = !is_same_table(target, other) ||
                     (is_per_realm && !is_same_text(target->realm, other->realm));
        }
        if (is_new) {
            APR_ARRAY_PUSH(found, const ms_target *) = target;
        }
    }
    return found;
}

static const char *name_realms(apr_pool_t *p, const apr_array_header_t *found)
{
    const char *names = "";

    for (int i = 0; i < found->nelts; i++) {
        const ms_target *target = APR_ARRAY_IDX(found, i, const ms_target *);

        names = apr_pstrcat(p, names, *names ? ", " : "", ms_words_clean(p, target->realm),
                            target->host ? " (host " : "",
                            target->host ? ms_words_clean(p, target->host) : "",
                            target->host ? ")" : "", NULL);
    }
    return names;
}

const char *ms_target_choose(apr_pool_t *p, const ms_options *options, const ms_targets *targets,
                             int is_per_realm, const ms_target **target)
{
    const apr_array_header_t *found = ms_target_filter(p, options, targets, is_per_realm);

    if (found->nelts == 0) {
        return apr_psprintf(
            p, "no virtual host with sessions is the one that you named; there are: %s",
            name_realms(p, ms_target_filter(p, &(ms_options){0}, targets, 1)));
    }
    if (found->nelts > 1) {
        return apr_psprintf(p,
                            "there is more than one realm; choose one with --realm or --host: %s",
                            name_realms(p, found));
    }
    *target = APR_ARRAY_IDX(found, 0, const ms_target *);
    return NULL;
}
