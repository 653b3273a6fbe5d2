/*
 * What a call counts in, told by its steps: the ring clock of A4.1.1 first of all.
 *
 * Invariants: of OFFERED's four outcomes an ended call has exactly one, an open one at most one;
 * a call that wasn't offered has none. desk_ms is the sum of the times between a step by which an
 * operator takes the call and the next step of the desk's; a clock that was set back counts 0.
 */
#include "records/priv.h"

#include <string.h>

#define ON(bit) (RECORDS_MARK_##bit)

static const struct {
	const char *step;
	uint32_t marks;
} step_marks[] = {
    {"connected", ON(CONNECTED)},
    {"target_busy", ON(BUSY)},
    {"target_no_answer", ON(NO_ANSWER)},
    {"target_refused", ON(REFUSED)},
    {"consent_refused", ON(REFUSED)},
    {"target_unreachable", ON(UNREACHABLE)},
    {"target_vacant", ON(UNREACHABLE)},
    {"no_trunk", ON(UNREACHABLE)},
    {"returned", ON(RETURNED)},
    {"message_kept", ON(MESSAGE)},
    {"complaint", ON(COMPLAINT)},
    {"customer_service", ON(COMPLAINT)},
    {"enquiry", ON(ENQUIRY)},
    {"told", ON(ENQUIRY)},
    {"consultation", ON(CONSULTED)},
    {"emergency", ON(EMERGENCY)},
    {"long_call", ON(LONG_REMINDED)},
    {"long_call_later", ON(LONG_PUT_OFF)},
    {"long_call_exempt", ON(LONG_EXEMPT)},
    {"answered_operator", ON(BY_OPERATOR)},
    {"taken_back", ON(BY_OPERATOR)},
};

static const struct {
	const char *step;
	uint8_t desk;
} step_desk[] = {
    {"answered_operator", RECORDS_DESK_TAKES},
    {"taken_back", RECORDS_DESK_TAKES},
    {"operator_retrieved", RECORDS_DESK_TAKES},
    {"connected", RECORDS_DESK_LEAVES},
    {"let_go", RECORDS_DESK_LEAVES},
    {"operator_held", RECORDS_DESK_LEAVES},
    {"handed_over", RECORDS_DESK_LEAVES},
    {"desk_vanished", RECORDS_DESK_LEAVES},
    {"message_asked", RECORDS_DESK_LEAVES},
    {"ended", RECORDS_DESK_LEAVES},
    {"restarted", RECORDS_DESK_LEAVES},
};

/* Their places are bits of the database: only ever add at the end, 31 at most. */
static const char *const clauses[] = {"house",	"A3.3",	  "A3.4",   "A3.8",   "A3.10",
				      "A4.1.1", "A4.1.2", "A4.1.3", "A4.1.4", "A4.1.5",
				      "A4.1.6", "A4.1.7", "A4.2",   "A5.7"};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

uint32_t records_clause_bit(const char *name)
{
	for (unsigned i = 0; i < COUNT(clauses); i++) {
		if (text_eq(clauses[i], name))
			return 1u << i;
	}
	return 0;
}

uint32_t records_mark_by_name(const char *name)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} marks[] = {
#define MARK(bit, id, name) {name, RECORDS_MARK_##id},
#include "records/marks.def"
#undef MARK
	};

	for (unsigned i = 0; i < COUNT(marks); i++) {
		if (text_eq(marks[i].name, name))
			return marks[i].bit;
	}
	return 0;
}

void records_facts_index(struct records_vocabulary *v)
{
	memset(v->marks, 0, sizeof(v->marks));
	memset(v->desk, 0, sizeof(v->desk));
	for (unsigned i = 0; i < v->step_count; i++) {
		for (unsigned m = 0; m < COUNT(step_marks); m++)
			v->marks[i] |=
			    text_eq(step_marks[m].step, v->steps[i]) ? step_marks[m].marks : 0;
		for (unsigned d = 0; d < COUNT(step_desk); d++)
			v->desk[i] |=
			    text_eq(step_desk[d].step, v->steps[i]) ? step_desk[d].desk : 0;
	}
	for (unsigned i = 0; i < v->clause_count; i++)
		v->clause_bits[i] = records_clause_bit(v->clauses[i]);
}

static uint32_t between(int64_t from_ms, int64_t to_ms)
{
	return to_ms > from_ms ? (uint32_t)(to_ms - from_ms) : 0;
}

/* Offered, and nothing came of it yet. */
static bool rings(const struct records_call *c)
{
	return (c->marks & ON(OFFERED)) && !(c->marks & (ON(WITHIN) | ON(ATTENDANT)));
}

static void rung(struct records_call *c, const struct records_step *s)
{
	if (s->value <= 0 || (c->marks & ON(OFFERED)))
		return;
	c->marks |= ON(OFFERED);
	c->rung_ms = s->at_ms;
}

static void by_operator(struct records_call *c, const struct records_step *s, bool answered)
{
	if (!c->operator_person)
		c->operator_person = s->person;
	if (answered && rings(c) && s->value > 0) {
		c->marks |= ON(WITHIN);
		c->ring = (uint32_t)s->value;
		c->answer_ms = between(c->rung_ms, s->at_ms);
	} else if (c->marks & ON(ATTENDANT)) {
		c->marks |= ON(TAKEN_BACK);
	}
}

static void by_attendant(struct records_call *c)
{
	if (rings(c))
		c->marks |= ON(ATTENDANT);
	else if (!(c->marks & (ON(OFFERED) | ON(BY_OPERATOR))))
		c->marks |= ON(AUTOMATIC);
}

static void over(struct records_call *c)
{
	if (c->connected_ms)
		c->talk_ms = between(c->connected_ms, c->ended_ms);
	if (c->long_ms && c->talk_ms > c->long_ms)
		c->marks |= ON(LONG);
	if (!rings(c))
		return;
	if (c->connected_ms || !text_eq(c->end_side, "caller")) {
		c->marks |= ON(OTHERWISE);
		return;
	}
	c->marks |= ON(GIVEN_UP);
	c->given_up_ms = between(c->rung_ms, c->ended_ms);
}

static void in_hands(struct records_call *c, const struct records_step *s, uint8_t desk)
{
	if (desk == RECORDS_DESK_NOTHING)
		return;
	if (c->desk_since_ms)
		c->desk_ms += between(c->desk_since_ms, s->at_ms);
	c->desk_since_ms = desk == RECORDS_DESK_TAKES ? s->at_ms : 0;
}

void records_facts(const struct records_vocabulary *v, struct records_call *c,
		   const struct records_step *s)
{
	const char *name = records_vocabulary_step(v, s->kind);

	if (s->clause < v->clause_count)
		c->clauses |= v->clause_bits[s->clause];
	if (s->kind >= v->step_count)
		return;
	if (!c->line)
		c->line = s->trunk;
	if (text_eq(name, "ringing"))
		rung(c, s);
	else if (text_eq(name, "answered_operator"))
		by_operator(c, s, true);
	else if (text_eq(name, "taken_back"))
		by_operator(c, s, false);
	else if (text_eq(name, "answered_attendant"))
		by_attendant(c);
	else if (text_eq(name, "connected") && !(c->marks & ON(CONNECTED)))
		c->long_ms = s->value > 0 ? (uint32_t)s->value : 0;
	c->marks |= v->marks[s->kind];
	in_hands(c, s, v->desk[s->kind]);
	if (c->ended_ms)
		over(c);
}
