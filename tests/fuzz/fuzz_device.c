/* SPDX-License-Identifier: Apache-2.0 */
/* User-Agent, Sec-CH-UA and Sec-CH-UA-Platform, one on each line. */
#include "fuzz.h"

#include <string.h>
#include "core/device.h"
#include "core/phrases.h"
#include "core/utf8.h"

#define MOST 64

void fuzz_one(apr_pool_t *p, const char *data, apr_size_t len)
{
    const char *agent = fuzz_line(p, &data, &len), *brands = fuzz_line(p, &data, &len),
               *platform = fuzz_line(p, &data, &len);
    const char *stored = ms_device_describe(p, agent, brands, platform, MOST);
    ms_device device;

    FUZZ_CHECK(ms_utf8_is_clean(stored) && ms_utf8_length(stored) <= MOST);
    ms_device_name(p, stored, &device);
    FUZZ_CHECK(device.name && ms_utf8_is_clean(device.name));
    for (apr_size_t i = 0; i < ms_languages_n; i++) {
        FUZZ_CHECK(ms_phrases_device(p, &ms_languages[i], &device) != NULL);
    }
    ms_device_name(p, agent ? agent : "", &device); /* as another program may have stored it */
    FUZZ_CHECK(device.name != NULL);
}
