/*
 * Pick-up: an inside phone takes a call that rings elsewhere.
 *
 * Invariants: only within the own pick-up group, or by the same person's phones; a consultation
 * (A4.1.3) is never picked up: only the general manager's own phone may answer it. The phone's new
 * call ends as merged, its leg goes on in the call that rang.
 */
#include "exchange/priv.h"

/* Moves the phone's leg out of `from`, which ends, into `into` beside its caller. */
void exchange_call_merge(struct turn *t, struct call *from, struct call *into,
			 enum exchange_end why)
{
	struct leg *l = exchange_call_caller(t, from);
	struct effect *e;

	exchange_leg_move(t, l, into, ROLE_TARGET);
	e = exchange_call_step(t, from, STEP_MERGED, CLAUSE_HOUSE);
	text_append(e->step.text, sizeof(e->step.text), "%llu", (unsigned long long)into->call_no);
	exchange_call_finish(t, from, 0, why);
}

static void pickup_refuse(struct turn *t, struct call *c)
{
	exchange_call_step(t, c, STEP_REJECTED, CLAUSE_HOUSE)->step.value = 404;
	exchange_call_finish(t, c, 404, END_VACANT_NUMBER);
}

static void consent_refuse(struct turn *t, struct call *c, const struct leg *ringing)
{
	const struct directory_person *p = exchange_guard_of(t, c, ringing->extension);

	exchange_consent_missing(t, c, p ? p->id : 0);
	exchange_call_finish(t, c, 403, END_NOT_PERMITTED);
}

static bool pickup_allowed(const struct turn *t, const struct call *c, const struct leg *ringing)
{
	const struct directory *d = exchange_call_directory(t, c);
	const struct directory_extension *mine =
	    directory_extension(d, exchange_call_caller(t, c)->extension);
	const struct directory_extension *theirs = directory_extension(d, ringing->extension);

	if (!mine || !theirs)
		return false;
	return mine == theirs || (mine->person && mine->person == theirs->person) ||
	       (mine->pickup_group && mine->pickup_group == theirs->pickup_group);
}

void exchange_pickup_leg(struct turn *t, struct call *c, struct leg *ringing)
{
	struct call *into = &t->calls[ringing->call];
	struct leg *l = exchange_call_caller(t, c);
	struct effect *e;

	if (ringing->role == ROLE_CONSULT && !FAULT(FAULT_CONSENT_PICKUP)) {
		consent_refuse(t, c, ringing);
		return;
	}
	if (into == c || ringing->state == LEG_UP || ringing->flags & LEG_IN ||
	    ringing->role == ROLE_CALLER || into->caller == NONE16) {
		pickup_refuse(t, c);
		return;
	}
	if (FAULT(FAULT_CONSENT_PICKUP) && ringing->role == ROLE_CONSULT)
		into->consent_person = into->person;
	exchange_call_merge(t, c, into, END_MERGED);
	e = exchange_call_step(t, into, STEP_PICKED_UP, CLAUSE_HOUSE);
	e->step.extension = l->extension;
	if (exchange_guard_applies(t, into, exchange_call_caller(t, into),
				   exchange_guard_of(t, into, l->extension)))
		exchange_consent_own_act(t, into, l);
	exchange_call_drop_legs(t, into, l, END_ANSWERED_ELSEWHERE);
	if (!exchange_talk_start(t, into, l))
		return;
	exchange_leg_show(t, l, into->number, into->name);
	exchange_leg_show(t, exchange_call_caller(t, into), l->number, l->name);
}

void exchange_pickup_group(struct turn *t, struct call *c)
{
	const struct directory_extension *mine = directory_extension(
	    exchange_call_directory(t, c), exchange_call_caller(t, c)->extension);
	uint16_t i = mine && mine->pickup_group ? t->x->group_ring[mine->pickup_group] : NONE16;
	struct leg *oldest = NULL;

	for (; i != NONE16; i = t->legs[i].ring_next)
		if (t->calls[t->legs[i].call].caller != NONE16)
			oldest = &t->legs[i];
	if (oldest)
		exchange_pickup_leg(t, c, oldest);
	else
		pickup_refuse(t, c);
}

void exchange_pickup_direct(struct turn *t, struct call *c, const char *number)
{
	struct target tg = directory_number(exchange_call_directory(t, c), number);
	const struct ext *e = tg.kind == TARGET_EXTENSION ? exchange_ext_find(t, tg.id) : NULL;

	for (uint16_t i = e ? e->first_leg : NONE16; i != NONE16; i = t->legs[i].line_next) {
		struct leg *l = &t->legs[i];

		if ((l->flags & LEG_IN) || l->role == ROLE_POSITION || l->state == LEG_UP ||
		    !pickup_allowed(t, c, l))
			continue;
		exchange_pickup_leg(t, c, l);
		return;
	}
	pickup_refuse(t, c);
}
