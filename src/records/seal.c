/*
 * Letting go of the old log. The seal is written first, in the transaction that ends the comparing;
 * from then on what lies before it is nobody's source any more, so that steps may go group by
 * group, each call whole, and a crash between two groups leaves only what the next run takes.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "records/figures.h"
#include "records/priv.h"

#define PAUSE_US 20000 /* between two groups: calls want to be written too */

static const struct store_statement sql_seal = {
    "records_seal", "INSERT INTO sealed (org, until_ms, at_ms, steps) VALUES ($1, $2, $3, 0)"
		    " ON CONFLICT (org) DO UPDATE SET until_ms = excluded.until_ms,"
		    " at_ms = excluded.at_ms WHERE sealed.until_ms < excluded.until_ms"};
static const struct store_statement sql_count = {
    "records_seal_count", "UPDATE sealed SET steps = steps + $2 WHERE org = $1"};
static const struct store_statement sql_drop = {
    "records_seal_drop",
    "DELETE FROM steps WHERE call_no IN (SELECT b.call_no FROM steps b WHERE b.org = $1"
    " AND b.seq = 1 AND b.at_ms < $2 AND b.call_no > 0 AND EXISTS (SELECT 1 FROM calls c"
    " WHERE c.call_no = b.call_no AND c.ended_ms > 0) ORDER BY b.at_ms LIMIT 500)"};

static int differs(const struct records_figure_difference *d, void *arg)
{
	uint64_t *n = arg;

	(*n)++;
	log_error(RECORDS_ROOM,
		  "figure %s of hour %" PRId64 ": %" PRId64 " stands, the log says %" PRId64,
		  records_figure_name(d->figure), d->hour, d->stands, d->should);
	return 0;
}

static int seal_write(struct store *s, const struct records_sealing *w)
{
	const struct store_value v[] = {STORE_I(w->org), STORE_I(w->until_ms), STORE_I(w->at_ms)};
	json_t *after = json_pack("{s:I}", "until_ms", (json_int_t)w->until_ms);
	const struct history_item item = {
	    .org = w->org, .at_ms = w->at_ms, .by = w->by, .what = "sealed", .after = after};
	int err = after ? store_begin(s) : ENOMEM;

	if (err)
		goto out;
	err = store_run(s, &sql_seal, v, 3, NULL, NULL);
	if (!err)
		err = records_history_write(s, &item);
	if (!err)
		err = store_commit(s);
	else
		store_rollback(s);
out:
	json_decref(after);
	return err;
}

static int group_drop(struct store *s, const struct records_sealing *w, uint64_t *steps)
{
	struct store_value v[] = {STORE_I(w->org), STORE_I(w->until_ms)};
	uint64_t gone = 0;
	int err = store_begin(s);

	if (err)
		return err;
	err = store_run(s, &sql_drop, v, 2, NULL, NULL);
	gone = store_changed(s);
	v[1] = STORE_I(gone);
	if (!err)
		err = store_run(s, &sql_count, v, 2, NULL, NULL);
	if (err) {
		store_rollback(s);
		return err;
	}
	err = store_commit(s);
	if (!err)
		*steps = gone;
	return err;
}

int records_seal(struct records_db *db, const struct records_vocabulary *v,
		 const struct records_sealing *sealing, struct records_sealed *out)
{
	struct records_sealing w = *sealing;
	struct records_sealed done = {0};
	uint64_t compared = 0, figures = 0, gone = 1;
	int err;

	w.until_ms -= w.until_ms % RECORDS_HOUR_MS;
	err =
	    records_reconcile_until(db, v, w.org, w.until_ms, w.stop, &done.calls, &done.different);
	if (!err)
		err = records_reconcile_figures(db, w.org, 0, w.until_ms, differs, &figures,
						&compared);
	done.different += figures;
	if (!err && done.different > 0)
		err = EBADMSG;
	if (!err && done.calls > 0)
		err = seal_write(db->s, &w);
	while (!err && gone > 0) {
		if (w.stop && atomic_load(w.stop))
			return ECANCELED;
		err = group_drop(db->s, &w, &gone);
		done.steps += err ? 0 : gone;
		if (!err && gone > 0)
			usleep(PAUSE_US);
	}
	*out = done;
	return err;
}
