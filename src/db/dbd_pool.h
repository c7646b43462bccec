/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mod_dbd's pool of connections. It waits without limit for a free connection, logs each one that
 * it cannot make, and hands out dead ones: so threads are admitted by the limiter, and the number
 * of tries is bounded. What a connection is used for is connection.c's matter.
 */
#ifndef MS_DBD_POOL_H
#define MS_DBD_POOL_H

#include <signal.h>
#include <apr_dbd.h>
#include <httpd.h>
#include <mod_dbd.h>
#include "db/store.h"

/** See ms_store_is_available(). */
int ms_dbd_pool_is_available(void);

/** From post_config: the stores whose connections are counted. They live as long as the array. */
void ms_dbd_pool_post_config(ms_store *const *stores, int n);

/** In each child, after mod_dbd's own child_init: find mod_dbd. */
void ms_dbd_pool_child_init(void);

/** Identifies the pool of a server. */
const void *ms_dbd_pool_id(const server_rec *s);

/** The connection that this request holds already through ap_dbd_acquire(), or NULL. */
void *ms_dbd_pool_held(request_rec *r);

/** mod_dbd has made a connection: count it until p, its pool, is destroyed. */
void ms_dbd_pool_opened(apr_pool_t *p, const dbd_cfg_t *cfg);

/**
 * Take a connection, or the one that the request holds.
 * @param dbd  out: give it back with ms_dbd_pool_give_back()
 * @return APR_SUCCESS; APR_EAGAIN or APR_TIMEUP: none became free in two seconds, or
 * too many wait (MS0267), or the database was away a moment ago; APR_EGENERAL: it cannot be reached
 * (MS0001); APR_ENOTIMPL: there is no mod_dbd; APR_ENOMEM: this child has no limiter, which was
 * logged at its start
 */
apr_status_t ms_dbd_pool_take(const ms_db_ctx *ctx, ap_dbd_t **dbd);
void ms_dbd_pool_give_back(const ms_db_ctx *ctx, ap_dbd_t *dbd);

/**
 * mpm_prefork ends a child in the handler of a signal, wherever the child is: it would free a
 * connection, and all of mod_dbd's pool, in the middle of a statement. So the signals to end wait
 * from before a connection is taken until it is back. With other MPMs this does nothing.
 * @param before  out: for ms_dbd_pool_release_signals()
 */
void ms_dbd_pool_hold_signals(sigset_t *before);
void ms_dbd_pool_release_signals(const sigset_t *before);

/** Log that the database cannot be reached (MS0001), once a second for all children. */
void ms_dbd_pool_log_unreachable(const ms_db_ctx *ctx);

#endif
