/* The pure parts: headers whose words aren't ASCII, names of files, dates, signatures. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "deliver/priv.h"

/* Each line of an encoded header is an encoded word of 75 columns at most, and whole characters. */
static void words_are_folded_at_characters(void **state)
{
	static const char text[] = "留言：王先生 · 华建工程有限公司上海浦东分公司"
				   "第三项目部（2026-11-30 10:42）";
	char out[512], back[512] = "";
	unsigned lines = 0;

	assert_int_equal(deliver_mime_words(out, sizeof(out), text), 0);
	for (char *save = NULL, *l = strtok_r(out, "\r\n", &save); l;
	     l = strtok_r(NULL, "\r\n", &save), lines++) {
		unsigned char piece[64];
		size_t n;

		l += *l == ' ';
		assert_true(strlen(l) <= 75);
		assert_memory_equal(l, "=?UTF-8?B?", 10);
		assert_int_equal(sodium_base642bin(piece, sizeof(piece), l + 10, strlen(l) - 12,
						   NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL),
				 0);
		assert_true(text_utf8_valid((char *)piece, n));
		strncat(back, (char *)piece, n);
	}
	assert_true(lines > 2);
	assert_string_equal(back, text);
}

/* Nothing that a caller or a name can say ends a header or stands for an encoded word. */
static void words_that_would_do_harm(void **state)
{
	static const char *const bad[] = {"a\r\nBcc: everybody@example.com", "a\nb",
					  "=?UTF-8?B?eA==?=",
					  "\x01", "\xe7\x8e\x8b\r\n"};
	char out[256];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(deliver_mime_words(out, sizeof(out), bad[i]), 0);
		assert_memory_equal(out, "=?UTF-8?B?", 10);
		assert_null(strstr(out, "Bcc"));
	}
	assert_int_equal(deliver_mime_words(out, sizeof(out), "Plain words"), 0);
	assert_string_equal(out, "Plain words");
	assert_int_equal(deliver_mime_words(out, 16, "王先生王先生"), EOVERFLOW);
}

static void names_of_files(void **state)
{
	char out[128];

	assert_int_equal(deliver_mime_disposition(out, sizeof(out), "留言 1\".wav"), 0);
	assert_string_equal(out,
			    "attachment;\r\n filename*=UTF-8''%E7%95%99%E8%A8%80%201%22.wav");
	assert_int_equal(deliver_mime_disposition(out, 40, "留言.wav"), EOVERFLOW);
	assert_int_equal(deliver_escape(out, sizeof(out), "a b&c=王/"), 0);
	assert_string_equal(out, "a%20b%26c%3D%E7%8E%8B%2F");
}

static void dates_have_their_zone(void **state)
{
	char out[64];

	setenv("TZ", "Asia/Shanghai", 1);
	tzset();
	deliver_mime_date(out, sizeof(out), INT64_C(1796006520000));
	assert_string_equal(out, "Mon, 30 Nov 2026 10:42:00 +0800");
	setenv("TZ", "America/St_Johns", 1);
	tzset();
	deliver_mime_date(out, sizeof(out), INT64_C(1796006520000));
	assert_string_equal(out, "Sun, 29 Nov 2026 23:12:00 -0330");
	unsetenv("TZ");
	tzset();
}

/* RFC 4231, 4.3: key "Jefe". */
static void signatures(void **state)
{
	char out[64];

	deliver_sign(out, sizeof(out), "Jefe", 4, "what do ya want for nothing?");
	assert_string_equal(out, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
}

static void outcomes_have_names(void **state)
{
	enum deliver_channel c;

	for (unsigned i = 0; i < DELIVER_CHANNELS; i++) {
		assert_true(deliver_channel_parse(deliver_channel_name(i), &c));
		assert_int_equal(c, i);
	}
	assert_false(deliver_channel_parse("pigeon", &c));
	for (unsigned i = 0; i < DELIVER_OUTCOMES; i++)
		assert_true(deliver_outcome_name(i)[0]);
	assert_true(deliver_outcome_final(DELIVER_OK));
	assert_false(deliver_outcome_final(DELIVER_BUSY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(words_are_folded_at_characters),
	    cmocka_unit_test(words_that_would_do_harm),
	    cmocka_unit_test(names_of_files),
	    cmocka_unit_test(dates_have_their_zone),
	    cmocka_unit_test(signatures),
	    cmocka_unit_test(outcomes_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
