/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another module, for tests: its input filter "unreadable" begins a body with data that cannot be
 * read, and "flushed" puts metadata among the data.
 */
#include <httpd.h>
#include <http_config.h>
#include <util_filter.h>

static apr_status_t read_nothing(apr_bucket *b, const char **data, apr_size_t *len,
                                 apr_read_type_e block)
{
    (void)b, (void)data, (void)len, (void)block;
    return APR_EGENERAL;
}

static const apr_bucket_type_t unreadable = {"UNREADABLE",
                                             5,
                                             APR_BUCKET_DATA,
                                             apr_bucket_destroy_noop,
                                             read_nothing,
                                             apr_bucket_setaside_noop,
                                             apr_bucket_split_notimpl,
                                             apr_bucket_copy_notimpl};

static apr_status_t add_unreadable(ap_filter_t *f, apr_bucket_brigade *bb, ap_input_mode_t mode,
                                   apr_read_type_e block, apr_off_t most)
{
    const apr_status_t rv = ap_get_brigade(f->next, bb, mode, block, most);
    apr_bucket *b = apr_bucket_alloc(sizeof(*b), bb->bucket_alloc);

    APR_BUCKET_INIT(b);
    b->free = apr_bucket_free;
    b->list = bb->bucket_alloc;
    b->type = &unreadable;
    b->length = 1;
    b->start = 0;
    b->data = NULL;
    APR_BRIGADE_INSERT_HEAD(bb, b);
    return rv;
}

static apr_status_t add_flush(ap_filter_t *f, apr_bucket_brigade *bb, ap_input_mode_t mode,
                              apr_read_type_e block, apr_off_t most)
{
    const apr_status_t rv = ap_get_brigade(f->next, bb, mode, block, most);

    APR_BRIGADE_INSERT_HEAD(bb, apr_bucket_flush_create(bb->bucket_alloc));
    return rv;
}

static void register_hooks(apr_pool_t *p)
{
    (void)p;
    ap_register_input_filter("unreadable", add_unreadable, NULL, AP_FTYPE_RESOURCE);
    ap_register_input_filter("flushed", add_flush, NULL, AP_FTYPE_RESOURCE);
}

AP_DECLARE_MODULE(body) = {STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks,
                           AP_MODULE_FLAG_NONE};
