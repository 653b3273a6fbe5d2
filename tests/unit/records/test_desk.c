/* What a desk keeps: drafts by the storage thread, stand-ins, instructions, told enquiries, slips,
 * absences, uses; the directory by hand and by files from elsewhere. On both engines. */
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "base/text.h"
#include "records/desk.h"
#include "records/directory.h"

#define AT   INT64_C(1790000000000)
#define HOUR INT64_C(3600000)

/* --- drafts --- */

struct drafts {
	unsigned count;
	uint64_t call_no[8];
	char json[8][64];
};

static int on_draft(const struct records_draft *d, void *arg)
{
	struct drafts *all = arg;

	if (all->count == 8)
		return ECANCELED;
	all->call_no[all->count] = d->call_no;
	(void)text_copy(all->json[all->count++], 64, d->json);
	return 0;
}

static struct drafts drafts(int64_t now_ms)
{
	struct drafts all = {0};

	assert_int_equal(records_drafts_load(w.db, 1, now_ms, on_draft, &all), 0);
	return all;
}

static void keep(uint64_t call_no, int64_t at_ms, const char *json)
{
	const struct records_draft d = {
	    .org = 1, .account = 3, .call_no = call_no, .at_ms = at_ms, .json = json};

	assert_int_equal(records_draft_keep(w.r, &d, 5000), 0);
}

static void a_draft_is_durable_and_the_last_one_counts(void **state)
{
	struct drafts d;

	keep(7, AT, "{\"a\":1}");
	keep(8, AT + 1, "{\"b\":1}");
	keep(7, AT + 2, "{\"a\":2}");
	world_stop(5000);
	world_start();
	d = drafts(AT + HOUR);
	assert_int_equal(d.count, 2);
	assert_int_equal(d.call_no[0], 7);
	assert_string_equal(d.json[0], "{\"a\":2}");
	keep(7, AT + 3, NULL);
	d = drafts(AT + HOUR);
	assert_int_equal(d.count, 1);
	assert_int_equal(d.call_no[0], 8);
	d = drafts(AT + RECORDS_DRAFT_KEPT_MS + 2 * HOUR);
	assert_int_equal(d.count, 0);
}

static void a_pushed_draft_is_told_as_one(void **state)
{
	const struct records_draft d = {
	    .serial = 41, .org = 1, .call_no = 9, .at_ms = AT, .json = "{}"};
	struct records_event e;

	assert_int_equal(records_draft_push(w.r, &d), 0);
	assert_true(event_wait(&e, 5000));
	assert_int_equal(e.serial, 41);
	assert_int_equal(e.what, RECORDS_KEPT_DRAFT);
	assert_true(e.ok);
}

static void a_draft_has_a_limit(void **state)
{
	char *long_one = malloc(RECORDS_DRAFT_BYTES + 2);
	struct records_draft d = {.org = 1, .call_no = 9, .at_ms = AT, .json = long_one};

	assert_non_null(long_one);
	memset(long_one, 'x', RECORDS_DRAFT_BYTES + 1);
	long_one[RECORDS_DRAFT_BYTES + 1] = '\0';
	assert_int_equal(records_draft_push(w.r, &d), E2BIG);
	long_one[RECORDS_DRAFT_BYTES] = '\0';
	assert_int_equal(records_draft_keep(w.r, &d, 5000), 0);
	d.json = "\xff";
	assert_int_equal(records_draft_push(w.r, &d), EINVAL);
	free(long_one);
}

static bool failing;

static int sometimes(void *arg)
{
	return failing ? EIO : 0;
}

static int open_failing(void **state)
{
	failing = false;
	world_fresh(state);
	w.hooks.before_commit = sometimes;
	world_start();
	return 0;
}

/* A worker isn't kept for ever, and what it brought is written later. */
static void a_disk_that_fails_gives_the_worker_back(void **state)
{
	const struct records_draft d = {.org = 1, .call_no = 5, .at_ms = AT, .json = "{\"c\":1}"};

	failing = true;
	assert_int_equal(records_draft_keep(w.r, &d, 300), ETIMEDOUT);
	failing = false;
	for (int i = 0; i < 500 && drafts(AT).count == 0; i++)
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	assert_int_equal(drafts(AT).count, 1);
	failing = true;
	assert_int_equal(records_draft_keep(w.r, &d, 100), ETIMEDOUT);
	world_stop(0); /* unwritten: freed all the same */
	failing = false;
	w.hooks = (struct store_hooks){0};
	world_start();
	assert_int_equal(drafts(AT).count, 1);
}

/* --- stand-ins --- */

static int on_standin(const struct records_standin *s, void *arg)
{
	*(struct records_standin *)arg = *s;
	return ECANCELED;
}

static void a_standin_is_in_force_only_when_approved_and_in_its_time(void **state)
{
	struct records_standin s = {.org = 1,
				    .person = 30,
				    .from_ms = AT + HOUR,
				    .until_ms = AT + 3 * HOUR,
				    .asked_ms = AT},
			       seen = {0};
	int64_t id = 0, until = 0;

	TEXT_COPY(s.reason, "李敏看病");
	TEXT_COPY(s.asked_by, "operator1");
	assert_int_equal(records_standin_ask(w.db, &s, &id), 0);
	assert_int_equal(records_standin_in_force(w.db, 1, 30, AT + 2 * HOUR, NULL), ENOENT);
	assert_int_equal(records_standin_decide(w.db, 2, id, true, "other", AT), ENOENT);
	assert_int_equal(records_standin_decide(w.db, 1, id, true, "manager", AT + 1), 0);
	assert_int_equal(records_standin_in_force(w.db, 1, 30, AT, NULL), ENOENT);
	assert_int_equal(records_standin_in_force(w.db, 1, 30, AT + 2 * HOUR, &until), 0);
	assert_int_equal(until, AT + 3 * HOUR);
	assert_int_equal(records_standin_in_force(w.db, 1, 31, AT + 2 * HOUR, NULL), ENOENT);
	assert_int_equal(records_standin_in_force(w.db, 2, 30, AT + 2 * HOUR, NULL), ENOENT);
	assert_int_equal(records_standin_in_force(w.db, 1, 30, AT + 3 * HOUR, NULL), ENOENT);
	assert_int_equal(records_standin_decide(w.db, 1, id, true, "manager", AT), EALREADY);
	assert_int_equal(records_standin_decide(w.db, 1, id, false, "manager", AT + 2), 0);
	assert_int_equal(records_standin_in_force(w.db, 1, 30, AT + 2 * HOUR, NULL), ENOENT);
	assert_int_equal(records_standin_decide(w.db, 1, id, true, "manager", AT), EALREADY);
	assert_int_equal(records_standins(w.db, 1, on_standin, &seen), ECANCELED);
	assert_string_equal(seen.reason, "李敏看病");
	assert_string_equal(seen.decided_by, "manager");
	s.until_ms = s.from_ms;
	assert_int_equal(records_standin_ask(w.db, &s, &id), EINVAL);
	s.until_ms = s.from_ms + RECORDS_STANDIN_MAX_MS + 1;
	assert_int_equal(records_standin_ask(w.db, &s, &id), EINVAL);
}

/* --- instructions --- */

static int count_one(const struct records_instruction *i, void *arg)
{
	++*(unsigned *)arg;
	return 0;
}

static unsigned in_force(int64_t at_ms)
{
	unsigned n = 0;

	assert_int_equal(records_instructions(w.db, 1, at_ms, count_one, &n), 0);
	return n;
}

static void instructions_expire_and_have_a_limit(void **state)
{
	struct records_instruction i = {
	    .org = 1, .person = 4, .refuse = true, .at_ms = AT, .until_ms = AT + HOUR},
				   was = {0};
	int64_t first = 0, id = 0;

	TEXT_COPY(i.given_by, "朱善富");
	assert_int_equal(records_instruction_add(w.db, &i, &first), 0);
	for (int k = 1; k < RECORDS_INSTRUCTIONS; k++)
		assert_int_equal(records_instruction_add(w.db, &i, &id), 0);
	assert_int_equal(records_instruction_add(w.db, &i, &id), ENOBUFS);
	assert_int_equal(in_force(AT), RECORDS_INSTRUCTIONS);
	assert_int_equal(records_instruction_remove(w.db, 2, first, "x", AT, &was), ENOENT);
	assert_int_equal(records_instruction_remove(w.db, 1, first, "x", AT, &was), 0);
	assert_string_equal(was.given_by, "朱善富");
	assert_int_equal(records_instruction_remove(w.db, 1, first, "x", AT, &was), ENOENT);
	assert_int_equal(in_force(AT), RECORDS_INSTRUCTIONS - 1);
	assert_int_equal(in_force(AT + HOUR), 0);
	i.until_ms = AT;
	assert_int_equal(records_instruction_add(w.db, &i, &id), EINVAL);
}

/* --- slips, told, absences --- */

static void a_repeated_slip_is_the_first_one(void **state)
{
	struct records_message m = {.org = 1, .kept_at_ms = AT, .for_person = 12}, seen;
	int64_t first = 0, second = 0, other = 0;

	TEXT_COPY(m.clause_name, "A3.8");
	TEXT_COPY(m.matter, "请回电");
	TEXT_COPY(m.declined, "surname");
	TEXT_COPY(m.taken_by, "operator1");
	assert_int_equal(records_message_add(w.db, &m, "3:k1", &first), 0);
	assert_int_equal(records_message_add(w.db, &m, "3:k1", &second), EALREADY);
	assert_int_equal(first, second);
	assert_int_equal(records_message_add(w.db, &m, "", &second), 0);
	assert_int_equal(records_message_add(w.db, &m, "", &other), 0);
	assert_true(second != other && second != first);
	assert_int_equal(records_message_get(w.db, 1, first, &seen), 0);
	assert_string_equal(seen.declined, "surname");
	assert_string_equal(seen.taken_by, "operator1");
	assert_string_equal(seen.clause_name, "A3.8");
	m.org = 2; /* another organisation's request of the same name is its own */
	assert_int_equal(records_message_add(w.db, &m, "3:k1", &other), 0);
}

static int on_told(const struct records_told *t, void *arg)
{
	*(struct records_told *)arg = *t;
	return 0;
}

static void what_was_told_is_kept(void **state)
{
	struct records_told t = {.org = 1, .at_ms = AT, .person = 16}, seen = {0};
	int64_t id = 0;

	TEXT_COPY(t.text, "张三丰的分机是8312。");
	assert_int_equal(records_told_add(w.db, &t, &id), 0);
	t = (struct records_told){.org = 1, .person = 16};
	assert_int_equal(records_told_list(w.db, &t, 0, 10, on_told, &seen), 0);
	assert_int_equal(seen.id, id);
	assert_string_equal(seen.text, "张三丰的分机是8312。");
	t.person = 17;
	seen.id = 0;
	assert_int_equal(records_told_list(w.db, &t, 0, 10, on_told, &seen), 0);
	assert_int_equal(seen.id, 0);
}

static int on_day(const struct records_day *d, void *arg)
{
	*(struct records_day *)arg = *d;
	return 0;
}

static void an_absence_has_a_word(void **state)
{
	struct records_day d = {
	    .org = 1, .person = 21, .on = true, .at_ms = AT, .until_ms = AT + HOUR},
			   seen = {0};

	TEXT_COPY(d.word, "开会中");
	assert_int_equal(records_absence_set(w.db, &d, "operator1"), 0);
	assert_int_equal(records_day_load(w.db, 1, AT, on_day, &seen), 0);
	assert_int_equal(seen.person, 21);
	assert_string_equal(seen.set, "away");
	assert_string_equal(seen.word, "开会中");
	d.until_ms = AT;
	assert_int_equal(records_absence_set(w.db, &d, "x"), EINVAL);
	d.on = false;
	seen.person = 0;
	assert_int_equal(records_absence_set(w.db, &d, "x"), 0);
	assert_int_equal(records_day_load(w.db, 1, AT, on_day, &seen), 0);
	assert_int_equal(seen.person, 0);
}

/* --- uses --- */

static int on_use(const struct records_use *u, void *arg)
{
	*(struct records_use *)arg = *u;
	return 0;
}

static void uses_count_with_the_steps(void **state)
{
	struct records_use u = {0};

	call_push(1, AT);
	call_push(2, AT + HOUR);
	call_push(3, AT - 100 * 24 * HOUR);
	steps_wait(3 * 7);
	assert_int_equal(records_uses(w.db, 1, AT + HOUR, on_use, &u), 0);
	assert_int_equal(u.times, 2);
	assert_true(u.item > 0 && u.last_ms > AT + HOUR);
}

/* --- the directory --- */

static struct records_csv_errors errors;
static char told[2048];

static int on_difference(const struct records_difference *d, void *arg)
{
	static const char *const whats[] = {"+", "~", "-"};

	return text_append(told, sizeof(told), "%s%u.%u %s %s>%s;", whats[d->what],
			   (unsigned)d->file, d->id, d->column, d->before, d->after);
}

static int merge(const char *people, bool leavers, bool apply, struct records_merge_counts *c)
{
	struct records_merge m = {.leavers = leavers, .apply = apply, .by = "t", .at_ms = AT};

	m.csv.file[RECORDS_PEOPLE] = (struct records_csv_text){people, strlen(people)};
	told[0] = '\0';
	return records_directory_merge(w.db, 1, &m, &errors, c, on_difference, NULL);
}

static int edit(enum records_csv_file f, uint32_t id, const char *json, uint32_t *made)
{
	json_t *cells = json ? json_loads(json, 0, NULL) : NULL;
	const struct records_edit e = {
	    .org = 1, .id = id, .file = f, .cells = cells, .by = "t", .at_ms = AT};
	int err = records_directory_edit(w.db, &e, &errors, made);

	json_decref(cells);
	return err;
}

static void fill(void)
{
	uint32_t id = 0;

	assert_int_equal(edit(RECORDS_DEPARTMENTS, 0, "{\"name\":\"工程部\"}", &id), 0);
	assert_int_equal(id, 1);
	assert_int_equal(edit(RECORDS_PEOPLE, 0, "{\"name\":\"张\",\"title\":\"经理\","
						 "\"department\":1}", &id), 0);
	assert_int_equal(id, 1);
	assert_int_equal(edit(RECORDS_PEOPLE, 0, "{\"name\":\"李\",\"deputy\":1}", &id), 0);
	assert_int_equal(id, 2);
}

static void a_merge_tells_and_keeps_blanks(void **state)
{
	struct records_merge_counts c = {0};

	fill();
	assert_int_equal(merge("id,name,title\n1,张三,\n3,王,工人\n", false, false, &c), 0);
	assert_string_equal(told, "~0.1 name 张>张三;+0.3  >;");
	assert_int_equal(c.kept_blank, 1);
	assert_int_equal(c.added, 1);
	assert_int_equal(c.changed, 1);
	assert_int_equal(merge("id\n1\n", false, false, &c), 0);
	assert_string_equal(told, ""); /* the look before changed nothing */
	assert_int_equal(merge("id,name,title\n1,张三,\n3,王,工人\n", false, true, &c), 0);
	assert_int_equal(merge("id,name,title\n1,张三,\n3,王,工人\n", false, true, &c), 0);
	assert_string_equal(told, "");
	assert_int_equal(merge("id\n2\n3\n", true, true, &c), 0);
	assert_string_equal(told, "~0.2 deputy 1>;-0.1  >;");
	assert_int_equal(merge("id,title\n9,x\n", false, true, &c), EINVAL);
	assert_int_equal(errors.v[0].code, RECORDS_CSV_REQUIRED);
	assert_string_equal(errors.v[0].column, "name");
	assert_int_equal(errors.v[0].line, 2);
}

static void an_edit_keeps_both_sides_of_an_extension(void **state)
{
	struct directory *d = NULL;
	uint32_t x = 0, id = 0;
	char clash[64];

	fill();
	assert_int_equal(edit(RECORDS_EXTENSIONS, 0, "{\"number\":\"0801\",\"person\":1,"
						     "\"call_waiting\":true}", &x), 0);
	assert_int_equal(edit(RECORDS_PEOPLE, 2, "{\"extension\":1}", NULL), 0);
	assert_int_equal(edit(RECORDS_DEPARTMENTS, 1, "{\"members\":[1]}", NULL), 0);
	assert_int_equal(records_directory_load(w.db, 1, &d, clash, sizeof(clash)), 0);
	assert_int_equal(directory_person(d, 1)->extension, 0);
	assert_int_equal(directory_person(d, 2)->extension, x);
	assert_int_equal(directory_extension(d, x)->person, 2);
	assert_true(directory_extension(d, x)->call_waiting);
	assert_string_equal(directory_extension(d, x)->number, "0801");
	assert_int_equal(directory_department(d, 1)->member_count, 1);
	records_directory_free(d);
	assert_int_equal(edit(RECORDS_EXTENSIONS, x, NULL, NULL), 0);
	assert_int_equal(records_directory_load(w.db, 1, &d, clash, sizeof(clash)), 0);
	assert_int_equal(directory_person(d, 2)->extension, 0);
	assert_int_equal(directory_department(d, 1)->member_count, 0);
	records_directory_free(d);
	assert_int_equal(edit(RECORDS_EXTENSIONS, 0, "{\"number\":\"0801\"}", &id), 0);
	assert_true(id > x); /* never used for another */
	assert_int_equal(edit(RECORDS_EXTENSIONS, 0, "{\"number\":\"0801\"}", &id), EINVAL);
	assert_int_equal(errors.v[0].code, RECORDS_CSV_TWICE);
	assert_int_equal(edit(RECORDS_PEOPLE, 77, "{\"name\":\"x\"}", NULL), ENOENT);
	assert_int_equal(edit(RECORDS_PEOPLE, 77, NULL, NULL), ENOENT);
	assert_int_equal(edit(RECORDS_PEOPLE, 1, "{\"name\":\"\"}", NULL), EINVAL);
	assert_int_equal(edit(RECORDS_PEOPLE, 1, "{\"nane\":\"x\"}", NULL), EINVAL);
	assert_string_equal(errors.v[0].suggestion, "name");
}

static int on_reading(enum records_csv_file f, uint32_t id, const char *reading, void *arg)
{
	return text_append(told, sizeof(told), "%u.%u %s;", (unsigned)f, id, reading);
}

static void readings_by_hand(void **state)
{
	static const char *const good[] = {"piao2 xiu4", "pu3 xiu4"}, *const bad[] = {"piao xiu"};

	fill();
	told[0] = '\0';
	assert_int_equal(records_readings_set(w.db, 1, RECORDS_PEOPLE, 1, good, 2, "t", AT), 0);
	assert_int_equal(records_readings(w.db, 1, on_reading, NULL), 0);
	assert_string_equal(told, "0.1 pu3 xiu4;");
	assert_int_equal(records_readings_set(w.db, 1, RECORDS_PEOPLE, 1, bad, 1, "t", AT), EINVAL);
	assert_int_equal(records_readings_set(w.db, 1, RECORDS_PEOPLE, 9, good, 2, "t", AT),
			 ENOENT);
	assert_int_equal(records_readings_set(w.db, 1, RECORDS_PEOPLE, 1, good, 0, "t", AT), 0);
	told[0] = '\0';
	assert_int_equal(records_readings(w.db, 1, on_reading, NULL), 0);
	assert_string_equal(told, "");
}

static int on_change(const struct records_change *c, void *arg)
{
	return text_append(told, sizeof(told), "%s %d;", c->what, (int)c->item);
}

static void history_of_one_entry(void **state)
{
	const struct records_history_filter f = {.org = 1, .what = "person", .item = 2};

	fill();
	assert_int_equal(edit(RECORDS_PEOPLE, 2, "{\"title\":\"x\"}", NULL), 0);
	told[0] = '\0';
	assert_int_equal(records_history_find(w.db, &f, on_change, NULL), 0);
	assert_string_equal(told, "person 2;person 2;");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_open, world_close)
	const struct CMUnitTest tests[] = {
	    T(a_draft_is_durable_and_the_last_one_counts),
	    T(a_pushed_draft_is_told_as_one),
	    T(a_draft_has_a_limit),
	    cmocka_unit_test_setup_teardown(a_disk_that_fails_gives_the_worker_back, open_failing,
					    world_close),
	    T(a_standin_is_in_force_only_when_approved_and_in_its_time),
	    T(instructions_expire_and_have_a_limit),
	    T(a_repeated_slip_is_the_first_one),
	    T(what_was_told_is_kept),
	    T(an_absence_has_a_word),
	    T(uses_count_with_the_steps),
	    T(a_merge_tells_and_keeps_blanks),
	    T(an_edit_keeps_both_sides_of_an_extension),
	    T(readings_by_hand),
	    T(history_of_one_entry),
	};

	return world_main(tests, sizeof(tests) / sizeof(tests[0]));
}
