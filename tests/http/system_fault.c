/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Put before the C library's: calls to the system fail when the test says so, by the plan in the
 * file that TEST_SYSTEM_FAULTS names (faults.py). Not all callers are met: apr and httpd end the
 * process when they have no memory, so allocations fail for our module and for libraries that
 * return the failure. pthread_mutex_lock() is left alone: it fails only for what is not a mutex.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
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
typedef enum { ALLOCATION, WRITE, LOCK, THREAD, SOCKET, DATABASE, MAKING, WAIT } kind;

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

/* Whether the code at this address is of one of the libraries; the last name is NULL. */
static int is_of(const void *code, const char *const *names)
{
    Dl_info about;

    if (!dladdr(code, &about) || !about.dli_fname) {
        return 0;
    }
    for (; *names; names++) {
        if (strstr(about.dli_fname, *names)) {
            return 1;
        }
    }
    return 0;
}

static int fails_for(const void *caller)
{
    /* Not MariaDB's connector: it crashes if it has no memory while it connects. */
    static const char *const names[] = {"libjansson", "libunistring",        "libsqlite3",
                                        "libpq",      "mod_managed_session", NULL};

    return is_wanted(ALLOCATION) && is_of(caller, names) && fails(ALLOCATION);
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

/* One that is closed may be another thread's by now. */
int shutdown(int fd, int how)
{
    int (*real)(int, int);

    REAL("shutdown");
    if (fcntl(fd, F_GETFD) < 0) {
        abort();
    }
    return fails(SOCKET) ? fail(ENOTCONN) : real(fd, how);
}

/* ---- connections of the database's client library ---------------------------------------------
 */

static int fails_for_database(const void *caller)
{
    static const char *const names[] = {"libpq", "libmariadb", NULL};

    return is_wanted(DATABASE) && is_of(caller, names) && fails(DATABASE);
}

/* As after a reset: the next call fails, too. libpq relies on that. */
static int lose(int fd, int why)
{
    int (*real)(int, int);

    REAL("shutdown");
    real(fd, SHUT_RDWR);
    return fail(why);
}

int socket(int domain, int type, int protocol)
{
    int (*real)(int, int, int);
    const int is_failing = fails_for_database(__builtin_return_address(0));

    return REAL("socket"), is_failing ? fail(EMFILE) : real(domain, type, protocol);
}

int connect(int fd, const struct sockaddr *address, socklen_t len)
{
    int (*real)(int, const struct sockaddr *, socklen_t);
    const int is_failing = fails_for_database(__builtin_return_address(0));

    return REAL("connect"), is_failing ? fail(ECONNREFUSED) : real(fd, address, len);
}

ssize_t send(int fd, const void *data, size_t len, int flags)
{
    ssize_t (*real)(int, const void *, size_t, int);
    const int is_failing = fails_for_database(__builtin_return_address(0));

    return REAL("send"), is_failing ? lose(fd, EPIPE) : real(fd, data, len, flags);
}

ssize_t recv(int fd, void *data, size_t len, int flags)
{
    ssize_t (*real)(int, void *, size_t, int);
    const int is_failing = fails_for_database(__builtin_return_address(0));

    return REAL("recv"), is_failing ? lose(fd, ECONNRESET) : real(fd, data, len, flags);
}

int getaddrinfo(const char *restrict name, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    const int is_failing = fails_for_database(__builtin_return_address(0));

    return REAL("getaddrinfo"), is_failing ? EAI_MEMORY : real(name, service, hints, found);
}

/* ---- threads, locks and waits of the module ---------------------------------------------------
 */

#define NEAR 8 /* the module is among these frames if it has called apr for this */

/* httpd ends if it cannot start its own threads. */
static int is_for_us(void)
{
    static const char *const names[] = {"mod_managed_session", NULL};
    void *frames[NEAR];

    for (int i = backtrace(frames, NEAR) - 1; i >= 0; i--) {
        if (is_of(frames[i], names)) {
            return 1;
        }
    }
    return 0;
}

static int fails_for_us(kind what)
{
    return is_wanted(what) && is_for_us() && fails(what);
}

int poll(struct pollfd *descriptors, nfds_t n, int ms)
{
    int (*real)(struct pollfd *, nfds_t, int);
    const int is_failing = fails_for_database(__builtin_return_address(0)) || fails_for_us(WAIT);

    return REAL("poll"), is_failing ? fail(ENOMEM) : real(descriptors, n, ms);
}

/* SQLite does not look at the result. */
int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    static const char *const names[] = {"libapr-1", "mod_managed_session", NULL};
    int (*real)(pthread_mutex_t *, const pthread_mutexattr_t *);
    const int is_failing = is_of(__builtin_return_address(0), names) && fails_for_us(MAKING);

    return REAL("pthread_mutex_init"), is_failing ? ENOMEM : real(mutex, attributes);
}

int pipe2(int ends[2], int flags)
{
    int (*real)(int[2], int);

    return REAL("pipe2"), fails_for_us(MAKING) ? fail(EMFILE) : real(ends, flags);
}

int pipe(int ends[2])
{
    int (*real)(int[2]);

    return REAL("pipe"), fails_for_us(MAKING) ? fail(EMFILE) : real(ends);
}

int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    int (*real)(pthread_mutex_t *);

    return REAL("pthread_mutex_trylock"), fails_for_us(LOCK) ? EINVAL : real(mutex);
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex, const struct timespec *restrict until)
{
    int (*real)(pthread_mutex_t *, const struct timespec *);

    return REAL("pthread_mutex_timedlock"), fails_for_us(LOCK) ? ETIMEDOUT : real(mutex, until);
}

int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
                   void *(*start)(void *), void *restrict data)
{
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

    REAL("pthread_create");
    return fails_for_us(THREAD) ? EAGAIN : real(thread, attributes, start, data);
}
