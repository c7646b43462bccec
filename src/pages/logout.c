/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A link or an image must not sign a user out, so GET changes nothing. The sign-out button of an
 * application may post here without a token: the headers of the browser show its origin.
 */
#include "pages/logout.h"

#include <http_protocol.h>
#include "core/percent.h"
#include "http/form_body.h"
#include "http/request_chain.h"
#include "config/config.h"
#include "pages/page.h"
#include "session/request.h"
#include "session/sign_out.h"

int ms_logout_get(request_rec *r)
{
    const ms_dir_conf *conf = ms_dir_conf_get(r);
    json_t *model;
    const ms_row *row;

    if (ms_request_session(r, &row) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    model = ms_page_model(r);
    if (row) {
        const char *csrf = ms_request_form_token(r);

        ms_page_set_heading(r, model, "Sign out?");
        json_object_set_new(model, "user", json_string(row->user));
        json_object_set_new(model, "csrf", json_string(csrf));
        if (ms_request_chain_error_status(r)) { /* the browser shows another URL */
            json_object_set_new(model, "action", json_string(ms_percent_encode(r->pool, r->uri)));
        }
    }
    else {
        ms_page_set_heading(r, model, "You are signed out");
    }
    if (conf->login_url) {
        json_object_set_new(model, "login_url", json_string(conf->login_url->text));
    }
    if (conf->list_url) {
        json_object_set_new(model, "list_url", json_string(conf->list_url->text));
    }
    return ms_page_send(r, HTTP_OK, "logout.html", model);
}

int ms_logout_post(request_rec *r)
{
    const char *csrf;
    apr_table_t *fields;
    const ms_row *row;
    int status;

    status = ms_form_body_read(r, &fields);
    if (status != OK) {
        return ms_page_bad_form(r, status);
    }
    if (ms_request_session(r, &row) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    csrf = apr_table_get(fields, "csrf");
    if (row && csrf && !ms_request_form_token_check(r, csrf)) {
        return ms_page_stale_form(r);
    }
    if (ms_sign_out(r) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    return ms_page_redirect(r, ms_dir_conf_get(r)->landing_url->text);
}
