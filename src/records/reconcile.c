/* The call records against the log: every ended call folded anew must give the row that stands. */
#include "records/query.h"

#include <errno.h>
#include <string.h>

#include "records/priv.h"

#define PAGE 200

static const struct store_statement sql_page = {
    "records_reconcile_page",
    "SELECT call_no FROM calls WHERE org = $1 AND ended_ms > 0 AND call_no > $2"
    " AND started_ms >= (SELECT COALESCE(MAX(s.until_ms), 0) FROM sealed s WHERE s.org = $1)"
    " AND started_ms < $3 ORDER BY call_no LIMIT 200"};
static const struct store_statement sql_row = {
    "records_reconcile_row",
    "SELECT call_no, org, node, started_ms, answered_ms, connected_ms, ended_ms, wait_ms,"
    " direction, outcome, clause, caller_number, caller_tail, caller_name, caller_extension,"
    " caller_trunk, dialled, chosen, target_person, target_department, target_extension,"
    " target_trunk, target_name, end_reason, end_side, step_count, path, marks, clauses,"
    " operator, line, ring, answer_ms, given_up_ms, desk_ms, talk_ms"
    " FROM calls WHERE call_no = $1"};

struct page {
	uint64_t v[PAGE];
	unsigned count;
};

static int page_row(const struct store_row *row, void *arg)
{
	struct page *p = arg;

	if (p->count == PAGE)
		return ECANCELED;
	p->v[p->count++] = (uint64_t)store_row_int(row, 0);
	return 0;
}

struct comparison {
	const struct records_vocabulary *v;
	const struct records_call *call;
	bool same;
};

static int compare_row(const struct store_row *row, void *arg)
{
	struct comparison *c = arg;
	struct store_value want[RECORDS_CALL_VALUES];
	struct call_texts t;

	/* The node isn't the log's to say. */
	records_call_values(c->v, c->call, store_row_text(row, 2), &t, want);
	c->same = true;
	for (unsigned i = 0; i < RECORDS_CALL_VALUES; i++) {
		bool same = want[i].type == STORE_INT ? want[i].i == store_row_int(row, i)
						      : text_eq(want[i].s, store_row_text(row, i));

		c->same = c->same && same;
	}
	return 0;
}

static int compare(struct store *s, const struct records_vocabulary *v, uint64_t call_no,
		   bool *same)
{
	const struct store_value value = STORE_I(call_no);
	struct records_call call;
	struct comparison c = {.v = v, .call = &call};
	int err = records_read_call(s, v, call_no, &call);

	if (err && err != ENOENT)
		return err;
	if (!err)
		err = store_run(s, &sql_row, &value, 1, compare_row, &c);
	else
		err = 0;
	if (!err)
		*same = c.same;
	return err;
}

int records_reconcile(struct records_db *db, const struct records_vocabulary *v, uint32_t org,
		      uint64_t *calls, uint64_t *different)
{
	return records_reconcile_until(db, v, org, INT64_MAX, NULL, calls, different);
}

int records_reconcile_until(struct records_db *db, const struct records_vocabulary *vocabulary,
			    uint32_t org, int64_t until_ms, const atomic_bool *stop,
			    uint64_t *calls, uint64_t *different)
{
	struct records_vocabulary v = *vocabulary;
	struct page p = {.count = PAGE};
	uint64_t looked = 0, differ = 0, last = 0;
	int err = records_vocabulary_index(&v);

	while (!err && p.count == PAGE) {
		const struct store_value values[] = {STORE_I(org), STORE_I(last),
						     STORE_I(until_ms)};

		if (stop && atomic_load(stop))
			return ECANCELED;
		p.count = 0;
		err = store_run(db->s, &sql_page, values, 3, page_row, &p);
		for (unsigned i = 0; i < p.count && !err; i++) {
			bool same = false;

			last = p.v[i];
			err = compare(db->s, &v, last, &same);
			looked++;
			differ += !same;
		}
	}
	if (err)
		return err;
	*calls = looked;
	*different = differ;
	return 0;
}
