/*
 * libre's timers on a monotonic binary heap: see tmr_heap.c. What is declared here is beside the
 * functions of re_tmr.h, which tmr_heap.c takes over.
 */
#ifndef SIP_TMR_HEAP_H
#define SIP_TMR_HEAP_H

#include <stdint.h>

/* Running timers of one thread at most; each needs 24 bytes. A timer beyond it doesn't run and an
 * error is logged. */
#define TMR_HEAP_MAX (1u << 22)

uint32_t tmr_heap_count(void); /* running timers of the calling thread */

/* For tests: the clock of all threads in milliseconds; NULL brings the monotonic clock back. No
 * timer may be running. */
void tmr_heap_clock_set(uint64_t (*now_ms)(void));

/* Gives the calling thread's memory back; its timers are forgotten. Before a thread ends. */
void tmr_heap_release(void);

#endif
