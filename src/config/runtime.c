/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httpd keeps one pointer for each server and module, which is that of the settings; they lead
 * here.
 */
#include "config/runtime.h"

#include "config/config.h"

ms_runtime *ms_runtime_get(const server_rec *s)
{
    return ms_server_conf_get(s)->runtime;
}
