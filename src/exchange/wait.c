/*
 * Waiting until somebody is free: music, a word from time to time, a limit.
 *
 * Invariants
 * 1. A call in WAIT stands in exactly one queue: that of the extension it waits for, or the one
 *    queue of those who wait for a department. First come, first served.
 * 2. TIMER_STATE ends the wait, TIMER_WORD says the word; a phone that becomes free makes the first
 *    in the queue due at once (CALL_WOKEN), so that each wakes in a step of its own.
 * 3. wait_due_ms is the end of the whole wait: being beaten to the phone starts no new one.
 */
#include "exchange/priv.h"

static struct ext *wait_ext(struct turn *t, const struct call *c)
{
	return c->wait_ext == NONE16 ? NULL : &t->exts[c->wait_ext];
}

static void wait_queue(struct turn *t, struct call *c)
{
	struct ext *e = c->ext ? exchange_ext_have(t, c->ext) : NULL;
	uint16_t *first = e ? &e->wait_first : &t->x->wait_first;
	uint16_t *last = e ? &e->wait_last : &t->x->wait_last;

	c->wait_ext = e ? (uint16_t)(e - t->exts) : NONE16;
	c->wait_prev = *last;
	c->wait_next = NONE16;
	if (*last != NONE16)
		t->calls[*last].wait_next = exchange_call_index(t, c);
	else
		*first = exchange_call_index(t, c);
	*last = exchange_call_index(t, c);
}

static void wake(struct turn *t, struct call *c)
{
	if (FAULT(FAULT_WAITER_LOST))
		return;
	c->flags |= CALL_WOKEN;
	exchange_timer_arm(t, c, TIMER_WORD, 0);
}

void exchange_wait_leave(struct turn *t, struct call *c)
{
	struct ext *e = wait_ext(t, c);
	uint16_t *first = e ? &e->wait_first : &t->x->wait_first;
	uint16_t *last = e ? &e->wait_last : &t->x->wait_last;

	if (c->wait_prev != NONE16)
		t->calls[c->wait_prev].wait_next = c->wait_next;
	else
		*first = c->wait_next;
	if (c->wait_next != NONE16)
		t->calls[c->wait_next].wait_prev = c->wait_prev;
	else
		*last = c->wait_prev;
	c->wait_prev = c->wait_next = c->wait_ext = NONE16;
	if ((c->flags & CALL_WOKEN) && *first != NONE16)
		wake(t, &t->calls[*first]); /* it leaves without having used what became free */
	c->flags &= (uint8_t)~CALL_WOKEN;
}

static void wait_enter(struct turn *t, struct call *c)
{
	exchange_call_goto(t, c, CALL_WAIT);
	wait_queue(t, c);
	exchange_caller_music(t, c);
	if (!FAULT(FAULT_WAITER_LOST))
		exchange_timer_arm(t, c, TIMER_STATE, c->wait_due_ms - t->now->mono_ms);
	exchange_timer_arm(t, c, TIMER_WORD, exchange_call_measures(t, c)->wait_word_ms);
}

void exchange_wait_start(struct turn *t, struct call *c, uint32_t limit_ms)
{
	if (!c->wait_due_ms)
		c->wait_due_ms = t->now->mono_ms + limit_ms;
	exchange_call_step(t, c, STEP_WAITING, CLAUSE_HOUSE);
	wait_enter(t, c);
}

bool exchange_wait_again(struct turn *t, struct call *c)
{
	if (!c->wait_due_ms || c->wait_due_ms <= t->now->mono_ms)
		return false;
	wait_enter(t, c);
	return true;
}

static void wait_over(struct turn *t, struct call *c)
{
	struct effect *play;

	exchange_call_step(t, c, STEP_WAIT_OVER, CLAUSE_HOUSE);
	c->wait_due_ms = 0;
	if (c->to == TO_CUSTOMER) {
		exchange_article4_outcome(t, c, OUTCOME_NO_ANSWER);
		return;
	}
	if (c->position) {
		exchange_desk_back(t, c);
		return;
	}
	play = exchange_caller_play(t, c);
	exchange_say(play, PHRASE_WAIT_OVER, 0, "");
	if (c->to == TO_ORDINARY)
		exchange_ask_start(t, c, NX_ASK_NO_ANSWER, play);
	else
		exchange_caller_then(t, c, NX_MESSAGE);
}

/* Nobody stands before this one in the queue, and a phone is free: it is rung. */
static void wait_try(struct turn *t, struct call *c)
{
	if (c->to == TO_GENERAL_MANAGER && c->position)
		exchange_desk_back(t, c); /* the operator can ask him now */
	else if (c->to == TO_GENERAL_MANAGER)
		exchange_screening_consult(t, c);
	else
		exchange_target_ring(t, c);
}

static void wait_word(struct turn *t, struct call *c)
{
	bool customer = c->to == TO_CUSTOMER;

	if ((c->flags & CALL_WOKEN) || (c->wait_prev == NONE16 && exchange_group_free(t, c))) {
		c->flags &= (uint8_t)~CALL_WOKEN;
		wait_try(t, c);
		return;
	}
	exchange_say(exchange_caller_play(t, c),
		     customer ? PHRASE_CUSTOMER_WAIT : PHRASE_STILL_WAITING, 0, "");
	exchange_timer_arm(t, c, TIMER_WORD, exchange_call_measures(t, c)->wait_word_ms);
}

void exchange_wait_on(struct turn *t, struct call *c, const struct cue *cue)
{
	if (cue->kind == CUE_PLAYED)
		exchange_caller_music(t, c);
	else if (cue->kind == CUE_WORD)
		wait_word(t, c);
	else
		wait_over(t, c);
}

static bool waits_for_member(struct turn *t, struct call *c, uint32_t extension)
{
	const struct directory_department *d =
	    directory_department(exchange_call_directory(t, c), c->department);

	for (unsigned i = 0; d && i < d->member_count && i < DIRECTORY_MEMBERS; i++)
		if (d->members[i] == extension)
			return true;
	return false;
}

void exchange_wait_wake(struct turn *t, struct ext *e)
{
	uint16_t i = t->x->wait_first;

	if (e->leg_count)
		return; /* with call waiting the next word tries */
	if (t->x->promises)
		exchange_desk_promise_due(t, e);
	if (e->wait_first != NONE16) {
		wake(t, &t->calls[e->wait_first]);
		return;
	}
	for (unsigned n = 0; i != NONE16 && n < WAKE_SCAN; n++, i = t->calls[i].wait_next) {
		struct call *c = &t->calls[i];

		if (!(c->flags & CALL_WOKEN) && waits_for_member(t, c, e->id)) {
			wake(t, c);
			return;
		}
	}
}
