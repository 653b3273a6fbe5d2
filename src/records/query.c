/*
 * Calls and their steps, for the API. One statement serves every filter: a parameter that is 0 or
 * "" takes its condition away. The range of time goes over the index (org, started_ms).
 *
 * Searching the middle of a text reads the rows of the range one by one; a table of bigrams, the
 * same on both engines, will stand beside `calls` for that (3 of 3) and join here by call_no.
 */
#include "records/query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "records/priv.h"

#define CALL_COLUMNS                                                                               \
	"c.call_no, c.org, c.started_ms, c.answered_ms, c.connected_ms, c.ended_ms, c.wait_ms,"    \
	" c.direction, c.outcome, c.clause, c.caller_number, c.caller_name, c.caller_extension,"   \
	" c.caller_trunk, c.dialled, c.chosen, c.target_person, c.target_department,"              \
	" c.target_extension, c.target_trunk, c.target_name, c.end_reason, c.end_side,"            \
	" c.step_count, c.path,"                                                                   \
	" COALESCE((SELECT MAX(m.id) FROM messages m WHERE m.call_no = c.call_no), 0)"

static const struct store_statement sql_calls = {
    "records_calls",
    "SELECT " CALL_COLUMNS " FROM calls c WHERE c.org = $1 AND c.started_ms >= $2"
    " AND c.started_ms < $3"
    " AND (CAST($4 AS TEXT) = '' OR c.caller_number = $4 OR c.dialled = $4 OR c.chosen = $4)"
    " AND (CAST($5 AS TEXT) = '' OR (c.caller_tail >= $5 AND c.caller_tail < $5 || ':'))"
    " AND (CAST($6 AS TEXT) = '' OR LOWER(c.caller_name) LIKE LOWER($6) ESCAPE '\\'"
    " OR LOWER(c.target_name) LIKE LOWER($6) ESCAPE '\\' OR c.caller_number LIKE $6 ESCAPE '\\'"
    " OR c.dialled LIKE $6 ESCAPE '\\' OR c.chosen LIKE $6 ESCAPE '\\')"
    " AND (CAST($7 AS TEXT) = '' OR EXISTS (SELECT 1 FROM steps s"
    " WHERE s.call_no = c.call_no AND s.clause = $7))"
    " AND (CAST($8 AS TEXT) = '' OR c.outcome = $8)"
    " AND (CAST($9 AS TEXT) = '' OR c.direction = $9)"
    " AND (CAST($10 AS BIGINT) = 0 OR c.target_person = $10)"
    " AND (CAST($11 AS BIGINT) = 0 OR c.target_department = $11)"
    " AND (CAST($12 AS BIGINT) = 0 OR c.caller_extension = $12 OR c.target_extension = $12)"
    " AND (CAST($13 AS BIGINT) = 0 OR c.ended_ms = 0)"
    " AND (CAST($17 AS BIGINT) = 0 OR c.target_person = $17"
    " OR (CAST($18 AS BIGINT) <> 0 AND c.caller_extension = $18))"
    " AND (CAST($14 AS BIGINT) = 0 OR c.started_ms < $14"
    " OR (c.started_ms = $14 AND c.call_no < $15))"
    " ORDER BY c.started_ms DESC, c.call_no DESC LIMIT $16"};

static const struct store_statement sql_call_get = {
    "records_call_get", "SELECT " CALL_COLUMNS " FROM calls c WHERE c.org = $1 AND c.call_no = $2"};

static const struct store_statement sql_steps = {
    "records_call_steps",
    "SELECT id, call_no, seq, org, at_ms, kind, clause, person, department, extension, trunk,"
    " value, text, name, caller FROM steps WHERE call_no = $1 AND org = $2 ORDER BY seq"
    " LIMIT 2000"};
_Static_assert(RECORDS_STEPS_MAX == 2000, "the statement says it too");

struct call_rows {
	records_call_h *h;
	void *arg;
	unsigned count;
};

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

static int call_row(const struct store_row *row, void *arg)
{
	struct call_rows *rows = arg;
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
	rows->count++;
	return rows->h(&r, rows->arg);
}

/* %text% with LIKE's own characters taken for what they are. "" stays "". */
#define PATTERN_MAX (2 * RECORDS_NAME + 3)
static int pattern(const char *text, char out[PATTERN_MAX])
{
	size_t n = 0;

	out[0] = '\0';
	if (!text || !text[0])
		return 0;
	if (strlen(text) >= RECORDS_NAME || !text_utf8_valid(text, strlen(text)))
		return EINVAL;
	out[n++] = '%';
	for (; *text; text++) {
		if (*text == '%' || *text == '_' || *text == '\\')
			out[n++] = '\\';
		out[n++] = *text;
	}
	out[n++] = '%';
	out[n] = '\0';
	return 0;
}

static unsigned page(unsigned limit)
{
	return limit == 0 || limit > RECORDS_PAGE_MAX ? RECORDS_PAGE_MAX : limit;
}

static bool short_text(const char *text)
{
	return !text || (strlen(text) < RECORDS_NAME && text_utf8_valid(text, strlen(text)));
}

int records_calls(struct records_db *db, const struct records_call_filter *f, records_call_h *h,
		  void *arg)
{
	struct call_rows rows = {.h = h, .arg = arg};
	char like[PATTERN_MAX], tail[RECORDS_NUMBER] = "";
	int err = pattern(f->text, like);

	if (!err && (!short_text(f->number) || !short_text(f->clause) || !short_text(f->outcome) ||
		     !short_text(f->direction)))
		err = EINVAL;
	if (err)
		return err;
	if (f->last_digits)
		records_number_tail(tail, sizeof(tail), f->last_digits);
	const struct store_value v[] = {
	    STORE_I(f->org),
	    STORE_I(f->from_ms),
	    STORE_I(f->to_ms ? f->to_ms : INT64_MAX),
	    STORE_S(f->number),
	    STORE_S(tail),
	    STORE_S(like),
	    STORE_S(f->clause),
	    STORE_S(f->outcome),
	    STORE_S(f->direction),
	    STORE_I(f->target_person),
	    STORE_I(f->target_department),
	    STORE_I(f->extension),
	    STORE_I(f->open_only),
	    STORE_I(f->before_started_ms),
	    STORE_I(f->before_call_no),
	    STORE_I(page(f->limit)),
	    STORE_I(f->own_person),
	    STORE_I(f->own_extension),
	};
	return store_run(db->s, &sql_calls, v, sizeof(v) / sizeof(v[0]), call_row, &rows);
}

int records_call_get(struct records_db *db, uint32_t org, uint64_t call_no, records_call_h *h,
		     void *arg)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(call_no)};
	struct call_rows rows = {.h = h, .arg = arg};
	int err = store_run(db->s, &sql_call_get, v, 2, call_row, &rows);

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
		    .seq = (uint32_t)store_row_int(row, 2),
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
