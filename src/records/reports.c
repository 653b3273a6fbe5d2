#include "records/reports.h"

#include "records/priv.h"

#define READERS                                                                                    \
	" FROM accounts a JOIN people p ON p.org = a.org AND p.id = a.person"                      \
	" WHERE a.org = $1 AND a.role = 'manager' AND a.enabled = 1 AND p.mail <> ''"

static const struct store_statement sql_count = {
    "records_report_count",
    "SELECT (SELECT COUNT(*) FROM reports WHERE org = $1 AND month = $2),"
    " (SELECT COUNT(*)" READERS ")"};
static const struct store_statement sql_begin = {
    "records_report_begin",
    "INSERT INTO reports (org, month, person, address, state, attempts, due_ms, outcome)"
    " SELECT DISTINCT a.org, CAST($2 AS BIGINT), a.person, p.mail, 0, 0,"
    " CAST($3 AS BIGINT), ''" READERS
    " ON CONFLICT (org, month, person) DO NOTHING"};
static const struct store_statement sql_due = {
    "records_reports_due",
    "SELECT r.id, r.org, r.person, r.attempts, r.month, r.address, COALESCE(p.name, '')"
    " FROM reports r LEFT JOIN people p ON p.org = r.org AND p.id = r.person"
    " WHERE r.org = $1 AND r.state = 0 AND r.due_ms <= $2 ORDER BY r.id LIMIT $3"};
static const struct store_statement sql_settle = {
    "records_report_settle",
    "UPDATE reports SET attempts = attempts + 1, state = $2, due_ms = $3, outcome = $4"
    " WHERE id = $1"};

static int count_row(const struct store_row *row, void *arg)
{
	uint64_t *const *out = arg;

	*out[0] = (uint64_t)store_row_int(row, 0);
	*out[1] = (uint64_t)store_row_int(row, 1);
	return 0;
}

int records_report_count(struct records_db *db, uint32_t org, uint32_t month, uint64_t *begun,
			 uint64_t *readers)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(month)};
	uint64_t *out[] = {begun, readers};

	*begun = *readers = 0;
	return store_run(db->s, &sql_count, v, 2, count_row, out);
}

int records_report_begin(struct records_db *db, uint32_t org, uint32_t month, int64_t at_ms)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(month), STORE_I(at_ms)};

	return store_run(db->s, &sql_begin, v, 3, NULL, NULL);
}

struct due_rows {
	records_report_h *h;
	void *arg;
};

static int due_row(const struct store_row *row, void *arg)
{
	struct due_rows *rows = arg;
	struct records_report r = {
	    .id = store_row_int(row, 0),
	    .org = (uint32_t)store_row_int(row, 1),
	    .person = (uint32_t)store_row_int(row, 2),
	    .attempts = (uint32_t)store_row_int(row, 3),
	    .month = (uint32_t)store_row_int(row, 4),
	};

	TEXT_COPY(r.address, store_row_text(row, 5));
	TEXT_COPY(r.name, store_row_text(row, 6));
	return rows->h(&r, rows->arg);
}

int records_reports_due(struct records_db *db, uint32_t org, int64_t now_ms, unsigned limit,
			records_report_h *h, void *arg)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(now_ms), STORE_I(limit)};
	struct due_rows rows = {h, arg};

	return store_run(db->s, &sql_due, v, 3, due_row, &rows);
}

int records_report_settle(struct records_db *db, const struct records_try *t)
{
	const struct store_value v[] = {STORE_I(t->id), STORE_I(t->state), STORE_I(t->next_ms),
					STORE_S(t->outcome)};

	return store_run(db->s, &sql_settle, v, 4, NULL, NULL);
}
