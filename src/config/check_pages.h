/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Warnings about sign-in pages at which no session can begin, or that do not exist.
 */
#ifndef MS_CHECK_PAGES_H
#define MS_CHECK_PAGES_H

#include "config/check_context.h"

/** Warn of a sign-in page without a way to check passwords, and of a ManagedSessionLoginURL that
 * names no page. */
void ms_check_pages(const ms_check *c);

#endif
