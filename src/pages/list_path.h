/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a URL of the list means: the list itself, one of its sessions, or nothing.
 */
#ifndef MS_LIST_PATH_H
#define MS_LIST_PATH_H

#include <httpd.h>

typedef enum ms_list_part_of_url {
    MS_LIST_WHOLE,
    MS_LIST_ONE,
    MS_LIST_NOTHING /* there is no such page */
} ms_list_part_of_url;

typedef struct ms_list_path {
    ms_list_part_of_url what;
    const char *list; /* the path of the list itself, not escaped */
    int has_slash;    /* at the end */
    const char *id;   /* of the one session: it has the form of an id, and "current" is replaced */
} ms_list_path;

/**
 * Read r->uri: <list>, <list>/current or <list>/<id>, each with or without a slash at its end.
 * Where the list is, its <Location> says or, if a pattern or another section gives the handler,
 * ManagedSessionListURL. If neither does, only a last segment with the form of an id, or "current",
 * is told from the list.
 * @param current  the id of the session in force
 */
ms_list_path ms_list_path_read(request_rec *r, const char *current);

/** Whether the URL is below that of the list: that of one session, or of nothing. */
int ms_list_path_is_below(request_rec *r);

/** The methods of one session, as Allow has them. */
#define MS_LIST_ONE_METHODS "GET, HEAD, PATCH, DELETE"

#endif
