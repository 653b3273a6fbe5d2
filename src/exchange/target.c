/*
 * Whom a number names, how that person is reached, and the ringing of the phone.
 *
 * Invariants
 * 1. For a guarded caller (exchange_guard_applies) a general manager's number leads to the
 * screening, a chairman's to the secretary: by whatever way the number was come by.
 * 2. In TARGET at least one dialled leg lives, and TIMER_STATE ends the ringing.
 * 3. asked_* is whom the caller wanted (a message is for them); ext, person, department who is
 * rung.
 *
 *   seek -> forward? -> away, unreachable, busy? -> outcome
 *                    -> TARGET -> UP -> talk
 *                              -> time-out, refusal -> next member / next trunk / outcome
 */
#include "exchange/priv.h"

static void target_clear(struct call *c)
{
	c->ext = c->person = c->department = 0;
	c->cursor = c->saw = 0;
	c->tried = 0;
	memset(c->out, 0, sizeof(c->out));
	c->out_trunk = 0;
}

static void asked_set(struct turn *t, struct call *c, const struct directory_extension *e)
{
	if (c->hops && (c->asked_person || c->asked_department))
		return; /* who forwards is still whom the caller wanted */
	c->to = TO_ORDINARY;
	c->asked_person = e->person;
	c->asked_department = e->person ? 0 : e->department;
	if (!e->person && !e->department)
		c->asked_department = exchange_call_measures(t, c)->gad_department;
}

static bool fault_straight(const struct call *c)
{
	return (FAULT(FAULT_CONSENT_FORWARD) && c->hops) ||
	       (FAULT(FAULT_CONSENT_DID) && c->state == CALL_FREE) ||
	       (FAULT(FAULT_CONSENT_BLIND) && (c->flags & CALL_TRANSFERRED));
}

/* Whatever the state of the phone: the table's rows for a chairman say where the call goes. */
static void chairman_start(struct turn *t, struct call *c, const struct directory_person *p)
{
	c->to = TO_CHAIRMAN;
	c->person = p->id;
	exchange_article4_next(t, c, exchange_article4_row(TO_CHAIRMAN, OUTCOME_ANSWERED)->next);
}

static void target_extension(struct turn *t, struct call *c, const struct directory_extension *e)
{
	const struct directory_person *p =
	    directory_person(exchange_call_directory(t, c), e->person);
	enum reach reach = p ? measures_reach(p->post) : REACH_STRAIGHT;

	target_clear(c);
	if (exchange_guard_caller(t, c, e->id)) {
		if (fault_straight(c)) {
			c->consent_person = p->id;
		} else if (reach == REACH_SCREENED) {
			exchange_screening_start(t, c, p);
			return;
		} else {
			chairman_start(t, c, p);
			return;
		}
	}
	asked_set(t, c, e);
	c->ext = e->id;
	c->person = e->person;
	if (p && !p->name[0])
		exchange_article4_outcome(t, c, OUTCOME_VACANT);
	else
		exchange_target_ring(t, c);
}

static void target_department(struct turn *t, struct call *c, const struct directory_department *d)
{
	const struct measures *m = exchange_call_measures(t, c);
	enum target_row to = TO_ORDINARY;

	target_clear(c);
	if (d->id == m->customer_service_department)
		to = TO_CUSTOMER;
	else if (d->id == m->gad_department)
		to = TO_GAD;
	if (!c->hops || !(c->asked_person || c->asked_department)) {
		c->asked_person = 0;
		c->asked_department = d->id;
	}
	if (to == TO_CUSTOMER)
		exchange_call_step(t, c, STEP_CUSTOMER_SERVICE, CLAUSE_A4_1_6);
	exchange_group_start(t, c, d, to);
}

void exchange_target_seek(struct turn *t, struct call *c, struct target tg)
{
	const struct directory *d = exchange_call_directory(t, c);
	const struct directory_extension *e = NULL;
	const struct directory_department *dep = NULL;

	if (exchange_notice_target(t, c, tg))
		return;
	if (tg.kind == TARGET_EXTENSION)
		e = directory_extension(d, tg.id);
	else if (tg.kind == TARGET_DEPARTMENT)
		dep = directory_department(d, tg.id);
	if (e)
		target_extension(t, c, e);
	else if (dep)
		target_department(t, c, dep);
	else if (c->flags & CALL_ATTENDED)
		exchange_attendant_unclear(t, c, PHRASE_WRONG_NUMBER);
	else
		exchange_caller_refuse(t, c, PHRASE_VACANT_NUMBER, 404, END_VACANT_NUMBER);
}

void exchange_target_person(struct turn *t, struct call *c, const struct directory_person *p)
{
	const struct directory_extension *e =
	    directory_extension(exchange_call_directory(t, c), p->extension);

	if (e) {
		target_extension(t, c, e);
		return;
	}
	target_clear(c);
	c->to = TO_ORDINARY;
	c->person = c->asked_person = p->id;
	c->asked_department = 0;
	if (measures_reach(p->post) == REACH_SECRETARY)
		chairman_start(t, c, p);
	else if (measures_reach(p->post) == REACH_SCREENED)
		exchange_screening_start(t, c, p);
	else
		exchange_article4_outcome(t, c, OUTCOME_UNREACHABLE);
}

/* ---- ringing ---- */

/* What is known of a phone before it is rung; ANSWERED stands for "ring it". */
enum outcome exchange_target_state(struct turn *t, struct call *c,
				   const struct directory_extension *e)
{
	const struct ext *x = exchange_ext_find(t, e->id);
	int64_t until;

	if (e->person && exchange_person_away(t, e->person, &until))
		return OUTCOME_AWAY;
	if (x && exchange_ext_dnd(t, x, &until))
		return OUTCOME_AWAY;
	if (!x || !x->reachable)
		return OUTCOME_UNREACHABLE;
	return exchange_ext_busy(t, x, e) ? OUTCOME_BUSY : OUTCOME_ANSWERED;
}

static const char *owner_name(const struct directory *d, const struct directory_extension *e)
{
	const struct directory_person *p = directory_person(d, e->person);
	const struct directory_department *dep = directory_department(d, e->department);

	return p ? p->name : dep ? dep->name : "";
}

bool exchange_target_dial(struct turn *t, struct call *c, const struct directory_extension *e,
			  enum leg_role role)
{
	struct ext *x = exchange_ext_have(t, e->id);
	struct leg *l = x ? exchange_leg_new(t, c, role) : NULL;
	struct effect *fx;

	if (!l)
		return false;
	fx = exchange_effect_add(t, FX_DIAL, l);
	fx->dial.extension = e->id;
	TEXT_COPY(fx->dial.from_number, c->number);
	TEXT_COPY(fx->dial.from_name, c->show[0] ? c->show : c->name);
	fx->dial.media_like =
	    c->caller == NONE16 ? 0 : exchange_leg_id_of(t, exchange_call_caller(t, c));
	TEXT_COPY(l->number, e->number);
	TEXT_COPY(l->name, owner_name(exchange_call_directory(t, c), e));
	exchange_leg_line_extension(t, l, x, e->pickup_group);
	return true;
}

/* Phones ring: the caller is told (A4.1.2, "one moment, please") and hears ringing. */
static void ringing_start(struct turn *t, struct call *c)
{
	const struct exchange_article4_row *row = exchange_article4_row(c->to, OUTCOME_ANSWERED);
	struct leg *caller = exchange_call_caller(t, c);
	bool again = c->hops && c->state == CALL_TARGET; /* forwarded: said already */

	exchange_call_goto(t, c, CALL_TARGET);
	if (!FAULT(FAULT_TIMER_NOT_ARMED))
		exchange_timer_arm(t, c, TIMER_STATE,
				   c->out[0]
				       ? OUT_RING_MS
				       : (int64_t)exchange_call_measures(t, c)->target_ring_ms);
	if (c->position) {
		exchange_desk_say(c, row->sentence, row->clause);
		exchange_desk_sound(t, c);
		return;
	}
	if (caller->state != LEG_UP)
		return;
	if (row->sentence != PHRASE_NONE && !again)
		exchange_say(exchange_caller_play(t, c), row->sentence, 0, "");
	else
		exchange_caller_ringback(t, c);
}

static void extension_ring(struct turn *t, struct call *c)
{
	const struct directory_extension *e =
	    directory_extension(exchange_call_directory(t, c), c->ext);
	enum outcome o;

	if (!e) {
		exchange_article4_outcome(t, c, OUTCOME_VACANT);
		return;
	}
	if (exchange_forward_follow(t, c, e, FORWARD_ALWAYS))
		return;
	o = exchange_target_state(t, c, e);
	if (o == OUTCOME_BUSY && exchange_forward_follow(t, c, e, FORWARD_BUSY))
		return;
	if (o == OUTCOME_UNREACHABLE && exchange_forward_follow(t, c, e, FORWARD_NO_ANSWER))
		return;
	if (o == OUTCOME_ANSWERED && !exchange_target_dial(t, c, e, ROLE_TARGET))
		o = OUTCOME_UNREACHABLE;
	if (o != OUTCOME_ANSWERED) {
		exchange_article4_outcome(t, c, o);
		return;
	}
	exchange_call_step(t, c, STEP_TARGET,
			   exchange_article4_row(c->to, OUTCOME_ANSWERED)->clause);
	ringing_start(t, c);
}

void exchange_target_ring(struct turn *t, struct call *c)
{
	if (c->out[0]) {
		if (exchange_trunk_next(t, c))
			ringing_start(t, c);
		else
			exchange_article4_outcome(t, c, OUTCOME_UNREACHABLE);
	} else if (c->ext) {
		extension_ring(t, c);
	} else if (c->department) {
		if (exchange_group_ring(t, c))
			ringing_start(t, c);
	} else {
		exchange_article4_outcome(t, c, OUTCOME_VACANT);
	}
}

/* ---- what the far end did ---- */

/* The words of measures.md: busy is 486 without ringing; refused 603, or 486 and 480 after it. */
enum outcome exchange_outcome_of(const struct leg *l, uint16_t code)
{
	bool rang = l->state == LEG_RINGING || l->state == LEG_EARLY;

	if (l->state == LEG_UP)
		return OUTCOME_NO_ANSWER; /* answered, and hung up before it came to anything */
	if (code == 486 || code == 600)
		return rang && code == 486 ? OUTCOME_REFUSED : OUTCOME_BUSY;
	if (code == 603 || (code == 480 && rang))
		return OUTCOME_REFUSED;
	if (rang)
		return OUTCOME_NO_ANSWER;
	return OUTCOME_UNREACHABLE;
}

enum exchange_end exchange_end_of(enum outcome o)
{
	static const enum exchange_end why[OUTCOME_COUNT] = {
	    [OUTCOME_ANSWERED] = END_NO_ANSWER,	     [OUTCOME_BUSY] = END_BUSY,
	    [OUTCOME_NO_ANSWER] = END_NO_ANSWER,     [OUTCOME_REFUSED] = END_REFUSED,
	    [OUTCOME_UNREACHABLE] = END_UNREACHABLE, [OUTCOME_AWAY] = END_NO_ANSWER,
	    [OUTCOME_CLOSED] = END_NO_ANSWER,	     [OUTCOME_VACANT] = END_VACANT_NUMBER,
	};

	return why[o];
}

void exchange_outcome_saw(struct call *c, enum outcome o)
{
	static const uint8_t bits[OUTCOME_COUNT] = {
	    [OUTCOME_BUSY] = SAW_BUSY,	     [OUTCOME_NO_ANSWER] = SAW_NO_ANSWER,
	    [OUTCOME_REFUSED] = SAW_REFUSED, [OUTCOME_UNREACHABLE] = SAW_UNREACHABLE,
	    [OUTCOME_AWAY] = SAW_AWAY,
	};

	c->saw |= bits[o];
}

/* What several phones come to: nobody answers before busy, busy before away. */
enum outcome exchange_outcome_seen(const struct call *c)
{
	if (c->saw & SAW_NO_ANSWER)
		return OUTCOME_NO_ANSWER;
	if (c->saw & SAW_REFUSED)
		return OUTCOME_REFUSED;
	if (c->saw & SAW_BUSY)
		return OUTCOME_BUSY;
	if (c->saw & SAW_AWAY)
		return OUTCOME_AWAY;
	return OUTCOME_UNREACHABLE;
}

void exchange_target_answered(struct turn *t, struct call *c, struct leg *l)
{
	bool elsewhere = c->hops || !text_eq(c->dialled, l->number);

	if (!FAULT(FAULT_LEG_LEFT))
		exchange_call_drop_legs(t, c, l, END_ANSWERED_ELSEWHERE);
	if (!exchange_talk_start(t, c, l))
		return;
	if (elsewhere && !(c->flags & CALL_ATTENDED))
		exchange_leg_show(t, exchange_call_caller(t, c), l->number, l->name);
}

/* Over a trunk: another trunk is tried when this one didn't carry the call at all. */
static bool trunk_failed(struct turn *t, struct call *c, const struct cue *cue)
{
	bool carried = cue->outcome != OUTCOME_UNREACHABLE || cue->code >= 600 ||
		       (cue->code < 500 && cue->code != 408);
	struct effect *e;

	if (!c->out[0] || (carried && !(c->flags & CALL_EMERGENCY)))
		return false;
	e = exchange_call_step(t, c, STEP_TRUNK_NEXT, CLAUSE_HOUSE);
	e->step.trunk = c->out_trunk;
	e->step.value = cue->code;
	if (!exchange_trunk_next(t, c))
		return false;
	exchange_timer_arm(t, c, TIMER_STATE, OUT_RING_MS);
	return true;
}

static void target_failed(struct turn *t, struct call *c, enum outcome o)
{
	const struct directory_extension *e;

	if (c->department && !c->ext) {
		exchange_outcome_saw(c, o);
		if (c->first_leg != NONE16 || exchange_group_next(t, c))
			return;
		exchange_article4_outcome(t, c, exchange_outcome_seen(c));
		return;
	}
	e = directory_extension(exchange_call_directory(t, c), c->ext);
	if (e && o == OUTCOME_BUSY && exchange_forward_follow(t, c, e, FORWARD_BUSY))
		return;
	if (e && (o == OUTCOME_NO_ANSWER || o == OUTCOME_UNREACHABLE) &&
	    exchange_forward_follow(t, c, e, FORWARD_NO_ANSWER))
		return;
	exchange_article4_outcome(t, c, o);
}

/* An inside phone over a trunk hears what the public network says. */
static void out_rejected(struct turn *t, struct call *c, const struct cue *cue)
{
	exchange_call_step(t, c, STEP_REJECTED, CLAUSE_HOUSE)->step.value = cue->code;
	exchange_call_finish(t, c, cue->code ? cue->code : 480,
			     cue->outcome == OUTCOME_BUSY ? END_BUSY : END_UNREACHABLE);
}

static void target_rings(struct turn *t, struct call *c, const struct cue *cue)
{
	struct leg *caller = exchange_call_caller(t, c);
	struct effect *e;

	if (!(c->saw & SAW_NO_ANSWER)) {
		e = exchange_call_step(t, c, STEP_TARGET_RINGING, CLAUSE_HOUSE);
		e->step.extension = cue->leg->extension;
		e->step.trunk = cue->leg->trunk;
	}
	/* Early sound goes only to an inside phone that dialled by itself: a caller in our hands
	 * hears ringing, and under a screening nothing of the target. */
	if (cue->kind == CUE_EARLY && !(c->flags & CALL_ATTENDED) && caller->extension &&
	    c->leg_count == 1) {
		exchange_caller_open(t, c);
		exchange_consent_dialled(t, c, cue->leg);
		exchange_leg_join(t, caller, cue->leg);
		return;
	}
	exchange_caller_ringback(t, c);
}

void exchange_target_on(struct turn *t, struct call *c, const struct cue *cue)
{
	if (cue->kind == CUE_HEADSET) {
		exchange_desk_on(t, c, cue);
	} else if (cue->kind == CUE_UP) {
		exchange_target_answered(t, c, cue->leg);
	} else if (cue->kind == CUE_RINGING || cue->kind == CUE_EARLY) {
		target_rings(t, c, cue);
	} else if (cue->kind == CUE_PLAYED) {
		exchange_caller_ringback(t, c);
	} else if (cue->kind == CUE_TIMER) {
		exchange_call_drop_legs(t, c, NULL, END_NO_ANSWER);
		target_failed(t, c, OUTCOME_NO_ANSWER);
	} else if (!trunk_failed(t, c, cue)) {
		if (c->out[0] && !(c->flags & CALL_ATTENDED))
			out_rejected(t, c, cue);
		else
			target_failed(t, c, cue->outcome);
	}
}
