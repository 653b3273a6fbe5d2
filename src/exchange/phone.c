/*
 * A new leg comes in: from a trunk by main number or DID, or from an inside phone that dialled
 * something. What was dialled decides which machine takes the call.
 *
 * Invariants: every EV_INVITE is answered by FX_BIND or FX_REJECT, and has STEP_ARRIVED and
 * STEP_ENDED once, a rejected one too. From a trunk nothing is reached but the switchboard and the
 * numbers of the directory: no feature code, no trunk, no Replaces.
 */
#include "exchange/priv.h"

static void step_arrived(struct effect *e, const struct event *ev, uint32_t version)
{
	e->step.call_no = ev->invite.call_no;
	e->step.step = STEP_ARRIVED;
	e->step.clause = CLAUSE_HOUSE;
	e->step.extension = ev->invite.extension;
	e->step.trunk = ev->invite.trunk;
	e->step.value = (int32_t)version;
	TEXT_COPY(e->step.text, ev->invite.dialled);
	TEXT_COPY(e->step.number, ev->invite.number);
	TEXT_COPY(e->step.name, ev->invite.name);
}

/* No leg, no call: but a record. */
static void invite_reject(struct turn *t, const struct event *ev, uint16_t code,
			  enum exchange_end why)
{
	struct effect *e = exchange_effect_add(t, FX_REJECT, NULL);

	e->bind.channel = ev->invite.channel;
	e->bind.code = code;
	e->bind.why = why;
	step_arrived(exchange_effect_add(t, FX_STEP, NULL), ev, 0);
	e = exchange_effect_add(t, FX_STEP, NULL);
	e->step.call_no = ev->invite.call_no;
	e->step.step = STEP_ENDED;
	e->step.clause = CLAUSE_HOUSE;
	e->step.value = (int32_t)why;
	TEXT_COPY(e->step.text, exchange_end_name(why));
}

static bool room_for(struct turn *t, bool emergency)
{
	struct exchange *x = t->x;
	uint32_t spare = emergency ? 0 : x->caps.reserve;

	if (x->caps.calls - x->call_count > spare && x->caps.legs - x->leg_count > spare * 2)
		return true;
	return emergency && exchange_trunk_make_room(t);
}

/* Who calls: an inside phone by what the directory says of it, not by what it says of itself. */
static void caller_named(struct leg *l, const struct event *ev, const struct directory *d,
			 const struct directory_extension *e)
{
	const struct directory_person *p = e ? directory_person(d, e->person) : NULL;
	const struct directory_department *dep = e ? directory_department(d, e->department) : NULL;

	TEXT_COPY(l->number, e ? e->number : ev->invite.number);
	TEXT_COPY(l->name, p ? p->name : dep ? dep->name : e ? "" : ev->invite.name);
	if (ev->invite.withheld)
		l->flags |= LEG_WITHHELD;
}

static struct call *invite_accept(struct turn *t, const struct event *ev, bool emergency,
				  const struct directory_extension *e, struct ext *x)
{
	const struct exchange_edition *ed = &t->rules->edition[t->rules->current];
	struct call *c = exchange_call_new(t, ev->invite.call_no, ev->invite.dialled);
	struct leg *l;

	if (emergency)
		c->flags |= CALL_EMERGENCY;
	c->hops = ev->invite.hops;
	l = exchange_leg_new(t, c, ROLE_CALLER);
	caller_named(l, ev, ed->directory, e);
	exchange_effect_add(t, FX_BIND, l)->bind.channel = ev->invite.channel;
	if (e)
		exchange_leg_line_extension(t, l, x, 0);
	else
		exchange_leg_line_trunk(t, l, ev->invite.trunk);
	exchange_call_identity(t, c);
	step_arrived(exchange_call_step(t, c, STEP_ARRIVED, CLAUSE_HOUSE), ev,
		     ed->measures->version);
	return c;
}

static void from_trunk(struct turn *t, const struct event *ev)
{
	struct target tg;
	struct call *c;

	if (ev->invite.trunk < 1 || ev->invite.trunk > EXCHANGE_TRUNKS || ev->invite.replaces) {
		invite_reject(t, ev, 403, END_NOT_PERMITTED);
		return;
	}
	if (!room_for(t, false)) {
		invite_reject(t, ev, 503, END_FULL);
		return;
	}
	c = invite_accept(t, ev, false, NULL, NULL);
	c->flags |= CALL_ATTENDED;
	tg = directory_number(exchange_call_directory(t, c), ev->invite.dialled);
	if (tg.kind == TARGET_NONE) /* the main number, or one that nobody has (A4.1.7) */
		exchange_attendant_start(t, c);
	else
		exchange_target_seek(t, c, tg);
}

static void from_phone(struct turn *t, const struct event *ev)
{
	const struct exchange_edition *ed = &t->rules->edition[t->rules->current];
	bool emergency = measures_emergency(ed->measures, ev->invite.dialled);
	const struct directory_extension *e =
	    directory_extension(ed->directory, ev->invite.extension);
	struct ext *x = e ? exchange_ext_have(t, e->id) : NULL;
	struct call *c;

	if (!e) {
		invite_reject(t, ev, 403, END_NOT_PERMITTED);
		return;
	}
	if (!x || (x->leg_count >= EXTENSION_LEGS && !emergency) || !room_for(t, emergency)) {
		invite_reject(t, ev, 503, END_FULL);
		return;
	}
	c = invite_accept(t, ev, emergency, e, x);
	if (ev->invite.replaces)
		exchange_transfer_replaces(t, c, ev);
	else
		exchange_phone_dials(t, c, ev->invite.dialled);
}

void exchange_invite_in(struct turn *t, const struct event *ev)
{
	const struct exchange_edition *ed = &t->rules->edition[t->rules->current];

	if (t->x->closing || !ed->measures || !ed->directory)
		invite_reject(t, ev, 503, END_CLOSING);
	else if (ev->invite.trunk)
		from_trunk(t, ev);
	else
		from_phone(t, ev);
}

void exchange_phone_dials(struct turn *t, struct call *c, const char *dialled)
{
	const struct measures *m = exchange_call_measures(t, c);
	struct target tg = directory_number(exchange_call_directory(t, c), dialled);
	const char *outside = exchange_outside_digits(m, dialled);
	uint32_t account = exchange_call_caller(t, c)->extension;
	int slot;

	if (measures_emergency(m, dialled)) {
		exchange_trunk_emergency(
		    t, c, outside && measures_emergency(m, outside) ? outside : dialled);
		return;
	}
	if (text_eq(dialled, m->main_number) || text_eq(dialled, m->operator_number)) {
		exchange_attendant_start(t, c);
		return;
	}
	slot = exchange_park_slot(m, dialled);
	if (slot >= 0) {
		if (!exchange_park_retrieve(t, c, slot))
			exchange_caller_refuse(t, c, PHRASE_VACANT_NUMBER, 404, END_VACANT_NUMBER);
		return;
	}
	if (tg.kind != TARGET_NONE)
		exchange_target_seek(t, c, tg);
	else if (exchange_feature_dialled(t, c, dialled))
		return;
	else if (outside)
		exchange_trunk_start(t, c, account, outside);
	else
		exchange_caller_refuse(t, c, PHRASE_VACANT_NUMBER, 404, END_VACANT_NUMBER);
}
