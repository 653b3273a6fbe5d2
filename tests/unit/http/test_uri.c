#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "http/room.h"

static void test_decodes(void **state)
{
	struct http_uri u = {0};

	assert_int_equal(http_uri_parse("/api/v1/%E5%BC%A0?text=%E5%BC%A0+a%2Bb&x=&y#z", &u), 0);
	assert_string_equal(u.path, "/api/v1/\xe5\xbc\xa0");
	assert_int_equal(u.pair_count, 3);
	assert_string_equal(u.pair[0].name, "text");
	assert_string_equal(u.pair[0].value, "\xe5\xbc\xa0 a+b");
	assert_string_equal(u.pair[1].value, "");
	assert_string_equal(u.pair[2].name, "y#z");
}

static void test_refuses(void **state)
{
	static const char *const bad[] = {
	    "",		"*",	   "http://x/",	     "/a%00b",	  "/a%", "/a%4", "/%zz",
	    "/%ff",	"/a/../b", "/a/%2e%2e/b",    "/a/.",	  "/..", "//a",	 "/a\\b",
	    "/a?b=%00", "/%c0%af", "/a?%ed%a0%80=1", "/%0d%0aX:1"};
	char *longer = malloc(HTTP_PATH_BYTES + 8);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct http_uri u = {0};

		assert_int_equal(http_uri_parse(bad[i], &u), EINVAL);
	}
	memset(longer, 'a', HTTP_PATH_BYTES + 7);
	longer[0] = '/';
	longer[HTTP_PATH_BYTES + 7] = '\0';
	struct http_uri u = {0};

	assert_int_equal(http_uri_parse(longer, &u), ENAMETOOLONG);
	free(longer);
}

/* A pair that fills the room exactly left one byte to be written behind it. */
static void test_at_the_limit_of_the_query(void **state)
{
	char raw[HTTP_PATH_BYTES + 8] = "/?a=";
	struct http_uri u = {0};

	memset(raw + 4, 'b', HTTP_PATH_BYTES - 3);
	assert_int_equal(http_uri_parse(raw, &u), 0);
	assert_int_equal(strlen(u.pair[0].value), HTTP_PATH_BYTES - 3);
	strcat(raw, "&=");
	memset(&u, 0, sizeof(u));
	assert_int_equal(http_uri_parse(raw, &u), ENAMETOOLONG);
	assert_string_equal(u.pair[0].name, "a");
}

static void test_at_the_limit_of_pairs(void **state)
{
	char raw[256] = "/?";
	struct http_uri u = {0};

	for (int i = 0; i < HTTP_QUERIES; i++)
		strcat(raw, "a=1&");
	assert_int_equal(http_uri_parse(raw, &u), 0);
	assert_int_equal(u.pair_count, HTTP_QUERIES);
	strcat(raw, "a=1");
	u.pair_count = 0;
	assert_int_equal(http_uri_parse(raw, &u), ENAMETOOLONG);
}

static void test_matches(void **state)
{
	struct http_pair param[HTTP_PARAMS];
	char text[64];
	unsigned n = 9;

	assert_true(http_uri_match("/a/{no}/b/{id}", "/a/12/b/x", param, &n, text, sizeof(text)));
	assert_int_equal(n, 2);
	assert_string_equal(param[0].name, "no");
	assert_string_equal(param[0].value, "12");
	assert_string_equal(param[1].value, "x");
	assert_false(http_uri_match("/a/{no}", "/a/", param, &n, text, sizeof(text)));
	assert_false(http_uri_match("/a/{no}", "/a/1/", param, &n, text, sizeof(text)));
	assert_false(http_uri_match("/a/{no}", "/a", param, &n, text, sizeof(text)));
	assert_false(http_uri_match("/a", "/ab", param, &n, text, sizeof(text)));
	assert_true(http_uri_match("/a", "/a", param, &n, text, sizeof(text)));
	assert_int_equal(n, 0);
}

static void test_language(void **state)
{
	assert_int_equal(http_uri_language(NULL), LANG_ZH_CN);
	assert_int_equal(http_uri_language("de, fr"), LANG_ZH_CN);
	assert_int_equal(http_uri_language("en-GB,en;q=0.9"), LANG_EN);
	assert_int_equal(http_uri_language("en;q=0.3, zh-TW;q=0.9"), LANG_ZH_TW);
	assert_int_equal(http_uri_language("zh-Hant-HK"), LANG_ZH_TW);
	assert_int_equal(http_uri_language("zh, en"), LANG_ZH_CN);
	assert_int_equal(http_uri_language("en;q=1e999, zh-TW;q=nan"), LANG_ZH_CN);
	assert_int_equal(http_uri_language("english, zh-hk"), LANG_ZH_TW);
	assert_int_equal(http_uri_language(";;;q=,,;q=-"), LANG_ZH_CN);
}

static void test_json(void **state)
{
	static const char quoted[] =
	    "[\"[[[[\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"]";
	json_t *j = NULL;
	char deep[2 * HTTP_JSON_DEPTH + 8];

	assert_int_equal(http_json_parse("{\"a\":[1]}", 9, &j), 0);
	json_decref(j);
	assert_int_equal(http_json_parse("{\"a\":1,\"a\":2}", 13, &j), EINVAL);
	assert_int_equal(http_json_parse("{\"a\":\"\xff\"}", 9, &j), EINVAL);
	assert_int_equal(http_json_parse("{\"a\":\"\\u0000\"}", 14, &j), EINVAL);
	assert_int_equal(http_json_parse("{} x", 4, &j), EINVAL);
	memset(deep, '[', HTTP_JSON_DEPTH);
	memset(deep + HTTP_JSON_DEPTH, ']', HTTP_JSON_DEPTH);
	assert_int_equal(http_json_parse(deep, 2 * HTTP_JSON_DEPTH, &j), 0);
	json_decref(j);
	memset(deep, '[', HTTP_JSON_DEPTH + 1);
	assert_int_equal(http_json_parse(deep, HTTP_JSON_DEPTH + 1, &j), E2BIG);
	assert_int_equal(http_json_parse(quoted, sizeof(quoted) - 1, &j), 0);
	json_decref(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_decodes),
	    cmocka_unit_test(test_refuses),
	    cmocka_unit_test(test_at_the_limit_of_pairs),
	    cmocka_unit_test(test_at_the_limit_of_the_query),
	    cmocka_unit_test(test_matches),
	    cmocka_unit_test(test_language),
	    cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
