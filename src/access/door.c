/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httpd and its modules give a request its handler in many places: by file name, by folder, by
 * rewriting, by method. What they make of it does not matter here: a page of ours answers where
 * SetHandler says so. The file system is hidden from modules that would answer with a redirect.
 */
#include "access/door.h"

#include <string.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_request.h>
#include "config/config.h"
#include "core/log_limit.h"
#include "http/origin.h"
#include "pages/page.h"
#include "http/respond.h"

APLOG_USE_MODULE(managed_session);

#define OURS      "managed-session-" /* how the names of our handlers begin */
#define NOTE_PAGE "managed-session-page"
#define NOTE_OPEN "managed-session-open"
#define NOTE_URI  "managed-session-uri"
#define NOTE_ARGS "managed-session-args"
#define NOTE_FILE "managed-session-file"

static int is_ours(const char *handler)
{
    return handler && ap_cstr_casecmpn(handler, OURS, sizeof(OURS) - 1) == 0;
}

/* SetHandler, which is an expression; a constant one costs nothing. NULL: nothing is set. */
static const char *configured(request_rec *r)
{
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);

    if (core->expr_handler) {
        const char *error = NULL, *handler = ap_expr_str_exec(r, core->expr_handler, &error);

        return error ? NULL : handler;
    }
    return core->handler;
}

static int is_real_file(const request_rec *r)
{
    return r->finfo.filetype == APR_REG && r->finfo.valid != 0;
}

/* RewriteRule with [H=...], of the administrator, for a file that is there: a program below the
 * sign-in page, say. A rule that takes everything does not take our pages. */
static int is_forced_away(const request_rec *r)
{
    const char *forced = apr_table_get(r->notes, "rewrite-forced-handler");

    return forced && !is_ours(forced) && is_real_file(r);
}

const char *ms_door_page(request_rec *r)
{
    /* A fast redirect (mod_dir) may have brought another configuration, so look at it again. */
    const char *page = apr_table_get(r->notes, NOTE_PAGE) ? configured(r) : NULL;

    if (is_ours(page)) {
        return is_forced_away(r) ? NULL : page;
    }
    return is_ours(r->handler) ? r->handler : NULL; /* AddHandler, RewriteRule [H=...] */
}

int ms_door_leads_to(request_rec *r, const char *handler)
{
    const char *set = configured(r);

    set = set ? set : r->handler;
    return set && ap_cstr_casecmp(set, handler) == 0;
}

int ms_door_leads_to_us(request_rec *r)
{
    return is_ours(configured(r));
}

/* ---- open and closed ------------------------------------------------------------------------- */

int ms_door_may_open(request_rec *r)
{
    for (const request_rec *at = r; at; at = at->main) {
        if (at->method_number != M_GET && at->method_number != M_POST) {
            return 0;
        }
    }
    return ms_door_leads_to(r, MS_HANDLER_LOGIN) || ms_door_leads_to(r, MS_HANDLER_LOGOUT);
}

void ms_door_open(request_rec *r)
{
    apr_table_setn(r->notes, NOTE_OPEN, "1");
}

/* The request whose access this one was given without a look of its own, as httpd does it
 * (ap_process_request_internal): after an internal redirect or in a subrequest, with the same
 * configuration. */
static const request_rec *let_in_with(const request_rec *r)
{
    if (r->prev && r->prev->per_dir_config == r->per_dir_config) {
        return r->prev;
    }
    return r->main && r->main->per_dir_config == r->per_dir_config ? r->main : NULL;
}

static int is_open(const request_rec *r)
{
    while (r && !apr_table_get(r->notes, NOTE_OPEN)) {
        r = let_in_with(r);
    }
    return r != NULL;
}

int ms_door_close(request_rec *r)
{
    const char *suffix;

    if (r->user || !is_open(r)) {
        return DECLINED;
    }
    suffix = ms_log_limit_suffix(MS_LOG_OPEN_DOOR, r->pool);
    if (suffix) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "MS0100: refused %s %s: this location is open to visitors for the sign-in "
                      "and sign-out pages only, and the handler \"%s\" would have answered; put "
                      "what visitors may see in a location of its own%s",
                      r->method, r->uri, r->handler ? r->handler : "", suffix);
    }
    ms_respond_leave_body_unread(r);
    return ms_page_status(r, HTTP_FORBIDDEN);
}

/* ---- hooks ----------------------------------------------------------------------------------- */

static void remember_args(request_rec *r)
{
    if (!apr_table_get(r->notes, NOTE_ARGS)) {
        apr_table_setn(r->notes, NOTE_ARGS, r->args ? r->args : "");
    }
}

/* Before RewriteRule with [PT] gives this request another URL, and with it another location. */
static int remember_url(request_rec *r)
{
    if (is_ours(configured(r))) {
        apr_table_setn(r->notes, NOTE_URI, r->uri);
        remember_args(r);
    }
    return DECLINED;
}

static int restore_uri(request_rec *r)
{
    const char *uri = apr_table_get(r->notes, NOTE_URI);

    if (uri && strcmp(uri, r->uri) != 0) {
        r->uri = (char *)uri;
    }
    return DECLINED;
}

/* Our pages are not files: mod_negotiation, mod_dir and mod_speling, which act on a missing file or
 * on a folder, must see neither. */
static int claim(request_rec *r)
{
    const char *page = configured(r);

    if (is_ours(page)) {
        apr_table_setn(r->notes, NOTE_PAGE, page);
        remember_args(r);
        if (r->filename) {
            apr_table_setn(r->notes, NOTE_FILE, r->filename);
        }
        if (!is_real_file(r)) {
            r->finfo = (apr_finfo_t){.filetype = APR_REG};
        }
    }
    return DECLINED;
}

/* A front controller (RewriteRule ^(.*)$ index.php?q=$1) has put its own file and query in place of
 * ours. */
static int restore_request(request_rec *r)
{
    const char *args = apr_table_get(r->notes, NOTE_ARGS),
               *file = apr_table_get(r->notes, NOTE_FILE);

    if (args && ms_door_page(r)) {
        r->args = *args ? (char *)args : NULL;
        r->filename = file ? (char *)file : r->filename;
    }
    return DECLINED;
}

void ms_door_register_hooks(void)
{
    ap_hook_translate_name(remember_url, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_map_to_storage(restore_uri, NULL, NULL, APR_HOOK_REALLY_FIRST);
    /* The first of all: any hook that knows the type ends this phase. */
    ap_hook_type_checker(claim, NULL, NULL, APR_HOOK_REALLY_FIRST - 1);
    ap_hook_fixups(restore_request, NULL, NULL, APR_HOOK_REALLY_LAST + 1);
}
