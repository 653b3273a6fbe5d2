/*
 * Enquiries (A4.1.5, A4.2): a name on the keypad, initials or the beginning of the full pinyin.
 *
 * Invariants: only entries that the measures disclose to this caller are read out, each that is
 * read out is a step (STEP_TOLD); at most directory_hits at once. A key up to the number of hits
 * chooses; any other letter key makes the name longer. Tries are counted as dialled numbers are.
 *
 *   ENQUIRY -(#, pause)-> none: once more | many: go on | HITS -(key)-> target
 */
#include "exchange/priv.h"

static void enquiry_clear(struct call *c)
{
	memset(c->digits, 0, sizeof(c->digits));
	c->digit_count = 0;
	c->hit_count = c->asks = 0;
	memset(c->hits, 0, sizeof(c->hits));
}

static void enquiry_wait(struct turn *t, struct call *c)
{
	exchange_call_goto(t, c, CALL_ENQUIRY);
	exchange_timer_arm(t, c, TIMER_STATE, SAY_GUARD_MS);
}

void exchange_enquiry_start(struct turn *t, struct call *c)
{
	exchange_call_step(t, c, STEP_ENQUIRY, CLAUSE_A4_1_5);
	enquiry_clear(c);
	exchange_say(exchange_caller_play(t, c), PHRASE_ENQUIRY_ASK, 0, "");
	enquiry_wait(t, c);
}

static void enquiry_failed(struct turn *t, struct call *c)
{
	struct effect *play;

	if (++c->attempts >= exchange_call_measures(t, c)->attempts) {
		exchange_attendant_unclear(t, c, PHRASE_ENQUIRY_NONE);
		return;
	}
	enquiry_clear(c);
	play = exchange_caller_play(t, c);
	exchange_say(play, PHRASE_ENQUIRY_NONE, 0, "");
	exchange_say(play, PHRASE_ENQUIRY_ASK, 0, "");
	enquiry_wait(t, c);
}

static void hits_read(struct turn *t, struct call *c, bool told)
{
	struct effect *play = exchange_caller_play(t, c);

	for (unsigned i = 0; i < c->hit_count; i++) {
		char key[2] = {(char)('1' + i), '\0'};

		exchange_say(play, PHRASE_ENQUIRY_HIT, c->hits[i], key);
	}
	for (unsigned i = 0; told && i < c->hit_count; i++)
		exchange_call_step(t, c, STEP_TOLD, CLAUSE_A4_1_5)->step.person = c->hits[i];
	exchange_call_goto(t, c, CALL_HITS);
	exchange_timer_arm(t, c, TIMER_STATE, SAY_GUARD_MS);
}

static void enquiry_look(struct turn *t, struct call *c)
{
	const struct measures *m = exchange_call_measures(t, c);
	unsigned max = m->directory_hits, found;
	bool inside = exchange_call_caller(t, c)->extension != 0;

	if (max < 1 || max > HITS_MAX)
		max = HITS_MAX;
	memset(c->hits, 0, sizeof(c->hits));
	found = directory_keypad(exchange_call_directory(t, c), c->digits, inside, c->hits, max);
	if (found == 0) {
		enquiry_failed(t, c);
		return;
	}
	if (found > max) {
		memset(c->hits, 0, sizeof(c->hits));
		if (c->asks++ >= ASK_TRIES) { /* nobody types on: not for ever */
			enquiry_failed(t, c);
			return;
		}
		exchange_say(exchange_caller_play(t, c), PHRASE_ENQUIRY_MANY, 0, "");
		enquiry_wait(t, c);
		return;
	}
	c->hit_count = (uint8_t)found;
	c->asks = 1;
	hits_read(t, c, true);
}

static void enquiry_add(struct turn *t, struct call *c, char digit)
{
	exchange_leg_silence(t, exchange_call_caller(t, c));
	if (digit >= '2' && digit <= '9' && c->digit_count < DIGITS_MAX) {
		c->digits[c->digit_count++] = digit;
		c->digits[c->digit_count] = '\0';
		c->asks = 0;
	}
	exchange_call_goto(t, c, CALL_ENQUIRY);
	exchange_timer_arm(t, c, TIMER_STATE, exchange_call_measures(t, c)->next_digit_ms);
}

void exchange_enquiry_on(struct turn *t, struct call *c, const struct cue *cue)
{
	if (cue->kind == CUE_PLAYED) {
		if (c->state == CALL_ENQUIRY)
			exchange_timer_arm(t, c, TIMER_STATE,
					   exchange_call_measures(t, c)->first_digit_ms);
	} else if (cue->kind == CUE_TIMER || cue->digit == '#') {
		enquiry_look(t, c);
	} else if (cue->digit == '*') {
		enquiry_clear(c);
		exchange_say(exchange_caller_play(t, c), PHRASE_ENQUIRY_ASK, 0, "");
		enquiry_wait(t, c);
	} else {
		enquiry_add(t, c, cue->digit);
	}
}

static void hit_chosen(struct turn *t, struct call *c, uint32_t person)
{
	const struct directory_person *p = directory_person(exchange_call_directory(t, c), person);

	enquiry_clear(c);
	c->hops = 0;
	if (p)
		exchange_target_person(t, c, p);
	else
		enquiry_failed(t, c);
}

void exchange_hits_on(struct turn *t, struct call *c, const struct cue *cue)
{
	if (cue->kind == CUE_PLAYED) {
		exchange_timer_arm(t, c, TIMER_STATE, exchange_call_measures(t, c)->choice_ms);
	} else if (cue->kind == CUE_TIMER) {
		if (c->asks++ < ASK_TRIES)
			hits_read(t, c, false);
		else
			enquiry_failed(t, c);
	} else if (cue->digit >= '1' && cue->digit < '1' + c->hit_count) {
		hit_chosen(t, c, c->hits[cue->digit - '1']);
	} else {
		exchange_enquiry_on(t, c, cue);
	}
}
