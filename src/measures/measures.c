#include "measures/measures.h"

#include <string.h>

#include "base/text.h"

static const struct measures_date *date_find(const struct measures *m, const struct now *now)
{
	for (unsigned i = 0; i < m->date_count && i < MEASURES_DATES; i++) {
		const struct measures_date *d = &m->dates[i];

		if (d->year == now->year && d->month == now->month && d->day == now->day)
			return d;
	}
	return NULL;
}

bool measures_open(const struct measures *m, unsigned set, const struct now *now)
{
	const struct measures_date *d = date_find(m, now);
	unsigned weekday = now->weekday % 7;

	if (set >= MEASURES_HOURS_SETS || (d && !d->work))
		return false;
	if (d)
		weekday = d->as_weekday % 7;
	for (unsigned i = 0; i < MEASURES_SPANS; i++) {
		const struct measures_span *s = &m->hours[set].day[weekday][i];

		if (now->minute_of_day >= s->from_minute && now->minute_of_day < s->to_minute)
			return true;
	}
	return false;
}

int64_t measures_open_after(const struct measures *m, unsigned set, int64_t from_ms, int64_t ms,
			    void (*local)(int64_t wall_ms, struct now *out))
{
	const int64_t quarter_ms = 900000;
	int64_t at_ms = from_ms;

	for (unsigned i = 0; ms > 0 && i < MEASURES_OPEN_DAYS * 96; i++) {
		int64_t next_ms = (at_ms / quarter_ms + 1) * quarter_ms;
		struct now now;

		local(at_ms, &now);
		if (measures_open(m, set, &now)) {
			if (next_ms - at_ms >= ms)
				return at_ms + ms;
			ms -= next_ms - at_ms;
		}
		at_ms = next_ms;
	}
	return at_ms;
}

enum reach measures_reach(enum post p)
{
	switch (p) {
	case POST_GENERAL_MANAGER:
		return REACH_SCREENED;
	case POST_CHAIRMAN:
	case POST_VICE_CHAIRMAN:
		return REACH_SECRETARY;
	case POST_EMPLOYEE:
	case POST_GAD_MANAGER:
	case POST_SECRETARY:
	case POST_OPERATOR:
		return REACH_STRAIGHT;
	case POST_COUNT:
		break;
	}
	return REACH_NONE;
}

enum service_class measures_class_needed(const struct measures *m, const char *digits)
{
	enum service_class needed = CLASS_COUNT;
	size_t longest = 0;

	for (unsigned i = 0; i < m->prefix_count && i < MEASURES_PREFIXES; i++) {
		const struct measures_prefix *p = &m->prefixes[i];
		size_t n = strlen(p->prefix);

		if (strncmp(digits, p->prefix, n) == 0 && (needed == CLASS_COUNT || n > longest)) {
			longest = n;
			needed = p->least_class;
		}
	}
	return needed < CLASS_COUNT ? needed : CLASS_COUNT;
}

static bool emergency_listed(const struct measures *m, const char *digits)
{
	for (unsigned i = 0; i < m->emergency_count && i < MEASURES_EMERGENCY; i++)
		if (m->emergency[i][0] && text_eq(m->emergency[i], digits))
			return true;
	return false;
}

bool measures_emergency(const struct measures *m, const char *digits)
{
	size_t n = strlen(m->outside_prefix);

	return emergency_listed(m, digits) ||
	       (n && strncmp(digits, m->outside_prefix, n) == 0 &&
		emergency_listed(m, digits + n));
}
