/* What is kept: steps, messages, the state of the day; and the directory that comes back. */
#include "app/delivery.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "exchange/effect.h"

static const char *const day_names[] = {
	[DAY_DND] = "dnd",
	[DAY_FORWARD_ALWAYS] = "forward_always",
	[DAY_FORWARD_BUSY] = "forward_busy",
	[DAY_FORWARD_NO_ANSWER] = "forward_no_answer",
	[DAY_AWAY] = "away",
	[DAY_INSTRUCTION] = "instruction",
};
#define DAY_SETS (sizeof(day_names) / sizeof(day_names[0]))

static struct app_org *org_by_id(struct app *a, uint32_t id)
{
	for (unsigned i = 0; i < a->org_count; i++)
		if (a->org[i].id == id)
			return &a->org[i];
	return NULL;
}

static void on_kept(int flags, void *arg)
{
	struct app *a = arg;
	struct records_event e;

	(void)flags;
	records_event_quiet(a->records);
	while (records_event_take(a->records, &e)) {
		struct app_org *o = org_by_id(a, e.org);
		struct event ev;

		if (!o || !e.serial)
			continue;
		memset(&ev, 0, sizeof(ev));
		ev.kind = e.ok ? EV_KEPT : EV_NOT_KEPT;
		ev.done.serial = e.serial;
		app_event(o, &ev);
		if (e.ok)
			app_live_message(o, e.serial);
		if (e.ok && e.what == RECORDS_KEPT_MESSAGE)
			app_delivery_wake(a);
	}
}

void app_vocabulary(struct records_vocabulary *v)
{
	static const char *steps[STEP_COUNT], *clauses[CLAUSE_COUNT], *ends[END_COUNT];

	for (int i = 0; i < STEP_COUNT; i++)
		steps[i] = exchange_step_name((enum step_kind)i);
	for (int i = 0; i < CLAUSE_COUNT; i++)
		clauses[i] = exchange_clause_name((enum clause)i);
	for (int i = 0; i < END_COUNT; i++)
		ends[i] = exchange_end_name((enum exchange_end)i);
	memset(v, 0, sizeof(*v));
	v->steps = steps;
	v->clauses = clauses;
	v->ends = ends;
	v->step_count = STEP_COUNT;
	v->clause_count = CLAUSE_COUNT;
	v->end_count = END_COUNT;
}

void app_store_options(struct app *a, char file[CONFIG_PATH + 16], struct store_options *o)
{
	const struct config_store *s = &a->config->node.store;

	snprintf(file, CONFIG_PATH + 16, "%s/zongji.db", a->data);
	memset(o, 0, sizeof(*o));
	o->engine = s->engine == CONFIG_POSTGRES ? STORE_POSTGRES : STORE_SQLITE;
	o->where = s->engine == CONFIG_POSTGRES ? s->postgres : s->sqlite[0] ? s->sqlite : file;
}

int app_records_open(struct app *a)
{
	char sounds[CONFIG_PATH + 16], fresh[CONFIG_PATH + 16], file[CONFIG_PATH + 16];
	struct records_options o;
	char why[STORE_WHY] = "";
	unsigned closed = 0;
	int err;

	snprintf(sounds, sizeof(sounds), "%s/sounds", a->data);
	snprintf(fresh, sizeof(fresh), "%s/fresh", a->data);
	if (mkdir(fresh, 0700) && errno != EEXIST)
		return errno;
	memset(&o, 0, sizeof(o));
	app_store_options(a, file, &o.store);
	o.sounds_dir = sounds;
	o.fresh_dir = fresh;
	app_vocabulary(&o.vocabulary);
	err = records_open(&a->records, &o, why, sizeof(why));
	if (err) {
		log_error("app", "storage can't be opened: %s (%s)", why, strerror(err));
		return err;
	}
	err = records_recover(a->records, clock_wall_ms(), &closed);
	if (err) {
		log_error("app", "calls of the last run can't be closed: %s", strerror(err));
		return err;
	}
	if (closed)
		log_warn("app", "%u calls were open when the last run ended: closed as restarted",
			 closed);
	return fd_listen(records_event_fd(a->records), FD_READ, on_kept, a);
}

/* ---- effects ---- */

/* Whom a step is about, by name: a record is read long after the person has left. */
static const char *step_name(const struct app_org *o, const struct effect *fx)
{
	const struct directory *d = app_directory(o);
	const struct directory_person *p =
		fx->step.person ? directory_person(d, fx->step.person) : NULL;
	const struct directory_department *e =
		fx->step.department ? directory_department(d, fx->step.department) : NULL;

	return fx->step.name[0] ? fx->step.name : p ? p->name : e ? e->name : "";
}

/* Figures by department count a call to one of its people too; who moves takes none along. */
static uint32_t department_of(const struct app_org *o, uint32_t person)
{
	const struct directory_person *p =
		person ? directory_person(app_directory(o), person) : NULL;

	return p ? p->department : 0;
}

static void keep_step(struct app_org *o, const struct effect *fx)
{
	struct records_step s;

	memset(&s, 0, sizeof(s));
	s.call_no = fx->step.call_no;
	s.at_ms = clock_wall_ms();
	s.mono_ms = clock_mono_ms();
	s.org = o->id;
	s.person = fx->step.person;
	s.department = fx->step.department;
	s.extension = fx->step.extension;
	s.value = fx->step.value;
	s.trunk = fx->step.trunk;
	if (!s.department)
		s.department = department_of(o, s.person);
	s.kind = (uint16_t)fx->step.step;
	s.clause = (uint16_t)fx->step.clause;
	TEXT_COPY(s.caller, fx->step.number);
	TEXT_COPY(s.text, fx->step.text);
	TEXT_COPY(s.name, step_name(o, fx));
	records_step_push(o->app->records, &s);
	if (fx->step.step == STEP_ENDED)
		app_live_ended(o, fx->step.call_no);
	else
		app_live_dirty(o, fx->step.call_no);
}

static void keep_message(struct app_org *o, const struct effect *fx)
{
	struct records_message m;

	memset(&m, 0, sizeof(m));
	m.serial = fx->keep.serial;
	m.org = o->id;
	m.call_no = fx->keep.call_no;
	m.kept_at_ms = clock_wall_ms();
	m.for_person = fx->keep.for_person;
	m.for_department = fx->keep.for_department;
	m.copy_department = fx->keep.copy_department;
	m.recording_ms = fx->keep.recording_ms;
	m.urgency = fx->keep.urgency == MESSAGE_URGENT ? RECORDS_URGENT : RECORDS_ORDINARY;
	m.clause = (uint16_t)fx->keep.clause;
	app_delivery_times(app_measures(o), &m);
	TEXT_COPY(m.from_number, fx->keep.from_number);
	TEXT_COPY(m.from_name, fx->keep.from_name);
	if (fx->keep.recording)
		app_recording_name(o, fx->keep.recording, m.recording, sizeof(m.recording));
	if (fx->keep.screening)
		app_recording_name(o, fx->keep.screening, m.screening, sizeof(m.screening));
	if (records_message_push(o->app->records, &m)) {
		struct event ev;

		memset(&ev, 0, sizeof(ev));
		ev.kind = EV_NOT_KEPT;
		ev.done.serial = fx->keep.serial;
		app_event(o, &ev);
	}
}

static void keep_day(struct app_org *o, const struct effect *fx)
{
	struct records_day d;

	memset(&d, 0, sizeof(d));
	d.org = o->id;
	d.extension = fx->day.extension;
	d.person = fx->day.person;
	d.by = fx->day.by;
	d.on = fx->day.on;
	d.at_ms = clock_wall_ms();
	d.until_ms = fx->day.until_wall_ms;
	TEXT_COPY(d.set, day_names[fx->day.set]);
	TEXT_COPY(d.number, fx->day.number);
	if (records_day_push(o->app->records, &d))
		log_error("app", "the state of the day of extension %u isn't kept", d.extension);
}

void app_records_effect(struct app_org *o, const struct effect *fx)
{
	if (fx->kind == FX_STEP)
		keep_step(o, fx);
	else if (fx->kind == FX_KEEP)
		keep_message(o, fx);
	else if (fx->kind == FX_DAY)
		keep_day(o, fx);
	else if (fx->kind == FX_FORGET)
		app_files_forget(o->app, o, fx->record.serial);
}

/* ---- what comes back ---- */

static int free_edition(const struct app_org *o)
{
	for (uint16_t i = 0; i < EXCHANGE_EDITIONS; i++)
		if (!o->directory[i] ||
		    (i != o->rules.current && exchange_edition_calls(o->exchange, i) == 0))
			return i;
	return -1;
}

/* What refers from the configuration to the directory and finds nothing: told, and run with. */
static void tell_mistakes(struct app_org *o, const struct directory *d)
{
	static struct config_errors errors;

	memset(&errors, 0, sizeof(errors));
	config_directory_check(o->app->config, o->index, d, &errors);
	if (errors.count)
		config_errors_print(&errors, o->app->catalogue, lang_name(o->app->lang), stderr);
}

int app_org_load(struct app_org *o, struct records_db *db)
{
	struct directory *d = NULL;
	struct measures *m = NULL;
	char clash[64] = "";
	int e = free_edition(o), err;

	if (e < 0)
		return EBUSY; /* calls still run under every earlier edition */
	err = records_directory_load(db, o->id, &d, clash, sizeof(clash));
	if (err) {
		log_error("app", "the directory of organisation %u can't be read (%s): %s", o->id,
			  clash, strerror(err));
		return err;
	}
	m = malloc(sizeof(*m));
	if (!m) {
		records_directory_free(d);
		return ENOMEM;
	}
	tell_mistakes(o, d);
	*m = o->app->config->measures[o->index];
	m->org = o->id;
	m->version = o->directory[o->rules.current] ? app_measures(o)->version + 1 : 1;
	records_directory_free(o->directory[e]);
	free(o->measures[e]);
	o->directory[e] = d;
	o->measures[e] = m;
	o->rules.edition[e].measures = m;
	o->rules.edition[e].directory = d;
	o->rules.current = (uint16_t)e;
	return 0;
}

static int on_day(const struct records_day *d, void *arg)
{
	struct app_org *o = arg;
	struct event ev;

	memset(&ev, 0, sizeof(ev));
	ev.kind = EV_SET;
	for (unsigned i = 0; i < DAY_SETS; i++)
		if (strcmp(day_names[i], d->set) == 0)
			ev.day.set = (enum day_set)i;
	ev.day.on = d->on;
	ev.day.extension = d->extension;
	ev.day.person = d->person;
	ev.day.by = d->by;
	ev.day.until_wall_ms = d->until_ms;
	TEXT_COPY(ev.day.number, d->number);
	app_event(o, &ev);
	return 0;
}

int app_day_load(struct app_org *o, struct records_db *db)
{
	int err = records_day_load(db, o->id, clock_wall_ms(), on_day, o);

	return err ? err : app_instructions_load(o, db);
}
