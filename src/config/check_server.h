/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Warnings about a server as a whole.
 */
#ifndef MS_CHECK_SERVER_H
#define MS_CHECK_SERVER_H

#include "config/check_context.h"

/** Warn of a Secure cookie without TLS, of times that have no effect and of a guessed name. */
void ms_check_servers(const ms_check *c);

#endif
