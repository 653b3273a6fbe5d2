/* One step: an event finds its leg and call, and becomes a cue for the call's state. */
#include "exchange/priv.h"

static bool is_caller(const struct turn *t, const struct leg *l)
{
	return t->calls[l->call].caller == exchange_leg_index(t, l);
}

static void timer_due(struct turn *t)
{
	while (EFFECTS_MAX - t->fx->count > TURN_ROOM) {
		uint32_t timer = exchange_timer_take(t);
		struct cue cue = {.kind = timer & 1 ? CUE_WORD : CUE_TIMER};

		if (timer == UINT32_MAX)
			return;
		if (timer == exchange_timer_closing(t->x))
			exchange_closing_more(t);
		else if (timer > exchange_timer_closing(t->x))
			exchange_position_timer(t, timer - exchange_timer_closing(t->x));
		else
			exchange_call_cue(t, &t->calls[timer / 2], &cue);
	}
}

static void leg_rings(struct turn *t, struct leg *l, bool early)
{
	struct cue cue = {.kind = early ? CUE_EARLY : CUE_RINGING, .leg = l};

	if ((l->flags & LEG_IN) || l->state == LEG_UP)
		return;
	if (l->state == LEG_DIALLED || early)
		exchange_leg_state_set(t, l, early ? LEG_EARLY : LEG_RINGING);
	exchange_call_cue(t, &t->calls[l->call], &cue);
}

static void leg_answered(struct turn *t, struct leg *l)
{
	struct cue cue = {.kind = CUE_UP, .leg = l};

	if ((l->flags & LEG_IN) || l->state == LEG_UP)
		return;
	exchange_leg_state_set(t, l, LEG_UP);
	exchange_call_cue(t, &t->calls[l->call], &cue);
}

/* The far end has gone, or we have just ended it. */
static void leg_gone(struct turn *t, struct leg *l, uint16_t code, enum exchange_end why, bool ours)
{
	struct call *c = &t->calls[l->call];
	struct cue cue = {.kind = is_caller(t, l) ? CUE_GONE : CUE_DOWN, .code = code, .why = why};

	cue.outcome = exchange_outcome_of(l, code);
	if (ours)
		exchange_leg_end(t, l, 408, why);
	else
		exchange_leg_forget(t, l);
	exchange_call_cue(t, c, &cue);
}

static void leg_digit(struct turn *t, struct leg *l, char digit)
{
	struct cue cue = {
	    .kind = is_caller(t, l) ? CUE_DIGIT : CUE_LEG_DIGIT, .leg = l, .digit = digit};

	if (digit && strchr("0123456789*#", digit))
		exchange_call_cue(t, &t->calls[l->call], &cue);
	else
		t->x->ignored++;
}

static void leg_held(struct turn *t, struct leg *l, bool held)
{
	struct cue cue = {.kind = held ? CUE_HELD : CUE_RETRIEVED, .leg = l};

	if (held == !!(l->flags & LEG_HELD))
		return;
	l->flags = (uint8_t)(held ? l->flags | LEG_HELD : l->flags & ~LEG_HELD);
	exchange_call_cue(t, &t->calls[l->call], &cue);
}

static void leg_played(struct turn *t, struct leg *l, uint32_t serial, bool failed)
{
	struct call *c = &t->calls[l->call];
	struct cue cue = {
	    .kind = is_caller(t, l) ? CUE_PLAYED : CUE_LEG_PLAYED, .leg = l, .failed = failed};

	if (serial && c->over == serial) {
		c->over = 0; /* the join lay under it all the while */
		return;
	}
	if (!serial || l->play != serial) {
		t->x->ignored++;
		return;
	}
	l->play = 0;
	l->sound = SOUND_NONE;
	exchange_call_cue(t, c, &cue);
}

static void line_lost(struct turn *t, struct leg *l, bool silent)
{
	enum exchange_end why = silent ? END_SILENT_LINE : END_BUSY_TONE;

	exchange_call_step(t, &t->calls[l->call], silent ? STEP_SILENT_LINE : STEP_BUSY_TONE,
			   CLAUSE_HOUSE)
	    ->step.extension = l->extension;
	leg_gone(t, l, 0, why, true);
}

static void made(struct turn *t, const struct event *ev)
{
	struct call *c = exchange_call_awaiting(t, ev->done.serial);
	struct cue cue = {.kind = CUE_RECORDED, .ms = ev->done.ms};

	if (ev->kind == EV_KEPT)
		cue.kind = CUE_KEPT;
	else if (ev->kind == EV_NOT_KEPT)
		cue.kind = CUE_NOT_KEPT;
	else if (ev->done.why == RECORDED_FAILED) {
		cue.ms = 0;
		cue.failed = true;
	}
	if (!c || !exchange_call_permits(c->state, cue.kind)) {
		t->x->ignored++;
		return;
	}
	exchange_call_await(t, c, 0);
	exchange_call_cue(t, c, &cue);
}

static void box_answered(struct turn *t, const struct event *ev)
{
	struct call *c = exchange_call_awaiting(t, ev->box.serial);
	struct cue cue = {.kind = CUE_BOX, .box = ev};

	if (!c || !exchange_call_permits(c->state, cue.kind)) {
		t->x->ignored++;
		return;
	}
	exchange_call_await(t, c, 0);
	exchange_call_cue(t, c, &cue);
}

static void leg_answer_event(struct turn *t, struct leg *l, const struct event *ev)
{
	(void)ev;
	leg_answered(t, l);
}

static void leg_ring_event(struct turn *t, struct leg *l, const struct event *ev)
{
	leg_rings(t, l, ev->kind == EV_EARLY);
}

static void leg_gone_event(struct turn *t, struct leg *l, const struct event *ev)
{
	leg_gone(t, l, ev->code.code, END_NONE, false);
}

static void leg_digit_event(struct turn *t, struct leg *l, const struct event *ev)
{
	leg_digit(t, l, ev->digit.digit);
}

static void leg_held_event(struct turn *t, struct leg *l, const struct event *ev)
{
	leg_held(t, l, ev->kind == EV_HELD);
}

static void leg_played_event(struct turn *t, struct leg *l, const struct event *ev)
{
	leg_played(t, l, ev->done.serial, ev->done.why == RECORDED_FAILED);
}

static void line_lost_event(struct turn *t, struct leg *l, const struct event *ev)
{
	line_lost(t, l, ev->kind == EV_SILENT);
}

static void (*const leg_events[EV_COUNT])(struct turn *t, struct leg *l, const struct event *ev) = {
    [EV_RINGING] = leg_ring_event,	  [EV_EARLY] = leg_ring_event,
    [EV_ANSWERED] = leg_answer_event,	  [EV_FAILED] = leg_gone_event,
    [EV_ENDED] = leg_gone_event,	  [EV_DIGIT] = leg_digit_event,
    [EV_HELD] = leg_held_event,		  [EV_RETRIEVED] = leg_held_event,
    [EV_REFER] = exchange_transfer_refer, [EV_PLAYED] = leg_played_event,
    [EV_SILENT] = line_lost_event,	  [EV_BUSY_TONE] = line_lost_event,
    [EV_TAPED] = exchange_tape_event,
};

static void reachable_set(struct turn *t, const struct event *ev)
{
	struct ext *e = exchange_ext_have(t, ev->presence.id);

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
		exchange_invite_in(t, ev);
	else if (ev->kind == EV_RECORDED || ev->kind == EV_KEPT || ev->kind == EV_NOT_KEPT)
		made(t, ev);
	else if (ev->kind == EV_BOX)
		box_answered(t, ev);
	else if (ev->kind == EV_BOX_CALL)
		exchange_boxcall_event(t, ev);
	else if (ev->kind == EV_REACHABLE)
		reachable_set(t, ev);
	else if (ev->kind == EV_TRUNK)
		trunk_set(t, ev);
	else if (ev->kind == EV_SET)
		exchange_day_set(t, ev);
	else if (ev->kind == EV_MEASURES)
		exchange_day_sweep(t);
	else if (ev->kind == EV_CLOSING)
		exchange_closing_start(t);
	else if (ev->kind == EV_DESK)
		exchange_position_event(t, ev);
	else if (ev->kind == EV_COMMAND)
		exchange_command_in(t, ev);
	else
		return false;
	return true;
}

static void leg_event(struct turn *t, const struct event *ev)
{
	struct leg *l = exchange_leg_find(t, ev->leg);

	if (l && l->role == ROLE_POSITION)
		exchange_position_leg_event(t, l, ev);
	else if (l && ev->kind < EV_COUNT && leg_events[ev->kind])
		leg_events[ev->kind](t, l, ev);
	else
		t->x->ignored++;
}

static bool has_step(const struct effects *fx, uint64_t call_no)
{
	for (unsigned i = 0; i < fx->count; i++)
		if (fx->v[i].kind == FX_STEP && fx->v[i].step.call_no == call_no)
			return true;
	return false;
}

/* What the desk's pages are to be shown anew. */
static void views_tell(struct turn *t)
{
	for (unsigned i = 0; i < t->touched_count; i++) {
		const struct call *c = &t->calls[t->touched[i]];

		if (c->state != CALL_FREE && !has_step(t->fx, c->call_no))
			exchange_effect_add(t, FX_CALL, NULL)->call.call_no = c->call_no;
	}
	for (uint16_t i = 0; t->positions && i < EXCHANGE_POSITIONS; i++)
		if (t->positions & (1u << i))
			exchange_effect_add(t, FX_POSITION, NULL)->position.position =
			    (uint16_t)(i + 1);
}

void exchange_step(struct exchange *x, const struct exchange_rules *rules, const struct event *ev,
		   const struct now *now, struct effects *fx)
{
	struct turn t = {.x = x,
			 .rules = rules,
			 .now = now,
			 .fx = fx,
			 .calls = exchange_calls_at(x),
			 .legs = exchange_legs_at(x),
			 .exts = exchange_exts_at(x)};

	fx->count = 0;
	if (!exchange_event(&t, ev))
		leg_event(&t, ev);
	views_tell(&t);
}
