/* SPDX-License-Identifier: Apache-2.0 */
/*
 * application/x-www-form-urlencoded, read strictly: input that the built-in forms never send is
 * refused. Knows apr only; http/form_body.h reads the body of a request.
 */
#ifndef MS_FORM_H
#define MS_FORM_H

#include <apr_pools.h>
#include <apr_tables.h>

#define MS_FORM_FIELDS_MAX 20

/**
 * Parse a body or a query string.
 * @param fields  name to value, both decoded, in p
 * @return NULL, or why it is refused: a bad escape, a NUL (raw or encoded), a field sent twice,
 * more than MS_FORM_FIELDS_MAX of them, a field without a name
 */
const char *ms_form_parse(apr_pool_t *p, const char *text, apr_size_t len, apr_table_t **fields);

/** The value of a field; NULL if it is absent or was left empty. */
const char *ms_form_field(const apr_table_t *fields, const char *name);

#endif
