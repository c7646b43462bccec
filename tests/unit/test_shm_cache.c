/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "db/shm_cache.h"

#define ENTRIES 64
#define NOW     ((apr_int64_t)1000000)
#define TTL     ((apr_int64_t)1000)
#define ID      "abcdefghijklmnopqrstuv"

static const unsigned char store[MS_SHM_CACHE_STORE_LEN] = "a table";
static const unsigned char other_store[MS_SHM_CACHE_STORE_LEN] = "another table";
static const ms_token token = {ID, "0123456789012345678901234567890123456789012"};
static const ms_token other_secret = {ID, "0123456789012345678901234567890123456789013"};
static const ms_token other_id = {"abcdefghijklmnopqrstuw",
                                  "0123456789012345678901234567890123456789012"};
static const ms_token bobs_token = {"vutsrqponmlkjihgfedcba",
                                    "2109876543210987654321098765432109876543210"};
static const ms_shm_cache_key key = {store, &token};

static ms_cache *new_cache(void)
{
    void *memory = aligned_alloc(64, (ms_shm_cache_size(ENTRIES) + 63) / 64 * 64);

    ms_cache *cache;

    assert_non_null(memory);
    memset(memory, 0, ms_shm_cache_size(ENTRIES));
    assert_int_equal(ms_shm_cache_create(&cache, memory, ENTRIES), APR_SUCCESS);
    return cache;
}

static ms_row row_of(const char *user)
{
    const ms_row row = {.id = ID,
                        .secret_hash = "",
                        .user = user,
                        .created_at = 1,
                        .last_seen_at = 2,
                        .expires_at = 3,
                        .max_expires_at = 4,
                        .auth_method = "form",
                        .persistent = 1,
                        .kind = MS_KIND_APP};

    return row;
}

static void keep(ms_cache *cache, const ms_shm_cache_key *as, const char *user, apr_int64_t now)
{
    const ms_row row = row_of(user);
    ms_shm_cache_ticket ticket;

    ms_shm_cache_begin_fill(cache, as->token->id, now, &ticket);
    ms_shm_cache_put(cache, as, &row, &ticket);
}

static const ms_row *get(ms_cache *cache, const ms_shm_cache_key *as, apr_int64_t now, void **state)
{
    ms_shm_cache_ticket ticket;

    return ms_shm_cache_get(cache, as, now, TTL, *state, &ticket);
}

static void an_empty_cache_knows_nothing(void **state)
{
    ms_cache *cache = new_cache();

    assert_null(get(cache, &key, NOW, state));
    free(cache);
}

static void what_was_put_is_found_with_all_that_is_kept(void **state)
{
    ms_cache *cache = new_cache();
    const ms_row *row;

    keep(cache, &key, "alice", NOW);
    row = get(cache, &key, NOW, state);
    assert_non_null(row);
    assert_string_equal(row->id, ID);
    assert_string_equal(row->user, "alice");
    assert_string_equal(row->auth_method, "form");
    assert_int_equal(row->created_at, 1);
    assert_int_equal(row->last_seen_at, 2);
    assert_int_equal(row->expires_at, 3);
    assert_int_equal(row->max_expires_at, 4);
    assert_int_equal(row->persistent, 1);
    assert_int_equal(row->kind, MS_KIND_APP);
    assert_string_equal(row->created_ip, "");
    assert_null(row->label);
    free(cache);
}

static void it_is_found_for_its_time_to_live_and_no_longer(void **state)
{
    ms_cache *cache = new_cache();

    keep(cache, &key, "alice", NOW);
    assert_non_null(get(cache, &key, NOW + TTL - 1, state));
    assert_null(get(cache, &key, NOW + TTL, state));
    assert_null(get(cache, &key, NOW - 1, state));
    free(cache);
}

static void another_id_secret_or_store_is_another_session(void **state)
{
    const ms_shm_cache_key others[] = {
        {store, &other_id}, {store, &other_secret}, {other_store, &token}};
    ms_cache *cache = new_cache();

    keep(cache, &key, "alice", NOW);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_null(get(cache, &others[i], NOW, state));
    }
    free(cache);
}

static unsigned char *find_text(ms_cache *cache, const char *text)
{
    unsigned char *memory = (unsigned char *)cache;
    size_t at = ms_shm_cache_size(ENTRIES) - 64;

    while (--at > 0 && memcmp(memory + at, text, strlen(text) + 1) != 0) {
    }
    assert_true(at > 0);
    return memory + at;
}

/* The secret's hash is the 16 bytes behind the id, which has 24, and the store. */
static void every_bit_of_the_secrets_hash_counts(void **state)
{
    ms_cache *cache = new_cache();
    unsigned char *at;

    keep(cache, &key, "alice", NOW);
    at = find_text(cache, ID) + 24;
    assert_memory_equal(at, store, sizeof(store));
    for (int bit = 0; bit < 128; bit++) {
        unsigned char *byte = at + sizeof(store) + bit / 8;

        *byte ^= (unsigned char)(1 << bit % 8);
        assert_null(get(cache, &key, NOW, state));
        *byte ^= (unsigned char)(1 << bit % 8);
        assert_non_null(get(cache, &key, NOW, state));
    }
    free(cache);
}

/* A stray write of another module makes a user of no other name. */
static void a_name_that_was_damaged_is_not_used(void **state)
{
    static const char *const damaged[] = {"bob", "alicf", "alicefo", ""};
    ms_cache *cache = new_cache();

    for (size_t i = 0; i < COUNT(damaged); i++) {
        keep(cache, &key, "alice", NOW);
        assert_non_null(get(cache, &key, NOW, state));
        memcpy(find_text(cache, "alice"), damaged[i], strlen(damaged[i]) + (i != 2));
        assert_null(get(cache, &key, NOW, state));
    }
    free(cache);
}

static void the_newer_answer_counts(void **state)
{
    ms_cache *cache = new_cache();

    keep(cache, &key, "alice", NOW);
    keep(cache, &key, "bob", NOW + 1);
    assert_string_equal(get(cache, &key, NOW + 1, state)->user, "bob");
    free(cache);
}

static void a_user_whose_session_was_ended_is_forgotten_and_no_other(void **state)
{
    const ms_shm_cache_key bobs = {store, &bobs_token};
    ms_cache *cache = new_cache();

    keep(cache, &key, "alice", NOW);
    keep(cache, &bobs, "bob", NOW);
    ms_shm_cache_invalidate_user(cache, "alice");
    assert_null(get(cache, &key, NOW, state));
    assert_non_null(get(cache, &bobs, NOW, state));
    keep(cache, &key, "alice", NOW);
    assert_non_null(get(cache, &key, NOW, state));
    free(cache);
}

static void all_can_be_forgotten(void **state)
{
    ms_cache *cache = new_cache();

    keep(cache, &key, "alice", NOW);
    ms_shm_cache_invalidate_all(cache);
    assert_null(get(cache, &key, NOW, state));
    free(cache);
}

static void what_was_read_before_an_end_is_not_kept_after_it(void **state)
{
    const ms_row row = row_of("alice");
    ms_cache *cache = new_cache();
    ms_shm_cache_ticket ticket;

    ms_shm_cache_begin_fill(cache, ID, NOW, &ticket);
    ms_shm_cache_invalidate_user(cache, "alice");
    assert_false(ms_shm_cache_put(cache, &key, &row, &ticket));
    assert_null(get(cache, &key, NOW, state));
    ms_shm_cache_begin_fill(cache, ID, NOW, &ticket);
    ms_shm_cache_invalidate_all(cache);
    assert_false(ms_shm_cache_put(cache, &key, &row, &ticket));
    assert_null(get(cache, &key, NOW, state));
    free(cache);
}

static void a_session_that_has_ended_is_forgotten_and_no_other(void **state)
{
    const ms_shm_cache_key others = {store, &other_id};
    ms_cache *cache = new_cache();

    keep(cache, &key, "alice", NOW);
    keep(cache, &others, "alice", NOW);
    ms_shm_cache_invalidate_id(cache, ID);
    assert_null(get(cache, &key, NOW, state));
    assert_non_null(get(cache, &others, NOW, state));
    keep(cache, &key, "alice", NOW);
    assert_non_null(get(cache, &key, NOW, state));
    free(cache);
}

/* The row was read before the session ended, and is stored, or stored again, after. */
static void a_row_read_before_its_session_ended_is_not_found(void **state)
{
    const ms_row row = row_of("alice");
    ms_cache *cache = new_cache();
    ms_shm_cache_ticket ticket;

    ms_shm_cache_begin_fill(cache, ID, NOW, &ticket);
    ms_shm_cache_invalidate_id(cache, ID);
    ms_shm_cache_put(cache, &key, &row, &ticket);
    assert_null(get(cache, &key, NOW, state));
    ms_shm_cache_update(cache, &key, &row, &ticket);
    assert_null(get(cache, &key, NOW, state));
    free(cache);
}

static void what_concerns_a_session_is_counted(void **state)
{
    ms_cache *cache = new_cache();
    apr_uint64_t before = ms_shm_cache_endings(cache, ID, "alice");

    (void)state;
    ms_shm_cache_invalidate_id(cache, other_id.id);
    ms_shm_cache_invalidate_user(cache, "bob");
    assert_int_equal(ms_shm_cache_endings(cache, ID, "alice"), before);
    ms_shm_cache_invalidate_id(cache, ID);
    assert_true(ms_shm_cache_endings(cache, ID, "alice") > before);
    before = ms_shm_cache_endings(cache, ID, "alice");
    ms_shm_cache_invalidate_user(cache, "alice");
    assert_true(ms_shm_cache_endings(cache, ID, "alice") > before);
    before = ms_shm_cache_endings(cache, ID, "alice");
    ms_shm_cache_invalidate_all(cache);
    assert_true(ms_shm_cache_endings(cache, ID, "alice") > before);
    free(cache);
}

static void one_that_is_there_is_found_by_later_processes(void **state)
{
    ms_cache *cache = new_cache(), *again;

    keep(cache, &key, "alice", NOW);
    assert_int_equal(ms_shm_cache_create(&again, cache, ENTRIES), APR_SUCCESS);
    assert_non_null(get(again, &key, NOW, state));
    free(cache);
}

static void an_update_is_found_but_makes_nothing_live_longer(void **state)
{
    ms_cache *cache = new_cache();
    ms_row row = row_of("alice");
    ms_shm_cache_ticket ticket;

    keep(cache, &key, "alice", NOW);
    assert_non_null(ms_shm_cache_get(cache, &key, NOW + TTL / 2, TTL, *state, &ticket));
    row.last_seen_at = 77;
    ms_shm_cache_update(cache, &key, &row, &ticket);
    assert_int_equal(get(cache, &key, NOW + TTL / 2, state)->last_seen_at, 77);
    assert_null(get(cache, &key, NOW + TTL, state));
    ms_shm_cache_invalidate_user(cache, "alice");
    ms_shm_cache_update(cache, &key, &row, &ticket);
    assert_null(get(cache, &key, NOW + TTL / 2, state));
    free(cache);
}

static void names_that_do_not_fit_are_not_kept(void **state)
{
    ms_cache *cache = new_cache();
    char *name = apr_pcalloc(*state, 256);

    memset(name, 'a', 134); /* with "form" and two NULs: 140 bytes */
    keep(cache, &key, name, NOW);
    assert_string_equal(get(cache, &key, NOW, state)->user, name);
    ms_shm_cache_invalidate_all(cache);
    memset(name, 'a', 135);
    keep(cache, &key, name, NOW);
    assert_null(get(cache, &key, NOW, state));
    memset(name, 'a', 255);
    keep(cache, &key, name, NOW);
    assert_null(get(cache, &key, NOW, state));
    free(cache);
}

/* The texts of the times are left out one after the other when a name leaves no room for them. */
static void times_are_kept_as_text_too(void **state)
{
    static const struct {
        int user_len;
        const char *created, *expires;
    } cases[] = {{5, "1700000000", "1800000000"},
                 {112, "1700000000", "1800000000"}, /* with "form" and four NULs: 140 bytes */
                 {113, "1700000000", NULL},
                 {123, "1700000000", NULL},
                 {124, NULL, NULL},
                 {134, NULL, NULL}};
    ms_cache *cache = new_cache();

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *name = apr_pcalloc(*state, 256);
        ms_row row = row_of(name);
        ms_shm_cache_ticket ticket;
        const ms_row *found;

        memset(name, 'a', (size_t)cases[i].user_len);
        row.created_at = 1700000000;
        row.expires_at = 1800000000;
        ms_shm_cache_begin_fill(cache, key.token->id, NOW, &ticket);
        ms_shm_cache_put(cache, &key, &row, &ticket);
        found = get(cache, &key, NOW, state);
        assert_string_equal(found->created_text ? found->created_text : "-",
                            cases[i].created ? cases[i].created : "-");
        assert_string_equal(found->expires_text ? found->expires_text : "-",
                            cases[i].expires ? cases[i].expires : "-");
    }
    free(cache);
}

static void an_update_changes_the_text_of_a_time(void **state)
{
    ms_cache *cache = new_cache();
    ms_row row = row_of("alice");
    ms_shm_cache_ticket ticket;

    keep(cache, &key, "alice", NOW);
    assert_string_equal(get(cache, &key, NOW, state)->expires_text, "3");
    ms_shm_cache_get(cache, &key, NOW, TTL, *state, &ticket);
    row.expires_at = -77;
    ms_shm_cache_update(cache, &key, &row, &ticket);
    assert_string_equal(get(cache, &key, NOW, state)->expires_text, "-77");
    free(cache);
}

/* With any number of entries the last ones are found, and no more memory is used than requested. */
static void a_full_cache_gives_up_what_was_read_longest_ago(void **state)
{
    ms_cache *cache = new_cache();
    ms_token one_of_many = token;
    const ms_shm_cache_key one = {store, &one_of_many};

    for (int i = 0; i < 100 * ENTRIES; i++) {
        apr_snprintf(one_of_many.id, sizeof(one_of_many.id), "%011d%011d", i * 7919, i);
        keep(cache, &one, "alice", NOW + i);
        assert_non_null(get(cache, &one, NOW + i, state));
    }
    free(cache);
}

static void it_begins_with_a_cache_line_wherever_the_memory_does(void **state)
{
    char *memory = apr_pcalloc(*state, ms_shm_cache_size(ENTRIES) + 64);

    for (int i = 0; i < 64; i += 8) {
        ms_cache *cache;

        memset(memory, 0, ms_shm_cache_size(ENTRIES) + 64);
        assert_int_equal(ms_shm_cache_create(&cache, memory + i, ENTRIES), APR_SUCCESS);
        assert_int_equal((apr_uintptr_t)cache % 64, 0);
        assert_in_range((char *)cache - memory, i, i + 63);
    }
}

/* The state word of the slot that holds that id. */
static apr_uint64_t *state_of(ms_cache *cache, const char *id)
{
    unsigned char *bytes = (unsigned char *)cache;

    for (apr_size_t i = 8; i < ms_shm_cache_size(ENTRIES); i += 8) {
        if (memcmp(bytes + i, id, MS_ID_LEN) == 0) {
            return (apr_uint64_t *)(void *)(bytes + i - 8);
        }
    }
    fail_msg("it is nowhere");
    return NULL;
}

static pid_t a_process_that_is_gone(void)
{
    const pid_t pid = fork();

    if (pid == 0) {
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    return pid;
}

static void in_a_closed_one_nothing_is_found_nor_kept(void **state)
{
    ms_cache *cache = new_cache();

    keep(cache, &key, "alice", NOW);
    ms_shm_cache_close(cache);
    assert_null(get(cache, &key, NOW, state));
    keep(cache, &key, "alice", NOW);
    assert_null(get(cache, &key, NOW, state));
    free(cache);
}

static void what_is_being_written_is_not_read_nor_written_by_others(void **state)
{
    ms_cache *cache = new_cache();

    keep(cache, &key, "alice", NOW);
    *state_of(cache, ID) |= (apr_uint64_t)getppid();
    assert_null(get(cache, &key, NOW, state));
    keep(cache, &key, "alice", NOW + 1);
    assert_null(get(cache, &key, NOW + 1, state));
    free(cache);
}

static void a_slot_whose_writer_died_is_used_again(void **state)
{
    ms_cache *cache = new_cache();

    keep(cache, &key, "alice", NOW);
    *state_of(cache, ID) |= (apr_uint64_t)a_process_that_is_gone();
    assert_null(get(cache, &key, NOW, state));
    keep(cache, &key, "alice", NOW + 1);
    assert_non_null(get(cache, &key, NOW + 1, state));
    free(cache);
}

static void a_child_frees_what_a_predecessor_of_its_number_held(void **state)
{
    ms_cache *cache = new_cache();

    keep(cache, &key, "alice", NOW);
    *state_of(cache, ID) |= (apr_uint64_t)getpid();
    ms_shm_cache_child_init(cache);
    keep(cache, &key, "alice", NOW + 1);
    assert_non_null(get(cache, &key, NOW + 1, state));
    free(cache);
}

/* The process was killed while it overwrote alice's slot: id and secret are bob's, the rest is not.
 */
static void what_a_predecessor_left_half_written_is_not_used(void **state)
{
    const apr_size_t written = sizeof(apr_uint64_t) * (1 + 3 + 2 + 2); /* state, id, store, mac */
    const ms_shm_cache_key bobs = {store, &other_id};
    ms_cache *cache = new_cache();
    apr_uint64_t *half;

    keep(cache, &key, "alice", NOW);
    keep(cache, &bobs, "bob", NOW);
    half = state_of(cache, ID);
    memcpy(half, state_of(cache, other_id.id), written);
    *half |= (apr_uint64_t)getpid();
    ms_shm_cache_child_init(cache);
    assert_string_equal(get(cache, &bobs, NOW, state)->user, "bob");
    free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_cache_knows_nothing),
        TEST(what_was_put_is_found_with_all_that_is_kept),
        TEST(it_is_found_for_its_time_to_live_and_no_longer),
        TEST(another_id_secret_or_store_is_another_session),
        TEST(every_bit_of_the_secrets_hash_counts),
        TEST(a_name_that_was_damaged_is_not_used),
        TEST(the_newer_answer_counts),
        TEST(a_user_whose_session_was_ended_is_forgotten_and_no_other),
        TEST(all_can_be_forgotten),
        TEST(what_was_read_before_an_end_is_not_kept_after_it),
        TEST(a_session_that_has_ended_is_forgotten_and_no_other),
        TEST(a_row_read_before_its_session_ended_is_not_found),
        TEST(what_concerns_a_session_is_counted),
        TEST(one_that_is_there_is_found_by_later_processes),
        TEST(it_begins_with_a_cache_line_wherever_the_memory_does),
        TEST(an_update_is_found_but_makes_nothing_live_longer),
        TEST(names_that_do_not_fit_are_not_kept),
        TEST(times_are_kept_as_text_too),
        TEST(an_update_changes_the_text_of_a_time),
        TEST(a_full_cache_gives_up_what_was_read_longest_ago),
        TEST(in_a_closed_one_nothing_is_found_nor_kept),
        TEST(what_is_being_written_is_not_read_nor_written_by_others),
        TEST(a_slot_whose_writer_died_is_used_again),
        TEST(what_a_predecessor_left_half_written_is_not_used),
        TEST(a_child_frees_what_a_predecessor_of_its_number_held),
    };

    return RUN(tests);
}
