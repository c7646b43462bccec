/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sign-in page that another AuthType guards (Basic, Digest): that module checks the password, and
 * ManagedSessionLoginLimit and the bound on password checks hold there, too.
 */
#ifndef MS_FOREIGN_SIGN_IN_H
#define MS_FOREIGN_SIGN_IN_H

/** From register_hooks. */
void ms_foreign_sign_in_register_hooks(void);

#endif
