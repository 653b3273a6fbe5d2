/*
 * What is sent by the clock: clips, tones, silence, digits. A frame is 20 ms, divided into phases;
 * a leg that has something to say is in one phase's list.
 */
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "media/room.h"

#define LATE_US 5000


void tick_timer(struct engine *e)
{
	const bool on = e->legs_open > 0;
	struct itimerspec t = {{0, PHASE_US * 1000}, {0, PHASE_US * 1000}};

	if (on == e->timer_on)
		return;
	e->timer_on = on;
	if (!on)
		t = (struct itimerspec){{0, 0}, {0, 0}};
	e->phase_due_us = monotonic_us() + PHASE_US;
	timerfd_settime(e->timer_fd, 0, &t, NULL);
}

void tick_wake(struct engine *e, struct leg *l)
{
	unsigned best = 0;

	if (l->ticking)
		return;
	for (unsigned i = 1; i < PHASES; i++)
		if (e->phase_legs[i] < e->phase_legs[best])
			best = i;
	l->phase = (uint8_t)best;
	l->previous = NULL;
	l->next = e->phase_first[best];
	if (l->next)
		l->next->previous = l;
	e->phase_first[best] = l;
	e->phase_legs[best]++;
	l->ticking = true;
}

void tick_leave(struct engine *e, struct leg *l)
{
	if (!l->ticking)
		return;
	if (l->previous)
		l->previous->next = l->next;
	else
		e->phase_first[l->phase] = l->next;
	if (l->next)
		l->next->previous = l->previous;
	l->next = l->previous = NULL;
	e->phase_legs[l->phase]--;
	l->ticking = false;
}

void play_free(struct play *p)
{
	if (!p)
		return;
	for (unsigned i = 0; i < p->count; i++)
		clip_unref(p->clip[i]);
	free(p);
}

void play_start(struct engine *e, struct leg *l, struct play *p)
{
	struct play *old = l->play;

	l->play = p;
	if (old && old->beep && l->recording)
		recording_begin(l);
	play_free(old);
	if (p) {
		l->spoken = true;
		tick_wake(e, l);
	}
}

static void send_frame(struct engine *e, struct leg *l, const struct clip *c, uint32_t frame)
{
	const uint8_t *data;
	size_t len;

	if (!leg_sends(l))
		return;
	data = clip_frame(c, l->codec, frame, &len);
	if (data)
		tx_frame(e, l, tx_begin(e, l, TX_CLOCK), data, len);
}

static void play_over(struct engine *e, struct leg *l)
{
	struct play *p = l->play;
	struct media_event ev = {.kind = MEDIA_EV_PLAYED, .key = l->key, .serial = p->serial};

	l->play = NULL;
	if (p->tell)
		engine_event(e, &ev);
	if (p->beep && l->recording)
		recording_begin(l);
	play_free(p);
}

/* False when the play is over. A clip that isn't encoded yet is waited for. */
static bool play_tick(struct engine *e, struct leg *l)
{
	struct play *p = l->play;

	/* a clip that failed has no frames; a loop of such ends, too */
	for (unsigned passed = 0; passed <= p->count && p->index < p->count; passed++) {
		const struct clip *c = p->clip[p->index];

		if (!(atomic_load_explicit(&c->ready, memory_order_acquire) & 1U << l->codec)) {
			send_frame(e, l, e->media->builtin[BUILTIN_SILENCE], 0);
			return true;
		}
		if (p->frame < c->frames) {
			send_frame(e, l, c, p->frame++);
			return true;
		}
		p->frame = 0;
		p->index++;
		if (p->index == p->count && p->loop)
			p->index = 0;
	}
	play_over(e, l);
	return false;
}

static void tick_leg(struct engine *e, struct leg *l)
{
	if (l->digits_tx.count > 0) {
		digit_tick(e, l);
		return;
	}
	if (l->play && play_tick(e, l))
		return;
	if (l->mix)
		mix_tick(e, l);
	else if (!l->peer && l->spoken)
		send_frame(e, l, e->media->builtin[BUILTIN_SILENCE], 0);
	else
		tick_leave(e, l);
}

static void sweep(struct engine *e)
{
	uint32_t n = e->legs_high / SWEEP_STEPS + 1;

	while (n-- > 0) {
		struct leg *l;

		if (e->sweep_at >= e->legs_high)
			e->sweep_at = 0;
		l = &e->media->legs[e->sweep_at++];
		if (l->open)
			leg_sweep(e, l);
	}
}

static void count_lateness(struct engine *e, uint64_t packets)
{
	const int64_t late = monotonic_us() - e->phase_due_us;
	uint64_t bin = late > 0 ? (uint64_t)late / MEDIA_LATENESS_BIN_US : 0, v;

	if (bin >= MEDIA_LATENESS_BINS)
		bin = MEDIA_LATENESS_BINS - 1;
	v = atomic_load_explicit(&e->lateness[bin], memory_order_relaxed);
	atomic_store_explicit(&e->lateness[bin], v + packets, memory_order_relaxed);
	engine_count(e, COUNT_TICKS, 1);
	if (late >= LATE_US)
		engine_count(e, COUNT_LATE_TICKS, 1);
}

static void run_phase(struct engine *e)
{
	const uint64_t before = atomic_load_explicit(&e->counter[COUNT_TX], memory_order_relaxed);
	struct leg *l = e->phase_first[e->phase];

	while (l) {
		struct leg *next = l->next;

		tick_leg(e, l);
		l = next;
	}
	batch_send(e);
	count_lateness(e, atomic_load_explicit(&e->counter[COUNT_TX], memory_order_relaxed) -
				  before);
	sweep(e);
}

void tick_run(struct engine *e)
{
	int64_t behind;

	if (!e->timer_on)
		return;
	batch_send(e); /* what is relayed does not count as late */
	behind = e->now_us - e->phase_due_us;
	if (behind > STALL_US) {
		const int64_t skip = behind / PHASE_US;

		engine_count(e, COUNT_SKIPPED_TICKS, (uint64_t)skip);
		e->phase_due_us += skip * PHASE_US;
		e->phase = (unsigned)((e->phase + (uint64_t)skip) % PHASES);
	}
	while (e->phase_due_us <= e->now_us) {
		run_phase(e);
		e->phase = (e->phase + 1) % PHASES;
		e->phase_due_us += PHASE_US;
	}
}
