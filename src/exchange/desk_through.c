/*
 * Answering, putting through, letting go, pulling back; and what an operator promises.
 *
 * Invariants
 * 1. A guarded principal is rung for a guarded caller only with a consent fact of this call
 *    (A4.1.3); a chairman's caller goes to the secretary by himself (A4.1.4).
 * 2. A complaint goes to customer service, whomever it asks for (A4.1.6).
 * 3. Outside and outside are joined only when the measures say so, here as in transfers.
 */
#include "exchange/priv.h"

static const struct exchange_edition *edition_of(const struct turn *t, const struct call *c)
{
	return &t->rules->edition[c ? c->edition : t->rules->current];
}

/* ---- whom a command means ---- */

static bool whom_number(const struct exchange_edition *ed, const char *number, struct whom *w)
{
	const struct measures *m = ed->measures;
	struct target tg = directory_number(ed->directory, number);

	if (measures_emergency(m, number)) {
		w->outside = exchange_outside_digits(m, number);
		w->outside = w->outside && measures_emergency(m, w->outside) ? w->outside : number;
		w->emergency = true;
		return true;
	}
	if (tg.kind == TARGET_EXTENSION)
		w->e = directory_extension(ed->directory, tg.id);
	else if (tg.kind == TARGET_DEPARTMENT)
		w->d = directory_department(ed->directory, tg.id);
	else if (!text_eq(number, m->main_number) && text_is_dialable(number, DIGITS_MAX))
		w->outside = exchange_outside_digits(m, number);
	return w->e || w->d || w->outside;
}

bool exchange_whom(const struct turn *t, const struct call *c, const struct event *ev,
		   struct whom *w)
{
	const struct exchange_edition *ed = edition_of(t, c);
	bool found = true;

	memset(w, 0, sizeof(*w));
	if (ev->command.person) {
		w->p = directory_person(ed->directory, ev->command.person);
		w->e = w->p ? directory_extension(ed->directory, w->p->extension) : NULL;
		return w->p != NULL;
	}
	if (ev->command.department)
		w->d = directory_department(ed->directory, ev->command.department);
	else if (ev->command.extension)
		w->e = directory_extension(ed->directory, ev->command.extension);
	else
		found = ev->command.number[0] && whom_number(ed, ev->command.number, w);
	if (w->e)
		w->p = directory_person(ed->directory, w->e->person);
	return found && (w->e || w->d || w->outside);
}

/* The class of service that this account has for these digits. */
static enum refusal class_check(const struct exchange_edition *ed, uint32_t account,
				const char *digits)
{
	const struct directory_extension *e = directory_extension(ed->directory, account);
	enum service_class need = measures_class_needed(ed->measures, digits);

	return e && need < CLASS_COUNT && need <= e->service_class ? REFUSAL_NONE : REFUSAL_CLASS;
}

enum refusal exchange_outside_allowed(const struct turn *t, const struct call *c,
				      uint32_t account, const char *digits)
{
	return class_check(edition_of(t, c), account, digits);
}

static bool is_customer(const struct exchange_edition *ed, const struct whom *w)
{
	uint32_t id = ed->measures->customer_service_department;
	const struct directory_department *d = directory_department(ed->directory, id);

	if (w->d || !w->e || !d)
		return w->d && w->d->id == id;
	for (unsigned i = 0; i < d->member_count && i < DIRECTORY_MEMBERS; i++)
		if (d->members[i] == w->e->id)
			return true;
	return w->e->department == id;
}

/* ---- put through ---- */

static bool is_guarded(const struct turn *t, const struct call *c,
		       const struct directory_person *p)
{
	enum reach r = p ? measures_reach(p->post) : REACH_STRAIGHT;

	return (r == REACH_SCREENED || r == REACH_SECRETARY) &&
	       exchange_guard_applies(t, c, exchange_call_caller(t, c), p);
}

static enum refusal guarded_check(struct turn *t, struct call *c,
				  const struct directory_person *p)
{
	if (measures_reach(p->post) == REACH_SECRETARY || c->consent_person == p->id ||
	    !p->name[0] || FAULT(FAULT_DESK_UNSCREENED))
		return REFUSAL_NONE;
	if (exchange_consent_forbidden(t, c, p->id) || exchange_consent_instruction(t, c, p->id))
		return REFUSAL_NONE; /* it acts by itself, as a refusal or a consent */
	return c->screened == SCREEN_ALL ? REFUSAL_CONSENT : REFUSAL_SCREENING;
}

static enum refusal through_check(struct turn *t, struct call *c, const struct order *o,
				  const struct whom *w)
{
	const struct leg *caller = exchange_call_caller(t, c);
	uint32_t account = caller->extension ? caller->extension
					     : exchange_position_account(t, c, o->p);

	if ((c->flags & CALL_COMPLAINT) && !is_customer(edition_of(t, c), w) &&
	    !FAULT(FAULT_DESK_COMPLAINT))
		return REFUSAL_CUSTOMER_SERVICE;
	if (w->emergency)
		return caller->extension ? REFUSAL_NONE : REFUSAL_CLASS;
	if (w->outside && caller->trunk && !exchange_call_measures(t, c)->trunk_to_trunk)
		return REFUSAL_CLASS;
	if (w->outside)
		return class_check(edition_of(t, c), account, w->outside);
	if (w->e && w->e->id == caller->extension)
		return REFUSAL_NO_TARGET;
	return is_guarded(t, c, w->p) ? guarded_check(t, c, w->p) : REFUSAL_NONE;
}

static void through_outside(struct turn *t, struct call *c, const struct order *o,
			    const struct whom *w)
{
	const struct leg *caller = exchange_call_caller(t, c);
	uint32_t account = caller->extension ? caller->extension
					     : exchange_position_account(t, c, o->p);
	char digits[EVENT_NUMBER];

	TEXT_COPY(digits, w->outside);
	c->asked_person = c->asked_department = 0;
	exchange_desk_say(c, PHRASE_ONE_MOMENT, CLAUSE_HOUSE);
	if (w->emergency)
		exchange_trunk_emergency(t, c, digits);
	else
		exchange_trunk_start(t, c, account, digits);
}

static void through_go(struct turn *t, struct call *c, const struct order *o, const struct whom *w)
{
	bool after_gm = c->to == TO_GENERAL_MANAGER && c->asked_person;

	c->hops = 0;
	c->wait_due_ms = 0;
	c->outcome = 0;
	c->desk &= (uint8_t)~(DESK_CONSULTED | DESK_OWN);
	if (w->outside) {
		through_outside(t, c, o, w);
	} else if (w->d) {
		exchange_target_seek(t, c, (struct target){TARGET_DEPARTMENT, w->d->id});
	} else if (is_guarded(t, c, w->p) && measures_reach(w->p->post) == REACH_SCREENED) {
		if (FAULT(FAULT_DESK_UNSCREENED))
			c->consent_person = w->p->id;
		exchange_desk_guarded(t, c, w->p);
	} else if (w->p && w->p->post == POST_GAD_MANAGER && after_gm) {
		exchange_gad_manager_start(t, c, TO_GAD_MANAGER_GM);
	} else if (w->e) {
		exchange_target_seek(t, c, (struct target){TARGET_EXTENSION, w->e->id});
	} else {
		exchange_target_person(t, c, w->p);
	}
}

DESK_DOES(exchange_do_put_through)
{
	const struct exchange_edition *ed = edition_of(t, c);
	struct whom w;
	enum refusal r;

	if (!exchange_whom(t, c, o->ev, &w)) {
		if (!(c->flags & CALL_COMPLAINT))
			return REFUSAL_NO_TARGET;
		memset(&w, 0, sizeof(w));
		w.d = directory_department(ed->directory,
					   ed->measures->customer_service_department);
		if (!w.d)
			return REFUSAL_NO_TARGET;
	}
	r = through_check(t, c, o, &w);
	if (FAULT(FAULT_DESK_REFUSED_ACTS))
		c->hops++;
	if (r != REFUSAL_NONE)
		return r;
	TEXT_COPY(c->show, o->ev->command.text);
	if (c->state == CALL_CONSULT) { /* another is named instead: DESK_OTHER */
		exchange_call_drop_legs(t, c, NULL, END_NONE);
		exchange_call_goto(t, c, CALL_DESK);
		exchange_desk_sound(t, c);
	}
	through_go(t, c, o, &w);
	return REFUSAL_NONE;
}

DESK_DOES(exchange_do_let_go)
{
	(void)o;
	exchange_desk_release(t, c);
	exchange_desk_sound(t, c);
	exchange_call_step(t, c, STEP_LET_GO, CLAUSE_HOUSE);
	return REFUSAL_NONE;
}

DESK_DOES(exchange_do_pull_back)
{
	if (!exchange_position_hands(t, c)) {
		enum refusal r = o->p->call != NONE16 ? REFUSAL_HANDS_FULL
						      : exchange_desk_bring(t, c, o->p);

		if (r == REFUSAL_NONE)
			c->desk &= (uint8_t)~(DESK_CONSULTED | DESK_OWN);
		return r;
	}
	exchange_call_drop_legs(t, c, NULL, END_NONE);
	c->outcome = 0;
	c->desk &= (uint8_t)~(DESK_CONSULTED | DESK_OWN);
	exchange_desk_say(c, PHRASE_NONE, CLAUSE_HOUSE);
	exchange_desk_back(t, c);
	exchange_call_step(t, c, STEP_PULLED_BACK, CLAUSE_HOUSE);
	return REFUSAL_NONE;
}

DESK_DOES(exchange_do_answer)
{
	if (exchange_position_hands(t, c) && !FAULT(FAULT_DESK_TAKEN_TWICE))
		return REFUSAL_NOT_NOW;
	if (!(c->desk & DESK_OF) && !c->position)
		return REFUSAL_NOT_NOW;
	if (o->p->call != NONE16)
		return REFUSAL_HANDS_FULL;
	return exchange_desk_bring(t, c, o->p);
}

/* ---- the target was busy, or isn't there ---- */

static uint32_t wait_limit(const struct turn *t, const struct call *c)
{
	const struct measures *m = exchange_call_measures(t, c);

	if (c->to == TO_GENERAL_MANAGER)
		return m->consult_wait_ms;
	return c->to == TO_CUSTOMER ? m->customer_wait_ms : m->free_wait_ms;
}

DESK_DOES(exchange_do_wait_free)
{
	(void)o;
	if (c->outcome != EXCHANGE_BUSY || !(c->ext || c->department))
		return REFUSAL_NOT_NOW;
	exchange_desk_release(t, c);
	c->wait_due_ms = 0;
	exchange_wait_start(t, c, wait_limit(t, c));
	return REFUSAL_NONE;
}

static struct promise *promise_place(struct turn *t)
{
	for (unsigned i = 0; i < PROMISES; i++)
		if (!t->x->promise[i].extension)
			return &t->x->promise[i];
	return NULL;
}

DESK_DOES(exchange_do_call_back)
{
	struct promise *p;

	if (!c->ext)
		return REFUSAL_NO_TARGET;
	p = promise_place(t);
	if (!p)
		return REFUSAL_FULL;
	p->extension = c->ext;
	p->person = c->person;
	p->position = (uint8_t)exchange_position_no(t, o->p);
	TEXT_COPY(p->number, c->number);
	t->x->promises++;
	c->outcome = EXCHANGE_LATER;
	exchange_desk_say(c, PHRASE_NONE, CLAUSE_HOUSE);
	TEXT_COPY(exchange_call_step(t, c, STEP_CALL_BACK_PROMISED, CLAUSE_HOUSE)->step.text,
		  c->number);
	exchange_call_touch(t, c);
	return REFUSAL_NONE;
}

/* The phone is free that a call back was promised for: the app's list knows more. */
void exchange_desk_promise_due(struct turn *t, const struct ext *e)
{
	for (unsigned i = 0; i < PROMISES; i++) {
		struct promise *p = &t->x->promise[i];
		struct effect *fx;

		if (p->extension != e->id || t->fx->count > EFFECTS_MAX - TURN_ROOM / 2)
			continue;
		fx = exchange_effect_add(t, FX_STEP, NULL);
		fx->step.step = STEP_CALL_BACK_DUE;
		fx->step.person = p->person;
		fx->step.extension = p->extension;
		fx->step.value = p->position;
		TEXT_COPY(fx->step.text, p->number);
		t->positions |= 1u << (p->position - 1);
		memset(p, 0, sizeof(*p));
		t->x->promises--;
	}
}

/* ---- the operator calls somebody ---- */

static struct leg *dial_outside(struct turn *t, struct call *c, const struct whom *w,
				uint32_t account)
{
	struct leg *l;

	TEXT_COPY(c->out, w->outside);
	c->from_ext = account;
	if (w->emergency)
		c->flags |= CALL_EMERGENCY;
	if (!exchange_trunk_next(t, c))
		return NULL;
	l = exchange_leg_at(t, c->first_leg);
	exchange_leg_move(t, l, c, ROLE_CALLER);
	memset(c->out, 0, sizeof(c->out));
	return l;
}

static struct leg *dial_inside(struct turn *t, struct call *c, const struct directory_extension *e)
{
	struct leg *l;

	if (!exchange_target_dial(t, c, e, ROLE_CONSULT))
		return NULL;
	l = exchange_leg_at(t, c->first_leg);
	exchange_leg_move(t, l, c, ROLE_CALLER);
	return l;
}

static const struct directory_extension *dial_phone(struct turn *t, struct call *c,
						    const struct whom *w)
{
	const struct directory *d = exchange_call_directory(t, c);
	const struct directory_extension *e = w->e;

	for (unsigned i = 0; w->d && i < w->d->member_count && i < DIRECTORY_MEMBERS; i++) {
		e = directory_extension(d, w->d->members[i]);
		if (e && exchange_target_state(t, c, e) == OUTCOME_ANSWERED)
			return e;
	}
	return e;
}

static void dial_arrived(struct turn *t, struct call *c, const struct order *o)
{
	struct effect *e = exchange_call_step(t, c, STEP_ARRIVED, CLAUSE_HOUSE);

	e->step.extension = exchange_position_account(t, c, o->p);
	e->step.value = (int32_t)exchange_call_measures(t, c)->version;
	TEXT_COPY(e->step.text, c->dialled);
	e = exchange_call_step(t, c, STEP_OPERATOR_DIALLED, CLAUSE_HOUSE);
	e->step.person = o->p->person;
	TEXT_COPY(e->step.text, c->dialled);
}

static void dial_go(struct turn *t, struct call *c, const struct order *o, const struct whom *w)
{
	const struct directory_extension *e = w->outside ? NULL : dial_phone(t, c, w);
	enum outcome out = e ? exchange_target_state(t, c, e) : OUTCOME_UNREACHABLE;
	struct leg *l = NULL;

	TEXT_COPY(c->dialled, w->outside ? o->ev->command.number : e ? e->number : "");
	dial_arrived(t, c, o);
	exchange_position_take(t, o->p, c);
	c->desk |= DESK_OF;
	if (w->outside)
		l = dial_outside(t, c, w, exchange_position_account(t, c, o->p));
	else if (out == OUTCOME_ANSWERED)
		l = dial_inside(t, c, e);
	if (!l) {
		exchange_call_finish(t, c, 0, out == OUTCOME_BUSY ? END_BUSY : END_UNREACHABLE);
		return;
	}
	exchange_call_identity(t, c);
	exchange_call_goto(t, c, CALL_DIAL);
	exchange_timer_arm(t, c, TIMER_STATE,
			   w->outside ? OUT_RING_MS
				      : (int64_t)exchange_call_measures(t, c)->target_ring_ms);
	exchange_desk_sound(t, c);
}

/* command.call_no is the new call's number, made by the app as for a call that arrives. */
enum refusal exchange_do_dial(struct turn *t, struct order *o)
{
	const struct exchange_edition *ed = edition_of(t, NULL);
	struct whom w;
	struct call *c;
	enum refusal r;

	if (o->p->call != NONE16)
		return REFUSAL_HANDS_FULL;
	if (!exchange_position_ear(t, o->p))
		return REFUSAL_NO_SOUND;
	if (!o->ev->command.call_no || !exchange_whom(t, NULL, o->ev, &w) ||
	    (!w.outside && !w.e && !w.d))
		return REFUSAL_NO_TARGET;
	r = w.outside && !w.emergency
		? class_check(ed, exchange_position_account(t, NULL, o->p), w.outside)
		: REFUSAL_NONE;
	if (r != REFUSAL_NONE)
		return r;
	if (t->x->closing || !exchange_call_room(t->x))
		return REFUSAL_FULL;
	c = exchange_call_new(t, o->ev->command.call_no, "");
	c->flags |= CALL_ATTENDED;
	dial_go(t, c, o, &w);
	return REFUSAL_NONE;
}

/* ---- the end ---- */

DESK_DOES(exchange_do_hang_up)
{
	struct effect *e = exchange_call_step(t, c, STEP_OPERATOR_HUNG_UP, CLAUSE_HOUSE);

	e->step.person = o->p->person;
	e->step.value = o->ev->command.value < HANG_UP_COUNT ? (int32_t)o->ev->command.value : 0;
	exchange_call_finish(t, c, 0, END_OPERATOR_HUNG_UP);
	return REFUSAL_NONE;
}
