/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names in .htaccess files are not known at start; they are removed from the requests to which the
 * file applies.
 */
#include "config/shared_names.h"

#include <http_core.h>
#include <http_log.h>
#include "config/config.h"
#include "core/header_name.h"

APLOG_USE_MODULE(managed_session);

typedef int (*is_same_fn)(const char *a, const char *b);

static int is_same_cookie(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static void add(apr_array_header_t *names, const char *name, is_same_fn is_same)
{
    for (int i = 0; i < names->nelts; i++) {
        if (is_same(APR_ARRAY_IDX(names, i, const char *), name)) {
            return;
        }
    }
    APR_ARRAY_PUSH(names, const char *) = name;
}

static int merges_trailers(const server_rec *s)
{
    const core_server_config *core = ap_get_core_module_config(s->module_config);

    return core->merge_trailers == AP_MERGE_TRAILERS_ENABLE;
}

static int check_trailers(const server_rec *s)
{
    if (ms_server_conf_get(s)->removed_headers->nelts == 0 || !merges_trailers(s)) {
        return OK;
    }
    ap_log_error(APLOG_MARK, APLOG_ERR | APLOG_STARTUP, 0, s,
                 "mod_managed_session: with \"MergeTrailers On\" a client could send the header of "
                 "ManagedSessionUserHeader as a trailer, and so name its own user, also if the two "
                 "are set in different virtual hosts; set MergeTrailers Off");
    return HTTP_INTERNAL_SERVER_ERROR;
}

int ms_shared_names_finish(apr_pool_t *pconf, const server_rec *main_server)
{
    apr_array_header_t *headers = apr_array_make(pconf, 4, sizeof(const char *)),
                       *cookies = apr_array_make(pconf, 4, sizeof(const char *));
    int rv = OK;

    for (const server_rec *s = main_server; s; s = s->next) {
        ms_server_conf *conf = ms_server_conf_get(s);

        for (int i = 0; i < conf->user_headers->nelts; i++) {
            add(headers, APR_ARRAY_IDX(conf->user_headers, i, const char *),
                ms_header_name_is_same);
        }
        if (conf->used) {
            add(cookies, conf->cookie.name, is_same_cookie);
        }
        conf->removed_headers = headers;
        conf->hidden_cookies = cookies;
    }
    for (const server_rec *s = main_server; s && rv == OK; s = s->next) {
        rv = check_trailers(s);
    }
    return rv;
}
