/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mod_proxy hands the answer to the connection itself, so that is where an application's cookie of
 * our name and its Managed-Session headers are taken out. Any answer but 101 is left alone.
 */
#include "handshake.h"

#include <string.h>
#include <apr_buckets.h>
#include <apr_strings.h>
#include <util_filter.h>
#include "backend_login.h"
#include "config.h"

#define FILTER_NAME "MANAGED_SESSION_HANDSHAKE"
#define STATUS_LEN  12    /* "HTTP/1.1 101" */
#define HEAD_MAX    65536 /* a head that is longer is passed on as it is */

typedef struct watch {
    const char *cookie; /* its name */
    apr_bucket_brigade *held;
} watch;

static int is_header(const char *line, const char *name)
{
    const apr_size_t len = strlen(name);

    return ap_cstr_casecmpn(line, name, len) == 0 && line[len] == ':';
}

static int is_unwanted(apr_pool_t *p, const char *line, apr_size_t len, const char *cookie)
{
    return is_header(line, MS_USER_HEADER) || is_header(line, MS_END_HEADER) ||
           (is_header(line, "Set-Cookie") &&
            ms_cookie_is_named(apr_pstrmemdup(p, line + 11, len - 11), cookie));
}

/* Take the unwanted lines out, in place. head_len: up to the empty line. Returns the new length. */
static apr_size_t sift(apr_pool_t *p, char *text, apr_size_t len, apr_size_t head_len,
                       const char *cookie)
{
    char *line = text, *to = text;
    const char *end = text + head_len;

    while (line < end) {
        char *next = (char *)memchr(line, '\n', (apr_size_t)(end - line)) + 1;
        const apr_size_t line_len = (apr_size_t)(next - line);

        if (!is_unwanted(p, line, line_len, cookie)) {
            memmove(to, line, line_len);
            to += line_len;
        }
        line = next;
    }
    memmove(to, end, len - head_len);
    return (apr_size_t)(to - text) + len - head_len;
}

static apr_status_t pass(ap_filter_t *f, apr_bucket_brigade *bb)
{
    ap_remove_output_filter(f);
    return ap_pass_brigade(f->next, bb);
}

/* What has come so far, as text; the brigade keeps its metadata. */
static char *take_text(apr_bucket_brigade *bb, apr_pool_t *p, apr_size_t *len)
{
    char *text = NULL;
    apr_bucket *b, *next;

    if (apr_brigade_pflatten(bb, &text, len, p) != APR_SUCCESS) {
        return NULL;
    }
    for (b = APR_BRIGADE_FIRST(bb); b != APR_BRIGADE_SENTINEL(bb); b = next) {
        next = APR_BUCKET_NEXT(b);
        if (!APR_BUCKET_IS_METADATA(b)) {
            apr_bucket_delete(b);
        }
    }
    return apr_pstrmemdup(p, text, *len); /* with a NUL behind it */
}

static int is_101(apr_bucket_brigade *bb)
{
    char start[STATUS_LEN + 1] = "";
    apr_size_t len = STATUS_LEN;

    return apr_brigade_flatten(bb, start, &len) == APR_SUCCESS && len == STATUS_LEN &&
           strncmp(start, "HTTP/1.", 7) == 0 && strncmp(start + 8, " 101", 4) == 0;
}

static apr_status_t on_answer(ap_filter_t *f, apr_bucket_brigade *bb)
{
    watch *w = f->ctx;
    apr_off_t length = 0;
    apr_pool_t *p;
    apr_size_t len;
    char *text, *end;
    apr_status_t rv;

    APR_BRIGADE_PREPEND(bb, w->held);
    if (apr_brigade_length(bb, 0, &length) != APR_SUCCESS || length < 0 || !is_101(bb)) {
        return length == 0 ? ap_pass_brigade(f->next, bb) : pass(f, bb);
    }
    apr_pool_create(&p, f->c->pool);
    text = take_text(bb, p, &len);
    end = text ? strstr(text, "\r\n\r\n") : NULL;
    if (end) {
        len = sift(p, text, len, (apr_size_t)(end + 2 - text), w->cookie);
    }
    if (text) {
        APR_BRIGADE_INSERT_HEAD(bb, apr_bucket_heap_create(text, len, NULL, f->c->bucket_alloc));
    }
    if (!end && text && len < HEAD_MAX) { /* the rest is still to come */
        rv = ap_save_brigade(f, &w->held, &bb, f->c->pool);
    }
    else {
        rv = pass(f, bb);
    }
    apr_pool_destroy(p);
    return rv;
}

void ms_handshake_watch(request_rec *r)
{
    conn_rec *c = r->connection;
    watch *w;

    if (r->main || r->proto_num >= 2000 || !apr_table_get(r->headers_in, "Upgrade")) {
        return;
    }
    w = apr_palloc(c->pool, sizeof(*w));
    w->cookie = ms_server_conf_get(r->server)->cookie.name;
    w->held = apr_brigade_create(c->pool, c->bucket_alloc);
    ap_add_output_filter(FILTER_NAME, w, NULL, c);
}

void ms_handshake_register(void)
{
    ap_register_output_filter(FILTER_NAME, on_answer, NULL, AP_FTYPE_CONNECTION);
}
