/* Receipts, and messages that nobody has received in time. */
#include "records/delivery.h"

#include <errno.h>
#include <string.h>

#include "records/priv.h"

/* Opened or read twice by one person in one place is opened, or read. */
static const struct store_statement sql_add = {
    "records_receipt",
    "INSERT INTO receipts (org, message, at_ms, kind, channel, by_name, note)"
    " SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS TEXT),"
    " CAST($5 AS TEXT), CAST($6 AS TEXT), CAST($7 AS TEXT)"
    " WHERE CAST($4 AS TEXT) NOT IN ('opened', 'read')"
    " OR NOT EXISTS (SELECT 1 FROM receipts WHERE message = $2 AND kind = $4"
    " AND channel = $5 AND by_name = $6)"};
static const struct store_statement sql_list = {
    "records_receipts", "SELECT id, org, message, at_ms, kind, channel, by_name, note FROM receipts"
			" WHERE org = $1 AND message = $2 ORDER BY id LIMIT 500"};
static const struct store_statement sql_heard = {
    "records_receipt_heard",
    "UPDATE messages SET heard_at_ms = CASE WHEN heard_at_ms = 0 THEN CAST($3 AS BIGINT)"
    " ELSE heard_at_ms END WHERE org = $1 AND id = $2"};
static const struct store_statement sql_end = {
    "records_receipt_end", "UPDATE outbox SET state = 3 WHERE message = $1 AND state = 0"};
static const struct store_statement sql_stages = {
    "records_stages_due",
    "SELECT id, deadline_ms, org, for_person, for_department, stage FROM messages"
    " WHERE org = $1 AND heard_at_ms = 0 AND stage_due_ms > 0 AND stage_due_ms <= $2"
    " ORDER BY stage_due_ms, id LIMIT $3"};
static const struct store_statement sql_stage = {
    "records_stage_next", "UPDATE messages SET stage = $3, stage_due_ms = $4"
			  " WHERE org = $1 AND id = $2 AND stage < $3 AND heard_at_ms = 0"};
static const struct store_statement sql_figures = {
    "records_delivery_figures",
    "SELECT (SELECT COUNT(*) FROM outbox WHERE org = $1 AND state = 0),"
    " (SELECT COUNT(*) FROM messages WHERE org = $1 AND heard_at_ms = 0 AND stage > 0),"
    " (SELECT COUNT(*) FROM messages WHERE org = $1 AND deadline_ms > 0 AND deadline_ms <= $2"
    " AND heard_at_ms = 0),"
    " (SELECT COUNT(*) FROM messages WHERE org = $1 AND deadline_ms > 0"
    " AND deadline_ms >= $3 AND kept_at_ms >= $3"
    " AND ((heard_at_ms = 0 AND deadline_ms <= $2) OR heard_at_ms > deadline_ms)),"
    " (SELECT COUNT(*) FROM messages WHERE org = $1 AND deadline_ms > 0"
    " AND deadline_ms >= $3 AND kept_at_ms >= $3)"};

int records_receipt_write(struct store *s, const struct records_receipt *r)
{
	const struct store_value v[] = {STORE_I(r->org),  STORE_I(r->message), STORE_I(r->at_ms),
					STORE_S(r->kind), STORE_S(r->channel), STORE_S(r->by),
					STORE_S(r->note)};

	return store_queue(s, &sql_add, v, sizeof(v) / sizeof(v[0]));
}

int records_received(struct store *s, const struct records_receipt *r)
{
	const struct store_value v[] = {STORE_I(r->org), STORE_I(r->message), STORE_I(r->at_ms)};
	int err = store_run(s, &sql_heard, v, 3, NULL, NULL);

	if (!err && store_changed(s) == 0)
		err = ENOENT;
	if (!err)
		err = store_queue(s, &sql_end, &v[1], 1);
	return err ? err : records_receipt_write(s, r);
}

static int end(struct store *s, int err)
{
	if (!err)
		return store_commit(s);
	store_rollback(s);
	return err;
}

int records_receipt_add(struct records_db *db, const struct records_receipt *r)
{
	int err = store_begin(db->s);

	return err ? err : end(db->s, records_received(db->s, r));
}

struct receipt_rows {
	records_receipt_h *h;
	void *arg;
};

static int receipt_row(const struct store_row *row, void *arg)
{
	struct receipt_rows *rows = arg;
	struct records_receipt r = {.id = store_row_int(row, 0),
				    .org = (uint32_t)store_row_int(row, 1),
				    .message = store_row_int(row, 2),
				    .at_ms = store_row_int(row, 3)};

	TEXT_COPY(r.kind, store_row_text(row, 4));
	TEXT_COPY(r.channel, store_row_text(row, 5));
	TEXT_COPY(r.by, store_row_text(row, 6));
	TEXT_COPY(r.note, store_row_text(row, 7));
	return rows->h(&r, rows->arg);
}

int records_receipts(struct records_db *db, uint32_t org, int64_t message, records_receipt_h *h,
		     void *arg)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(message)};
	struct receipt_rows rows = {h, arg};

	return store_run(db->s, &sql_list, v, 2, receipt_row, &rows);
}

/* --- stages --- */

struct stage_rows {
	records_stage_h *h;
	void *arg;
};

static int stage_row(const struct store_row *row, void *arg)
{
	struct stage_rows *rows = arg;
	const struct records_stage s = {
	    .message = store_row_int(row, 0),
	    .deadline_ms = store_row_int(row, 1),
	    .org = (uint32_t)store_row_int(row, 2),
	    .for_person = (uint32_t)store_row_int(row, 3),
	    .for_department = (uint32_t)store_row_int(row, 4),
	    .stage = (uint8_t)store_row_int(row, 5),
	};

	return rows->h(&s, rows->arg);
}

int records_stages_due(struct records_db *db, uint32_t org, int64_t now_ms, unsigned limit,
		       records_stage_h *h, void *arg)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(now_ms), STORE_I(limit)};
	struct stage_rows rows = {h, arg};

	return store_run(db->s, &sql_stages, v, 3, stage_row, &rows);
}

static int stage_next(struct store *s, const struct records_stage_step *t)
{
	const struct store_value v[] = {STORE_I(t->org), STORE_I(t->message), STORE_I(t->stage),
					STORE_I(t->due_ms)};
	struct records_receipt r = {.org = t->org, .message = t->message, .at_ms = t->at_ms};
	struct delivery_plan p = {
	    .org = t->org, .message = t->message, .person = t->deputy, .at_ms = t->at_ms};
	int err = store_run(s, &sql_stage, v, 4, NULL, NULL);

	if (!err && store_changed(s) == 0)
		err = ECANCELED;
	if (!err && t->stage == 2 && t->deputy)
		err = records_delivery_more(s, &p);
	if (err || (t->stage == 2 && !t->deputy))
		return err;
	TEXT_COPY(r.kind, t->stage == 1 ? "returned" : "deputy");
	TEXT_COPY(r.note, t->note);
	return records_receipt_write(s, &r);
}

int records_stage_next(struct records_db *db, const struct records_stage_step *t)
{
	int err = store_begin(db->s);

	return err ? err : end(db->s, stage_next(db->s, t));
}

static int figures_row(const struct store_row *row, void *arg)
{
	struct records_delivery_figures *f = arg;

	f->waiting = (uint64_t)store_row_int(row, 0);
	f->returned = (uint64_t)store_row_int(row, 1);
	f->late = (uint64_t)store_row_int(row, 2);
	f->late_in = (uint64_t)store_row_int(row, 3);
	f->kept = (uint64_t)store_row_int(row, 4);
	return 0;
}

int records_delivery_figures(struct records_db *db, uint32_t org, int64_t now_ms, int64_t from_ms,
			     struct records_delivery_figures *out)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(now_ms), STORE_I(from_ms)};

	memset(out, 0, sizeof(*out));
	return store_run(db->s, &sql_figures, v, 3, figures_row, out);
}
