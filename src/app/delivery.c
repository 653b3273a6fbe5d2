/*
 * The delivery thread: takes what is due from the outbox, hands it to the deliver room, writes down
 * what became of it, and brings back to the desk what nobody has received in time. The database is
 * the only memory that counts: what is in flight when the program ends is due again afterwards, and
 * then has the same key.
 *
 * Invariants: one attempt on a way at a time (`flying`); an outcome stays in `flying` until it is
 * written; nothing here runs on the call thread but app_delivery_wake and app_delivery_configure.
 */
#include "app/delivery.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <sodium.h>

#include "app/boxcall.h"
#include "app/lamps.h"
#include "app/monthly.h"
#include "app/live.h"
#include "app/source.h"
#include "app/staff.h"
#include "deliver/deliver.h"
#include "records/delivery.h"

#define FLYING	   256 /* attempts under way, or whose outcome isn't written yet */
#define TURN_MS	   1000
#define LAMPS_MS   200 /* counted no more often: somebody may have 100,000 messages */
#define BORROW_MS  1000
#define STAGES_MAX 64

struct flight {
	int64_t id; /* of the way; of a report, negative; 0 free */
	uint32_t org, attempts;
	int64_t message;
	bool landed;
	struct deliver_result result;
};

struct app_delivery {
	struct app *app;
	struct deliver *deliver;
	pthread_t thread;
	bool runs, troubled;
	atomic_bool stop;
	atomic_bool changed; /* messages, or whose they are: lamps are counted anew */
	int64_t counted_ms;  /* monotonic */
	int64_t ahead_ms;    /* wall clock less monotonic, at the last turn; 0 none yet */
	int64_t looked_ms;   /* monotonic: the last turn */
	int wake_fd;
	unsigned char key[crypto_generichash_KEYBYTES]; /* of links */
	struct flight flight[FLYING];
	pthread_mutex_t lock; /* what follows */
	struct config_delivery config;
	uint32_t deputy_ms[CONFIG_ORGANISATIONS];
};

/* ---- links ---- */

static void token_mac(const struct app_delivery *d, int64_t way, char hex[33])
{
	unsigned char mac[DELIVERY_TOKEN_BYTES];

	crypto_generichash(mac, sizeof(mac), (const unsigned char *)&way, sizeof(way), d->key,
			   sizeof(d->key));
	sodium_bin2hex(hex, 33, mac, sizeof(mac));
}

static void link_make(const struct app_delivery *d, const char *base, int64_t way,
		      char out[DELIVER_URL])
{
	char hex[33];

	out[0] = '\0';
	if (!base[0])
		return;
	token_mac(d, way, hex);
	snprintf(out, DELIVER_URL, "%.180s/m/%lld-%s", base, (long long)way, hex);
}

int64_t app_delivery_way(const struct app *a, const char *token)
{
	char hex[33], *end;
	long long way = strtoll(token, &end, 10);

	if (way <= 0 || *end != '-' || strlen(end + 1) != 32)
		return 0;
	token_mac(a->delivery, way, hex);
	return sodium_memcmp(hex, end + 1, 32) == 0 ? way : 0;
}

/* Made once; without it links of earlier messages would open nothing. */
static int key_open(struct app_delivery *d)
{
	char path[CONFIG_PATH + 16];
	int fd, err = 0;

	snprintf(path, sizeof(path), "%s/link.key", d->app->data);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (read(fd, d->key, sizeof(d->key)) != (ssize_t)sizeof(d->key))
			err = EIO;
		close(fd);
		return err;
	}
	if (errno != ENOENT)
		return errno;
	randombytes_buf(d->key, sizeof(d->key));
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	if (write(fd, d->key, sizeof(d->key)) != (ssize_t)sizeof(d->key) || fsync(fd))
		err = errno ? errno : EIO;
	close(fd);
	return err;
}

/* ---- times ---- */

void app_delivery_times(const struct measures *m, struct records_message *message)
{
	const bool urgent = message->urgency == RECORDS_URGENT;
	const uint32_t within = urgent ? m->message_receive_urgent_ms : m->message_receive_ms;

	message->deadline_ms = 0;
	if (within && urgent)
		message->deadline_ms = message->kept_at_ms + within;
	else if (within)
		message->deadline_ms =
		    measures_open_after(m, 0, message->kept_at_ms, within, clock_local);
	message->next_way_ms = urgent ? m->message_next_urgent_ms : m->message_next_ms;
}

/* 30 s, 2 min, 8 min … */
int64_t app_delivery_interval_ms(const struct config_delivery *c, uint32_t attempts)
{
	int64_t ms = c->retry_first_ms;

	while (attempts-- > 0 && ms < c->retry_longest_ms)
		ms *= 4;
	return ms < c->retry_longest_ms ? ms : c->retry_longest_ms;
}

/* ---- flights ---- */

static struct flight *flight_find(struct app_delivery *d, int64_t id)
{
	for (unsigned i = 0; i < FLYING; i++)
		if (d->flight[i].id == id)
			return &d->flight[i];
	return NULL;
}

static void results_take(struct app_delivery *d)
{
	struct deliver_result r;

	deliver_result_quiet(d->deliver);
	while (deliver_result_take(d->deliver, &r)) {
		struct flight *f = flight_find(d, r.id);

		if (!f) {
			staff_link_result(&r);
			continue;
		}
		f->result = r;
		f->landed = true;
	}
}

static int settle(struct app_delivery *d, const struct config_delivery *c, struct records_db *db,
		  struct flight *f)
{
	const struct deliver_result *r = &f->result;
	struct records_try t = {.id = f->id, .at_ms = r->began_ms};
	int err;

	t.next_ms = clock_wall_ms() + app_delivery_interval_ms(c, f->attempts);
	t.state = r->outcome == DELIVER_OK ? RECORDS_WAY_DELIVERED
		  : deliver_outcome_final(r->outcome) || f->attempts + 1 >= c->attempts
		      ? RECORDS_WAY_FAILED
		      : RECORDS_WAY_WAITING;
	TEXT_COPY(t.outcome, deliver_outcome_name(r->outcome));
	TEXT_COPY(t.detail, r->detail);
	if (f->id < 0) {
		t.id = -f->id;
		err = records_report_settle(db, &t);
	} else {
		err = records_outbox_settle(db, &t);
	}
	if (err && err != ENOENT)
		return err;
	if (f->id < 0) {
		log_info("app", "report %lld: %s (%s)", (long long)t.id, t.outcome, t.detail);
		memset(f, 0, sizeof(*f));
		return 0;
	}
	log_info("app", "message %lld, way %lld: %s (%s) after %lld ms", (long long)f->message,
		 (long long)f->id, t.outcome, t.detail, (long long)r->took_ms);
	source_message_published(d->app, db, f->org, f->message);
	memset(f, 0, sizeof(*f));
	return 0;
}

static int results_write(struct app_delivery *d, const struct config_delivery *c,
			 struct records_db *db)
{
	int err = 0;

	for (unsigned i = 0; i < FLYING && !err; i++)
		if (d->flight[i].landed)
			err = settle(d, c, db, &d->flight[i]);
	return err;
}

/* ---- sending ---- */

struct due {
	struct records_way way[RECORDS_OUTBOX_BATCH];
	unsigned count;
};

static int on_due(const struct records_way *w, void *arg)
{
	struct due *due = arg;

	if (due->count < RECORDS_OUTBOX_BATCH)
		due->way[due->count++] = *w;
	return 0;
}

static void to_name(struct app *a, struct records_db *db, struct delivery_words *w)
{
	const struct directory *d = NULL;

	if (source_lock(a, db, w->way->org, &d) == 0)
		TEXT_COPY(w->to, live_name(d, w->way->person, w->way->department));
	source_unlock();
}

static int send(struct app_delivery *d, const struct config_delivery *c, struct records_db *db,
		const struct records_way *way)
{
	static struct deliver_item item; /* this thread's only */
	struct records_message m;
	struct delivery_words w = {.way = way, .message = &m};
	struct flight *f = flight_find(d, way->id);
	int err;

	if (f)
		return 0; /* under way */
	f = flight_find(d, 0);
	if (!f)
		return ENOBUFS;
	err = records_message_get(db, way->org, way->message, &m);
	if (err)
		return err == ENOENT ? 0 : err; /* one that is gone holds up no other */
	to_name(d->app, db, &w);
	link_make(d, c->link, way->id, w.link);
	delivery_compose(d->app, &w, &item);
	if (!deliver_channel_parse(way->channel, &item.channel))
		return EINVAL;
	err = deliver_send(d->deliver, &item);
	if (err)
		return err;
	f->id = way->id;
	f->org = way->org;
	f->message = way->message;
	f->attempts = way->attempts;
	return 0;
}

static int due_send(struct app_delivery *d, const struct config_delivery *c, struct records_db *db,
		    const struct app_org *o)
{
	static struct due due; /* this thread's only */
	int err = 0;

	for (unsigned k = 0; k < DELIVER_CHANNELS && !err; k++) {
		due.count = 0;
		err = records_outbox_due(db, o->id, deliver_channel_name((enum deliver_channel)k),
					 clock_wall_ms(), RECORDS_OUTBOX_BATCH, on_due, &due);
		for (unsigned i = 0; i < due.count && !err; i++)
			err = send(d, c, db, &due.way[i]);
		if (err == ENOBUFS) /* a full lane is none of the others' */
			err = 0;
	}
	return err;
}

/* ---- the month's report ---- */

static int on_report(const struct records_report *r, void *arg)
{
	*(struct records_report *)arg = *r;
	return 0;
}

static int report_send(struct app_delivery *d, const struct config_delivery *c,
		       struct records_db *db, const struct app_org *o)
{
	static struct deliver_item item; /* this thread's only */
	struct records_report r = {0};
	struct records_try t = {.state = RECORDS_WAY_WAITING};
	int err = records_reports_due(db, o->id, clock_wall_ms(), 1, on_report, &r);
	struct flight *f;

	if (err || !r.id || flight_find(d, -r.id))
		return err;
	f = flight_find(d, 0);
	err = f ? app_monthly_compose(d->app, &r, &item) : 0;
	if (!err && f)
		err = deliver_send(d->deliver, &item);
	if (!err && f)
		*f = (struct flight){.id = -r.id, .org = o->id, .attempts = r.attempts};
	if (!err || err == ENOBUFS)
		return 0;
	log_error("app", "report %lld waits: %s", (long long)r.id, strerror(err));
	t.id = r.id;
	t.next_ms = clock_wall_ms() + app_delivery_interval_ms(c, r.attempts);
	TEXT_COPY(t.outcome, "no_file");
	return records_report_settle(db, &t);
}

/* ---- what nobody has received in time ---- */

struct stages {
	struct records_stage v[STAGES_MAX];
	unsigned count;
};

static int on_stage(const struct records_stage *s, void *arg)
{
	struct stages *list = arg;

	if (list->count < STAGES_MAX)
		list->v[list->count++] = *s;
	return 0;
}

static uint32_t deputy_of(struct app *a, struct records_db *db, const struct records_stage *s,
			  char name[DIRECTORY_NAME])
{
	const struct directory *d = NULL;
	const struct directory_person *p = NULL, *deputy = NULL;
	uint32_t id = 0;

	if (source_lock(a, db, s->org, &d) == 0 && s->for_person)
		p = directory_person(d, s->for_person);
	if (p && p->deputy)
		deputy = directory_person(d, p->deputy);
	if (deputy) {
		text_copy(name, DIRECTORY_NAME, deputy->name);
		id = deputy->id;
	}
	source_unlock();
	return id;
}

static int stage(struct app_delivery *d, struct records_db *db, const struct records_stage *s,
		 uint32_t deputy_ms)
{
	char name[DIRECTORY_NAME] = "";
	const int64_t now_ms = clock_wall_ms();
	struct records_stage_step t = {
	    .message = s->message, .org = s->org, .at_ms = now_ms, .stage = s->stage + 1};
	int err;

	if (t.stage == 1) {
		t.due_ms = deputy_ms ? now_ms + deputy_ms : 0;
		t.note = s->deadline_ms <= now_ms ? "late" : "no_way";
	} else {
		t.deputy = deputy_of(d->app, db, s, name);
		t.note = name;
	}
	err = records_stage_next(db, &t);
	if (err)
		return err == ECANCELED ? 0 : err;
	log_warn("app", "message %lld isn't received (%s): %s", (long long)s->message, t.note,
		 t.stage == 1 ? "back at the desk" : "its deputy's turn");
	source_message_published(d->app, db, s->org, s->message);
	return 0;
}

static int stages(struct app_delivery *d, struct records_db *db, const struct app_org *o)
{
	static struct stages list; /* this thread's only */
	uint32_t deputy_ms;
	int err;

	pthread_mutex_lock(&d->lock);
	deputy_ms = d->deputy_ms[o->index];
	pthread_mutex_unlock(&d->lock);
	list.count = 0;
	err = records_stages_due(db, o->id, clock_wall_ms(), STAGES_MAX, on_stage, &list);
	for (unsigned i = 0; i < list.count && !err; i++)
		err = stage(d, db, &list.v[i], deputy_ms);
	return err;
}

/* ---- the thread ---- */

#define CLOCK_SET_MS 60000 /* set by hand or by a first synchronisation, not slewed */

/* What waits by the wall clock goes on waiting as long as it would have. */
static int clock_follow(struct app_delivery *d, struct records_db *db)
{
	int64_t now_ms = clock_wall_ms(), mono_ms = clock_mono_ms(), ahead_ms = now_ms - mono_ms;
	int64_t by_ms = d->ahead_ms ? ahead_ms - d->ahead_ms : 0;
	int err = 0;

	if (llabs(by_ms) > CLOCK_SET_MS) {
		log_warn("app", "the clock was set by %lld s: what waits to be delivered follows",
			 (long long)(by_ms / 1000));
		err = records_delivery_clock(db, by_ms, now_ms - (mono_ms - d->looked_ms), now_ms);
	}
	if (!err) {
		d->ahead_ms = ahead_ms;
		d->looked_ms = mono_ms;
	}
	return err;
}

static int lamps_count(struct app_delivery *d, struct records_db *db)
{
	int err;

	if (clock_mono_ms() - d->counted_ms < LAMPS_MS || !atomic_exchange(&d->changed, false))
		return 0;
	d->counted_ms = clock_mono_ms();
	err = app_lamps_count(d->app, db);
	if (err)
		atomic_store(&d->changed, true);
	return err == ENOBUFS ? 0 : err; /* the call thread has other things to do */
}

static void turn(struct app_delivery *d)
{
	static struct config_delivery c; /* this thread's only */
	struct app *a = d->app;
	struct records_db *db = NULL;
	int err;

	pthread_mutex_lock(&d->lock);
	c = d->config;
	pthread_mutex_unlock(&d->lock);
	err = records_borrow(a->records, BORROW_MS, &db);
	if (!err)
		err = clock_follow(d, db);
	if (!err)
		err = results_write(d, &c, db);
	if (!err)
		err = app_boxcall_turn(a, &c, db);
	if (!err)
		staff_links_send(a, db, &c, d->deliver);
	for (unsigned i = 0; i < a->org_count && !err; i++) {
		err = due_send(d, &c, db, &a->org[i]);
		if (!err)
			err = stages(d, db, &a->org[i]);
		if (!err)
			err = report_send(d, &c, db, &a->org[i]);
	}
	if (!err)
		err = lamps_count(d, db);
	records_return(a->records, db);
	if (err && !d->troubled)
		log_error("app", "delivery waits for the database: %s", strerror(err));
	d->troubled = err != 0;
}

static void *delivery_main(void *arg)
{
	struct app_delivery *d = arg;
	struct pollfd p[] = {{.fd = d->wake_fd, .events = POLLIN},
			     {.fd = deliver_result_fd(d->deliver), .events = POLLIN},
			     {.fd = app_boxcall_fd(d->app), .events = POLLIN}};
	uint64_t n;

	while (!atomic_load(&d->stop)) {
		turn(d);
		(void)poll(p, 3, atomic_load(&d->changed) ? LAMPS_MS : TURN_MS);
		if (p[0].revents && read(d->wake_fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
			log_warn("app", "eventfd: %s", strerror(errno));
		results_take(d);
	}
	return NULL;
}

void app_delivery_wake(struct app *a)
{
	const uint64_t one = 1;

	if (a->delivery)
		atomic_store(&a->delivery->changed, true);
	if (a->delivery && write(a->delivery->wake_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		log_warn("app", "eventfd: %s", strerror(errno));
}

static void copy_config(struct app_delivery *d)
{
	const struct app *a = d->app;

	pthread_mutex_lock(&d->lock);
	d->config = a->config->node.delivery;
	for (unsigned i = 0; i < a->org_count; i++)
		d->deputy_ms[i] = a->config->measures[i].message_deputy_ms;
	pthread_mutex_unlock(&d->lock);
}

void app_delivery_configure(struct app *a)
{
	copy_config(a->delivery);
	deliver_configure(a->delivery->deliver, &a->config->node.delivery.deliver);
	app_delivery_wake(a);
}

int app_delivery_open(struct app *a)
{
	struct app_delivery *d = calloc(1, sizeof(*d));
	int err;

	if (!d)
		return ENOMEM;
	d->app = a;
	pthread_mutex_init(&d->lock, NULL);
	atomic_store(&d->changed, true);
	copy_config(d);
	d->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	a->delivery = d;
	err = d->wake_fd < 0 ? errno : key_open(d);
	return err ? err : deliver_open(&d->deliver, &a->config->node.delivery.deliver);
}

int app_delivery_start(struct app *a)
{
	struct app_delivery *d = a->delivery;
	int err = pthread_create(&d->thread, NULL, delivery_main, d);

	d->runs = !err;
	return err;
}

void app_delivery_end(struct app *a)
{
	struct app_delivery *d = a->delivery;
	struct records_db *db = NULL;

	if (!d || !d->runs)
		return;
	atomic_store(&d->stop, true);
	app_delivery_wake(a);
	pthread_join(d->thread, NULL);
	d->runs = false;
	if (records_borrow(a->records, BORROW_MS, &db) == 0) {
		results_take(d);
		(void)results_write(d, &d->config, db); /* what isn't known is due again */
		records_return(a->records, db);
	}
}

void app_delivery_close(struct app *a)
{
	struct app_delivery *d = a->delivery;

	if (!d)
		return;
	app_delivery_end(a);
	deliver_close(d->deliver);
	if (d->wake_fd >= 0)
		close(d->wake_fd);
	pthread_mutex_destroy(&d->lock);
	sodium_memzero(d, sizeof(*d));
	free(d);
	a->delivery = NULL;
}
