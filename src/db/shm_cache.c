/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of four slots. A slot begins with a state word: a version, and the process that is writing,
 * or 0. A reader copies the slot between two reads of its state, and uses the copy only if the slot
 * was not written meanwhile (a sequence lock). A writer skips a slot that another process is
 * writing, unless that process is gone.
 *
 * The cache keeps a keyed hash of the secret, 128 bits long, under a key that never leaves the
 * memory. SHA-256, as in the table, would be a third of all the work that a session adds to a
 * request.
 *
 * Sessions that have ended are not searched for. Each slot has its generation: how often its id,
 * and its user, had been invalidated when its row was read (with the ids and users that share these
 * counters). When that number goes up, the slot is no longer used.
 *
 * docs/lookup-cache.md describes the whole protocol and argues that it is right.
 */
#include "db/shm_cache.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "core/siphash.h"

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics must work between processes");

#define WAYS        4
#define COUNTERS    4096 /* of invalidations; users share them by hash */
#define ID_COUNTERS 65536
#define LINE        64
#define ID_SPACE    24 /* an id, NUL-terminated, in whole words */

/* The owner of a slot: a process id (Linux: at most 2^22), and bits of the number of that child, so
 * that a child knows its predecessor's slots from its own. */
#define OWNER_BITS 32
#define PID_BITS   22

/* What a slot holds, as whole words. */
typedef struct entry {
    char id[ID_SPACE]; /* first: if it differs, the rest is not read */
    unsigned char store[MS_SHM_CACHE_STORE_LEN];
    apr_uint64_t mac[2]; /* of the secret */
    apr_int64_t read_at;
    apr_uint64_t generation;
    apr_int64_t created_at;
    apr_int64_t last_seen_at;
    apr_int64_t expires_at;
    apr_int64_t max_expires_at;
    apr_uint16_t counter; /* the user's */
    unsigned char user_len;
    unsigned char persistent : 1, kind : 1; /* an ms_kind */
    /* User and authentication method; then, if they fit, created_at and expires_at in decimal. Each
     * NUL-terminated. */
    char text[140];
} entry;

/* C11 atomics, not apr_atomic: the copy between two reads of a state needs acquire and release
 * only, and apr has full barriers only. The order that each access below names is deliberate. */
typedef _Atomic apr_uint64_t word;

#define WORDS (sizeof(entry) / sizeof(apr_uint64_t))

typedef struct slot {
    word state;
    word words[WORDS];
} slot;

_Static_assert(sizeof(entry) % sizeof(apr_uint64_t) == 0, "an entry is copied in words");
_Static_assert(sizeof(slot) % LINE == 0, "slots share no cache line");
_Static_assert(COUNTERS <= 65536, "a counter's number is kept in 16 bits");

struct ms_cache {
    word is_made;
    unsigned char key[MS_SIPHASH_KEY_LEN];
    word closed;
    word children;                     /* started so far */
    _Alignas(LINE) word invalidations; /* invalidations of all users */
    _Alignas(LINE) word user_invalidations[COUNTERS];
    _Alignas(LINE) word id_invalidations[ID_COUNTERS];
    slot slots[];
};

/* Process-wide, set at start: this child's number, 0 outside of children; and of the cache that was
 * created last, how many sets it has. This is not read from the shared memory, since a stray write
 * of another module there must not lead outside of it. */
static apr_uint64_t child, sets;

static apr_uint64_t sets_for(apr_size_t entries)
{
    return entries > WAYS ? (entries + WAYS - 1) / WAYS : 1;
}

apr_size_t ms_shm_cache_size(apr_size_t entries)
{
    return LINE - 1 + sizeof(ms_cache) + (apr_size_t)sets_for(entries) * WAYS * sizeof(slot);
}

apr_status_t ms_shm_cache_create(ms_cache **cache, void *memory, apr_size_t entries)
{
    const apr_size_t past = (apr_uintptr_t)memory % LINE; /* apr keeps the size at the start */
    ms_cache *made = (void *)((char *)memory + (past ? LINE - past : 0));
    apr_status_t rv = APR_SUCCESS;

    sets = sets_for(entries);
    if (!atomic_load(&made->is_made)) {
        rv = apr_generate_random_bytes(made->key, sizeof(made->key));
        atomic_store(&made->is_made, rv == APR_SUCCESS);
    }
    *cache = rv == APR_SUCCESS ? made : NULL;
    return rv;
}

/* ---- state ----------------------------------------------------------------------------------- */

static apr_uint64_t owner_of(apr_uint64_t state)
{
    return state & (((apr_uint64_t)1 << OWNER_BITS) - 1);
}

static apr_uint64_t next_state(apr_uint64_t state, apr_uint64_t owner)
{
    return ((state >> OWNER_BITS) + 1) << OWNER_BITS | owner;
}

static apr_uint64_t pid_of(apr_uint64_t owner)
{
    return owner & (((apr_uint64_t)1 << PID_BITS) - 1);
}

static apr_uint64_t this_process(void)
{
    return owner_of(child << PID_BITS | pid_of((apr_uint64_t)getpid()));
}

/* A process with our id that is not this one was a predecessor. */
static int is_gone(apr_uint64_t owner, apr_uint64_t me)
{
    if (pid_of(owner) == pid_of(me)) {
        return owner != me;
    }
    return kill((pid_t)pid_of(owner), 0) != 0 && errno == ESRCH;
}

/* Take a slot for writing; 0: another process has it. */
static apr_uint64_t take(slot *at)
{
    apr_uint64_t state = atomic_load(&at->state);
    const apr_uint64_t me = this_process(), mine = next_state(state, me);

    if (owner_of(state) && !is_gone(owner_of(state), me)) {
        return 0;
    }
    return atomic_compare_exchange_strong(&at->state, &state, mine) ? mine : 0;
}

/* Give it back, unless another process thought that this one was gone, and took it. */
static void give_back(slot *at, apr_uint64_t mine)
{
    atomic_compare_exchange_strong(&at->state, &mine, next_state(mine, 0));
}

/* ---- a slot's words --------------------------------------------------------------------------
 */

/* Acquire: the second read of the state must not happen before these. */
static void read_words(const slot *at, apr_size_t from, apr_size_t to, entry *into)
{
#pragma GCC unroll 8
    for (apr_size_t i = from; i < to; i++) {
        const apr_uint64_t one = atomic_load_explicit(&at->words[i], memory_order_acquire);

        memcpy((char *)into + i * sizeof(one), &one, sizeof(one));
    }
}

/* Release: a reader that sees one of these words must see that the slot is being written. */
static void write_words(slot *at, const entry *from)
{
    apr_uint64_t words[WORDS];

    memcpy(words, from, sizeof(words));
    for (apr_size_t i = 0; i < WORDS; i++) {
        atomic_store_explicit(&at->words[i], words[i], memory_order_release);
    }
}

/* Whether a slot holds that id, and then all of it. */
static int read_entry(const slot *at, const char *id, entry *into)
{
    const apr_uint64_t state = atomic_load_explicit(&at->state, memory_order_acquire);

    if (owner_of(state)) {
        return 0;
    }
    read_words(at, 0, ID_SPACE / sizeof(apr_uint64_t), into);
    if (memcmp(into->id, id, MS_ID_LEN) != 0) {
        return 0;
    }
    read_words(at, ID_SPACE / sizeof(apr_uint64_t), WORDS, into);
    return atomic_load_explicit(&at->state, memory_order_relaxed) == state;
}

/* The slots are not visited: that would touch all of the memory. */
void ms_shm_cache_child_init(ms_cache *cache)
{
    child = atomic_fetch_add(&cache->children, 1) + 1;
}

void ms_shm_cache_close(ms_cache *cache)
{
    atomic_store(&cache->closed, 1);
}

/* ---- where things are ------------------------------------------------------------------------
 */

#define GOLDEN 0x9e3779b97f4a7c15 /* 2^64 over the golden ratio: mixes upwards */

/* Ids are random, and only we choose them. The hash has 32 bits. */
static apr_uint64_t hash_of(const char *id)
{
    apr_uint64_t words[3]; /* the last one overlaps */

    memcpy(words, id, 2 * sizeof(*words));
    memcpy(&words[2], id + MS_ID_LEN - sizeof(*words), sizeof(*words));
    words[0] = (words[0] ^ words[1] * 3 ^ words[2] * 5) * GOLDEN;
    return (words[0] ^ words[0] >> 32) * GOLDEN >> 32;
}

static slot *set_of(ms_cache *cache, const char *id)
{
    return &cache->slots[hash_of(id) * sets / ((apr_uint64_t)1 << 32) * WAYS];
}

/* Other bits than the set's first ones, so that a set's sessions do not share a counter. */
static word *of_id(ms_cache *cache, const char *id)
{
    return &cache->id_invalidations[hash_of(id) % ID_COUNTERS];
}

/* FNV-1a. An attacker can pick colliding names; the only effect is a cache miss. */
static apr_uint16_t counter_of(const char *user)
{
    apr_uint32_t hash = 2166136261U;

    for (const char *c = user; *c; c++) {
        hash = (hash ^ (unsigned char)*c) * 16777619U;
    }
    return (apr_uint16_t)((hash ^ hash >> 16) % COUNTERS);
}

static void make_mac(const ms_cache *cache, const ms_token *token, apr_uint64_t mac[2])
{
    ms_siphash_128(cache->key, token->secret, MS_SECRET_LEN, mac);
}

static int is_secret(const ms_cache *cache, const entry *found, const ms_token *token)
{
    apr_uint64_t mac[2];

    make_mac(cache, token, mac);
    return ((mac[0] ^ found->mac[0]) | (mac[1] ^ found->mac[1])) == 0;
}

static int is_key(const entry *found, const ms_shm_cache_key *key)
{
    return memcmp(found->id, key->token->id, MS_ID_LEN) == 0 &&
           memcmp(found->store, key->store, MS_SHM_CACHE_STORE_LEN) == 0;
}

/* ---- get -------------------------------------------------------------------------------------
 */

/* Neither counter goes down: if the sum is the same, so are both. */
static apr_uint64_t endings(ms_cache *cache, const char *id, apr_uint16_t counter)
{
    return atomic_load(of_id(cache, id)) + atomic_load(&cache->user_invalidations[counter]);
}

/* Whether the names are as they were written: a stray write may have been there. */
static int are_names_whole(const entry *found)
{
    return strnlen(found->text, sizeof(found->text) - 1) == found->user_len &&
           !found->text[sizeof(found->text) - 1] && counter_of(found->text) == found->counter;
}

static int is_good(ms_cache *cache, const entry *found, const ms_shm_cache_key *key,
                   apr_int64_t now, apr_int64_t ttl)
{
    return is_key(found, key) && now >= found->read_at && now - found->read_at < ttl &&
           endings(cache, found->id, found->counter % COUNTERS) == found->generation &&
           are_names_whole(found) && is_secret(cache, found, key->token);
}

/* NULL: there is none before end. */
static const char *next_text(const char *text, const char *end)
{
    const char *next = text ? text + strlen(text) + 1 : end;

    return next < end && *next ? next : NULL;
}

static const ms_row *as_row(const entry *found, apr_pool_t *p)
{
    typedef struct kept {
        ms_row row;
        char id[ID_SPACE];
        char text[sizeof(found->text)];
    } kept;
    kept *copy = apr_palloc(p, sizeof(*copy));
    const char *method = copy->text + found->user_len + 1, *end = copy->text + sizeof(copy->text),
               *created;

    memcpy(copy->id, found->id, sizeof(copy->id));
    memcpy(copy->text, found->text, sizeof(copy->text));
    created = next_text(method, end);
    copy->row = (ms_row){.id = copy->id,
                         .secret_hash = "",
                         .user = copy->text,
                         .created_at = found->created_at,
                         .last_seen_at = found->last_seen_at,
                         .expires_at = found->expires_at,
                         .max_expires_at = found->max_expires_at,
                         .created_ip = "",
                         .last_ip = "",
                         .user_agent = "",
                         .auth_method = method,
                         .created_text = created,
                         .expires_text = next_text(created, end),
                         .persistent = found->persistent,
                         .kind = found->kind};
    return &copy->row;
}

const ms_row *ms_shm_cache_get(ms_cache *cache, const ms_shm_cache_key *key, apr_int64_t now,
                               apr_int64_t ttl, apr_pool_t *p, ms_shm_cache_ticket *ticket)
{
    const slot *set = set_of(cache, key->token->id);
    entry found;

    for (int i = 0; i < WAYS && !atomic_load(&cache->closed); i++) {
        if (read_entry(&set[i], key->token->id, &found) && is_good(cache, &found, key, now, ttl)) {
            ticket->read_at = found.read_at;
            ticket->generation = found.generation;
            return as_row(&found, p);
        }
    }
    return NULL;
}

/* ---- put -------------------------------------------------------------------------------------
 */

/* The slot that has the key already, or the one that was read longest ago. What is read here may
 * be torn, and then the choice is not the best. */
static slot *choose(ms_cache *cache, const ms_shm_cache_key *key)
{
    slot *set = set_of(cache, key->token->id), *oldest = set;
    apr_int64_t oldest_at = APR_INT64_MAX;
    entry held;

    for (int i = 0; i < WAYS; i++) {
        read_words(&set[i], 0, WORDS, &held);
        if (is_key(&held, key)) {
            return &set[i];
        }
        if (held.read_at < oldest_at) {
            oldest = &set[i];
            oldest_at = held.read_at;
        }
    }
    return oldest;
}

/* Whether another session's entry is lost when the slot is written. A torn one may be miscounted.
 */
static int displaces(ms_cache *cache, const slot *at, const ms_shm_cache_key *key,
                     apr_int64_t useful_since)
{
    entry held;

    read_words(at, 0, WORDS, &held);
    return !is_key(&held, key) && held.read_at > useful_since &&
           endings(cache, held.id, held.counter % COUNTERS) == held.generation;
}

static void write_entry(slot *at, const entry *kept)
{
    const apr_uint64_t mine = take(at);

    if (mine) {
        write_words(at, kept);
        give_back(at, mine);
    }
}

/* Where the text ends then; at its very end if the number does not fit. */
static apr_size_t add_number(char *text, apr_size_t at, apr_size_t space, apr_int64_t n)
{
    char digits[24];
    const apr_size_t len =
        (apr_size_t)apr_snprintf(digits, sizeof(digits), "%" APR_INT64_T_FMT, n) + 1;

    if (at + len > space) {
        return space;
    }
    memcpy(text + at, digits, len);
    return at + len;
}

/* Returns whether the names fit. */
static int make_entry(const ms_cache *cache, const ms_shm_cache_key *key, const ms_row *row,
                      const ms_shm_cache_ticket *ticket, entry *made)
{
    const apr_size_t user_len = strlen(row->user), method_len = strlen(row->auth_method);
    entry kept = {.read_at = ticket->read_at,
                  .generation = ticket->generation,
                  .created_at = row->created_at,
                  .last_seen_at = row->last_seen_at,
                  .expires_at = row->expires_at,
                  .max_expires_at = row->max_expires_at,
                  .counter = counter_of(row->user),
                  .user_len = (unsigned char)user_len,
                  .persistent = row->persistent != 0,
                  .kind = row->kind != MS_KIND_BROWSER};
    apr_size_t at;

    if (user_len + 1 + method_len + 1 > sizeof(kept.text)) {
        return 0;
    }
    memcpy(kept.id, key->token->id, MS_ID_LEN);
    memcpy(kept.store, key->store, sizeof(kept.store));
    make_mac(cache, key->token, kept.mac);
    memcpy(kept.text, row->user, user_len);
    memcpy(kept.text + user_len + 1, row->auth_method, method_len);
    at = add_number(kept.text, user_len + 1 + method_len + 1, sizeof(kept.text), row->created_at);
    add_number(kept.text, at, sizeof(kept.text), row->expires_at);
    *made = kept;
    return 1;
}

void ms_shm_cache_update(ms_cache *cache, const ms_shm_cache_key *key, const ms_row *row,
                         const ms_shm_cache_ticket *ticket)
{
    entry made;

    if (make_entry(cache, key, row, ticket, &made)) {
        write_entry(choose(cache, key), &made);
    }
}

void ms_shm_cache_begin_fill(ms_cache *cache, const char *id, apr_int64_t now,
                             ms_shm_cache_ticket *ticket)
{
    ticket->read_at = now;
    ticket->useful_since = now;
    ticket->displaced = 0;
    ticket->of_id = atomic_load(of_id(cache, id));
    ticket->invalidations = atomic_load(&cache->invalidations);
}

int ms_shm_cache_put(ms_cache *cache, const ms_shm_cache_key *key, const ms_row *row,
                     ms_shm_cache_ticket *ticket)
{
    entry made;

    ticket->generation =
        ticket->of_id + atomic_load(&cache->user_invalidations[counter_of(row->user)]);
    /* The user was not known before the row was read, so the user's counter was read too late. But
     * an invalidation meanwhile has raised the counter of all users first. */
    if (atomic_load(&cache->invalidations) != ticket->invalidations) {
        return 0;
    }
    if (make_entry(cache, key, row, ticket, &made)) {
        slot *at = choose(cache, key);

        ticket->displaced = displaces(cache, at, key, ticket->useful_since);
        write_entry(at, &made);
    }
    return 1;
}

/* ---- invalidate ------------------------------------------------------------------------------
 */

/* The id is known before the query, so its own counter is enough. */
void ms_shm_cache_invalidate_id(ms_cache *cache, const char *id)
{
    atomic_fetch_add(of_id(cache, id), 1);
}

/* In this order: ms_shm_cache_put() reads them the other way round (docs/lookup-cache.md, the
 * claim).
 */
void ms_shm_cache_invalidate_user(ms_cache *cache, const char *user)
{
    atomic_fetch_add(&cache->invalidations, 1);
    atomic_fetch_add(&cache->user_invalidations[counter_of(user)], 1);
}

void ms_shm_cache_invalidate_all(ms_cache *cache)
{
    atomic_fetch_add(&cache->invalidations, 1);
    for (int i = 0; i < COUNTERS; i++) {
        atomic_fetch_add(&cache->user_invalidations[i], 1);
    }
}

apr_uint64_t ms_shm_cache_endings(ms_cache *cache, const char *id, const char *user)
{
    return endings(cache, id, counter_of(user));
}
