/* Read-only views of the state. */
#include "exchange/priv.h"

static struct turn looking(const struct exchange *x)
{
	return (struct turn){.x = (struct exchange *)(uintptr_t)x,
			     .calls = exchange_calls_at(x),
			     .legs = exchange_legs_at(x),
			     .exts = exchange_exts_at(x)};
}

static leg_id view_leg(const struct turn *t, uint16_t i)
{
	return i == NONE16 ? 0 : exchange_leg_id_of(t, &t->legs[i]);
}

uint32_t exchange_edition_calls(const struct exchange *x, uint16_t index)
{
	return index < EXCHANGE_EDITIONS ? x->edition_calls[index] : 0;
}

uint32_t exchange_org(const struct exchange *x)
{
	return x->org;
}

uint32_t exchange_calls(const struct exchange *x)
{
	return x->call_count;
}

uint32_t exchange_legs(const struct exchange *x)
{
	return x->leg_count;
}

uint64_t exchange_ignored(const struct exchange *x)
{
	return x->ignored;
}

bool exchange_closed(const struct exchange *x)
{
	return x->closing && !x->call_count;
}

bool exchange_automatic(const struct exchange *x)
{
	struct turn t = looking(x);

	return !exchange_positions_on(&t);
}

uint32_t exchange_call_slots(const struct exchange *x)
{
	return x->caps.calls;
}

uint32_t exchange_leg_slots(const struct exchange *x)
{
	return x->caps.legs;
}

static void view_path(const struct call *c, struct exchange_call_view *out)
{
	unsigned first = (c->path_at + EXCHANGE_PATH - c->path_count) % EXCHANGE_PATH;

	out->path_count = c->path_count;
	for (unsigned i = 0; i < c->path_count; i++) {
		const struct path_step *p = &c->path[(first + i) % EXCHANGE_PATH];

		out->path[i].step = p->step;
		out->path[i].clause = p->clause;
		out->path[i].at_wall_ms = c->began_wall_ms + p->after_ms;
	}
}

bool exchange_call_view(const struct exchange *x, uint32_t i, struct exchange_call_view *out)
{
	struct turn t = looking(x);
	const struct call *c;
	const struct leg *l;

	if (i >= x->caps.calls || t.calls[i].state == CALL_FREE)
		return false;
	c = &t.calls[i];
	l = exchange_call_caller(&t, c);
	memset(out, 0, sizeof(*out));
	out->call_no = c->call_no;
	out->state = exchange_call_state_name(c->state);
	out->caller = view_leg(&t, c->caller);
	out->peer = view_leg(&t, c->peer);
	out->caller_extension = l ? l->extension : 0;
	out->caller_trunk = l ? l->trunk : 0;
	TEXT_COPY(out->caller_number, c->number);
	TEXT_COPY(out->caller_name, c->name);
	TEXT_COPY(out->dialled, c->dialled);
	out->person = c->asked_person ? c->asked_person : c->person;
	out->department = c->asked_department ? c->asked_department : c->department;
	out->extension = c->ext;
	out->out_trunk = c->out_trunk;
	out->attendant = c->flags & CALL_ATTENDED;
	out->emergency = c->flags & CALL_EMERGENCY;
	out->edition = c->edition;
	out->began_wall_ms = c->began_wall_ms;
	out->since_wall_ms = c->since_wall_ms;
	view_path(c, out);
	exchange_desk_view(&t, c, out);
	return true;
}

bool exchange_leg_view(const struct exchange *x, uint32_t i, struct exchange_leg_view *out)
{
	static const char *const names[LEG_STATE_COUNT] = {
	    "free", "incoming", "incoming", "incoming", "dialling", "ringing", "early", "up",
	};
	struct turn t = looking(x);
	const struct call *c;
	const struct leg *l;

	if (i >= x->caps.legs || t.legs[i].state == LEG_FREE)
		return false;
	l = &t.legs[i];
	c = l->call == NONE16 ? NULL : &t.calls[l->call];
	memset(out, 0, sizeof(*out));
	out->leg = exchange_leg_id_of(&t, l);
	out->call_no = c ? c->call_no : 0;
	out->state = names[l->state];
	out->extension = l->extension;
	out->trunk = l->trunk;
	out->incoming = l->flags & LEG_IN;
	out->held = l->flags & LEG_HELD;
	out->consultation = l->role == ROLE_CONSULT;
	out->recording = l->flags & LEG_RECORDING;
	out->play_serial = c && exchange_over_leg(&t, c) == l ? c->over : l->play;
	out->hears_play = out->play_serial != 0;
	out->joined = view_leg(&t, l->joined);
	out->record_serial = out->recording ? c->pending : 0;
	return true;
}

uint32_t exchange_call_keeping(const struct exchange *x, uint32_t i)
{
	const struct call *c = &exchange_calls_at(x)[i];

	return i < x->caps.calls && c->state == CALL_KEEP ? c->pending : 0;
}

uint32_t exchange_call_recording(const struct exchange *x, uint32_t i)
{
	const struct call *c = &exchange_calls_at(x)[i];

	return i < x->caps.calls && (c->state == CALL_RECORD || c->state == CALL_SCREEN)
		   ? c->pending
		   : 0;
}

uint32_t exchange_call_mailbox(const struct exchange *x, uint32_t i)
{
	const struct call *c = &exchange_calls_at(x)[i];

	return i < x->caps.calls && c->state == CALL_BOX_WAIT ? c->pending : 0;
}

bool exchange_extension_view(const struct exchange *x, uint32_t extension,
			     struct exchange_extension_view *out)
{
	struct turn t = looking(x);
	const struct ext *e = exchange_ext_find(&t, extension);

	if (!e)
		return false;
	memset(out, 0, sizeof(*out));
	out->reachable = e->reachable;
	out->dnd = e->dnd;
	out->lamp = e->lamp;
	out->legs = e->leg_count;
	TEXT_COPY(out->forward_always, e->forward[FORWARD_ALWAYS]);
	TEXT_COPY(out->forward_busy, e->forward[FORWARD_BUSY]);
	TEXT_COPY(out->forward_no_answer, e->forward[FORWARD_NO_ANSWER]);
	return true;
}
