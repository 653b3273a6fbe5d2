/*
 * Legs: one far end each.
 *
 * Invariants
 * 1. A leg that is not LEG_FREE belongs to one call: as its caller, or in its list; or it is a
 *    position's (ROLE_POSITION), which names it, and is in no list.
 * 2. It is in exactly one line: its extension's or its trunk's.
 * 3. sound says what it hears; SOUND_JOIN holds for both ends of a pair, and only then joined is
 * set.
 * 4. A leg is in a pick-up group's list only while DIALLED, RINGING or EARLY.
 * 5. After exchange_leg_end or exchange_leg_forget nothing names it: its generation has moved on.
 *
 *   incoming  OFFERED -> RUNG -> PROGRESS -> UP        outgoing  DIALLED -> RINGING -> EARLY -> UP
 *             (any may be left out)                              (any may be left out)
 */
#include "exchange/priv.h"

struct leg *exchange_leg_new(struct turn *t, struct call *c, enum leg_role role)
{
	struct exchange *x = t->x;
	uint32_t spare = c->flags & CALL_EMERGENCY ? 0 : x->caps.reserve * 2;
	struct leg *l;
	uint16_t gen;

	if (x->free_leg == NONE16 || x->caps.legs - x->leg_count <= spare)
		return NULL;
	l = &t->legs[x->free_leg];
	x->free_leg = l->next;
	x->leg_count++;
	gen = l->gen;
	memset(l, 0, sizeof(*l));
	l->gen = gen;
	l->role = role;
	l->state = role == ROLE_CALLER ? LEG_OFFERED : LEG_DIALLED;
	l->flags = role == ROLE_CALLER ? LEG_IN : 0;
	l->call = exchange_call_index(t, c);
	l->next = l->ext = l->joined = NONE16;
	l->line_prev = l->line_next = l->ring_prev = l->ring_next = NONE16;
	if (role == ROLE_CALLER) {
		c->caller = exchange_leg_index(t, l);
	} else {
		l->next = c->first_leg;
		c->first_leg = exchange_leg_index(t, l);
		c->leg_count++;
	}
	return l;
}

struct leg *exchange_leg_new_position(struct turn *t, uint16_t position)
{
	struct exchange *x = t->x;
	struct leg *l;
	uint16_t gen;

	if (x->free_leg == NONE16 || x->caps.legs - x->leg_count <= x->caps.reserve * 2)
		return NULL;
	l = &t->legs[x->free_leg];
	x->free_leg = l->next;
	x->leg_count++;
	gen = l->gen;
	memset(l, 0, sizeof(*l));
	l->gen = gen;
	l->role = ROLE_POSITION;
	l->state = LEG_DIALLED;
	l->position = (uint8_t)position;
	l->call = l->next = l->ext = l->joined = NONE16;
	l->line_prev = l->line_next = l->ring_prev = l->ring_next = NONE16;
	return l;
}

static uint16_t *line_head(struct turn *t, struct leg *l, uint16_t **count)
{
	if (l->ext != NONE16) {
		*count = &t->exts[l->ext].leg_count;
		return &t->exts[l->ext].first_leg;
	}
	*count = &t->x->trunk[l->trunk].leg_count;
	return &t->x->trunk[l->trunk].first_leg;
}

static void line_in(struct turn *t, struct leg *l)
{
	uint16_t *count, *head = line_head(t, l, &count);

	l->line_next = *head;
	if (*head != NONE16)
		t->legs[*head].line_prev = exchange_leg_index(t, l);
	*head = exchange_leg_index(t, l);
	(*count)++;
}

static void line_out(struct turn *t, struct leg *l)
{
	uint16_t *count, *head = line_head(t, l, &count);

	if (l->line_prev != NONE16)
		t->legs[l->line_prev].line_next = l->line_next;
	else
		*head = l->line_next;
	if (l->line_next != NONE16)
		t->legs[l->line_next].line_prev = l->line_prev;
	l->line_prev = l->line_next = NONE16;
	(*count)--;
}

void exchange_leg_line_extension(struct turn *t, struct leg *l, struct ext *e,
				 uint8_t exchange_pickup_group)
{
	l->ext = (uint16_t)(e - t->exts);
	l->extension = e->id;
	line_in(t, l);
	if (exchange_pickup_group && l->role == ROLE_TARGET)
		exchange_leg_ring_on(t, l, exchange_pickup_group);
	exchange_ext_lamp(t, e);
}

void exchange_leg_line_trunk(struct turn *t, struct leg *l, uint16_t trunk)
{
	l->trunk = trunk;
	line_in(t, l);
}

/* New ones go to the front; the oldest is found at the end, which is short: one office's ringing.
 */
void exchange_leg_ring_on(struct turn *t, struct leg *l, uint8_t group)
{
	uint16_t *head = &t->x->group_ring[group];

	l->ring_group = group;
	l->ring_next = *head;
	if (*head != NONE16)
		t->legs[*head].ring_prev = exchange_leg_index(t, l);
	*head = exchange_leg_index(t, l);
}

void exchange_leg_ring_off(struct turn *t, struct leg *l)
{
	if (!l->ring_group)
		return;
	if (l->ring_prev != NONE16)
		t->legs[l->ring_prev].ring_next = l->ring_next;
	else
		t->x->group_ring[l->ring_group] = l->ring_next;
	if (l->ring_next != NONE16)
		t->legs[l->ring_next].ring_prev = l->ring_prev;
	l->ring_prev = l->ring_next = NONE16;
	l->ring_group = 0;
}

/* Out of its call's list, or out of its place as the caller. */
static void leg_out_of_call(struct turn *t, struct leg *l)
{
	uint16_t i = exchange_leg_index(t, l), *link;
	struct call *c;

	if (l->role == ROLE_POSITION)
		return;
	c = &t->calls[l->call];
	link = &c->first_leg;
	if (c->peer == i)
		c->peer = NONE16;
	if (c->caller == i) {
		c->caller = NONE16;
		return;
	}
	while (*link != NONE16 && *link != i)
		link = &t->legs[*link].next;
	if (*link == i) {
		*link = l->next;
		c->leg_count--;
	}
	l->next = NONE16;
}

static void confer_part(struct turn *t, struct leg *l, const struct leg *but)
{
	if (!l || l->sound != SOUND_CONFER)
		return;
	l->sound = SOUND_NONE;
	if (l != but)
		exchange_effect_add(t, FX_PART, l);
}

/* A conference ends for all three; who stays together is joined anew. */
static void leg_unconfer(struct turn *t, struct leg *l, const struct leg *but)
{
	struct call *c = &t->calls[l->call];
	struct position *p = exchange_position_of(t, c);

	confer_part(t, exchange_call_caller(t, c), but);
	confer_part(t, exchange_call_peer(t, c), but);
	if (p)
		confer_part(t, exchange_leg_at(t, p->headset), but);
	confer_part(t, l, but);
}

static void leg_unjoin(struct turn *t, struct leg *l)
{
	struct leg *other = exchange_leg_at(t, l->joined);

	if (l->sound == SOUND_CONFER)
		leg_unconfer(t, l, l);
	if (other) {
		other->joined = NONE16;
		other->sound = SOUND_NONE;
	}
	l->joined = NONE16;
	l->sound = SOUND_NONE;
}

void exchange_leg_forget(struct turn *t, struct leg *l)
{
	struct exchange *x = t->x;
	struct ext *e = l->ext == NONE16 ? NULL : &t->exts[l->ext];
	uint16_t gen = (uint16_t)(l->gen + 1);

	exchange_tape_leave(t, l);
	leg_unjoin(t, l);
	exchange_leg_ring_off(t, l);
	line_out(t, l);
	leg_out_of_call(t, l);
	memset(l, 0, sizeof(*l));
	l->gen = gen;
	l->next = x->free_leg;
	x->free_leg = exchange_leg_index(t, l);
	x->leg_count--;
	if (e) {
		exchange_ext_lamp(t, e);
		exchange_wait_wake(t, e);
	}
}

void exchange_leg_end(struct turn *t, struct leg *l, uint16_t code, enum exchange_end why)
{
	struct effect *e = exchange_effect_add(t, FX_END, l);

	e->end.code = code;
	e->end.why = why;
	if (FAULT(FAULT_DEAD_LEG))
		exchange_effect_add(t, FX_QUIET, l);
	exchange_leg_forget(t, l);
}

void exchange_leg_state_set(struct turn *t, struct leg *l, enum leg_state s)
{
	l->state = s;
	if (s == LEG_UP)
		exchange_leg_ring_off(t, l);
	if (l->ext != NONE16)
		exchange_ext_lamp(t, &t->exts[l->ext]);
}

void exchange_leg_answer(struct turn *t, struct leg *l)
{
	if (!(l->flags & LEG_IN) || l->state == LEG_UP)
		return;
	exchange_effect_add(t, FX_ANSWER, l);
	exchange_leg_state_set(t, l, LEG_UP);
}

void exchange_leg_silence(struct turn *t, struct leg *l)
{
	switch ((enum sound)l->sound) {
	case SOUND_NONE:
		return;
	case SOUND_JOIN:
		exchange_effect_add(t, FX_PART, l);
		leg_unjoin(t, l);
		return;
	case SOUND_CONFER:
		leg_unconfer(t, l, NULL);
		return;
	case SOUND_PLAY:
	case SOUND_TONE:
	case SOUND_MUSIC:
		exchange_effect_add(t, FX_QUIET, l);
		l->sound = SOUND_NONE;
		l->play = 0;
		return;
	}
}

/* Makes way for a sound that replaces what plays. */
static void sound_set(struct turn *t, struct leg *l, enum sound s)
{
	if (l->sound == SOUND_JOIN || l->sound == SOUND_CONFER)
		exchange_leg_silence(t, l);
	l->sound = s;
	l->play = 0;
}

struct effect *exchange_leg_play(struct turn *t, struct leg *l)
{
	struct effect *e;

	sound_set(t, l, SOUND_PLAY);
	l->play = exchange_serial_new(t);
	e = exchange_effect_add(t, FX_PLAY, l);
	e->play.serial = l->play;
	return e;
}

void exchange_say(struct effect *play, enum phrase_kind k, uint32_t arg, const char *digits)
{
	struct phrase *p;

	if (k == PHRASE_NONE || play->play.count >= EFFECT_PHRASES)
		return;
	p = &play->play.phrase[play->play.count++];
	p->kind = (uint16_t)k;
	p->arg = arg;
	TEXT_COPY(p->digits, digits);
}

void exchange_leg_tone(struct turn *t, struct leg *l, enum tone tone)
{
	sound_set(t, l, SOUND_TONE);
	exchange_effect_add(t, FX_TONE, l)->tone.tone = tone;
}

void exchange_leg_music(struct turn *t, struct leg *l)
{
	if (l->sound == SOUND_MUSIC)
		return;
	sound_set(t, l, SOUND_MUSIC);
	exchange_effect_add(t, FX_MUSIC, l);
}

void exchange_leg_join(struct turn *t, struct leg *a, struct leg *b)
{
	if (a->joined == exchange_leg_index(t, b))
		return;
	exchange_leg_silence(t, a);
	exchange_leg_silence(t, b);
	a->joined = exchange_leg_index(t, b);
	b->joined = exchange_leg_index(t, a);
	a->sound = b->sound = SOUND_JOIN;
	exchange_effect_add(t, FX_JOIN, a)->join.other = exchange_leg_id_of(t, b);
}

void exchange_leg_confer(struct turn *t, struct leg *a, struct leg *b, struct leg *c)
{
	struct effect *e;

	if (a->sound == SOUND_CONFER && b->sound == SOUND_CONFER && c->sound == SOUND_CONFER)
		return;
	exchange_leg_silence(t, a);
	exchange_leg_silence(t, b);
	exchange_leg_silence(t, c);
	a->sound = b->sound = c->sound = SOUND_CONFER;
	e = exchange_effect_add(t, FX_CONFER, a);
	e->confer.other = exchange_leg_id_of(t, b);
	e->confer.third = exchange_leg_id_of(t, c);
}

/* Only inside phones are told who is at the far end: outside, disclosure would have to be asked. */
void exchange_leg_show(struct turn *t, struct leg *to, const char *number, const char *name)
{
	struct effect *e;

	if (!to->extension)
		return;
	e = exchange_effect_add(t, FX_SHOW, to);
	TEXT_COPY(e->show.number, number);
	TEXT_COPY(e->show.name, name);
}

void exchange_leg_move(struct turn *t, struct leg *l, struct call *to, enum leg_role role)
{
	leg_out_of_call(t, l);
	l->call = exchange_call_index(t, to);
	l->role = role;
	if (role == ROLE_CALLER) {
		to->caller = exchange_leg_index(t, l);
		return;
	}
	l->next = to->first_leg;
	to->first_leg = exchange_leg_index(t, l);
	to->leg_count++;
}

void exchange_ext_lamp(struct turn *t, struct ext *e)
{
	enum exchange_lamp lamp = EXCHANGE_LAMP_IDLE;
	struct effect *fx;

	for (uint16_t i = e->first_leg; i != NONE16; i = t->legs[i].line_next) {
		const struct leg *l = &t->legs[i];

		if ((l->flags & LEG_IN) || l->state == LEG_UP) {
			lamp = EXCHANGE_LAMP_BUSY;
			break;
		}
		lamp = EXCHANGE_LAMP_RINGING;
	}
	if (lamp == e->lamp)
		return;
	e->lamp = (uint8_t)lamp;
	fx = exchange_effect_add(t, FX_DIALOG, NULL);
	fx->dialog.extension = e->id;
	fx->dialog.state = (uint8_t)lamp;
}
