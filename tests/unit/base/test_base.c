#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/log.h"
#include "base/ring.h"
#include "base/text.h"

static void test_copy_cuts_at_a_character(void **state)
{
	char t[6];

	(void)state;
	assert_int_equal(text_copy(t, sizeof(t), "王小明"), EOVERFLOW);
	assert_string_equal(t, "王");
	assert_int_equal(text_copy(t, sizeof(t), "abcde"), 0);
	assert_string_equal(t, "abcde");
	assert_int_equal(text_copy(t, sizeof(t), NULL), 0);
	assert_memory_equal(t, "\0\0\0\0\0\0", 6);
}

static void test_append_cuts_at_a_character(void **state)
{
	char t[8] = "ab";

	(void)state;
	assert_int_equal(text_append(t, sizeof(t), "%s", "王小"), EOVERFLOW);
	assert_string_equal(t, "ab王");
	assert_int_equal(text_append(t, sizeof(t), "%d", 77), 0);
	assert_string_equal(t, "ab王77");
	assert_int_equal(text_append(t, sizeof(t), "x"), EOVERFLOW);
	assert_string_equal(t, "ab王77");
}

static void test_utf8(void **state)
{
	(void)state;
	assert_true(text_utf8_valid("总机\xF0\x9F\x93\x9E", 10));
	assert_false(text_utf8_valid("\xC0\x80", 2));         /* overlong */
	assert_false(text_utf8_valid("\xED\xA0\x80", 3));     /* surrogate */
	assert_false(text_utf8_valid("\xF4\x90\x80\x80", 4)); /* above U+10FFFF */
	assert_false(text_utf8_valid("\xE6\x80", 2));         /* cut */
	assert_false(text_utf8_valid("a\0b", 3));
}

static void test_dialable_and_distance(void **state)
{
	(void)state;
	assert_true(text_is_dialable("0800", 8));
	assert_false(text_is_dialable("", 8));
	assert_false(text_is_dialable("“8888”", 8));
	assert_false(text_is_dialable("12345", 4));
	assert_int_equal(text_distance("codecs", "codec", 2), 1);
	assert_int_equal(text_distance("trunk", "people", 2), 3);
}

static void *pusher(void *arg)
{
	for (uint32_t i = 0; i < 10000; i++)
		while (ring_push(arg, &i) == ENOBUFS)
			;
	return NULL;
}

static void test_ring_between_threads(void **state)
{
	struct ring *r = NULL;
	pthread_t t[2];
	uint64_t sum = 0, n = 0;
	uint32_t v;

	(void)state;
	assert_int_equal(ring_alloc(&r, sizeof(uint32_t), 64), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&t[i], NULL, pusher, r), 0);
	while (n < 20000) {
		ring_quiet(r);
		while (ring_take(r, &v)) {
			sum += v;
			n++;
		}
	}
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(sum, 2u * (9999u * 10000u / 2));
	for (v = 0; v < 64; v++)
		assert_int_equal(ring_push(r, &v), 0);
	assert_int_equal(ring_push(r, &v), ENOBUFS);
	ring_free(r);
}

static void test_log_limit(void **state)
{
	struct log_limiter l;
	uint32_t held = 99;

	(void)state;
	memset(&l, 0, sizeof(l));
	assert_true(log_limit(&l, "10.0.0.1", 5000, &held));
	assert_int_equal(held, 0);
	for (int i = 0; i < 7; i++)
		assert_false(log_limit(&l, "10.0.0.1", 5100, &held));
	assert_true(log_limit(&l, "10.0.0.1", 6001, &held));
	assert_int_equal(held, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy_cuts_at_a_character),
		cmocka_unit_test(test_append_cuts_at_a_character),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_dialable_and_distance),
		cmocka_unit_test(test_ring_between_threads),
		cmocka_unit_test(test_log_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
