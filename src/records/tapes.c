/* Rows of recordings of whole calls. */
#include "records/tapes.h"

#include <errno.h>
#include <string.h>

#include "records/priv.h"

#define COLUMNS                                                                                    \
	"t.id, t.org, t.call_no, t.kind, t.path, t.begun_ms, t.ms, t.state, t.why,"                \
	" t.deleted_ms"

static const struct store_statement sql_put = {
    "records_tape",
    "INSERT INTO recordings (org, node, call_no, kind, path, begun_ms, ms, state, why, deleted_ms)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0) ON CONFLICT (path) DO UPDATE SET"
    " ms = excluded.ms, state = excluded.state, why = excluded.why"};
static const struct store_statement sql_cut = {
    "records_tapes_cut",
    "UPDATE recordings SET state = 'cut', why = 'restarted' WHERE state = 'open' AND node = $1"};
static const struct store_statement sql_of = {
    "records_tapes_of",
    "SELECT " COLUMNS " FROM recordings t WHERE t.org = $1 AND t.call_no = $2"
    " AND (CAST($3 AS BIGINT) = 0 OR t.id = $3) ORDER BY t.id"};
static const struct store_statement sql_due = {
    "records_tapes_due",
    "SELECT " COLUMNS " FROM recordings t LEFT JOIN calls c ON c.call_no = t.call_no"
    " WHERE t.org = $1 AND t.deleted_ms = 0 AND t.begun_ms < $3 AND t.state <> 'open'"
    " AND $2 = CASE WHEN t.kind = 'complaint' OR (c.marks & $4) <> 0 THEN 'complaint'"
    " ELSE 'line' END ORDER BY t.begun_ms LIMIT 200"};
static const struct store_statement sql_deleted = {
    "records_tape_deleted",
    "UPDATE recordings SET state = 'deleted', deleted_ms = $3 WHERE org = $1 AND id = $2"};
static const struct store_statement sql_open = {
    "records_tape_opened",
    "INSERT INTO recording_openings (org, recording, at_ms, by_account, address, reason)"
    " VALUES ($1, $2, $3, $4, $5, $6)"};
static const struct store_statement sql_openings = {
    "records_tape_openings",
    "SELECT org, recording, at_ms, by_account, address, reason FROM recording_openings"
    " WHERE org = $1 AND recording = $2 ORDER BY id DESC LIMIT 100"};

int records_tape_push(struct records *r, const struct records_tape *t)
{
	struct keep k = {.kind = KEEP_TAPE, .state = KEEP_READY};

	k.tape = *t;
	return ring_push(r->keeps, &k);
}

int records_write_tape(struct store *s, const char *node, const struct records_tape *t)
{
	const struct store_value v[] = {
	    STORE_I(t->org),	  STORE_S(node),  STORE_I(t->call_no),
	    STORE_S(t->kind),	  STORE_S(t->path), STORE_I(t->begun_ms),
	    STORE_I(t->ms),	  STORE_S(t->state), STORE_S(t->why),
	};

	return store_queue(s, &sql_put, v, sizeof(v) / sizeof(v[0]));
}

int records_tapes_cut(struct store *s, const char *node)
{
	const struct store_value v = STORE_S(node);

	return store_run(s, &sql_cut, &v, 1, NULL, NULL);
}

struct tape_rows {
	records_tape_h *h;
	void *arg;
};

static int tape_row(const struct store_row *row, void *arg)
{
	const struct tape_rows *rows = arg;
	struct records_tape t = {
	    .id = store_row_int(row, 0),
	    .org = (uint32_t)store_row_int(row, 1),
	    .call_no = (uint64_t)store_row_int(row, 2),
	    .begun_ms = store_row_int(row, 5),
	    .ms = (uint32_t)store_row_int(row, 6),
	    .deleted_ms = store_row_int(row, 9),
	};

	TEXT_COPY(t.kind, store_row_text(row, 3));
	TEXT_COPY(t.path, store_row_text(row, 4));
	TEXT_COPY(t.state, store_row_text(row, 7));
	TEXT_COPY(t.why, store_row_text(row, 8));
	return rows->h(&t, rows->arg);
}

int records_tapes_of(struct records_db *db, uint32_t org, uint64_t call_no, records_tape_h *h,
		     void *arg)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(call_no), STORE_I(0)};
	struct tape_rows rows = {h, arg};

	return store_run(db->s, &sql_of, v, 3, tape_row, &rows);
}

static int tape_take(const struct records_tape *t, void *arg)
{
	*(struct records_tape *)arg = *t;
	return 0;
}

int records_tape_get(struct records_db *db, uint32_t org, uint64_t call_no, int64_t id,
		     struct records_tape *out)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(call_no), STORE_I(id)};
	struct records_tape t = {.id = 0};
	struct tape_rows rows = {tape_take, &t};
	int err = store_run(db->s, &sql_of, v, 3, tape_row, &rows);

	if (!err && !t.id)
		err = ENOENT;
	if (!err)
		*out = t;
	return err;
}

int records_tapes_due(struct records_db *db, uint32_t org, const char *kind, int64_t before_ms,
		      records_tape_h *h, void *arg)
{
	const struct store_value v[] = {STORE_I(org), STORE_S(kind), STORE_I(before_ms),
					STORE_I(RECORDS_MARK_COMPLAINT)};
	struct tape_rows rows = {h, arg};

	return store_run(db->s, &sql_due, v, 4, tape_row, &rows);
}

int records_tape_deleted(struct records_db *db, uint32_t org, int64_t id, int64_t at_ms)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(id), STORE_I(at_ms)};

	return store_run(db->s, &sql_deleted, v, 3, NULL, NULL);
}

int records_tape_opened(struct records_db *db, const struct records_tape_opening *o)
{
	const struct store_value v[] = {STORE_I(o->org), STORE_I(o->recording), STORE_I(o->at_ms),
					STORE_S(o->by),	 STORE_S(o->address),	STORE_S(o->reason)};

	return store_run(db->s, &sql_open, v, 6, NULL, NULL);
}

struct opening_rows {
	records_tape_opening_h *h;
	void *arg;
};

static int opening_row(const struct store_row *row, void *arg)
{
	const struct opening_rows *rows = arg;
	struct records_tape_opening o = {
	    .org = (uint32_t)store_row_int(row, 0),
	    .recording = store_row_int(row, 1),
	    .at_ms = store_row_int(row, 2),
	};

	TEXT_COPY(o.by, store_row_text(row, 3));
	TEXT_COPY(o.address, store_row_text(row, 4));
	TEXT_COPY(o.reason, store_row_text(row, 5));
	return rows->h(&o, rows->arg);
}

int records_tape_openings(struct records_db *db, uint32_t org, int64_t recording,
			  records_tape_opening_h *h, void *arg)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(recording)};
	struct opening_rows rows = {h, arg};

	return store_run(db->s, &sql_openings, v, 2, opening_row, &rows);
}
