/* What the desk is shown, in the shapes of api/openapi.yaml: Desk, DeskCall, Position. */
#include <string.h>

#include "app/desk_priv.h"

static const uint8_t leaders[POST_COUNT] = {
    [POST_CHAIRMAN] = 1, [POST_VICE_CHAIRMAN] = 1, [POST_GENERAL_MANAGER] = 1};

static json_t *number_or_null(int64_t n)
{
	return n ? json_integer(n) : json_null();
}

static const char *sentence_clause(const struct exchange_call_view *v)
{
	return v->sentence[0] && v->sentence_clause != CLAUSE_HOUSE
		   ? exchange_clause_name((enum clause)v->sentence_clause)
		   : "";
}

/* ---- a call ---- */

static const struct directory_extension *extension(const struct directory *d, uint32_t id)
{
	return id ? directory_extension(d, id) : NULL;
}

static const struct directory_person *person(const struct directory *d, uint32_t id)
{
	return id ? directory_person(d, id) : NULL;
}

static json_t *caller_json(struct app_org *o, const struct exchange_call_view *v)
{
	const struct directory *d = app_directory(o);
	const struct directory_extension *e = extension(d, v->caller_extension);
	const struct desk_caller *c = v->caller_trunk ? desk_caller(o, v->caller_number) : NULL;
	const char *name = e ? live_name(d, e->person, e->department) : v->caller_name;

	return json_pack("{s:s,s:s,s:s,s:s,s:s}", "number", e ? e->number : v->caller_number,
			 "name", !name[0] && c ? c->known.name : name, "organisation",
			 c ? c->known.organisation : "", "extension", e ? e->number : "", "trunk",
			 live_trunk_name(o->app, v->caller_trunk));
}

static bool is_leader(const struct directory *d, const struct exchange_call_view *v)
{
	const struct directory_extension *e = extension(d, v->caller_extension);
	const struct directory_person *p = e ? person(d, e->person) : NULL;

	return p && leaders[p->post];
}

/* Whose number was dialled: the company's, a department's, a person's. */
static const char *line_of(const struct app_org *o, const char *number)
{
	const struct directory *d = app_directory(o);
	const struct directory_department *g;
	const struct directory_extension *e;
	struct target t;

	if (strcmp(number, app_measures(o)->main_number) == 0)
		return app_measures(o)->company;
	t = directory_number(d, number);
	if (t.kind == TARGET_DEPARTMENT) {
		g = directory_department(d, t.id);
		return g ? g->name : "";
	}
	e = t.kind == TARGET_EXTENSION ? directory_extension(d, t.id) : NULL;
	return e ? live_name(d, e->person, e->department) : "";
}

/* The numbers that outside callers reach, each once. */
static json_t *lines_json(const struct app_org *o)
{
	const struct config_organisation *c = &o->app->config->node.organisations[o - o->app->org];
	json_t *list = json_array();

	for (unsigned i = 0; i < c->number_count; i++) {
		bool seen = false;

		for (unsigned k = 0; k < i && !seen; k++)
			seen = strcmp(c->numbers[k].to, c->numbers[i].to) == 0;
		if (!seen)
			json_array_append_new(list,
					      json_pack("{s:s,s:s}", "number", c->numbers[i].to,
							"name", line_of(o, c->numbers[i].to)));
	}
	return list;
}

struct whom {
	const struct directory_person *person;
	const struct directory_department *department;
	const struct directory_extension *extension;
};

static struct whom whom(const struct directory *d, const struct exchange_call_view *v)
{
	struct whom w;

	w.extension = extension(d, v->extension);
	w.person = person(d, v->person);
	w.department = v->department ? directory_department(d, v->department) : NULL;
	if (!w.person && !w.department && w.extension) {
		w.person = person(d, w.extension->person);
		if (w.extension->department)
			w.department = directory_department(d, w.extension->department);
	}
	if (w.person && !w.extension)
		w.extension = extension(d, w.person->extension);
	return w;
}

static const char *whom_name(const struct whom *w)
{
	return w->person ? w->person->name : w->department ? w->department->name : "";
}

static const char *whom_number(const struct whom *w)
{
	return w->extension ? w->extension->number : w->department ? w->department->number : "";
}

static json_t *target_json(const struct directory *d, const struct exchange_call_view *v)
{
	struct whom w = whom(d, v);

	if (!w.person && !w.department && !w.extension)
		return json_null();
	return json_pack("{s:i,s:i,s:s,s:s,s:s}", "person", w.person ? (int)w.person->id : 0,
			 "department", w.department ? (int)w.department->id : 0, "name",
			 whom_name(&w), "number", whom_number(&w), "title",
			 w.person ? w.person->title : "");
}

/* An operator says it in other words than the attendant, where those speak of keys. */
static void sentence(struct app_org *o, const char *name, const struct whom *w, char *out,
		     size_t cap)
{
	char key[64] = "desk.say.";
	const struct directory *d = app_directory(o);
	const char *department = w->person	 ? live_name(d, 0, w->person->department)
				 : w->department ? w->department->name
						 : "";

	out[0] = '\0';
	if (!name[0])
		return;
	text_append(key, sizeof(key), "%s", name);
	if (!catalogue_has(o->app->catalogue, key)) {
		TEXT_COPY(key, "prompt.");
		text_append(key, sizeof(key), "%s", name);
	}
	(void)catalogue_format(o->app->catalogue, o->app->lang, key, out, cap, "company",
			       app_measures(o)->company, "name", whom_name(w), "department",
			       department, "digits", whom_number(w), NULL);
}

static json_t *bits_json(uint8_t bits)
{
	static const char *const names[] = {"surname", "organisation", "matter"};
	json_t *list = json_array();

	for (unsigned i = 0; i < 3; i++)
		if (bits & 1u << i)
			json_array_append_new(list, json_string(names[i]));
	return list;
}

static json_t *ringing_json(uint32_t positions)
{
	json_t *list = json_array();

	for (int i = 0; i < EXCHANGE_POSITIONS; i++)
		if (positions & UINT32_C(1) << i)
			json_array_append_new(list, json_integer(i + 1));
	return list;
}

static json_t *past_json(const struct app_org *o, const struct exchange_call_view *v)
{
	const struct desk_caller *c = v->caller_trunk ? desk_caller(o, v->caller_number) : NULL;
	json_t *list = json_array();

	for (unsigned i = 0; c && c->before <= v->call_no && i < c->past_count; i++) {
		const struct desk_past *p = &c->past[i];

		json_array_append_new(list,
				      json_pack("{s:I,s:s,s:s,s:I}", "at_ms", (json_int_t)p->at_ms,
						"target", p->target, "outcome", p->outcome,
						"talk_ms", (json_int_t)p->talk_ms));
	}
	return list;
}

/* How it stands with the call, as the operator works on it. */
static json_t *work_json(struct app_org *o, const struct exchange_call_view *v)
{
	struct whom w = whom(app_directory(o), v);
	char text[CATALOGUE_TEXT];

	sentence(o, v->sentence, &w, text, sizeof(text));
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:b,s:b,s:b,s:b,s:o,s:s}", "reached",
			 exchange_reached_name((enum exchange_reached)v->to), "outcome",
			 exchange_outcome_name((enum exchange_outcome)v->outcome), "state",
			 v->state, "sentence", v->sentence, "sentence_text", text,
			 "sentence_clause", sentence_clause(v), "screened", bits_json(v->screened),
			 "complaint", v->complaint, "together", v->together, "consulted",
			 v->consulted, "consent", v->consent, "remind_ms",
			 number_or_null(v->remind_wall_ms), "park", v->park_number);
}

json_t *desk_call_json(struct app_org *o, const struct exchange_call_view *v)
{
	const struct directory *d = app_directory(o);
	const struct desk_mark *m = desk_mark(o, v->call_no, false);
	json_t *j = json_pack(
	    "{s:I,s:i,s:s,s:o,s:b,s:o,s:s,s:s,s:I,s:I,s:i,s:I,s:o,s:s,s:s,s:o,s:o,s:o}", "no",
	    (json_int_t)v->call_no, "rev", (int)v->rev, "bay",
	    exchange_bay_name((enum exchange_bay)v->bay), "position", number_or_null(v->position),
	    "leader", is_leader(d, v), "caller", caller_json(o, v), "dialled", v->dialled, "line",
	    line_of(o, v->dialled), "began_ms", (json_int_t)v->began_wall_ms, "since_ms",
	    (json_int_t)v->since_wall_ms, "rings", (int)v->rings, "ring_since_ms",
	    (json_int_t)(m ? m->ring_ms : 0), "ringing", ringing_json(v->ringing), "queued",
	    exchange_queued_name((enum exchange_queued)v->queued), "note", desk_note(o, v->call_no),
	    "target", target_json(d, v), "steps", live_path_json(v), "past", past_json(o, v));

	json_object_update_new(j, work_json(o, v));
	return j;
}

/* ---- positions, state, figures ---- */

json_t *desk_position_json(const struct app_org *o, uint16_t position)
{
	const struct desk_org *d = desk_org(o);
	const struct desk_position *p = position <= d->positions ? &d->position[position] : NULL;
	struct exchange_position_view v;
	const struct directory_person *who;
	uint32_t id;

	if (!position || !p)
		return json_null();
	if (!exchange_position_view(o->exchange, position, &v))
		memset(&v, 0, sizeof(v));
	id = v.person ? v.person : p->person;
	who = person(app_directory(o), id);
	return json_pack("{s:i,s:i,s:s,s:s,s:b,s:b,s:o,s:I,s:o}", "no", (int)position, "person",
			 (int)id, "name", who ? who->name : p->name, "state",
			 exchange_position_state_name((enum exchange_position_state)v.state),
			 "page", p->page, "sound", v.sound, "call",
			 number_or_null((int64_t)v.call_no), "since_ms",
			 (json_int_t)v.since_wall_ms, "until_ms", number_or_null(v.until_wall_ms));
}

static json_t *figures_json(struct app_org *o)
{
	struct desk_org *d = desk_org(o);

	if (!d->bays_known)
		desk_bays_count(o);
	return json_pack("{s:i,s:i,s:i,s:i,s:i,s:i,s:i}", "offered", (int)d->today.offered,
			 "within_three", (int)d->today.within_three, "attendant",
			 (int)d->today.attendant, "given_up", (int)d->today.given_up, "waiting",
			 (int)(d->bay[BAY_RINGING] + d->bay[BAY_RETURNED]), "held",
			 (int)(d->bay[BAY_HELD] + d->bay[BAY_PARKED]), "returned",
			 (int)d->bay[BAY_RETURNED]);
}

json_t *desk_state_json(struct app_org *o)
{
	const struct desk_org *d = desk_org(o);
	json_t *positions = json_array();
	struct exchange_position_view v;

	for (unsigned i = 1; i <= d->positions; i++)
		if (exchange_position_view(o->exchange, (uint16_t)i, &v))
			json_array_append_new(positions, desk_position_json(o, (uint16_t)i));
	return json_pack("{s:I,s:s,s:s,s:o,s:o}", "now_ms", (json_int_t)clock_wall_ms(), "state",
			 exchange_automatic(o->exchange) ? "automatic" : "manual", "reason",
			 app_desk_reason(o), "positions", positions, "figures", figures_json(o));
}

json_t *desk_json(struct app_org *o, const struct api_query *q)
{
	const struct directory *d = app_directory(o);
	const struct whom nobody = {NULL, NULL, NULL};
	json_t *calls = json_array(), *extensions = json_array(), *j = desk_state_json(o);
	struct exchange_call_view v;
	char text[CATALOGUE_TEXT];

	for (uint32_t i = 0; i < exchange_call_slots(o->exchange); i++)
		if (exchange_call_view(o->exchange, i, &v) && v.bay != BAY_NONE)
			json_array_append_new(calls, desk_call_json(o, &v));
	for (uint32_t i = 0; i < d->extension_count; i++)
		json_array_append_new(extensions, live_extension_json(o, &d->extensions[i]));
	sentence(o, exchange_phrase_name(PHRASE_GREETING), &nobody, text, sizeof(text));
	json_object_update_new(j, json_pack("{s:s,s:s,s:o,s:o,s:o,s:{s:s,s:o},s:{}}", "company",
					    app_measures(o)->company, "main_number",
					    app_measures(o)->main_number, "position",
					    desk_position_json(o, desk_position_of(o, q->who.user)),
					    "calls", calls, "extensions", extensions, "greeting",
					    "text", text, "lines", lines_json(o), "drafts"));
	return j;
}

json_t *desk_refusal_json(enum refusal r, enum clause clause, uint16_t other)
{
	char code[48] = "desk.refused.";
	json_t *j;

	text_append(code, sizeof(code), "%s", exchange_refusal_name(r));
	j = json_pack("{s:s}", "code", code);
	if (clause != CLAUSE_HOUSE)
		json_object_set_new(j, "clause", json_string(exchange_clause_name(clause)));
	if (other)
		json_object_set_new(j, "position", json_integer(other));
	return j;
}

static json_t *promises_json(const struct desk_org *d)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < d->promises; i++) {
		const struct desk_promise *p = &d->promise[i];

		json_array_append_new(
		    list, json_pack("{s:I,s:I,s:s,s:s}", "call", (json_int_t)p->call_no, "at_ms",
				    (json_int_t)p->at_ms, "number", p->number, "name", p->name));
	}
	return list;
}

json_t *desk_summary_json(const struct app_org *o, uint16_t position)
{
	const struct desk_org *d = desk_org(o);
	const struct desk_position *p = &d->position[position];

	return json_pack("{s:I,s:i,s:i,s:i,s:i,s:o}", "from_ms",
			 (json_int_t)(p->duty_ms ? p->duty_ms : d->day), "calls", (int)p->calls,
			 "within_three", (int)p->within_three, "attendant", (int)d->today.attendant,
			 "given_up", (int)d->today.given_up, "promises", promises_json(d));
}
