/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "core/header_name.h"

static void spellings_of_one_name_are_the_same(void **state)
{
    static const char *const spellings[] = {
        "X-Remote-User",  "x-remote-user",   "X_REMOTE_USER",   "X.Remote~User",   "X-Remote-User_",
        "_X-Remote-User", "--X-Remote-User", "X--Remote__User", "X-Remote-User-_-"};

    (void)state;
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
        assert_true(ms_header_name_is_same("X-Remote-User", spellings[i]));
        assert_true(ms_header_name_is_same(spellings[i], "X-Remote-User"));
    }
}

static void other_names_are_not(void **state)
{
    static const char *const others[] = {"",
                                         "X",
                                         "X-Remote",
                                         "X-Remote-Users",
                                         "XRemoteUser",
                                         "X-RemoteUser",
                                         "Y-Remote-User",
                                         "X-Remote-User-2",
                                         "_",
                                         "X-Remote-Use"};

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_false(ms_header_name_is_same("X-Remote-User", others[i]));
        assert_false(ms_header_name_is_same(others[i], "X-Remote-User"));
    }
}

static void names_of_http_are_reserved(void **state)
{
    static const char *const reserved[] = {"Host",    "content_length", "If-None-Match",
                                           "IF",      "_Proxy",         "Sec-Fetch-Mode",
                                           "cookie-", "X.Forwarded.For"};
    static const char *const open[] = {"X-Remote-User", "Contents",   "Iffy", "X-Forwarded-User",
                                       "Second",        "Proxied-By", "X",    "Hosts"};

    (void)state;
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        assert_true(ms_header_name_is_reserved(reserved[i]));
        assert_false(ms_header_name_is_reserved(open[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(spellings_of_one_name_are_the_same),
        TEST(other_names_are_not),
        TEST(names_of_http_are_reserved),
    };

    return RUN(tests);
}
