/*
 * Timers: a binary heap of fixed timers, two a call, one for closing, one a position. A timer's
 * place in the heap is kept beside it, so that arming again and disarming need no search.
 * Invariants: place[heap[i]] == i; a timer that is not in the heap has place UINT32_MAX and due 0.
 */
#include "exchange/priv.h"

struct heap {
	int64_t *due;
	uint32_t *heap, *place;
	struct exchange *x;
};

static struct heap heap_of(const struct exchange *x)
{
	return (struct heap){exchange_due_at(x), exchange_heap_at(x), exchange_place_at(x),
			     (struct exchange *)(uintptr_t)x};
}

/* By time, then by number: the order doesn't hang on the heap's history. */
static bool heap_before(const struct heap *h, uint32_t a, uint32_t b)
{
	return h->due[a] < h->due[b] || (h->due[a] == h->due[b] && a < b);
}

static void heap_set(struct heap *h, uint32_t at, uint32_t timer)
{
	h->heap[at] = timer;
	h->place[timer] = at;
}

static void heap_up(struct heap *h, uint32_t at)
{
	uint32_t timer = h->heap[at];

	while (at > 0 && heap_before(h, timer, h->heap[(at - 1) / 2])) {
		heap_set(h, at, h->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_set(h, at, timer);
}

static void heap_down(struct heap *h, uint32_t at)
{
	uint32_t timer = h->heap[at];

	for (;;) {
		uint32_t child = at * 2 + 1;

		if (child >= h->x->heap_count)
			break;
		if (child + 1 < h->x->heap_count &&
		    heap_before(h, h->heap[child + 1], h->heap[child]))
			child++;
		if (!heap_before(h, h->heap[child], timer))
			break;
		heap_set(h, at, h->heap[child]);
		at = child;
	}
	heap_set(h, at, timer);
}

static void heap_take_off(struct heap *h, uint32_t timer)
{
	uint32_t at = h->place[timer], last;

	if (at == UINT32_MAX)
		return;
	h->place[timer] = UINT32_MAX;
	h->due[timer] = 0;
	last = h->heap[--h->x->heap_count];
	h->heap[h->x->heap_count] = 0; /* zero beyond the end: states compare as bytes */
	if (last == timer)
		return;
	heap_set(h, at, last);
	heap_up(h, at);
	heap_down(h, h->place[last]);
}

static void heap_arm(struct turn *t, uint32_t timer, int64_t after_ms)
{
	struct heap h = heap_of(t->x);

	heap_take_off(&h, timer);
	h.due[timer] = t->now->mono_ms + after_ms;
	heap_set(&h, t->x->heap_count, timer);
	heap_up(&h, t->x->heap_count++);
}

static uint32_t call_timer(const struct turn *t, const struct call *c, enum call_timer which)
{
	return (uint32_t)exchange_call_index(t, c) * 2 + which;
}

void exchange_timer_arm(struct turn *t, struct call *c, enum call_timer which, int64_t after_ms)
{
	heap_arm(t, call_timer(t, c, which), after_ms);
}

void exchange_timer_disarm(struct turn *t, struct call *c, enum call_timer which)
{
	struct heap h = heap_of(t->x);

	heap_take_off(&h, call_timer(t, c, which));
}

bool exchange_timer_armed(const struct exchange *x, uint32_t timer)
{
	return exchange_place_at(x)[timer] != UINT32_MAX;
}

uint32_t exchange_timer_closing(const struct exchange *x)
{
	return x->caps.calls * 2;
}

void exchange_timer_arm_closing(struct turn *t, int64_t after_ms)
{
	heap_arm(t, exchange_timer_closing(t->x), after_ms);
}

static uint32_t position_timer(const struct turn *t, uint16_t position)
{
	return exchange_timer_closing(t->x) + position;
}

void exchange_timer_arm_position(struct turn *t, uint16_t position, int64_t after_ms)
{
	heap_arm(t, position_timer(t, position), after_ms);
}

void exchange_timer_disarm_position(struct turn *t, uint16_t position)
{
	struct heap h = heap_of(t->x);

	heap_take_off(&h, position_timer(t, position));
}

uint32_t exchange_timer_take(struct turn *t)
{
	struct heap h = heap_of(t->x);
	uint32_t timer;

	if (!t->x->heap_count || h.due[h.heap[0]] > t->now->mono_ms)
		return UINT32_MAX;
	timer = h.heap[0];
	heap_take_off(&h, timer);
	return timer;
}

int64_t exchange_next_due_ms(const struct exchange *x)
{
	return x->heap_count ? exchange_due_at(x)[exchange_heap_at(x)[0]] : INT64_MAX;
}

void exchange_timers_init(struct exchange *x)
{
	for (uint32_t i = 0; i < x->timers; i++)
		exchange_place_at(x)[i] = UINT32_MAX;
}
