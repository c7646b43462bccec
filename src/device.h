/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person would call the thing she signed in with. Knows apr only; bounded time on any bytes.
 */
#ifndef MS_DEVICE_H
#define MS_DEVICE_H

#include <apr_pools.h>

typedef struct ms_device {
    const char *name;    /* "Firefox on Linux"; never NULL */
    const char *browser; /* NULL: unknown */
    const char *os;      /* NULL: unknown */
} ms_device;

/**
 * Name a device from its User-Agent.
 * @param user_agent  NULL or as stored
 * @param device      its strings are static or in p
 */
void ms_device_name(apr_pool_t *p, const char *user_agent, ms_device *device);

#endif
