/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that has no condition variables left for the module, put before apr's library. httpd
 * itself gets its own.
 */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

typedef struct apr_pool_t apr_pool_t;
typedef struct apr_thread_cond_t apr_thread_cond_t;
typedef int create_fn(apr_thread_cond_t **cond, apr_pool_t *pool);

int apr_thread_cond_create(apr_thread_cond_t **cond, apr_pool_t *pool)
{
    Dl_info caller;
    void *found = dlsym(RTLD_NEXT, "apr_thread_cond_create");
    create_fn *real;

    if (dladdr(__builtin_return_address(0), &caller) && caller.dli_fname &&
        strstr(caller.dli_fname, "mod_managed_session")) {
        return ENOMEM;
    }
    memcpy(&real, &found, sizeof(real));
    return real(cond, pool);
}
