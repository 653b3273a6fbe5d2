#include "search.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "trace.h"

/* How a state was first come to. */
struct node {
	uint32_t parent;
	uint16_t move; /* which of the parent's moves */
	uint16_t depth;
};

/* States written down by what differs from the first one, one after the other. */
struct tape {
	unsigned char *at;
	size_t used, cap, read;
};

struct search {
	const struct scene *sc;
	struct search_limits limits;
	struct world world;
	struct effects fx;
	struct moves moves;
	/* a state: the exchange, the witness, the time; in words */
	uint64_t *root, *base, *work;
	size_t words, watch_at, time_at;
	struct node *nodes;
	uint32_t node_count, node_cap;
	struct slot {
		uint64_t hash;
	} *slots;
	uint64_t slot_mask;
	struct tape now, next;
	bool same; /* work is what base is */
	struct search_result result;
};

static struct exchange *state_exchange(uint64_t *state)
{
	return (struct exchange *)state;
}

static struct watch *state_watch(const struct search *s, uint64_t *state)
{
	return (struct watch *)(state + s->watch_at);
}

static struct now state_now(const struct search *s, const uint64_t *state)
{
	struct now now = s->world.now;
	int64_t passed = (int64_t)state[s->time_at];

	now.mono_ms += passed;
	now.wall_ms += passed;
	return now;
}

/* ---- the frontier ---- */

static uint64_t kept_bytes(const struct search *s)
{
	return s->now.cap + s->next.cap + (s->slot_mask + 1) * sizeof(struct slot) +
	       s->node_cap * sizeof(struct node);
}

static int tape_room(const struct search *s, struct tape *t, size_t more)
{
	size_t cap = t->cap ? t->cap : 1 << 20;
	unsigned char *at;

	if (t->used + more <= t->cap)
		return 0;
	while (cap < t->used + more)
		cap += cap / 2;
	if (kept_bytes(s) + cap - t->cap > SEARCH_BYTES)
		return ENOMEM;
	at = realloc(t->at, cap);
	if (!at)
		return ENOMEM;
	t->at = at;
	t->cap = cap;
	return 0;
}

/* Node, then for each eight words a byte that says which differ from the root, then those. */
static int tape_put(struct search *s, struct tape *t, uint32_t node, const uint64_t *state)
{
	unsigned char *p;
	int err = tape_room(s, t, sizeof(node) + s->words * 8 + s->words / 8 + 1);

	if (err)
		return err;
	p = t->at + t->used;
	memcpy(p, &node, sizeof(node));
	p += sizeof(node);
	for (size_t i = 0; i < s->words; i += 8) {
		unsigned char *mask = p++;

		*mask = 0;
		for (unsigned k = 0; k < 8; k++) {
			if (state[i + k] == s->root[i + k])
				continue;
			*mask |= (unsigned char)(1u << k);
			memcpy(p, &state[i + k], 8);
			p += 8;
		}
	}
	t->used = (size_t)(p - t->at);
	return 0;
}

static uint32_t tape_take(struct search *s, struct tape *t, uint64_t *state)
{
	const unsigned char *p = t->at + t->read;
	uint32_t node;

	memcpy(&node, p, sizeof(node));
	p += sizeof(node);
	memcpy(state, s->root, s->words * 8);
	for (size_t i = 0; i < s->words; i += 8) {
		unsigned char mask = *p++;

		for (unsigned k = 0; mask; k++, mask >>= 1) {
			if (!(mask & 1))
				continue;
			memcpy(&state[i + k], p, 8);
			p += 8;
		}
	}
	t->read = (size_t)(p - t->at);
	return node;
}

/* ---- states seen ---- */

/* True when the hash is new; it is taken down. */
static bool seen_first(struct search *s, uint64_t hash)
{
	uint64_t i = hash & s->slot_mask;

	for (; s->slots[i].hash; i = (i + 1) & s->slot_mask)
		if (s->slots[i].hash == hash)
			return false;
	s->slots[i].hash = hash;
	return true;
}

static int slots_grow(struct search *s)
{
	uint64_t old = s->slot_mask ? s->slot_mask + 1 : 0, size = old ? old * 2 : 1 << 16;
	struct slot *from = s->slots, *to = calloc(size, sizeof(*to));

	if (!to)
		return ENOMEM;
	s->slots = to;
	s->slot_mask = size - 1;
	for (uint64_t i = 0; i < old; i++)
		if (from[i].hash)
			seen_first(s, from[i].hash);
	free(from);
	return 0;
}

static uint64_t state_hash(const struct search *s, uint64_t *state)
{
	struct now now = state_now(s, state);
	uint64_t h = exchange_hash(state_exchange(state), &now, EXCHANGE_HASH_ORDER);

	h = hash_mix(h + watch_hash(state_watch(s, state)));
	return h ? h : 1;
}

static int node_add(struct search *s, uint32_t parent, unsigned move, unsigned depth)
{
	if (s->node_count == s->node_cap) {
		uint32_t cap = s->node_cap ? s->node_cap * 2 : 1 << 14;
		struct node *n = realloc(s->nodes, cap * sizeof(*n));

		if (!n)
			return ENOMEM;
		s->nodes = n;
		s->node_cap = cap;
	}
	s->nodes[s->node_count++] = (struct node){parent, (uint16_t)move, (uint16_t)depth};
	return (uint64_t)s->node_count * 2 > s->slot_mask ? slots_grow(s) : 0;
}

/* ---- one move ---- */

static void move_make(struct search *s, uint64_t *state, const struct event *ev)
{
	struct exchange *x = state_exchange(state);
	struct watch *w = state_watch(s, state);
	int64_t due = exchange_next_due_ms(x);
	struct now now;

	if (ev->kind == EV_TIMER && due > s->world.now.mono_ms + (int64_t)state[s->time_at])
		state[s->time_at] = (uint64_t)(due - s->world.now.mono_ms);
	now = state_now(s, state);
	watch_before(w, x, ev);
	exchange_step(x, &s->world.rules, ev, &now, &s->fx);
	watch_after(w, x, ev, &s->fx);
	if (!w->refused)
		watch_state(w, x, &now);
}

static void trace(struct search *s, uint32_t node, const struct event *last)
{
	uint32_t path[1024];
	unsigned n = 0;
	struct now now;

	for (; node && n < 1024; node = s->nodes[node].parent)
		path[n++] = node;
	memcpy(s->base, s->root, s->words * 8);
	while (n--) {
		moves_all(s->sc, state_exchange(s->base), state_watch(s, s->base), &s->moves);
		move_make(s, s->base, &s->moves.v[s->nodes[path[n]].move]);
		now = state_now(s, s->base);
		trace_event(&s->moves.v[s->nodes[path[n]].move], &now);
		trace_effects(&s->fx);
	}
	if (last) {
		moves_all(s->sc, state_exchange(s->base), state_watch(s, s->base), &s->moves);
		move_make(s, s->base, last);
		now = state_now(s, s->base);
		trace_event(last, &now);
		trace_effects(&s->fx);
	}
	trace_state(state_exchange(s->base));
}

static void found(struct search *s, const char *what, uint32_t node, const struct event *last)
{
	struct event ev;

	s->result.wrong = what;
	s->result.wrong_depth = s->nodes[node].depth + (last != NULL);
	if (s->limits.quiet)
		return;
	if (last)
		ev = *last;
	printf("\n  %s: %s, after %u events:\n", s->sc->name, what, s->result.wrong_depth);
	trace(s, node, last ? &ev : NULL);
}

static void consoles_vanish(struct search *s)
{
	struct event ev;

	memset(&ev, 0, sizeof(ev));
	ev.kind = EV_DESK;
	ev.desk.act = DESK_PAGE_LOST;
	for (uint16_t p = 1; p <= s->sc->desk.positions; p++) {
		ev.desk.position = p;
		move_make(s, s->work, &ev);
	}
}

static bool all_talk(const struct exchange *x)
{
	struct exchange_call_view v;

	for (uint32_t i = 0; i < exchange_call_slots(x); i++)
		if (exchange_call_view(x, i, &v) && strcmp(v.state, "talk") != 0)
			return false;
	return true;
}

/* Left to its timers alone every call comes to an end, but for those who talk (who are reminded
 * for ever that it is long): when the operators' consoles vanish too. */
static const char *patience(struct search *s, const uint64_t *state)
{
	struct event timer;
	struct exchange *x = state_exchange(s->work);

	memset(&timer, 0, sizeof(timer));
	timer.kind = EV_TIMER;
	memcpy(s->work, state, s->words * 8);
	consoles_vanish(s);
	for (unsigned i = 0; exchange_next_due_ms(x) != INT64_MAX; i++) {
		if (i >= 20 && all_talk(x))
			return NULL;
		if (i == 2000)
			return "timers alone never end a call";
		move_make(s, s->work, &timer);
		if (state_watch(s, s->work)->wrong)
			return state_watch(s, s->work)->wrong;
	}
	return all_talk(x) ? NULL : "a call that nothing will end";
}

/* Makes move i of the base state; notes what it came to. */
static int move_try(struct search *s, uint32_t node, unsigned i)
{
	const char *bad;
	int err;

	if (!s->same)
		memcpy(s->work, s->base, s->words * 8);
	move_make(s, s->work, &s->moves.v[i]);
	s->result.moves++;
	bad = state_watch(s, s->work)->wrong;
	s->same = !bad && state_watch(s, s->work)->refused;
	if (s->same) {
		s->result.refused++;
		s->same = memcmp(s->work, s->base, s->watch_at * 8) == 0;
		if (s->same)
			return 0;
		bad = "a command that was refused changed something";
	}
	if (!bad && !seen_first(s, state_hash(s, s->work)))
		return 0;
	if (!bad)
		bad = exchange_check(state_exchange(s->work));
	if (bad) {
		found(s, bad, node, &s->moves.v[i]);
		return 0;
	}
	err = node_add(s, node, i, s->nodes[node].depth + 1u);
	return err ? err : tape_put(s, &s->next, s->node_count - 1, s->work);
}

static int node_expand(struct search *s, uint32_t node)
{
	struct watch *w = state_watch(s, s->base);
	const char *bad = NULL;
	int err = 0;

	moves_all(s->sc, state_exchange(s->base), w, &s->moves);
	if (s->moves.cut)
		bad = "more moves than the exploration holds";
	else if (w->calls && !s->moves.count)
		bad = "a call lives, and nothing can happen";
	else if (s->limits.patience && node % s->limits.patience == 0)
		bad = patience(s, s->base);
	if (bad)
		found(s, bad, node, NULL);
	s->same = false;
	for (unsigned i = 0; i < s->moves.count && !err && !s->result.wrong; i++)
		err = move_try(s, node, i);
	return err;
}

/* ---- a run ---- */

static int layout(struct search *s)
{
	struct exchange_caps caps = {s->sc->calls, s->sc->legs, WORLD_EXTENSIONS, 2, 0};
	size_t bytes = exchange_bytes(&caps);

	if (!bytes || s->sc->legs > WATCH_LEGS || !world_make(&s->world, s->sc->changes, caps))
		return EINVAL;
	s->watch_at = (bytes + 7) / 8;
	s->time_at = s->watch_at + (sizeof(struct watch) + 7) / 8;
	s->words = (s->time_at + 1 + 7) & ~(size_t)7;
	s->root = calloc(s->words, 8);
	s->base = calloc(s->words, 8);
	s->work = calloc(s->words, 8);
	return s->root && s->base && s->work ? 0 : ENOMEM;
}

static void day_begins(struct search *s)
{
	struct exchange *x = state_exchange(s->root);
	struct event ev;

	memset(&ev, 0, sizeof(ev));
	ev.kind = EV_SET;
	ev.day.set = DAY_AWAY;
	ev.day.on = true;
	for (unsigned i = 0; i < SCENE_DAY && s->sc->away[i]; i++) {
		ev.day.person = s->sc->away[i];
		exchange_step(x, &s->world.rules, &ev, &s->world.now, &s->fx);
	}
	memset(&ev, 0, sizeof(ev));
	ev.kind = EV_REACHABLE;
	for (unsigned i = 0; i < SCENE_DAY && s->sc->gone[i]; i++) {
		ev.presence.id = s->sc->gone[i];
		exchange_step(x, &s->world.rules, &ev, &s->world.now, &s->fx);
	}
}

/* Operators with their headsets; the witness sees them come. */
static void desk_begins(struct search *s)
{
	const struct scene_desk *d = &s->sc->desk;

	s->moves.count = 0;
	for (uint16_t p = 1; p <= d->positions; p++) {
		if (!(s->sc->flags & SCENE_OFF))
			moves_act(s->sc, p, DESK_ON, &s->moves);
		moves_act(s->sc, p, p == 1 && d->phone ? DESK_PHONE : DESK_HEADSET, &s->moves);
	}
	for (unsigned i = 0; i < s->moves.count; i++)
		move_make(s, s->root, &s->moves.v[i]);
}

static int begin(struct search *s)
{
	int err = layout(s);

	if (err)
		return err;
	if (!world_start(&s->world, s->root))
		return EINVAL;
	day_begins(s);
	watch_init(state_watch(s, s->root), &s->world);
	desk_begins(s);
	if (state_watch(s, s->root)->wrong)
		found(s, state_watch(s, s->root)->wrong, 0, NULL);
	err = slots_grow(s);
	if (err)
		return err;
	seen_first(s, state_hash(s, s->root));
	err = node_add(s, 0, 0, 0);
	return err ? err : tape_put(s, &s->next, 0, s->root);
}

static int explore(struct search *s)
{
	uint32_t most = s->limits.states ? s->limits.states : SEARCH_STATES;
	struct tape tape;
	int err = 0;

	while (s->next.used && !err && !s->result.wrong) {
		tape = s->now;
		s->now = s->next;
		s->next = tape;
		s->now.read = s->next.used = s->next.read = 0;
		while (s->now.read < s->now.used && !err && !s->result.wrong) {
			uint32_t node = tape_take(s, &s->now, s->base);

			s->result.depth = s->nodes[node].depth;
			err = node_expand(s, node);
			if (!err && (s->node_count >= most ||
				     (s->limits.moves && s->result.moves >= s->limits.moves)))
				return 0;
		}
		s->result.peak_bytes = kept_bytes(s);
	}
	if (err == ENOMEM && kept_bytes(s) > SEARCH_BYTES / 2)
		return 0;
	s->result.emptied = !err && !s->result.wrong;
	return err;
}

int search_run(const struct scene *sc, const struct search_limits *limits,
	       struct search_result *out)
{
	struct search *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return ENOMEM;
	s->sc = sc;
	s->limits = *limits;
	err = begin(s);
	if (!err)
		err = explore(s);
	if (!err) {
		s->result.states = s->node_count;
		*out = s->result;
	}
	free(s->root);
	free(s->base);
	free(s->work);
	free(s->nodes);
	free(s->slots);
	free(s->now.at);
	free(s->next.at);
	free(s);
	return err;
}
