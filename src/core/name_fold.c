/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unicode's own properties decide, through libunistring: there is no table of letters here.
 */
#include "core/name_fold.h"

#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uniname.h>
#include <uninorm.h>
#include <unistr.h>
#include <apr_lib.h>
#include <apr_strings.h>

#define FIRST_SUPPLEMENTARY 0x10000
#define REPLACEMENT         0xfffd
#define EXPANSION           2 /* letters that one letter becomes at most: "ae" */

/* Databases leave out some signs, so that any number of them makes no other name. Which ones
 * depends on the version, so all go that are neither a letter nor a number. */
static int is_left_out(ucs4_t c, const char *name)
{
    return strstr(name, " SIGN ") || strstr(name, " FRAGMENT") ||
           !uc_is_general_category_withtable(c, UC_CATEGORY_MASK_N | UC_CATEGORY_MASK_Lu |
                                                    UC_CATEGORY_MASK_Ll | UC_CATEGORY_MASK_Lt |
                                                    UC_CATEGORY_MASK_Lo);
}

/* Letters that some database holds equal to others, and that are not the last ones of their name.
 */
static const char *letters_of_other_name(const char *name)
{
    static const struct {
        const char *end, *letters;
    } others[] = {{" ETH", "d"},
                  {" OLD POLISH O", "a"},
                  {" VOLAPUK AE", "a"},
                  {" VOLAPUK OE", "o"},
                  {" VOLAPUK UE", "u"},
                  {" TURNED DELTA", "zw"},
                  {" INVERTED GLOTTAL STOP", "ts"}};
    const size_t len = strlen(name);

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        const size_t end = strlen(others[i].end);

        if (len > end && strcmp(name + len - end, others[i].end) == 0) {
            return others[i].letters;
        }
    }
    return NULL;
}

/* The last word of a name that is short enough to be letters; it is cut behind that. */
static const char *short_word(char *name)
{
    char *blank;

    while ((blank = strrchr(name, ' ')) != NULL && strlen(blank + 1) > EXPANSION) {
        *blank = '\0';
    }
    return blank ? blank + 1 : "";
}

/* "LATIN SMALL LETTER O WITH STROKE", "COMBINING LATIN SMALL LETTER R BELOW" and "LATIN SMALL
 * LETTER TS DIGRAPH" do not decompose, but their names tell the letters. Of a letter with a name of
 * its own, such as esh, there are none. */
static size_t letters_of(char *name, uint32_t *out)
{
    char *with = strstr(name, " WITH ");
    const char *letters;
    size_t len;

    if (!strstr(name, "LATIN ")) {
        return 0;
    }
    if (with) {
        *with = '\0';
    }
    letters = letters_of_other_name(name);
    letters = letters ? letters : short_word(name);
    len = strlen(letters);
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint32_t)apr_tolower(letters[i]);
    }
    return len;
}

/* The digit that a character of any script is to databases, or -1. Some hold Tibetan halves equal
 * to the digit above, and Bengali sixteenths equal to how many they are. */
static int digit_of(uc_fraction_t number)
{
    int digit = -1;

    if (number.denominator == 1) {
        digit = number.numerator;
    }
    else if (number.denominator == 2) {
        digit = (number.numerator + 1) / 2;
    }
    else if (number.denominator > 0 && 16 % number.denominator == 0) {
        digit = number.numerator * (16 / number.denominator);
    }
    return digit <= 9 ? digit : -1;
}

/* A character beyond ASCII, simplified. Returns how many there are in out. */
static size_t simplify_one(ucs4_t c, uint32_t *out)
{
    char name[UNINAME_MAX] = "";
    const int digit = digit_of(uc_numeric_value(c));
    size_t n;

    if (uc_is_property_default_ignorable_code_point(c)) {
        return 0;
    }
    if (digit >= 0) {
        *out = '0' + (uint32_t)digit;
        return 1;
    }
    unicode_character_name(c, name);
    n = letters_of(name, out);
    if (n > 0 || is_left_out(c, name)) {
        return n;
    }
    /* utf8mb4_general_ci holds all characters beyond the basic plane equal. */
    *out = c >= FIRST_SUPPLEMENTARY ? REPLACEMENT : c;
    return 1;
}

/* The sharp s is "s" to utf8mb4_general_ci and "ss" to the others: in place, the new length. */
static size_t one_s(uint32_t *name, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (name[i] != 's' || n == 0 || name[n - 1] != 's') {
            name[n++] = name[i];
        }
    }
    return n;
}

/* To be freed; NULL: no memory. */
static uint32_t *simplify(const uint32_t *name, size_t *len)
{
    uint32_t *out = malloc((*len * EXPANSION + 1) * sizeof(*out));
    size_t n = 0;

    for (size_t i = 0; out && i < *len; i++) {
        if (name[i] >= 0x80) {
            n += simplify_one(name[i], out + n);
        }
        else if (!uc_is_property_white_space(name[i])) {
            out[n++] = name[i];
        }
    }
    *len = out ? one_s(out, n) : 0;
    return out;
}

/* To be freed; NULL: it is not UTF-8, or there is no memory. */
static uint8_t *fold(const char *name, size_t *len)
{
    size_t n = 0;
    uint32_t *wide = u8_to_u32((const uint8_t *)name, strlen(name), NULL, &n);
    uint32_t *apart = wide ? u32_normalize(UNINORM_NFKD, wide, n, NULL, &n) : NULL;
    uint32_t *simple = apart ? simplify(apart, &n) : NULL;
    /* By the capital letter: some letters have one without being its small letter. */
    uint32_t *upper = simple ? u32_toupper(simple, n, NULL, UNINORM_NFKD, NULL, &n) : NULL;
    uint32_t *small = upper ? u32_casefold(upper, n, NULL, UNINORM_NFKD, NULL, &n) : NULL;
    uint32_t *simplest = small ? simplify(small, &n) : NULL;
    uint8_t *result = simplest ? u32_to_u8(simplest, n, NULL, len) : NULL;
    void *const used[] = {wide, apart, simple, upper, small, simplest};

    for (size_t i = 0; i < sizeof(used) / sizeof(used[0]); i++) {
        free(used[i]);
    }
    return result;
}

static const char *fold_ascii(apr_pool_t *p, const char *name)
{
    char *folded = apr_pstrdup(p, name);

    apr_collapse_spaces(folded, folded);
    for (char *c = folded; *c; c++) {
        *c = (char)apr_tolower(*c);
    }
    return folded;
}

const char *ms_name_fold(apr_pool_t *p, const char *name)
{
    size_t len = 0;
    uint8_t *folded = fold(name, &len);
    const char *result =
        folded ? apr_pstrmemdup(p, (const char *)folded, len) : fold_ascii(p, name);

    free(folded);
    return result;
}
