/* SPDX-License-Identifier: Apache-2.0 */
#include "core/product.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#define SEPARATORS " \t\r\n;,[]()"

/* The end of the comment that begins at text; if it is not closed, the end of the text. */
static const char *skip_comment(const char *text)
{
    int depth = 0;

    for (; *text; text++) {
        if (*text == '(') {
            depth++;
        }
        else if (*text == ')' && --depth == 0) {
            return text + 1;
        }
    }
    return text;
}

static const char *skip_to_word(const char *text, int *adjoins)
{
    *adjoins = 1;
    while (*text && strchr(SEPARATORS, *text)) {
        if (*text != ' ') {
            *adjoins = 0;
        }
        text = *text == '(' ? skip_comment(text) : text + 1;
    }
    return text;
}

/* "Vendor/Name/1.0": the vendor is skipped. */
static void split(ms_product *product, const char *word, const char *end)
{
    const char *slash;

    product->name = word;
    product->version = NULL;
    product->version_len = 0;
    while ((slash = memchr(product->name, '/', (apr_size_t)(end - product->name))) != NULL) {
        product->version = slash + 1;
        product->version_len = (apr_size_t)(end - slash - 1);
        if (apr_isdigit(slash[1]) || !memchr(slash + 1, '/', product->version_len)) {
            break;
        }
        product->name = slash + 1;
    }
    product->name_len = (apr_size_t)((slash ? slash : end) - product->name);
}

int ms_product_next(const char **at, ms_product *product)
{
    const char *word = skip_to_word(*at, &product->adjoins),
               *end = word + strcspn(word, SEPARATORS);

    if (word == end) {
        return 0;
    }
    split(product, word, end);
    *at = end;
    product->comment = end[strspn(end, " ")] == '(';
    return 1;
}

#define LENGTH_MIN  2
#define LENGTH_MAX  40
#define VERSION_MAX 5 /* digits */

static int is_name_character(const char *at, apr_size_t len)
{
    return apr_isalnum(*at) || strchr("._-+!& ", *at) || (len >= 3 && strncmp(at, "%20", 3) == 0);
}

int ms_product_is_name(const char *text, apr_size_t len)
{
    int letters = 0;

    if (len < LENGTH_MIN || len > LENGTH_MAX || !apr_isalnum(text[0])) {
        return 0;
    }
    for (apr_size_t i = 0; i < len; i++) {
        if (!text[i] || !is_name_character(text + i, len - i)) {
            return 0;
        }
        letters += apr_isalpha(text[i]) ? 1 : 0;
    }
    return apr_isalpha(text[0]) || letters >= 3;
}

const char *ms_product_major(apr_pool_t *p, const char *version, apr_size_t len)
{
    apr_size_t n = 0;

    if (len > 0 && (*version == 'v' || *version == 'V')) {
        version++;
        len--;
    }
    while (n < len && apr_isdigit(version[n])) {
        n++;
    }
    return n > 0 && n <= VERSION_MAX ? apr_pstrmemdup(p, version, n) : NULL;
}
