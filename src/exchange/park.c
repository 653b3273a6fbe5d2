/*
 * Park: a caller waits with music under a number that any inside phone may dial.
 *
 * Invariants: a call in PARK holds exactly one slot, and the slot names it; TIMER_STATE brings it
 * back to who parked it. Retrieving is the phone's own act (consent d).
 */
#include "exchange/priv.h"

static unsigned park_slots(const struct measures *m)
{
	return m->park_slots < EXCHANGE_PARK_SLOTS ? m->park_slots : EXCHANGE_PARK_SLOTS;
}

/* Counts up from the first number and keeps its length: "0701" goes on with "0702". */
void exchange_park_number(const struct measures *m, int slot, char *out, size_t cap)
{
	char number[sizeof(m->park_first)];

	memcpy(number, m->park_first, sizeof(number));
	number[sizeof(number) - 1] = '\0';
	for (size_t n = strnlen(number, sizeof(number) - 1); n > 0 && slot > 0; n--, slot /= 10) {
		slot += number[n - 1] - '0';
		number[n - 1] = (char)('0' + slot % 10);
	}
	text_copy(out, cap, number);
}

int exchange_park_slot(const struct measures *m, const char *number)
{
	char at[sizeof(m->park_first)];

	if (!m->park_first[0] || strlen(number) != strlen(m->park_first))
		return -1;
	for (unsigned i = 0; i < park_slots(m); i++) {
		exchange_park_number(m, (int)i, at, sizeof(at));
		if (text_eq(at, number))
			return (int)i;
	}
	return -1;
}

int exchange_park_free(const struct turn *t, const struct measures *m)
{
	for (unsigned i = 0; i < park_slots(m); i++)
		if (t->x->park[i] == NONE16)
			return (int)i;
	return -1;
}

/* party becomes the call's caller and waits; every other leg of the call has gone. */
void exchange_park_put(struct turn *t, struct call *c, struct leg *party, int slot, uint32_t by)
{
	struct effect *e;

	exchange_call_goto(t, c, CALL_PARK);
	c->park = (uint16_t)slot;
	c->from_ext = by;
	c->consent_person = 0;
	t->x->park[slot] = exchange_call_index(t, c);
	exchange_leg_music(t, party);
	exchange_timer_arm(t, c, TIMER_STATE, exchange_call_measures(t, c)->park_return_ms);
	exchange_park_number(exchange_call_measures(t, c), slot, c->park_number,
			     sizeof(c->park_number));
	e = exchange_call_step(t, c, STEP_PARKED, CLAUSE_HOUSE);
	e->step.extension = by;
	TEXT_COPY(e->step.text, c->park_number);
}

void exchange_park_leave(struct turn *t, struct call *c)
{
	if (c->park != NONE16)
		t->x->park[c->park] = NONE16;
	c->park = NONE16;
}

/* Nobody has come for the caller: back to who parked him, by the way every caller takes. */
void exchange_park_on(struct turn *t, struct call *c, const struct cue *cue)
{
	(void)cue;
	c->hops = 0;
	c->flags |= CALL_ATTENDED | CALL_TRANSFERRED;
	if (c->position || !c->from_ext) {
		exchange_desk_back(t, c);
		return;
	}
	exchange_target_seek(t, c, (struct target){TARGET_EXTENSION, c->from_ext});
}

bool exchange_park_retrieve(struct turn *t, struct call *c, int slot)
{
	uint16_t i = t->x->park[slot];
	struct call *parked = i == NONE16 ? NULL : &t->calls[i];
	struct leg *l = exchange_call_caller(t, c);

	if (!parked || parked->caller == NONE16)
		return false;
	exchange_call_merge(t, c, parked, END_MERGED);
	exchange_call_step(t, parked, STEP_RETRIEVED, CLAUSE_HOUSE)->step.extension = l->extension;
	if (exchange_guard_applies(t, parked, exchange_call_caller(t, parked),
				   exchange_guard_of(t, parked, l->extension)))
		exchange_consent_own_act(t, parked, l);
	if (!exchange_talk_start(t, parked, l))
		return true;
	exchange_leg_show(t, l, parked->number, parked->name);
	exchange_leg_show(t, exchange_call_caller(t, parked), l->number, l->name);
	return true;
}

/* The call that this phone holds while it dials the code; NULL when it holds none. */
static struct leg *held_leg(const struct turn *t, const struct leg *mine)
{
	const struct ext *e = &t->exts[mine->ext];

	for (uint16_t i = e->first_leg; i != NONE16; i = t->legs[i].line_next) {
		struct leg *l = &t->legs[i];

		if (l != mine && l->role != ROLE_POSITION && (l->flags & LEG_HELD) &&
		    t->calls[l->call].state == CALL_TALK)
			return l;
	}
	return NULL;
}

/* The code, dialled while a call is held: the held caller is parked, the slot is read out. */
void exchange_park_dialled(struct turn *t, struct call *c)
{
	const struct measures *m = exchange_call_measures(t, c);
	struct leg *mine = exchange_call_caller(t, c), *held = held_leg(t, mine), *party;
	int slot = exchange_park_free(t, m);
	struct call *other;
	char number[16];

	if (!held || slot < 0) {
		exchange_caller_refuse(t, c, PHRASE_VACANT_NUMBER, 404, END_VACANT_NUMBER);
		return;
	}
	other = &t->calls[held->call];
	party = exchange_call_caller(t, other) == held ? exchange_call_peer(t, other)
						       : exchange_call_caller(t, other);
	exchange_leg_end(t, held, 0, END_TRANSFERRED);
	if (other->caller == NONE16)
		exchange_leg_move(t, party, other, ROLE_CALLER);
	exchange_call_identity(t, other);
	other->flags |= CALL_ATTENDED | CALL_TRANSFERRED;
	exchange_park_put(t, other, party, slot, mine->extension);
	exchange_park_number(m, slot, number, sizeof(number));
	exchange_caller_answer(t, c);
	exchange_say(exchange_caller_play(t, c), PHRASE_PARKED_AT, 0, number);
	exchange_caller_then(t, c, NX_END_FEATURE);
}
