/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The links of a page that only says something: no such page is a dead end.
 */
#ifndef MS_WAYS_ON_H
#define MS_WAYS_ON_H

#include <httpd.h>
#include <jansson.h>

/**
 * Add a link to "links" of a model.
 * @param url    checked already
 * @param label  in English; translated here
 */
void ms_ways_on_add(request_rec *r, json_t *model, const char *url, const char *label);

/** Add a link to the sign-in page, with the way back to this request, if its URL is known. */
void ms_ways_on_add_sign_in(request_rec *r, json_t *model);

/** Add links to the page of ours whose form was posted, to the list of sessions and to the site. */
void ms_ways_on_add_all(request_rec *r, json_t *model);

/** Add links to the list of sessions, if its URL is known and it can be shown, and to the site. */
void ms_ways_on_add_site(request_rec *r, json_t *model);

#endif
