/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command has to work with, and what commands share: messages, questions, results.
 */
#ifndef MS_TOOL_H
#define MS_TOOL_H

#include "ctl/options.h"
#include "ctl/target.h"
#include "db/store.h"

#define MS_TOOL "managed-sessionctl"

typedef struct ms_tool {
    apr_pool_t *p; /* of the process */
    const ms_options *options;
    ms_targets targets;
    const ms_target *target;
    ms_store *store;
    int schema; /* of the table */
} ms_tool;

/** A query's context, whose results live in p. */
ms_db_ctx ms_tool_ctx(const ms_tool *tool, apr_pool_t *p);

/** Print a sentence on standard error, after the tool's name. */
void ms_tool_complain(const char *sentence);

/** Whether to go on with a change. what: "Revoke 3 sessions of alice", without a stop. */
typedef enum ms_consent {
    MS_CONSENT_GIVEN,
    MS_CONSENT_DRY,     /* --dry-run: what would be done has been printed */
    MS_CONSENT_REFUSED, /* by a person */
    MS_CONSENT_MISSING  /* there is no terminal and no --yes: that has been printed */
} ms_consent;

ms_consent ms_tool_consent(const ms_tool *tool, const char *what, apr_int64_t n);

/** The exit of a command that has no consent. */
ms_exit ms_tool_without_consent(ms_consent consent);

/** Print that n of something were changed: "Revoked 3 sessions", or {"revoked": 3} with --json. */
void ms_tool_report(const ms_tool *tool, const char *key, apr_int64_t n, const char *sentence);

#endif
