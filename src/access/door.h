/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of our pages a request is for, and how far sign-in and sign-out are open to visitors where
 * everything else is closed. The configuration alone decides (SetHandler), not r->handler, which
 * other modules overwrite.
 */
#ifndef MS_DOOR_H
#define MS_DOOR_H

#include <httpd.h>

/**
 * The page of ours that answers this request, as the name of its handler; NULL: not ours. A
 * RewriteRule with [H=...] takes a page away only where a real file is asked for.
 */
const char *ms_door_page(request_rec *r);

/** Whether the configuration gives this request to that page; known before the handler phase. */
int ms_door_leads_to(request_rec *r, const char *handler);

/** Whether it gives this request to any page of ours. */
int ms_door_leads_to_us(request_rec *r);

/**
 * Whether a visitor without a session may pass here: sign-in and sign-out, with GET, HEAD or POST,
 * and so the request that a subrequest serves (WebDAV looks up what it writes to with GET).
 */
int ms_door_may_open(request_rec *r);

/** Remember that a visitor was let in for the sake of one of our pages. */
void ms_door_open(request_rec *r);

/**
 * When no page of ours has answered: close the door again.
 * @return DECLINED; HTTP_FORBIDDEN for a request that was let in by ms_door_open()
 */
int ms_door_close(request_rec *r);

void ms_door_register_hooks(void);

#endif
