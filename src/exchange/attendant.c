/*
 * The automatic attendant (A4.2).
 *
 * Invariants
 * 1. The announcement has three parts in order: greeting; what to dial; each announced department.
 * 2. The first digit stops whatever is said. digits holds what was dialled since.
 * 3. Each try that comes to nothing is told its own sentence and counts; at measures.attempts the
 *    call is unclear (A4.1.7): GAD in office hours, else a message for GAD.
 *
 *   RING (ring clock; positions ring here) -> ANNOUNCE -> DIGITS -> target | `0` | sentence, DIGITS
 */
#include "exchange/priv.h"

/* ---- the ring clock (A4.1.1) and the announcement ---- */

void exchange_attendant_start(struct turn *t, struct call *c)
{
	struct leg *l = exchange_call_caller(t, c);

	if (l->extension)
		l->flags |= LEG_BY_MAIN;
	c->flags |= CALL_ATTENDED;
	c->ext = c->person = c->department = 0;
	exchange_ring_start(t, c);
}

static void say_departments(struct turn *t, struct call *c, struct effect *play)
{
	const struct directory *d = exchange_call_directory(t, c);
	unsigned place = 0;

	/* few departments, by their place; a place may be taken twice */
	for (unsigned said = 0; place < 255 && said < EFFECT_PHRASES; place++) {
		for (uint32_t i = 0; i < d->department_count; i++) {
			const struct directory_department *dep = &d->departments[i];

			if (dep->announce != place + 1)
				continue;
			exchange_say(play, PHRASE_DEPARTMENTS, dep->id, dep->number);
			said++;
		}
		if (place >= EFFECT_PHRASES * 2)
			break;
	}
}

void exchange_attendant_announce(struct turn *t, struct call *c)
{
	struct effect *play;

	if (exchange_notice_line(t, c, NX_ANNOUNCE))
		return;
	play = exchange_caller_play(t, c);
	exchange_say(play, PHRASE_GREETING, 0, "");
	exchange_say(play, PHRASE_DIAL, 0, "");
	exchange_say(play, PHRASE_LISTEN, 0, "");
	say_departments(t, c, play);
	c->digit_count = 0;
	c->digits[0] = '\0';
	exchange_call_goto(t, c, CALL_ANNOUNCE);
	exchange_timer_arm(t, c, TIMER_STATE, SAY_GUARD_MS);
}

/* Digits are awaited, something may still be playing. */
static void digits_start(struct turn *t, struct call *c, int64_t wait_ms)
{
	struct leg *l = exchange_call_caller(t, c);

	if (l->extension) /* however he came here: he asks the switchboard now (A4.1.3) */
		l->flags |= LEG_BY_MAIN;
	exchange_call_goto(t, c, CALL_DIGITS);
	memset(c->digits, 0, sizeof(c->digits));
	c->digit_count = 0;
	exchange_timer_arm(t, c, TIMER_STATE, wait_ms);
}

void exchange_attendant_digits_wait(struct turn *t, struct call *c)
{
	digits_start(t, c, exchange_call_measures(t, c)->first_digit_ms);
}

void exchange_attendant_other(struct turn *t, struct call *c)
{
	exchange_say(exchange_caller_play(t, c), PHRASE_OTHER_EXTENSION, 0, "");
	c->hops = 0;
	digits_start(t, c, SAY_GUARD_MS);
}

/* ---- a try that came to nothing ---- */

void exchange_attendant_unclear(struct turn *t, struct call *c, enum phrase_kind why)
{
	const struct measures *m = exchange_call_measures(t, c);
	bool open = measures_open(m, 0, t->now);

	c->asked_person = 0;
	c->asked_department = m->gad_department;
	c->ext = c->person = c->department = 0;
	if (!open)
		exchange_call_step(t, c, STEP_GAD, CLAUSE_A4_1_7);
	c->message_clause = CLAUSE_A4_1_7;
	exchange_caller_say(t, c, why, open ? NX_GAD : NX_MESSAGE_GAD);
}

static void try_failed(struct turn *t, struct call *c, enum step_kind step, enum phrase_kind why)
{
	struct effect *play, *e;

	e = exchange_call_step(t, c, step, CLAUSE_A4_2);
	TEXT_COPY(e->step.text, c->digits);
	if (++c->attempts >= exchange_call_measures(t, c)->attempts) {
		exchange_attendant_unclear(t, c, why);
		return;
	}
	play = exchange_caller_play(t, c);
	exchange_say(play, why, 0, "");
	exchange_say(play, PHRASE_DIAL, 0, "");
	digits_start(t, c, SAY_GUARD_MS);
}

/* ---- digits ---- */

void exchange_attendant_no_operator(struct turn *t, struct call *c)
{
	if (measures_open(exchange_call_measures(t, c), 0, t->now))
		exchange_gad_asked(t, c);
	else
		exchange_enquiry_start(t, c);
}

static void operator_dialled(struct turn *t, struct call *c)
{
	if (exchange_positions_on(t))
		exchange_queue_start(t, c, QUEUED_ASKED);
	else
		exchange_attendant_no_operator(t, c);
}

static void digits_go(struct turn *t, struct call *c, struct target tg)
{
	struct effect *e;

	c->ext = c->person = c->department = 0;
	e = exchange_call_step(t, c, STEP_DIALLED, CLAUSE_A4_2);
	TEXT_COPY(e->step.text, c->digits);
	c->hops = 0;
	c->wait_due_ms = 0;
	if (tg.kind == TARGET_NONE)
		operator_dialled(t, c);
	else
		exchange_target_seek(t, c, tg);
}

static bool is_mailbox(const struct measures *m, const char *digits)
{
	return m->mailbox_outside[0] && text_eq(digits, m->mailbox_outside);
}

static void mailbox_go(struct turn *t, struct call *c)
{
	TEXT_COPY(exchange_call_step(t, c, STEP_FEATURE, CLAUSE_HOUSE)->step.text, c->digits);
	exchange_mailbox_start(t, c);
}

/* No more digits come: what was dialled has to do. */
static void digits_end(struct turn *t, struct call *c)
{
	const struct measures *m = exchange_call_measures(t, c);
	const struct directory *d = exchange_call_directory(t, c);
	struct target tg = directory_number(d, c->digits);

	if (is_mailbox(m, c->digits))
		mailbox_go(t, c);
	else if (c->digit_count == 0)
		try_failed(t, c, STEP_NOTHING_DIALLED, PHRASE_NOTHING_DIALLED);
	else if (tg.kind != TARGET_NONE || text_eq(c->digits, m->operator_number))
		digits_go(t, c, tg);
	else if (directory_more(d, c->digits))
		try_failed(t, c, STEP_INCOMPLETE, PHRASE_INCOMPLETE);
	else
		try_failed(t, c, STEP_WRONG_NUMBER, PHRASE_WRONG_NUMBER);
}

/* A number is complete when it is one and no longer one can be meant. */
static void digits_add(struct turn *t, struct call *c, char digit)
{
	const struct measures *m = exchange_call_measures(t, c);
	const struct directory *d = exchange_call_directory(t, c);
	unsigned longest = m->extension_digits_max ? m->extension_digits_max : DIGITS_DEFAULT;
	struct target tg;
	bool more;

	if (longest > DIGITS_MAX)
		longest = DIGITS_MAX;
	if (c->digit_count < DIGITS_MAX) {
		c->digits[c->digit_count++] = digit;
		c->digits[c->digit_count] = '\0';
	}
	tg = directory_number(d, c->digits);
	more = directory_more(d, c->digits);
	if (!more && is_mailbox(m, c->digits))
		mailbox_go(t, c);
	else if (!more && (tg.kind != TARGET_NONE || text_eq(c->digits, m->operator_number)))
		digits_go(t, c, tg);
	else if (c->digit_count >= longest)
		digits_end(t, c);
	else
		exchange_timer_arm(t, c, TIMER_STATE, m->next_digit_ms);
}

static void digit_taken(struct turn *t, struct call *c, char digit)
{
	/* `#` ends a number; one that was complete or wrong without it needs no end */
	if (digit == '#' && (c->state != CALL_DIGITS || c->digit_count == 0))
		return;
	exchange_leg_silence(t, exchange_call_caller(t, c));
	if (digit == '*') {
		exchange_attendant_announce(t, c);
		return;
	}
	if (c->state != CALL_DIGITS)
		digits_start(t, c, exchange_call_measures(t, c)->next_digit_ms);
	if (digit == '#')
		digits_end(t, c);
	else
		digits_add(t, c, digit);
}

void exchange_attendant_announce_on(struct turn *t, struct call *c, const struct cue *cue)
{
	if (cue->kind == CUE_DIGIT) {
		digit_taken(t, c, cue->digit);
		return;
	}
	if (cue->kind == CUE_TIMER)
		exchange_leg_silence(t, exchange_call_caller(t, c));
	else
		exchange_call_step(t, c, STEP_ANNOUNCED, CLAUSE_A4_2);
	exchange_attendant_digits_wait(t, c);
}

void exchange_attendant_digits_on(struct turn *t, struct call *c, const struct cue *cue)
{
	if (cue->kind == CUE_DIGIT)
		digit_taken(t, c, cue->digit);
	else if (cue->kind == CUE_TIMER)
		digits_end(t, c);
	else if (c->digit_count == 0)
		exchange_timer_arm(t, c, TIMER_STATE, exchange_call_measures(t, c)->first_digit_ms);
}
