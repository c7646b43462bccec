/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions of an administrator's search as a file for spreadsheets and scripts.
 */
#ifndef MS_ADMIN_EXPORT_H
#define MS_ADMIN_EXPORT_H

#include "pages/admin_search.h"

/** Whether the client wants CSV: by the query, or by Accept. */
int ms_admin_export_is_wanted(request_rec *r, const ms_admin_search *q);

/** Send all sessions of a search as CSV (RFC 4180), 100,000 at most. */
int ms_admin_export_send(request_rec *r, const ms_admin_search *q);

#endif
