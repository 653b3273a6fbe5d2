#include "app/monthly.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/delivery.h"
#include "app/source.h"
#include "records/figures.h"

#define AT_LAST 4 /* day of the month by which it goes, office hours or not */

/* The month that 202611 means, in local time; to_ms is the next one's beginning. */
static void bounds(uint32_t month, int64_t *from_ms, int64_t *to_ms)
{
	struct tm tm = {.tm_year = (int)(month / 100) - 1900,
			.tm_mon = (int)(month % 100) - 1,
			.tm_mday = 1,
			.tm_isdst = -1};
	struct tm next = tm;

	next.tm_mon++;
	*from_ms = (int64_t)mktime(&tm) * 1000;
	*to_ms = (int64_t)mktime(&next) * 1000;
}

static uint32_t month_before(int *day)
{
	time_t now = (time_t)(clock_wall_ms() / 1000);
	struct tm tm;

	localtime_r(&now, &tm);
	*day = tm.tm_mday;
	return tm.tm_mon ? (uint32_t)((tm.tm_year + 1900) * 100 + tm.tm_mon)
			 : (uint32_t)((tm.tm_year + 1899) * 100 + 12);
}

static void path_of(const struct app *a, uint32_t org, uint32_t month, char *out, size_t cap)
{
	snprintf(out, cap, "%.400s/reports/%u-%u.xlsx", a->data, org, month);
}

/* Whole or not at all: under another name first. */
static int keep(const char *path, const struct api_file_out *file)
{
	char fresh[DELIVER_PATH + 8];
	FILE *f;
	int err = 0;

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	f = fopen(fresh, "wbe");
	if (!f)
		return errno;
	if (fchmod(fileno(f), 0600) || fwrite(file->bytes, 1, file->len, f) != file->len ||
	    fflush(f) || fsync(fileno(f)))
		err = errno ? errno : EIO;
	if (fclose(f) && !err)
		err = errno;
	if (!err && rename(fresh, path))
		err = errno;
	if (err)
		unlink(fresh);
	return err;
}

static int workbook(struct app *a, uint32_t org, uint32_t month)
{
	const struct api_figures f = {.step = API_STEP_DAY, .format = API_XLSX};
	struct api_query q = {.who = {.org = org}, .lang = a->lang};
	struct api_file_out file = {0};
	char path[DELIVER_PATH];
	json_t *wrong = NULL;
	int err;

	snprintf(path, sizeof(path), "%.400s/reports", a->data);
	if (mkdir(path, 0700) && errno != EEXIST)
		return errno;
	path_of(a, org, month, path, sizeof(path));
	bounds(month, &q.from_ms, &q.to_ms);
	err = app_report(a, &q, &f, &file, &wrong);
	if (!err)
		err = keep(path, &file);
	free(file.bytes);
	json_decref(wrong);
	return err;
}

static int on_called(const struct records_figures_row *row, void *arg)
{
	(void)row;
	*(bool *)arg = true;
	return ECANCELED; /* one is enough */
}

/* Whether last month's report is to be begun. */
static int wanted(struct records_db *db, uint32_t org, uint32_t month, bool *yes)
{
	struct records_figures_filter f = {.org = org, .kind = RECORDS_FIGURES_ALL};
	uint64_t begun, readers;
	bool called = false;
	int err = records_report_count(db, org, month, &begun, &readers);

	bounds(month, &f.from_ms, &f.to_ms);
	if (!err && !begun && readers)
		err = records_figures(db, &f, on_called, &called);
	*yes = called;
	return called ? 0 : err;
}

void app_monthly_look(struct app *a, unsigned index)
{
	const struct app_org *o = &a->org[index];
	struct records_db *db = NULL;
	bool yes = false;
	struct now now;
	uint32_t month;
	int err, day;

	month = month_before(&day);
	clock_now(&now);
	if (!a->config->node.delivery.deliver.mail.server[0] ||
	    (day < AT_LAST && !measures_open(&a->config->measures[index], 0, &now)))
		return;
	err = source_borrow(a, &db);
	if (!err)
		err = wanted(db, o->id, month, &yes);
	records_return(a->records, db);
	if (!err && yes)
		err = workbook(a, o->id, month);
	db = NULL;
	if (!err && yes)
		err = source_borrow(a, &db);
	if (!err && yes)
		err = records_report_begin(db, o->id, month, clock_wall_ms());
	records_return(a->records, db);
	if (err)
		log_error("app", "organisation %u: the report of %u waits: %s", o->id, month,
			  strerror(err));
	else if (yes)
		app_delivery_wake(a);
}

int app_monthly_compose(struct app *a, const struct records_report *r, struct deliver_item *it)
{
	const struct app_org *o = source_org(a, r->org);
	const struct config_delivery *c = &a->config->node.delivery;
	const char *company = o ? a->config->measures[o->index].company : "";
	char month[16];

	memset(it, 0, sizeof(*it));
	path_of(a, r->org, r->month, it->file, sizeof(it->file));
	if (access(it->file, R_OK)) {
		int err = workbook(a, r->org, r->month);

		if (err)
			return err;
	}
	it->id = -r->id;
	it->channel = DELIVER_MAIL;
	it->at_ms = clock_wall_ms();
	TEXT_COPY(it->address, r->address);
	snprintf(it->key, sizeof(it->key), "zongji-report-%u-%u-%lld", r->org, r->month,
		 (long long)r->id);
	snprintf(month, sizeof(month), "%u-%02u", r->month / 100, r->month % 100);
	catalogue_format(a->catalogue, a->lang, "delivery.sender", it->sender, sizeof(it->sender),
			 "company", company, NULL);
	catalogue_format(a->catalogue, a->lang, "report.mail.title", it->title, sizeof(it->title),
			 "company", company, "month", month, NULL);
	catalogue_format(a->catalogue, a->lang, "report.mail.text", it->text, sizeof(it->text),
			 "to", r->name, "month", month, NULL);
	catalogue_format(a->catalogue, a->lang, "report.mail.file", it->file_name,
			 sizeof(it->file_name), "company", company, "month", month, NULL);
	TEXT_COPY(it->file_type,
		  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
	if (c->link[0])
		text_append(it->text, sizeof(it->text), "\n%s/records\n", c->link);
	return 0;
}
