/*
 * Out over trunks: class of service, routes in order, channel limits, emergency numbers.
 *
 * Invariants: an ordinary call goes over a trunk that carries its class, works and has a channel
 * free; no trunk is tried twice for a call. An emergency call (110 119 120 122) asks for none of
 * these: trunks that work come first, then all; when all are full a lesser call gives way.
 */
#include "exchange/priv.h"
#include "measures/forward.h"

enum { VICTIMS = 64 };

const char *exchange_outside_digits(const struct measures *m, const char *dialled)
{
	return measures_outside_digits(m, dialled);
}

static void displace(struct turn *t, struct call *c)
{
	exchange_call_step(t, c, STEP_DISPLACED, CLAUSE_HOUSE);
	exchange_call_finish(t, c, 503, END_DISPLACED);
}

/* The latest call on a trunk that is no emergency; NULL when all are. */
static struct call *lesser_call(struct turn *t, uint16_t trunk)
{
	uint16_t i = t->x->trunk[trunk].first_leg;

	for (unsigned n = 0; i != NONE16 && n < VICTIMS; n++, i = t->legs[i].line_next) {
		struct call *c = &t->calls[t->legs[i].call];

		if (!(c->flags & CALL_EMERGENCY))
			return c;
	}
	return NULL;
}

/* Room in the exchange itself for an emergency call: a call less, then. */
bool exchange_trunk_make_room(struct turn *t)
{
	struct call *c = NULL;

	for (unsigned i = 0; i < t->rules->trunk_count && !c; i++)
		c = lesser_call(t, t->rules->trunk[i].id);
	for (uint32_t i = 0; i < t->x->caps.calls && i < VICTIMS && !c; i++)
		if (t->calls[i].state != CALL_FREE && !(t->calls[i].flags & CALL_EMERGENCY))
			c = &t->calls[i];
	if (!c)
		return false;
	displace(t, c);
	return true;
}

static bool trunk_full(const struct turn *t, const struct exchange_trunk *tr)
{
	return tr->channels && t->x->trunk[tr->id].leg_count >= tr->channels;
}

static bool trunk_usable(const struct turn *t, const struct call *c,
			 const struct exchange_trunk *tr)
{
	enum service_class need = measures_class_needed(exchange_call_measures(t, c), c->out);

	if (tr->id < 1 || tr->id > EXCHANGE_TRUNKS || (c->tried & (1u << (tr->id - 1))))
		return false;
	if (c->flags & CALL_EMERGENCY)
		return true;
	return !t->x->trunk[tr->id].off && !trunk_full(t, tr) && need < CLASS_COUNT &&
	       (tr->classes & EXCHANGE_CLASS_BIT(need));
}

/* The next trunk to try; for an emergency those that work and have room, then those that work,
 * then those said not to work. */
static const struct exchange_trunk *trunk_choose(const struct turn *t, const struct call *c)
{
	const struct exchange_trunk *best = NULL;
	unsigned best_rank = 3;

	for (unsigned i = 0; i < t->rules->trunk_count && i < EXCHANGE_TRUNKS; i++) {
		const struct exchange_trunk *tr = &t->rules->trunk[i];
		unsigned rank;

		if (!trunk_usable(t, c, tr))
			continue;
		rank = t->x->trunk[tr->id].off ? 2 : trunk_full(t, tr) ? 1 : 0;
		if (rank < best_rank) {
			best = tr;
			best_rank = rank;
		}
	}
	return best;
}

static void out_identity(struct turn *t, struct call *c, struct effect *fx)
{
	const struct directory *d = exchange_call_directory(t, c);
	const struct directory_extension *e = directory_extension(d, c->from_ext);
	const struct leg *caller = exchange_call_caller(t, c);

	/* always a number of ours, never a foreign one when forwarding */
	TEXT_COPY(fx->dial.from_number, e ? e->number : c->number);
	TEXT_COPY(fx->dial.from_name, caller && caller->extension ? c->name : "");
	fx->dial.withheld = caller && (caller->flags & LEG_WITHHELD);
}

static void trunk_dial(struct turn *t, struct call *c, const struct exchange_trunk *tr,
		       struct leg *l)
{
	struct effect *fx = exchange_effect_add(t, FX_DIAL, l);
	struct effect *e;

	fx->dial.trunk = tr->id;
	TEXT_COPY(fx->dial.number, c->out);
	out_identity(t, c, fx);
	fx->dial.emergency = c->flags & CALL_EMERGENCY;
	fx->dial.media_like =
	    c->caller == NONE16 ? 0 : exchange_leg_id_of(t, exchange_call_caller(t, c));
	fx->dial.timeout_ms = tr->first_response_ms;
	TEXT_COPY(l->number, c->out);
	exchange_leg_line_trunk(t, l, tr->id);
	c->out_trunk = tr->id;
	e = exchange_call_step(t, c, STEP_TARGET, CLAUSE_HOUSE);
	e->step.trunk = tr->id;
	TEXT_COPY(e->step.text, c->out);
}

/* True when a leg was dialled over the next trunk. */
bool exchange_trunk_next(struct turn *t, struct call *c)
{
	const struct exchange_trunk *tr = trunk_choose(t, c);
	struct call *victim;
	struct leg *l;

	if (!tr)
		return false;
	c->tried |= 1u << (tr->id - 1);
	if (trunk_full(t, tr)) {
		victim = lesser_call(t, tr->id);
		if (victim)
			displace(t, victim);
	}
	l = exchange_leg_new(t, c, ROLE_TARGET);
	if (!l && (c->flags & CALL_EMERGENCY) && exchange_trunk_make_room(t))
		l = exchange_leg_new(t, c, ROLE_TARGET);
	if (!l)
		return false;
	trunk_dial(t, c, tr, l);
	return true;
}

static void no_trunk(struct turn *t, struct call *c)
{
	exchange_call_step(t, c, STEP_TRUNK_BUSY, CLAUSE_HOUSE);
	if (c->flags & CALL_ATTENDED)
		exchange_article4_outcome(t, c, OUTCOME_UNREACHABLE);
	else
		exchange_caller_refuse(t, c, PHRASE_NO_TRUNK, 503, END_NO_TRUNK);
}

static void trunk_go(struct turn *t, struct call *c)
{
	exchange_call_goto(t, c, CALL_TARGET);
	exchange_timer_arm(t, c, TIMER_STATE, OUT_RING_MS);
	if (!exchange_trunk_next(t, c))
		no_trunk(t, c);
	else if (exchange_call_caller(t, c)->state == LEG_UP)
		exchange_caller_ringback(t, c);
}

static void out_set(struct call *c, uint32_t account, const char *digits)
{
	c->to = TO_ORDINARY;
	c->ext = c->person = c->department = 0;
	c->tried = 0;
	c->saw = 0;
	c->from_ext = account;
	TEXT_COPY(c->out, digits);
}

void exchange_trunk_start(struct turn *t, struct call *c, uint32_t account, const char *digits)
{
	const struct directory_extension *e =
	    directory_extension(exchange_call_directory(t, c), account);
	enum service_class need = measures_class_needed(exchange_call_measures(t, c), digits);
	struct effect *fx;

	out_set(c, account, digits);
	if (e && need < CLASS_COUNT && need <= e->service_class) {
		trunk_go(t, c);
		return;
	}
	fx = exchange_call_step(t, c, STEP_NOT_PERMITTED, CLAUSE_HOUSE);
	fx->step.extension = account;
	TEXT_COPY(fx->step.text, digits);
	if (c->flags & CALL_ATTENDED)
		exchange_article4_outcome(t, c, OUTCOME_UNREACHABLE);
	else
		exchange_caller_refuse(t, c, PHRASE_NOT_PERMITTED, 403, END_NOT_PERMITTED);
}

void exchange_trunk_emergency(struct turn *t, struct call *c, const char *digits)
{
	struct effect *e;

	c->flags |= CALL_EMERGENCY;
	out_set(c, exchange_call_caller(t, c)->extension, digits);
	e = exchange_call_step(t, c, STEP_EMERGENCY, CLAUSE_HOUSE);
	e->step.extension = c->from_ext;
	TEXT_COPY(e->step.text, digits);
	trunk_go(t, c);
}
