/*
 * Departments: all their phones at once, or one after the other; and who stands behind GAD.
 *
 * Invariant: a member's phone that is a guarded principal's is passed over for a guarded caller,
 * whatever the directory says (consent). Members' own forwards are not followed: the department
 * was called.
 */
#include "exchange/priv.h"

/* Rings member i when it can be; else notes why not. */
static bool member_ring(struct turn *t, struct call *c, const struct directory_department *d,
			unsigned i)
{
	const struct directory_extension *e =
	    directory_extension(exchange_call_directory(t, c), d->members[i]);
	enum outcome o;

	if (!e)
		return false;
	if (exchange_guard_caller(t, c, e->id)) {
		if (!FAULT(FAULT_CONSENT_GROUP)) {
			exchange_consent_missing(t, c, e->person);
			return false;
		}
		c->consent_person = e->person;
	}
	o = exchange_target_state(t, c, e);
	if (o == OUTCOME_ANSWERED && exchange_target_dial(t, c, e, ROLE_TARGET))
		return true;
	exchange_outcome_saw(c, o == OUTCOME_ANSWERED ? OUTCOME_UNREACHABLE : o);
	return false;
}

static unsigned member_count(const struct directory_department *d)
{
	return d->member_count < DIRECTORY_MEMBERS ? d->member_count : DIRECTORY_MEMBERS;
}

bool exchange_group_next(struct turn *t, struct call *c)
{
	const struct directory_department *d =
	    directory_department(exchange_call_directory(t, c), c->department);

	if (!d || (d->strategy == GROUP_ALL && c->to != TO_CUSTOMER))
		return false;
	while (c->cursor < member_count(d)) {
		if (!member_ring(t, c, d, c->cursor++))
			continue;
		exchange_timer_arm(t, c, TIMER_STATE, exchange_call_measures(t, c)->target_ring_ms);
		return true;
	}
	return false;
}

/* True when some phone rings; else the outcome has been dealt with, and the call may have ended.
 * Customer service rings its members in turn, as measures.md says, whatever the directory does. */
bool exchange_group_ring(struct turn *t, struct call *c)
{
	const struct directory_department *d =
	    directory_department(exchange_call_directory(t, c), c->department);
	bool any = false;

	c->cursor = c->saw = 0;
	if (d && d->strategy == GROUP_ALL && c->to != TO_CUSTOMER) {
		for (unsigned i = 0; i < member_count(d); i++)
			any |= member_ring(t, c, d, i);
	} else if (d) {
		any = exchange_group_next(t, c);
	}
	if (any)
		exchange_call_step(t, c, STEP_TARGET,
				   exchange_article4_row(c->to, OUTCOME_ANSWERED)->clause);
	else
		exchange_article4_outcome(t, c, d ? exchange_outcome_seen(c) : OUTCOME_VACANT);
	return any;
}

void exchange_group_start(struct turn *t, struct call *c, const struct directory_department *d,
			  enum target_row to)
{
	const struct measures *m = exchange_call_measures(t, c);

	c->to = (uint8_t)to;
	c->department = d->id;
	c->ext = c->person = 0;
	c->cursor = c->saw = 0;
	if ((c->flags & CALL_ATTENDED) && to != TO_GAD && !measures_open(m, d->hours, t->now))
		exchange_article4_outcome(t, c, OUTCOME_CLOSED);
	else
		exchange_target_ring(t, c);
}

/* True when some phone of what a waiting caller waits for could be rung now. */
bool exchange_group_free(struct turn *t, struct call *c)
{
	const struct directory *dir = exchange_call_directory(t, c);
	const struct directory_department *d = directory_department(dir, c->department);
	const struct directory_extension *e = directory_extension(dir, c->ext);

	if (c->ext)
		return e && exchange_target_state(t, c, e) == OUTCOME_ANSWERED;
	for (unsigned i = 0; d && i < member_count(d); i++) {
		e = directory_extension(dir, d->members[i]);
		if (e && !exchange_guard_caller(t, c, e->id) &&
		    exchange_target_state(t, c, e) == OUTCOME_ANSWERED)
			return true;
	}
	return false;
}

static void gad_go(struct turn *t, struct call *c, enum clause why)
{
	const struct measures *m = exchange_call_measures(t, c);
	const struct directory_department *d =
	    directory_department(exchange_call_directory(t, c), m->gad_department);

	c->asked_person = 0;
	c->asked_department = m->gad_department;
	memset(c->out, 0, sizeof(c->out));
	exchange_call_step(t, c, STEP_GAD, why);
	c->to = TO_GAD;
	if (d)
		exchange_group_start(t, c, d, TO_GAD);
	else
		exchange_article4_outcome(t, c, OUTCOME_VACANT);
}

void exchange_gad_start(struct turn *t, struct call *c)
{
	gad_go(t, c, CLAUSE_A4_1_7);
}

void exchange_gad_asked(struct turn *t, struct call *c)
{
	gad_go(t, c, CLAUSE_A4_2);
}

void exchange_gad_manager_start(struct turn *t, struct call *c, enum target_row to)
{
	const struct directory_person *p =
	    directory_post(exchange_call_directory(t, c), POST_GAD_MANAGER, 0);

	c->to = (uint8_t)to;
	c->ext = c->person = c->department = 0;
	c->wait_due_ms = 0;
	/* hops go on, here and for GAD: his phone may forward to whom he stands in for, or to
	 * the switchboard itself */
	if (p) {
		c->person = p->id;
		c->ext = p->extension;
	}
	/* after the general manager it is A4.1.3's; after GAD the house's */
	exchange_call_step(t, c, STEP_GAD_MANAGER,
			   to == TO_GAD_MANAGER_GM ? CLAUSE_A4_1_3 : CLAUSE_HOUSE);
	exchange_target_ring(t, c);
}
