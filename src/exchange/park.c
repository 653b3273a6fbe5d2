/*
 * Park: a caller waits with music under a number that any inside phone may dial.
 *
 * Invariants: a call in PARK holds exactly one slot, and the slot names it; TIMER_STATE brings it
 * back to who parked it. Retrieving is the phone's own act (consent d).
 */
#include "exchange/priv.h"

#include <stdio.h>
#include <stdlib.h>

static unsigned park_slots(const struct measures *m)
{
	return m->park_slots < EXCHANGE_PARK_SLOTS ? m->park_slots : EXCHANGE_PARK_SLOTS;
}

void park_number(const struct measures *m, int slot, char *out, size_t cap)
{
	char number[16];

	snprintf(number, sizeof(number), "%0*ld", (int)strlen(m->park_first),
		 strtol(m->park_first, NULL, 10) + slot);
	text_copy(out, cap, number);
}

int park_slot(const struct measures *m, const char *number)
{
	long at;

	if (!m->park_first[0] || strlen(number) != strlen(m->park_first) ||
	    strspn(number, "0123456789") != strlen(number))
		return -1;
	at = strtol(number, NULL, 10) - strtol(m->park_first, NULL, 10);
	return at >= 0 && at < (long)park_slots(m) ? (int)at : -1;
}

int park_free(const struct turn *t, const struct measures *m)
{
	for (unsigned i = 0; i < park_slots(m); i++)
		if (t->x->park[i] == NONE16)
			return (int)i;
	return -1;
}

/* party becomes the call's caller and waits; every other leg of the call has gone. */
void park_put(struct turn *t, struct call *c, struct leg *party, int slot, uint32_t by)
{
	struct effect *e;

	call_goto(t, c, CALL_PARK);
	c->park = (uint16_t)slot;
	c->from_ext = by;
	c->consent_person = 0;
	t->x->park[slot] = call_index(t, c);
	leg_music(t, party);
	timer_arm(t, c, TIMER_STATE, call_measures(t, c)->park_return_ms);
	e = call_step(t, c, STEP_PARKED, CLAUSE_HOUSE);
	e->step.extension = by;
	park_number(call_measures(t, c), slot, e->step.text, sizeof(e->step.text));
}

void park_leave(struct turn *t, struct call *c)
{
	if (c->park != NONE16)
		t->x->park[c->park] = NONE16;
	c->park = NONE16;
}

/* Nobody has come for the caller: back to who parked him, by the way every caller takes. */
void park_on(struct turn *t, struct call *c, const struct cue *cue)
{
	(void)cue;
	c->hops = 0;
	c->flags |= CALL_ATTENDED | CALL_TRANSFERRED;
	target_seek(t, c, (struct target){TARGET_EXTENSION, c->from_ext});
}

bool park_retrieve(struct turn *t, struct call *c, int slot)
{
	uint16_t i = t->x->park[slot];
	struct call *parked = i == NONE16 ? NULL : &t->calls[i];
	struct leg *l = call_caller(t, c);

	if (!parked || parked->caller == NONE16)
		return false;
	call_merge(t, c, parked, END_MERGED);
	call_step(t, parked, STEP_RETRIEVED, CLAUSE_HOUSE)->step.extension = l->extension;
	if (guard_applies(t, parked, call_caller(t, parked), guard_of(t, parked, l->extension)))
		consent_own_act(t, parked, l);
	if (!talk_start(t, parked, l))
		return true;
	leg_show(t, l, parked->number, parked->name);
	leg_show(t, call_caller(t, parked), l->number, l->name);
	return true;
}

/* The call that this phone holds while it dials the code; NULL when it holds none. */
static struct leg *held_leg(const struct turn *t, const struct leg *mine)
{
	const struct ext *e = &t->exts[mine->ext];

	for (uint16_t i = e->first_leg; i != NONE16; i = t->legs[i].line_next) {
		struct leg *l = &t->legs[i];

		if (l != mine && (l->flags & LEG_HELD) && t->calls[l->call].state == CALL_TALK)
			return l;
	}
	return NULL;
}

/* The code, dialled while a call is held: the held caller is parked, the slot is read out. */
void park_dialled(struct turn *t, struct call *c)
{
	const struct measures *m = call_measures(t, c);
	struct leg *mine = call_caller(t, c), *held = held_leg(t, mine), *party;
	int slot = park_free(t, m);
	struct call *other;
	char number[16];

	if (!held || slot < 0) {
		caller_refuse(t, c, PHRASE_VACANT_NUMBER, 404, END_VACANT_NUMBER);
		return;
	}
	other = &t->calls[held->call];
	party = call_caller(t, other) == held ? call_peer(t, other) : call_caller(t, other);
	leg_end(t, held, 0, END_TRANSFERRED);
	if (other->caller == NONE16)
		leg_move(t, party, other, ROLE_CALLER);
	call_identity(t, other);
	other->flags |= CALL_ATTENDED | CALL_TRANSFERRED;
	park_put(t, other, party, slot, mine->extension);
	park_number(m, slot, number, sizeof(number));
	caller_answer(t, c);
	say(caller_play(t, c), PHRASE_PARKED_AT, 0, number);
	caller_then(t, c, NX_END_FEATURE);
}
