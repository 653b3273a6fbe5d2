/*
 * Databases of every earlier schema, each made by its own migrations and filled as its program
 * would have filled it, brought to the present one: nothing is lost and all figures reconcile.
 * And copied whole, from that schema, into the other engine.
 */
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "records/backup.h"
#include "records/copy.h"
#include "records/figures.h"

#define CALLS	      7 /* of the sample */
#define DERIVED_SINCE 5 /* schema of the first program that derives figures */

static void run(struct store *s, const char *sql)
{
	const struct store_statement st = {"", sql};
	int err = store_run_once(s, &st, NULL, NULL);

	if (err)
		print_error("%s: %s\n", sql, store_error(s));
	assert_int_equal(err, 0);
}

/* The steps of one usual call as every version wrote them, and its row as 001 knew it. */
static void call_put(struct store *s, int no, int64_t at_ms)
{
	static const struct {
		const char *kind, *clause, *text, *name, *caller;
		int person, extension, trunk, after_ms;
	} steps[] = {
	    {"arrived", "house", "8000", "王先生", "13800001234", 0, 0, 1, 0},
	    {"answered_attendant", "house", "", "", "", 0, 0, 0, 10},
	    {"dialled", "A4.2", "8312", "", "", 0, 0, 0, 3000},
	    {"target", "A4.1.2", "", "张三丰", "", 12, 112, 0, 3001},
	    {"target_ringing", "house", "", "", "", 0, 0, 0, 3100},
	    {"connected", "house", "", "", "", 0, 0, 0, 8000},
	    {"ended", "house", "caller_hung_up", "", "", 0, 0, 0, 60000},
	};
	const unsigned n = sizeof(steps) / sizeof(steps[0]);
	char sql[1024];

	for (unsigned i = 0; i < n; i++) {
		snprintf(sql, sizeof(sql),
			 "INSERT INTO steps (call_no, seq, org, at_ms, kind, clause, person,"
			 " department, extension, trunk, value, text, name, caller) VALUES"
			 " (%d, %u, 1, %lld, '%s', '%s', %d, 0, %d, %d, 0, '%s', '%s', '%s')",
			 no, i + 1, (long long)at_ms + steps[i].after_ms, steps[i].kind,
			 steps[i].clause, steps[i].person, steps[i].extension, steps[i].trunk,
			 steps[i].text, steps[i].name, steps[i].caller);
		run(s, sql);
	}
	snprintf(sql, sizeof(sql),
		 "INSERT INTO calls (call_no, org, node, started_ms, answered_ms, connected_ms,"
		 " ended_ms, wait_ms, direction, outcome, clause, caller_number, caller_tail,"
		 " caller_name, caller_extension, caller_trunk, dialled, chosen, target_person,"
		 " target_department, target_extension, target_trunk, target_name, end_reason,"
		 " end_side, step_count, path) VALUES (%d, 1, '', %lld, %lld, %lld, %lld, 0,"
		 " 'incoming', 'answered', 'A4.1.2', '13800001234', '43210000831', '王先生', 0, 1,"
		 " '8000', '8312', 12, 0, 112, 0, '张三丰', 'hangup', 'caller', %u, '[]')",
		 no, (long long)at_ms, (long long)at_ms + 10, (long long)at_ms + 8000,
		 (long long)at_ms + 60000, n);
	run(s, sql);
}

static void sample_put(struct store *s)
{
	int64_t at_ms = 1700000000000;

	for (int i = 1; i <= CALLS; i++)
		call_put(s, i, at_ms + i * 1800000);
	run(s, "UPDATE counters SET next_value = 100 WHERE name = 'call_no'");
	run(s, "INSERT INTO messages (org, call_no, kept_at_ms, for_person, for_department,"
	       " copy_department, urgency, clause, from_number, from_name, organisation, matter,"
	       " recording, recording_ms, screening, heard_at_ms) VALUES (1, 3, 1700000000000, 12,"
	       " 0, 0, 0, 'A4.1.2', '13800001234', '王先生', '华建', '=1+1', '', 0, '', 0)");
	/* What COPY has signs of its own for; the copies are compared. */
	run(s, "INSERT INTO history (org, at_ms, changed_by, what, item, before_json, after_json)"
	       " VALUES (1, 1, 'a\tb\nc\rd\\e\\N', 'person', 12, '\\.', '')");
	run(s, "INSERT INTO accounts (org, name, password, role, person, enabled)"
	       " VALUES (1, 'gad', 'x', 'manager', 0, 1)");
	run(s,
	    "INSERT INTO people (org, id, name, reading, title, department, extension, post,"
	    " secretary, deputy, disclosure) VALUES (1, 12, '张三丰', 'zhang1 san1 feng1', '', 1,"
	    " 112, 0, 0, 0, 0)");
}

static void store_at(struct store **s, const struct store_options *o, unsigned version)
{
	unsigned count;
	const struct store_migration *list = store_migrations(o->engine, &count);

	assert_int_equal(store_open(s, o, w.why, sizeof(w.why)), 0);
	assert_true(version <= count);
	assert_int_equal(store_migrate(*s, list, version, w.why, sizeof(w.why)), 0);
}

static unsigned latest(void)
{
	unsigned count;

	store_migrations(w.engine, &count);
	return count;
}

/* PostgreSQL's databases take seconds to make: but for a full run, the first and the last schema.
 */
static bool left_out(unsigned version)
{
	const char *tier = getenv("ZONGJI_TIER");

	return w.engine == STORE_POSTGRES && (!tier || strcmp(tier, "full") != 0) && version > 1 &&
	       version < latest();
}

static int count_row(const struct store_row *row, void *arg)
{
	*(int64_t *)arg = store_row_int(row, 0);
	return 0;
}

static int64_t count_of(const struct store_options *o, const char *sql)
{
	const struct store_statement st = {"", sql};
	struct store *s = NULL;
	int64_t n = -1;

	assert_int_equal(store_open(&s, o, NULL, 0), 0);
	assert_int_equal(store_run_once(s, &st, count_row, &n), 0);
	store_close(s);
	return n;
}

static int difference(const struct records_figure_difference *d, void *arg)
{
	print_error("figure %s: %lld stands, %lld it should be\n", records_figure_name(d->figure),
		    (long long)d->stands, (long long)d->should);
	return 0;
}

/* Every record and figure against the log. */
static void reconciled(const struct store_options *o)
{
	struct records_db *db = NULL;
	uint64_t calls = 0, different = 0, compared = 0;

	assert_int_equal(records_db_open(&db, o, w.why, sizeof(w.why)), 0);
	assert_int_equal(records_reconcile(db, world_vocabulary(), 1, &calls, &different), 0);
	assert_int_equal(calls, CALLS);
	assert_int_equal(different, 0);
	assert_int_equal(records_reconcile_figures(db, 1, 0, 0, difference, NULL, &compared), 0);
	assert_true(compared > 0);
	records_db_close(db);
	assert_int_equal(count_of(o, "SELECT SUM(calls) FROM figures WHERE kind = 0"), CALLS);
	assert_int_equal(count_of(o, "SELECT COUNT(*) FROM messages WHERE matter = '=1+1'"), 1);
	assert_int_equal(count_of(o, "SELECT COUNT(*) FROM history WHERE before_json = '\\.'"
				     " AND LENGTH(changed_by) = 11"),
			 1);
	assert_int_equal(count_of(o, "SELECT COUNT(*) FROM people WHERE name = '张三丰'"), 1);
}

static void test_upgraded_in_place(void **state)
{
	for (unsigned version = 1; version <= latest(); version++) {
		struct store *s = NULL;
		struct store_options o;

		if (left_out(version))
			continue;
		world_fresh(state);
		o = world_options().store;
		store_at(&s, &o, version);
		sample_put(s);
		/* The sample is of a program that didn't derive all this: so it says. */
		if (version >= DERIVED_SINCE)
			run(s, "DELETE FROM counters WHERE name = 'derived'");
		store_close(s);
		world_start(); /* what a start of the switchboard does */
		world_stop(2000);
		reconciled(&o);
		/* Once more: nothing is left to do. */
		world_start();
		assert_int_equal(records_call_no(w.r), 100);
		world_stop(2000);
		reconciled(&o);
	}
}

static struct store_options other_engine(char *where, size_t cap)
{
	static int serial;
	struct store_options o = {.engine =
				      w.engine == STORE_SQLITE ? STORE_POSTGRES : STORE_SQLITE};
	char name[32];

	snprintf(name, sizeof(name), "o%d_%d", getpid(), ++serial);
	if (o.engine == STORE_SQLITE) {
		snprintf(where, cap, "%s/%s.db", w.dir, name);
	} else {
		if (!w.server.pid)
			assert_int_equal(pg_make(&w.server, false), 0);
		assert_int_equal(pg_database(&w.server, name), 0);
		snprintf(where, cap, "%s", w.server.conninfo);
	}
	o.where = where;
	return o;
}

static void test_moved_from_each_schema(void **state)
{
	for (unsigned version = 1; version <= latest(); version++) {
		char where[320], why[BACKUP_WHY] = "";
		struct store_options from, to;
		struct backup_counts counts;
		struct store *s = NULL;

		if (left_out(version))
			continue;
		world_fresh(state);
		from = world_options().store;
		store_at(&s, &from, version);
		sample_put(s);
		if (version >= DERIVED_SINCE)
			run(s, "DELETE FROM counters WHERE name = 'derived'");
		store_close(s);
		to = other_engine(where, sizeof(where));
		assert_int_equal(backup_move(&from, &to, &counts, why), 0);
		assert_true(counts.rows > CALLS * 8);
		assert_int_equal(backup_derive(&to, world_vocabulary(), why), 0);
		reconciled(&to);
		/* It isn't empty any more. */
		assert_int_equal(backup_move(&from, &to, &counts, why), EEXIST);
		assert_non_null(strstr(why, "isn't empty"));
	}
}

static struct vault *vault_of(const char *path, bool write)
{
	const struct vault_secret secret = {
	    .key = (const unsigned char *)"0123456789abcdef0123456789abcdef"};
	struct vault *v = NULL;
	int err = write ? vault_create(&v, path, &secret) : vault_open(&v, path, &secret);

	assert_int_equal(err, 0);
	return v;
}

static int to_other(void *arg, struct store_options *to)
{
	*to = *(struct store_options *)arg;
	return 0;
}

/* A backup of a running switchboard: one state of it, whatever is written meanwhile. */
static void test_backup_of_one_state(void **state)
{
	const struct backup_options o = {.program = "test", .at_ms = 1};
	char path[128], folder[128], where[320], why[BACKUP_WHY];
	struct backup_target target = {.folder = folder, .store = to_other};
	struct backup_manifest m;
	struct backup_counts n, back;
	struct store_options from, to;
	struct vault *v;

	from = world_options().store;
	for (int i = 0; i < 300; i++)
		call_push(records_call_no(w.r), 1700000000000 + i * 1000);
	snprintf(path, sizeof(path), "%s/b%d", w.dir, w.engine);
	snprintf(folder, sizeof(folder), "%s/f%d", w.dir, w.engine);
	v = vault_of(path, true);
	assert_int_equal(backup_write(v, &from, &o, &n, why), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(vault_commit(v), 0);
	vault_close(v);
	world_stop(5000);
	to = other_engine(where, sizeof(where));
	target.arg = &to;
	v = vault_of(path, false);
	assert_int_equal(backup_read(v, &target, &m, &back, why), 0);
	vault_close(v);
	assert_int_equal(m.schema, latest());
	assert_int_equal(back.rows, n.rows);
	assert_int_equal(count_of(&to,
				  "SELECT COUNT(*) FROM calls c WHERE c.step_count > "
				  "(SELECT COUNT(*) FROM steps s WHERE s.call_no = c.call_no)"),
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_upgraded_in_place, world_fresh, world_close),
	    cmocka_unit_test_setup_teardown(test_moved_from_each_schema, world_fresh, world_close),
	    cmocka_unit_test_setup_teardown(test_backup_of_one_state, world_open, world_close),
	};

	return world_main(tests, sizeof(tests) / sizeof(tests[0]));
}
