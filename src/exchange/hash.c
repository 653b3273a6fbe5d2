/*
 * A canonical hash of the state: what matters to what can happen next, and nothing of absolute
 * time, serials, call numbers, generations or slots. Calls and extensions are hashed each for
 * itself and added up, so that the order in which they sit doesn't count; a call's legs are hashed
 * in the call's own order.
 */
#include "exchange/priv.h"

#include "base/hash.h"

struct hashing {
	const struct exchange *x;
	const struct now *now;
	enum exchange_hash_time how;
	uint64_t h;
};

static void add(struct hashing *g, uint64_t v)
{
	g->h = hash_mix(g->h * UINT64_C(0x9E3779B97F4A7C15) + v + 1);
}

static void add_text(struct hashing *g, const char *s)
{
	add(g, hash_bytes(s, strlen(s)));
}

/* 0 not armed; else 1 + time left, or 1 + how many fall due before. */
static uint64_t timer_left(const struct hashing *g, uint32_t timer)
{
	const int64_t *due = exchange_due_at(g->x);
	uint64_t before = 1;

	if (!timer_armed(g->x, timer))
		return 0;
	if (g->how == EXCHANGE_HASH_EXACT)
		return 1 + (uint64_t)(due[timer] - g->now->mono_ms);
	for (uint32_t i = 0; i < g->x->heap_count; i++)
		before += due[exchange_heap_at(g->x)[i]] < due[timer];
	return before;
}

static void add_wall(struct hashing *g, int64_t until_ms)
{
	if (!until_ms || until_ms <= g->now->wall_ms || g->how == EXCHANGE_HASH_ORDER)
		add(g, !until_ms ? 0 : until_ms <= g->now->wall_ms ? 1 : 2);
	else
		add(g, (uint64_t)(until_ms - g->now->wall_ms));
}

static void add_leg(struct hashing *g, const struct leg *legs, uint16_t i)
{
	const struct leg *l = &legs[i];

	if (i == NONE16) {
		add(g, 0);
		return;
	}
	add(g, (uint64_t)l->state << 24 | l->role << 16 | l->sound << 8 | l->flags);
	add(g, (uint64_t)l->extension << 32 | (uint64_t)l->trunk << 16 | (l->play != 0) << 8 |
	       l->ring_group);
	add_text(g, l->number);
}

static unsigned queue_place(const struct call *calls, const struct call *c)
{
	unsigned n = 0;

	for (uint16_t i = c->wait_prev; i != NONE16; i = calls[i].wait_prev)
		n++;
	return n;
}

static void add_call_state(struct hashing *g, const struct call *c)
{
	add(g, (uint64_t)c->state << 24 | c->then << 16 | c->menu << 8 | c->to);
	add(g, (uint64_t)c->flags << 24 | c->attempts << 16 | c->hops << 8 | c->empties);
	add(g, (uint64_t)c->asks << 24 | c->cursor << 16 | c->saw << 8 | c->consent);
	add(g, (uint64_t)c->park << 16 | c->edition);
	add(g, (uint64_t)c->out_trunk << 32 | (uint64_t)c->reject_code << 16 | c->reject_why);
	add(g, (uint64_t)c->asked_person << 32 | c->asked_department);
	add(g, (uint64_t)c->ext << 32 | c->person);
	add(g, (uint64_t)c->department << 32 | c->consent_person);
	add(g, (uint64_t)c->tried << 32 | c->from_ext);
	add(g, (c->pending != 0) | (c->message != 0) << 1 | (c->screening != 0) << 2);
	for (unsigned i = 0; i < c->hit_count; i++)
		add(g, c->hits[i]);
	add_text(g, c->number);
	add_text(g, c->dialled);
	add_text(g, c->digits);
	add_text(g, c->out);
}

static uint64_t call_hash(struct hashing *g, uint32_t i)
{
	const struct call *calls = exchange_calls_at(g->x), *c = &calls[i];
	const struct leg *legs = exchange_legs_at(g->x);
	uint64_t wait = 0;

	g->h = 1;
	add_call_state(g, c);
	add(g, timer_left(g, i * 2));
	add(g, timer_left(g, i * 2 + 1));
	if (c->wait_due_ms > g->now->mono_ms)
		wait = g->how == EXCHANGE_HASH_EXACT
			       ? (uint64_t)(c->wait_due_ms - g->now->mono_ms) : 1;
	else
		wait = c->wait_due_ms ? UINT64_MAX : 0;
	add(g, wait);
	if (c->state == CALL_WAIT)
		add(g, queue_place(calls, c));
	add_leg(g, legs, c->caller);
	for (uint16_t l = c->first_leg; l != NONE16; l = legs[l].next) {
		add(g, l == c->peer);
		add(g, legs[l].joined != NONE16);
		add_leg(g, legs, l);
	}
	return g->h;
}

static uint64_t ext_hash(struct hashing *g, const struct ext *e)
{
	g->h = 2;
	add(g, e->id);
	add(g, (uint64_t)e->reachable << 24 | e->lamp << 16 | e->dnd << 8 | e->forward_set);
	add_wall(g, e->dnd_until_ms);
	for (unsigned f = 0; f < FORWARD_COUNT; f++)
		add_text(g, e->forward[f]);
	return g->h;
}

static uint64_t rest_hash(struct hashing *g)
{
	const struct exchange *x = g->x;

	g->h = 3;
	add(g, (uint64_t)x->closing << 1 | (x->close_cursor < x->caps.calls));
	for (unsigned i = 0; i <= EXCHANGE_TRUNKS; i++)
		add(g, x->trunk[i].off);
	for (unsigned i = 0; i < EXCHANGE_INSTRUCTIONS; i++) {
		add(g, x->instruction[i].person);
		add_text(g, x->instruction[i].number);
		add_wall(g, x->instruction[i].until_ms);
	}
	return g->h;
}

uint64_t exchange_hash(const struct exchange *x, const struct now *now, enum exchange_hash_time how)
{
	struct hashing g = {x, now, how, 0};
	const struct call *calls = exchange_calls_at(x);
	const struct ext *exts = exchange_exts_at(x);
	const struct away *away = exchange_away_at(x);
	uint64_t sum = rest_hash(&g);

	for (uint32_t i = 0; i < x->caps.calls; i++)
		if (calls[i].state != CALL_FREE)
			sum += call_hash(&g, i);
	for (uint32_t i = 0; i < x->caps.extensions; i++)
		if (exts[i].id)
			sum += ext_hash(&g, &exts[i]);
	for (uint32_t i = 0; i < x->caps.people; i++) {
		if (!away[i].person)
			continue;
		g.h = 4;
		add(&g, away[i].person);
		add_wall(&g, away[i].until_ms);
		sum += g.h;
	}
	return hash_mix(sum);
}
