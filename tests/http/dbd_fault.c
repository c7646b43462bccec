/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Put before apr's own database driver, whose name (DRIVER) it bears, or another one (NAMED, and
 * REAL), and which it asks for everything: counts the calls, and where the file that TEST_FAULTS
 * names says so, one of them fails, waits, lies, loses its connection or kills its process.
 * faults.py is the other end of that file.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <apr_dbd.h>

/* What apr calls, in its order: drivers are compiled with apr, so no public header says it. */
struct apr_dbd_driver_t {
    const char *name;
    void (*init)(apr_pool_t *);
    void *(*native_handle)(apr_dbd_t *);
    apr_dbd_t *(*open)(apr_pool_t *, const char *params, const char **error);
    apr_status_t (*check_conn)(apr_pool_t *, apr_dbd_t *);
    apr_status_t (*close)(apr_dbd_t *);
    int (*set_dbname)(apr_pool_t *, apr_dbd_t *, const char *);
    int (*start_transaction)(apr_pool_t *, apr_dbd_t *, apr_dbd_transaction_t **);
    int (*end_transaction)(apr_dbd_transaction_t *);
    int (*query)(apr_dbd_t *, int *rows, const char *sql);
    int (*select)(apr_pool_t *, apr_dbd_t *, apr_dbd_results_t **, const char *sql, int random);
    int (*num_cols)(apr_dbd_results_t *);
    int (*num_tuples)(apr_dbd_results_t *);
    int (*get_row)(apr_pool_t *, apr_dbd_results_t *, apr_dbd_row_t **, int number);
    const char *(*get_entry)(const apr_dbd_row_t *, int column);
    const char *(*error)(apr_dbd_t *, int code);
    const char *(*escape)(apr_pool_t *, const char *, apr_dbd_t *);
    int (*prepare)(apr_pool_t *, apr_dbd_t *, const char *sql, const char *label, int nargs,
                   int nvals, apr_dbd_type_e *, apr_dbd_prepared_t **);
    int (*pvquery)(apr_pool_t *, apr_dbd_t *, int *rows, apr_dbd_prepared_t *, va_list);
    int (*pvselect)(apr_pool_t *, apr_dbd_t *, apr_dbd_results_t **, apr_dbd_prepared_t *,
                    int random, va_list);
    int (*pquery)(apr_pool_t *, apr_dbd_t *, int *rows, apr_dbd_prepared_t *, const char **);
    int (*pselect)(apr_pool_t *, apr_dbd_t *, apr_dbd_results_t **, apr_dbd_prepared_t *,
                   int random, const char **);
    const char *(*get_name)(const apr_dbd_results_t *, int column);
    int (*transaction_mode_get)(apr_dbd_transaction_t *);
    int (*transaction_mode_set)(apr_dbd_transaction_t *, int);
    const char *pformat;
    int (*pvbquery)(apr_pool_t *, apr_dbd_t *, int *rows, apr_dbd_prepared_t *, va_list);
    int (*pvbselect)(apr_pool_t *, apr_dbd_t *, apr_dbd_results_t **, apr_dbd_prepared_t *,
                     int random, va_list);
    int (*pbquery)(apr_pool_t *, apr_dbd_t *, int *rows, apr_dbd_prepared_t *, const void **);
    int (*pbselect)(apr_pool_t *, apr_dbd_t *, apr_dbd_results_t **, apr_dbd_prepared_t *,
                    int random, const void **);
    apr_status_t (*datum_get)(const apr_dbd_row_t *, int column, apr_dbd_type_e, void *);
};

/* faults.py has these three lists too. */
typedef enum { OPEN, CHECK, PREPARE, QUERY, SELECT, CHANGE, FETCH, COUNT, ROW, VALUE } kind;

typedef enum {
    NOTHING,
    FAIL,       /* the database is not asked, and the driver says that it failed */
    FAIL_AFTER, /* it was asked, but that is what the driver says */
    LIE,        /* no rows where rows are counted, NULL for a value; all else as it is */
    LOSE,       /* the connection is gone, with this call and all that follow on it */
    BLOCK,      /* wait to be released, then ask */
    BLOCK_AFTER,
    KILL,
    KILL_AFTER
} action;

#define SEEN 4096

struct faults {
    int64_t calls;       /* of the kinds wanted */
    int64_t kinds;       /* a bit for each kind wanted */
    int64_t first, last; /* the calls it happens to, from 1 */
    int64_t action;
    int64_t happened;
    int64_t waiting; /* those blocked now */
    int64_t release;
    unsigned char seen[SEEN]; /* the kind of each call */
};

#ifndef REAL
#define REAL DRIVER
#endif

#define FAILED     1
#define LOST_MAX   64
#define PAUSE      1000 /* microseconds */
#define PAUSES_MAX 60000

/* Never freed: both live as long as the process. */
static apr_dbd_driver_t real;
static struct faults *faults;

/* The connections of this process that appear to be gone. */
static const apr_dbd_t *lost[LOST_MAX];

static void replace(const apr_dbd_t *old, const apr_dbd_t *new)
{
    for (int i = 0; i < LOST_MAX; i++) {
        const apr_dbd_t *expected = old;

        if (__atomic_compare_exchange_n(&lost[i], &expected, new, 0, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST)) {
            return;
        }
    }
}

static int is_lost(const apr_dbd_t *handle)
{
    for (int i = 0; handle && i < LOST_MAX; i++) {
        if (__atomic_load_n(&lost[i], __ATOMIC_SEQ_CST) == handle) {
            return 1;
        }
    }
    return 0;
}

static int64_t read_number(const int64_t *number)
{
    return __atomic_load_n(number, __ATOMIC_SEQ_CST);
}

/* With a limit: a test that fails does not release the waiting threads. */
static void wait_for_release(void)
{
    __atomic_add_fetch(&faults->waiting, 1, __ATOMIC_SEQ_CST);
    for (int i = 0; i < PAUSES_MAX && !read_number(&faults->release); i++) {
        usleep(PAUSE);
    }
    __atomic_sub_fetch(&faults->waiting, 1, __ATOMIC_SEQ_CST);
}

static action choose(kind what)
{
    int64_t n;

    if (!(read_number(&faults->kinds) >> what & 1)) {
        return NOTHING;
    }
    n = __atomic_add_fetch(&faults->calls, 1, __ATOMIC_SEQ_CST);
    faults->seen[n % SEEN] = (unsigned char)what;
    if (n < read_number(&faults->first) || n > read_number(&faults->last)) {
        return NOTHING;
    }
    __atomic_add_fetch(&faults->happened, 1, __ATOMIC_SEQ_CST);
    return (action)read_number(&faults->action);
}

/* FAIL: do not ask the real driver. Else ask it, and let after() have the answer. */
static action before(kind what, const apr_dbd_t *handle)
{
    const action chosen = choose(what);

    if (chosen == KILL) {
        raise(SIGKILL);
    }
    if (chosen == BLOCK) {
        wait_for_release();
    }
    if (chosen == LOSE && handle && !is_lost(handle)) {
        replace(NULL, handle);
    }
    return chosen == LOSE || is_lost(handle) ? FAIL : chosen;
}

static int after(action chosen, int rv)
{
    if (chosen == KILL_AFTER) {
        raise(SIGKILL);
    }
    if (chosen == BLOCK_AFTER) {
        wait_for_release();
    }
    return chosen == FAIL_AFTER ? FAILED : rv;
}

/* ---- connections ----------------------------------------------------------------------------- */

static apr_dbd_t *open_one(apr_pool_t *p, const char *params, const char **error)
{
    const action chosen = before(OPEN, NULL);
    apr_dbd_t *handle = chosen == FAIL ? NULL : real.open(p, params, error);

    if (!handle) {
        return NULL;
    }
    if (after(chosen, 0)) {
        real.close(handle);
        return NULL;
    }
    return handle;
}

static apr_status_t check_conn(apr_pool_t *p, apr_dbd_t *handle)
{
    const action chosen = before(CHECK, handle);

    if (chosen == FAIL) {
        return APR_EGENERAL;
    }
    return after(chosen, real.check_conn(p, handle)) == FAILED ? APR_EGENERAL : APR_SUCCESS;
}

static apr_status_t close_one(apr_dbd_t *handle)
{
    replace(handle, NULL);
    return real.close(handle);
}

/* ---- statements ------------------------------------------------------------------------------ */

static int query(apr_dbd_t *handle, int *rows, const char *sql)
{
    const action chosen = before(QUERY, handle);

    return after(chosen, chosen == FAIL ? FAILED : real.query(handle, rows, sql));
}

static int select_text(apr_pool_t *p, apr_dbd_t *handle, apr_dbd_results_t **res, const char *sql,
                       int random)
{
    const action chosen = before(SELECT, handle);

    return after(chosen, chosen == FAIL ? FAILED : real.select(p, handle, res, sql, random));
}

static int prepare(apr_pool_t *p, apr_dbd_t *handle, const char *sql, const char *label, int nargs,
                   int nvals, apr_dbd_type_e *types, apr_dbd_prepared_t **statement)
{
    const action chosen = before(PREPARE, handle);

    return after(chosen, chosen == FAIL
                             ? FAILED
                             : real.prepare(p, handle, sql, label, nargs, nvals, types, statement));
}

static int change_list(apr_pool_t *p, apr_dbd_t *handle, int *rows, apr_dbd_prepared_t *statement,
                       va_list args)
{
    const action chosen = before(CHANGE, handle);

    return after(chosen, chosen == FAIL ? FAILED : real.pvquery(p, handle, rows, statement, args));
}

static int change_binary_list(apr_pool_t *p, apr_dbd_t *handle, int *rows,
                              apr_dbd_prepared_t *statement, va_list args)
{
    const action chosen = before(CHANGE, handle);

    return after(chosen, chosen == FAIL ? FAILED : real.pvbquery(p, handle, rows, statement, args));
}

static int change(apr_pool_t *p, apr_dbd_t *handle, int *rows, apr_dbd_prepared_t *statement,
                  const char **args)
{
    const action chosen = before(CHANGE, handle);

    return after(chosen, chosen == FAIL ? FAILED : real.pquery(p, handle, rows, statement, args));
}

static int change_binary(apr_pool_t *p, apr_dbd_t *handle, int *rows, apr_dbd_prepared_t *statement,
                         const void **args)
{
    const action chosen = before(CHANGE, handle);

    return after(chosen, chosen == FAIL ? FAILED : real.pbquery(p, handle, rows, statement, args));
}

static int fetch_list(apr_pool_t *p, apr_dbd_t *handle, apr_dbd_results_t **res,
                      apr_dbd_prepared_t *statement, int random, va_list args)
{
    const action chosen = before(FETCH, handle);

    return after(chosen,
                 chosen == FAIL ? FAILED : real.pvselect(p, handle, res, statement, random, args));
}

static int fetch_binary_list(apr_pool_t *p, apr_dbd_t *handle, apr_dbd_results_t **res,
                             apr_dbd_prepared_t *statement, int random, va_list args)
{
    const action chosen = before(FETCH, handle);

    return after(chosen,
                 chosen == FAIL ? FAILED : real.pvbselect(p, handle, res, statement, random, args));
}

static int fetch(apr_pool_t *p, apr_dbd_t *handle, apr_dbd_results_t **res,
                 apr_dbd_prepared_t *statement, int random, const char **args)
{
    const action chosen = before(FETCH, handle);

    return after(chosen,
                 chosen == FAIL ? FAILED : real.pselect(p, handle, res, statement, random, args));
}

static int fetch_binary(apr_pool_t *p, apr_dbd_t *handle, apr_dbd_results_t **res,
                        apr_dbd_prepared_t *statement, int random, const void **args)
{
    const action chosen = before(FETCH, handle);

    return after(chosen,
                 chosen == FAIL ? FAILED : real.pbselect(p, handle, res, statement, random, args));
}

/* ---- results --------------------------------------------------------------------------------- */

static int num_tuples(apr_dbd_results_t *res)
{
    const action chosen = before(COUNT, NULL);

    return chosen == LIE || chosen == FAIL ? 0 : real.num_tuples(res);
}

static int num_cols(apr_dbd_results_t *res)
{
    const action chosen = before(COUNT, NULL);

    return chosen == LIE || chosen == FAIL ? 0 : real.num_cols(res);
}

static int get_row(apr_pool_t *p, apr_dbd_results_t *res, apr_dbd_row_t **row, int number)
{
    const action chosen = before(ROW, NULL);

    return chosen == FAIL ? -1 : after(chosen, real.get_row(p, res, row, number));
}

static const char *get_entry(const apr_dbd_row_t *row, int column)
{
    const action chosen = before(VALUE, NULL);

    return chosen == LIE || chosen == FAIL ? NULL : real.get_entry(row, column);
}

static apr_status_t datum_get(const apr_dbd_row_t *row, int column, apr_dbd_type_e type, void *data)
{
    const action chosen = before(VALUE, NULL);

    if (chosen == LIE || chosen == FAIL) {
        return chosen == LIE ? APR_ENOENT : APR_EGENERAL;
    }
    return real.datum_get(row, column, type, data);
}

/* ---- start ----------------------------------------------------------------------------------- */

static void give_up(const char *what)
{
    fprintf(stderr, "fault driver: %s\n", what);
    abort();
}

static void open_faults(void)
{
    const char *name = getenv("TEST_FAULTS");
    const int fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
    void *at = fd < 0 ? MAP_FAILED
                      : mmap(NULL, sizeof(*faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (at == MAP_FAILED) {
        give_up("no file of faults");
    }
    close(fd);
    faults = at;
}

#define TEXT_OF(x) #x
#define NAME(x)    TEXT_OF(x)

static void init(apr_pool_t *);

__attribute__((visibility("default"))) apr_dbd_driver_t DRIVER = {.init = init};

static void init(apr_pool_t *p)
{
    const char *name = getenv("TEST_FAULTS_DRIVER");
    void *library = name ? dlopen(name, RTLD_NOW) : NULL;
    const apr_dbd_driver_t *found = library ? dlsym(library, NAME(REAL)) : NULL;

    if (!found || found == &DRIVER) {
        give_up("no driver to ask");
    }
    open_faults();
    real = *found;
    if (real.init) {
        real.init(p);
    }
    DRIVER = real;
#ifdef NAMED
    DRIVER.name = NAMED;
#endif
    DRIVER.open = open_one;
    DRIVER.check_conn = check_conn;
    DRIVER.close = close_one;
    DRIVER.query = query;
    DRIVER.select = select_text;
    DRIVER.num_cols = num_cols;
    DRIVER.num_tuples = num_tuples;
    DRIVER.get_row = get_row;
    DRIVER.get_entry = get_entry;
    DRIVER.prepare = prepare;
    DRIVER.pvquery = change_list;
    DRIVER.pvselect = fetch_list;
    DRIVER.pquery = change;
    DRIVER.pselect = fetch;
    DRIVER.pvbquery = change_binary_list;
    DRIVER.pvbselect = fetch_binary_list;
    DRIVER.pbquery = change_binary;
    DRIVER.pbselect = fetch_binary;
    DRIVER.datum_get = datum_get;
}
