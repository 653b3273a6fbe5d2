/* Stand-ins, told enquiries, instructions, absences, uses: on a worker's connection. */
#include "records/desk.h"

#include <errno.h>
#include <string.h>

#include "records/directory.h"
#include "records/priv.h"
#include "records/query.h"

#define STANDIN_COLUMNS                                                                            \
	"id, org, person, from_ms, until_ms, reason, asked_by, asked_ms, state, decided_by,"       \
	" decided_ms"
#define INSTRUCTION_COLUMNS                                                                        \
	"id, org, person, refuse, number, name, text, given_by, noted_by, at_ms, until_ms,"        \
	" removed_ms"

static const struct store_statement sql_ask = {
    "records_standin_ask",
    "INSERT INTO standins (org, person, from_ms, until_ms, reason, asked_by, asked_ms, state,"
    " decided_by, decided_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, '', 0) RETURNING id"};
static const struct store_statement sql_decide = {
    "records_standin_decide",
    "UPDATE standins SET state = $3, decided_by = $4, decided_ms = $5"
    " WHERE org = $1 AND id = $2"};
static const struct store_statement sql_standin = {
    "records_standin", "SELECT " STANDIN_COLUMNS " FROM standins WHERE org = $1 AND id = $2"};
static const struct store_statement sql_standins = {
    "records_standins",
    "SELECT " STANDIN_COLUMNS " FROM standins WHERE org = $1 ORDER BY id DESC LIMIT $2"};
static const struct store_statement sql_in_force = {
    "records_standin_in_force",
    "SELECT MAX(until_ms) FROM standins WHERE org = $1 AND person = $2 AND state = 1"
    " AND from_ms <= $3 AND until_ms > $3"};
static const struct store_statement sql_told_add = {
    "records_told_add",
    "INSERT INTO told (org, at_ms, call_no, person, department, told_by, to_number, to_name,"
    " text) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id"};
static const struct store_statement sql_told = {
    "records_told",
    "SELECT id, org, at_ms, call_no, person, department, told_by, to_number, to_name, text"
    " FROM told WHERE org = $1 AND (CAST($2 AS BIGINT) = 0 OR person = $2)"
    " AND (CAST($3 AS BIGINT) = 0 OR department = $3)"
    " AND (CAST($4 AS BIGINT) = 0 OR call_no = $4) AND (CAST($5 AS BIGINT) = 0 OR id < $5)"
    " ORDER BY id DESC LIMIT $6"};
static const struct store_statement sql_instruction_add = {
    "records_instruction_add",
    "INSERT INTO instructions (org, person, refuse, number, name, text, given_by, noted_by,"
    " at_ms, until_ms, removed_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0)"
    " RETURNING id"};
static const struct store_statement sql_instruction_remove = {
    "records_instruction_remove",
    "UPDATE instructions SET removed_ms = $3 WHERE org = $1 AND id = $2 AND removed_ms = 0"
    " RETURNING " INSTRUCTION_COLUMNS};
static const struct store_statement sql_instructions = {
    "records_instructions",
    "SELECT " INSTRUCTION_COLUMNS " FROM instructions WHERE org = $1 AND removed_ms = 0"
    " AND until_ms > $2 ORDER BY id"};
static const struct store_statement sql_instructions_all = {
    "records_instructions_all",
    "SELECT " INSTRUCTION_COLUMNS " FROM instructions WHERE org = $1 ORDER BY id DESC LIMIT $2"};
static const struct store_statement sql_absence = {
    "records_absence_set",
    "INSERT INTO days (org, what, extension, person, is_on, number, until_ms, set_by, at_ms, word)"
    " VALUES ($1, 'away', 0, $2, $3, '', $4, $5, $6, $7)"
    " ON CONFLICT (org, what, extension, person) DO UPDATE SET is_on = excluded.is_on,"
    " until_ms = excluded.until_ms, set_by = excluded.set_by, at_ms = excluded.at_ms,"
    " word = excluded.word"};
static const struct store_statement sql_uses = {
    "records_uses", "SELECT kind, item, SUM(times), MAX(last_ms) FROM uses"
		    " WHERE org = $1 AND day > $2 GROUP BY kind, item"};

static int id_row(const struct store_row *row, void *arg)
{
	*(int64_t *)arg = store_row_int(row, 0);
	return 0;
}

static int end(struct store *s, int err)
{
	if (!err)
		return store_commit(s);
	store_rollback(s);
	return err;
}

/* In a transaction; takes over `after`. */
static int note(struct store *s, uint32_t org, int64_t at_ms, const char *by, const char *what,
		int64_t id, json_t *after)
{
	const struct history_item item = {
	    .org = org, .at_ms = at_ms, .by = by, .what = what, .item = id, .after = after};
	int err = after ? records_history_write(s, &item) : ENOMEM;

	json_decref(after);
	return err;
}

/* --- stand-ins --- */

const char *records_standin_state_name(enum records_standin_state s)
{
	static const char *const names[STANDIN_STATES] = {
	    [STANDIN_ASKED] = "asked",
	    [STANDIN_APPROVED] = "approved",
	    [STANDIN_REFUSED] = "refused",
	};

	return s < STANDIN_STATES ? names[s] : "";
}

struct standin_rows {
	records_standin_h *h;
	void *arg;
	struct records_standin last;
};

static int standin_row(const struct store_row *row, void *arg)
{
	struct standin_rows *rows = arg;
	struct records_standin s = {
	    .id = store_row_int(row, 0),
	    .org = (uint32_t)store_row_int(row, 1),
	    .person = (uint32_t)store_row_int(row, 2),
	    .from_ms = store_row_int(row, 3),
	    .until_ms = store_row_int(row, 4),
	    .asked_ms = store_row_int(row, 7),
	    .state = (uint8_t)store_row_int(row, 8),
	    .decided_ms = store_row_int(row, 10),
	};

	TEXT_COPY(s.reason, store_row_text(row, 5));
	TEXT_COPY(s.asked_by, store_row_text(row, 6));
	TEXT_COPY(s.decided_by, store_row_text(row, 9));
	rows->last = s;
	return rows->h ? rows->h(&s, rows->arg) : 0;
}

int records_standin_ask(struct records_db *db, const struct records_standin *s, int64_t *id)
{
	const struct store_value v[] = {STORE_I(s->org),      STORE_I(s->person),
					STORE_I(s->from_ms),  STORE_I(s->until_ms),
					STORE_S(s->reason),   STORE_S(s->asked_by),
					STORE_I(s->asked_ms)};
	int64_t made = 0;
	int err;

	if (s->until_ms <= s->from_ms || s->until_ms <= s->asked_ms ||
	    s->until_ms - s->from_ms > RECORDS_STANDIN_MAX_MS)
		return EINVAL;
	err = store_begin(db->s);
	if (err)
		return err;
	err = store_run(db->s, &sql_ask, v, 7, id_row, &made);
	if (!err)
		err = note(db->s, s->org, s->asked_ms, s->asked_by, "standin", made,
			   json_pack("{s:I,s:I,s:I,s:s,s:s}", "person", (json_int_t)s->person,
				     "from_ms", (json_int_t)s->from_ms, "until_ms",
				     (json_int_t)s->until_ms, "reason", s->reason, "state",
				     "asked"));
	err = end(db->s, err);
	if (!err)
		*id = made;
	return err;
}

/* One that was refused stays refused: it is asked anew. */
static int standin_open(struct store *s, uint32_t org, int64_t id, bool approve)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(id)};
	struct standin_rows rows = {0};
	int err = store_run(s, &sql_standin, v, 2, standin_row, &rows);

	if (!err && !rows.last.id)
		err = ENOENT;
	if (!err && rows.last.state != STANDIN_ASKED &&
	    (approve || rows.last.state == STANDIN_REFUSED))
		err = EALREADY;
	return err;
}

int records_standin_decide(struct records_db *db, uint32_t org, int64_t id, bool approve,
			   const char *by, int64_t at_ms)
{
	const enum records_standin_state state = approve ? STANDIN_APPROVED : STANDIN_REFUSED;
	const struct store_value v[] = {STORE_I(org), STORE_I(id), STORE_I(state), STORE_S(by),
					STORE_I(at_ms)};
	int err = store_begin(db->s);

	if (err)
		return err;
	err = standin_open(db->s, org, id, approve);
	if (!err)
		err = store_run(db->s, &sql_decide, v, 5, NULL, NULL);
	if (!err)
		err = note(db->s, org, at_ms, by, "standin", id,
			   json_pack("{s:s}", "state", records_standin_state_name(state)));
	return end(db->s, err);
}

int records_standins(struct records_db *db, uint32_t org, records_standin_h *h, void *arg)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(RECORDS_PAGE_MAX)};
	struct standin_rows rows = {.h = h, .arg = arg};

	return store_run(db->s, &sql_standins, v, 2, standin_row, &rows);
}

int records_standin_in_force(struct records_db *db, uint32_t org, uint32_t person, int64_t at_ms,
			     int64_t *until_ms)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(person), STORE_I(at_ms)};
	int64_t until = 0;
	int err = person ? store_run(db->s, &sql_in_force, v, 3, id_row, &until) : ENOENT;

	if (!err && !until)
		err = ENOENT;
	if (!err && until_ms)
		*until_ms = until;
	return err;
}

/* --- told enquiries --- */

int records_told_add(struct records_db *db, const struct records_told *t, int64_t *id)
{
	const struct store_value v[] = {
	    STORE_I(t->org),	    STORE_I(t->at_ms),	   STORE_I(t->call_no),
	    STORE_I(t->person),	    STORE_I(t->department), STORE_S(t->by),
	    STORE_S(t->to_number),  STORE_S(t->to_name),   STORE_S(t->text),
	};

	return store_run(db->s, &sql_told_add, v, sizeof(v) / sizeof(v[0]), id_row, id);
}

struct told_rows {
	records_told_h *h;
	void *arg;
};

static int told_row(const struct store_row *row, void *arg)
{
	struct told_rows *rows = arg;
	struct records_told t = {
	    .id = store_row_int(row, 0),
	    .org = (uint32_t)store_row_int(row, 1),
	    .at_ms = store_row_int(row, 2),
	    .call_no = (uint64_t)store_row_int(row, 3),
	    .person = (uint32_t)store_row_int(row, 4),
	    .department = (uint32_t)store_row_int(row, 5),
	};

	TEXT_COPY(t.by, store_row_text(row, 6));
	TEXT_COPY(t.to_number, store_row_text(row, 7));
	TEXT_COPY(t.to_name, store_row_text(row, 8));
	TEXT_COPY(t.text, store_row_text(row, 9));
	return rows->h(&t, rows->arg);
}

int records_told_list(struct records_db *db, const struct records_told *f, int64_t before_id,
		      unsigned limit, records_told_h *h, void *arg)
{
	const struct store_value v[] = {
	    STORE_I(f->org),	 STORE_I(f->person), STORE_I(f->department),
	    STORE_I(f->call_no), STORE_I(before_id),
	    STORE_I(limit == 0 || limit > RECORDS_PAGE_MAX ? RECORDS_PAGE_MAX : limit)};
	struct told_rows rows = {h, arg};

	return store_run(db->s, &sql_told, v, sizeof(v) / sizeof(v[0]), told_row, &rows);
}

/* --- instructions --- */

struct instruction_rows {
	records_instruction_h *h;
	void *arg;
	struct records_instruction last;
	unsigned count;
};

static int instruction_row(const struct store_row *row, void *arg)
{
	struct instruction_rows *rows = arg;
	struct records_instruction i = {
	    .id = store_row_int(row, 0),
	    .org = (uint32_t)store_row_int(row, 1),
	    .person = (uint32_t)store_row_int(row, 2),
	    .refuse = store_row_int(row, 3) != 0,
	    .at_ms = store_row_int(row, 9),
	    .until_ms = store_row_int(row, 10),
	    .removed_ms = store_row_int(row, 11),
	};

	TEXT_COPY(i.number, store_row_text(row, 4));
	TEXT_COPY(i.name, store_row_text(row, 5));
	TEXT_COPY(i.text, store_row_text(row, 6));
	TEXT_COPY(i.given_by, store_row_text(row, 7));
	TEXT_COPY(i.by, store_row_text(row, 8));
	rows->last = i;
	rows->count++;
	return rows->h ? rows->h(&i, rows->arg) : 0;
}

static json_t *instruction_json(const struct records_instruction *i)
{
	return json_pack("{s:I,s:b,s:s,s:s,s:s,s:s,s:I}", "person", (json_int_t)i->person,
			 "refuse", i->refuse, "number", i->number, "name", i->name, "text",
			 i->text, "given_by", i->given_by, "until_ms", (json_int_t)i->until_ms);
}

int records_instruction_add(struct records_db *db, const struct records_instruction *i,
			    int64_t *id)
{
	const struct store_value v[] = {
	    STORE_I(i->org),  STORE_I(i->person), STORE_I(i->refuse),	STORE_S(i->number),
	    STORE_S(i->name), STORE_S(i->text),	  STORE_S(i->given_by), STORE_S(i->by),
	    STORE_I(i->at_ms), STORE_I(i->until_ms)};
	const struct store_value now[] = {STORE_I(i->org), STORE_I(i->at_ms)};
	struct instruction_rows rows = {0};
	int64_t made = 0;
	int err;

	if (i->until_ms <= i->at_ms || !i->person)
		return EINVAL;
	err = store_begin(db->s);
	if (err)
		return err;
	err = store_run(db->s, &sql_instructions, now, 2, instruction_row, &rows);
	if (!err && rows.count >= RECORDS_INSTRUCTIONS)
		err = ENOBUFS;
	if (!err)
		err = store_run(db->s, &sql_instruction_add, v, sizeof(v) / sizeof(v[0]), id_row,
				&made);
	if (!err)
		err = note(db->s, i->org, i->at_ms, i->by, "instruction", made,
			   instruction_json(i));
	err = end(db->s, err);
	if (!err)
		*id = made;
	return err;
}

int records_instruction_remove(struct records_db *db, uint32_t org, int64_t id, const char *by,
			       int64_t at_ms, struct records_instruction *out)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(id), STORE_I(at_ms)};
	struct instruction_rows rows = {0};
	int err = store_begin(db->s);

	if (err)
		return err;
	err = store_run(db->s, &sql_instruction_remove, v, 3, instruction_row, &rows);
	if (!err && !rows.count)
		err = ENOENT;
	if (!err)
		err = note(db->s, org, at_ms, by, "instruction", id,
			   json_pack("{s:b}", "removed", 1));
	err = end(db->s, err);
	if (!err && out)
		*out = rows.last;
	return err;
}

int records_instructions(struct records_db *db, uint32_t org, int64_t at_ms,
			 records_instruction_h *h, void *arg)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(at_ms ? at_ms : RECORDS_PAGE_MAX)};
	struct instruction_rows rows = {.h = h, .arg = arg};

	return store_run(db->s, at_ms ? &sql_instructions : &sql_instructions_all, v, 2,
			 instruction_row, &rows);
}

/* --- absence --- */

int records_absence_set(struct records_db *db, const struct records_day *d, const char *by)
{
	const struct store_value v[] = {STORE_I(d->org),      STORE_I(d->person),
					STORE_I(d->on),	      STORE_I(d->until_ms),
					STORE_I(d->by),	      STORE_I(d->at_ms),
					STORE_S(d->on ? d->word : "")};
	int err;

	if (!d->person || (d->on && d->until_ms && d->until_ms <= d->at_ms))
		return EINVAL;
	err = store_begin(db->s);
	if (err)
		return err;
	err = store_run(db->s, &sql_absence, v, 7, NULL, NULL);
	if (!err)
		err = note(db->s, d->org, d->at_ms, by, "absence", d->person,
			   json_pack("{s:b,s:I,s:s}", "away", d->on, "until_ms",
				     (json_int_t)d->until_ms, "word", d->word));
	if (!err)
		err = records_directory_changed(db->s, d->org);
	return end(db->s, err);
}

int records_forward_set(struct records_db *db, const struct records_day *d, const char *by)
{
	int err = store_begin(db->s);

	if (err)
		return err;
	err = records_write_day(db->s, d);
	if (!err)
		err = note(db->s, d->org, d->at_ms, by, "forward", d->extension,
			   json_pack("{s:s,s:b,s:s}", "set", d->set, "on", d->on, "number",
				     d->number));
	return end(db->s, err);
}

/* --- uses --- */

struct use_rows {
	records_use_h *h;
	void *arg;
};

static int use_row(const struct store_row *row, void *arg)
{
	struct use_rows *rows = arg;
	const struct records_use u = {
	    .department = store_row_int(row, 0) != 0,
	    .item = (uint32_t)store_row_int(row, 1),
	    .times = (uint32_t)store_row_int(row, 2),
	    .last_ms = store_row_int(row, 3),
	};

	return rows->h(&u, rows->arg);
}

int records_uses(struct records_db *db, uint32_t org, int64_t now_ms, records_use_h *h, void *arg)
{
	const struct store_value v[] = {STORE_I(org),
					STORE_I(now_ms / RECORDS_DAY_MS - RECORDS_USE_DAYS)};
	struct use_rows rows = {h, arg};

	return store_run(db->s, &sql_uses, v, 2, use_row, &rows);
}
