/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Origins as browsers send them: a scheme, a host and a port (RFC 6454, section 6.2). All other
 * texts are rejected. Which origins belong to the site is not decided
 * here but in origin.h.
 */
#ifndef MS_WEB_ORIGIN_H
#define MS_WEB_ORIGIN_H

#include <apr_network_io.h>
#include <apr_pools.h>

typedef struct ms_web_origin {
    int https;
    const char *host; /* in lower case; an IPv6 address with its brackets */
    apr_port_t port;  /* never 0 */
} ms_web_origin;

/**
 * Parse the origin that a URL begins with.
 * @param rest out: where the path, query or fragment begins; may be ""
 * @return non-zero if url begins with http:// or https://, a host without a user name, and no port
 *         or one from 1 to 65535; origin->host is allocated from p
 */
int ms_web_origin_of_url(apr_pool_t *p, const char *url, ms_web_origin *origin, const char **rest);

/** The same for a text that is an origin and nothing else, such as the value of an Origin header.
 */
int ms_web_origin_parse(apr_pool_t *p, const char *text, ms_web_origin *origin);

/** The same for "host" or "host:port", such as the value of a Host header; https says which port a
 * missing one is. */
int ms_web_origin_of_host(apr_pool_t *p, const char *text, int https, ms_web_origin *origin);

apr_port_t ms_web_origin_default_port(int https);

/** As a browser writes it: no port if it is the scheme's; allocated from p. */
const char *ms_web_origin_text(apr_pool_t *p, const ms_web_origin *origin);

int ms_web_origin_equal(const ms_web_origin *a, const ms_web_origin *b);

/** Whether it is the client's own machine, which browsers trust over plain http as they trust TLS:
 * localhost, *.localhost, 127.0.0.0/8 and [::1] (Secure Contexts, section 3.1). */
int ms_web_origin_is_loopback(const ms_web_origin *origin);

#endif
