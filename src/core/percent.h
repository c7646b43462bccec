/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Percent-encoding (RFC 3986, section 2.1). Knows apr only.
 */
#ifndef MS_PERCENT_H
#define MS_PERCENT_H

#include <apr_pools.h>

/**
 * Decode percent-encoding.
 * @param plus  non-zero for application/x-www-form-urlencoded: "+" is a space
 * @return in p; NULL: an escape is bad, or there is a NUL, raw or escaped (it would end the text
 * for some readers and not for others)
 */
const char *ms_percent_decode(apr_pool_t *p, const char *text, apr_size_t len, int plus);

/** Encode all but the unreserved characters of RFC 3986 and "/", which stays readable. */
const char *ms_percent_encode(apr_pool_t *p, const char *text);

/** Encode the bytes for which must_escape() is not 0. */
const char *ms_percent_encode_bytes(apr_pool_t *p, const char *text,
                                    int (*must_escape)(unsigned char byte));

#endif
