/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content-Security-Policy of the built-in pages.
 */
#ifndef MS_CONTENT_POLICY_H
#define MS_CONTENT_POLICY_H

#include <httpd.h>

/** Compute the hashes of the style sheets; once, at start. */
void ms_content_policy_init(apr_pool_t *pconf);

/**
 * The policy of a page.
 * @param with_script  the page loads the module's script
 * @param ancestors    a directive that comes last, "; frame-ancestors 'none'", or ""
 * @return in r->pool
 */
const char *ms_content_policy(request_rec *r, int with_script, const char *ancestors);

#endif
