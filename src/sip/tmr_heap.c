/*
 * libre's timers, taken over: the library calls tmr_* through its PLT, so that these definitions
 * in the program replace its sorted list (insertion O(n), on the wall clock) by a binary heap on
 * the monotonic clock (docs/decisions, "timers"). struct tmr is unchanged; its list element, which
 * nothing else may use, holds the place in the heap.
 *
 * One heap a thread, as libre has one list a thread.
 *
 * Invariants
 *   heap[i].tmr->le.data == i and le.list == this thread's heap, for every running timer
 *   heap[parent(i)] <= heap[i] by (jfs, seq): timers due at the same time run in order of starting
 *   tmr->th == NULL exactly when the timer isn't in a heap
 */
#include "sip/tmr_heap.h"

#include <re.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"

#define HEAP_FIRST 256
/* A handler that takes longer than this holds up every call: it is logged. */
#define HANDLER_SLOW_MS 100

struct entry {
	uint64_t jfs;
	uint64_t seq;
	struct tmr *tmr;
};

struct heap {
	struct entry *v;
	uint32_t count, size;
	uint64_t seq;
};

static _Thread_local struct heap heap;
static uint64_t (*clock_ms)(void);

static bool before(const struct entry *a, const struct entry *b)
{
	return a->jfs < b->jfs || (a->jfs == b->jfs && a->seq < b->seq);
}

static void place(uint32_t i, struct entry e)
{
	heap.v[i] = e;
	e.tmr->le.data = (void *)(uintptr_t)i;
}

static void sift_up(uint32_t i, struct entry e)
{
	while (i > 0) {
		uint32_t parent = (i - 1) / 2;

		if (!before(&e, &heap.v[parent]))
			break;
		place(i, heap.v[parent]);
		i = parent;
	}
	place(i, e);
}

static void sift_down(uint32_t i, struct entry e)
{
	for (;;) {
		uint32_t child = 2 * i + 1;

		if (child >= heap.count)
			break;
		if (child + 1 < heap.count && before(&heap.v[child + 1], &heap.v[child]))
			child++;
		if (!before(&heap.v[child], &e))
			break;
		place(i, heap.v[child]);
		i = child;
	}
	place(i, e);
}

static bool grow(void)
{
	uint32_t size = heap.size ? heap.size * 2 : HEAP_FIRST;
	struct entry *v;

	if (heap.size >= TMR_HEAP_MAX)
		return false;
	v = realloc(heap.v, size * sizeof(*v));
	if (!v)
		return false;
	heap.v = v;
	heap.size = size;
	return true;
}

static bool running_here(const struct tmr *tmr)
{
	return tmr->le.list == (struct list *)&heap;
}

static void take_out(struct tmr *tmr)
{
	uint32_t i = (uint32_t)(uintptr_t)tmr->le.data;
	struct entry last;

	tmr->le.list = NULL;
	last = heap.v[--heap.count];
	if (i == heap.count)
		return;
	if (i > 0 && before(&last, &heap.v[(i - 1) / 2]))
		sift_up(i, last);
	else
		sift_down(i, last);
}

void tmr_init(struct tmr *tmr)
{
	if (tmr)
		memset(tmr, 0, sizeof(*tmr));
}

void tmr_start(struct tmr *tmr, uint64_t delay, tmr_h *th, void *arg)
{
	struct entry e;

	if (!tmr)
		return;
	if (tmr->th && running_here(tmr))
		take_out(tmr);
	tmr->th = NULL;
	tmr->arg = arg;
	if (!th)
		return;
	if (heap.count == heap.size && !grow()) {
		log_error("sip", "timers: no room for a further one beyond %u", heap.count);
		return;
	}
	tmr->th = th;
	tmr->jfs = tmr_jiffies() + delay;
	tmr->le.list = (struct list *)&heap;
	e = (struct entry){.jfs = tmr->jfs, .seq = heap.seq++, .tmr = tmr};
	sift_up(heap.count++, e);
}

void tmr_cancel(struct tmr *tmr)
{
	tmr_start(tmr, 0, NULL, NULL);
}

uint64_t tmr_get_expire(const struct tmr *tmr)
{
	uint64_t now;

	if (!tmr || !tmr->th)
		return 0;
	now = tmr_jiffies();
	return tmr->jfs > now ? tmr->jfs - now : 0;
}

uint64_t tmr_jiffies(void)
{
	struct timespec ts;

	if (clock_ms)
		return clock_ms();
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* The list is libre's own, which stays empty. */
void tmr_poll(struct list *tmrl)
{
	uint64_t now = tmr_jiffies(), started = now;
	(void)tmrl;

	while (heap.count && heap.v[0].jfs <= now) {
		struct tmr *tmr = heap.v[0].tmr;
		tmr_h *th = tmr->th;
		void *arg = tmr->arg;
		uint64_t after;

		take_out(tmr);
		tmr->th = NULL;
		th(arg);
		after = tmr_jiffies();
		if (after - started > HANDLER_SLOW_MS)
			log_warn("sip", "timers: a handler took %llu ms",
				 (unsigned long long)(after - started));
		started = after;
	}
}

/* 0 means none to libre's loop. */
uint64_t tmr_next_timeout(struct list *tmrl)
{
	uint64_t now;
	(void)tmrl;

	if (!heap.count)
		return 0;
	now = tmr_jiffies();
	return heap.v[0].jfs > now ? heap.v[0].jfs - now : 1;
}

int tmr_status(struct re_printf *pf, void *unused)
{
	(void)unused;
	return heap.count ? re_hprintf(pf, "Timers (%u)\n", heap.count) : 0;
}

void tmr_debug(void)
{
	log_debug("sip", "timers: %u running", heap.count);
}

uint32_t tmr_heap_count(void)
{
	return heap.count;
}

void tmr_heap_clock_set(uint64_t (*now_ms)(void))
{
	clock_ms = now_ms;
}

void tmr_heap_release(void)
{
	free(heap.v);
	heap = (struct heap){0};
}
