/* The tables as a document: docs/configuration.md is what this prints. */
#include <string.h>

#include "app/config/scalar.h"
#include "base/text.h"

#define TABLES_MAX 32

struct reference {
	FILE *to;
	const struct schema_field *printed[TABLES_MAX];
	char names[TABLES_MAX][96];
	unsigned count;
};

static void limits_text(const struct schema_field *f, char *out, size_t cap)
{
	char a[24], b[24];
	int64_t unit = f->type == SCHEMA_MS ? 1 : f->type == SCHEMA_SECONDS ? 1000 : 60000;

	text_copy(out, cap, scalar_name(f->type));
	switch (f->type) {
	case SCHEMA_MS:
	case SCHEMA_SECONDS:
	case SCHEMA_MINUTES:
		schema_duration_text(f->min * unit, a, sizeof(a));
		schema_duration_text(f->max * unit, b, sizeof(b));
		text_append(out, cap, ", %s to %s", a, b);
		break;
	case SCHEMA_INTEGER:
		text_append(out, cap, ", %lld to %lld", (long long)f->min, (long long)f->max);
		break;
	case SCHEMA_OWN:
		text_copy(out, cap, f->form);
		break;
	case SCHEMA_LIST:
		text_append(out, cap, " of %s, at most %lld",
			    f->words ? "words" : scalar_name(f->of), (long long)f->max);
		break;
	case SCHEMA_TABLE:
		text_append(out, cap, ", at most %lld", (long long)f->max);
		break;
	case SCHEMA_TEXT:
	case SCHEMA_SECRET:
	case SCHEMA_SECRET_FILE:
	case SCHEMA_ID:
	case SCHEMA_DIGITS:
	case SCHEMA_DIAL:
	case SCHEMA_NUMBER:
	case SCHEMA_READING:
	case SCHEMA_ADDRESS:
	case SCHEMA_HOST:
	case SCHEMA_PATH:
	case SCHEMA_BOOL:
	case SCHEMA_WORD:
	case SCHEMA_BITS:
	case SCHEMA_SECTION:
	case SCHEMA_TYPE_COUNT:
		break;
	}
	if (f->words) {
		unsigned n = 0;

		text_append(out, cap, ": ");
		for (unsigned i = 0; f->words[i]; i++)
			if (f->words[i][0])
				text_append(out, cap, "%s`%s`", n++ ? " " : "", f->words[i]);
	}
}

static void row(struct reference *r, const struct schema_field *f)
{
	char limits[512];

	limits_text(f, limits, sizeof(limits));
	fprintf(r->to, "| `%s` | %s | ", f->key, limits);
	if (f->flags & SCHEMA_REQUIRED)
		fprintf(r->to, "**required**");
	else if (f->fallback && (f->type == SCHEMA_LIST || f->type == SCHEMA_BITS)) {
		fprintf(r->to, "`[");
		for (const char *p = f->fallback; *p; p++)
			fprintf(r->to, *p == ' ' ? ", " : "%c", *p);
		fprintf(r->to, "]`");
	} else if (f->fallback)
		fprintf(r->to, "`%s`", f->fallback);
	fprintf(r->to, " | %s |\n", f->help);
}

static const char *printed_as(const struct reference *r, const struct schema_field *fields)
{
	for (unsigned i = 0; i < r->count; i++)
		if (r->printed[i] == fields)
			return r->names[i];
	return NULL;
}

static void table(struct reference *r, const struct schema_field *fields, const char *path)
{
	if (r->count == TABLES_MAX)
		return;
	r->printed[r->count] = fields;
	text_copy(r->names[r->count++], sizeof(r->names[0]), path);
	fprintf(r->to, "| setting | value | unless set | |\n| --- | --- | --- | --- |\n");
	for (const struct schema_field *f = fields; f->key; f++)
		row(r, f);
	for (const struct schema_field *f = fields; f->key; f++) {
		char name[96];
		const char *before;

		if (!f->fields)
			continue;
		snprintf(name, sizeof(name), "%s%s%s%s", path, *path ? "." : "", f->key,
			 f->type == SCHEMA_TABLE ? "[]" : "");
		before = printed_as(r, f->fields);
		if (before) {
			fprintf(r->to, "\n### `%s`\n\nAs `%s`.\n", name, before);
			continue;
		}
		fprintf(r->to, "\n### `%s`\n\n", name);
		table(r, f->fields, name);
	}
}

void config_reference(FILE *to)
{
	struct reference r = {.to = to};

	fprintf(
	    to,
	    "# Configuration\n\n"
	    "Written by `zongji check --reference` from the tables that read the files; a test "
	    "holds the two together.\n\n"
	    "Files are YAML in UTF-8, at most %u KB, without aliases. Times are written `500ms` "
	    "`20s` `2min` `1h` `1d`; numbers that are dialled are text, so a leading zero stays. "
	    "Relative paths are taken from the folder of the file that names them. `zongji check "
	    "FILE…` finds every error of a file at once; the switchboard refuses to start on one, "
	    "and a SIGHUP takes a changed file whole or not at all. Changes of `interfaces`, "
	    "`sip`, `http`, `media`, `store`, `limits`, `data` and of the number of organisations "
	    "wait for a restart; everything else holds at once, without touching calls.\n\n"
	    "## A node\n\n",
	    CONFIG_FILE_MAX_BYTES / 1024);
	table(&r, node_schema, "");
	r.count = 0;
	fprintf(to, "\n## An organisation's measures\n\n");
	table(&r, measures_schema, "");
}
