/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files are never opened here if they exist: closing a file drops all locks of the process on it
 * (fcntl, POSIX), those of SQLite's own connections too.
 */
#include "db/sqlite_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_user.h>

#define OF_OTHERS     (S_IRWXG | S_IRWXO)
#define OWN_DIRECTORY "/var/lib/managed-session"

/* The main file first: SQLite creates the others. */
static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
#define SUFFIXES (sizeof(suffixes) / sizeof(suffixes[0]))

int ms_sqlite_file_protect(apr_pool_t *p, const char *path)
{
    const int made = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    mode_t changed = 0;

    if (made >= 0) {
        close(made);
    }
    for (apr_size_t i = 0; i < SUFFIXES; i++) {
        const char *name = apr_pstrcat(p, path, suffixes[i], NULL);
        struct stat file;

        if (stat(name, &file) == 0 && S_ISREG(file.st_mode) && (file.st_mode & OF_OTHERS) &&
            chmod(name, file.st_mode & S_IRWXU) == 0 && !changed) {
            changed = file.st_mode & (S_IRWXU | OF_OTHERS);
        }
    }
    return (int)changed;
}

/* ---- what is wrong --------------------------------------------------------------------------- */

static const char *user_name(apr_pool_t *p)
{
    char *name;

    return apr_uid_name_get(&name, geteuid(), p) == APR_SUCCESS ? name
                                                                : apr_psprintf(p, "%d", geteuid());
}

static const char *group_name(apr_pool_t *p)
{
    char *name;

    return apr_gid_name_get(&name, getegid(), p) == APR_SUCCESS ? name
                                                                : apr_psprintf(p, "%d", getegid());
}

/* With its last slash. */
static const char *directory_of(apr_pool_t *p, const char *path)
{
    return apr_pstrmemdup(p, path, (apr_size_t)(strrchr(path, '/') - path) + 1);
}

static int is_safe_in_shell(const char *text)
{
    for (; *text; text++) {
        if (!apr_isalnum(*text) && !strchr("/._-+", *text)) {
            return 0;
        }
    }
    return 1;
}

static const char *quote(apr_pool_t *p, const char *text)
{
    const char *quoted = "'";

    if (is_safe_in_shell(text)) {
        return text;
    }
    for (const char *end; (end = strchr(text, '\'')); text = end + 1) {
        quoted = apr_pstrcat(p, quoted, apr_pstrmemdup(p, text, (apr_size_t)(end - text)), "'\\''",
                             NULL);
    }
    return apr_pstrcat(p, quoted, text, "'", NULL);
}

static int ends_with(const char *text, const char *end)
{
    const apr_size_t len = strlen(text), n = strlen(end);

    return len >= n && strcmp(text + len - n, end) == 0;
}

/* A directory that may be given to httpd's user as a whole. Only one that does not exist is
 * certainly used by nothing else; of those that do, the name is the evidence. */
static int is_for_sessions(const char *dir)
{
    struct stat found;

    return (stat(dir, &found) != 0 && errno == ENOENT) || ends_with(dir, "/managed-session/") ||
           ends_with(dir, "/managed_session/") || ends_with(dir, "/mod_managed_session/");
}

static const char *directory_hint(apr_pool_t *p, const char *dir)
{
    const int is_ours = is_for_sessions(dir);
    const char *user = user_name(p);

    return apr_psprintf(p,
                        ". The directory \"%s\" must be there and writable by the user \"%s\" that "
                        "httpd runs as, since SQLite keeps files beside the database. Give the "
                        "database a directory of its own: install -d -o %s -g %s -m 700 %s%s",
                        dir, user, quote(p, user), quote(p, group_name(p)),
                        is_ours ? quote(p, dir) : OWN_DIRECTORY,
                        is_ours ? "" : ", and DBDParams \"" OWN_DIRECTORY "/sessions.db\"");
}

const char *ms_sqlite_file_hint(apr_pool_t *p, const char *path)
{
    const char *dir = directory_of(p, path);

    if (access(dir, W_OK | X_OK) != 0) {
        return directory_hint(p, dir);
    }
    for (apr_size_t i = 0; i < SUFFIXES; i++) {
        const char *name = apr_pstrcat(p, path, suffixes[i], NULL);

        if (access(name, R_OK | W_OK) != 0 && errno != ENOENT) {
            return apr_psprintf(p,
                                ". The file \"%s\" must be readable and writable by the user "
                                "\"%s\" that httpd runs as",
                                name, user_name(p));
        }
    }
    return "";
}
