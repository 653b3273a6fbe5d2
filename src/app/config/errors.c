#include "app/config/errors.h"

#include <stdlib.h>
#include <string.h>

#include "base/catalogue.h"
#include "base/text.h"

static struct config_error *add(struct config_errors *errs, enum config_severity severity)
{
	static _Thread_local struct config_error spare;
	struct config_error *e = &spare;

	if (errs->count < CONFIG_ERRORS_MAX)
		e = &errs->list[errs->count++];
	else
		errs->dropped++;
	if (severity == CONFIG_ERROR)
		errs->errors++;
	memset(e, 0, sizeof(*e));
	e->severity = severity;
	return e;
}

static struct config_error *place(struct config_error *e, const char *file, unsigned line,
				  unsigned column, const char *key)
{
	TEXT_COPY(e->file, file);
	e->line = line;
	e->column = column;
	TEXT_COPY(e->key, key);
	return e;
}

struct config_error *errors_add(struct config_errors *errs, const char *file, unsigned line,
				unsigned column, const char *key)
{
	return place(add(errs, CONFIG_ERROR), file, line, column, key);
}

struct config_error *errors_warn(struct config_errors *errs, const char *file, unsigned line,
				 unsigned column, const char *key)
{
	return place(add(errs, CONFIG_WARNING), file, line, column, key);
}

const char *errors_nearest(const char *word, const char *const *words, size_t count)
{
	unsigned limit = (unsigned)(strlen(word) / 3 + 1), best;
	const char *near = NULL;

	if (limit > 4)
		limit = 4;
	best = limit + 1;
	for (size_t i = 0; i < count; i++) {
		unsigned d = text_distance(word, words[i], limit);

		/* two short words are always near: at least one letter must be right */
		if (d < best && d < strlen(words[i])) {
			best = d;
			near = words[i];
		}
	}
	return near;
}

/* Code points that stand for an ASCII character: the full-width block and some punctuation. */
static int ascii_of(uint32_t c)
{
	static const struct {
		uint32_t from;
		char to;
	} signs[] = {
	    {0x201C, '\0'}, {0x201D, '\0'}, /* Chinese quotation marks vanish */
	    {0x2018, '\0'}, {0x2019, '\0'}, {0x300C, '\0'}, {0x300D, '\0'},
	    {0x3000, ' '},  {0x2013, '-'},  {0x2014, '-'},  {0x2212, '-'},
	    {0x3001, ','},  {0x3002, '.'},  {0x3010, '['},  {0x3011, ']'},
	};

	if (c >= 0xFF01 && c <= 0xFF5E)
		return (int)(c - 0xFF01 + '!');
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
		if (signs[i].from == c)
			return signs[i].to;
	return -1;
}

bool errors_half_width(const char *s, char *out, size_t cap)
{
	const unsigned char *p = (const unsigned char *)s;
	bool changed = false;
	size_t n = 0;

	while (*p && n + 4 < cap) {
		int c = -1;

		if (p[0] >= 0xE0 && p[0] < 0xF0 && p[1] && p[2])
			c = ascii_of((uint32_t)(p[0] & 15) << 12 | (uint32_t)(p[1] & 63) << 6 |
				     (p[2] & 63));
		if (c < 0) {
			out[n++] = (char)*p++;
			continue;
		}
		if (c)
			out[n++] = (char)c;
		p += 3;
		changed = true;
	}
	out[n] = '\0';
	return changed;
}

static void fill(const struct config_error *e, const struct catalogue *c, enum lang lang,
		 const char *key, char *out, size_t cap)
{
	if (c)
		catalogue_format(c, lang, key, out, cap, "at", e->at, "found", e->found, "a", e->a,
				 "b", e->b, NULL);
	else
		text_copy(out, cap, key);
}

/* "name: text {found}": without a catalogue the keys and values alone, which is still exact. */
void config_error_text(const struct config_error *e, const struct catalogue *c, const char *lang,
		       char *out, size_t cap)
{
	enum lang l = LANG_EN;
	char text[CATALOGUE_TEXT] = "";

	lang_parse(lang ? lang : "en", &l);
	memset(out, 0, cap);
	text_copy(out, cap, e->file);
	if (e->line)
		text_append(out, cap, ":%u:%u", e->line, e->column);
	text_append(out, cap, ": ");
	if (e->severity == CONFIG_WARNING) {
		fill(e, c, l, "config.warning", text, sizeof(text));
		text_append(out, cap, "%s", text);
	}
	if (e->at[0])
		text_append(out, cap, "%s: ", e->at);
	fill(e, c, l, e->key, text, sizeof(text));
	text_append(out, cap, "%s", text);
	if (!c && e->found[0])
		text_append(out, cap, " (%s)", e->found);
	if (e->expect[0]) {
		char expect[CATALOGUE_TEXT];

		fill(e, c, l, e->expect, expect, sizeof(expect));
		if (c)
			catalogue_format(c, l, "config.expected", text, sizeof(text), "expect",
					 expect, NULL);
		else
			text_copy(text, sizeof(text), expect);
		text_append(out, cap, c ? "%s" : "; %s", text);
		if (!c)
			text_append(out, cap, " %s %s", e->a, e->b);
	}
	if (e->suggestion[0] && c) {
		catalogue_format(c, l, "config.suggestion", text, sizeof(text), "suggestion",
				 e->suggestion, NULL);
		text_append(out, cap, "%s", text);
	} else if (e->suggestion[0]) {
		text_append(out, cap, "; -> %s", e->suggestion);
	}
}

static int by_place(const void *a, const void *b)
{
	const struct config_error *x = a, *y = b;
	int d = strcmp(x->file, y->file);

	if (d)
		return d;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return strcmp(x->at, y->at);
}

void config_errors_print(struct config_errors *errs, const struct catalogue *c, const char *lang,
			 FILE *to)
{
	char line[2048];

	qsort(errs->list, errs->count, sizeof(*errs->list), by_place);
	for (size_t i = 0; i < errs->count; i++) {
		config_error_text(&errs->list[i], c, lang, line, sizeof(line));
		fprintf(to, "%s\n", line);
	}
	if (errs->dropped) {
		enum lang l = LANG_EN;
		char n[24];

		lang_parse(lang ? lang : "en", &l);
		snprintf(n, sizeof(n), "%zu", errs->dropped);
		if (c)
			catalogue_format(c, l, "config.more", line, sizeof(line), "a", n, NULL);
		else
			snprintf(line, sizeof(line), "config.more %s", n);
		fprintf(to, "%s\n", line);
	}
}
