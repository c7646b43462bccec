/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chains of redirects through an identity provider: a module such as mod_auth_openidc or
 * mod_auth_mellon sends the visitor of the sign-in page away, and the provider sends the visitor
 * back. To the browser that is a navigation from another site, as an attacker's link is. So the
 * redirect away leaves a short-lived cookie, and only with it a chain ends here.
 */
#ifndef MS_CHAIN_H
#define MS_CHAIN_H

#include <httpd.h>

/** Whether a chain that began at this page ends with this request. */
int ms_chain_ends_here(request_rec *r);

/** The chain is over: one session began by it, and no other one will. */
void ms_chain_end(request_rec *r);

void ms_chain_register_hooks(void);

#endif
