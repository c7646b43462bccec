/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One sign-in form that a page showed, and the sessions that its submissions make. A double click
 * submits it twice; the browser keeps the cookie of the second response only. So the last
 * submission ends the sessions of the others.
 *
 * The form is in no table. It shows in the id of a session: the first 6 bytes are derived from the
 * form's value, the user and the realm; the next 6 are the time at which the submission arrived,
 * masked; the last 4 are random. The id is public, and the secret beside it has no part in this.
 * Only a sign-in of the same user can use a form's value, even if a client made the value up.
 */
#ifndef MS_SHOWN_FORM_H
#define MS_SHOWN_FORM_H

#include <httpd.h>
#include "core/row.h"
#include "core/token.h"
#include "db/store.h" /* MS_ALIKE_LEN */

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

/** Put the form and the time at which its submission arrived into the token's id. */
void ms_shown_form_mark(const ms_shown_form *form, apr_time_t arrived, ms_token *token);

/** How many live sessions of this form there are, without those that the client presented. */
apr_status_t ms_shown_form_count(request_rec *r, const ms_shown_form *form, apr_int64_t *n);

/**
 * After the row was inserted: of the form's sessions only the one submitted last stays. Several
 * submissions may do this at once: the last one to insert its row sees all rows. What the client
 * presented is left alone, since the sign-in revokes that when nothing else can fail.
 * @return APR_SUCCESS; APR_EEXIST: a later submission has its session, so this one must end; else
 *         the database could not be queried
 */
apr_status_t ms_shown_form_keep_last(request_rec *r, const ms_shown_form *form, const ms_row *row);

#endif
