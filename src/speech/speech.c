#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/ring.h"
#include "base/text.h"
#include "speech/pinyin.h"
#include "speech/priv.h"
#include "speech/wav.h"

#define ROOM "speech"

enum {
	SPEED = 150,
	TIMEOUT_MS = 10000,
	PATH = 1024,
	KEY_BYTES = 16,
	FORM = 1, /* of what shape.c makes: a change lets the cache be made anew */
};

static const char default_command[] = "espeak-ng -v {voice} -s {speed} -w {out} -- {reading}";
/* espeak-ng's cmn reads pinyin as English: only this voice is right. */
static const char *const default_voice[LANG_COUNT] = {"cmn-latn-pinyin", "cmn-latn-pinyin", "en"};

struct speech {
	const struct catalogue *catalogue;
	struct readings *readings;
	char cache_dir[PATH / 2], recordings_dir[PATH / 2];
	char command[PATH];
	char voice[LANG_COUNT][64];
	unsigned speed, timeout_ms;
	struct ring *queue; /* of struct job * */
	pthread_t worker;
	bool worker_runs;
	atomic_bool stop;
	pthread_mutex_t log_lock;
	struct log_limiter limiter;
};

struct job {
	enum lang lang;
	bool person;
	char name[SPEECH_NAME], text[SPEECH_TEXT], reading[SPEECH_READING];
	speech_done_h *done;
	void *arg;
};

void speech_sound_free(struct speech_sound *sound)
{
	if (!sound)
		return;
	free(sound->samples);
	*sound = (struct speech_sound){0};
}

const struct catalogue *speech_catalogue(const struct speech *s)
{
	return s->catalogue;
}

const struct readings *speech_readings(const struct speech *s)
{
	return s->readings;
}

/* One line a second for each thing that is no good. */
static void complain(struct speech *s, const char *what, const char *why)
{
	uint32_t held_back = 0;
	bool now;

	pthread_mutex_lock(&s->log_lock);
	now = log_limit(&s->limiter, what, clock_mono_ms(), &held_back);
	pthread_mutex_unlock(&s->log_lock);
	if (now)
		log_warn(ROOM, "%s: %s (%u more held back)", what, why, held_back);
}

static bool given(const char *s)
{
	return s && *s;
}

/* A name becomes part of a path: nothing that could leave the folder. */
static bool name_is_safe(const char *name)
{
	return given(name) && strlen(name) < SPEECH_RECORDING && name[0] != '.' &&
	       !strchr(name, '/') && text_utf8_valid(name, strlen(name));
}

static int shape_file(struct speech *s, const char *path, struct speech_sound *out)
{
	struct speech_sound raw = {0};
	char why[WAV_WHY];
	int err = wav_read(path, &raw, why);

	if (!err) {
		err = speech_shape(&raw, out);
		if (err)
			snprintf(why, sizeof(why), "%s",
				 err == ENODATA ? "nothing but silence" : strerror(err));
	}
	speech_sound_free(&raw);
	if (err && err != ENOENT)
		complain(s, path, why);
	return err;
}

static int recording_find(struct speech *s, const struct speech_request *rq,
			  struct speech_sound *out)
{
	char path[PATH];

	if (!s->recordings_dir[0] || !name_is_safe(rq->name))
		return ENOENT;
	snprintf(path, sizeof(path), "%s/%s/%s.wav", s->recordings_dir, lang_name(rq->lang),
		 rq->name);
	return shape_file(s, path, out);
}

/* What is said, ready for the engine. */
struct utterance {
	const char *text, *voice;
	char reading[SPEECH_READING];
};

static int utterance_make(struct speech *s, const struct speech_request *rq, struct utterance *u)
{
	struct pinyin p;
	enum lang lang = rq->lang;
	int err = 0;

	if (!given(rq->text) || strlen(rq->text) >= SPEECH_TEXT ||
	    !text_utf8_valid(rq->text, strlen(rq->text)))
		return EINVAL;
	u->text = rq->text;
	/* A Chinese name in an English sentence is still said in Chinese, and the other way round.
	 */
	if (!speech_has_han(rq->text))
		lang = LANG_EN;
	else if (lang == LANG_EN)
		lang = LANG_ZH_CN;
	u->voice = s->voice[lang];
	if (lang == LANG_EN)
		return TEXT_COPY(u->reading, rq->text) ? EINVAL : 0;
	err = given(rq->reading) ? speech_pinyin_parse(rq->reading, &p) : ENOENT;
	if (err == EINVAL)
		complain(s, rq->text, "its reading is not numbered pinyin and is not used");
	if (err)
		err = speech_pinyin(rq->text, rq->person ? PINYIN_PERSON : PINYIN_WORDS, &p);
	return err ? err : TEXT_COPY(u->reading, p.numbered) ? EINVAL : 0;
}

/* The file of an utterance: named by all that its sound hangs on. */
static void cache_path(const struct speech *s, const struct utterance *u, char *out, size_t cap)
{
	char all[PATH + SPEECH_TEXT + SPEECH_READING + 256];
	unsigned char key[KEY_BYTES];
	char hex[2 * KEY_BYTES + 1];
	int n = snprintf(all, sizeof(all), "%d\n%s\n%s\n%u\n%s\n%s", FORM, s->command, u->voice,
			 s->speed, u->text, u->reading);

	crypto_generichash(key, sizeof(key), (const unsigned char *)all, (size_t)n, NULL, 0);
	sodium_bin2hex(hex, sizeof(hex), key, sizeof(key));
	snprintf(out, cap, "%s/%s.wav", s->cache_dir, hex);
}

/* A cached sound is taken as it is; one that isn't whole is made anew. */
static int cache_read(struct speech *s, const char *path, struct speech_sound *out)
{
	struct speech_sound sound = {0};
	char why[WAV_WHY];
	int err = wav_read(path, &sound, why);

	if (!err && sound.rate != SPEECH_RATE) {
		snprintf(why, sizeof(why), "not at %d Hz", SPEECH_RATE);
		err = EINVAL;
	}
	if (!err) {
		utimensat(AT_FDCWD, path, NULL, 0); /* it was used: see cache_sweep */
		*out = sound;
		return 0;
	}
	speech_sound_free(&sound);
	if (err != ENOENT)
		complain(s, path, why);
	return err;
}

static int engine_make(struct speech *s, const struct utterance *u, const char *cached,
		       struct speech_sound *out)
{
	static atomic_uint serial;
	char raw[PATH], why[64];
	struct engine_run run = {.command = s->command,
				 .text = u->text,
				 .reading = u->reading,
				 .voice = u->voice,
				 .out = raw,
				 .speed = s->speed,
				 .timeout_ms = s->timeout_ms,
				 .stop = &s->stop};
	int status = 0, err;

	snprintf(raw, sizeof(raw), "%s/raw.%ld-%u.tmp", s->cache_dir, (long)getpid(),
		 atomic_fetch_add(&serial, 1));
	err = engine_run(&run, &status);
	if (err && err != ECANCELED) {
		snprintf(why, sizeof(why), "%.40s, status %d", strerror(err), status);
		complain(s, s->command, why);
	}
	if (!err && shape_file(s, raw, out)) {
		err = EIO;
		complain(s, s->command, "wrote no sound that can be used");
	}
	unlink(raw);
	if (!err && wav_write(cached, out))
		complain(s, s->cache_dir, "a sound could not be kept");
	return err == EACCES ? ENOENT : err == EFBIG ? EIO : err;
}

int speech_render_with(struct speech *s, const struct speech_request *rq, enum speech_effort effort,
		       struct speech_sound *out)
{
	char cached[PATH];
	struct utterance u;
	int err;

	if (recording_find(s, rq, out) == 0)
		return 0;
	err = utterance_make(s, rq, &u);
	if (err)
		return err;
	cache_path(s, &u, cached, sizeof(cached));
	if (cache_read(s, cached, out) == 0)
		return 0;
	return effort == SPEECH_WITH_ENGINE ? engine_make(s, &u, cached, out) : ENOENT;
}

int speech_render(struct speech *s, const struct speech_request *rq, struct speech_sound *out)
{
	return speech_render_with(s, rq, SPEECH_WITH_ENGINE, out);
}

static void job_do(struct speech *s, struct job *j)
{
	struct speech_request rq = {j->lang, j->name, j->text, j->reading, j->person};
	struct speech_sound sound = {0};
	int err = atomic_load(&s->stop) ? ECANCELED : speech_render(s, &rq, &sound);

	j->done(err, err ? NULL : &sound, j->arg);
	free(j);
}

static void *worker_main(void *arg)
{
	struct speech *s = arg;
	struct pollfd p = {ring_fd(s->queue), POLLIN, 0};
	struct job *j;

	while (!atomic_load(&s->stop)) {
		poll(&p, 1, -1);
		ring_quiet(s->queue);
		while (ring_take(s->queue, &j))
			if (j)
				job_do(s, j);
	}
	return NULL;
}

int speech_request_async(struct speech *s, const struct speech_request *rq, speech_done_h *done,
			 void *arg)
{
	struct job *j = calloc(1, sizeof(*j));
	int err;

	if (!j)
		return ENOBUFS;
	j->lang = rq->lang;
	j->person = rq->person;
	j->done = done;
	j->arg = arg;
	if (TEXT_COPY(j->name, rq->name) || TEXT_COPY(j->text, rq->text) ||
	    TEXT_COPY(j->reading, rq->reading)) {
		free(j);
		return EINVAL;
	}
	err = ring_push(s->queue, &j);
	if (err)
		free(j);
	return err;
}

static int make_dirs(const char *dir)
{
	char path[PATH];

	if (text_copy(path, sizeof(path), dir))
		return ENAMETOOLONG;
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return errno;
		*p = '/';
	}
	return mkdir(path, 0755) < 0 && errno != EEXIST ? errno : 0;
}

/* Removes what a killed process left half made, and what nobody has used for long. */
static void cache_sweep(const char *dir)
{
	int64_t oldest_s = clock_wall_ms() / 1000 - SPEECH_CACHE_DAYS * INT64_C(86400);
	DIR *d = opendir(dir);
	struct dirent *e;
	struct stat st;

	while (d && (e = readdir(d))) {
		const char *end = strrchr(e->d_name, '.');
		bool temp = end && text_eq(end, ".tmp"), sound = end && text_eq(end, ".wav");

		if ((!temp && !sound) || fstatat(dirfd(d), e->d_name, &st, 0) < 0)
			continue;
		if (temp || st.st_mtime < oldest_s)
			unlinkat(dirfd(d), e->d_name, 0);
	}
	if (d)
		closedir(d);
}

static int settings_copy(struct speech *s, const struct speech_config *cfg)
{
	int err;

	s->catalogue = cfg->catalogue;
	s->speed = cfg->speed ? cfg->speed : SPEED;
	s->timeout_ms = cfg->timeout_ms ? cfg->timeout_ms : TIMEOUT_MS;
	err = TEXT_COPY(s->command, given(cfg->command) ? cfg->command : default_command);
	if (!err)
		err = TEXT_COPY(s->cache_dir, cfg->cache_dir);
	if (!err)
		err = TEXT_COPY(s->recordings_dir, cfg->recordings_dir);
	for (int l = 0; l < LANG_COUNT && !err; l++)
		err =
		    TEXT_COPY(s->voice[l], given(cfg->voice[l]) ? cfg->voice[l] : default_voice[l]);
	if (!err)
		err = engine_check(s->command);
	return err;
}

int speech_open(struct speech **sp, const struct speech_config *cfg)
{
	struct speech *s = calloc(1, sizeof(*s));
	char why[256] = "";
	int err;

	if (!s)
		return ENOMEM;
	pthread_mutex_init(&s->log_lock, NULL);
	err = sodium_init() < 0 ? ENOSYS : settings_copy(s, cfg);
	if (err)
		snprintf(why, sizeof(why), "the command or a path can't be used");
	if (!err)
		err = make_dirs(s->cache_dir);
	if (!err)
		cache_sweep(s->cache_dir);
	if (!err)
		err = readings_open(&s->readings, cfg->lang_dir, why, sizeof(why));
	if (!err)
		err = ring_alloc(&s->queue, sizeof(struct job *), SPEECH_QUEUE);
	if (!err)
		err = pthread_create(&s->worker, NULL, worker_main, s);
	if (err)
		goto out;
	s->worker_runs = true;
	*sp = s;
	s = NULL;
out:
	if (err)
		log_error(ROOM, "%s%s%s", why, *why ? ": " : "", strerror(err));
	speech_close(s);
	return err;
}

void speech_close(struct speech *s)
{
	struct job *j = NULL;

	if (!s)
		return;
	atomic_store(&s->stop, true);
	if (s->worker_runs) {
		ring_push(s->queue, &j); /* a full queue wakes the worker as well */
		pthread_join(s->worker, NULL);
	}
	while (s->queue && ring_take(s->queue, &j))
		if (j)
			job_do(s, j);
	ring_free(s->queue);
	readings_close(s->readings);
	pthread_mutex_destroy(&s->log_lock);
	free(s);
}
