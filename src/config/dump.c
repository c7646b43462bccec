/* SPDX-License-Identifier: Apache-2.0 */
/*
 * It runs as the user who calls httpd, who can read the configuration anyway. On a terminal
 * DBDParams is left out all the same, since it may have a password in it.
 */
#include "config/dump.h"

#include <stdio.h>
#include <unistd.h>
#include <http_core.h>
#include <jansson.h>
#include <unixd.h>
#include "config/config.h"
#include "config/tree.h"
#include "core/dbd_params.h"
#include "core/version.h"

static void add_texts(json_t *list, const apr_array_header_t *texts)
{
    for (int i = 0; texts && i < texts->nelts; i++) {
        json_array_append_new(list, json_string(APR_ARRAY_IDX(texts, i, const char *)));
    }
}

static json_t *aliases_of(const server_rec *s)
{
    json_t *list = json_array();

    add_texts(list, s->names);
    add_texts(list, s->wild_names);
    return list;
}

/* mod_dbd runs all of them, in the order of the file: those of the virtual host, or else the main
 * server's. */
static json_t *init_of(apr_pool_t *p, const server_rec *s)
{
    const ap_directive_t *last = ms_tree_setting(s, "DBDInitSQL");
    json_t *list = json_array();

    for (const ap_directive_t *at = ap_conftree; last && at; at = ms_tree_next(at)) {
        const char *statement = ms_tree_is(at, "DBDInitSQL") ? ms_tree_word(p, at, 0) : NULL;

        if (statement && ms_tree_host_around(at) == ms_tree_host_around(last)) {
            json_array_append_new(list, json_string(statement));
        }
    }
    return list;
}

static json_t *server_model(apr_pool_t *p, const server_rec *s, int is_for_people)
{
    const ms_server_conf *conf = ms_server_conf_get(s);
    const char *driver = ms_tree_setting_value(p, s, "DBDriver"),
               *params = ms_tree_setting_value(p, s, "DBDParams");

    return json_pack("{s:s, s:o, s:s?, s:s?, s:o, s:s, s:s, s:b, s:I, s:I}", "host",
                     s->server_hostname ? s->server_hostname : "", "aliases", aliases_of(s),
                     "driver", driver, "params",
                     is_for_people ? ms_dbd_params_shown(p, driver, params) : params, "init",
                     is_for_people ? json_array() : init_of(p, s), "table", conf->table, "realm",
                     conf->realm, "create", conf->create_table, "cache_ttl",
                     (json_int_t)conf->cache_ttl, "history", (json_int_t)conf->history);
}

static json_t *dump_model(apr_pool_t *p, const server_rec *main_server, int is_for_people)
{
    json_t *servers = json_array();

    for (const server_rec *s = main_server; s; s = s->next) {
        if (ms_server_conf_get(s)->used) {
            json_array_append_new(servers, server_model(p, s, is_for_people));
        }
    }
    return json_pack("{s:{s:s, s:I, s:I, s:o}}", "managed_session", "version", MS_VERSION, "uid",
                     (json_int_t)ap_unixd_config.user_id, "gid",
                     (json_int_t)ap_unixd_config.group_id, "servers", servers);
}

void ms_dump_on_test_config(apr_pool_t *pconf, server_rec *main_server)
{
    json_t *model;

    if (!ap_exists_config_define("DUMP_MANAGED_SESSION")) {
        return;
    }
    model = dump_model(pconf, main_server, isatty(STDOUT_FILENO));
    json_dumpf(model, stdout, JSON_ENSURE_ASCII | JSON_COMPACT | JSON_PRESERVE_ORDER);
    fputc('\n', stdout);
    fflush(stdout);
    json_decref(model);
}
