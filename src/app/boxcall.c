/*
 * Invariants: `flight` and `came` are the delivery thread's, `open` is the call thread's; a person
 * is called once at a time, whatever waits for him: all of it is read out in one call. What rings
 * when the program ends is due again afterwards.
 */
#include "app/boxcall.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/delivery.h"
#include "app/source.h"
#include "records/delivery.h"

struct wanted {
	struct app_org *org;
	uint32_t person;
	int64_t way;
};

struct came {
	int64_t way;
	uint8_t outcome; /* enum exchange_outcome */
	bool opened;
};

struct flight {
	struct records_way way; /* id 0: free */
	int64_t began_ms;
	bool landed;
	struct came came;
};

struct app_boxcall {
	struct ring *wanted, *came;
	struct {
		uint64_t call_no; /* 0 free */
		int64_t way;
	} open[APP_BOXCALLS];
	struct flight flight[APP_BOXCALLS];
};

/* ---- on the call thread ---- */

static void tell(struct app_boxcall *b, int64_t way, uint8_t outcome, bool opened)
{
	const struct came came = {way, outcome, opened};

	if (ring_push(b->came, &came)) /* holds twice what can be under way */
		log_error("app", "what came of a call for a message is lost: way %lld",
			  (long long)way);
}

void app_boxcall_effect(struct app_org *o, const struct effect *fx)
{
	struct app_boxcall *b = o->app->boxcall;

	for (unsigned i = 0; i < APP_BOXCALLS; i++) {
		if (b->open[i].call_no != fx->box_called.call_no)
			continue;
		b->open[i].call_no = 0;
		tell(b, b->open[i].way, fx->box_called.outcome, fx->box_called.opened);
		return;
	}
}

static void call(struct app *a, const struct wanted *w)
{
	struct app_boxcall *b = a->boxcall;
	struct event ev;
	unsigned i = 0;

	while (i < APP_BOXCALLS && b->open[i].call_no)
		i++;
	if (i == APP_BOXCALLS) {
		tell(b, w->way, EXCHANGE_BUSY, false);
		return;
	}
	memset(&ev, 0, sizeof(ev));
	ev.kind = EV_BOX_CALL;
	ev.box_call.call_no = records_call_no(a->records);
	ev.box_call.person = w->person;
	b->open[i].call_no = ev.box_call.call_no;
	b->open[i].way = w->way;
	app_event(w->org, &ev);
}

static void on_wanted(int flags, void *arg)
{
	struct app *a = arg;
	struct wanted w;

	(void)flags;
	ring_quiet(a->boxcall->wanted);
	while (ring_take(a->boxcall->wanted, &w))
		call(a, &w);
}

/* ---- in the delivery thread ---- */

static int settle(struct app *a, const struct config_delivery *c, struct records_db *db,
		  struct flight *f)
{
	const struct came *r = &f->came;
	struct records_try t = {.id = f->way.id, .at_ms = f->began_ms};
	int err;

	t.next_ms = clock_wall_ms() + app_delivery_interval_ms(c, f->way.attempts);
	t.state = r->opened			       ? RECORDS_WAY_DELIVERED
		  : f->way.attempts + 1 >= c->attempts ? RECORDS_WAY_FAILED
						       : RECORDS_WAY_WAITING;
	TEXT_COPY(t.outcome, r->opened ? "ok"
			     : r->outcome == EXCHANGE_ANSWERED
				 ? "not_opened"
				 : exchange_outcome_name((enum exchange_outcome)r->outcome));
	err = records_outbox_settle(db, &t);
	if (err && err != ENOENT)
		return err;
	log_info("app", "message %lld, way %lld: called, %s", (long long)f->way.message,
		 (long long)f->way.id, t.outcome);
	source_message_published(a, db, f->way.org, f->way.message);
	memset(f, 0, sizeof(*f));
	return 0;
}

static int came_write(struct app *a, const struct config_delivery *c, struct records_db *db)
{
	struct app_boxcall *b = a->boxcall;
	struct came came;
	int err = 0;

	ring_quiet(b->came);
	while (ring_take(b->came, &came))
		for (unsigned i = 0; i < APP_BOXCALLS; i++)
			if (b->flight[i].way.id == came.way) {
				b->flight[i].came = came;
				b->flight[i].landed = true;
			}
	for (unsigned i = 0; i < APP_BOXCALLS && !err; i++)
		if (b->flight[i].landed)
			err = settle(a, c, db, &b->flight[i]);
	return err;
}

static struct flight *flight_for(struct app_boxcall *b, const struct records_way *w)
{
	struct flight *room = NULL;

	for (unsigned i = 0; i < APP_BOXCALLS; i++) {
		struct flight *f = &b->flight[i];

		if (f->way.id && f->way.org == w->org && f->way.person == w->person)
			return NULL; /* he is being called */
		if (!f->way.id)
			room = f;
	}
	return room;
}

struct due {
	struct app *app;
	struct app_org *org;
	struct records_way way[RECORDS_OUTBOX_BATCH];
	unsigned count;
};

static int on_due(const struct records_way *w, void *arg)
{
	struct due *due = arg;

	due->way[due->count++] = *w;
	return 0;
}

/* Nobody's phone rings out of office hours for what isn't urgent. */
static int begin(struct due *due, struct records_db *db, const struct records_way *w)
{
	struct app *a = due->app;
	const struct measures *m = &a->config->measures[due->org->index];
	const struct wanted want = {due->org, w->person, w->id};
	struct flight *f = flight_for(a->boxcall, w);
	const int64_t now_ms = clock_wall_ms();
	struct records_message message;
	int64_t open_ms;
	int err;

	if (!f)
		return 0;
	err = records_message_get(db, w->org, w->message, &message);
	if (err)
		return err == ENOENT ? 0 : err;
	open_ms = measures_open_after(m, 0, now_ms, 1, clock_local);
	if (message.urgency != RECORDS_URGENT && open_ms > now_ms + 1)
		return records_outbox_postpone(db, w->id, open_ms);
	if (ring_push(a->boxcall->wanted, &want))
		return 0;
	f->way = *w;
	f->began_ms = now_ms;
	return 0;
}

int app_boxcall_turn(struct app *a, const struct config_delivery *c, struct records_db *db)
{
	static struct due due; /* this thread's only */
	int err = came_write(a, c, db);

	for (unsigned i = 0; i < a->org_count && !err; i++) {
		due.app = a;
		due.org = &a->org[i];
		due.count = 0;
		err = records_outbox_due(db, a->org[i].id, "call", clock_wall_ms(),
					 RECORDS_OUTBOX_BATCH, on_due, &due);
		for (unsigned k = 0; k < due.count && !err; k++)
			err = begin(&due, db, &due.way[k]);
	}
	return err;
}

int app_boxcall_fd(const struct app *a)
{
	return ring_fd(a->boxcall->came);
}

int app_boxcall_open(struct app *a)
{
	struct app_boxcall *b = calloc(1, sizeof(*b));
	int err;

	if (!b)
		return ENOMEM;
	a->boxcall = b;
	err = ring_alloc(&b->wanted, sizeof(struct wanted), APP_BOXCALLS);
	if (!err)
		err = ring_alloc(&b->came, sizeof(struct came), 2 * APP_BOXCALLS);
	return err ? err : fd_listen(ring_fd(b->wanted), FD_READ, on_wanted, a);
}

void app_boxcall_close(struct app *a)
{
	struct app_boxcall *b = a->boxcall;

	if (!b)
		return;
	if (b->wanted)
		fd_close(ring_fd(b->wanted));
	ring_free(b->wanted);
	ring_free(b->came);
	free(b);
	a->boxcall = NULL;
}
