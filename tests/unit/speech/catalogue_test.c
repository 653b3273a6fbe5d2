/* The catalogue: the texts that ship are well, and each fault of a file is named. */
#include <errno.h>

#include "base/catalogue.h"
#include "folder.h"

static void ship(void **state)
{
	struct catalogue *c = NULL;
	char out[64], why[CATALOGUE_WHY] = "";
	int err = catalogue_open(&c, LANG_DIR, why);

	(void)state;
	if (err)
		fail_msg("%s", why);
	assert_string_equal(catalogue_text(c, LANG_ZH_CN, "prompt.through.one_moment"), "请稍等");
	assert_string_equal(catalogue_text(c, LANG_EN, "clause.A4.1.3"), "General manager");
	assert_string_equal(catalogue_text(c, LANG_EN, "no.such"), "no.such");
	assert_int_equal(catalogue_format(c, LANG_ZH_CN, "prompt.attendant.greeting", out,
					  sizeof(out), "company", "某城集团", NULL),
			 0);
	assert_string_equal(out, "您好，这里是某城集团");
	assert_int_equal(catalogue_format(c, LANG_EN, "prompt.attendant.greeting", out, 16,
					  "company", "某城集团", NULL),
			 EOVERFLOW);
	assert_string_equal(out, "Hello, this is ");
	assert_int_equal(catalogue_format(c, LANG_EN, "no.such", out, sizeof(out), NULL), ENOENT);
	catalogue_close(c);
	catalogue_close(NULL);
}

static void fill(void **state)
{
	static const char *const pairs[] = {"a", "1", "bc", "{a}"};
	char out[64];

	(void)state;
	assert_int_equal(catalogue_fill("{a}{bc} {} {d} {a", out, sizeof(out), pairs, 2), 0);
	assert_string_equal(out, "1{a} {} {d} {a");
	assert_int_equal(catalogue_fill("", out, sizeof(out), pairs, 2), 0);
	assert_string_equal(out, "");
}

static void languages(void **state)
{
	static const struct {
		const char *name;
		bool ok;
		enum lang lang;
	} cases[] = {
	    {"zh-CN", true, LANG_ZH_CN},
	    {"zh_TW.UTF-8", true, LANG_ZH_TW},
	    {"zh", true, LANG_ZH_CN},
	    {"zh-Hant-HK", true, LANG_ZH_TW},
	    {"en-US", true, LANG_EN},
	    {"EN", true, LANG_EN},
	    {"eng", false, 0},
	    {"", false, 0},
	    {NULL, false, 0},
	    {"de", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum lang lang = LANG_COUNT;

		assert_int_equal(lang_parse(cases[i].name, &lang), cases[i].ok);
		if (cases[i].ok)
			assert_int_equal(lang, cases[i].lang);
	}
}

static void faults(void **state)
{
	static const struct {
		const char *cn, *tw, *en, *why;
		int err;
	} cases[] = {
	    {"{\"a\": \"1\"}", "{}", "{\"a\": \"1\"}", "zh-TW.json: \"a\" is missing", EINVAL},
	    {"{}", "{}", "{\"b\": \"1\"}", "zh-CN.json: \"b\" is missing", EINVAL},
	    {"{\"a\": \"{x}\"}", "{\"a\": \"{x}\"}", "{\"a\": \"{y}\"}", "placeholders", EINVAL},
	    {"{\"a\": \"{x}\"}", "{\"a\": \"{x}\"}", "{\"a\": \"x\"}", "placeholders", EINVAL},
	    {"{\"a\": 1}", "{\"a\": \"1\"}", "{\"a\": \"1\"}", "expected a text", EINVAL},
	    {"{\"a\": \"1\", \"a\": \"2\"}", "{}", "{}", "duplicate", EINVAL},
	    {"{\"a\": \"1\",\n}", "{}", "{}", "line 2", EINVAL},
	    {"[]", "{}", "{}", "expected one object", EINVAL},
	    {"{}", "{}", NULL, "en.json", ENOENT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct catalogue *c = (void *)1;
		char why[CATALOGUE_WHY] = "";

		folder_text("zh-CN.json", cases[i].cn);
		folder_text("zh-TW.json", cases[i].tw);
		unlink(folder_path("en.json"));
		if (cases[i].en)
			folder_text("en.json", cases[i].en);
		assert_int_equal(catalogue_open(&c, folder, why), cases[i].err);
		assert_ptr_equal(c, (void *)1);
		if (!strstr(why, cases[i].why))
			fail_msg("case %zu: \"%s\" does not say \"%s\"", i, why, cases[i].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ship),
	    cmocka_unit_test(fill),
	    cmocka_unit_test(languages),
	    cmocka_unit_test_setup_teardown(faults, folder_make, folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
