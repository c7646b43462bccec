/* SPDX-License-Identifier: Apache-2.0 */
/*
 * They are set only if r->user comes from the session: another AuthType may have let in another
 * user.
 */
#include "access/environment.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include "access/authn.h"
#include "session/request.h"

#define ENV_ID "MANAGED_SESSION_ID"

/* Whether a variable may be one of ours: an earlier phase, or the administrator, may have set it.
 */
static int may_have_ours(const apr_table_t *env)
{
    const apr_array_header_t *entries = apr_table_elts(env);
    int i = 0;

    while (i < entries->nelts &&
           apr_toupper(*APR_ARRAY_IDX(entries, i, apr_table_entry_t).key) != ENV_ID[0]) {
        i++;
    }
    return i < entries->nelts;
}

static const char *decimal(request_rec *r, const char *made, apr_int64_t n)
{
    return made ? made : apr_off_t_toa(r->pool, n);
}

static void set_all(request_rec *r, const ms_row *row)
{
    apr_table_t *env = r->subprocess_env;
    void (*const put)(apr_table_t *, const char *, const char *) =
        may_have_ours(env) ? apr_table_setn : apr_table_addn;

    put(env, ENV_ID, row->id);
    put(env, "MANAGED_SESSION_AUTH_TIME", decimal(r, row->created_text, row->created_at));
    put(env, "MANAGED_SESSION_EXPIRES", decimal(r, row->expires_text, row->expires_at));
    put(env, "MANAGED_SESSION_AUTH_METHOD", row->auth_method);
}

void ms_environment_set(request_rec *r)
{
    const ms_row *row;

    if (r->user && ms_authn_is_our_type(r->ap_auth_type) &&
        ms_request_session(r, &row) == APR_SUCCESS && row) {
        set_all(r, row);
    }
}

void ms_environment_restore_user(request_rec *r)
{
    const ms_request *request = r->user ? NULL : ms_request_peek(r);
    const ms_row *row = request ? ms_request_row(request) : NULL;

    if (row && apr_table_get(r->subprocess_env, ENV_ID)) {
        ms_authn_set_user(r, row);
    }
}
