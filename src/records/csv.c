/*
 * CSV by RFC 4180, stricter where leniency would hide a mistake: a quote inside an unquoted field
 * is text, a quoted field must end, and what follows its end is a comma or the line's end.
 */
#include "records/tables.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct records_csv_error *records_csv_error_add(struct records_csv_errors *errors,
						enum records_csv_code code, enum records_csv_file f,
						uint32_t line, const char *column,
						const char *found)
{
	static _Thread_local struct records_csv_error beyond;
	struct records_csv_error *e =
	    errors->count < RECORDS_CSV_ERRORS ? &errors->v[errors->count] : &beyond;

	errors->count++;
	memset(e, 0, sizeof(*e));
	e->code = code;
	e->file = f;
	e->line = line;
	TEXT_COPY(e->column, column);
	TEXT_COPY(e->found, found);
	/* What isn't UTF-8 must not get into a page or a log. */
	records_utf8_clean(e->column);
	records_utf8_clean(e->found);
	return e;
}

const char *records_csv_code_name(enum records_csv_code c)
{
	static const char *const names[RECORDS_CSV_COUNT] = {
	    [RECORDS_CSV_OK] = "csv.ok",
	    [RECORDS_CSV_TOO_BIG] = "csv.too_big",
	    [RECORDS_CSV_NOT_UTF8] = "csv.not_utf8",
	    [RECORDS_CSV_QUOTE] = "csv.quote",
	    [RECORDS_CSV_COLUMN_UNKNOWN] = "csv.column_unknown",
	    [RECORDS_CSV_COLUMN_TWICE] = "csv.column_twice",
	    [RECORDS_CSV_COLUMN_MISSING] = "csv.column_missing",
	    [RECORDS_CSV_FIELD_COUNT] = "csv.field_count",
	    [RECORDS_CSV_REQUIRED] = "csv.required",
	    [RECORDS_CSV_NUMBER] = "csv.number",
	    [RECORDS_CSV_DIALABLE] = "csv.dialable",
	    [RECORDS_CSV_WORD] = "csv.word",
	    [RECORDS_CSV_TOO_LONG] = "csv.too_long",
	    [RECORDS_CSV_CONTROL] = "csv.control",
	    [RECORDS_CSV_TWICE] = "csv.twice",
	    [RECORDS_CSV_USER_ELSEWHERE] = "csv.user_elsewhere",
	    [RECORDS_CSV_REFERENCE] = "csv.reference",
	    [RECORDS_CSV_MEMBERS] = "csv.members",
	    [RECORDS_CSV_OWNER] = "csv.owner",
	    [RECORDS_CSV_POST] = "csv.post",
	    [RECORDS_CSV_USER] = "csv.user",
	    [RECORDS_CSV_MAIL] = "csv.mail",
	};

	return c < RECORDS_CSV_COUNT ? names[c] : "";
}

/* A quoted field, unescaped in place. c->pos stands behind the opening quote. */
static int field_quoted(struct csv *c, char **out)
{
	char *to = c->text + c->pos;

	*out = to;
	while (c->pos < c->len) {
		char ch = c->text[c->pos++];

		if (ch == '\n')
			c->line++;
		if (ch != '"') {
			*to++ = ch;
			continue;
		}
		if (c->pos < c->len && c->text[c->pos] == '"') {
			*to++ = '"';
			c->pos++;
			continue;
		}
		if (c->pos < c->len && !strchr(",\r\n", c->text[c->pos]))
			return EINVAL;
		*to = '\0';
		return 0;
	}
	return EINVAL;
}

/* Steps over what ends a field; *last when the record ends too. */
static void field_end(struct csv *c, bool *last)
{
	char *at = c->text + c->pos;

	*last = true;
	if (c->pos >= c->len)
		return;
	if (*at == ',') {
		*last = false;
		c->pos++;
	} else if (*at == '\r' && c->pos + 1 < c->len && at[1] == '\n') {
		c->pos += 2;
		c->line++;
	} else {
		c->pos++;
		c->line++;
	}
}

static char *field_plain(struct csv *c)
{
	char *at = c->text + c->pos;

	while (c->pos < c->len && !strchr(",\r\n", c->text[c->pos]))
		c->pos++;
	return at;
}

int records_csv_record(struct csv *c, char *fields[CSV_FIELDS], unsigned *count, uint32_t *line)
{
	bool last = c->pos >= c->len;
	unsigned n = 0;

	*line = c->line;
	while (!last) {
		char *field, *end = NULL;

		if (c->pos < c->len && c->text[c->pos] == '"') {
			c->pos++;
			if (field_quoted(c, &field))
				return EINVAL;
		} else {
			field = field_plain(c);
			end = c->text + c->pos;
		}
		field_end(c, &last);
		if (end)
			*end = '\0';
		if (n < CSV_FIELDS)
			fields[n] = field;
		n++;
	}
	*count = n;
	return 0;
}

/* --- cells --- */

static struct records_csv_error *bad(const struct cell_place *p, enum records_csv_code code,
				     const char *found)
{
	return records_csv_error_add(p->errors, code, p->f, p->line, p->c->name, found);
}

static bool integer(const char *text, int64_t min, int64_t max, int64_t *out)
{
	int64_t n = 0;

	for (const char *t = text; *t; t++) {
		if (*t < '0' || *t > '9' || t - text > 9)
			return false;
		n = n * 10 + (*t - '0');
	}
	if (n < min || n > max)
		return false;
	*out = n;
	return true;
}

static void cell_number(const struct cell_place *p, const char *text, char *row)
{
	const int64_t min = p->c->kind == COLUMN_ID ? 1 : 0;
	int64_t n = 0;
	uint32_t u;

	if (text[0] && !integer(text, min, p->c->max, &n)) {
		struct records_csv_error *e = bad(p, RECORDS_CSV_NUMBER, text);

		e->expected_min = min;
		e->expected_max = p->c->max;
		return;
	}
	u = (uint32_t)n;
	if (p->c->kind == COLUMN_ID)
		memcpy(row + p->c->offset, &u, sizeof(u));
	else
		*(uint8_t *)(row + p->c->offset) = (uint8_t)n;
}

/* Its place among the column's words, -1 none. */
static int word_place(const struct column *c, const char *text)
{
	const char *w = c->words;

	for (int i = 0; *w; i++) {
		size_t len = strcspn(w, " ");

		if (len == strlen(text) && memcmp(w, text, len) == 0)
			return i;
		w += len + (w[len] == ' ');
	}
	return -1;
}

static void word_bad(const struct cell_place *p, const char *text)
{
	struct records_csv_error *e = bad(p, RECORDS_CSV_WORD, text);
	const char *w;
	unsigned nearest = 3;

	TEXT_COPY(e->expected, p->c->words);
	for (w = p->c->words; *w;) {
		char word[32];
		size_t len = strcspn(w, " ");
		unsigned d;

		(void)text_copy_n(word, sizeof(word), w, len);
		d = text_distance(text, word, 2);
		if (d < nearest)
			TEXT_COPY(e->suggestion, word);
		nearest = d < nearest ? d : nearest;
		w += len + (w[len] == ' ');
	}
}

static void cell_word(const struct cell_place *p, const char *text, char *row)
{
	int place = text[0] ? word_place(p->c, text) : 0;

	if (place < 0)
		word_bad(p, text);
	else
		*(uint8_t *)(row + p->c->offset) = (uint8_t)place;
}

/* Each way once, in the order in which they are to be tried. */
static void cell_ways(const struct cell_place *p, const char *text, char *row)
{
	char *out = row + p->c->offset;
	unsigned seen = 0;

	while (*(text += strspn(text, " "))) {
		size_t len = strcspn(text, " ");
		char word[32];
		int place;

		(void)text_copy_n(word, sizeof(word), text, len);
		place = word_place(p->c, word);
		if (place < 0 || (seen & 1u << place)) {
			word_bad(p, word);
			return;
		}
		seen |= 1u << place;
		(void)text_append(out, p->c->size, "%s%s", out[0] ? " " : "", word);
		text += len;
	}
}

/* name@host in ASCII; what could end a line of SMTP or begin a formula has no place in it. */
static bool mail_ok(const char *text)
{
	const char *at = strchr(text, '@');

	return at && at != text && at[1] && !strchr(at + 1, '@') && !strchr("=+-'", text[0]) &&
	       text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "0123456789-_.+=!#$%&'*/?^`{|}~@")] == '\0';
}

static bool user_ok(const char *text)
{
	return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "0123456789-_.!~*'()&=+$")] == '\0';
}

static void cell_string(const struct cell_place *p, const char *text, char *row)
{
	const struct column *c = p->c;

	/* A spreadsheet's formula was made harmless on export. */
	if (c->kind == COLUMN_TEXT && text[0] == '\'' && text[1] && strchr("=+-@'", text[1]))
		text++;
	if (c->kind == COLUMN_DIAL && text[0] && !text_is_dialable(text, c->size - 1)) {
		bad(p, RECORDS_CSV_DIALABLE, text)->expected_max = (int64_t)c->size - 1;
	} else if (c->kind == COLUMN_USER && !user_ok(text)) {
		bad(p, RECORDS_CSV_USER, text);
	} else if (c->kind == COLUMN_MAIL && text[0] && !mail_ok(text)) {
		bad(p, RECORDS_CSV_MAIL, text);
	} else if (text_copy(row + c->offset, c->size, text)) {
		bad(p, RECORDS_CSV_TOO_LONG, text)->expected_max = (int64_t)c->size - 1;
	}
}

static void cell_members(const struct cell_place *p, const char *text, char *row)
{
	struct directory_department *d = &((struct department_row *)(void *)row)->d;
	char one[16];

	d->member_count = 0;
	memset(d->members, 0, sizeof(d->members));
	while (*(text += strspn(text, " "))) {
		size_t len = strcspn(text, " ");
		int64_t id;

		if (text_copy_n(one, sizeof(one), text, len) || !integer(one, 1, p->c->max, &id)) {
			struct records_csv_error *e = bad(p, RECORDS_CSV_NUMBER, one);

			e->expected_min = 1;
			e->expected_max = p->c->max;
		} else if (d->member_count == DIRECTORY_MEMBERS) {
			bad(p, RECORDS_CSV_MEMBERS, one)->expected_max = DIRECTORY_MEMBERS;
			return;
		} else {
			d->members[d->member_count++] = (uint32_t)id;
		}
		text += len;
	}
}

void records_cell_put(const struct cell_place *p, const char *text, void *row)
{
	char *field = (char *)row + p->c->offset;

	for (const char *t = text; *t; t++) {
		if ((unsigned char)*t < 0x20 || *t == 0x7f) {
			bad(p, RECORDS_CSV_CONTROL, "");
			return;
		}
	}
	if (!text[0] && p->c->required) {
		bad(p, RECORDS_CSV_REQUIRED, "");
		return;
	}
	if (p->c->kind != COLUMN_ID || !p->c->required)
		memset(field, 0, p->c->size);
	switch (p->c->kind) {
	case COLUMN_ID:
	case COLUMN_SMALL:
	case COLUMN_BOOL:
		cell_number(p, text, row);
		break;
	case COLUMN_WORD:
		cell_word(p, text, row);
		break;
	case COLUMN_TEXT:
	case COLUMN_DIAL:
	case COLUMN_USER:
	case COLUMN_MAIL:
		cell_string(p, text, row);
		break;
	case COLUMN_WAYS:
		cell_ways(p, text, row);
		break;
	case COLUMN_MEMBERS:
		cell_members(p, text, row);
		break;
	}
}

/* --- a file --- */

struct parsing {
	struct csv csv;
	enum records_csv_file f;
	struct records_csv_errors *errors;
	const struct column *map[CSV_FIELDS]; /* NULL: a column that isn't known */
	unsigned columns;
	const struct rows *base; /* NULL: see records_csv_rows_over */
	uint32_t *kept_blank;
};

const struct column *records_column_find(enum records_csv_file f, const char *name, uint32_t line,
					 struct records_csv_errors *errors)
{
	const struct table *t = &tables[f];
	struct records_csv_error *e;
	unsigned nearest = 3;

	for (unsigned c = 0; c < t->count; c++) {
		if (text_eq(t->column[c].name, name))
			return &t->column[c];
	}
	e = records_csv_error_add(errors, RECORDS_CSV_COLUMN_UNKNOWN, f, line, name, name);
	for (unsigned c = 0; c < t->count; c++) {
		unsigned d = text_distance(name, t->column[c].name, 2);

		if (d < nearest)
			TEXT_COPY(e->suggestion, t->column[c].name);
		nearest = d < nearest ? d : nearest;
		(void)text_append(e->expected, sizeof(e->expected), "%s%s", c ? " " : "",
				  t->column[c].name);
	}
	return NULL;
}

static void header_name(struct parsing *p, unsigned i, const char *name, uint32_t line)
{
	p->map[i] = records_column_find(p->f, name, line, p->errors);
	for (unsigned k = 0; k < i && p->map[i]; k++) {
		if (p->map[k] == p->map[i])
			records_csv_error_add(p->errors, RECORDS_CSV_COLUMN_TWICE, p->f, line, name,
					      name);
	}
}

static void header(struct parsing *p, char *fields[CSV_FIELDS], unsigned count, uint32_t line)
{
	const struct table *t = &tables[p->f];

	p->columns = count < CSV_FIELDS ? count : CSV_FIELDS;
	for (unsigned i = 0; i < p->columns; i++)
		header_name(p, i, fields[i], line);
	for (unsigned c = 0; c < t->count; c++) {
		bool there = false;

		for (unsigned i = 0; i < p->columns; i++)
			there = there || p->map[i] == &t->column[c];
		if (!there && t->column[c].required && (!p->base || c == 0))
			records_csv_error_add(p->errors, RECORDS_CSV_COLUMN_MISSING, p->f, line,
					      t->column[c].name, "");
	}
}

/* The row of this line's id as it stands, NULL when it is a new one. */
static const void *line_base(const struct parsing *p, char *fields[CSV_FIELDS])
{
	int64_t id = 0;

	for (unsigned i = 0; i < p->columns && p->base; i++) {
		if (p->map[i] == &tables[p->f].column[0] &&
		    integer(fields[i], 1, p->map[i]->max, &id))
			return records_rows_find(p->base, p->f, (uint32_t)id);
	}
	return NULL;
}

/* An empty cell leaves what stands there. */
static bool kept(struct parsing *p, const struct column *c, const char *text, const void *row)
{
	char was[CELL_MAX];

	if (text[0])
		return false;
	records_cell_text(c, row, was);
	*p->kept_blank += was[0] && !text_eq(was, "0");
	return true;
}

/* A new row has what the table requires, also in columns that the file left out. */
static void required_left_out(struct parsing *p, uint32_t line)
{
	const struct table *t = &tables[p->f];

	for (unsigned c = 1; c < t->count; c++) {
		bool there = !t->column[c].required;

		for (unsigned i = 0; i < p->columns && !there; i++)
			there = p->map[i] == &t->column[c];
		if (!there)
			records_csv_error_add(p->errors, RECORDS_CSV_REQUIRED, p->f, line,
					      t->column[c].name, "");
	}
}

static int line_put(struct parsing *p, char *fields[CSV_FIELDS], unsigned count, uint32_t line,
		    struct rows *out)
{
	const void *base;
	char *row, found[16];

	if (count == 1 && fields[0][0] == '\0')
		return 0; /* an empty line */
	if (count != p->columns) {
		struct records_csv_error *e;

		snprintf(found, sizeof(found), "%u", count);
		e = records_csv_error_add(p->errors, RECORDS_CSV_FIELD_COUNT, p->f, line, "",
					  found);
		e->expected_min = e->expected_max = p->columns;
		return 0;
	}
	row = records_rows_add(out, tables[p->f].row_size);
	if (!row)
		return ENOMEM;
	base = line_base(p, fields);
	if (base)
		memcpy(row, base, tables[p->f].row_size);
	else if (p->base)
		required_left_out(p, line);
	memcpy(row, &line, sizeof(line));
	for (unsigned i = 0; i < count; i++) {
		const struct cell_place place = {p->errors, p->f, p->map[i], line};

		if (place.c && !(base && kept(p, place.c, fields[i], row)))
			records_cell_put(&place, fields[i], row);
	}
	return 0;
}

static int lines(struct parsing *p, struct rows *out)
{
	char *fields[CSV_FIELDS];
	unsigned count = 0;
	uint32_t line;
	int err = 0;

	while (!err) {
		if (records_csv_record(&p->csv, fields, &count, &line)) {
			records_csv_error_add(p->errors, RECORDS_CSV_QUOTE, p->f, line, "", "");
			return 0;
		}
		if (count == 0)
			return 0;
		if (p->columns == 0) {
			header(p, fields, count, line);
			continue;
		}
		if (out->count == RECORDS_CSV_ROWS) {
			records_csv_error_add(p->errors, RECORDS_CSV_TOO_BIG, p->f, line, "", "")
			    ->expected_max = RECORDS_CSV_ROWS;
			return 0;
		}
		err = line_put(p, fields, count, line, out);
	}
	return err;
}

/* The line of the first byte that isn't UTF-8. */
static uint32_t bad_line(const char *data, size_t len)
{
	uint32_t line = 1;
	size_t from = 0;

	for (size_t i = 0; i <= len; i++) {
		if (i < len && data[i] != '\n')
			continue;
		if (memchr(data + from, 0, i - from) || !text_utf8_valid(data + from, i - from))
			return line;
		from = i + 1;
		line++;
	}
	return 0;
}

int records_csv_rows(const struct records_csv_text *text, enum records_csv_file f, struct rows *out,
		     struct records_csv_errors *errors)
{
	return records_csv_rows_over(text, f, NULL, out, NULL, errors);
}

int records_csv_rows_over(const struct records_csv_text *text, enum records_csv_file f,
			  const struct rows *base, struct rows *out, uint32_t *kept_blank,
			  struct records_csv_errors *errors)
{
	struct parsing p = {.f = f,
			    .errors = errors,
			    .csv.line = 1,
			    .base = base,
			    .kept_blank = kept_blank};
	size_t skip = text->len >= 3 && memcmp(text->data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	uint32_t line;
	int err;

	if (text->len > RECORDS_CSV_BYTES) {
		records_csv_error_add(errors, RECORDS_CSV_TOO_BIG, f, 0, "", "")->expected_max =
		    RECORDS_CSV_BYTES;
		return 0;
	}
	line = bad_line(text->data + skip, text->len - skip);
	if (line) {
		records_csv_error_add(errors, RECORDS_CSV_NOT_UTF8, f, line, "", "");
		return 0;
	}
	p.csv.len = text->len - skip;
	p.csv.text = malloc(p.csv.len + 1);
	if (!p.csv.text)
		return ENOMEM;
	memcpy(p.csv.text, text->data + skip, p.csv.len);
	p.csv.text[p.csv.len] = '\0';
	err = lines(&p, out);
	if (!err && p.columns == 0)
		records_csv_error_add(errors, RECORDS_CSV_COLUMN_MISSING, f, 1, "id", "");
	free(p.csv.text);
	return err;
}
