/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apr cuts its allocations out of pages, so that reading beyond one is not noticed. Here each is
 * one of malloc's, and freed after the input.
 */
#include "fuzz.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>

#define BLOCKS_MAX 100000

/* The allocations of this input; in order to free them. */
static void *blocks[BLOCKS_MAX];
static size_t blocks_n;
static int is_exact;

/* Before apr's own. Also apr calls it. */
void *apr_palloc(apr_pool_t *p, apr_size_t size)
{
    static void *(*real)(apr_pool_t *, apr_size_t);

    if (is_exact && blocks_n < BLOCKS_MAX) {
        return blocks[blocks_n++] = malloc(size ? size : 1);
    }
    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "apr_palloc");
    }
    return real(p, size);
}

void fuzz_fail(const char *what)
{
    fprintf(stderr, "not so: %s\n", what);
    abort();
}

char *fuzz_bytes(apr_pool_t *p, const char *data, apr_size_t len)
{
    char *copy = apr_palloc(p, len);

    memcpy(copy, data, len);
    return copy;
}

char *fuzz_text(apr_pool_t *p, const char *data, apr_size_t len)
{
    const apr_size_t until = strnlen(data ? data : "", data ? len : 0);
    char *copy = apr_palloc(p, until + 1);

    memcpy(copy, data, until);
    copy[until] = '\0';
    return copy;
}

char *fuzz_line(apr_pool_t *p, const char **data, apr_size_t *len)
{
    const char *end = *len ? memchr(*data, '\n', *len) : NULL;
    const apr_size_t line = end ? (apr_size_t)(end - *data) : *len;
    char *copy;

    if (!*data) {
        return NULL;
    }
    copy = fuzz_text(p, *data, line);
    *data = end ? end + 1 : NULL;
    *len -= end ? line + 1 : line;
    return copy;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return apr_initialize();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    apr_pool_t *p;

    apr_pool_create(&p, NULL);
    is_exact = 1;
    fuzz_one(p, (const char *)data, len);
    is_exact = 0;
    apr_pool_destroy(p);
    while (blocks_n > 0) {
        free(blocks[--blocks_n]);
    }
    return 0;
}
