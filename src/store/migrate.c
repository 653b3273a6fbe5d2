/*
 * Migrations are append-only: what was once applied is never changed, only followed. The table
 * schema_version names each; a database that knows more than the program is refused.
 */
#include "store/priv.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

static const struct store_statement sql_versions = {
    "store_versions", "SELECT number, name FROM schema_version ORDER BY number"};
static const struct store_statement sql_applied = {
    "store_applied", "INSERT INTO schema_version (number, name, applied_ms) "
		     "VALUES ($1, $2, $3)"};

static const char make_table[] =
    "CREATE TABLE IF NOT EXISTS schema_version (number BIGINT PRIMARY KEY,"
    " name TEXT NOT NULL, applied_ms BIGINT NOT NULL)";

/* One program at a time migrates: SQLite's write lock, PostgreSQL's advisory lock. */
static const char postgres_lock[] = "SELECT pg_advisory_xact_lock(8000110119)";

struct applied {
	const struct store_migration *list;
	unsigned count;
	unsigned last;
	bool strange;
	char name[64];
};

static int applied_row(const struct store_row *row, void *arg)
{
	struct applied *a = arg;
	unsigned n = (unsigned)store_row_int(row, 0);

	a->last = n;
	if (n < 1 || n > a->count || !text_eq(a->list[n - 1].name, store_row_text(row, 1))) {
		a->strange = true;
		TEXT_COPY(a->name, store_row_text(row, 1));
	}
	return 0;
}

static int apply(struct store *s, const struct store_migration *m)
{
	const struct store_value v[] = {STORE_I(m->number), STORE_S(m->name),
					STORE_I(clock_wall_ms())};
	int err = s->ops->script(s, m->sql);

	return err ? err : store_run(s, &sql_applied, v, 3, NULL, NULL);
}

static int locked_begin(struct store *s)
{
	int err = store_begin(s);

	if (!err && s->o.engine == STORE_POSTGRES)
		err = s->ops->script(s, postgres_lock);
	if (!err)
		err = s->ops->script(s, make_table);
	return err;
}

/* Applies the next one; *done when there is none. */
static int step(struct store *s, struct applied *a, bool *done)
{
	int err = locked_begin(s);

	if (err)
		goto out;
	a->last = 0;
	err = store_run(s, &sql_versions, NULL, 0, applied_row, a);
	if (!err && a->strange)
		err = EPROTO;
	if (err)
		goto out;
	*done = a->last >= a->count;
	if (!*done)
		err = apply(s, &a->list[a->last]);
out:
	if (!err)
		return store_commit(s);
	store_rollback(s);
	return err;
}

int store_migrate(struct store *s, const struct store_migration *list, unsigned count, char *why,
		  size_t why_cap)
{
	struct applied a = {.list = list, .count = count};
	bool done = false;
	int err = 0;

	while (!done && !err)
		err = step(s, &a, &done);
	if (!err || !why || why_cap == 0)
		return err;
	why[0] = '\0';
	if (a.strange)
		(void)text_append(why, why_cap,
				  "the database has migration %u \"%s\", which this version of the "
				  "program doesn't have (it ends at %u): use the newer program",
				  a.last, a.name, count);
	else
		(void)text_append(why, why_cap, "migration %u fails: %s", a.last + 1, s->error);
	return err;
}

static int last_row(const struct store_row *row, void *arg)
{
	unsigned *version = arg;

	*version = (unsigned)store_row_int(row, 0);
	return 0;
}

int store_schema_version(struct store *s, unsigned *version)
{
	unsigned found = 0;
	int err = locked_begin(s);

	if (!err)
		err = store_run(s, &sql_versions, NULL, 0, last_row, &found);
	if (err) {
		store_rollback(s);
		return err;
	}
	err = store_commit(s);
	if (!err)
		*version = found;
	return err;
}
