/* A directory changed by a file from elsewhere, or by hand: what would change is told first. */
#include "records/directory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "records/tables.h"

static bool gone(const struct import *im, enum records_csv_file f, uint32_t id)
{
	return id && records_rows_find(&im->now[f], f, id) &&
	       !records_rows_find(&im->next[f], f, id);
}

static void empty_if_gone(const struct import *im, enum records_csv_file f, uint32_t *id)
{
	if (gone(im, f, *id))
		*id = 0;
}

static void members_unlink(const struct import *im, struct directory_department *d)
{
	unsigned n = 0;

	for (unsigned i = 0; i < d->member_count; i++) {
		if (!gone(im, RECORDS_EXTENSIONS, d->members[i]))
			d->members[n++] = d->members[i];
	}
	for (unsigned i = n; i < d->member_count; i++)
		d->members[i] = 0;
	d->member_count = (uint8_t)n;
}

void records_import_unlink(struct import *im)
{
	for (unsigned f = 0; f < RECORDS_FILES; f++)
		records_rows_sort(&im->next[f], f);
	for (uint32_t i = 0; i < im->next[RECORDS_PEOPLE].count; i++) {
		struct person_row *p =
		    records_rows_at(&im->next[RECORDS_PEOPLE], RECORDS_PEOPLE, i);

		empty_if_gone(im, RECORDS_DEPARTMENTS, &p->p.department);
		empty_if_gone(im, RECORDS_EXTENSIONS, &p->p.extension);
		empty_if_gone(im, RECORDS_PEOPLE, &p->p.secretary);
		empty_if_gone(im, RECORDS_PEOPLE, &p->p.deputy);
	}
	for (uint32_t i = 0; i < im->next[RECORDS_DEPARTMENTS].count; i++) {
		struct department_row *d =
		    records_rows_at(&im->next[RECORDS_DEPARTMENTS], RECORDS_DEPARTMENTS, i);

		members_unlink(im, &d->d);
	}
	for (uint32_t i = 0; i < im->next[RECORDS_EXTENSIONS].count; i++) {
		struct extension_row *e =
		    records_rows_at(&im->next[RECORDS_EXTENSIONS], RECORDS_EXTENSIONS, i);

		empty_if_gone(im, RECORDS_PEOPLE, &e->e.person);
		empty_if_gone(im, RECORDS_DEPARTMENTS, &e->e.department);
	}
}

/* --- a file from elsewhere --- */

static int row_add(struct rows *to, enum records_csv_file f, const void *row)
{
	void *copy = records_rows_add(to, tables[f].row_size);

	if (!copy)
		return ENOMEM;
	memcpy(copy, row, tables[f].row_size);
	return 0;
}

static int file_merge(struct import *im, const struct records_merge *m, enum records_csv_file f,
		      uint32_t *kept_blank, struct records_csv_errors *errors)
{
	struct rows given[RECORDS_FILES] = {0};
	struct rows *next = &im->next[f];
	int err = records_csv_rows_over(&m->csv.file[f], f, &im->now[f], &given[f], kept_blank,
					errors);

	next->count = 0;
	for (uint32_t i = 0; i < given[f].count && !err; i++)
		err = row_add(next, f, records_rows_at(&given[f], f, i));
	records_rows_sort(&given[f], f);
	for (uint32_t i = 0; i < im->now[f].count && !err && !m->leavers; i++) {
		const void *row = records_rows_at(&im->now[f], f, i);

		if (!records_rows_find(&given[f], f, records_row_id(row, f)))
			err = row_add(next, f, row);
	}
	records_rows_free(given);
	return err;
}

/* --- telling --- */

struct telling {
	const struct import *im;
	struct records_merge_counts *counts;
	records_difference_h *h;
	void *arg;
};

static int tell(const struct telling *t, const struct records_difference *d)
{
	return t->h ? t->h(d, t->arg) : 0;
}

static const char *row_name(enum records_csv_file f, const void *row)
{
	return (const char *)row + tables[f].column[1].offset;
}

static int tell_cells(const struct telling *t, enum records_csv_file f, const void *before,
		      const void *after)
{
	char was[CELL_MAX], is[CELL_MAX];
	struct records_difference d = {.what = RECORDS_CHANGED,
				       .file = f,
				       .id = records_row_id(after, f),
				       .name = row_name(f, after),
				       .before = was,
				       .after = is};
	bool changed = false;
	int err = 0;

	for (unsigned i = 0; i < tables[f].count && !err; i++) {
		records_cell_text(&tables[f].column[i], before, was);
		records_cell_text(&tables[f].column[i], after, is);
		if (text_eq(was, is))
			continue;
		changed = true;
		d.column = tables[f].column[i].name;
		err = tell(t, &d);
	}
	t->counts->changed += changed;
	return err;
}

static int tell_file(const struct telling *t, enum records_csv_file f)
{
	const struct rows *now = &t->im->now[f], *next = &t->im->next[f];
	struct records_difference d = {.file = f, .column = "", .before = "", .after = ""};
	int err = 0;

	for (uint32_t i = 0; i < next->count && !err; i++) {
		const void *row = records_rows_at(next, f, i);
		const void *was = records_rows_find(now, f, records_row_id(row, f));

		if (was) {
			err = tell_cells(t, f, was, row);
			continue;
		}
		d.what = RECORDS_ADDED;
		d.id = records_row_id(row, f);
		d.name = row_name(f, row);
		t->counts->added++;
		err = tell(t, &d);
	}
	for (uint32_t i = 0; i < now->count && !err; i++) {
		const void *row = records_rows_at(now, f, i);

		if (records_rows_find(next, f, records_row_id(row, f)))
			continue;
		d.what = RECORDS_REMOVED;
		d.id = records_row_id(row, f);
		d.name = row_name(f, row);
		t->counts->removed++;
		err = tell(t, &d);
	}
	return err;
}

static int transaction_end(struct store *s, int err, bool keep)
{
	if (!err && keep)
		return store_commit(s);
	store_rollback(s);
	return err;
}

int records_directory_merge(struct records_db *db, uint32_t org, const struct records_merge *m,
			    struct records_csv_errors *errors, struct records_merge_counts *counts,
			    records_difference_h *h, void *arg)
{
	struct import im = {.s = db->s, .org = org, .by = m->by, .at_ms = m->at_ms};
	struct records_merge_counts c = {0};
	const struct telling t = {&im, &c, h, arg};
	int err;

	errors->count = 0;
	err = m->apply ? store_begin(db->s) : store_begin_read(db->s);
	if (err)
		return err;
	err = records_import_load(&im);
	for (unsigned f = 0; f < RECORDS_FILES && !err; f++) {
		if (m->csv.file[f].data)
			err = file_merge(&im, m, f, &c.kept_blank, errors);
	}
	if (!err) {
		records_import_unlink(&im);
		err = records_import_check(&im, errors);
	}
	for (unsigned f = 0; f < RECORDS_FILES && !err; f++)
		err = tell_file(&t, f);
	if (!err && m->apply && c.added + c.changed + c.removed > 0)
		err = records_import_write(&im);
	err = transaction_end(db->s, err, m->apply);
	records_import_free(&im);
	if (!err)
		*counts = c;
	return err;
}

/* --- by hand --- */

static const struct store_statement sql_last = {
    "records_history_last",
    "SELECT COALESCE(MAX(item), 0) FROM history WHERE org = $1 AND what = $2"};

static int number_row(const struct store_row *row, void *arg)
{
	*(int64_t *)arg = store_row_int(row, 0);
	return 0;
}

/* An id is never used for another: those that are gone are in the history. */
static int id_new(struct import *im, enum records_csv_file f, uint32_t *id)
{
	const struct store_value v[] = {STORE_I(im->org), STORE_S(tables[f].what)};
	int64_t last = 0;
	int err = store_run(im->s, &sql_last, v, 2, number_row, &last);

	for (uint32_t i = 0; i < im->now[f].count; i++) {
		uint32_t at = records_row_id(records_rows_at(&im->now[f], f, i), f);

		last = at > last ? at : last;
	}
	if (!err && last >= tables[f].column[0].max)
		err = ENOSPC;
	if (!err)
		*id = (uint32_t)last + 1;
	return err;
}

static void json_cell(const json_t *value, char out[CELL_MAX])
{
	size_t i;
	const json_t *one;

	out[0] = '\0';
	if (json_is_string(value))
		(void)text_copy(out, CELL_MAX, json_string_value(value));
	else if (json_is_integer(value))
		snprintf(out, CELL_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_boolean(value))
		(void)text_copy(out, CELL_MAX, json_is_true(value) ? "1" : "0");
	json_array_foreach(value, i, one)
		(void)text_append(out, CELL_MAX, "%s%" JSON_INTEGER_FORMAT, i ? " " : "",
				  json_integer_value(one));
}

static void cells_put(const struct records_edit *e, void *row, struct records_csv_errors *errors)
{
	char text[CELL_MAX];
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)e->cells, name, value) {
		const struct column *c = records_column_find(e->file, name, 1, errors);
		const struct cell_place place = {errors, e->file, c, 1};

		if (!c || c == &tables[e->file].column[0])
			continue;
		if (json_is_object(value) || json_is_real(value) ||
		    (json_is_string(value) &&
		     strlen(json_string_value(value)) >= CELL_MAX)) {
			records_csv_error_add(errors, RECORDS_CSV_TOO_LONG, e->file, 1, name, "")
			    ->expected_max = (int64_t)c->size - 1;
			continue;
		}
		json_cell(value, text);
		records_cell_put(&place, text, row);
	}
}

/* A SIP user name that nobody chose: unique over all organisations, and opaque. */
static void user_default(uint32_t org, struct extension_row *e)
{
	if (!e->user[0] && e->e.number[0])
		snprintf(e->user, sizeof(e->user), "o%" PRIu32 "-%" PRIu32, org, e->e.id);
}

static void required_check(const struct records_edit *e, const void *row,
			   struct records_csv_errors *errors)
{
	char text[CELL_MAX];

	for (unsigned i = 1; i < tables[e->file].count && errors->count == 0; i++) {
		const struct column *c = &tables[e->file].column[i];

		records_cell_text(c, row, text);
		if (c->required && !text[0])
			records_csv_error_add(errors, RECORDS_CSV_REQUIRED, e->file, 1, c->name,
					      "");
	}
}

/* Whose an extension is and which one somebody has say the same thing twice. */
static void extension_owner(struct import *im, const struct person_row *p)
{
	struct extension_row *x =
	    records_rows_find(&im->next[RECORDS_EXTENSIONS], RECORDS_EXTENSIONS, p->p.extension);

	if (!p->p.extension || !x || x->e.person == p->p.id)
		return;
	x->e.person = p->p.id;
	x->e.department = 0;
	for (uint32_t i = 0; i < im->next[RECORDS_PEOPLE].count; i++) {
		struct person_row *other =
		    records_rows_at(&im->next[RECORDS_PEOPLE], RECORDS_PEOPLE, i);

		if (other->p.extension == p->p.extension && other->p.id != p->p.id)
			other->p.extension = 0;
	}
}

static void owner_extension(struct import *im, const struct extension_row *x)
{
	struct person_row *p =
	    records_rows_find(&im->next[RECORDS_PEOPLE], RECORDS_PEOPLE, x->e.person);

	if (x->e.person && p && !p->p.extension)
		p->p.extension = x->e.id;
}

static int row_edit(struct import *im, const struct records_edit *e, uint32_t id,
		    struct records_csv_errors *errors)
{
	struct rows *next = &im->next[e->file];
	void *row = records_rows_find(next, e->file, id);
	const uint32_t line = 1;

	if (!row) {
		row = records_rows_add(next, tables[e->file].row_size);
		if (!row)
			return ENOMEM;
		memcpy((char *)row + tables[e->file].column[0].offset, &id, sizeof(id));
	}
	memcpy(row, &line, sizeof(line));
	cells_put(e, row, errors);
	if (e->file == RECORDS_EXTENSIONS && !e->id)
		user_default(im->org, row);
	required_check(e, row, errors);
	records_rows_sort(next, e->file);
	row = records_rows_find(next, e->file, id);
	if (e->file == RECORDS_PEOPLE && json_object_get(e->cells, "extension"))
		extension_owner(im, row);
	else if (e->file == RECORDS_EXTENSIONS)
		owner_extension(im, row);
	return 0;
}

static void row_drop(struct import *im, enum records_csv_file f, uint32_t id)
{
	struct rows *next = &im->next[f];
	const size_t size = tables[f].row_size;
	char *row = records_rows_find(next, f, id);
	char *end = next->v + (size_t)next->count * size;

	memmove(row, row + size, (size_t)(end - row) - size);
	next->count--;
	records_import_unlink(im);
}

int records_directory_edit(struct records_db *db, const struct records_edit *e,
			   struct records_csv_errors *errors, uint32_t *made)
{
	struct import im = {.s = db->s, .org = e->org, .by = e->by, .at_ms = e->at_ms};
	uint32_t id = e->id;
	int err = store_begin(db->s);

	errors->count = 0;
	if (err)
		return err;
	err = records_import_load(&im);
	if (!err && !id)
		err = id_new(&im, e->file, &id);
	else if (!err && !records_rows_find(&im.now[e->file], e->file, id))
		err = ENOENT;
	if (!err && e->cells)
		err = row_edit(&im, e, id, errors);
	else if (!err)
		row_drop(&im, e->file, id);
	if (!err)
		err = records_import_check(&im, errors);
	if (!err)
		err = records_import_write(&im);
	err = transaction_end(db->s, err, true);
	records_import_free(&im);
	if (!err && made)
		*made = id;
	return err;
}

int records_directory_entry(struct records_db *db, uint32_t org, enum records_csv_file f,
			    uint32_t id, json_t **out)
{
	struct rows r[RECORDS_FILES] = {0};
	const void *row = NULL;
	int err = records_rows_load(db->s, org, f, &r[f]);

	if (!err)
		row = records_rows_find(&r[f], f, id);
	if (!err && !row)
		err = ENOENT;
	if (!err && !(*out = records_row_json(f, row)))
		err = ENOMEM;
	records_rows_free(r);
	return err;
}
