/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connect() to an address of no family dissolves a TCP connection (connect(2), AF_UNSPEC): Linux
 * drops its buffers and sends a reset. shutdown() leaves megabytes to be sent to a slow reader.
 */
#include "core/duplicate.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/socket.h>
#include <apr_portable.h>

apr_status_t ms_duplicate_make(const apr_socket_t *socket, int *copy)
{
    apr_os_sock_t original = MS_NO_DUPLICATE;

    *copy = MS_NO_DUPLICATE;
    if (!socket || apr_os_sock_get(&original, (apr_socket_t *)socket) != APR_SUCCESS ||
        original < 0) {
        return APR_ENOSOCKET;
    }
    *copy = fcntl(original, F_DUPFD_CLOEXEC, 0);
    return *copy < 0 ? errno : APR_SUCCESS;
}

void ms_duplicate_close(int copy)
{
    if (copy >= 0) {
        close(copy);
    }
}

void ms_duplicate_reset(int copy)
{
    const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};

    if (copy >= 0 && connect(copy, &nowhere, sizeof(nowhere)) != 0) {
        shutdown(copy, SHUT_RDWR);
    }
}

void ms_duplicate_end_reading(int copy)
{
    if (copy >= 0) {
        shutdown(copy, SHUT_RD);
    }
}
