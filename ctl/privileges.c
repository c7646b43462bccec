/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For SQLite that is the owner of its file or, if that is root or there is none, of its directory.
 * A file that is a symbolic link does not count: the owner of the directory may have made it, and
 * would choose whom root becomes.
 */
#include "ctl/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>
#include <apr_user.h>
#include "db/sqlite_file.h"

static const char *name_of(apr_pool_t *p, uid_t uid)
{
    char *name;

    return apr_uid_name_get(&name, uid, p) == APR_SUCCESS ? name
                                                          : apr_psprintf(p, "%ld", (long)uid);
}

static const char *become(apr_pool_t *p, uid_t uid, gid_t gid)
{
    const struct passwd *user = getpwuid(uid); /* this process has one thread */

    if ((user ? initgroups(user->pw_name, gid) : setgroups(0, NULL)) != 0 || setgid(gid) != 0 ||
        setuid(uid) != 0 || setuid(0) == 0) {
        return apr_psprintf(p, "this process could not become the user \"%s\": %s", name_of(p, uid),
                            strerror(errno));
    }
    umask(077);
    return NULL;
}

/* ---- SQLite ---------------------------------------------------------------------------------- */

/* Returns 0 if both belong to root. */
static int find_owner(apr_pool_t *p, const char *path, struct stat *owner)
{
    const char *slash = strrchr(path, '/');
    const char *dir = apr_pstrmemdup(p, path, (apr_size_t)(slash - path) + 1);

    if (lstat(path, owner) == 0 && S_ISREG(owner->st_mode) && owner->st_uid != 0) {
        return 1;
    }
    return stat(dir, owner) == 0 && owner->st_uid != 0;
}

static gid_t primary_group(const struct stat *owner)
{
    const struct passwd *user = getpwuid(owner->st_uid);

    return user ? user->pw_gid : owner->st_gid;
}

/* This ends the command, so root may become httpd's user for good to find out what that one may. */
static const char *why_missing(apr_pool_t *p, const char *path, const ms_targets *targets)
{
    const int is_known = targets->uid > 0;
    const char *hint = "";

    if (geteuid() == 0 && is_known) {
        const char *wrong = become(p, (uid_t)targets->uid, (gid_t)targets->gid);

        if (wrong) {
            return wrong;
        }
    }
    if (is_known && geteuid() == (uid_t)targets->uid) {
        hint = ms_sqlite_file_hint(p, path);
    }
    return *hint ? apr_psprintf(p, "there is no database %s, and httpd cannot create it%s", path,
                                hint)
                 : apr_psprintf(p, "there is no database %s yet: httpd creates it when it starts",
                                path);
}

static const char *for_sqlite(apr_pool_t *p, const char *path, const ms_targets *targets)
{
    struct stat owner;

    if (!path || path[0] != '/') {
        return "SQLite's database is named by the absolute path of its file";
    }
    if (access(path, F_OK) != 0) {
        return errno == EACCES
                   ? apr_psprintf(p, "the user \"%s\" may not reach %s; run this as root",
                                  name_of(p, geteuid()), path)
                   : why_missing(p, path, targets);
    }
    if (!find_owner(p, path, &owner)) {
        return geteuid() == 0 ? apr_psprintf(p,
                                             "%s and its directory belong to root. Files that root "
                                             "creates there would lock httpd out; give both to the "
                                             "user that httpd runs as",
                                             path)
                              : apr_psprintf(p, "%s belongs to root", path);
    }
    if (geteuid() == 0) {
        return become(p, owner.st_uid, primary_group(&owner));
    }
    return geteuid() == owner.st_uid
               ? NULL
               : apr_psprintf(p,
                              "%s belongs to \"%s\", and you are \"%s\". Files that you create "
                              "beside it would lock httpd out; run this as root, or as \"%s\"",
                              path, name_of(p, owner.st_uid), name_of(p, geteuid()),
                              name_of(p, owner.st_uid));
}

/* ---------------------------------------------------------------------------------------------- */

const char *ms_privileges_drop(apr_pool_t *p, const ms_target *target, const ms_targets *targets)
{
    if (strcmp(target->driver, "sqlite3") == 0) {
        return for_sqlite(p, target->params, targets);
    }
    /* A server may know its client by the user (peer), and a password file must be the user's. */
    if (geteuid() == 0 && targets->uid > 0) {
        return become(p, (uid_t)targets->uid, (gid_t)targets->gid);
    }
    return NULL;
}
