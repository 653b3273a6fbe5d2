/* Who changed what, when: the same table for the directory, accounts and opened messages. */
#include "records/directory.h"

#include <errno.h>
#include <stdlib.h>

#include "records/priv.h"
#include "records/query.h"

static const struct store_statement sql_write = {
    "records_history_write",
    "INSERT INTO history (org, at_ms, changed_by, what, item, before_json, after_json)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7)"};
static const struct store_statement sql_read = {
    "records_history_read",
    "SELECT id, org, at_ms, changed_by, what, item, before_json, after_json FROM history"
    " WHERE org = $1 AND (CAST($2 AS BIGINT) = 0 OR id < $2)"
    " AND (CAST($3 AS TEXT) = '' OR what = $3) AND (CAST($4 AS BIGINT) = 0 OR item = $4)"
    " ORDER BY id DESC LIMIT $5"};

int records_history_write(struct store *s, const struct history_item *h)
{
	char *before = h->before ? json_dumps(h->before, JSON_COMPACT) : NULL;
	char *after = h->after ? json_dumps(h->after, JSON_COMPACT) : NULL;
	const struct store_value v[] = {
	    STORE_I(h->org),  STORE_I(h->at_ms), STORE_S(h->by), STORE_S(h->what),
	    STORE_I(h->item), STORE_S(before),	 STORE_S(after),
	};
	int err = (h->before && !before) || (h->after && !after) ? ENOMEM : 0;

	if (!err)
		err = store_queue(s, &sql_write, v, sizeof(v) / sizeof(v[0]));
	free(before);
	free(after);
	return err;
}

struct change_rows {
	records_change_h *h;
	void *arg;
};

static int change_row(const struct store_row *row, void *arg)
{
	struct change_rows *rows = arg;
	const struct records_change c = {
	    .id = store_row_int(row, 0),
	    .org = (uint32_t)store_row_int(row, 1),
	    .at_ms = store_row_int(row, 2),
	    .by = store_row_text(row, 3),
	    .what = store_row_text(row, 4),
	    .item = store_row_int(row, 5),
	    .before = store_row_text(row, 6),
	    .after = store_row_text(row, 7),
	};

	return rows->h(&c, rows->arg);
}

int records_history_find(struct records_db *db, const struct records_history_filter *f,
			 records_change_h *h, void *arg)
{
	const unsigned limit =
	    f->limit == 0 || f->limit > RECORDS_PAGE_MAX ? RECORDS_PAGE_MAX : f->limit;
	const struct store_value v[] = {STORE_I(f->org), STORE_I(f->before_id),
					STORE_S(f->what ? f->what : ""), STORE_I(f->item),
					STORE_I(limit)};
	struct change_rows rows = {h, arg};

	return store_run(db->s, &sql_read, v, 5, change_row, &rows);
}

int records_history(struct records_db *db, uint32_t org, int64_t before_id, unsigned limit,
		    records_change_h *h, void *arg)
{
	const struct records_history_filter f = {
	    .org = org, .before_id = before_id, .limit = limit};

	return records_history_find(db, &f, h, arg);
}
