/* SPDX-License-Identifier: Apache-2.0 */
#include "core/product_names.h"

#include <string.h>
#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "core/device_tables.h"

/* ---- names --------------------------------------------------------------------------------- */

static int is_equal(const char *token, const char *name, apr_size_t len)
{
    return strlen(token) == len && apr_cstr_casecmpn(token, name, len) == 0;
}

static const ms_device_product *find(const ms_device_product *known, const char *name,
                                     apr_size_t len)
{
    while (known->token && !is_equal(known->token, name, len)) {
        known++;
    }
    return known->token ? known : NULL;
}

static int is_in(const char *const *list, const char *name, apr_size_t len)
{
    while (*list && !is_equal(*list, name, len)) {
        list++;
    }
    return *list != NULL;
}

static int is_engine(const char *name, apr_size_t len)
{
    return is_in(ms_device_tables_engines, name, len);
}

static int cut_end(const char *name, apr_size_t *len, const char *end)
{
    const apr_size_t n = strlen(end);
    const int cut = *len >= n + 2 && memcmp(name + *len - n, end, n) == 0;

    *len -= cut ? n : 0;
    return cut;
}

/* The length of a name without the platform that some apps add: "Pinterest for Android Tablet",
 * "TwitterAndroid", "TeamsMobile-iOS". */
static apr_size_t without_platform(const char *name, apr_size_t len)
{
    static const char *const platforms[] = {"Android", "iOS", "iPhone", "iPad"};

    for (apr_size_t i = 1; i + 4 <= len; i++) {
        if (memcmp(name + i, " for", 4) == 0 && (i + 4 == len || name[i + 4] == ' ')) {
            return i;
        }
    }
    for (apr_size_t i = 0; i < sizeof(platforms) / sizeof(platforms[0]); i++) {
        if (cut_end(name, &len, platforms[i])) {
            cut_end(name, &len, "-");
            cut_end(name, &len, "_");
            cut_end(name, &len, "Mobile");
            break;
        }
    }
    return len;
}

static int ends_hump(const char *name, apr_size_t i, apr_size_t len)
{
    return apr_isupper(name[i]) && apr_isalnum(name[i - 1]) &&
           (apr_islower(name[i - 1]) || i + strlen("Browser") == len);
}

/* "Hi Browser" of "HiBrowser". Other names stay as they are: "DuckDuckGo". */
static const char *spell(apr_pool_t *p, const char *name, apr_size_t len)
{
    const int browser =
        len > 7 && memcmp(name + len - 7, "Browser", 7) == 0 && !memchr(name, ' ', len);
    char *spelled = apr_palloc(p, 2 * len + 1), *out = spelled;

    for (apr_size_t i = 0; i < len; i++) {
        if (browser && i > 0 && ends_hump(name, i, len)) {
            *out++ = ' ';
        }
        if (name[i] == '%') { /* "%20", as ms_product_is_name() has seen to */
            *out++ = ' ';
            i += 2;
        }
        else {
            *out++ = name[i];
        }
    }
    *out = '\0';
    return spelled;
}

static int is_robot(const char *name, apr_size_t len)
{
    return len >= 3 && apr_cstr_casecmpn(name + len - 3, "bot", 3) == 0;
}

/* Packages are written in lower case, apps are not. */
static int is_program(const char *name)
{
    return apr_islower(name[0]) || strstr(name, "http") || strstr(name, "Http") ||
           strstr(name, "HTTP");
}

static void set_name(apr_pool_t *p, const char *name, apr_size_t len, ms_product_named *named)
{
    const ms_device_product *known = find(ms_device_tables_products, name, len);

    if (!known) {
        len = without_platform(name, len);
        known = find(ms_device_tables_products, name, len);
    }
    if (known) {
        named->name = known->name;
        named->kind = known->kind;
    }
    else if (is_robot(name, len)) {
        named->name = "Bot";
        named->kind = MS_DEVICE_BOT;
    }
    else {
        named->name = spell(p, name, len);
    }
}

int ms_product_names_program(apr_pool_t *p, const char *text, ms_product_named *named)
{
    const ms_device_product *known;
    ms_product first;

    if (!ms_product_next(&text, &first) ||
        !(known = find(ms_device_tables_programs, first.name, first.name_len))) {
        return 0;
    }
    named->name = known->name;
    named->kind = known->kind;
    named->version = first.version ? ms_product_major(p, first.version, first.version_len) : NULL;
    return 1;
}

/* ---- the first that names itself ----------------------------------------------------------- */

#define WORDS_MAX 3

/* Words without a version that stand together: "Jakarta Commons", "LG". */
typedef struct words {
    const char *start;
    apr_size_t len;
    int n;       /* 0: there are none */
    int leading; /* they begin the text */
} words;

typedef struct reader {
    apr_pool_t *p;
    words run;   /* the words before the one that is read */
    words alone; /* the first ones behind an engine that no version follows */
    int n;       /* products and words read */
    int engines; /* of which engines with a version */
    int browser; /* "Mozilla/5.0" is one of them */
    ms_product_named *named;
} reader;

static int is_number(const ms_product *word)
{
    const char *digit = word->name + (*word->name == 'v' || *word->name == 'V');

    return !word->version && apr_isdigit(*digit) && digit < word->name + word->name_len;
}

static int name_it(reader *in, const char *start, const char *end, const char *version,
                   apr_size_t version_len)
{
    const apr_size_t len = (apr_size_t)(end - start);

    if (!ms_product_is_name(start, len) || is_engine(start, len) ||
        is_in(ms_device_tables_generic, start, len)) {
        return 0;
    }
    set_name(in->p, start, len, in->named);
    in->named->version = version ? ms_product_major(in->p, version, version_len) : NULL;
    in->named->program = !in->browser && is_program(in->named->name);
    return 1;
}

/* Capital first, and no digits: "en" and "LaTivu_1.0.1_2021" name nothing. */
static int looks_like_name(const words *run)
{
    apr_size_t i = 0;

    while (i < run->len && run->start[i] != '_' && !apr_isdigit(run->start[i])) {
        i++;
    }
    return i == run->len && apr_isupper(*run->start);
}

/* The words are over and no version has followed. */
static void end_words(reader *in)
{
    if (in->run.n > 0 && in->engines > 0 && in->alone.n == 0 && looks_like_name(&in->run)) {
        in->alone = in->run;
    }
    in->run.n = 0;
}

/* A word without a version. @return 1 if it names the browser */
static int read_word(reader *in, const ms_product *word)
{
    if (is_number(word)) {
        return in->run.n > 0 && word->adjoins &&
               name_it(in, in->run.start, in->run.start + in->run.len, word->name, word->name_len);
    }
    if (in->run.n == 0 || !word->adjoins || in->run.n == WORDS_MAX) {
        end_words(in);
        in->run.start = word->name;
        in->run.leading = in->n == 0;
    }
    in->run.n++;
    in->run.len = (apr_size_t)(word->name + word->name_len - in->run.start);
    return word->comment && in->run.leading &&
           name_it(in, in->run.start, in->run.start + in->run.len, NULL, 0);
}

/* "Name/1.0", with the words before it: "TV Bro/1.0". @return 1 if it names the browser */
static int read_product(reader *in, const ms_product *word)
{
    const int joined = in->run.n > 0 && word->adjoins;
    const char *start = joined ? in->run.start : word->name;
    const int versioned = ms_product_major(in->p, word->version, word->version_len) != NULL;

    if (!joined) {
        end_words(in);
    }
    in->run.n = 0;
    return (versioned || (in->n == 0 && word->version_len == 0)) &&
           name_it(in, start, word->name + word->name_len, word->version, word->version_len);
}

static int read_one(reader *in, const ms_product *word)
{
    const int leading = in->n == 0 && !word->version; /* "TV Bro/1.0" */

    if (!leading && is_engine(word->name, word->name_len)) {
        if (in->run.leading && in->run.n > 0 && word->adjoins && word->version &&
            name_it(in, in->run.start, in->run.start + in->run.len, word->version,
                    word->version_len)) {
            return 1; /* "Pinterest for Android/9.0" */
        }
        end_words(in);
        in->engines += word->version ? 1 : 0;
        in->browser |= is_equal("Mozilla", word->name, word->name_len);
        return 0;
    }
    return word->version ? read_product(in, word) : read_word(in, word);
}

int ms_product_names_own(apr_pool_t *p, const char *text, ms_product_named *named)
{
    reader in = {.p = p, .named = named};
    ms_product word;

    for (; ms_product_next(&text, &word); in.n++) {
        if (read_one(&in, &word)) {
            return 1;
        }
    }
    end_words(&in);
    return in.alone.n > 0 && name_it(&in, in.alone.start, in.alone.start + in.alone.len, NULL, 0);
}
