/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Setters for the table of directives. cmd->info is the ms_directive of the row. Each rejects a bad
 * value with a sentence that names the directive and what it takes.
 */
#ifndef MS_SETTERS_H
#define MS_SETTERS_H

#include <httpd.h>
#include <http_config.h>

const char *ms_set_dir_flag(cmd_parms *cmd, void *dir, int on);
const char *ms_set_hide_cookie(cmd_parms *cmd, void *dir, int on);
const char *ms_set_dir_url(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_set_time_zone(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_set_dir_url_or_none(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_set_login_page(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_set_form_fields(cmd_parms *cmd, void *dir, const char *user, const char *password,
                               const char *back);
const char *ms_set_dir_text(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_set_user_header(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_set_check_answer(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_set_check_peer(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_set_provider(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_set_server_flag(cmd_parms *cmd, void *dir, int on);
const char *ms_set_server_text(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_set_cookie_domain(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_set_server_duration(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_set_dir_duration_or_0(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_set_server_duration_or_0(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_set_history(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_set_remember(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_set_app_limit(cmd_parms *cmd, void *dir, const char *n);
const char *ms_set_user_name(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_note_basic_provider(cmd_parms *cmd, void *dir, const char *name);
const char *ms_set_limit(cmd_parms *cmd, void *dir, const char *n, const char *policy);
const char *ms_set_login_limit(cmd_parms *cmd, void *dir, const char *n, const char *period);
const char *ms_set_dir_expr(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_set_batch(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_set_cache_ttl(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_set_cache_life(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_set_cache_entries(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_set_sqlite_mmap(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_set_event_log(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_set_origin(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_set_same_site(cmd_parms *cmd, void *dir, const char *arg);
const char *ms_set_table(cmd_parms *cmd, void *dir, const char *arg);

#endif
