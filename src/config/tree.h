/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the tree that httpd keeps of its configuration, for settings that other modules do not
 * export. Include, <IfModule>, <IfDefine>, Define and Use are resolved in it; .htaccess files are
 * not part of it. All strings are allocated from the pool given.
 */
#ifndef MS_TREE_H
#define MS_TREE_H

#include <httpd.h>
#include <http_config.h>

/** Whether it is this directive; sections are named with their "<", such as "<Location". */
int ms_tree_is(const ap_directive_t *at, const char *name);

/** The arguments (const char *) of a directive or of a section's first line, without quotes. */
apr_array_header_t *ms_tree_words(apr_pool_t *p, const ap_directive_t *at);

/** An argument, from 0, without its quotes; NULL if there are not that many. */
const char *ms_tree_word(apr_pool_t *p, const ap_directive_t *at, int n);

/** The next directive of the whole tree, a section before what is in it; NULL after the last.
 * Begin with ap_conftree. */
const ap_directive_t *ms_tree_next(const ap_directive_t *at);

/** The <VirtualHost> that a directive is in; NULL: the main server. */
const ap_directive_t *ms_tree_host_around(const ap_directive_t *at);

/** The <VirtualHost> that a server is made from; NULL: the main server. */
const ap_directive_t *ms_tree_host_of(const server_rec *s);

/** The directive that sets a value of a server: the last one in its <VirtualHost>, else the last
 * one outside of all virtual hosts. Only for directives that no other section may hold. NULL: it is
 * not set. */
const ap_directive_t *ms_tree_setting(const server_rec *s, const char *name);

/** The first argument of ms_tree_setting(), allocated from p; NULL: it is not set. */
const char *ms_tree_setting_value(apr_pool_t *p, const server_rec *s, const char *name);

/** The path of the <Location> around a directive; NULL if there is none, or if a pattern or another
 * section decides. */
const char *ms_tree_path(apr_pool_t *p, const ap_directive_t *at);

/**
 * Whether a directive may apply to requests for a path. If that cannot be known here (<Directory>,
 * <If> and the like), it may.
 * @param host its <VirtualHost>; NULL: any
 * @param path NULL: any
 */
int ms_tree_may_apply(apr_pool_t *p, const ap_directive_t *at, const ap_directive_t *host,
                      const char *path);

/** The same for the path and all paths below it. */
int ms_tree_may_touch(apr_pool_t *p, const ap_directive_t *at, const ap_directive_t *host,
                      const char *path);

/** Whether a path is the other one, or below it, as <Location> compares them. */
int ms_tree_is_below(const char *path, const char *above);

/** Whether a regular expression of the configuration matches; an invalid one does. */
int ms_tree_matches(apr_pool_t *p, const char *pattern, const char *text);

#endif
