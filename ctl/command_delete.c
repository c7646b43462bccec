/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two commands that delete rows. Neither deletes the row of a session that some host may still
 * have in its memory: hosts notice the end of a session by its row.
 */
#include <stdio.h>
#include <apr_strings.h>
#include <apr_time.h>
#include "core/clock.h"
#include "ctl/commands.h"
#include "ctl/rows.h"
#include "ctl/terminal.h"
#include "ctl/words.h"

#define BATCH       1000
#define PAUSE       apr_time_from_msec(20) /* between batches, for writers that wait */
#define HISTORY_MIN 3600                   /* seconds; as the cleanup has it */

/* ---- purge ----------------------------------------------------------------------------------- */

typedef apr_status_t delete_fn(const ms_db_ctx *ctx, apr_int64_t before, apr_int64_t most,
                               apr_int64_t *deleted);

static apr_status_t delete_rows(const ms_tool *tool, delete_fn *delete_some, apr_int64_t before,
                                ms_progress *progress, apr_int64_t *total)
{
    apr_status_t rv;
    apr_int64_t n;

    do {
        apr_pool_t *scratch;
        ms_db_ctx ctx;

        apr_pool_create(&scratch, tool->p);
        ctx = ms_tool_ctx(tool, scratch);
        n = 0;
        rv = delete_some(&ctx, before, BATCH, &n);
        *total += n;
        ms_progress_show(progress, *total);
        apr_pool_destroy(scratch);
        if (n >= BATCH) {
            apr_sleep(PAUSE);
        }
    } while (rv == APR_SUCCESS && n > 0);
    return rv;
}

static ms_exit purge(const ms_tool *tool, apr_int64_t now, apr_int64_t ended, apr_int64_t expected)
{
    ms_progress progress = ms_progress_begin("Deleting", expected);
    apr_int64_t total = 0;
    apr_status_t rv = delete_rows(tool, ms_store_cleanup, now, &progress, &total);

    if (rv == APR_SUCCESS) {
        rv = delete_rows(tool, ms_store_cleanup_ended, ended, &progress, &total);
    }
    ms_progress_end(&progress);
    ms_tool_report(tool, "deleted", total,
                   apr_pstrcat(tool->p, "Deleted ", ms_words_count(tool->p, total, "row"), NULL));
    return rv == APR_SUCCESS ? MS_EXIT_DONE : MS_EXIT_DATABASE;
}

static apr_int64_t history_of(const ms_tool *tool)
{
    const apr_int64_t wanted =
        tool->options->older_than >= 0 ? tool->options->older_than : tool->target->history;

    return wanted > HISTORY_MIN ? wanted : HISTORY_MIN;
}

ms_exit ms_command_purge(ms_tool *tool)
{
    const ms_db_ctx ctx = ms_tool_ctx(tool, tool->p);
    const apr_int64_t now = ms_clock_now(), ended = now - history_of(tool);
    apr_int64_t n = 0;
    ms_consent consent;

    if (ms_rows_count_dead(&ctx, tool->schema, now, ended, &n) != APR_SUCCESS) {
        return MS_EXIT_DATABASE;
    }
    if (n == 0) {
        ms_tool_report(tool, "deleted", 0, "There is nothing to delete");
        return MS_EXIT_DONE; /* a schedule that finds nothing has not failed */
    }
    consent = ms_tool_consent(tool,
                              apr_psprintf(tool->p,
                                           "Delete %s that expired, or were ended more than %s ago",
                                           ms_words_count(tool->p, n, "row"),
                                           ms_words_long_span(tool->p, history_of(tool))),
                              n);
    return consent == MS_CONSENT_GIVEN ? purge(tool, now, ended, n)
                                       : ms_tool_without_consent(consent);
}

/* ---- erase ----------------------------------------------------------------------------------- */

/* A table of the first schema has no row of an ended session: ending deletes it. */
static apr_status_t end_and_erase(const ms_tool *tool, const char *user, apr_int64_t *erased)
{
    const ms_db_ctx ctx = ms_tool_ctx(tool, tool->p);
    const ms_scope scope = {.kind = MS_SCOPE_USER, .user = user, .reason = MS_END_REVOKED};
    apr_int64_t ended = 0, traces;
    apr_status_t rv = ms_store_revoke(&ctx, &scope, ms_clock_now(), &ended);

    if (rv == APR_SUCCESS) {
        rv = ms_rows_erase(&ctx, tool->schema, user, ms_clock_now(), erased);
    }
    if (rv == APR_SUCCESS) {
        rv = ms_rows_erase_ended_by(&ctx, tool->schema, user, &traces);
    }
    *erased += tool->schema < 2 ? ended : 0;
    return rv;
}

static ms_exit erase(const ms_tool *tool, const char *user)
{
    const ms_db_ctx ctx = ms_tool_ctx(tool, tool->p);
    apr_int64_t erased = 0, left = 0;
    apr_status_t rv = end_and_erase(tool, user, &erased);

    if (rv == APR_SUCCESS) {
        rv = ms_rows_count(&ctx, user, &left);
    }
    if (rv != APR_SUCCESS) {
        return MS_EXIT_DATABASE;
    }
    ms_tool_report(tool, "erased", erased,
                   apr_psprintf(tool->p,
                                "Erased %s of %s. The event log and httpd's access logs were not "
                                "touched",
                                ms_words_count(tool->p, erased, "row"),
                                ms_words_clean(tool->p, user)));
    if (left > 0) {
        ms_tool_complain("the user has signed in meanwhile: close the account, then erase again");
        return MS_EXIT_DATABASE;
    }
    return MS_EXIT_DONE;
}

ms_exit ms_command_erase(ms_tool *tool)
{
    const ms_db_ctx ctx = ms_tool_ctx(tool, tool->p);
    const char *user = tool->options->user;
    apr_int64_t n = 0, traces = 0;
    ms_consent consent;

    if (!user) {
        ms_tool_complain("erase needs --user");
        return MS_EXIT_USAGE;
    }
    if (ms_rows_count(&ctx, user, &n) != APR_SUCCESS ||
        ms_rows_count_ended_by(&ctx, tool->schema, user, &traces) != APR_SUCCESS) {
        return MS_EXIT_DATABASE;
    }
    if (n + traces == 0) {
        ms_tool_report(tool, "erased", 0, "There is no row of this user");
        return MS_EXIT_NOTHING;
    }
    consent = ms_tool_consent(tool,
                              apr_psprintf(tool->p, "Delete %s of %s, and the name in %s of others",
                                           ms_words_count(tool->p, n, "row"),
                                           ms_words_clean(tool->p, user),
                                           ms_words_count(tool->p, traces, "row")),
                              n);
    return consent == MS_CONSENT_GIVEN ? erase(tool, user) : ms_tool_without_consent(consent);
}
