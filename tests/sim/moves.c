#include "moves.h"

#include <string.h>

#include "base/text.h"

struct event *moves_add(struct moves *m, enum event_kind k, leg_id leg)
{
	struct event *e;

	if (m->count == MOVES_MAX) {
		m->cut = true;
		m->count--;
	}
	e = &m->v[m->count++];
	memset(e, 0, sizeof(*e));
	e->kind = k;
	e->leg = leg;
	return e;
}

/* ---- a leg that we dialled, before its answer ---- */

static void moves_dialled(const struct scene *sc, const struct watch_leg *l, struct moves *m)
{
	static const uint16_t all[] = {404, 408, 480, 486, 503, 603};
	static const uint16_t few[] = {486, 480, 603};
	bool every = sc->flags & SCENE_ALL_CODES;
	const uint16_t *codes = every ? all : few;
	unsigned n = every ? sizeof(all) / sizeof(all[0]) : sizeof(few) / sizeof(few[0]);

	if (sc->flags & SCENE_TWO_CODES)
		n = 2;

	if (!(l->flags & WLEG_RUNG))
		moves_add(m, EV_RINGING, l->id);
	if (!(l->flags & WLEG_SOUND) && !(sc->flags & SCENE_NO_EARLY))
		moves_add(m, EV_EARLY, l->id);
	moves_add(m, EV_ANSWERED, l->id);
	for (unsigned i = 0; i < n; i++)
		moves_add(m, EV_FAILED, l->id)->code.code = codes[i];
	if (l->trunk && !every)
		moves_add(m, EV_FAILED, l->id)->code.code = 503;
}

/* ---- a leg that is up ---- */

static const char *digits_for(const struct scene *sc, const char *state)
{
	static const struct {
		const char *state, *digits;
	} known[] = {
		{"ask", "1239"}, {"hits", "1"}, {"screen", "#"}, {"record", "#"}, {"review", "123"},
		{"say", "#"}, {"consult", "125"}, {"talk", ""}, {"target", ""}, {"wait", ""},
		{"keep", ""}, {"park", ""}, {"close", ""}, {"ring", ""}, {"desk", ""},
		{"mailbox_who", "2#"}, {"mailbox_pin", "5#*"}, {"mailbox_wait", "7"},
		{"mailbox_hear", "123789#"}, {"mailbox_ring", ""},
		{"held", ""}, {"queue", ""}, {"three", ""}, {"fetch", ""}, {"dial", ""},
		{"notice", ""},
	};

	if (sc->flags & SCENE_NO_KEYS)
		return text_eq(state, "announce") && sc->digits ? sc->digits : "";
	if (text_eq(state, "enquiry") && sc->keypad)
		return sc->keypad;
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (text_eq(known[i].state, state))
			return known[i].digits;
	return sc->digits ? sc->digits : "";
}

void moves_look(const struct exchange *x, struct moves *m)
{
	m->count = m->calls = 0;
	m->cut = false;
	for (uint32_t i = 0; i < exchange_call_slots(x) && m->calls < MOVES_CALLS; i++)
		m->calls += exchange_call_view(x, i, &m->call[m->calls]);
}

static const char *call_state(const struct moves *m, const struct watch *w,
			      const struct watch_leg *l)
{
	for (unsigned i = 0; i < m->calls; i++)
		if (m->call[i].call_no == w->call[l->call].call_no)
			return m->call[i].state;
	return "";
}

static void moves_refer(const struct scene *sc, const struct watch *w, const struct watch_leg *l,
			struct moves *m)
{
	for (unsigned i = 0; i < SCENE_NUMBERS && sc->refer[i]; i++)
		TEXT_COPY(moves_add(m, EV_REFER, l->id)->refer.number, sc->refer[i]);
	if (!(sc->flags & SCENE_ATTENDED))
		return;
	for (unsigned i = 0; i < WATCH_LEGS; i++) {
		const struct watch_leg *other = &w->leg[i];

		if (other->id && other != l && other->extension &&
		    other->extension == l->extension)
			moves_add(m, EV_REFER, l->id)->refer.replaces = other->id;
	}
}

static void moves_up(const struct scene *sc, const struct watch *w, const struct watch_leg *l,
		     struct moves *m)
{
	const char *state = call_state(m, w, l);
	const char *digits = digits_for(sc, state);

	if (!(l->flags & WLEG_IN) && !text_eq(state, "consult") &&
	    strncmp(state, "mailbox", 7) != 0)
		digits = "";
	for (const char *d = digits; *d; d++)
		moves_add(m, EV_DIGIT, l->id)->digit.digit = *d;
	if (l->play)
		moves_add(m, EV_PLAYED, l->id)->done.serial = l->play;
	if (l->tape && !(sc->flags & SCENE_NO_KEYS)) {
		struct event *ev = moves_add(m, EV_TAPED, l->id);

		ev->done.serial = l->tape;
		ev->done.why = RECORDED_FAILED;
	}
	if (sc->flags & SCENE_HOLD)
		moves_add(m, l->flags & WLEG_HELD ? EV_RETRIEVED : EV_HELD, l->id);
	if (text_eq(state, "talk"))
		moves_refer(sc, w, l, m);
	if (sc->flags & SCENE_LINES) {
		moves_add(m, EV_SILENT, l->id);
		if (l->trunk)
			moves_add(m, EV_BUSY_TONE, l->id);
	}
}

/* A phone may be put down; a browser's headset only where a scene has them vanish. */
static void moves_headset(const struct scene *sc, const struct watch_leg *l, struct moves *m)
{
	if (l->extension || (sc->desk.acts & SCENE_ACT(HEADSET)))
		moves_add(m, EV_ENDED, l->id);
	if (sc->flags & SCENE_LINES)
		moves_add(m, EV_SILENT, l->id);
	if (sc->desk.commands & SCENE_COMMAND(GREET))
		moves_add(m, EV_VOICE, l->id);
}

void moves_leg(const struct scene *sc, const struct exchange *x, struct watch *w,
	       const struct watch_leg *l, struct moves *m)
{
	(void)x;
	if (!(l->flags & (WLEG_IN | WLEG_UP))) {
		moves_dialled(sc, l, m);
		return;
	}
	if (l->flags & WLEG_HEADSET) {
		moves_headset(sc, l, m);
		return;
	}
	moves_add(m, EV_ENDED, l->id);
	if (l->flags & (WLEG_UP | WLEG_SOUND))
		moves_up(sc, w, l, m);
}

/* ---- what is awaited beside the legs ---- */

static void recorded(struct moves *m, uint32_t serial, uint32_t ms, enum recorded_why why)
{
	struct event *e = moves_add(m, EV_RECORDED, 0);

	e->done.serial = serial;
	e->done.ms = ms;
	e->done.why = why;
}

static struct event *box_move(struct moves *m, uint32_t serial, enum box_answer answer)
{
	struct event *e = moves_add(m, EV_BOX, 0);

	e->box.serial = serial;
	e->box.answer = answer;
	return e;
}

static void box_message(struct moves *m, const struct watch_box *b, enum box_stage stage,
			const char *from, uint8_t has)
{
	struct event *e = box_move(m, b->serial, BOX_MESSAGE);

	e->box.message = 1 + stage;
	e->box.stage = stage;
	e->box.has = has;
	TEXT_COPY(e->box.when, "10001124");
	TEXT_COPY(e->box.from, from);
}

/* What a mailbox may answer to what it was asked: one message a stage, and no more. */
static void moves_box(struct moves *m, const struct watch_box *b)
{
	box_move(m, b->serial, BOX_FAILED);
	if (b->ask == BOX_OPEN) {
		box_move(m, b->serial, BOX_OPENED)->box.count = 1;
		box_move(m, b->serial, BOX_WRONG);
		box_move(m, b->serial, BOX_LOCKED);
		box_move(m, b->serial, BOX_NO_PIN);
	} else if (b->ask == BOX_DELETE) {
		box_move(m, b->serial, BOX_DONE);
	} else {
		box_move(m, b->serial, BOX_NO_MORE);
		if (b->first)
			box_message(m, b, BOX_NEW, "21", BOX_HAS_SOUND);
		if (b->ask == BOX_AGAIN)
			box_message(m, b, (enum box_stage)b->stage, "", BOX_BAD_SOUND);
		else if (b->stage != BOX_KEPT)
			box_message(m, b, BOX_KEPT, "5550", BOX_HAS_WORDS | BOX_IS_URGENT);
	}
}

void moves_made(const struct exchange *x, const struct watch *w, struct moves *m)
{
	for (uint32_t i = 0; i < exchange_call_slots(x); i++) {
		uint32_t keep = exchange_call_keeping(x, i), rec = exchange_call_recording(x, i);

		if (keep) {
			moves_add(m, EV_KEPT, 0)->done.serial = keep;
			moves_add(m, EV_NOT_KEPT, 0)->done.serial = keep;
		}
		if (watch_box_of(w, exchange_call_mailbox(x, i)))
			moves_box(m, watch_box_of(w, exchange_call_mailbox(x, i)));
		if (!rec)
			continue;
		recorded(m, rec, w->world->m.message_min_ms + 1000, RECORDED_SILENCE);
		recorded(m, rec, w->world->m.message_min_ms / 2, RECORDED_HANGUP);
		recorded(m, rec, w->world->m.message_min_ms + 1000, RECORDED_FAILED);
	}
}

static void invite(const struct scene_invite *in, struct watch *w, struct moves *m, leg_id replaces)
{
	struct event *e = moves_add(m, EV_INVITE, 0);

	e->invite.call_no = watch_call_no(w);
	e->invite.channel = (uint32_t)(e->invite.call_no >> 8);
	e->invite.extension = in->extension;
	e->invite.trunk = in->extension ? 0 : 1;
	e->invite.replaces = replaces;
	TEXT_COPY(e->invite.dialled, in->dialled);
	if (!in->extension)
		TEXT_COPY(e->invite.number, in->number ? in->number : "13800000001");
}

static bool phone_free(const struct watch *w, uint32_t extension, unsigned most)
{
	unsigned n = 0;

	for (unsigned i = 0; extension && i < WATCH_LEGS; i++)
		n += w->leg[i].id && w->leg[i].extension == extension;
	return n < most;
}

static void moves_invite(const struct scene *sc, struct watch *w, struct moves *m)
{
	const struct scene_invite *in = sc->invites;

	for (; in < sc->invites + SCENE_INVITES && in->dialled; in++) {
		if (!phone_free(w, in->extension, sc->flags & SCENE_ATTENDED ? 2 : 1))
			continue;
		if (!text_eq(in->dialled, "replaces")) {
			invite(in, w, m, 0);
			continue;
		}
		for (unsigned i = 0; i < WATCH_LEGS; i++)
			if (w->leg[i].id)
				invite(in, w, m, w->leg[i].id);
	}
}

static void moves_box_call(struct watch *w, struct moves *m, uint32_t person)
{
	struct event *e = moves_add(m, EV_BOX_CALL, 0);

	e->box_call.call_no = watch_call_no(w);
	e->box_call.person = person;
}

void moves_all(const struct scene *sc, const struct exchange *x, struct watch *w, struct moves *m)
{
	moves_look(x, m);
	if (exchange_next_due_ms(x) != INT64_MAX)
		moves_add(m, EV_TIMER, 0);
	if (w->calls < sc->calls)
		moves_invite(sc, w, m);
	if (w->calls < sc->calls && (sc->flags & SCENE_BOX_CALL))
		for (uint32_t p = PERSON_STAFF; p <= PERSON_GM; p++)
			moves_box_call(w, m, p);
	for (unsigned i = 0; i < WATCH_LEGS; i++)
		if (w->leg[i].id)
			moves_leg(sc, x, w, &w->leg[i], m);
	moves_made(x, w, m);
	if (sc->desk.positions)
		moves_desk(sc, w, m);
	if (sc->flags & SCENE_CLOSING && w->calls)
		moves_add(m, EV_CLOSING, 0);
}
