/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httpd keeps the configuration of each .htaccess file in r->htaccess. What it contains for a
 * module is known to that module only. But one can see which modules have any, and which of their
 * directives "AllowOverride AuthConfig" allows.
 */
#include "access/htaccess.h"

#include <string.h>
#include <apr_fnmatch.h>
#include <http_config.h>
#include <http_core.h>
#include "config/config.h"
#include "access/own_pages.h"

/* Modules whose AuthConfig directives count from that level on only: Require does not make a user,
 * and TLS does not make a password right. */
static const struct {
    const char *module;
    ms_own from;
} harmless[] = {{"mod_authz_core.c", MS_OWN_REQUIRE},
                {"mod_access_compat.c", MS_OWN_REQUIRE},
                {"mod_ssl.c", MS_OWN_AUTH_TYPE},
                {"mod_session.c", MS_OWN_AUTH_TYPE}};

static int is_counted(const module *m, ms_own what)
{
    if (strcmp(m->name, "core.c") == 0 || m == &managed_session_module) {
        return 0;
    }
    for (apr_size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
        if (strcmp(m->name, harmless[i].module) == 0) {
            return what >= harmless[i].from;
        }
    }
    for (const command_rec *cmd = m->cmds; cmd && cmd->name; cmd++) {
        if (cmd->req_override & OR_AUTHCFG) {
            return 1;
        }
    }
    return 0;
}

static const char *counted_module(ap_conf_vector_t *section, ms_own what)
{
    for (int i = 0; ap_loaded_modules[i]; i++) {
        const module *m = ap_loaded_modules[i];

        if (ap_get_module_config(section, m) && is_counted(m, what)) {
            return m->name;
        }
    }
    return NULL;
}

/* A <Files> section, as httpd matches it (ap_file_walk). */
static int is_for_file(const request_rec *r, ap_conf_vector_t *section)
{
    const core_dir_config *core = ap_get_core_module_config(section);
    const char *slash = r->filename ? strrchr(r->filename, '/') : NULL;
    const char *file = slash ? slash + 1 : "";

    if (core->r) {
        return ap_regexec(core->r, file, 0, NULL, 0) == 0;
    }
    return core->d_is_fnmatch ? apr_fnmatch(core->d, file, APR_FNM_PATHNAME) == APR_SUCCESS
                              : strcmp(core->d, file) == 0;
}

/* Looks at one section; the name of a module, or NULL to go on. */
typedef const char *look_at(request_rec *r, ap_conf_vector_t *section, ms_own what);

/* Call look for a section and those inside it, until it returns a result. */
static const char *look_within(request_rec *r, ap_conf_vector_t *section, ms_own what,
                               look_at *look)
{
    const core_dir_config *core = ap_get_core_module_config(section);
    const char *found = look(r, section, what);

    for (int i = 0; !found && core && core->sec_file && i < core->sec_file->nelts; i++) {
        ap_conf_vector_t *inner = APR_ARRAY_IDX(core->sec_file, i, ap_conf_vector_t *);

        found = is_for_file(r, inner) ? look_within(r, inner, what, look) : NULL;
    }
    for (int i = 0; !found && core && core->sec_if && i < core->sec_if->nelts; i++) {
        found = look_within(r, APR_ARRAY_IDX(core->sec_if, i, ap_conf_vector_t *), what, look);
    }
    return found;
}

static const char *look_everywhere(request_rec *r, ms_own what, look_at *look)
{
    const char *found = NULL;

    for (const struct htaccess_result *file = r->htaccess; file && !found; file = file->next) {
        found = file->htaccess ? look_within(r, file->htaccess, what, look) : NULL;
    }
    return found;
}

static const char *find_module(request_rec *r, ap_conf_vector_t *section, ms_own what)
{
    (void)r;
    return counted_module(section, what);
}

const char *ms_htaccess_sets(request_rec *r, ms_own what)
{
    return look_everywhere(r, what, find_module);
}

/* A merged configuration has the same SetHandler expression object as the section it came from. */
static const char *find_handler(request_rec *r, ap_conf_vector_t *section, ms_own what)
{
    const core_dir_config *core = ap_get_core_module_config(section),
                          *merged = ap_get_core_module_config(r->per_dir_config);

    (void)what;
    return core && core->expr_handler && core->expr_handler == merged->expr_handler ? "core.c"
                                                                                    : NULL;
}

static const char *find_any(request_rec *r, ap_conf_vector_t *section, ms_own what)
{
    (void)r, (void)section, (void)what;
    return "core.c";
}

int ms_htaccess_gives_handler(request_rec *r)
{
    /* AddHandler or RewriteRule [H=...]: it cannot be seen which file has it. */
    return look_everywhere(r, MS_OWN_REQUIRE, ms_own_pages_is_set(r) ? find_handler : find_any) !=
           NULL;
}
