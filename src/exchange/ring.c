/*
 * The ring clock (A4.1.1) and waiting for an operator.
 *
 * Invariants
 * 1. The clock starts with our 180: ring n begins (n-1) * (on + off) later; at the end of the last
 *    burst the attendant takes the call. From rings_all_from on all positions ring.
 * 2. In RING and QUEUE TIMER_STATE is armed. When nobody is left on duty it is due at once: each
 *    call goes to the attendant in a step of its own (effects of a step are bounded).
 * 3. A returned call waits for its own operator for returned_ms (stage 0), then for all (stage 1),
 *    then the attendant says what Article 4 says of the outcome.
 *
 *   RING -(last ring over, nobody on duty)-> ANNOUNCE
 *   QUEUE stage 0 -(timer, owner gone)-> stage 1 -(timer, nobody on duty)-> attendant
 */
#include "exchange/priv.h"

static uint32_t or_else(uint32_t value, uint32_t otherwise)
{
	return value ? value : otherwise;
}

/* ---- who rings ---- */

/* Whom the first ring asks: the free one who has waited longest, or the first in order. */
static struct position *first_asked(const struct turn *t, enum answer_strategy how)
{
	struct position *best = NULL;

	for (unsigned i = 0; i < EXCHANGE_POSITIONS; i++) {
		struct position *p = &t->x->position[i];

		if (!exchange_position_may_ring(t, p))
			continue;
		if (!best || (how == ANSWER_LONGEST_IDLE && p->last_ms < best->last_ms))
			best = p;
	}
	return best;
}

static uint32_t ring_choose(struct turn *t, const struct call *c)
{
	const struct measures *m = exchange_call_measures(t, c);
	struct position *p = NULL;

	if (m->answer_strategy != ANSWER_ALL && c->ring < or_else(m->rings_all_from, 2))
		p = first_asked(t, m->answer_strategy);
	if (!p)
		return UINT32_MAX;
	p->last_ms = t->now->mono_ms; /* the next call asks somebody else first */
	return 1u << (exchange_position_no(t, p) - 1);
}

/* Those of them who are on duty; when none is, all who are. */
uint32_t exchange_ring_bits(const struct turn *t, const struct call *c)
{
	uint32_t on = 0;

	for (unsigned i = 0; i < EXCHANGE_POSITIONS; i++)
		if (exchange_position_on(&t->x->position[i]))
			on |= 1u << i;
	return c->ringing & on ? c->ringing & on : on;
}

/* ---- the clock ---- */

uint32_t exchange_ring_clock(const struct turn *t, const struct call *c)
{
	return exchange_positions_on(t)
		   ? or_else(exchange_call_measures(t, c)->rings, RINGS_DEFAULT)
		   : 0;
}

static void ring_arm(struct turn *t, struct call *c)
{
	const struct measures *m = exchange_call_measures(t, c);
	uint32_t on = or_else(m->ring_on_ms, RING_ON_MS);
	uint32_t off = or_else(m->ring_off_ms, RING_OFF_MS);
	bool last = c->ring >= exchange_ring_clock(t, c);

	c->ringing = ring_choose(t, c);
	exchange_timer_arm(t, c, TIMER_STATE, last ? on : on + off);
}

void exchange_ring_start(struct turn *t, struct call *c)
{
	struct leg *l = exchange_call_caller(t, c);

	c->desk |= DESK_OF;
	exchange_call_goto(t, c, CALL_RING);
	if (l->state == LEG_OFFERED)
		exchange_caller_ringback(t, c);
	if (!exchange_positions_on(t)) { /* the automatic state takes the call at once (A3.4) */
		exchange_attendant_announce(t, c);
		return;
	}
	if (l->state == LEG_UP)
		exchange_caller_ringback(t, c);
	c->ring = 1;
	ring_arm(t, c);
}

static void ring_more(struct turn *t, struct call *c)
{
	if (c->ring >= exchange_ring_clock(t, c)) {
		c->ringing = 0;
		exchange_attendant_announce(t, c);
		return;
	}
	c->ring++;
	ring_arm(t, c);
	exchange_call_show(t, c);
}

/* An operator's phone didn't answer: the call rings on where it was. */
void exchange_ring_again(struct turn *t, struct call *c)
{
	exchange_call_goto(t, c, CALL_RING);
	ring_more(t, c);
}

void exchange_ring_on(struct turn *t, struct call *c, const struct cue *cue)
{
	(void)cue;
	ring_more(t, c);
}

/* ---- waiting for an operator ---- */

static void queue_word(struct turn *t, struct call *c)
{
	exchange_say(exchange_caller_play(t, c),
		     c->queued == QUEUED_ASKED ? PHRASE_TO_OPERATOR : PHRASE_OPERATOR_SOON, 0, "");
	exchange_timer_arm(t, c, TIMER_WORD, exchange_call_measures(t, c)->wait_word_ms);
}

/* No operator comes: Article 4's automatic state goes on where the caller is. */
static void queue_attendant(struct turn *t, struct call *c)
{
	uint8_t why = c->queued, o = c->outcome;

	c->queued = QUEUED_NO;
	c->ringing = 0;
	c->position = c->outcome = 0;
	c->consent_person = 0;
	c->flags |= CALL_ATTENDED;
	if (why == QUEUED_ASKED)
		exchange_attendant_no_operator(t, c);
	else if (o && o <= OUTCOME_COUNT && o != OUTCOME_ANSWERED + 1)
		exchange_article4_tell(t, c, (enum outcome)(o - 1));
	else
		exchange_attendant_announce(t, c);
}

static enum step_kind queue_step(enum exchange_queued why)
{
	switch (why) {
	case QUEUED_ASKED:
		return STEP_OPERATOR_ASKED;
	case QUEUED_LOST:
		return STEP_DESK_VANISHED;
	case QUEUED_HANDED:
		return STEP_HANDED_OVER;
	case QUEUED_RETURNED:
	case QUEUED_NO:
	case QUEUED_COUNT:
		break;
	}
	return STEP_RETURNED;
}

static bool queue_own(const struct turn *t, const struct call *c)
{
	const struct position *p = exchange_position_of(t, c);

	return p && exchange_position_on(p) &&
	       (c->queued == QUEUED_RETURNED || c->queued == QUEUED_HANDED);
}

static void queue_arm(struct turn *t, struct call *c)
{
	const struct measures *m = exchange_call_measures(t, c);
	bool own = c->ring == 0;

	c->ringing = own ? 1u << (c->position - 1) : UINT32_MAX;
	if (own && FAULT(FAULT_DESK_RETURN_TIMER))
		return;
	exchange_timer_arm(t, c, TIMER_STATE,
			   own ? or_else(m->returned_ms, RETURNED_MS)
			       : or_else(m->operator_wait_ms, OPERATOR_WAIT_MS));
}

void exchange_queue_start(struct turn *t, struct call *c, enum exchange_queued why)
{
	struct effect *e = exchange_call_step(t, c, queue_step(why),
					      why == QUEUED_ASKED ? CLAUSE_A4_2 : CLAUSE_HOUSE);

	if (why != QUEUED_ASKED)
		e->step.value = c->position;
	c->desk |= DESK_OF;
	c->queued = (uint8_t)why;
	c->wait_due_ms = 0;
	if (!exchange_positions_on(t)) {
		queue_attendant(t, c);
		return;
	}
	exchange_call_goto(t, c, CALL_QUEUE);
	c->ring = queue_own(t, c) ? 0 : 1;
	queue_arm(t, c);
	queue_word(t, c);
}

static void queue_timer(struct turn *t, struct call *c)
{
	if (c->ring == 0 && exchange_positions_on(t)) {
		c->ring = 1;
		queue_arm(t, c);
		exchange_call_show(t, c);
	} else {
		queue_attendant(t, c);
	}
}

void exchange_queue_on(struct turn *t, struct call *c, const struct cue *cue)
{
	if (cue->kind == CUE_PLAYED)
		exchange_caller_music(t, c);
	else if (cue->kind == CUE_WORD)
		queue_word(t, c);
	else
		queue_timer(t, c);
}

/* ---- duty has changed ---- */

/* Rare, so it may look at all calls; what follows for each comes in a step of its own. */
void exchange_ring_duty(struct turn *t)
{
	bool manual = exchange_positions_on(t);

	for (uint32_t i = 0; i < t->x->caps.calls; i++) {
		struct call *c = &t->calls[i];
		const struct position *p = exchange_position_of(t, c);
		bool rings = c->state == CALL_RING || c->state == CALL_QUEUE;
		bool owner_gone = p && !exchange_position_keeps(p);

		if ((rings && !manual) || (c->state == CALL_HELD && owner_gone) ||
		    (c->state == CALL_QUEUE && c->ring == 0 && owner_gone))
			exchange_timer_arm(t, c, TIMER_STATE, 0);
		else if (rings)
			exchange_call_show(t, c);
	}
}

/* ---- the next to answer ---- */

/* Lower is sooner: returned to me, a leader, outside, inside. */
static unsigned ring_rank(const struct turn *t, const struct call *c, const struct position *p)
{
	const struct leg *l = exchange_call_caller(t, c);

	if (c->state == CALL_QUEUE && c->ring == 0)
		return exchange_position_of(t, c) == p ? 0 : 9;
	if (l && l->extension && exchange_guard_of(t, c, l->extension))
		return 1;
	return l && l->trunk ? 2 : 3;
}

struct call *exchange_ring_next(struct turn *t, const struct position *p)
{
	struct call *best = NULL;
	unsigned rank = 9;

	for (uint32_t i = 0; i < t->x->caps.calls; i++) {
		struct call *c = &t->calls[i];
		unsigned r;

		if (c->state != CALL_RING && c->state != CALL_QUEUE)
			continue;
		r = ring_rank(t, c, p);
		if (r < rank || (r == rank && best && c->began_wall_ms < best->began_wall_ms)) {
			best = c;
			rank = r;
		}
	}
	return best;
}
