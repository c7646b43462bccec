/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server holds while it runs, apart from its settings: the handles that are made from them
 * at start. Each is made, or opened, by the file named beside it, and only read after that. All of
 * it lives as long as the configuration: a restart makes it again.
 */
#ifndef MS_RUNTIME_H
#define MS_RUNTIME_H

#include <httpd.h>
#include "db/store.h"

typedef struct ms_runtime {
    ms_store *store;             /* finish.c; of every server, also of one without sessions */
    struct ms_event_log *events; /* events.c; NULL: ManagedSessionEventLog is not set */
    struct ms_costs *costs;      /* password.c, in shared memory; NULL: there is none */
} ms_runtime;

/** That of a server. NULL before ms_finish_config() has come to this server. */
ms_runtime *ms_runtime_get(const server_rec *s);

#endif
