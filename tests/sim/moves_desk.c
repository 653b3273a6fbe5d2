/* What operators and their consoles may do next. */
#include "moves.h"

#include <string.h>

#include "base/text.h"

enum { PROMISED_MAX = 2, NOBODY = 9, NO_SUCH_ID = 99 };

/* A command on its way to become one or more events. */
struct form {
	const struct scene *sc;
	struct watch *w;
	struct moves *m;
	uint16_t position;
	enum desk_command what;
	const struct exchange_call_view *v;
};

static struct event *form(const struct form *f)
{
	struct event *e = moves_add(f->m, EV_COMMAND, 0);

	e->command.position = f->position;
	e->command.what = f->what;
	e->command.serial = 1 + f->m->count;
	e->command.call_no = f->v ? f->v->call_no : 0;
	e->command.rev = f->v ? f->v->rev : 0;
	if (f->what == COMMAND_DIAL)
		e->command.call_no = watch_call_no(f->w);
	return e;
}

static void form_value(const struct form *f, uint32_t value)
{
	form(f)->command.value = value;
}

static void form_target(const struct form *f, const struct scene_target *t, uint32_t value)
{
	struct event *e = form(f);

	e->command.value = value;
	if (!t)
		return;
	e->command.person = t->person;
	e->command.department = t->department;
	e->command.extension = t->extension;
	if (t->number)
		TEXT_COPY(e->command.number, t->number);
}

static bool is_target(const struct scene_target *t)
{
	return t->person || t->department || t->extension || t->number;
}

static void form_targets(const struct form *f, uint32_t value)
{
	for (unsigned i = 0; i < SCENE_TARGETS && is_target(&f->sc->desk.targets[i]); i++)
		form_target(f, &f->sc->desk.targets[i], value);
	if (f->sc->flags & SCENE_STRANGE)
		form_target(f, NULL, value);
}

static void form_outcomes(const struct form *f)
{
	uint32_t all = (1u << DESK_OUTCOME_COUNT) - 1;
	uint32_t some = f->sc->desk.outcomes ? f->sc->desk.outcomes : all;

	for (unsigned v = 0; v < DESK_OUTCOME_COUNT; v++) {
		if (!(some & (1u << v)))
			continue;
		if (v == DESK_OTHER)
			form_targets(f, v);
		else
			form_value(f, v);
	}
	if (f->sc->flags & SCENE_STRANGE)
		form_value(f, DESK_OUTCOME_COUNT);
}

static void form_hand_over(const struct form *f)
{
	bool strange = f->sc->flags & SCENE_STRANGE;

	for (uint16_t p = 1; p <= f->sc->desk.positions; p++)
		if (p != f->position || strange)
			form(f)->command.to_position = p;
	if (strange)
		form(f)->command.to_position = NOBODY;
}

static void form_park(const struct form *f)
{
	form(f);
	if (!(f->sc->flags & SCENE_STRANGE))
		return;
	TEXT_COPY(form(f)->command.number, "75");
	TEXT_COPY(form(f)->command.number, "99");
}

void moves_order(const struct scene *sc, struct watch *w, uint16_t position,
		 enum desk_command what, const struct exchange_call_view *v, struct moves *m)
{
	const struct form f = {sc, w, m, position, what, v};
	const struct scene_target *first = &sc->desk.targets[0];

	switch (what) {
	case COMMAND_PUT_THROUGH:
	case COMMAND_CONSULT:
	case COMMAND_DIAL:
		form_targets(&f, 0);
		break;
	case COMMAND_OUTCOME:
		form_outcomes(&f);
		break;
	case COMMAND_SCREEN:
		form_value(&f, SCREEN_ALL);
		if (sc->flags & SCENE_STRANGE)
			form_value(&f, SCREEN_SURNAME);
		break;
	case COMMAND_CONSENT_BY_NAME:
		form_value(&f, WORLD_BY_NAME);
		if (sc->flags & SCENE_STRANGE)
			form_value(&f, NO_SUCH_ID);
		break;
	case COMMAND_HAND_OVER:
		form_hand_over(&f);
		break;
	case COMMAND_PARK:
		form_park(&f);
		break;
	case COMMAND_CALL_BACK:
		if (w->promises < PROMISED_MAX)
			form(&f);
		break;
	case COMMAND_VOICE_MESSAGE:
		form(&f);
		form_target(&f, first, 0);
		break;
	case COMMAND_MESSAGE_KEPT:
	case COMMAND_TOLD:
		form_target(&f, first, 0);
		break;
	case COMMAND_GREET:
		form_value(&f, 1);
		break;
	case COMMAND_ANSWER:
	case COMMAND_LET_GO:
	case COMMAND_PULL_BACK:
	case COMMAND_HOLD:
	case COMMAND_RETRIEVE:
	case COMMAND_CONFERENCE:
	case COMMAND_LEAVE:
	case COMMAND_COMPLAINT:
	case COMMAND_WAIT_FREE:
	case COMMAND_REMIND_LATER:
	case COMMAND_HANG_UP:
		form(&f);
		break;
	case COMMAND_COUNT:
		break;
	}
}

void moves_act(const struct scene *sc, uint16_t position, enum desk_act act, struct moves *m)
{
	struct event *e = moves_add(m, EV_DESK, 0);

	e->desk.position = position;
	e->desk.act = act;
	if (act == DESK_ON)
		e->desk.person = WORLD_OPERATOR;
	if (act == DESK_HEADSET)
		e->desk.channel = 1000u + position;
	if (act == DESK_PHONE) {
		e->desk.extension = sc->desk.phone;
		e->desk.nailed = sc->desk.nailed;
	}
}

/* Commands that cannot be meant, whatever the state. */
static void strange(const struct scene *sc, struct watch *w, uint16_t position, struct moves *m)
{
	static const enum desk_command late[] = {COMMAND_HANG_UP, COMMAND_HOLD, COMMAND_COMPLAINT};
	struct exchange_call_view gone;

	memset(&gone, 0, sizeof(gone));
	gone.call_no = 0xFE;
	moves_order(sc, w, position, COMMAND_HANG_UP, &gone, m);
	moves_order(sc, w, position, COMMAND_ANSWER, &gone, m);
	for (unsigned i = 0; i < m->calls; i++)
		for (unsigned k = 0; k < sizeof(late) / sizeof(late[0]); k++) {
			moves_order(sc, w, position, late[k], &m->call[i], m);
			m->v[m->count - 1].command.rev++;
		}
}

/* What a page offers: the call is its own, or can be taken. */
static bool is_meant(uint16_t position, enum desk_command what,
		     const struct exchange_call_view *v)
{
	if (what == COMMAND_ANSWER)
		return v->bay != BAY_NONE && v->bay != BAY_IN_HAND;
	return v->position == position;
}

static void operator_moves(const struct scene *sc, struct watch *w, uint16_t position,
			   struct moves *m)
{
	const uint32_t bare = SCENE_COMMAND(ANSWER) | SCENE_COMMAND(HANG_UP);

	for (unsigned c = 0; c < COMMAND_COUNT; c++) {
		enum desk_command what = (enum desk_command)c;

		if (!(sc->desk.commands & (1u << c)))
			continue;
		if (what == COMMAND_DIAL) {
			if (w->calls < sc->calls)
				moves_order(sc, w, position, what, NULL, m);
			continue;
		}
		if (bare & (1u << c))
			moves_order(sc, w, position, what, NULL, m);
		for (unsigned i = 0; i < m->calls; i++)
			if ((sc->flags & SCENE_STRANGE) || is_meant(position, what, &m->call[i]))
				moves_order(sc, w, position, what, &m->call[i], m);
	}
	if (sc->flags & SCENE_STRANGE)
		strange(sc, w, position, m);
}

void moves_desk(const struct scene *sc, struct watch *w, struct moves *m)
{
	for (uint16_t p = 1; p <= sc->desk.positions; p++) {
		operator_moves(sc, w, p, m);
		for (unsigned a = 0; a < DESK_ACT_COUNT; a++)
			if (sc->desk.acts & (1u << a))
				moves_act(sc, p, (enum desk_act)a, m);
	}
	if (sc->flags & SCENE_STRANGE)
		moves_order(sc, w, WATCH_POSITIONS, COMMAND_ANSWER, NULL, m);
}
