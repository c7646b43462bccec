/* SPDX-License-Identifier: Apache-2.0 */
/* A form or a query string. */
#include "fuzz.h"

#include <string.h>
#include <apr_tables.h>
#include "core/form.h"

void fuzz_one(apr_pool_t *p, const char *data, apr_size_t len)
{
    apr_table_t *fields = NULL;

    if (!ms_form_parse(p, fuzz_bytes(p, data, len), len, &fields)) {
        const apr_array_header_t *all = apr_table_elts(fields);

        FUZZ_CHECK(all->nelts <= MS_FORM_FIELDS_MAX);
        for (int i = 0; i < all->nelts; i++) {
            const apr_table_entry_t *one = &APR_ARRAY_IDX(all, i, apr_table_entry_t);

            FUZZ_CHECK(*one->key && strlen(one->key) + strlen(one->val) <= len);
            ms_form_field(fields, one->key);
        }
    }
}
