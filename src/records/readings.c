/* Readings of names: what a search finds them by beside what ICU makes of them. */
#include "records/directory.h"

#include <errno.h>
#include <string.h>

#include "records/priv.h"
#include "records/tables.h"

static const struct store_statement sql_person = {
    "records_reading_person", "UPDATE people SET reading = $3 WHERE org = $1 AND id = $2"};
static const struct store_statement sql_department = {
    "records_reading_department",
    "UPDATE departments SET reading = $3 WHERE org = $1 AND id = $2"};
static const struct store_statement sql_drop = {
    "records_readings_drop", "DELETE FROM readings WHERE org = $1 AND kind = $2 AND item = $3"};
static const struct store_statement sql_put = {
    "records_reading_put",
    "INSERT INTO readings (org, kind, item, seq, reading) VALUES ($1, $2, $3, $4, $5)"};
static const struct store_statement sql_all = {
    "records_readings",
    "SELECT kind, item, reading FROM readings WHERE org = $1 ORDER BY kind, item, seq"};

/* Syllables of letters with a tone, apart by single spaces. */
static bool reading_ok(const char *text)
{
	size_t len = strlen(text);

	if (!len || len >= DIRECTORY_READING)
		return false;
	while (*text) {
		size_t letters = strspn(text, "abcdefghijklmnopqrstuvwxyz:");

		if (!letters || text[letters] < '1' || text[letters] > '5')
			return false;
		text += letters + 1;
		if (*text == ' ' && text[1])
			text++;
		else if (*text)
			return false;
	}
	return true;
}

static int others_put(struct store *s, uint32_t org, enum records_csv_file f, uint32_t id,
		      const char *const *reading, unsigned count)
{
	const struct store_value gone[] = {STORE_I(org), STORE_I(f), STORE_I(id)};
	int err = store_run(s, &sql_drop, gone, 3, NULL, NULL);

	for (unsigned i = 1; i < count && !err; i++) {
		const struct store_value v[] = {STORE_I(org), STORE_I(f), STORE_I(id), STORE_I(i),
						STORE_S(reading[i])};

		err = store_run(s, &sql_put, v, 5, NULL, NULL);
	}
	return err;
}

static int note(struct store *s, uint32_t org, enum records_csv_file f, uint32_t id,
		const char *const *reading, unsigned count, const char *by, int64_t at_ms)
{
	json_t *after = json_object(), *list = json_array();
	const struct history_item item = {.org = org,
					  .at_ms = at_ms,
					  .by = by,
					  .what = tables[f].what,
					  .item = id,
					  .after = after};
	int err;

	for (unsigned i = 0; i < count; i++)
		json_array_append_new(list, json_string(reading[i]));
	err = json_object_set_new(after, "readings", list) ? ENOMEM : 0;
	if (!err)
		err = records_history_write(s, &item);
	json_decref(after);
	return err;
}

int records_readings_set(struct records_db *db, uint32_t org, enum records_csv_file f, uint32_t id,
			 const char *const *reading, unsigned count, const char *by, int64_t at_ms)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(id),
					STORE_S(count ? reading[0] : "")};
	int err;

	if (count > RECORDS_READINGS || f == RECORDS_EXTENSIONS)
		return EINVAL;
	for (unsigned i = 0; i < count; i++) {
		if (!reading_ok(reading[i]))
			return EINVAL;
	}
	err = store_begin(db->s);
	if (err)
		return err;
	err = store_run(db->s, f == RECORDS_PEOPLE ? &sql_person : &sql_department, v, 3, NULL,
			NULL);
	if (!err && store_changed(db->s) == 0)
		err = ENOENT;
	if (!err)
		err = others_put(db->s, org, f, id, reading, count);
	if (!err)
		err = note(db->s, org, f, id, reading, count, by, at_ms);
	if (!err)
		err = records_directory_changed(db->s, org);
	if (!err)
		return store_commit(db->s);
	store_rollback(db->s);
	return err;
}

struct reading_rows {
	records_reading_h *h;
	void *arg;
};

static int reading_row(const struct store_row *row, void *arg)
{
	struct reading_rows *rows = arg;

	return rows->h((enum records_csv_file)store_row_int(row, 0),
		       (uint32_t)store_row_int(row, 1), store_row_text(row, 2), rows->arg);
}

int records_readings(struct records_db *db, uint32_t org, records_reading_h *h, void *arg)
{
	const struct store_value v = STORE_I(org);
	struct reading_rows rows = {h, arg};

	return store_run(db->s, &sql_all, &v, 1, reading_row, &rows);
}
