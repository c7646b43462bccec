/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The warning about providers that accept several spellings of one user name.
 */
#ifndef MS_CHECK_USER_NAME_H
#define MS_CHECK_USER_NAME_H

#include "config/check_context.h"

/**
 * Warn, once, if a provider that may fold names (dbd, ldap) authenticates users at a location
 * without ManagedSessionUserName and without AuthLDAPRemoteUserAttribute.
 */
void ms_check_user_names(const ms_check *c);

#endif
