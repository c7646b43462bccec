/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that has no file descriptors left for the module's duplicates, put before the C
 * library. httpd itself gets its own.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

typedef int fcntl_fn(int fd, int command, ...);

static int is_ours(const void *caller)
{
    Dl_info found;

    return dladdr(caller, &found) && found.dli_fname &&
           strstr(found.dli_fname, "mod_managed_session");
}

static int control(const char *name, const void *caller, int fd, int command, void *argument)
{
    void *found = dlsym(RTLD_NEXT, name);
    fcntl_fn *real;

    if (command == F_DUPFD_CLOEXEC && is_ours(caller)) {
        errno = EMFILE;
        return -1;
    }
    memcpy(&real, &found, sizeof(real));
    return real(fd, command, argument);
}

static void *only(va_list arguments)
{
    return va_arg(arguments, void *);
}

int fcntl(int fd, int command, ...)
{
    va_list arguments;
    void *argument;

    va_start(arguments, command);
    argument = only(arguments);
    va_end(arguments);
    return control("fcntl", __builtin_return_address(0), fd, command, argument);
}

int fcntl64(int fd, int command, ...)
{
    va_list arguments;
    void *argument;

    va_start(arguments, command);
    argument = only(arguments);
    va_end(arguments);
    return control("fcntl64", __builtin_return_address(0), fd, command, argument);
}
