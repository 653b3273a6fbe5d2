/* The thread that touches sound files for the call thread: it reads a recording in, so that it can
 * be played back, and deletes one that nobody will need. Results come back by a ring. */
#include "app/app.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES_JOBS 1024

enum job_kind { JOB_LOAD, JOB_DELETE, JOB_STATE, JOB_STOP };

struct app_job {
	enum job_kind kind;
	struct app_org *org;
	struct event event;
	char path[MEDIA_PATH_MAX];
	uint32_t clip;
	struct media_wav wav;
	int err;
};

struct app_files {
	struct ring *jobs, *done;
	pthread_t thread;
	bool running;
};

void app_recording_name(const struct app_org *o, uint32_t serial, char *dst, size_t cap)
{
	snprintf(dst, cap, "%s-%u-%u.wav", o->app->boot, o->id, serial);
}

static void recording_path(const struct app_org *o, uint32_t serial, char *dst, size_t cap)
{
	char name[RECORDS_FILE];

	app_recording_name(o, serial, name, sizeof(name));
	snprintf(dst, cap, "%.150s/fresh/%s", o->app->data, name);
}

static void run_job(struct app_files *f, struct app_job *j)
{
	if (j->kind == JOB_DELETE) {
		if (unlink(j->path) < 0 && errno != ENOENT)
			log_warn("app", "can't delete %s: %s", j->path, strerror(errno));
		return;
	}
	if (j->kind == JOB_STATE) {
		char kept[CONFIG_PATH + 16];

		snprintf(kept, sizeof(kept), "%s/bindings", j->org->app->data);
		j->err = app_file_copy(j->path, kept);
		if (j->err)
			log_warn("app", "the bindings can't be copied: %s", strerror(j->err));
		return;
	}
	j->err = media_wav_read(j->path, &j->wav, NULL);
	while (ring_push(f->done, j) == ENOBUFS)
		usleep(1000);
}

static void *files_main(void *arg)
{
	struct app_files *f = arg;
	struct pollfd wake = {ring_fd(f->jobs), POLLIN, 0};
	struct app_job j;

	for (;;) {
		ring_quiet(f->jobs);
		while (ring_take(f->jobs, &j)) {
			if (j.kind == JOB_STOP)
				return NULL;
			run_job(f, &j);
		}
		poll(&wake, 1, -1);
	}
}

static void on_done(int flags, void *arg)
{
	struct app *a = arg;
	struct app_job j;

	(void)flags;
	ring_quiet(a->files->done);
	while (ring_take(a->files->done, &j)) {
		if (j.err == 0) {
			media_clip_add(a->media, j.clip, j.wav.samples, j.wav.count, j.wav.rate);
			media_wav_free(&j.wav);
		} else {
			log_error("app", "recording %s can't be read back: %s", j.path,
				  strerror(j.err));
		}
		app_event(j.org, &j.event);
	}
}

int app_files_open(struct app *a)
{
	struct app_files *f = calloc(1, sizeof(*f));
	int err = ENOMEM;

	if (!f)
		return ENOMEM;
	err = ring_alloc(&f->jobs, sizeof(struct app_job), FILES_JOBS);
	if (!err)
		err = ring_alloc(&f->done, sizeof(struct app_job), FILES_JOBS);
	a->files = f;
	if (!err)
		err = fd_listen(ring_fd(f->done), FD_READ, on_done, a);
	if (!err)
		err = pthread_create(&f->thread, NULL, files_main, f);
	f->running = !err;
	return err;
}

void app_files_close(struct app *a)
{
	struct app_files *f = a->files;
	struct app_job j;

	if (!f)
		return;
	memset(&j, 0, sizeof(j));
	j.kind = JOB_STOP;
	if (f->running) {
		while (ring_push(f->jobs, &j) == ENOBUFS)
			usleep(1000);
		pthread_join(f->thread, NULL);
	}
	if (f->done) {
		fd_close(ring_fd(f->done));
		while (ring_take(f->done, &j))
			media_wav_free(&j.wav);
	}
	ring_free(f->jobs);
	ring_free(f->done);
	free(f);
	a->files = NULL;
}

void app_files_recorded(struct app *a, struct app_org *o, const struct event *recorded)
{
	struct app_job j;

	memset(&j, 0, sizeof(j));
	j.kind = JOB_LOAD;
	j.org = o;
	j.event = *recorded;
	j.clip = app_sounds_recording_take(o, recorded->done.serial);
	recording_path(o, recorded->done.serial, j.path, sizeof(j.path));
	if (recorded->done.why == RECORDED_FAILED || recorded->done.ms == 0 ||
	    ring_push(a->files->jobs, &j))
		app_event(o, recorded); /* it can't be heard again, but it is there */
}

void app_files_forget(struct app *a, struct app_org *o, uint32_t serial)
{
	const uint32_t clip = app_sounds_recording(o, serial);
	struct app_job j;

	memset(&j, 0, sizeof(j));
	j.kind = JOB_DELETE;
	recording_path(o, serial, j.path, sizeof(j.path));
	if (clip)
		media_clip_drop(a->media, clip);
	if (ring_push(a->files->jobs, &j))
		log_warn("app", "no place to note that %s is to be deleted", j.path);
}

void app_files_state(struct app *a)
{
	struct app_job j;

	memset(&j, 0, sizeof(j));
	j.kind = JOB_STATE;
	j.org = &a->org[0];
	snprintf(j.path, sizeof(j.path), "%.230s/bindings", a->state);
	if (ring_push(a->files->jobs, &j))
		log_warn("app", "no place to note that the bindings are to be copied");
}
