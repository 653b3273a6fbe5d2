/*
 * Calls with the outside that last too long (A3.10), either way. The inside party alone is
 * reminded, over the join: a tone and a word; again after an interval, later when an operator has
 * put it off. No call is cut for it. A post that the measures exempt hears nothing; that its call
 * passed the limit is kept all the same.
 *
 * TIMER_WORD of a call in CALL_TALK is armed for nothing else. The time counts from when the call
 * was first together with the outside, whoever has it handed on to him since.
 */
#include "exchange/priv.h"

enum { AGAIN_MS = 300000 };

struct leg *exchange_long_inside(struct turn *t, const struct call *c)
{
	struct leg *a = exchange_call_caller(t, c), *b = exchange_call_peer(t, c);

	if (!a || !b || !a->trunk == !b->trunk)
		return NULL;
	return a->trunk ? b : a;
}

static bool exempt(struct turn *t, const struct call *c, const struct leg *inside)
{
	const struct measures *m = exchange_call_measures(t, c);
	const struct directory *d = exchange_call_directory(t, c);
	const struct directory_extension *e = directory_extension(d, inside->extension);
	const struct directory_person *p = e ? directory_person(d, e->person) : NULL;

	return p && (m->long_call_exempt & POST_BIT(p->post));
}

/* The limit, whether or not the post is exempt; 0 none. */
static uint32_t limit_of(struct turn *t, const struct call *c)
{
	if (!exchange_long_inside(t, c) || (c->flags & CALL_EMERGENCY))
		return 0;
	return exchange_call_measures(t, c)->long_call_ms;
}

uint32_t exchange_long_limit(struct turn *t, const struct call *c)
{
	const struct leg *l = exchange_long_inside(t, c);

	return l && !exempt(t, c, l) ? limit_of(t, c) : 0;
}

void exchange_long_start(struct turn *t, struct call *c)
{
	uint32_t again = exchange_call_measures(t, c)->long_call_again_ms;
	int64_t left = limit_of(t, c);

	if (!left)
		return;
	if (!c->outside_ms)
		c->outside_ms = t->now->mono_ms;
	left -= t->now->mono_ms - c->outside_ms;
	exchange_timer_arm(t, c, TIMER_WORD, left > 0 ? left : again ? again : AGAIN_MS);
}

static void over_quiet(struct turn *t, struct call *c)
{
	struct leg *l = exchange_long_inside(t, c);

	if (c->over && l && l->sound == SOUND_JOIN)
		exchange_effect_add(t, FX_QUIET, l);
	c->over = 0;
}

static void remind(struct turn *t, struct call *c, struct leg *l)
{
	struct effect *e;

	if (FAULT(FAULT_LONG_OUTSIDE))
		l = exchange_leg_at(t, l->joined);
	if (l->sound != SOUND_JOIN) /* one of them holds the other: he hears it next time */
		return;
	c->over = exchange_serial_new(t);
	e = exchange_effect_add(t, FX_PLAY, l);
	e->play.serial = c->over;
	exchange_say(e, PHRASE_LONG_CALL, 0, "");
}

static void passed(struct turn *t, struct call *c, const struct leg *l, enum step_kind kind)
{
	struct effect *e = exchange_call_step(t, c, kind, CLAUSE_A3_10);

	e->step.extension = l->extension;
	e->step.value = (int32_t)(t->now->mono_ms - c->outside_ms);
}

void exchange_long_word(struct turn *t, struct call *c)
{
	uint32_t again = exchange_call_measures(t, c)->long_call_again_ms;
	struct leg *l = exchange_long_inside(t, c);
	bool quiet;

	if (!l || !limit_of(t, c))
		return;
	quiet = exempt(t, c, l);
	passed(t, c, l, quiet ? STEP_LONG_CALL_EXEMPT : STEP_LONG_CALL);
	if (quiet)
		return;
	remind(t, c, l);
	c->long_told = 1;
	exchange_timer_arm(t, c, TIMER_WORD, again ? again : AGAIN_MS);
	exchange_call_touch(t, c);
}

void exchange_long_leave(struct turn *t, struct call *c)
{
	over_quiet(t, c);
	if (c->long_told) {
		exchange_call_touch(t, c);
		c->long_told = 0;
	}
}

struct leg *exchange_over_leg(struct turn *t, const struct call *c)
{
	if (!c->over)
		return NULL;
	return c->state == CALL_TALK ? exchange_long_inside(t, c) : exchange_call_caller(t, c);
}

/* “Remind again later”: any operator's, for a call that has been reminded. */
DESK_DOES(exchange_do_remind_later)
{
	uint32_t later = exchange_call_measures(t, c)->long_call_later_ms;
	struct effect *e;

	if (!c->long_told)
		return REFUSAL_NOT_NOW;
	over_quiet(t, c);
	exchange_call_touch(t, c);
	c->long_told = 0;
	exchange_timer_arm(t, c, TIMER_WORD, later ? later : AGAIN_MS);
	e = exchange_call_step(t, c, STEP_LONG_CALL_LATER, CLAUSE_A3_10);
	e->step.person = o->p->person;
	e->step.value = (int32_t)(later ? later : AGAIN_MS);
	return REFUSAL_NONE;
}
