/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The look-up cache under many threads of many processes that are killed at any moment, against a
 * model: the "table" is a version for each user and for each session; revoking the user's sessions,
 * or one of them, raises it. A look-up must not return a version that was revoked before the
 * look-up began.
 *
 *   cache [seconds]    exits with 1 at the first wrong answer
 */
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <apr_strings.h>
#include "stress.h"
#include "db/shm_cache.h"

#define PROCESSES 3
#define THREADS   6
#define USERS     16
#define SESSIONS  8 /* of each user: twice as many as there is room for */
#define ENTRIES   64
#define TTL       1000000
#define VERSIONS  (USERS + USERS * SESSIONS)

typedef struct world {
    _Atomic apr_uint64_t version[VERSIONS];  /* in the table: of users, then of sessions */
    _Atomic apr_uint64_t answered[VERSIONS]; /* all before it are known to be revoked */
    _Atomic apr_uint64_t hits, misses, ends, now;
} world;

static world *shared;
static ms_cache *cache;
static const unsigned char store[MS_SHM_CACHE_STORE_LEN] = "the table";

typedef struct session {
    int user;
    int own; /* the place of its version */
    char name[16];
    ms_token token;
} session;

static session session_of(apr_uint32_t n)
{
    session s = {.user = (int)(n % USERS), .own = USERS + (int)(n % (USERS * SESSIONS))};

    snprintf(s.token.id, sizeof(s.token.id), "%08x%08x%06u", n * 2654435761U, ~n * 40503U,
             n % 1000000);
    snprintf(s.name, sizeof(s.name), "user%d", s.user);
    memset(s.token.secret, (int)('A' + n % 26), MS_SECRET_LEN);
    return s;
}

static void fill(const ms_shm_cache_key *key, const session *s, apr_uint32_t *seed)
{
    ms_row row = {.id = s->token.id, .user = s->name, .auth_method = "form", .secret_hash = ""};
    ms_shm_cache_ticket ticket;

    ms_shm_cache_begin_fill(cache, s->token.id, (apr_int64_t)atomic_load(&shared->now), &ticket);
    row.created_at = (apr_int64_t)atomic_load(&shared->version[s->user]);
    row.expires_at = (apr_int64_t)atomic_load(&shared->version[s->own]);
    row.max_expires_at = row.created_at + row.expires_at;
    if (stress_roll(seed) % 4 == 0) {
        sched_yield(); /* the table is slow */
    }
    if (ms_shm_cache_put(cache, key, &row, &ticket) && stress_roll(seed) % 16 == 0) {
        row.last_seen_at++;
        ms_shm_cache_update(cache, key, &row, &ticket);
    }
}

static void look_up(const session *s, apr_uint32_t *seed, apr_pool_t *p)
{
    const apr_uint64_t ended = atomic_load(&shared->answered[s->user]);
    const apr_uint64_t own_ended = atomic_load(&shared->answered[s->own]);
    const ms_shm_cache_key key = {store, &s->token};
    ms_shm_cache_ticket ticket;
    const ms_row *row = ms_shm_cache_get(
        cache, &key, (apr_int64_t)atomic_fetch_add(&shared->now, 1), TTL, p, &ticket);

    if (!row) {
        atomic_fetch_add(&shared->misses, 1);
        fill(&key, s, seed);
        return;
    }
    atomic_fetch_add(&shared->hits, 1);
    if (strcmp(row->id, s->token.id) != 0 || strcmp(row->user, s->name) != 0 ||
        strcmp(row->auth_method, "form") != 0 ||
        row->created_at + row->expires_at != row->max_expires_at) {
        stress_wrong("another session's, or a torn one");
    }
    if ((apr_uint64_t)row->created_at < ended || (apr_uint64_t)row->expires_at < own_ended) {
        stress_wrong("a session that had been ended");
    }
    if (stress_roll(seed) % 16 == 0) {
        ms_row touched = *row;

        touched.last_seen_at++;
        ms_shm_cache_update(cache, &key, &touched, &ticket);
    }
}

static void look_up_with_another_secret(const session *s, apr_pool_t *p)
{
    ms_token token = s->token;
    const ms_shm_cache_key key = {store, &token};
    ms_shm_cache_ticket ticket;

    token.secret[MS_SECRET_LEN - 1] ^= 1;
    if (ms_shm_cache_get(cache, &key, (apr_int64_t)atomic_load(&shared->now), TTL, p, &ticket)) {
        stress_wrong("the wrong secret was good enough");
    }
}

typedef enum { OF_ALL, OF_USER, OF_ID } scope;

static void invalidate(const session *s, scope what)
{
    switch (what) {
    case OF_ALL:
        ms_shm_cache_invalidate_all(cache);
        break;
    case OF_USER:
        ms_shm_cache_invalidate_user(cache, s->name);
        break;
    case OF_ID:
        ms_shm_cache_invalidate_id(cache, s->token.id);
    }
}

static void end(const session *s, scope what)
{
    const int of = what == OF_ID ? s->own : s->user;
    const apr_uint64_t now = atomic_fetch_add(&shared->version[of], 1) + 1;
    apr_uint64_t before = atomic_load(&shared->answered[of]);
    const apr_uint64_t endings = ms_shm_cache_endings(cache, s->token.id, s->name);

    invalidate(s, what);
    if (ms_shm_cache_endings(cache, s->token.id, s->name) <= endings) {
        stress_wrong("an end that does not show");
    }
    while (before < now && !atomic_compare_exchange_weak(&shared->answered[of], &before, now)) {
    }
    atomic_fetch_add(&shared->ends, 1);
}

static void *APR_THREAD_FUNC work(apr_thread_t *thread, void *data)
{
    apr_uint32_t seed = stress_number(data) * 2654435761U | 1;
    apr_pool_t *p;

    (void)thread;
    apr_pool_create(&p, NULL);
    for (;;) {
        const session s = session_of(stress_roll(&seed) % (USERS * SESSIONS));
        const apr_uint32_t dice = stress_roll(&seed) % 1000;

        if (dice < 20) {
            end(&s, dice == 0 ? OF_ALL : dice < 10 ? OF_USER : OF_ID);
        }
        else if (dice < 100) {
            look_up_with_another_secret(&s, p);
        }
        else {
            look_up(&s, &seed, p);
        }
        apr_pool_clear(p);
    }
    return NULL;
}

static void begin(void)
{
    ms_shm_cache_child_init(cache);
}

static int is_every_slot_usable(apr_pool_t *p)
{
    for (apr_uint32_t i = 0; i < 100 * ENTRIES; i++) {
        const session s = session_of(1000000 + i);
        const ms_shm_cache_key key = {store, &s.token};
        ms_shm_cache_ticket ticket;
        apr_uint32_t seed = 1;

        atomic_fetch_add(&shared->now, 1);
        fill(&key, &s, &seed);
        if (!ms_shm_cache_get(cache, &key, (apr_int64_t)atomic_load(&shared->now), TTL, p,
                              &ticket)) {
            return 0;
        }
    }
    return 1;
}

static int run(int seconds)
{
    const int kills = stress_kill_for(seconds, 3000, begin, work, PROCESSES, THREADS);

    printf("%d processes killed, %lu hits, %lu misses, %lu ends\n", kills,
           (unsigned long)shared->hits, (unsigned long)shared->misses, (unsigned long)shared->ends);
    return kills > 0 && shared->hits > 0 && shared->ends > 0;
}

int main(int argc, char **argv)
{
    const int seconds = stress_begin(argc, argv);
    apr_pool_t *p;
    int ok;

    apr_pool_create(&p, NULL);
    shared = stress_share(sizeof(*shared));
    if (ms_shm_cache_create(&cache, stress_share(ms_shm_cache_size(ENTRIES)), ENTRIES) !=
        APR_SUCCESS) {
        return 2;
    }
    shared->now = 1;
    ok = run(seconds);
    if (ok && !is_every_slot_usable(p)) {
        fprintf(stderr, "a slot is lost\n");
        ok = 0;
    }
    return stress_end(ok);
}
