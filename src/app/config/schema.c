#include "app/config/schema.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "app/config/errors.h"
#include "app/config/scalar.h"
#include "base/text.h"

#define SCHEMA_FIELDS 64 /* of one table */

size_t walk_enter(struct walk *w, const char *fmt, ...)
{
	size_t mark = strlen(w->path);
	char part[64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(part, sizeof(part), fmt, ap);
	va_end(ap);
	text_append(w->path, sizeof(w->path), "%s%s", mark && part[0] != '[' ? "." : "", part);
	return mark;
}

void walk_leave(struct walk *w, size_t mark)
{
	memset(w->path + mark, 0, sizeof(w->path) - mark);
}

struct config_error *walk_error(struct walk *w, const struct item *it, const char *key)
{
	struct config_error *e =
	    errors_add(w->errs, w->doc->file, it ? it->line : 0, it ? it->column : 0, key);

	TEXT_COPY(e->at, w->path);
	if (it && it->kind == ITEM_TEXT)
		TEXT_COPY(e->found, it->text);
	return e;
}

static const struct item *at_path(struct walk *w, char *path, size_t cap, const char *fmt,
				  va_list ap)
{
	const struct item *it;

	vsnprintf(path, cap, fmt, ap);
	it = document_find(w->doc, path);
	while (!it && *path) { /* left out: its surroundings are the place */
		char *cut = strrchr(path, '.');

		if (!cut)
			break;
		*cut = '\0';
		it = document_find(w->doc, path);
	}
	return it ? it : w->doc->root;
}

static struct config_error *fill_at(struct config_error *e, const struct item *it, const char *fmt,
				    va_list ap)
{
	vsnprintf(e->at, sizeof(e->at), fmt, ap);
	if (it && it->kind == ITEM_TEXT)
		TEXT_COPY(e->found, it->text);
	return e;
}

struct config_error *walk_error_at(struct walk *w, const char *key, const char *fmt, ...)
{
	const struct item *it;
	struct config_error *e;
	char path[96];
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	it = at_path(w, path, sizeof(path), fmt, ap);
	e = errors_add(w->errs, w->doc->file, it ? it->line : 0, it ? it->column : 0, key);
	fill_at(e, it, fmt, again);
	va_end(again);
	va_end(ap);
	return e;
}

struct config_error *walk_warning_at(struct walk *w, const char *key, const char *fmt, ...)
{
	const struct item *it;
	struct config_error *e;
	char path[96];
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	it = at_path(w, path, sizeof(path), fmt, ap);
	e = errors_warn(w->errs, w->doc->file, it ? it->line : 0, it ? it->column : 0, key);
	fill_at(e, it, fmt, again);
	va_end(again);
	va_end(ap);
	return e;
}

static const struct schema_field *field_find(const struct schema_field *fields, const char *key)
{
	for (; fields->key; fields++)
		if (text_eq(fields->key, key))
			return fields;
	return NULL;
}

unsigned schema_known_keys(const struct schema_field *fields, const struct item *map)
{
	unsigned n = 0;

	if (map && map->kind == ITEM_MAP)
		for (const struct item *it = map->first; it; it = it->next)
			n += field_find(fields, it->key->text) != NULL;
	return n;
}

static void unknown_key(struct walk *w, const struct schema_field *fields, const struct item *it)
{
	const char *words[SCHEMA_FIELDS];
	const char *near;
	char plain[64];
	size_t n = 0;
	struct config_error *e =
	    errors_add(w->errs, w->doc->file, it->key->line, it->key->column, "config.unknown_key");

	for (; fields->key && n < SCHEMA_FIELDS; fields++)
		words[n++] = fields->key;
	errors_half_width(it->key->text, plain, sizeof(plain));
	near = errors_nearest(plain, words, n);
	TEXT_COPY(e->at, w->path);
	TEXT_COPY(e->found, it->key->text);
	if (near) {
		TEXT_COPY(e->suggestion, near);
		return;
	}
	TEXT_COPY(e->expect, "config.expect.one_of");
	for (size_t i = 0; i < n; i++)
		text_append(e->a, sizeof(e->a), "%s%s", i ? ", " : "", words[i]);
}

static void wrong_kind(struct walk *w, const struct item *it, const char *expect)
{
	struct config_error *e = walk_error(w, it, "config.wrong_kind");

	TEXT_COPY(e->expect, expect);
	if (it->kind != ITEM_TEXT)
		TEXT_COPY(e->key, it->kind == ITEM_MAP ? "config.wrong_kind_map"
						       : "config.wrong_kind_list");
	else if (it->text[0] == '\0')
		TEXT_COPY(e->key, "config.empty");
	else if (strstr(it->text, "\xEF\xBC\x9A")) /* the full-width colon of an input method */
		TEXT_COPY(e->key, "config.wide_colon");
}

static void count_set(const struct schema_field *f, void *base, unsigned n)
{
	if (f->count_byte)
		*((uint8_t *)base + f->count_offset) = (uint8_t)n;
	else
		memcpy((char *)base + f->count_offset, &n, sizeof(n));
}

static void count_check(struct walk *w, const struct schema_field *f, const struct item *it,
			unsigned n)
{
	struct config_error *e;

	if (n <= f->max && n >= f->min)
		return;
	e = walk_error(w, it, n > f->max ? "config.too_many" : "config.too_few");
	snprintf(e->found, sizeof(e->found), "%u", n);
	snprintf(e->a, sizeof(e->a), "%lld", (long long)(n > f->max ? f->max : f->min));
}

static void read_list(struct walk *w, const struct schema_field *f, const struct item *it,
		      void *base)
{
	struct schema_field entry = {.key = f->key,
				     .type = f->of,
				     .size = f->size,
				     .words = f->words,
				     .flags = f->flags & SCHEMA_CONCRETE};
	uint32_t bits = 0;
	unsigned n = 0;

	if (it->kind != ITEM_LIST) {
		wrong_kind(w, it, "config.expect.list");
		return;
	}
	if (f->type == SCHEMA_BITS)
		entry.type = SCHEMA_WORD, entry.size = sizeof(int);
	for (const struct item *x = it->first; x; x = x->next, n++) {
		size_t mark = walk_enter(w, "[%u]", n);
		int word = 0;

		if (f->type == SCHEMA_BITS) {
			if (schema_scalar(w, &entry, x, &word))
				bits |= 1u << word;
		} else if (n < (unsigned)f->max) {
			schema_scalar(w, &entry, x, (char *)base + f->offset + n * f->size);
		}
		walk_leave(w, mark);
	}
	count_check(w, f, it, n);
	if (f->type == SCHEMA_BITS)
		memcpy((char *)base + f->offset, &bits, sizeof(bits));
	else
		count_set(f, base, n < (unsigned)f->max ? n : (unsigned)f->max);
}

static void read_table(struct walk *w, const struct schema_field *f, const struct item *it,
		       void *base)
{
	unsigned n = 0;

	if (it->kind != ITEM_LIST) {
		wrong_kind(w, it, "config.expect.list");
		return;
	}
	for (const struct item *x = it->first; x && n < (unsigned)f->max; x = x->next, n++) {
		size_t mark = walk_enter(w, "[%u]", n);

		schema_read(w, f->fields, x, (char *)base + f->offset + n * f->size);
		walk_leave(w, mark);
	}
	count_set(f, base, n);
	for (const struct item *x = item_nth(it, n); x; x = x->next)
		n++;
	count_check(w, f, it, n);
}

/* A default is written as it would stand in the file: entries of a list with spaces between. */
static void read_fallback(struct walk *w, const struct schema_field *f, void *base)
{
	char text[128];
	struct item entries[CODEC_COUNT + 8];
	struct item list = {.kind = ITEM_LIST};
	struct item one = {.kind = ITEM_TEXT, .text = text};
	size_t n = 0;

	TEXT_COPY(text, f->fallback);
	if (f->type == SCHEMA_OWN) {
		f->own(w, &one, base);
		return;
	}
	if (f->type != SCHEMA_LIST && f->type != SCHEMA_BITS) {
		schema_scalar(w, f, &one, (char *)base + f->offset);
		return;
	}
	for (char *save = NULL, *p = strtok_r(text, " ", &save);
	     p && n < sizeof(entries) / sizeof(*entries); p = strtok_r(NULL, " ", &save), n++) {
		entries[n] = (struct item){.kind = ITEM_TEXT, .text = p};
		if (n)
			entries[n - 1].next = &entries[n];
	}
	list.first = n ? entries : NULL;
	read_list(w, f, &list, base);
}

static void read_field(struct walk *w, const struct schema_field *f, const struct item *it,
		       void *base)
{
	void *to = (char *)base + f->offset;

	switch (f->type) {
	case SCHEMA_LIST:
	case SCHEMA_BITS:
		read_list(w, f, it, base);
		return;
	case SCHEMA_TABLE:
		read_table(w, f, it, base);
		return;
	case SCHEMA_SECTION:
		schema_read(w, f->fields, it, to);
		return;
	case SCHEMA_OWN:
		f->own(w, it, base);
		return;
	case SCHEMA_TEXT:
	case SCHEMA_SECRET:
	case SCHEMA_ID:
	case SCHEMA_DIGITS:
	case SCHEMA_DIAL:
	case SCHEMA_NUMBER:
	case SCHEMA_READING:
	case SCHEMA_ADDRESS:
	case SCHEMA_HOST:
	case SCHEMA_PATH:
	case SCHEMA_SECRET_FILE:
	case SCHEMA_INTEGER:
	case SCHEMA_MS:
	case SCHEMA_SECONDS:
	case SCHEMA_MINUTES:
	case SCHEMA_BOOL:
	case SCHEMA_WORD:
		schema_scalar(w, f, it, to);
		return;
	case SCHEMA_TYPE_COUNT:
		return;
	}
}

static void read_missing(struct walk *w, const struct schema_field *f, const struct item *map,
			 void *base)
{
	struct config_error *e;

	if (f->flags & SCHEMA_REQUIRED) {
		if (w->doc->partial)
			return;
		e = walk_error(w, map, "config.missing");
		TEXT_COPY(e->found, f->key);
		return;
	}
	if (f->fallback) {
		read_fallback(w, f, base);
	} else if (f->type == SCHEMA_SECTION) {
		size_t mark = walk_enter(w, "%s", f->key);

		schema_read(w, f->fields, NULL, (char *)base + f->offset);
		walk_leave(w, mark);
	}
}

void schema_read(struct walk *w, const struct schema_field *fields, const struct item *map,
		 void *base)
{
	if (map && map->kind != ITEM_MAP) {
		wrong_kind(w, map, "config.expect.map");
		return;
	}
	if (map)
		for (const struct item *it = map->first; it; it = it->next)
			if (!field_find(fields, it->key->text))
				unknown_key(w, fields, it);
	for (const struct schema_field *f = fields; f->key; f++) {
		const struct item *it = item_get(map, f->key);
		size_t mark;

		if (!it) {
			read_missing(w, f, map, base);
			continue;
		}
		mark = walk_enter(w, "%s", f->key);
		read_field(w, f, it, base);
		walk_leave(w, mark);
	}
}

bool schema_scalar(struct walk *w, const struct schema_field *f, const struct item *it, void *to)
{
	if (it->kind != ITEM_TEXT || (it->text[0] == '\0' && !it->quoted && it->line)) {
		wrong_kind(w, it, scalar_expect(f->type));
		return false;
	}
	return scalar_read(w, f, it, to);
}
