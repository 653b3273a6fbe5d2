/* The same as a workbook: the month as one sheet that prints on one page. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/figures.h"

/* The library's lists and libre's share names; neither is used here. */
#undef LIST_INIT
#undef LIST_FOREACH
#include <xlsxwriter.h>

#define NAME_WIDTH   16
#define FIGURE_WIDTH 7.5
#define TIME_WIDTH   20
#define MARGIN	     0.4 /* inches */

struct sheet {
	const struct report *r;
	lxw_worksheet *s;
	lxw_format *head, *head_right, *title, *number, *share;
	lxw_row_t row;
};

/* The library writes files only: one of ours, that nobody else sees. */
static int temporary(const struct report *r, char path[CONFIG_PATH])
{
	int fd;

	(void)text_copy(path, CONFIG_PATH, r->app->data);
	(void)text_append(path, CONFIG_PATH, "/fresh/report-XXXXXX");
	fd = mkstemp(path);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int take_file(const char *path, struct api_file_out *out)
{
	FILE *f = fopen(path, "rb");
	long len = -1;
	void *bytes;

	if (!f)
		return errno;
	if (fseek(f, 0, SEEK_END) == 0)
		len = ftell(f);
	rewind(f);
	bytes = len > 0 ? malloc((size_t)len) : NULL;
	if (!bytes || fread(bytes, 1, (size_t)len, f) != (size_t)len) {
		free(bytes);
		fclose(f);
		return EIO;
	}
	fclose(f);
	*out = (struct api_file_out){bytes, (size_t)len};
	return 0;
}

static void text(struct sheet *s, lxw_col_t col, const char *value, lxw_format *format)
{
	worksheet_write_string(s->s, s->row, col, value, format);
}

static void heads(struct sheet *s, const char *first)
{
	text(s, 0, first, s->head);
	for (unsigned i = 0; i < report_figure_count; i++)
		text(s, (lxw_col_t)(1 + i), report_figure_text(s->r, report_figures[i]),
		     s->head_right);
	s->row++;
}

static void sums(struct sheet *s, const char *name, const int64_t v[RECORDS_FIGURE_COUNT],
		 lxw_format *format)
{
	text(s, 0, name, format);
	for (unsigned i = 0; i < report_figure_count; i++)
		worksheet_write_number(s->s, s->row, (lxw_col_t)(1 + i),
				       (double)v[report_figures[i]], s->number);
	s->row++;
}

static void table(struct sheet *s, const char *first, const struct figures_table *t, enum api_by by)
{
	if (t->count == 0)
		return;
	s->row++;
	heads(s, first);
	for (size_t i = 0; i < t->count; i++) {
		const struct figures_line *l = &t->line[i];
		const char *name = figures_item_name(s->r->app, s->r->directory, by, l->item);
		char at[24];

		if (by == API_BY_ALL)
			report_time(l->at_ms, "%Y-%m-%d", at);
		else /* gone from the directory: by its number, as the page has it */
			snprintf(at, sizeof(at), "№ %lld", (long long)l->item);
		sums(s, name[0] ? name : at, l->v, NULL);
	}
}

static void said(struct sheet *s, lxw_col_t col, const char *key, double value, lxw_format *format)
{
	text(s, col, report_text(s->r, key), NULL);
	worksheet_write_number(s->s, s->row, (lxw_col_t)(col + 3), value, format);
}

/* What the manager wants to know first. */
static void summary(struct sheet *s)
{
	const int64_t *v = s->r->days.total;
	double offered = (double)v[RECORDS_FIGURE_offered];
	double within = (double)v[RECORDS_FIGURE_within];
	const struct records_message_times *m = &s->r->times;

	said(s, 0, "report.share_within", offered > 0 ? within / offered : 0, s->share);
	said(s, 5, "report.answer_s",
	     within > 0 ? (double)v[RECORDS_FIGURE_answer_ms] / within / 1000 : 0, s->number);
	said(s, 10, "report.messages_unheard", (double)(m->kept - m->heard), s->number);
	s->row++;
	said(s, 0, "report.share_attendant",
	     offered > 0 ? (double)v[RECORDS_FIGURE_attendant] / offered : 0, s->share);
	said(s, 5, "report.given_up_s",
	     v[RECORDS_FIGURE_given_up]
		 ? (double)v[RECORDS_FIGURE_given_up_ms] / (double)v[RECORDS_FIGURE_given_up] / 1000
		 : 0,
	     s->number);
	said(s, 10, "report.messages_median_min", (double)m->median_ms / 60000, s->number);
	s->row++;
}

/* A4, as wide as the table is; pages: how many at the most, 0 as many as it takes. */
static void paper(struct sheet *s, uint16_t pages)
{
	worksheet_set_paper(s->s, 9);
	worksheet_set_margins(s->s, MARGIN, MARGIN, MARGIN, MARGIN);
	worksheet_fit_to_pages(s->s, 1, pages);
}

static void page(struct sheet *s)
{
	char title[256] = "", from[24], to[24];

	report_time(s->r->q->from_ms, "%Y-%m-%d", from);
	report_time(s->r->q->to_ms ? s->r->q->to_ms - 1 : clock_wall_ms(), "%Y-%m-%d", to);
	(void)text_append(title, sizeof(title), "%s %s %s – %s", s->r->company,
			  report_text(s->r, "report.title"), from, to);
	text(s, 0, title, s->title);
	s->row += 2;
	summary(s);
	table(s, report_text(s->r, "report.period"), &s->r->days, API_BY_ALL);
	sums(s, report_text(s->r, "report.total"), s->r->days.total, s->head);
	table(s, report_text(s->r, "report.operator"), &s->r->operators, API_BY_OPERATOR);
	table(s, report_text(s->r, "report.department"), &s->r->departments, API_BY_DEPARTMENT);
	table(s, report_text(s->r, "report.line"), &s->r->lines, API_BY_LINE);
	worksheet_set_column(s->s, 0, 0, NAME_WIDTH, NULL);
	worksheet_set_column(s->s, 1, (lxw_col_t)report_figure_count, FIGURE_WIDTH, NULL);
	paper(s, 1);
}

static lxw_workbook *book(const char *path, struct sheet *s)
{
	lxw_workbook_options o = {.constant_memory = LXW_FALSE};
	lxw_workbook *w = workbook_new_opt(path, &o);

	if (!w)
		return NULL;
	s->s = workbook_add_worksheet(w, NULL);
	s->head = workbook_add_format(w);
	format_set_bold(s->head);
	format_set_text_wrap(s->head);
	format_set_bottom(s->head, LXW_BORDER_THIN);
	s->head_right = workbook_add_format(w);
	format_set_bold(s->head_right);
	format_set_text_wrap(s->head_right);
	format_set_bottom(s->head_right, LXW_BORDER_THIN);
	format_set_align(s->head_right, LXW_ALIGN_RIGHT);
	s->title = workbook_add_format(w);
	format_set_bold(s->title);
	format_set_font_size(s->title, 14);
	s->number = workbook_add_format(w);
	format_set_num_format(s->number, "#,##0.#");
	s->share = workbook_add_format(w);
	format_set_num_format(s->share, "0.0%");
	return w;
}

static int finish(lxw_workbook *w, const char *path, int err, struct api_file_out *out)
{
	if (w && workbook_close(w) != LXW_NO_ERROR && !err)
		err = EIO;
	if (!err)
		err = take_file(path, out);
	unlink(path);
	return err;
}

int report_xlsx_figures(const struct report *r, struct api_file_out *out)
{
	char path[CONFIG_PATH];
	struct sheet s = {.r = r};
	lxw_workbook *w;
	int err = temporary(r, path);

	if (err)
		return err;
	w = book(path, &s);
	if (w)
		page(&s);
	return finish(w, path, w ? 0 : ENOMEM, out);
}

/* ---- call records ---- */

static const char *word(const struct report *r, const char *of, const char *name)
{
	char key[64] = "";

	(void)text_append(key, sizeof(key), "%s.%s", of, name);
	return report_text(r, key);
}

static int record(const struct records_call_row *row, void *arg)
{
	struct sheet *s = arg;
	const struct records_call *c = &row->call;
	char at[24];

	report_time(c->started_ms, "%Y-%m-%d %H:%M:%S", at);
	worksheet_write_number(s->s, s->row, 0, (double)c->call_no, NULL);
	text(s, 1, at, NULL);
	text(s, 2, c->caller_number, NULL);
	text(s, 3, c->caller_name, NULL);
	text(s, 4, c->dialled, NULL);
	text(s, 5, c->chosen, NULL);
	text(s, 6, c->target_name, NULL);
	text(s, 7, word(s->r, "console.records.outcome", row->outcome), NULL);
	text(s, 8, word(s->r, "report.direction", row->direction), NULL);
	text(s, 9,
	     text_eq(row->clause, "house") ? report_text(s->r, "console.desk.house") : row->clause,
	     NULL);
	worksheet_write_number(s->s, s->row, 10, c->ring, NULL);
	worksheet_write_number(s->s, s->row, 11, c->answer_ms / 1000, NULL);
	worksheet_write_number(s->s, s->row, 12, c->talk_ms / 1000, NULL);
	s->row++;
	return 0;
}

int report_xlsx_records(const struct report *r, unsigned most, struct api_file_out *out,
			json_t **wrong)
{
	char path[CONFIG_PATH];
	struct sheet s = {.r = r};
	lxw_workbook *w;
	int err = temporary(r, path);

	if (err)
		return err;
	w = book(path, &s);
	if (!w)
		return finish(w, path, ENOMEM, out);
	for (unsigned i = 0; i < REPORT_HEADS; i++)
		text(&s, (lxw_col_t)i, report_text(r, report_heads[i]), s.head);
	s.row++;
	worksheet_set_column(s.s, 1, 1, TIME_WIDTH, NULL);
	worksheet_set_column(s.s, 2, 6, NAME_WIDTH, NULL);
	worksheet_freeze_panes(s.s, 1, 0);
	worksheet_set_landscape(s.s);
	paper(&s, 0);
	worksheet_repeat_rows(s.s, 0, 0);
	err = source_records_each(r->app, r->db, r->q, most, record, &s, wrong);
	worksheet_autofilter(s.s, 0, 0, s.row - 1, 12);
	return finish(w, path, err, out);
}
