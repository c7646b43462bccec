/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/tool.h"

#include <stdio.h>
#include <apr_strings.h>
#include "ctl/terminal.h"

ms_db_ctx ms_tool_ctx(const ms_tool *tool, apr_pool_t *p)
{
    return (ms_db_ctx){.store = tool->store, .p = p};
}

void ms_tool_complain(const char *sentence)
{
    fprintf(stderr, MS_TOOL ": %s\n", sentence);
}

ms_consent ms_tool_consent(const ms_tool *tool, const char *what, apr_int64_t n)
{
    if (tool->options->dry_run) {
        if (tool->options->json) {
            printf("{\"dry_run\": true, \"count\": %" APR_INT64_T_FMT "}\n", n);
        }
        else {
            printf("Would do this: %s.\n", what);
        }
        return MS_CONSENT_DRY;
    }
    if (tool->options->yes) {
        return MS_CONSENT_GIVEN;
    }
    if (!ms_terminal_can_confirm()) {
        ms_tool_complain(
            apr_psprintf(tool->p,
                         "nothing was done: without a terminal to confirm it, add --yes "
                         "(%s)",
                         what));
        return MS_CONSENT_MISSING;
    }
    return ms_terminal_confirm(apr_pstrcat(tool->p, what, "?", NULL)) ? MS_CONSENT_GIVEN
                                                                      : MS_CONSENT_REFUSED;
}

ms_exit ms_tool_without_consent(ms_consent consent)
{
    switch (consent) {
    case MS_CONSENT_MISSING:
        return MS_EXIT_USAGE;
    case MS_CONSENT_REFUSED:
        fputs("Nothing was done.\n", stderr);
        return MS_EXIT_NOTHING;
    default:
        return MS_EXIT_DONE;
    }
}

void ms_tool_report(const ms_tool *tool, const char *key, apr_int64_t n, const char *sentence)
{
    if (tool->options->json) {
        printf("{\"%s\": %" APR_INT64_T_FMT "}\n", key, n);
    }
    else {
        printf("%s.\n", sentence);
    }
}
