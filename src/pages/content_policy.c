/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Built-in style sheets are allowed by their hashes, and scripts only from this host: no page can
 * run what is injected into it.
 */
#include "pages/content_policy.h"

#include <apr_encode.h>
#include <apr_strings.h>
#include "config/config.h"
#include "core/sha256.h"
#include "core/template.h"

/* Set once at start: a source for the CSP for each style sheet that a page may have in it. */
static const char *style_hashes;

/* As head.html joins them. */
static const char *source_of(apr_pool_t *p, const char *more)
{
    const ms_template *style = ms_template_get("style.css"),
                      *added = more ? ms_template_get(more) : NULL;
    const ms_sha256_part parts[] = {{style->text, style->len},
                                    {added ? added->text : "", added ? added->len : 0}};
    unsigned char digest[MS_SHA256_LEN];

    ms_sha256(p, parts, 2, digest);
    return apr_pstrcat(p, " 'sha256-",
                       apr_pencode_base64_binary(p, digest, sizeof(digest), APR_ENCODE_NONE, NULL),
                       "'", NULL);
}

void ms_content_policy_init(apr_pool_t *pconf)
{
    style_hashes = apr_pstrcat(pconf, source_of(pconf, NULL), source_of(pconf, "list.css"),
                               source_of(pconf, "admin.css"), NULL);
}

/* The style sheet of the site may be on another host: allow that host. */
static const char *style_sources(request_rec *r)
{
    const ms_url *sheet = ms_config_stylesheet(r);

    if (!sheet) {
        return "";
    }
    if (sheet->origin) {
        return apr_pstrcat(r->pool, " ", ms_web_origin_text(r->pool, sheet->origin), NULL);
    }
    return " 'self'";
}

/*
 * form-action names any host, since browsers check it at each redirect after the form's answer:
 * with 'self' alone, a redirect to another origin is blocked and the user stays on the form without
 * a message. No foreign form can be injected: all text is escaped.
 */
const char *ms_content_policy(request_rec *r, int with_script, const char *ancestors)
{
    return apr_pstrcat(r->pool, "default-src 'none'; style-src", style_hashes, style_sources(r),
                       with_script ? "; script-src 'self'" : "",
                       "; img-src 'self' data:; form-action 'self' https: http:; "
                       "base-uri 'none'",
                       ancestors, NULL);
}
