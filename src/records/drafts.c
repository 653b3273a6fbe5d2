/* Half-written forms: by the storage thread, so that many of them share a commit. */
#include "records/desk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "records/priv.h"

static const struct store_statement sql_put = {
    "records_draft_put",
    "INSERT INTO drafts (org, call_no, account, at_ms, draft) VALUES ($1, $2, $3, $4, $5)"
    " ON CONFLICT (org, call_no) DO UPDATE SET account = excluded.account,"
    " at_ms = excluded.at_ms, draft = excluded.draft"};
static const struct store_statement sql_drop = {
    "records_draft_drop", "DELETE FROM drafts WHERE org = $1 AND call_no = $2"};
static const struct store_statement sql_old = {
    "records_drafts_old", "DELETE FROM drafts WHERE org = $1 AND at_ms < $2"};
static const struct store_statement sql_load = {
    "records_drafts", "SELECT org, call_no, account, at_ms, draft FROM drafts WHERE org = $1"
		      " ORDER BY at_ms DESC, call_no DESC LIMIT $2"};

int records_write_draft(struct store *s, const struct records_draft *d)
{
	const struct store_value v[] = {STORE_I(d->org), STORE_I(d->call_no), STORE_I(d->account),
					STORE_I(d->at_ms), STORE_S(d->json)};

	return d->json ? store_queue(s, &sql_put, v, 5) : store_queue(s, &sql_drop, v, 2);
}

static void waiter_leave(struct keep_waiter *w)
{
	bool last;

	pthread_mutex_lock(&w->lock);
	last = --w->holders == 0;
	pthread_mutex_unlock(&w->lock);
	if (!last)
		return;
	pthread_cond_destroy(&w->settled);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

void records_keep_over(struct keep *k)
{
	struct keep_waiter *w = k->waiter;

	if (k->kind == KEEP_DRAFT)
		free((char *)k->draft.json);
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->over = true;
	w->ok = k->state == KEEP_DONE;
	pthread_cond_signal(&w->settled);
	pthread_mutex_unlock(&w->lock);
	waiter_leave(w);
}

static int draft_push(struct records *r, const struct records_draft *d, struct keep_waiter *w)
{
	struct keep k = {.kind = KEEP_DRAFT, .state = KEEP_READY, .waiter = w};
	int err;

	k.draft = *d;
	if (d->json) {
		if (strlen(d->json) > RECORDS_DRAFT_BYTES)
			return E2BIG;
		if (!text_utf8_valid(d->json, strlen(d->json)))
			return EINVAL;
		k.draft.json = strdup(d->json);
		if (!k.draft.json)
			return ENOMEM;
	}
	err = ring_push(r->keeps, &k);
	if (err)
		free((char *)k.draft.json);
	return err;
}

int records_draft_push(struct records *r, const struct records_draft *d)
{
	return draft_push(r, d, NULL);
}

static int waiter_new(struct keep_waiter **wp)
{
	struct keep_waiter *w = calloc(1, sizeof(*w));
	pthread_condattr_t attr;

	if (!w)
		return ENOMEM;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->settled, &attr);
	pthread_condattr_destroy(&attr);
	w->holders = 2;
	*wp = w;
	return 0;
}

int records_draft_keep(struct records *r, const struct records_draft *d, uint32_t wait_ms)
{
	int64_t until_ms = clock_mono_ms() + wait_ms;
	const struct timespec until = {until_ms / 1000, (long)(until_ms % 1000) * 1000000};
	struct keep_waiter *w = NULL;
	int err = waiter_new(&w);

	if (err)
		return err;
	err = draft_push(r, d, w);
	if (err) {
		waiter_leave(w);
		waiter_leave(w);
		return err;
	}
	pthread_mutex_lock(&w->lock);
	while (!w->over && !err)
		err = pthread_cond_timedwait(&w->settled, &w->lock, &until);
	if (w->over)
		err = w->ok ? 0 : EIO;
	pthread_mutex_unlock(&w->lock);
	waiter_leave(w);
	return err;
}

struct draft_rows {
	records_draft_h *h;
	void *arg;
};

static int draft_row(const struct store_row *row, void *arg)
{
	struct draft_rows *rows = arg;
	const struct records_draft d = {
	    .org = (uint32_t)store_row_int(row, 0),
	    .call_no = (uint64_t)store_row_int(row, 1),
	    .account = (uint32_t)store_row_int(row, 2),
	    .at_ms = store_row_int(row, 3),
	    .json = store_row_text(row, 4),
	};

	return rows->h(&d, rows->arg);
}

int records_drafts_load(struct records_db *db, uint32_t org, int64_t now_ms, records_draft_h *h,
			void *arg)
{
	const struct store_value old[] = {STORE_I(org), STORE_I(now_ms - RECORDS_DRAFT_KEPT_MS)};
	const struct store_value v[] = {STORE_I(org), STORE_I(RECORDS_DRAFTS)};
	struct draft_rows rows = {h, arg};
	int err = store_run(db->s, &sql_old, old, 2, NULL, NULL);

	return err ? err : store_run(db->s, &sql_load, v, 2, draft_row, &rows);
}
