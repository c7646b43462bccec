/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One sign-in form that a page showed, and the sessions that its submissions make. A double click
 * submits it twice; the browser keeps the cookie of the second answer only. So the last submission
 * ends the sessions of the others.
 *
 * No table knows the form. The id of a session tells: its first 6 bytes are derived from the form's
 * value, the user and the realm; the next 6 are the time at which the submission arrived, masked;
 * the last 4 are random. The id is public, and the secret beside it has no part in this. Only a
 * sign-in of the same user can use a form's value, even if a client made the value up.
 */
#ifndef MS_SHOWN_FORM_H
#define MS_SHOWN_FORM_H

#include "core/token.h"
#include "db/store.h"

#define MS_SHOWN_FORM_DIGEST 32

typedef struct ms_shown_form {
    unsigned char digest[MS_SHOWN_FORM_DIGEST]; /* of the form's value, the user and the realm */
    char start[MS_ALIKE_LEN + 1];               /* of the ids of all its sessions */
    const char *user;
} ms_shown_form;

/** A new value for a form that is about to be shown, in p; NULL if no random bytes could be had. */
const char *ms_shown_form_value(apr_pool_t *p);

/**
 * The form that a sign-in came from.
 * @param value  as submitted, not checked; or NULL
 * @return 0: not from a form, or the value has not the form of ms_shown_form_value()
 */
int ms_shown_form_read(apr_pool_t *p, const char *value, const char *realm, const char *user,
                       ms_shown_form *form);

/** Let the token's id tell that it is of this form and when its submission arrived. */
void ms_shown_form_mark(const ms_shown_form *form, apr_time_t arrived, ms_token *token);

/** The live sessions of this form: an array of const ms_row *. */
apr_status_t ms_shown_form_sessions(const ms_db_ctx *ctx, const ms_shown_form *form,
                                    apr_int64_t now, apr_array_header_t **rows);

/** Whether the session a was made by a later submission than b; both are of this form. */
int ms_shown_form_is_later(const ms_shown_form *form, const char *a, const char *b);

#endif
