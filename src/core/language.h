/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The languages of the built-in pages. Each is a file of GNU gettext's, src/pages/lang/<tag>.po,
 * compiled by msgfmt and embedded at build time; English is what the messages are written in. They
 * are not read by libintl, since that has one language for the whole process. Knows apr only.
 */
#ifndef MS_LANGUAGE_H
#define MS_LANGUAGE_H

#include <apr.h>

typedef struct ms_language {
    const char *tag;         /* BCP 47: "de" */
    const unsigned char *mo; /* as msgfmt makes it; NULL: English */
    /** The plural form of a number, from the catalogue's Plural-Forms. */
    unsigned long (*plural)(unsigned long n);
} ms_language;

/** All languages, English first, and how many; made from the catalogues by src/pages/lang/embed.sh.
 */
extern const ms_language ms_languages[];
extern const apr_size_t ms_languages_n;

/**
 * The available language that a visitor prefers (RFC 9110, 12.5.4; RFC 4647, 3.4).
 * @param accept  the Accept-Language header, or NULL
 * @return never NULL: English if no other fits
 */
const ms_language *ms_language_choose(const char *accept);

/** A message in that language, or itself if there is no translation. Static. */
const char *ms_language_text(const ms_language *language, const char *message);

/** Whether it is written from right to left. */
int ms_language_is_rtl(const ms_language *language);

/** The form of a message that goes with a number. Static. */
const char *ms_language_plural(const ms_language *language, const char *one, const char *many,
                               apr_int64_t n);

#endif
