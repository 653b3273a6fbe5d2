#include "app/config/document.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

#include "app/config/errors.h"
#include "base/text.h"

struct builder {
	struct document *d;
	struct config_errors *errs;
	struct item *open[CONFIG_DEPTH_MAX]; /* collections not yet closed, outermost first */
	struct item *key[CONFIG_DEPTH_MAX];  /* of open[i]: a key that waits for its value */
	unsigned depth;
	unsigned skip; /* nesting inside a collection that was refused */
	bool unclosed; /* a quote ran on: what libyaml stumbles over later comes of it */
};

static struct config_error *fault(struct builder *b, const yaml_mark_t *m, const char *key)
{
	return errors_add(b->errs, b->d->file, (unsigned)m->line + 1, (unsigned)m->column + 1, key);
}

static struct item *item_new(struct builder *b, enum item_kind kind, const yaml_mark_t *m)
{
	struct item *it = b->d->items < CONFIG_NODES_MAX ? calloc(1, sizeof(*it)) : NULL;

	if (!it)
		return NULL;
	it->kind = kind;
	it->line = (unsigned)m->line + 1;
	it->column = (unsigned)m->column + 1;
	it->all = b->d->all;
	b->d->all = it;
	b->d->items++;
	return it;
}

/* Puts a finished value into the collection that is open. A key that has been there already is told
 * and its value left out of the map, so that the first one counts. */
static void attach(struct builder *b, struct item *it)
{
	struct item *parent;

	if (b->depth == 0) {
		if (!b->d->root)
			b->d->root = it;
		return;
	}
	parent = b->open[b->depth - 1];
	if (parent->kind == ITEM_MAP) {
		it->key = b->key[b->depth - 1];
		b->key[b->depth - 1] = NULL;
		if (it->key->kind != ITEM_TEXT)
			return; /* told when it came */
		if (item_get(parent, it->key->text)) {
			struct config_error *e =
			    errors_add(b->errs, b->d->file, it->key->line, it->key->column,
				       "config.duplicate_key");

			TEXT_COPY(e->found, it->key->text);
			snprintf(e->a, sizeof(e->a), "%u",
				 item_get(parent, it->key->text)->key->line);
			return;
		}
	}
	if (parent->last)
		parent->last->next = it;
	else
		parent->first = it;
	parent->last = it;
}

static bool wants_key(const struct builder *b)
{
	return b->depth > 0 && b->open[b->depth - 1]->kind == ITEM_MAP && !b->key[b->depth - 1];
}

/* No value of ours has two lines: the quote wasn't closed and has swallowed what follows. */
static bool ran_on(struct builder *b, const yaml_event_t *ev)
{
	const char *text = (const char *)ev->data.scalar.value;
	struct config_error *e;

	if (ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ||
	    ev->start_mark.line == ev->end_mark.line)
		return false;
	e = fault(b, &ev->start_mark, "config.syntax.unclosed");
	text_copy_n(e->found, sizeof(e->found), text, strcspn(text, "\n"));
	b->unclosed = b->d->partial = true;
	return true;
}

static void value_dropped(struct builder *b, const yaml_mark_t *m)
{
	if (wants_key(b))
		b->key[b->depth - 1] = item_new(b, ITEM_MAP, m);
	else if (b->depth && b->open[b->depth - 1]->kind == ITEM_MAP)
		b->key[b->depth - 1] = NULL;
}

static int scalar(struct builder *b, const yaml_event_t *ev)
{
	struct item *it;

	if (ran_on(b, ev)) {
		value_dropped(b, &ev->start_mark);
		return 0;
	}
	it = item_new(b, ITEM_TEXT, &ev->start_mark);

	if (!it)
		return ENOMEM;
	it->text = strndup((const char *)ev->data.scalar.value, ev->data.scalar.length);
	if (!it->text)
		return ENOMEM;
	it->quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	if (wants_key(b))
		b->key[b->depth - 1] = it;
	else
		attach(b, it);
	return 0;
}

static int collection(struct builder *b, const yaml_event_t *ev, enum item_kind kind)
{
	struct item *it;

	if (b->skip || b->depth == CONFIG_DEPTH_MAX) {
		if (b->skip++ == 0) {
			struct config_error *e = fault(b, &ev->start_mark, "config.too_deep");

			snprintf(e->a, sizeof(e->a), "%d", CONFIG_DEPTH_MAX);
			if (wants_key(b))
				b->key[b->depth - 1] = item_new(b, ITEM_MAP, &ev->start_mark);
			else if (b->open[b->depth - 1]->kind == ITEM_MAP)
				b->key[b->depth - 1] = NULL;
		}
		return 0;
	}
	it = item_new(b, kind, &ev->start_mark);
	if (!it)
		return ENOMEM;
	if (wants_key(b)) { /* "[a, b]: c" or "{a: b}: c" */
		fault(b, &ev->start_mark, "config.key_not_text");
		b->key[b->depth - 1] = it;
	} else {
		attach(b, it);
	}
	b->open[b->depth] = it;
	b->key[b->depth] = NULL;
	b->depth++;
	return 0;
}

static void alias(struct builder *b, const yaml_event_t *ev)
{
	struct config_error *e = fault(b, &ev->start_mark, "config.alias");

	snprintf(e->found, sizeof(e->found), "*%s", (const char *)ev->data.alias.anchor);
	b->d->partial = true;
	value_dropped(b, &ev->start_mark);
}

static int event(struct builder *b, const yaml_event_t *ev)
{
	if (b->skip && ev->type != YAML_MAPPING_START_EVENT &&
	    ev->type != YAML_SEQUENCE_START_EVENT && ev->type != YAML_MAPPING_END_EVENT &&
	    ev->type != YAML_SEQUENCE_END_EVENT)
		return 0;
	switch (ev->type) {
	case YAML_SCALAR_EVENT:
		return scalar(b, ev);
	case YAML_MAPPING_START_EVENT:
		return collection(b, ev, ITEM_MAP);
	case YAML_SEQUENCE_START_EVENT:
		return collection(b, ev, ITEM_LIST);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		if (b->skip)
			b->skip--;
		else
			b->depth--;
		return 0;
	case YAML_ALIAS_EVENT:
		alias(b, ev);
		return 0;
	case YAML_DOCUMENT_START_EVENT:
		if (b->d->root)
			fault(b, &ev->start_mark, "config.second_document");
		return 0;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return 0;
	}
	return 0;
}

/* The n-th line without its indentation; true when that has a tab in it. */
static bool line_find(const char *text, size_t len, size_t n, char *out, size_t cap)
{
	const char *end = text + len, *nl;
	bool tab = false;

	for (; n && text < end; n--) {
		nl = memchr(text, '\n', (size_t)(end - text));
		text = nl ? nl + 1 : end;
	}
	for (; text < end && (*text == ' ' || *text == '\t'); text++)
		tab |= *text == '\t';
	nl = memchr(text, '\n', (size_t)(end - text));
	n = (size_t)((nl ? nl : end) - text);
	text_copy_n(out, cap, text, n && text[n - 1] == '\r' ? n - 1 : n);
	return tab;
}

/* What people do wrong most often has a text of its own; the rest is told in libyaml's words. */
static void syntax(struct builder *b, const yaml_parser_t *p, const char *text, size_t len)
{
	static const struct {
		const char *problem, *key;
	} known[] = {
	    {"found character that cannot start any token", "config.syntax.character"},
	    {"found a tab character", "config.syntax.tab"},
	    {"mapping values are not allowed in this context", "config.syntax.colon"},
	    {"could not find expected ':'", "config.syntax.no_colon"},
	    {"did not find expected key", "config.syntax.indentation"},
	    {"did not find expected '-' indicator", "config.syntax.indentation"},
	    {"found unexpected end of stream", "config.syntax.unclosed"},
	    {"did not find expected ',' or '}'", "config.syntax.brackets"},
	    {"did not find expected ',' or ']'", "config.syntax.brackets"},
	};
	const char *problem = p->problem ? p->problem : "";
	const char *key = "config.syntax";
	yaml_mark_t at = p->problem_mark;
	struct config_error *e;

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (text_starts(problem, known[i].problem))
			key = known[i].key;
	if (p->context &&
	    (text_eq(key, "config.syntax.unclosed") || text_eq(key, "config.syntax.no_colon")))
		at = p->context_mark; /* where the quote or name began, not the end of the file */
	e = fault(b, &at, key);
	if (line_find(text, len, at.line, e->found, sizeof(e->found)))
		TEXT_COPY(e->key, "config.syntax.tab");
	TEXT_COPY(e->a, problem);
}

static int utf8_check(struct document *d, const char *text, size_t len, struct config_errors *errs)
{
	unsigned line = 1;

	for (const char *p = text, *end = text + len; p < end; line++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = nl ? (size_t)(nl - p) : (size_t)(end - p);

		if (!text_utf8_valid(p, n)) {
			errors_add(errs, d->file, line, 1, "config.not_utf8");
			return EINVAL;
		}
		p += n + 1;
	}
	return 0;
}

/* "log：info": an input method's colon makes no setting of a line, and libyaml would stop there or
 * later. Each such line is told and read on with a proper one. */
static void wide_colons(struct document *d, char *text, size_t len, struct config_errors *errs)
{
	static const char wide[] = "\xEF\xBC\x9A", name[] = "abcdefghijklmnopqrstuvwxyz_";
	unsigned line = 1;

	for (char *p = text, *end = text + len; p < end; line++) {
		char *nl = memchr(p, '\n', (size_t)(end - p));
		char *start = p + strspn(p, " -"), *colon = start + strspn(start, name);

		if (colon > start && strncmp(colon, wide, 3) == 0) {
			struct config_error *e = errors_add(
			    errs, d->file, line, (unsigned)(colon - p) + 1, "config.wide_colon");

			text_copy_n(e->found, sizeof(e->found), start,
				    (size_t)((nl ? nl : end) - start));
			memcpy(colon, ":  ", 3);
		}
		p = nl ? nl + 1 : end;
	}
}

static void document_start(struct document *d, const char *file)
{
	const char *slash = strrchr(file, '/');

	memset(d, 0, sizeof(*d));
	d->file = file;
	if (slash)
		text_copy_n(d->dir, sizeof(d->dir), file, (size_t)(slash - file) + 1);
}

int document_parse(struct document *d, const char *file, const char *text, size_t len,
		   struct config_errors *errs)
{
	struct builder b = {.d = d, .errs = errs};
	size_t before = errs->errors;
	yaml_parser_t parser;
	bool more = true;
	char *copy;
	int err;

	document_start(d, file);
	err = utf8_check(d, text, len, errs);
	if (err)
		return err;
	copy = strndup(text, len);
	if (!copy || !yaml_parser_initialize(&parser)) {
		free(copy);
		return ENOMEM;
	}
	wide_colons(d, copy, len, errs);
	yaml_parser_set_input_string(&parser, (const unsigned char *)copy, len);
	while (more && !err) {
		yaml_event_t ev;

		if (!yaml_parser_parse(&parser, &ev)) {
			d->partial = true;
			if (!b.unclosed)
				syntax(&b, &parser, copy, len);
			break;
		}
		err = event(&b, &ev);
		more = ev.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&ev);
	}
	if (err && d->items >= CONFIG_NODES_MAX) {
		struct config_error *e = errors_add(errs, file, 0, 0, "config.too_many_values");

		snprintf(e->a, sizeof(e->a), "%d", CONFIG_NODES_MAX);
		err = EINVAL;
	}
	yaml_parser_delete(&parser);
	free(copy);
	return err ? err : errs->errors > before ? EINVAL : 0;
}

void document_free(struct document *d)
{
	while (d->all) {
		struct item *it = d->all;

		d->all = it->all;
		free(it->text);
		free(it);
	}
	d->root = NULL;
}

int document_read(const char *file, char **text, size_t *len, struct config_errors *errs)
{
	char *buf = NULL;
	size_t n = 0;
	int err = 0;
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || (S_ISDIR(st.st_mode) && (errno = EISDIR))) {
		err = errno;
		goto out;
	}
	buf = malloc(CONFIG_FILE_MAX_BYTES + 1);
	if (!buf) {
		err = ENOMEM;
		goto out;
	}
	while (n <= CONFIG_FILE_MAX_BYTES) {
		ssize_t got = read(fd, buf + n, CONFIG_FILE_MAX_BYTES + 1 - n);

		if (got < 0)
			err = errno;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	if (n > CONFIG_FILE_MAX_BYTES)
		err = EFBIG;
out:
	if (fd >= 0)
		close(fd);
	if (err) {
		struct config_error *e = errors_add(
		    errs, file, 0, 0, err == EFBIG ? "config.too_large" : "config.unreadable");

		if (err == EFBIG)
			snprintf(e->a, sizeof(e->a), "%u", CONFIG_FILE_MAX_BYTES / 1024);
		else
			TEXT_COPY(e->a, strerror(err));
		free(buf);
		return err;
	}
	*text = buf;
	*len = n;
	return 0;
}

struct item *item_get(const struct item *map, const char *key)
{
	if (!map || map->kind != ITEM_MAP)
		return NULL;
	for (struct item *it = map->first; it; it = it->next)
		if (text_eq(it->key->text, key))
			return it;
	return NULL;
}

struct item *item_nth(const struct item *list, unsigned n)
{
	struct item *it = list && list->kind == ITEM_LIST ? list->first : NULL;

	while (it && n--)
		it = it->next;
	return it;
}

struct item *document_find(const struct document *d, const char *path)
{
	struct item *it = d->root;

	while (it && *path) {
		if (*path == '[') {
			it = item_nth(it, (unsigned)strtoul(path + 1, NULL, 10));
			path += strcspn(path, "]");
			path += *path == ']';
		} else {
			char key[64];
			size_t n;

			path += *path == '.';
			n = strcspn(path, ".[");
			text_copy_n(key, sizeof(key), path, n);
			it = item_get(it, key);
			path += n;
		}
	}
	return it;
}
