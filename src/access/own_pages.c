/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httpd and its modules give a request its handler in many places: by file name, by folder, by
 * rewriting, by method. None of that counts here: a page of ours answers if SetHandler names it.
 * Modules that would redirect because of the file system are shown a plain file.
 */
#include "access/own_pages.h"

#include <string.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include "config/config.h"
#include "core/accept.h"

#define NOTE_PAGE  "managed-session-page"
#define NOTE_URI   "managed-session-uri"
#define NOTE_ARGS  "managed-session-args"
#define NOTE_FILE  "managed-session-file"
#define NOTE_CHECK "managed-session-check"

/* Process-wide, set once from register_hooks. */
static const ms_own_page *table;
static int table_n;
static ms_own_page_frame_fn *frame_page;

void ms_own_pages_register(const ms_own_page *pages, int n, ms_own_page_frame_fn *out_of_frame)
{
    table = pages;
    table_n = n;
    frame_page = out_of_frame;
}

void ms_own_pages_lead_out_of_frame(request_rec *r, int status, const char *url)
{
    frame_page(r, status, url);
}

/* Names that begin with another letter are most of them: no call for those. */
static inline int is_ours(const char *handler)
{
    return handler && (*handler == 'm' || *handler == 'M') &&
           ap_cstr_casecmpn(handler, MS_HANDLERS, sizeof(MS_HANDLERS) - 1) == 0;
}

static const ms_own_page *find_ours(const char *handler)
{
    for (int i = 0; i < table_n; i++) {
        if (ap_cstr_casecmp(handler, table[i].handler) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

static inline const ms_own_page *find(const char *handler)
{
    return is_ours(handler) ? find_ours(handler) : NULL;
}

/* ---- which page ------------------------------------------------------------------------------ */

/* SetHandler, which is an expression; a constant one costs nothing. NULL: nothing is set. */
static inline const char *set_handler(request_rec *r)
{
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);

    if (core->expr_handler) {
        const char *error = NULL, *handler = ap_expr_str_exec(r, core->expr_handler, &error);

        return error ? NULL : handler;
    }
    return core->handler;
}

/* Whether there is a SetHandler, of any name: the notes below exist only then. */
static inline int has_set_handler(const request_rec *r)
{
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);

    return core->handler || core->expr_handler;
}

static int is_real_file(const request_rec *r)
{
    return r->finfo.filetype == APR_REG && r->finfo.valid != 0;
}

/* The administrator's RewriteRule with [H=...] for an existing file: a program below the sign-in
 * page, for example. A rule that matches everything does not take our pages. */
static int is_forced_away(const request_rec *r)
{
    const char *forced = apr_table_get(r->notes, "rewrite-forced-handler");

    return forced && !is_ours(forced) && is_real_file(r);
}

const ms_own_page *ms_own_pages_configured(request_rec *r)
{
    const char *set = set_handler(r);

    return find(set ? set : r->handler);
}

ms_foreign_use ms_own_pages_foreign_use(request_rec *r)
{
    const ms_own_page *page = ms_own_pages_configured(r);

    return page ? page->foreign : MS_FOREIGN_IGNORED;
}

int ms_own_pages_is_check(request_rec *r)
{
    const ms_own_page *page = ms_own_pages_configured(r);

    return page && page->any;
}

int ms_own_pages_is_check_by_url(request_rec *r)
{
    return !apr_is_empty_table(r->notes) && apr_table_get(r->notes, NOTE_CHECK);
}

int ms_own_pages_is_set(request_rec *r)
{
    return is_ours(set_handler(r));
}

const char *ms_own_pages_handler(request_rec *r)
{
    /* A fast redirect (mod_dir) may have changed the configuration, so read it again. */
    const char *page =
        has_set_handler(r) && apr_table_get(r->notes, NOTE_PAGE) ? set_handler(r) : NULL;

    if (is_ours(page)) {
        return is_forced_away(r) ? NULL : page;
    }
    return is_ours(r->handler) ? r->handler : NULL; /* AddHandler, RewriteRule [H=...] */
}

const ms_own_page *ms_own_pages_answering(request_rec *r)
{
    return find(ms_own_pages_handler(r));
}

int ms_own_pages_wants_json(request_rec *r)
{
    const ms_own_page *page = ms_own_pages_answering(r);

    return page && page->answers_json &&
           ms_accept_prefers(apr_table_get(r->headers_in, "Accept"), "application/json",
                             "text/html");
}

/* ---- hooks: the request stays what the client sent ---------------------------------------------
 */

static void keep_args(request_rec *r)
{
    if (!apr_table_get(r->notes, NOTE_ARGS)) {
        apr_table_setn(r->notes, NOTE_ARGS, r->args ? r->args : "");
    }
}

/* A status that httpd does not know counts as 500. */
static int has_document(const core_dir_config *core, int status)
{
    const int key = ap_index_of_response(status);

    return (status == HTTP_INTERNAL_SERVER_ERROR ||
            key != ap_index_of_response(HTTP_INTERNAL_SERVER_ERROR)) &&
           apr_hash_get(core->response_code_exprs, &key, sizeof(key));
}

/* An ErrorDocument may be a program, and what that answers is not for it to decide here: a 2xx
 * would let the client's request pass. */
static void answer_without_documents(request_rec *r)
{
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);

    for (int status = HTTP_MULTIPLE_CHOICES; core->response_code_exprs && status < 600; status++) {
        if (has_document(core, status)) {
            const char *line = ap_get_status_line(status);

            ap_custom_response(r, status,
                               apr_pstrcat(r->pool, "<!DOCTYPE html>\n<title>", line,
                                           "</title>\n<h1>", line + 4, "</h1>\n", NULL));
        }
    }
}

/* Before RewriteRule with [PT] gives this request another URL, and with it another location. */
void ms_own_pages_keep_url(request_rec *r)
{
    if (ms_own_pages_is_set(r)) {
        apr_table_setn(r->notes, NOTE_URI, r->uri);
        keep_args(r);
        if (ms_own_pages_is_check(r)) {
            apr_table_setn(r->notes, NOTE_CHECK, "1");
            answer_without_documents(r);
        }
    }
}

/* httpd would decode the path of another server's request, and return 404 for one with "%2F". */
int ms_own_pages_on_pre_translate_name(request_rec *r)
{
    return has_set_handler(r) && ms_own_pages_is_check(r) ? DONE : DECLINED;
}

/* RewriteRule with [PT] may have led here: then no note tells, and httpd has not yet looked which
 * section the URL has now. */
static int is_trace_of_check(request_rec *r)
{
    ap_conf_vector_t *before = r->per_dir_config;
    int is_check;

    if (r->method_number != M_TRACE) {
        return 0;
    }
    is_check = ap_location_walk(r) == OK && ms_own_pages_is_check(r);
    r->per_dir_config = before;
    return is_check;
}

/* The configuration here is that of the other URL already, so only the note tells. */
int ms_own_pages_on_map_to_storage(request_rec *r)
{
    const char *uri = apr_is_empty_table(r->notes) ? NULL : apr_table_get(r->notes, NOTE_URI);

    /* Its path is another server's: no file has that name, and the name may be too long for one.
     * Also, httpd would answer TRACE in this phase, and a 200 lets the client's request pass. */
    if (ms_own_pages_is_check_by_url(r)) {
        r->uri = (char *)apr_table_get(r->notes, NOTE_URI);
        return OK;
    }
    if (is_trace_of_check(r)) {
        return HTTP_FORBIDDEN;
    }
    if (uri && strcmp(uri, r->uri) != 0) {
        r->uri = (char *)uri;
    }
    return DECLINED;
}

/* Our pages are not files: mod_negotiation, mod_dir and mod_speling act on a missing file or on a
 * folder, so they must see neither. */
int ms_own_pages_on_type_checker(request_rec *r)
{
    const char *page = set_handler(r);

    if (is_ours(page)) {
        apr_table_setn(r->notes, NOTE_PAGE, page);
        keep_args(r);
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
int ms_own_pages_on_fixups(request_rec *r)
{
    const char *args, *file;

    if (!ms_own_pages_handler(r)) {
        return DECLINED;
    }
    args = apr_table_get(r->notes, NOTE_ARGS);
    file = apr_table_get(r->notes, NOTE_FILE);
    if (args) {
        r->args = *args ? (char *)args : NULL;
        r->filename = file ? (char *)file : r->filename;
    }
    return DECLINED;
}
