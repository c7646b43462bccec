/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Put before apr-util's: each check of a password against a hash adds a byte to the file that
 * TEST_HASHES names.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int apr_password_validate(const char *password, const char *hash)
{
    static int (*real)(const char *, const char *);
    const char *name = getenv("TEST_HASHES");
    const int fd = name ? open(name, O_WRONLY | O_APPEND | O_CREAT, 0666) : -1;

    if (fd >= 0) {
        (void)!write(fd, "x", 1);
        close(fd);
    }
    *(void **)&real = dlsym(RTLD_NEXT, "apr_password_validate");
    return real(password, hash);
}
