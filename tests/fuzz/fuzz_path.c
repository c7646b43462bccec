/* SPDX-License-Identifier: Apache-2.0 */
/* Where to return to. What is accepted is a path of this host, also after some decodings. */
#include "fuzz.h"

#include <string.h>
#include "core/local_path.h"

void fuzz_one(apr_pool_t *p, const char *data, apr_size_t len)
{
    const char *path = ms_local_path_check(p, fuzz_text(p, data, len));

    if (path) {
        FUZZ_CHECK(path[0] == '/' && path[1] != '/' && path[1] != '\\');
        for (; *path; path++) {
            FUZZ_CHECK(*path > 0x20 && *path < 0x7f && *path != '\\' && *path != '"');
        }
    }
}
