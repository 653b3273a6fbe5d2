#include "records/export.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "records/copy.h"
#include "records/figures.h"
#include "records/priv.h"

/* Columns with a ' before them are text. */
static const struct {
	const char *name, *columns, *from, *time;
} exports[EXPORT_COUNT] = {
    [EXPORT_CALLS] = {"calls",
		      "call_no org 'node started_ms answered_ms connected_ms ended_ms wait_ms "
		      "'direction 'outcome 'clause 'caller_number 'caller_name caller_extension "
		      "caller_trunk 'dialled 'chosen target_person target_department "
		      "target_extension target_trunk 'target_name 'end_reason 'end_side "
		      "step_count operator line ring answer_ms given_up_ms desk_ms talk_ms 'path",
		      "calls WHERE call_no > 0", "started_ms"},
    [EXPORT_MESSAGES] = {"messages",
			 "id org call_no kept_at_ms for_person for_department copy_department "
			 "urgency 'clause 'from_number 'from_name 'organisation recording_ms "
			 "'declined 'taken_by deadline_ms stage heard_at_ms",
			 "messages WHERE id > 0", "kept_at_ms"},
    [EXPORT_FIGURES] = {"figures", "org kind hour item"
#define FIGURE(parameter, column, of) " " #column
#include "records/figures.def"
#undef FIGURE
			,
			"figures WHERE kind >= 0", "hour * 3600000"},
    [EXPORT_OPENINGS] = {"openings", "id org at_ms 'changed_by 'what item 'after_json",
			 "history WHERE (what LIKE '%opened' OR what LIKE '%refused')", "at_ms"},
};

const char *export_name(enum export_what what)
{
	return exports[what].name;
}

struct writing {
	FILE *to;
	bool json;
	uint64_t rows;
};

static int table_make(const struct export_options *o, struct copy_table *t)
{
	char list[1024] = "", columns[1024];
	char *save = NULL;
	int err = 0;

	TEXT_COPY(columns, exports[o->what].columns);
	TEXT_COPY(t->name, exports[o->what].name);
	for (char *c = strtok_r(columns, " ", &save); c && !err; c = strtok_r(NULL, " ", &save)) {
		if (t->count == STORE_VALUES)
			return EOVERFLOW;
		t->text[t->count] = *c == '\'';
		c += *c == '\'';
		err = text_append(list, sizeof(list), "%s%s", t->count ? ", " : "", c);
		TEXT_COPY(t->column[t->count++], c);
	}
	if (!err)
		err = text_append(t->read, sizeof(t->read),
				  "SELECT %s FROM %s AND %s >= %" PRId64 " AND %s < %" PRId64, list,
				  exports[o->what].from, exports[o->what].time, o->from_ms,
				  exports[o->what].time, o->to_ms);
	if (!err && o->org)
		err = text_append(t->read, sizeof(t->read), " AND org = %u", o->org);
	if (!err)
		err = text_append(t->read, sizeof(t->read), " ORDER BY org, %s, 1",
				  exports[o->what].time);
	copy_select(t);
	return err;
}

static void csv_text(FILE *f, const char *text)
{
	fputc('"', f);
	if (text[0] && strchr("=+-@\t\r", text[0]))
		fputc('\'', f);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', f);
		fputc(*text, f);
	}
	fputc('"', f);
}

static void csv_row(FILE *f, const struct copy_table *t, const struct store_value *v)
{
	for (unsigned i = 0; i < t->count; i++) {
		if (i)
			fputc(',', f);
		if (v[i].type == STORE_TEXT)
			csv_text(f, v[i].s);
		else if (v[i].type == STORE_INT)
			fprintf(f, "%" PRId64, v[i].i);
	}
	fputs("\r\n", f);
}

static int json_row(FILE *f, const struct copy_table *t, const struct store_value *v)
{
	json_t *j = json_object();
	int err = j ? 0 : ENOMEM;

	for (unsigned i = 0; i < t->count && !err; i++)
		json_object_set_new(j, t->column[i],
				    v[i].type == STORE_TEXT  ? json_string(v[i].s)
				    : v[i].type == STORE_INT ? json_integer(v[i].i)
							     : json_null());
	if (!err && json_dumpf(j, f, JSON_COMPACT))
		err = EIO;
	fputc('\n', f);
	json_decref(j);
	return err;
}

static int row_write(const struct copy_table *t, const struct store_value *v, void *arg)
{
	struct writing *w = arg;
	int err = 0;

	w->rows++;
	if (w->json)
		err = json_row(w->to, t, v);
	else
		csv_row(w->to, t, v);
	return err ? err : ferror(w->to) ? EIO : 0;
}

static void head_write(FILE *f, const struct copy_table *t)
{
	fputs("\xEF\xBB\xBF", f);
	for (unsigned i = 0; i < t->count; i++)
		fprintf(f, "%s%s", i ? "," : "", t->column[i]);
	fputs("\r\n", f);
}

int export_write(struct records_db *db, const struct export_options *o, FILE *to, uint64_t *rows)
{
	struct writing w = {.to = to, .json = o->json};
	struct copy_table t = {.count = 0};
	int err = table_make(o, &t);

	if (!err)
		err = store_begin_read(db->s);
	if (err)
		return err;
	if (!o->json)
		head_write(to, &t);
	err = copy_read(db->s, &t, row_write, &w);
	store_rollback(db->s);
	if (!err && fflush(to))
		err = EIO;
	if (!err)
		*rows = w.rows;
	return err;
}
