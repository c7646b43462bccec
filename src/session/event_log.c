/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The write end of the pipe is in non-blocking mode. That mode belongs to the open file
 * description: all children share this one, and only this file writes to it. The program has the
 * read end, which is another description, so it does not notice. poll() followed by a blocking
 * write would not do: another child may take the room in between.
 */
#include "session/event_log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <apr_atomic.h>
#include <apr_portable.h>
#include <apr_shm.h>
#include <http_config.h>
#include <http_log.h>
#include "http/counters.h"

APLOG_USE_MODULE(managed_session);

#define WAIT_MAX_MS 1000
#define SLICE_MS    50 /* after which a waiting request checks whether another one gave up */
#define NO_WAIT_S   60 /* after a loss to a full pipe */
#define LOG_EVERY_S 60

/* State of a target, shared by all children; zeroed at start. */
typedef struct shared_state {
    volatile apr_uint32_t wait_again_at; /* steady seconds: before this no request waits */
    volatile apr_uint32_t log_again_at;  /* steady seconds */
    volatile apr_uint32_t lost;          /* events since the last line in the error log */
} shared_state;

struct ms_event_log {
    const char *target;
    int fd;
    shared_state *shared;
};

/* ---- open ------------------------------------------------------------------------------------ */

/* A FIFO is opened for reading too, so that the start does not wait for its reader, and a reader
 * that goes away is no error. A file is read only to take back a line that was cut short. */
static apr_status_t open_file(apr_file_t **file, apr_pool_t *p, const char *target)
{
    const char *path = ap_server_root_relative(p, target);

    return path ? apr_file_open(file, path,
                                APR_READ | APR_WRITE | APR_APPEND | APR_CREATE | APR_LARGEFILE,
                                APR_UREAD | APR_UWRITE | APR_GREAD, p)
                : APR_EBADPATH;
}

static apr_status_t open_target(apr_file_t **file, apr_pool_t *p, const char *target)
{
    piped_log *program;

    if (target[0] != '|') {
        return open_file(file, p, target);
    }
    program = ap_open_piped_log(p, target + 1);
    *file = program ? ap_piped_log_write_fd(program) : NULL;
    return *file ? APR_SUCCESS : APR_EGENERAL;
}

/* Without shared memory each child has a state of its own. */
static shared_state *make_state(apr_pool_t *p)
{
    apr_shm_t *shm;

    if (apr_shm_create(&shm, sizeof(shared_state), NULL, p) != APR_SUCCESS) {
        return apr_pcalloc(p, sizeof(shared_state));
    }
    return memset(apr_shm_baseaddr_get(shm), 0, sizeof(shared_state));
}

apr_status_t ms_event_log_open(ms_event_log **log, apr_pool_t *pconf, const char *target)
{
    apr_file_t *file = NULL;
    const apr_status_t rv = open_target(&file, pconf, target);
    ms_event_log *made;
    int flags;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    made = apr_pcalloc(pconf, sizeof(*made));
    made->target = target;
    apr_os_file_get(&made->fd, file);
    flags = fcntl(made->fd, F_GETFL);
    if (flags < 0 || fcntl(made->fd, F_SETFL, flags | O_NONBLOCK) < 0) {
        return errno;
    }
    made->shared = make_state(pconf);
    *log = made;
    return APR_SUCCESS;
}

const char *ms_event_log_target(const ms_event_log *log)
{
    return log->target;
}

/* ---- write ----------------------------------------------------------------------------------- */

/* Monotonic, and the same in all children: setting the wall clock must not extend a wait. */
static apr_int64_t steady_ms(void)
{
    struct timespec t = {0, 0};

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (apr_int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A disk took the first bytes of a line only. They are removed if they are still the end of the
 * file; if another child has written since, they stay. */
static void take_back(int fd, const char *line, size_t n)
{
    char end[MS_EVENT_LINE_MAX];
    struct stat file;

    if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_size >= (off_t)n &&
        pread(fd, end, n, file.st_size - (off_t)n) == (ssize_t)n && memcmp(end, line, n) == 0) {
        (void)!ftruncate(fd, file.st_size - (off_t)n);
    }
}

/* APR_EAGAIN if a pipe has no room for the whole line now. */
static apr_status_t write_once(int fd, const char *line, size_t len)
{
    ssize_t n;

    do {
        n = write(fd, line, len);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return errno;
    }
    if ((size_t)n < len) {
        take_back(fd, line, (size_t)n);
        return APR_ENOSPC;
    }
    return APR_SUCCESS;
}

static int may_wait(const ms_event_log *log, apr_int64_t now)
{
    return now / 1000 >= (apr_int64_t)apr_atomic_read32(&log->shared->wait_again_at);
}

static apr_status_t write_or_wait(const ms_event_log *log, const char *line, size_t len)
{
    const apr_int64_t start = steady_ms();
    apr_status_t rv = write_once(log->fd, line, len);

    while (APR_STATUS_IS_EAGAIN(rv) && steady_ms() - start < WAIT_MAX_MS &&
           may_wait(log, steady_ms())) {
        struct pollfd room = {log->fd, POLLOUT, 0};

        poll(&room, 1, SLICE_MS);
        rv = write_once(log->fd, line, len);
    }
    return rv;
}

static void count_lost(const ms_event_log *log, const server_rec *s, apr_status_t rv)
{
    const apr_uint32_t now = (apr_uint32_t)(steady_ms() / 1000),
                       again = apr_atomic_read32(&log->shared->log_again_at);

    ms_count(MS_COUNT_EVENTS_LOST, 1);
    apr_atomic_inc32(&log->shared->lost);
    if (now < again ||
        apr_atomic_cas32(&log->shared->log_again_at, now + LOG_EVERY_S, again) != again) {
        return;
    }
    ap_log_error(APLOG_MARK, APLOG_ERR, rv, s,
                 "MS0061: the event log %s%s: %u event(s) lost since the last line like this, more "
                 "are counted on mod_status as ManagedSessionEventsLost",
                 log->target,
                 APR_STATUS_IS_EAGAIN(rv) ? " does not read fast enough" : " cannot be written to",
                 apr_atomic_xchg32(&log->shared->lost, 0));
}

/* After a loss to a full pipe the next requests must not wait for a second each: for a minute
 * from the last loss they try once. */
void ms_event_log_write(ms_event_log *log, const server_rec *s, const char *line)
{
    const size_t len = strlen(line);
    const apr_status_t rv = len <= MS_EVENT_LINE_MAX ? write_or_wait(log, line, len) : APR_ENOSPC;

    if (rv == APR_SUCCESS) {
        return;
    }
    if (APR_STATUS_IS_EAGAIN(rv)) {
        apr_atomic_set32(&log->shared->wait_again_at,
                         (apr_uint32_t)(steady_ms() / 1000) + NO_WAIT_S);
    }
    count_lost(log, s, rv);
}
