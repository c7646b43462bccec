/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list for scripts: in parts, live or ended, and one session by its id. The functions return
 * what a content handler returns.
 */
#ifndef MS_LIST_JSON_H
#define MS_LIST_JSON_H

#include <httpd.h>
#include "core/row.h"
#include "pages/list_path.h"

/** A part of the list: ?state=, ?limit= and ?cursor=. */
int ms_list_json_send(request_rec *r, const ms_row *current, const ms_list_path *path);

/** One session of the user. */
int ms_list_json_send_one(request_rec *r, const ms_row *current, const ms_list_path *path);

/** Give it the name that the body has, or none. */
int ms_list_json_rename(request_rec *r, const ms_row *current, const ms_list_path *path);

#endif
