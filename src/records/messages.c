/* Messages and the state of the day, as the API and a restart read them. */
#include "records/query.h"

#include <errno.h>
#include <string.h>

#include "records/priv.h"

#define MESSAGE_COLUMNS                                                                            \
	"id, org, call_no, kept_at_ms, for_person, for_department, copy_department, urgency,"      \
	" clause, from_number, from_name, organisation, matter, recording, recording_ms,"          \
	" screening, heard_at_ms, declined, taken_by, deadline_ms, stage, call_back"
#define MESSAGE_FILTER                                                                             \
	" WHERE org = $1 AND (CAST($2 AS BIGINT) = 0 OR for_person = $2)"                          \
	" AND (CAST($3 AS BIGINT) = 0 OR for_department = $3 OR copy_department = $3)"             \
	" AND (CAST($4 AS BIGINT) = 0 OR (heard_at_ms = 0 AND stage >= $4 - 1))"                   \
	" AND kept_at_ms >= $5 AND kept_at_ms < $6"                                                \
	" AND (CAST($7 AS BIGINT) = 0 OR for_person = $7"                                          \
	" OR (CAST($8 AS BIGINT) <> 0 AND for_department = $8))"

static const struct store_statement sql_messages = {
    "records_messages", "SELECT " MESSAGE_COLUMNS " FROM messages" MESSAGE_FILTER
			" AND (CAST($9 AS BIGINT) = 0 OR id < $9) ORDER BY id DESC LIMIT $10"};
static const struct store_statement sql_count = {"records_messages_count",
						 "SELECT COUNT(*) FROM messages" MESSAGE_FILTER};
static const struct store_statement sql_get = {
    "records_message_get", "SELECT " MESSAGE_COLUMNS " FROM messages WHERE org = $1 AND id = $2"};
static const struct store_statement sql_known = {
    "records_known_caller",
    "SELECT from_name, organisation FROM messages WHERE org = $1 AND from_number = $2"
    " AND (from_name <> '' OR organisation <> '') ORDER BY id DESC LIMIT 1"};
static const struct store_statement sql_there = {
    "records_message_there", "SELECT id FROM messages WHERE org = $1 AND id = $2"};
static const struct store_statement sql_add = {
    "records_message_add",
    "INSERT INTO messages (org, call_no, kept_at_ms, for_person, for_department,"
    " copy_department, urgency, clause, from_number, from_name, organisation, matter,"
    " recording, recording_ms, screening, declined, taken_by, request, deadline_ms,"
    " stage_due_ms, call_back) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '', 0,"
    " '', $13, $14, $15, $16, $16, $17)"
    " RETURNING id"};
static const struct store_statement sql_request = {
    "records_message_request",
    "SELECT id FROM messages WHERE org = $1 AND request = $2 AND request <> ''"};
#define OWN_ACTED "(SELECT MAX(r.id) FROM receipts r WHERE r.message = m.id AND r.kind = 'acted')"
#define OWN_FILTER                                                                                 \
	" WHERE m.org = $1 AND (m.for_person = $2"                                                 \
	" OR (CAST($3 AS BIGINT) <> 0 AND m.for_department = $3)"                                  \
	" OR EXISTS (SELECT 1 FROM outbox o WHERE o.message = m.id AND o.person = $2))"
static const struct store_statement sql_own = {
    "records_own_messages",
    "SELECT " MESSAGE_COLUMNS ", (SELECT at_ms FROM receipts WHERE id = acted),"
    " (SELECT note FROM receipts WHERE id = acted)"
    " FROM (SELECT m.*, " OWN_ACTED " AS acted FROM messages m" OWN_FILTER
    " AND (CAST($5 AS BIGINT) = 0 OR m.id < $5) AND (CAST($6 AS BIGINT) = 0 OR m.id = $6)) own"
    " WHERE (CAST($4 AS BIGINT) = 0 OR ($4 = 1 AND heard_at_ms = 0)"
    " OR ($4 = 2 AND heard_at_ms <> 0 AND acted IS NULL) OR ($4 = 3 AND acted IS NOT NULL))"
    " ORDER BY id DESC LIMIT $7"};
static const struct store_statement sql_own_new = {
    "records_own_new", "SELECT COUNT(*) FROM messages m" OWN_FILTER " AND m.heard_at_ms = 0"};
static const struct store_statement sql_days = {
    "records_days", "SELECT org, what, extension, person, is_on, number, until_ms, set_by, at_ms,"
		    " word FROM days"
		    " WHERE org = $1 AND (is_on = 1"
		    " OR what IN ('forward_always', 'forward_busy', 'forward_no_answer'))"
		    " AND (until_ms = 0 OR until_ms > $2)"
		    " ORDER BY what, extension, person"};

static const struct store_statement sql_mailboxes = {
    "records_mailboxes",
    "SELECT for_person, COUNT(*), CAST(SUM(urgency) AS BIGINT) FROM messages"
    " WHERE org = $1 AND heard_at_ms = 0 AND for_person > 0 GROUP BY for_person"};

struct mailbox_rows {
	records_mailbox_h *h;
	void *arg;
};

static int mailbox_row(const struct store_row *row, void *arg)
{
	struct mailbox_rows *rows = arg;

	return rows->h((uint32_t)store_row_int(row, 0), (uint32_t)store_row_int(row, 1),
		       (uint32_t)store_row_int(row, 2), rows->arg);
}

int records_mailboxes(struct records_db *db, uint32_t org, records_mailbox_h *h, void *arg)
{
	const struct store_value v = STORE_I(org);
	struct mailbox_rows rows = {h, arg};

	return store_run(db->s, &sql_mailboxes, &v, 1, mailbox_row, &rows);
}

struct message_rows {
	records_message_h *h;
	void *arg;
};

static void message_take(const struct store_row *row, struct records_message *m)
{
	*m = (struct records_message){
	    .id = store_row_int(row, 0),
	    .org = (uint32_t)store_row_int(row, 1),
	    .call_no = (uint64_t)store_row_int(row, 2),
	    .kept_at_ms = store_row_int(row, 3),
	    .for_person = (uint32_t)store_row_int(row, 4),
	    .for_department = (uint32_t)store_row_int(row, 5),
	    .copy_department = (uint32_t)store_row_int(row, 6),
	    .urgency = (uint8_t)store_row_int(row, 7),
	    .recording_ms = (uint32_t)store_row_int(row, 14),
	    .heard_at_ms = store_row_int(row, 16),
	    .deadline_ms = store_row_int(row, 19),
	    .stage = (uint8_t)store_row_int(row, 20),
	};
	TEXT_COPY(m->clause_name, store_row_text(row, 8));
	TEXT_COPY(m->from_number, store_row_text(row, 9));
	TEXT_COPY(m->from_name, store_row_text(row, 10));
	TEXT_COPY(m->organisation, store_row_text(row, 11));
	TEXT_COPY(m->matter, store_row_text(row, 12));
	TEXT_COPY(m->recording, store_row_text(row, 13));
	TEXT_COPY(m->screening, store_row_text(row, 15));
	TEXT_COPY(m->declined, store_row_text(row, 17));
	TEXT_COPY(m->taken_by, store_row_text(row, 18));
	TEXT_COPY(m->call_back, store_row_text(row, 21));
}

static int message_row(const struct store_row *row, void *arg)
{
	struct message_rows *rows = arg;
	struct records_message m;

	message_take(row, &m);
	return rows->h(&m, rows->arg);
}

struct own_rows {
	records_own_h *h;
	void *arg;
};

static int own_row(const struct store_row *row, void *arg)
{
	struct own_rows *rows = arg;
	struct records_own o;

	message_take(row, &o.m);
	o.acted_ms = store_row_int(row, 22);
	TEXT_COPY(o.note, store_row_text(row, 23));
	return rows->h(&o, rows->arg);
}

static int own_run(struct records_db *db, const struct records_own_filter *f, int64_t id,
		   unsigned limit, records_own_h *h, void *arg)
{
	const struct store_value v[] = {
	    STORE_I(f->org),	   STORE_I(f->person), STORE_I(f->department), STORE_I(f->state),
	    STORE_I(f->before_id), STORE_I(id),	       STORE_I(limit),
	};
	struct own_rows rows = {h, arg};

	return store_run(db->s, &sql_own, v, 7, own_row, &rows);
}

int records_own_messages(struct records_db *db, const struct records_own_filter *f,
			 records_own_h *h, void *arg)
{
	return own_run(db, f, 0, f->limit, h, arg);
}

static int own_take(const struct records_own *o, void *arg)
{
	*(struct records_own *)arg = *o;
	return 0;
}

int records_own_message(struct records_db *db, const struct records_own_filter *f, int64_t id,
			struct records_own *out)
{
	struct records_own o = {.acted_ms = 0};
	int err = own_run(db, f, id, 1, own_take, &o);

	if (!err && !o.m.id)
		err = ENOENT;
	if (!err)
		*out = o;
	return err;
}

static int known_row(const struct store_row *row, void *arg)
{
	struct records_known *k = arg;

	TEXT_COPY(k->name, store_row_text(row, 0));
	TEXT_COPY(k->organisation, store_row_text(row, 1));
	return 0;
}

int records_known_caller(struct records_db *db, uint32_t org, const char *number,
			 struct records_known *out)
{
	const struct store_value v[] = {STORE_I(org), STORE_S(number)};

	memset(out, 0, sizeof(*out));
	return store_run(db->s, &sql_known, v, 2, known_row, out);
}

#define FILTER_VALUES 10
#define COUNT_VALUES  8
static void filter_values(const struct records_message_filter *f,
			  struct store_value v[FILTER_VALUES])
{
	unsigned limit = f->limit == 0 || f->limit > RECORDS_PAGE_MAX ? RECORDS_PAGE_MAX : f->limit;

	v[0] = STORE_I(f->org);
	v[1] = STORE_I(f->for_person);
	v[2] = STORE_I(f->for_department);
	v[3] = STORE_I(f->returned_only ? 2 : f->unheard_only);
	v[4] = STORE_I(f->from_ms);
	v[5] = STORE_I(f->to_ms ? f->to_ms : INT64_MAX);
	v[6] = STORE_I(f->own_person);
	v[7] = STORE_I(f->own_department);
	v[8] = STORE_I(f->before_id);
	v[9] = STORE_I(limit);
}

int records_messages(struct records_db *db, const struct records_message_filter *f,
		     records_message_h *h, void *arg)
{
	struct message_rows rows = {h, arg};
	struct store_value v[FILTER_VALUES];

	filter_values(f, v);
	return store_run(db->s, &sql_messages, v, FILTER_VALUES, message_row, &rows);
}

static int count_row(const struct store_row *row, void *arg)
{
	*(uint64_t *)arg = (uint64_t)store_row_int(row, 0);
	return 0;
}

int records_messages_count(struct records_db *db, const struct records_message_filter *f,
			   uint64_t *count)
{
	struct store_value v[FILTER_VALUES];

	filter_values(f, v);
	return store_run(db->s, &sql_count, v, COUNT_VALUES, count_row, count);
}

int records_own_new(struct records_db *db, const struct records_own_filter *f, uint64_t *count)
{
	const struct store_value v[] = {STORE_I(f->org), STORE_I(f->person),
					STORE_I(f->department)};

	return store_run(db->s, &sql_own_new, v, 3, count_row, count);
}

struct one_message {
	struct records_message *out;
	bool found;
};

static int one(const struct records_message *m, void *arg)
{
	struct one_message *o = arg;

	*o->out = *m;
	o->found = true;
	return 0;
}

int records_message_get(struct records_db *db, uint32_t org, int64_t id,
			struct records_message *out)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(id)};
	struct one_message o = {.out = out};
	struct message_rows rows = {one, &o};
	int err = store_run(db->s, &sql_get, v, 2, message_row, &rows);

	return !err && !o.found ? ENOENT : err;
}

static int id_row(const struct store_row *row, void *arg)
{
	*(int64_t *)arg = store_row_int(row, 0);
	return 0;
}

static int message_insert(struct store *s, const struct records_message *m, const char *request,
			  int64_t *id)
{
	const struct store_value v[] = {
	    STORE_I(m->org),	     STORE_I(m->call_no),	 STORE_I(m->kept_at_ms),
	    STORE_I(m->for_person),  STORE_I(m->for_department), STORE_I(m->copy_department),
	    STORE_I(m->urgency),     STORE_S(m->clause_name),	 STORE_S(m->from_number),
	    STORE_S(m->from_name),   STORE_S(m->organisation),	 STORE_S(m->matter),
	    STORE_S(m->declined),    STORE_S(m->taken_by),	 STORE_S(request),
	    STORE_I(m->deadline_ms), STORE_S(m->call_back),
	};
	int err = store_run(s, &sql_add, v, sizeof(v) / sizeof(v[0]), id_row, id);

	return err ? err : records_delivery_begin(s, m, *id);
}

int records_message_add(struct records_db *db, const struct records_message *m, const char *request,
			int64_t *id)
{
	const struct store_value v[] = {STORE_I(m->org), STORE_S(request)};
	int64_t made = 0;
	int err = store_begin(db->s);

	if (err)
		return err;
	err = store_run(db->s, &sql_request, v, 2, id_row, &made);
	if (!err && made)
		err = EALREADY;
	if (!err)
		err = message_insert(db->s, m, request, &made);
	if (err)
		store_rollback(db->s);
	else
		err = store_commit(db->s);
	if (!err || err == EALREADY)
		*id = made;
	return err;
}

static int message_there(struct store *s, uint32_t org, int64_t id)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(id)};
	int64_t found = 0;
	int err = store_run(s, &sql_there, v, 2, id_row, &found);

	return !err && !found ? ENOENT : err;
}

int records_message_opened(struct records_db *db, uint32_t org, int64_t id, const char *account,
			   bool recipient, const char *reason, int64_t at_ms)
{
	struct history_item item = {
	    .org = org, .at_ms = at_ms, .by = account, .what = "message_opened", .item = id};
	struct records_receipt receipt = {
	    .org = org, .message = id, .at_ms = at_ms, .kind = "opened", .channel = "console"};
	int err = store_begin(db->s);

	if (err)
		return err;
	TEXT_COPY(receipt.by, account);
	err = recipient ? records_received(db->s, &receipt) : message_there(db->s, org, id);
	if (!err)
		item.after =
		    json_pack("{s:b, s:s}", "recipient", recipient, "reason", reason ? reason : "");
	if (!err)
		err = records_history_write(db->s, &item);
	json_decref(item.after);
	if (!err)
		return store_commit(db->s);
	store_rollback(db->s);
	return err;
}

int records_message_refused(struct records_db *db, uint32_t org, int64_t id, const char *account,
			    const char *reason, int64_t at_ms)
{
	struct history_item item = {
	    .org = org, .at_ms = at_ms, .by = account, .what = "message_refused", .item = id};
	int err = store_begin(db->s);

	if (err)
		return err;
	item.after = json_pack("{s:s}", "reason", reason ? reason : "");
	err = records_history_write(db->s, &item);
	json_decref(item.after);
	if (!err)
		return store_commit(db->s);
	store_rollback(db->s);
	return err;
}

struct day_rows {
	records_day_h *h;
	void *arg;
};

static int day_row(const struct store_row *row, void *arg)
{
	struct day_rows *rows = arg;
	struct records_day d = {
	    .org = (uint32_t)store_row_int(row, 0),
	    .extension = (uint32_t)store_row_int(row, 2),
	    .person = (uint32_t)store_row_int(row, 3),
	    .on = store_row_int(row, 4) != 0,
	    .until_ms = store_row_int(row, 6),
	    .by = (uint32_t)store_row_int(row, 7),
	    .at_ms = store_row_int(row, 8),
	};

	TEXT_COPY(d.set, store_row_text(row, 1));
	TEXT_COPY(d.number, store_row_text(row, 5));
	TEXT_COPY(d.word, store_row_text(row, 9));
	return rows->h(&d, rows->arg);
}

int records_day_load(struct records_db *db, uint32_t org, int64_t at_ms, records_day_h *h,
		     void *arg)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(at_ms)};
	struct day_rows rows = {h, arg};

	return store_run(db->s, &sql_days, v, 2, day_row, &rows);
}
