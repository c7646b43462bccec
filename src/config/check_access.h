/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Warnings about protected locations that no user can get into, or that every visitor can.
 */
#ifndef MS_CHECK_ACCESS_H
#define MS_CHECK_ACCESS_H

#include "config/check_context.h"

/** Warn of AuthType ManagedSession without ManagedSessionLoginURL (once), or without Require. */
void ms_check_access(const ms_check *c);

#endif
