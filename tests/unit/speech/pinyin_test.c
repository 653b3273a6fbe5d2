/* Pinyin of names, and readings that somebody typed. */
#include <errno.h>
#include <pthread.h>

#include "folder.h"
#include "speech/pinyin.h"

static void names(void **state)
{
	static const struct {
		enum pinyin_kind kind;
		const char *text, *numbered, *letters, *initials;
	} cases[] = {
	    {PINYIN_PERSON, "张三丰", "zhang1 san1 feng1", "zhangsanfeng", "zsf"},
	    {PINYIN_PERSON, "欧阳修", "ou1 yang2 xiu1", "ouyangxiu", "oyx"},
	    {PINYIN_PERSON, "單雄信", "shan4 xiong2 xin4", "shanxiongxin", "sxx"},
	    {PINYIN_PERSON, "吕布", "lv3 bu4", "lvbu", "lb"},
	    {PINYIN_PERSON, "区志强", "ou1 zhi4 qiang2", "ouzhiqiang", "ozq"},
	    {PINYIN_PERSON, "Mike Chen", "Mike Chen", "mikechen", "mc"},
	    {PINYIN_PERSON, "长孙无忌", "zhang3 sun1 wu2 ji4", "zhangsunwuji", "zswj"},
	    {PINYIN_WORDS, "区域部", "qu1 yu4 bu4", "quyubu", "qyb"},
	    {PINYIN_WORDS, "重慶分公司", "chong2 qing4 fen1 gong1 si1", "chongqingfengongsi",
	     "cqfgs"},
	    {PINYIN_WORDS, "会计部", "kuai4 ji4 bu4", "kuaijibu", "kjb"},
	    {PINYIN_WORDS, "ＩＴ部", "IT bu4", "itbu", "ib"},
	    {PINYIN_WORDS, "工程部（北）、您", "gong1 cheng2 bu4, bei3, nin2", "gongchengbubeinin",
	     "gcbbn"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pinyin p;

		assert_int_equal(speech_pinyin(cases[i].text, cases[i].kind, &p), 0);
		assert_string_equal(p.numbered, cases[i].numbered);
		assert_string_equal(p.letters, cases[i].letters);
		assert_string_equal(p.initials, cases[i].initials);
	}
}

static void nothing(void **state)
{
	struct pinyin p = {.letters = "kept"};
	char longer[2000];

	(void)state;
	assert_int_equal(speech_pinyin("", PINYIN_PERSON, &p), EINVAL);
	assert_int_equal(speech_pinyin("\xE5\xBC", PINYIN_PERSON, &p), EINVAL);
	memset(longer, 'a', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(speech_pinyin(longer, PINYIN_WORDS, &p), EOVERFLOW);
	assert_string_equal(p.letters, "kept");
	assert_true(speech_has_han("A座"));
	assert_false(speech_has_han("A, 1"));
}

static void readings(void **state)
{
	static const struct {
		const char *reading, *numbered; /* NULL: refused */
	} cases[] = {
	    {"zhang1 san1 feng1", "zhang1 san1 feng1"},
	    {"lü3 bu4", "lv3 bu4"},
	    {"lu:3 bu4", "lv3 bu4"},
	    {"IT bu4", "IT bu4"},
	    {"nin2 hao3, er2 zi5", "nin2 hao3, er2 zi5"},
	    {"zhnag1 san1", NULL},
	    {"zhang san1", NULL},
	    {"zhang6", NULL},
	    {"张1", NULL},
	    {"", NULL},
	    {"-; rm", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pinyin p;
		int err = speech_pinyin_parse(cases[i].reading, &p);

		assert_int_equal(err, cases[i].numbered ? 0 : EINVAL);
		if (!err)
			assert_string_equal(p.numbered, cases[i].numbered);
	}
}

static void *thread(void *arg)
{
	struct pinyin p;

	for (int i = 0; i < 200; i++)
		if (speech_pinyin("张三丰", PINYIN_PERSON, &p) || strcmp(p.initials, "zsf") != 0)
			return arg;
	return NULL;
}

static void threads(void **state)
{
	pthread_t t[4];
	void *failed;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, thread, t), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], &failed);
		assert_null(failed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names),
	    cmocka_unit_test(nothing),
	    cmocka_unit_test(readings),
	    cmocka_unit_test(threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
