/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which sessions are meant is counted first, for the question. Then they are ended by the scope,
 * not by the rows that were counted: one that began meanwhile is meant too.
 */
#include <stdio.h>
#include <apr_strings.h>
#include "core/clock.h"
#include "core/token.h"
#include "ctl/commands.h"
#include "ctl/rows.h"
#include "ctl/terminal.h"
#include "ctl/words.h"

#define BY "administrator" /* who ends them, unless --by names someone else */

static ms_scope scope_of(const ms_tool *tool, ms_scope_kind kind)
{
    const ms_options *options = tool->options;

    return (ms_scope){.kind = kind,
                      .user = options->user,
                      .ip = options->ip,
                      .except = options->except,
                      .reason = MS_END_REVOKED,
                      .by = options->by ? options->by : BY};
}

static const char *out_everywhere(const ms_tool *tool)
{
    return tool->target->cache_ttl > 0
               ? apr_psprintf(tool->p, "; every host has them signed out within %s",
                              ms_words_span(tool->p, tool->target->cache_ttl))
               : "";
}

static ms_exit report(const ms_tool *tool, apr_int64_t revoked, apr_status_t rv)
{
    if (revoked > 0 || rv == APR_SUCCESS) {
        ms_tool_report(tool, "revoked", revoked,
                       apr_pstrcat(tool->p, "Revoked ", ms_words_count(tool->p, revoked, "session"),
                                   revoked ? out_everywhere(tool) : "", NULL));
    }
    if (rv != APR_SUCCESS) {
        return MS_EXIT_DATABASE;
    }
    return revoked > 0 ? MS_EXIT_DONE : MS_EXIT_NOTHING;
}

static ms_exit nothing(const ms_tool *tool)
{
    if (tool->options->json) {
        ms_tool_report(tool, "revoked", 0, "");
    }
    else {
        fputs("There are no such live sessions.\n", stderr);
    }
    return MS_EXIT_NOTHING;
}

/* ---- single sessions ------------------------------------------------------------------------- */

static apr_status_t end_rows(const ms_tool *tool, const apr_array_header_t *rows,
                             apr_int64_t *revoked)
{
    ms_progress progress = ms_progress_begin("Revoking", rows->nelts);
    apr_status_t rv = APR_SUCCESS;

    *revoked = 0;
    for (int i = 0; i < rows->nelts && rv == APR_SUCCESS; i++) {
        const ms_row *row = APR_ARRAY_IDX(rows, i, const ms_row *);
        ms_scope scope = scope_of(tool, MS_SCOPE_ID);
        apr_int64_t n = 0;
        apr_pool_t *scratch;
        ms_db_ctx ctx;

        apr_pool_create(&scratch, tool->p);
        ctx = ms_tool_ctx(tool, scratch);
        scope.user = row->user;
        scope.id = row->id;
        rv = ms_store_revoke(&ctx, &scope, ms_clock_now(), &n);
        *revoked += n;
        ms_progress_show(&progress, i + 1);
        apr_pool_destroy(scratch);
    }
    ms_progress_end(&progress);
    return rv;
}

static ms_exit revoke_rows(const ms_tool *tool, const apr_array_header_t *rows, const char *of)
{
    apr_int64_t revoked;
    apr_status_t rv;
    ms_consent consent;

    if (rows->nelts == 0) {
        return nothing(tool);
    }
    consent = ms_tool_consent(
        tool,
        apr_pstrcat(tool->p, "Revoke ", ms_words_count(tool->p, rows->nelts, "session"), of, NULL),
        rows->nelts);
    if (consent != MS_CONSENT_GIVEN) {
        return ms_tool_without_consent(consent);
    }
    rv = end_rows(tool, rows, &revoked);
    return report(tool, revoked, rv);
}

static ms_exit revoke_ids(const ms_tool *tool)
{
    const apr_array_header_t *ids = tool->options->words;
    const ms_db_ctx ctx = ms_tool_ctx(tool, tool->p);
    apr_array_header_t *rows = apr_array_make(tool->p, ids->nelts, sizeof(const ms_row *));
    ms_exit result;

    for (int i = 0; i < ids->nelts; i++) {
        const char *id = APR_ARRAY_IDX(ids, i, const char *);
        const ms_row *row = NULL;

        if (ms_token_is_id(id, strlen(id)) &&
            ms_store_show(&ctx, id, ms_clock_now(), &row) != APR_SUCCESS) {
            return MS_EXIT_DATABASE;
        }
        if (row) {
            APR_ARRAY_PUSH(rows, const ms_row *) = row;
        }
        else {
            ms_tool_complain(apr_pstrcat(tool->p, "there is no live session ",
                                         ms_words_clean(tool->p, id), " in the realm", NULL));
        }
    }
    result = revoke_rows(tool, rows, "");
    return result == MS_EXIT_DONE && rows->nelts < ids->nelts ? MS_EXIT_NOTHING : result;
}

/* ---- older ones of a user or an address ------------------------------------------------------ */

static apr_status_t collect_older(const ms_tool *tool, apr_array_header_t *found)
{
    const apr_int64_t now = ms_clock_now(), before = now - tool->options->older_than;
    ms_search search = {
        .user = tool->options->user, .ip = tool->options->ip, .before = before, .before_id = ""};
    const ms_db_ctx ctx = ms_tool_ctx(tool, tool->p);
    apr_array_header_t *rows;
    apr_status_t rv;

    do {
        rv = ms_store_newest(&ctx, &search, now, &rows);
        for (int i = 0; rv == APR_SUCCESS && i < rows->nelts; i++) {
            const ms_row *row = APR_ARRAY_IDX(rows, i, const ms_row *);

            search.before = row->created_at;
            search.before_id = row->id;
            if (!tool->options->except || strcmp(tool->options->except, row->id) != 0) {
                APR_ARRAY_PUSH(found, const ms_row *) = row;
            }
        }
    } while (rv == APR_SUCCESS && rows->nelts > 0);
    return rv;
}

static ms_exit revoke_older_of(const ms_tool *tool, const char *of)
{
    apr_array_header_t *rows = apr_array_make(tool->p, 16, sizeof(const ms_row *));

    return collect_older(tool, rows) == APR_SUCCESS ? revoke_rows(tool, rows, of)
                                                    : MS_EXIT_DATABASE;
}

/* ---- many ------------------------------------------------------------------------------------ */

static apr_status_t count(const ms_tool *tool, const ms_scope *scope, apr_int64_t *n)
{
    const ms_db_ctx ctx = ms_tool_ctx(tool, tool->p);
    const apr_int64_t now = ms_clock_now();
    const ms_row *spared = NULL;
    apr_status_t rv;

    switch (scope->kind) {
    case MS_SCOPE_USER:
        rv = ms_store_count(&ctx, scope->user, now, n);
        if (rv == APR_SUCCESS && scope->except) {
            rv = ms_store_show(&ctx, scope->except, now, &spared);
            *n -= spared && strcmp(spared->user, scope->user) == 0;
        }
        return rv;
    case MS_SCOPE_IP:
        return ms_store_count_of_ip(&ctx, scope->ip, now, n);
    case MS_SCOPE_OLDER:
        return ms_rows_count_older(&ctx, scope->before, now, n);
    default:
        return ms_store_count_of_realm(&ctx, now, n);
    }
}

/* A realm is revoked in batches; only an empty one is the last. */
static apr_status_t end_scope(const ms_tool *tool, const ms_scope *scope, apr_int64_t total,
                              apr_int64_t *revoked)
{
    const int in_batches = scope->kind == MS_SCOPE_REALM || scope->kind == MS_SCOPE_OLDER;
    ms_progress progress = ms_progress_begin("Revoking", total);
    apr_status_t rv;
    apr_int64_t n;

    *revoked = 0;
    do {
        apr_pool_t *scratch;
        ms_db_ctx ctx;

        apr_pool_create(&scratch, tool->p);
        ctx = ms_tool_ctx(tool, scratch);
        n = 0;
        rv = ms_store_revoke(&ctx, scope, ms_clock_now(), &n);
        *revoked += n;
        ms_progress_show(&progress, *revoked);
        apr_pool_destroy(scratch);
    } while (in_batches && rv == APR_SUCCESS && n > 0);
    ms_progress_end(&progress);
    return rv;
}

static ms_exit revoke_scope(const ms_tool *tool, const ms_scope *scope, const char *of)
{
    apr_int64_t n = 0, revoked;
    ms_consent consent;
    apr_status_t rv;

    if (count(tool, scope, &n) != APR_SUCCESS) {
        return MS_EXIT_DATABASE;
    }
    if (n == 0) {
        return nothing(tool);
    }
    consent = ms_tool_consent(
        tool, apr_pstrcat(tool->p, "Revoke ", ms_words_count(tool->p, n, "session"), of, NULL), n);
    if (consent != MS_CONSENT_GIVEN) {
        return ms_tool_without_consent(consent);
    }
    rv = end_scope(tool, scope, n, &revoked);
    return report(tool, revoked, rv);
}

/* ---------------------------------------------------------------------------------------------- */

static const char *mistake(const ms_options *options)
{
    const int targets =
        (options->words->nelts > 0) + !!options->user + !!options->ip + options->all;
    const int is_aged = options->older_than >= 0;

    if (targets > 1) {
        return "revoke takes one of: ids, --user, --ip, --all";
    }
    if (targets == 0 && !is_aged) {
        return "revoke needs to know which sessions: ids, --user, --ip, --older-than or --all";
    }
    if (options->older_than == 0) {
        return "revoke --older-than takes a time from 1s up, such as 90d; --all revokes all sessions of "
               "the realm";
    }
    if (is_aged && options->words->nelts > 0) {
        return "--older-than goes with --user, --ip or alone, not with ids";
    }
    if (options->except && !options->user) {
        return "--except goes with --user";
    }
    return options->except && !ms_token_is_id(options->except, strlen(options->except))
               ? "--except takes the id of a session"
               : NULL;
}

ms_exit ms_command_revoke(ms_tool *tool)
{
    const ms_options *options = tool->options;
    const char *wrong = mistake(options), *of;
    const int is_aged = options->older_than >= 0;
    ms_scope scope;

    if (wrong) {
        ms_tool_complain(wrong);
        return MS_EXIT_USAGE;
    }
    if (options->words->nelts > 0) {
        return revoke_ids(tool);
    }
    of = options->user ? apr_pstrcat(tool->p, " of ", ms_words_clean(tool->p, options->user), NULL)
         : options->ip ? apr_pstrcat(tool->p, " of ", options->ip, NULL)
                       : apr_pstrcat(tool->p, " of the realm ",
                                     ms_words_clean(tool->p, tool->target->realm), NULL);
    if (is_aged) {
        of = apr_pstrcat(tool->p, of, " that began more than ",
                         ms_words_long_span(tool->p, options->older_than), " ago", NULL);
    }
    if (is_aged && (options->user || options->ip)) {
        return revoke_older_of(tool, of);
    }
    scope = scope_of(tool, options->user ? MS_SCOPE_USER
                           : options->ip ? MS_SCOPE_IP
                           : is_aged     ? MS_SCOPE_OLDER
                                         : MS_SCOPE_REALM);
    scope.before = is_aged ? ms_clock_now() - options->older_than : 0;
    return revoke_scope(tool, &scope, of);
}
