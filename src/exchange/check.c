/* The state's invariants, looked at as a whole: for tests. */
#include "exchange/priv.h"

#define ST(s) (1u << (s))

static const char *check_heap(const struct exchange *x)
{
	const uint32_t *heap = exchange_heap_at(x), *at = exchange_place_at(x);
	const int64_t *due = exchange_due_at(x);

	for (uint32_t i = 0; i < x->heap_count; i++) {
		if (at[heap[i]] != i)
			return "a timer's place is wrong";
		if (i && due[heap[(i - 1) / 2]] > due[heap[i]])
			return "the heap is out of order";
	}
	return NULL;
}

static const char *check_call_legs(const struct turn *t, const struct call *c, unsigned *legs)
{
	uint16_t mine = exchange_call_index(t, c);
	unsigned n = 0;
	bool peer = c->peer == NONE16;

	for (uint16_t i = c->first_leg; i != NONE16; i = t->legs[i].next) {
		const struct leg *l = &t->legs[i];

		if (l->state == LEG_FREE || l->call != mine)
			return "a call's list holds a leg that isn't its own";
		peer |= i == c->peer;
		if (++n > t->x->caps.legs)
			return "a call's list is a ring";
	}
	if (n != c->leg_count)
		return "a call's count of legs is wrong";
	if (!peer)
		return "a call's peer isn't in its list";
	if (c->caller != NONE16) {
		if (t->legs[c->caller].state == LEG_FREE || t->legs[c->caller].call != mine)
			return "a call's caller isn't its own";
		n++;
	}
	*legs += n;
	return NULL;
}

static const char *check_call_ends(const struct turn *t, const struct call *c)
{
	const uint32_t orphan = ST(CALL_RECORD) | ST(CALL_REVIEW) | ST(CALL_KEEP);
	const uint32_t legged = ST(CALL_TARGET) | ST(CALL_CONSULT) | ST(CALL_TALK) |
				ST(CALL_THREE) | ST(CALL_CLOSE);

	if (c->caller == NONE16 && !(orphan & ST(c->state)))
		return "a call without a caller";
	if (c->first_leg != NONE16 && !(legged & ST(c->state)))
		return "legs beside the caller in a state that has none";
	if ((c->state == CALL_TARGET || c->state == CALL_CONSULT) && c->first_leg == NONE16)
		return "a state waits for a leg that isn't there";
	if (c->state == CALL_TALK &&
	    (c->peer == NONE16 || t->legs[c->peer].state != LEG_UP ||
	     t->legs[c->caller].state != LEG_UP || c->leg_count != 1))
		return "together, but not two answered ends";
	return NULL;
}

/* Two ends have a call that talks; an operator what is in his hand, if it isn't rung for. */
static bool owned(const struct turn *t, const struct call *c)
{
	if (c->state == CALL_TALK)
		return true;
	return exchange_position_hands(t, c) &&
	       (c->state == CALL_DESK || c->state == CALL_THREE ||
		(c->state == CALL_CONSULT && c->peer != NONE16));
}

static const char *check_call_desk(const struct turn *t, const struct call *c)
{
	const uint32_t hand = ST(CALL_DESK) | ST(CALL_FETCH) | ST(CALL_THREE) | ST(CALL_DIAL);
	const uint32_t mixed = ST(CALL_TARGET) | ST(CALL_CONSULT) | ST(CALL_NOTICE);
	bool hands = exchange_position_hands(t, c);

	if (c->position > EXCHANGE_POSITIONS)
		return "a call of a position that can't be";
	if ((hand & ST(c->state)) && !hands)
		return "in hand, and in nobody's";
	if (hands && !((hand | mixed) & ST(c->state)))
		return "in somebody's hand in a state that isn't";
	if (c->state == CALL_CONSULT && c->position && !hands)
		return "a consultation that nobody leads";
	if (c->state == CALL_HELD && !c->position)
		return "held by nobody";
	if (c->state == CALL_TALK && c->position)
		return "connected, and still somebody's";
	return NULL;
}

static const char *check_headset(const struct turn *t, const struct position *p)
{
	const struct leg *l = exchange_leg_at(t, p->headset);
	uint16_t no = exchange_position_no(t, p);

	if (!l)
		return NULL;
	if (l->state == LEG_FREE || l->role != ROLE_POSITION || l->position != no)
		return "a position's headset isn't its own";
	return l->call == p->call ? NULL : "a headset and its position disagree about the call";
}

static const char *check_position(const struct turn *t, const struct position *p)
{
	uint16_t no = exchange_position_no(t, p);
	bool armed = exchange_timer_armed(t->x, exchange_timer_closing(t->x) + no);
	const struct call *c = exchange_position_call(t, p);

	if (c && (c->state == CALL_FREE || c->position != no))
		return "a call in hand that is another's";
	if (p->state == POSITION_LOST && !armed && !p->over)
		return "a lost position without a grace";
	if (p->state == POSITION_LOST && p->over && c)
		return "a lost position's call is kept beyond its grace";
	if (p->state == POSITION_WRAP_UP && !armed)
		return "wrapping up for ever";
	return check_headset(t, p);
}

static const char *check_positions(const struct turn *t, unsigned *legs)
{
	const char *wrong = NULL;

	for (unsigned i = 0; i < EXCHANGE_POSITIONS && !wrong; i++) {
		*legs += t->x->position[i].headset != NONE16;
		wrong = check_position(t, &t->x->position[i]);
	}
	return wrong;
}

static const char *check_call_holds(const struct turn *t, const struct call *c)
{
	const uint32_t makes = ST(CALL_KEEP) | ST(CALL_RECORD) | ST(CALL_SCREEN) |
			       ST(CALL_BOX_WAIT);
	bool armed = exchange_timer_armed(t->x, (uint32_t)exchange_call_index(t, c) * 2);

	if (!armed && !owned(t, c))
		return "a state without a timer or an owner";
	if ((makes & ST(c->state)) && !c->pending)
		return "waits for a recording or a keep that nobody makes";
	if (c->state != CALL_BOX_WHO && c->state != CALL_BOX_PIN && (c->box_flags & BOX_TYPED))
		return "typed secretly, and still there";
	if ((c->state == CALL_PARK) != (c->park != NONE16) ||
	    (c->park != NONE16 && t->x->park[c->park] != exchange_call_index(t, c)))
		return "a parked call and its slot disagree";
	return NULL;
}

static const char *check_legs(const struct turn *t)
{
	for (uint32_t i = 0; i < t->x->caps.legs; i++) {
		const struct leg *l = &t->legs[i];

		if (l->state == LEG_FREE)
			continue;
		if ((l->sound == SOUND_JOIN) != (l->joined != NONE16))
			return "a leg's sound and its join disagree";
		if (l->joined != NONE16 && t->legs[l->joined].joined != i)
			return "a join with one end";
		if (l->sound == SOUND_CONFER && t->calls[l->call].state != CALL_THREE)
			return "a conference in a call that is none";
		if (l->joined != NONE16 && t->legs[l->joined].call != l->call)
			return "a join across calls";
		if ((l->sound == SOUND_PLAY) != (l->play != 0))
			return "a leg's sound and its play disagree";
		if (l->ring_group && l->state == LEG_UP)
			return "an answered leg may still be picked up";
	}
	return NULL;
}

static const char *check_lines(const struct turn *t, unsigned legs)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < t->x->caps.extensions; i++)
		if (t->exts[i].id)
			n += t->exts[i].leg_count;
	for (unsigned i = 0; i <= EXCHANGE_TRUNKS; i++)
		n += t->x->trunk[i].leg_count;
	return n == legs ? NULL : "legs and lines disagree";
}

static const char *check_call(const struct turn *t, const struct call *c, unsigned *legs)
{
	const char *wrong = check_call_legs(t, c, legs);

	if (!wrong)
		wrong = check_call_ends(t, c);
	if (!wrong)
		wrong = check_call_holds(t, c);
	return wrong ? wrong : check_call_desk(t, c);
}

const char *exchange_check(const struct exchange *x)
{
	struct turn t = {.x = (struct exchange *)(uintptr_t)x,
			 .calls = exchange_calls_at(x),
			 .legs = exchange_legs_at(x),
			 .exts = exchange_exts_at(x)};
	unsigned calls = 0, legs = 0;
	const char *wrong = check_heap(x);

	for (uint32_t i = 0; i < x->caps.calls && !wrong; i++) {
		if (t.calls[i].state == CALL_FREE)
			continue;
		calls++;
		wrong = check_call(&t, &t.calls[i], &legs);
	}
	if (!wrong)
		wrong = check_positions(&t, &legs);
	if (!wrong)
		wrong = check_legs(&t);
	if (!wrong)
		wrong = check_lines(&t, legs);
	if (!wrong && calls != x->call_count)
		wrong = "the count of calls is wrong";
	if (!wrong && legs != x->leg_count)
		wrong = "legs outside of calls";
	if (!wrong && x->forbidden)
		wrong = "a transition that the table doesn't permit, or too many effects";
	return wrong;
}
