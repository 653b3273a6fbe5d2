/*
 * Calls that are recorded whole: their files, their rows, the node's key, and their end.
 *
 * data/recordings/ holds the files, data/recordings.key the key that each tape's own key is sealed
 * with. Whoever copies the folder without the key has copied nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app.h"
#include "records/tapes.h"

#define DAY_MS INT64_C(86400000)

/* ---- the key ---- */

static int key_read(const char *path, uint8_t key[MEDIA_TAPE_KEY])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return errno;
	n = read(fd, key, MEDIA_TAPE_KEY);
	close(fd);
	return n == MEDIA_TAPE_KEY ? 0 : EBADMSG;
}

static int key_write(const char *path, const uint8_t key[MEDIA_TAPE_KEY])
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), err = 0;

	if (fd < 0)
		return errno;
	if (write(fd, key, MEDIA_TAPE_KEY) != MEDIA_TAPE_KEY || fsync(fd) < 0)
		err = errno ? errno : EIO;
	close(fd);
	if (err)
		unlink(path);
	return err;
}

int app_tapes_open(struct app *a)
{
	char folder[CONFIG_PATH + 32], path[CONFIG_PATH + 32];
	int err;

	snprintf(folder, sizeof(folder), "%s/recordings", a->data);
	snprintf(path, sizeof(path), "%s/recordings.key", a->data);
	if (sodium_init() < 0)
		return ENOSYS;
	if (mkdir(folder, 0700) && errno != EEXIST)
		return errno;
	err = key_read(path, a->tape_key);
	if (err == ENOENT) {
		randombytes_buf(a->tape_key, sizeof(a->tape_key));
		err = key_write(path, a->tape_key);
	}
	if (err)
		log_error("app", "the recordings' key %s: %s", path, strerror(err));
	return err;
}

/* ---- made ---- */

static void tape_name(const struct app_org *o, uint32_t serial, char *dst, size_t cap)
{
	snprintf(dst, cap, "%s-%u-%u.tape", o->app->boot, o->id, serial);
}

void app_tape_path(const struct app *a, const char *name, char path[MEDIA_PATH_MAX])
{
	snprintf(path, MEDIA_PATH_MAX, "%.140s/recordings/%s", a->data, name);
}

static void keep(struct app_org *o, const struct records_tape *t)
{
	if (records_tape_push(o->app->records, t))
		log_error("app", "no place to note what became of recording %s", t->path);
}

/* A recording that couldn't be begun isn't one. */
static void not_begun(struct app_leg *l, uint32_t serial)
{
	struct event ev;

	memset(&ev, 0, sizeof(ev));
	ev.kind = EV_TAPED;
	ev.leg = l->leg;
	ev.done.serial = serial;
	ev.done.why = RECORDED_FAILED;
	app_event(l->org, &ev);
}

void app_tape_effect(struct app_leg *l, const struct effect *fx)
{
	struct app_org *o = l->org;
	struct records_tape t = {.org = o->id, .call_no = fx->tape.call_no};
	struct media_tape want = {.serial = fx->tape.serial};

	tape_name(o, fx->tape.serial, t.path, sizeof(t.path));
	app_tape_path(o->app, t.path, want.path);
	t.begun_ms = clock_wall_ms();
	TEXT_COPY(t.kind, exchange_tape_name(fx->tape.kind));
	TEXT_COPY(t.state, "open");
	if (media_tape(o->app->media, l->key, &want)) {
		not_begun(l, fx->tape.serial);
		return;
	}
	keep(o, &t);
}

static const char *why_name(enum media_why why)
{
	switch (why) {
	case MEDIA_WHY_MAX:
		return "longest";
	case MEDIA_WHY_FAILED:
		return "failed";
	case MEDIA_WHY_STOPPED:
		return "mailbox";
	case MEDIA_WHY_HANGUP:
	case MEDIA_WHY_DIGIT:
	case MEDIA_WHY_SILENCE:
	case MEDIA_WHY_BUSY_TONE:
		break;
	}
	return "call_ended";
}

void app_tape_ended(struct app_org *o, struct app_leg *l, const struct media_event *m)
{
	struct records_tape t = {.org = o->id, .ms = m->ms};
	struct event ev;

	tape_name(o, m->serial, t.path, sizeof(t.path));
	TEXT_COPY(t.state, m->why == MEDIA_WHY_FAILED ? "cut" : "whole");
	TEXT_COPY(t.why, why_name(m->why));
	keep(o, &t);
	if (!l)
		return;
	memset(&ev, 0, sizeof(ev));
	ev.kind = EV_TAPED;
	ev.leg = l->leg;
	ev.done.serial = m->serial;
	ev.done.ms = m->ms;
	ev.done.why = m->why == MEDIA_WHY_MAX ? RECORDED_MAX : RECORDED_FAILED;
	app_event(o, &ev);
}

/* ---- kept long enough ---- */

struct expiring {
	struct app *a;
	struct records_tape v[200];
	unsigned count;
};

static int on_due(const struct records_tape *t, void *arg)
{
	struct expiring *e = arg;

	if (e->count < sizeof(e->v) / sizeof(e->v[0]))
		e->v[e->count++] = *t;
	return 0;
}

/* The key first, then the file, then the row: a row never says so too early. */
static int destroy(struct app *a, struct records_db *db, const struct records_tape *t)
{
	char path[MEDIA_PATH_MAX];
	int err;

	app_tape_path(a, t->path, path);
	err = media_tape_destroy(path);
	if (err == ENOENT)
		err = 0;
	if (!err)
		err = records_tape_deleted(db, t->org, t->id, clock_wall_ms());
	if (err)
		log_error("app", "recording %s can't be destroyed: %s", t->path, strerror(err));
	else
		log_info("app", "recording %s of call %llu has been kept long enough: destroyed",
			 t->path, (unsigned long long)t->call_no);
	return err;
}

static void expire(struct app *a, struct records_db *db, uint32_t org, const char *kind,
		   unsigned days)
{
	static struct expiring e; /* the nightly thread's; large */
	int err;

	do {
		e.count = 0;
		err = records_tapes_due(db, org, kind, clock_wall_ms() - days * DAY_MS, on_due,
					&e);
		for (unsigned i = 0; i < e.count && !err; i++)
			err = destroy(a, db, &e.v[i]);
	} while (!err && e.count > 0);
}

void app_tapes_expire(struct app *a, struct records_db *db)
{
	for (unsigned i = 0; i < a->org_count; i++) {
		const struct measures *m = &a->config->measures[a->org[i].index];

		expire(a, db, a->org[i].id, "line", m->recording_keep_lines_days);
		expire(a, db, a->org[i].id, "complaint", m->recording_keep_complaints_days);
	}
}
