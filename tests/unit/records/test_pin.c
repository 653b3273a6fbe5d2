/* A PIN: what fits, right and wrong, the lock that outlives a restart; never in clear. */
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "records/directory.h"
#include "records/pin.h"

#define AT INT64_C(1790000000000)

static const char extensions[] = "id,number,user,person\r\n11,8312,u8312,1\r\n";
static const char people[] = "id,name,extension\r\n1,张三丰,11\r\n2,李向东,\r\n";

static void directory(void)
{
	const struct records_csv csv = {
	    .file = {[RECORDS_PEOPLE] = {people, sizeof(people) - 1},
		     [RECORDS_EXTENSIONS] = {extensions, sizeof(extensions) - 1}}};
	static struct records_csv_errors errors;
	struct records_import_counts counts;

	assert_int_equal(records_directory_import(w.db, 1, &csv, "test", AT, &errors, &counts), 0);
}

static enum records_pin check(const char *pin, int64_t at_ms)
{
	enum records_pin r = RECORDS_PIN_NONE;

	assert_int_equal(records_pin_check(w.db, 1, 1, pin, at_ms, &r), 0);
	return r;
}

static void what_fits(void **state)
{
	static const char *const bad[] = {"",	      "123",	  "1111",	   "1234",
					  "9876",     "12a4",	  "1357924680135", "12 34",
					  "８３１２", "'OR1'='1'"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(records_pin_fit(bad[i]));
	assert_true(records_pin_fit("2580"));
	assert_true(records_pin_fit("121212121212"));
	directory();
	assert_int_equal(records_pin_set(w.db, 1, 1, "8312", "t"), EINVAL); /* own number */
	assert_int_equal(records_pin_set(w.db, 1, 1, "1234", "t"), EINVAL);
	assert_int_equal(records_pin_set(w.db, 1, 3, "2580", "t"), ENOENT);
	assert_int_equal(records_pin_set(w.db, 2, 1, "2580", "t"), ENOENT);
}

static void right_and_wrong(void **state)
{
	enum records_pin r = RECORDS_PIN_RIGHT;

	directory();
	assert_int_equal(check("2580", AT), RECORDS_PIN_NONE);
	assert_int_equal(records_pin_set(w.db, 1, 1, "2580", "t"), 0);
	assert_int_equal(check("2580", AT), RECORDS_PIN_RIGHT);
	assert_int_equal(check("2581", AT), RECORDS_PIN_WRONG);
	assert_int_equal(check("", AT), RECORDS_PIN_WRONG);
	assert_int_equal(check("2580", AT), RECORDS_PIN_RIGHT); /* begins anew */
	assert_int_equal(check("25800", AT), RECORDS_PIN_WRONG);
	assert_int_equal(records_pin_check(w.db, 1, 2, "2580", AT, &r), 0);
	assert_int_equal(r, RECORDS_PIN_NONE);
	assert_int_equal(records_pin_check(w.db, 2, 1, "2580", AT, &r), 0);
	assert_int_equal(r, RECORDS_PIN_NONE);
}

static void wrong_thrice(int64_t at_ms)
{
	for (int i = 0; i < RECORDS_PIN_TRIES; i++)
		assert_int_equal(check("1590", at_ms), RECORDS_PIN_WRONG);
	assert_int_equal(check("2580", at_ms), RECORDS_PIN_LOCKED);
}

static int on_change(const struct records_change *c, void *arg)
{
	assert_null(strstr(c->after, "2580"));
	*(unsigned *)arg += text_eq(c->what, "pin_locked");
	return 0;
}

static void a_lock_grows_and_outlives_a_restart(void **state)
{
	int64_t at = AT;
	unsigned locks = 0;

	directory();
	assert_int_equal(records_pin_set(w.db, 1, 1, "2580", "t"), 0);
	wrong_thrice(at);
	records_return(w.r, w.db);
	w.db = NULL;
	world_stop(1000);
	world_start();
	assert_int_equal(records_borrow(w.r, 1000, &w.db), 0);
	assert_int_equal(check("2580", at + RECORDS_PIN_LOCK_MS - 1), RECORDS_PIN_LOCKED);
	at += RECORDS_PIN_LOCK_MS;
	wrong_thrice(at); /* three new tries, then twice as long */
	assert_int_equal(check("2580", at + RECORDS_PIN_LOCK_MS), RECORDS_PIN_LOCKED);
	assert_int_equal(check("2580", at + 2 * RECORDS_PIN_LOCK_MS), RECORDS_PIN_RIGHT);
	wrong_thrice(at + 3 * RECORDS_PIN_LOCK_MS);
	assert_int_equal(records_pin_set(w.db, 1, 1, "2580", "t"), 0); /* set anew: lifted */
	assert_int_equal(check("2580", at + 3 * RECORDS_PIN_LOCK_MS), RECORDS_PIN_RIGHT);
	assert_int_equal(records_history(w.db, 1, 0, 100, on_change, &locks), 0);
	assert_int_equal(locks, 3);
}

static void not_in_the_database(void **state)
{
	char command[512];

	if (w.engine != STORE_SQLITE)
		return;
	directory();
	assert_int_equal(records_pin_set(w.db, 1, 1, "70529138", "t"), 0);
	assert_int_equal(check("70529138", AT), RECORDS_PIN_RIGHT);
	assert_int_equal(check("61529047", AT), RECORDS_PIN_WRONG);
	snprintf(command, sizeof(command), "grep -rqaE '70529138|61529047' '%s'", w.dir);
	assert_int_equal(WEXITSTATUS(system(command)), 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_open, world_close)
	const struct CMUnitTest tests[] = {
	    T(what_fits),
	    T(right_and_wrong),
	    T(a_lock_grows_and_outlives_a_restart),
	    T(not_in_the_database),
	};

	return world_main(tests, sizeof(tests) / sizeof(tests[0]));
}
