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
	c->hit_count = 0;
	memset(c->hits, 0, sizeof(c->hits));
}

static void enquiry_wait(struct turn *t, struct call *c)
{
	call_goto(t, c, CALL_ENQUIRY);
	timer_arm(t, c, TIMER_STATE, SAY_GUARD_MS);
}

void enquiry_start(struct turn *t, struct call *c)
{
	call_step(t, c, STEP_ENQUIRY, CLAUSE_A4_1_5);
	enquiry_clear(c);
	say(caller_play(t, c), PHRASE_ENQUIRY_ASK, 0, "");
	enquiry_wait(t, c);
}

static void enquiry_failed(struct turn *t, struct call *c)
{
	struct effect *play;

	if (++c->attempts >= call_measures(t, c)->attempts) {
		attendant_unclear(t, c, PHRASE_ENQUIRY_NONE);
		return;
	}
	enquiry_clear(c);
	play = caller_play(t, c);
	say(play, PHRASE_ENQUIRY_NONE, 0, "");
	say(play, PHRASE_ENQUIRY_ASK, 0, "");
	enquiry_wait(t, c);
}

static void hits_read(struct turn *t, struct call *c, bool told)
{
	struct effect *play = caller_play(t, c);

	for (unsigned i = 0; i < c->hit_count; i++) {
		char key[2] = {(char)('1' + i), '\0'};

		say(play, PHRASE_ENQUIRY_HIT, c->hits[i], key);
	}
	for (unsigned i = 0; told && i < c->hit_count; i++)
		call_step(t, c, STEP_TOLD, CLAUSE_A4_1_5)->step.person = c->hits[i];
	call_goto(t, c, CALL_HITS);
	timer_arm(t, c, TIMER_STATE, SAY_GUARD_MS);
}

static void enquiry_look(struct turn *t, struct call *c)
{
	const struct measures *m = call_measures(t, c);
	unsigned max = m->directory_hits, found;
	bool inside = call_caller(t, c)->extension != 0;

	if (max < 1 || max > HITS_MAX)
		max = HITS_MAX;
	memset(c->hits, 0, sizeof(c->hits));
	found = directory_keypad(call_directory(t, c), c->digits, inside, c->hits, max);
	if (found == 0) {
		enquiry_failed(t, c);
		return;
	}
	if (found > max) {
		memset(c->hits, 0, sizeof(c->hits));
		say(caller_play(t, c), PHRASE_ENQUIRY_MANY, 0, "");
		enquiry_wait(t, c);
		return;
	}
	c->hit_count = (uint8_t)found;
	c->asks = 1;
	hits_read(t, c, true);
}

static void enquiry_add(struct turn *t, struct call *c, char digit)
{
	leg_silence(t, call_caller(t, c));
	if (digit >= '2' && digit <= '9' && c->digit_count < DIGITS_MAX) {
		c->digits[c->digit_count++] = digit;
		c->digits[c->digit_count] = '\0';
	}
	call_goto(t, c, CALL_ENQUIRY);
	timer_arm(t, c, TIMER_STATE, call_measures(t, c)->next_digit_ms);
}

void enquiry_on(struct turn *t, struct call *c, const struct cue *cue)
{
	if (cue->kind == CUE_PLAYED) {
		if (c->state == CALL_ENQUIRY)
			timer_arm(t, c, TIMER_STATE, call_measures(t, c)->first_digit_ms);
	} else if (cue->kind == CUE_TIMER || cue->digit == '#') {
		enquiry_look(t, c);
	} else if (cue->digit == '*') {
		enquiry_clear(c);
		say(caller_play(t, c), PHRASE_ENQUIRY_ASK, 0, "");
		enquiry_wait(t, c);
	} else {
		enquiry_add(t, c, cue->digit);
	}
}

static void hit_chosen(struct turn *t, struct call *c, uint32_t person)
{
	const struct directory_person *p = directory_person(call_directory(t, c), person);

	enquiry_clear(c);
	c->hops = 0;
	if (p)
		target_person(t, c, p);
	else
		enquiry_failed(t, c);
}

void hits_on(struct turn *t, struct call *c, const struct cue *cue)
{
	if (cue->kind == CUE_PLAYED) {
		timer_arm(t, c, TIMER_STATE, call_measures(t, c)->choice_ms);
	} else if (cue->kind == CUE_TIMER) {
		if (c->asks++ < ASK_TRIES)
			hits_read(t, c, false);
		else
			enquiry_failed(t, c);
	} else if (cue->digit >= '1' && cue->digit < '1' + c->hit_count) {
		hit_chosen(t, c, c->hits[cue->digit - '1']);
	} else {
		enquiry_on(t, c, cue);
	}
}
