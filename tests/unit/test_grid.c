/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ctl/grid.c: tables that fit a terminal.
 */
#include "unit.h"

#include "ctl/grid.h"
#include "ctl/words.h"

static const ms_grid_column columns[] = {
    {"ID", 0, 0}, {"USER", 4, 0}, {"DEVICE", 6, 1}, {"IP", 0, 2}};
static const char *const alice[] = {"0123456789", "alice", "Firefox on Linux", "192.0.2.7"};
static const char *const bob[] = {"abcdefghij", "bob", "curl", "2001:db8::7"};

static ms_grid *grid_of(apr_pool_t *p, int width)
{
    ms_grid *grid = ms_grid_create(p, columns, 4, width);

    ms_grid_measure(grid, alice);
    ms_grid_measure(grid, bob);
    return grid;
}

static void columns_are_as_wide_as_their_cells(void **state)
{
    ms_grid *grid = grid_of(*state, 0);

    assert_string_equal(ms_grid_head(grid, *state), "ID          USER   DEVICE            IP");
    assert_string_equal(ms_grid_line(grid, *state, alice),
                        "0123456789  alice  Firefox on Linux  192.0.2.7");
    assert_string_equal(ms_grid_line(grid, *state, bob),
                        "abcdefghij  bob    curl              2001:db8::7");
}

static void a_line_never_is_wider_than_the_terminal(void **state)
{
    for (int width = 17; width < 90; width++) {
        ms_grid *grid = grid_of(*state, width);

        assert_true(ms_words_width(ms_grid_head(grid, *state)) <= width);
        assert_true(ms_words_width(ms_grid_line(grid, *state, alice)) <= width);
        assert_true(ms_words_width(ms_grid_line(grid, *state, bob)) <= width);
    }
}

static void the_widest_column_gives_way_first(void **state)
{
    ms_grid *grid = grid_of(*state, 44);

    ms_grid_head(grid, *state);
    assert_string_equal(ms_grid_line(grid, *state, alice),
                        "0123456789  alice  Firefox on\xE2\x80\xA6   192.0.2.7");
}

static void the_least_important_column_is_left_out(void **state)
{
    ms_grid *grid = grid_of(*state, 30);

    assert_string_equal(ms_grid_head(grid, *state), "ID          USER   DEVICE");
    assert_string_equal(ms_grid_line(grid, *state, alice),
                        "0123456789  alice  Firefox on\xE2\x80\xA6");
    assert_string_equal(ms_grid_line(grid, *state, bob), "abcdefghij  bob    curl");
}

static void an_id_is_never_cut(void **state)
{
    ms_grid *grid = grid_of(*state, 3);

    ms_grid_head(grid, *state);
    assert_string_equal(ms_grid_line(grid, *state, alice), "0123456789  ali\xE2\x80\xA6");
}

static void wide_characters_line_up(void **state)
{
    static const char *const cells[] = {"1", "\xE6\x97\xA5\xE6\x9C\xAC", "x", "y"};
    ms_grid *grid = ms_grid_create(*state, columns, 4, 0);

    ms_grid_measure(grid, cells);
    ms_grid_head(grid, *state);
    assert_string_equal(ms_grid_line(grid, *state, cells),
                        "1   \xE6\x97\xA5\xE6\x9C\xAC  x       y");
}

/* Rows are printed as they are read: a later one may be longer than those that were measured. */
static void a_later_row_may_be_longer(void **state)
{
    static const char *const longer[] = {"0123456789", "alexandra of the library", "curl", "::1"};
    ms_grid *grid = grid_of(*state, 0);

    ms_grid_head(grid, *state);
    assert_string_equal(ms_grid_line(grid, *state, longer),
                        "0123456789  alexandra of the library  curl  ::1");
    grid = grid_of(*state, 60);
    ms_grid_head(grid, *state);
    assert_string_equal(ms_grid_line(grid, *state, longer),
                        "0123456789  alex\xE2\x80\xA6  curl              ::1");
}

static void an_empty_cell_at_the_end_leaves_no_blanks(void **state)
{
    static const char *const cells[] = {"0123456789", "", "curl", ""};
    ms_grid *grid = grid_of(*state, 0);

    ms_grid_head(grid, *state);
    assert_string_equal(ms_grid_line(grid, *state, cells), "0123456789         curl");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(columns_are_as_wide_as_their_cells),
        TEST(a_line_never_is_wider_than_the_terminal),
        TEST(the_widest_column_gives_way_first),
        TEST(the_least_important_column_is_left_out),
        TEST(an_id_is_never_cut),
        TEST(wide_characters_line_up),
        TEST(a_later_row_may_be_longer),
        TEST(an_empty_cell_at_the_end_leaves_no_blanks),
    };

    return RUN(tests);
}
