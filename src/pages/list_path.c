/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httpd has decoded r->uri and refused encoded slashes.
 */
#include "pages/list_path.h"

#include <string.h>
#include <apr_strings.h>
#include "config/config.h"
#include "config/own_path.h"
#include "config/tree.h"
#include "core/token.h"

#define CURRENT "current"

static int is_current(const char *name)
{
    return strcmp(name, CURRENT) == 0;
}

static const char *without_slash(apr_pool_t *p, const char *path)
{
    const apr_size_t len = strlen(path);

    return len > 0 && path[len - 1] == '/' ? apr_pstrndup(p, path, len - 1) : path;
}

/* The list's path, as the configuration writes it; NULL: it is not known. */
static const char *known_path(request_rec *r, const char *uri)
{
    const ms_url *url = ms_config_list_url(r);
    const char *place = ms_own_path(r, MS_HANDLER_LIST);

    if (place) {
        return place;
    }
    return url && url->path && strlen(url->path) > 1 &&
                   ms_tree_is_below(uri, without_slash(r->pool, url->path))
               ? url->path
               : NULL;
}

/* The last segment, if nothing else could be meant. */
static const char *guessed_path(apr_pool_t *p, const char *uri)
{
    const char *slash = strrchr(uri, '/');

    return slash && slash > uri &&
                   (is_current(slash + 1) || ms_token_is_id(slash + 1, strlen(slash + 1)))
               ? apr_pstrndup(p, uri, (apr_size_t)(slash - uri))
               : uri;
}

ms_list_path ms_list_path_read(request_rec *r, const char *current)
{
    const char *uri = without_slash(r->pool, r->uri), *list = known_path(r, uri), *name;
    ms_list_path path = {.what = MS_LIST_WHOLE};

    path.list = list ? list : guessed_path(r->pool, uri);
    name = uri + strlen(without_slash(r->pool, path.list));
    path.list = *path.list ? path.list : "/";
    path.has_slash = strcmp(uri, r->uri) != 0 && strcmp(path.list, r->uri) != 0;
    if (!*name || strcmp(name, "/") == 0) {
        return path;
    }
    name++;
    path.id = is_current(name) ? current : name;
    path.what = ms_token_is_id(path.id, strlen(path.id)) ? MS_LIST_ONE : MS_LIST_NOTHING;
    return path;
}

int ms_list_path_is_below(request_rec *r)
{
    static const char any[] = "----------------------"; /* MS_ID_LEN */

    return ms_list_path_read(r, any).what != MS_LIST_WHOLE;
}
