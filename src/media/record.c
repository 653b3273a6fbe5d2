/*
 * Recordings. The engine cuts what a leg says into blocks of half a second; a writer thread has the
 * disk to itself, so that a slow one costs no sound. The file is written beside its path, its
 * header put right, synced, renamed, the folder synced: only then it is told.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "media/room.h"

#define RATE          8000
#define BLOCK_SAMPLES 4000
#define SAMPLES_A_MS  8
#define KEEP_MS       300 /* of silence behind the last that was said */
#define PAUSE_MAX_S   10  /* a gap of the time stamps that is filled with silence */
#define VOICE_RMS_MIN 150 /* about -43 dBm0 */
#define VOICE_RMS_MAX 1500
#define VOICE_OVER    2.5 /* times the noise */
#define NOISE_RISE    1.004
#define TEMPORARY     ".part"

struct recording {
	uint32_t key, serial;
	uint32_t max_ms, silence_ms;
	bool beep, begun;
	char path[MEDIA_PATH_MAX];
	/* the engine's */
	int16_t *block;
	uint32_t gathered;
	uint64_t samples;
	uint64_t voiced, voiced_until;
	double noise;
	int64_t begun_us, voice_us, heard_us;
	uint32_t due_timestamp;
	bool heard;
	struct recording *next;
	/* the writer's, once the engine has ended it */
	enum media_why why;
	uint64_t keep;
	/* the writer's */
	int fd;
	int error;
	atomic_bool failed; /* a block was lost */
};

enum job_kind { JOB_OPEN, JOB_BLOCK, JOB_FINISH, JOB_STOP };

struct job {
	enum job_kind kind;
	struct recording *recording;
	int16_t *block;
	uint32_t samples;
};

int recording_make(const struct media_record *rec, uint32_t key, struct recording **rp)
{
	struct recording *r;

	if (rec->path[0] == '\0' || strlen(rec->path) + sizeof(TEMPORARY) > MEDIA_PATH_MAX)
		return EINVAL;
	r = calloc(1, sizeof(*r));
	if (!r)
		return ENOMEM;
	r->key = key;
	r->serial = rec->serial;
	r->max_ms = rec->max_ms != 0 && rec->max_ms < MEDIA_RECORD_MS_MAX ? rec->max_ms
									   : MEDIA_RECORD_MS_MAX;
	r->silence_ms = rec->silence_ms;
	r->beep = rec->beep;
	r->fd = -1;
	TEXT_COPY(r->path, rec->path);
	*rp = r;
	return 0;
}

void recording_discard(struct recording *r)
{
	free(r);
}

static void push_job(struct engine *e, struct recording *r, enum job_kind kind)
{
	struct job job = {kind, r, NULL, 0};

	if (kind == JOB_BLOCK) {
		job.block = r->block;
		job.samples = r->gathered;
		r->block = NULL;
		r->gathered = 0;
	}
	if (!ring_push(e->media->writer_jobs, &job))
		return;
	free(job.block);
	if (kind != JOB_FINISH) {
		atomic_store(&r->failed, true);
		return;
	}
	/* its end must be told: once more at the next sweep */
	r->next = e->finishing;
	e->finishing = r;
}

void recording_retry(struct engine *e)
{
	struct recording *r = e->finishing;

	e->finishing = NULL;
	while (r) {
		struct recording *next = r->next;

		push_job(e, r, JOB_FINISH);
		r = next;
	}
}

void recording_start(struct engine *e, struct leg *l, struct recording *r)
{
	if (l->recording)
		recording_end(e, l, MEDIA_WHY_STOPPED);
	l->recording = r;
	atomic_fetch_add(&e->media->recordings, 1);
	push_job(e, r, JOB_OPEN);
	if (!r->beep)
		recording_begin(l);
}

void recording_begin(struct leg *l)
{
	struct recording *r = l->recording;

	if (r->begun)
		return;
	r->begun = true;
	r->begun_us = r->voice_us = r->heard_us = monotonic_us();
}

bool recording_beeps(const struct recording *r)
{
	return r->beep;
}

static uint64_t what_is_kept(const struct recording *r, const struct leg *l)
{
	uint64_t keep = r->samples, tail;

	switch (r->why) {
	case MEDIA_WHY_SILENCE:
		tail = r->voiced_until + KEEP_MS * SAMPLES_A_MS;
		keep = r->voiced == 0 ? 0 : tail;
		break;
	case MEDIA_WHY_BUSY_TONE:
		tail = (uint64_t)ear_cadence_ms(l->ear) * SAMPLES_A_MS;
		keep = tail < keep ? keep - tail : 0;
		break;
	case MEDIA_WHY_STOPPED:
	case MEDIA_WHY_DIGIT:
	case MEDIA_WHY_MAX:
	case MEDIA_WHY_HANGUP:
	case MEDIA_WHY_FAILED:
		break;
	}
	return keep < r->samples ? keep : r->samples;
}

void recording_end(struct engine *e, struct leg *l, enum media_why why)
{
	struct recording *r = l->recording;

	l->recording = NULL;
	if (l->play && l->play->beep)
		l->play->beep = false;
	if (r->gathered > 0)
		push_job(e, r, JOB_BLOCK);
	r->why = why;
	r->keep = what_is_kept(r, l);
	/* half of the cadence that is cut off was taken for voice */
	if (why == MEDIA_WHY_BUSY_TONE) {
		const uint64_t tone = (r->samples - r->keep) / 2;

		r->voiced = r->voiced > tone ? r->voiced - tone : 0;
	}
	push_job(e, r, JOB_FINISH);
}

static void add(struct engine *e, struct recording *r, const int16_t *pcm, size_t count)
{
	while (count > 0) {
		size_t n = BLOCK_SAMPLES - r->gathered;

		if (!r->block) {
			r->block = malloc(BLOCK_SAMPLES * sizeof(*r->block));
			if (!r->block) {
				atomic_store(&r->failed, true);
				return;
			}
		}
		if (n > count)
			n = count;
		if (pcm) {
			memcpy(r->block + r->gathered, pcm, n * sizeof(*pcm));
			pcm += n;
		} else {
			memset(r->block + r->gathered, 0, n * sizeof(*r->block));
		}
		r->gathered += (uint32_t)n;
		r->samples += n;
		count -= n;
		if (r->gathered == BLOCK_SAMPLES)
			push_job(e, r, JOB_BLOCK);
	}
}

/* Voice is what is louder than the noise, which is followed down at once and up slowly. */
static void weigh(struct engine *e, struct recording *r, const int16_t *pcm, size_t count)
{
	double sum = 0, rms, least;

	for (size_t i = 0; i < count; i++)
		sum += (double)pcm[i] * pcm[i];
	rms = sqrt(sum / (double)count);
	r->noise = r->noise == 0 || rms < r->noise ? rms + 1 : r->noise * NOISE_RISE;
	least = fmax(VOICE_RMS_MIN, fmin(VOICE_RMS_MAX, r->noise * VOICE_OVER));
	if (rms < least)
		return;
	r->voiced += count;
	r->voiced_until = r->samples;
	r->voice_us = e->now_us;
}

void recording_hear(struct engine *e, struct leg *l, uint32_t timestamp, const int16_t *pcm,
		    size_t count)
{
	struct recording *r = l->recording;
	const uint32_t clock = codec_rtp_clock(l->codec);
	const int32_t ahead = (int32_t)(timestamp - r->due_timestamp);
	uint64_t room;

	if (!r->begun || count == 0)
		return;
	/* lost packets and pauses are silence, as long as the clock on the wall agrees */
	if (r->heard && ahead > 0 && ahead < (int32_t)clock * PAUSE_MAX_S &&
	    (int64_t)ahead * 1000000 / clock <= e->now_us - r->heard_us + 200000)
		add(e, r, NULL, (size_t)((uint64_t)ahead * RATE / clock));
	r->heard = true;
	r->heard_us = e->now_us;
	r->due_timestamp = timestamp + (uint32_t)(count * clock / RATE);
	room = (uint64_t)r->max_ms * SAMPLES_A_MS;
	room = room > r->samples ? room - r->samples : 0;
	if (count > room)
		count = (size_t)room;
	if (count > 0) {
		add(e, r, pcm, count);
		weigh(e, r, pcm, count);
	}
	if (r->samples >= (uint64_t)r->max_ms * SAMPLES_A_MS)
		recording_end(e, l, MEDIA_WHY_MAX);
}

void recording_sweep(struct engine *e, struct leg *l)
{
	const struct recording *r = l->recording;

	if (!r->begun)
		return;
	if (r->silence_ms != 0 && e->now_us - r->voice_us >= (int64_t)r->silence_ms * 1000)
		recording_end(e, l, MEDIA_WHY_SILENCE);
	else if (e->now_us - r->begun_us >= (int64_t)r->max_ms * 1000 + 200000)
		recording_end(e, l, MEDIA_WHY_MAX);
}

/* ---- the writer's thread ---- */

static void temporary_path(const struct recording *r, char out[MEDIA_PATH_MAX + 8])
{
	snprintf(out, MEDIA_PATH_MAX + 8, "%s%s", r->path, TEMPORARY);
}

static void write_all(struct recording *r, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0 && !r->error) {
		ssize_t n = write(r->fd, at, len);

		if (n > 0) {
			at += n;
			len -= (size_t)n;
		} else if (n == 0 || errno != EINTR) {
			r->error = n == 0 ? EIO : errno;
		}
	}
}

static void open_file(struct recording *r)
{
	char path[MEDIA_PATH_MAX + 8];
	uint8_t header[WAV_HEADER];

	temporary_path(r, path);
	r->fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (r->fd < 0) {
		r->error = errno;
		return;
	}
	wav_header(header, 0, RATE);
	write_all(r, header, sizeof(header));
}

static int sync_folder(const char *path)
{
	char folder[MEDIA_PATH_MAX];
	char *slash;
	int fd, err = 0;

	TEXT_COPY(folder, path);
	slash = strrchr(folder, '/');
	if (!slash)
		TEXT_COPY(folder, ".");
	else
		slash[slash == folder ? 1 : 0] = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (fsync(fd) < 0)
		err = errno;
	close(fd);
	return err;
}

static int finish_file(struct recording *r)
{
	char path[MEDIA_PATH_MAX + 8];
	uint8_t header[WAV_HEADER];
	int err = r->error;

	temporary_path(r, path);
	if (!err && atomic_load(&r->failed))
		err = ENOBUFS;
	wav_header(header, (uint32_t)r->keep, RATE);
	if (!err && (ftruncate(r->fd, (off_t)(WAV_HEADER + r->keep * 2)) < 0 ||
		     pwrite(r->fd, header, sizeof(header), 0) != (ssize_t)sizeof(header) ||
		     fsync(r->fd) < 0))
		err = errno ? errno : EIO;
	if (r->fd >= 0)
		close(r->fd);
	if (!err && rename(path, r->path) < 0)
		err = errno;
	if (!err)
		return sync_folder(r->path);
	if (r->fd >= 0)
		unlink(path);
	return err;
}

static void finish(struct media *m, struct recording *r)
{
	struct media_event ev = {.kind = MEDIA_EV_RECORDED, .key = r->key, .serial = r->serial};
	const int err = finish_file(r);

	ev.why = r->why;
	ev.ms = (uint32_t)(r->keep / SAMPLES_A_MS);
	ev.voiced_ms = (uint32_t)(r->voiced / SAMPLES_A_MS);
	if (err) {
		log_error("media", "recording %s: %s", r->path, strerror(err));
		ev.why = MEDIA_WHY_FAILED;
		ev.ms = ev.voiced_ms = 0;
	}
	atomic_fetch_sub(&m->recordings, 1);
	if (ring_push(m->events, &ev))
		log_error("media", "recording %u: nobody takes events", r->serial);
	free(r);
}

static bool do_job(struct media *m, const struct job *job)
{
	switch (job->kind) {
	case JOB_OPEN:
		open_file(job->recording);
		break;
	case JOB_BLOCK:
		write_all(job->recording, job->block, job->samples * sizeof(*job->block));
		free(job->block);
		break;
	case JOB_FINISH:
		finish(m, job->recording);
		break;
	case JOB_STOP:
		return false;
	}
	return true;
}

void *recording_writer(void *media)
{
	struct media *m = media;
	struct pollfd pfd = {.fd = ring_fd(m->writer_jobs), .events = POLLIN};
	struct job job;
	bool go_on = true;

	while (go_on) {
		poll(&pfd, 1, -1);
		ring_quiet(m->writer_jobs);
		while (go_on && ring_take(m->writer_jobs, &job))
			go_on = do_job(m, &job);
	}
	return NULL;
}

int recording_writer_open(struct media *m)
{
	return ring_alloc(&m->writer_jobs, sizeof(struct job), WRITER_JOBS_MAX);
}

int recording_writer_stop(struct media *m)
{
	const struct job job = {JOB_STOP, NULL, NULL, 0};

	return ring_push(m->writer_jobs, &job);
}
