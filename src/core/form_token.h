/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token of a form that changes something, derived from the session: a page of another site does
 * not know it, so it cannot send the form (cross-site request forgery). Knows apr only.
 */
#ifndef MS_FORM_TOKEN_H
#define MS_FORM_TOKEN_H

#include <apr_pools.h>
#include "core/token.h"

#define MS_FORM_TOKEN_LEN 86 /* 32 bytes of mask and 32 masked bytes, base64url */

/**
 * A token for a form: HMAC-SHA-256 (RFC 2104) of the realm under the session's secret. It has a new
 * mask each time, so that compressed pages do not leak it (BREACH).
 * @return NUL-terminated, MS_FORM_TOKEN_LEN characters, in p; NULL: no random numbers are available
 */
const char *ms_form_token_make(apr_pool_t *p, const ms_token *token, const char *realm);

/**
 * Whether text is a token that ms_form_token_make() made for this session and realm. The time does
 * not depend on where they differ.
 * @param text  NULL is refused
 */
int ms_form_token_check(apr_pool_t *p, const char *text, const ms_token *token, const char *realm);

#endif
