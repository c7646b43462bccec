/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Responses of the built-in pages: HTML, JSON, redirects and refusals, with the headers that all
 * pages have. Functions that return int return what a content handler returns.
 */
#ifndef MS_PAGE_H
#define MS_PAGE_H

#include <httpd.h>
#include <jansson.h>
#include "core/language.h"
#include "core/problem.h"

/** The language for this request (Accept-Language). */
const ms_language *ms_page_language(request_rec *r);

/** A moment in the visitor's language and in ManagedSessionTimeZone. In r->pool. */
const char *ms_page_date(request_rec *r, apr_int64_t epoch);

/** A model with what every page needs: language, title, style sheet. Owned by the caller. */
json_t *ms_page_model(request_rec *r);

/** Set the heading, which is part of the title, too. heading: in English; translated here. */
void ms_page_set_heading(request_rec *r, json_t *model, const char *heading);

/** Let the site's name at the head of a page lead to the site. Other pages end with such a link. */
void ms_page_add_home(request_rec *r, json_t *model);

/** How many bytes of HTML a part of a page makes of a model, which stays the caller's. */
apr_size_t ms_page_length(request_rec *r, const char *name, json_t *model);

/**
 * Send a page.
 * @param status  200, or the status of the error that the page explains
 * @param name    of the embedded page, "login.html"
 * @param model   is released
 */
int ms_page_send(request_rec *r, int status, const char *name, json_t *model);

/** Send JSON. model is released. */
int ms_page_send_json(request_rec *r, int status, json_t *model);

/** Send the script that the pages load with ManagedSessionScript. */
int ms_page_send_script(request_rec *r);

/** Whether the request is for that script. */
int ms_page_is_script(request_rec *r);

/** Send JSON with an entity tag (RFC 9110, 8.8.3), or 304 if the client has the same. model is
 * released. */
int ms_page_send_json_tagged(request_rec *r, json_t *model);

/** Send text of another type, which is not HTML. */
int ms_page_send_text(request_rec *r, int status, const char *type, const char *text);

/** Begin a response of another type whose content the caller writes. */
void ms_page_begin(request_rec *r, const char *type);

/** The JSON answer to a DELETE that revoked n sessions. */
int ms_page_send_revoked(request_rec *r, apr_int64_t n);

/** 303 to a URL that has been checked already. */
int ms_page_redirect(request_rec *r, const char *url);

/** Add to a model how many seconds to wait, if the response has a Retry-After. */
void ms_page_add_wait(request_rec *r, json_t *model);

/** A page with a heading and a text, such as the reason of a refusal, and with links on. Both in
 * English; translated here. */
int ms_page_message(request_rec *r, int status, const char *heading, const char *text);

/** The model of such a page, without links. Owned by the caller. */
json_t *ms_page_message_model(request_rec *r, const char *heading, const char *text);

/** Let httpd's answer of that status be a page of that model, which is released. */
void ms_page_put_in_place(request_rec *r, int status, json_t *model);

/** Refuse the request: a page or, for a script, problem details. Both say the same. */
int ms_page_refuse(request_rec *r, ms_problem why);

/** What a client without a session gets: 303 to the sign-in page, or 401; if there is no sign-in
 * page to redirect to, a page in the same style. */
int ms_page_challenge(request_rec *r);

/** A page that loads a checked URL by itself, as a navigation from this site (SameSite). */
int ms_page_go_on(request_rec *r, const char *url);

/**
 * For a hook before the handler: let httpd's answer of that status be a small page with a link that
 * opens a checked URL in the whole window. It may stand in a frame.
 */
void ms_page_lead_out_of_frame(request_rec *r, int status, const char *url);

/** A status without a page of ours, with the headers of a page. */
int ms_page_status(request_rec *r, int status);

/** 405. allow: the Allow header's value. */
int ms_page_wrong_method(request_rec *r, const char *allow);

/** 403 for a request that came from another origin; logs the headers that decided. */
int ms_page_cross_site(request_rec *r);

/** 403 for a form without the token of this session; logs that. */
int ms_page_stale_form(request_rec *r);

/** 503: the database cannot be queried, and nothing has changed. */
int ms_page_unavailable(request_rec *r);

/** 400 for a query that says nothing the page knows. */
int ms_page_bad_query(request_rec *r);

/** A body could not be read, with that status of ms_form_body_read(): 400, 413 or 415. */
int ms_page_bad_body(request_rec *r, int status);

#endif
