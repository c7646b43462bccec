/* SPDX-License-Identifier: Apache-2.0 */
/*
 * src/core/dbd_params.c: what of DBDParams may be shown.
 */
#include "unit.h"

#include "core/dbd_params.h"

static void a_password_is_never_shown(void **state)
{
    static const struct {
        const char *driver, *params, *shown;
    } cases[] = {
        {"sqlite3", "/var/lib/managed-session/sessions.db", "/var/lib/managed-session/sessions.db"},
        {"sqlite3", NULL, ""},
        {"pgsql", "host=db.test dbname=app user=web password=wonderland",
         "host=db.test dbname=app user=web"},
        {"pgsql", "password = 'a host=b' host = db.test", "host=db.test"},
        {"pgsql", "password='a\\' host=secret' port=5432", "port=5432"},
        {"pgsql", "password=a\\ host=secret dbname=app", "dbname=app"},
        {"pgsql", "host=db.test password='never closed dbname=app", ""},
        {"pgsql", "postgresql://web:wonderland@db.test/app", ""},
        {"pgsql", "host=db.test password=two words", ""},
        {"pgsql", "sslpassword=wonderland passfile=/x host=db.test", "host=db.test"},
        {"mysql", "host=db.test,user=web,pass=wonderland,dbname=app",
         "host=db.test user=web dbname=app"},
        {"mysql", "host=db.test;pass=wonderland;dbname=app", "host=db.test dbname=app"},
        {"mysql", "wonderland", ""},
        {NULL, "host=db.test", "host=db.test"},
        {"pgsql", "", ""},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(ms_dbd_params_shown(*state, cases[i].driver, cases[i].params),
                            cases[i].shown);
    }
}

static void a_text_that_drivers_would_repeat_is_no_list(void **state)
{
    (void)state;
    assert_true(ms_dbd_params_is_list("pgsql", "host=db.test password=x"));
    assert_true(ms_dbd_params_is_list("pgsql", NULL));
    assert_true(ms_dbd_params_is_list("sqlite3", "/a b c"));
    assert_false(ms_dbd_params_is_list("pgsql", "password=two words"));
    assert_false(ms_dbd_params_is_list("pgsql", "password='two"));
    assert_false(ms_dbd_params_is_list("mysql", "wonderland"));
}

static void noise_is_read_to_its_end(void **state)
{
    for (apr_uint32_t seed = 0; seed < 500; seed++) {
        const char *noise = unit_noise(*state, seed, 60);

        assert_non_null(ms_dbd_params_shown(*state, "pgsql", noise));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_password_is_never_shown),
        TEST(a_text_that_drivers_would_repeat_is_no_list),
        TEST(noise_is_read_to_its_end),
    };

    return RUN(tests);
}
