/* Slips, told enquiries, today's instructions, stand-ins, cards. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/delivery.h"
#include "app/desk.h"
#include "app/source.h"
#include "records/accounts.h"
#include "records/desk.h"

#define INSTRUCTION_MAX_MS (31ll * 86400000)

static int no_such(json_t **out, const char *field)
{
	*out = source_field(field, "not_in_directory");
	return EINVAL;
}

/* Whoever is named is in the directory, or 0. */
static int named(struct app *a, struct records_db *db, const struct api_query *q, uint32_t person,
		 const char *person_field, uint32_t department, const char *department_field,
		 json_t **out)
{
	const struct directory *d = NULL;
	int err = source_lock(a, db, q->who.org, &d);

	if (!err && person && !directory_person(d, person))
		err = no_such(out, person_field);
	else if (!err && department && !directory_department(d, department))
		err = no_such(out, department_field);
	source_unlock();
	return err;
}

/* A connection for somebody who may answer. */
static int begin(struct app *a, const struct api_query *q, struct records_db **db)
{
	int err = source_borrow(a, db);

	return err ? err : source_appointed(a, *db, &q->who);
}

/* --- slips --- */

static const char *clause_of(const struct api_slip *s)
{
	return s->call ? "A3.8" : "A5.7";
}

void source_message_published(struct app *a, struct records_db *db, uint32_t org, int64_t id)
{
	struct records_message_filter f = {.org = org, .unheard_only = true};
	uint64_t unheard = 0;

	app_delivery_wake(a);
	if (live_watched(a) && records_messages_count(db, &f, &unheard) == 0)
		live_publish(a, org, APP_LIVE_ROLES, "message",
			     json_pack("{s:I,s:I}", "id", (json_int_t)id, "unheard",
				       (json_int_t)unheard));
}

static void slip_fill(const struct app *a, const struct api_query *q, const struct api_slip *s,
		      struct records_message *m)
{
	m->org = q->who.org;
	m->call_no = (uint64_t)s->call;
	m->kept_at_ms = clock_wall_ms();
	m->for_person = s->for_person;
	m->for_department = s->for_department;
	m->copy_department = s->copy_department;
	m->urgency = s->urgent ? RECORDS_URGENT : RECORDS_ORDINARY;
	TEXT_COPY(m->clause_name, clause_of(s));
	TEXT_COPY(m->from_number, s->number);
	TEXT_COPY(m->from_name, s->from_name);
	TEXT_COPY(m->organisation, s->organisation);
	TEXT_COPY(m->matter, s->matter);
	TEXT_COPY(m->call_back, s->call_back);
	TEXT_COPY(m->declined, s->declined);
	TEXT_COPY(m->taken_by, q->who.name);
	for (unsigned i = 0; i < a->org_count; i++)
		if (a->org[i].id == m->org)
			app_delivery_times(&a->config->measures[i], m);
}

static int slip(void *arg, const struct api_query *q, const struct api_slip *s, json_t **out)
{
	struct app *a = arg;
	struct records_message m = {0};
	struct records_db *db = NULL;
	char request[API_REQUEST + 16] = "";
	bool again = false;
	int64_t id = 0;
	int err = begin(a, q, &db);

	slip_fill(a, q, s, &m);
	if (s->request[0])
		snprintf(request, sizeof(request), "%u:%s", q->who.user, s->request);
	if (!err)
		err = named(a, db, q, s->for_person, "for_person", s->for_department,
			    "for_department", out);
	if (!err)
		err = named(a, db, q, 0, "", s->copy_department, "copy_department", out);
	if (!err)
		err = records_message_add(db, &m, request, &id);
	again = err == EALREADY;
	if (!err)
		source_message_published(a, db, q->who.org, id);
	records_return(a->records, db);
	/* It is kept whatever the exchange says of the call, which may have ended. */
	if (!err && s->call && (q->who.roles & API_OPERATOR))
		(void)app_desk_message_kept(a, &q->who, m.call_no, m.for_person, m.for_department);
	if (again)
		err = 0; /* the same answer as the first time */
	if (!err)
		*out = json_pack("{s:I}", "id", (json_int_t)id);
	return err;
}

/* --- told --- */

static int told(void *arg, const struct api_query *q, const struct api_told *t, json_t **out)
{
	struct app *a = arg;
	struct records_told r = {.org = q->who.org,
				 .at_ms = clock_wall_ms(),
				 .call_no = (uint64_t)t->call,
				 .person = t->person,
				 .department = t->department};
	struct records_db *db = NULL;
	int64_t id = 0;
	int err = begin(a, q, &db);

	TEXT_COPY(r.by, q->who.name);
	TEXT_COPY(r.to_number, t->to_number);
	TEXT_COPY(r.to_name, t->to_name);
	TEXT_COPY(r.text, t->text);
	if (!err)
		err = named(a, db, q, t->person, "person", t->department, "department", out);
	if (!err)
		err = records_told_add(db, &r, &id);
	records_return(a->records, db);
	if (!err)
		*out = json_pack("{s:I}", "id", (json_int_t)id);
	return err;
}

struct collected {
	const struct directory *d;
	json_t *items;
	int64_t last, now_ms;
};

static const char *name_of(const struct directory *d, uint32_t person, uint32_t department)
{
	return live_name(d, person, department);
}

static int on_told(const struct records_told *t, void *arg)
{
	struct collected *c = arg;

	c->last = t->id;
	json_array_append_new(
		c->items,
		json_pack("{s:I,s:I,s:I,s:i,s:i,s:s,s:s,s:s,s:s,s:s}", "id", (json_int_t)t->id,
			  "at_ms", (json_int_t)t->at_ms, "call", (json_int_t)t->call_no, "person",
			  (int)t->person, "department", (int)t->department, "name",
			  name_of(c->d, t->person, t->department), "by", t->by, "to_number",
			  t->to_number, "to_name", t->to_name, "text", t->text));
	return 0;
}

static int told_list(void *arg, const struct api_query *q, json_t **out)
{
	struct app *a = arg;
	const struct records_told f = {
		.org = q->who.org, .person = q->person, .department = q->department};
	struct collected c = {.items = json_array()};
	struct records_db *db = NULL;
	char next[24] = "";
	int err = source_borrow(a, &db);

	if (!err) {
		err = source_lock(a, db, q->who.org, &c.d);
		if (!err)
			err = records_told_list(db, &f, strtoll(q->before, NULL, 10), q->limit,
						on_told, &c);
		source_unlock();
	}
	records_return(a->records, db);
	if (json_array_size(c.items) == q->limit)
		snprintf(next, sizeof(next), "%lld", (long long)c.last);
	if (err)
		json_decref(c.items);
	else
		*out = source_list(c.items, next);
	return err;
}

/* --- instructions --- */

static void instruction_event(const struct records_instruction *i, bool on, struct event *ev)
{
	memset(ev, 0, sizeof(*ev));
	ev->kind = EV_SET;
	ev->day.set = DAY_INSTRUCTION;
	ev->day.on = on;
	ev->day.person = i->person;
	ev->day.until_wall_ms = i->until_ms;
	ev->day.id = (uint32_t)i->id;
	ev->day.refuse = i->refuse;
	ev->day.by_name = i->name[0] != '\0';
	TEXT_COPY(ev->day.number, i->number);
}

static int on_restored(const struct records_instruction *i, void *arg)
{
	struct event ev;

	instruction_event(i, true, &ev);
	app_event(arg, &ev);
	return 0;
}

int app_instructions_load(struct app_org *o, struct records_db *db)
{
	return records_instructions(db, o->id, clock_wall_ms(), on_restored, o);
}

static json_t *instruction_json(const struct directory *d, const struct records_instruction *i)
{
	return json_pack("{s:I,s:i,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:I}", "id", (json_int_t)i->id,
			 "person", (int)i->person, "person_name", name_of(d, i->person, 0), "kind",
			 i->refuse ? "refuse" : "through", "number", i->number, "name", i->name,
			 "text", i->text, "given_by", i->given_by, "by", i->by, "at_ms",
			 (json_int_t)i->at_ms, "until_ms", (json_int_t)i->until_ms);
}

static int on_instruction(const struct records_instruction *i, void *arg)
{
	struct collected *c = arg;

	json_array_append_new(c->items, instruction_json(c->d, i));
	return 0;
}

static int instructions(void *arg, const struct api_query *q, json_t **out)
{
	struct app *a = arg;
	struct collected c = {.items = json_array()};
	struct records_db *db = NULL;
	int err = source_borrow(a, &db);

	if (!err) {
		err = source_lock(a, db, q->who.org, &c.d);
		if (!err)
			err = records_instructions(db, q->who.org, clock_wall_ms(),
						   on_instruction, &c);
		source_unlock();
	}
	records_return(a->records, db);
	if (err)
		json_decref(c.items);
	else
		*out = source_list(c.items, "");
	return err;
}

static void instructions_published(struct app *a, uint32_t org)
{
	if (live_watched(a))
		live_publish(a, org, APP_LIVE_ROLES, "instructions", json_object());
}

static int instruct(void *arg, const struct api_query *q, const struct api_instruction *in,
		    json_t **out)
{
	struct app *a = arg;
	struct records_instruction i = {.org = q->who.org,
					.at_ms = clock_wall_ms(),
					.until_ms = in->until_ms,
					.person = in->person,
					.refuse = in->refuse};
	struct records_db *db = NULL;
	struct event ev;
	int err;

	if (i.until_ms <= i.at_ms || i.until_ms - i.at_ms > INSTRUCTION_MAX_MS) {
		*out = source_field("until_ms", i.until_ms <= i.at_ms ? "past" : "too_far");
		return EINVAL;
	}
	TEXT_COPY(i.number, in->number);
	TEXT_COPY(i.name, in->name);
	TEXT_COPY(i.text, in->text);
	TEXT_COPY(i.given_by, in->given_by);
	TEXT_COPY(i.by, q->who.name);
	err = begin(a, q, &db);
	if (!err)
		err = named(a, db, q, i.person, "person", 0, "", out);
	if (!err)
		err = records_instruction_add(db, &i, &i.id);
	records_return(a->records, db);
	if (err)
		return err;
	instruction_event(&i, true, &ev);
	err = source_set(a, q->who.org, &ev);
	if (err)
		return err;
	instructions_published(a, q->who.org);
	*out = json_pack("{s:I}", "id", (json_int_t)i.id);
	return 0;
}

static int instruction_drop(void *arg, const struct api_query *q, json_t **out)
{
	struct app *a = arg;
	struct records_instruction i = {0};
	struct records_db *db = NULL;
	struct event ev;
	int err = begin(a, q, &db);

	(void)out;
	if (!err)
		err = records_instruction_remove(db, q->who.org, q->id, q->who.name,
						 clock_wall_ms(), &i);
	records_return(a->records, db);
	if (err)
		return err;
	instruction_event(&i, false, &ev);
	err = source_set(a, q->who.org, &ev);
	instructions_published(a, q->who.org);
	return err;
}

/* --- operators --- */

static json_t *standin_json(const struct directory *d, const struct records_standin *s,
			    int64_t now_ms)
{
	return json_pack("{s:I,s:i,s:s,s:I,s:I,s:s,s:s,s:s,s:I,s:s,s:I,s:b}", "id",
			 (json_int_t)s->id, "person", (int)s->person, "name",
			 name_of(d, s->person, 0), "from_ms", (json_int_t)s->from_ms, "until_ms",
			 (json_int_t)s->until_ms, "reason", s->reason, "state",
			 records_standin_state_name((enum records_standin_state)s->state),
			 "asked_by", s->asked_by, "asked_ms", (json_int_t)s->asked_ms, "decided_by",
			 s->decided_by, "decided_ms", (json_int_t)s->decided_ms, "in_force",
			 s->state == STANDIN_APPROVED && s->from_ms <= now_ms &&
				 s->until_ms > now_ms);
}

static int on_standin(const struct records_standin *s, void *arg)
{
	struct collected *c = arg;

	json_array_append_new(c->items, standin_json(c->d, s, c->now_ms));
	return 0;
}

/* Accounts that may sign in at a desk, by their person. */
static int on_account(const struct records_account *r, void *arg)
{
	char key[16];

	if (!r->enabled || r->role != RECORDS_OPERATOR || !r->person)
		return 0;
	snprintf(key, sizeof(key), "%u", r->person);
	json_object_set_new(arg, key, json_string(r->name));
	return 0;
}

static json_t *appointed_json(const struct directory *d, const json_t *accounts)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < d->person_count; i++) {
		const struct directory_person *p = &d->people[i];
		const struct directory_extension *x =
			p->extension ? directory_extension(d, p->extension) : NULL;
		const char *account;
		char key[16];

		if (p->post != POST_OPERATOR)
			continue;
		snprintf(key, sizeof(key), "%u", p->id);
		account = json_string_value(json_object_get(accounts, key));
		json_array_append_new(
			list, json_pack("{s:i,s:s,s:s,s:s,s:s}", "person", (int)p->id, "name",
					p->name, "title", p->title, "number", x ? x->number : "",
					"account", account ? account : ""));
	}
	return list;
}

static int operators(void *arg, const struct api_query *q, json_t **out)
{
	struct app *a = arg;
	struct collected c = {.items = json_array(), .now_ms = clock_wall_ms()};
	json_t *accounts = json_object();
	struct records_db *db = NULL;
	int err = source_borrow(a, &db);

	if (!err)
		err = records_accounts(db, q->who.org, on_account, accounts);
	if (!err) {
		err = source_lock(a, db, q->who.org, &c.d);
		if (!err)
			err = records_standins(db, q->who.org, on_standin, &c);
		if (!err)
			*out = json_pack("{s:o,s:O}", "appointed", appointed_json(c.d, accounts),
					 "standins", c.items);
		source_unlock();
	}
	records_return(a->records, db);
	json_decref(accounts);
	json_decref(c.items);
	return err;
}

static void operators_published(struct app *a, uint32_t org)
{
	if (live_watched(a))
		live_publish(a, org, API_OPERATOR | API_MANAGER, "operators", json_object());
}

static int standin_ask(void *arg, const struct api_query *q, const struct api_standin *in,
		       json_t **out)
{
	struct app *a = arg;
	struct records_standin s = {.org = q->who.org,
				    .person = in->person,
				    .from_ms = in->from_ms,
				    .until_ms = in->until_ms,
				    .asked_ms = clock_wall_ms()};
	struct records_db *db = NULL;
	int64_t id = 0;
	int err = source_borrow(a, &db);

	TEXT_COPY(s.reason, in->reason);
	TEXT_COPY(s.asked_by, q->who.name);
	if (!err)
		err = named(a, db, q, s.person, "person", 0, "", out);
	if (!err) {
		err = records_standin_ask(db, &s, &id);
		if (err == EINVAL)
			*out = source_field("until_ms", s.until_ms <= s.asked_ms ? "past"
					    : s.until_ms <= s.from_ms		? "before_from"
										: "too_far");
	}
	records_return(a->records, db);
	if (err)
		return err;
	operators_published(a, q->who.org);
	*out = json_pack("{s:I}", "id", (json_int_t)id);
	return 0;
}

static int standin_decide(void *arg, const struct api_query *q, bool approve, json_t **out)
{
	struct app *a = arg;
	struct records_db *db = NULL;
	int err = source_borrow(a, &db);

	(void)out;
	if (!err)
		err = records_standin_decide(db, q->who.org, q->id, approve, q->who.name,
					     clock_wall_ms());
	records_return(a->records, db);
	if (!err)
		operators_published(a, q->who.org);
	return err;
}

/* --- cards --- */

static json_t *cards_json(const struct config_card *card, unsigned count, bool number)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < count && i < CONFIG_CARDS; i++) {
		json_t *one =
			json_pack("{s:s,s:s}", "title", card[i].title, "text", card[i].text);

		if (number)
			json_object_set_new(one, "number", json_string(card[i].number));
		json_array_append_new(list, one);
	}
	return list;
}

static int cards(void *arg, const struct api_query *q, json_t **out)
{
	struct app *a = arg;
	const struct app_org *o = source_org(a, q->who.org);
	const struct config_cards *c = o ? &a->config->cards[o->index] : NULL;

	if (!c)
		return ENOENT;
	*out = json_pack("{s:o,s:o,s:o}", "facts", cards_json(c->facts, c->fact_count, false),
			 "emergency", cards_json(c->emergency, c->emergency_count, true),
			 "approved", cards_json(c->approved, c->approved_count, false));
	return *out ? 0 : ENOMEM;
}

void source_keep_fill(struct api_keep_source *k)
{
	k->slip = slip;
	k->told = told;
	k->told_list = told_list;
	k->instructions = instructions;
	k->instruct = instruct;
	k->instruction_drop = instruction_drop;
	k->operators = operators;
	k->standin_ask = standin_ask;
	k->standin_decide = standin_decide;
	k->cards = cards;
}
