/*
 * Tapes: both sides of a leg, kept as they are on the line. The engine copies payloads into a block
 * and hands it on when it is full or a second old; a writer of its own encrypts and appends it. It
 * isn't the messages' writer: a disk that is slow under tapes mustn't hurt these.
 *
 * A tape that can't go on (disk, memory, the writer's queue full, an hour) ends, the leg goes on.
 * What was written stays good: MEDIA_EV_TAPED says how much.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "media/room.h"
#include "media/tape.h"

#define BLOCK_US 1000000

struct tape {
	uint32_t key, serial, max_ms;
	char path[MEDIA_PATH_MAX];
	/* the engine's */
	uint8_t *block;
	size_t used;
	int64_t begun_us, block_us;
	uint32_t ms; /* of the block's last record */
	struct tape *next;
	enum media_why why;
	/* the writer's */
	struct tape_file file;
	uint32_t written_ms;
	int error;
	atomic_bool failed; /* the engine looks at it */
};

enum job_kind { JOB_OPEN, JOB_BLOCK, JOB_FINISH, JOB_STOP };

struct job {
	enum job_kind kind;
	struct tape *tape;
	uint8_t *block;
	uint32_t used, ms;
};

int tape_make(const struct media_tape *want, uint32_t key, struct tape **tp)
{
	struct tape *t;

	if (want->path[0] == '\0' || strlen(want->path) >= MEDIA_PATH_MAX)
		return EINVAL;
	t = calloc(1, sizeof(*t));
	if (!t)
		return ENOMEM;
	t->key = key;
	t->serial = want->serial;
	t->max_ms = want->max_ms != 0 && want->max_ms < MEDIA_RECORD_MS_MAX ? want->max_ms
									     : MEDIA_RECORD_MS_MAX;
	t->file.fd = -1;
	TEXT_COPY(t->path, want->path);
	*tp = t;
	return 0;
}

void tape_discard(struct tape *t)
{
	free(t);
}

/* ---- the engine's ---- */

static void push_job(struct engine *e, struct tape *t, enum job_kind kind)
{
	struct job job = {kind, t, NULL, 0, t->ms};

	if (kind == JOB_BLOCK) {
		job.block = t->block;
		job.used = (uint32_t)t->used;
		t->block = NULL;
		t->used = 0;
	}
	if (!ring_push(e->media->tape_jobs, &job))
		return;
	free(job.block);
	if (kind != JOB_FINISH) {
		atomic_store(&t->failed, true);
		return;
	}
	/* its end must be told: once more in the next round */
	t->next = e->taped;
	e->taped = t;
}

void tape_retry(struct engine *e)
{
	struct tape *t = e->taped;

	e->taped = NULL;
	while (t) {
		struct tape *next = t->next;

		push_job(e, t, JOB_FINISH);
		t = next;
	}
}

void tape_start(struct engine *e, struct leg *l, struct tape *t)
{
	if (l->tape)
		tape_end(e, l, MEDIA_WHY_STOPPED);
	l->tape = t;
	t->begun_us = e->now_us;
	atomic_fetch_add(&e->media->tapes, 1);
	push_job(e, t, JOB_OPEN);
}

void tape_end(struct engine *e, struct leg *l, enum media_why why)
{
	struct tape *t = l->tape;

	l->tape = NULL;
	t->why = why;
	if (t->used > 0)
		push_job(e, t, JOB_BLOCK);
	push_job(e, t, JOB_FINISH);
}

void tape_sweep(struct engine *e, struct leg *l)
{
	struct tape *t = l->tape;

	if (atomic_load_explicit(&t->failed, memory_order_relaxed))
		tape_end(e, l, MEDIA_WHY_FAILED);
	else if (e->now_us - t->begun_us >= (int64_t)t->max_ms * 1000)
		tape_end(e, l, MEDIA_WHY_MAX);
	else if (t->used > 0 && e->now_us - t->block_us >= BLOCK_US)
		push_job(e, t, JOB_BLOCK);
}

void tape_add(struct engine *e, struct leg *l, enum tape_side side, const uint8_t *payload,
	      size_t len)
{
	struct tape *t = l->tape;

	if (t->used + TAPE_RECORD + len > TAPE_BLOCK)
		push_job(e, t, JOB_BLOCK);
	if (!t->block) {
		t->block = malloc(TAPE_BLOCK);
		t->block_us = e->now_us;
	}
	if (!t->block) {
		atomic_store(&t->failed, true);
		return;
	}
	t->ms = (uint32_t)((e->now_us - t->begun_us) / 1000);
	tape_put_record(t->block + t->used, side, l->codec, len, t->ms);
	memcpy(t->block + t->used + TAPE_RECORD, payload, len);
	t->used += TAPE_RECORD + len;
}

/* ---- the writer's thread ---- */

static void fail(struct tape *t, int err)
{
	if (!err || t->error)
		return;
	t->error = err;
	atomic_store(&t->failed, true);
	log_error("media", "tape %s ends: %s", t->path, strerror(err));
}

static void write_block(struct tape *t, const struct job *job)
{
	if (!t->error && t->file.fd >= 0) {
		fail(t, tape_file_put(&t->file, job->block, job->used, false));
		if (!t->error)
			t->written_ms = job->ms;
	}
	free(job->block);
}

static void finish(struct media *m, struct tape *t)
{
	struct media_event ev = {.kind = MEDIA_EV_TAPED, .key = t->key, .serial = t->serial};

	if (!t->error && atomic_load(&t->failed))
		fail(t, ENOBUFS);
	if (!t->error)
		fail(t, tape_file_put(&t->file, NULL, 0, true));
	fail(t, tape_file_close(&t->file));
	ev.why = t->error ? MEDIA_WHY_FAILED : t->why;
	ev.ms = t->written_ms;
	atomic_fetch_sub(&m->tapes, 1);
	if (ring_push(m->events, &ev))
		log_error("media", "tape %u: nobody takes events", t->serial);
	free(t);
}

static bool do_job(struct media *m, const struct job *job)
{
	switch (job->kind) {
	case JOB_OPEN:
		fail(job->tape,
		     tape_file_create(&job->tape->file, job->tape->path, m->cfg.tape_key));
		break;
	case JOB_BLOCK:
		write_block(job->tape, job);
		break;
	case JOB_FINISH:
		finish(m, job->tape);
		break;
	case JOB_STOP:
		return false;
	}
	return true;
}

void *tape_writer(void *media)
{
	struct media *m = media;
	struct pollfd pfd = {.fd = ring_fd(m->tape_jobs), .events = POLLIN};
	struct job job;
	bool go_on = true;

	while (go_on) {
		poll(&pfd, 1, -1);
		ring_quiet(m->tape_jobs);
		while (go_on && ring_take(m->tape_jobs, &job))
			go_on = do_job(m, &job);
	}
	return NULL;
}

int tape_writer_open(struct media *m)
{
	return ring_alloc(&m->tape_jobs, sizeof(struct job), TAPE_JOBS_MAX);
}

int tape_writer_stop(struct media *m)
{
	const struct job job = {.kind = JOB_STOP};

	return ring_push(m->tape_jobs, &job);
}
