/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of arrival decides, not the order in which passwords were checked or rows inserted: all
 * submissions at once, in any child, agree on which session stays.
 */
#include "session/shown_form.h"

#include <string.h>
#include <apr_encode.h>
#include <apr_general.h>
#include <apr_random.h>
#include <apr_strings.h>
#include "core/clock.h"
#include "session/request_state.h"

#define VALUE_BYTES 16 /* as many as an id has, so that ms_token_is_id() accepts a value */
#define START_BYTES 6
#define TIME_BYTES  6 /* microseconds: unique within nine years */
#define START_LEN   MS_ALIKE_LEN
#define MARK_LEN    16 /* characters that 12 bytes take */

_Static_assert(START_BYTES * 8 == START_LEN * 6, "whole characters");
_Static_assert((START_BYTES + TIME_BYTES) * 8 == MARK_LEN * 6, "whole characters");

const char *ms_shown_form_value(apr_pool_t *p)
{
    unsigned char bytes[VALUE_BYTES];

    return apr_generate_random_bytes(bytes, sizeof(bytes)) == APR_SUCCESS
               ? apr_pencode_base64_binary(p, bytes, sizeof(bytes), APR_ENCODE_BASE64URL, NULL)
               : NULL;
}

int ms_shown_form_read(apr_pool_t *p, const char *value, const char *realm, const char *user,
                       ms_shown_form *form)
{
    const char *const parts[] = {realm, user, value};
    apr_crypto_hash_t *sha;

    if (!value || !ms_token_is_id(value, strlen(value))) {
        return 0;
    }
    sha = apr_crypto_sha256_new(p);
    sha->init(sha);
    for (apr_size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        sha->add(sha, parts[i], strlen(parts[i]) + 1);
    }
    sha->finish(sha, form->digest);
    form->user = user;
    apr_encode_base64_binary(form->start, form->digest, START_BYTES, APR_ENCODE_BASE64URL, NULL);
    return 1;
}

void ms_shown_form_mark(const ms_shown_form *form, apr_time_t arrived, ms_token *token)
{
    unsigned char bytes[START_BYTES + TIME_BYTES];
    char mark[MARK_LEN + 1];

    memcpy(bytes, form->digest, sizeof(bytes));
    for (int i = 0; i < TIME_BYTES; i++) {
        bytes[START_BYTES + i] ^= (unsigned char)(arrived >> (8 * (TIME_BYTES - 1 - i)));
    }
    apr_encode_base64_binary(mark, bytes, sizeof(bytes), APR_ENCODE_BASE64URL, NULL);
    memcpy(token->id, mark, MARK_LEN);
}

static apr_uint64_t arrival_of(const ms_shown_form *form, const char *id)
{
    unsigned char bytes[START_BYTES + TIME_BYTES];
    apr_uint64_t arrival = 0;

    apr_decode_base64_binary(bytes, id, MARK_LEN, APR_ENCODE_NONE, NULL);
    for (int i = START_BYTES; i < START_BYTES + TIME_BYTES; i++) {
        arrival = arrival << 8 | (bytes[i] ^ form->digest[i]);
    }
    return arrival;
}

static int is_later(const ms_shown_form *form, const char *a, const char *b)
{
    const apr_uint64_t at_a = arrival_of(form, a), at_b = arrival_of(form, b);

    return at_a != at_b ? at_a > at_b : strcmp(a, b) > 0;
}

/* ---- the sessions of a form ------------------------------------------------------------------ */

static apr_status_t sessions_of(request_rec *r, const ms_shown_form *form,
                                apr_array_header_t **rows)
{
    const ms_db_ctx ctx = ms_request_db_ctx(r);

    return ms_store_list_alike(&ctx, form->user, form->start, ms_clock_now(), rows);
}

apr_status_t ms_shown_form_count(request_rec *r, const ms_shown_form *form, apr_int64_t *n)
{
    apr_array_header_t *rows;
    const apr_status_t rv = sessions_of(r, form, &rows);

    *n = 0;
    for (int i = 0; rv == APR_SUCCESS && i < rows->nelts; i++) {
        *n += !ms_request_presents(ms_request_get(r), APR_ARRAY_IDX(rows, i, const ms_row *)->id);
    }
    return rv;
}

static apr_status_t revoke_one(request_rec *r, const ms_shown_form *form, const char *id)
{
    const ms_db_ctx ctx = ms_request_db_ctx(r);
    const ms_scope scope = {
        .kind = MS_SCOPE_ID, .user = form->user, .id = id, .reason = MS_END_REPLACED};
    apr_int64_t n;

    return ms_cached_store_revoke(&ctx, &scope, ms_clock_now(), &n);
}

apr_status_t ms_shown_form_keep_last(request_rec *r, const ms_shown_form *form, const ms_row *row)
{
    apr_array_header_t *rows;
    int is_last = 1;
    apr_status_t rv = sessions_of(r, form, &rows);

    for (int i = 0; rv == APR_SUCCESS && i < rows->nelts; i++) {
        const char *id = APR_ARRAY_IDX(rows, i, const ms_row *)->id;

        if (is_later(form, id, row->id)) {
            is_last = 0;
        }
        else if (strcmp(id, row->id) != 0 && !ms_request_presents(ms_request_get(r), id)) {
            rv = revoke_one(r, form, id);
        }
    }
    return rv == APR_SUCCESS && !is_last ? APR_EEXIST : rv;
}
