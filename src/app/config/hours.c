/* Dates, hours and classes of the measures: what a table of scalars can't say. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/config/errors.h"
#include "app/config/schema.h"
#include "base/text.h"

#define YEAR_FIRST	 2000
#define YEAR_LAST	 2099
#define HOLIDAY_DAYS_MAX 31 /* of one entry */

static const char *const weekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

static bool wrong(struct walk *w, const struct item *it, const char *key, const char *expect)
{
	struct config_error *e = walk_error(w, it, key);

	if (it->kind != ITEM_TEXT)
		TEXT_COPY(e->key, it->kind == ITEM_MAP ? "config.wrong_kind_map"
						       : "config.wrong_kind_list");
	TEXT_COPY(e->expect, expect);
	if (it->kind == ITEM_TEXT)
		errors_half_width(it->text, e->suggestion, sizeof(e->suggestion));
	if (it->kind == ITEM_TEXT && text_eq(e->suggestion, it->text))
		memset(e->suggestion, 0, sizeof(e->suggestion));
	return false;
}

struct date {
	int year;
	unsigned month, day;
};

static unsigned month_days(int year, unsigned month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool date_read(struct walk *w, const struct item *it, struct date *d)
{
	int end = 0;

	if (it->kind != ITEM_TEXT ||
	    sscanf(it->text, "%4d-%2u-%2u%n", &d->year, &d->month, &d->day, &end) != 3 ||
	    it->text[end] || strspn(it->text, "0123456789-") != strlen(it->text) ||
	    d->year < YEAR_FIRST || d->year > YEAR_LAST || d->month < 1 || d->month > 12 ||
	    d->day < 1 || d->day > month_days(d->year, d->month))
		return wrong(w, it, "config.wrong_value", "config.expect.date");
	return true;
}

bool issued_read(struct walk *w, const struct item *it, void *base)
{
	struct measures *m = base;
	struct date d;
	struct tm tm = {.tm_isdst = -1};

	if (!date_read(w, it, &d))
		return false;
	tm.tm_year = d.year - 1900;
	tm.tm_mon = (int)d.month - 1;
	tm.tm_mday = (int)d.day;
	m->effective_ms = (int64_t)mktime(&tm) * 1000;
	return true;
}

/* "09:00-12:00"; 24:00 is the end of the day. */
static bool span_read(struct walk *w, const struct item *it, struct measures_span *s)
{
	unsigned h1, m1, h2, m2;
	int end = 0;

	if (it->kind != ITEM_TEXT ||
	    sscanf(it->text, "%2u:%2u-%2u:%2u%n", &h1, &m1, &h2, &m2, &end) != 4 || it->text[end] ||
	    m1 > 59 || m2 > 59 || h1 > 23 || h2 > 24 || h2 * 60 + m2 > 1440)
		return wrong(w, it, "config.wrong_value", "config.expect.span");
	if (h1 * 60 + m1 >= h2 * 60 + m2)
		return wrong(w, it, "config.span_backwards", "");
	s->from_minute = (uint16_t)(h1 * 60 + m1);
	s->to_minute = (uint16_t)(h2 * 60 + m2);
	return true;
}

static int weekday_find(const char *s, size_t n)
{
	for (int i = 0; i < 7; i++)
		if (n == 3 && strncmp(weekdays[i], s, n) == 0)
			return i;
	return -1;
}

/* "mon", "mon-fri", "sat-sun": bits of weekdays, 0 when it is none. */
static unsigned days_parse(const char *s)
{
	const char *dash = strchr(s, '-');
	int from = weekday_find(s, dash ? (size_t)(dash - s) : strlen(s));
	int to = dash ? weekday_find(dash + 1, strlen(dash + 1)) : from;
	unsigned bits = 0;

	if (from < 0 || to < 0)
		return 0;
	for (int d = from;; d = (d + 1) % 7) {
		bits |= 1u << d;
		if (d == to)
			return bits;
	}
}

static unsigned spans_read(struct walk *w, const struct item *list, struct measures_span *spans)
{
	unsigned n = 0, i = 0;

	for (const struct item *it = list->first; it; it = it->next, i++) {
		size_t mark = walk_enter(w, "[%u]", i);
		struct measures_span s;

		if (n == MEASURES_SPANS) {
			struct config_error *e = walk_error(w, it, "config.too_many");

			snprintf(e->a, sizeof(e->a), "%d", MEASURES_SPANS);
		} else if (span_read(w, it, &s)) {
			for (unsigned j = 0; j < n; j++)
				if (s.from_minute < spans[j].to_minute &&
				    spans[j].from_minute < s.to_minute) {
					struct config_error *e =
					    walk_error(w, it, "config.overlap");

					snprintf(e->a, sizeof(e->a), "%02d:%02d-%02d:%02d",
						 spans[j].from_minute / 60,
						 spans[j].from_minute % 60, spans[j].to_minute / 60,
						 spans[j].to_minute % 60);
					break;
				}
			spans[n++] = s;
		}
		walk_leave(w, mark);
	}
	return n;
}

static void hours_set_read(struct walk *w, const struct item *map, struct measures_hours *h)
{
	unsigned seen = 0;

	if (map->kind != ITEM_MAP) {
		wrong(w, map, "config.wrong_kind", "config.expect.map");
		return;
	}
	for (const struct item *it = map->first; it; it = it->next) {
		struct measures_span spans[MEASURES_SPANS] = {{0}};
		unsigned bits = days_parse(it->key->text);
		size_t mark = walk_enter(w, "%s", it->key->text);
		unsigned n = 0;

		if (!bits) {
			struct config_error *e = walk_error(w, it->key, "config.unknown_key");

			TEXT_COPY(e->expect, "config.expect.weekday");
		} else if (bits & seen) {
			walk_error(w, it->key, "config.day_twice");
		}
		if (it->kind != ITEM_LIST)
			wrong(w, it, "config.wrong_kind", "config.expect.list");
		else
			n = spans_read(w, it, spans);
		for (unsigned d = 0; d < 7; d++)
			if (bits & ~seen & 1u << d)
				memcpy(h->day[d], spans, n * sizeof(*spans));
		seen |= bits;
		walk_leave(w, mark);
	}
}

bool hours_read(struct walk *w, const struct item *it, void *base)
{
	struct measures *m = base;
	unsigned n = 0;

	if (it->kind != ITEM_MAP)
		return wrong(w, it, "config.wrong_kind", "config.expect.map");
	if (!it->first || !text_eq(it->first->key->text, "office"))
		walk_error(w, it->first ? it->first->key : it, "config.office_first");
	for (const struct item *x = it->first; x; x = x->next, n++) {
		size_t mark = walk_enter(w, "%s", x->key->text);

		if (n < MEASURES_HOURS_SETS)
			hours_set_read(w, x, &m->hours[n]);
		walk_leave(w, mark);
	}
	if (n > MEASURES_HOURS_SETS) {
		struct config_error *e = walk_error(w, it, "config.too_many");

		snprintf(e->found, sizeof(e->found), "%u", n);
		snprintf(e->a, sizeof(e->a), "%d", MEASURES_HOURS_SETS);
	}
	return true;
}

/* ---- dates ---- */

static const struct item *need(struct walk *w, const struct item *map, const char *key)
{
	const struct item *it = item_get(map, key);

	if (!it && !w->doc->partial)
		TEXT_COPY(walk_error(w, map, "config.missing")->found, key);
	return it;
}

static void keys_check(struct walk *w, const struct item *map, const char *const *keys,
		       size_t count)
{
	for (const struct item *it = map->first; it; it = it->next) {
		struct config_error *e;
		const char *near;
		size_t i = 0;

		while (i < count && !text_eq(it->key->text, keys[i]))
			i++;
		if (i < count)
			continue;
		e = walk_error(w, it->key, "config.unknown_key");
		near = errors_nearest(it->key->text, keys, count);
		if (near)
			TEXT_COPY(e->suggestion, near);
	}
}

static bool date_add(struct walk *w, const struct item *it, struct measures *m,
		     const struct measures_date *d)
{
	for (unsigned i = 0; i < m->date_count; i++) {
		const struct measures_date *o = &m->dates[i];
		struct config_error *e;

		if (o->year != d->year || o->month != d->month || o->day != d->day)
			continue;
		e = walk_error(
		    w, it, o->work == d->work ? "config.date_twice" : "config.holiday_and_work");
		snprintf(e->found, sizeof(e->found), "%04d-%02u-%02u", d->year, d->month, d->day);
		return false;
	}
	if (m->date_count == MEASURES_DATES) {
		struct config_error *e = walk_error(w, it, "config.too_many_dates");

		snprintf(e->a, sizeof(e->a), "%d", MEASURES_DATES);
		return false;
	}
	m->dates[m->date_count++] = *d;
	return true;
}

static void holiday_read(struct walk *w, const struct item *map, struct measures *m)
{
	static const char *const keys[] = {"from", "to", "name"};
	const struct item *from, *to;
	struct date d, last;

	if (map->kind != ITEM_MAP) {
		wrong(w, map, "config.wrong_kind", "config.expect.map");
		return;
	}
	keys_check(w, map, keys, 3);
	from = need(w, map, "from");
	to = item_get(map, "to");
	if (!from || !date_read(w, from, &d))
		return;
	last = d;
	if (to && !date_read(w, to, &last))
		return;
	for (unsigned n = 0;; n++) {
		struct measures_date one = {
		    .year = (int16_t)d.year, .month = (uint8_t)d.month, .day = (uint8_t)d.day};

		if (n == HOLIDAY_DAYS_MAX) {
			walk_error(w, to, "config.holiday_range");
			return;
		}
		if (!date_add(w, from, m, &one) && m->date_count == MEASURES_DATES)
			return;
		if (d.year == last.year && d.month == last.month && d.day == last.day)
			return;
		if (++d.day > month_days(d.year, d.month)) {
			d.day = 1;
			d.year += d.month == 12;
			d.month = d.month % 12 + 1;
		}
	}
}

static void make_up_day_read(struct walk *w, const struct item *map, struct measures *m)
{
	static const char *const keys[] = {"date", "as", "name"};
	const struct item *date, *as;
	struct date d;
	int day = -1;

	if (map->kind != ITEM_MAP) {
		wrong(w, map, "config.wrong_kind", "config.expect.map");
		return;
	}
	keys_check(w, map, keys, 3);
	date = need(w, map, "date");
	as = need(w, map, "as");
	if (as && as->kind == ITEM_TEXT)
		day = weekday_find(as->text, strlen(as->text));
	if (as && day < 0)
		wrong(w, as, "config.wrong_value", "config.expect.weekday");
	if (date && date_read(w, date, &d) && day >= 0) {
		struct measures_date one = {.year = (int16_t)d.year,
					    .month = (uint8_t)d.month,
					    .day = (uint8_t)d.day,
					    .work = true,
					    .as_weekday = (uint8_t)day};

		date_add(w, date, m, &one);
	}
}

static bool dates_read(struct walk *w, const struct item *it, struct measures *m,
		       void (*one)(struct walk *, const struct item *, struct measures *))
{
	unsigned n = 0;

	if (it->kind != ITEM_LIST)
		return wrong(w, it, "config.wrong_kind", "config.expect.list");
	for (const struct item *x = it->first; x; x = x->next, n++) {
		size_t mark = walk_enter(w, "[%u]", n);

		one(w, x, m);
		walk_leave(w, mark);
	}
	return true;
}

bool holidays_read(struct walk *w, const struct item *it, void *base)
{
	return dates_read(w, it, base, holiday_read);
}

bool make_up_days_read(struct walk *w, const struct item *it, void *base)
{
	return dates_read(w, it, base, make_up_day_read);
}

/* ---- classes of service ---- */

static void prefix_add(struct walk *w, const struct item *it, struct measures *m, unsigned class)
{
	static const struct schema_field digits = {
	    .type = SCHEMA_DIGITS, .size = SCHEMA_SIZE(struct measures_prefix, prefix)};
	struct measures_prefix p = {.least_class = (uint8_t) class};
	struct config_error *e;

	if (!schema_scalar(w, &digits, it, p.prefix))
		return;
	for (unsigned i = 0; i < m->prefix_count; i++)
		if (text_eq(m->prefixes[i].prefix, p.prefix)) {
			e = walk_error(w, it, "config.prefix_twice");
			return;
		}
	if (m->prefix_count == MEASURES_PREFIXES) {
		e = walk_error(w, it, "config.too_many");
		snprintf(e->a, sizeof(e->a), "%d", MEASURES_PREFIXES);
		return;
	}
	m->prefixes[m->prefix_count++] = p;
}

bool classes_read(struct walk *w, const struct item *it, void *base)
{
	static const char *const names[] = {"inside", "city", "national", "international"};
	struct measures *m = base;

	if (it->kind != ITEM_MAP)
		return wrong(w, it, "config.wrong_kind", "config.expect.map");
	keys_check(w, it, names + 1, 3);
	for (unsigned c = CLASS_CITY; c < CLASS_COUNT; c++) {
		const struct item *list = item_get(it, names[c]);
		size_t mark = walk_enter(w, "%s", names[c]);
		unsigned n = 0;

		if (list && list->kind != ITEM_LIST)
			wrong(w, list, "config.wrong_kind", "config.expect.list");
		for (const struct item *x = list && list->kind == ITEM_LIST ? list->first : NULL; x;
		     x = x->next, n++) {
			size_t inner = walk_enter(w, "[%u]", n);

			prefix_add(w, x, m, c);
			walk_leave(w, inner);
		}
		walk_leave(w, mark);
	}
	return true;
}
