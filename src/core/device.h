/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a user would call the device of a session. Knows apr only; linear time on any bytes.
 */
#ifndef MS_DEVICE_H
#define MS_DEVICE_H

#include <apr_pools.h>

typedef enum {
    MS_DEVICE_UNKNOWN,
    MS_DEVICE_COMPUTER,
    MS_DEVICE_PHONE,
    MS_DEVICE_TABLET,
    MS_DEVICE_BOT,
    MS_DEVICE_COMMAND_LINE,
    MS_DEVICE_TV,
    MS_DEVICE_CONSOLE,
    MS_DEVICE_WATCH,
    MS_DEVICE_CAR,
    MS_DEVICE_HEADSET
} ms_device_kind;

typedef struct ms_device {
    const char *name;    /* "Firefox on Linux"; never NULL */
    const char *browser; /* NULL: unknown; or a name that the client has chosen, see
                          * ms_product_is_name() */
    const char *version; /* of the browser, "131"; NULL: unknown */
    const char *os;      /* NULL: unknown */
    ms_device_kind kind;
} ms_device;

/**
 * What is kept of a device: its User-Agent made storable (see ms_utf8_storable()) and, if client
 * hints (https://wicg.github.io/ua-client-hints/) know more, what they know in brackets behind it:
 * "Mozilla/5.0 ... Safari/537.36 [Brave 131; Windows]". A client that writes such an end itself
 * only gives a wrong name to its own device.
 * @param user_agent  NULL: none was sent; as are brands (Sec-CH-UA) and platform
 *                    (Sec-CH-UA-Platform)
 * @param max         characters
 * @return in p, or user_agent itself; never NULL
 */
const char *ms_device_describe(apr_pool_t *p, const char *user_agent, const char *brands,
                               const char *platform, apr_size_t max);

/**
 * Name a device.
 * @param user_agent  NULL, or as ms_device_describe() made it
 * @param device      its strings are static or in p
 */
void ms_device_name(apr_pool_t *p, const char *user_agent, ms_device *device);

#endif
