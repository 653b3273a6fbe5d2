/* One call and its steps, for the API; search.c finds them. */
#include "records/query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "records/priv.h"

static const struct store_statement sql_call_get = {
    "records_call_get",
    "SELECT " RECORDS_CALL_COLUMNS " FROM calls c WHERE c.org = $1 AND c.call_no = $2"};

static const struct store_statement sql_steps = {
    "records_call_steps",
    "SELECT id, call_no, seq, org, at_ms, kind, clause, person, department, extension, trunk,"
    " value, text, name, caller FROM steps WHERE call_no = $1 AND org = $2 ORDER BY seq"
    " LIMIT 2000"};
_Static_assert(RECORDS_STEPS_MAX == 2000, "the statement says it too");

static void call_texts_read(const struct store_row *row, struct records_call_row *r)
{
	struct records_call *c = &r->call;

	TEXT_COPY(r->clause, store_row_text(row, 9));
	TEXT_COPY(c->caller_number, store_row_text(row, 10));
	TEXT_COPY(c->caller_name, store_row_text(row, 11));
	TEXT_COPY(c->dialled, store_row_text(row, 14));
	TEXT_COPY(c->chosen, store_row_text(row, 15));
	TEXT_COPY(c->target_name, store_row_text(row, 20));
	TEXT_COPY(r->end_reason, store_row_text(row, 21));
	TEXT_COPY(c->end_side, store_row_text(row, 22));
}

static uint8_t outcome_of(const char *name)
{
	for (unsigned o = 0; o < RECORDS_OUTCOME_COUNT; o++) {
		if (text_eq(records_outcome_name(o), name))
			return (uint8_t)o;
	}
	return RECORDS_OPEN;
}

static uint8_t direction_of(const char *name)
{
	for (unsigned d = 0; d <= RECORDS_OUTGOING; d++) {
		if (text_eq(records_direction_name(d), name))
			return (uint8_t)d;
	}
	return RECORDS_INSIDE;
}

int records_call_row_read(const struct store_row *row, void *arg)
{
	struct records_call_rows *rows = arg;
	struct records_call_row r = {
	    .call =
		{
		    .call_no = (uint64_t)store_row_int(row, 0),
		    .org = (uint32_t)store_row_int(row, 1),
		    .started_ms = store_row_int(row, 2),
		    .answered_ms = store_row_int(row, 3),
		    .connected_ms = store_row_int(row, 4),
		    .ended_ms = store_row_int(row, 5),
		    .wait_ms = (uint32_t)store_row_int(row, 6),
		    .direction = direction_of(store_row_text(row, 7)),
		    .outcome = outcome_of(store_row_text(row, 8)),
		    .caller_extension = (uint32_t)store_row_int(row, 12),
		    .caller_trunk = (uint32_t)store_row_int(row, 13),
		    .target_person = (uint32_t)store_row_int(row, 16),
		    .target_department = (uint32_t)store_row_int(row, 17),
		    .target_extension = (uint32_t)store_row_int(row, 18),
		    .target_trunk = (uint32_t)store_row_int(row, 19),
		    .step_count = (uint32_t)store_row_int(row, 23),
		},
	};

	call_texts_read(row, &r);
	r.call.restarted = text_eq(r.end_reason, "restarted");
	r.outcome = records_outcome_name(r.call.outcome);
	r.direction = records_direction_name(r.call.direction);
	r.path_json = store_row_text(row, 24);
	r.message_id = store_row_int(row, 25);
	r.call.marks = (uint32_t)store_row_int(row, 26);
	r.call.operator_person = (uint32_t)store_row_int(row, 27);
	r.call.ring = (uint32_t)store_row_int(row, 28);
	r.call.answer_ms = (uint32_t)store_row_int(row, 29);
	r.call.given_up_ms = (uint32_t)store_row_int(row, 30);
	r.call.talk_ms = (uint32_t)store_row_int(row, 31);
	rows->count++;
	return rows->h(&r, rows->arg);
}

int records_call_get(struct records_db *db, uint32_t org, uint64_t call_no, records_call_h *h,
		     void *arg)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(call_no)};
	struct records_call_rows rows = {.h = h, .arg = arg};
	int err = store_run(db->s, &sql_call_get, v, 2, records_call_row_read, &rows);

	return !err && rows.count == 0 ? ENOENT : err;
}

struct step_rows {
	records_step_h *h;
	void *arg;
};

static int step_row(const struct store_row *row, void *arg)
{
	struct step_rows *rows = arg;
	char kind[RECORDS_WORD], clause[RECORDS_WORD];
	struct records_step_row r = {
	    .id = store_row_int(row, 0),
	    .kind = kind,
	    .clause = clause,
	    .step =
		{
		    .call_no = (uint64_t)store_row_int(row, 1),
		    .seq = (uint64_t)store_row_int(row, 2),
		    .org = (uint32_t)store_row_int(row, 3),
		    .at_ms = store_row_int(row, 4),
		    .person = (uint32_t)store_row_int(row, 7),
		    .department = (uint32_t)store_row_int(row, 8),
		    .extension = (uint32_t)store_row_int(row, 9),
		    .trunk = (uint16_t)store_row_int(row, 10),
		    .value = (int32_t)store_row_int(row, 11),
		},
	};

	TEXT_COPY(kind, store_row_text(row, 5));
	TEXT_COPY(clause, store_row_text(row, 6));
	TEXT_COPY(r.step.text, store_row_text(row, 12));
	TEXT_COPY(r.step.name, store_row_text(row, 13));
	TEXT_COPY(r.step.caller, store_row_text(row, 14));
	return rows->h(&r, rows->arg);
}

int records_call_steps(struct records_db *db, uint32_t org, uint64_t call_no, records_step_h *h,
		       void *arg)
{
	const struct store_value v[] = {STORE_I(call_no), STORE_I(org)};
	struct step_rows rows = {h, arg};

	return store_run(db->s, &sql_steps, v, 2, step_row, &rows);
}
