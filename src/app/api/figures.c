/* Sums of calls, and reports as files. */
#include <errno.h>
#include <stdlib.h>

#include "app/api/body.h"
#include "app/api/internal.h"
#include "base/text.h"

#define ITEM_MAX UINT32_MAX

static bool take_word(struct http_call *c, const char *name, const char *const *words,
		      unsigned count, unsigned *out)
{
	const char *value = http_call_query(c, name);
	char expected[64] = "";

	if (!value)
		return true;
	for (unsigned i = 0; i < count; i++) {
		if (text_eq(value, words[i])) {
			*out = i;
			return true;
		}
		(void)text_append(expected, sizeof(expected), "%s%s", i ? " " : "", words[i]);
	}
	http_call_refuse_with(c, 400, "bad_value",
			      json_pack("{s:s,s:s}", "field", name, "expected", expected));
	return false;
}

static bool take_figures(struct http_call *c, struct api_figures *f)
{
	static const char *const steps[API_STEPS] = {"hour", "day", "week", "month"};
	static const char *const bys[API_BYS] = {"all", "operator", "department", "line"};
	static const char *const formats[API_FORMATS] = {"xlsx", "csv"};
	unsigned step = API_STEP_DAY, by = API_BY_ALL, format = API_XLSX;

	*f = (struct api_figures){0};
	if (!take_word(c, "step", steps, API_STEPS, &step) ||
	    !take_word(c, "by", bys, API_BYS, &by) ||
	    !take_word(c, "format", formats, API_FORMATS, &format))
		return false;
	if (http_call_query_number(c, "item", 1, ITEM_MAX, &f->item) == EINVAL) {
		http_call_refuse_field(c, 400, "bad_value", "item");
		return false;
	}
	f->step = (enum api_step)step;
	f->by = (enum api_by)by;
	f->format = (enum api_format)format;
	return true;
}

void api_figures(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	struct api_figures f;
	json_t *out = NULL;
	int err;

	if (!api_query_list(c, &q) || !take_figures(c, &f))
		return;
	q.more = &f;
	err = a->source.figures ? a->source.figures(a->source.arg, &q, &out) : EAGAIN;
	api_keep_give(c, err, 200, out);
}

static void report(struct http_call *c, struct api *a, bool records)
{
	static const char *const types[API_FORMATS] = {
	    [API_XLSX] = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	    [API_CSV] = "text/csv; charset=utf-8"};
	struct api_query q;
	struct api_figures f;
	struct api_file_out file = {0};
	json_t *wrong = NULL;
	int err;

	if (!api_query_list(c, &q) || !take_figures(c, &f))
		return;
	f.records = records;
	err = a->source.report ? a->source.report(a->source.arg, &q, &f, &file, &wrong) : EAGAIN;
	if (err) {
		api_keep_give(c, err, 0, wrong);
		return;
	}
	http_call_answer_header(c, "Content-Disposition",
				f.format == API_XLSX ? "attachment; filename=\"zongji.xlsx\""
						     : "attachment; filename=\"zongji.csv\"");
	http_call_give_bytes(c, types[f.format], file.bytes, file.len);
}

void api_figures_report(struct http_call *c, void *arg)
{
	report(c, arg, false);
}

void api_records_report(struct http_call *c, void *arg)
{
	report(c, arg, true);
}
