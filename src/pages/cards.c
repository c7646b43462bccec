/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions of a browser are one browser, as it updates itself. Addresses of one network are one
 * place, as providers change them.
 */
#include "pages/cards.h"

#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include "core/network.h"
#include "pages/devices.h"
#include "session/request.h"

typedef struct card {
    int n;           /* how many sessions it has */
    json_t *members; /* their models so far, if it has several; borrowed */
} card;

/* A device that has no name is known by its browser string only. */
static const char *key_of(request_rec *r, const ms_row *row)
{
    const ms_device *device = ms_devices_get(r, row->user_agent);
    const char *network = ms_network_name(r->pool, row->last_ip);
    const int is_known = device->browser || device->os;

    return apr_pstrcat(r->pool, network ? network : row->last_ip, "\n",
                       device->browser ? device->browser : "", "\n", device->os ? device->os : "",
                       "\n", apr_itoa(r->pool, (int)device->kind), "\n",
                       is_known ? "" : row->user_agent, NULL);
}

static int stands_alone(request_rec *r, const ms_row *row)
{
    const ms_row *current = ms_request_row(ms_request_get(r));

    return row->name || (current && strcmp(row->id, current->id) == 0);
}

static card *card_of(request_rec *r, apr_hash_t *cards, const ms_row *row)
{
    const char *key = stands_alone(r, row) ? row->id : key_of(r, row);
    card *of = apr_hash_get(cards, key, APR_HASH_KEY_STRING);

    if (!of) {
        of = apr_pcalloc(r->pool, sizeof(*of));
        apr_hash_set(cards, key, APR_HASH_KEY_STRING, of);
    }
    return of;
}

/* What the card shows while it is closed, and the sessions within. */
static json_t *open_group(card *of, json_t *session)
{
    json_t *head = json_copy(session);

    of->members = json_array();
    json_object_set_new_nocheck(head, "group",
                                json_pack("{s:i, s:o}", "count", of->n, "sessions", of->members));
    return head;
}

static void deal(json_t *list, card *of, json_t *session)
{
    if (of->n == 1) {
        json_array_append(list, session);
        return;
    }
    if (!of->members) {
        json_array_append_new(list, open_group(of, session));
    }
    json_array_append(of->members, session);
}

json_t *ms_cards_make(request_rec *r, json_t *sessions, const apr_array_header_t *rows)
{
    card **of = apr_palloc(r->pool, sizeof(*of) * ((apr_size_t)rows->nelts + 1));
    apr_hash_t *cards = apr_hash_make(r->pool);
    json_t *list = json_array();

    for (int i = 0; i < rows->nelts; i++) {
        of[i] = card_of(r, cards, APR_ARRAY_IDX(rows, i, const ms_row *));
        of[i]->n++;
    }
    for (int i = 0; i < rows->nelts; i++) {
        deal(list, of[i], json_array_get(sessions, (size_t)i));
    }
    json_decref(sessions);
    return list;
}
