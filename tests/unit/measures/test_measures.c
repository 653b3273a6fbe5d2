#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"
#include "measures/measures.h"

static struct measures m;

static struct now at(int year, int month, int day, int weekday, int hour, int minute)
{
	struct now n;

	memset(&n, 0, sizeof(n));
	n.year = (int16_t)year;
	n.month = (uint8_t)month;
	n.day = (uint8_t)day;
	n.weekday = (uint8_t)weekday;
	n.minute_of_day = (uint16_t)(hour * 60 + minute);
	return n;
}

static int setup(void **state)
{
	(void)state;
	memset(&m, 0, sizeof(m));
	for (unsigned day = 1; day <= 5; day++) {
		m.hours[0].day[day][0] = (struct measures_span){510, 720};
		m.hours[0].day[day][1] = (struct measures_span){810, 1050};
	}
	m.hours[1].day[1][0] = (struct measures_span){0, 1440};
	/* National Day, and the Saturday before it worked as a Monday */
	m.dates[0] = (struct measures_date){2026, 10, 1, false, 0};
	m.dates[1] = (struct measures_date){2026, 10, 10, true, 1};
	m.date_count = 2;
	TEXT_COPY(m.outside_prefix, "9");
	TEXT_COPY(m.emergency[0], "110");
	TEXT_COPY(m.emergency[1], "119");
	m.emergency_count = 2;
	m.prefixes[0] = (struct measures_prefix){"0", CLASS_NATIONAL};
	m.prefixes[1] = (struct measures_prefix){"00", CLASS_INTERNATIONAL};
	m.prefixes[2] = (struct measures_prefix){"5", CLASS_CITY};
	m.prefix_count = 3;
	return 0;
}

/* The 24th of November 2026, a Tuesday, begins at 0 ms of the test's own clock. */
static void local(int64_t wall_ms, struct now *out)
{
	const int64_t minutes = wall_ms / 60000;
	const int day = 24 + (int)(minutes / 1440);

	*out = at(2026, 11, day, (2 + day - 24) % 7, 0, 0);
	out->minute_of_day = (uint16_t)(minutes % 1440);
}

static int64_t minute(int day, int hour, int min)
{
	return (((int64_t)day * 24 + hour) * 60 + min) * 60000;
}

/* Four hours of the office: over lunch, over a night, over a weekend; never open, never. */
static void times_count_in_office_hours(void **state)
{
	const int64_t h4 = minute(0, 4, 0);

	(void)state;
	assert_int_equal(measures_open_after(&m, 0, minute(0, 8, 30), 0, local), minute(0, 8, 30));
	assert_int_equal(measures_open_after(&m, 0, minute(0, 9, 7), h4, local), minute(0, 14, 37));
	assert_int_equal(measures_open_after(&m, 0, minute(0, 16, 30), h4, local),
			 minute(1, 11, 30));
	assert_int_equal(measures_open_after(&m, 0, minute(0, 22, 0), h4, local), minute(1, 14, 0));
	/* Friday, half past five, to Monday */
	assert_int_equal(measures_open_after(&m, 0, minute(3, 17, 30), h4, local),
			 minute(6, 14, 0));
	assert_int_equal(measures_open_after(&m, 5, minute(0, 9, 0), h4, local), minute(14, 9, 0));
}

static void office_hours(void **state)
{
	struct now n = at(2026, 11, 24, 2, 8, 29);

	(void)state;
	assert_false(measures_open(&m, 0, &n));
	n.minute_of_day = 510;
	assert_true(measures_open(&m, 0, &n));
	n.minute_of_day = 720; /* the end is exclusive */
	assert_false(measures_open(&m, 0, &n));
	n.minute_of_day = 1049;
	assert_true(measures_open(&m, 0, &n));
	n.weekday = 6;
	assert_false(measures_open(&m, 0, &n));
	n.weekday = 1;
	n.minute_of_day = 1439;
	assert_true(measures_open(&m, 1, &n));
	assert_false(measures_open(&m, MEASURES_HOURS_SETS, &n));
}

static void holidays_and_make_up_days(void **state)
{
	struct now n = at(2026, 10, 1, 4, 9, 0);

	(void)state;
	assert_false(measures_open(&m, 0, &n));
	n = at(2027, 10, 1, 5, 9, 0); /* another year's is no holiday */
	assert_true(measures_open(&m, 0, &n));
	n = at(2026, 10, 10, 6, 9, 0);
	assert_true(measures_open(&m, 0, &n));
	assert_true(measures_open(&m, 1, &n)); /* as on a Monday */
}

static void classes(void **state)
{
	(void)state;
	assert_int_equal(measures_class_needed(&m, "55501234"), CLASS_CITY);
	assert_int_equal(measures_class_needed(&m, "01055501234"), CLASS_NATIONAL);
	assert_int_equal(measures_class_needed(&m, "0014155501234"), CLASS_INTERNATIONAL);
	assert_int_equal(measures_class_needed(&m, "13800001111"), CLASS_COUNT);
	assert_int_equal(measures_class_needed(&m, ""), CLASS_COUNT);
	m.prefixes[2].prefix[0] = '\0';
	assert_int_equal(measures_class_needed(&m, "13800001111"), CLASS_CITY);
}

static void emergency_numbers(void **state)
{
	(void)state;
	assert_true(measures_emergency(&m, "110"));
	assert_true(measures_emergency(&m, "9119"));
	assert_false(measures_emergency(&m, "9"));
	assert_false(measures_emergency(&m, "1100"));
	assert_false(measures_emergency(&m, "99110"));
	assert_false(measures_emergency(&m, ""));
}

static void posts(void **state)
{
	(void)state;
	assert_int_equal(measures_reach(POST_GENERAL_MANAGER), REACH_SCREENED);
	assert_int_equal(measures_reach(POST_CHAIRMAN), REACH_SECRETARY);
	assert_int_equal(measures_reach(POST_VICE_CHAIRMAN), REACH_SECRETARY);
	assert_int_equal(measures_reach(POST_EMPLOYEE), REACH_STRAIGHT);
	assert_int_equal(measures_reach(POST_GAD_MANAGER), REACH_STRAIGHT);
	assert_int_equal(measures_reach(POST_COUNT), REACH_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(times_count_in_office_hours, setup),
		cmocka_unit_test_setup(office_hours, setup),
		cmocka_unit_test_setup(holidays_and_make_up_days, setup),
		cmocka_unit_test_setup(classes, setup),
		cmocka_unit_test_setup(emergency_numbers, setup),
		cmocka_unit_test_setup(posts, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
