/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splits a User-Agent into its products (RFC 9110, section 10.1.5). Their meaning is left to
 * device.c.
 */
#ifndef MS_PRODUCT_H
#define MS_PRODUCT_H

#include <apr_pools.h>

/* A word outside comments: "Chrome/131.0", "Mobile", "9.2.1". It points into the text. */
typedef struct ms_product {
    const char *name;
    apr_size_t name_len;
    const char *version; /* the text after the slash; NULL: there is no slash */
    apr_size_t version_len;
    int adjoins; /* only spaces separate it from the word before */
    int comment; /* a comment follows it */
} ms_product;

/**
 * The next word. Comments are skipped, nested ones too; one that is not closed ends the text.
 * Brackets, commas and semicolons separate words as spaces do. Linear in the length of the text,
 * for any bytes. "Vendor/Name/1.0" is the product "Name/1.0".
 * @param at  where to read; moved to the end of the word
 * @return 1, or 0 if there is no further word
 */
int ms_product_next(const char **at, ms_product *product);

/**
 * Whether text can be shown as the name of a product: 2 to 40 ASCII letters, digits, spaces ("%20"
 * counts as one) and . _ - + ! & that begin with a letter, or with a digit and have three letters.
 * No such character is special in HTML, JSON, a log or a terminal.
 */
int ms_product_is_name(const char *text, apr_size_t len);

/** The first number of a version, "131" of "131.0" or "v131"; NULL: it has none, or over five
 * digits. In p. */
const char *ms_product_major(apr_pool_t *p, const char *version, apr_size_t len);

#endif
