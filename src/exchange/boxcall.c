/*
 * Somebody's own phone is called because a message waits for him (A3.8): once answered it is his
 * mailbox (mailbox.c), which asks for the PIN before it says anything of what waits.
 *
 * Invariants
 * 1. EV_BOX_CALL is answered by exactly one FX_BOX_CALLED: at once when nothing can ring, by the
 *    right PIN, else with the end of the call.
 * 2. His own extension alone rings: no forward is followed, and nobody picks it up (a caller's leg
 *    is in no pick-up group).
 */
#include "exchange/priv.h"

static void tell(struct turn *t, uint64_t call_no, enum outcome o, bool opened)
{
	struct effect *e = exchange_effect_add(t, FX_BOX_CALLED, NULL);

	e->box_called.call_no = call_no;
	e->box_called.outcome = (uint8_t)(o + 1);
	e->box_called.opened = opened;
}

void exchange_boxcall_told(struct turn *t, struct call *c, enum outcome o, bool opened)
{
	if (!(c->box_flags & BOX_CALLED))
		return;
	c->box_flags &= (uint8_t)~BOX_CALLED;
	tell(t, c->call_no, o, opened);
}

static bool dial(struct turn *t, struct call *c, const struct directory_extension *e)
{
	if (!exchange_target_dial(t, c, e, ROLE_CONSULT))
		return false;
	exchange_leg_move(t, exchange_leg_at(t, c->first_leg), c, ROLE_CALLER);
	return true;
}

static void arrived(struct turn *t, struct call *c, const struct directory_extension *e)
{
	struct effect *step = exchange_call_step(t, c, STEP_ARRIVED, CLAUSE_HOUSE);

	step->step.extension = e->id;
	step->step.value = (int32_t)exchange_call_measures(t, c)->version;
	TEXT_COPY(step->step.text, c->dialled);
	TEXT_COPY(step->step.number, e->number);
	step = exchange_call_step(t, c, STEP_MAILBOX_CALLS, CLAUSE_A3_8);
	step->step.person = c->box_person;
	step->step.extension = e->id;
}

static void ring(struct turn *t, struct call *c, const struct directory_extension *e)
{
	const struct measures *m = exchange_call_measures(t, c);

	c->box_person = e->person;
	c->box_flags = BOX_OWN | BOX_CALLED;
	arrived(t, c, e);
	TEXT_COPY(c->number, m->main_number);
	TEXT_COPY(c->name, m->company);
	if (!dial(t, c, e)) {
		exchange_boxcall_told(t, c, OUTCOME_UNREACHABLE, false);
		exchange_call_finish(t, c, 0, END_UNREACHABLE);
		return;
	}
	exchange_call_identity(t, c);
	exchange_call_goto(t, c, CALL_BOX_RING);
	exchange_timer_arm(t, c, TIMER_STATE, m->target_ring_ms);
}

void exchange_boxcall_event(struct turn *t, const struct event *ev)
{
	const struct exchange_edition *ed = &t->rules->edition[t->rules->current];
	const struct directory_person *p = directory_person(ed->directory, ev->box_call.person);
	const struct directory_extension *e =
	    p ? directory_extension(ed->directory, p->extension) : NULL;
	enum outcome o = OUTCOME_UNREACHABLE;
	struct call *c;

	if (e && e->person == p->id && !t->x->closing)
		o = exchange_target_state(t, NULL, e);
	if (o == OUTCOME_ANSWERED && !exchange_call_room(t->x))
		o = OUTCOME_BUSY;
	if (o != OUTCOME_ANSWERED) {
		tell(t, ev->box_call.call_no, o, false);
		return;
	}
	c = exchange_call_new(t, ev->box_call.call_no, ed->measures->code_mailbox);
	ring(t, c, e);
}

void exchange_boxcall_on(struct turn *t, struct call *c, const struct cue *cue)
{
	if (cue->kind == CUE_UP) {
		exchange_mailbox_called(t, c);
	} else if (cue->kind == CUE_GONE) {
		exchange_boxcall_told(t, c, cue->outcome, false);
		exchange_call_finish(t, c, cue->code,
				     cue->why ? cue->why : exchange_end_of(cue->outcome));
	} else if (cue->kind == CUE_TIMER) {
		exchange_boxcall_told(t, c, OUTCOME_NO_ANSWER, false);
		exchange_call_finish(t, c, 487, END_NO_ANSWER);
	}
}
