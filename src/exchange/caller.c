/* What a call's caller hears. A caller in Article 4's hands is answered before anything is said;
 * an inside phone that dialled somebody hears it before the answer (183). */
#include "exchange/priv.h"

struct leg *exchange_call_caller(const struct turn *t, const struct call *c)
{
	return exchange_leg_at(t, c->caller);
}

struct leg *exchange_call_peer(const struct turn *t, const struct call *c)
{
	return exchange_leg_at(t, c->peer);
}

void exchange_caller_answer(struct turn *t, struct call *c)
{
	exchange_leg_answer(t, exchange_call_caller(t, c));
}

void exchange_caller_open(struct turn *t, struct call *c)
{
	struct leg *l = exchange_call_caller(t, c);

	if (l->state == LEG_UP)
		return;
	if (c->flags & CALL_ATTENDED) {
		exchange_caller_answer(t, c);
		exchange_call_step(t, c, STEP_ANSWERED_ATTENDANT, CLAUSE_A4_2);
	} else if (l->state != LEG_PROGRESS) {
		exchange_effect_add(t, FX_PROGRESS, l);
		exchange_leg_state_set(t, l, LEG_PROGRESS);
	}
}

void exchange_caller_ringback(struct turn *t, struct call *c)
{
	struct leg *l = exchange_call_caller(t, c);

	if (exchange_position_hands(t, c) && l->sound == SOUND_JOIN)
		return; /* an operator speaks with him while it rings */
	if (l->state == LEG_UP || l->state == LEG_PROGRESS) {
		if (l->sound != SOUND_PLAY && l->sound != SOUND_TONE)
			exchange_leg_tone(t, l, TONE_RINGBACK);
	} else if (l->state == LEG_OFFERED) {
		exchange_effect_add(t, FX_RING, l);
		exchange_leg_state_set(t, l, LEG_RUNG);
		exchange_call_step(t, c, STEP_RINGING, CLAUSE_HOUSE)->step.value =
		    c->state == CALL_RING ? (int32_t)exchange_ring_clock(t, c) : 0;
	}
}

struct effect *exchange_caller_play(struct turn *t, struct call *c)
{
	exchange_caller_open(t, c);
	return exchange_leg_play(t, exchange_call_caller(t, c));
}

void exchange_caller_music(struct turn *t, struct call *c)
{
	exchange_caller_open(t, c);
	exchange_leg_music(t, exchange_call_caller(t, c));
}

void exchange_caller_then(struct turn *t, struct call *c, enum next then)
{
	exchange_call_goto(t, c, CALL_SAY);
	c->then = (uint8_t)then;
	exchange_timer_arm(t, c, TIMER_STATE, SAY_GUARD_MS);
}

void exchange_caller_say(struct turn *t, struct call *c, enum phrase_kind k, enum next then)
{
	exchange_say(exchange_caller_play(t, c), k, 0, "");
	exchange_caller_then(t, c, then);
}

void exchange_caller_refuse(struct turn *t, struct call *c, enum phrase_kind k, uint16_t code,
			    enum exchange_end why)
{
	c->reject_code = code;
	c->reject_why = (uint16_t)why;
	exchange_call_step(t, c, STEP_REJECTED, CLAUSE_HOUSE)->step.value = code;
	exchange_caller_say(t, c, k, NX_REJECT);
}
