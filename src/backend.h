/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers to and from applications: the user's name in, our cookie neither in nor out, and what
 * caches on the way are told of answers that depend on who asked.
 */
#ifndef MS_BACKEND_H
#define MS_BACKEND_H

#include <httpd.h>

void ms_backend_register_hooks(void);

#endif
