/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cache-Control and Vary of responses that depend on the session, and mod_cache.
 */
#ifndef MS_CACHE_FILTER_H
#define MS_CACHE_FILTER_H

#include <httpd.h>
#include <util_filter.h>

/** Register the output filter; from register_hooks. */
void ms_cache_filter_register(void);

/** In an output filter, before the headers are decided: if mod_include's filter follows f, the
 * response may depend on the session by what it includes. */
void ms_cache_filter_expect_includes(const ap_filter_t *f);

/** The kinds of headers that the response has now; see ms_header_kinds(). */
int ms_cache_filter_kinds(const request_rec *r);

/** In the output filter f, before mod_cache: keep the response of a user out of it, and set the
 * headers; later, by another filter, if filters follow that may change them. This may change
 * f->next. */
void ms_cache_filter_begin(const ap_filter_t *f, int kinds);

/* Hook, named for its phase. */
void ms_cache_filter_on_optional_fn_retrieve(void);

#endif
