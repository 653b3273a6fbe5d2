/* What a call's caller hears. A caller in Article 4's hands is answered before anything is said;
 * an inside phone that dialled somebody hears it before the answer (183). */
#include "exchange/priv.h"

struct leg *call_caller(const struct turn *t, const struct call *c)
{
	return leg_at(t, c->caller);
}

struct leg *call_peer(const struct turn *t, const struct call *c)
{
	return leg_at(t, c->peer);
}

void caller_answer(struct turn *t, struct call *c)
{
	leg_answer(t, call_caller(t, c));
}

void caller_open(struct turn *t, struct call *c)
{
	struct leg *l = call_caller(t, c);

	if (l->state == LEG_UP)
		return;
	if (c->flags & CALL_ATTENDED) {
		caller_answer(t, c);
		call_step(t, c, STEP_ANSWERED_ATTENDANT, CLAUSE_A4_2);
	} else if (l->state != LEG_PROGRESS) {
		effect_add(t, FX_PROGRESS, l);
		leg_state_set(t, l, LEG_PROGRESS);
	}
}

void caller_ringback(struct turn *t, struct call *c)
{
	struct leg *l = call_caller(t, c);

	if (l->state == LEG_UP || l->state == LEG_PROGRESS) {
		if (l->sound != SOUND_PLAY && l->sound != SOUND_TONE)
			leg_tone(t, l, TONE_RINGBACK);
	} else if (l->state == LEG_OFFERED) {
		effect_add(t, FX_RING, l);
		leg_state_set(t, l, LEG_RUNG);
		call_step(t, c, STEP_RINGING, CLAUSE_HOUSE);
	}
}

struct effect *caller_play(struct turn *t, struct call *c)
{
	caller_open(t, c);
	return leg_play(t, call_caller(t, c));
}

void caller_music(struct turn *t, struct call *c)
{
	caller_open(t, c);
	leg_music(t, call_caller(t, c));
}

void caller_then(struct turn *t, struct call *c, enum next then)
{
	call_goto(t, c, CALL_SAY);
	c->then = (uint8_t)then;
	timer_arm(t, c, TIMER_STATE, SAY_GUARD_MS);
}

void caller_say(struct turn *t, struct call *c, enum phrase_kind k, enum next then)
{
	say(caller_play(t, c), k, 0, "");
	caller_then(t, c, then);
}

void caller_refuse(struct turn *t, struct call *c, enum phrase_kind k, uint16_t code,
		   enum exchange_end why)
{
	c->reject_code = code;
	c->reject_why = (uint16_t)why;
	call_step(t, c, STEP_REJECTED, CLAUSE_HOUSE)->step.value = code;
	caller_say(t, c, k, NX_REJECT);
}
