/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one table of the built-in pages, and what is the same for all of them: which methods a page
 * has, and which requests of other origins are refused.
 */
#ifndef MS_ROUTER_H
#define MS_ROUTER_H

#include <httpd.h>

/** From register_hooks: give the table to the access layer (access/own_pages.h). */
void ms_router_register(void);

/** The content handler. DECLINED: no page of ours, and other handlers may answer. */
int ms_router_on_handler(request_rec *r);

#endif
