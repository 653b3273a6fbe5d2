/*
 * An operator's commands (A4). One table: for each command the states that permit it and the
 * function that does it. Each EV_COMMAND is answered by exactly one FX_COMMAND, after what it did;
 * one that is refused changes nothing.
 *
 * Checked in this order: the position, its duty, the call, whose it is, what the page had seen of
 * it (rev), the call's state; then what the command itself asks.
 */
#include "exchange/priv.h"

#define ST(s) (1u << (s))

enum {
	/* the attendant's: ANSWER takes a caller of the desk out of them */
	ATTENDANTS = ST(CALL_ANNOUNCE) | ST(CALL_DIGITS) | ST(CALL_SAY) | ST(CALL_ASK) |
		     ST(CALL_TARGET) | ST(CALL_WAIT) | ST(CALL_SCREEN) | ST(CALL_CONSULT) |
		     ST(CALL_ENQUIRY) | ST(CALL_HITS) | ST(CALL_NOTICE),
	IN_HAND = ST(CALL_DESK) | ST(CALL_TARGET) | ST(CALL_CONSULT) | ST(CALL_THREE),
	NOTED = IN_HAND | ST(CALL_HELD) | ST(CALL_QUEUE) | ST(CALL_WAIT) | ST(CALL_PARK),
	RECORDINGS = ST(CALL_RECORD) | ST(CALL_REVIEW) | ST(CALL_KEEP),
};

enum need { NEED_NONE, NEED_OWN, NEED_HAND };

static const struct command_row {
	uint32_t states;
	enum need need; /* the call is the position's; and in hand */
	enum refusal (*does)(struct turn *t, struct call *c, struct order *o);
} rows[COMMAND_COUNT] = {
    [COMMAND_ANSWER] = {ATTENDANTS | ST(CALL_RING) | ST(CALL_QUEUE) | ST(CALL_PARK) |
			    ST(CALL_HELD),
			NEED_NONE, exchange_do_answer},
    [COMMAND_PUT_THROUGH] = {ST(CALL_DESK), NEED_HAND, exchange_do_put_through},
    [COMMAND_LET_GO] = {ST(CALL_TARGET), NEED_HAND, exchange_do_let_go},
    [COMMAND_PULL_BACK] = {ST(CALL_TARGET) | ST(CALL_CONSULT) | ST(CALL_WAIT), NEED_OWN,
			   exchange_do_pull_back},
    [COMMAND_HOLD] = {ST(CALL_DESK), NEED_HAND, exchange_do_hold},
    [COMMAND_RETRIEVE] = {ST(CALL_HELD), NEED_OWN, exchange_do_retrieve},
    [COMMAND_SCREEN] = {NOTED, NEED_OWN, exchange_do_screen},
    [COMMAND_CONSULT] = {ST(CALL_DESK), NEED_HAND, exchange_do_consult},
    [COMMAND_OUTCOME] = {ST(CALL_DESK) | ST(CALL_CONSULT), NEED_HAND, exchange_do_outcome},
    [COMMAND_CONSENT_BY_NAME] = {ST(CALL_DESK), NEED_HAND, exchange_do_consent_by_name},
    [COMMAND_CONFERENCE] = {ST(CALL_CONSULT), NEED_HAND, exchange_do_conference},
    [COMMAND_LEAVE] = {ST(CALL_THREE), NEED_HAND, exchange_do_leave},
    [COMMAND_PARK] = {ST(CALL_DESK), NEED_HAND, exchange_do_park},
    [COMMAND_HAND_OVER] = {ST(CALL_DESK) | ST(CALL_HELD) | ST(CALL_QUEUE), NEED_OWN,
			   exchange_do_hand_over},
    [COMMAND_COMPLAINT] = {NOTED, NEED_OWN, exchange_do_complaint},
    [COMMAND_WAIT_FREE] = {ST(CALL_DESK), NEED_HAND, exchange_do_wait_free},
    [COMMAND_CALL_BACK] = {ST(CALL_DESK), NEED_HAND, exchange_do_call_back},
    [COMMAND_VOICE_MESSAGE] = {ST(CALL_DESK), NEED_HAND, exchange_do_voice_message},
    [COMMAND_MESSAGE_KEPT] = {NOTED, NEED_OWN, exchange_do_message_kept},
    [COMMAND_TOLD] = {NOTED, NEED_OWN, exchange_do_told},
    [COMMAND_GREET] = {ST(CALL_DESK), NEED_HAND, exchange_do_greet},
    [COMMAND_REMIND_LATER] = {ST(CALL_TALK), NEED_NONE, exchange_do_remind_later},
    [COMMAND_HANG_UP] = {(NOTED & ~ST(CALL_PARK)) | ST(CALL_NOTICE), NEED_OWN,
			 exchange_do_hang_up},
};

static enum clause refusal_clause(enum refusal r)
{
	static const uint8_t clauses[REFUSAL_COUNT] = {
#define REFUSAL(id, name, clause) [id] = clause,
#include "exchange/refusals.def"
#undef REFUSAL
	};

	return (enum clause)clauses[r];
}

static void command_answer(struct turn *t, const struct order *o, enum refusal r,
			   uint64_t call_no)
{
	struct effect *e = exchange_effect_add(t, FX_COMMAND, NULL);

	e->command.serial = o->ev->command.serial;
	e->command.position = o->ev->command.position;
	e->command.refusal = r;
	e->command.clause = refusal_clause(r);
	e->command.call_no = call_no;
	e->command.other = r == REFUSAL_TAKEN ? o->other : 0;
}

/* Few commands a second, and no list by number: it looks at all. */
static struct call *call_find(const struct turn *t, uint64_t call_no)
{
	for (uint32_t i = 0; i < t->x->caps.calls; i++)
		if (t->calls[i].state != CALL_FREE && t->calls[i].call_no == call_no)
			return &t->calls[i];
	return NULL;
}

static struct call *order_call(struct turn *t, const struct order *o)
{
	bool answer = o->ev->command.what == COMMAND_ANSWER;

	if (o->ev->command.call_no)
		return call_find(t, o->ev->command.call_no);
	return answer ? exchange_ring_next(t, o->p) : exchange_position_call(t, o->p);
}

static bool has_calls(const struct turn *t, const struct position *p)
{
	for (uint32_t i = 0; i < t->x->caps.calls; i++)
		if (t->calls[i].state != CALL_FREE && exchange_position_of(t, &t->calls[i]) == p)
			return true;
	return false;
}

/* Off duty what is still in hand is brought to its end, nothing new is begun. */
static enum refusal duty_check(const struct turn *t, const struct order *o)
{
	enum desk_command what = o->ev->command.what;
	bool begins = what == COMMAND_ANSWER || what == COMMAND_DIAL;

	if (!o->p || !o->p->known)
		return REFUSAL_NO_POSITION;
	if (exchange_position_on(o->p))
		return REFUSAL_NONE;
	if (o->p->state == POSITION_LOST)
		return begins || what == COMMAND_RETRIEVE ? REFUSAL_NO_SOUND : REFUSAL_NONE;
	return begins || !has_calls(t, o->p) ? REFUSAL_OFF_DUTY : REFUSAL_NONE;
}

/* Somebody else's: for ANSWER it matters whether he has it in hand. */
static enum refusal owner_check(const struct turn *t, const struct call *c, struct order *o,
				const struct command_row *row)
{
	uint16_t mine = exchange_position_no(t, o->p);
	bool shared = c->state == CALL_QUEUE || c->state == CALL_PARK;

	o->other = c->position;
	if (row->need == NEED_NONE) {
		if (c->position && c->position != mine && !shared &&
		    !FAULT(FAULT_DESK_TAKEN_TWICE))
			return REFUSAL_TAKEN;
		return REFUSAL_NONE;
	}
	if (c->position != mine && !FAULT(FAULT_DESK_ANOTHERS))
		return REFUSAL_NOT_YOURS;
	if (row->need == NEED_HAND && !exchange_position_hands(t, c))
		return REFUSAL_NOT_NOW;
	return REFUSAL_NONE;
}

static enum refusal call_do(struct turn *t, struct call *c, struct order *o)
{
	const struct command_row *row = &rows[o->ev->command.what];
	enum refusal r = owner_check(t, c, o, row);
	bool answer = o->ev->command.what == COMMAND_ANSWER;

	if (r != REFUSAL_NONE)
		return r;
	/* Enter on a call that has moved on, from ringing to the attendant, is still meant */
	if (!answer && o->ev->command.rev && o->ev->command.rev != c->rev &&
	    !FAULT(FAULT_DESK_STALE))
		return REFUSAL_STALE;
	if (RECORDINGS & ST(c->state))
		return REFUSAL_RECORDING;
	if (!(row->states & ST(c->state)) &&
	    !(answer && FAULT(FAULT_DESK_TAKEN_TWICE) && c->state == CALL_DESK))
		return REFUSAL_NOT_NOW;
	return row->does(t, c, o);
}

static enum refusal order_do(struct turn *t, struct order *o, uint64_t *call_no)
{
	enum refusal r = duty_check(t, o);
	struct call *c;

	if (r != REFUSAL_NONE)
		return r;
	if (o->ev->command.what == COMMAND_DIAL)
		return exchange_do_dial(t, o);
	c = order_call(t, o);
	if (!c && o->ev->command.what == COMMAND_ANSWER && !o->ev->command.call_no)
		return REFUSAL_NOTHING_WAITS;
	if (!c)
		return REFUSAL_GONE;
	*call_no = c->call_no;
	return call_do(t, c, o);
}

void exchange_command_in(struct turn *t, const struct event *ev)
{
	struct order o = {ev, exchange_position_at(t, ev->command.position), 0};
	uint64_t call_no = ev->command.call_no;
	enum refusal r = REFUSAL_NOT_NOW;

	if (ev->command.what < COMMAND_COUNT)
		r = order_do(t, &o, &call_no);
	if (r == REFUSAL_NONE || !FAULT(FAULT_DESK_NO_REFUSAL))
		command_answer(t, &o, r, call_no);
}
