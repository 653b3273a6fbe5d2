/*
 * Calls that are recorded whole, where the measures say so: a stated line, or a complaint on its
 * way to customer service (A4.1.6). Off unless they do.
 *
 * Invariants
 * 1. Nobody is taped who hasn't heard the notice to its end: FX_TAPE follows the end of the play
 *    in NOTICE, and nothing else. A hang-up before it leaves nothing.
 * 2. What is taped is the outside caller's leg, so that a tape holds what the caller heard and
 *    said and nothing else. It goes with the leg, whoever has the call, and ends with it.
 * 3. A leg is taped once: a tape that failed isn't begun again behind the caller's back.
 *
 *   the answer, or put through to customer service -> NOTICE -(heard)-> taped, and on as before
 */
#include "exchange/priv.h"

static bool is_line(const struct measures *m, const char *dialled)
{
	for (unsigned i = 0; i < m->recording_line_count; i++)
		if (text_eq(m->recording_lines[i], dialled))
			return true;
	return false;
}

static bool may_tape(const struct turn *t, const struct call *c)
{
	const struct leg *l = exchange_call_caller(t, c);

	return l && l->trunk && (l->flags & LEG_IN) && l->tape == TAPE_NONE &&
	       !(c->flags & (CALL_EMERGENCY | CALL_CLOSING_FLAG));
}

static void notice_start(struct turn *t, struct call *c, enum exchange_tape kind, enum next then)
{
	exchange_say(exchange_caller_play(t, c), PHRASE_RECORDING_NOTICE, 0, "");
	exchange_call_goto(t, c, CALL_NOTICE);
	c->then = (uint8_t)then;
	c->tape = (uint8_t)kind;
	exchange_timer_arm(t, c, TIMER_STATE, SAY_GUARD_MS);
	if (FAULT(FAULT_TAPE_EARLY))
		exchange_effect_add(t, FX_TAPE, exchange_call_caller(t, c))->tape.serial =
		    exchange_serial_new(t);
}

bool exchange_notice_line(struct turn *t, struct call *c, enum next then)
{
	if (!may_tape(t, c) || !is_line(exchange_call_measures(t, c), c->dialled))
		return false;
	notice_start(t, c, EXCHANGE_TAPE_LINE, then);
	return true;
}

bool exchange_notice_target(struct turn *t, struct call *c, struct target tg)
{
	const struct measures *m = exchange_call_measures(t, c);
	bool service = tg.kind == TARGET_DEPARTMENT && tg.id == m->customer_service_department;
	bool complaint = m->recording_complaints && (service || (c->flags & CALL_COMPLAINT));
	/* a line that leads to somebody directly is answered for the notice, then it rings there */
	bool direct = c->state == CALL_FREE && is_line(m, c->dialled);

	if (!may_tape(t, c) || (!complaint && !direct))
		return false;
	c->noticed = tg;
	notice_start(t, c, complaint ? EXCHANGE_TAPE_COMPLAINT : EXCHANGE_TAPE_LINE, NX_NOTICED);
	return true;
}

void exchange_notice_go_on(struct turn *t, struct call *c)
{
	exchange_target_seek(t, c, c->noticed);
}

static void tape_start(struct turn *t, struct call *c)
{
	struct leg *l = exchange_call_caller(t, c);
	struct effect *e;

	exchange_call_step(t, c, STEP_RECORDING_ANNOUNCED, CLAUSE_HOUSE);
	l->tape = TAPE_ON;
	l->tape_serial = exchange_serial_new(t);
	l->tape_ms = t->now->mono_ms;
	e = exchange_effect_add(t, FX_TAPE, l);
	e->tape.serial = l->tape_serial;
	e->tape.kind = (enum exchange_tape)c->tape;
	e->tape.call_no = c->call_no;
	e = exchange_call_step(t, c, STEP_RECORDING_BEGUN, CLAUSE_HOUSE);
	TEXT_COPY(e->step.text, exchange_tape_name((enum exchange_tape)c->tape));
}

/* The operator's phone has gone: the caller comes back to somebody when the notice is over. */
static void headset_gone(struct turn *t, struct call *c)
{
	const struct position *p = exchange_position_of(t, c);

	exchange_call_show(t, c);
	if (p && p->extension && !p->nailed && p->headset == NONE16)
		exchange_desk_release(t, c);
}

void exchange_notice_on(struct turn *t, struct call *c, const struct cue *cue)
{
	enum next then = (enum next)c->then;

	if (cue->kind == CUE_HEADSET) {
		headset_gone(t, c);
		return;
	}
	if (cue->kind == CUE_PLAYED && !cue->failed) {
		tape_start(t, c);
	} else { /* it couldn't be played, or its end never came: nobody has heard it */
		exchange_call_caller(t, c)->tape = TAPE_OVER;
		exchange_leg_silence(t, exchange_call_caller(t, c));
	}
	exchange_article4_next(t, c, then);
}

static void ended(struct turn *t, struct leg *l, uint32_t ms, const char *why)
{
	struct effect *e;

	e = exchange_call_step(t, &t->calls[l->call], STEP_RECORDING_ENDED, CLAUSE_HOUSE);
	e->step.value = (int32_t)ms;
	TEXT_COPY(e->step.text, why);
	l->tape = TAPE_OVER;
}

void exchange_tape_leave(struct turn *t, struct leg *l)
{
	if (l->tape == TAPE_ON)
		ended(t, l, (uint32_t)(t->now->mono_ms - l->tape_ms), "call_ended");
}

void exchange_tape_event(struct turn *t, struct leg *l, const struct event *ev)
{
	if (l->tape != TAPE_ON || l->tape_serial != ev->done.serial) {
		t->x->ignored++;
		return;
	}
	ended(t, l, ev->done.ms, ev->done.why == RECORDED_MAX ? "longest" : "failed");
}

/* Digits may be tones in the sound: a PIN is on no tape. */
void exchange_tape_stop(struct turn *t, struct call *c)
{
	struct leg *l = exchange_call_caller(t, c);

	if (!l || l->tape != TAPE_ON)
		return;
	exchange_effect_add(t, FX_TAPE_STOP, l);
	ended(t, l, (uint32_t)(t->now->mono_ms - l->tape_ms), "mailbox");
}

const char *exchange_tape_name(enum exchange_tape k)
{
	return k == EXCHANGE_TAPE_COMPLAINT ? "complaint" : "line";
}
