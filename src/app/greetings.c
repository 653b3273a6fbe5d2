/*
 * Own greetings (A4.1.1): a WAV file for each account, language and line, "USER-LANGUAGE.wav" for
 * every line and "USER-LANGUAGE-NUMBER.wav" for calls to one number of the company. Files are
 * looked for and written by HTTP's workers; the call thread knows them as clips only.
 */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/desk_priv.h"

/* The level of speech that callers are used to: -16 dBm0. A sine at full scale is +3.14 dBm0
 * (G.711), 23170 rms; so -16 dBm0 is 2558. */
#define GREETING_RMS  2558.0
#define GREETING_PEAK 30000.0
#define FRAME_MS      20
#define SILENT_RMS    100.0 /* frames below don't count as speech */

static void greeting_path(const struct app *a, uint32_t user, const char *language,
			  const char *line, char path[API_PATH])
{
	snprintf(path, API_PATH, "%.200s/greetings/%u-%s%s%s.wav", a->data, user, language,
		 line[0] ? "-" : "", line);
}

/* "17-zh-CN-8312.wav" of user 17: language and line. False when it is none of ours. */
static bool name_read(const char *name, uint32_t user, struct api_greeting *g)
{
	char rest[64], *end;
	size_t len;
	unsigned long of = strtoul(name, &end, 10);

	if (of != user || *end != '-' || text_copy(rest, sizeof(rest), end + 1))
		return false;
	len = strlen(rest);
	if (len < 4 || strcmp(rest + len - 4, ".wav") != 0)
		return false;
	rest[len - 4] = '\0';
	for (int lang = 0; lang < LANG_COUNT; lang++) {
		const char *word = lang_name((enum lang)lang), *line = rest + strlen(word);

		if (strncmp(rest, word, strlen(word)) != 0 || (*line && *line != '-'))
			continue;
		g->language = (uint8_t)lang;
		return text_copy(g->line, sizeof(g->line), *line ? line + 1 : "") == 0;
	}
	return false;
}

void desk_greetings(const struct app *a, uint32_t user, struct api_duty *y)
{
	char dir[API_PATH];
	struct dirent *e;
	DIR *d;

	y->greeting_count = 0;
	snprintf(dir, sizeof(dir), "%.200s/greetings", a->data);
	d = opendir(dir);
	while (d && y->greeting_count < API_GREETINGS && (e = readdir(d)))
		if (name_read(e->d_name, user, &y->greeting[y->greeting_count]))
			y->greeting_count++;
	if (d)
		closedir(d);
}

static void clip_load(struct app_org *o, uint16_t position, uint32_t user,
		      const struct api_greeting *g)
{
	char path[API_PATH];
	uint32_t clip = app_sounds_greeting(o, position, g->language, g->line, true);

	greeting_path(o->app, user, lang_name((enum lang)g->language), g->line, path);
	if (clip)
		(void)media_clip_load(o->app->media, clip, path);
}

void desk_greetings_load(struct app_org *o, uint16_t position, uint32_t user,
			 const struct api_duty *y)
{
	for (unsigned i = 0; i < y->greeting_count; i++)
		clip_load(o, position, user, &y->greeting[i]);
}

uint32_t desk_greeting(struct app_org *o, uint16_t position, enum lang lang, const char *line)
{
	uint32_t own = app_sounds_greeting(o, position, lang, line, false);

	if (own && media_clip_known(o->app->media, own))
		return own;
	return app_sounds_greeting(o, position, lang, "", true);
}

/* What is spoken is brought to one level: rms of the frames that aren't silence. */
static bool level(struct media_wav *w)
{
	size_t frame = w->rate * FRAME_MS / 1000, voiced = 0;
	double energy = 0, peak = 1, gain;

	for (size_t at = 0; at + frame <= w->count; at += frame) {
		double sum = 0;

		for (size_t i = at; i < at + frame; i++)
			sum += (double)w->samples[i] * w->samples[i];
		if (sum / (double)frame < SILENT_RMS * SILENT_RMS)
			continue;
		energy += sum;
		voiced += frame;
	}
	if (!voiced)
		return false;
	for (size_t i = 0; i < w->count; i++)
		peak = fmax(peak, fabs((double)w->samples[i]));
	gain = fmin(GREETING_RMS / sqrt(energy / (double)voiced), GREETING_PEAK / peak);
	for (size_t i = 0; i < w->count; i++)
		w->samples[i] = (int16_t)lrint(w->samples[i] * gain);
	return true;
}

static int fault(json_t **out, const char *key)
{
	*out = json_pack("{s:s}", "fault", key);
	return EBADMSG;
}

static int read_wav(const void *bytes, size_t len, struct media_wav *w, json_t **out)
{
	struct media_wav_error e;
	char key[64] = "wav.";
	int err = media_wav_parse(bytes, len, w, &e);

	if (err == EBADMSG) {
		text_append(key, sizeof(key), "%s", media_wav_fault_name(e.fault));
		return fault(out, key);
	}
	if (err)
		return err;
	if (w->count * 1000 / w->rate > DESK_GREETING_MS)
		err = fault(out, "desk.greeting_too_long");
	else if (!level(w))
		err = fault(out, "desk.greeting_silent");
	if (err)
		media_wav_free(w);
	return err;
}

/* The clip of a position that is known already is made anew. */
static int build_greeting(struct app *a, const struct api_query *q, json_t **out)
{
	struct app_org *o = live_org(a, q->who.org);
	uint16_t position = o ? desk_position_of(o, q->who.user) : 0;
	struct api_greeting g = {0};
	enum lang lang;

	(void)out;
	if (!position || !lang_parse(q->text, &lang))
		return 0;
	g.language = (uint8_t)lang;
	TEXT_COPY(g.line, q->number);
	if (q->id)
		clip_load(o, position, q->who.user, &g);
	else
		(void)media_clip_drop(a->media,
				      app_sounds_greeting(o, position, lang, g.line, false));
	return 0;
}

static int tell_greeting(struct app *a, const struct api_query *q, bool there)
{
	struct api_query told = *q;
	json_t *out = NULL;

	told.id = there;
	return live_ask(a, build_greeting, &told, &out);
}

/* One more than an account may have: each is a clip in memory. */
static int room_for(const struct app *a, const struct api_query *q, const char *path, json_t **out)
{
	struct api_duty y;

	if (access(path, F_OK) == 0)
		return 0;
	desk_greetings(a, q->who.user, &y);
	return y.greeting_count < API_GREETINGS ? 0 : fault(out, "desk.greetings_full");
}

static int greeting_set(void *arg, const struct api_query *q, const void *bytes, size_t len,
			json_t **out)
{
	struct app *a = arg;
	struct media_wav w = {0};
	char path[API_PATH], dir[API_PATH];
	int err = app_desk_appointed(a, &q->who);

	greeting_path(a, q->who.user, q->text, q->number, path);
	if (!err)
		err = room_for(a, q, path, out);
	if (!err)
		err = read_wav(bytes, len, &w, out);
	if (err)
		return err;
	snprintf(dir, sizeof(dir), "%.200s/greetings", a->data);
	if (mkdir(dir, 0700) && errno != EEXIST)
		err = errno;
	if (!err)
		err = media_wav_write(path, w.samples, w.count, w.rate);
	media_wav_free(&w);
	if (err)
		log_error("app", "%s can't be written: %s", path, strerror(err));
	return err ? err : tell_greeting(a, q, true);
}

static int greeting_find(void *arg, const struct api_query *q, char path[API_PATH])
{
	greeting_path(arg, q->who.user, q->text, q->number, path);
	return access(path, R_OK) == 0 ? 0 : ENOENT;
}

static int greeting_drop(void *arg, const struct api_query *q)
{
	struct app *a = arg;
	char path[API_PATH];

	greeting_path(a, q->who.user, q->text, q->number, path);
	if (unlink(path))
		return errno == ENOENT ? ENOENT : errno;
	return tell_greeting(a, q, false);
}

void desk_greetings_source_fill(struct api_source *s)
{
	s->greeting_find = greeting_find;
	s->greeting_set = greeting_set;
	s->greeting_drop = greeting_drop;
}
