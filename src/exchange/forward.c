/*
 * Forwarding: always, when busy, when nobody answers.
 *
 * Invariants: at most FORWARD_HOPS forwards a call (a loop ends at the phone it has come to); the
 * general manager's own forwards don't count while he is asked for consent: only his own phone
 * can give it; outside callers leave again over a trunk only when the measures say so, and always
 * on the account, class and number of who forwards.
 */
#include "exchange/priv.h"

static void forward_step(struct turn *t, struct call *c, const char *number)
{
	struct effect *e = exchange_call_step(t, c, STEP_FORWARDED, CLAUSE_HOUSE);

	TEXT_COPY(e->step.text, number);
	c->hops++;
}

static bool forward_outside(struct turn *t, struct call *c, const struct directory_extension *e,
			    const char *number)
{
	const struct measures *m = exchange_call_measures(t, c);
	const char *digits = exchange_outside_digits(m, number);
	enum service_class need;

	if (!digits || measures_emergency(m, number))
		return false;
	need = measures_class_needed(m, digits);
	if (exchange_call_caller(t, c)->trunk && !m->trunk_to_trunk)
		return false;
	if (need >= CLASS_COUNT || need > e->service_class)
		return false;
	forward_step(t, c, number);
	exchange_trunk_start(t, c, e->id, digits);
	return true;
}

bool exchange_forward_follow(struct turn *t, struct call *c, const struct directory_extension *e,
			     enum forward f)
{
	const char *set = exchange_ext_forward(t, e, f);
	const struct measures *m = exchange_call_measures(t, c);
	char number[EVENT_NUMBER];
	struct target tg;

	if (!set[0] || c->hops >= FORWARD_HOPS || c->to == TO_GENERAL_MANAGER ||
	    text_eq(set, e->number))
		return false;
	TEXT_COPY(number, set);
	tg = directory_number(exchange_call_directory(t, c), number);
	if (tg.kind == TARGET_NONE) {
		if (!text_eq(number, m->main_number) && !text_eq(number, m->operator_number))
			return forward_outside(t, c, e, number);
		if (c->position)
			return false; /* to the switchboard: whose operator has the call already */
		forward_step(t, c, number);
		exchange_attendant_start(t, c);
		return true;
	}
	forward_step(t, c, number);
	exchange_target_seek(t, c, tg);
	return true;
}
