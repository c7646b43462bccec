/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second look-up costs one statement by the primary key, for requests that change something
 * only.
 */
#include "pages/page_body.h"

#include "http/form_body.h"
#include "http/json_body.h"
#include "pages/page.h"
#include "session/second_lookup.h"

/* The answer to a body that was read with that status. */
static int answer_to(request_rec *r, int status, const ms_row *current)
{
    if (status != OK) {
        return ms_page_bad_body(r, status);
    }
    if (!current) {
        return DECLINED;
    }
    if (ms_second_lookup(r, &current) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    return current ? DECLINED : ms_page_challenge(r);
}

int ms_page_body_form(request_rec *r, const ms_row *current, apr_table_t **fields)
{
    return answer_to(r, ms_form_body_read(r, fields), current);
}

int ms_page_body_json(request_rec *r, const ms_row *current, const json_t **object)
{
    return answer_to(r, ms_json_body_read(r, object), current);
}
