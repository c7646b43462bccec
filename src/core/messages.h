/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages in the visitor's language, with values: [name] stands for a value of that name. The
 * results are plain text, to be escaped for their place. Knows apr and Jansson only.
 */
#ifndef MS_MESSAGES_H
#define MS_MESSAGES_H

#include <apr_pools.h>
#include <jansson.h>
#include "core/language.h"

/** The value of a name as text, static, in p or of names; "": there is none. */
typedef const char *(*ms_messages_look_up)(const void *names, const char *name, apr_pool_t *p);

typedef struct ms_message_value {
    const char *name, *text;
} ms_message_value;

/** A string or integer as text; "" for other values and NULL. In p, or of value. */
const char *ms_messages_value(apr_pool_t *p, const json_t *value);

/**
 * Put values into a message.
 * @param message  already translated
 * @param names    given to look_up()
 * @return in p
 */
const char *ms_messages_fill(apr_pool_t *p, const char *message, const ms_language *language,
                             ms_messages_look_up look_up, const void *names);

/**
 * Translate a message and put values into it.
 * @param message  in English
 * @param values   ends with one that has no name
 * @return in p
 */
const char *ms_messages_format(apr_pool_t *p, const ms_language *language, const char *message,
                               const ms_message_value *values);

#endif
