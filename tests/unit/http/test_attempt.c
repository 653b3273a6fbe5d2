#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/room.h"

static void test_user_with_address(void **state)
{
	struct http_attempts *a = calloc(1, sizeof(*a));
	unsigned wait_s = 0, tries = 0;

	while (!http_attempts_count(a, "limin", "10.0.0.1", 1000, &wait_s))
		tries++;
	assert_int_equal(tries, 6);
	assert_in_range(wait_s, 299, 301);
	/* another address is another matter, and time heals */
	assert_int_equal(http_attempts_count(a, "limin", "10.0.0.2", 1000, &wait_s), 0);
	assert_int_equal(http_attempts_count(a, "limin", "10.0.0.1", 301000, &wait_s), 0);
	free(a);
}

static void test_success_forgives(void **state)
{
	struct http_attempts *a = calloc(1, sizeof(*a));
	unsigned wait_s, tries = 0;

	for (int i = 0; i < 20; i++) {
		assert_int_equal(http_attempts_count(a, "limin", "10.0.0.1", 1000, &wait_s), 0);
		http_attempts_forgive(a, "limin", "10.0.0.1");
	}
	while (!http_attempts_count(a, "other", "10.0.0.1", 1000, &wait_s))
		tries++;
	assert_int_equal(tries, 6);
	free(a);
}

static void test_address_with_many_names(void **state)
{
	struct http_attempts *a = calloc(1, sizeof(*a));
	unsigned wait_s, allowed = 0;
	char name[32];

	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "user%d", i);
		allowed += !http_attempts_count(a, name, "10.0.0.1", 1000 + i / 100, &wait_s);
	}
	assert_int_equal(allowed, 30);
	free(a);
}

static void test_sessions(void **state)
{
	struct http_sessions *t = calloc(1, sizeof(*t)), *again = calloc(1, sizeof(*again));
	struct http_identity who = {.user = 7, .org = 1, .roles = 3, .name = "limin"}, got = {0};
	char first[HTTP_COOKIE_BYTES + 1], cookie[HTTP_COOKIE_BYTES + 1];
	char file[] = "/tmp/zongji-sessions-XXXXXX";
	struct stat st;

	close(mkstemp(file));
	unlink(file);
	assert_int_equal(http_sessions_init(t, file, 0, 0), 0);
	assert_int_equal(http_sessions_open(t, &who, first), 0);
	assert_true(http_sessions_find(t, first, &got));
	assert_int_equal(got.user, 7);
	assert_false(http_sessions_find(t, "", &got));
	assert_false(http_sessions_find(t, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &got));
	for (int i = 0; i < HTTP_SESSIONS_USER; i++)
		assert_int_equal(http_sessions_open(t, &who, cookie), 0);
	assert_int_equal(t->count, HTTP_SESSIONS_USER);
	http_sessions_clear(t);

	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(http_sessions_init(again, file, 0, 0), 0);
	assert_true(http_sessions_find(again, cookie, &got));
	assert_string_equal(got.name, "limin");
	http_sessions_close_user(again, 7);
	assert_false(http_sessions_find(again, cookie, &got));
	assert_int_equal(again->count, 0);
	http_sessions_clear(again);
	unlink(file);
	free(t);
	free(again);
}

static void test_sessions_end_by_themselves(void **state)
{
	struct http_sessions *t = calloc(1, sizeof(*t));
	struct http_identity who = {.user = 7}, got;
	char cookie[HTTP_COOKIE_BYTES + 1];

	assert_int_equal(http_sessions_init(t, NULL, 1000, 50), 0);
	assert_int_equal(http_sessions_open(t, &who, cookie), 0);
	assert_true(http_sessions_find(t, cookie, &got));
	usleep(60000);
	assert_false(http_sessions_find(t, cookie, &got));
	http_sessions_clear(t);
	free(t);
}

static void test_sessions_at_their_limit(void **state)
{
	struct http_sessions *t = calloc(1, sizeof(*t));
	struct http_identity who = {0}, got;
	char first[HTTP_COOKIE_BYTES + 1], cookie[HTTP_COOKIE_BYTES + 1];

	assert_int_equal(http_sessions_init(t, NULL, 0, 0), 0);
	for (unsigned i = 1; i <= HTTP_SESSIONS + 10; i++) {
		who.user = i;
		assert_int_equal(http_sessions_open(t, &who, i == 1 ? first : cookie), 0);
	}
	assert_int_equal(t->count, HTTP_SESSIONS);
	assert_true(http_sessions_find(t, cookie, &got));
	http_sessions_clear(t);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_user_with_address),
	    cmocka_unit_test(test_success_forgives),
	    cmocka_unit_test(test_address_with_many_names),
	    cmocka_unit_test(test_sessions),
	    cmocka_unit_test(test_sessions_end_by_themselves),
	    cmocka_unit_test(test_sessions_at_their_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
