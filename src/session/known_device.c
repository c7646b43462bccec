/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions that are over are queried only if no live one has the device.
 */
#include "session/known_device.h"

#include <string.h>
#include "core/clock.h"
#include "core/device.h"
#include "core/network.h"

#define LATEST 20 /* sessions that a new one is compared with, live and over */

static int is_alike(apr_pool_t *p, const ms_row *made, const char *name, const ms_row *row)
{
    ms_device there;

    if (row->kind == MS_KIND_APP || (row->end_reason && strcmp(row->end_reason, "revoked") == 0)) {
        return 0;
    }
    ms_device_name(p, row->user_agent, &there);
    return strcmp(name, there.name) == 0 && ms_network_is_same(p, made->created_ip, row->last_ip);
}

static int is_among(apr_pool_t *p, const ms_row *made, const apr_array_header_t *rows)
{
    ms_device here;

    ms_device_name(p, made->user_agent, &here);
    for (int i = 0; i < rows->nelts; i++) {
        if (is_alike(p, made, here.name, APR_ARRAY_IDX(rows, i, const ms_row *))) {
            return 1;
        }
    }
    return 0;
}

int ms_known_device_is(const ms_db_ctx *ctx, const ms_row *made)
{
    const ms_list_part live = {.limit = LATEST, .browsers_only = 1};
    const ms_ended_part over = {.limit = LATEST};
    apr_array_header_t *rows;

    if (ms_store_list(ctx, made->user, ms_clock_now(), &live, &rows) != APR_SUCCESS ||
        is_among(ctx->p, made, rows)) {
        return 1;
    }
    return ms_store_list_ended(ctx, made->user, ms_clock_now(), &over, &rows) != APR_SUCCESS ||
           is_among(ctx->p, made, rows);
}
