/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all fuzz targets share. libFuzzer calls fuzz_one() of a target again and again with a
 * pool, whose allocations have their exact sizes (fuzz.c): one byte beyond is an error of
 * AddressSanitizer's.
 */
#ifndef MS_FUZZ_H
#define MS_FUZZ_H

#include <apr_pools.h>

/** What a target implements: one input. */
void fuzz_one(apr_pool_t *p, const char *data, apr_size_t len);

/** Ends the process, so that libFuzzer keeps the input. */
void fuzz_fail(const char *what);

#define FUZZ_CHECK(condition) \
    do { \
        if (!(condition)) { \
            fuzz_fail(#condition); \
        } \
    } while (0)

/** The next line of the input as a string, which has its exact size; NULL: there are no more. */
char *fuzz_line(apr_pool_t *p, const char **data, apr_size_t *len);

/** All of the input as a string, up to its first NUL. */
char *fuzz_text(apr_pool_t *p, const char *data, apr_size_t len);

/** The input as bytes without a NUL after them. */
char *fuzz_bytes(apr_pool_t *p, const char *data, apr_size_t len);

#endif
