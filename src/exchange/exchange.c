/* One step: an event finds its leg and call, and becomes a cue for the call's state. */
#include "exchange/priv.h"

static bool is_caller(const struct turn *t, const struct leg *l)
{
	return t->calls[l->call].caller == leg_index(t, l);
}

static void timer_due(struct turn *t)
{
	while (EFFECTS_MAX - t->fx->count > TURN_ROOM) {
		uint32_t timer = timer_take(t);
		struct cue cue = {.kind = timer & 1 ? CUE_WORD : CUE_TIMER};

		if (timer == UINT32_MAX)
			return;
		if (timer == timer_closing(t->x))
			closing_more(t);
		else
			call_cue(t, &t->calls[timer / 2], &cue);
	}
}

static void leg_rings(struct turn *t, struct leg *l, bool early)
{
	struct cue cue = {.kind = early ? CUE_EARLY : CUE_RINGING, .leg = l};

	if ((l->flags & LEG_IN) || l->state == LEG_UP)
		return;
	if (l->state == LEG_DIALLED || early)
		leg_state_set(t, l, early ? LEG_EARLY : LEG_RINGING);
	call_cue(t, &t->calls[l->call], &cue);
}

static void leg_answered(struct turn *t, struct leg *l)
{
	struct cue cue = {.kind = CUE_UP, .leg = l};

	if ((l->flags & LEG_IN) || l->state == LEG_UP)
		return;
	leg_state_set(t, l, LEG_UP);
	call_cue(t, &t->calls[l->call], &cue);
}

/* The far end has gone, or we have just ended it. */
static void leg_gone(struct turn *t, struct leg *l, uint16_t code, enum exchange_end why, bool ours)
{
	struct call *c = &t->calls[l->call];
	struct cue cue = {.kind = is_caller(t, l) ? CUE_GONE : CUE_DOWN, .code = code, .why = why};

	cue.outcome = outcome_of(l, code);
	if (ours)
		leg_end(t, l, 408, why);
	else
		leg_forget(t, l);
	call_cue(t, c, &cue);
}

static void leg_digit(struct turn *t, struct leg *l, char digit)
{
	struct cue cue = {.kind = is_caller(t, l) ? CUE_DIGIT : CUE_LEG_DIGIT, .leg = l,
			  .digit = digit};

	if (digit && strchr("0123456789*#", digit))
		call_cue(t, &t->calls[l->call], &cue);
	else
		t->x->ignored++;
}

static void leg_held(struct turn *t, struct leg *l, bool held)
{
	struct cue cue = {.kind = held ? CUE_HELD : CUE_RETRIEVED, .leg = l};

	if (held == !!(l->flags & LEG_HELD))
		return;
	l->flags = (uint8_t)(held ? l->flags | LEG_HELD : l->flags & ~LEG_HELD);
	call_cue(t, &t->calls[l->call], &cue);
}

static void leg_played(struct turn *t, struct leg *l, uint32_t serial)
{
	struct cue cue = {.kind = is_caller(t, l) ? CUE_PLAYED : CUE_LEG_PLAYED, .leg = l};

	if (!serial || l->play != serial) {
		t->x->ignored++;
		return;
	}
	l->play = 0;
	l->sound = SOUND_NONE;
	call_cue(t, &t->calls[l->call], &cue);
}

static void line_lost(struct turn *t, struct leg *l, bool silent)
{
	enum exchange_end why = silent ? END_SILENT_LINE : END_BUSY_TONE;

	call_step(t, &t->calls[l->call], silent ? STEP_SILENT_LINE : STEP_BUSY_TONE, CLAUSE_HOUSE)
		->step.extension = l->extension;
	leg_gone(t, l, 0, why, true);
}

static void made(struct turn *t, const struct event *ev)
{
	struct call *c = call_awaiting(t, ev->done.serial);
	struct cue cue = {.kind = CUE_RECORDED, .ms = ev->done.ms};

	if (ev->kind == EV_KEPT)
		cue.kind = CUE_KEPT;
	else if (ev->kind == EV_NOT_KEPT)
		cue.kind = CUE_NOT_KEPT;
	else if (ev->done.why == RECORDED_FAILED)
		cue.ms = 0;
	if (!c || !call_permits(c->state, cue.kind)) {
		t->x->ignored++;
		return;
	}
	call_await(t, c, 0);
	call_cue(t, c, &cue);
}

static void leg_event(struct turn *t, const struct event *ev, struct leg *l)
{
	switch (ev->kind) {
	case EV_RINGING:
	case EV_EARLY:
		leg_rings(t, l, ev->kind == EV_EARLY);
		break;
	case EV_ANSWERED:
		leg_answered(t, l);
		break;
	case EV_FAILED:
	case EV_ENDED:
		leg_gone(t, l, ev->code.code, END_NONE, false);
		break;
	case EV_DIGIT:
		leg_digit(t, l, ev->digit.digit);
		break;
	case EV_HELD:
	case EV_RETRIEVED:
		leg_held(t, l, ev->kind == EV_HELD);
		break;
	case EV_REFER:
		transfer_refer(t, l, ev);
		break;
	case EV_PLAYED:
		leg_played(t, l, ev->done.serial);
		break;
	case EV_SILENT:
	case EV_BUSY_TONE:
		line_lost(t, l, ev->kind == EV_SILENT);
		break;
	case EV_TIMER:
	case EV_INVITE:
	case EV_RECORDED:
	case EV_KEPT:
	case EV_NOT_KEPT:
	case EV_REACHABLE:
	case EV_TRUNK:
	case EV_SET:
	case EV_MEASURES:
	case EV_CLOSING:
	case EV_COUNT:
		break;
	}
}

static void reachable_set(struct turn *t, const struct event *ev)
{
	struct ext *e = ext_have(t, ev->presence.id);

	if (e)
		e->reachable = ev->presence.on;
}

static void trunk_set(struct turn *t, const struct event *ev)
{
	if (ev->presence.id >= 1 && ev->presence.id <= EXCHANGE_TRUNKS)
		t->x->trunk[ev->presence.id].off = !ev->presence.on;
}

/* True when the event isn't about one leg. */
static bool exchange_event(struct turn *t, const struct event *ev)
{
	if (ev->kind == EV_TIMER)
		timer_due(t);
	else if (ev->kind == EV_INVITE)
		invite_in(t, ev);
	else if (ev->kind == EV_RECORDED || ev->kind == EV_KEPT || ev->kind == EV_NOT_KEPT)
		made(t, ev);
	else if (ev->kind == EV_REACHABLE)
		reachable_set(t, ev);
	else if (ev->kind == EV_TRUNK)
		trunk_set(t, ev);
	else if (ev->kind == EV_SET)
		day_set(t, ev);
	else if (ev->kind == EV_MEASURES)
		day_sweep(t);
	else if (ev->kind == EV_CLOSING)
		closing_start(t);
	else
		return false;
	return true;
}

void exchange_step(struct exchange *x, const struct exchange_rules *rules,
		   const struct event *ev, const struct now *now, struct effects *fx)
{
	struct turn t = {x, rules, now, fx, exchange_calls_at(x), exchange_legs_at(x),
			 exchange_exts_at(x)};
	struct leg *l;

	fx->count = 0;
	if (exchange_event(&t, ev))
		return;
	l = leg_find(&t, ev->leg);
	if (l)
		leg_event(&t, ev, l);
	else
		x->ignored++;
}
