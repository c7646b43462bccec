/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Accept header (RFC 9110, section 12.5.1). Knows apr only.
 */
#ifndef MS_ACCEPT_H
#define MS_ACCEPT_H

/**
 * Whether an Accept header prefers one media type to another: its quality is higher, or it is the
 * same and the header names the type more closely (scripts send "application/json" and
 * any type).
 * @param accept  the header's value; NULL: it was not sent
 * @param type    the one type, without parameters
 * @param other   the other one
 */
int ms_accept_prefers(const char *accept, const char *type, const char *other);

#endif
