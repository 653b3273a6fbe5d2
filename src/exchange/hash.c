/*
 * A canonical hash of the state: what matters to what can happen next, and nothing of absolute
 * time, serials, call numbers, generations or slots. Calls and extensions are hashed each for
 * itself and added up, so that the order in which they sit doesn't count; a call's legs are hashed
 * in the call's own order. A position counts by what it is, not by its number: a call takes in what
 * its position is, and a position the calls that are its own.
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

	if (!exchange_timer_armed(g->x, timer))
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
	add(g, l->tape);
	add_text(g, l->number);
}

static unsigned queue_place(const struct call *calls, const struct call *c)
{
	unsigned n = 0;

	for (uint16_t i = c->wait_prev; i != NONE16; i = calls[i].wait_prev)
		n++;
	return n;
}

#define ST(s) (1u << (s))

/* On the way out by a last sentence or a message: nothing of whom was called is read again. */
static bool is_late(const struct call *c)
{
	const uint32_t last = ST(NX_RECORD_MESSAGE) | ST(NX_MESSAGE) | ST(NX_MESSAGE_GAD) |
			      ST(NX_MESSAGE_URGENT) | ST(NX_MESSAGE_CALL_BACK) | ST(NX_END) |
			      ST(NX_END_KEPT) | ST(NX_END_FEATURE) | ST(NX_REJECT);
	const uint32_t states = ST(CALL_RECORD) | ST(CALL_REVIEW) | ST(CALL_KEEP) | ST(CALL_CLOSE);

	return (states & ST(c->state)) || (c->state == CALL_SAY && (last & ST(c->then)));
}

/* What a call's present state no longer reads counts as 0: states that differ only by what is left
 * over from the past are one. */
static void add_call_past(struct hashing *g, const struct call *c)
{
	const uint32_t tries = ST(CALL_SAY) | ST(CALL_SCREEN) | ST(CALL_RECORD) | ST(CALL_REVIEW);
	const uint32_t asks = ST(CALL_ASK) | ST(CALL_ENQUIRY) | ST(CALL_HITS) | ST(CALL_REVIEW) |
			      ST(CALL_CONSULT) | ST(CALL_BOX_HEAR);
	const uint32_t box = ST(CALL_BOX_WHO) | ST(CALL_BOX_PIN) | ST(CALL_BOX_WAIT) |
			     ST(CALL_BOX_HEAR) | ST(CALL_BOX_RING);
	const uint32_t typed =
	    (box & ~ST(CALL_BOX_WAIT)) | ST(CALL_DIGITS) | ST(CALL_ENQUIRY) | ST(CALL_HITS);
	uint32_t now = ST(c->state);

	add(g, now & (ST(CALL_SAY) | ST(CALL_NOTICE)) ? c->then : 0);
	add(g, now & ST(CALL_NOTICE)
		   ? (uint64_t)c->tape << 40 | (uint64_t)c->noticed.kind << 32 | c->noticed.id
		   : 0);
	add(g, now & ST(CALL_ASK) ? c->menu : 0);
	add(g, now & tries ? c->empties : 0);
	add(g, now & asks ? c->asks : 0);
	add(g, now & ST(CALL_TALK) ? (uint64_t)c->long_told << 1 | (c->over != 0) : 0);
	add(g, now & ST(CALL_TARGET) ? (uint64_t)c->cursor << 8 | c->saw : 0);
	add(g, now & ST(CALL_SAY) ? (uint64_t)c->reject_code << 16 | c->reject_why : 0);
	for (unsigned i = 0; (now & ST(CALL_HITS)) && i < c->hit_count; i++)
		add(g, c->hits[i]);
	add_text(g, now & typed ? c->digits : "");
	if (now & box) {
		add(g, (uint64_t)c->box_asked << 16 | (uint64_t)c->box_stage << 8 | c->box_flags);
		add(g, (uint64_t)c->box);
		add(g, (uint64_t)c->box_count << 32 | c->box_person);
	}
}

static void add_call_target(struct hashing *g, const struct call *c)
{
	add(g, (uint64_t)c->attempts << 16 | c->hops);
	add(g, (uint64_t)c->to << 32 | (uint64_t)c->out_trunk << 16 | c->consent);
	add(g, (uint64_t)c->ext << 32 | c->person);
	add(g, (uint64_t)c->department << 32 | c->consent_person);
	add(g, (uint64_t)c->tried << 32 | c->from_ext);
	add_text(g, c->out);
}

/* When a position had a call last matters only by the order among them. */
static unsigned idle_rank(const struct hashing *g, const struct position *p)
{
	unsigned before = 0;

	for (unsigned i = 0; i < EXCHANGE_POSITIONS; i++)
		before += g->x->position[i].known && g->x->position[i].last_ms < p->last_ms;
	return before;
}

/* What a position is, without its calls and its number. */
static uint64_t position_base(const struct hashing *g, unsigned i)
{
	const struct position *p = &g->x->position[i];
	struct hashing own = {g->x, g->now, g->how, 5};

	add(&own,
	    (uint64_t)p->state << 32 | p->before << 24 | p->lost << 16 | p->nailed << 8 | p->over);
	add(&own, (uint64_t)p->person << 32 | p->extension);
	add(&own, (uint64_t)(p->call != NONE16) << 8 | idle_rank(g, p));
	add(&own, timer_left(g, exchange_timer_closing(g->x) + 1 + i));
	add_leg(&own, exchange_legs_at(g->x), p->headset);
	return own.h;
}

static bool in_hand(const struct hashing *g, const struct call *c)
{
	return c->position &&
	       g->x->position[c->position - 1].call == (uint16_t)(c - exchange_calls_at(g->x));
}

static void add_call_desk(struct hashing *g, const struct call *c)
{
	const uint32_t waits = ST(CALL_RING) | ST(CALL_QUEUE) | ST(CALL_FETCH);
	uint32_t now = ST(c->state);
	uint64_t ringing = 0;

	if (!exchange_call_is_desk(g->x, c))
		return;
	add(g, c->position ? position_base(g, c->position - 1u) : 0);
	add(g, (uint64_t)in_hand(g, c) << 32 | (uint64_t)c->desk << 16 | c->outcome << 8 |
		   c->screened);
	add(g, now & waits ? (uint64_t)c->ring << 8 | c->queued : 0);
	add(g, now & ST(CALL_FETCH) ? c->from : 0);
	add(g, c->over != 0);
	for (unsigned i = 0; (now & waits) && i < EXCHANGE_POSITIONS; i++)
		if (g->x->position[i].known && (c->ringing & (1u << i)))
			ringing += position_base(g, i);
	add(g, ringing);
}

static void add_call_state(struct hashing *g, const struct call *c)
{
	add(g, (uint64_t)c->state << 8 | c->flags);
	add_call_past(g, c);
	if (!is_late(c))
		add_call_target(g, c);
	add_call_desk(g, c);
	add(g, (uint64_t)c->park << 16 | c->edition);
	add(g, (uint64_t)c->asked_person << 32 | c->asked_department);
	add(g, (c->pending != 0) | (c->message != 0) << 1 | (c->screening != 0) << 2);
	add_text(g, c->number);
	add_text(g, c->dialled);
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
	if (is_late(c))
		wait = 0;
	else if (c->wait_due_ms > g->now->mono_ms)
		wait = g->how == EXCHANGE_HASH_EXACT ? (uint64_t)(c->wait_due_ms - g->now->mono_ms)
						     : 1;
	else
		wait = c->wait_due_ms ? UINT64_MAX : 0;
	add(g, wait);
	if (c->state == CALL_WAIT)
		add(g, queue_place(calls, c));
	add_leg(g, legs, c->caller);
	add(g, c->caller != NONE16 && legs[c->caller].joined == c->peer && c->peer != NONE16);
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

static uint64_t position_hash(struct hashing *g, unsigned i)
{
	const struct call *calls = exchange_calls_at(g->x);
	uint64_t base = position_base(g, i), own = 0;

	for (uint32_t c = 0; c < g->x->caps.calls; c++)
		if (calls[c].state != CALL_FREE && calls[c].position == i + 1)
			own += call_hash(g, c) + (g->x->position[i].call == c);
	g->h = 6;
	add(g, base);
	add(g, own);
	return g->h;
}

static uint64_t desk_hash(struct hashing *g)
{
	uint64_t sum = 0;

	for (unsigned i = 0; g->x->positions && i < EXCHANGE_POSITIONS; i++)
		if (g->x->position[i].known)
			sum += position_hash(g, i);
	for (unsigned i = 0; g->x->promises && i < PROMISES; i++) {
		const struct promise *p = &g->x->promise[i];

		if (!p->extension)
			continue;
		g->h = 7;
		add(g, (uint64_t)p->extension << 32 | p->person);
		add(g, position_base(g, p->position - 1u));
		sum += g->h;
	}
	return sum;
}

static uint64_t rest_hash(struct hashing *g)
{
	const struct exchange *x = g->x;

	g->h = 3;
	add(g, (uint64_t)x->closing << 1 | (x->close_cursor < x->caps.calls));
	for (unsigned i = 0; i <= EXCHANGE_TRUNKS; i++)
		add(g, x->trunk[i].off);
	for (unsigned i = 0; i < EXCHANGE_INSTRUCTIONS; i++) {
		add(g, (uint64_t)x->instruction[i].refuse << 33 |
			   (uint64_t)x->instruction[i].by_name << 32 | x->instruction[i].person);
		add(g, x->instruction[i].id);
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

	sum += desk_hash(&g);
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
