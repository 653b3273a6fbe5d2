/*
 * One's own mailbox by phone (A3.8, A5.7): extension and PIN, then each message, then keys.
 *
 * Invariants
 * 1. Nothing of a mailbox is said before BOX_OPENED. An unknown number, a person without a PIN and
 * a wrong PIN sound the same from another phone; after BOX_TRIES of them the call ends.
 * 2. A PIN is in `digits` only while BOX_PIN stands (BOX_TYPED) and in the one FX_BOX that asks; no
 *    step has it. Leaving the state wipes it.
 * 3. "Deleted" is said only after BOX_DONE: the fact is durable. A message is heard when all of it
 * has been played to the end, or its listener says so by a key; not by being skipped or cut off.
 * 4. What others do to a message meanwhile changes nothing here: the mailbox is asked for each
 * anew.
 *
 *   WHO -(number)-> PIN -(#, pause)-> WAIT -> HEAR -(2, 3)-> WAIT -> HEAR … -> no more: ended
 *    ^               ^                 |        +-(1)-> again, (7) -> deleted, next
 *    +----- wrong ---+-----------------+        +-(8)-> called back: TARGET
 */
#include "exchange/priv.h"

static void digits_clear(struct call *c)
{
	memset(c->digits, 0, sizeof(c->digits));
	c->digit_count = 0;
}

/* ---- who, and the PIN ---- */

static void typed_wait(struct turn *t, struct call *c, enum call_state s)
{
	exchange_call_goto(t, c, s);
	digits_clear(c);
	exchange_timer_arm(t, c, TIMER_STATE, SAY_GUARD_MS);
}

static void ask_number(struct turn *t, struct call *c, struct effect *play)
{
	c->box_person = 0;
	exchange_say(play, PHRASE_BOX_WHO, 0, "");
	typed_wait(t, c, CALL_BOX_WHO);
}

static void ask_pin(struct turn *t, struct call *c, struct effect *play)
{
	exchange_say(play, PHRASE_BOX_PIN, 0, "");
	typed_wait(t, c, CALL_BOX_PIN);
}

static void ask(struct turn *t, struct call *c, struct effect *play)
{
	if (c->box_flags & BOX_OWN)
		ask_pin(t, c, play);
	else
		ask_number(t, c, play);
}

static uint32_t person_of(const struct turn *t, const struct call *c, uint32_t extension)
{
	const struct directory *d = exchange_call_directory(t, c);
	const struct directory_extension *e = directory_extension(d, extension);

	return e && directory_person(d, e->person) ? e->person : 0;
}

void exchange_mailbox_start(struct turn *t, struct call *c)
{
	exchange_caller_answer(t, c);
	c->attempts = 0;
	c->ext = c->person = c->department = 0;
	c->box = 0;
	c->box_flags = 0;
	c->box_person = person_of(t, c, exchange_call_caller(t, c)->extension);
	if (c->box_person)
		c->box_flags = BOX_OWN;
	ask(t, c, exchange_caller_play(t, c));
}

static struct effect *box_effect(struct turn *t, const struct call *c, enum box_ask what)
{
	struct effect *e = exchange_effect_add(t, FX_BOX, NULL);

	e->box.ask = what;
	e->box.person = c->box_person;
	e->box.message = c->box;
	e->box.stage = (enum box_stage)c->box_stage;
	e->box.since_wall_ms = c->began_wall_ms;
	return e;
}

/* Asks, and waits for the answer. */
static struct effect *box_ask(struct turn *t, struct call *c, enum box_ask what)
{
	struct effect *e = box_effect(t, c, what);

	e->box.serial = exchange_serial_new(t);
	c->box_asked = (uint8_t)what;
	exchange_leg_silence(t, exchange_call_caller(t, c));
	exchange_call_goto(t, c, CALL_BOX_WAIT);
	exchange_call_await(t, c, e->box.serial);
	exchange_timer_arm(t, c, TIMER_STATE, BOX_GUARD_MS);
	return e;
}

/* Who is there has to show it: a mailbox called is opened like any other. */
void exchange_mailbox_called(struct turn *t, struct call *c)
{
	struct effect *play = exchange_caller_play(t, c);

	c->attempts = 0;
	exchange_say(play, PHRASE_BOX_CALLED, c->box_person, "");
	ask_pin(t, c, play);
	if (FAULT(FAULT_BOX_UNASKED))
		box_ask(t, c, BOX_NEXT);
}

static void refused(struct turn *t, struct call *c, enum box_answer why)
{
	enum phrase_kind last = PHRASE_NONE;
	struct effect *play;

	exchange_call_step(t, c, STEP_MAILBOX_REFUSED, CLAUSE_HOUSE)->step.value = (int32_t)why;
	if (why == BOX_FAILED)
		last = PHRASE_BOX_FAILED;
	else if (why == BOX_NO_PIN && (c->box_flags & BOX_OWN))
		last = PHRASE_BOX_NO_PIN;
	else if (why == BOX_LOCKED || ++c->attempts >= BOX_TRIES)
		last = PHRASE_BOX_LOCKED;
	play = exchange_caller_play(t, c);
	if (last) {
		exchange_say(play, last, 0, "");
		exchange_say(play, PHRASE_GOODBYE, 0, "");
		exchange_caller_then(t, c, NX_END_FEATURE);
		return;
	}
	exchange_say(play, PHRASE_BOX_WRONG, 0, "");
	ask(t, c, play);
}

static void number_typed(struct turn *t, struct call *c)
{
	struct target tg = directory_number(exchange_call_directory(t, c), c->digits);

	c->box_person = tg.kind == TARGET_EXTENSION ? person_of(t, c, tg.id) : 0;
	ask_pin(t, c, exchange_caller_play(t, c));
}

static void pin_typed(struct turn *t, struct call *c)
{
	char pin[sizeof(((struct effect *)0)->box.pin)];
	struct effect *e;

	text_copy(pin, sizeof(pin), c->digits); /* a longer one is wrong anyhow */
	e = box_ask(t, c, BOX_OPEN);
	memcpy(e->box.pin, pin, sizeof(pin));
	memset(pin, 0, sizeof(pin));
}

static void typed(struct turn *t, struct call *c)
{
	if (c->digit_count == 0)
		refused(t, c, BOX_WRONG);
	else if (c->state == CALL_BOX_WHO)
		number_typed(t, c);
	else
		pin_typed(t, c);
}

static void digit_add(struct turn *t, struct call *c, char digit)
{
	const struct directory *d = exchange_call_directory(t, c);

	if (c->state == CALL_BOX_PIN)
		c->box_flags |= BOX_TYPED;
	if (c->digit_count < DIGITS_MAX) {
		c->digits[c->digit_count++] = digit;
		c->digits[c->digit_count] = '\0';
	}
	if (c->state == CALL_BOX_WHO && directory_number(d, c->digits).kind != TARGET_NONE &&
	    !directory_more(d, c->digits))
		number_typed(t, c);
	else
		exchange_timer_arm(t, c, TIMER_STATE, exchange_call_measures(t, c)->next_digit_ms);
}

void exchange_mailbox_digits_on(struct turn *t, struct call *c, const struct cue *cue)
{
	if (cue->kind == CUE_PLAYED) {
		if (c->digit_count == 0)
			exchange_timer_arm(t, c, TIMER_STATE,
					   exchange_call_measures(t, c)->first_digit_ms);
		return;
	}
	/* the end of a number that needed none */
	if (cue->kind == CUE_DIGIT && cue->digit == '#' && c->digit_count == 0)
		return;
	exchange_leg_silence(t, exchange_call_caller(t, c));
	if (cue->kind == CUE_TIMER || cue->digit == '#') {
		typed(t, c);
	} else if (cue->digit == '*') { /* anew; at one's own phone: another's mailbox */
		c->box_flags &= (uint8_t)~BOX_OWN;
		ask_number(t, c, exchange_caller_play(t, c));
	} else {
		digit_add(t, c, cue->digit);
	}
}

/* ---- messages ---- */

static void say_count(struct call *c, struct effect *play)
{
	char digits[16] = "";

	(void)text_append(digits, sizeof(digits), "%u", c->box_count);
	if (c->box_count == 0)
		exchange_say(play, PHRASE_BOX_NONE, 0, "");
	else
		exchange_say(play, c->box_count < 60 ? PHRASE_BOX_NEW : PHRASE_BOX_NEW_MANY, 0,
			     digits);
}

/* What has happened since the last message, before the next one or the end. */
static void say_before(struct call *c, struct effect *play)
{
	if (c->box_flags & BOX_REMOVED)
		exchange_say(play, PHRASE_BOX_DELETED, 0, "");
	if (c->box_flags & BOX_INTRO)
		say_count(c, play);
	c->box_flags &= (uint8_t) ~(BOX_REMOVED | BOX_INTRO);
}

static void say_from(struct turn *t, struct call *c, struct effect *play, const char *from)
{
	struct target tg = directory_number(exchange_call_directory(t, c), from);
	uint32_t person = tg.kind == TARGET_EXTENSION ? person_of(t, c, tg.id) : 0;

	if (person)
		exchange_say(play, PHRASE_BOX_FROM_PERSON, person, "");
	else if (from[0])
		exchange_say(play, PHRASE_BOX_FROM, 0, from);
	else
		exchange_say(play, PHRASE_BOX_FROM_UNKNOWN, 0, "");
}

static void say_message(struct turn *t, struct call *c, struct effect *play, const struct event *ev)
{
	unsigned has = ev->box.has;

	if (has & BOX_IS_URGENT)
		exchange_say(play, PHRASE_BOX_URGENT, 0, "");
	exchange_say(play, PHRASE_BOX_WHEN, 0, ev->box.when);
	say_from(t, c, play, ev->box.from);
	if (has & BOX_HAS_WORDS)
		exchange_say(play, PHRASE_BOX_WORDS, 0, "");
	if (has & BOX_HAS_SOUND)
		exchange_say(play, PHRASE_BOX_SOUND, 0, "");
	if (has & BOX_BAD_SOUND)
		exchange_say(play, PHRASE_BOX_NO_SOUND, 0, "");
}

static void message_hear(struct turn *t, struct call *c, const struct event *ev)
{
	struct effect *play = exchange_caller_play(t, c);

	say_before(c, play);
	if (ev->box.stage == BOX_KEPT && (c->box_stage != BOX_KEPT || !c->box))
		exchange_say(play, PHRASE_BOX_KEPT, 0, "");
	say_message(t, c, play, ev);
	if (c->box != ev->box.message)
		c->box_flags &= (uint8_t)~BOX_MARKED;
	if (ev->box.stage == BOX_KEPT)
		c->box_flags |= BOX_MARKED; /* it was heard before */
	c->box = ev->box.message;
	c->box_stage = (uint8_t)ev->box.stage;
	c->box_flags &= (uint8_t)~BOX_WHOLE;
	c->box_flags |= ev->box.has & BOX_BAD_SOUND ? BOX_CONTENT : BOX_CONTENT | BOX_WHOLE;
	exchange_call_goto(t, c, CALL_BOX_HEAR);
	TEXT_COPY(c->digits, ev->box.from); /* to call back */
	c->asks = 0;
	exchange_timer_arm(t, c, TIMER_STATE,
			   (int64_t)exchange_call_measures(t, c)->message_max_ms + SAY_GUARD_MS);
}

static void mailbox_end(struct turn *t, struct call *c, bool no_more)
{
	struct effect *play = exchange_caller_play(t, c);
	bool first = c->box_flags & BOX_INTRO;

	say_before(c, play);
	if (no_more && !first)
		exchange_say(play, PHRASE_BOX_NO_MORE, 0, "");
	exchange_say(play, PHRASE_GOODBYE, 0, "");
	digits_clear(c);
	exchange_caller_then(t, c, NX_END_FEATURE);
}

static void opened(struct turn *t, struct call *c, uint32_t count)
{
	struct effect *e = exchange_call_step(t, c, STEP_MAILBOX, CLAUSE_A5_7);

	e->step.person = c->box_person;
	e->step.value = (int32_t)count;
	exchange_boxcall_told(t, c, OUTCOME_ANSWERED, c->box_flags & BOX_OWN);
	c->box = 0;
	c->box_stage = BOX_URGENT;
	c->box_count = count;
	c->box_flags |= BOX_INTRO;
	box_ask(t, c, BOX_NEXT);
}

static struct effect *message_step(struct turn *t, struct call *c, enum step_kind k)
{
	struct effect *e = exchange_call_step(t, c, k, CLAUSE_A5_7);

	e->step.person = c->box_person;
	e->step.value = (int32_t)c->box;
	return e;
}

static bool fits(enum box_ask asked, enum box_answer answer)
{
	if (answer == BOX_FAILED)
		return true;
	if (asked == BOX_OPEN)
		return answer <= BOX_NO_PIN;
	if (asked == BOX_DELETE)
		return answer == BOX_DONE;
	return answer == BOX_MESSAGE || answer == BOX_NO_MORE;
}

void exchange_mailbox_wait_on(struct turn *t, struct call *c, const struct cue *cue)
{
	enum box_answer answer = cue->kind == CUE_BOX ? cue->box->box.answer : BOX_FAILED;

	if (cue->kind == CUE_PLAYED)
		return;
	exchange_call_await(t, c, 0);
	if (!fits((enum box_ask)c->box_asked, answer))
		answer = BOX_FAILED; /* nothing is read out of what isn't open */
	if (answer == BOX_OPENED && !c->box_person)
		answer = BOX_WRONG;
	if (answer == BOX_WRONG && c->box_person && FAULT(FAULT_BOX_ANY_PIN))
		answer = BOX_OPENED;
	if (answer == BOX_OPENED) {
		opened(t, c, cue->box->box.count);
	} else if (answer == BOX_MESSAGE) {
		message_hear(t, c, cue->box);
	} else if (answer == BOX_NO_MORE) {
		mailbox_end(t, c, true);
	} else if (answer == BOX_DONE) {
		message_step(t, c, STEP_MESSAGE_DELETED);
		c->box_flags |= BOX_REMOVED;
		box_ask(t, c, BOX_NEXT);
	} else {
		refused(t, c, answer);
	}
}

/* ---- keys ---- */

static void message_heard(struct turn *t, struct call *c)
{
	if (c->box_flags & BOX_MARKED)
		return;
	c->box_flags |= BOX_MARKED;
	message_step(t, c, STEP_MESSAGE_HEARD);
	box_effect(t, c, BOX_HEARD);
}

static void menu(struct turn *t, struct call *c, enum phrase_kind before)
{
	struct effect *play = exchange_caller_play(t, c);

	exchange_say(play, before, 0, "");
	exchange_say(play, PHRASE_BOX_CHOICE, 0, "");
	c->box_flags &= (uint8_t)~BOX_CONTENT;
	exchange_timer_arm(t, c, TIMER_STATE, SAY_GUARD_MS);
}

/* By the class of service of whose mailbox it is; from outside to outside only if the measures let
 * trunk to trunk pass. */
static void call_back(struct turn *t, struct call *c)
{
	const struct directory *d = exchange_call_directory(t, c);
	const struct directory_person *p = directory_person(d, c->box_person);
	struct target tg = directory_number(d, c->digits);
	bool inside = exchange_call_caller(t, c)->extension != 0;
	char number[EVENT_NUMBER];

	TEXT_COPY(number, c->digits);
	if (!text_is_dialable(number, DIGITS_MAX) || number[0] == '*' || number[0] == '#') {
		menu(t, c, PHRASE_BOX_NO_NUMBER);
		return;
	}
	if (tg.kind == TARGET_NONE &&
	    (!p || (!inside && !exchange_call_measures(t, c)->trunk_to_trunk) ||
	     exchange_outside_allowed(t, c, p->extension, number) != REFUSAL_NONE)) {
		menu(t, c, PHRASE_NOT_PERMITTED);
		return;
	}
	message_heard(t, c);
	TEXT_COPY(exchange_call_step(t, c, STEP_DIALLED, CLAUSE_HOUSE)->step.text, number);
	exchange_leg_silence(t, exchange_call_caller(t, c));
	digits_clear(c);
	c->attempts = c->hops = 0;
	c->flags |= CALL_ATTENDED; /* he was answered: what comes of it is told to him */
	if (tg.kind == TARGET_NONE)
		exchange_trunk_start(t, c, p->extension, number);
	else
		exchange_target_seek(t, c, tg);
}

static void key(struct turn *t, struct call *c, char digit)
{
	if (digit == '1') {
		box_ask(t, c, BOX_AGAIN);
	} else if (digit == '2') {
		box_ask(t, c, BOX_NEXT);
	} else if (digit == '3') {
		message_heard(t, c);
		box_ask(t, c, BOX_NEXT);
	} else if (digit == '7') {
		box_ask(t, c, BOX_DELETE);
	} else if (digit == '8') {
		call_back(t, c);
	} else if (digit == '#' || digit == '*') {
		mailbox_end(t, c, false);
	} else if (!(c->box_flags & BOX_CONTENT)) {
		menu(t, c, PHRASE_NONE);
	}
}

void exchange_mailbox_hear_on(struct turn *t, struct call *c, const struct cue *cue)
{
	bool content = c->box_flags & BOX_CONTENT;

	if (cue->kind == CUE_DIGIT) {
		key(t, c, cue->digit);
	} else if (content) {
		if (cue->kind == CUE_PLAYED && !cue->failed && (c->box_flags & BOX_WHOLE))
			message_heard(t, c);
		menu(t, c, PHRASE_NONE);
	} else if (cue->kind == CUE_PLAYED) {
		exchange_timer_arm(t, c, TIMER_STATE, exchange_call_measures(t, c)->choice_ms);
	} else if (++c->asks < ASK_TRIES) {
		menu(t, c, PHRASE_NONE);
	} else {
		mailbox_end(t, c, false);
	}
}
