/*
 * Transfers: REFER (RFC 3515), REFER with Replaces, INVITE with Replaces (RFC 3891). They arrive as
 * requests and are granted or refused here.
 *
 * Invariants
 * 1. Only an inside phone that is in CALL_TALK may ask; never a trunk.
 * 2. Nobody comes to a guarded principal by a transfer that the principal didn't consent to:
 *    blind, the caller takes the way of every caller (screening, secretary); attended, only after
 *    the principal answered, by a role that the measures name (consent c), for a chairman by the
 *    own secretary; by anybody else through the announcement and `1`.
 * 3. Outside and outside are joined only when the measures say so.
 * 4. The other party's call goes on, as the same call; what is left over ends as merged.
 */
#include "exchange/priv.h"

static void refer_answer(struct turn *t, const struct leg *by, uint16_t code)
{
	exchange_effect_add(t, FX_REFER_ANSWER, by)->code.code = code;
}

static void refer_refuse(struct turn *t, struct call *c, const struct leg *by, const char *number)
{
	struct effect *e = exchange_call_step(t, c, STEP_TRANSFER_REFUSED, CLAUSE_HOUSE);

	e->step.extension = by->extension;
	TEXT_COPY(e->step.text, number);
	refer_answer(t, by, 603);
}

static void refer_refuse_consent(struct turn *t, struct call *c, const struct leg *by,
				 uint32_t person, const char *number)
{
	exchange_consent_missing(t, c, person);
	refer_refuse(t, c, by, number);
}

static void refer_grant(struct turn *t, struct leg *by)
{
	refer_answer(t, by, 202);
	exchange_effect_add(t, FX_REFER_NOTIFY, by)->code.code = 200;
	exchange_leg_end(t, by, 0, END_TRANSFERRED);
}

static struct leg *other_party(struct turn *t, struct call *c, const struct leg *l)
{
	struct leg *caller = exchange_call_caller(t, c);

	return caller == l ? exchange_call_peer(t, c) : caller;
}

/* The one who is left becomes the caller, in the switchboard's hands (Article 4). */
static void party_stays(struct turn *t, struct call *c, struct leg *party)
{
	if (exchange_call_caller(t, c) != party)
		exchange_leg_move(t, party, c, ROLE_CALLER);
	exchange_call_identity(t, c);
	c->flags |= CALL_ATTENDED | CALL_TRANSFERRED;
	c->consent_person = 0;
	c->hops = 0;
	c->wait_due_ms = 0;
	memset(c->out, 0, sizeof(c->out));
}

static const struct directory_person *person_of(const struct turn *t, const struct call *c,
						const struct leg *l)
{
	const struct directory *d = exchange_call_directory(t, c);
	const struct directory_extension *e = directory_extension(d, l->extension);

	return e ? directory_person(d, e->person) : NULL;
}

static void transferred(struct turn *t, struct call *c, uint32_t by, const char *number)
{
	struct effect *e = exchange_call_step(t, c, STEP_TRANSFERRED, CLAUSE_HOUSE);

	e->step.extension = by;
	TEXT_COPY(e->step.text, number);
}

/* ---- blind ---- */

static bool blind_outside_allowed(struct turn *t, struct call *c, const struct leg *by,
				  const struct leg *party, const char *digits)
{
	const struct measures *m = exchange_call_measures(t, c);
	const struct directory_extension *e =
	    directory_extension(exchange_call_directory(t, c), by->extension);
	enum service_class need = measures_class_needed(m, digits);

	if (party->trunk && !m->trunk_to_trunk)
		return false;
	return e && need < CLASS_COUNT && need <= e->service_class &&
	       !exchange_guard_of(t, c, party->extension);
}

static void blind_outside(struct turn *t, struct call *c, struct leg *by, struct leg *party,
			  const char *number)
{
	const struct directory_person *p = person_of(t, c, by);
	const char *digits = exchange_outside_digits(exchange_call_measures(t, c), number);
	uint32_t account = by->extension;

	if (!digits || !blind_outside_allowed(t, c, by, party, digits)) {
		refer_refuse(t, c, by, number);
		return;
	}
	refer_grant(t, by);
	party_stays(t, c, party);
	transferred(t, c, account, number);
	c->asked_person = p ? p->id : 0; /* a message would be for who sent him on */
	exchange_trunk_start(t, c, account, digits);
}

/* A chairman is never reached blind, not by the own secretary either (A4.1.4); others' callers
 * take the way to the secretary. */
static bool blind_refused(struct turn *t, struct call *c, const struct leg *by,
			  const struct leg *party, struct target tg)
{
	const struct directory_person *g =
	    tg.kind == TARGET_EXTENSION ? exchange_guard_of(t, c, tg.id) : NULL;
	const struct directory_person *p = person_of(t, c, by);

	return exchange_guard_applies(t, c, party, g) &&
	       measures_reach(g->post) == REACH_SECRETARY && p && g->secretary == p->id &&
	       !FAULT(FAULT_CONSENT_BLIND);
}

static void blind_park(struct turn *t, struct call *c, struct leg *by, struct leg *party, int slot,
		       const char *number)
{
	uint32_t parker = by->extension;

	if (slot < 0 || t->x->park[slot] != NONE16) {
		refer_refuse(t, c, by, number);
		return;
	}
	refer_grant(t, by);
	party_stays(t, c, party);
	exchange_park_put(t, c, party, slot, parker);
}

static void blind_inside(struct turn *t, struct call *c, struct leg *by, struct leg *party,
			 const char *number)
{
	const struct measures *m = exchange_call_measures(t, c);
	struct target tg = directory_number(exchange_call_directory(t, c), number);
	bool main_number = text_eq(number, m->main_number) || text_eq(number, m->operator_number);
	uint32_t account = by->extension;

	if (blind_refused(t, c, by, party, tg)) {
		refer_refuse_consent(t, c, by, exchange_guard_of(t, c, tg.id)->id, number);
		return;
	}
	if (tg.kind == TARGET_NONE && !main_number) {
		blind_outside(t, c, by, party, number);
		return;
	}
	refer_grant(t, by);
	party_stays(t, c, party);
	transferred(t, c, account, number);
	if (main_number)
		exchange_attendant_start(t, c);
	else
		exchange_target_seek(t, c, tg);
}

static void transfer_blind(struct turn *t, struct call *c, struct leg *by, const char *number)
{
	const struct measures *m = exchange_call_measures(t, c);
	struct leg *party = other_party(t, c, by);
	int slot = exchange_park_slot(m, number);

	if (slot >= 0)
		blind_park(t, c, by, party, slot, number);
	else if (m->code_park[0] && text_eq(number, m->code_park))
		blind_park(t, c, by, party, exchange_park_free(t, m), number);
	else
		blind_inside(t, c, by, party, number);
}

/* ---- attended ---- */

/* What an attended transfer of two parties comes to. */
enum grant { GRANT_JOIN, GRANT_CONSENT, GRANT_ANNOUNCE, GRANT_REFUSE };

static enum grant attended_grant(struct turn *t, struct call *c, const struct leg *by,
				 const struct leg *principal, const struct leg *party)
{
	const struct directory_person *g = exchange_guard_of(t, c, principal->extension);
	const struct directory_person *p = person_of(t, c, by);

	if (!exchange_guard_applies(t, c, party, g))
		return GRANT_JOIN;
	if (measures_reach(g->post) == REACH_SECRETARY)
		return p && g->secretary == p->id ? GRANT_CONSENT : GRANT_REFUSE;
	if (p && (exchange_call_measures(t, c)->consent_posts & POST_BIT(p->post)))
		return GRANT_CONSENT;
	return GRANT_ANNOUNCE;
}

/* Both ends of the transferer go; x stays in c, y comes out of `from`, which ends. */
static void attended_join(struct turn *t, struct call *c, struct call *from, struct leg *x,
			  struct leg *y, enum grant grant)
{
	const struct directory_person *p = person_of(t, c, y);

	party_stays(t, c, x);
	exchange_leg_move(t, y, c, grant == GRANT_ANNOUNCE ? ROLE_CONSULT : ROLE_TARGET);
	text_append(exchange_call_step(t, from, STEP_MERGED, CLAUSE_HOUSE)->step.text, EVENT_NUMBER,
		    "%llu", (unsigned long long)c->call_no);
	exchange_call_finish(t, from, 0, END_MERGED);
	exchange_leg_silence(t, x);
	exchange_leg_silence(t, y);
	c->to = TO_ORDINARY;
	c->ext = y->extension;
	c->person = p ? p->id : 0;
	c->department = 0;
	if (grant == GRANT_ANNOUNCE) {
		c->to = TO_GENERAL_MANAGER;
		c->asked_person = c->person;
		c->asked_department = 0;
		exchange_call_goto(t, c, CALL_CONSULT);
		exchange_leg_music(t, x);
		exchange_screening_announce(t, c, y);
		return;
	}
	if (grant == GRANT_CONSENT)
		exchange_consent_give(t, c, c->person, 3);
	if (FAULT(FAULT_CONSENT_REFER))
		c->consent_person = c->person;
	if (!exchange_talk_start(t, c, y))
		return;
	exchange_leg_show(t, x, y->number, y->name);
	exchange_leg_show(t, y, x->number, x->name);
}

static void attended_talk(struct turn *t, struct call *c, struct leg *by, struct leg *mine)
{
	struct call *c2 = &t->calls[mine->call];
	struct leg *x = other_party(t, c, by), *y = other_party(t, c2, mine);
	enum grant forth = attended_grant(t, c, by, y, x), back = attended_grant(t, c2, by, x, y);
	const struct directory_person *g =
	    exchange_guard_of(t, c, forth != GRANT_JOIN ? y->extension : x->extension);
	uint32_t account = by->extension;

	if (FAULT(FAULT_CONSENT_REFER))
		forth = back = GRANT_JOIN;
	if (x->trunk && y->trunk && !exchange_call_measures(t, c)->trunk_to_trunk) {
		refer_refuse(t, c, by, y->number);
		return;
	}
	if (forth == GRANT_REFUSE || back == GRANT_REFUSE) {
		refer_refuse_consent(t, c, by, g ? g->id : 0, y->number);
		return;
	}
	refer_grant(t, by);
	exchange_leg_end(t, mine, 0, END_TRANSFERRED);
	if (back != GRANT_JOIN) { /* the principal is in c: the caller's call is the other one */
		struct call *swap = c;
		struct leg *leg = x;

		c = c2;
		c2 = swap;
		x = y;
		y = leg;
		forth = back;
	}
	transferred(t, c, account, y->number);
	attended_join(t, c, c2, x, y, forth);
}

static void transfer_attended(struct turn *t, struct call *c, struct leg *by, struct leg *mine)
{
	struct call *c2 = &t->calls[mine->role == ROLE_POSITION ? by->call : mine->call];
	char number[EVENT_NUMBER];

	if (mine->role == ROLE_POSITION || c2 == c || mine->ext != by->ext || mine->ext == NONE16) {
		refer_refuse(t, c, by, mine->number);
	} else if (c2->state == CALL_TALK) {
		attended_talk(t, c, by, mine);
	} else if (c2->state == CALL_TARGET && c2->caller == exchange_leg_index(t, mine)) {
		/* it still rings: as if transferred blind, and what rang for the transferer ends */
		TEXT_COPY(number, c2->dialled);
		transfer_blind(t, c, by, number);
		if (c2->state == CALL_TARGET)
			exchange_call_finish(t, c2, 487, END_TRANSFERRED);
	} else {
		refer_refuse(t, c, by, mine->number);
	}
}

void exchange_transfer_refer(struct turn *t, struct leg *by, const struct event *ev)
{
	struct call *c = &t->calls[by->call];
	struct leg *mine;

	if (!by->extension || c->state != CALL_TALK || (c->flags & CALL_EMERGENCY)) {
		refer_refuse(t, c, by, ev->refer.number);
		return;
	}
	if (!ev->refer.replaces) {
		transfer_blind(t, c, by, ev->refer.number);
		return;
	}
	mine = exchange_leg_find(t, ev->refer.replaces);
	if (mine)
		transfer_attended(t, c, by, mine);
	else
		refer_refuse(t, c, by, ev->refer.number);
}

/* ---- INVITE with Replaces ---- */

static void replaces_refuse(struct turn *t, struct call *c, uint16_t code, enum exchange_end why)
{
	exchange_call_step(t, c, STEP_REJECTED, CLAUSE_HOUSE)->step.value = code;
	exchange_call_finish(t, c, code, why);
}

static bool replaces_allowed(const struct turn *t, const struct call *c, const struct leg *l)
{
	const struct directory *d = exchange_call_directory(t, c);
	const struct directory_extension *mine =
	    directory_extension(d, exchange_call_caller(t, c)->extension);
	const struct directory_extension *theirs = directory_extension(d, l->extension);

	return mine && theirs &&
	       (mine == theirs || (mine->person && mine->person == theirs->person) ||
		(mine->pickup_group && mine->pickup_group == theirs->pickup_group));
}

/* The new phone takes the replaced one's place beside the other party. */
static void replaces_talk(struct turn *t, struct call *c, struct leg *l)
{
	struct call *into = &t->calls[l->call];
	struct leg *party = other_party(t, into, l), *mine = exchange_call_caller(t, c);

	if (party == mine) {
		replaces_refuse(t, c, 481, END_NOT_PERMITTED);
		return;
	}
	exchange_call_merge(t, c, into, END_MERGED);
	exchange_leg_end(t, l, 0, END_TRANSFERRED);
	party_stays(t, into, party);
	exchange_call_step(t, into, STEP_PICKED_UP, CLAUSE_HOUSE)->step.extension = mine->extension;
	if (exchange_guard_applies(t, into, party, exchange_guard_of(t, into, mine->extension)))
		exchange_consent_own_act(t, into, mine);
	if (!exchange_talk_start(t, into, mine))
		return;
	exchange_leg_show(t, mine, party->number, party->name);
	exchange_leg_show(t, party, mine->number, mine->name);
}

void exchange_transfer_replaces(struct turn *t, struct call *c, const struct event *ev)
{
	struct leg *l = exchange_leg_find(t, ev->invite.replaces);

	if (!l || l->role == ROLE_POSITION || l == exchange_call_caller(t, c)) {
		replaces_refuse(t, c, 481, END_VACANT_NUMBER);
	} else if (!replaces_allowed(t, c, l)) {
		replaces_refuse(t, c, 403, END_NOT_PERMITTED);
	} else if (l->role == ROLE_CONSULT && !FAULT(FAULT_CONSENT_PICKUP)) {
		exchange_consent_missing(t, c, t->calls[l->call].person);
		replaces_refuse(t, c, 403, END_NOT_PERMITTED);
	} else if (l->state == LEG_UP && ev->invite.replaces_early_only) {
		replaces_refuse(t, c, 486, END_BUSY); /* RFC 3891, section 3 */
	} else if (t->calls[l->call].state == CALL_TALK) {
		replaces_talk(t, c, l);
	} else if (t->calls[l->call].state == CALL_TARGET && l->role == ROLE_TARGET) {
		exchange_pickup_leg(t, c, l);
	} else {
		replaces_refuse(t, c, 481, END_VACANT_NUMBER);
	}
}
