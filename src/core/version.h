/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module's version, in this one place, and the oldest systems that it is compiled for. The
 * oldest httpd is in mod_managed_session.c, since src/core does not know httpd. README.md names
 * them all.
 */
#ifndef MS_VERSION_H
#define MS_VERSION_H

#include <apr_version.h>
#include <apu_version.h>

/* Major, minor, patch: the major number changes when a configuration, a table or a caller of the
 * optional functions must be changed for the new version. */
#define MS_VERSION "0.9.0"

#ifndef __linux__
#error "mod_managed_session is written for Linux and tested there only"
#endif

#if !APR_VERSION_AT_LEAST(1, 7, 0)
#error "mod_managed_session needs APR 1.7 or later: it uses 64-bit atomics"
#endif

#if APU_MAJOR_VERSION == 1 && APU_MINOR_VERSION < 6
#error "mod_managed_session needs APR-util 1.6 or later: it uses apr_siphash24()"
#endif

#endif
