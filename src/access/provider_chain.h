/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Redirects through an identity provider: a module such as mod_auth_openidc or mod_auth_mellon
 * sends the visitor of the sign-in page to the provider, which sends the visitor back. To the
 * browser the way back is a navigation from another site, like an attacker's link. So the redirect
 * to the provider sets a short-lived cookie, and only a request with it completes the sign-in.
 */
#ifndef MS_PROVIDER_CHAIN_H
#define MS_PROVIDER_CHAIN_H

#include <httpd.h>

/** Whether a chain that began at this page ends with this request. */
int ms_provider_chain_ends_here(request_rec *r);

/** Delete the cookie: one session began by this chain, and no other one will. */
void ms_provider_chain_end(request_rec *r);

/** The response is about to be made, by a handler or for an error: it may lead to the provider. */
void ms_provider_chain_on_response(request_rec *r);

/* Hooks, named for their phase. */
int ms_provider_chain_on_access_checker(request_rec *r);

#endif
