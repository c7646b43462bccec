/* SPDX-License-Identifier: Apache-2.0 */
/*
 * src/core/digest_user.c: the name that mod_auth_digest would take.
 */
#include "unit.h"

#include "core/digest_user.h"

typedef struct named {
    const char *list, *user;
} named;

static void expect(void **state, const named *cases, apr_size_t n)
{
    for (apr_size_t i = 0; i < n; i++) {
        const char *user = ms_digest_user(*state, cases[i].list);

        if (cases[i].user) {
            assert_non_null(user);
            assert_string_equal(user, cases[i].user);
        }
        else {
            assert_null(user);
        }
    }
}

static void a_value_is_quoted_or_a_token(void **state)
{
    static const named cases[] = {
        {"username=\"alice\", realm=\"r\"", "alice"},
        {"realm=\"r\", username=alice", "alice"},
        {"username=alice,realm=r", "alice"},
        {"username=alice realm=r", "alice"},
        {"username=\"a, b\"", "a, b"},
        {"username=\"al\\\"i\\\\ce\"", "al\"i\\ce"},
        {"username=\"alice\"x, realm=r", "alice"},
        {"username=al\"i\"ce", "al\"i\"ce"},
        {"username=\"alice", "alice"},
        {"username=\"alice\\", "alice\\"},
    };

    expect(state, cases, COUNT(cases));
}

static void blanks_and_case_do_not_matter(void **state)
{
    static const named cases[] = {
        {"username =\"alice\"", "alice"},
        {"username= \"alice\"", "alice"},
        {"\tusername\t=\talice", "alice"},
        {",, ,USERNAME=alice", "alice"},
    };

    expect(state, cases, COUNT(cases));
}

static void a_name_inside_another_value_is_none(void **state)
{
    static const named cases[] = {
        {"n=\"username=\", username=\"alice\"", "alice"},
        {"n=\"username=bob, username=bob\", username=alice", "alice"},
        {"n=\"\\\", username=bob\", username=alice", "alice"},
        {"xusername=bob, username=alice, usernames=bob, username*=bob", "alice"},
        {"realm=\"username=alice\"", NULL},
    };

    expect(state, cases, COUNT(cases));
}

static void the_last_of_two_counts(void **state)
{
    static const named cases[] = {
        {"username=bob, username=\"alice\"", "alice"},
        {"username=alice, username", ""},
        {"username=alice, username=", ""},
    };

    expect(state, cases, COUNT(cases));
}

static void a_list_without_a_name_has_no_user(void **state)
{
    static const named cases[] = {{"", NULL},        {",", NULL},  {" ", NULL},   {"=", NULL},
                                  {"realm=r", NULL}, {"\"", NULL}, {"user", NULL}};

    expect(state, cases, COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_value_is_quoted_or_a_token),        TEST(blanks_and_case_do_not_matter),
        TEST(a_name_inside_another_value_is_none), TEST(the_last_of_two_counts),
        TEST(a_list_without_a_name_has_no_user),
    };

    return RUN(tests);
}
