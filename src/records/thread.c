/*
 * The storage thread. Invariants:
 *  1. What is in hand (batch, keep) leaves it only when it is committed or refused for good.
 *  2. An event says ok only after the commit, and after the sound is in its place.
 *  3. Steps are committed in the order in which they were pushed.
 *  4. A commit whose answer was lost is looked up (table writers) before it is tried again.
 *  5. Nobody else waits for this thread, except a worker for SQLite's write lock during a commit.
 *
 * An error of the data (a row that the database refuses) is searched by halving the group until
 * the bad row stands alone; an error of the storage keeps everything and is tried again.
 */
#include "records/priv.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

#define GATHER_MS    10 /* steps have this long to gather; messages don't wait */
#define IDLE_MS	     1000
#define RETRY_MIN_MS 50
#define RETRY_MAX_MS 1000
#define TELL_MS	     60000

static const struct store_statement sql_writer_set = {
    "records_writer_set",
    "INSERT INTO writers (node, token, batch) VALUES ($1, $2, $3)"
    " ON CONFLICT (node) DO UPDATE SET token = excluded.token, batch = excluded.batch"};
static const struct store_statement sql_writer_get = {
    "records_writer_get", "SELECT token, batch FROM writers WHERE node = $1"};
static const struct store_statement sql_gap = {
    "records_gap", "INSERT INTO gaps (node, from_ms, to_ms, lost) VALUES ($1, $2, $3, $4)"};

static bool data_error(int err)
{
	return err == EEXIST || err == EINVAL;
}

/* A trouble is told when it begins or changes, and then once a minute. */
static void failed(struct records *r, int err, const char *what)
{
	bool same = atomic_exchange(&r->last_err, err) == err;
	int64_t now_ms = clock_mono_ms();

	pthread_mutex_lock(&r->lock);
	TEXT_COPY(r->why, store_error(r->writer));
	pthread_mutex_unlock(&r->lock);
	r->failures++;
	if (same && now_ms - r->told_ms < TELL_MS)
		return;
	log_error(RECORDS_ROOM, "%s fails (%s): %s; tried %u times", what, strerror(err),
		  store_error(r->writer), r->failures);
	r->told_ms = now_ms;
}

static void took(struct records *r, int64_t since_ms)
{
	uint32_t ms = (uint32_t)(clock_mono_ms() - since_ms);

	if (ms > atomic_load(&r->commit_max_ms))
		atomic_store(&r->commit_max_ms, ms);
	atomic_fetch_add(&r->commits, 1);
	if (atomic_exchange(&r->last_err, 0))
		log_info(RECORDS_ROOM, "storage works again after %u failures", r->failures);
	r->failures = 0;
	r->retry_ms = 0;
}

static int writer_row(const struct store_row *row, void *arg)
{
	int64_t *found = arg;

	found[0] = store_row_int(row, 0);
	found[1] = store_row_int(row, 1);
	return 0;
}

/* The connection broke during a commit: was it done? */
static int commit_done(struct records *r, bool *done)
{
	const struct store_value v = STORE_S(r->node);
	int64_t found[2] = {0, -1};
	int err = store_run(r->writer, &sql_writer_get, &v, 1, writer_row, found);

	if (!err)
		*done = found[0] == r->token && found[1] == r->batch_no;
	return err;
}

static int group_begin(struct records *r)
{
	const struct store_value v[] = {STORE_S(r->node), STORE_I(r->token),
					STORE_I(r->batch_no + 1)};
	int err = store_begin(r->writer);

	if (err)
		return err;
	r->batch_no++;
	err = store_queue(r->writer, &sql_writer_set, v, 3);
	if (err)
		store_rollback(r->writer);
	return err;
}

/* *unsure when the commit's answer was lost. */
static int group_end(struct records *r, int err, bool *unsure)
{
	*unsure = false;
	if (err) {
		store_rollback(r->writer);
		return err;
	}
	err = store_commit(r->writer);
	*unsure = err == ENOTCONN;
	return err;
}

/* --- steps --- */

/* What a position does belongs to no call: its step is found by a number that no other has, of any
 * organisation or node on this database, above those that were once counted up from 1. */
#define POSITION_SEQ (UINT64_C(1) << 32)

static void position_step_number(struct records *r, struct records_step *step)
{
	if (step->seq < POSITION_SEQ) /* else it is tried again */
		step->seq = POSITION_SEQ + records_call_no(r);
}

/* A clock that was set during the call: its steps keep the distances that they had. What a clock
 * that is slewed loses or gains stays below. */
#define CLOCK_SET_MS 2000

static void step_time(struct call_entry *e, struct records_step *step)
{
	int64_t ahead_ms = step->at_ms - step->mono_ms;

	if (!step->mono_ms)
		return;
	if (!e->ahead_ms)
		e->ahead_ms = ahead_ms;
	if (llabs(ahead_ms - e->ahead_ms) > CLOCK_SET_MS)
		step->at_ms = e->ahead_ms + step->mono_ms;
}

static int step_fold(struct records *r, struct records_step *step)
{
	struct call_entry *e = NULL;
	bool began, had_end;
	int err;

	if (!step->call_no) {
		position_step_number(r, step);
		return 0;
	}
	err = records_calls_get(&r->calls, r->writer, &r->vocabulary, step, &e);
	if (err)
		return err;
	began = e->call.step_count == 0;
	had_end = e->call.ended_ms != 0;
	step->seq = e->call.step_count + 1;
	step_time(e, step);
	records_fold(&r->vocabulary, &e->call, step);
	e->write = e->write || began || had_end || e->call.ended_ms;
	e->began = e->began || began;
	e->over = e->over || (!had_end && e->call.ended_ms);
	return records_write_use(r->writer, &r->calls.sums, &r->vocabulary, step, &e->call);
}

static int derived_write(struct records *r)
{
	struct records_sums *sums = &r->calls.sums;
	int err = 0;

	for (unsigned i = 0; i < r->calls.dirty_count && !err; i++) {
		const struct call_entry *e = &r->calls.v[r->calls.dirty[i]];
		const struct call_written w = {&r->vocabulary, &e->call, r->node, &r->calls.seen,
					       e->began,       e->over,	 sums};

		if (e->write)
			err = records_write_derived(r->writer, &w);
	}
	if (!err)
		err = records_figures_flush(r->writer, sums);
	return err ? err : records_uses_flush(r->writer, sums);
}

static int steps_write(struct records *r, unsigned count)
{
	bool unsure = false;
	int err = group_begin(r);

	if (err)
		return err;
	for (unsigned i = 0; i < count && !err; i++)
		err = step_fold(r, &r->batch[r->batch_first + i]);
	if (!err)
		err = records_write_steps(r->writer, &r->vocabulary, &r->batch[r->batch_first],
					  count);
	if (!err)
		err = derived_write(r);
	err = group_end(r, err, &unsure);
	records_calls_settle(&r->calls, !err);
	if (unsure) {
		r->unsure = UNSURE_STEPS;
		r->unsure_count = count;
	}
	return err;
}

static void event_push(struct records *r, struct records_event e)
{
	if (!e.serial)
		return;
	/* The ring holds more than can be on its way; a call thread that stands still makes only
	 * this thread wait. */
	while (ring_push(r->events, &e) == ENOBUFS && !atomic_load(&r->stop))
		usleep(1000);
}

static void steps_settled(struct records *r, unsigned count, bool ok)
{
	for (unsigned i = 0; i < count; i++) {
		const struct records_step *s = &r->batch[r->batch_first + i];

		event_push(r, (struct records_event){s->serial, s->org, RECORDS_KEPT_STEP, ok});
	}
	r->batch_first += count;
	r->batch_count -= count;
	if (ok)
		atomic_fetch_add(&r->steps_done, count);
	else
		atomic_fetch_add(&r->bad_items, count);
}

/* Errors of the storage only. */
static int steps_commit(struct records *r)
{
	unsigned count = r->batch_count;

	while (r->batch_count > 0) {
		int64_t since_ms = clock_mono_ms();
		int err;

		if (count > r->batch_count)
			count = r->batch_count;
		err = steps_write(r, count);
		if (!err) {
			took(r, since_ms);
			steps_settled(r, count, true);
			count = r->batch_count;
		} else if (!data_error(err)) {
			failed(r, err, "writing the event log");
			return err;
		} else if (count > 1) {
			count /= 2;
		} else {
			failed(r, err, "a step of the event log is refused: writing it");
			steps_settled(r, 1, false);
			count = r->batch_count;
		}
	}
	return 0;
}

/* --- messages and days --- */

static bool sound_lost(int err)
{
	return err == ENOENT || err == EINVAL || err == ENAMETOOLONG || err == EXDEV ||
	       err == EISDIR;
}

/* Puts a message's sound into its place. Errors of the storage only. */
static int keep_sound(struct records *r, struct keep *k)
{
	int err = 0;

	if (k->state != KEEP_FRESH)
		return 0;
	if (k->kind == KEEP_MESSAGE)
		err = records_sounds_keep(r->fresh_dir, r->sounds_dir, &k->message);
	if (err && !sound_lost(err))
		return err;
	k->state = err ? KEEP_BAD : KEEP_READY;
	if (err)
		log_error(RECORDS_ROOM, "call %" PRIu64 ": the sound of a message isn't there: %s",
			  k->message.call_no, strerror(err));
	return 0;
}

static int keep_put(struct records *r, const struct keep *k)
{
	switch (k->kind) {
	case KEEP_MESSAGE:
		return records_write_message(r->writer, &r->vocabulary, &k->message);
	case KEEP_DAY:
		return records_write_day(r->writer, &k->day);
	case KEEP_DRAFT:
		return records_write_draft(r->writer, &k->draft);
	case KEEP_TAPE:
		return records_write_tape(r->writer, r->node, &k->tape);
	}
	return EINVAL;
}

static void keeps_turn(struct records *r, enum keep_state from, enum keep_state to)
{
	for (unsigned i = 0; i < r->keep_count; i++) {
		if (r->keep[i].state == from)
			r->keep[i].state = to;
	}
}

/* Up to most of those that are ready, in order. *count is how many. */
static int keeps_write(struct records *r, unsigned most, unsigned *count)
{
	bool unsure = false;
	int err = group_begin(r);

	*count = 0;
	if (err)
		return err;
	for (unsigned i = 0; i < r->keep_count && *count < most && !err; i++) {
		if (r->keep[i].state != KEEP_READY)
			continue;
		r->keep[i].state = KEEP_SENT;
		(*count)++;
		err = keep_put(r, &r->keep[i]);
	}
	err = group_end(r, err, &unsure);
	if (unsure)
		r->unsure = UNSURE_KEEPS;
	else if (!data_error(err))
		keeps_turn(r, KEEP_SENT, err ? KEEP_READY : KEEP_DONE);
	return err;
}

static void keep_tell(struct records *r, struct keep *k, bool ok)
{
	struct records_event e = {.ok = ok};

	if (k->told)
		return;
	switch (k->kind) {
	case KEEP_MESSAGE:
		e.serial = k->message.serial;
		e.org = k->message.org;
		e.what = RECORDS_KEPT_MESSAGE;
		break;
	case KEEP_DAY:
		e.serial = k->day.serial;
		e.org = k->day.org;
		e.what = RECORDS_KEPT_DAY;
		break;
	case KEEP_DRAFT:
		e.serial = k->draft.serial;
		e.org = k->draft.org;
		e.what = RECORDS_KEPT_DRAFT;
		break;
	case KEEP_TAPE:
		break; /* no serial: nobody waits */
	}
	event_push(r, e);
	k->told = true;
}

/* Those that are done or refused are told and leave. */
static void keeps_settle(struct records *r)
{
	unsigned left = 0;

	for (unsigned i = 0; i < r->keep_count; i++) {
		struct keep *k = &r->keep[i];

		if (k->state == KEEP_DONE && k->kind == KEEP_MESSAGE)
			atomic_fetch_add(&r->messages_done, 1);
		if (k->state == KEEP_BAD)
			atomic_fetch_add(&r->bad_items, 1);
		if (k->state == KEEP_DONE || k->state == KEEP_BAD) {
			keep_tell(r, k, k->state == KEEP_DONE);
			records_keep_over(k);
		} else
			r->keep[left++] = *k;
	}
	r->keep_count = left;
}

static bool keeps_ready(const struct records *r)
{
	for (unsigned i = 0; i < r->keep_count; i++) {
		if (r->keep[i].state == KEEP_READY)
			return true;
	}
	return false;
}

static int keeps_commit(struct records *r)
{
	unsigned most = RECORDS_KEEP_BATCH, count = 0;

	while (keeps_ready(r)) {
		int64_t since_ms = clock_mono_ms();
		int err = keeps_write(r, most, &count);

		if (!err) {
			took(r, since_ms);
			continue;
		}
		failed(r, err, "writing messages");
		if (!data_error(err))
			return err;
		/* One that stands alone is the bad one. */
		keeps_turn(r, KEEP_SENT, count == 1 ? KEEP_BAD : KEEP_READY);
		most = 1;
	}
	return 0;
}

static int keeps_try(struct records *r)
{
	int err = 0, second;

	for (unsigned i = 0; i < r->keep_count; i++) {
		int e = keep_sound(r, &r->keep[i]);

		if (e)
			err = e;
	}
	second = keeps_commit(r);
	keeps_settle(r);
	return second ? second : err;
}

/* Whether the commit whose answer was lost was done decides what is still in hand. */
static int unsure_resolve(struct records *r)
{
	bool done = false;
	int err;

	if (r->unsure == SURE)
		return 0;
	err = commit_done(r, &done);
	if (err)
		return err;
	if (r->unsure == UNSURE_STEPS && done)
		steps_settled(r, r->unsure_count, true);
	if (r->unsure == UNSURE_KEEPS)
		keeps_turn(r, KEEP_SENT, done ? KEEP_DONE : KEEP_READY);
	r->unsure = SURE;
	return 0;
}

/* A caller waits for the word "kept": after a while he is told the truth, and we go on trying. */
static void keeps_impatient(struct records *r)
{
	int64_t now_ms = clock_mono_ms();

	for (unsigned i = 0; i < r->keep_count; i++) {
		if (now_ms - r->keep[i].taken_ms >= RECORDS_PATIENCE_MS)
			keep_tell(r, &r->keep[i], false);
	}
}

/* --- the loop --- */

static void step_clean(struct records_step *s)
{
	records_utf8_clean(s->text);
	records_utf8_clean(s->name);
	records_utf8_clean(s->caller);
}

static void keep_clean(struct keep *k)
{
	switch (k->kind) {
	case KEEP_TAPE:
		break; /* words of ours */
	case KEEP_DRAFT:
		break; /* a page's JSON: looked at before it was pushed */
	case KEEP_DAY:
		records_utf8_clean(k->day.number);
		break;
	case KEEP_MESSAGE:
		records_utf8_clean(k->message.from_number);
		records_utf8_clean(k->message.from_name);
		records_utf8_clean(k->message.organisation);
		records_utf8_clean(k->message.matter);
		break;
	}
}

static void take(struct records *r)
{
	ring_quiet(r->keeps);
	ring_quiet(r->steps);
	while (r->keep_count < RECORDS_KEEP_BATCH && ring_take(r->keeps, &r->keep[r->keep_count])) {
		r->keep[r->keep_count].taken_ms = clock_mono_ms();
		keep_clean(&r->keep[r->keep_count++]);
	}
	if (r->batch_count > 0)
		return;
	r->batch_first = 0;
	while (r->batch_count < RECORDS_BATCH && ring_take(r->steps, &r->batch[r->batch_count]))
		step_clean(&r->batch[r->batch_count++]);
}

static bool in_hand(const struct records *r)
{
	return r->batch_count > 0 || r->keep_count > 0;
}

static bool waiting(struct records *r)
{
	return ring_count(r->steps) > 0 || ring_count(r->keeps) > 0;
}

static void sleep_on(struct records *r, bool steps, bool keeps, int ms)
{
	struct pollfd p[] = {
	    {.fd = r->wake_fd, .events = POLLIN},
	    {.fd = keeps ? ring_fd(r->keeps) : -1, .events = POLLIN},
	    {.fd = steps ? ring_fd(r->steps) : -1, .events = POLLIN},
	};
	uint64_t n;

	(void)poll(p, 3, ms);
	if (p[0].revents && read(r->wake_fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		log_warn(RECORDS_ROOM, "eventfd: %s", strerror(errno));
}

static void wait_for_work(struct records *r)
{
	if (!waiting(r))
		sleep_on(r, true, true, IDLE_MS);
	if (ring_count(r->keeps) == 0 && ring_count(r->steps) < RECORDS_BATCH / 2 &&
	    ring_count(r->steps) > 0 && !atomic_load(&r->stop))
		sleep_on(r, false, true, GATHER_MS);
}

static void wait_to_retry(struct records *r)
{
	r->retry_ms = r->retry_ms ? r->retry_ms * 2 : RETRY_MIN_MS;
	if (r->retry_ms > RETRY_MAX_MS)
		r->retry_ms = RETRY_MAX_MS;
	sleep_on(r, false, false, (int)r->retry_ms);
}

/* Steps that were dropped leave a trace: from when to when, how many. */
static void gap_write(struct records *r)
{
	uint64_t lost = atomic_load(&r->lost_pending);
	const struct store_value v[] = {STORE_S(r->node), STORE_I(atomic_load(&r->lost_from_ms)),
					STORE_I(clock_wall_ms()), STORE_I(lost)};

	if (!lost || store_run(r->writer, &sql_gap, v, 4, NULL, NULL))
		return;
	log_error(RECORDS_ROOM, "%" PRIu64 " steps were dropped while the queue was full", lost);
	atomic_fetch_sub(&r->lost_pending, lost);
}

static int work(struct records *r)
{
	int64_t zero = 0;
	int err, second = 0;

	atomic_compare_exchange_strong(&r->batch_since_ms, &zero, clock_mono_ms());
	err = unsure_resolve(r);
	if (!err && r->keep_count > 0)
		err = keeps_try(r);
	/* A sound that fails doesn't hold up the log. */
	if (r->unsure == SURE && r->batch_count > 0)
		second = steps_commit(r);
	if (!err)
		err = second;
	if (err)
		atomic_store(&r->last_err, err);
	keeps_impatient(r);
	if (!in_hand(r))
		atomic_store(&r->batch_since_ms, 0);
	return err;
}

static bool over(struct records *r)
{
	if (!atomic_load(&r->stop))
		return false;
	return (!in_hand(r) && !waiting(r)) || clock_mono_ms() >= atomic_load(&r->stop_by_ms);
}

/* Nobody waits any more for what stays unwritten. */
static void keeps_leave(struct records *r)
{
	while (r->keep_count > 0)
		records_keep_over(&r->keep[--r->keep_count]);
	while (ring_take(r->keeps, &r->keep[0]))
		records_keep_over(&r->keep[0]);
}

void *records_thread(void *arg)
{
	struct records *r = arg;

	while (!over(r)) {
		int err;

		if (!in_hand(r))
			wait_for_work(r);
		take(r);
		err = in_hand(r) ? work(r) : 0;
		if (!err) {
			gap_write(r);
			err = records_numbers_refill(r, r->writer);
			if (err)
				failed(r, err, "reserving call numbers");
		}
		if (err && !atomic_load(&r->stop))
			wait_to_retry(r);
		else if (err)
			usleep(RETRY_MIN_MS * 1000);
	}
	if (in_hand(r) || waiting(r))
		log_error(RECORDS_ROOM, "closed with %zu steps and %zu messages unwritten",
			  ring_count(r->steps) + r->batch_count,
			  ring_count(r->keeps) + r->keep_count);
	else
		records_numbers_return(r, r->writer);
	keeps_leave(r);
	return NULL;
}
