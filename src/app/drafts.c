/*
 * The desk's questions that touch the database or files: half-written forms (durable before the
 * page is told so), own greetings, the summary of a duty. All of it in HTTP's workers.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/desk_priv.h"
#include "records/desk.h"

#define DRAFT_WAIT_MS 3000
#define DB_WAIT_MS    2000

/* The level of speech that callers are used to: -16 dBm0. A sine at full scale is +3.14 dBm0
 * (G.711), 23170 rms; so -16 dBm0 is 2558. */
#define GREETING_RMS  2558.0
#define GREETING_PEAK 30000.0
#define FRAME_MS      20
#define SILENT_RMS    100.0 /* frames below don't count as speech */

/* ---- drafts ---- */

static int on_draft(const struct records_draft *d, void *arg)
{
	json_t *drafts = arg, *j = d->json ? json_loads(d->json, 0, NULL) : NULL;
	char no[24];

	snprintf(no, sizeof(no), "%llu", (unsigned long long)d->call_no);
	if (j)
		json_object_set_new(drafts, no, j);
	return 0;
}

static json_t *drafts_json(struct app *a, uint32_t org)
{
	json_t *drafts = json_object();
	struct records_db *db = NULL;
	int err = records_borrow(a->records, DB_WAIT_MS, &db);

	if (!err)
		err = records_drafts_load(db, org, clock_wall_ms(), on_draft, drafts);
	records_return(a->records, db);
	if (err)
		log_warn("app", "half-written forms can't be read: %s", strerror(err));
	return drafts;
}

static int on_row(const struct records_call_row *r, void *arg)
{
	(void)r;
	(void)arg;
	return 0;
}

/* A form belongs to a call that is going on, or was. */
static int find_call(struct app *a, const struct api_query *q)
{
	struct records_db *db = NULL;
	json_t *out = NULL;
	int err = live_ask(a, live_call, q, &out);

	json_decref(out);
	if (err != ENOENT)
		return err;
	err = records_borrow(a->records, DB_WAIT_MS, &db);
	if (!err)
		err = records_call_get(db, q->who.org, (uint64_t)q->id, on_row, NULL);
	records_return(a->records, db);
	return err;
}

static int draft_set(void *arg, const struct api_query *q, const json_t *draft)
{
	struct app *a = arg;
	char *text = draft ? json_dumps(draft, JSON_COMPACT) : NULL;
	struct records_draft d = {.org = q->who.org,
				  .account = q->who.user,
				  .call_no = (uint64_t)q->id,
				  .at_ms = clock_wall_ms(),
				  .json = text};
	int err = app_desk_appointed(a, &q->who);

	if (!err)
		err = find_call(a, q);
	if (!err && draft && !text)
		err = ENOMEM;
	if (!err)
		err = records_draft_keep(a->records, &d, DRAFT_WAIT_MS);
	free(text);
	if (err)
		return err == ENOBUFS || err == EIO ? EAGAIN : err;
	if (http_room_watched(a->http))
		live_publish(a, q->who.org, API_OPERATOR, "draft",
			     json_pack("{s:I,s:O}", "call", (json_int_t)q->id, "draft",
				       draft ? (json_t *)(uintptr_t)draft : json_null()));
	return 0;
}

/* ---- the picture with its drafts ---- */

/* Forms hold what callers said: they are the operators' (A1). */
static int with_drafts(struct app *a, const struct api_query *q, int err, json_t *out)
{
	if (!err && (q->who.roles & API_OPERATOR))
		json_object_set_new(out, "drafts", drafts_json(a, q->who.org));
	return err;
}

static int desk(void *arg, const struct api_query *q, json_t **out)
{
	int err = desk_ask_picture(arg, q, out);

	return with_drafts(arg, q, err, *out);
}

static int duty(void *arg, const struct api_query *q, const struct api_duty *y, json_t **out)
{
	int err = desk_ask_duty(arg, q, y, out);

	return with_drafts(arg, q, err, *out);
}

/* ---- summary ---- */

static int build_summary(struct app *a, const struct api_query *q, json_t **out)
{
	const struct app_org *o = live_org(a, q->who.org);

	if (!o)
		return ENOENT;
	*out = desk_summary_json(o, desk_position_of(o, q->who.user));
	return *out ? 0 : ENOMEM;
}

static int summary(void *arg, const struct api_query *q, json_t **out)
{
	struct records_message_filter f = {.org = q->who.org, .unheard_only = true};
	struct app *a = arg;
	struct records_db *db = NULL;
	uint64_t unheard = 0;
	int err = live_ask(a, build_summary, q, out);

	if (err)
		return err;
	err = records_borrow(a->records, DB_WAIT_MS, &db);
	if (!err)
		err = records_messages_count(db, &f, &unheard);
	records_return(a->records, db);
	if (err) {
		json_decref(*out);
		*out = NULL;
		return EAGAIN;
	}
	json_object_set_new(*out, "messages_unheard", json_integer((json_int_t)unheard));
	return 0;
}

/* ---- own greetings ---- */

static void greeting_path(const struct app *a, uint32_t user, const char *language, char *path,
			  size_t cap)
{
	snprintf(path, cap, "%.200s/greetings/%u-%s.wav", a->data, user, language);
}

uint8_t desk_greetings(const struct app *a, uint32_t user)
{
	char path[API_PATH];
	uint8_t there = 0;

	for (int lang = 0; lang < LANG_COUNT; lang++) {
		greeting_path(a, user, lang_name((enum lang)lang), path, sizeof(path));
		if (access(path, R_OK) == 0)
			there |= (uint8_t)(1u << lang);
	}
	return there;
}

void desk_greetings_load(struct app_org *o, uint16_t position, uint32_t user, uint8_t languages)
{
	char path[API_PATH];

	for (int lang = 0; lang < LANG_COUNT; lang++) {
		uint32_t clip = app_sounds_greeting(o, DESK_GREETING_ID(position, lang), true);

		if (!clip || !(languages & 1u << lang))
			continue;
		greeting_path(o->app, user, lang_name((enum lang)lang), path, sizeof(path));
		(void)media_clip_load(o->app->media, clip, path);
	}
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
	enum lang lang;
	uint32_t clip;

	(void)out;
	if (!position || !lang_parse(q->text, &lang))
		return 0;
	clip = app_sounds_greeting(o, DESK_GREETING_ID(position, lang), false);
	if (q->id)
		desk_greetings_load(o, position, q->who.user, (uint8_t)(1u << lang));
	else
		(void)media_clip_drop(a->media, clip);
	return 0;
}

static int tell_greeting(struct app *a, const struct api_query *q, bool there)
{
	struct api_query told = *q;
	json_t *out = NULL;

	told.id = there;
	return live_ask(a, build_greeting, &told, &out);
}

static int greeting_set(void *arg, const struct api_query *q, const void *bytes, size_t len,
			json_t **out)
{
	struct app *a = arg;
	struct media_wav w = {0};
	char path[API_PATH], dir[API_PATH];
	int err = app_desk_appointed(a, &q->who);

	if (!err)
		err = read_wav(bytes, len, &w, out);
	if (err)
		return err;
	snprintf(dir, sizeof(dir), "%.200s/greetings", a->data);
	greeting_path(a, q->who.user, q->text, path, sizeof(path));
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
	greeting_path(arg, q->who.user, q->text, path, API_PATH);
	return access(path, R_OK) == 0 ? 0 : ENOENT;
}

static int greeting_drop(void *arg, const struct api_query *q)
{
	struct app *a = arg;
	char path[API_PATH];

	greeting_path(a, q->who.user, q->text, path, sizeof(path));
	if (unlink(path))
		return errno == ENOENT ? ENOENT : errno;
	return tell_greeting(a, q, false);
}

void app_desk_source_fill(struct app *a, struct api_source *s)
{
	(void)a;
	desk_source_fill(s);
	s->desk = desk;
	s->desk_duty = duty;
	s->desk_summary = summary;
	s->draft_set = draft_set;
	s->greeting_find = greeting_find;
	s->greeting_set = greeting_set;
	s->greeting_drop = greeting_drop;
}
