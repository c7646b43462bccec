/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one table of all directives: name, argument, setter, field, context, default and description.
 * docs/directives.md and the table in README.md are made from it (make docs), and the defaults of a
 * configuration are what its setters read from it.
 */
#ifndef MS_DIRECTIVES_H
#define MS_DIRECTIVES_H

#include <httpd.h>
#include <http_config.h>

/* The field that a directive sets. The first number or pointer in it tells whether it is set. */
typedef struct ms_directive {
    apr_size_t offset;
    enum { MS_FIELD_INT, MS_FIELD_INT64, MS_FIELD_POINTER } type;
    int is_server;        /* of ms_server_conf; 0: of ms_dir_conf */
    const char *fallback; /* the default, as it would be configured; NULL: the code decides */
} ms_directive;

/** For the module record. cmd_data of a row is its ms_directive. */
extern const command_rec ms_directives[];

/** Mark each field that a directive sets as not set. conf: an ms_server_conf or an ms_dir_conf. */
void ms_directives_unset(void *conf, int is_server);

/**
 * Set the fields of a server that are not set to their defaults: those of its ms_server_conf, and
 * those of the ms_dir_conf that the configuration of each of its requests is merged from. After
 * httpd has merged the main server's configuration into the virtual hosts'.
 * @param p  where defaults live, pconf
 */
void ms_directives_set_defaults(apr_pool_t *p, server_rec *s);

#endif
