/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The devices of a page. Many sessions of a list come from the same browser, and its User-Agent is
 * read once.
 */
#ifndef MS_DEVICES_H
#define MS_DEVICES_H

#include <httpd.h>
#include "core/device.h"

/**
 * What a User-Agent says about the device; see ms_device_name().
 * @param user_agent  NULL: none is known
 * @return in r->pool
 */
const ms_device *ms_devices_get(request_rec *r, const char *user_agent);

#endif
