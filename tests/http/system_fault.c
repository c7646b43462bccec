/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Put before the C library's: calls to the system fail when the test says so, by the plan in the
 * file that TEST_SYSTEM_FAULTS names (faults.py). Not all callers are met: apr and httpd end the
 * process when they have no memory, so allocations fail for our module and for libraries that
 * return the failure.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* faults.py has this list too. */
typedef enum { ALLOCATION, WRITE, LOCK, THREAD, SOCKET } kind;

#define SEEN 4096

/* As in dbd_fault.c; only the first action is known here: FAIL. */
struct faults {
    int64_t calls, kinds, first, last, action, happened, waiting, release;
    unsigned char seen[SEEN];
};

static struct faults *faults;
static pid_t first_process; /* httpd's parent: nothing fails in it */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

__attribute__((constructor)) static void open_faults(void)
{
    const char *name = getenv("TEST_SYSTEM_FAULTS");
    const int fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
    void *at = fd < 0 ? MAP_FAILED
                      : mmap(NULL, sizeof(*faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (fd >= 0) {
        close(fd);
    }
    first_process = getpid();
    faults = at == MAP_FAILED ? NULL : at;
}

static int64_t read_number(const int64_t *number)
{
    return __atomic_load_n(number, __ATOMIC_SEQ_CST);
}

static int is_wanted(kind what)
{
    return faults && read_number(&faults->action) && read_number(&faults->kinds) >> what & 1 &&
           getpid() != first_process;
}

/* Whether this call fails. */
static int fails(kind what)
{
    int64_t n;

    if (!is_wanted(what)) {
        return 0;
    }
    n = __atomic_add_fetch(&faults->calls, 1, __ATOMIC_SEQ_CST);
    faults->seen[n % SEEN] = (unsigned char)what;
    if (n < read_number(&faults->first) || n > read_number(&faults->last)) {
        return 0;
    }
    __atomic_add_fetch(&faults->happened, 1, __ATOMIC_SEQ_CST);
    return 1;
}

static int fail(int why)
{
    errno = why;
    return -1;
}

/* ---- allocations ----------------------------------------------------------------------------- */

static int fails_for(const void *caller)
{
    static const char *const names[] = {"libjansson", "libunistring", "libsqlite3",
                                        "mod_managed_session"};
    Dl_info about;

    if (!is_wanted(ALLOCATION) || !dladdr(caller, &about) || !about.dli_fname) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strstr(about.dli_fname, names[i])) {
            return fails(ALLOCATION);
        }
    }
    return 0;
}

static void *no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size)
{
    return fails_for(__builtin_return_address(0)) ? no_memory() : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    return fails_for(__builtin_return_address(0)) ? no_memory() : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
    return fails_for(__builtin_return_address(0)) ? no_memory() : __libc_realloc(old, size);
}

/* ---- files and sockets ----------------------------------------------------------------------- */

#define REAL(name) (*(void **)&real = dlsym(RTLD_NEXT, name))

/* Writes to a socket are of one kind, to anything else of another. */
static int write_fails(int fd)
{
    struct stat about;
    int is_socket;

    if (!is_wanted(WRITE) && !is_wanted(SOCKET)) {
        return 0;
    }
    is_socket = fstat(fd, &about) == 0 && S_ISSOCK(about.st_mode);
    return is_socket ? (fails(SOCKET) ? ECONNRESET : 0) : fails(WRITE) ? ENOSPC : 0;
}

ssize_t write(int fd, const void *data, size_t len)
{
    ssize_t (*real)(int, const void *, size_t);
    const int why = write_fails(fd);

    return REAL("write"), why ? fail(why) : real(fd, data, len);
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
    ssize_t (*real)(int, const struct iovec *, int);
    const int why = write_fails(fd);

    return REAL("writev"), why ? fail(why) : real(fd, parts, n);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at)
{
    ssize_t (*real)(int, const void *, size_t, off64_t);
    const int why = write_fails(fd);

    return REAL("pwrite64"), why ? fail(why) : real(fd, data, len, at);
}

int fdatasync(int fd)
{
    int (*real)(int);

    return REAL("fdatasync"), fails(WRITE) ? fail(EIO) : real(fd);
}

int ftruncate64(int fd, off64_t len)
{
    int (*real)(int, off64_t);

    return REAL("ftruncate64"), fails(WRITE) ? fail(EIO) : real(fd, len);
}

static int control(int fd, int what, void *argument, const char *name)
{
    int (*real)(int, int, ...);

    REAL(name);
    /* To give a lock back always works. */
    if (what == F_SETLK && ((struct flock *)argument)->l_type != F_UNLCK && fails(LOCK)) {
        return fail(EIO);
    }
    if ((what == F_DUPFD || what == F_DUPFD_CLOEXEC) && fails(SOCKET)) {
        return fail(EMFILE);
    }
    return real(fd, what, argument);
}

int fcntl(int fd, int what, ...)
{
    void *argument;
    va_list args;

    va_start(args, what);
    argument = va_arg(args, void *);
    va_end(args);
    return control(fd, what, argument, "fcntl");
}

int fcntl64(int fd, int what, ...)
{
    void *argument;
    va_list args;

    va_start(args, what);
    argument = va_arg(args, void *);
    va_end(args);
    return control(fd, what, argument, "fcntl64");
}

int dup(int fd)
{
    int (*real)(int);

    return REAL("dup"), fails(SOCKET) ? fail(EMFILE) : real(fd);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    int (*real)(int, int, int, const void *, socklen_t);

    return REAL("setsockopt"), fails(SOCKET) ? fail(ENOBUFS) : real(fd, level, name, value, len);
}

int shutdown(int fd, int how)
{
    int (*real)(int, int);

    return REAL("shutdown"), fails(SOCKET) ? fail(ENOTCONN) : real(fd, how);
}

/* ---- threads --------------------------------------------------------------------------------- */

#define NEAR 8 /* apr_thread_create() and its caller are among these frames */

/* httpd ends if it cannot start its own threads. */
static int is_for_us(void)
{
    void *frames[NEAR];
    Dl_info about;

    for (int i = backtrace(frames, NEAR) - 1; i >= 0; i--) {
        if (dladdr(frames[i], &about) && strstr(about.dli_fname, "mod_managed_session")) {
            return 1;
        }
    }
    return 0;
}

int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
                   void *(*start)(void *), void *restrict data)
{
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

    REAL("pthread_create");
    return is_wanted(THREAD) && is_for_us() && fails(THREAD)
               ? EAGAIN
               : real(thread, attributes, start, data);
}
