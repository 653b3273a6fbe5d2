/*
 * A call at the desk: in hand, fetched, held, in a conference; and how it comes back to its
 * operator.
 *
 * Invariants
 * 1. c->position is whose the call is: in hand, let go, held, parked, waiting, to be returned to.
 *    In hand is position.call: always in DESK, FETCH, THREE and DIAL, never in HELD and QUEUE.
 * 2. exchange_desk_sound alone decides who hears whom while a position is part of a call. During a
 *    consultation the caller hears music, and nothing of the consulted line.
 * 3. Whatever a target comes to, a call with a position goes back to it (exchange_desk_back); the
 *    sentence of the table is shown instead of said. Rows that only lead on go on by themselves.
 *
 *   RING, QUEUE, attendant --ANSWER--> DESK --PUT_THROUGH--> TARGET --answer--> TALK (nobody's)
 *                   ^                  | ^                     |
 *                   |                  | +-- outcome, in hand --+
 *                   +-- QUEUE(returned) <-- outcome, let go ---+
 */
#include "exchange/priv.h"

/* ---- sound ---- */

/* A phone that is somebody's guarded line now is nobody's headset. */
static struct leg *ear_of(struct turn *t, const struct call *c)
{
	const struct position *p = exchange_position_of(t, c);
	struct leg *l = p && exchange_position_hands(t, c) ? exchange_position_ear(t, p) : NULL;

	return l && exchange_guard_of(t, c, l->extension) ? NULL : l;
}

static void consult_sound(struct turn *t, struct call *c, struct leg *ear)
{
	struct leg *peer = exchange_call_peer(t, c), *caller = exchange_call_caller(t, c);

	if (caller->sound != SOUND_PLAY)
		exchange_leg_music(t, caller);
	if (FAULT(FAULT_DESK_CALLER_HEARS) && peer)
		exchange_leg_join(t, caller, peer);
	else if (peer && ear)
		exchange_leg_join(t, peer, ear);
	else if (peer)
		exchange_leg_music(t, peer);
	else if (ear && ear->sound != SOUND_TONE)
		exchange_leg_tone(t, ear, TONE_RINGBACK);
}

/* Without the operator the two others aren't left together: nobody answers for it. */
static void three_sound(struct turn *t, struct call *c, struct leg *ear)
{
	struct leg *caller = exchange_call_caller(t, c), *peer = exchange_call_peer(t, c);

	if (ear && peer) {
		exchange_leg_confer(t, caller, peer, ear);
		return;
	}
	if (caller->sound != SOUND_PLAY)
		exchange_caller_music(t, c);
	if (peer)
		exchange_leg_music(t, peer);
}

void exchange_desk_sound(struct turn *t, struct call *c)
{
	struct leg *caller = exchange_call_caller(t, c), *ear = ear_of(t, c);

	if (c->state == CALL_CONSULT) {
		consult_sound(t, c, ear);
	} else if (c->state == CALL_THREE) {
		three_sound(t, c, ear);
	} else if (c->state == CALL_DIAL) {
		if (ear && ear->sound != SOUND_TONE)
			exchange_leg_tone(t, ear, TONE_RINGBACK);
	} else if (ear && (c->state == CALL_DESK || c->state == CALL_TARGET)) {
		exchange_leg_join(t, caller, ear);
	} else if (c->state == CALL_TARGET) {
		if (caller->sound == SOUND_JOIN)
			exchange_leg_silence(t, caller);
		exchange_caller_ringback(t, c);
	} else if (caller->sound != SOUND_PLAY) {
		exchange_caller_music(t, c);
	}
}

void exchange_desk_say(struct call *c, enum phrase_kind sentence, enum clause cl)
{
	c->sentence = (uint8_t)sentence;
	c->sentence_clause = (uint8_t)cl;
}

/* ---- into the hands ---- */

static enum step_kind arrive_step(const struct call *c, bool first)
{
	if (c->from == CALL_HELD)
		return STEP_OPERATOR_RETRIEVED;
	if (c->from == CALL_RING || (c->from == CALL_QUEUE && first))
		return STEP_ANSWERED_OPERATOR;
	return STEP_TAKEN_BACK;
}

void exchange_desk_arrive(struct turn *t, struct call *c)
{
	const struct position *p = exchange_position_of(t, c);
	bool first = !(c->desk & DESK_GREETED);
	enum step_kind k = arrive_step(c, first);
	struct leg *caller = exchange_call_caller(t, c);
	struct effect *e;

	if (caller->extension)
		caller->flags |= LEG_BY_MAIN; /* he asks the switchboard now (A4.1.3) */
	exchange_caller_answer(t, c);
	exchange_call_goto(t, c, CALL_DESK);
	c->flags |= CALL_ATTENDED;
	c->desk |= DESK_OF | DESK_GREETED;
	if (first)
		exchange_desk_say(c, PHRASE_GREETING, CLAUSE_A4_1_1);
	exchange_desk_sound(t, c);
	e = exchange_call_step(t, c, k, k == STEP_ANSWERED_OPERATOR ? CLAUSE_A4_1_1 : CLAUSE_HOUSE);
	e->step.person = p->person;
	e->step.value = k == STEP_ANSWERED_OPERATOR && c->from == CALL_RING ? c->ring : 0;
	c->queued = QUEUED_NO;
	c->ringing = 0;
	exchange_notice_line(t, c, NX_DESK);
}

/* What of the call's past doesn't come with it into new hands. */
static void bring_clear(struct call *c, bool other)
{
	bool returned = c->from == CALL_QUEUE || c->from == CALL_HELD;

	c->wait_due_ms = 0;
	c->hops = 0;
	memset(c->out, 0, sizeof(c->out));
	if (!returned) {
		c->outcome = 0;
		exchange_desk_say(c, PHRASE_NONE, CLAUSE_HOUSE);
	}
	if (other) {
		if (!FAULT(FAULT_DESK_OTHER_HANDS))
			c->consent_person = 0;
		c->desk &= (uint8_t) ~(DESK_CONSULTED | DESK_OWN);
	}
}

/* The call comes to this operator's ear; a phone that has to be called first is. */
enum refusal exchange_desk_bring(struct turn *t, struct call *c, struct position *p)
{
	bool ready = exchange_position_ear(t, p) != NULL;
	bool other = c->position != exchange_position_no(t, p);

	if (!ready && (p->lost || !p->extension || p->nailed))
		return REFUSAL_NO_SOUND;
	if (!ready && p->headset == NONE16 && !exchange_position_dial(t, p))
		return REFUSAL_NO_SOUND;
	c->from = c->state;
	exchange_call_drop_legs(t, c, NULL, END_NONE);
	bring_clear(c, other);
	exchange_position_take(t, p, c);
	if (ready) {
		exchange_desk_arrive(t, c);
		return REFUSAL_NONE;
	}
	exchange_call_goto(t, c, CALL_FETCH);
	exchange_timer_arm(t, c, TIMER_STATE, exchange_call_measures(t, c)->target_ring_ms);
	if (exchange_call_caller(t, c)->state == LEG_UP && c->from != CALL_RING)
		exchange_caller_music(t, c);
	return REFUSAL_NONE;
}

/* ---- out of the hands ---- */

static void release(struct turn *t, struct call *c, enum hands how)
{
	struct position *p = exchange_position_of(t, c);
	struct leg *caller = exchange_call_caller(t, c);

	if (!p || !exchange_position_hands(t, c))
		return;
	if (c->over && caller)
		exchange_effect_add(t, FX_QUIET, caller);
	c->over = 0;
	exchange_position_free(t, p, how);
	exchange_call_touch(t, c);
}

void exchange_desk_release(struct turn *t, struct call *c)
{
	release(t, c, HANDS_FREE);
}

void exchange_desk_forget(struct turn *t, struct call *c)
{
	release(t, c, HANDS_OVER);
	exchange_call_touch(t, c);
	c->position = c->desk = c->outcome = c->screened = 0;
	c->sentence = c->sentence_clause = c->queued = c->ring = 0;
	c->ringing = 0;
	c->remind_wall_ms = 0;
	c->flags &= (uint8_t)~CALL_COMPLAINT;
	memset(c->show, 0, sizeof(c->show));
}

/* ---- back to the operator ---- */

void exchange_desk_back(struct turn *t, struct call *c)
{
	exchange_call_drop_legs(t, c, NULL, END_NO_ANSWER);
	if (!exchange_position_hands(t, c)) {
		exchange_queue_start(t, c, QUEUED_RETURNED);
		return;
	}
	if (c->state != CALL_DESK)
		exchange_call_goto(t, c, CALL_DESK);
	else
		exchange_call_touch(t, c);
	exchange_desk_sound(t, c);
}

static bool leads_on(const struct exchange_article4_row *row)
{
	return row->sentence == PHRASE_NONE &&
	       (row->next == NX_SECRETARY || row->next == NX_GAD_MANAGER ||
		row->next == NX_GAD_MANAGER_GM);
}

void exchange_desk_outcome(struct turn *t, struct call *c, enum outcome o)
{
	const struct exchange_article4_row *row = exchange_article4_row(c->to, o);
	enum phrase_kind say = row->sentence;

	if (say == PHRASE_NONE)
		say = exchange_article4_question(row->next);
	c->outcome = (uint8_t)(o + 1);
	c->message_clause = row->clause;
	exchange_desk_say(c, say, row->clause);
	if (leads_on(row) && /* A4.1.6 goes before */
	    (!(c->flags & CALL_COMPLAINT) || FAULT(FAULT_DESK_LEADS_ON)))
		exchange_article4_next(t, c, row->next);
	else
		exchange_desk_back(t, c);
}

/* A way led to a guarded principal without his consent: a forward, a person without a phone. */
void exchange_desk_guarded(struct turn *t, struct call *c, const struct directory_person *p)
{
	c->to = TO_GENERAL_MANAGER;
	c->asked_person = c->person = p->id;
	c->asked_department = c->department = 0;
	c->ext = p->extension;
	if (exchange_consent_forbidden(t, c, p->id)) {
		exchange_article4_outcome(t, c, OUTCOME_REFUSED);
		return;
	}
	if (c->consent_person != p->id && exchange_consent_instruction(t, c, p->id))
		exchange_consent_give(t, c, p->id, 5);
	if (!p->name[0]) {
		exchange_article4_outcome(t, c, OUTCOME_VACANT);
	} else if (c->consent_person == p->id) {
		exchange_target_ring(t, c);
	} else {
		exchange_consent_missing(t, c, p->id);
		c->outcome = 0;
		exchange_desk_say(c, PHRASE_SCREEN_ASK, CLAUSE_A4_1_3);
		exchange_desk_back(t, c);
	}
}

/* ---- the operator's sound comes and goes ---- */

void exchange_desk_hold(struct turn *t, struct call *c, enum hands how)
{
	const struct position *p = exchange_position_of(t, c);
	uint32_t remind = exchange_call_measures(t, c)->hold_remind_ms;

	exchange_call_drop_legs(t, c, NULL, END_NONE);
	release(t, c, how);
	exchange_call_goto(t, c, CALL_HELD);
	remind = remind ? remind : HOLD_REMIND_MS;
	c->remind_wall_ms = t->now->wall_ms + remind;
	/* who has left the desk keeps nobody: it goes to others, in a step of its own */
	exchange_timer_arm(t, c, TIMER_STATE,
			   exchange_position_keeps(p) || FAULT(FAULT_DESK_HELD) ? remind : 0);
	exchange_caller_music(t, c);
	exchange_call_step(t, c, STEP_OPERATOR_HELD, CLAUSE_HOUSE);
}

DESK_DOES(exchange_do_hold)
{
	(void)o;
	exchange_desk_hold(t, c, HANDS_FREE);
	return REFUSAL_NONE;
}

/* The operator has put down the phone that was called for this call. */
static void phone_down(struct turn *t, struct call *c)
{
	if (c->state == CALL_TARGET) {
		exchange_desk_release(t, c); /* the target rings on: as let go */
		exchange_desk_sound(t, c);
	} else if (c->state == CALL_DIAL) {
		exchange_call_finish(t, c, 0, END_OPERATOR_HUNG_UP);
	} else {
		exchange_desk_hold(t, c, HANDS_FREE);
	}
}

static void headset_changed(struct turn *t, struct call *c)
{
	const struct position *p = exchange_position_of(t, c);

	if (!p || !exchange_position_hands(t, c))
		return;
	exchange_call_show(t, c);
	if (p->extension && !p->nailed && p->headset == NONE16) {
		phone_down(t, c);
		return;
	}
	if ((c->state == CALL_DESK || c->state == CALL_THREE) && !ear_of(t, c) &&
	    exchange_call_caller(t, c)->sound != SOUND_PLAY)
		exchange_say(exchange_caller_play(t, c), PHRASE_OPERATOR_SOON, 0, "");
	exchange_desk_sound(t, c);
}

void exchange_desk_on(struct turn *t, struct call *c, const struct cue *cue)
{
	if (cue->kind == CUE_HEADSET)
		headset_changed(t, c);
	else
		exchange_desk_sound(t, c);
}

/* ---- an operator's phone is called ---- */

static void fetch_failed(struct turn *t, struct call *c)
{
	uint8_t from = c->from, why = c->queued;

	exchange_desk_release(t, c);
	if (from == CALL_HELD) {
		exchange_desk_hold(t, c, HANDS_FREE);
	} else if (from == CALL_RING) {
		c->position = 0;
		exchange_ring_again(t, c);
	} else {
		exchange_queue_start(
		    t, c, why == QUEUED_NO ? QUEUED_RETURNED : (enum exchange_queued)why);
	}
}

void exchange_fetch_on(struct turn *t, struct call *c, const struct cue *cue)
{
	struct position *p = exchange_position_of(t, c);

	if (cue->kind == CUE_HEADSET && exchange_position_ear(t, p))
		exchange_desk_arrive(t, c);
	else if (cue->kind == CUE_TIMER || p->headset == NONE16)
		fetch_failed(t, c);
}

/* ---- held ---- */

void exchange_held_on(struct turn *t, struct call *c, const struct cue *cue)
{
	const struct position *p = exchange_position_of(t, c);
	uint32_t remind = exchange_call_measures(t, c)->hold_remind_ms;

	(void)cue;
	if (!p || !exchange_position_keeps(p)) {
		exchange_queue_start(t, c,
				     p && p->state == POSITION_LOST ? QUEUED_LOST : QUEUED_HANDED);
		return;
	}
	exchange_timer_arm(t, c, TIMER_STATE, remind ? remind : HOLD_REMIND_MS);
	exchange_call_show(t, c); /* the reminder stays due until the caller is spoken to */
}

/* ---- a conference ---- */

void exchange_three_on(struct turn *t, struct call *c, const struct cue *cue)
{
	if (cue->kind == CUE_DOWN)
		exchange_desk_back(t, c);
	else
		exchange_desk_on(t, c, cue);
}

/* ---- the operator's own call ---- */

void exchange_dial_on(struct turn *t, struct call *c, const struct cue *cue)
{
	if (cue->kind == CUE_UP) {
		c->from = CALL_DIAL;
		c->desk |= DESK_GREETED;
		exchange_call_goto(t, c, CALL_DESK);
		exchange_desk_sound(t, c);
	} else if (cue->kind == CUE_GONE) {
		exchange_call_finish(t, c, cue->code,
				     cue->why ? cue->why : exchange_end_of(cue->outcome));
	} else if (cue->kind == CUE_TIMER) {
		exchange_call_finish(t, c, 487, END_NO_ANSWER);
	} else if (cue->kind == CUE_HEADSET) {
		headset_changed(t, c);
	}
}
