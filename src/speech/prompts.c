#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/unum.h>
#include <unicode/ustring.h>

#include "base/text.h"
#include "speech/pinyin.h"
#include "speech/priv.h"

enum {
	PAUSE_MS = 250, /* of punctuation between two slots */
	DIGITS = 10,
	NUMBERS = 60,
	KEY = 128,
};

static const char prefix[] = "prompt.";

struct readings {
	json_t *all;
};

int readings_open(struct readings **rp, const char *lang_dir, char *why, size_t why_cap)
{
	struct readings *r = calloc(1, sizeof(*r));
	char path[1024];
	json_error_t e;

	if (!r)
		return ENOMEM;
	snprintf(path, sizeof(path), "%s/readings.json", lang_dir);
	r->all = json_load_file(path, JSON_REJECT_DUPLICATES, &e);
	if (!r->all) {
		snprintf(why, why_cap, "%.100s: line %d: %.100s", path, e.line, e.text);
		free(r);
		return EINVAL;
	}
	*rp = r;
	return 0;
}

void readings_close(struct readings *r)
{
	if (!r)
		return;
	json_decref(r->all);
	free(r);
}

const char *readings_get(const struct readings *r, enum lang lang, const char *key)
{
	const char *reading = NULL;

	if (lang == LANG_EN)
		return "";
	reading = json_string_value(json_object_get(json_object_get(r->all, lang_name(lang)), key));
	/* what zh-TW says in the same words, it reads the same */
	if (!reading && lang == LANG_ZH_TW)
		return readings_get(r, LANG_ZH_CN, key);
	return reading ? reading : "";
}

static const struct {
	const char *slot;
	enum speech_part_kind kind;
} slots[] = {
    {"{name}", SPEECH_PART_NAME},	{"{department}", SPEECH_PART_DEPARTMENT},
    {"{digits}", SPEECH_PART_DIGITS},	{"{key}", SPEECH_PART_KEY},
    {"{hour}", SPEECH_PART_HOUR},	{"{minute}", SPEECH_PART_MINUTE},
    {"{hour_to}", SPEECH_PART_HOUR_TO}, {"{minute_to}", SPEECH_PART_MINUTE_TO},
    {"{month}", SPEECH_PART_MONTH},	{"{day}", SPEECH_PART_DAY},
};
enum { SLOTS = sizeof(slots) / sizeof(slots[0]) };

/* The first slot of a text: its place, and which. */
static const char *slot_find(const char *text, size_t *which)
{
	const char *first = NULL;

	for (size_t i = 0; i < SLOTS; i++) {
		const char *at = strstr(text, slots[i].slot);

		if (at && (!first || at < first)) {
			first = at;
			*which = i;
		}
	}
	return first;
}

/* Nothing that could be spoken: spaces and punctuation only. */
static bool is_mute(const char *s, size_t n)
{
	static const char *const marks[] = {" ",  ",",	".",  ";",  ":", "，",
					    "。", "；", "：", "、", NULL};

	while (n > 0) {
		size_t len = 0;

		for (const char *const *m = marks; *m && !len; m++)
			if (strlen(*m) <= n && memcmp(s, *m, strlen(*m)) == 0)
				len = strlen(*m);
		if (!len)
			return false;
		s += len;
		n -= len;
	}
	return true;
}

/* A fixed stretch of a pattern, [text, text + n): the k-th of its phrase. */
struct stretch {
	const char *phrase, *text;
	size_t n;
	unsigned k;
	bool whole;
};
typedef int(stretch_h)(const struct stretch *st, int slot, void *arg);

/* Calls fn for each stretch (slot -1) and each slot of a text, in order. */
static int pattern_walk(const char *phrase, const char *text, stretch_h *fn, void *arg)
{
	unsigned k = 0;
	int err = 0;
	size_t which = 0;
	bool whole = !slot_find(text, &which);

	while (*text && !err) {
		const char *slot = slot_find(text, &which);
		struct stretch st = {phrase, text, slot ? (size_t)(slot - text) : strlen(text), k,
				     whole};

		if (st.n) {
			if (!is_mute(text, st.n))
				st.k = ++k;
			err = fn(&st, -1, arg);
		}
		text += st.n;
		if (slot && !err) {
			err = fn(&st, (int)which, arg);
			text += strlen(slots[which].slot);
		}
	}
	return err;
}

/* "goodbye", or "enquiry.hit.1" when only a stretch of the phrase. */
static int stretch_name(const struct stretch *st, char *out)
{
	text_copy(out, SPEECH_NAME, "");
	return st->whole ? text_append(out, SPEECH_NAME, "%s", st->phrase)
			 : text_append(out, SPEECH_NAME, "%s.%u", st->phrase, st->k);
}

static int pattern_add(const struct stretch *st, int slot, void *arg)
{
	struct speech_pattern *p = arg;
	struct speech_part *part = &p->part[p->count];

	if (p->count == SPEECH_PARTS)
		return EOVERFLOW;
	p->count++;
	if (slot >= 0) {
		part->kind = slots[slot].kind;
		return 0;
	}
	if (is_mute(st->text, st->n)) {
		part->kind = SPEECH_PART_PAUSE;
		part->ms = PAUSE_MS;
		return 0;
	}
	part->kind = SPEECH_PART_SOUND;
	return stretch_name(st, part->name);
}

int speech_pattern(const struct speech *s, enum lang lang, const char *phrase,
		   struct speech_pattern *out)
{
	struct speech_pattern p = {0};
	char key[KEY];
	int err;

	if (snprintf(key, sizeof(key), "%s%s", prefix, phrase) >= (int)sizeof(key) ||
	    !catalogue_has(speech_catalogue(s), key))
		return ENOENT;
	err = pattern_walk(phrase, catalogue_text(speech_catalogue(s), lang, key), pattern_add, &p);
	if (!err)
		*out = p;
	return err;
}

int speech_number_text(enum lang lang, unsigned number, char *out, size_t cap)
{
	UErrorCode e = U_ZERO_ERROR;
	UNumberFormat *f;
	UChar u[64];
	char utf8[128];

	if (number >= NUMBERS)
		return EINVAL;
	f = unum_open(UNUM_SPELLOUT, NULL, 0, lang_name(lang), NULL, &e);
	if (U_FAILURE(e))
		return ENOSYS;
	unum_format(f, (int32_t)number, u, 64, NULL, &e);
	unum_close(f);
	u_strToUTF8(utf8, sizeof(utf8), NULL, u, -1, &e);
	return U_FAILURE(e) ? ENOSYS : text_copy(out, cap, utf8);
}

/* One round over all fixed sounds of a language. */
struct round {
	struct speech *s;
	enum lang lang;
	const char *pairs[2]; /* company */
	const char *readings[2];
	speech_prompt_h *fn;
	void *arg;
	enum speech_effort effort;
	int first_err;
	bool names_company; /* the phrase at hand does */
};

static void round_say(struct round *r, const char *name, const char *text, const char *reading)
{
	char recording[SPEECH_RECORDING] = "";
	struct speech_request rq = {r->lang, recording, text, reading, false};
	struct speech_sound sound = {0};
	int err;

	text_append(recording, sizeof(recording), r->names_company ? "%s@%s" : "%s", name,
		    r->pairs[1]);
	err = speech_render_with(r->s, &rq, r->effort, &sound);
	if (err == ENOENT)
		r->effort = SPEECH_WITHOUT_ENGINE; /* it won't come while we are at it */
	if (err && !r->first_err)
		r->first_err = err;
	r->fn(name, err, err ? NULL : &sound, r->arg);
	speech_sound_free(&sound);
}

/* The stretches of a text and of its reading go side by side: slots stand at the same places. */
struct side {
	struct round *round;
	const char *reading;
};

static int side_say(const struct stretch *st, int slot, void *arg)
{
	struct side *side = arg;
	char name[SPEECH_NAME], text[SPEECH_TEXT], reading[SPEECH_READING];
	size_t which = 0;
	const char *end = slot_find(side->reading, &which);
	size_t n = end ? (size_t)(end - side->reading) : strlen(side->reading);

	if (slot >= 0) {
		side->reading += n + (end ? strlen(slots[which].slot) : 0);
		return 0;
	}
	if (is_mute(st->text, st->n))
		return 0;
	if (stretch_name(st, name) || text_copy_n(text, sizeof(text), st->text, st->n) ||
	    text_copy_n(reading, sizeof(reading), side->reading, n))
		return EOVERFLOW;
	round_say(side->round, name, text, reading);
	return 0;
}

static int phrase_say(const char *key, void *arg)
{
	struct round *r = arg;
	struct side side = {r, NULL};
	char text[CATALOGUE_TEXT], reading[SPEECH_READING];
	int err;

	err = catalogue_fill(catalogue_text(speech_catalogue(r->s), r->lang, key), text,
			     sizeof(text), r->pairs, 1);
	if (!err)
		err = catalogue_fill(readings_get(speech_readings(r->s), r->lang, key), reading,
				     sizeof(reading), r->readings, 1);
	side.reading = reading;
	r->names_company =
	    strstr(catalogue_text(speech_catalogue(r->s), r->lang, key), "{company}");
	return err ? err : pattern_walk(key + strlen(prefix), text, side_say, &side);
}

static int numbers_say(struct round *r)
{
	char name[SPEECH_NAME], text[64];
	int err = 0;

	r->names_company = false;
	for (unsigned i = 0; i < DIGITS; i++) {
		snprintf(name, sizeof(name), "digit.%u", i);
		round_say(r, name, catalogue_text(speech_catalogue(r->s), r->lang, name),
			  readings_get(speech_readings(r->s), r->lang, name));
	}
	for (unsigned i = 0; i < NUMBERS && !err; i++) {
		snprintf(name, sizeof(name), "number.%u", i);
		err = speech_number_text(r->lang, i, text, sizeof(text));
		if (!err)
			round_say(r, name, text, "");
	}
	return err;
}

int speech_prompts(struct speech *s, enum lang lang, const struct speech_company *company,
		   speech_prompt_h *fn, void *arg)
{
	struct round r = {.s = s,
			  .lang = lang,
			  .pairs = {"company", company->name},
			  .readings = {"company", company->reading},
			  .fn = fn,
			  .arg = arg,
			  .effort = SPEECH_WITH_ENGINE};
	struct pinyin p;
	int err = 0;

	if (!company->reading || !*company->reading) {
		err = speech_pinyin(company->name, PINYIN_WORDS, &p);
		r.readings[1] = p.numbered;
	}
	if (!err)
		err = catalogue_each(speech_catalogue(s), prefix, phrase_say, &r);
	if (!err)
		err = numbers_say(&r);
	return err ? err : r.first_err;
}
