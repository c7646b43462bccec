/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The built-in pages as the access layer knows them: a table that src/pages/router.c registers, and
 * which of its rows a request is for. The configuration decides that (SetHandler), not r->handler,
 * which other modules overwrite.
 */
#ifndef MS_OWN_PAGES_H
#define MS_OWN_PAGES_H

#include <httpd.h>

/** A content handler's result: OK, DECLINED or an HTTP status. */
typedef int ms_own_page_fn(request_rec *r);

/* What a page makes of a user whom another module's AuthType has let in. */
typedef enum {
    MS_FOREIGN_IGNORED, /* the session alone counts */
    MS_FOREIGN_USER,    /* that user counts, and not the session that the request presents */
    MS_FOREIGN_SIGN_IN  /* the same, and a session begins for that user */
} ms_foreign_use;

typedef struct ms_own_page {
    const char *handler;       /* the name in SetHandler */
    ms_own_page_fn *get;       /* GET and HEAD */
    ms_own_page_fn *post;      /* NULL: no such method */
    ms_own_page_fn *patch;     /* NULL: no such method */
    ms_own_page_fn *delete_it; /* NULL: no such method */
    ms_own_page_fn *check; /* before the request's origin is checked: DECLINED to go on, else the
                              result; NULL: nothing to check */
    ms_foreign_use foreign;
    int is_open;         /* visitors may use it even if its location requires a user */
    int is_for_origins;  /* open to scripts of the origins that ManagedSessionOrigin lists */
    int answers_json;    /* if the client prefers that */
    int is_for_machines; /* no session is looked up, unless AuthType ManagedSession requires one */
    ms_own_page_fn *any; /* each method, and no other check: a page that another server asks about
                            its own requests; NULL: as above */
} ms_own_page;

/** Make httpd's answer of that status a small page with a link that opens a checked URL in the
 * whole window. */
typedef void ms_own_page_frame_fn(request_rec *r, int status, const char *url);

/** From register_hooks. The table must live as long as the configuration. */
void ms_own_pages_register(const ms_own_page *pages, int n, ms_own_page_frame_fn *out_of_frame);

/** Before the handler phase: let the answer of that status lead out of the frame it is shown in. */
void ms_own_pages_lead_out_of_frame(request_rec *r, int status, const char *url);

/** The page that the configuration gives this request to; known before the handler phase. NULL: to
 * no page of ours. */
const ms_own_page *ms_own_pages_configured(request_rec *r);

/** What that page makes of the user of another AuthType; MS_FOREIGN_IGNORED if there is no page. */
ms_foreign_use ms_own_pages_foreign_use(request_rec *r);

/** Whether that is the page that another server asks about its own requests (access/forwarded.h).
 */
int ms_own_pages_is_check(request_rec *r);

/** Whether a <Location> gave this request to it, so that httpd has looked for no file. */
int ms_own_pages_is_check_by_url(request_rec *r);

/** Whether SetHandler has a name that begins as ours do. */
int ms_own_pages_is_set(request_rec *r);

/**
 * The name of the handler that answers this request, if it begins as ours do; NULL: it does not. A
 * RewriteRule with [H=...] takes a page away only if a real file was requested.
 */
const char *ms_own_pages_handler(request_rec *r);

/** The page that answers this request in the handler phase; NULL: none of ours. */
const ms_own_page *ms_own_pages_answering(request_rec *r);

/** Whether the page that answers has JSON, and the client prefers it to HTML. */
int ms_own_pages_wants_json(request_rec *r);

/** Before the URL is translated: keep that of a page of ours. */
void ms_own_pages_keep_url(request_rec *r);

/* Hooks, named for their phase. */
int ms_own_pages_on_pre_translate_name(request_rec *r);
int ms_own_pages_on_map_to_storage(request_rec *r);
int ms_own_pages_on_type_checker(request_rec *r);
int ms_own_pages_on_fixups(request_rec *r);

#endif
