#include "app/config/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 32

struct reader {
	char *p, *end;
	unsigned line;
};

/* Takes a quoted text's characters to *to, up to and with its closing quote. */
static char *quoted(struct reader *r, char *to)
{
	for (r->p++; r->p < r->end; r->p++) {
		if (*r->p == '"' && (r->p + 1 == r->end || r->p[1] != '"')) {
			r->p++;
			break;
		}
		r->p += *r->p == '"'; /* two quotes stand for one */
		r->line += *r->p == '\n';
		*to++ = *r->p;
	}
	return to;
}

/* One field, unquoted in place; *last tells the end of its row (RFC 4180). */
static char *field(struct reader *r, int *last)
{
	char *begin = r->p, *to = r->p;

	if (r->p < r->end && *r->p == '"')
		to = quoted(r, to);
	while (r->p < r->end && *r->p != ',' && *r->p != '\n')
		*to++ = *r->p++;
	*last = r->p >= r->end || *r->p == '\n';
	if (r->p < r->end)
		r->line += *r->p++ == '\n';
	if (*last && to > begin && to[-1] == '\r')
		to--;
	*to = '\0'; /* never behind the text: it has a byte to spare */
	return begin;
}

static unsigned row(struct reader *r, char **fields, unsigned max)
{
	unsigned n = 0;
	int last = 0;

	while (!last) {
		char *f = field(r, &last);

		if (n < max)
			fields[n++] = f;
	}
	return n;
}

int table_parse(struct table *t, char *text, size_t len)
{
	struct reader r = {text, text + len, 1};
	char *names[COLUMNS_MAX], *fields[COLUMNS_MAX];
	unsigned cap = 2;

	memset(t, 0, sizeof(*t));
	t->text = text;
	text[len] = '\0';
	if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
		r.p += 3;
	for (size_t i = 0; i < len; i++)
		cap += text[i] == '\n';
	t->columns = row(&r, names, COLUMNS_MAX);
	t->names = malloc(t->columns * sizeof(*t->names));
	t->lines = calloc(cap, sizeof(*t->lines));
	t->fields = calloc((size_t)cap * t->columns, sizeof(*t->fields));
	if (!t->names || !t->lines || !t->fields) {
		table_free(t);
		return ENOMEM;
	}
	memcpy(t->names, names, t->columns * sizeof(*names));
	while (r.p < r.end && t->rows < cap) {
		unsigned line = r.line, n = row(&r, fields, COLUMNS_MAX);

		if (n == 1 && !fields[0][0])
			continue; /* an empty line */
		t->lines[t->rows] = line;
		for (unsigned i = 0; i < n && i < t->columns; i++)
			t->fields[(size_t)t->rows * t->columns + i] = fields[i];
		t->rows++;
	}
	return 0;
}

void table_free(struct table *t)
{
	free(t->text);
	free(t->names);
	free(t->lines);
	free(t->fields);
	memset(t, 0, sizeof(*t));
}

const char *table_field(const struct table *t, unsigned r, const char *column)
{
	for (unsigned i = 0; i < t->columns; i++)
		if (strcmp(t->names[i], column) == 0) {
			const char *f = t->fields[(size_t)r * t->columns + i];

			return f ? f : "";
		}
	return "";
}
