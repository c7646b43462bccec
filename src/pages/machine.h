/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages for machines that watch the server: health for load balancers, metrics for Prometheus. They
 * are closed unless the configuration opens them, and look no session up.
 */
#ifndef MS_MACHINE_H
#define MS_MACHINE_H

#include <httpd.h>

/** JSON: 200 if sessions can be looked up, 503 if not. */
int ms_machine_health_get(request_rec *r);
int ms_machine_health_check(request_rec *r);

/** The counters in Prometheus' text format, version 0.0.4. */
int ms_machine_metrics_get(request_rec *r);
int ms_machine_metrics_check(request_rec *r);

#endif
