/*
 * The thread behind mailboxes by phone: PINs, messages and their sounds, so that the call thread
 * waits for neither argon2id nor a database, a disk or a voice. One at a time, in order: what was
 * heard is noted before the next message is looked for.
 *
 * A message's sounds are clips for as long as one event is stepped: whoever may hear them is played
 * them in that step, and nobody else ever can.
 */
#include "app/mailbox.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "app/source.h"
#include "records/mailbox.h"
#include "records/pin.h"

#define BORROW_MS    3000
#define SAID_AT_ONCE 400 /* bytes; a voice is given no more */

struct job {
	struct app_org *org; /* NULL: the thread ends */
	uint32_t serial, person;
	enum box_ask ask;
	struct records_box_at at;
	int64_t now_ms;
	char by[DIRECTORY_NAME];
	char pin[RECORDS_PIN_MAX + 4];
};

enum { SCREENING, RECORDING, SOUNDS };
struct answer {
	struct app_org *org;
	struct event event;
	struct speech_sound words;
	struct media_wav sound[SOUNDS];
};

struct app_mailbox {
	struct app *app;
	struct ring *jobs, *answers;
	pthread_t thread;
	bool running;
};

/* ---- what a message holds: in the thread ---- */

static void when_set(char out[9], int64_t at_ms)
{
	struct now at;

	clock_local(at_ms, &at);
	snprintf(out, 9, "%02u%02u%02u%02u", at.minute_of_day / 60u % 24, at.minute_of_day % 60u,
		 at.month % 100u, at.day % 100u);
}

/* How much of a long text is said at once: to the end of a sentence, else of a character. */
static size_t piece_of(const char *text)
{
	/* full stop, semicolon and comma of Chinese, then what ends words elsewhere */
	static const char *const ends[] = {"\xe3\x80\x82", "\xef\xbc\x9b", "\xef\xbc\x8c",
					   ". ",	   "\n",	   " "};
	size_t n = strlen(text), best = 0;

	if (n <= SAID_AT_ONCE)
		return n;
	n = SAID_AT_ONCE;
	while (((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	for (size_t e = 0; e < sizeof(ends) / sizeof(*ends) && !best; e++)
		for (size_t i = 0; i + strlen(ends[e]) <= n; i++)
			if (memcmp(text + i, ends[e], strlen(ends[e])) == 0)
				best = i + strlen(ends[e]);
	return best ? best : n;
}

static int sound_append(struct speech_sound *to, struct speech_sound *more)
{
	int16_t *all = realloc(to->samples, (to->count + more->count) * sizeof(*all));

	if (!all)
		return ENOMEM;
	memcpy(all + to->count, more->samples, more->count * sizeof(*all));
	to->samples = all;
	to->count += more->count;
	to->rate = more->rate;
	return 0;
}

static int words_say(const struct app *a, const char *text, struct speech_sound *out)
{
	int err = 0;

	while (*text && !err) {
		char piece[SAID_AT_ONCE + 1];
		size_t n = piece_of(text);
		struct speech_request rq = {.lang = a->lang, .text = piece};
		struct speech_sound s = {0};

		memcpy(piece, text, n);
		piece[n] = '\0';
		text += n;
		err = speech_render(a->speech, &rq, &s);
		if (!err)
			err = sound_append(out, &s);
		speech_sound_free(&s);
	}
	return err;
}

/* What an operator typed; a caller's own voice says all that is in its recording. */
static int words(const struct app *a, const struct records_message *m, struct answer *r)
{
	const char *const parts[] = {m->organisation, m->from_name, m->matter, m->call_back};
	int err = 0;

	if (!m->taken_by[0] && !m->matter[0] && !m->organisation[0])
		return 0;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts) && !err; i++)
		err = words_say(a, parts[i], &r->words);
	if (!err && r->words.count)
		r->event.box.has |= BOX_HAS_WORDS;
	return err;
}

static int sounds(const struct app *a, const struct records_message *m, struct answer *r)
{
	const char *const names[SOUNDS] = {[SCREENING] = m->screening, [RECORDING] = m->recording};
	int err = 0;

	for (int i = 0; i < SOUNDS && !err; i++) {
		char path[CONFIG_PATH + RECORDS_FILE + 16];

		if (!names[i][0])
			continue;
		snprintf(path, sizeof(path), "%s/sounds/%s", a->data, names[i]);
		err = media_wav_read(path, &r->sound[i], NULL);
		if (!err)
			r->event.box.has |= BOX_HAS_SOUND;
	}
	return err;
}

static int message_read(struct app *a, struct records_db *db, const struct job *j, struct answer *r)
{
	const struct records_box_act act = {j->at.org, j->person, 0, j->now_ms, j->by};
	struct records_box_act opened = act;
	enum records_box stage = j->at.stage;
	struct records_message m;
	int err = j->ask == BOX_AGAIN ? records_box_again(db, &j->at, &m)
				      : records_box_next(db, &j->at, &m, &stage);
	int bad;

	if (err)
		return err;
	opened.message = m.id;
	err = records_box_opened(db, &opened);
	if (err)
		return err;
	r->event.box.answer = BOX_MESSAGE;
	r->event.box.message = m.id;
	r->event.box.stage = (enum box_stage)stage;
	when_set(r->event.box.when, m.kept_at_ms);
	TEXT_COPY(r->event.box.from, m.from_number);
	bad = words(a, &m, r);
	if (!bad)
		bad = sounds(a, &m, r);
	if (bad) {
		log_warn("app", "message %lld can't be read out whole: %s", (long long)m.id,
			 strerror(bad));
		r->event.box.has |= BOX_BAD_SOUND;
	}
	if (m.urgency == RECORDS_URGENT)
		r->event.box.has |= BOX_IS_URGENT;
	return 0;
}

/* ---- what is asked: in the thread ---- */

static int box_open(struct records_db *db, const struct job *j, struct answer *r)
{
	static const uint8_t answer_of[] = {[RECORDS_PIN_RIGHT] = BOX_OPENED,
					    [RECORDS_PIN_WRONG] = BOX_WRONG,
					    [RECORDS_PIN_LOCKED] = BOX_LOCKED,
					    [RECORDS_PIN_NONE] = BOX_NO_PIN};
	enum records_pin pin = RECORDS_PIN_NONE;
	int err = records_pin_check(db, j->at.org, j->person, j->pin, j->now_ms, &pin);

	if (err)
		return err;
	r->event.box.answer = (enum box_answer)answer_of[pin];
	return pin == RECORDS_PIN_RIGHT
		   ? records_box_count(db, j->at.org, j->person, &r->event.box.count)
		   : 0;
}

static int box_act(struct app *a, struct records_db *db, const struct job *j, struct answer *r)
{
	const struct records_box_act act = {j->at.org, j->person, j->at.message, j->now_ms, j->by};
	int err =
	    j->ask == BOX_HEARD ? records_box_heard(db, &act) : records_box_put_away(db, &act);

	/* put away at another phone meanwhile: what was wanted is so */
	if (err == ENOENT)
		err = 0;
	else if (!err)
		source_message_published(a, db, j->at.org, j->at.message);
	if (!err)
		r->event.box.answer = BOX_DONE;
	return err;
}

static int asked(struct app *a, struct records_db *db, const struct job *j, struct answer *r)
{
	int err;

	switch (j->ask) {
	case BOX_OPEN:
		return box_open(db, j, r);
	case BOX_HEARD:
	case BOX_DELETE:
		return box_act(a, db, j, r);
	case BOX_NEXT:
	case BOX_AGAIN:
		break;
	}
	err = message_read(a, db, j, r);
	if (err == ENOENT) {
		r->event.box.answer = BOX_NO_MORE;
		return 0;
	}
	return err;
}

static void answer_free(struct answer *r)
{
	speech_sound_free(&r->words);
	for (int i = 0; i < SOUNDS; i++)
		media_wav_free(&r->sound[i]);
}

static void job_do(struct app_mailbox *b, const struct job *j)
{
	struct records_db *db = NULL;
	struct answer r;
	int err;

	memset(&r, 0, sizeof(r));
	r.org = j->org;
	r.event.kind = EV_BOX;
	r.event.box.serial = j->serial;
	err = records_borrow(b->app->records, BORROW_MS, &db);
	if (!err)
		err = asked(b->app, db, j, &r);
	if (err) {
		log_error("app", "a mailbox can't be asked: %s (%s)", strerror(err),
			  db ? records_db_error(db) : "");
		r.event.box.answer = BOX_FAILED;
	}
	records_return(b->app->records, db);
	if (!j->serial) {
		answer_free(&r);
		return;
	}
	while (ring_push(b->answers, &r) == ENOBUFS)
		usleep(1000);
}

static void *mailbox_main(void *arg)
{
	struct app_mailbox *b = arg;
	struct pollfd wake = {ring_fd(b->jobs), POLLIN, 0};
	struct job j;

	for (;;) {
		ring_quiet(b->jobs);
		while (ring_take(b->jobs, &j)) {
			if (!j.org)
				return NULL;
			job_do(b, &j);
			sodium_memzero(&j, sizeof(j));
		}
		poll(&wake, 1, -1);
	}
}

/* ---- on the call thread ---- */

static bool clip_set(struct app *a, uint32_t clip, const int16_t *samples, size_t count,
		     unsigned rate)
{
	return !samples || media_clip_add(a->media, clip, samples, count, rate) == 0;
}

static void answered(struct app *a, struct answer *r)
{
	bool ok = clip_set(a, APP_CLIP_BOX_WORDS, r->words.samples, r->words.count, r->words.rate);

	for (uint32_t i = 0; i < SOUNDS; i++)
		ok = clip_set(a, APP_CLIP_BOX_SOUND + i, r->sound[i].samples, r->sound[i].count,
			      r->sound[i].rate) &&
		     ok;
	if (!ok)
		r->event.box.has |= BOX_BAD_SOUND;
	app_event(r->org, &r->event);
	(void)media_clip_drop(a->media, APP_CLIP_BOX_WORDS);
	for (uint32_t i = 0; i < SOUNDS; i++)
		(void)media_clip_drop(a->media, APP_CLIP_BOX_SOUND + i);
}

static void on_answer(int flags, void *arg)
{
	struct app *a = arg;
	struct answer r;

	(void)flags;
	ring_quiet(a->mailbox->answers);
	while (ring_take(a->mailbox->answers, &r)) {
		answered(a, &r);
		answer_free(&r);
	}
}

static void job_fill(struct app_org *o, const struct effect *fx, struct job *j)
{
	const struct directory_person *p = directory_person(app_directory(o), fx->box.person);

	memset(j, 0, sizeof(*j));
	j->org = o;
	j->serial = fx->box.serial;
	j->person = fx->box.person;
	j->ask = fx->box.ask;
	j->at = (struct records_box_at){o->id, fx->box.person, (enum records_box)fx->box.stage,
					fx->box.message, fx->box.since_wall_ms};
	j->now_ms = clock_wall_ms();
	TEXT_COPY(j->by, p ? p->name : "");
	TEXT_COPY(j->pin, fx->box.pin);
}

void app_mailbox_effect(struct app_org *o, struct effect *fx)
{
	struct job j;
	int err;

	job_fill(o, fx, &j);
	sodium_memzero(fx->box.pin, sizeof(fx->box.pin));
	err = ring_push(o->app->mailbox->jobs, &j);
	sodium_memzero(j.pin, sizeof(j.pin));
	if (err && j.serial) {
		struct event ev;

		memset(&ev, 0, sizeof(ev));
		ev.kind = EV_BOX;
		ev.box.serial = j.serial;
		ev.box.answer = BOX_FAILED;
		app_event(o, &ev);
	} else if (err) {
		log_error("app", "message %lld was heard, and it isn't noted: %s",
			  (long long)j.at.message, strerror(err));
	}
}

int app_mailbox_open(struct app *a)
{
	struct app_mailbox *b = calloc(1, sizeof(*b));
	int err;

	if (!b)
		return ENOMEM;
	a->mailbox = b;
	b->app = a;
	err = ring_alloc(&b->jobs, sizeof(struct job), APP_MAILBOX_JOBS);
	if (!err)
		err = ring_alloc(&b->answers, sizeof(struct answer), APP_MAILBOX_JOBS);
	if (!err)
		err = fd_listen(ring_fd(b->answers), FD_READ, on_answer, a);
	if (!err)
		err = pthread_create(&b->thread, NULL, mailbox_main, b);
	b->running = !err;
	return err;
}

void app_mailbox_close(struct app *a)
{
	struct app_mailbox *b = a->mailbox;
	struct answer r;
	struct job end;

	if (!b)
		return;
	memset(&end, 0, sizeof(end));
	/* the thread takes its jobs on: its answers must not fill up meanwhile */
	while (b->running && ring_push(b->jobs, &end) == ENOBUFS)
		usleep(1000);
	if (b->running)
		pthread_join(b->thread, NULL);
	if (b->answers) {
		fd_close(ring_fd(b->answers));
		while (ring_take(b->answers, &r))
			answer_free(&r);
	}
	ring_free(b->jobs);
	ring_free(b->answers);
	free(b);
	a->mailbox = NULL;
}
