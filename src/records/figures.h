/*
 * Figures of calls (A3.7): sums an hour, of all calls, by operator, by department, by line. A call
 * counts in the hour in which it began, once it has ended; the row is written in the transaction
 * that writes its end, so the sums are never behind the records nor before them.
 */
#ifndef RECORDS_FIGURES_H
#define RECORDS_FIGURES_H

#include "records/query.h"

#define RECORDS_HOUR_MS 3600000

enum records_figure {
#define FIGURE(n, name, expr) RECORDS_FIGURE_##name,
#include "records/figures.def"
#undef FIGURE
	RECORDS_FIGURE_COUNT
};
const char *records_figure_name(enum records_figure f); /* "offered" … */

/* By what the calls are told apart: item is the person, department or trunk. */
enum records_figures_kind {
	RECORDS_FIGURES_ALL, /* item 0 */
	RECORDS_FIGURES_OPERATOR,
	RECORDS_FIGURES_DEPARTMENT,
	RECORDS_FIGURES_LINE,
	RECORDS_FIGURES_KINDS
};

struct records_figures_row {
	int64_t hour; /* since 1970, UTC */
	int64_t item;
	int64_t v[RECORDS_FIGURE_COUNT];
};

struct records_figures_filter {
	uint32_t org;
	int64_t from_ms, to_ms; /* whole hours: the rest of an hour is left out */
	enum records_figures_kind kind;
	int64_t item; /* 0 all of them */
};
typedef int(records_figures_h)(const struct records_figures_row *row, void *arg);
/* A row an hour and item in which there were calls, by hour. Errors as in store.h. */
int records_figures(struct records_db *db, const struct records_figures_filter *f,
		    records_figures_h *h, void *arg);

/* What became of the messages kept in [from, to). Times in ms from kept to first heard by whom it
 * is for; 0 when none was. */
struct records_message_times {
	uint64_t kept, heard;
	int64_t median_ms, ninth_ms; /* half of those heard were by then, nine of ten */
};
int records_message_times(struct records_db *db, uint32_t org, int64_t from_ms, int64_t to_ms,
			  struct records_message_times *out);

/*
 * Erlang C: how many operators calls of hold_s seconds, offered_per_hour of them, need so that the
 * share goal (0 to 1) of them is answered within wait_s. 0 when nobody calls; RECORDS_AGENTS_MAX
 * when more would be needed.
 */
#define RECORDS_AGENTS_MAX 200
unsigned records_erlang_agents(double offered_per_hour, double hold_s, double wait_s, double goal);
/* The share answered within wait_s by that many; 0 when the calls never cease to pile up. */
double records_erlang_served(unsigned agents, double offered_per_hour, double hold_s,
			     double wait_s);

/*
 * Figures and call records against the event log. `records_reconcile` folds anew; these recompute
 * by SQL of their own, which shares nothing with the fold.
 */
struct records_figure_difference {
	enum records_figures_kind kind;
	int64_t hour, item;
	enum records_figure figure;
	int64_t stands, should; /* in the table; by the log */
};
typedef int(records_figure_difference_h)(const struct records_figure_difference *d, void *arg);
/* [from, to) in whole hours; what was sealed is left out. *compared: figures looked at. */
int records_reconcile_figures(struct records_db *db, uint32_t org, int64_t from_ms, int64_t to_ms,
			      records_figure_difference_h *h, void *arg, uint64_t *compared);

/* Makes call records, terms and figures of what the log still has anew; the switchboard must be
 * stopped. *calls: how many. */
int records_rebuild(struct records_db *db, const struct records_vocabulary *v, uint64_t *calls);

/*
 * Seals the log before until_ms (in whole hours): compares records and figures with it, and only
 * when all are equal deletes the steps of the calls that began before it and have ended; records
 * and figures stay. It may be broken off at any moment and begun again. `by` and at_ms for the
 * history. EBADMSG: something differs (*different), nothing is deleted.
 */
struct records_sealing {
	uint32_t org;
	int64_t until_ms, at_ms;
	const char *by;
	const atomic_bool *stop; /* NULL, or ECANCELED when it becomes true */
};
struct records_sealed {
	uint64_t calls, different; /* compared; of these, and of figures */
	uint64_t steps;		   /* deleted */
};
int records_seal(struct records_db *db, const struct records_vocabulary *v,
		 const struct records_sealing *s, struct records_sealed *out);

#endif
