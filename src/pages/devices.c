/* SPDX-License-Identifier: Apache-2.0 */
/*
 * They are kept with the request.
 */
#include "pages/devices.h"

#include <apr_hash.h>

#define KEY "managed_session_devices"

/* By User-Agent. */
static apr_hash_t *devices_of(request_rec *r)
{
    void *devices = NULL;

    apr_pool_userdata_get(&devices, KEY, r->pool);
    if (!devices) {
        devices = apr_hash_make(r->pool);
        apr_pool_userdata_setn(devices, KEY, NULL, r->pool);
    }
    return devices;
}

const ms_device *ms_devices_get(request_rec *r, const char *user_agent)
{
    const char *text = user_agent ? user_agent : "";
    apr_hash_t *devices = devices_of(r);
    ms_device *device = apr_hash_get(devices, text, APR_HASH_KEY_STRING);

    if (!device) {
        device = apr_palloc(r->pool, sizeof(*device));
        ms_device_name(r->pool, user_agent, device);
        apr_hash_set(devices, text, APR_HASH_KEY_STRING, device);
    }
    return device;
}
