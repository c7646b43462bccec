/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns what is stored of a name; who may give it is decided by the callers.
 */
#include "session/session_name.h"

#include <string.h>
#include <apr_strings.h>
#include "core/utf8.h"
#include "db/store.h" /* MS_NAME_MAX */

const char *ms_session_name_fit(apr_pool_t *p, const char *name)
{
    const char *begin = ms_utf8_storable(p, name, strlen(name));
    char *fit, *end;

    begin += strspn(begin, " ");
    fit = apr_pstrdup(p, ms_utf8_storable(p, begin, MS_NAME_MAX));
    end = fit + strlen(fit);
    while (end > fit && end[-1] == ' ') {
        end--;
    }
    *end = '\0';
    return *fit ? fit : NULL;
}
