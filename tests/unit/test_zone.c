/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdlib.h>
#include <time.h>
#include "core/zone.h"

#define NOW APR_INT64_C(1772546700) /* 2026-03-03T14:05:00Z */

static void clocks_change_at_the_second_they_do(void **state)
{
    const ms_zone *berlin = ms_zone_load(*state, "Europe/Berlin", NOW);
    const apr_int64_t summer = 1774746000,
                      winter = 1792890000; /* 2026-03-29, 2026-10-25, 01:00 UTC */

    assert_non_null(berlin);
    assert_int_equal(ms_zone_offset(berlin, summer - 1), 3600);
    assert_string_equal(ms_zone_abbreviation(berlin, summer - 1), "CET");
    assert_int_equal(ms_zone_offset(berlin, summer), 7200);
    assert_string_equal(ms_zone_abbreviation(berlin, summer), "CEST");
    assert_int_equal(ms_zone_offset(berlin, winter - 1), 7200);
    assert_int_equal(ms_zone_offset(berlin, winter), 3600);
    assert_int_equal(ms_zone_offset(berlin, APR_INT64_C(3018229200)), 7200); /* 2065-08-23 */
    assert_int_equal(ms_zone_offset(berlin, 0), ms_zone_offset(berlin, NOW));
}

static void zones_have_offsets_of_their_own(void **state)
{
    static const struct {
        const char *name, *abbreviation;
        int offset;
    } cases[] = {{"UTC", "UTC", 0},
                 {"Asia/Tokyo", "JST", 32400},
                 {"Asia/Kolkata", "IST", 19800},
                 {"Asia/Kathmandu", "+0545", 20700},
                 {"America/St_Johns", "NST", -12600},
                 {"America/Argentina/Buenos_Aires", "-03", -10800},
                 {"Etc/GMT+5", "-05", -18000}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const ms_zone *zone = ms_zone_load(*state, cases[i].name, NOW);

        assert_non_null(zone);
        assert_int_equal(ms_zone_offset(zone, NOW), cases[i].offset);
        assert_string_equal(ms_zone_abbreviation(zone, NOW), cases[i].abbreviation);
    }
    assert_int_equal(ms_zone_offset(NULL, NOW), 0);
    assert_string_equal(ms_zone_abbreviation(NULL, NOW), "UTC");
}

static void only_files_of_the_database_are_zones(void **state)
{
    static const char *const names[] = {"",
                                        "/",
                                        "Europe",
                                        "Europe/",
                                        "/etc/localtime",
                                        "../../../etc/localtime",
                                        "Mars/Phobos",
                                        "CET-1CEST,M3.5.0,M10.5.0/3",
                                        ":UTC",
                                        "zone.tab",
                                        "tzdata.zi",
                                        "Europe/Berlin ",
                                        "Europe//../Europe/Berlin",
                                        "..",
                                        "UTC0",
                                        "\xc3\x9c"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_null(ms_zone_load(*state, names[i], NOW));
    }
}

static void the_zone_of_the_process_stays_as_it_was(void **state)
{
    const time_t now = (time_t)NOW;
    struct tm t;

    setenv("TZ", "Asia/Tokyo", 1);
    tzset();
    assert_non_null(ms_zone_load(*state, "Europe/Berlin", NOW));
    assert_string_equal(getenv("TZ"), "Asia/Tokyo");
    assert_int_equal(localtime_r(&now, &t)->tm_gmtoff, 32400);
    unsetenv("TZ");
    tzset();
    assert_non_null(ms_zone_load(*state, "Europe/Berlin", NOW));
    assert_null(getenv("TZ"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(clocks_change_at_the_second_they_do),
        TEST(zones_have_offsets_of_their_own),
        TEST(only_files_of_the_database_are_zones),
        TEST(the_zone_of_the_process_stays_as_it_was),
    };

    return RUN(tests);
}
