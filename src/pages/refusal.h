/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a visitor sees who is refused at a protected place: a page of our own look and language in
 * place of httpd's.
 */
#ifndef MS_REFUSAL_H
#define MS_REFUSAL_H

#include <httpd.h>

/** From the hook insert_error_filter: let httpd's answer be a page, if the request was refused
 * before an application had it, the client prefers HTML, and the site has no ErrorDocument. */
void ms_refusal_explain(request_rec *r);

#endif
