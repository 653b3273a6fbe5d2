/* What can only be told when a directory's files are seen together. */
#include "records/tables.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Something that may stand once only: sorted, equal neighbours clash. */
struct key {
	char text[RECORDS_USER];
	enum records_csv_file f;
	uint32_t line;
	const char *column;
};

struct keys {
	struct key *v;
	uint32_t count;
};

static int by_text(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	int order = strcmp(x->text, y->text);

	if (order == 0)
		order = (x->f > y->f) - (x->f < y->f);
	if (order == 0)
		order = (x->line > y->line) - (x->line < y->line);
	return order;
}

static void key_add(struct keys *k, const char *text, enum records_csv_file f, uint32_t line,
		    const char *column)
{
	struct key *key = &k->v[k->count];

	if (!text[0])
		return;
	TEXT_COPY(key->text, text);
	key->f = f;
	key->line = line;
	key->column = column;
	k->count++;
}

static void clashes(struct keys *k, enum records_csv_code code, struct records_csv_errors *errors)
{
	qsort(k->v, k->count, sizeof(k->v[0]), by_text);
	for (uint32_t i = 1; i < k->count; i++) {
		const struct key *first = &k->v[i - 1], *second = &k->v[i];
		struct records_csv_error *e;

		if (!text_eq(first->text, second->text))
			continue;
		/* What is in the database already has no line: the file's is the new one. */
		if (!second->line) {
			first = &k->v[i];
			second = &k->v[i - 1];
		}
		e = records_csv_error_add(errors, code, second->f, second->line, second->column,
					  second->text);
		TEXT_COPY(e->expected, tables[first->f].file);
		e->other_line = first->line;
	}
	k->count = 0;
}

static uint32_t line_of(const void *row)
{
	uint32_t line;

	memcpy(&line, row, sizeof(line));
	return line;
}

static void twice_ids(const struct rows r[RECORDS_FILES], struct keys *k,
		      struct records_csv_errors *errors)
{
	char id[16];

	for (unsigned f = 0; f < RECORDS_FILES; f++) {
		for (uint32_t i = 0; i < r[f].count; i++) {
			const void *row = records_rows_at(&r[f], f, i);

			if (!records_row_id(row, f))
				continue; /* told already */
			snprintf(id, sizeof(id), "%" PRIu32, records_row_id(row, f));
			key_add(k, id, f, line_of(row), "id");
		}
		clashes(k, RECORDS_CSV_TWICE, errors);
	}
}

/* A dialled number names one thing, be it an extension or a department. */
static void twice_numbers(const struct rows r[RECORDS_FILES], struct keys *k,
			  struct records_csv_errors *errors)
{
	const struct rows *ext = &r[RECORDS_EXTENSIONS], *dep = &r[RECORDS_DEPARTMENTS];

	for (uint32_t i = 0; i < ext->count; i++) {
		const struct extension_row *e = records_rows_at(ext, RECORDS_EXTENSIONS, i);

		key_add(k, e->e.number, RECORDS_EXTENSIONS, e->line, "number");
	}
	for (uint32_t i = 0; i < dep->count; i++) {
		const struct department_row *d = records_rows_at(dep, RECORDS_DEPARTMENTS, i);

		key_add(k, d->d.number, RECORDS_DEPARTMENTS, d->line, "number");
	}
	clashes(k, RECORDS_CSV_TWICE, errors);
	for (uint32_t i = 0; i < ext->count; i++) {
		const struct extension_row *e = records_rows_at(ext, RECORDS_EXTENSIONS, i);

		key_add(k, e->user, RECORDS_EXTENSIONS, e->line, "user");
	}
	clashes(k, RECORDS_CSV_TWICE, errors);
}

static void twice_posts(const struct rows *people, struct keys *k,
			struct records_csv_errors *errors)
{
	const struct column *post = &tables[RECORDS_PEOPLE].column[6];
	char word[CELL_MAX];

	for (uint32_t i = 0; i < people->count; i++) {
		const struct person_row *p = records_rows_at(people, RECORDS_PEOPLE, i);

		if (p->p.post != POST_CHAIRMAN && p->p.post != POST_GENERAL_MANAGER &&
		    p->p.post != POST_GAD_MANAGER)
			continue;
		records_cell_text(post, p, word);
		key_add(k, word, RECORDS_PEOPLE, p->line, "post");
	}
	clashes(k, RECORDS_CSV_POST, errors);
}

static void reference(const struct rows r[RECORDS_FILES], enum records_csv_file to, uint32_t id,
		      enum records_csv_file f, uint32_t line, const char *column,
		      struct records_csv_errors *errors)
{
	char found[16];

	if (!id || !r[to].given || records_rows_find(&r[to], to, id))
		return;
	snprintf(found, sizeof(found), "%" PRIu32, id);
	TEXT_COPY(
	    records_csv_error_add(errors, RECORDS_CSV_REFERENCE, f, line, column, found)->expected,
	    tables[to].file);
}

static void people_references(const struct rows r[RECORDS_FILES], struct records_csv_errors *errors)
{
	const enum records_csv_file f = RECORDS_PEOPLE;

	for (uint32_t i = 0; i < r[f].count; i++) {
		const struct person_row *p = records_rows_at(&r[f], f, i);

		reference(r, RECORDS_DEPARTMENTS, p->p.department, f, p->line, "department",
			  errors);
		reference(r, RECORDS_EXTENSIONS, p->p.extension, f, p->line, "extension", errors);
		reference(r, RECORDS_PEOPLE, p->p.secretary, f, p->line, "secretary", errors);
		reference(r, RECORDS_PEOPLE, p->p.deputy, f, p->line, "deputy", errors);
	}
}

static void other_references(const struct rows r[RECORDS_FILES], struct records_csv_errors *errors)
{
	for (uint32_t i = 0; i < r[RECORDS_DEPARTMENTS].count; i++) {
		const struct department_row *d =
		    records_rows_at(&r[RECORDS_DEPARTMENTS], RECORDS_DEPARTMENTS, i);

		for (unsigned m = 0; m < d->d.member_count; m++)
			reference(r, RECORDS_EXTENSIONS, d->d.members[m], RECORDS_DEPARTMENTS,
				  d->line, "members", errors);
	}
	for (uint32_t i = 0; i < r[RECORDS_EXTENSIONS].count; i++) {
		const struct extension_row *e =
		    records_rows_at(&r[RECORDS_EXTENSIONS], RECORDS_EXTENSIONS, i);

		if (e->e.person && e->e.department)
			records_csv_error_add(errors, RECORDS_CSV_OWNER, RECORDS_EXTENSIONS,
					      e->line, "department", e->e.number);
		reference(r, RECORDS_PEOPLE, e->e.person, RECORDS_EXTENSIONS, e->line, "person",
			  errors);
		reference(r, RECORDS_DEPARTMENTS, e->e.department, RECORDS_EXTENSIONS, e->line,
			  "department", errors);
	}
}

int records_csv_cross_check(struct rows r[RECORDS_FILES], struct records_csv_errors *errors)
{
	struct keys k = {.count = 0};
	size_t most = 1;

	for (unsigned f = 0; f < RECORDS_FILES; f++) {
		records_rows_sort(&r[f], f);
		most += r[f].count;
	}
	k.v = calloc(most, sizeof(k.v[0]));
	if (!k.v)
		return ENOMEM;
	twice_ids(r, &k, errors);
	twice_numbers(r, &k, errors);
	twice_posts(&r[RECORDS_PEOPLE], &k, errors);
	people_references(r, errors);
	other_references(r, errors);
	free(k.v);
	return 0;
}

int records_csv_check(const struct records_csv *csv, struct records_csv_errors *errors)
{
	struct rows r[RECORDS_FILES] = {0};
	int err = 0;

	errors->count = 0;
	for (unsigned f = 0; f < RECORDS_FILES && !err; f++) {
		r[f].given = csv->file[f].data != NULL;
		if (r[f].given)
			err = records_csv_rows(&csv->file[f], f, &r[f], errors);
	}
	if (!err)
		err = records_csv_cross_check(r, errors);
	records_rows_free(r);
	return !err && errors->count > 0 ? EINVAL : err;
}
