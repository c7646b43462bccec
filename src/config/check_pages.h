/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Warnings about pages that do not exist, and sign-in pages at which no session can begin.
 */
#ifndef MS_CHECK_PAGES_H
#define MS_CHECK_PAGES_H

#include "config/check_context.h"

/** Warn of a handler whose name is like those of the module's pages and is none of them, of a
 * sign-in page without a way to check passwords, and of a ManagedSessionLoginURL that names no
 * page.
 */
void ms_check_pages(const ms_check *c);

#endif
