/*
 * Retrieving, parking, handing over; complaints, messages, enquiries, the operator's own greeting.
 *
 * Invariant: whoever takes a call on, a colleague, a phone that retrieves it from its slot, takes
 * no consent with it: it was given for the pair that was to be.
 */
#include "exchange/priv.h"

DESK_DOES(exchange_do_retrieve)
{
	struct call *now = exchange_position_call(t, o->p);

	if (now && now->state != CALL_DESK)
		return REFUSAL_HANDS_FULL;
	if (now && !exchange_position_ear(t, o->p))
		return REFUSAL_NO_SOUND;
	if (now)
		exchange_desk_hold(t, now, HANDS_SWAP);
	return exchange_desk_bring(t, c, o->p);
}

DESK_DOES(exchange_do_park)
{
	const struct measures *m = exchange_call_measures(t, c);
	const char *number = o->ev->command.number;
	int slot = number[0] ? exchange_park_slot(m, number) : exchange_park_free(t, m);

	if (number[0] && slot < 0)
		return REFUSAL_NO_TARGET;
	if (slot < 0 || t->x->park[slot] != NONE16)
		return REFUSAL_FULL;
	exchange_desk_release(t, c);
	c->outcome = 0;
	c->desk &= (uint8_t)~(DESK_CONSULTED | DESK_OWN); /* nor can it be noted once more */
	exchange_desk_say(c, PHRASE_NONE, CLAUSE_HOUSE);
	exchange_park_put(t, c, exchange_call_caller(t, c), slot, 0);
	return REFUSAL_NONE;
}

DESK_DOES(exchange_do_hand_over)
{
	struct position *to = exchange_position_at(t, o->ev->command.to_position);

	if (!to || to == o->p || !exchange_position_on(to))
		return REFUSAL_NO_TARGET;
	exchange_desk_release(t, c);
	c->position = (uint8_t)o->ev->command.to_position;
	c->consent_person = FAULT(FAULT_DESK_HAND_OVER) ? c->asked_person : 0;
	c->desk &= (uint8_t)~(DESK_CONSULTED | DESK_OWN);
	exchange_queue_start(t, c, QUEUED_HANDED);
	return REFUSAL_NONE;
}

/* Where the call is just going, unless it is customer service, it doesn't go any more. */
DESK_DOES(exchange_do_complaint)
{
	struct effect *e;

	c->flags |= CALL_COMPLAINT;
	c->message_clause = CLAUSE_A4_1_6;
	e = exchange_call_step(t, c, STEP_COMPLAINT, CLAUSE_A4_1_6);
	e->step.person = c->asked_person;
	e->step.department = c->asked_department;
	exchange_call_touch(t, c);
	(void)o;
	if ((c->state == CALL_TARGET || c->state == CALL_WAIT || c->state == CALL_THREE) &&
	    c->to != TO_CUSTOMER) {
		c->wait_due_ms = 0;
		exchange_desk_back(t, c);
	}
	return REFUSAL_NONE;
}

DESK_DOES(exchange_do_voice_message)
{
	const struct event *ev = o->ev;

	if (!ev->command.person && !ev->command.department && !c->asked_person &&
	    !c->asked_department)
		return REFUSAL_NO_TARGET;
	if (ev->command.person || ev->command.department) {
		c->asked_person = ev->command.person;
		c->asked_department = ev->command.person ? 0 : ev->command.department;
	}
	exchange_desk_release(t, c);
	c->outcome = 0;
	exchange_desk_say(c, PHRASE_NONE, CLAUSE_HOUSE);
	exchange_message_start(t, c);
	return REFUSAL_NONE;
}

static enum refusal noted(struct turn *t, struct call *c, const struct order *o, enum step_kind k,
			  enum clause cl)
{
	struct effect *e = exchange_call_step(t, c, k, cl);

	e->step.person = o->ev->command.person;
	e->step.department = o->ev->command.department;
	return REFUSAL_NONE;
}

DESK_DOES(exchange_do_message_kept)
{
	return noted(t, c, o, STEP_MESSAGE_KEPT, CLAUSE_A5_7);
}

DESK_DOES(exchange_do_told)
{
	return noted(t, c, o, STEP_TOLD, CLAUSE_A4_1_5);
}

/* The caller hears it over the join: the operator goes on hearing him, and speaking stops it. */
DESK_DOES(exchange_do_greet)
{
	struct leg *caller = exchange_call_caller(t, c), *ear = exchange_position_ear(t, o->p);
	struct effect *e;

	if (!ear || caller->joined != exchange_leg_index(t, ear))
		return REFUSAL_NOT_NOW;
	c->over = exchange_serial_new(t);
	e = exchange_effect_add(t, FX_PLAY, caller);
	e->play.serial = c->over;
	exchange_say(e, PHRASE_OWN_GREETING, o->ev->command.value, "");
	exchange_effect_add(t, FX_LISTEN, ear);
	e = exchange_call_step(t, c, STEP_GREETED, CLAUSE_A4_1_1);
	e->step.value = (int32_t)o->ev->command.value;
	return REFUSAL_NONE;
}
