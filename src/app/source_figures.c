/* Sums of calls for the API: hours gathered into days, weeks and months, Erlang C beside them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/figures.h"

/* The local beginning of the period that an hour lies in. */
static int64_t period_of(int64_t hour, enum api_step step, struct tm *tm)
{
	time_t t = (time_t)(hour * (RECORDS_HOUR_MS / 1000));

	localtime_r(&t, tm);
	if (step == API_STEP_HOUR)
		return (int64_t)t * 1000;
	struct tm from = *tm;

	from.tm_hour = from.tm_min = from.tm_sec = 0;
	from.tm_isdst = -1;
	if (step == API_STEP_WEEK)
		from.tm_mday -= (from.tm_wday + 6) % 7; /* from Monday */
	else if (step == API_STEP_MONTH)
		from.tm_mday = 1;
	return (int64_t)mktime(&from) * 1000;
}

struct gathering {
	struct figures_table *t;
	enum api_step step;
	int64_t period_ms;
	size_t first; /* line of the period */
};

static struct figures_line *line_of(struct gathering *g, int64_t at_ms, int64_t item)
{
	struct figures_table *t = g->t;

	if (g->period_ms != at_ms || t->count == 0) {
		g->period_ms = at_ms;
		g->first = t->count;
	}
	for (size_t i = g->first; i < t->count; i++)
		if (t->line[i].item == item)
			return &t->line[i];
	if (t->count == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 64;
		struct figures_line *more = realloc(t->line, cap * sizeof(*more));

		if (!more)
			return NULL;
		t->line = more;
		t->cap = cap;
	}
	struct figures_line *l = &t->line[t->count++];

	memset(l, 0, sizeof(*l));
	l->at_ms = at_ms;
	l->item = item;
	return l;
}

static void hour_add(struct figures_hour *h, const int64_t v[RECORDS_FIGURE_COUNT])
{
	int64_t offered = v[RECORDS_FIGURE_offered];

	if (offered == 0)
		return;
	h->days++;
	h->offered += offered;
	h->most = offered > h->most ? offered : h->most;
	h->desk_ms += v[RECORDS_FIGURE_desk_ms];
	h->by_operator += v[RECORDS_FIGURE_by_operator];
}

static int on_row(const struct records_figures_row *row, void *arg)
{
	struct gathering *g = arg;
	struct tm tm;
	struct figures_line *l;

	if (g->t->count >= FIGURES_LINES)
		return E2BIG;
	l = line_of(g, period_of(row->hour, g->step, &tm), row->item);
	if (!l)
		return ENOMEM;
	for (unsigned i = 0; i < RECORDS_FIGURE_COUNT; i++) {
		l->v[i] += row->v[i];
		g->t->total[i] += row->v[i];
	}
	hour_add(&g->t->hour[tm.tm_hour], row->v);
	return 0;
}

int figures_gather(struct records_db *db, const struct api_query *q, const struct api_figures *f,
		   struct figures_table *t)
{
	static const enum records_figures_kind kinds[API_BYS] = {
		[API_BY_ALL] = RECORDS_FIGURES_ALL,
		[API_BY_OPERATOR] = RECORDS_FIGURES_OPERATOR,
		[API_BY_DEPARTMENT] = RECORDS_FIGURES_DEPARTMENT,
		[API_BY_LINE] = RECORDS_FIGURES_LINE,
	};
	const struct records_figures_filter filter = {
		.org = q->who.org,
		.from_ms = q->from_ms,
		.to_ms = q->to_ms,
		.kind = kinds[f->by],
		.item = f->item,
	};
	struct gathering g = {.t = t, .step = f->step};

	return records_figures(db, &filter, on_row, &g);
}

void figures_free(struct figures_table *t)
{
	free(t->line);
	t->line = NULL;
}

double figures_hold_s(const struct figures_hour *h)
{
	return h->by_operator ? (double)h->desk_ms / 1000 / (double)h->by_operator : 0;
}

unsigned figures_operators(const struct figures_table *t, const struct figures_hour *h,
			   double offered)
{
	return records_erlang_agents(offered, figures_hold_s(h), t->wait_s, FIGURES_GOAL);
}

const char *figures_item_name(struct app *a, const struct directory *d, enum api_by by,
			      int64_t item)
{
	if (by == API_BY_LINE)
		return live_trunk_name(a, (uint16_t)item);
	if (by == API_BY_ALL || item <= 0)
		return "";
	return live_name(d, by == API_BY_OPERATOR ? (uint32_t)item : 0,
			 by == API_BY_DEPARTMENT ? (uint32_t)item : 0);
}

/* ---- as JSON ---- */

static json_t *sums_json(const int64_t v[RECORDS_FIGURE_COUNT])
{
	json_t *j = json_object();

	for (unsigned i = 0; i < RECORDS_FIGURE_COUNT; i++)
		json_object_set_new(j, records_figure_name((enum records_figure)i),
				    json_integer(v[i]));
	return j;
}

static json_t *hours_json(const struct figures_table *t)
{
	json_t *hours = json_array();

	for (unsigned i = 0; i < FIGURES_HOURS; i++) {
		const struct figures_hour *h = &t->hour[i];
		double mean = h->days ? (double)h->offered / h->days : 0;

		if (h->days == 0)
			continue;
		json_array_append_new(
			hours, json_pack("{s:i,s:i,s:f,s:I,s:f,s:i,s:i}", "hour", (int)i, "days",
					 (int)h->days, "offered", mean, "most",
					 (json_int_t)h->most, "hold_s", figures_hold_s(h),
					 "operators", (int)figures_operators(t, h, mean),
					 "operators_most",
					 (int)figures_operators(t, h, (double)h->most)));
	}
	return hours;
}

static json_t *table_json(struct app *a, const struct directory *d, const struct api_figures *f,
			  const struct figures_table *t, const struct records_message_times *m)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < t->count; i++) {
		const struct figures_line *l = &t->line[i];

		json_array_append_new(
			rows, json_pack("{s:I,s:I,s:s,s:o}", "at_ms", (json_int_t)l->at_ms, "item",
					(json_int_t)l->item, "name",
					figures_item_name(a, d, f->by, l->item), "sums",
					sums_json(l->v)));
	}
	return json_pack("{s:o,s:o,s:o,s:f,s:f,s:{s:I,s:I,s:I,s:I}}", "rows", rows, "total",
			 sums_json(t->total), "hours", hours_json(t), "wait_s", t->wait_s, "goal",
			 FIGURES_GOAL, "messages", "kept", (json_int_t)m->kept, "heard",
			 (json_int_t)m->heard, "median_ms", (json_int_t)m->median_ms, "ninth_ms",
			 (json_int_t)m->ninth_ms);
}

static double clock_s(struct app *a, uint32_t org)
{
	const struct app_org *o = source_org(a, org);
	const struct measures *m = o ? &a->config->measures[o->index] : NULL;

	return m ? (m->rings * (m->ring_on_ms + m->ring_off_ms) - m->ring_off_ms) / 1000.0 : 0;
}

static json_t *range_wrong(const struct api_query *q)
{
	return q->to_ms && q->from_ms >= q->to_ms
		       ? json_pack("{s:s,s:s}", "field", "to_ms", "expected", "> from_ms")
		       : NULL;
}

static int figures(void *arg, const struct api_query *q, json_t **out)
{
	struct app *a = arg;
	const struct api_figures *f = q->more;
	struct figures_table t = {.wait_s = clock_s(a, q->who.org)};
	struct records_message_times times = {0};
	const struct directory *d = NULL;
	struct records_db *db = NULL;
	int err;

	*out = range_wrong(q);
	if (*out)
		return EINVAL;
	err = source_borrow(a, &db);
	if (!err)
		err = figures_gather(db, q, f, &t);
	if (!err)
		err = records_message_times(db, q->who.org, q->from_ms, q->to_ms, &times);
	if (!err) {
		err = source_lock(a, db, q->who.org, &d);
		if (!err)
			*out = table_json(a, d, f, &t, &times);
		source_unlock();
	}
	if (err == E2BIG) {
		*out = json_pack("{s:s,s:s}", "field", "step", "expected", "day week month");
		err = EINVAL;
	}
	records_return(a->records, db);
	figures_free(&t);
	return err;
}

void source_figures_fill(struct api_source *s)
{
	s->figures = figures;
	s->report = app_report;
}
