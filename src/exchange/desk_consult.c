/*
 * Screening and the private consultation (A4.1.3), what it came to, and the conference.
 *
 * Invariants
 * 1. During the consultation the caller hears music, and the operator speaks with the consulted.
 * 2. DESK_OWN is set only when a leg of this consultation was answered at a phone of the guarded
 *    principal; without it 同意 is refused for a guarded caller. exchange_talk_start looks again.
 * 3. A conference of a guarded caller and the principal needs the consent too, before it begins.
 *
 *   DESK --CONSULT--> CONSULT -(no answer, busy …)-> DESK with the outcome
 *                       | answered: operator and consulted together
 *                       +-- OUTCOME agreed --> TALK      +-- CONFERENCE --> THREE --LEAVE--> TALK
 *                       +-- OUTCOME other … --> DESK     +-- PULL_BACK --> DESK
 */
#include "exchange/priv.h"

DESK_DOES(exchange_do_screen)
{
	uint8_t bits = o->ev->command.value & SCREEN_ALL;
	struct effect *e;

	if (bits == c->screened)
		return REFUSAL_NONE;
	c->screened = bits;
	exchange_desk_say(c, bits == SCREEN_ALL ? PHRASE_ONE_MOMENT : PHRASE_SCREEN_ASK,
			  CLAUSE_A4_1_3);
	e = exchange_call_step(t, c, STEP_SCREENED_FORM, CLAUSE_A4_1_3);
	e->step.value = bits;
	exchange_call_touch(t, c);
	return REFUSAL_NONE;
}

/* ---- the private line ---- */

static bool guarded(const struct turn *t, const struct call *c, const struct directory_person *p)
{
	enum reach r = p ? measures_reach(p->post) : REACH_STRAIGHT;

	return (r == REACH_SCREENED || r == REACH_SECRETARY) &&
	       exchange_guard_applies(t, c, exchange_call_caller(t, c), p);
}

static enum refusal consult_check(struct turn *t, struct call *c, const struct order *o,
				  const struct whom *w)
{
	if (w->e && w->e->id == exchange_call_caller(t, c)->extension)
		return REFUSAL_NO_TARGET;
	if (w->emergency)
		return REFUSAL_CLASS;
	if (w->outside)
		return exchange_outside_allowed(t, c, exchange_position_account(t, c, o->p),
						w->outside);
	if (!guarded(t, c, w->p))
		return REFUSAL_NONE;
	if (measures_reach(w->p->post) == REACH_SECRETARY)
		return REFUSAL_SECRETARY;
	return c->screened == SCREEN_ALL || FAULT(FAULT_DESK_UNSCREENED) ? REFUSAL_NONE
									  : REFUSAL_SCREENING;
}

static bool is_secretary(const struct turn *t, const struct call *c,
			 const struct directory_person *p)
{
	const struct directory_person *principal =
	    directory_person(exchange_call_directory(t, c), c->asked_person);

	return p && principal && principal->secretary == p->id &&
	       measures_reach(principal->post) == REACH_SECRETARY;
}

/* Whom it is about, for the table's row and for a message. */
static void consult_names(struct turn *t, struct call *c, const struct whom *w)
{
	bool gm = guarded(t, c, w->p);

	c->to = gm ? TO_GENERAL_MANAGER : is_secretary(t, c, w->p) ? TO_SECRETARY : TO_ORDINARY;
	if (w->d && w->d->id == exchange_call_measures(t, c)->customer_service_department)
		c->to = TO_CUSTOMER;
	c->person = w->p ? w->p->id : 0;
	c->ext = w->e ? w->e->id : 0;
	c->department = w->d ? w->d->id : 0;
	if (gm || !(c->asked_person || c->asked_department)) {
		c->asked_person = c->person;
		c->asked_department = c->person ? 0 : c->department;
	}
	c->outcome = 0;
	c->saw = 0;
	c->tried = 0;
	c->desk &= (uint8_t)~(DESK_CONSULTED | DESK_OWN);
}

static enum outcome consult_phone(struct turn *t, struct call *c,
				  const struct directory_extension *e)
{
	enum outcome o = e ? exchange_target_state(t, c, e) : OUTCOME_UNREACHABLE;

	if (o == OUTCOME_ANSWERED && !exchange_target_dial(t, c, e, ROLE_CONSULT))
		o = OUTCOME_UNREACHABLE;
	return o;
}

/* A department: the first of its phones that is free; a guarded principal's is passed over. */
static enum outcome consult_department(struct turn *t, struct call *c,
				       const struct directory_department *d)
{
	const struct directory *dir = exchange_call_directory(t, c);

	for (unsigned i = 0; i < d->member_count && i < DIRECTORY_MEMBERS; i++) {
		const struct directory_extension *e = directory_extension(dir, d->members[i]);
		enum outcome o;

		if (!e || exchange_guard_caller(t, c, e->id))
			continue;
		o = consult_phone(t, c, e);
		if (o == OUTCOME_ANSWERED) {
			c->ext = e->id;
			return o;
		}
		exchange_outcome_saw(c, o);
	}
	return exchange_outcome_seen(c);
}

static enum outcome consult_dial(struct turn *t, struct call *c, const struct order *o,
				 const struct whom *w)
{
	memset(c->out, 0, sizeof(c->out));
	if (w->outside) {
		TEXT_COPY(c->out, w->outside);
		c->from_ext = exchange_position_account(t, c, o->p);
		return exchange_trunk_next(t, c) ? OUTCOME_ANSWERED : OUTCOME_UNREACHABLE;
	}
	if (w->d)
		return consult_department(t, c, w->d);
	if (w->p && !w->p->name[0])
		return OUTCOME_VACANT;
	if (guarded(t, c, w->p) && exchange_consent_forbidden(t, c, w->p->id))
		return OUTCOME_REFUSED; /* an instruction of the day: he isn't asked */
	return consult_phone(t, c, w->e);
}

DESK_DOES(exchange_do_consult)
{
	struct whom w;
	enum refusal r;
	enum outcome out;

	if (!exchange_whom(t, c, o->ev, &w))
		return REFUSAL_NO_TARGET;
	r = consult_check(t, c, o, &w);
	if (r != REFUSAL_NONE)
		return r;
	TEXT_COPY(c->show, o->ev->command.text);
	consult_names(t, c, &w);
	out = consult_dial(t, c, o, &w);
	if (out != OUTCOME_ANSWERED) {
		exchange_article4_outcome(t, c, out);
		return REFUSAL_NONE;
	}
	exchange_call_goto(t, c, CALL_CONSULT);
	exchange_timer_arm(t, c, TIMER_STATE,
			   w.outside ? OUT_RING_MS
				     : (int64_t)exchange_call_measures(t, c)->target_ring_ms);
	exchange_desk_say(c, PHRASE_ONE_MOMENT, CLAUSE_A4_1_3);
	exchange_call_step(t, c, STEP_CONSULTATION, CLAUSE_A4_1_3);
	exchange_desk_sound(t, c);
	return REFUSAL_NONE;
}

static void consult_answered(struct turn *t, struct call *c, struct leg *l)
{
	const struct directory_person *g = exchange_guard_of(t, c, l->extension);

	exchange_timer_disarm(t, c, TIMER_STATE);
	c->peer = exchange_leg_index(t, l);
	c->desk |= DESK_CONSULTED;
	if (g && g->id == c->person)
		c->desk |= DESK_OWN;
	exchange_call_step(t, c, STEP_CONSULTED, CLAUSE_A4_1_3);
	exchange_call_touch(t, c);
	exchange_desk_sound(t, c);
}

void exchange_desk_consult_on(struct turn *t, struct call *c, const struct cue *cue)
{
	if (cue->kind == CUE_UP) {
		consult_answered(t, c, cue->leg);
	} else if (cue->kind == CUE_TIMER) {
		exchange_article4_outcome(t, c, OUTCOME_NO_ANSWER);
	} else if (cue->kind == CUE_DOWN && (c->desk & DESK_CONSULTED)) {
		exchange_desk_back(t, c); /* the operator knows what was said, and notes it */
	} else if (cue->kind == CUE_DOWN) {
		exchange_article4_outcome(t, c, cue->outcome);
	} else if (cue->kind == CUE_PLAYED || cue->kind == CUE_HEADSET) {
		exchange_desk_on(t, c, cue);
	}
}

/* ---- what it came to ---- */

/* Whether caller and consulted may be together; consent (b) counts when it is `given` with it. */
static enum refusal pair_check(struct turn *t, struct call *c, const struct leg *peer, bool given)
{
	const struct leg *caller = exchange_call_caller(t, c);
	const struct directory_person *g = exchange_guard_of(t, c, peer->extension);
	const struct directory_person *back = exchange_guard_of(t, c, caller->extension);
	bool own_act = (caller->flags & LEG_IN) && !(c->flags & CALL_TRANSFERRED);

	if (caller->trunk && peer->trunk && !exchange_call_measures(t, c)->trunk_to_trunk)
		return REFUSAL_CLASS;
	if (exchange_guard_applies(t, c, caller, g) && c->consent_person != g->id &&
	    !(given && (c->desk & DESK_OWN) && c->person == g->id &&
	      measures_reach(g->post) == REACH_SCREENED))
		return REFUSAL_CONSENT;
	if (exchange_guard_applies(t, c, peer, back) && c->consent_person != back->id && !own_act)
		return REFUSAL_CONSENT;
	return REFUSAL_NONE;
}

static bool complains_elsewhere(const struct turn *t, const struct call *c)
{
	return (c->flags & CALL_COMPLAINT) && c->to != TO_CUSTOMER && !FAULT(FAULT_DESK_COMPLAINT);
}

static void outcome_step(struct turn *t, struct call *c, enum desk_outcome v)
{
	exchange_call_step(t, c, STEP_CONSULT_OUTCOME, CLAUSE_A4_1_3)->step.value = v;
}

/* Agreed, and still on the line. */
static enum refusal agreed_join(struct turn *t, struct call *c, struct leg *peer)
{
	const struct directory_person *g = exchange_guard_of(t, c, peer->extension);
	enum refusal r = pair_check(t, c, peer, true);

	if (r != REFUSAL_NONE)
		return r;
	outcome_step(t, c, DESK_AGREED);
	if (exchange_guard_applies(t, c, exchange_call_caller(t, c), g) &&
	    c->consent_person != g->id)
		exchange_consent_give(t, c, g->id, 2);
	exchange_talk_start(t, c, peer);
	return REFUSAL_NONE;
}

/* Agreed, and hung up: the phone is rung once more, with the consent. */
static enum refusal agreed_ring(struct turn *t, struct call *c)
{
	const struct directory_person *p =
	    directory_person(exchange_call_directory(t, c), c->person);

	if (guarded(t, c, p) && !(c->desk & DESK_OWN) && c->consent_person != p->id)
		return REFUSAL_CONSENT;
	if (!(c->desk & DESK_CONSULTED) || !c->ext)
		return REFUSAL_NOT_NOW;
	outcome_step(t, c, DESK_AGREED);
	if (guarded(t, c, p)) {
		if (c->consent_person != p->id)
			exchange_consent_give(t, c, p->id, 2);
		exchange_desk_guarded(t, c, p);
	} else if (c->department) { /* a member's own forward isn't the department's answer */
		exchange_target_seek(t, c, (struct target){TARGET_DEPARTMENT, c->department});
	} else {
		exchange_target_seek(t, c, (struct target){TARGET_EXTENSION, c->ext});
	}
	return REFUSAL_NONE;
}

static enum refusal agreed(struct turn *t, struct call *c)
{
	struct leg *peer = exchange_call_peer(t, c), *rings = exchange_leg_at(t, c->first_leg);

	if (complains_elsewhere(t, c))
		return REFUSAL_CUSTOMER_SERVICE;
	if (peer)
		return agreed_join(t, c, peer);
	if (c->state == CALL_DESK)
		return agreed_ring(t, c);
	if (FAULT(FAULT_DESK_CONSENT_UNANSWERED) && rings) {
		exchange_consent_give(t, c, c->person, 2);
		exchange_call_goto(t, c, CALL_TARGET);
		exchange_timer_arm(t, c, TIMER_STATE, OUT_RING_MS);
		exchange_desk_sound(t, c);
		return REFUSAL_NONE;
	}
	return guarded(t, c, directory_person(exchange_call_directory(t, c), c->person))
		   ? REFUSAL_CONSENT
		   : REFUSAL_NOT_NOW;
}

static void outcome_later(struct turn *t, struct call *c)
{
	exchange_call_step(t, c, STEP_CALL_BACK_PROMISED, CLAUSE_A4_1_3);
	c->outcome = EXCHANGE_LATER;
	exchange_desk_say(c, PHRASE_NONE, CLAUSE_A4_1_3);
	exchange_desk_back(t, c);
}

static void outcome_noted(struct turn *t, struct call *c, enum desk_outcome v)
{
	static const uint8_t outcomes[DESK_OUTCOME_COUNT] = {
	    [DESK_REFUSED] = OUTCOME_REFUSED,
	    [DESK_ABSENT] = OUTCOME_NO_ANSWER,
	    [DESK_BUSY] = OUTCOME_BUSY,
	};

	outcome_step(t, c, v);
	c->desk &= (uint8_t)~(DESK_CONSULTED | DESK_OWN);
	if (v == DESK_LATER) {
		outcome_later(t, c);
		return;
	}
	if (v == DESK_REFUSED)
		exchange_call_step(t, c, STEP_CONSENT_REFUSED, CLAUSE_A4_1_3);
	exchange_article4_outcome(t, c, (enum outcome)outcomes[v]);
}

DESK_DOES(exchange_do_outcome)
{
	enum desk_outcome v = (enum desk_outcome)o->ev->command.value;
	enum refusal r;

	if (c->state == CALL_DESK && !(c->desk & DESK_CONSULTED) && !c->person && !c->ext &&
	    !c->department && !c->asked_person)
		return REFUSAL_NOT_NOW; /* nobody was asked */
	switch (v) {
	case DESK_AGREED:
		return agreed(t, c);
	case DESK_OTHER:
		r = exchange_do_put_through(t, c, o);
		return r;
	case DESK_REFUSED:
	case DESK_LATER:
	case DESK_ABSENT:
	case DESK_BUSY:
		outcome_noted(t, c, v);
		return REFUSAL_NONE;
	case DESK_OUTCOME_COUNT:
		break;
	}
	return REFUSAL_NOT_NOW;
}

/* Consent (e) for a name: the operator confirms that this is who was meant. */
DESK_DOES(exchange_do_consent_by_name)
{
	const struct instruction *in = exchange_instruction_by_name(t, o->ev->command.value);
	const struct directory_person *p =
	    in ? directory_person(exchange_call_directory(t, c), in->person) : NULL;

	if (!p)
		return REFUSAL_CONSENT;
	if (measures_reach(p->post) != REACH_SCREENED)
		return REFUSAL_SECRETARY;
	c->to = TO_GENERAL_MANAGER;
	c->asked_person = c->person = p->id;
	c->asked_department = c->department = 0;
	c->ext = p->extension;
	exchange_consent_give(t, c, p->id, 5);
	exchange_call_touch(t, c);
	return REFUSAL_NONE;
}

/* ---- three ---- */

DESK_DOES(exchange_do_conference)
{
	struct leg *peer = exchange_call_peer(t, c);
	enum refusal r;

	if (!peer || !exchange_position_ear(t, o->p))
		return REFUSAL_NOT_NOW;
	if (complains_elsewhere(t, c))
		return REFUSAL_CUSTOMER_SERVICE;
	r = pair_check(t, c, peer, false);
	if (r == REFUSAL_CONSENT)
		return r; /* outside and outside may be together while the operator is there */
	exchange_consent_dialled(t, c, peer);
	exchange_call_goto(t, c, CALL_THREE);
	exchange_desk_sound(t, c);
	exchange_call_step(t, c, STEP_CONFERENCE, CLAUSE_HOUSE);
	return REFUSAL_NONE;
}

DESK_DOES(exchange_do_leave)
{
	struct leg *peer = exchange_call_peer(t, c);
	enum refusal r = peer ? pair_check(t, c, peer, false) : REFUSAL_NOT_NOW;

	(void)o;
	if (r == REFUSAL_NONE)
		exchange_talk_start(t, c, peer);
	return r;
}
