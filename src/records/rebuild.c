/*
 * What is derived from the log, made anew from it: after an upgrade that derives more, or when a
 * comparison found a fault. Nobody else may write meanwhile.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "records/figures.h"
#include "records/priv.h"

/* Counted up when something new is derived: a database that was written before is made anew. */
#define DERIVED 2
#define AT_ONCE 2000 /* calls a transaction */
#define TELL_AT 100000

static const struct store_statement sql_derived_get = {
    "records_derived_get",
    "SELECT COALESCE(MAX(next_value), 0) FROM counters WHERE name = 'derived'"};
static const struct store_statement sql_derived_set = {
    "records_derived_set", "INSERT INTO counters (name, next_value) VALUES ('derived', $1)"
			   " ON CONFLICT (name) DO UPDATE SET next_value = excluded.next_value"};
/* An hour that is sealed in part has no log for the rest: seals end with whole hours. */
static const struct store_statement sql_forget = {
    "records_figures_forget",
    "DELETE FROM figures WHERE hour >= (SELECT COALESCE(MAX(s.until_ms), 0) / 3600000"
    " FROM sealed s WHERE s.org = figures.org)"};
static const struct store_statement sql_calls = {
    "records_rebuild_calls",
    "SELECT c.call_no, c.node FROM calls c WHERE c.call_no > $1 AND c.started_ms >="
    " (SELECT COALESCE(MAX(s.until_ms), 0) FROM sealed s WHERE s.org = c.org)"
    " ORDER BY c.call_no LIMIT 2000"};

static const struct store_statement sql_drop = {"records_rebuild_drop",
						"DELETE FROM calls WHERE call_no = $1"};

struct one {
	uint64_t call_no;
	char node[64];
};
struct group {
	unsigned count;
	struct one v[AT_ONCE];
};

static int group_row(const struct store_row *row, void *arg)
{
	struct group *g = arg;
	struct one *o = &g->v[g->count++];

	o->call_no = (uint64_t)store_row_int(row, 0);
	TEXT_COPY(o->node, store_row_text(row, 1));
	return 0;
}

static int one_row(const struct store_row *row, void *arg)
{
	*(int64_t *)arg = store_row_int(row, 0);
	return 0;
}

struct anew {
	const struct records_vocabulary *v;
	struct terms_seen *seen;
	struct records_sums sums; /* of the group */
};

static int call_anew(struct store *s, struct anew *a, const struct one *o)
{
	struct records_call call;
	struct call_written w = {a->v, &call, o->node, a->seen, true, false, &a->sums};
	const struct store_value no = STORE_I(o->call_no);
	int err = records_read_call(s, a->v, o->call_no, &call);

	if (err == ENOENT) /* sealed */
		return 0;
	w.over = !err && call.ended_ms;
	/* A row that stands keeps who called: nothing of it is to stay. */
	if (!err)
		err = store_queue(s, &sql_drop, &no, 1);
	return err ? err : records_write_derived(s, &w);
}

static int group_anew(struct store *s, struct anew *a, const struct group *g, bool first)
{
	int err = store_begin(s);

	if (err)
		return err;
	if (first)
		err = store_run(s, &sql_forget, NULL, 0, NULL, NULL);
	for (unsigned i = 0; i < g->count && !err; i++)
		err = call_anew(s, a, &g->v[i]);
	if (!err)
		err = records_figures_flush(s, &a->sums);
	if (!err)
		return store_commit(s);
	store_rollback(s);
	return err;
}

static int all_anew(struct store *s, const struct records_vocabulary *v, uint64_t *calls)
{
	struct group *g = malloc(sizeof(*g));
	struct anew a = {.v = v, .seen = calloc(1, sizeof(*a.seen))};
	struct store_value after = STORE_I(0);
	uint64_t done = 0;
	int err = g && a.seen ? 0 : ENOMEM;
	bool first = true;

	while (!err) {
		g->count = 0;
		err = store_run(s, &sql_calls, &after, 1, group_row, g);
		if (!err)
			err = group_anew(s, &a, g, first);
		if (err || g->count < AT_ONCE)
			break;
		first = false;
		after = STORE_I(g->v[g->count - 1].call_no);
		done += g->count;
		if (done % TELL_AT == 0)
			log_info(RECORDS_ROOM, "call records made anew: %llu",
				 (unsigned long long)done);
	}
	if (!err)
		*calls = done + g->count;
	free(g);
	free(a.seen);
	return err;
}

int records_rebuild(struct records_db *db, const struct records_vocabulary *vocabulary,
		    uint64_t *calls)
{
	struct records_vocabulary v = *vocabulary;
	const struct store_value derived = STORE_I(DERIVED);
	int err = records_vocabulary_index(&v);

	if (!err)
		err = all_anew(db->s, &v, calls);
	return err ? err : store_run(db->s, &sql_derived_set, &derived, 1, NULL, NULL);
}

int records_rebuild_if_older(struct store *s, const struct records_vocabulary *v)
{
	struct records_db db = {.s = s};
	int64_t derived = 0;
	uint64_t calls = 0;
	int err = store_run(s, &sql_derived_get, NULL, 0, one_row, &derived);

	if (err || derived >= DERIVED)
		return err;
	err = records_rebuild(&db, v, &calls);
	if (!err && calls > 0)
		log_info(RECORDS_ROOM, "%llu call records were made anew",
			 (unsigned long long)calls);
	return err;
}
