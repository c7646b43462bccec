/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cards of the list: sessions of one browser, system and network are one card that opens.
 */
#ifndef MS_CARDS_H
#define MS_CARDS_H

#include <httpd.h>
#include <jansson.h>
#include <apr_tables.h>

/**
 * Put sessions of a page into cards. The current session and those that have a name are cards of
 * their own; a card of several stands where the first of them stood.
 * @param sessions  the models of rows, in the same order; is released
 * @param rows      an array of const ms_row *
 * @return an array of the models, in which "group" of a card of several is {"count", "sessions"}
 * and what else it shows is of the first of them. Owned by the caller
 */
json_t *ms_cards_make(request_rec *r, json_t *sessions, const apr_array_header_t *rows);

#endif
