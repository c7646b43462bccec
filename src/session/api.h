/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The optional functions of include/mod_managed_session.h.
 */
#ifndef MS_API_H
#define MS_API_H

/** Register them; from register_hooks. */
void ms_api_register(void);

#endif
