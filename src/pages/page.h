/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of the built-in pages: the headers that all of them carry, and HTML, JSON, redirects and
 * refusals in one manner. Each function returns what a content handler returns.
 */
#ifndef MS_PAGE_H
#define MS_PAGE_H

#include <httpd.h>
#include <jansson.h>
#include "core/language.h"

/** At start: what is the same for every page. */
void ms_page_init(apr_pool_t *pconf);

/** The language that this visitor gets. */
const ms_language *ms_page_language(request_rec *r);

/** A model with what every page needs: title and stylesheet. Owned by the caller. */
json_t *ms_page_model(request_rec *r);

/** What a page is about: for its first line and its title. A message, which is translated here. */
void ms_page_set_heading(request_rec *r, json_t *model, const char *heading);

/**
 * Send a page.
 * @param status  200, or the error that the page tells of
 * @param name    of the embedded page, "login.html"
 * @param model   is released
 */
int ms_page_send(request_rec *r, int status, const char *name, json_t *model);

/** Send JSON. model is released. */
int ms_page_send_json(request_rec *r, int status, json_t *model);

/** 303 to a URL that has been checked already. */
int ms_page_redirect(request_rec *r, const char *url);

/** A page that says one thing, such as why something was refused: messages in English, which are
 * translated here. */
int ms_page_message(request_rec *r, int status, const char *heading, const char *text);

/** A page that goes on to a checked URL by itself, as a navigation that begins here (SameSite). */
int ms_page_go_on(request_rec *r, int status, const char *url);

/**
 * For a hook before the handler: let httpd's answer of that status be a small page with a link that
 * opens a checked URL in the whole window. It may stand in a frame.
 */
void ms_page_lead_out_of_frame(request_rec *r, int status, const char *url);

/** An answer that is a status alone, with the headers of a page. */
int ms_page_status(request_rec *r, int status);

/** 405. allow: the Allow header's value. */
int ms_page_wrong_method(request_rec *r, const char *allow);

/** 403 for a request that came from another origin; logs the headers that decided. */
int ms_page_cross_site(request_rec *r);

/** 403 for a form without the token of this session; logs that. */
int ms_page_stale_form(request_rec *r);

/** 503: the database could not be asked, and nothing has changed. */
int ms_page_unavailable(request_rec *r);

/** The page for a body that ms_form_body_read() refused with that status. */
int ms_page_bad_form(request_rec *r, int status);

#endif
