/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A link back to a page of ours is the path that its form was posted to: the query of a refused
 * request may be what was wrong with it. A sign-in page keeps its way back.
 */
#include "pages/ways_on.h"

#include "access/challenge.h"
#include "access/own_pages.h"
#include "config/config.h"
#include "core/percent.h"
#include "pages/login_form.h"
#include "pages/page.h"
#include "session/request.h"

/* Marks for tests/catalogues.py a message that is translated elsewhere. */
#define MESSAGE(text) (text)

void ms_ways_on_add(request_rec *r, json_t *model, const char *url, const char *label)
{
    const char *translated = ms_language_text(ms_page_language(r), label);
    json_t *links = json_object_get(model, "links");

    if (!links) {
        links = json_array();
        json_object_set_new(model, "links", links);
    }
    json_array_append_new(links, json_pack("{s:s, s:s}", "url", url, "label", translated));
}

void ms_ways_on_add_sign_in(request_rec *r, json_t *model)
{
    const char *url = ms_challenge_login_url(r);

    if (url) {
        ms_ways_on_add(r, model, url, MESSAGE("Sign in"));
    }
}

static int is_at(const ms_own_page *page, const char *handler)
{
    return page && ap_cstr_casecmp(page->handler, handler) == 0;
}

void ms_ways_on_add_site(request_rec *r, json_t *model)
{
    const ms_url *list = ms_config_list_url(r);
    const int is_visitor =
        is_at(ms_own_pages_answering(r), MS_HANDLER_LOGIN) && !ms_request_row(ms_request_get(r));

    if (list && !is_visitor) {
        ms_ways_on_add(r, model, list->text, MESSAGE("Your sessions"));
    }
    ms_ways_on_add(r, model, ms_config_landing(r), MESSAGE("Go to the site"));
}

void ms_ways_on_add_all(request_rec *r, json_t *model)
{
    const ms_own_page *page = r->method_number == M_POST ? ms_own_pages_answering(r) : NULL;
    const char *here = ms_percent_encode(r->pool, r->uri);

    if (is_at(page, MS_HANDLER_LOGIN)) {
        ms_ways_on_add(r, model, ms_login_form_own_url(r, ms_login_form_back(r)),
                       MESSAGE("Back to sign-in"));
    }
    else if (is_at(page, MS_HANDLER_LOGOUT)) {
        ms_ways_on_add(r, model, here, MESSAGE("Sign out"));
    }
    else if (is_at(page, MS_HANDLER_ADMIN)) {
        ms_ways_on_add(r, model, here, MESSAGE("All sessions"));
    }
    else if (is_at(page, MS_HANDLER_LIST) && !ms_config_list_url(r)) {
        ms_ways_on_add(r, model, here, MESSAGE("Your sessions"));
    }
    ms_ways_on_add_site(r, model);
}
