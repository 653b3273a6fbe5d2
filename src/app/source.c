/* What the API is given: pictures of the moment from the call thread, everything else from the
 * database on a borrowed connection. All of it runs in HTTP's workers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/desk.h"
#include "app/headset.h"
#include "app/live.h"
#include "app/source.h"
#include "records/accounts.h"
#include "speech/pinyin.h"

#define SOURCE_WAIT_MS 2000 /* for a connection */

struct app_org *source_org(struct app *a, uint32_t id)
{
	for (unsigned i = 0; i < a->org_count; i++)
		if (a->org[i].id == id)
			return &a->org[i];
	return NULL;
}

/* The directory as a worker reads it: loaded anew when the database's version has moved. */
static struct {
	pthread_mutex_t lock;
	struct directory *directory[CONFIG_ORGANISATIONS];
	uint32_t version[CONFIG_ORGANISATIONS];
} cache = {.lock = PTHREAD_MUTEX_INITIALIZER};

int source_lock(struct app *a, struct records_db *db, uint32_t org, const struct directory **out)
{
	char clash[64];
	uint32_t version = 0;
	unsigned i = 0;
	int err;

	pthread_mutex_lock(&cache.lock);
	while (i < a->org_count && a->org[i].id != org)
		i++;
	if (i == a->org_count)
		return ENOENT;
	err = records_directory_version(db, org, &version);
	if (!err && (!cache.directory[i] || cache.version[i] != version)) {
		struct directory *fresh = NULL;

		err = records_directory_load(db, org, &fresh, clash, sizeof(clash));
		if (!err) {
			records_directory_free(cache.directory[i]);
			cache.directory[i] = fresh;
			cache.version[i] = version;
		}
	}
	if (!err)
		*out = cache.directory[i];
	return err;
}

void source_unlock(void)
{
	pthread_mutex_unlock(&cache.lock);
}

void app_source_close(void)
{
	source_apply_close();
	source_directory_close();
	for (unsigned i = 0; i < CONFIG_ORGANISATIONS; i++) {
		records_directory_free(cache.directory[i]);
		cache.directory[i] = NULL;
	}
}

int source_borrow(struct app *a, struct records_db **db)
{
	int err = records_borrow(a->records, SOURCE_WAIT_MS, db);

	return err == ETIMEDOUT ? EAGAIN : err;
}

json_t *source_list(json_t *items, const char *next)
{
	return next[0] ? json_pack("{s:o,s:s}", "items", items, "next", next)
		       : json_pack("{s:o,s:n}", "items", items, "next");
}

/* ---- accounts ---- */

static const uint32_t role_bits[RECORDS_ROLE_COUNT] = {
    [RECORDS_STAFF] = API_STAFF,
    [RECORDS_OPERATOR] = API_OPERATOR,
    [RECORDS_MANAGER] = API_MANAGER,
    [RECORDS_ADMIN] = API_ADMIN,
};

static int sign_in(void *arg, const char *name, const char *password, struct http_identity *out)
{
	struct app *a = arg;
	struct records_account r;
	struct records_db *db = NULL;
	int err = source_borrow(a, &db);

	if (!err)
		err = records_sign_in(db, name, password, &r);
	records_return(a->records, db);
	if (err)
		return err;
	memset(out, 0, sizeof(*out));
	out->user = (uint32_t)r.id;
	out->org = r.org;
	out->person = r.person;
	out->roles = role_bits[r.role];
	TEXT_COPY(out->name, r.name);
	return 0;
}

static void user_seen(void *arg, const char *name, const char *what, const char *address)
{
	(void)arg;
	log_info("app", "account %s: %s from %s", name, what, address);
}

static int me(void *arg, const struct api_query *q, json_t **out)
{
	struct app *a = arg;
	const struct directory *d = NULL;
	struct records_db *db = NULL;
	const char *name = q->who.name, *company = "";
	int err = source_borrow(a, &db);

	if (err)
		return err;
	err = source_lock(a, db, q->who.org, &d);
	if (!err) {
		const struct directory_person *p =
		    q->who.person ? directory_person(d, q->who.person) : NULL;

		if (p)
			name = p->name;
		for (unsigned i = 0; i < a->org_count; i++)
			if (a->org[i].id == q->who.org)
				company = a->config->measures[i].company;
		*out = json_pack("{s:s,s:s}", "display_name", name, "company", company);
	}
	source_unlock();
	records_return(a->records, db);
	return err;
}

/* ---- live ---- */

static int switchboard(void *arg, const struct api_query *q, json_t **out)
{
	struct records_message_filter f = {.org = q->who.org, .unheard_only = true};
	struct app *a = arg;
	struct records_db *db = NULL;
	uint64_t unheard = 0;
	int err = live_ask(a, live_switchboard, q, out);

	if (!err && source_borrow(a, &db) == 0 && records_messages_count(db, &f, &unheard) == 0)
		json_object_set_new(*out, "messages_unheard", json_integer((json_int_t)unheard));
	records_return(a->records, db);
	return err;
}

static int calls(void *arg, const struct api_query *q, json_t **out)
{
	return live_ask(arg, live_calls, q, out);
}

static int call(void *arg, const struct api_query *q, json_t **out)
{
	return live_ask(arg, live_call, q, out);
}

static int legs(void *arg, const struct api_query *q, json_t **out)
{
	return live_ask(arg, live_legs, q, out);
}

static int registrations(void *arg, const struct api_query *q, json_t **out)
{
	return live_ask(arg, live_registrations, q, out);
}

static int trunks(void *arg, const struct api_query *q, json_t **out)
{
	return live_ask(arg, live_trunks, q, out);
}

/* ---- directory ---- */

const char *const source_posts[POST_COUNT] = {
    [POST_EMPLOYEE] = "employee",	    [POST_CHAIRMAN] = "chairman",
    [POST_VICE_CHAIRMAN] = "vice_chairman", [POST_GENERAL_MANAGER] = "general_manager",
    [POST_GAD_MANAGER] = "gad_manager",	    [POST_SECRETARY] = "secretary",
    [POST_OPERATOR] = "operator",
};

static json_t *person_json(const struct directory *d, const struct directory_person *p)
{
	const struct directory_department *e =
	    p->department ? directory_department(d, p->department) : NULL;
	const struct directory_extension *x =
	    p->extension ? directory_extension(d, p->extension) : NULL;

	return json_pack("{s:i,s:s,s:s,s:s,s:i,s:s,s:s,s:s}", "id", (int)p->id, "name", p->name,
			 "reading", p->reading, "title", p->title, "department", (int)p->department,
			 "department_name", e ? e->name : "", "number", x ? x->number : "", "post",
			 source_posts[p->post]);
}

/* "zsf", "zhangsan", "Zhang San" for zhang1 san1 feng1. */
static bool sounds_like(const char *reading, const char *text)
{
	char letters[API_TEXT];
	struct pinyin p;
	size_t n = 0;

	for (; *text; text++) {
		if (*text >= 'A' && *text <= 'Z')
			letters[n++] = (char)(*text - 'A' + 'a');
		else if (*text >= 'a' && *text <= 'z')
			letters[n++] = *text;
		else if (*text != ' ')
			return false;
	}
	letters[n] = '\0';
	return n && speech_pinyin_parse(reading, &p) == 0 &&
	       (strstr(p.initials, letters) || strstr(p.letters, letters));
}

static bool person_fits(const struct directory *d, const struct directory_person *p,
			const struct api_query *q)
{
	const struct directory_extension *x =
	    p->extension ? directory_extension(d, p->extension) : NULL;

	if (q->own && p->disclosure == DISCLOSE_NONE && p->id != q->who.person)
		return false;
	if (q->department && p->department != q->department)
		return false;
	return !q->text[0] || strstr(p->name, q->text) || strstr(p->title, q->text) ||
	       sounds_like(p->reading, q->text) || (x && strstr(x->number, q->text));
}

static int people(void *arg, const struct api_query *q, json_t **out)
{
	struct app *a = arg;
	const struct directory *d = NULL;
	struct records_db *db = NULL;
	json_t *items = json_array();
	uint32_t i = (uint32_t)strtoul(q->before, NULL, 10);
	char next[16] = "";
	int err = source_borrow(a, &db);

	if (err)
		goto out;
	err = source_lock(a, db, q->who.org, &d);
	for (; !err && i < d->person_count; i++) {
		if (!person_fits(d, &d->people[i], q))
			continue;
		if (json_array_size(items) == q->limit) {
			snprintf(next, sizeof(next), "%u", i);
			break;
		}
		json_array_append_new(items, person_json(d, &d->people[i]));
	}
	source_unlock();
out:
	records_return(a->records, db);
	if (err) {
		json_decref(items);
		return err;
	}
	*out = source_list(items, next);
	return 0;
}

static json_t *department_json(const struct directory *d, const struct directory_department *e)
{
	json_t *members = json_array();

	for (unsigned i = 0; i < e->member_count; i++) {
		const struct directory_extension *x = directory_extension(d, e->members[i]);

		if (x)
			json_array_append_new(members, json_string(x->number));
	}
	return json_pack("{s:i,s:s,s:s,s:s,s:o}", "id", (int)e->id, "name", e->name, "reading",
			 e->reading, "number", e->number, "members", members);
}

static int departments(void *arg, const struct api_query *q, json_t **out)
{
	struct app *a = arg;
	const struct directory *d = NULL;
	struct records_db *db = NULL;
	json_t *items = json_array();
	int err = source_borrow(a, &db);

	if (!err) {
		err = source_lock(a, db, q->who.org, &d);
		for (uint32_t i = 0; !err && i < d->department_count; i++)
			if (!q->text[0] || strstr(d->departments[i].name, q->text) ||
			    sounds_like(d->departments[i].reading, q->text))
				json_array_append_new(items,
						      department_json(d, &d->departments[i]));
		source_unlock();
	}
	records_return(a->records, db);
	if (err) {
		json_decref(items);
		return err;
	}
	*out = source_list(items, "");
	return 0;
}

/* ---- messages ---- */

struct collected {
	const struct directory *directory;
	const struct api_query *query;
	json_t *items;
	char next[48];
};

json_t *source_message_json(const struct directory *d, const struct records_message *m)
{
	const struct directory_person *p =
	    m->for_person ? directory_person(d, m->for_person) : NULL;
	const struct directory_department *e =
	    m->for_department ? directory_department(d, m->for_department) : NULL;

	return json_pack(
	    "{s:I,s:I,s:I,s:{s:i,s:i,s:s},s:s,s:s,s:b,s:s,s:i,s:I,s:s,s:I,s:b}", "id",
	    (json_int_t)m->id, "call", (json_int_t)m->call_no, "kept_ms", (json_int_t)m->kept_at_ms,
	    "for", "person", (int)m->for_person, "department", (int)m->for_department, "name",
	    p	? p->name
	    : e ? e->name
		: "",
	    "from_number", m->from_number, "from_name", m->from_name, "urgent",
	    m->urgency == RECORDS_URGENT, "clause", m->clause_name, "sound_ms",
	    (int)m->recording_ms, "heard_ms", (json_int_t)m->heard_at_ms, "taken_by", m->taken_by,
	    "deadline_ms", (json_int_t)m->deadline_ms, "returned", m->stage > 0 && !m->heard_at_ms);
}

uint32_t source_own_department(const struct directory *d, const struct api_query *q)
{
	const struct directory_person *p =
	    q->who.person ? directory_person(d, q->who.person) : NULL;

	return p ? p->department : 0;
}

static int on_message(const struct records_message *m, void *arg)
{
	struct collected *c = arg;

	json_array_append_new(c->items, source_message_json(c->directory, m));
	snprintf(c->next, sizeof(c->next), "%lld", (long long)m->id);
	return 0;
}

static int messages(void *arg, const struct api_query *q, json_t **out)
{
	struct app *a = arg;
	struct records_message_filter f = {
	    .org = q->who.org,
	    .for_person = q->person,
	    .for_department = q->department,
	    .unheard_only = strcmp(q->state, "unheard") == 0,
	    .returned_only = strcmp(q->state, "returned") == 0,
	    .from_ms = q->from_ms,
	    .to_ms = q->to_ms,
	    .before_id = strtoll(q->before, NULL, 10),
	    .limit = q->limit,
	};
	struct collected c = {NULL, q, json_array(), ""};
	struct records_db *db = NULL;
	int err = source_borrow(a, &db);

	if (!err) {
		err = source_lock(a, db, q->who.org, &c.directory);
		if (!err && q->own) {
			f.own_person = q->who.person;
			f.own_department = source_own_department(c.directory, q);
		}
		if (!err)
			err = records_messages(db, &f, on_message, &c);
		source_unlock();
	}
	records_return(a->records, db);
	if (err) {
		json_decref(c.items);
		return err;
	}
	*out = source_list(c.items, json_array_size(c.items) < q->limit ? "" : c.next);
	return 0;
}

static int with_message(struct app *a, const struct api_query *q,
			json_t *(*make)(const struct directory *d, const struct records_message *m),
			json_t **out)
{
	const struct directory *d = NULL;
	struct records_message m;
	struct records_db *db = NULL;
	int err = source_borrow(a, &db);

	if (!err) {
		err = source_lock(a, db, q->who.org, &d);
		if (!err)
			err = records_message_get(db, q->who.org, q->id, &m);
		if (!err)
			*out = make(d, &m);
		source_unlock();
	}
	records_return(a->records, db);
	return err;
}

static int message(void *arg, const struct api_query *q, json_t **out)
{
	return with_message(arg, q, source_message_json, out);
}

static json_t *content_json(const struct directory *d, const struct records_message *m)
{
	(void)d;
	return json_pack("{s:s,s:s,s:s,s:b,s:s}", "organisation", m->organisation, "matter",
			 m->matter, "call_back", m->call_back, "screening", m->screening[0] != '\0',
			 "declined", m->declined);
}

static int message_text(void *arg, const struct api_query *q, json_t **out)
{
	return with_message(arg, q, content_json, out);
}

static int content_find(void *arg, const struct api_query *q, struct api_content *out)
{
	struct app *a = arg;
	const struct directory *d = NULL;
	struct records_message m;
	struct records_db *db = NULL;
	int err = source_borrow(a, &db);

	if (err)
		return err;
	memset(out, 0, sizeof(*out));
	err = source_lock(a, db, q->who.org, &d);
	if (!err)
		err = records_message_get(db, q->who.org, q->id, &m);
	if (!err) {
		out->for_person = m.for_person;
		out->for_department = m.for_department;
		out->of_department =
		    m.for_department && source_own_department(d, q) == m.for_department;
		out->delivered = m.heard_at_ms != 0;
		out->roles_with_reason = API_MANAGER;
		if (m.recording[0])
			snprintf(out->sound_path, sizeof(out->sound_path), "%s/sounds/%s", a->data,
				 m.recording);
		if (m.screening[0])
			snprintf(out->screening_path, sizeof(out->screening_path), "%s/sounds/%s",
				 a->data, m.screening);
	}
	source_unlock();
	records_return(a->records, db);
	return err;
}

/* The pages' count goes down; it comes from here since only the database knows it. */
static int opening_keep(void *arg, const struct api_opening *o)
{
	struct app *a = arg;
	struct records_db *db = NULL;
	int err = source_borrow(a, &db);

	if (!o->allowed)
		log_warn("app", "message %lld: %s (%s) may not open it", (long long)o->message,
			 o->who.name, o->address);
	if (!err && o->allowed)
		err = records_message_opened(db, o->who.org, o->message, o->who.name, o->recipient,
					     o->reason, clock_wall_ms());
	else if (!err)
		err = records_message_refused(db, o->who.org, o->message, o->who.name, o->reason,
					      clock_wall_ms());
	if (!err && o->allowed && o->recipient)
		source_message_published(a, db, o->who.org, o->message);
	records_return(a->records, db);
	return err;
}

void app_source_fill(struct app *a, struct api_source *s)
{
	s->arg = a;
	s->sign_in = sign_in;
	s->user_seen = user_seen;
	s->me = me;
	s->switchboard = switchboard;
	s->calls = calls;
	s->call = call;
	s->legs = legs;
	s->registrations = registrations;
	s->trunks = trunks;
	s->people = people;
	s->departments = departments;
	s->messages = messages;
	s->message = message;
	s->content_find = content_find;
	s->message_text = message_text;
	s->opening_keep = opening_keep;
	source_directory_fill(&s->keep);
	source_edit_fill(&s->keep);
	source_keep_fill(&s->keep);
	source_delivery_fill(&s->keep);
	source_my_fill(&s->my);
	source_my_messages_fill(&s->my);
	source_my_pin_fill(&s->my);
	source_records_fill(s);
	source_figures_fill(s);
	app_desk_source_fill(a, s);
	app_headset_source_fill(s);
}
