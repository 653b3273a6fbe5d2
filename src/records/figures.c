#include "records/figures.h"

#include <errno.h>
#include <string.h>

#include "records/priv.h"

#define HAS(bit) ((c->marks & RECORDS_MARK_##bit) != 0)

#define FIGURE(n, name, expr) ", " #name
static const struct store_statement sql_add = {
    "records_figures_add",
    "INSERT INTO figures (org, kind, hour, item"
#include "records/figures.def"
    ") VALUES ($1, $2, $3, $4"
#undef FIGURE
#define FIGURE(n, name, expr) ", $" #n
#include "records/figures.def"
    ") ON CONFLICT (org, kind, hour, item) DO UPDATE SET item = excluded.item"
#undef FIGURE
#define FIGURE(n, name, expr) ", " #name " = figures." #name " + excluded." #name
#include "records/figures.def"
#undef FIGURE
};

static const struct store_statement sql_read = {
    "records_figures_read",
    "SELECT hour, item"
#define FIGURE(n, name, expr) ", " #name
#include "records/figures.def"
#undef FIGURE
    " FROM figures WHERE org = $1 AND kind = $2 AND hour >= $3 AND hour < $4"
    " AND (CAST($5 AS BIGINT) = 0 OR item = $5) ORDER BY hour, item"};

static const struct store_statement sql_times = {
    "records_message_times",
    "SELECT COUNT(*), COALESCE(SUM(CASE WHEN heard_at_ms > 0 THEN 1 ELSE 0 END), 0)"
    " FROM messages WHERE org = $1 AND kept_at_ms >= $2 AND kept_at_ms < $3"};
static const struct store_statement sql_time = {
    "records_message_time",
    "SELECT heard_at_ms - kept_at_ms AS took FROM messages WHERE org = $1 AND kept_at_ms >= $2"
    " AND kept_at_ms < $3 AND heard_at_ms > 0 ORDER BY took LIMIT 1 OFFSET $4"};

const char *records_figure_name(enum records_figure f)
{
	static const char *const names[] = {
#define FIGURE(n, name, expr) #name,
#include "records/figures.def"
#undef FIGURE
	};

	return f < RECORDS_FIGURE_COUNT ? names[f] : "";
}

static void figures_of(const struct records_call *c, int64_t v[RECORDS_FIGURE_COUNT])
{
#define FIGURE(n, name, expr) v[RECORDS_FIGURE_##name] = (expr);
#include "records/figures.def"
#undef FIGURE
}

static int sum_write(struct store *s, const struct records_sum *sum)
{
	struct store_value values[4 + RECORDS_FIGURE_COUNT] = {
	    STORE_I(sum->org), STORE_I(sum->kind), STORE_I(sum->hour), STORE_I(sum->item)};

	for (unsigned i = 0; i < RECORDS_FIGURE_COUNT; i++)
		values[4 + i] = STORE_I(sum->v[i]);
	return store_queue(s, &sql_add, values, 4 + RECORDS_FIGURE_COUNT);
}

int records_figures_flush(struct store *s, struct records_sums *sums)
{
	int err = 0;

	for (unsigned i = 0; i < sums->sum_count && !err; i++)
		err = sum_write(s, &sums->sum[i]);
	sums->sum_count = 0;
	return err;
}

static int sum_add(struct store *s, struct records_sums *sums, const struct records_sum *one)
{
	int err = 0;

	if (!sums)
		return sum_write(s, one);
	for (unsigned i = 0; i < sums->sum_count; i++) {
		struct records_sum *sum = &sums->sum[i];

		if (sum->org != one->org || sum->kind != one->kind || sum->hour != one->hour ||
		    sum->item != one->item)
			continue;
		for (unsigned k = 0; k < RECORDS_FIGURE_COUNT; k++)
			sum->v[k] += one->v[k];
		return 0;
	}
	if (sums->sum_count == RECORDS_SUMS)
		err = records_figures_flush(s, sums);
	sums->sum[sums->sum_count++] = *one;
	return err;
}

int records_write_figures(struct store *s, struct records_sums *sums, const struct records_call *c)
{
	const int64_t items[RECORDS_FIGURES_KINDS] = {
	    [RECORDS_FIGURES_OPERATOR] = c->operator_person,
	    [RECORDS_FIGURES_DEPARTMENT] = c->target_department,
	    [RECORDS_FIGURES_LINE] = c->line,
	};
	struct records_sum one = {.org = c->org, .hour = c->started_ms / RECORDS_HOUR_MS};
	int err = 0;

	figures_of(c, one.v);
	for (unsigned kind = 0; kind < RECORDS_FIGURES_KINDS && !err; kind++) {
		if (kind != RECORDS_FIGURES_ALL && items[kind] == 0)
			continue;
		one.kind = kind;
		one.item = items[kind];
		err = sum_add(s, sums, &one);
	}
	return err;
}

struct rows {
	records_figures_h *h;
	void *arg;
};

static int figures_row(const struct store_row *row, void *arg)
{
	const struct rows *rows = arg;
	struct records_figures_row r = {store_row_int(row, 0), store_row_int(row, 1), {0}};

	for (unsigned i = 0; i < RECORDS_FIGURE_COUNT; i++)
		r.v[i] = store_row_int(row, 2 + i);
	return rows->h(&r, rows->arg);
}

int records_figures(struct records_db *db, const struct records_figures_filter *f,
		    records_figures_h *h, void *arg)
{
	struct rows rows = {h, arg};
	const struct store_value v[] = {
	    STORE_I(f->org),
	    STORE_I(f->kind),
	    STORE_I((f->from_ms + RECORDS_HOUR_MS - 1) / RECORDS_HOUR_MS),
	    STORE_I(f->to_ms ? f->to_ms / RECORDS_HOUR_MS : INT64_MAX),
	    STORE_I(f->item),
	};

	return store_run(db->s, &sql_read, v, 5, figures_row, &rows);
}

static int counts_row(const struct store_row *row, void *arg)
{
	struct records_message_times *t = arg;

	t->kept = (uint64_t)store_row_int(row, 0);
	t->heard = (uint64_t)store_row_int(row, 1);
	return 0;
}

static int time_row(const struct store_row *row, void *arg)
{
	*(int64_t *)arg = store_row_int(row, 0);
	return 0;
}

int records_message_times(struct records_db *db, uint32_t org, int64_t from_ms, int64_t to_ms,
			  struct records_message_times *out)
{
	struct records_message_times t = {0};
	struct store_value v[] = {STORE_I(org), STORE_I(from_ms),
				  STORE_I(to_ms ? to_ms : INT64_MAX), STORE_I(0)};
	int err = store_run(db->s, &sql_times, v, 3, counts_row, &t);

	if (!err && t.heard > 0) {
		v[3] = STORE_I((t.heard - 1) / 2);
		err = store_run(db->s, &sql_time, v, 4, time_row, &t.median_ms);
		v[3] = STORE_I((t.heard * 9 + 9) / 10 - 1);
		if (!err)
			err = store_run(db->s, &sql_time, v, 4, time_row, &t.ninth_ms);
	}
	if (!err)
		*out = t;
	return err;
}
