/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Searches for sign-in pages at which one account may get sessions under several names.
 */
#include "config/check_user_name.h"

#include <string.h>
#include <apr_strings.h>
#include <http_log.h>
#include "config/config.h"
#include "config/tree.h"

APLOG_USE_MODULE(managed_session);

static const ap_directive_t *find_among(const ap_directive_t *at, const char *name)
{
    while (at && !ms_tree_is(at, name)) {
        at = at->next;
    }
    return at;
}

/* The path of <Location path>; NULL: it is another section. */
static const char *location_of(apr_pool_t *p, const ap_directive_t *section)
{
    const apr_array_header_t *words;

    if (!ms_tree_is(section, "<Location")) {
        return NULL;
    }
    words = ms_tree_words(p, section);
    return words->nelts == 1 ? APR_ARRAY_IDX(words, 0, const char *) : NULL;
}

/* The first directive of that name in a <Location>, beside the one given, that contains a path. */
static const ap_directive_t *find_around(apr_pool_t *p, const ap_directive_t *at, const char *path,
                                         const char *name)
{
    for (; at; at = at->next) {
        const char *above = location_of(p, at);
        const ap_directive_t *found =
            above && ms_tree_is_below(path, above) ? find_among(at->first_child, name) : NULL;

        if (found) {
            return found;
        }
    }
    return NULL;
}

/* The directives beside a section: of its parent section, or of the main server. */
static const ap_directive_t *siblings_of(const ap_directive_t *section)
{
    return section->parent ? section->parent->first_child : ap_conftree;
}

/* A directive of that name that applies in a section, as far as it can be known here. */
static const ap_directive_t *find_for(apr_pool_t *p, const ap_directive_t *section,
                                      const char *name)
{
    const char *path = location_of(p, section);
    const ap_directive_t *found = NULL;

    for (const ap_directive_t *at = section; at && !found; at = at->parent) {
        found = find_among(at->first_child, name);
    }
    if (!found && path) {
        found = find_around(p, siblings_of(section), path, name);
    }
    if (!found && path && section->parent) {
        found = find_around(p, ap_conftree, path, name);
    }
    return found;
}

/* The block that defines an alias of a provider; NULL: there is none of that name. */
static const ap_directive_t *find_alias(apr_pool_t *p, const ap_directive_t *at, const char *name)
{
    const ap_directive_t *found = NULL;

    for (; at && !found; at = at->next) {
        if (ms_tree_is(at, "<AuthnProviderAlias")) {
            const apr_array_header_t *words = ms_tree_words(p, at);

            found = words->nelts == 2 && strcmp(APR_ARRAY_IDX(words, 1, const char *), name) == 0
                        ? at
                        : NULL;
        }
        else {
            found = find_alias(p, at->first_child, name);
        }
    }
    return found;
}

/* "dbd" or "ldap" if the provider accepts several spellings of a name and returns none; else
 * NULL. */
static const char *folding_provider(apr_pool_t *p, const ap_directive_t *section, const char *name)
{
    static const char attribute[] = "AuthLDAPRemoteUserAttribute";
    const ap_directive_t *alias = find_alias(p, ap_conftree, name);
    const char *base = alias ? APR_ARRAY_IDX(ms_tree_words(p, alias), 0, const char *) : name;

    if (strcmp(base, "ldap") == 0) {
        return (alias && find_among(alias->first_child, attribute)) ||
                       find_for(p, section, attribute)
                   ? NULL
                   : "ldap";
    }
    return strcmp(base, "dbd") == 0 ? "dbd" : NULL;
}

/* The providers of a sign-in page: those of the form, or those of another AuthType. */
static const ap_directive_t *providers_for(apr_pool_t *p, const ap_directive_t *section)
{
    static const char *const names[] = {"ManagedSessionAuthProvider", "AuthBasicProvider",
                                        "AuthDigestProvider", "AuthFormProvider"};
    const ap_directive_t *handler = find_among(section->first_child, "SetHandler"), *found = NULL;
    const int is_page = handler && strstr(handler->args, MS_HANDLER_LOGIN);

    for (int i = 0; i < (is_page ? 4 : 1) && !found; i++) {
        found =
            is_page ? find_for(p, section, names[i]) : find_among(section->first_child, names[i]);
    }
    return found;
}

static const char *provider_to_warn_of(apr_pool_t *p, const ap_directive_t *section)
{
    const ap_directive_t *providers = providers_for(p, section);
    const apr_array_header_t *words;

    if (!providers || find_for(p, section, "ManagedSessionUserName")) {
        return NULL;
    }
    words = ms_tree_words(p, providers);
    for (int i = 0; i < words->nelts; i++) {
        const char *folding = folding_provider(p, section, APR_ARRAY_IDX(words, i, const char *));

        if (folding) {
            return folding;
        }
    }
    return NULL;
}

static void warn(const ap_directive_t *section, const char *provider, const server_rec *s)
{
    ap_log_error(
        APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, s,
        "mod_managed_session: %s:%d: the provider \"%s\" may take several spellings of a user name "
        "(Alice, ALICE) for one account, and each would have sessions of its own; %s",
        section->filename, section->line_num, provider,
        strcmp(provider, "ldap") == 0
            ? "write AuthLDAPRemoteUserAttribute uid (or the attribute that names the user) there"
            : "write ManagedSessionUserName \"%{env:AUTHENTICATE_NAME}\" there, and let the query "
              "return that column too, such as AuthDBDUserPWQuery \"SELECT password, name FROM "
              "users WHERE name = %s\"");
}

/* Returns non-zero after a warning. */
static int check_sections(apr_pool_t *p, const ap_directive_t *at, const server_rec *s)
{
    for (; at; at = at->next) {
        const char *provider = at->first_child ? provider_to_warn_of(p, at) : NULL;

        if (provider) {
            warn(at, provider, s);
            return 1;
        }
        if (check_sections(p, at->first_child, s)) {
            return 1;
        }
    }
    return 0;
}

void ms_check_user_names(const ms_check *c)
{
    check_sections(c->p, ap_conftree, c->main_server);
}
