/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of the configuration for forward auth.
 */
#ifndef MS_CHECK_FORWARDED_H
#define MS_CHECK_FORWARDED_H

#include "config/check_context.h"

/** Warn of each SetHandler managed-session-check that no server may query, and of rules below one.
 */
void ms_check_forwarded(const ms_check *c);

#endif
