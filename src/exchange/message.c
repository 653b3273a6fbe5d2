/*
 * A message (A3.8, A5.7): spoken after the tone, heard again, done anew, kept.
 *
 * Invariants
 * 1. "Kept" is said only after EV_KEPT: the record and its sound are durable.
 * 2. Whoever hangs up after having spoken at least message_min_ms leaves a message: RECORD, REVIEW
 *    and KEEP go on without a caller (CALL_HUNG_UP).
 * 3. A recording that no message needs is forgotten (FX_FORGET).
 *
 *   SAY(ask) -> RECORD -> REVIEW -(1, silence, hang-up)-> KEEP -> SAY(kept) -> ended
 *                 ^          +----- 3: anew ---+              +-> SAY(not kept) -> ended
 */
#include "exchange/priv.h"

static enum clause message_clause(const struct call *c)
{
	return c->message_clause ? c->message_clause : CLAUSE_A3_8;
}

void exchange_message_start(struct turn *t, struct call *c)
{
	struct effect *e = exchange_call_step(t, c, STEP_MESSAGE_ASKED, message_clause(c));

	e->step.person = c->asked_person;
	e->step.department = c->asked_department;
	c->empties = 0;
	c->message = c->message_ms = 0;
	exchange_caller_say(t, c, PHRASE_MESSAGE_ASK, NX_RECORD_MESSAGE);
}

void exchange_message_record(struct turn *t, struct call *c)
{
	const struct measures *m = exchange_call_measures(t, c);
	struct leg *l = exchange_call_caller(t, c);
	struct effect *e;

	exchange_leg_silence(t, l);
	exchange_call_goto(t, c, CALL_RECORD);
	c->message = exchange_serial_new(t);
	e = exchange_effect_add(t, FX_RECORD, l);
	e->record.serial = c->message;
	e->record.max_ms = m->message_max_ms;
	e->record.silence_ms = m->message_silence_ms;
	e->record.beep = true;
	exchange_call_await(t, c, c->message);
	l->flags |= LEG_RECORDING;
	exchange_timer_arm(t, c, TIMER_STATE, (int64_t)m->message_max_ms + RECORD_GUARD_MS);
}

static void recording_forget(struct turn *t, struct call *c)
{
	if (c->message)
		exchange_effect_add(t, FX_FORGET, NULL)->record.serial = c->message;
	c->message = c->message_ms = 0;
}

static void kept(struct turn *t, struct call *c)
{
	struct effect *e = exchange_call_step(t, c, STEP_MESSAGE_KEPT, CLAUSE_A5_7), *play;

	e->step.person = c->asked_person;
	e->step.department = c->asked_department;
	e->step.recording = c->message;
	if (c->caller == NONE16) {
		exchange_call_finish(t, c, 0, END_MESSAGE_KEPT);
		return;
	}
	play = exchange_caller_play(t, c);
	exchange_say(play, PHRASE_MESSAGE_KEPT, 0, "");
	if (!c->position)
		exchange_say(play, PHRASE_GOODBYE, 0, "");
	exchange_caller_then(t, c, c->position ? NX_DESK : NX_END_KEPT);
}

static void not_kept(struct turn *t, struct call *c)
{
	exchange_call_step(t, c, STEP_MESSAGE_NOT_KEPT, CLAUSE_A5_7);
	if (c->caller == NONE16)
		exchange_call_finish(t, c, 0, END_LOST);
	else
		exchange_caller_say(t, c, PHRASE_MESSAGE_NOT_KEPT,
				    c->position ? NX_DESK : NX_END);
}

static void keep_effect(struct turn *t, struct call *c, uint32_t serial)
{
	struct effect *e = exchange_effect_add(t, FX_KEEP, NULL);
	bool urgent = c->flags & CALL_URGENT;

	e->keep.serial = serial;
	e->keep.recording = c->message;
	e->keep.recording_ms = c->message_ms;
	e->keep.screening = c->screening;
	e->keep.for_person = c->asked_person;
	e->keep.for_department = c->asked_department;
	e->keep.call_no = c->call_no;
	TEXT_COPY(e->keep.from_number, c->number);
	TEXT_COPY(e->keep.from_name, c->name);
	e->keep.urgency = urgent ? MESSAGE_URGENT : MESSAGE_ORDINARY;
	e->keep.copy_department = urgent ? exchange_call_measures(t, c)->gad_department : 0;
	e->keep.clause = message_clause(c);
}

static void message_keep(struct turn *t, struct call *c)
{
	uint32_t serial = exchange_serial_new(t);

	if (c->caller != NONE16)
		exchange_leg_silence(t, exchange_call_caller(t, c));
	exchange_call_goto(t, c, CALL_KEEP);
	keep_effect(t, c, serial);
	exchange_call_await(t, c, serial);
	exchange_timer_arm(t, c, TIMER_STATE, KEEP_GUARD_MS);
	if (FAULT(FAULT_KEPT_EARLY)) {
		exchange_call_await(t, c, 0);
		kept(t, c);
	}
}

void exchange_message_keep_on(struct turn *t, struct call *c, const struct cue *cue)
{
	if (cue->kind == CUE_GONE)
		c->flags |= CALL_HUNG_UP; /* the message is made durable without its caller */
	else if (cue->kind == CUE_KEPT)
		kept(t, c);
	else if (cue->kind != CUE_CLOSING) { /* closing waits for this short while */
		exchange_call_await(t, c, 0);
		not_kept(t, c);
	}
}

/* ---- what was recorded ---- */

static void review_ask(struct turn *t, struct call *c, bool hear)
{
	struct effect *play = exchange_caller_play(t, c);

	if (hear)
		exchange_say(play, PHRASE_RECORDING, c->message, "");
	exchange_say(play, PHRASE_MESSAGE_CHOICE, 0, "");
	exchange_call_goto(t, c, CALL_REVIEW);
	exchange_timer_arm(t, c, TIMER_STATE, SAY_GUARD_MS);
}

static void recorded_nothing(struct turn *t, struct call *c)
{
	struct effect *play;

	recording_forget(t, c);
	if (c->caller == NONE16) {
		exchange_call_finish(t, c, 0, END_CALLER_HUNG_UP);
		return;
	}
	play = exchange_caller_play(t, c);
	exchange_say(play, PHRASE_MESSAGE_EMPTY, 0, "");
	if (++c->empties < EMPTY_TRIES) {
		exchange_say(play, PHRASE_MESSAGE_ASK, 0, "");
		exchange_caller_then(t, c, NX_RECORD_MESSAGE);
	} else {
		if (!c->position)
			exchange_say(play, PHRASE_GOODBYE, 0, "");
		exchange_caller_then(t, c, c->position ? NX_DESK : NX_END);
	}
}

static void recorded(struct turn *t, struct call *c, uint32_t ms)
{
	struct effect *e;

	if (c->caller != NONE16)
		exchange_call_caller(t, c)->flags &= (uint8_t)~LEG_RECORDING;
	if (ms < exchange_call_measures(t, c)->message_min_ms) {
		recorded_nothing(t, c);
		return;
	}
	c->message_ms = ms;
	e = exchange_call_step(t, c, STEP_MESSAGE_RECORDED, CLAUSE_A3_8);
	e->step.value = (int32_t)ms;
	e->step.recording = c->message;
	c->asks = 1;
	if ((c->flags & CALL_CLOSING_FLAG) || c->caller == NONE16)
		message_keep(t, c);
	else
		review_ask(t, c, false);
}

static void record_gone(struct turn *t, struct call *c)
{
	c->flags |= CALL_HUNG_UP;
	if (FAULT(FAULT_HANGUP_LOSES)) {
		exchange_call_finish(t, c, 0, END_CALLER_HUNG_UP);
		return;
	}
	exchange_timer_arm(t, c, TIMER_STATE, RECORD_GUARD_MS);
}

/* It isn't the caller's silence: to be asked again would be of no use. */
static void record_failed(struct turn *t, struct call *c)
{
	if (c->caller != NONE16)
		exchange_call_caller(t, c)->flags &= (uint8_t)~LEG_RECORDING;
	recording_forget(t, c);
	not_kept(t, c);
}

void exchange_message_record_on(struct turn *t, struct call *c, const struct cue *cue)
{
	if (cue->kind == CUE_RECORDED && cue->failed) {
		record_failed(t, c);
	} else if (cue->kind == CUE_RECORDED) {
		recorded(t, c, cue->ms);
	} else if (cue->kind == CUE_GONE) {
		record_gone(t, c);
	} else if (cue->kind == CUE_TIMER) {
		exchange_call_await(t, c, 0);
		if (c->caller != NONE16)
			exchange_effect_add(t, FX_RECORD_STOP, exchange_call_caller(t, c))
			    ->record.serial = c->message;
		not_kept(t, c);
	} else {
		if (cue->kind == CUE_CLOSING)
			c->flags |= CALL_CLOSING_FLAG;
		if (c->caller != NONE16)
			exchange_effect_add(t, FX_RECORD_STOP, exchange_call_caller(t, c))
			    ->record.serial = c->message;
	}
}

static void review_key(struct turn *t, struct call *c, char digit)
{
	if (digit == '2') {
		review_ask(t, c, true);
	} else if (digit == '3') {
		recording_forget(t, c);
		exchange_caller_say(t, c, PHRASE_MESSAGE_ASK, NX_RECORD_MESSAGE);
	} else if (digit == '1' || digit == '#') {
		message_keep(t, c);
	} else {
		review_ask(t, c, false);
	}
}

void exchange_message_review_on(struct turn *t, struct call *c, const struct cue *cue)
{
	if (cue->kind == CUE_DIGIT) {
		review_key(t, c, cue->digit);
	} else if (cue->kind == CUE_PLAYED) {
		exchange_timer_arm(t, c, TIMER_STATE, exchange_call_measures(t, c)->choice_ms);
	} else if (cue->kind == CUE_TIMER && c->asks++ < ASK_TRIES) {
		review_ask(t, c, false);
	} else if (cue->kind != CUE_RECORDED) { /* silence, hang-up, closing: it is kept */
		message_keep(t, c);
	}
}
