/*
 * What can be said, as clips of media: the fixed sounds of lang/ for each organisation (its name is
 * in the greeting), names of people and departments, recordings. A clip is found by its name;
 * "<org>/<name>" for what differs between organisations.
 */
#include "app/app.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"

#define CLIP_SILENCE	     1 /* to 5: of 50, 100, 200 … ms; made by us */
#define CLIP_SOFT_TONE	     8 /* before a word to somebody who talks */
#define SOFT_TONE_MS	     300
#define SOFT_TONE_HZ	     880
#define SOFT_TONE_PEAK	     3000 /* some 12 dB below speech */
#define CLIP_FIRST	     16
#define CLIP_RECORDINGS	     4096 /* the last of media's table, used in turn */
#define CLIP_RECORDING_FIRST (MEDIA_CLIPS_MAX - CLIP_RECORDINGS)
#define SOUND_NAME	     (SPEECH_NAME + 12)

struct sound {
	char name[SOUND_NAME];
	uint32_t clip;
};

/* A name that the worker has rendered. */
struct rendered {
	uint32_t clip;
	char name[SOUND_NAME];
	struct speech_sound sound;
};

struct app_sounds {
	struct sound table[2 * APP_SOUNDS];
	uint32_t next_clip;
	uint64_t recording[CLIP_RECORDINGS]; /* whose each place is */
	uint32_t next_recording;
	struct speech_pattern pattern[PHRASE_COUNT];
	struct ring *rendered;
};

static struct sound *find(struct app_sounds *s, const char *name)
{
	size_t i = hash_bytes(name, strlen(name)) % (2 * APP_SOUNDS);

	while (s->table[i].clip && strcmp(s->table[i].name, name) != 0)
		i = (i + 1) % (2 * APP_SOUNDS);
	return &s->table[i];
}

static uint32_t clip_of(struct app_sounds *s, const char *name, bool make)
{
	struct sound *e = find(s, name);

	if (!e->clip && make && s->next_clip < CLIP_FIRST + APP_SOUNDS) {
		TEXT_COPY(e->name, name);
		e->clip = s->next_clip++;
	}
	return e->clip;
}

static uint32_t org_clip(const struct app_org *o, const char *name, bool make)
{
	char full[SOUND_NAME];

	snprintf(full, sizeof(full), "%u/%s", o->id, name);
	return clip_of(o->app->sounds, full, make);
}

uint32_t app_sounds_greeting(struct app_org *o, uint16_t position, enum lang lang, const char *line,
			     bool make)
{
	char name[SPEECH_NAME];

	snprintf(name, sizeof(name), "greeting-%u-%u-%s", position, lang, line);
	return org_clip(o, name, make);
}

static uint64_t recording_key(const struct app_org *o, uint32_t serial)
{
	return (uint64_t)serial << 8 | (o->index + 1);
}

/* The oldest one's place: whoever still waits to hear that hears nothing, never another's. */
uint32_t app_sounds_recording_take(const struct app_org *o, uint32_t serial)
{
	struct app_sounds *s = o->app->sounds;
	uint32_t at = s->next_recording++ % CLIP_RECORDINGS;

	s->recording[at] = recording_key(o, serial);
	return CLIP_RECORDING_FIRST + at;
}

uint32_t app_sounds_recording(const struct app_org *o, uint32_t serial)
{
	const struct app_sounds *s = o->app->sounds;

	for (uint32_t i = 1; i <= CLIP_RECORDINGS; i++) { /* the newest first */
		uint32_t at = (s->next_recording - i) % CLIP_RECORDINGS;

		if (s->recording[at] == recording_key(o, serial))
			return CLIP_RECORDING_FIRST + at;
	}
	return 0;
}

static void add_silences(struct app *a)
{
	static int16_t nothing[SPEECH_RATE];

	for (uint32_t i = 0; i < 5; i++)
		media_clip_add(a->media, CLIP_SILENCE + i, nothing,
			       (size_t)SPEECH_RATE * (50u << i) / 1000, SPEECH_RATE);
}

/* It swells and fades, so that nobody starts. */
static void add_soft_tone(struct app *a)
{
	static int16_t tone[SPEECH_RATE * SOFT_TONE_MS / 1000];
	const size_t n = sizeof(tone) / sizeof(tone[0]);

	for (size_t i = 0; i < n; i++) {
		double at = (double)i / SPEECH_RATE, swell = sin(M_PI * (double)i / (double)n);

		tone[i] = (int16_t)(SOFT_TONE_PEAK * swell * sin(2 * M_PI * SOFT_TONE_HZ * at));
	}
	media_clip_add(a->media, CLIP_SOFT_TONE, tone, n, SPEECH_RATE);
}

static void on_prompt(const char *name, int err, struct speech_sound *sound, void *arg)
{
	struct app_org *o = arg;
	uint32_t clip;

	if (!sound) {
		log_error("app", "“%s” can't be spoken: %s", name, strerror(err));
		return;
	}
	clip = org_clip(o, name, true);
	if (clip)
		media_clip_add(o->app->media, clip, sound->samples, sound->count, sound->rate);
}

static void on_rendered(int flags, void *arg)
{
	struct app *a = arg;
	struct rendered r;

	(void)flags;
	ring_quiet(a->sounds->rendered);
	while (ring_take(a->sounds->rendered, &r)) {
		media_clip_add(a->media, r.clip, r.sound.samples, r.sound.count, r.sound.rate);
		speech_sound_free(&r.sound);
	}
}

int app_sounds_open(struct app *a)
{
	struct app_sounds *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return ENOMEM;
	a->sounds = s;
	s->next_clip = CLIP_FIRST;
	err = ring_alloc(&s->rendered, sizeof(struct rendered), SPEECH_QUEUE);
	if (!err)
		err = fd_listen(ring_fd(s->rendered), FD_READ, on_rendered, a);
	if (err)
		return err;
	add_silences(a);
	add_soft_tone(a);
	for (int k = 0; k < PHRASE_COUNT; k++) {
		enum phrase_kind kind = (enum phrase_kind)k;

		if (speech_pattern(a->speech, a->lang, exchange_phrase_name(kind), &s->pattern[k]))
			s->pattern[k].count = 0;
	}
	for (unsigned i = 0; i < a->org_count; i++) {
		const struct measures *m = app_measures(&a->org[i]);
		struct speech_company company = {m->company, m->company_reading};

		err = speech_prompts(a->speech, a->lang, &company, on_prompt, &a->org[i]);
		if (err)
			log_error("app", "not every sentence can be spoken: %s", strerror(err));
	}
	return 0;
}

void app_sounds_close(struct app *a)
{
	struct rendered r;

	if (!a->sounds)
		return;
	if (a->sounds->rendered) {
		fd_close(ring_fd(a->sounds->rendered));
		while (ring_take(a->sounds->rendered, &r))
			speech_sound_free(&r.sound);
	}
	ring_free(a->sounds->rendered);
	free(a->sounds);
	a->sounds = NULL;
}

struct wanted {
	struct app *app;
	uint32_t clip;
	char name[SOUND_NAME];
};

/* In the speech worker's thread. */
static void on_name(int err, struct speech_sound *sound, void *arg)
{
	struct wanted *w = arg;
	struct rendered r;

	if (sound) {
		memset(&r, 0, sizeof(r));
		r.clip = w->clip;
		TEXT_COPY(r.name, w->name);
		r.sound = *sound;
		if (ring_push(w->app->sounds->rendered, &r))
			speech_sound_free(&r.sound);
	} else if (err != ECANCELED) {
		log_error("app", "the name %s can't be spoken: %s", w->name, strerror(err));
	}
	free(w);
}

static void render_name(struct app_org *o, const char *kind, uint32_t id, const char *text,
			const char *reading)
{
	struct app *a = o->app;
	struct wanted *w = calloc(1, sizeof(*w));
	char name[SPEECH_NAME];
	struct speech_request rq = {a->lang, name, text, reading, strcmp(kind, "person") == 0};

	if (!w)
		return;
	snprintf(name, sizeof(name), "%s-%u", kind, id);
	w->app = a;
	w->clip = org_clip(o, name, true);
	TEXT_COPY(w->name, text);
	if (!w->clip || speech_request_async(a->speech, &rq, on_name, w)) {
		log_error("app", "no place for the sound of %s", text);
		free(w);
	}
}

void app_sounds_directory(struct app *a, struct app_org *o)
{
	const struct directory *d = app_directory(o);

	(void)a;
	for (uint32_t i = 0; i < d->department_count; i++)
		render_name(o, "department", d->departments[i].id, d->departments[i].name,
			    d->departments[i].reading);
	for (uint32_t i = 0; i < d->person_count; i++)
		render_name(o, "person", d->people[i].id, d->people[i].name, d->people[i].reading);
}

/* Clips of a play as they are put together. */
struct line {
	struct app_org *org;
	uint32_t *clips;
	unsigned count, max;
};

static void say(struct line *l, uint32_t clip)
{
	if (clip && l->count < l->max)
		l->clips[l->count++] = clip;
}

static void say_known(struct line *l, uint32_t clip)
{
	if (media_clip_known(l->org->app->media, clip))
		say(l, clip);
}

static void say_silence(struct line *l, unsigned ms)
{
	for (int i = 4; i >= 0; i--)
		for (; ms >= 50u << i; ms -= 50u << i)
			say(l, CLIP_SILENCE + (uint32_t)i);
}

static void say_named(struct line *l, const char *kind, uint32_t id)
{
	char name[SPEECH_NAME];

	snprintf(name, sizeof(name), "%s%u", kind, id);
	say(l, org_clip(l->org, name, false));
}

static void say_digits(struct line *l, const char *digits)
{
	for (; *digits; digits++)
		if (*digits >= '0' && *digits <= '9')
			say_named(l, "digit.", (uint32_t)(*digits - '0'));
}

/* Two digits as a number: an hour or a minute of HHMMHHMM. */
static void say_two_at(struct line *l, const char *digits, size_t at)
{
	if (strlen(digits) < at + 2)
		return;
	digits += at;
	say_named(l, "number.", (uint32_t)(digits[0] - '0') * 10 + (uint32_t)(digits[1] - '0'));
}

/* What the slots of a pattern are filled with. */
struct slots {
	uint32_t person, department;
	const char *digits;
};

static void say_part(struct line *l, const struct speech_part *p, const struct slots *s)
{
	switch (p->kind) {
	case SPEECH_PART_SOUND:
		say(l, org_clip(l->org, p->name, false));
		break;
	case SPEECH_PART_PAUSE:
		say_silence(l, p->ms);
		break;
	case SPEECH_PART_NAME:
		say_named(l, "person-", s->person);
		break;
	case SPEECH_PART_DEPARTMENT:
		say_named(l, "department-", s->department);
		break;
	case SPEECH_PART_DIGITS:
		say_digits(l, s->digits);
		break;
	case SPEECH_PART_KEY:
		say_named(l, "number.", (uint32_t)atoi(s->digits));
		break;
	case SPEECH_PART_HOUR:
		say_two_at(l, s->digits, 0);
		break;
	case SPEECH_PART_MINUTE:
		say_two_at(l, s->digits, 2);
		break;
	case SPEECH_PART_MONTH:
	case SPEECH_PART_HOUR_TO:
		say_two_at(l, s->digits, 4);
		break;
	case SPEECH_PART_DAY:
	case SPEECH_PART_MINUTE_TO:
		say_two_at(l, s->digits, 6);
		break;
	}
}

static void say_pattern(struct line *l, enum phrase_kind kind, const struct slots *s)
{
	const struct speech_pattern *p = &l->org->app->sounds->pattern[kind];

	for (unsigned i = 0; i < p->count; i++)
		say_part(l, &p->part[i], s);
}

static void say_phrase(struct line *l, const struct phrase *p)
{
	const struct directory *d = app_directory(l->org);
	struct slots s = {p->arg, p->arg, p->digits};

	if (p->kind == PHRASE_NONE)
		return;
	if (p->kind == PHRASE_LONG_CALL)
		say(l, CLIP_SOFT_TONE);
	if (p->kind == PHRASE_SILENCE) {
		say_silence(l, p->arg);
	} else if (p->kind == PHRASE_RECORDING) {
		uint32_t clip = app_sounds_recording(l->org, p->arg);

		if (clip)
			say(l, clip);
	} else if (p->kind == PHRASE_BOX_WORDS) {
		say_known(l, APP_CLIP_BOX_WORDS);
	} else if (p->kind == PHRASE_BOX_SOUND) {
		say_known(l, APP_CLIP_BOX_SOUND);
		say_known(l, APP_CLIP_BOX_SOUND + 1);
	} else if (p->kind == PHRASE_OWN_GREETING) {
		say(l, p->arg);
	} else {
		if (p->kind == PHRASE_ENQUIRY_HIT) {
			const struct directory_person *person = directory_person(d, p->arg);

			s.department = person ? person->department : 0;
		}
		say_pattern(l, (enum phrase_kind)p->kind, &s);
	}
	say_silence(l, 250);
}

unsigned app_sounds_clips(struct app_org *o, const struct phrase *phrase, unsigned count,
			  uint32_t *clips, unsigned max)
{
	struct line l = {o, clips, 0, max};

	for (unsigned i = 0; i < count; i++)
		say_phrase(&l, &phrase[i]);
	return l.count;
}
