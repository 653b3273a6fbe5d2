#include "invariants.h"

#include <string.h>

#include "base/hash.h"
#include "base/text.h"

/* One step as the book sees it. */
struct sight {
	struct watch *w;
	const struct exchange *x;
	const struct event *ev;
	const struct effects *fx;
	const struct directory_person *by; /* who sent the REFER with Replaces, if one was */
	unsigned answers, binds, commands;
};

void watch_wrong(struct watch *w, const char *what)
{
	if (!w->wrong)
		w->wrong = what;
}

void watch_init(struct watch *w, const struct world *world)
{
	memset(w, 0, sizeof(*w));
	w->world = world;
}

uint64_t watch_call_no(struct watch *w)
{
	for (unsigned i = 0; i < WATCH_CALLS; i++)
		if (!w->call[i].call_no)
			return (w->last_no += 256) | (i + 1);
	return 0;
}

struct watch_leg *watch_leg(struct watch *w, leg_id id)
{
	unsigned i = id & 0xFFFF;

	return i && i <= WATCH_LEGS && w->leg[i - 1].id == id ? &w->leg[i - 1] : NULL;
}

struct watch_call *watch_call(struct watch *w, uint64_t call_no)
{
	unsigned i = call_no & 0xFF;

	return i && i <= WATCH_CALLS && w->call[i - 1].call_no == call_no ? &w->call[i - 1] : NULL;
}

static void leg_gone(struct watch *w, struct watch_leg *l)
{
	struct watch_leg *other = watch_leg(w, l->joined);

	if (other)
		other->joined = 0;
	memset(l, 0, sizeof(*l));
	w->legs--;
}

/* ---- who is guarded, and the facts that open the way ---- */

const struct directory_person *watch_owner(const struct watch *w, uint32_t extension)
{
	const struct directory_extension *e = directory_extension(&w->world->d, extension);

	return e ? directory_person(&w->world->d, e->person) : NULL;
}

static bool fact_transfer(const struct sight *s, const struct directory_person *g)
{
	if (!s->by)
		return false;
	if (g->post == POST_GENERAL_MANAGER)
		return s->w->world->m.consent_posts & POST_BIT(s->by->post);
	return g->secretary == s->by->id;
}

/* (b), or (e) for a name: noted by the operator who has the call, for who calls. */
static bool fact_noted(const struct sight *s, const struct directory_person *g,
		       const struct watch_leg *l, const struct watch_leg *party)
{
	const struct watch_call *c = &s->w->call[l->call % WATCH_CALLS];
	const struct event *ev = s->ev;

	if (l->call != party->call || (l->flags & WLEG_HEADSET))
		return false;
	if (c->agreed == g->id)
		return true;
	return ev->kind == EV_COMMAND && ev->command.what == COMMAND_OUTCOME &&
	       ev->command.value == DESK_AGREED && c->asked == g->id &&
	       (!ev->command.call_no || c->call_no == ev->command.call_no);
}

/* Some fact of (a) to (e) lets g, at leg l, be joined to the party. */
static bool fact_holds(struct sight *s, const struct directory_person *g, struct watch_leg *l,
		       const struct watch_leg *party)
{
	if (l->consent == party->id)
		return true;
	if ((l->flags & WLEG_IN) && (l->flags & WLEG_OWN_ACT))
		return true;
	if (l->flags & WLEG_UP && fact_transfer(s, g))
		return true;
	if (g->post != POST_GENERAL_MANAGER)
		return false;
	if (party->flags & WLEG_INSTRUCTED)
		return true;
	if (fact_noted(s, g, l, party))
		return true;
	return s->ev->kind == EV_DIGIT && s->ev->leg == l->id && s->ev->digit.digit == '1' &&
	       (l->flags & WLEG_UP) && (l->flags & WLEG_CHOICE);
}

static void join_guarded(struct sight *s, struct watch_leg *l, const struct watch_leg *party)
{
	const struct directory_person *g = watch_owner(s->w, l->extension);
	bool chairman = g && (g->post == POST_CHAIRMAN || g->post == POST_VICE_CHAIRMAN);
	bool asks;

	if (!chairman && (!g || g->post != POST_GENERAL_MANAGER))
		return;
	asks = party->trunk || ((party->flags & WLEG_BY_MAIN) &&
				(chairman || s->w->world->m.screen_inside));
	if (!asks)
		return;
	if (fact_holds(s, g, l, party))
		l->consent = party->id;
	else
		watch_wrong(s->w, chairman ? "joined to the chairman past the secretary"
				     : "joined to the general manager without a consent fact");
}

/* ---- before the event ---- */

static void recorded_before(struct watch *w, const struct event *ev)
{
	for (unsigned i = 0; i < WATCH_CALLS; i++) {
		struct watch_call *c = &w->call[i];

		if (!c->call_no || c->record != ev->done.serial || !(c->flags & WCALL_OPEN))
			continue;
		c->flags &= (uint16_t)~WCALL_OPEN;
		if (ev->done.why != RECORDED_FAILED && ev->done.ms >= w->world->m.message_min_ms)
			c->flags |= WCALL_OWED;
	}
}

static void leg_before(struct watch *w, const struct event *ev, struct watch_leg *l)
{
	bool out = !(l->flags & WLEG_IN);

	if (ev->kind == EV_ENDED || ev->kind == EV_FAILED) {
		leg_gone(w, l);
	} else if (ev->kind == EV_ANSWERED && out) {
		l->flags |= WLEG_UP;
	} else if (ev->kind == EV_EARLY && out) {
		l->flags |= WLEG_SOUND | WLEG_RUNG;
	} else if (ev->kind == EV_RINGING && out) {
		l->flags |= WLEG_RUNG;
	} else if (ev->kind == EV_HELD) {
		l->flags |= WLEG_HELD;
	} else if (ev->kind == EV_RETRIEVED) {
		l->flags &= (uint16_t)~WLEG_HELD;
	} else if (ev->kind == EV_PLAYED && l->play == ev->done.serial) {
		l->play = 0;
		l->flags |= WLEG_HEARD;
	}
}

void watch_before(struct watch *w, const struct exchange *x, const struct event *ev)
{
	struct watch_leg *l = watch_leg(w, ev->leg);

	watch_desk_before(w, x, ev);

	if (ev->kind == EV_RECORDED) {
		recorded_before(w, ev);
	} else if (ev->kind == EV_KEPT) {
		for (unsigned i = 0; i < WATCH_CALLS; i++)
			if (w->call[i].call_no && w->call[i].keep == ev->done.serial)
				w->call[i].flags |= WCALL_KEPT;
	} else if (l) {
		leg_before(w, ev, l);
	}
}

/* ---- effects ---- */

static bool is_headset(const struct event *ev)
{
	return ev->kind == EV_DESK && ev->desk.act == DESK_HEADSET;
}

static void serial_seen(struct watch *w, uint32_t serial)
{
	if (serial <= w->last_serial)
		watch_wrong(w, "a serial was given out twice");
	w->last_serial = serial;
}

/* The position whose sound it is, 0 none. */
static uint16_t headset_of(const struct exchange *x, leg_id id)
{
	struct exchange_position_view v;

	for (uint16_t p = 1; p <= WATCH_POSITIONS; p++)
		if (exchange_position_view(x, p, &v) && v.headset == id)
			return p;
	return 0;
}

static struct watch_leg *leg_new(struct sight *s, const struct effect *e)
{
	struct watch *w = s->w;
	unsigned i = e->leg & 0xFFFF;
	struct watch_leg *l;
	struct exchange_leg_view v;

	if (!i || i > WATCH_LEGS || w->leg[i - 1].id) {
		watch_wrong(w, "a leg was given out that lives already");
		return NULL;
	}
	l = &w->leg[i - 1];
	memset(l, 0, sizeof(*l));
	l->id = e->leg;
	w->legs++;
	if (exchange_leg_view(s->x, i - 1, &v) && v.leg == e->leg) {
		l->call = (uint16_t)((v.call_no & 0xFF) - 1);
		l->flags = v.consultation ? WLEG_CONSULT : 0;
	}
	l->position = headset_of(s->x, e->leg);
	if (l->position)
		l->flags = WLEG_HEADSET;
	return l;
}

static void bound(struct sight *s, const struct effect *e)
{
	const struct event *ev = s->ev;
	struct watch_leg *l;

	s->binds++;
	if (e->bind.channel != (is_headset(ev) ? ev->desk.channel : ev->invite.channel) ||
	    !(is_headset(ev) || ev->kind == EV_INVITE))
		watch_wrong(s->w, "a leg was bound that nobody brought");
	if (e->kind == FX_REJECT)
		return;
	l = leg_new(s, e);
	if (!l)
		return;
	if (is_headset(ev)) {
		l->flags = WLEG_HEADSET | WLEG_UP;
		return;
	}
	l->extension = ev->invite.extension;
	l->trunk = ev->invite.trunk;
	l->flags |= WLEG_IN | WLEG_OWN_ACT;
	if (text_eq(ev->invite.number, WORLD_INSTRUCTED))
		l->flags |= WLEG_INSTRUCTED;
}

static bool is_asked(const struct sight *s, const struct watch_leg *l)
{
	struct exchange_call_view v;

	return watch_view(s->x, s->w->call[l->call % WATCH_CALLS].call_no, &v) &&
	       text_eq(v.state, "consult");
}

static void dialled(struct sight *s, const struct effect *e)
{
	struct watch_leg *l = leg_new(s, e);

	if (!!e->dial.extension == !!e->dial.trunk)
		watch_wrong(s->w, "dialled neither one extension nor one trunk");
	if (!l)
		return;
	l->extension = e->dial.extension;
	l->trunk = e->dial.trunk;
	if (s->ev->kind == EV_COMMAND && s->w->met.complaint && !(l->flags & WLEG_HEADSET) &&
	    !watch_is_service(s->w, l->extension) && !is_asked(s, l))
		watch_wrong(s->w, "a complaint was put through to somebody else");
}

static bool hears(const struct watch_leg *l)
{
	return l->flags & (WLEG_UP | WLEG_SOUND);
}

/* With an operator nobody is connected yet; an inside phone that came has asked the switchboard. */
static void together(struct watch_leg *l, const struct watch_leg *with)
{
	bool desk = (l->flags | with->flags) & WLEG_HEADSET;

	l->flags &= (uint16_t)~(WLEG_HEARD | WLEG_FINAL | WLEG_TALK);
	if (!desk)
		l->flags |= WLEG_TALK;
	if ((with->flags & WLEG_HEADSET) && (l->flags & WLEG_IN) && l->extension)
		l->flags |= WLEG_BY_MAIN;
	l->play = 0;
}

static void joined(struct sight *s, const struct effect *e, struct watch_leg *a)
{
	struct watch_leg *b = watch_leg(s->w, e->join.other);

	if (!b || a == b) {
		watch_wrong(s->w, "joined to a leg that doesn't live");
		return;
	}
	if (!hears(a) || !hears(b))
		watch_wrong(s->w, "joined before sound flows");
	if (a->joined || b->joined || (a->flags & WLEG_CONFER) || (b->flags & WLEG_CONFER))
		watch_wrong(s->w, "joined to two");
	a->joined = b->id;
	b->joined = a->id;
	together(a, b);
	together(b, a);
	join_guarded(s, a, b);
	join_guarded(s, b, a);
}

static void conferred(struct sight *s, const struct effect *e, struct watch_leg *a)
{
	struct watch_leg *three[3] = {a, watch_leg(s->w, e->confer.other),
				      watch_leg(s->w, e->confer.third)};

	if (!three[1] || !three[2] || a == three[1] || a == three[2] || three[1] == three[2]) {
		watch_wrong(s->w, "a conference with a leg that doesn't live");
		return;
	}
	for (unsigned i = 0; i < 3; i++) {
		if (!hears(three[i]) || three[i]->joined || (three[i]->flags & WLEG_CONFER))
			watch_wrong(s->w, "a conference of who can't be in one");
		for (unsigned k = 0; k < 3; k++) {
			if (i == k)
				continue;
			join_guarded(s, three[i], three[k]);
			if (three[k]->flags & WLEG_HEADSET)
				together(three[i], three[k]);
		}
	}
	for (unsigned i = 0; i < 3; i++)
		three[i]->flags |= WLEG_CONFER;
}

static void played(struct sight *s, const struct effect *e, struct watch_leg *l)
{
	struct watch_call *c = &s->w->call[l->call % WATCH_CALLS];

	serial_seen(s->w, e->play.serial);
	if (!e->play.count)
		watch_wrong(s->w, "a play without a phrase");
	l->play = e->play.serial;
	l->flags &= (uint16_t)~(WLEG_HEARD | WLEG_FINAL | WLEG_TALK | WLEG_NOTICE);
	for (unsigned i = 0; i < e->play.count; i++) {
		unsigned k = e->play.phrase[i].kind;

		if (k == PHRASE_RECORDING_NOTICE)
			l->flags |= WLEG_NOTICE;
		if (watch_is_final(k))
			l->flags |= WLEG_FINAL;
		if (k == PHRASE_GREETING || k == PHRASE_OTHER_EXTENSION)
			l->flags |= WLEG_BY_MAIN;
		if (k == PHRASE_CONSULT_CHOICE)
			l->flags |= WLEG_CHOICE;
		if (k == PHRASE_MESSAGE_KEPT && !(c->flags & WCALL_KEPT))
			watch_wrong(s->w, "\"kept\" was said before the message was durable");
	}
}

/* Over the join: an operator's own recording to whom he speaks with, the word about a long call. */
static bool over_join(struct sight *s, const struct effect *e, struct watch_leg *l)
{
	const struct watch_leg *with = watch_leg(s->w, l->joined);
	enum phrase_kind k = e->kind == FX_PLAY ? e->play.phrase[0].kind : PHRASE_NONE;

	if (k != PHRASE_OWN_GREETING && k != PHRASE_LONG_CALL)
		return false;
	serial_seen(s->w, e->play.serial);
	if (k == PHRASE_OWN_GREETING && (!with || !(with->flags & WLEG_HEADSET)))
		watch_wrong(s->w, "an operator's greeting to whom he doesn't speak with");
	if (k == PHRASE_LONG_CALL && (l->trunk || !with || !with->trunk))
		watch_wrong(s->w, "the word about a long call, but not to its inside party");
	l->play = e->play.serial;
	return true;
}

static void sound_seen(struct sight *s, const struct effect *e, struct watch_leg *l)
{
	struct watch_call *c = &s->w->call[l->call % WATCH_CALLS];

	if (!hears(l))
		watch_wrong(s->w, "sound to a leg that can't hear");
	if (over_join(s, e, l))
		return;
	if (l->joined || (l->flags & WLEG_CONFER))
		watch_wrong(s->w, "sound to a leg that is joined");
	if (e->kind == FX_PLAY) {
		played(s, e, l);
		return;
	}
	l->play = 0;
	l->flags &= (uint16_t)~(WLEG_HEARD | WLEG_FINAL);
	if (e->kind != FX_MUSIC) /* who is held is still connected */
		l->flags &= (uint16_t)~WLEG_TALK;
	if (e->kind != FX_RECORD)
		return;
	serial_seen(s->w, e->record.serial);
	l->record = c->record = e->record.serial;
	if (c->flags & WCALL_MESSAGE)
		c->flags |= WCALL_OPEN;
}

/* Why an answered caller may be let go by us. */
static bool end_is_fair(struct sight *s, const struct effect *e, const struct watch_leg *l)
{
	const uint32_t fair = 1u << END_DISPLACED | 1u << END_SILENT_LINE | 1u << END_BUSY_TONE |
			      1u << END_TRANSFERRED;

	if ((fair & (1u << e->end.why)) || (l->flags & (WLEG_TALK | WLEG_CONSULT)))
		return true;
	if (e->end.why == END_OPERATOR_HUNG_UP)
		return s->ev->kind == EV_COMMAND && s->ev->command.what == COMMAND_HANG_UP;
	if (!(l->flags & WLEG_FINAL))
		return false;
	return (l->flags & WLEG_HEARD) || s->ev->kind == EV_TIMER;
}

static void ended(struct sight *s, const struct effect *e, struct watch_leg *l)
{
	const uint32_t unanswered = 1u << END_CLOSING | 1u << END_DISPLACED |
				    1u << END_SILENT_LINE | 1u << END_BUSY_TONE;
	bool in = l->flags & WLEG_IN;

	if ((l->flags & WLEG_CONSULT) && e->end.why == END_ANSWERED_ELSEWHERE)
		watch_wrong(s->w, "a consultation was picked up by somebody else");
	if (in && (l->flags & WLEG_UP) && !end_is_fair(s, e, l))
		watch_wrong(s->w, "an answered caller was ended without a last sentence");
	if (in && !(l->flags & WLEG_UP) && l->trunk && !(unanswered & (1u << e->end.why)))
		watch_wrong(s->w, "an outside caller was turned away unanswered");
	if (e->end.why == END_MESSAGE_KEPT &&
	    !(s->w->call[l->call % WATCH_CALLS].flags & WCALL_KEPT))
		watch_wrong(s->w, "ended as kept, and isn't");
	leg_gone(s->w, l);
}

static void parted(struct sight *s, struct watch_leg *l)
{
	struct watch_leg *other = watch_leg(s->w, l->joined);

	if (other)
		other->joined = 0;
	else if (!(l->flags & WLEG_CONFER))
		watch_wrong(s->w, "parted, and wasn't joined");
	l->joined = 0;
	l->flags &= (uint16_t)~WLEG_CONFER;
}

static void leg_effect(struct sight *s, const struct effect *e, struct watch_leg *l)
{
	bool in = l->flags & WLEG_IN, up = l->flags & WLEG_UP;

	switch (e->kind) {
	case FX_RING:
	case FX_PROGRESS:
	case FX_ANSWER:
		if (!in || up || (e->kind == FX_RING && (l->flags & WLEG_SOUND)))
			watch_wrong(s->w, "180, 183 or 200 where none can be sent");
		l->flags |= e->kind == FX_ANSWER ? WLEG_UP
			    : e->kind == FX_PROGRESS ? WLEG_SOUND : WLEG_RUNG;
		break;
	case FX_END:
		ended(s, e, l);
		break;
	case FX_JOIN:
		joined(s, e, l);
		break;
	case FX_PART:
		parted(s, l);
		break;
	case FX_CONFER:
		conferred(s, e, l);
		break;
	case FX_PLAY:
	case FX_TONE:
	case FX_MUSIC:
	case FX_RECORD:
		sound_seen(s, e, l);
		break;
	case FX_TAPE:
		serial_seen(s->w, e->tape.serial);
		watch_taped(s->w, l, e->tape.serial);
		break;
	case FX_QUIET:
		l->play = 0;
		break;
	case FX_REFER_ANSWER:
		s->answers++;
		if (s->ev->kind != EV_REFER || s->ev->leg != l->id)
			watch_wrong(s->w, "an answer to a REFER that nobody sent");
		break;
	case FX_BIND:
	case FX_REJECT:
	case FX_DIAL:
	case FX_RECORD_STOP:
	case FX_KEEP:
	case FX_FORGET:
	case FX_REFER_NOTIFY:
	case FX_SHOW:
	case FX_DIALOG:
	case FX_STEP:
	case FX_DAY:
	case FX_COMMAND:
	case FX_POSITION:
	case FX_CALL:
	case FX_LISTEN:
	case FX_TAPE_STOP:
	case FX_BOX:
	case FX_BOX_CALLED:
	case FX_COUNT:
		break;
	}
}

static void call_ended(struct sight *s, const struct effect *e, struct watch_call *c)
{
	bool displaced = e->step.value == END_DISPLACED;

	if (c->flags & WCALL_CALLED)
		watch_wrong(s->w, "a call for a message ended, and nobody knows what came of it");
	if ((c->flags & WCALL_OPEN) && !displaced)
		watch_wrong(s->w, "a call ended while its message was being recorded");
	if ((c->flags & WCALL_OWED) && !displaced)
		watch_wrong(s->w, "a message that was spoken is lost");
	if (e->step.value == END_MESSAGE_KEPT && !(c->flags & WCALL_KEPT))
		watch_wrong(s->w, "ended as kept, and isn't");
	memset(c, 0, sizeof(*c));
	s->w->calls--;
}

static void call_arrived(struct sight *s, const struct effect *e)
{
	struct watch_call *c = &s->w->call[((e->step.call_no & 0xFF) - 1) % WATCH_CALLS];
	const struct event *ev = s->ev;
	bool dialled = ev->kind == EV_COMMAND && ev->command.what == COMMAND_DIAL;
	bool box = ev->kind == EV_BOX_CALL;
	uint64_t no = dialled ? ev->command.call_no
		      : box   ? ev->box_call.call_no
			      : ev->invite.call_no;

	if ((ev->kind != EV_INVITE && !dialled && !box) || c->call_no || e->step.call_no != no) {
		watch_wrong(s->w, "a call arrived that nobody brought");
		return;
	}
	c->call_no = e->step.call_no;
	c->caller = dialled || box ? 1u << 31 : ev->invite.extension << 8 | ev->invite.trunk;
	if (box)
		c->flags |= WCALL_CALLED;
	s->w->calls++;
}

/* Connected is as good as joined: whoever holds now will be heard later. */
static void connected(struct sight *s, struct watch_call *c)
{
	struct watch_leg *two[2];
	unsigned n = 0;

	for (unsigned i = 0; i < WATCH_LEGS; i++) {
		struct watch_leg *l = &s->w->leg[i];

		if (!l->id || (l->flags & WLEG_HEADSET) ||
		    &s->w->call[l->call % WATCH_CALLS] != c)
			continue;
		l->flags |= WLEG_TALK;
		if (n < 2)
			two[n++] = l;
	}
	if (n < 2)
		return;
	join_guarded(s, two[0], two[1]);
	join_guarded(s, two[1], two[0]);
	c->agreed = 0; /* once */
}

static void step_seen(struct sight *s, const struct effect *e)
{
	struct watch_call *c = watch_call(s->w, e->step.call_no);

	bool slip = s->ev->kind == EV_COMMAND; /* the app says so, it is durable */

	if (e->step.step == STEP_ARRIVED) {
		call_arrived(s, e);
		return;
	}
	if (!e->step.call_no) {
		watch_duty_step(s->w, e);
		return;
	}
	if (!c) {
		watch_wrong(s->w, "a step outside of its call's life");
		return;
	}
	if (e->step.step == STEP_ENDED)
		call_ended(s, e, c);
	else if (e->step.step == STEP_MESSAGE_ASKED)
		c->flags |= WCALL_MESSAGE;
	else if (e->step.step == STEP_SCREENING)
		c->flags &= (uint16_t)~WCALL_MESSAGE;
	else if (e->step.step == STEP_MESSAGE_NOT_KEPT)
		c->flags &= (uint16_t)~(WCALL_OPEN | WCALL_OWED);
	else if (e->step.step == STEP_MESSAGE_KEPT && !(c->flags & WCALL_KEPT) && !slip)
		watch_wrong(s->w, "a step says kept before the message was durable");
	else if (e->step.step == STEP_CONNECTED)
		connected(s, c);
}

static void kept(struct sight *s, const struct effect *e)
{
	struct watch_call *c = watch_call(s->w, e->keep.call_no);

	serial_seen(s->w, e->keep.serial);
	if (!c || (e->keep.recording && c->record != e->keep.recording)) {
		watch_wrong(s->w, "a message is kept that its call didn't make");
		return;
	}
	c->keep = e->keep.serial;
	c->flags &= (uint16_t)~(WCALL_OWED | WCALL_KEPT);
}

static void forgotten(struct sight *s, const struct effect *e)
{
	bool anew = s->ev->kind == EV_DIGIT && s->ev->digit.digit == '3';

	for (unsigned i = 0; i < WATCH_CALLS; i++) {
		struct watch_call *c = &s->w->call[i];

		if (!c->call_no || c->record != e->record.serial)
			continue;
		if ((c->flags & WCALL_OWED) && !anew)
			watch_wrong(s->w, "a message that was spoken is forgotten");
		c->flags &= (uint16_t)~(WCALL_OWED | WCALL_OPEN);
	}
}

static void command_seen(struct sight *s, const struct effect *e)
{
	s->commands++;
	watch_command(s->w, s->ev, s->fx, e);
}

static void effect_seen(struct sight *s, const struct effect *e)
{
	struct watch_leg *l = watch_leg(s->w, e->leg);

	if (e->kind == FX_BIND || e->kind == FX_REJECT)
		bound(s, e);
	else if (e->kind == FX_DIAL)
		dialled(s, e);
	else if (e->kind == FX_STEP)
		step_seen(s, e);
	else if (e->kind == FX_KEEP)
		kept(s, e);
	else if (e->kind == FX_FORGET)
		forgotten(s, e);
	else if (e->kind == FX_COMMAND)
		command_seen(s, e);
	else if (e->kind == FX_BOX_CALLED)
		watch_box_called(s->w, s->ev, e);
	else if (e->kind == FX_DIALOG || e->kind == FX_DAY || e->kind == FX_POSITION ||
		 e->kind == FX_CALL || e->kind == FX_BOX)
		return;
	else if (l)
		leg_effect(s, e, l);
	else
		watch_wrong(s->w, "an effect for a leg that doesn't live");
}

/* Which call each leg is in now: legs move by transfers and pick-up. */
static void legs_sync(struct sight *s)
{
	struct exchange_leg_view v;

	for (unsigned i = 0; i < WATCH_LEGS; i++) {
		struct watch_leg *l = &s->w->leg[i];

		if (!l->id || !exchange_leg_view(s->x, i, &v) || v.leg != l->id)
			continue;
		if (l->flags & WLEG_HEADSET)
			continue;
		l->call = (uint16_t)((v.call_no & 0xFF) - 1);
		if (v.consultation)
			l->flags |= WLEG_CONSULT;
	}
}

static bool legs_moved(const struct effects *fx)
{
	for (unsigned i = 0; i < fx->count; i++)
		if (fx->v[i].kind == FX_REFER_ANSWER ||
		    (fx->v[i].kind == FX_STEP && fx->v[i].step.step == STEP_MERGED))
			return true;
	return false;
}

/* Whom somebody else hands on no longer acts by himself. */
static void handed_on(struct watch *w, const struct event *ev, const struct watch_leg *by)
{
	const struct watch_leg *mine = watch_leg(w, ev->refer.replaces);

	for (unsigned i = 0; i < WATCH_LEGS; i++) {
		struct watch_leg *l = &w->leg[i];

		if (l->id && l != by && l != mine && !(l->flags & WLEG_HEADSET) &&
		    (l->call == by->call || (mine && l->call == mine->call)))
			l->flags &= (uint16_t)~WLEG_OWN_ACT;
	}
}

static bool refer_granted(const struct effects *fx)
{
	for (unsigned i = 0; i < fx->count; i++)
		if (fx->v[i].kind == FX_REFER_ANSWER)
			return fx->v[i].code.code < 300;
	return false;
}

void watch_after(struct watch *w, const struct exchange *x, const struct event *ev,
		 const struct effects *fx)
{
	const struct watch_leg *by = ev->kind == EV_REFER ? watch_leg(w, ev->leg) : NULL;
	bool attended = by && ev->refer.replaces;
	struct sight s = {w, x, ev, fx, attended ? watch_owner(w, by->extension) : NULL, 0, 0, 0};

	if (by && refer_granted(fx))
		handed_on(w, ev, by);
	if (legs_moved(fx))
		legs_sync(&s);
	for (unsigned i = 0; i < fx->count; i++)
		effect_seen(&s, &fx->v[i]);
	if (s.binds != (ev->kind == EV_INVITE || is_headset(ev)))
		watch_wrong(w, "an INVITE that isn't answered once");
	if (s.commands != (ev->kind == EV_COMMAND))
		watch_wrong(w, "a command that isn't answered once");
	if (s.answers != (by != NULL))
		watch_wrong(w, "a REFER that isn't answered once");
	watch_box(w, ev, fx);
	if (w->legs != exchange_legs(x))
		watch_wrong(w, "a leg is left that nobody ended, or the other way round");
	if (w->calls != exchange_calls(x))
		watch_wrong(w, "a call is left without its last step, or the other way round");
}

/* ---- the book's own part of a state ---- */

static unsigned leg_flags(const struct watch_leg *l)
{
	unsigned flags = l->flags;

	if (flags & WLEG_UP)
		flags &= ~(unsigned)(WLEG_SOUND | WLEG_RUNG);
	if (!(flags & WLEG_FINAL))
		flags &= ~(unsigned)WLEG_HEARD;
	return flags;
}

static uint64_t call_facts(const struct watch_call *c)
{
	return (uint64_t)c->caller << 32 | (uint64_t)c->asked << 24 | (uint64_t)c->agreed << 16 |
	       c->flags;
}

uint64_t watch_hash(const struct watch *w)
{
	uint64_t sum = 0, parts[WATCH_CALLS] = {0};

	for (unsigned i = 0; i < WATCH_LEGS; i++) {
		const struct watch_leg *l = &w->leg[i];
		uint64_t h;

		if (!l->id)
			continue;
		h = (uint64_t)l->extension << 32 | (uint64_t)l->trunk << 16 | leg_flags(l);
		h = hash_mix(h * UINT64_C(0x9E3779B97F4A7C15) + (l->consent != 0));
		if (l->flags & WLEG_HEADSET)
			sum += h; /* whose it is, the exchange's own hash says */
		else
			parts[l->call % WATCH_CALLS] += h;
	}
	for (unsigned i = 0; i < WATCH_CALLS; i++)
		if (w->call[i].call_no)
			sum += hash_mix(parts[i] + call_facts(&w->call[i]) * UINT64_C(0x9E3779B1));
	return sum + w->promises;
}
