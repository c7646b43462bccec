/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The browser that client hints (https://wicg.github.io/ua-client-hints/) name, and the form in
 * which it is stored after a User-Agent: " [Brave 131; Windows]". Knows apr only.
 */
#ifndef MS_CLIENT_HINTS_H
#define MS_CLIENT_HINTS_H

#include <apr_pools.h>

typedef struct ms_hints {
    const char *browser; /* NULL: not known; all three */
    const char *version; /* digits */
    const char *os;
    int plain; /* a browser that the User-Agent names is more exact than this one */
} ms_hints;

/**
 * Read the headers. Chromium and nonsense brands ("Not?A_Brand") are ignored.
 * @param brands    Sec-CH-UA, NULL: not sent
 * @param platform  Sec-CH-UA-Platform, NULL: not sent
 * @param hints     its strings are static or in p
 */
void ms_client_hints_read(apr_pool_t *p, const char *brands, const char *platform, ms_hints *hints);

/** The text to append to a User-Agent, beginning with a space. In p. */
const char *ms_client_hints_format(apr_pool_t *p, const ms_hints *hints);

/**
 * Take what ms_client_hints_format() has made off the end of a stored User-Agent.
 * @param hints  its strings are static or in p; all are NULL if there is no such end
 * @return the text before it, in p or stored itself
 */
const char *ms_client_hints_cut(apr_pool_t *p, const char *stored, ms_hints *hints);

#endif
