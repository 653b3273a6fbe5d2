/*
 * Consent (A4.1.3), one meaning everywhere; and who is guarded.
 *
 * Guarded: whoever holds a post that is reached by screening or by a secretary, at every extension
 * that is theirs. A party is kept from them when it came over a trunk, or is an inside phone that
 * asked the switchboard (screen_inside). consent_person is whom this call holds a consent for; it
 * is given by exchange_consent_give alone, with one of the facts (a) to (e) as 1 to 5, and ends
 * when the pair is parted.
 */
#include "exchange/priv.h"

const struct directory_person *exchange_guard_of(const struct turn *t, const struct call *c,
						 uint32_t extension)
{
	const struct directory *d = exchange_call_directory(t, c);
	const struct directory_extension *e = directory_extension(d, extension);
	const struct directory_person *p = e ? directory_person(d, e->person) : NULL;
	enum reach reach = p ? measures_reach(p->post) : REACH_STRAIGHT;

	return reach == REACH_SCREENED || reach == REACH_SECRETARY ? p : NULL;
}

bool exchange_guard_applies(const struct turn *t, const struct call *c, const struct leg *party,
			    const struct directory_person *guarded)
{
	if (!guarded)
		return false;
	if (party->trunk)
		return true;
	if (!(party->flags & LEG_BY_MAIN))
		return false;
	return measures_reach(guarded->post) == REACH_SECRETARY ||
	       exchange_call_measures(t, c)->screen_inside;
}

bool exchange_guard_caller(const struct turn *t, const struct call *c, uint32_t extension)
{
	const struct leg *l = exchange_call_caller(t, c);

	return l && exchange_guard_applies(t, c, l, exchange_guard_of(t, c, extension));
}

static enum clause consent_clause(const struct turn *t, const struct call *c, uint32_t person)
{
	const struct directory_person *p = directory_person(exchange_call_directory(t, c), person);

	return p && measures_reach(p->post) == REACH_SECRETARY ? CLAUSE_A4_1_4 : CLAUSE_A4_1_3;
}

void exchange_consent_give(struct turn *t, struct call *c, uint32_t person, unsigned fact)
{
	struct effect *e;

	c->consent_person = person;
	c->consent = (uint8_t)fact;
	e = exchange_call_step(t, c, STEP_CONSENT, consent_clause(t, c, person));
	e->step.person = person;
	e->step.value = (int32_t)fact;
}

/* (d): the guarded person's own act - dialled out, picked up, retrieved. */
void exchange_consent_own_act(struct turn *t, struct call *c, const struct leg *guarded)
{
	const struct directory_person *p = exchange_guard_of(t, c, guarded->extension);

	if (p && c->consent_person != p->id)
		exchange_consent_give(t, c, p->id, 4);
}

/* The guarded person dialled this party: the own act of (d), unless somebody sent him there. */
void exchange_consent_dialled(struct turn *t, struct call *c, const struct leg *peer)
{
	const struct leg *caller = exchange_call_caller(t, c);

	if (!(c->flags & CALL_TRANSFERRED) && (caller->flags & LEG_IN) &&
	    exchange_guard_applies(t, c, peer, exchange_guard_of(t, c, caller->extension)))
		exchange_consent_own_act(t, c, caller);
}

bool exchange_consent_holds(struct turn *t, struct call *c, const struct leg *a,
			    const struct leg *b)
{
	const struct directory_person *pa = exchange_guard_of(t, c, a->extension);
	const struct directory_person *pb = exchange_guard_of(t, c, b->extension);

	if (exchange_guard_applies(t, c, b, pa) && c->consent_person != pa->id)
		return false;
	return !exchange_guard_applies(t, c, a, pb) || c->consent_person == pb->id;
}

/* (e): a dated instruction for this number. */
bool exchange_consent_instruction(struct turn *t, struct call *c, uint32_t person)
{
	const struct leg *caller = exchange_call_caller(t, c);

	if (!caller->number[0])
		return false;
	for (unsigned i = 0; i < EXCHANGE_INSTRUCTIONS; i++) {
		const struct instruction *in = &t->x->instruction[i];

		if (in->person == person && !in->refuse && !in->by_name &&
		    text_eq(in->number, caller->number) &&
		    (!in->until_ms || in->until_ms > t->now->wall_ms))
			return true;
	}
	return false;
}

/* A dated instruction not to be asked, by this number or by anybody. */
bool exchange_consent_forbidden(struct turn *t, struct call *c, uint32_t person)
{
	const struct leg *caller = exchange_call_caller(t, c);

	for (unsigned i = 0; i < EXCHANGE_INSTRUCTIONS; i++) {
		const struct instruction *in = &t->x->instruction[i];

		if (in->person == person && in->refuse &&
		    (!in->number[0] || text_eq(in->number, caller->number)) &&
		    (!in->until_ms || in->until_ms > t->now->wall_ms))
			return true;
	}
	return false;
}

const struct instruction *exchange_instruction_by_name(const struct turn *t, uint32_t id)
{
	for (unsigned i = 0; i < EXCHANGE_INSTRUCTIONS; i++) {
		const struct instruction *in = &t->x->instruction[i];

		if (id && in->person && in->id == id && in->by_name && !in->refuse &&
		    (!in->until_ms || in->until_ms > t->now->wall_ms))
			return in;
	}
	return NULL;
}

void exchange_consent_missing(struct turn *t, struct call *c, uint32_t person)
{
	struct effect *e =
	    exchange_call_step(t, c, STEP_CONSENT_MISSING, consent_clause(t, c, person));

	if (person)
		e->step.person = person;
}
