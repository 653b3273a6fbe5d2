/* CSV into the directory and out of it, each change with its history. */
#include "records/directory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "records/tables.h"

static const struct store_statement sql_others = {
    "records_other_users", "SELECT sip_user FROM extensions WHERE org <> $1 AND sip_user = $2"};
/* A user name that changes hands would clash on its way; a secret belongs to its user name. */
static const struct store_statement sql_park = {
    "records_extension_park",
    "UPDATE extensions SET sip_user = '#' || CAST(org AS TEXT) || '-' || CAST(id AS TEXT),"
    " ha1_md5 = '', ha1_sha256 = '' WHERE org = $1 AND id = $2"};

static int found_row(const struct store_row *row, void *arg)
{
	*(bool *)arg = true;
	return 0;
}

static int users_elsewhere(struct import *im, struct records_csv_errors *errors)
{
	const struct rows *r = &im->next[RECORDS_EXTENSIONS];
	int err = 0;

	for (uint32_t i = 0; i < r->count && !err; i++) {
		const struct extension_row *e = records_rows_at(r, RECORDS_EXTENSIONS, i);
		const struct store_value v[] = {STORE_I(im->org), STORE_S(e->user)};
		bool found = false;

		if (!e->line || !e->user[0])
			continue;
		err = store_run(im->s, &sql_others, v, 2, found_row, &found);
		if (found)
			records_csv_error_add(errors, RECORDS_CSV_USER_ELSEWHERE,
					      RECORDS_EXTENSIONS, e->line, "user", e->user);
	}
	return err;
}

static int history(struct import *im, enum records_csv_file f, uint32_t id, json_t *before,
		   json_t *after)
{
	const struct history_item item = {.org = im->org,
					  .at_ms = im->at_ms,
					  .by = im->by,
					  .what = tables[f].what,
					  .item = id,
					  .before = before,
					  .after = after};

	return records_history_write(im->s, &item);
}

static int drop_missing(struct import *im, enum records_csv_file f)
{
	int err = 0;

	for (uint32_t i = 0; i < im->now[f].count && !err; i++) {
		const void *row = records_rows_at(&im->now[f], f, i);
		const struct store_value v[] = {STORE_I(im->org), STORE_I(records_row_id(row, f))};
		json_t *before;

		if (records_rows_find(&im->next[f], f, records_row_id(row, f)))
			continue;
		before = records_row_json(f, row);
		err = store_queue(im->s, &tables[f].drop, v, 2);
		if (!err)
			err = history(im, f, records_row_id(row, f), before, NULL);
		json_decref(before);
		im->counts.removed++;
	}
	return err;
}

static int park_users(struct import *im)
{
	const enum records_csv_file f = RECORDS_EXTENSIONS;
	int err = 0;

	for (uint32_t i = 0; i < im->next[f].count && !err; i++) {
		const struct extension_row *next = records_rows_at(&im->next[f], f, i);
		const struct extension_row *now = records_rows_find(&im->now[f], f, next->e.id);
		const struct store_value v[] = {STORE_I(im->org), STORE_I(next->e.id)};

		if (now && !text_eq(now->user, next->user))
			err = store_queue(im->s, &sql_park, v, 2);
	}
	return err;
}

static int put_one(struct import *im, enum records_csv_file f, const void *row)
{
	const void *now = records_rows_find(&im->now[f], f, records_row_id(row, f));
	struct store_value v[TABLE_COLUMNS + 1];
	char texts[CELL_MAX];
	json_t *before = now ? records_row_json(f, now) : NULL;
	json_t *after = records_row_json(f, row);
	int err = 0;

	if (!after || (now && !before)) {
		err = ENOMEM;
		goto out;
	}
	if (now && json_equal(before, after))
		goto out;
	records_row_values(f, im->org, row, texts, v);
	err = store_queue(im->s, &tables[f].put, v, tables[f].count + 1);
	if (!err)
		err = history(im, f, records_row_id(row, f), before, after);
	if (now)
		im->counts.changed++;
	else
		im->counts.added++;
out:
	json_decref(before);
	json_decref(after);
	return err;
}

#define NOT_THERE(id)                                                                              \
	" AND NOT EXISTS (SELECT 1 FROM people p WHERE p.org = $1 AND p.id = " id                  \
	" AND p.name <> '')"

/* Who comes after a leaver under the same id has no PIN of his, and what waits for a leaver is sent
 * to his addresses no more: it is the desk's. */
static int leavers(struct import *im)
{
	static const struct store_statement
	    pins = {"records_leavers_pins",
		    "DELETE FROM pins WHERE org = $1" NOT_THERE("pins.person")},
	    ways = {"records_leavers_ways",
		    "UPDATE outbox SET state = 3 WHERE org = $1 AND state = 0"
		    " AND person > 0" NOT_THERE("outbox.person")},
	    messages = {"records_leavers_messages",
			"UPDATE messages SET stage_due_ms = $2 WHERE org = $1 AND heard_at_ms = 0"
			" AND stage = 0 AND for_person > 0" NOT_THERE("messages.for_person")};
	const struct store_value v[] = {STORE_I(im->org), STORE_I(im->at_ms)};
	int err = store_queue(im->s, &pins, v, 1);

	if (!err)
		err = store_queue(im->s, &ways, v, 1);
	return err ? err : store_queue(im->s, &messages, v, 2);
}

int records_import_write(struct import *im)
{
	int err = 0;

	for (unsigned f = 0; f < RECORDS_FILES && !err; f++)
		err = drop_missing(im, f);
	if (!err)
		err = park_users(im);
	for (unsigned f = 0; f < RECORDS_FILES && !err; f++) {
		for (uint32_t i = 0; i < im->next[f].count && !err; i++)
			err = put_one(im, f, records_rows_at(&im->next[f], f, i));
	}
	if (!err)
		err = leavers(im);
	if (!err)
		err = records_directory_changed(im->s, im->org);
	return err;
}

int records_import_load(struct import *im)
{
	int err = 0;

	for (unsigned f = 0; f < RECORDS_FILES && !err; f++) {
		err = records_rows_load(im->s, im->org, f, &im->now[f]);
		if (!err)
			err = records_rows_load(im->s, im->org, f, &im->next[f]);
		im->next[f].given = true;
	}
	return err;
}

int records_import_check(struct import *im, struct records_csv_errors *errors)
{
	int err = records_csv_cross_check(im->next, errors);

	if (!err)
		err = users_elsewhere(im, errors);
	return !err && errors->count > 0 ? EINVAL : err;
}

void records_import_free(struct import *im)
{
	records_rows_free(im->now);
	records_rows_free(im->next);
}

static int read_all(struct import *im, const struct records_csv *csv,
		    struct records_csv_errors *errors)
{
	int err = 0;

	for (unsigned f = 0; f < RECORDS_FILES && !err; f++) {
		err = records_rows_load(im->s, im->org, f, &im->now[f]);
		im->next[f].given = true;
		if (!err && csv->file[f].data)
			err = records_csv_rows(&csv->file[f], f, &im->next[f], errors);
		else if (!err)
			err = records_rows_load(im->s, im->org, f, &im->next[f]);
	}
	return err ? err : records_import_check(im, errors);
}

int records_directory_import(struct records_db *db, uint32_t org, const struct records_csv *csv,
			     const char *by, int64_t at_ms, struct records_csv_errors *errors,
			     struct records_import_counts *counts)
{
	struct import im = {.s = db->s, .org = org, .by = by, .at_ms = at_ms};
	int err;

	errors->count = 0;
	err = store_begin(db->s);
	if (err)
		return err;
	err = read_all(&im, csv, errors);
	if (!err)
		err = records_import_write(&im);
	if (err)
		store_rollback(db->s);
	else
		err = store_commit(db->s);
	records_import_free(&im);
	if (!err)
		*counts = im.counts;
	return err;
}

static void cell_write(FILE *out, const struct column *c, const char *text)
{
	bool formula = c->kind == COLUMN_TEXT && text[0] && strchr("=+-@'", text[0]);

	if (!formula && !text[strcspn(text, ",\"\r\n")]) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	if (formula)
		fputc('\'', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

int records_directory_export(struct records_db *db, uint32_t org, enum records_csv_file f,
			     char **out, size_t *out_len)
{
	struct rows r[RECORDS_FILES] = {0};
	char *text = NULL, cell[CELL_MAX];
	size_t len = 0;
	FILE *m = NULL;
	int err = records_rows_load(db->s, org, f, &r[f]);

	if (!err && !(m = open_memstream(&text, &len)))
		err = ENOMEM;
	if (err)
		goto out;
	for (unsigned i = 0; i < tables[f].count; i++)
		fprintf(m, "%s%s", i ? "," : "", tables[f].column[i].name);
	fputs("\r\n", m);
	for (uint32_t k = 0; k < r[f].count; k++) {
		for (unsigned i = 0; i < tables[f].count; i++) {
			records_cell_text(&tables[f].column[i], records_rows_at(&r[f], f, k), cell);
			if (i)
				fputc(',', m);
			cell_write(m, &tables[f].column[i], cell);
		}
		fputs("\r\n", m);
	}
	err = ferror(m) ? ENOMEM : 0;
	if (fclose(m) && !err)
		err = ENOMEM;
out:
	records_rows_free(r);
	if (err) {
		free(text);
		return err;
	}
	*out = text;
	*out_len = len;
	return 0;
}
