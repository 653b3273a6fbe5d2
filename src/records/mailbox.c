#include "records/mailbox.h"

#include <errno.h>

#include "records/priv.h"

static const struct store_statement sql_count = {
    "records_box_count", "SELECT COUNT(*) FROM messages WHERE org = $1 AND for_person = $2"
			 " AND heard_at_ms = 0 AND gone_ms = 0"};
static const struct store_statement sql_new = {
    "records_box_new",
    "SELECT id FROM messages WHERE org = $1 AND for_person = $2 AND urgency = $3 AND id > $4"
    " AND heard_at_ms = 0 AND gone_ms = 0 ORDER BY id LIMIT 1"};
static const struct store_statement sql_kept = {
    "records_box_kept",
    "SELECT id FROM messages WHERE org = $1 AND for_person = $2 AND id < $3"
    " AND gone_ms = 0 AND heard_at_ms > 0 AND heard_at_ms < $4 ORDER BY id DESC LIMIT 1"};
static const struct store_statement sql_own = {
    "records_box_own",
    "SELECT id FROM messages WHERE org = $1 AND for_person = $2 AND id = $3 AND gone_ms = 0"};
static const struct store_statement sql_away = {
    "records_box_away", "UPDATE messages SET gone_ms = $4"
			" WHERE org = $1 AND for_person = $2 AND id = $3 AND gone_ms = 0"};

static int number_row(const struct store_row *row, void *arg)
{
	*(int64_t *)arg = store_row_int(row, 0);
	return 0;
}

int records_box_count(struct records_db *db, uint32_t org, uint32_t person, uint32_t *count)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(person)};
	int64_t n = 0;
	int err = store_run(db->s, &sql_count, v, 2, number_row, &n);

	if (!err)
		*count = (uint32_t)n;
	return err;
}

static int stage_next(struct store *s, const struct records_box_at *at, int64_t after, int64_t *id)
{
	const int64_t urgency = at->stage == RECORDS_BOX_URGENT ? RECORDS_URGENT : RECORDS_ORDINARY;
	const struct store_value fresh[] = {STORE_I(at->org), STORE_I(at->person), STORE_I(urgency),
					    STORE_I(after)};
	const struct store_value kept[] = {STORE_I(at->org), STORE_I(at->person),
					   STORE_I(after ? after : INT64_MAX),
					   STORE_I(at->since_ms)};

	return at->stage == RECORDS_BOX_KEPT ? store_run(s, &sql_kept, kept, 4, number_row, id)
					     : store_run(s, &sql_new, fresh, 4, number_row, id);
}

int records_box_next(struct records_db *db, const struct records_box_at *at,
		     struct records_message *out, enum records_box *stage)
{
	struct records_box_at here = *at;
	int64_t id = 0;
	int err = 0;

	for (; here.stage < RECORDS_BOX_STAGES && !id && !err; here.stage++) {
		err = stage_next(db->s, &here, here.stage == at->stage ? at->message : 0, &id);
		if (id)
			*stage = here.stage;
	}
	if (!err && !id)
		err = ENOENT;
	return err ? err : records_message_get(db, at->org, id, out);
}

int records_box_again(struct records_db *db, const struct records_box_at *at,
		      struct records_message *out)
{
	const struct store_value v[] = {STORE_I(at->org), STORE_I(at->person),
					STORE_I(at->message)};
	int64_t id = 0;
	int err = store_run(db->s, &sql_own, v, 3, number_row, &id);

	if (!err && !id)
		err = ENOENT;
	return err ? err : records_message_get(db, at->org, id, out);
}

static int end(struct store *s, int err)
{
	if (!err)
		return store_commit(s);
	store_rollback(s);
	return err;
}

int records_box_opened(struct records_db *db, const struct records_box_act *a)
{
	struct history_item item = {.org = a->org,
				    .at_ms = a->at_ms,
				    .by = a->by,
				    .what = "message_opened",
				    .item = a->message};
	int err = store_begin(db->s);

	if (err)
		return err;
	item.after = json_pack("{s:b, s:s}", "recipient", true, "channel", "phone");
	err = item.after ? records_history_write(db->s, &item) : ENOMEM;
	json_decref(item.after);
	return end(db->s, err);
}

/* In a transaction. */
static int received(struct store *s, const struct records_box_act *a, const char *kind)
{
	struct records_receipt r = {.org = a->org, .message = a->message, .at_ms = a->at_ms};

	TEXT_COPY(r.kind, kind);
	TEXT_COPY(r.channel, "phone");
	TEXT_COPY(r.by, a->by);
	return records_received(s, &r);
}

int records_box_heard(struct records_db *db, const struct records_box_act *a)
{
	const struct store_value v[] = {STORE_I(a->org), STORE_I(a->person), STORE_I(a->message)};
	int64_t id = 0;
	int err = store_begin(db->s);

	if (err)
		return err;
	err = store_run(db->s, &sql_own, v, 3, number_row, &id);
	if (!err && !id)
		err = ENOENT;
	return end(db->s, err ? err : received(db->s, a, "heard"));
}

int records_box_put_away(struct records_db *db, const struct records_box_act *a)
{
	const struct store_value v[] = {STORE_I(a->org), STORE_I(a->person), STORE_I(a->message),
					STORE_I(a->at_ms)};
	int err = store_begin(db->s);

	if (err)
		return err;
	err = store_run(db->s, &sql_away, v, 4, NULL, NULL);
	if (!err && store_changed(db->s) == 0)
		err = ENOENT;
	return end(db->s, err ? err : received(db->s, a, "deleted"));
}
