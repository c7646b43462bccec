/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page is never kept by a cache, framed, sniffed, compressed (a compressed page would leak its
 * form's token, BREACH) or able to run a script but, with
 * ManagedSessionScript, this host's.
 */
#include "pages/page.h"

#include <string.h>
#include <apr_encode.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include "access/challenge.h"
#include "access/cors.h"
#include "access/script_refusal.h"
#include "http/json_client.h"
#include "http/respond.h"
#include "config/config.h"
#include "access/own_pages.h"
#include "http/limited_log.h"
#include "http/origin.h"
#include "http/request_chain.h"
#include "core/cache_headers.h"
#include "core/json.h"
#include "core/percent.h"
#include "core/phrases.h"
#include "core/template.h"
#include "core/sha256.h"
#include "pages/content_policy.h"
#include "pages/ways_on.h"

#define SCRIPT "script" /* the query of the script, with the path of any page of ours */

#define TAG_BYTES 18 /* of a hash, in an entity tag */

/* Marks for tests/catalogues.py a message that is translated elsewhere. */
#define MESSAGE(text) (text)

/* At the address of a page that is not ours there is no script of ours. */
static int uses_script(request_rec *r)
{
    return ms_dir_conf_get(r)->script == 1 && ms_own_pages_answering(r);
}

static const char *policy(request_rec *r, const char *ancestors)
{
    return ms_content_policy(r, uses_script(r), ancestors);
}

/* NULL for the sign-in page: it may be in a popup, and this header would cut it off from its
 * opener, even of the same origin. */
static const char *opener_policy(request_rec *r)
{
    return ms_own_pages_foreign_use(r) == MS_FOREIGN_SIGN_IN ? NULL : "same-origin";
}

static void set_headers(request_rec *r, apr_table_t *t)
{
    ms_respond_set_headers(r, t, policy(r, "; frame-ancestors 'none'"), opener_policy(r));
}

const ms_language *ms_page_language(request_rec *r)
{
    return ms_language_choose(apr_table_get(r->headers_in, "Accept-Language"));
}

const char *ms_page_date(request_rec *r, apr_int64_t epoch)
{
    return ms_phrases_date(r->pool, ms_page_language(r), epoch, ms_dir_conf_get(r)->time_zone);
}

static const char *title(const request_rec *r)
{
    const char *own = ms_dir_conf_get(r)->title;

    return own ? own : r->server->server_hostname;
}

json_t *ms_page_model(request_rec *r)
{
    const ms_url *sheet = ms_config_stylesheet(r);
    const ms_language *language = ms_page_language(r);
    json_t *model = json_object();

    json_object_set_new(model, "lang", json_string(language->tag));
    json_object_set_new(model, "title", json_string(title(r)));
    if (uses_script(r)) {
        const char *path = ms_percent_encode(r->pool, r->uri);

        json_object_set_new(model, "script",
                            json_string(apr_pstrcat(r->pool, path, "?" SCRIPT, NULL)));
    }
    if (sheet) {
        json_object_set_new(model, "stylesheet", json_string(sheet->text));
    }
    return model;
}

void ms_page_add_home(request_rec *r, json_t *model)
{
    json_object_set_new(model, "home", json_string(ms_config_landing(r)));
}

void ms_page_set_heading(request_rec *r, json_t *model, const char *heading)
{
    json_object_set_new(model, "heading",
                        json_string(ms_language_text(ms_page_language(r), heading)));
}

/* A page that ErrorDocument names does not turn the error into a success. */
static int send_body(request_rec *r, int status, const char *type, const char *body)
{
    const int error = ms_request_chain_error_status(r);

    if (!body) { /* no memory */
        return ms_page_status(r, HTTP_INTERNAL_SERVER_ERROR);
    }
    set_headers(r, r->headers_out);
    r->status = status == HTTP_OK && error ? error : status;
    ap_set_content_type(r, type);
    ap_set_content_length(r, (apr_off_t)strlen(body));
    ap_rputs(body, r);
    return OK;
}

/* model is released. */
static const char *render(request_rec *r, const char *name, json_t *model)
{
    const ms_template *page = ms_template_get(name);
    const char *html =
        ms_template_render(r->pool, page->text, page->len, model, ms_page_language(r));

    json_decref(model);
    return html;
}

apr_size_t ms_page_length(request_rec *r, const char *name, json_t *model)
{
    const char *html = render(r, name, json_incref(model));

    return html ? strlen(html) : 0;
}

int ms_page_send(request_rec *r, int status, const char *name, json_t *model)
{
    const char *html = render(r, name, model);

    apr_table_setn(r->headers_out, "Content-Language", ms_page_language(r)->tag);
    ms_cache_headers_vary_by(r->headers_out, "Accept-Language");
    return send_body(r, status, "text/html; charset=utf-8", html);
}

int ms_page_is_script(request_rec *r)
{
    return r->method_number == M_GET && ms_dir_conf_get(r)->script == 1 && r->args &&
           strcmp(r->args, SCRIPT) == 0;
}

int ms_page_send_script(request_rec *r)
{
    return send_body(r, HTTP_OK, "text/javascript; charset=utf-8",
                     ms_template_get("page.js")->text);
}

void ms_page_begin(request_rec *r, const char *type)
{
    set_headers(r, r->headers_out);
    ap_set_content_type(r, type);
}

int ms_page_send_text(request_rec *r, int status, const char *type, const char *text)
{
    return send_body(r, status, type, text);
}

#define JSON_TYPE "application/json; charset=utf-8"

int ms_page_send_json(request_rec *r, int status, json_t *model)
{
    const char *json = ms_json_dump(r->pool, model);

    json_decref(model);
    return send_body(r, status, JSON_TYPE, json);
}

static const char *tag_of(request_rec *r, const char *json)
{
    unsigned char digest[MS_SHA256_LEN];

    ms_sha256(r->pool, &(ms_sha256_part){json, strlen(json)}, 1, digest);
    return apr_psprintf(
        r->pool, "\"%s\"",
        apr_pencode_base64_binary(r->pool, digest, TAG_BYTES, APR_ENCODE_BASE64URL, NULL));
}

/* To a PATCH the response is the new state, also if the client knows it. Older httpds send a 304
 * without the headers of CORS, and the browser would keep the response from the script: another
 * origin gets it whole. */
static int is_known(request_rec *r, const char *tag)
{
    const char *known = apr_table_get(r->headers_in, "If-None-Match");

    return known && r->method_number == M_GET && !ms_cors_origin(r) &&
           (strcmp(known, "*") == 0 || ap_find_etag_weak(r->pool, known, tag));
}

int ms_page_send_json_tagged(request_rec *r, json_t *model)
{
    const char *json = ms_json_dump(r->pool, model), *tag;

    json_decref(model);
    if (!json) {
        return ms_page_status(r, HTTP_INTERNAL_SERVER_ERROR);
    }
    tag = tag_of(r, json);
    apr_table_setn(r->headers_out, "ETag", tag);
    if (is_known(r, tag)) {
        set_headers(r, r->headers_out);
        return HTTP_NOT_MODIFIED;
    }
    return send_body(r, HTTP_OK, JSON_TYPE, json);
}

int ms_page_send_revoked(request_rec *r, apr_int64_t n)
{
    return ms_page_send_json(r, HTTP_OK, json_pack("{s:I}", "revoked", (json_int_t)n));
}

int ms_page_redirect(request_rec *r, const char *url)
{
    apr_table_setn(r->headers_out, "Location", url);
    return ms_page_status(r, HTTP_SEE_OTHER);
}

int ms_page_status(request_rec *r, int status)
{
    /* httpd drops headers_out when it makes an error page from a status. */
    set_headers(r, r->err_headers_out);
    return status;
}

json_t *ms_page_message_model(request_rec *r, const char *heading, const char *text)
{
    json_t *model = ms_page_model(r);

    ms_page_set_heading(r, model, heading);
    json_object_set_new(model, "text", json_string(ms_language_text(ms_page_language(r), text)));
    return model;
}

void ms_page_add_wait(request_rec *r, json_t *model)
{
    const char *wait = apr_table_get(r->err_headers_out, "Retry-After");

    if (wait) {
        json_object_set_new(model, "wait", json_integer(apr_atoi64(wait)));
    }
}

int ms_page_message(request_rec *r, int status, const char *heading, const char *text)
{
    json_t *model = ms_page_message_model(r, heading, text);

    ms_page_add_wait(r, model);
    if (status == HTTP_UNAUTHORIZED) {
        ms_ways_on_add_sign_in(r, model);
    }
    ms_ways_on_add_all(r, model);
    return ms_page_send(r, status, "message.html", model);
}

int ms_page_go_on(request_rec *r, const char *url)
{
    json_t *model = ms_page_message_model(r, MESSAGE("One moment, please"),
                                          MESSAGE("If nothing happens, follow the link."));

    ms_ways_on_add(r, model, url, MESSAGE("Continue"));
    json_object_set_new(model, "refresh", json_string(url));
    return ms_page_send(r, HTTP_OK, "message.html", model);
}

static int is_for_script(request_rec *r)
{
    const ms_own_page *page = ms_own_pages_answering(r);

    return (page && page->is_for_machines) || ms_json_client_is(r);
}

int ms_page_refuse(request_rec *r, ms_problem why)
{
    const ms_problem_words *words = ms_problem_get(why);

    ms_cache_headers_vary_by(r->headers_out, "Accept");
    return is_for_script(r)
               ? send_body(r, words->status, MS_PROBLEM_TYPE,
                           ms_problem_json(r->pool, why, ms_script_refusal_login_url(r, why)))
               : ms_page_message(r, words->status, words->heading, words->text);
}

int ms_page_challenge(request_rec *r)
{
    const int status = ms_challenge(r);

    return status == HTTP_UNAUTHORIZED ? ms_page_refuse(r, ms_challenge_problem(r)) : status;
}

void ms_page_put_in_place(request_rec *r, int status, json_t *model)
{
    const char *html = render(r, "message.html", model);

    set_headers(r, r->err_headers_out);
    apr_table_setn(r->err_headers_out, "Content-Language", ms_page_language(r)->tag);
    /* The page names its charset itself; httpd would add another one. */
    apr_table_setn(r->subprocess_env, "suppress-error-charset", "1");
    if (html) {
        ap_custom_response(r, status, html);
    }
}

void ms_page_lead_out_of_frame(request_rec *r, int status, const char *url)
{
    json_t *model = ms_page_message_model(r, MESSAGE("You are not signed in"),
                                          MESSAGE("Sign in to see this page."));

    ms_ways_on_add(r, model, url, MESSAGE("Sign in"));
    json_object_set_new(model, "top", json_true());
    ms_page_put_in_place(r, status, model);
    apr_table_unset(r->err_headers_out, "X-Frame-Options");
    apr_table_setn(r->err_headers_out, "Content-Security-Policy", policy(r, ""));
}

int ms_page_wrong_method(request_rec *r, const char *allow)
{
    ms_respond_leave_body_unread(r);
    apr_table_setn(r->headers_out, "Allow", allow);
    return ms_page_refuse(r, MS_PROBLEM_METHOD);
}

int ms_page_cross_site(request_rec *r)
{
    ms_origin_log_refusal(r);
    ms_respond_leave_body_unread(r);
    return ms_page_refuse(r, MS_PROBLEM_CROSS_ORIGIN);
}

int ms_page_stale_form(request_rec *r)
{
    ms_limited_log(r, MS_LOG_STALE_FORM, APLOG_WARNING,
                   "MS0141: %s %s was refused with 403: the form's token is missing, or is not "
                   "of this session",
                   r->method, r->uri);
    ms_respond_leave_body_unread(r);
    return ms_page_refuse(r, MS_PROBLEM_STALE_FORM);
}

int ms_page_unavailable(request_rec *r)
{
    ms_respond_leave_body_unread(r);
    ms_respond_retry_after(r, MS_RETRY_AFTER);
    return ms_page_refuse(r, MS_PROBLEM_UNAVAILABLE);
}

int ms_page_bad_query(request_rec *r)
{
    return ms_page_refuse(r, is_for_script(r) ? MS_PROBLEM_BAD_QUERY : MS_PROBLEM_BAD_FORM);
}

int ms_page_bad_body(request_rec *r, int status)
{
    return ms_page_refuse(r, status == HTTP_REQUEST_ENTITY_TOO_LARGE ? MS_PROBLEM_TOO_LARGE
                             : status == HTTP_UNSUPPORTED_MEDIA_TYPE ? MS_PROBLEM_MEDIA_TYPE
                             : ms_json_client_sends(r)               ? MS_PROBLEM_BAD_JSON
                                                                     : MS_PROBLEM_BAD_FORM);
}
