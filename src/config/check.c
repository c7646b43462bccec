/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of the checks. Each theme has a file of its own.
 */
#include "config/check.h"

#include "config/check_access.h"
#include "config/check_context.h"
#include "config/check_cookie_domain.h"
#include "config/check_forwarded.h"
#include "config/check_pages.h"
#include "config/check_server.h"
#include "config/check_user_name.h"
#include "config/config.h"

void ms_check_config(apr_pool_t *ptemp, const server_rec *main_server)
{
    const ms_check c = {ptemp, main_server};

    if (!ms_config_is_last_pass()) {
        return;
    }
    ms_check_servers(&c);
    ms_check_cookie_domains(&c);
    ms_check_user_names(&c);
    ms_check_access(&c);
    ms_check_pages(&c);
    ms_check_forwarded(&c);
}
