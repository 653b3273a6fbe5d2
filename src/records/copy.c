#include "records/copy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"

enum { COPY_READ, COPY_FETCH };

static const struct store_statement sql_columns = {
    "copy_columns", "SELECT m.name, p.name, p.type FROM sqlite_schema m, pragma_table_info(m.name)"
		    " p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!'"
		    " AND m.name <> 'schema_version' ORDER BY m.name, p.cid"};

static int column_row(const struct store_row *row, void *arg)
{
	struct copy_tables *all = arg;
	struct copy_table *t = all->count ? &all->v[all->count - 1] : NULL;

	if (!t || !text_eq(t->name, store_row_text(row, 0))) {
		if (all->count == COPY_TABLES)
			return EOVERFLOW;
		t = &all->v[all->count++];
		TEXT_COPY(t->name, store_row_text(row, 0));
	}
	if (t->count == STORE_VALUES)
		return EOVERFLOW;
	TEXT_COPY(t->column[t->count], store_row_text(row, 1));
	t->text[t->count++] = text_eq(store_row_text(row, 2), "TEXT");
	return 0;
}

static void name_of(struct copy_table *t, unsigned which, const char *what, const char *sql)
{
	snprintf(t->named[which], sizeof(t->named[which]), "copy_%s_%s", what, t->name);
	t->statement[which] = (struct store_statement){t->named[which], sql};
}

void copy_select(struct copy_table *t)
{
	snprintf(t->fetch, sizeof(t->fetch), "FETCH 2000 FROM copy_cursor_%s", t->name);
	name_of(t, COPY_READ, "read", t->read);
	name_of(t, COPY_FETCH, "fetch", t->fetch);
}

/* Statements of the table: names come from our own migrations, nothing has to be quoted. */
static int statements_make(struct copy_table *t)
{
	char columns[900] = "", values[256] = "";
	int err = 0;

	for (unsigned i = 0; i < t->count && !err; i++) {
		err = text_append(columns, sizeof(columns), "%s%s", i ? ", " : "", t->column[i]);
		if (!err)
			err = text_append(values, sizeof(values), "%s$%u", i ? ", " : "", i + 1);
	}
	snprintf(t->read, sizeof(t->read), "SELECT %s FROM %s", columns, t->name);
	snprintf(t->insert, sizeof(t->insert), "INSERT INTO %s (%s) VALUES (%s)", t->name, columns,
		 values);
	copy_select(t);
	snprintf(t->copy, sizeof(t->copy), "COPY %s (%s) FROM STDIN", t->name, columns);
	snprintf(t->named[2], sizeof(t->named[2]), "copy_insert_%s", t->name);
	t->bulk = (struct store_bulk){{t->named[2], t->insert}, t->copy, t->count};
	return err;
}

int copy_tables_of(unsigned version, struct copy_tables **out)
{
	const struct store_options o = {.engine = STORE_SQLITE, .where = ":memory:"};
	struct copy_tables *t = calloc(1, sizeof(*t));
	const struct store_migration *list;
	struct store *s = NULL;
	unsigned count = 0;
	int err = t ? 0 : ENOMEM;

	list = store_migrations(STORE_SQLITE, &count);
	if (!err && (version < 1 || version > count))
		err = EPROTO;
	if (!err)
		err = store_open(&s, &o, NULL, 0);
	if (!err)
		err = store_migrate(s, list, version, NULL, 0);
	if (!err)
		err = store_run(s, &sql_columns, NULL, 0, column_row, t);
	for (unsigned i = 0; !err && i < t->count; i++)
		err = statements_make(&t->v[i]);
	store_close(s);
	if (err) {
		free(t);
		return err;
	}
	t->version = version;
	*out = t;
	return 0;
}

const struct copy_table *copy_table_find(const struct copy_tables *t, const char *name)
{
	for (unsigned i = 0; i < t->count; i++) {
		if (text_eq(t->v[i].name, name))
			return &t->v[i];
	}
	return NULL;
}

struct reading {
	const struct copy_table *t;
	copy_row_h *h;
	void *arg;
	uint64_t rows;
};

static int read_row(const struct store_row *row, void *arg)
{
	struct reading *r = arg;
	struct store_value v[STORE_VALUES];

	for (unsigned i = 0; i < r->t->count; i++) {
		if (store_row_null(row, i))
			v[i] = (struct store_value){STORE_NULL, 0, NULL};
		else if (r->t->text[i])
			v[i] = STORE_S(store_row_text(row, i));
		else
			v[i] = STORE_I(store_row_int(row, i));
	}
	r->rows++;
	return r->h(r->t, v, r->arg);
}

static int run_text(struct store *s, const char *name, const char *sql, store_row_h *h, void *arg)
{
	const struct store_statement st = {name, sql};

	return store_run_once(s, &st, h, arg);
}

/* libpq would hold the whole table in memory: a cursor gives it in parts. */
static int read_by_cursor(struct store *s, struct reading *r)
{
	char sql[1700];
	uint64_t before;
	int err;

	snprintf(sql, sizeof(sql), "DECLARE copy_cursor_%s NO SCROLL CURSOR FOR %s", r->t->name,
		 r->t->read);
	err = run_text(s, "copy_declare", sql, NULL, NULL);
	do {
		before = r->rows;
		if (!err)
			err = store_run(s, &r->t->statement[COPY_FETCH], NULL, 0, read_row, r);
	} while (!err && r->rows > before);
	snprintf(sql, sizeof(sql), "CLOSE copy_cursor_%s", r->t->name);
	return err ? err : run_text(s, "copy_close", sql, NULL, NULL);
}

int copy_read(struct store *s, const struct copy_table *t, copy_row_h *h, void *arg)
{
	struct reading r = {.t = t, .h = h, .arg = arg};

	if (store_engine_of(s) == STORE_POSTGRES)
		return read_by_cursor(s, &r);
	return store_run(s, &t->statement[COPY_READ], NULL, 0, read_row, &r);
}

static int any_row(const struct store_row *row, void *arg)
{
	*(bool *)arg = true;
	return 0;
}

/* Tables that a fresh schema fills by itself say nothing. */
static bool fresh_has_rows(const struct copy_table *t)
{
	return text_eq(t->name, "counters");
}

static int look_and_drop(struct store *s, const struct copy_tables *t, char *what)
{
	bool found = false;
	char sql[128];
	int err = 0;

	for (unsigned i = 0; i < t->count && !err && !found; i++) {
		if (fresh_has_rows(&t->v[i]))
			continue;
		snprintf(sql, sizeof(sql), "SELECT 1 FROM %s LIMIT 1", t->v[i].name);
		err = run_text(s, "copy_any", sql, any_row, &found);
		if (found)
			(void)text_copy(what, COPY_NAME, t->v[i].name);
	}
	if (!err && found)
		return EEXIST;
	for (unsigned i = 0; i < t->count && !err; i++) {
		snprintf(sql, sizeof(sql), "DROP TABLE %s", t->v[i].name);
		err = run_text(s, "copy_drop", sql, NULL, NULL);
	}
	return err ? err : run_text(s, "copy_forget", "DELETE FROM schema_version", NULL, NULL);
}

static int clear(struct store *s, const struct copy_tables *t)
{
	char sql[128];
	int err = store_begin(s);

	if (err)
		return err;
	for (unsigned i = 0; i < t->count && !err; i++) {
		snprintf(sql, sizeof(sql), "DELETE FROM %s", t->v[i].name);
		err = run_text(s, "copy_clear", sql, NULL, NULL);
	}
	if (!err)
		return store_commit(s);
	store_rollback(s);
	return err;
}

int copy_prepare(struct store *s, const struct copy_tables *t, char *what)
{
	const struct store_migration *list;
	struct copy_tables *there = NULL;
	unsigned version = 0, count = 0;
	int err = store_schema_version(s, &version);

	if (!err && version > 0) {
		err = copy_tables_of(version, &there);
		if (!err)
			err = store_begin(s);
		if (!err) {
			err = look_and_drop(s, there, what);
			if (err)
				store_rollback(s);
			else
				err = store_commit(s);
		}
		free(there);
	}
	list = store_migrations(store_engine_of(s), &count);
	if (!err)
		err = store_migrate(s, list, t->version, NULL, 0);
	return err ? err : clear(s, t);
}

int copy_write_begin(struct store *s, const struct copy_table *t)
{
	return store_bulk_begin(s, &t->bulk);
}

int copy_write(struct store *s, const struct copy_table *t, const struct store_value *values)
{
	return store_bulk_row(s, &t->bulk, values);
}

int copy_write_end(struct store *s, const struct copy_table *t, bool ok)
{
	return store_bulk_end(s, &t->bulk, ok);
}

int copy_numbers(struct store *s, const struct copy_tables *t)
{
	char sql[400];
	int err = 0;

	/* SQLite follows the highest id by itself. */
	if (store_engine_of(s) != STORE_POSTGRES)
		return 0;
	for (unsigned i = 0; i < t->count && !err; i++) {
		if (!text_eq(t->v[i].column[0], "id"))
			continue;
		snprintf(sql, sizeof(sql),
			 "SELECT setval(pg_get_serial_sequence('%s', 'id'), "
			 "(SELECT COALESCE(MAX(id), 0) + 1 FROM %s), false) "
			 "WHERE pg_get_serial_sequence('%s', 'id') IS NOT NULL",
			 t->v[i].name, t->v[i].name, t->v[i].name);
		err = run_text(s, "copy_numbers", sql, NULL, NULL);
	}
	return err;
}

void copy_sum_add(struct copy_sum *s, const struct copy_table *t, const struct store_value *values)
{
	uint64_t h = 0;

	for (unsigned i = 0; i < t->count; i++) {
		const struct store_value *v = &values[i];
		const char *text = v->type == STORE_TEXT ? v->s : "";
		const int64_t part[3] = {v->type, v->type == STORE_INT ? v->i : 0,
					 (int64_t)hash_bytes(text, strlen(text))};

		h = h * 1099511628211u + hash_bytes(part, sizeof(part));
	}
	s->rows++;
	s->sum += h;
}
