/*
 * Together: caller and peer are joined, or one of them holds the other.
 *
 * Invariants: in CALL_TALK both ends live and are UP; they are joined, unless one holds: then the
 * other hears music. Nobody is joined to a guarded principal without the consent that
 * exchange_consent_holds asks for: this and exchange_desk_sound, which joins operators, are all
 * that joins answered legs.
 */
#include "exchange/priv.h"

void exchange_talk_sound(struct turn *t, struct call *c)
{
	struct leg *a = exchange_call_caller(t, c), *b = exchange_call_peer(t, c);

	if (!(a->flags & LEG_HELD) && !(b->flags & LEG_HELD)) {
		exchange_leg_join(t, a, b);
		return;
	}
	if (a->sound == SOUND_JOIN)
		exchange_leg_silence(t, a);
	if (a->flags & LEG_HELD)
		exchange_leg_silence(t, a);
	else
		exchange_leg_music(t, a);
	if (b->flags & LEG_HELD)
		exchange_leg_silence(t, b);
	else
		exchange_leg_music(t, b);
}

static void talk_refused(struct turn *t, struct call *c, struct leg *peer)
{
	exchange_consent_missing(t, c, 0);
	exchange_leg_end(t, peer, 480, END_NOT_PERMITTED);
	c->flags |= CALL_ATTENDED;
	if (c->position) {
		exchange_desk_back(t, c);
		return;
	}
	exchange_caller_say(t, c, PHRASE_GM_REFUSED, NX_MESSAGE);
}

static enum clause talk_clause(const struct call *c)
{
	return exchange_article4_row(c->to, OUTCOME_ANSWERED)->clause;
}

bool exchange_talk_start(struct turn *t, struct call *c, struct leg *peer)
{
	struct leg *caller = exchange_call_caller(t, c), *ear = NULL;
	struct effect *e;

	if (FAULT(FAULT_DESK_OVERHEARS) && exchange_position_hands(t, c))
		ear = exchange_position_ear(t, exchange_position_of(t, c));
	exchange_consent_dialled(t, c, peer);
	if (!exchange_consent_holds(t, c, caller, peer)) {
		talk_refused(t, c, peer);
		return false;
	}
	exchange_desk_forget(t, c);
	c->peer = exchange_leg_index(t, peer);
	c->wait_due_ms = 0;
	c->attempts = 0; /* if handed on, the caller starts anew */
	exchange_call_goto(t, c, CALL_TALK);
	exchange_leg_answer(t, peer);
	exchange_caller_answer(t, c);
	exchange_talk_sound(t, c);
	if (ear) {
		e = exchange_effect_add(t, FX_CONFER, caller);
		e->confer.other = exchange_leg_id_of(t, peer);
		e->confer.third = exchange_leg_id_of(t, ear);
	}
	e = exchange_call_step(t, c, STEP_CONNECTED, talk_clause(c));
	e->step.extension = peer->extension;
	e->step.trunk = peer->trunk;
	e->step.value = (int32_t)exchange_long_limit(t, c);
	TEXT_COPY(e->step.text, peer->number);
	exchange_long_start(t, c);
	return true;
}

void exchange_talk_on(struct turn *t, struct call *c, const struct cue *cue)
{
	if (cue->kind == CUE_DOWN) {
		exchange_call_finish(t, c, 0, cue->why ? cue->why : END_CALLEE_HUNG_UP);
		return;
	}
	if (cue->kind == CUE_WORD) {
		exchange_long_word(t, c);
		return;
	}
	exchange_talk_sound(t, c);
	exchange_call_step(t, c, cue->kind == CUE_HELD ? STEP_HELD : STEP_UNHELD, CLAUSE_HOUSE)
	    ->step.extension = cue->leg->extension;
}
