/*
 * Positions by account, duty, commands and heartbeats: HTTP's questions are put to the exchange on
 * the call thread, whose answer (FX_COMMAND) comes within the same step.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/desk_priv.h"
#include "records/desk.h"

#define DB_WAIT_MS 2000

static const char *const outcomes[DESK_OUTCOME_COUNT] = {
    [DESK_AGREED] = "agreed", [DESK_REFUSED] = "refused", [DESK_OTHER] = "other",
    [DESK_LATER] = "later",   [DESK_ABSENT] = "absent",	  [DESK_BUSY] = "busy"};
static const char *const hang_ups[HANG_UP_COUNT] = {
    [HANG_UP_DONE] = "done",   [HANG_UP_SILENT] = "silent",	[HANG_UP_WRONG] = "wrong",
    [HANG_UP_SALES] = "sales", [HANG_UP_NUISANCE] = "nuisance", [HANG_UP_FAX] = "fax"};

/* ---- positions ---- */

uint16_t desk_position_of(const struct app_org *o, uint32_t user)
{
	const struct desk_org *d = desk_org(o);

	for (unsigned i = 1; user && i <= d->positions; i++)
		if (d->position[i].user == user)
			return (uint16_t)i;
	return 0;
}

uint16_t app_desk_position(struct app_org *o, const struct http_identity *who)
{
	struct desk_org *d = desk_org(o);
	uint16_t no = desk_position_of(o, who->user);
	struct desk_position *p;

	if (no)
		return no;
	if (d->positions == EXCHANGE_POSITIONS) {
		log_warn("app", "%s gets no position: all %u are given", who->name,
			 EXCHANGE_POSITIONS);
		return 0;
	}
	p = &d->position[++d->positions];
	p->user = who->user;
	p->person = who->person;
	TEXT_COPY(p->name, who->name);
	return (uint16_t)d->positions;
}

bool app_desk_may(const struct app_org *o, const struct http_identity *who, bool standin)
{
	const struct directory_person *p =
	    who->person ? directory_person(app_directory(o), who->person) : NULL;

	return (who->roles & API_OPERATOR) && ((p && p->post == POST_OPERATOR) || standin);
}

static void desk_event(uint16_t position, enum desk_act act, struct event *ev)
{
	memset(ev, 0, sizeof(*ev));
	ev->kind = EV_DESK;
	ev->desk.position = position;
	ev->desk.act = act;
}

void app_desk_act(struct app_org *o, uint16_t position, enum desk_act act, uint32_t channel)
{
	struct desk_position *p = &desk_org(o)->position[position];
	struct event ev;

	desk_event(position, act, &ev);
	ev.desk.person = p->person;
	ev.desk.channel = channel;
	app_event(o, &ev);
	desk_changed(o);
}

/* A page of the account is there. */
static void heard(struct app_org *o, uint16_t position)
{
	struct desk_position *p = &desk_org(o)->position[position];

	p->heard_ms = clock_mono_ms();
	if (p->page)
		return;
	p->page = true;
	app_desk_act(o, position, DESK_PAGE_BACK, 0);
}

bool app_desk_is_phone(const struct app_org *o, leg_id leg)
{
	struct exchange_position_view v;

	for (uint16_t i = 1; i <= desk_org(o)->positions; i++)
		if (exchange_position_view(o->exchange, i, &v) && v.headset == leg)
			return true;
	return false;
}

static bool on_duty(const struct exchange_position_view *v)
{
	return v->state == POSITION_ON || v->state == POSITION_WRAP_UP;
}

unsigned app_desk_on_duty(const struct app_org *o)
{
	struct exchange_position_view v;
	unsigned n = 0;

	for (uint16_t i = 1; i <= desk_org(o)->positions; i++)
		n += exchange_position_view(o->exchange, i, &v) && on_duty(&v);
	return n;
}

const char *app_desk_reason(const struct app_org *o)
{
	static const char *const reasons[POSITION_STATE_COUNT] = {[POSITION_OFF] = "off_duty",
								  [POSITION_ON] = "on_duty",
								  [POSITION_AWAY] = "away",
								  [POSITION_WRAP_UP] = "on_duty",
								  [POSITION_LOST] = "lost"};
	struct exchange_position_view v;
	const char *reason = "no_operator";
	int64_t since = 0;

	if (!exchange_automatic(o->exchange))
		return "on_duty";
	/* who left last made it automatic */
	for (uint16_t i = 1; i <= desk_org(o)->positions; i++) {
		if (!exchange_position_view(o->exchange, i, &v) || v.since_wall_ms < since ||
		    on_duty(&v))
			continue;
		since = v.since_wall_ms;
		reason = reasons[v.state];
	}
	return reason;
}

void app_desk_effect(struct app_org *o, const struct effect *fx)
{
	struct app_desk *d = o->app->desk;

	if (!d)
		return; /* at the start and at the end */
	if (fx->kind == FX_STEP)
		desk_step(o, fx);
	else if (fx->kind == FX_CALL)
		desk_dirty(o, fx->call.call_no);
	else if (fx->kind == FX_POSITION)
		desk_changed(o);
	else if (fx->kind == FX_COMMAND && fx->command.serial == d->serial)
		d->done = *fx;
}

/* ---- questions, answered on the call thread ---- */

static int refused(json_t **out, enum refusal r, enum clause clause, uint16_t other)
{
	*out = desk_refusal_json(r, clause, other);
	return EPERM;
}

static int wrong(json_t **out, const char *field)
{
	*out = json_pack("{s:s}", "field", field);
	return EINVAL;
}

static int build_desk(struct app *a, const struct api_query *q, json_t **out)
{
	struct app_org *o = live_org(a, q->who.org);
	uint16_t position;

	if (!o)
		return ENOENT;
	position = desk_position_of(o, q->who.user);
	if (position)
		heard(o, position); /* a page that has just been loaded anew */
	*out = desk_json(o, q);
	return *out ? 0 : ENOMEM;
}

static int build_may(struct app *a, const struct api_query *q, json_t **out)
{
	const struct app_org *o = live_org(a, q->who.org);

	(void)out;
	return o && app_desk_may(o, &q->who, q->standin) ? 0 : EACCES;
}

static int build_beat(struct app *a, const struct api_query *q, json_t **out)
{
	struct app_org *o = live_org(a, q->who.org);
	uint16_t position = o ? desk_position_of(o, q->who.user) : 0;
	uint32_t age = a->desk->beat - (uint32_t)q->id;

	(void)out;
	if (position && age < DESK_BEATS_VALID)
		heard(o, position);
	return 0;
}

static int build_lost(struct app *a, const struct api_query *q, json_t **out)
{
	struct app_org *o = live_org(a, q->who.org);
	uint16_t position = o ? desk_position_of(o, q->who.user) : 0;

	(void)out;
	if (!position || !desk_org(o)->position[position].page)
		return 0;
	desk_org(o)->position[position].page = false;
	app_desk_act(o, position, DESK_PAGE_LOST, 0);
	return 0;
}

/* ---- duty ---- */

static void set_sound(struct app_org *o, uint16_t position, uint32_t extension, bool nailed)
{
	struct event ev;

	desk_event(position, DESK_PHONE, &ev);
	ev.desk.person = desk_org(o)->position[position].person;
	ev.desk.extension = extension;
	ev.desk.nailed = nailed;
	app_event(o, &ev);
}

static int duty_on(struct app_org *o, uint16_t position, const struct api_duty *y, json_t **out)
{
	struct desk_position *p = &desk_org(o)->position[position];
	struct exchange_position_view v;
	struct target t = {TARGET_NONE, 0};
	bool known = exchange_position_view(o->exchange, position, &v);

	if (y->extension[0])
		t = directory_number(app_directory(o), y->extension);
	if (y->extension[0] && t.kind != TARGET_EXTENSION)
		return wrong(out, "extension");
	if (!p->duty_ms)
		p->duty_ms = clock_wall_ms();
	/* the sound first: who comes on duty has the phone of the last time called otherwise */
	if (strcmp(y->sound, "phone") == 0)
		set_sound(o, position, t.id, y->nailed);
	else if (y->sound[0] && known && v.extension)
		set_sound(o, position, 0, false);
	if (!known || v.state == POSITION_OFF)
		app_desk_act(o, position, DESK_ON, 0);
	else if (v.state == POSITION_AWAY)
		app_desk_act(o, position, DESK_BACK, 0);
	p->page = false; /* told in any case */
	heard(o, position);
	desk_greetings_load(o, position, p->user, y);
	return 0;
}

static int duty_leave(struct app_org *o, uint16_t position, const struct api_duty *y, json_t **out)
{
	struct exchange_position_view v;
	struct event ev;

	if (!exchange_position_view(o->exchange, position, &v) || v.state == POSITION_OFF)
		return refused(out, REFUSAL_OFF_DUTY, CLAUSE_A3_3, 0);
	if (strcmp(y->act, "off") == 0) {
		app_desk_act(o, position, DESK_OFF, 0);
		return 0;
	}
	if (strcmp(y->act, "back") == 0) {
		if (v.state != POSITION_AWAY)
			return refused(out, REFUSAL_NOT_NOW, CLAUSE_HOUSE, 0);
		app_desk_act(o, position, DESK_BACK, 0);
		heard(o, position);
		return 0;
	}
	if (y->until_ms && y->until_ms <= clock_wall_ms())
		return wrong(out, "until_ms");
	desk_event(position, DESK_AWAY, &ev);
	ev.desk.person = desk_org(o)->position[position].person;
	ev.desk.until_wall_ms = y->until_ms;
	app_event(o, &ev);
	desk_changed(o);
	return 0;
}

static int build_duty(struct app *a, const struct api_query *q, json_t **out)
{
	struct app_org *o = live_org(a, q->who.org);
	const struct api_duty *y = q->more;
	uint16_t position;
	int err;

	if (!o || !app_desk_may(o, &q->who, q->standin))
		return EACCES;
	position = app_desk_position(o, &q->who);
	if (!position)
		return refused(out, REFUSAL_FULL, CLAUSE_HOUSE, 0);
	err = strcmp(y->act, "on") == 0 ? duty_on(o, position, y, out)
					: duty_leave(o, position, y, out);
	if (err)
		return err;
	log_info("app", "position %u (%s): %s", position, q->who.name, y->act);
	*out = desk_json(o, q);
	return *out ? 0 : ENOMEM;
}

/* ---- commands ---- */

static int word_place(const char *word, const char *const *words, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(word, words[i]) == 0)
			return (int)i;
	return -1;
}

static const char *dialled(struct app_org *o, const struct event *ev)
{
	static struct exchange_call_view v; /* the call thread's */
	struct exchange_position_view p;
	uint64_t no = ev->command.call_no;

	if (!no && exchange_position_view(o->exchange, ev->command.position, &p))
		no = p.call_no;
	return no && desk_view(o, no, &v) ? v.dialled : "";
}

/* The value of a command that takes a word; false when it is none of them. */
static bool take_word(struct app_org *o, const struct api_command *m, struct event *ev)
{
	enum lang lang = o->app->lang;
	int place = 0;

	ev->command.value = m->value;
	if (ev->command.what == COMMAND_OUTCOME)
		place = word_place(m->word, outcomes, DESK_OUTCOME_COUNT);
	else if (ev->command.what == COMMAND_HANG_UP)
		place = m->word[0] ? word_place(m->word, hang_ups, HANG_UP_COUNT) : HANG_UP_DONE;
	else if (ev->command.what == COMMAND_GREET) {
		if (m->word[0] && !lang_parse(m->word, &lang))
			return false;
		place = (int)desk_greeting(o, ev->command.position, lang, dialled(o, ev));
	} else {
		return !m->word[0];
	}
	ev->command.value = (uint32_t)place;
	return place >= 0;
}

static bool take_command(struct app_org *o, const struct api_command *m, uint16_t position,
			 struct event *ev, json_t **out)
{
	int what = COMMAND_COUNT - 1;

	while (what >= 0 && strcmp(exchange_command_name((enum desk_command)what), m->what) != 0)
		what--;
	if (what < 0)
		return wrong(out, "what") == 0;
	memset(ev, 0, sizeof(*ev));
	ev->kind = EV_COMMAND;
	ev->command.position = position;
	ev->command.to_position = m->to_position;
	ev->command.what = (enum desk_command)what;
	ev->command.call_no = (uint64_t)m->call;
	ev->command.rev = m->rev;
	ev->command.person = m->person;
	ev->command.department = m->department;
	TEXT_COPY(ev->command.number, m->number);
	TEXT_COPY(ev->command.text, m->text);
	if (!take_word(o, m, ev))
		return wrong(out, "value") == 0;
	return true;
}

static int carry_out(struct app_org *o, struct event *ev, const struct api_command *m, json_t **out)
{
	struct app_desk *d = o->app->desk;
	struct exchange_call_view v;
	const struct effect *fx = &d->done;
	json_t *j;

	ev->command.serial = ++d->serial;
	memset(&d->done, 0, sizeof(d->done));
	app_event(o, ev);
	if (fx->kind != FX_COMMAND || fx->command.serial != ev->command.serial) {
		log_error("app", "the exchange gave no answer to %s", m->what);
		return EIO;
	}
	if (fx->command.refusal != REFUSAL_NONE)
		return refused(out, fx->command.refusal, fx->command.clause, fx->command.other);
	if (m->note[0] && fx->command.call_no) {
		desk_note_set(o, fx->command.call_no, m->note);
		desk_dirty(o, fx->command.call_no);
	}
	j = json_pack("{s:o}", "call",
		      fx->command.call_no ? json_integer((json_int_t)fx->command.call_no)
					  : json_null());
	if (fx->command.call_no && desk_view(o, fx->command.call_no, &v))
		json_object_set_new(j, "desk_call", desk_call_json(o, &v));
	*out = j;
	return 0;
}

/* The answer that this key got, NULL when it is new. */
static struct desk_answer *answer_of(struct app_desk *d, uint32_t user, const char *key)
{
	int64_t now = clock_mono_ms();

	for (unsigned i = 0; key[0] && i < DESK_ANSWERS; i++) {
		struct desk_answer *k = &d->answer[i];

		if (k->at_ms && k->user == user && now - k->at_ms < DESK_ANSWER_MS &&
		    strcmp(k->key, key) == 0)
			return k;
	}
	return NULL;
}

static void answer_keep(struct app_desk *d, uint32_t user, const char *key, int err, json_t *out)
{
	struct desk_answer *k = &d->answer[d->next_answer++ % DESK_ANSWERS];

	json_decref(k->out);
	k->user = user;
	k->at_ms = clock_mono_ms();
	k->err = err;
	k->out = json_deep_copy(out);
	TEXT_COPY(k->key, key);
}

static int build_command(struct app *a, const struct api_query *q, json_t **out)
{
	struct app_org *o = live_org(a, q->who.org);
	const struct api_command *m = q->more;
	const struct desk_answer *before;
	struct event ev;
	uint16_t position;
	int err;

	if (!o || !app_desk_may(o, &q->who, q->standin))
		return EACCES;
	before = answer_of(a->desk, q->who.user, m->key);
	if (before) {
		*out = json_deep_copy(before->out);
		return before->err;
	}
	position = desk_position_of(o, q->who.user);
	if (!position)
		return refused(out, REFUSAL_NO_POSITION, CLAUSE_HOUSE, 0);
	if (!take_command(o, m, position, &ev, out))
		return EINVAL;
	err = carry_out(o, &ev, m, out);
	if (m->key[0])
		answer_keep(a->desk, q->who.user, m->key, err, *out);
	return err;
}

/* ---- worker ---- */

static bool standin_in_force(struct app *a, const struct http_identity *who)
{
	struct records_db *db = NULL;
	int err = who->person ? records_borrow(a->records, DB_WAIT_MS, &db) : ENOENT;

	if (!err)
		err = records_standin_in_force(db, who->org, who->person, clock_wall_ms(), NULL);
	records_return(a->records, db);
	return err == 0;
}

/* Asks; when the person holds no such post, again as the stand-in that they may be (A5.9). */
static int ask_appointed(struct app *a, live_build *build, const struct api_query *q,
			 const void *more, size_t size, json_t **out)
{
	int err = live_ask_with(a, build, q, more, size, out);
	struct api_query again = *q;

	if (err != EACCES || !standin_in_force(a, &q->who))
		return err;
	again.standin = true;
	return live_ask_with(a, build, &again, more, size, out);
}

int app_desk_appointed(struct app *a, const struct http_identity *who)
{
	struct api_query q;
	json_t *out = NULL;

	memset(&q, 0, sizeof(q));
	q.who = *who;
	return ask_appointed(a, build_may, &q, NULL, 0, &out);
}

int app_desk_message_kept(struct app *a, const struct http_identity *who, uint64_t call_no,
			  uint32_t person, uint32_t department)
{
	struct api_command m;
	struct api_query q;
	json_t *out = NULL;
	int err;

	memset(&q, 0, sizeof(q));
	memset(&m, 0, sizeof(m));
	q.who = *who;
	TEXT_COPY(m.what, exchange_command_name(COMMAND_MESSAGE_KEPT));
	m.call = (int64_t)call_no;
	m.person = person;
	m.department = department;
	err = ask_appointed(a, build_command, &q, &m, sizeof(m), &out);
	json_decref(out);
	return err;
}

void app_desk_signed_out(struct app *a, const struct http_identity *who)
{
	struct api_query q;
	json_t *out = NULL;

	memset(&q, 0, sizeof(q));
	q.who = *who;
	(void)live_ask(a, build_lost, &q, &out); /* else the heartbeat tells it */
}

int desk_ask_picture(struct app *a, const struct api_query *q, json_t **out)
{
	return live_ask(a, build_desk, q, out);
}

int desk_ask_duty(struct app *a, const struct api_query *q, const struct api_duty *y, json_t **out)
{
	struct api_duty with = *y;

	desk_greetings(a, q->who.user, &with);
	return ask_appointed(a, build_duty, q, &with, sizeof(with), out);
}

static int source_command(void *arg, const struct api_query *q, const struct api_command *m,
			  json_t **out)
{
	return ask_appointed(arg, build_command, q, m, sizeof(*m), out);
}

static int source_beat(void *arg, const struct api_query *q, json_t **out)
{
	return live_ask(arg, build_beat, q, out);
}

static void source_signed_out(void *arg, const struct http_identity *who)
{
	app_desk_signed_out(arg, who);
}

void desk_source_fill(struct api_source *s)
{
	s->desk_command = source_command;
	s->desk_beat = source_beat;
	s->signed_out = source_signed_out;
}

/* ---- beginning and end ---- */

int app_desk_open(struct app *a)
{
	struct records_db *db = NULL;
	int err;

	a->desk = calloc(1, sizeof(*a->desk));
	if (!a->desk)
		return ENOMEM;
	a->desk->app = a;
	err = desk_calls_open(a);
	if (err)
		return err;
	desk_tell_open(a);
	err = records_borrow(a->records, DB_WAIT_MS, &db);
	for (unsigned i = 0; i < a->org_count && !err; i++)
		err = desk_figures_load(&a->org[i], db);
	records_return(a->records, db);
	if (err)
		log_warn("app", "the desk's figures begin at nought: %s", strerror(err));
	return 0;
}

void app_desk_close(struct app *a)
{
	if (!a->desk)
		return;
	desk_tell_close(a);
	desk_calls_close(a);
	for (unsigned i = 0; i < DESK_ANSWERS; i++)
		json_decref(a->desk->answer[i].out);
	free(a->desk);
	a->desk = NULL;
}
