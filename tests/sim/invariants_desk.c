/* The witness at the desk: commands, hands, who hears whom, duty. */
#include "invariants.h"

#include <string.h>

#include "base/text.h"

bool watch_view(const struct exchange *x, uint64_t call_no, struct exchange_call_view *v)
{
	for (uint32_t i = 0; call_no && i < exchange_call_slots(x); i++)
		if (exchange_call_view(x, i, v) && v->call_no == call_no)
			return true;
	return false;
}

bool watch_is_service(const struct watch *w, uint32_t extension)
{
	const struct directory_department *d =
		directory_department(&w->world->d, w->world->m.customer_service_department);

	for (unsigned i = 0; d && i < d->member_count; i++)
		if (d->members[i] == extension)
			return true;
	return false;
}

/* ---- before the event ---- */

/* Which call ANSWER takes, its answer says. */
static void owners_before(struct watch *w, const struct exchange *x)
{
	struct exchange_call_view v;
	struct watch_call *c;

	for (uint32_t i = 0; i < exchange_call_slots(x); i++) {
		c = exchange_call_view(x, i, &v) ? watch_call(w, v.call_no) : NULL;
		if (!c)
			continue;
		c->owner = (uint8_t)v.position;
		c->bay = v.bay;
	}
}

/* The call that a command means: in hand when it names none. */
static void command_before(struct watch *w, const struct exchange *x, const struct event *ev)
{
	struct exchange_position_view p;
	struct exchange_call_view v;
	uint64_t call_no = ev->command.call_no;

	if (ev->command.what == COMMAND_ANSWER) {
		owners_before(w, x);
		return;
	}
	if (!call_no && exchange_position_view(x, ev->command.position, &p))
		call_no = p.call_no;
	if (!watch_view(x, call_no, &v))
		return;
	w->met = (struct watch_met){.position = (uint8_t)v.position,
				    .complaint = v.complaint, .known = 1, .rev = v.rev};
}

/* Who came on duty has a page; a page or a sound that is lost ends it until it is back. */
static void duty_before(struct watch *w, const struct event *ev)
{
	uint8_t *p = &w->position[(ev->desk.position - 1) % WATCH_POSITIONS];

	switch (ev->desk.act) {
	case DESK_ON:
	case DESK_BACK:
		*p = (uint8_t)((*p | WPOS_ON) & ~WPOS_NO_PAGE);
		break;
	case DESK_OFF:
	case DESK_AWAY:
		*p &= (uint8_t)~WPOS_ON;
		break;
	case DESK_PAGE_LOST:
		*p |= WPOS_NO_PAGE;
		break;
	case DESK_PAGE_BACK:
		*p &= (uint8_t)~WPOS_NO_PAGE;
		break;
	case DESK_HEADSET:
	case DESK_PHONE:
	case DESK_SOUND_LOST:
	case DESK_SOUND_BACK:
	case DESK_ACT_COUNT:
		break;
	}
}

/* The general manager answers an operator's private line, at a number of his own. */
static void consulted_before(struct watch *w, const struct exchange *x, const struct watch_leg *l)
{
	const struct directory_person *g = watch_owner(w, l->extension);
	struct watch_call *c = &w->call[l->call % WATCH_CALLS];
	struct exchange_call_view v;

	if (!(l->flags & WLEG_CONSULT) || !g || g->post != POST_GENERAL_MANAGER)
		return;
	if (watch_view(x, c->call_no, &v) && v.position)
		c->asked = (uint8_t)g->id;
}

void watch_desk_before(struct watch *w, const struct exchange *x, const struct event *ev)
{
	const struct watch_leg *l = ev->kind == EV_ANSWERED ? watch_leg(w, ev->leg) : NULL;

	w->refused = false;
	memset(&w->met, 0, sizeof(w->met));
	if (ev->kind == EV_COMMAND)
		command_before(w, x, ev);
	else if (ev->kind == EV_DESK && ev->desk.position >= 1 &&
		 ev->desk.position <= WATCH_POSITIONS)
		duty_before(w, ev);
	else if (l && !(l->flags & WLEG_UP))
		consulted_before(w, x, l);
}

/* ---- commands ---- */

static bool answers_anothers(const struct watch_call *c, const struct event *ev)
{
	return c && c->owner && c->owner != ev->command.position && c->bay != BAY_RETURNED &&
	       c->bay != BAY_PARKED && c->bay != BAY_ATTENDANT;
}

static void carried_out(struct watch *w, const struct event *ev, const struct watch_call *c)
{
	const struct watch_met *m = &w->met;
	bool answer = ev->command.what == COMMAND_ANSWER, dial = ev->command.what == COMMAND_DIAL;

	if (answer && answers_anothers(c, ev))
		watch_wrong(w, "a second operator has got the call too");
	if (answer || dial)
		return;
	if (ev->command.what != COMMAND_REMIND_LATER && /* any operator's */
	    (!m->known || m->position != ev->command.position))
		watch_wrong(w, "a command was carried out for another's call");
	if (ev->command.rev && ev->command.rev != m->rev)
		watch_wrong(w, "a command of a page that had seen another state");
}

/* What the operator's word counts for, and for how long. */
static void facts_change(const struct event *ev, struct watch_call *c)
{
	switch (ev->command.what) {
	case COMMAND_ANSWER:
		if (c->owner != ev->command.position)
			c->asked = c->agreed = 0;
		break;
	case COMMAND_HAND_OVER:
	case COMMAND_PARK:
		c->asked = c->agreed = 0;
		break;
	case COMMAND_CONSULT:
	case COMMAND_PUT_THROUGH:
	case COMMAND_PULL_BACK:
		c->asked = 0;
		break;
	case COMMAND_OUTCOME:
		if (ev->command.value == DESK_AGREED && c->asked)
			c->agreed = c->asked;
		else if (ev->command.value != DESK_AGREED)
			c->asked = 0;
		break;
	case COMMAND_CONSENT_BY_NAME:
		if (ev->command.value == WORLD_BY_NAME)
			c->agreed = PERSON_GM;
		break;
	case COMMAND_LET_GO:
	case COMMAND_HOLD:
	case COMMAND_RETRIEVE:
	case COMMAND_SCREEN:
	case COMMAND_CONFERENCE:
	case COMMAND_LEAVE:
	case COMMAND_COMPLAINT:
	case COMMAND_WAIT_FREE:
	case COMMAND_CALL_BACK:
	case COMMAND_VOICE_MESSAGE:
	case COMMAND_MESSAGE_KEPT:
	case COMMAND_TOLD:
	case COMMAND_GREET:
	case COMMAND_REMIND_LATER:
	case COMMAND_DIAL:
	case COMMAND_HANG_UP:
	case COMMAND_COUNT:
		break;
	}
}

void watch_command(struct watch *w, const struct event *ev, const struct effects *fx,
		   const struct effect *answer)
{
	struct watch_call *c = watch_call(w, answer->command.call_no);

	if (ev->kind != EV_COMMAND || answer->command.serial != ev->command.serial ||
	    answer->command.position != ev->command.position) {
		watch_wrong(w, "an answer to a command that nobody gave");
		return;
	}
	w->refused = answer->command.refusal != REFUSAL_NONE;
	if (w->refused) {
		if (fx->count != 1)
			watch_wrong(w, "a command that was refused did something");
		return;
	}
	carried_out(w, ev, c);
	if (c)
		facts_change(ev, c);
	if (ev->command.what == COMMAND_CALL_BACK)
		w->promises++;
}

/* ---- who hears whom ---- */

static bool is_one_of(const char *state, const char *const *names)
{
	for (; *names; names++)
		if (text_eq(state, *names))
			return true;
	return false;
}

static void hears_nobody(struct watch *w, const struct watch_leg *l, const char *what)
{
	if (l && (l->joined || (l->flags & WLEG_CONFER)))
		watch_wrong(w, what);
}

static void consult_look(struct watch *w, const struct exchange_call_view *v,
			 const struct watch_leg *l)
{
	const struct watch_leg *other = watch_leg(w, l->joined);

	if ((l->flags & WLEG_CONFER) ||
	    (other && !((other->flags & WLEG_HEADSET) && other->position == v->position)))
		watch_wrong(w, "a consultation is heard by somebody else");
}

static void call_hears(struct watch *w, const struct exchange_call_view *v)
{
	static const char *const alone[] = {
		"held", "queue", "park", "ring", "wait", "fetch", "dial", "announce", "digits",
		"say", "ask", "screen", "enquiry", "hits", "record", "review", "keep", "notice",
		NULL};
	struct watch_leg *caller = watch_leg(w, v->caller);
	unsigned index = (unsigned)(v->call_no & 0xFF) - 1, three = 0;

	if (text_eq(v->state, "consult"))
		hears_nobody(w, caller, "the caller hears the consultation");
	else if (is_one_of(v->state, alone))
		hears_nobody(w, caller, "who waits hears somebody");
	for (unsigned i = 0; i < WATCH_LEGS; i++) {
		const struct watch_leg *l = &w->leg[i];

		if (!l->id || (l->flags & WLEG_HEADSET) || l->call != index)
			continue;
		three += (l->flags & WLEG_CONFER) != 0;
		if (text_eq(v->state, "consult") && l->id != v->caller)
			consult_look(w, v, l);
	}
	if (three && (three != 2 || !text_eq(v->state, "three")))
		watch_wrong(w, "three hear each other in a call that is no conference");
}

static void headset_hears(struct watch *w, const struct exchange *x, const struct watch_leg *l)
{
	const struct watch_leg *other = watch_leg(w, l->joined);
	struct exchange_position_view p;

	if (!other && !(l->flags & WLEG_CONFER))
		return;
	if (!exchange_position_view(x, l->position, &p) || p.headset != l->id || !p.call_no)
		watch_wrong(w, "a headset is joined, and nothing is in its hand");
	else if (other && w->call[other->call % WATCH_CALLS].call_no != p.call_no)
		watch_wrong(w, "a headset is joined to a call that isn't in its hand");
}

/* ---- hands and duty ---- */

static bool is_due(const struct exchange *x, const struct now *now)
{
	return exchange_next_due_ms(x) <= now->mono_ms;
}

static void call_look(struct watch *w, const struct exchange *x, const struct now *now,
		      const struct exchange_call_view *v)
{
	struct exchange_position_view p;
	bool hand = v->bay == BAY_IN_HAND;

	call_hears(w, v);
	if (hand && (!exchange_position_view(x, v->position, &p) || p.call_no != v->call_no))
		watch_wrong(w, "a call in hand that no position has");
	if (v->bay != BAY_HELD || is_due(x, now))
		return;
	if (!exchange_position_view(x, v->position, &p) || p.state == POSITION_OFF ||
	    p.state == POSITION_AWAY)
		watch_wrong(w, "held by a position that isn't there");
}

static void hands_look(struct watch *w, const struct exchange *x, uint16_t position,
		       const struct exchange_position_view *p)
{
	struct exchange_call_view v;

	if (!p->call_no)
		return;
	if (!watch_view(x, p->call_no, &v) || v.position != position || v.bay != BAY_IN_HAND)
		watch_wrong(w, "a call is in two hands, or in one that isn't its own");
}

static bool duty_look(struct watch *w, unsigned i, const struct exchange_position_view *p)
{
	uint8_t book = w->position[i];
	bool on = p->state == POSITION_ON || p->state == POSITION_WRAP_UP;

	if (on && (!(book & WPOS_ON) || (book & WPOS_NO_PAGE)))
		watch_wrong(w, "on duty, and has left or vanished");
	if ((book & WPOS_ON) && (p->state == POSITION_OFF || p->state == POSITION_AWAY))
		watch_wrong(w, "came on duty, and isn't");
	if ((book & WPOS_ON) && !(book & WPOS_NO_PAGE) && p->state == POSITION_LOST && p->sound)
		watch_wrong(w, "lost, with its page and its sound there");
	return on;
}

void watch_duty_step(struct watch *w, const struct effect *e)
{
	bool manual = e->step.step == STEP_MANUAL;

	if (e->step.step == STEP_CALL_BACK_DUE && w->promises)
		w->promises--;
	if (!manual && e->step.step != STEP_AUTOMATIC)
		return;
	if (w->manual == manual)
		watch_wrong(w, "manual or automatic, and it was so already");
	w->manual = manual;
}

void watch_state(struct watch *w, const struct exchange *x, const struct now *now)
{
	struct exchange_position_view p;
	struct exchange_call_view v;
	bool on = false, any = false;

	for (uint16_t i = 0; i < WATCH_POSITIONS; i++) {
		if (!exchange_position_view(x, (uint16_t)(i + 1), &p))
			continue;
		any = true;
		on |= duty_look(w, i, &p);
		hands_look(w, x, (uint16_t)(i + 1), &p);
	}
	if (on == exchange_automatic(x) || on != w->manual)
		watch_wrong(w, "the organisation's state isn't what its positions make it");
	if (!any)
		return;
	for (uint32_t i = 0; i < exchange_call_slots(x); i++)
		if (exchange_call_view(x, i, &v))
			call_look(w, x, now, &v);
	for (unsigned i = 0; i < WATCH_LEGS; i++)
		if (w->leg[i].id && (w->leg[i].flags & WLEG_HEADSET))
			headset_hears(w, x, &w->leg[i]);
}

/* The sentences after which a caller may be let go. */
bool watch_is_final(unsigned phrase)
{
	switch (phrase) {
	case PHRASE_GOODBYE:
	case PHRASE_MESSAGE_KEPT:
	case PHRASE_MESSAGE_NOT_KEPT:
	case PHRASE_CLOSING:
	case PHRASE_NOT_PERMITTED:
	case PHRASE_NO_TRUNK:
	case PHRASE_VACANT_NUMBER:
	case PHRASE_DND_ON:
	case PHRASE_DND_OFF:
	case PHRASE_FORWARD_ON:
	case PHRASE_FORWARD_OFF:
	case PHRASE_PARKED_AT:
		return true;
	}
	return false;
}

void watch_taped(struct watch *w, struct watch_leg *l, uint32_t serial)
{
	const uint16_t told = WLEG_IN | WLEG_UP | WLEG_NOTICE | WLEG_HEARD;

	if (!l->trunk || (l->flags & told) != told || l->joined)
		watch_wrong(w, "a call is recorded whose caller hasn't heard that it is");
	if (l->tape)
		watch_wrong(w, "a leg is taped twice");
	l->tape = serial;
}
