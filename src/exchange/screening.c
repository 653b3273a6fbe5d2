/*
 * The screening (A4.1.3) and the way to a chairman's secretary (A4.1.4).
 *
 * Invariants
 * 1. The caller is asked before the general manager is: surname, organisation, matter, after the
 *    tone; what was said is kept (STEP_SCREENED) and is part of a message.
 * 2. The consultation rings the general manager's own phone; no forward is followed, nobody picks
 *    it up for him. The caller hears music and is joined only after `1`.
 * 3. In CONSULT one leg lives, ringing or listening, and a time-out stands behind each.
 *
 *   SAY(ask) -> SCREEN -> SAY(thanks) -> CONSULT -+- `1` -> TALK
 *                  ^ nothing heard, once          +- `2` -> message
 *                                                 +- no answer, no key -> message or GAD's manager
 *                                                 +- busy -> wait, or message
 */
#include "exchange/priv.h"

void exchange_screening_start(struct turn *t, struct call *c, const struct directory_person *gm)
{
	if (c->position) {
		exchange_desk_guarded(t, c, gm);
		return;
	}
	c->to = TO_GENERAL_MANAGER;
	c->flags |= CALL_ATTENDED;
	c->asked_person = c->person = gm->id;
	c->asked_department = c->department = 0;
	c->ext = gm->extension;
	exchange_call_drop_legs(t, c, NULL, END_NONE);
	if (!gm->name[0]) {
		exchange_article4_outcome(t, c, OUTCOME_VACANT);
		return;
	}
	if (exchange_consent_forbidden(t, c, gm->id)) {
		exchange_article4_outcome(t, c, OUTCOME_REFUSED);
		return;
	}
	if (exchange_consent_instruction(t, c, gm->id)) {
		exchange_consent_give(t, c, gm->id, 5);
		exchange_target_ring(t, c);
		return;
	}
	exchange_call_step(t, c, STEP_SCREENING, CLAUSE_A4_1_3);
	c->empties = 0;
	if (c->screening)
		exchange_screening_consult(t, c);
	else
		exchange_caller_say(t, c, PHRASE_SCREEN_ASK, NX_RECORD_SCREENING);
}

void exchange_screening_record(struct turn *t, struct call *c)
{
	const struct measures *m = exchange_call_measures(t, c);
	struct leg *l = exchange_call_caller(t, c);
	uint32_t serial = exchange_serial_new(t);
	struct effect *e;

	exchange_leg_silence(t, l);
	exchange_call_goto(t, c, CALL_SCREEN);
	e = exchange_effect_add(t, FX_RECORD, l);
	e->record.serial = serial;
	e->record.max_ms = m->screen_max_ms;
	e->record.silence_ms = m->message_silence_ms;
	e->record.beep = true;
	exchange_call_await(t, c, serial);
	c->screening = serial;
	l->flags |= LEG_RECORDING;
	exchange_timer_arm(t, c, TIMER_STATE, (int64_t)m->screen_max_ms + RECORD_GUARD_MS);
}

static void screening_heard(struct turn *t, struct call *c, uint32_t ms)
{
	struct effect *e;

	if (ms >= exchange_call_measures(t, c)->message_min_ms) {
		c->screening_ms = ms;
		e = exchange_call_step(t, c, STEP_SCREENED, CLAUSE_A4_1_3);
		e->step.value = (int32_t)ms;
		e->step.recording = c->screening;
		exchange_caller_say(t, c, PHRASE_SCREEN_THANKS, NX_CONSULT);
		return;
	}
	exchange_effect_add(t, FX_FORGET, NULL)->record.serial = c->screening;
	c->screening = 0;
	if (++c->empties < EMPTY_TRIES)
		exchange_caller_say(t, c, PHRASE_SCREEN_MISSED, NX_RECORD_SCREENING);
	else /* the general manager hears the number and decides without a name */
		exchange_caller_say(t, c, PHRASE_SCREEN_THANKS, NX_CONSULT);
}

void exchange_screening_on(struct turn *t, struct call *c, const struct cue *cue)
{
	struct leg *l = exchange_call_caller(t, c);

	if (cue->kind == CUE_DIGIT) {
		exchange_effect_add(t, FX_RECORD_STOP, l)->record.serial = c->pending;
		return;
	}
	l->flags &= (uint8_t)~LEG_RECORDING;
	if (cue->kind == CUE_TIMER) {
		exchange_effect_add(t, FX_RECORD_STOP, l)->record.serial = c->pending;
		exchange_call_await(t, c, 0);
	}
	screening_heard(t, c, cue->kind == CUE_TIMER ? 0 : cue->ms);
}

/* ---- the private line ---- */

static void consult_outcome(struct turn *t, struct call *c, enum outcome o)
{
	if (o == OUTCOME_REFUSED)
		exchange_call_step(t, c, STEP_CONSENT_REFUSED, CLAUSE_A4_1_3);
	exchange_article4_outcome(t, c, o);
}

void exchange_screening_consult(struct turn *t, struct call *c)
{
	const struct directory_extension *e =
	    directory_extension(exchange_call_directory(t, c), c->ext);
	enum outcome o = e ? exchange_target_state(t, c, e) : OUTCOME_UNREACHABLE;

	if (o == OUTCOME_ANSWERED && !exchange_target_dial(t, c, e, ROLE_CONSULT))
		o = OUTCOME_UNREACHABLE;
	if (o != OUTCOME_ANSWERED) {
		consult_outcome(t, c, o);
		return;
	}
	exchange_call_goto(t, c, CALL_CONSULT);
	exchange_timer_arm(t, c, TIMER_STATE, exchange_call_measures(t, c)->target_ring_ms);
	exchange_call_step(t, c, STEP_CONSULTATION, CLAUSE_A4_1_3);
	exchange_caller_music(t, c);
}

/* The general manager has answered his own phone: who it is, what about, and the choice. */
void exchange_screening_announce(struct turn *t, struct call *c, struct leg *l)
{
	struct effect *play;

	c->peer = exchange_leg_index(t, l);
	c->asks = 0;
	exchange_call_step(t, c, STEP_CONSULTED, CLAUSE_A4_1_3);
	play = exchange_leg_play(t, l);
	exchange_say(play, PHRASE_CONSULT_INTRO, 0, "");
	if (c->screening)
		exchange_say(play, PHRASE_RECORDING, c->screening, "");
	else
		exchange_say(play, PHRASE_DIGITS, 0, c->number);
	exchange_say(play, PHRASE_CONSULT_CHOICE, 0, "");
	exchange_timer_arm(t, c, TIMER_STATE, SAY_GUARD_MS);
}

static void consult_through(struct turn *t, struct call *c, struct leg *l)
{
	exchange_leg_silence(t, l);
	exchange_consent_give(t, c, c->person, 1);
	exchange_talk_start(t, c, l);
}

static void consult_key(struct turn *t, struct call *c, const struct cue *cue)
{
	if (c->peer != exchange_leg_index(t, cue->leg))
		return;
	if (cue->digit == '1')
		consult_through(t, c, cue->leg);
	else if (cue->digit == '2')
		consult_outcome(t, c, OUTCOME_REFUSED);
}

static void consult_silent(struct turn *t, struct call *c)
{
	struct leg *l = exchange_call_peer(t, c);

	/* once more for somebody who picked up and is still listening; ringing isn't repeated */
	if (l && ++c->asks < ASK_TRIES) {
		exchange_say(exchange_leg_play(t, l), PHRASE_CONSULT_CHOICE, 0, "");
		exchange_timer_arm(t, c, TIMER_STATE, SAY_GUARD_MS);
		return;
	}
	exchange_article4_outcome(t, c, OUTCOME_NO_ANSWER);
}

void exchange_consult_on(struct turn *t, struct call *c, const struct cue *cue)
{
	if (c->position) {
		exchange_desk_consult_on(t, c, cue);
		return;
	}
	if (cue->kind == CUE_UP) {
		if (FAULT(FAULT_CONSENT_NO_KEY)) {
			c->consent_person = c->person;
			exchange_talk_start(t, c, cue->leg);
			return;
		}
		exchange_screening_announce(t, c, cue->leg);
	} else if (cue->kind == CUE_LEG_DIGIT) {
		consult_key(t, c, cue);
	} else if (cue->kind == CUE_LEG_PLAYED) {
		exchange_timer_arm(t, c, TIMER_STATE, exchange_call_measures(t, c)->choice_ms);
	} else if (cue->kind == CUE_TIMER) {
		consult_silent(t, c);
	} else if (cue->kind == CUE_DOWN) {
		consult_outcome(t, c, cue->outcome); /* hanging up without a key is absence */
	}
}

/* ---- the secretary ---- */

void exchange_secretary_start(struct turn *t, struct call *c,
			      const struct directory_person *principal)
{
	const struct directory *d = exchange_call_directory(t, c);
	const struct directory_person *s = directory_person(d, principal->secretary);

	exchange_call_drop_legs(t, c, NULL, END_NONE);
	c->to = TO_SECRETARY;
	c->flags |= CALL_ATTENDED;
	c->asked_person = principal->id;
	c->asked_department = c->department = 0;
	exchange_call_step(t, c, STEP_SECRETARY, CLAUSE_A4_1_4);
	if (FAULT(FAULT_SECRETARY_SKIPPED)) {
		c->consent_person = c->person = principal->id;
		c->ext = principal->extension;
		exchange_target_ring(t, c);
		return;
	}
	c->person = s && s->name[0] ? s->id : 0;
	c->ext = s && s->name[0] ? s->extension : 0;
	exchange_target_ring(t, c);
}
