/* What a desk's page is shown of a call and of a position. Read only. */
#include "exchange/priv.h"

static bool recording(const struct call *c)
{
	return c->state == CALL_RECORD || c->state == CALL_REVIEW || c->state == CALL_KEEP;
}

static enum exchange_bay queue_bay(const struct call *c)
{
	return c->queued == QUEUED_ASKED ? BAY_ATTENDANT : BAY_RETURNED;
}

enum exchange_bay exchange_call_bay(const struct turn *t, const struct call *c)
{
	if (!exchange_call_is_desk(t->x, c) || c->state == CALL_CLOSE)
		return BAY_NONE;
	if (c->state == CALL_TALK)
		return c->long_told ? BAY_LONG : BAY_NONE;
	if (c->state == CALL_RING)
		return BAY_RINGING;
	if (c->state == CALL_QUEUE)
		return queue_bay(c);
	if (c->state == CALL_HELD)
		return BAY_HELD;
	if (c->state == CALL_PARK)
		return c->position ? BAY_PARKED : BAY_NONE;
	if (exchange_position_hands(t, c))
		return BAY_IN_HAND;
	if (c->position && !recording(c) && (c->state == CALL_TARGET || c->state == CALL_WAIT))
		return BAY_LET_GO;
	return BAY_ATTENDANT;
}

static bool together(const struct turn *t, const struct call *c)
{
	const struct position *p = exchange_position_of(t, c);
	const struct leg *l = exchange_call_caller(t, c);

	if (!l || !p || p->headset == NONE16 || !exchange_position_hands(t, c))
		return false;
	return l->joined == p->headset || l->sound == SOUND_CONFER;
}

void exchange_desk_view(const struct turn *t, const struct call *c, struct exchange_call_view *out)
{
	bool aimed = c->asked_person || c->asked_department || c->ext || c->out[0];

	out->rev = c->rev;
	out->bay = (uint8_t)exchange_call_bay(t, c);
	if (out->bay == BAY_NONE)
		return;
	out->position = c->position;
	out->rings = c->state == CALL_RING ? c->ring : 0;
	if (c->state == CALL_RING || c->state == CALL_QUEUE)
		out->ringing = exchange_ring_bits(t, c);
	out->queued = c->state == CALL_QUEUE ? c->queued : QUEUED_NO;
	out->outcome = c->outcome;
	out->to = aimed ? (uint8_t)(c->to + 1) : REACHED_NONE;
	out->screened = c->screened;
	out->complaint = c->flags & CALL_COMPLAINT;
	out->together = together(t, c);
	out->consulted = c->desk & DESK_CONSULTED;
	out->consent = c->consent_person != 0;
	out->remind_wall_ms = c->state == CALL_HELD ? c->remind_wall_ms : 0;
	if (c->sentence != PHRASE_NONE)
		TEXT_COPY(out->sentence, exchange_phrase_name((enum phrase_kind)c->sentence));
	out->sentence_clause = c->sentence_clause;
	if (c->state == CALL_PARK)
		TEXT_COPY(out->park_number, c->park_number);
}

bool exchange_position_view(const struct exchange *x, uint16_t position,
			    struct exchange_position_view *out)
{
	struct turn t = {.x = (struct exchange *)(uintptr_t)x,
			 .calls = exchange_calls_at(x),
			 .legs = exchange_legs_at(x),
			 .exts = exchange_exts_at(x)};
	const struct position *p = exchange_position_at(&t, position);
	const struct leg *l;

	if (!p || !p->known)
		return false;
	l = exchange_leg_at(&t, p->headset);
	memset(out, 0, sizeof(*out));
	out->state = p->state;
	out->page = !(p->lost & LOST_PAGE);
	out->sound =
	    !(p->lost & LOST_SOUND) && ((l && l->state == LEG_UP) || (p->extension && !p->nailed));
	out->person = p->person;
	out->extension = p->extension;
	out->headset = l ? exchange_leg_id_of(&t, l) : 0;
	out->call_no = p->call == NONE16 ? 0 : t.calls[p->call].call_no;
	out->since_wall_ms = p->since_wall_ms;
	out->until_wall_ms = p->until_wall_ms;
	return true;
}
