/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target of the event log: a file, or a program that reads a pipe. A line is written whole or
 * not at all, and a request waits for a slow reader for one second at most. Lines that
 * could not be written are counted. events.c makes the lines.
 */
#ifndef MS_EVENT_LOG_H
#define MS_EVENT_LOG_H

#include <limits.h>
#include <apr_file_io.h>
#include <httpd.h>

/* A write of up to this many bytes to a pipe is atomic, so lines of several children do not mix
 * (POSIX, write: PIPE_BUF). */
#define MS_EVENT_LINE_MAX PIPE_BUF

typedef struct ms_event_log ms_event_log;

/**
 * Open a target for all children of this server.
 * @param log    out; lives as long as pconf
 * @param target a file, relative to ServerRoot, or "|program"
 */
apr_status_t ms_event_log_open(ms_event_log **log, apr_pool_t *pconf, const char *target);

/** The target as configured. */
const char *ms_event_log_target(const ms_event_log *log);

/**
 * Write one line. A line that cannot be written within a second is lost: it is counted, and the
 * error log names the target (MS0061, one line a minute for all children).
 * @param line with its newline, MS_EVENT_LINE_MAX bytes at most
 */
void ms_event_log_write(ms_event_log *log, const server_rec *s, const char *line);

#endif
