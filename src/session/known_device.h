/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a user has signed in on a device before, for the event log.
 */
#ifndef MS_KNOWN_DEVICE_H
#define MS_KNOWN_DEVICE_H

#include "db/store.h"

/**
 * Whether one of the user's latest sessions in the table has the browser, system and network of a
 * new one. It may be over; one that was revoked does not count: the user, or an administrator, may
 * have ended a stranger's.
 * @param made  the new one, before it is in the table
 * @return 1 also if the database cannot tell
 */
int ms_known_device_is(const ms_db_ctx *ctx, const ms_row *made);

#endif
