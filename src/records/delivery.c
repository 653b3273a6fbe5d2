/* The outbox: planned with the message, worked off by app. */
#include "records/delivery.h"

#include <errno.h>
#include <string.h>

#include "records/priv.h"

#define WAY_COLUMNS                                                                                \
	"id, org, message, seq, person, department, channel, address, state, attempts, due_ms"

static const struct store_statement sql_clock_ways = {
    "records_clock_ways",
    "UPDATE outbox SET due_ms = due_ms + CAST($1 AS BIGINT) WHERE state = 0 AND message IN"
    " (SELECT id FROM messages WHERE heard_at_ms = 0 AND (kept_at_ms < $2 OR kept_at_ms > $3))"};
static const struct store_statement sql_clock_stages = {
    "records_clock_stages",
    "UPDATE messages SET stage_due_ms = CASE WHEN stage_due_ms > 0"
    " THEN stage_due_ms + CAST($1 AS BIGINT) ELSE 0 END, deadline_ms = CASE WHEN deadline_ms > 0"
    " THEN deadline_ms + $1 ELSE 0 END WHERE heard_at_ms = 0"
    " AND (kept_at_ms < $2 OR kept_at_ms > $3)"};
static const struct store_statement sql_person = {
    "records_reached_person", "SELECT mail, wecom, dingtalk, feishu, webhook, '', deliver, name,"
			      " COALESCE((SELECT number FROM extensions e WHERE e.org = people.org"
			      " AND e.id = people.extension), '')"
			      " FROM people WHERE org = $1 AND id = $2"};
static const struct store_statement sql_department = {
    "records_reached_department", "SELECT mail, '', '', '', webhook, robot, deliver, name, ''"
				  " FROM departments WHERE org = $1 AND id = $2"};
static const struct store_statement sql_plan = {
    "records_outbox_plan",
    "INSERT INTO outbox (org, message, seq, person, department, channel, address, state,"
    " attempts, due_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8)"};
static const struct store_statement sql_due = {
    "records_outbox_due",
    "SELECT " WAY_COLUMNS " FROM outbox WHERE org = $1 AND state = 0 AND channel = $2"
    " AND due_ms <= $3 ORDER BY due_ms, id LIMIT $4"};
static const struct store_statement sql_get = {"records_outbox_get",
					       "SELECT " WAY_COLUMNS " FROM outbox WHERE id = $1"};
static const struct store_statement sql_of = {
    "records_outbox_of",
    "SELECT " WAY_COLUMNS " FROM outbox WHERE org = $1 AND message = $2 ORDER BY seq, id"};
static const struct store_statement sql_try = {
    "records_attempt",
    "INSERT INTO attempts (outbox, at_ms, outcome, detail) VALUES ($1, $2, $3, $4)"};
static const struct store_statement sql_settle = {
    "records_outbox_settle",
    "UPDATE outbox SET attempts = attempts + 1, due_ms = $3,"
    " state = CASE WHEN state = 0 THEN CAST($2 AS BIGINT) ELSE state END WHERE id = $1"};
/* The first of those that wait for their turn. */
static const struct store_statement sql_turn = {
    "records_outbox_turn",
    "UPDATE outbox SET due_ms = $2 WHERE state = 0 AND due_ms > $2 AND attempts = 0"
    " AND message = $1 AND seq = (SELECT MIN(o.seq) FROM outbox o WHERE o.message = $1"
    " AND o.state = 0 AND o.attempts = 0 AND o.channel <> 'page')"};
static const struct store_statement sql_no_way = {
    "records_stage_no_way",
    "UPDATE messages SET stage_due_ms = $2 WHERE id = $1 AND stage = 0 AND NOT EXISTS"
    " (SELECT 1 FROM outbox WHERE message = $1 AND state IN (0, 1))"};
static const struct store_statement sql_postpone = {
    "records_outbox_postpone", "UPDATE outbox SET due_ms = $2 WHERE id = $1 AND state = 0"};
static const struct store_statement sql_end = {
    "records_outbox_end", "UPDATE outbox SET state = 3 WHERE message = $1 AND state = 0"};
static const struct store_statement sql_attempts = {
    "records_attempts",
    "SELECT a.outbox, a.at_ms, a.outcome, a.detail FROM attempts a JOIN outbox o"
    " ON o.id = a.outbox WHERE o.org = $1 AND o.message = $2 ORDER BY a.id LIMIT 500"};
static const struct store_statement sql_message = {
    "records_delivery_message",
    "SELECT for_person, for_department, copy_department, heard_at_ms FROM messages"
    " WHERE org = $1 AND id = $2"};
static const struct store_statement sql_page = {
    "records_page_waiting",
    "SELECT id FROM outbox WHERE org = $1 AND state = 0 AND channel = 'page' AND person = $2"
    " AND message BETWEEN $3 AND $4 ORDER BY id LIMIT $5"};
static const struct store_statement sql_owners = {
    "records_mail_owners", "SELECT org, id, name, mail FROM people WHERE LOWER(mail) = LOWER($1)"
			   " AND mail <> '' AND name <> '' ORDER BY org, id LIMIT $2"};
static const struct store_statement sql_seq = {
    "records_outbox_seq", "SELECT COALESCE(MAX(seq), 0) FROM outbox WHERE message = $1"};

const char *records_way_state_name(enum records_way_state s)
{
	static const char *const names[] = {"waiting", "delivered", "failed", "ended"};

	return names[s];
}

/* --- planning --- */

struct found {
	bool there;
	struct records_reached r;
};

static int reached_row(const struct store_row *row, void *arg)
{
	struct found *f = arg;

	/* A post that nobody holds has no name, and nobody to read a message. */
	f->there = store_row_text(row, 7)[0] != '\0';
	TEXT_COPY(f->r.mail, store_row_text(row, 0));
	TEXT_COPY(f->r.wecom, store_row_text(row, 1));
	TEXT_COPY(f->r.dingtalk, store_row_text(row, 2));
	TEXT_COPY(f->r.feishu, store_row_text(row, 3));
	TEXT_COPY(f->r.webhook, store_row_text(row, 4));
	TEXT_COPY(f->r.robot, store_row_text(row, 5));
	TEXT_COPY(f->r.deliver, store_row_text(row, 6));
	TEXT_COPY(f->r.call, store_row_text(row, 8));
	return 0;
}

static const char *address_of(const struct records_reached *r, const char *channel)
{
	if (text_eq(channel, "page"))
		return "page"; /* everybody has one */
	if (text_eq(channel, "mail"))
		return r->mail;
	if (text_eq(channel, "wecom"))
		return r->wecom;
	if (text_eq(channel, "dingtalk"))
		return r->dingtalk;
	if (text_eq(channel, "feishu"))
		return r->feishu;
	if (text_eq(channel, "call"))
		return r->call;
	if (text_eq(channel, "robot"))
		return r->robot;
	return text_eq(channel, "webhook") ? r->webhook : "";
}

/* One way of a plan, the first of which is due at once. */
static int way_add(struct store *s, const struct delivery_plan *p, unsigned nth,
		   const char *channel, const char *address)
{
	const struct store_value v[] = {
	    STORE_I(p->org),
	    STORE_I(p->message),
	    STORE_I(p->first_seq + nth),
	    STORE_I(p->person),
	    STORE_I(p->department),
	    STORE_S(channel),
	    STORE_S(address),
	    STORE_I(p->at_ms + (int64_t)nth * p->next_way_ms),
	};

	return store_queue(s, &sql_plan, v, sizeof(v) / sizeof(v[0]));
}

int records_delivery_plan(struct store *s, const struct delivery_plan *p, unsigned *count,
			  bool *there)
{
	static const char every_way[] = "wecom dingtalk feishu robot mail webhook";
	const struct store_value v[] = {STORE_I(p->org),
					STORE_I(p->person ? p->person : p->department)};
	struct found f = {0};
	const char *word = every_way;
	unsigned n = 0;
	int err = store_run(s, p->person ? &sql_person : &sql_department, v, 2, reached_row, &f);

	if (f.r.deliver[0])
		word = f.r.deliver;
	while (!err && f.there && *word) {
		char channel[RECORDS_CHANNEL];
		size_t len = strcspn(word, " ");
		const char *address;

		(void)text_copy_n(channel, sizeof(channel), word, len);
		address = address_of(&f.r, channel);
		if (address[0])
			err = way_add(s, p, n++, channel, address);
		word += len + (word[len] == ' ');
	}
	*count = n;
	*there = f.there;
	return err;
}

int records_delivery_begin(struct store *s, const struct records_message *m, int64_t id)
{
	struct delivery_plan p = {.org = m->org,
				  .message = id,
				  .person = m->for_person,
				  .department = m->for_department,
				  .next_way_ms = m->next_way_ms,
				  .at_ms = m->kept_at_ms};
	unsigned count = 0;
	bool there = false, copy = false;
	const struct store_value v[] = {STORE_I(id), STORE_I(m->kept_at_ms)};
	int err = records_delivery_plan(s, &p, &count, &there);

	if (!err && m->copy_department && m->copy_department != m->for_department) {
		p.person = 0;
		p.department = m->copy_department;
		p.first_seq = count;
		err = records_delivery_plan(s, &p, &count, &copy);
	}
	/* Whoever isn't in the directory can't read it: it is the desk's at once. */
	if (!err && !there && m->deadline_ms)
		err = store_queue(s, &sql_no_way, v, 2);
	return err;
}

/* --- working it off --- */

struct way_rows {
	records_way_h *h;
	void *arg;
};

static int way_row(const struct store_row *row, void *arg)
{
	struct way_rows *rows = arg;
	struct records_way w = {
	    .id = store_row_int(row, 0),
	    .org = (uint32_t)store_row_int(row, 1),
	    .message = store_row_int(row, 2),
	    .seq = (uint32_t)store_row_int(row, 3),
	    .person = (uint32_t)store_row_int(row, 4),
	    .department = (uint32_t)store_row_int(row, 5),
	    .state = (enum records_way_state)(store_row_int(row, 8) & 3),
	    .attempts = (uint32_t)store_row_int(row, 9),
	    .due_ms = store_row_int(row, 10),
	};

	TEXT_COPY(w.channel, store_row_text(row, 6));
	TEXT_COPY(w.address, store_row_text(row, 7));
	return rows->h(&w, rows->arg);
}

int records_delivery_clock(struct records_db *db, int64_t by_ms, int64_t from_ms, int64_t to_ms)
{
	const struct store_value v[] = {STORE_I(by_ms), STORE_I(from_ms), STORE_I(to_ms)};
	int err = store_begin(db->s);

	if (err)
		return err;
	err = store_run(db->s, &sql_clock_ways, v, 3, NULL, NULL);
	if (!err)
		err = store_run(db->s, &sql_clock_stages, v, 3, NULL, NULL);
	if (!err)
		return store_commit(db->s);
	store_rollback(db->s);
	return err;
}

int records_outbox_due(struct records_db *db, uint32_t org, const char *channel, int64_t now_ms,
		       unsigned limit, records_way_h *h, void *arg)
{
	const struct store_value v[] = {STORE_I(org), STORE_S(channel), STORE_I(now_ms),
					STORE_I(limit)};
	struct way_rows rows = {h, arg};

	return store_run(db->s, &sql_due, v, 4, way_row, &rows);
}

static int way_take(const struct records_way *w, void *arg)
{
	*(struct records_way *)arg = *w;
	return 0;
}

static int way_get(struct store *s, int64_t id, struct records_way *out)
{
	const struct store_value v = STORE_I(id);
	struct records_way w = {0};
	struct way_rows rows = {way_take, &w};
	int err = store_run(s, &sql_get, &v, 1, way_row, &rows);

	if (!err && !w.id)
		err = ENOENT;
	if (!err)
		*out = w;
	return err;
}

int records_outbox_get(struct records_db *db, int64_t id, struct records_way *out)
{
	return way_get(db->s, id, out);
}

int records_outbox_of(struct records_db *db, uint32_t org, int64_t message, records_way_h *h,
		      void *arg)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(message)};
	struct way_rows rows = {h, arg};

	return store_run(db->s, &sql_of, v, 2, way_row, &rows);
}

static int end(struct store *s, int err)
{
	if (!err)
		return store_commit(s);
	store_rollback(s);
	return err;
}

static int settle(struct store *s, const struct records_try *t)
{
	const struct store_value tried[] = {STORE_I(t->id), STORE_I(t->at_ms), STORE_S(t->outcome),
					    STORE_S(t->detail)};
	const struct store_value now[] = {STORE_I(t->id), STORE_I(t->state), STORE_I(t->next_ms)};
	struct records_way w;
	int err = way_get(s, t->id, &w);

	if (err)
		return err;
	err = store_queue(s, &sql_try, tried, 4);
	if (!err)
		err = store_queue(s, &sql_settle, now, 3);
	if (!err && t->state == RECORDS_WAY_DELIVERED) {
		struct records_receipt r = {
		    .org = w.org, .message = w.message, .at_ms = t->at_ms, .kind = "delivered"};

		TEXT_COPY(r.channel, w.channel);
		TEXT_COPY(r.note, w.address);
		err = records_receipt_write(s, &r);
	} else if (!err && t->state == RECORDS_WAY_FAILED) {
		const struct store_value v[] = {STORE_I(w.message), STORE_I(t->at_ms)};

		err = store_queue(s, &sql_turn, v, 2);
		if (!err)
			err = store_queue(s, &sql_no_way, v, 2);
	}
	return err;
}

int records_outbox_settle(struct records_db *db, const struct records_try *t)
{
	int err = store_begin(db->s);

	return err ? err : end(db->s, settle(db->s, t));
}

int records_outbox_postpone(struct records_db *db, int64_t id, int64_t due_ms)
{
	const struct store_value v[] = {STORE_I(id), STORE_I(due_ms)};

	return store_run(db->s, &sql_postpone, v, 2, NULL, NULL);
}

/* --- the own page --- */

#define PAGE_BATCH 200

struct page_rows {
	int64_t id[PAGE_BATCH];
	unsigned count;
};

static int page_row(const struct store_row *row, void *arg)
{
	struct page_rows *p = arg;

	if (p->count < PAGE_BATCH)
		p->id[p->count++] = store_row_int(row, 0);
	return 0;
}

int records_page_shown(struct records_db *db, uint32_t org, uint32_t person, int64_t from_id,
		       int64_t to_id, int64_t at_ms, unsigned *count)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(person), STORE_I(from_id),
					STORE_I(to_id), STORE_I(PAGE_BATCH)};
	struct records_try t = {.at_ms = at_ms, .state = RECORDS_WAY_DELIVERED, .outcome = "ok"};
	struct page_rows p = {.count = 0};
	int err = store_run(db->s, &sql_page, v, 5, page_row, &p);

	if (!err && p.count) {
		err = store_begin(db->s);
		for (unsigned i = 0; i < p.count && !err; i++) {
			t.id = p.id[i];
			err = settle(db->s, &t);
		}
		err = end(db->s, err);
	}
	if (!err && count)
		*count = p.count;
	return err;
}

int records_reached_get(struct records_db *db, uint32_t org, uint32_t person,
			struct records_reached *out)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(person)};
	struct found f = {0};
	int err = store_run(db->s, &sql_person, v, 2, reached_row, &f);

	if (!err && !f.there)
		err = ENOENT;
	if (!err)
		*out = f.r;
	return err;
}

struct owner_rows {
	records_owner_h *h;
	void *arg;
};

static int owner_row(const struct store_row *row, void *arg)
{
	struct owner_rows *rows = arg;
	struct records_owner o = {.org = (uint32_t)store_row_int(row, 0),
				  .person = (uint32_t)store_row_int(row, 1)};

	TEXT_COPY(o.name, store_row_text(row, 2));
	TEXT_COPY(o.mail, store_row_text(row, 3));
	return rows->h(&o, rows->arg);
}

int records_mail_owners(struct records_db *db, const char *mail, records_owner_h *h, void *arg)
{
	const struct store_value v[] = {STORE_S(mail), STORE_I(RECORDS_OWNERS)};
	struct owner_rows rows = {h, arg};

	return store_run(db->s, &sql_owners, v, 2, owner_row, &rows);
}

struct try_rows {
	records_try_h *h;
	void *arg;
};

static int try_row(const struct store_row *row, void *arg)
{
	struct try_rows *rows = arg;
	struct records_try t = {.id = store_row_int(row, 0), .at_ms = store_row_int(row, 1)};

	TEXT_COPY(t.outcome, store_row_text(row, 2));
	TEXT_COPY(t.detail, store_row_text(row, 3));
	return rows->h(&t, rows->arg);
}

int records_attempts(struct records_db *db, uint32_t org, int64_t message, records_try_h *h,
		     void *arg)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(message)};
	struct try_rows rows = {h, arg};

	return store_run(db->s, &sql_attempts, v, 2, try_row, &rows);
}

/* --- again --- */

struct whose {
	bool there;
	uint32_t person, department, copy;
	int64_t heard_ms;
};

static int whose_row(const struct store_row *row, void *arg)
{
	struct whose *o = arg;

	o->there = true;
	o->person = (uint32_t)store_row_int(row, 0);
	o->department = (uint32_t)store_row_int(row, 1);
	o->copy = (uint32_t)store_row_int(row, 2);
	o->heard_ms = store_row_int(row, 3);
	return 0;
}

static int seq_row(const struct store_row *row, void *arg)
{
	*(uint32_t *)arg = (uint32_t)store_row_int(row, 0) + 1;
	return 0;
}

int records_delivery_more(struct store *s, struct delivery_plan *p)
{
	const struct store_value v = STORE_I(p->message);
	unsigned count = 0;
	bool there = false;
	int err = store_run(s, &sql_seq, &v, 1, seq_row, &p->first_seq);

	return err ? err : records_delivery_plan(s, p, &count, &there);
}

static int again(struct store *s, struct delivery_plan *p, const char *by)
{
	const struct store_value v[] = {STORE_I(p->org), STORE_I(p->message)};
	struct records_receipt r = {
	    .org = p->org, .message = p->message, .at_ms = p->at_ms, .kind = "again"};
	struct whose o = {0};
	int err = store_run(s, &sql_message, v, 2, whose_row, &o);

	if (!err && (!o.there || o.heard_ms))
		err = o.there ? EALREADY : ENOENT;
	if (!err)
		err = store_queue(s, &sql_end, &v[1], 1);
	p->person = o.person;
	p->department = o.department;
	if (!err)
		err = records_delivery_more(s, p);
	TEXT_COPY(r.by, by);
	return err ? err : records_receipt_write(s, &r);
}

int records_delivery_again(struct records_db *db, uint32_t org, int64_t message, const char *by,
			   int64_t at_ms)
{
	struct delivery_plan p = {.org = org, .message = message, .at_ms = at_ms};
	int err = store_begin(db->s);

	return err ? err : end(db->s, again(db->s, &p, by));
}
