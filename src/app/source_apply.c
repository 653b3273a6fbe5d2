/*
 * A changed directory comes into force without a restart: a worker loads the snapshot, the call
 * thread only takes it. While every edition has calls of its own it waits, and a newer one takes
 * its place.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/delivery.h"
#include "app/live.h"
#include "app/source.h"
#include "app/staff.h"

#define TRY_AGAIN_MS 1000

static struct {
	pthread_mutex_t lock;
	struct directory *fresh[CONFIG_ORGANISATIONS]; /* owned, NULL none */
	struct app_credentials *credentials;	       /* of all organisations */
	struct tmr again;			       /* the call thread's */
} waiting = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int free_edition(const struct app_org *o)
{
	for (uint16_t i = 0; i < EXCHANGE_EDITIONS; i++)
		if (!o->directory[i] ||
		    (i != o->rules.current && exchange_edition_calls(o->exchange, i) == 0))
			return i;
	return -1;
}

/* *d is taken over when it is 0. */
static int take(struct app_org *o, struct directory *d)
{
	struct measures *m = malloc(sizeof(*m));
	int e = free_edition(o);
	struct event ev;

	if (!m || e < 0) {
		free(m);
		return e < 0 ? EBUSY : ENOMEM;
	}
	*m = *app_measures(o);
	records_directory_free(o->directory[e]);
	free(o->measures[e]);
	o->directory[e] = d;
	o->measures[e] = m;
	o->rules.edition[e].measures = m;
	o->rules.edition[e].directory = d;
	o->rules.current = (uint16_t)e;
	memset(&ev, 0, sizeof(ev));
	ev.kind = EV_MEASURES;
	app_event(o, &ev);
	app_sounds_directory(o->app, o);
	return 0;
}

static struct directory *pick(unsigned org)
{
	struct directory *d;

	pthread_mutex_lock(&waiting.lock);
	d = waiting.fresh[org];
	waiting.fresh[org] = NULL;
	pthread_mutex_unlock(&waiting.lock);
	return d;
}

/* When a newer one has come meanwhile, d is the older one, and goes. */
static void put(unsigned org, struct directory *d, bool newer)
{
	struct directory *old;

	pthread_mutex_lock(&waiting.lock);
	old = waiting.fresh[org];
	if (newer || !old)
		waiting.fresh[org] = d;
	else
		old = d;
	pthread_mutex_unlock(&waiting.lock);
	records_directory_free(old);
}

static void take_all(void *arg)
{
	struct app *a = arg;
	struct app_credentials *credentials;
	bool left = false;

	for (unsigned i = 0; i < a->org_count; i++) {
		struct directory *d = pick(i);

		if (!d || take(&a->org[i], d) == 0)
			continue;
		put(i, d, false);
		left = true;
	}
	pthread_mutex_lock(&waiting.lock);
	credentials = waiting.credentials;
	waiting.credentials = NULL;
	pthread_mutex_unlock(&waiting.lock);
	if (credentials)
		app_credentials_take(a, credentials);
	if (left)
		tmr_start(&waiting.again, TRY_AGAIN_MS, take_all, a);
}

static int take_now(struct app *a, const struct api_query *q, json_t **out)
{
	(void)q;
	take_all(a);
	*out = json_null();
	return 0;
}

static int load(struct app *a, struct records_db *db, struct app_org *o, bool credentials)
{
	struct directory *d = NULL;
	struct app_credentials *c = NULL;
	char clash[64] = "";
	int err = records_directory_load(db, o->id, &d, clash, sizeof(clash));

	if (!err && credentials)
		err = app_credentials_read(a, db, &c);
	if (err) {
		log_error("app", "the changed directory of organisation %u can't be read (%s): %s",
			  o->id, clash, strerror(err));
		records_directory_free(d);
		return err;
	}
	put((unsigned)(o - a->org), d, true);
	if (c) {
		pthread_mutex_lock(&waiting.lock);
		app_credentials_drop(waiting.credentials);
		waiting.credentials = c;
		pthread_mutex_unlock(&waiting.lock);
	}
	return 0;
}

void source_directory_changed(struct app *a, uint32_t org, bool credentials)
{
	struct app_org *o = source_org(a, org);
	struct api_query q = {.limit = 1};
	struct records_db *db = NULL;
	uint32_t version = 0;
	json_t *out = NULL;
	int err = o ? source_borrow(a, &db) : ENOENT;

	if (!err)
		err = load(a, db, o, credentials);
	if (!err)
		err = records_directory_version(db, org, &version);
	if (!err)
		staff_leavers_out(a, db, org);
	records_return(a->records, db);
	if (err)
		return;
	q.who.org = org;
	err = live_ask(a, take_now, &q, &out);
	if (err)
		log_warn("app", "the changed directory of organisation %u waits: %s", org,
			 strerror(err));
	json_decref(out);
	app_delivery_wake(a);
	if (live_watched(a))
		live_publish(a, org, API_ALL, "directory",
			     json_pack("{s:i}", "version", (int)version));
}

void source_apply_close(void)
{
	tmr_cancel(&waiting.again);
	for (unsigned i = 0; i < CONFIG_ORGANISATIONS; i++)
		records_directory_free(pick(i));
	app_credentials_drop(waiting.credentials);
	waiting.credentials = NULL;
}

static int set_now(struct app *a, const struct api_query *q, json_t **out)
{
	struct app_org *o = source_org(a, q->who.org);
	struct event ev;

	if (!o)
		return ENOENT;
	memcpy(&ev, q->more, sizeof(ev));
	app_event(o, &ev);
	*out = json_null();
	return 0;
}

int source_set(struct app *a, uint32_t org, const struct event *ev)
{
	struct api_query q = {.limit = 1};
	json_t *out = NULL;
	int err;

	q.who.org = org;
	err = live_ask_with(a, set_now, &q, ev, sizeof(*ev), &out);
	json_decref(out);
	return err;
}
