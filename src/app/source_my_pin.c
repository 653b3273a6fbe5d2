/* An employee's PIN: signing in by it, changing it. In workers: a hash takes 40 ms. */
#include <errno.h>
#include <string.h>

#include "app/source.h"
#include "app/staff.h"
#include "records/pin.h"

/* Whose an extension is, in one organisation or (org 0) in all. */
struct owners {
	unsigned count;
	uint32_t org, person;
	json_t *names;
};

static int owner_find(struct app *a, struct records_db *db, unsigned i, const char *number,
		      struct owners *o)
{
	const struct directory *d = NULL;
	const struct directory_extension *e = NULL;
	int err = source_lock(a, db, a->org[i].id, &d);

	if (!err) {
		const struct target t = directory_number(d, number);

		e = t.kind == TARGET_EXTENSION ? directory_extension(d, t.id) : NULL;
	}
	if (e && e->person) {
		o->count++;
		o->org = a->org[i].id;
		o->person = e->person;
		json_array_append_new(o->names, json_pack("{s:i,s:s}", "id", (int)a->org[i].id,
							  "name", a->config->measures[i].company));
	}
	source_unlock();
	return err;
}

static int owners_find(struct app *a, struct records_db *db, const struct api_pin_try *t,
		       struct owners *o)
{
	int err = 0;

	for (unsigned i = 0; i < a->org_count && !err; i++)
		if (!t->org || t->org == a->org[i].id)
			err = owner_find(a, db, i, t->extension, o);
	return err;
}

/* An extension that is nobody's takes as long as a wrong PIN. */
static int check(struct records_db *db, const struct owners *o, const char *pin)
{
	enum records_pin found = RECORDS_PIN_NONE;
	int err = records_pin_check(db, o->org, o->person, pin, clock_wall_ms(), &found);

	if (err)
		return err;
	return found == RECORDS_PIN_RIGHT ? 0 : found == RECORDS_PIN_LOCKED ? EPERM : EACCES;
}

static int identity(struct app *a, struct records_db *db, const struct owners *o,
		    struct http_identity *who)
{
	const struct directory *d = NULL;
	const struct directory_person *p = NULL;
	int err = source_lock(a, db, o->org, &d);

	if (!err)
		p = directory_person(d, o->person);
	if (!err && (!p || !p->name[0]))
		err = EACCES;
	if (!err)
		staff_identity(o->org, p, 0, who);
	source_unlock();
	return err;
}

static int pin_enter(void *arg, const struct api_pin_try *t, struct http_identity *who,
		     json_t **out)
{
	struct app *a = arg;
	struct owners o = {.names = json_array()};
	struct records_db *db = NULL;
	int err = source_borrow(a, &db);

	if (!err)
		err = owners_find(a, db, t, &o);
	if (!err && o.count > 1) {
		*out = json_pack("{s:s,s:O}", "field", "organisation", "organisations", o.names);
		err = EEXIST;
	}
	if (!err)
		err = check(db, &o, t->pin);
	if (!err)
		err = identity(a, db, &o, who);
	records_return(a->records, db);
	json_decref(o.names);
	return err;
}

bool source_pin_free(const struct api_query *q)
{
	const bool by_pin = staff_is(&q->who) && !(q->who.roles & API_BY_LINK);

	return !by_pin && clock_wall_ms() - q->who.opened_ms < API_PIN_FRESH_MS;
}

static int old_check(struct records_db *db, const struct api_query *q, const struct api_pin *p,
		     json_t **out)
{
	const struct owners o = {.org = q->who.org, .person = q->who.person};
	int err;

	if (source_pin_free(q))
		return 0;
	if (!p->old[0]) {
		*out = source_field("old", "pin_old_needed");
		return EINVAL;
	}
	err = check(db, &o, p->old);
	if (err == EACCES) {
		*out = source_field("old", "wrong_pin");
		err = EINVAL;
	}
	return err;
}

static int pin_set(void *arg, const struct api_query *q, const struct api_pin *p, json_t **out)
{
	struct app *a = arg;
	struct records_db *db = NULL;
	int err = source_borrow(a, &db);

	if (!err)
		err = old_check(db, q, p, out);
	if (!err) {
		err = records_pin_set(db, q->who.org, q->who.person, p->pin, q->who.name);
		if (err == EINVAL)
			*out = source_field("pin", "pin_unfit");
	}
	records_return(a->records, db);
	if (!err && staff_is(&q->who)) /* the asker's own is opened anew after it */
		http_room_sessions_end(a->http, q->who.user);
	return err;
}

void source_my_pin_fill(struct api_my_source *m)
{
	m->pin_enter = pin_enter;
	m->pin_set = pin_set;
}
