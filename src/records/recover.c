/* After a crash: calls without an end are closed as "restarted", in the log and in their record. */
#include "records/priv.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"

#define GROUP 500 /* calls a transaction */

static const struct store_statement sql_open_calls = {
    "records_open_calls",
    "SELECT call_no FROM calls WHERE ended_ms = 0 AND node = $1 ORDER BY call_no LIMIT 500"};

struct numbers {
	uint64_t v[GROUP];
	unsigned count;
};

static int number_row(const struct store_row *row, void *arg)
{
	struct numbers *n = arg;

	if (n->count == GROUP)
		return ECANCELED;
	n->v[n->count++] = (uint64_t)store_row_int(row, 0);
	return 0;
}

static int close_call(struct records *r, struct store *s, uint64_t call_no, uint16_t kind,
		      int64_t at_ms)
{
	struct records_call call;
	struct records_step step = {.call_no = call_no, .kind = kind, .at_ms = at_ms};
	struct call_written w = {.v = &r->vocabulary, .call = &call, .node = r->node};
	int err = records_read_call(s, &r->vocabulary, call_no, &call);

	if (err)
		return err;
	step.org = call.org;
	/* The clock may have been set meanwhile: nothing ends before it began. */
	step.at_ms = at_ms > call.started_ms ? at_ms : call.started_ms;
	if (step.at_ms < call.connected_ms)
		step.at_ms = call.connected_ms;
	step.seq = call.step_count + 1;
	records_fold(&r->vocabulary, &call, &step);
	w.over = call.ended_ms != 0;
	err = records_write_step(s, &r->vocabulary, &step);
	return err ? err : records_write_derived(s, &w);
}

static int close_some(struct records *r, struct store *s, uint16_t kind, int64_t at_ms,
		      struct numbers *n)
{
	const struct store_value node = STORE_S(r->node);
	int err = store_begin(s);

	if (err)
		return err;
	n->count = 0;
	err = store_run(s, &sql_open_calls, &node, 1, number_row, n);
	for (unsigned i = 0; i < n->count && !err; i++)
		err = close_call(r, s, n->v[i], kind, at_ms);
	if (!err)
		return store_commit(s);
	store_rollback(s);
	return err;
}

int records_recover(struct records *r, int64_t at_ms, unsigned *closed)
{
	const struct records_vocabulary *v = &r->vocabulary;
	uint16_t kind = records_vocabulary_find(v->steps, v->step_count, "restarted");
	struct records_db *db = NULL;
	struct numbers n = {.count = 0};
	unsigned count = 0;
	int err;

	if (!text_eq(records_vocabulary_step(v, kind), "restarted"))
		return EINVAL;
	err = records_borrow(r, STORE_BUSY_MS, &db);
	if (err)
		return err;
	do {
		err = close_some(r, db->s, kind, at_ms, &n);
		count += n.count;
	} while (!err && n.count == GROUP);
	if (!err)
		err = records_tapes_cut(db->s, r->node);
	if (!err && r->sounds_dir[0])
		err = records_sounds_sweep(r->fresh_dir, r->sounds_dir, db->s, clock_wall_ms());
	records_return(r, db);
	if (!err)
		*closed = count;
	return err;
}
