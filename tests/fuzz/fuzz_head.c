/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a response to Upgrade. Our cookie and our headers are not in what is passed on. */
#include "fuzz.h"

#include <string.h>
#include <apr_buckets.h>
#include <apr_strings.h>
#include "app/response_head.h"

#define NAME "__Host-session"

static char *copy(apr_pool_t *p, const char *head, apr_size_t len, int closes, apr_size_t *copied)
{
    apr_bucket_alloc_t *alloc = apr_bucket_alloc_create(p);
    apr_bucket_brigade *out = apr_brigade_create(p, alloc);
    char *text;

    ms_response_head_copy(out, p, head, len, NAME, closes);
    apr_brigade_pflatten(out, &text, copied, p);
    apr_brigade_destroy(out);
    apr_bucket_alloc_destroy(alloc);
    return text;
}

void fuzz_one(apr_pool_t *p, const char *data, apr_size_t len)
{
    const char *bytes = fuzz_bytes(p, data, len), *head;
    apr_size_t copied;

    ms_response_head_status(bytes, len);
    len = ms_response_head_length(bytes, len);
    if (len == 0) {
        return;
    }
    head = fuzz_bytes(p, bytes, len);
    for (int closes = 0; closes <= 1; closes++) {
        const char *text = copy(p, head, len, closes, &copied), *again;
        apr_size_t copied_again;

        FUZZ_CHECK(copied <= len + 40);
        again = copied ? copy(p, fuzz_bytes(p, text, copied), copied, 0, &copied_again) : text;
        FUZZ_CHECK(!copied || (copied == copied_again && memcmp(text, again, copied) == 0));
    }
}
