/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The expression, and the check at start. The check reads httpd's configuration tree, since other
 * modules do not publish their settings.
 */
#include "session/user_name.h"

#include <string.h>
#include <apr_strings.h>
#include <http_config.h>
#include "config/config.h"
#include "http/limited_log.h"
#include "core/utf8.h"

int ms_user_name_fits_header(request_rec *r, const char *name)
{
    return ms_server_conf_get(r->server)->user_headers->nelts == 0 ||
           (name[0] != ' ' && name[strlen(name) - 1] != ' ');
}

int ms_user_name_is_valid(request_rec *r, const char *name)
{
    return ms_utf8_is_user_name(name) && ms_user_name_fits_header(r, name);
}

/* NULL: no value; *error may have the reason. */
static const char *evaluate(request_rec *r, const ap_expr_info_t *expr, const char *user,
                            const char **error)
{
    char *before = r->user;
    const char *value;

    *error = NULL;
    r->user = apr_pstrdup(r->pool, user);
    value = ap_expr_str_exec(r, expr, error);
    r->user = before;
    return !*error && value && *value ? value : NULL;
}

const char *ms_user_name_guess(request_rec *r, const char *user)
{
    const ap_expr_info_t *expr = ms_dir_conf_get(r)->user_name;
    const char *error, *value = expr ? evaluate(r, expr, user, &error) : NULL;

    return value ? value : user;
}

const char *ms_user_name_of(request_rec *r, const char *user)
{
    const ap_expr_info_t *expr = ms_dir_conf_get(r)->user_name;
    const char *error, *value;

    if (!expr || !user) {
        return user;
    }
    value = evaluate(r, expr, user, &error);
    if (value) {
        return value;
    }
    ms_limited_log(r, MS_LOG_NO_USER_NAME, APLOG_ERR,
                   "MS0110: user \"%s\" was not signed in: ManagedSessionUserName has no value "
                   "for this user (%s); a variable it names may be missing, such as a column "
                   "that AuthDBDUserPWQuery does not return",
                   user, error ? error : "it is empty");
    return NULL;
}
