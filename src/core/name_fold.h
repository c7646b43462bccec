/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One spelling for all names that a directory or database may treat as equal. Only for counting: a
 * session's user is never folded. Knows apr and libunistring only.
 */
#ifndef MS_NAME_FOLD_H
#define MS_NAME_FOLD_H

#include <apr_pools.h>

/**
 * Fold a name as MariaDB's and MySQL's case-insensitive collations, SQLite's NOCASE and LDAP's
 * caseIgnoreMatch (RFC 4518) do, and further where they differ: case (Unicode full case folding),
 * accents and other marks, compatibility forms (NFKD, UAX #15), characters that are not displayed
 * (Default_Ignorable_Code_Point), strokes and hooks of letters, and blanks wherever they are.
 * @param name  UTF-8; if it is not, ASCII letters are folded and blanks removed
 * @return the folded name, in p; two equal names have one, and a few others share it
 */
const char *ms_name_fold(apr_pool_t *p, const char *name);

#endif
