/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names that browsers, apps and programs give themselves in a User-Agent. Knows apr only.
 */
#ifndef MS_PRODUCT_NAMES_H
#define MS_PRODUCT_NAMES_H

#include <apr_pools.h>
#include "core/device.h"
#include "core/product.h"

/* What names the browser. Strings are static or in the pool of the call. */
typedef struct ms_product_named {
    const char *name;    /* NULL: nothing does */
    const char *version; /* the first number of it; NULL: unknown */
    ms_device_kind kind; /* MS_DEVICE_UNKNOWN: the system decides */
    int program;         /* it looks like a program or a library, and not like an app */
} ms_product_named;

/** A program of ms_device_tables_programs, which is the first word of the text. @return 1, or 0 if
 * there is none */
int ms_product_names_program(apr_pool_t *p, const char *text, ms_product_named *named);

/**
 * The first product of the text that is in no list of engines and systems names itself. It has a
 * version
 * ("Vivaldi/7.6", "Postbox 1.0"), or is the only word behind an engine ("Safari/604.1 Brave"), or
 * begins the text and a comment follows.
 * @return 1, or 0 if there is none
 */
int ms_product_names_own(apr_pool_t *p, const char *text, ms_product_named *named);

#endif
