#include "base/catalogue.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

struct catalogue {
	json_t *texts[LANG_COUNT];
};

/* A placeholder inside a text: [start, start + len) without the braces. */
struct slot {
	const char *start;
	size_t len;
};

static const char *const lang_names[LANG_COUNT] = {"zh-CN", "zh-TW", "en"};

const char *lang_name(enum lang lang)
{
	return lang_names[lang];
}

bool lang_parse(const char *name, enum lang *lang)
{
	static const struct {
		const char *prefix;
		enum lang lang;
	} known[] = {
	    {"zh-tw", LANG_ZH_TW},   {"zh-hk", LANG_ZH_TW}, {"zh-mo", LANG_ZH_TW},
	    {"zh-hant", LANG_ZH_TW}, {"zh", LANG_ZH_CN},    {"en", LANG_EN},
	};
	char plain[16];
	size_t n = 0;

	for (; name && name[n] && n < sizeof(plain) - 1; n++)
		plain[n] = name[n] == '_' ? '-' : name[n];
	plain[n] = '\0';
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t len = strlen(known[i].prefix);

		if (strncasecmp(plain, known[i].prefix, len) == 0 &&
		    !strchr("abcdefghijklmnopqrstuvwxyz", plain[len] | 0x20)) {
			*lang = known[i].lang;
			return true;
		}
	}
	return false;
}

/* The next {name} at or after text; start is NULL when there is none. */
static struct slot slot_next(const char *text)
{
	for (const char *open = strchr(text, '{'); open; open = strchr(open + 1, '{')) {
		size_t len = strspn(open + 1, "abcdefghijklmnopqrstuvwxyz_0123456789");

		if (len > 0 && open[1 + len] == '}')
			return (struct slot){open + 1, len};
	}
	return (struct slot){NULL, 0};
}

static size_t slots_of(const char *text, struct slot *slots, size_t max)
{
	size_t n = 0;

	for (struct slot s = slot_next(text); s.start; s = slot_next(s.start + s.len))
		if (n++ < max)
			slots[n - 1] = s;
	return n;
}

static bool slots_include(const struct slot *slots, size_t n, struct slot wanted)
{
	for (size_t i = 0; i < n; i++)
		if (slots[i].len == wanted.len &&
		    memcmp(slots[i].start, wanted.start, wanted.len) == 0)
			return true;
	return false;
}

static bool slots_equal(const char *a, const char *b)
{
	struct slot sa[CATALOGUE_SLOTS], sb[CATALOGUE_SLOTS];
	size_t na = slots_of(a, sa, CATALOGUE_SLOTS), nb = slots_of(b, sb, CATALOGUE_SLOTS);

	if (na > CATALOGUE_SLOTS || nb > CATALOGUE_SLOTS)
		return false;
	for (size_t i = 0; i < na; i++)
		if (!slots_include(sb, nb, sa[i]))
			return false;
	for (size_t i = 0; i < nb; i++)
		if (!slots_include(sa, na, sb[i]))
			return false;
	return true;
}

static int texts_load(const char *dir, enum lang lang, json_t **texts, char *why)
{
	char path[1024];
	json_error_t e;
	json_t *j;

	if (snprintf(path, sizeof(path), "%s/%s.json", dir, lang_name(lang)) >= (int)sizeof(path))
		return ENAMETOOLONG;
	errno = 0;
	j = json_load_file(path, JSON_REJECT_DUPLICATES, &e);
	if (!j) {
		int err =
		    json_error_code(&e) == json_error_cannot_open_file && errno ? errno : EINVAL;

		snprintf(why, CATALOGUE_WHY, "%.300s: line %d: %.150s", path, e.line, e.text);
		return err;
	}
	if (!json_is_object(j) || json_object_size(j) > CATALOGUE_KEYS) {
		snprintf(why, CATALOGUE_WHY, "%.300s: expected one object of at most %d keys", path,
			 CATALOGUE_KEYS);
		json_decref(j);
		return EINVAL;
	}
	*texts = j;
	return 0;
}

/* Every text of language a is well and has its fellow in b. */
static int texts_check(const struct catalogue *c, enum lang a, enum lang b, char *why)
{
	const char *key;
	json_t *v;

	json_object_foreach(c->texts[a], key, v)
	{
		const char *text = json_string_value(v);
		const char *other = json_string_value(json_object_get(c->texts[b], key));

		if (!text || strlen(text) >= CATALOGUE_TEXT) {
			snprintf(why, CATALOGUE_WHY,
				 "%s.json: \"%s\": expected a text under %d bytes", lang_name(a),
				 key, CATALOGUE_TEXT);
			return EINVAL;
		}
		if (!json_object_get(c->texts[b], key)) {
			snprintf(why, CATALOGUE_WHY, "%s.json: \"%s\" is missing (%s.json has it)",
				 lang_name(b), key, lang_name(a));
			return EINVAL;
		}
		if (other && !slots_equal(text, other)) {
			snprintf(why, CATALOGUE_WHY,
				 "\"%s\": placeholders of %s.json and %s.json "
				 "differ, or are more than %d",
				 key, lang_name(a), lang_name(b), CATALOGUE_SLOTS);
			return EINVAL;
		}
	}
	return 0;
}

int catalogue_open(struct catalogue **cp, const char *dir, char *why)
{
	char unwanted[CATALOGUE_WHY];
	struct catalogue *c = calloc(1, sizeof(*c));
	int err = 0;

	if (!c)
		return ENOMEM;
	if (!why)
		why = unwanted;
	for (int l = 0; l < LANG_COUNT; l++) {
		err = texts_load(dir, (enum lang)l, &c->texts[l], why);
		if (err)
			goto out;
	}
	for (int l = 0; l < LANG_COUNT; l++) {
		err = texts_check(c, (enum lang)l, (enum lang)((l + 1) % LANG_COUNT), why);
		if (err)
			goto out;
	}
	*cp = c;
	c = NULL;
out:
	catalogue_close(c);
	return err;
}

void catalogue_close(struct catalogue *c)
{
	if (!c)
		return;
	for (int l = 0; l < LANG_COUNT; l++)
		json_decref(c->texts[l]);
	free(c);
}

bool catalogue_has(const struct catalogue *c, const char *key)
{
	return json_object_get(c->texts[LANG_ZH_CN], key) != NULL;
}

const char *catalogue_text(const struct catalogue *c, enum lang lang, const char *key)
{
	const char *text = json_string_value(json_object_get(c->texts[lang], key));

	return text ? text : key;
}

static const char *pair_value(const char *const *pairs, size_t pair_count, struct slot s)
{
	for (size_t i = 0; i < pair_count; i++)
		if (strlen(pairs[2 * i]) == s.len && memcmp(pairs[2 * i], s.start, s.len) == 0)
			return pairs[2 * i + 1];
	return NULL;
}

int catalogue_fill(const char *text, char *out, size_t cap, const char *const *pairs,
		   size_t pair_count)
{
	int err = 0;

	text_copy(out, cap, "");
	for (;;) {
		struct slot s = slot_next(text);
		const char *value = s.start ? pair_value(pairs, pair_count, s) : NULL;
		const char *end = s.start ? s.start + s.len + 1 : text + strlen(text);

		/* A slot without a value stays, braces and all. */
		err = text_append(out, cap, "%.*s%s", (int)((value ? s.start - 1 : end) - text),
				  text, value ? value : "");
		if (err || !s.start)
			return err;
		text = end;
	}
}

int catalogue_format(const struct catalogue *c, enum lang lang, const char *key, char *out,
		     size_t cap, ...)
{
	const char *pairs[2 * CATALOGUE_SLOTS], *name;
	size_t n = 0;
	va_list ap;
	int err;

	va_start(ap, cap);
	while (n < CATALOGUE_SLOTS && (name = va_arg(ap, const char *))) {
		const char *value = va_arg(ap, const char *);

		pairs[2 * n] = name;
		pairs[2 * n++ + 1] = value ? value : "";
	}
	va_end(ap);
	err = catalogue_fill(catalogue_text(c, lang, key), out, cap, pairs, n);
	return catalogue_has(c, key) ? err : ENOENT;
}

int catalogue_each(const struct catalogue *c, const char *prefix, catalogue_each_h *fn, void *arg)
{
	const char *key;
	json_t *v;
	int err = 0;

	json_object_foreach(c->texts[LANG_ZH_CN], key, v)
	{
		if (text_starts(key, prefix))
			err = fn(key, arg);
		if (err)
			break;
	}
	return err;
}
