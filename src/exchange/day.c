/*
 * The state of the day: do not disturb, forwards, absence, instructions; and closing.
 *
 * Invariants: an extension's slot exists while it has a phone, a leg, a waiting caller or a
 * setting; closing works through the calls in batches that fit a step's effects.
 */
#include "exchange/priv.h"

enum { CLOSING_ROOM = 48 };

struct ext *exchange_ext_find(const struct turn *t, uint32_t id)
{
	uint32_t i;

	if (!id)
		return NULL;
	i = exchange_map_get(exchange_map_at(t->x, t->x->at_ext_map), t->x->ext_map_size, id);
	return i == UINT32_MAX ? NULL : &t->exts[i];
}

struct ext *exchange_ext_have(struct turn *t, uint32_t id)
{
	struct ext *e = exchange_ext_find(t, id);
	struct exchange *x = t->x;

	if (e || !id || x->free_ext == NONE16)
		return e;
	e = &t->exts[x->free_ext];
	exchange_map_put(exchange_map_at(x, x->at_ext_map), x->ext_map_size, id, x->free_ext);
	x->free_ext = e->first_leg;
	memset(e, 0, sizeof(*e));
	e->id = id;
	e->first_leg = e->wait_first = e->wait_last = NONE16;
	return e;
}

/* One call an extension unless call waiting is on: then a second may ring. */
bool exchange_ext_busy(const struct turn *t, const struct ext *e,
		       const struct directory_extension *d)
{
	(void)t;
	return e->leg_count >= (d->call_waiting ? 2 : 1);
}

bool exchange_ext_dnd(const struct turn *t, const struct ext *e, int64_t *until_ms)
{
	*until_ms = e->dnd_until_ms;
	return e->dnd && (!e->dnd_until_ms || e->dnd_until_ms > t->now->wall_ms);
}

bool exchange_person_away(const struct turn *t, uint32_t person, int64_t *until_ms)
{
	const struct exchange *x = t->x;
	uint32_t i;

	if (!person)
		return false;
	i = exchange_map_get(exchange_map_at(x, x->at_away_map), x->away_map_size, person);
	if (i == UINT32_MAX)
		return false;
	*until_ms = exchange_away_at(x)[i].until_ms;
	return !*until_ms || *until_ms > t->now->wall_ms;
}

const char *exchange_ext_forward(const struct turn *t, const struct directory_extension *d,
				 enum forward f)
{
	const struct ext *e = exchange_ext_find(t, d->id);

	if (e && (e->forward_set & (1u << f)))
		return e->forward[f];
	switch (f) {
	case FORWARD_ALWAYS:
		return d->forward_always;
	case FORWARD_BUSY:
		return d->forward_busy;
	case FORWARD_NO_ANSWER:
		return d->forward_no_answer;
	case FORWARD_COUNT:
		break;
	}
	return "";
}

static void away_set(struct turn *t, const struct event *ev)
{
	struct exchange *x = t->x;
	struct map_slot *m = exchange_map_at(x, x->at_away_map);
	struct away *all = exchange_away_at(x);
	uint32_t i =
	    ev->day.person ? exchange_map_get(m, x->away_map_size, ev->day.person) : UINT32_MAX;

	if (!ev->day.person)
		return;
	if (!ev->day.on) {
		if (i == UINT32_MAX)
			return;
		exchange_map_drop(m, x->away_map_size, ev->day.person);
		all[i] = (struct away){0, x->free_away, 0};
		x->free_away = (uint16_t)i;
		return;
	}
	if (i == UINT32_MAX) {
		if (x->free_away == NONE16) {
			x->ignored++;
			return;
		}
		i = x->free_away;
		x->free_away = (uint16_t)all[i].pad;
		exchange_map_put(m, x->away_map_size, ev->day.person, i);
	}
	all[i] = (struct away){ev->day.person, 0, ev->day.until_wall_ms};
}

/* A place that is free, run out, or the same instruction's. */
static struct instruction *instruction_place(struct turn *t, const struct event *ev)
{
	struct instruction *found = NULL;

	for (unsigned i = 0; i < EXCHANGE_INSTRUCTIONS; i++) {
		struct instruction *in = &t->x->instruction[i];

		if (in->person == ev->day.person && in->id == ev->day.id &&
		    (ev->day.id || text_eq(in->number, ev->day.number)))
			return in;
		if (!in->person || (in->until_ms && in->until_ms <= t->now->wall_ms))
			found = in;
	}
	return ev->day.on ? found : NULL;
}

static void instruction_set(struct turn *t, const struct event *ev)
{
	struct instruction *in;

	/* one without a number is for everybody, or names somebody: those it must say */
	if (!ev->day.person || (!ev->day.number[0] && !ev->day.refuse && !ev->day.by_name &&
				ev->day.on))
		return;
	in = instruction_place(t, ev);
	if (!in) {
		t->x->ignored++;
		return;
	}
	memset(in, 0, sizeof(*in));
	if (!ev->day.on)
		return;
	in->person = ev->day.person;
	in->by = ev->day.by;
	in->id = ev->day.id;
	in->refuse = ev->day.refuse;
	in->by_name = ev->day.by_name;
	in->until_ms = ev->day.until_wall_ms;
	TEXT_COPY(in->number, ev->day.number);
}

static void forward_set(struct ext *e, enum forward f, const struct event *ev)
{
	e->forward_set |= (uint8_t)(1u << f);
	text_copy(e->forward[f], sizeof(e->forward[f]), ev->day.on ? ev->day.number : "");
}

static void extension_set(struct turn *t, const struct event *ev)
{
	struct ext *e = exchange_ext_have(t, ev->day.extension);

	if (!e) {
		t->x->ignored++;
		return;
	}
	if (ev->day.set == DAY_DND) {
		e->dnd = ev->day.on;
		e->dnd_until_ms = ev->day.on ? ev->day.until_wall_ms : 0;
	} else if (ev->day.set == DAY_FORWARD_ALWAYS) {
		forward_set(e, FORWARD_ALWAYS, ev);
	} else if (ev->day.set == DAY_FORWARD_BUSY) {
		forward_set(e, FORWARD_BUSY, ev);
	} else {
		forward_set(e, FORWARD_NO_ANSWER, ev);
	}
}

void exchange_day_set(struct turn *t, const struct event *ev)
{
	switch (ev->day.set) {
	case DAY_AWAY:
		away_set(t, ev);
		break;
	case DAY_INSTRUCTION:
		instruction_set(t, ev);
		break;
	case DAY_DND:
	case DAY_FORWARD_ALWAYS:
	case DAY_FORWARD_BUSY:
	case DAY_FORWARD_NO_ANSWER:
		extension_set(t, ev);
		break;
	}
}

/* Set by a feature code: it holds at once, and is to be kept. */
void exchange_day_feature(struct turn *t, struct call *c, enum day_set set, bool on,
			  const char *number)
{
	uint32_t extension = exchange_call_caller(t, c)->extension;
	struct event ev;
	struct effect *e;

	memset(&ev, 0, sizeof(ev));
	ev.kind = EV_SET;
	ev.day.set = set;
	ev.day.on = on;
	ev.day.extension = extension;
	TEXT_COPY(ev.day.number, number);
	exchange_day_set(t, &ev);
	e = exchange_effect_add(t, FX_DAY, NULL);
	e->day.set = set;
	e->day.on = on;
	e->day.extension = extension;
	TEXT_COPY(e->day.number, number);
}

/* After a new snapshot: slots that nothing holds are given back. Rare, so it may look at all. */
void exchange_day_sweep(struct turn *t)
{
	struct exchange *x = t->x;

	for (uint32_t i = 0; i < x->caps.extensions; i++) {
		struct ext *e = &t->exts[i];

		if (!e->id || e->leg_count || e->wait_first != NONE16 || e->reachable || e->dnd ||
		    e->forward_set)
			continue;
		exchange_map_drop(exchange_map_at(x, x->at_ext_map), x->ext_map_size, e->id);
		memset(e, 0, sizeof(*e));
		e->first_leg = x->free_ext;
		x->free_ext = (uint16_t)i;
	}
}

/* ---- closing ---- */

static void call_close(struct turn *t, struct call *c)
{
	static const struct cue cue = {.kind = CUE_CLOSING};
	struct leg *caller = exchange_call_caller(t, c), *peer = exchange_call_peer(t, c);
	bool talking = c->state == CALL_TALK;

	if (exchange_call_permits(c->state, CUE_CLOSING)) {
		exchange_call_cue(t, c, &cue);
		return;
	}
	exchange_call_step(t, c, STEP_CLOSING, CLAUSE_HOUSE);
	exchange_desk_forget(t, c);
	exchange_call_drop_legs(t, c, talking ? peer : NULL, END_CLOSING);
	if (!caller || caller->state != LEG_UP) {
		exchange_call_finish(t, c, 503, END_CLOSING);
		return;
	}
	exchange_call_goto(t, c, CALL_CLOSE);
	exchange_timer_arm(t, c, TIMER_STATE, CLOSING_MS);
	exchange_say(exchange_leg_play(t, caller), PHRASE_CLOSING, 0, "");
	if (talking)
		exchange_say(exchange_leg_play(t, peer), PHRASE_CLOSING, 0, "");
}

void exchange_close_on(struct turn *t, struct call *c, const struct cue *cue)
{
	const struct leg *peer = exchange_call_peer(t, c), *caller = exchange_call_caller(t, c);

	if (cue->kind == CUE_TIMER || !((peer && peer->play) || caller->play))
		exchange_call_finish(t, c, 503, END_CLOSING);
}

void exchange_closing_start(struct turn *t)
{
	if (t->x->closing)
		return;
	t->x->closing = 1;
	t->x->close_cursor = 0;
	exchange_timer_arm_closing(t, 0);
}

void exchange_closing_more(struct turn *t)
{
	struct exchange *x = t->x;

	while (x->close_cursor < x->caps.calls) {
		struct call *c = &t->calls[x->close_cursor];

		if (t->fx->count + CLOSING_ROOM > EFFECTS_MAX) {
			exchange_timer_arm_closing(t, 0);
			return;
		}
		x->close_cursor++;
		if (c->state != CALL_FREE && c->state != CALL_CLOSE)
			call_close(t, c);
	}
}
