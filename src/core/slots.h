/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits how many threads do something at the same time: one word for each slot, without locks, in
 * memory of one process or of several. A slot expires by itself, so that a killed process does not
 * keep it for good. Knows apr only.
 */
#ifndef MS_SLOTS_H
#define MS_SLOTS_H

#include <apr.h>

typedef volatile apr_uint32_t ms_slot; /* all zero at first */

/**
 * Take one of n slots.
 * @param now    seconds
 * @param lease  seconds after which it expires if it was not given back
 * @return its number; -1: all are taken
 */
int ms_slots_take(ms_slot *slots, int n, apr_uint32_t now, apr_uint32_t lease);

/** Give it back. */
void ms_slots_give_back(ms_slot *slots, int number);

#endif
