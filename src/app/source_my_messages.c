/* An employee's own messages, as HTTP sees them. In workers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/source.h"
#include "records/delivery.h"

static const char channel[] = "page"; /* by which a message is read here */

/* The filter of whoever asks; the directory is looked at for their department. */
static int own_filter(struct app *a, struct records_db *db, const struct api_query *q,
		      struct records_own_filter *f)
{
	const struct directory *d = NULL;
	const struct directory_person *p = NULL;
	int err = source_lock(a, db, q->who.org, &d);

	if (!err)
		p = directory_person(d, q->who.person);
	memset(f, 0, sizeof(*f));
	f->org = q->who.org;
	f->person = q->who.person;
	f->department = p ? p->department : 0;
	source_unlock();
	return err ? err : p ? 0 : ENOENT;
}

static json_t *own_json(const struct directory *d, const struct records_own *o)
{
	json_t *j = source_message_json(d, &o->m);

	json_object_set_new(j, "state",
			    json_string(o->acted_ms	   ? "done"
					: o->m.heard_at_ms ? "read"
							   : "new"));
	json_object_set_new(j, "done_ms", json_integer(o->acted_ms));
	json_object_set_new(j, "note", json_string(o->note));
	return j;
}

struct listed {
	const struct directory *d;
	json_t *items;
	int64_t first, last;
};

static int on_own(const struct records_own *o, void *arg)
{
	struct listed *l = arg;

	json_array_append_new(l->items, own_json(l->d, o));
	l->first = o->m.id;
	if (!l->last)
		l->last = o->m.id;
	return 0;
}

static int state_of(const char *word, enum records_own_state *out)
{
	static const char *const words[] = {"", "new", "read", "done"};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], word) == 0) {
			*out = (enum records_own_state)i;
			return 0;
		}
	return EINVAL;
}

static int list(struct app *a, struct records_db *db, const struct api_query *q,
		const struct records_own_filter *f, struct listed *l)
{
	int err = source_lock(a, db, q->who.org, &l->d);

	if (!err)
		err = records_own_messages(db, f, on_own, l);
	source_unlock();
	return err;
}

static int messages(void *arg, const struct api_query *q, json_t **out)
{
	struct app *a = arg;
	struct listed l = {.items = json_array()};
	struct records_own_filter f = {0};
	struct records_db *db = NULL;
	enum records_own_state state;
	unsigned shown = 0;
	char next[24] = "";
	int err;

	if (state_of(q->state, &state)) {
		json_decref(l.items);
		*out = source_field("state", NULL);
		return EINVAL;
	}
	err = source_borrow(a, &db);
	if (!err)
		err = own_filter(a, db, q, &f);
	f.state = state;
	f.limit = q->limit;
	f.before_id = strtoll(q->before, NULL, 10);
	if (!err)
		err = list(a, db, q, &f, &l);
	if (!err && l.last)
		err = records_page_shown(db, f.org, f.person, l.first, l.last, clock_wall_ms(),
					 &shown);
	if (!err && shown)
		source_message_published(a, db, f.org, l.last);
	records_return(a->records, db);
	if (err) {
		json_decref(l.items);
		return err;
	}
	if (json_array_size(l.items) == q->limit)
		snprintf(next, sizeof(next), "%lld", (long long)l.first);
	*out = source_list(l.items, next);
	return 0;
}

/* Another's message is none. That somebody tried is kept, if it is one. */
static int find(struct app *a, struct records_db *db, const struct api_query *q,
		struct records_own *o)
{
	struct records_own_filter f;
	struct records_message m;
	int err = own_filter(a, db, q, &f);

	if (!err)
		err = records_own_message(db, &f, q->id, o);
	if (err == ENOENT && records_message_get(db, q->who.org, q->id, &m) == 0) {
		log_warn("app", "message %lld: %s may not open it", (long long)q->id, q->who.name);
		(void)records_message_refused(db, q->who.org, q->id, q->who.name, channel,
					      clock_wall_ms());
	}
	return err;
}

/* The opening (A5.8) and the receipt are kept before anything is shown. */
static int keep(struct app *a, struct records_db *db, const struct api_query *q, const char *kind,
		const char *note)
{
	struct records_receipt r = {.org = q->who.org, .message = q->id, .at_ms = clock_wall_ms()};
	int err =
	    records_message_opened(db, r.org, r.message, q->who.name, false, channel, r.at_ms);

	TEXT_COPY(r.kind, kind);
	TEXT_COPY(r.channel, channel);
	TEXT_COPY(r.by, q->who.name);
	TEXT_COPY(r.note, note);
	if (!err)
		err = records_receipt_add(db, &r);
	if (!err)
		source_message_published(a, db, r.org, r.message);
	return err;
}

static int content(struct app *a, struct records_db *db, const struct api_query *q,
		   const struct records_own *o, json_t **out)
{
	const struct directory *d = NULL;
	int err = source_lock(a, db, q->who.org, &d);

	if (!err) {
		*out = own_json(d, o);
		json_object_set_new(*out, "organisation", json_string(o->m.organisation));
		json_object_set_new(*out, "matter", json_string(o->m.matter));
		json_object_set_new(*out, "call_back", json_string(o->m.call_back));
		json_object_set_new(*out, "declined", json_string(o->m.declined));
	}
	source_unlock();
	return err;
}

static int open_message(void *arg, const struct api_query *q, json_t **out)
{
	struct app *a = arg;
	struct records_own o;
	struct records_db *db = NULL;
	int err = source_borrow(a, &db);

	if (!err)
		err = find(a, db, q, &o);
	if (!err)
		err = keep(a, db, q, "read", "");
	if (!err)
		err = find(a, db, q, &o);
	if (!err)
		err = content(a, db, q, &o, out);
	records_return(a->records, db);
	return err;
}

static int sound(void *arg, const struct api_query *q, char *path, size_t cap)
{
	struct app *a = arg;
	struct records_own o;
	struct records_db *db = NULL;
	int err = source_borrow(a, &db);

	if (!err)
		err = find(a, db, q, &o);
	if (!err && !o.m.recording[0])
		err = ENOENT;
	if (!err)
		err = keep(a, db, q, "read", "");
	records_return(a->records, db);
	if (!err && snprintf(path, cap, "%s/sounds/%s", a->data, o.m.recording) >= (int)cap)
		err = ENAMETOOLONG;
	return err;
}

static int done(void *arg, const struct api_query *q, const struct api_done *d, json_t **out)
{
	struct app *a = arg;
	struct records_own o;
	struct records_db *db = NULL;
	int err = source_borrow(a, &db);

	(void)out;
	if (!err)
		err = find(a, db, q, &o);
	if (!err)
		err = keep(a, db, q, "acted", d->note);
	records_return(a->records, db);
	return err;
}

void source_my_messages_fill(struct api_my_source *m)
{
	m->messages = messages;
	m->open = open_message;
	m->sound = sound;
	m->done = done;
}
