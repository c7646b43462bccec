/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MS_MAIN_H
#define MS_MAIN_H

#include "ctl/tool.h"

/**
 * Become the user who may use the target's database, connect to it and find the table. tool->schema
 * is 0 if it could not be used, which has been printed.
 * @return NULL; or a sentence that says why the caller may not
 */
const char *ms_main_open(ms_tool *tool, const ms_target *target);

#endif
