/*
 * Reports as files: the month on one page, and call records. As CSV (UTF-8 with its mark, which
 * spreadsheets want) and as XLSX. A name that a spreadsheet would take for a formula has a ' before
 * it in CSV; in XLSX every name is a text cell.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/figures.h"

#define RECORDS_MOST 50000 /* in one file */

const enum records_figure report_figures[] = {
	RECORDS_FIGURE_calls,	  RECORDS_FIGURE_offered,   RECORDS_FIGURE_within,
	RECORDS_FIGURE_attendant, RECORDS_FIGURE_given_up,  RECORDS_FIGURE_otherwise,
	RECORDS_FIGURE_automatic, RECORDS_FIGURE_connected, RECORDS_FIGURE_busy,
	RECORDS_FIGURE_no_answer, RECORDS_FIGURE_returned,  RECORDS_FIGURE_messages,
	RECORDS_FIGURE_complaints, RECORDS_FIGURE_enquiries, RECORDS_FIGURE_long_calls,
};
const char *const report_heads[REPORT_HEADS] = {
	"report.no",	   "report.time",   "report.number",  "report.name",	  "report.dialled",
	"report.chosen",   "report.target", "report.outcome", "report.direction", "report.clause",
	"report.ring",	   "report.answer_s", "report.talk_s"};
const unsigned report_figure_count = sizeof(report_figures) / sizeof(report_figures[0]);

const char *report_text(const struct report *r, const char *key)
{
	return catalogue_text(r->app->catalogue, r->q->lang, key);
}

const char *report_figure_text(const struct report *r, enum records_figure f)
{
	char key[64] = "";

	(void)text_append(key, sizeof(key), "figure.%s", records_figure_name(f));
	return report_text(r, key);
}

void report_time(int64_t ms, const char *format, char *out)
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	localtime_r(&t, &tm);
	if (strftime(out, 24, format, &tm) == 0)
		out[0] = '\0';
}

/* ---- CSV ---- */

static void csv_text(FILE *f, const char *text)
{
	fputc('"', f);
	if (strchr("=+-@\t\r", text[0]) && text[0])
		fputc('\'', f);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', f);
		fputc(*text, f);
	}
	fputc('"', f);
}

static void csv_lines(FILE *f, const struct report *r, const struct figures_table *t,
		      enum api_by by)
{
	char day[24];

	for (size_t i = 0; i < t->count; i++) {
		const struct figures_line *l = &t->line[i];

		report_time(l->at_ms, "%Y-%m-%d", day);
		fprintf(f, "%s,", day);
		csv_text(f, figures_item_name(r->app, r->directory, by, l->item));
		for (unsigned k = 0; k < RECORDS_FIGURE_COUNT; k++)
			fprintf(f, ",%lld", (long long)l->v[k]);
		fputs("\r\n", f);
	}
}

static void csv_figures(FILE *f, const struct report *r)
{
	csv_text(f, report_text(r, "report.period"));
	fputc(',', f);
	csv_text(f, report_text(r, "report.of"));
	for (unsigned k = 0; k < RECORDS_FIGURE_COUNT; k++) {
		fputc(',', f);
		csv_text(f, report_figure_text(r, (enum records_figure)k));
	}
	fputs("\r\n", f);
	csv_lines(f, r, &r->days, API_BY_ALL);
	csv_lines(f, r, &r->operators, API_BY_OPERATOR);
	csv_lines(f, r, &r->departments, API_BY_DEPARTMENT);
	csv_lines(f, r, &r->lines, API_BY_LINE);
}

static int csv_record(const struct records_call_row *row, void *arg)
{
	FILE *f = arg;
	const struct records_call *c = &row->call;
	const char *const texts[] = {c->caller_number, c->caller_name, c->dialled, c->chosen,
				     c->target_name,   row->outcome,   row->direction, row->clause};
	char at[24];

	report_time(c->started_ms, "%Y-%m-%d %H:%M:%S", at);
	fprintf(f, "%llu,%s", (unsigned long long)c->call_no, at);
	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		fputc(',', f);
		csv_text(f, texts[i]);
	}
	fprintf(f, ",%u,%u,%u\r\n", (unsigned)c->ring, c->answer_ms / 1000, c->talk_ms / 1000);
	return 0;
}

static int csv_records(FILE *f, const struct report *r, json_t **wrong)
{
	for (unsigned i = 0; i < REPORT_HEADS; i++) {
		if (i)
			fputc(',', f);
		csv_text(f, report_text(r, report_heads[i]));
	}
	fputs("\r\n", f);
	return source_records_each(r->app, r->db, r->q, RECORDS_MOST, csv_record, f, wrong);
}

static int csv(const struct report *r, struct api_file_out *out, json_t **wrong)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	int err = 0;

	if (!f)
		return errno;
	fputs("\xef\xbb\xbf", f);
	if (r->f->records)
		err = csv_records(f, r, wrong);
	else
		csv_figures(f, r);
	if (fclose(f) && !err)
		err = ENOMEM;
	if (err) {
		free(text);
		return err;
	}
	*out = (struct api_file_out){text, len};
	return 0;
}

/* ---- what it is made of ---- */

static int tables_gather(struct report *r)
{
	struct api_figures by = {.step = r->f->step};
	const struct {
		enum api_by by;
		struct figures_table *t;
	} tables[] = {{API_BY_ALL, &r->days},
		      {API_BY_OPERATOR, &r->operators},
		      {API_BY_DEPARTMENT, &r->departments},
		      {API_BY_LINE, &r->lines}};
	int err = 0;

	for (unsigned i = 0; i < sizeof(tables) / sizeof(tables[0]) && !err; i++) {
		by.by = tables[i].by;
		/* What stands beside the days is of the whole time, on a page. */
		if (i > 0 && r->f->format == API_XLSX)
			by.step = API_STEP_MONTH;
		err = figures_gather(r->db, r->q, &by, tables[i].t);
	}
	if (!err)
		err = records_message_times(r->db, r->q->who.org, r->q->from_ms, r->q->to_ms,
					    &r->times);
	return err;
}

static int write_file(const struct report *r, struct api_file_out *out, json_t **wrong)
{
	if (r->f->format == API_CSV)
		return csv(r, out, wrong);
	return r->f->records ? report_xlsx_records(r, RECORDS_MOST, out, wrong)
			     : report_xlsx_figures(r, out);
}

int app_report(void *arg, const struct api_query *q, const struct api_figures *f,
	       struct api_file_out *out, json_t **wrong)
{
	struct app *a = arg;
	const struct app_org *o = source_org(a, q->who.org);
	struct report r = {.app = a, .q = q, .f = f};
	int err;

	if (q->to_ms && q->from_ms >= q->to_ms) {
		*wrong = json_pack("{s:s,s:s}", "field", "to_ms", "expected", "> from_ms");
		return EINVAL;
	}
	r.company = o ? a->config->node.organisations[o->index].name : "";
	err = source_borrow(a, &r.db);
	if (!err && !f->records)
		err = tables_gather(&r);
	if (!err && f->records) {
		err = write_file(&r, out, wrong);
	} else if (!err) {
		err = source_lock(a, r.db, q->who.org, &r.directory);
		if (!err)
			err = write_file(&r, out, wrong);
		source_unlock();
	}
	if (err == E2BIG) {
		*wrong = json_pack("{s:s,s:s}", "field", "step", "expected", "day week month");
		err = EINVAL;
	}
	records_return(a->records, r.db);
	figures_free(&r.days);
	figures_free(&r.operators);
	figures_free(&r.departments);
	figures_free(&r.lines);
	return err;
}
