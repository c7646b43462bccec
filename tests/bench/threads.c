/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that has begun a thread, which ends at once. From then on libc takes it for one that
 * has threads.
 */
#include <pthread.h>
#include <stddef.h>

static void *nothing(void *unused)
{
    return unused;
}

__attribute__((constructor)) static void begin_thread(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, nothing, NULL) == 0) {
        pthread_join(thread, NULL);
    }
}
