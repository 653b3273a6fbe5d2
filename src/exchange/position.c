/*
 * Positions: the operators' places, their duty and their sound.
 *
 * Invariants
 * 1. A position's headset is a leg of ROLE_POSITION that is UP (or a phone that is dialled); it is
 *    in no call's list, so that what ends a call's legs never ends it. leg.call == position.call.
 * 2. position.call is the call in hand; that call's `position` names it back. A call without an
 *    operator's hands has a timer of its own.
 * 3. LOST has a timer (desk_grace_ms) until its grace is over; then nothing is its own any more.
 * 4. Nobody on duty (ON, WRAP_UP) is the automatic state; it is computed, never kept.
 *
 *   OFF <--> ON <--> AWAY     ON -(call over)-> WRAP_UP -(timer)-> ON
 *   any with a call, ON, WRAP_UP -(page or sound lost)-> LOST -(both back)-> as before
 */
#include "exchange/priv.h"

struct position *exchange_position_at(const struct turn *t, uint16_t position)
{
	return position >= 1 && position <= EXCHANGE_POSITIONS ? &t->x->position[position - 1]
							       : NULL;
}

uint16_t exchange_position_no(const struct turn *t, const struct position *p)
{
	return (uint16_t)(p - t->x->position + 1);
}

struct position *exchange_position_of(const struct turn *t, const struct call *c)
{
	return exchange_position_at(t, c->position);
}

bool exchange_position_on(const struct position *p)
{
	return p->state == POSITION_ON || p->state == POSITION_WRAP_UP;
}

bool exchange_positions_on(const struct turn *t)
{
	for (unsigned i = 0; t->x->positions && i < EXCHANGE_POSITIONS; i++)
		if (exchange_position_on(&t->x->position[i]))
			return true;
	return false;
}

bool exchange_position_keeps(const struct position *p)
{
	return exchange_position_on(p) ||
	       (p->state == POSITION_LOST && !p->over &&
		(p->before == POSITION_ON || p->before == POSITION_WRAP_UP));
}

struct call *exchange_position_call(const struct turn *t, const struct position *p)
{
	return p->call == NONE16 ? NULL : &t->calls[p->call];
}

bool exchange_position_hands(const struct turn *t, const struct call *c)
{
	const struct position *p = exchange_position_of(t, c);

	return p && p->call == exchange_call_index(t, c);
}

struct leg *exchange_position_ear(const struct turn *t, const struct position *p)
{
	struct leg *l = exchange_leg_at(t, p->headset);

	return l && l->state == LEG_UP && !p->lost ? l : NULL;
}

/* A call could be spoken to from here: by what is up, or by a phone that can be called. */
bool exchange_position_may_ring(const struct turn *t, const struct position *p)
{
	return p->state == POSITION_ON && p->call == NONE16 &&
	       (exchange_position_ear(t, p) || (p->extension && !p->nailed));
}

void exchange_position_touch(struct turn *t, const struct position *p)
{
	t->positions |= 1u << (exchange_position_no(t, p) - 1);
}

struct effect *exchange_position_step(struct turn *t, const struct position *p, enum step_kind k,
				      enum clause cl)
{
	struct effect *e = exchange_effect_add(t, FX_STEP, NULL);

	e->step.step = k;
	e->step.clause = cl;
	e->step.person = p->person;
	e->step.value = exchange_position_no(t, p);
	return e;
}

/* The extension on whose account an operator's call goes outside. */
uint32_t exchange_position_account(const struct turn *t, const struct call *c,
				   const struct position *p)
{
	const struct directory *d = c ? exchange_call_directory(t, c)
				      : t->rules->edition[t->rules->current].directory;
	const struct directory_person *who = directory_person(d, p->person);

	return p->extension ? p->extension : who ? who->extension : 0;
}

/* ---- duty ---- */

static void state_set(struct turn *t, struct position *p, enum exchange_position_state s)
{
	bool manual = exchange_positions_on(t);

	exchange_timer_disarm_position(t, exchange_position_no(t, p));
	p->state = (uint8_t)s;
	p->over = 0;
	p->since_wall_ms = t->now->wall_ms;
	if (s != POSITION_AWAY)
		p->until_wall_ms = 0;
	exchange_position_touch(t, p);
	if (manual != exchange_positions_on(t))
		exchange_position_step(t, p, manual ? STEP_AUTOMATIC : STEP_MANUAL,
				       manual ? CLAUSE_A3_4 : CLAUSE_A3_3);
	exchange_ring_duty(t);
}

static const struct measures *current_measures(const struct turn *t)
{
	return t->rules->edition[t->rules->current].measures;
}

static void headset_tell(struct turn *t, struct position *p)
{
	static const struct cue cue = {.kind = CUE_HEADSET};
	struct call *c = exchange_position_call(t, p);

	exchange_position_touch(t, p);
	if (c && exchange_call_permits(c->state, CUE_HEADSET))
		exchange_call_cue(t, c, &cue);
}

static void position_lost(struct turn *t, struct position *p)
{
	uint32_t grace = current_measures(t)->desk_grace_ms;
	uint8_t before = p->state;

	exchange_position_step(t, p, STEP_POSITION_LOST, CLAUSE_A3_4);
	p->before = before;
	state_set(t, p, POSITION_LOST);
	exchange_timer_arm_position(t, exchange_position_no(t, p), grace ? grace : DESK_GRACE_MS);
	headset_tell(t, p);
}

static void position_back(struct turn *t, struct position *p)
{
	exchange_position_step(t, p, STEP_POSITION_BACK, CLAUSE_A3_3);
	state_set(t, p, p->before == POSITION_WRAP_UP ? POSITION_ON : p->before);
	headset_tell(t, p);
}

/* What is lost of page and sound, now. */
static void presence_set(struct turn *t, struct position *p, uint8_t lost)
{
	bool changed = p->lost != lost;

	p->lost = lost;
	if (changed)
		exchange_position_touch(t, p);
	if (lost && FAULT(FAULT_DESK_VANISHED))
		return;
	if (lost && p->state != POSITION_LOST && (exchange_position_on(p) || p->call != NONE16))
		position_lost(t, p);
	else if (!lost && p->state == POSITION_LOST)
		position_back(t, p);
}

/* ---- hands ---- */

static void phone_end(struct turn *t, struct position *p)
{
	struct leg *l = exchange_leg_at(t, p->headset);

	p->headset = NONE16;
	if (l)
		exchange_leg_end(t, l, 487, END_NONE);
}

void exchange_position_take(struct turn *t, struct position *p, struct call *c)
{
	struct leg *l = exchange_leg_at(t, p->headset);

	if (p->state == POSITION_WRAP_UP)
		state_set(t, p, POSITION_ON);
	p->call = exchange_call_index(t, c);
	p->last_ms = t->now->mono_ms;
	c->position = (uint8_t)exchange_position_no(t, p);
	if (l)
		l->call = p->call;
	exchange_position_touch(t, p);
}

static void position_part(struct turn *t, struct position *p)
{
	struct leg *l = exchange_leg_at(t, p->headset);

	if (l) {
		if (!FAULT(FAULT_DESK_SWAP))
			exchange_leg_silence(t, l);
		l->call = NONE16;
	}
	p->call = NONE16;
	p->last_ms = t->now->mono_ms;
	exchange_position_touch(t, p);
}

void exchange_position_free(struct turn *t, struct position *p, enum hands how)
{
	uint32_t wrap = current_measures(t)->wrap_up_ms;

	position_part(t, p);
	if (how == HANDS_SWAP)
		return;
	if (p->extension && (!p->nailed || p->state == POSITION_OFF))
		phone_end(t, p);
	if (how == HANDS_OVER && p->state == POSITION_ON && wrap) {
		state_set(t, p, POSITION_WRAP_UP);
		exchange_timer_arm_position(t, exchange_position_no(t, p), wrap);
	} else if (p->state == POSITION_LOST && p->before != POSITION_ON &&
		   p->before != POSITION_WRAP_UP) {
		state_set(t, p, p->before); /* it was lost for the sake of its call only */
	}
}

/* Its phone can be called now. */
bool exchange_position_may_dial(const struct turn *t, const struct position *p)
{
	const struct directory *d = t->rules->edition[t->rules->current].directory;
	const struct directory_extension *e = directory_extension(d, p->extension);
	const struct ext *x = e ? exchange_ext_find(t, e->id) : NULL;

	return x && x->reachable && !exchange_ext_busy(t, x, e) && t->x->free_leg != NONE16 &&
	       t->x->caps.legs - t->x->leg_count > t->x->caps.reserve * 2;
}

bool exchange_position_dial(struct turn *t, struct position *p)
{
	const struct exchange_edition *ed = &t->rules->edition[t->rules->current];
	const struct directory_extension *e = directory_extension(ed->directory, p->extension);
	struct ext *x = exchange_ext_find(t, p->extension);
	struct effect *fx;
	struct leg *l;

	if (!exchange_position_may_dial(t, p))
		return false;
	l = exchange_leg_new_position(t, exchange_position_no(t, p));
	p->headset = exchange_leg_index(t, l);
	l->call = p->call;
	fx = exchange_effect_add(t, FX_DIAL, l);
	fx->dial.extension = e->id;
	TEXT_COPY(fx->dial.from_number, ed->measures->main_number);
	TEXT_COPY(l->number, e->number);
	exchange_leg_line_extension(t, l, x, 0);
	return true;
}

void exchange_position_timer(struct turn *t, uint32_t position)
{
	struct position *p = exchange_position_at(t, (uint16_t)position);
	struct call *c = exchange_position_call(t, p);

	if (p->state == POSITION_WRAP_UP) {
		state_set(t, p, POSITION_ON);
		return;
	}
	if (p->state != POSITION_LOST)
		return;
	p->over = 1;
	exchange_position_touch(t, p);
	exchange_ring_duty(t);
	if (!c || FAULT(FAULT_DESK_LOST_FORGOTTEN))
		return;
	exchange_call_drop_legs(t, c, NULL, END_NONE);
	exchange_desk_release(t, c);
	if (c->state == CALL_DIAL)
		exchange_call_finish(t, c, 0, END_OPERATOR_HUNG_UP);
	else
		exchange_queue_start(t, c, QUEUED_LOST);
}

/* ---- what happens to a position ---- */

/* Lost for the sake of its call, after it had left: now it is to be on duty once it is back. */
static void duty_on_lost(struct turn *t, struct position *p)
{
	if (p->before != POSITION_ON && p->before != POSITION_WRAP_UP) {
		exchange_position_step(t, p, p->before == POSITION_AWAY ? STEP_POSITION_BACK
									: STEP_POSITION_ON,
				       CLAUSE_A3_3);
		p->before = POSITION_ON;
		p->until_wall_ms = 0;
		exchange_position_touch(t, p);
	}
	presence_set(t, p, p->lost & (uint8_t)~LOST_PAGE);
}

static void duty_on(struct turn *t, struct position *p, const struct event *ev)
{
	p->person = ev->desk.person ? ev->desk.person : p->person;
	p->last_ms = t->now->mono_ms;
	if (p->state == POSITION_LOST) {
		duty_on_lost(t, p);
		return;
	}
	if (exchange_position_on(p)) {
		exchange_position_touch(t, p);
		return;
	}
	exchange_position_step(
	    t, p, p->state == POSITION_AWAY ? STEP_POSITION_BACK : STEP_POSITION_ON, CLAUSE_A3_3);
	p->lost = 0; /* who comes on duty has a page; no sound yet is none lost */
	state_set(t, p, POSITION_ON);
	if (p->nailed && p->headset == NONE16)
		exchange_position_dial(t, p);
}

static void duty_leave(struct turn *t, struct position *p, const struct event *ev)
{
	bool off = ev->desk.act == DESK_OFF;
	enum exchange_position_state s = off ? POSITION_OFF : POSITION_AWAY;

	if (p->state == s || (p->state == POSITION_LOST && p->before == s) ||
	    (!off && p->state == POSITION_OFF))
		return;
	exchange_position_step(t, p, off ? STEP_POSITION_OFF : STEP_POSITION_AWAY, CLAUSE_A3_4);
	p->until_wall_ms = off ? 0 : ev->desk.until_wall_ms;
	if (p->state == POSITION_LOST && p->call != NONE16) {
		p->before = (uint8_t)s; /* its call waits for the grace all the same */
		exchange_position_touch(t, p);
		exchange_ring_duty(t);
		return;
	}
	state_set(t, p, s);
	if (!off || p->call != NONE16)
		return;
	p->lost = 0;
	if (p->extension)
		phone_end(t, p);
}

static void headset_set(struct turn *t, struct position *p, const struct event *ev)
{
	struct leg *l = exchange_leg_new_position(t, ev->desk.position), *old;
	struct effect *e;

	if (!l) {
		e = exchange_effect_add(t, FX_REJECT, NULL);
		e->bind.channel = ev->desk.channel;
		e->bind.code = 503;
		e->bind.why = END_FULL;
		return;
	}
	old = exchange_leg_at(t, p->headset);
	p->headset = NONE16;
	if (old)
		exchange_leg_end(t, old, 487, END_ANSWERED_ELSEWHERE);
	exchange_leg_line_trunk(t, l, 0);
	exchange_leg_state_set(t, l, LEG_UP);
	l->call = p->call;
	p->headset = exchange_leg_index(t, l);
	p->extension = 0;
	p->nailed = 0;
	exchange_effect_add(t, FX_BIND, l)->bind.channel = ev->desk.channel;
	if (p->lost & LOST_SOUND)
		presence_set(t, p, p->lost & (uint8_t)~LOST_SOUND);
	headset_tell(t, p);
}

/* A guarded principal's phone is nobody's headset: whoever is answered would be joined to it. */
static bool phone_serves(const struct turn *t, uint32_t extension)
{
	const struct directory *d = t->rules->edition[t->rules->current].directory;
	const struct directory_extension *e = directory_extension(d, extension);
	const struct directory_person *who = e ? directory_person(d, e->person) : NULL;
	enum reach reach = who ? measures_reach(who->post) : REACH_STRAIGHT;

	return e && reach != REACH_SCREENED && reach != REACH_SECRETARY;
}

static void phone_set(struct turn *t, struct position *p, const struct event *ev)
{
	if (ev->desk.extension && !phone_serves(t, ev->desk.extension)) {
		t->x->ignored++;
		return;
	}
	if (p->extension == ev->desk.extension && p->nailed == ev->desk.nailed &&
	    p->headset != NONE16)
		return;
	if (!ev->desk.extension && !p->extension)
		return;
	phone_end(t, p);
	p->extension = ev->desk.extension;
	p->nailed = ev->desk.nailed && p->extension;
	if (p->nailed && p->state != POSITION_OFF)
		exchange_position_dial(t, p);
	if (p->extension && (p->lost & LOST_SOUND))
		presence_set(t, p, p->lost & (uint8_t)~LOST_SOUND);
	headset_tell(t, p);
}

void exchange_position_event(struct turn *t, const struct event *ev)
{
	struct position *p = exchange_position_at(t, ev->desk.position);

	if (!p) {
		t->x->ignored++;
		return;
	}
	if (!p->known) {
		p->known = 1;
		p->since_wall_ms = t->now->wall_ms;
		t->x->positions |= 1u << (ev->desk.position - 1);
	}
	exchange_position_touch(t, p);
	switch (ev->desk.act) {
	case DESK_ON:
	case DESK_BACK:
		duty_on(t, p, ev);
		break;
	case DESK_OFF:
	case DESK_AWAY:
		duty_leave(t, p, ev);
		break;
	case DESK_HEADSET:
		headset_set(t, p, ev);
		break;
	case DESK_PHONE:
		phone_set(t, p, ev);
		break;
	case DESK_PAGE_LOST:
		presence_set(t, p, p->lost | LOST_PAGE);
		break;
	case DESK_PAGE_BACK:
		presence_set(t, p, p->lost & (uint8_t)~LOST_PAGE);
		break;
	case DESK_SOUND_LOST:
		presence_set(t, p, p->lost | LOST_SOUND);
		break;
	case DESK_SOUND_BACK:
		presence_set(t, p, p->lost & (uint8_t)~LOST_SOUND);
		break;
	case DESK_ACT_COUNT:
		break;
	}
}

/* ---- what happens to a position's leg ---- */

static void ear_gone(struct turn *t, struct position *p, struct leg *l)
{
	bool each_call = p->extension && !p->nailed;

	p->headset = NONE16;
	exchange_leg_forget(t, l);
	if (!each_call)
		presence_set(t, p, p->lost | LOST_SOUND);
	headset_tell(t, p);
}

static void ear_answered(struct turn *t, struct position *p, struct leg *l)
{
	if (l->state == LEG_UP)
		return;
	exchange_leg_state_set(t, l, LEG_UP);
	if (p->lost & LOST_SOUND)
		presence_set(t, p, p->lost & (uint8_t)~LOST_SOUND);
	headset_tell(t, p);
}

/* Speaking stops the operator's own recording. */
static void ear_speaks(struct turn *t, struct position *p)
{
	struct call *c = exchange_position_call(t, p);

	if (!c || !c->over || c->caller == NONE16)
		return;
	c->over = 0;
	exchange_effect_add(t, FX_QUIET, exchange_call_caller(t, c));
}

void exchange_position_leg_event(struct turn *t, struct leg *l, const struct event *ev)
{
	struct position *p = exchange_position_at(t, l->position);

	if (ev->kind == EV_ENDED || ev->kind == EV_FAILED) {
		ear_gone(t, p, l);
	} else if (ev->kind == EV_ANSWERED) {
		ear_answered(t, p, l);
	} else if (ev->kind == EV_RINGING || ev->kind == EV_EARLY) {
		if (l->state == LEG_DIALLED)
			exchange_leg_state_set(t, l, LEG_RINGING);
	} else if (ev->kind == EV_SILENT) {
		presence_set(t, p, p->lost | LOST_SOUND);
	} else if (ev->kind == EV_VOICE) {
		ear_speaks(t, p);
	} else if (ev->kind == EV_REFER) {
		exchange_effect_add(t, FX_REFER_ANSWER, l)->code.code = 603;
	} else {
		t->x->ignored++; /* digits, holds: a headset has none */
	}
}
