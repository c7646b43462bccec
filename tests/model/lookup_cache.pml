/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The look-up cache and the feed of docs/lookup-cache.md, for the model checker spin. The names of the steps are those of that page.
 *
 * There are two hosts with one table, one session, and one slot in this host's cache, in which the session is filled and looked up.
 * Each shared word is read or written in a step of its own. Memory is sequentially consistent here.
 *
 * The claim is the assertion in look_up: a session is not found by a look-up that began after this host had returned from its end,
 * nor by one that began later than a TTL after its end was committed.
 *
 * There are three models, since one of all would have too many states:
 * - as it is: this host ends the session, by its id or its user; two processes fill, one looks up, for ever
 * - SLOT: the same with the slot in words, another session that is kept in it, a writer that is killed, and OPS fills in all
 * - FEED: the other host ends the session; one process polls and is replaced CRASHES times; one fill and one look-up, at any time. A look-up
 *   sees the entry of one fill, a touch is a late fill with the same ticket, and only a late look-up can be wrong.
 *
 * Crashes: a process may stop for ever before any of its steps, since nothing makes it take the next one. Only what others do
 * when one is gone needs steps: may_die() in the poller, and killed[] for a writer of the slot.
 *
 * Time is in ticks, MAX_T in all. Between two ticks any number of steps may happen, and a step may take any number of ticks,
 * but a statement is over after STATEMENT ticks. An entry lives for ever while the feed is read.
 *
 * Each NAIVE_ switch takes one thing away from the protocol. tests/model/run.py sees that each is noticed.
 */
#define OPS 2
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef MAX_T
#define MAX_T 3
#endif

#define TTL       1
#define STATEMENT 1
#ifdef NAIVE_NO_OVERLAP
#define OVERLAP 0
#else
#define OVERLAP 2
#endif
#define NONE (-1)

byte ops, crashes;
bool killed[4]; /* by number: fillers 1 and 2, the reader 3 */

short now;

/* The table: the row, and the statement that ends it. */
mtype = { none, running, committed };
mtype statement = none;
short ended_at, committed_at;
bool answered; /* this host has returned from the end */

/* Shared memory of this host. */
byte invalidations, of_user, of_id;
short began = NONE, saved_from = NONE; /* what a poll has published */

/* The slot. State: 16 times its version, and the writer. */
#define OURS  1
#define OTHER 2
short state;
byte slot_id, slot_generation;
short slot_read_at;

#define owner_of(s)        ((s) & 15)
#define next_state(s, who) ((((s) >> 4) + 1) << 4 | (who))

/* ---- the slot --------------------------------------------------------------------------------- */

/* A process that has been killed takes none of these steps. */
inline write_entry(id, at, generation)
{
#ifdef SLOT
    d_step { !killed[me] -> word = state }
    if
#ifndef NAIVE_TWO_WRITERS
    :: owner_of(word) && !killed[owner_of(word)]
#endif
    :: else ->
        d_step {
            !killed[me];
            mine = 0;
            if
            :: state == word -> mine = next_state(word, me); state = mine
            :: else
            fi
        }
        if
        :: mine ->
            d_step { !killed[me] -> slot_id = id }
            d_step { !killed[me] -> slot_read_at = at }
            d_step { !killed[me] -> slot_generation = generation }
            d_step {
                !killed[me];
                if
                :: state == mine -> state = next_state(mine, 0)
                :: else
                fi
            }
        :: else
        fi
    fi;
    d_step { word = 0; mine = 0 }
#else
    d_step { slot_id = id; slot_read_at = at; slot_generation = generation }
#endif
}

inline read_entry()
{
#ifdef SLOT
    d_step { word = state; e_id = 0 }
    if
#ifndef NAIVE_READ_WITHOUT_STATE
    :: owner_of(word)
#endif
    :: else ->
        e_id = slot_id;
        e_read_at = slot_read_at;
        e_generation = slot_generation;
#ifndef NAIVE_READ_WITHOUT_STATE
        if
        :: state != word -> e_id = 0
        :: else
        fi
#endif
    fi;
    word = 0
#else
    d_step { e_id = slot_id; e_read_at = slot_read_at; e_generation = slot_generation }
#endif
}

/* ---- look-ups --------------------------------------------------------------------------------- */

/* A reader fills, too, if it has found nothing: here other processes do that, whether it has or not. */
inline fill()
{
#ifndef NAIVE_READ_AT_LATE
    read_at = now;
#endif
    sum = of_id;
    f0 = invalidations;                              /* F1 */
    if
    :: statement != committed ->                     /* F2 */
#ifdef NAIVE_READ_AT_LATE
        read_at = now;
#endif
#ifdef NAIVE_TICKET_FIRST
        is_same = (invalidations == f0);
        sum = sum + of_user;
#else
        sum = sum + of_user;                         /* F3 */
        is_same = (invalidations == f0);             /* F4 */
#endif
        if
        :: is_same -> write_entry(OURS, read_at, sum) /* F5 */
        :: else
        fi
    :: else
    fi
}

proctype filler(byte me)
{
    short read_at, word, mine;
    byte sum, f0;
    bool is_same;

#ifdef FEED
    fill()
#else
    do
#ifdef SLOT
    :: d_step { ops < OPS; ops++ }  fill()
    :: d_step { ops < OPS; ops++ }  write_entry(OTHER, now, 2) /* its counters have been raised twice */
#else
    :: fill()
#endif
       d_step { read_at = 0; sum = 0; f0 = 0; is_same = 0 }
    od
#endif
}

inline is_young(limit_is_life)
{
    e_id = (e_id == OURS && t >= e_read_at && (limit_is_life || t - e_read_at < TTL) -> OURS : 0)
}

inline look_up()
{
    d_step {
#ifdef FEED
        answered || (statement == committed && now > committed_at + TTL);
#endif
        t = now;
        is_late = answered || (statement == committed && now > committed_at + TTL)
    }
    b = began;
    read_entry();
    d_step {
#ifdef NAIVE_NO_AGE
        is_young(b != NONE);
#else
        is_young(b != NONE && t >= b && t - b <= TTL);
#endif
        t = 0;
        b = 0
    }
    if
    :: e_id == OURS ->
        sum = of_id;
        sum = sum + of_user;
        if
        :: sum == e_generation ->
            assert(!is_late);
            if
#ifdef SLOT
            :: touches < 1 -> touches++; write_entry(OURS, e_read_at, e_generation) /* a touch */
#endif
            :: skip
            fi
        :: else
        fi
    :: else
    fi
}

proctype reader(byte me)
{
    short t, b, e_read_at, word, mine;
    byte e_id, e_generation, sum, touches;
    bool is_late;

#ifdef FEED
    look_up()
#else
    do
    :: look_up();
       d_step { t = 0; b = 0; e_read_at = 0; e_id = 0; e_generation = 0; sum = 0; is_late = 0 }
    od
#endif
}

/* ---- the feed --------------------------------------------------------------------------------- */

inline publish()
{
    d_step { began = (b > began -> b : began) }
}

/* Killed, and the successor goes on from what is in shared memory. */
inline may_die()
{
    if
    :: d_step { crashes < CRASHES; crashes++ } goto start
    :: skip
    fi
}

proctype poller()
{
    short b, clock, from, mark, mark_at;
    bool is_there, is_known;

start: skip;
    d_step { from = saved_from; clock = 0; mark = 0; mark_at = NONE; is_there = 0; is_known = 0; b = now }
    do
    :: if                                                             /* P2 */
       :: from == NONE ->
           d_step { clock = now; from = (clock > OVERLAP -> clock - OVERLAP : 0); mark = clock; mark_at = now }
#ifndef NAIVE_NO_FORGETTING
           invalidations++;
           of_user++
#endif
       :: from != NONE && mark_at == NONE -> d_step { clock = now; mark = clock; mark_at = now }
       :: else -> clock = now
       fi;
       is_there = (statement == committed && ended_at >= from);       /* P3 */
       may_die();
#ifdef NAIVE_PUBLISH_FIRST
       publish();
#endif
       if
       :: is_there && !is_known -> of_id++                            /* P4 */
       :: else
       fi;
       may_die();
       d_step {
           is_known = is_there;
           if
#ifdef NAIVE_NO_OVERLAP
           :: true -> from = clock
#else
           :: b - mark_at >= OVERLAP ->
               from = (mark > from -> mark : from);
               mark = clock;
               mark_at = now
           :: else
#endif
           fi;
           saved_from = from;
           clock = 0;
           is_there = 0
       }
       may_die();
#ifdef NAIVE_PUBLISH_THE_END
       b = now;
#endif
       publish();                                                     /* P5 */
       b = now                                                        /* P1 of the next one */
    od
}

/* ---- the end ---------------------------------------------------------------------------------- */

/* Commits, whether its client still lives or not, or never. */
inline end_row()
{
    d_step { statement = running; ended_at = now }
    d_step { statement = committed; committed_at = now }              /* E2 */
}

inline invalidate_user()
{
#ifdef NAIVE_USER_FIRST
    of_user++;
    invalidations++
#else
    invalidations++;
    of_user++
#endif
}

proctype ender()
{
    if
#ifdef FEED
    :: end_row() /* by the other host, or by hand */
#else
    :: invalidate_user();                                         /* E1 */
       end_row();
#ifndef NAIVE_NOTHING_AFTER
       invalidate_user();                                         /* E3 */
#endif
       answered = 1
    :: of_id++;
       end_row();
#ifndef NAIVE_NOTHING_AFTER
       of_id++;
#endif
       answered = 1
#endif
    fi
}

/* ---- time and death --------------------------------------------------------------------------- */

proctype time()
{
    do
    :: now < MAX_T && !(statement == running && now - ended_at >= STATEMENT) -> now++
    od
}

proctype killer()
{
    if
    :: killed[1] = 1
    :: killed[2] = 1
    fi
}

init
{
    atomic {
        run ender();
        run reader(3);
        run filler(1);
#ifdef FEED
        run poller();
        run time()
#else
        run filler(2);
        run killer()
#endif
    }
}
