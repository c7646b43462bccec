/* SPDX-License-Identifier: Apache-2.0 */
/*
 * App passwords on the list of sessions: their section, the form that makes one, and the page that
 * shows it once. Functions that return int return what a content handler returns.
 */
#ifndef MS_APPS_H
#define MS_APPS_H

#include <httpd.h>
#include <jansson.h>
#include "core/row.h"

/** Whether the list has the section, and apart from it browsers only: ManagedSessionAppPasswords.
 */
int ms_apps_is_on(request_rec *r);

/** Add the section to the model of the list: a few of them, and a link to all. rows: of
 * ms_own_sessions_apps(). */
void ms_apps_add(request_rec *r, json_t *model, const apr_array_header_t *rows);

/** Whether a request is for the page of all of them: ?app=all, where ManagedSessionAppPasswords is
 * On. */
int ms_apps_is_all(request_rec *r, const apr_table_t *query);

/** Send that page. model: with what all pages of the list need; released. */
int ms_apps_send_all(request_rec *r, json_t *model);

/** Whether a request is for the form: ?app=new, where ManagedSessionAppPasswords is On. */
int ms_apps_is_form(request_rec *r, const apr_table_t *query);

/** The form. It needs a fresh sign-in. */
int ms_apps_form(request_rec *r);

/** Whether the fields of a form are those of that form. */
int ms_apps_is_making(const apr_table_t *fields);

/** POST of the form, whose token has been checked: the page with the new password. To load that
 * page again makes no other one: its name is taken. */
int ms_apps_make(request_rec *r, const apr_table_t *fields);

/** POST of JSON, {"kind": "app", "name": "..."}: 201 with the session and its "password".
 * @param current  the session in force */
int ms_apps_make_by_json(request_rec *r, const ms_row *current);

#endif
