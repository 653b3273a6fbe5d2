/* Figures gathered into the periods that a person asks for, in local time. */
#ifndef APP_FIGURES_H
#define APP_FIGURES_H

#include "app/source.h"
#include "records/figures.h"

#define FIGURES_LINES 20000 /* of one answer */
#define FIGURES_GOAL  0.95  /* of the callers are to be answered within the ring clock */
#define FIGURES_HOURS 24

struct figures_line {
	int64_t at_ms; /* the period's beginning */
	int64_t item;
	int64_t v[RECORDS_FIGURE_COUNT];
};

/* One hour of the day, over all days on which somebody called in it. */
struct figures_hour {
	unsigned days;
	int64_t offered, most; /* in all; in the busiest of these days */
	int64_t desk_ms, by_operator;
};

struct figures_table {
	struct figures_line *line; /* by period, then by first appearance */
	size_t count, cap;
	int64_t total[RECORDS_FIGURE_COUNT];
	struct figures_hour hour[FIGURES_HOURS];
	double wait_s; /* the ring clock */
};

/* E2BIG: more than FIGURES_LINES. Free with figures_free, whatever the result. */
int figures_gather(struct records_db *db, const struct api_query *q, const struct api_figures *f,
		   struct figures_table *t);
void figures_free(struct figures_table *t);

/* How many operators an hour needs with that many calls, by Erlang C. */
unsigned figures_operators(const struct figures_table *t, const struct figures_hour *h,
			   double offered);
double figures_hold_s(const struct figures_hour *h); /* a call in an operator's hands; 0 unknown */

/* Whose line it is: from the directory or the configuration, "" gone. */
const char *figures_item_name(struct app *a, const struct directory *d, enum api_by by,
			      int64_t item);

/* ---- report.c, report_xlsx.c ---- */
struct report {
	struct app *app;
	struct records_db *db;
	const struct api_query *q;
	const struct api_figures *f;
	const struct directory *directory;
	const char *company;
	struct figures_table days, operators, departments, lines; /* of figures */
	struct records_message_times times;
};
const char *report_text(const struct report *r, const char *key);
const char *report_figure_text(const struct report *r, enum records_figure f);
/* 2026-10-29, 10-29 10:41 … in local time; out has room for 24. */
void report_time(int64_t ms, const char *format, char *out);
/* The figures that a page has room for, in order. */
extern const enum records_figure report_figures[];
extern const unsigned report_figure_count;
#define REPORT_HEADS 13
extern const char *const report_heads[REPORT_HEADS]; /* of call records: keys of lang/ */
int report_xlsx_figures(const struct report *r, struct api_file_out *out);
int report_xlsx_records(const struct report *r, unsigned most, struct api_file_out *out,
			json_t **wrong);

#endif
